"""The same statistics of real data, where it is found: 7-Scenes indoors, KITTI and CamVid outdoors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from scenes.errors import UserError
from simlearn.datasets.camvid import VOID, CamVid
from simlearn.datasets.kitti import KittiObject
from simlearn.datasets.root import data_root
from simlearn.datasets.seven_scenes import SevenScenes
from simlearn.worlds.facts import BRIGHTNESS, DEPTH_M, histogram, motion, quantiles

KITTI_POSES = ("kitti/odometry/poses", "odometry/poses")
# CamVid's classes in terms of Cityscapes'.
CAMVID_CLASSES = {
    "sky": ("sky",),
    "building": ("building", "wall", "bridge", "tunnel"),
    "pole": ("pole", "polegroup", "traffic light"),
    "road": ("road", "parking"),
    "pavement": ("sidewalk",),
    "tree": ("vegetation", "terrain"),
    "sign": ("traffic sign",),
    "fence": ("fence", "guard rail"),
    "car": ("car", "truck", "bus", "caravan", "trailer"),
    "pedestrian": ("person",),
    "bicyclist": ("rider", "bicycle", "motorcycle"),
}
_EVERY = 5  # of the frames of a sequence


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Histograms (over the edges in `facts`; empty where the data has none) and camera motion of a real data set."""

    name: str
    frames: int
    depth: list[int] = field(default_factory=list)
    luminance: list[int] = field(default_factory=list)
    classes: dict[str, float] = field(default_factory=dict)
    steps_m: list[float] = field(default_factory=list)
    yaw_deg: list[float] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """What to write down: camera motion as the quantiles `QUANTILES` instead of every single step."""
        return {**asdict(self), "steps_m": quantiles(self.steps_m), "yaw_deg": quantiles([abs(v) for v in self.yaw_deg])}


def references(label_space: str) -> list[Reference]:
    """What real data there is for worlds of a label space; none is an empty list."""
    root = data_root()
    readers = (_seven_scenes,) if label_space == "nyu40" else (_kitti_frames, _kitti_poses, _camvid)
    found = []
    for read in readers:
        try:
            reference = read(root)
        except UserError:  # not there: the page then shows the worlds alone
            continue
        if reference is not None:
            found.append(reference)
    return found


def _seven_scenes(root: Path | None) -> Reference:
    data = SevenScenes(root)
    chosen = [data[k] for k in range(0, len(data), _EVERY)]
    poses = np.stack([data[k]["pose"] for k in range(len(data))])
    steps, yaw = motion(poses)
    return Reference(
        name="7-Scenes",
        frames=len(chosen),
        depth=histogram(np.concatenate([s["depth"][s["valid"]] for s in chosen]), DEPTH_M),
        luminance=histogram(np.concatenate([s["rgb"].mean(axis=-1).ravel() for s in chosen]), BRIGHTNESS),
        steps_m=steps,
        yaw_deg=yaw,
    )


def _kitti_frames(root: Path | None) -> Reference:
    data = KittiObject(root)
    chosen = [data[k] for k in range(len(data))]
    return Reference(
        name="KITTI LiDAR",
        frames=len(chosen),
        depth=histogram(np.concatenate([s["depth"][s["valid"]] for s in chosen]), DEPTH_M),
        luminance=histogram(np.concatenate([s["rgb"].mean(axis=-1).ravel() for s in chosen]), BRIGHTNESS),
    )


def _camvid(root: Path | None) -> Reference:
    data = CamVid(root, "train")
    labels = np.concatenate([data[k]["semantic"].ravel() for k in range(len(data))])
    counts = np.bincount(labels, minlength=VOID + 1)[:VOID]
    shares = {name: round(float(n / counts.sum()), 5) for name, n in zip(CAMVID_CLASSES, counts, strict=True)}
    return Reference(name="CamVid", frames=len(data), classes=shares)


def in_camvid_classes(classes: Mapping[str, float]) -> dict[str, float]:
    """Shares of Cityscapes classes added up to those of CamVid's, of all pixels that have one."""
    sums = {name: sum(classes.get(part, 0.0) for part in parts) for name, parts in CAMVID_CLASSES.items()}
    total = max(sum(sums.values()), 1e-12)
    return {name: share / total for name, share in sums.items()}


def _kitti_poses(root: Path | None) -> Reference | None:
    folder = next((root / name for name in KITTI_POSES if (root / name).is_dir()), None) if root else None
    if folder is None:
        return None
    steps, yaw, frames = [], [], 0
    for path in sorted(folder.glob("*.txt")):
        rows = np.loadtxt(path).reshape(-1, 3, 4)
        poses = np.tile(np.eye(4), (len(rows), 1, 1))
        poses[:, :3] = rows
        s, y = motion(poses)
        steps += s
        yaw += y
        frames += len(rows)
    return Reference(name="KITTI odometry", frames=frames, steps_m=steps, yaw_deg=yaw)
