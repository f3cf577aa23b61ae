"""How a camera's estimated path is compared with the true one: drift over stretches of it, and distances between the two.

Poses are camera to world, float64 [N, 4, 4], in metres. Sources: the KITTI odometry development kit (evaluate_odometry.cpp) for drift;
Sturm et al. 2012 for ATE and RPE; Umeyama 1991 for the alignment; Zhou et al. 2017 (SfMLearner) for the error of five frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError

Poses = NDArray[np.float64]
LENGTHS_M = (100, 200, 300, 400, 500, 600, 700, 800)
STEP = 10
"""A stretch begins at every tenth frame."""
ALIGNMENTS = ("none", "scale", "6dof", "7dof")
SNIPPET = 5


@dataclass(frozen=True)
class Trajectory:
    """Poses float64 [N, 4, 4] of the frames int64 [N], which ascend."""

    frames: NDArray[np.int64]
    poses: Poses

    @classmethod
    def of(cls, poses: Poses) -> Trajectory:
        """Of every frame from 0 on."""
        return cls(np.arange(len(poses)), poses)


@dataclass(frozen=True)
class Drift:
    """Errors of stretches: translation (a part of the length) and rotation (radians a metre), float64 [S] each."""

    translation: NDArray[np.float64]
    rotation: NDArray[np.float64]

    @property
    def t_rel(self) -> float:
        """Percent; NaN for a path shorter than the shortest stretch."""
        return 100 * float(self.translation.mean()) if len(self.translation) else float("nan")

    @property
    def r_rel(self) -> float:
        """Degrees for 100 metres."""
        return 100 * float(np.degrees(self.rotation.mean())) if len(self.rotation) else float("nan")


def from_first(truth: Poses, found: Trajectory) -> tuple[Poses, Poses]:
    """Both with the first estimated frame's camera as the world: (truth of all frames, estimate)."""
    start = found.frames[0]
    return np.linalg.inv(truth[start]) @ truth, np.linalg.inv(found.poses[0]) @ found.poses


def align(truth: Poses, estimate: Poses, how: str) -> Poses:
    """The estimate [N, 4, 4] moved onto the truth [N, 4, 4] of the same frames by least squares of positions.

    "scale": positions multiplied by sum(truth * estimate) / sum(estimate²); "6dof": turned and moved; "7dof": scaled too (Umeyama).
    """
    if how not in ALIGNMENTS:
        raise UserError(f"unknown alignment {how!r}: known are {', '.join(ALIGNMENTS)}")
    if how == "none":
        return estimate
    aligned = estimate.copy()
    target, positions = truth[:, :3, 3], estimate[:, :3, 3]
    if how == "scale":
        aligned[:, :3, 3] *= least_squares_scale(target, positions)
        return aligned
    scale, rotation, shift = umeyama(target, positions, with_scale=how == "7dof")
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = rotation, shift
    aligned[:, :3, 3] *= scale
    return transform @ aligned


def least_squares_scale(truth: NDArray[np.float64], estimate: NDArray[np.float64]) -> float:
    """Of positions [N, 3]; 1 for an estimate that never leaves its origin."""
    squares = float((estimate**2).sum())
    return float((truth * estimate).sum()) / squares if squares > 0 else 1.0


def umeyama(
    truth: NDArray[np.float64], estimate: NDArray[np.float64], *, with_scale: bool
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """(s, R [3, 3], t [3]) with the least sum of |truth - (s R estimate + t)|² over positions [N, 3]."""
    middles = truth.mean(0), estimate.mean(0)
    to, of = truth - middles[0], estimate - middles[1]
    left, singular, right = np.linalg.svd(to.T @ of / len(of))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left) * np.linalg.det(right)) or 1.0])
    rotation = left * sign @ right
    variance = float((of**2).sum()) / len(of)
    scale = float((singular * sign).sum()) / variance if with_scale and variance > 0 else 1.0
    return scale, rotation, middles[0] - scale * rotation @ middles[1]


def drift(truth: Poses, frames: NDArray[np.int64], estimate: Poses) -> Drift:
    """Over all stretches of 100, 200, ... 800 m that begin at every tenth frame and of which both ends were estimated.

    A stretch ends at the first frame that lies more than its length along the true path; its error is inv(estimated motion) @ true motion,
    its translation and its rotation each divided by the nominal length.
    """
    number = np.full(len(truth), -1)
    number[frames] = np.arange(len(frames))
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(truth[:, :3, 3], axis=0), axis=1))])
    firsts = np.repeat(np.arange(0, len(truth), STEP), len(LENGTHS_M))
    lengths = np.tile(np.array(LENGTHS_M, dtype=np.float64), len(firsts) // len(LENGTHS_M))
    lasts = np.searchsorted(along, along[firsts] + lengths, side="right")
    usable = lasts < len(truth)
    firsts, lasts, lengths = firsts[usable], lasts[usable], lengths[usable]
    usable = (number[firsts] >= 0) & (number[lasts] >= 0)
    firsts, lasts, lengths = firsts[usable], lasts[usable], lengths[usable]
    moved = np.linalg.inv(truth[firsts]) @ truth[lasts]
    believed = np.linalg.inv(estimate[number[firsts]]) @ estimate[number[lasts]]
    error = np.linalg.inv(believed) @ moved
    return Drift(np.linalg.norm(error[:, :3, 3], axis=1) / lengths, angles(error) / lengths)


def angles(motions: Poses) -> NDArray[np.float64]:
    """Angles of rotation of [N, 4, 4], radians."""
    return np.arccos(np.clip((np.trace(motions[:, :3, :3], axis1=1, axis2=2) - 1) / 2, -1, 1))


def ate(truth: Poses, estimate: Poses) -> float:
    """Absolute trajectory error: root of the mean squared distance of positions, metres. Poses [N, 4, 4] of the same frames."""
    return float(np.sqrt(((truth[:, :3, 3] - estimate[:, :3, 3]) ** 2).sum(1).mean()))


def rpe(truth: Poses, estimate: Poses) -> tuple[float, float]:
    """Relative pose error from each frame to the next: (mean translation in metres, mean rotation in degrees)."""
    moved, believed = (np.linalg.inv(poses[:-1]) @ poses[1:] for poses in (truth, estimate))
    error = np.linalg.inv(moved) @ believed
    return float(np.linalg.norm(error[:, :3, 3], axis=1).mean()), float(np.degrees(angles(error).mean()))


def snippet_errors(truth: Poses, estimate: Poses, length: int = SNIPPET) -> NDArray[np.float64]:
    """SfMLearner's error of every run of `length` frames, metres, float64 [N - length + 1].

    Positions from the run's first frame, in its axes; the estimate scaled by least squares; then sqrt(sum of squares) / length, which is
    not the root of a mean.
    """
    runs = np.arange(len(truth) - length + 1)[:, None] + np.arange(length)
    t, e = (np.linalg.inv(poses[runs[:, :1]]) @ poses[runs] for poses in (truth, estimate))
    true, found = t[..., :3, 3], e[..., :3, 3]
    squares = (found**2).sum((1, 2))
    scale = np.divide((true * found).sum((1, 2)), squares, out=np.ones(len(runs)), where=squares > 0)
    return np.sqrt(((true - scale[:, None, None] * found) ** 2).sum((1, 2))) / length
