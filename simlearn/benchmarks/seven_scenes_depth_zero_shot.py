"""Depth of an indoor Kinect sequence by a pretext's own depth head: nothing is fitted on real images."""

from __future__ import annotations

from dataclasses import dataclass

from simlearn.benchmarks.dense_probe import depth_pictures, score_depth
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.seven_scenes_depth import DEPTH, SPLIT, split
from simlearn.benchmarks.seven_scenes_depth import SETTINGS as PROBE
from simlearn.benchmarks.source import Source
from simlearn.benchmarks.zero_shot import load_heads, predict_depth
from simlearn.datasets.seven_scenes import SevenScenes

DATA_SET = "seven_scenes"
ZERO_SHOT = True


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`size`: input (width, height). The tested frames are those of seven_scenes_depth."""

    size: tuple[int, int] = (160, 120)
    pictures: int = 3


SETTINGS = QUICK = Settings()
PROTOCOL = (
    SPLIT + " (as in seven_scenes_depth); all of them test; the network's own depth for input {width}x{height}, nothing fitted on real "
    "images; log depth resized bilinearly; {depth}. 'random': the untrained network. There is no supervised reference: see "
    "seven_scenes_depth."
)


def evaluate(source: Source, request: Request) -> Evaluation:
    data, settings = SevenScenes(request.root), SETTINGS
    parts = split(data, PROBE)
    predicted = predict_depth(load_heads(source), parts.tested, settings.size, request.say)
    result = Evaluation(
        benchmark="seven_scenes_depth_zero_shot",
        protocol=PROTOCOL.format(width=settings.size[0], height=settings.size[1], depth=DEPTH.wording(), **parts.words),
        source=source,
        settings=settings,
        quick=request.quick,
        data={"name": "seven_scenes", "fingerprint": data.fingerprint()},
    )
    values, count = score_depth(predicted, parts.tested, DEPTH)
    result.add(values, stage="head", n=count)
    result.pictures = depth_pictures(predicted, parts.tested, DEPTH, settings.pictures, sparse=False)
    return result
