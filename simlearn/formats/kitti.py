"""KITTI's 16-bit PNG images (development kits of the stereo, flow and depth benchmarks) and text files.

Flow: red = 64 u + 32768, green = 64 v + 32768, blue = 1 where valid; an invalid pixel is (0, 0, 0). Values are rounded (the kit's own
writer cuts them off), so the error is at most 1/128 px within -512 ... 511.98 px. Beyond that they are clamped, as the kit's writer does,
and never wrap; `representable` tells such pixels, which the exporter marks invalid, because a clamped vector would be a wrong truth.
Depth and disparity: value = 256 x metres (or pixels), rounded; 0 is invalid. The error is at most 1/512; what would round to 0 becomes 1,
as the kit's writer has it (error below 1/256); from 65535.5/256 on (255.998) it is invalid.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import UserError
from simlearn.formats.image import decode_image, encode_png

FLOW_STEPS_PER_PX, FLOW_ZERO, DEPTH_STEPS_PER_M = 64.0, 32768.0, 256.0
TOP = 65535

Flow = NDArray[np.float32]
Mask = NDArray[np.bool_]


def representable(flow: Flow) -> Mask:
    """Where a flow [H, W, 2] is finite and neither component is clamped, bool [H, W]."""
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.rint(flow.astype(np.float64) * FLOW_STEPS_PER_PX + FLOW_ZERO)
        inside: Mask = np.all((steps >= 0) & (steps <= TOP), axis=-1)
    return inside


def encode_flow(flow: Flow, valid: Mask | None = None) -> bytes:
    """The PNG of a flow float32 [H, W, 2], valid where `valid` (bool [H, W], default everywhere) says so and it is finite."""
    sound: Mask = np.all(np.isfinite(flow), axis=-1) & (True if valid is None else valid)
    steps = np.where(sound[..., None], flow, 0).astype(np.float64) * FLOW_STEPS_PER_PX + FLOW_ZERO
    codes = np.dstack([np.clip(np.rint(steps), 0, TOP), np.ones(sound.shape)])
    return encode_png(np.where(sound[..., None], codes, 0).astype(np.uint16))


def decode_flow(data: bytes) -> tuple[Flow, Mask]:
    """(flow float32 [H, W, 2], 0 where invalid; valid bool [H, W]) of a file."""
    codes = _decoded(data, 3)
    valid: Mask = codes[..., 2] > 0
    flow = (codes[..., :2].astype(np.float32) - np.float32(FLOW_ZERO)) / np.float32(FLOW_STEPS_PER_PX)
    return np.where(valid[..., None], flow, np.float32(0)), valid


def encode_depth(depth: NDArray[np.float32], valid: Mask | None = None) -> bytes:
    """The PNG of depth in metres or disparity in pixels, float32 [H, W]; invalid also where it is not finite, not positive or too large."""
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.rint(depth.astype(np.float64) * DEPTH_STEPS_PER_M)
        sound: Mask = (depth > 0) & (steps <= TOP) & (True if valid is None else valid)
    return encode_png(np.where(sound, np.maximum(steps, 1), 0).astype(np.uint16))


def decode_depth(data: bytes) -> tuple[NDArray[np.float32], Mask]:
    """(depth in metres or disparity in pixels, float32 [H, W], 0 where invalid; valid bool [H, W]) of a file."""
    codes = _decoded(data, 1)
    return codes.astype(np.float32) / np.float32(DEPTH_STEPS_PER_M), codes > 0


def _decoded(data: bytes, channels: int) -> NDArray[np.uint16]:
    codes = decode_image(data)
    if codes.dtype != np.uint16 or codes.ndim != (3 if channels == 3 else 2):
        raise UserError(f"not a KITTI file: a PNG image of 16 bits in {channels} channels was expected, not {codes.dtype} {codes.shape}")
    return codes


def encode_poses(poses: ArrayLike) -> bytes:
    """Odometry poses [N, 4, 4]: a line of the 12 numbers of the upper three rows for each, exact to 16 digits."""
    rows = np.asarray(poses, dtype=np.float64)[:, :3].reshape(-1, 12)
    return "".join(" ".join(f"{number:.15e}" for number in row) + "\n" for row in rows).encode()


def encode_calibration(entries: Mapping[str, ArrayLike]) -> bytes:
    """A calibration file: a line "name: numbers" for each entry, matrices row by row."""
    lines = ((name, np.asarray(value, dtype=np.float64).ravel()) for name, value in entries.items())
    return "".join(f"{name}: " + " ".join(f"{number:.12e}" for number in numbers) + "\n" for name, numbers in lines).encode()
