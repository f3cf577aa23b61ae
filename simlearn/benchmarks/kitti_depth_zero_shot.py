"""Depth of KITTI frames against LiDAR by a pretext's own depth head: nothing is fitted on real images."""

from __future__ import annotations

from dataclasses import dataclass

from simlearn.benchmarks.dense_probe import DepthFrame, depth_pictures, score_depth
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.kitti_depth import DEPTH
from simlearn.benchmarks.source import Source
from simlearn.benchmarks.zero_shot import load_heads, predict_depth
from simlearn.datasets.kitti import KittiObject

DATA_SET = "kitti"
ZERO_SHOT = True


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`size`: input (width, height)."""

    size: tuple[int, int] = (416, 128)
    pictures: int = 3


SETTINGS = QUICK = Settings()
PROTOCOL = (
    "KITTI object, {n} frames, Velodyne projected to camera z (pixel = round(u), nearest point wins); the network's own depth for input "
    "{width}x{height}, nothing fitted on real images; log depth resized bilinearly; {depth}. 'random': the untrained network. There is no "
    "supervised reference: see kitti_depth."
)


def evaluate(source: Source, request: Request) -> Evaluation:
    data, settings = KittiObject(request.root), SETTINGS
    frames = [DepthFrame.of(data[i]) for i in range(len(data))]
    predicted = predict_depth(load_heads(source), frames, settings.size, request.say)
    result = Evaluation(
        benchmark="kitti_depth_zero_shot",
        protocol=PROTOCOL.format(n=len(frames), width=settings.size[0], height=settings.size[1], depth=DEPTH.wording()),
        source=source,
        settings=settings,
        quick=request.quick,
        data={"name": "kitti", "fingerprint": data.fingerprint()},
    )
    values, count = score_depth(predicted, frames, DEPTH)
    result.add(values, stage="head", n=count)
    result.pictures = depth_pictures(predicted, frames, DEPTH, settings.pictures, sparse=True)
    return result
