"""The benchmarks of optical flow: KITTI 2012 and 2015, Middlebury, and flow derived from disparity or from depth and poses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.benchmarks.flow import FlowBenchmark
from simlearn.benchmarks.flow_metrics import Bool, Measure
from simlearn.datasets.flying_chairs import FlyingChairs
from simlearn.datasets.kitti_flow import KittiFlow
from simlearn.datasets.middlebury import MiddleburyFlow, MiddleburyStereo
from simlearn.datasets.seven_scenes import SevenScenes
from simlearn.datasets.sintel import Sintel

APART = 5
"""The difference of the frame numbers of a 7-Scenes pair, and of pairs."""
DISAGREEMENT = 0.05
"""Part of the depth by which a moved point and the second frame's measurement may differ: beyond it something else hides the point."""


class SevenScenesPairs:
    """Frames of a sequence, each with the one that follows 5 later; flow from the first one's depth and both poses."""

    def __init__(self, root: Path | None) -> None:
        self.frames = SevenScenes(root)
        places = {int(path.name.split(".")[0].removeprefix("frame-")): i for i, path in enumerate(self.frames.paths)}
        self._pairs = [(i, places[number + APART]) for number, i in places.items() if number % APART == 0 and number + APART in places]
        if not self._pairs:
            raise UserError(f"{self.frames.folder} has no two frames whose numbers are {APART} apart: unpack the whole sequence")
        self.names = [self.frames.paths[i].name.split(".")[0] for i, _ in self._pairs]
        self.missing = self.frames.missing

    def __len__(self) -> int:
        return len(self._pairs)

    def pictures(self, index: int) -> dict[str, NDArray[np.uint8]]:
        first, second = (self.frames[i]["rgb"] for i in self._pairs[index])
        return {"rgb": first, "rgb_next": second}

    def labels(self, index: int) -> dict[str, Any]:
        first, second = (self.frames[i] for i in self._pairs[index])
        flow, known = rigid_flow(first, second, self.frames.camera().K)
        return {"flow_forward": flow, "known": known}

    def fingerprint(self) -> str:
        return self.frames.fingerprint()


def rigid_flow(first: Mapping[str, Any], second: Mapping[str, Any], K: NDArray[np.float64]) -> tuple[NDArray[np.float32], Bool]:
    """(flow float32 [H, W, 2], known bool [H, W]) of a world at rest, from depth and poses (camera to world) of two frames.

    Known where the first depth is measured, the point lies before the second camera and in its picture, and the depth measured there is
    that of the point within 5 %: else something hides it, or nothing was measured to tell.
    """
    depth = first["depth"].astype(np.float64)
    height, width = depth.shape
    v, u = np.mgrid[:height, :width] + 0.5
    measured = np.isfinite(depth)
    z = np.where(measured, depth, 1.0)
    points = np.stack([(u - K[0, 2]) / K[0, 0] * z, (v - K[1, 2]) / K[1, 1] * z, z, np.ones_like(z)], -1)
    moved = points @ (np.linalg.inv(second["pose"]) @ first["pose"]).T
    ahead = moved[..., 2] > 1e-3
    safe = np.where(ahead, moved[..., 2], 1.0)
    across, down = K[0, 0] * moved[..., 0] / safe + K[0, 2], K[1, 1] * moved[..., 1] / safe + K[1, 2]
    inside = ahead & (across >= 0) & (across < width) & (down >= 0) & (down < height)
    there = second["depth"][np.where(inside, down, 0).astype(int), np.where(inside, across, 0).astype(int)]
    same = np.isfinite(there) & (np.abs(np.where(np.isfinite(there), there, 0) - safe) < DISAGREEMENT * safe)
    return np.stack([across - u, down - v], -1).astype(np.float32), measured & inside & same


def _all_known(labels: Mapping[str, Any]) -> dict[str, Bool]:
    return {"all": labels["known"]}


def _kitti(labels: Mapping[str, Any]) -> dict[str, Bool]:
    known = labels["known"]
    masks = {"all": known, "noc": known & labels["seen"]}
    if "object" in labels:
        masks |= {"fg": known & labels["object"], "bg": known & ~labels["object"]}
    return masks


def _sintel(labels: Mapping[str, Any]) -> dict[str, Bool]:
    """All pixels, also those marked as invalid: so have it those who publish numbers on the training part."""
    speed = np.hypot(labels["flow_forward"][..., 0], labels["flow_forward"][..., 1])
    return {
        "all": labels["known"],
        "matched": labels["seen"],
        "unmatched": ~labels["seen"],
        "slow": speed < 10,
        "medium": (speed >= 10) & (speed < 40),
        "fast": speed >= 40,
    }


KITTI_2015 = FlowBenchmark(
    name="kitti_flow_2015",
    title="Optical flow of KITTI 2015's training pairs: outliers and end-point errors.",
    protocol="KITTI flow 2015, training pairs. fl_*: % of known pixels with an error > 3 px and > 5 % of the true "
    "length, over the pixels of "
    "all images together (all, not hidden, background, cars); epe_pooled over the same, epe and epe_noc the mean over images of each "
    "image's mean. Pixels without a prediction are filled as the development kit does.",
    DATA_SET="kitti_flow",
    open=lambda root: KittiFlow(root, 2015),
    masks=_kitti,
    measures=(
        Measure("fl_all", "fl", "all"),
        Measure("fl_noc", "fl", "noc"),
        Measure("fl_bg", "fl", "bg"),
        Measure("fl_fg", "fl", "fg"),
        Measure("epe", "epe", "all", pooled=False),
        Measure("epe_noc", "epe", "noc", pooled=False),
        Measure("epe_pooled", "epe", "all"),
    ),
    fill=True,
)
KITTI_2012 = FlowBenchmark(
    name="kitti_flow_2012",
    title="Optical flow of KITTI 2012's training pairs: outliers and end-point errors.",
    protocol="KITTI flow 2012, training pairs. outliers_*: % of known pixels with an error > 3 px (2 and 5 beside it), epe: end-point "
    "error, of all and of pixels not hidden; each image by itself, then the mean over images. Pixels without a "
    "prediction are filled as the "
    "development kit does.",
    DATA_SET="kitti_flow",
    open=lambda root: KittiFlow(root, 2012),
    masks=_kitti,
    measures=(
        Measure("outliers_3", "out_3", "all", pooled=False),
        Measure("outliers_3_noc", "out_3", "noc", pooled=False),
        Measure("outliers_2_noc", "out_2", "noc", pooled=False),
        Measure("outliers_5_noc", "out_5", "noc", pooled=False),
        Measure("epe", "epe", "all", pooled=False),
        Measure("epe_noc", "epe", "noc", pooled=False),
    ),
    fill=True,
)
PLAIN = (
    Measure("epe", "epe", "all", pooled=False),
    Measure("epe_pooled", "epe", "all"),
    Measure("outliers_3", "out_3", "all", pooled=False),
)
PLAIN_WORDS = (
    "epe: mean over pairs of each pair's mean end-point error; epe_pooled: over all pixels; outliers_3: % wrong by more "
    "than 3 px, mean over "
    "pairs."
)
MIDDLEBURY = FlowBenchmark(
    name="middlebury_flow",
    title="Optical flow of Middlebury's pairs with public truth.",
    protocol=f"Middlebury flow, pairs with public truth, all pixels of known flow. {PLAIN_WORDS}",
    DATA_SET="middlebury",
    open=MiddleburyFlow,
    masks=_all_known,
    measures=PLAIN,
)
STEREO = FlowBenchmark(
    name="middlebury_stereo_flow",
    title="Optical flow from left to right pictures of Middlebury's stereo pairs, derived from disparity.",
    protocol="Middlebury stereo as flow: DERIVED truth (-disparity, 0), all pixels of known disparity, hidden ones too; no method is told "
    f"that motion is horizontal. {PLAIN_WORDS}",
    DATA_SET="middlebury",
    open=MiddleburyStereo,
    masks=_all_known,
    measures=PLAIN,
)
SEVEN_SCENES = FlowBenchmark(
    name="seven_scenes_flow",
    title="Optical flow of 7-Scenes frames 5 apart, derived from depth and poses.",
    protocol="7-Scenes, every 5th frame with the one 5 later; DERIVED truth from depth and both poses of a world at "
    "rest, where both depths "
    f"are measured and agree within 5 %; depth and colour are not registered to each other. {PLAIN_WORDS}",
    DATA_SET="seven_scenes",
    open=SevenScenesPairs,
    masks=_all_known,
    measures=PLAIN,
)


def sintel(rendered: str) -> FlowBenchmark:
    """The benchmark of one pass."""
    return FlowBenchmark(
        name=f"sintel_{rendered}",
        title=f"Optical flow of MPI Sintel's training pairs, {rendered} pass.",
        protocol=f"MPI Sintel, training pairs, {rendered} pass, all pixels (also those that the data set marks as invalid). epe, and "
        "epe_matched, _unmatched (hidden in the next frame), _s0_10, _s10_40, _s40 (by true speed in px): over the pixels of all pairs "
        "together; outliers_1, _3, _5: % of those wrong by more than 1, 3, 5 px.",
        DATA_SET="sintel",
        open=lambda root: Sintel(root, rendered),
        masks=_sintel,
        measures=(
            Measure("epe", "epe", "all"),
            Measure("epe_matched", "epe", "matched"),
            Measure("epe_unmatched", "epe", "unmatched"),
            Measure("epe_s0_10", "epe", "slow"),
            Measure("epe_s10_40", "epe", "medium"),
            Measure("epe_s40", "epe", "fast"),
            Measure("outliers_1", "out_1", "all"),
            Measure("outliers_3", "out_3", "all"),
            Measure("outliers_5", "out_5", "all"),
        ),
    )


SINTEL_CLEAN, SINTEL_FINAL = sintel("clean"), sintel("final")
CHAIRS = FlowBenchmark(
    name="flying_chairs",
    title="Optical flow of Flying Chairs' validation pairs.",
    protocol=f"Flying Chairs, the pairs that the split file calls validation, all pixels. {PLAIN_WORDS}",
    DATA_SET="flying_chairs",
    open=FlyingChairs,
    masks=_all_known,
    measures=PLAIN,
)
