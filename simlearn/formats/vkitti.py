"""Virtual KITTI 2's 16-bit PNG images (europe.naverlabs.com, proxy-virtual-worlds-vkitti-2).

Flow: red = 65535 (u / (W - 1) + 1) / 2, green the same of v and H - 1, rounded; blue 0 marks an invalid pixel, 65535 a valid one. The
error is at most (W - 1) / 65535 px (and (H - 1) / 65535). Flow longer than the image has no code: it is invalid.
Depth: centimetres, rounded, the error is at most 0.5 cm; what would round to 0 becomes 1. 65535 is the far plane at 655.35 m and beyond,
and whatever has no surface (the sky).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.formats.image import decode_image, encode_png

TOP = 65535
STEPS_PER_M = 100.0

Flow = NDArray[np.float32]
Mask = NDArray[np.bool_]


def _reach(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Longest (u, v) that has a code in an image [H, W]."""
    return np.array([shape[1] - 1, shape[0] - 1], dtype=np.float64)


def encode_flow(flow: Flow, valid: Mask | None = None) -> bytes:
    """The PNG of a flow float32 [H, W, 2], valid where `valid` (bool [H, W], default everywhere) says so and it has a code."""
    reach = _reach(flow.shape)
    with np.errstate(invalid="ignore"):
        sound: Mask = np.all(np.abs(flow) <= reach, axis=-1) & (True if valid is None else valid)
    share = np.where(sound[..., None], flow, 0) / np.maximum(reach, 1)
    codes = np.dstack([np.rint((share + 1) * (TOP / 2)), np.full(sound.shape, TOP)])
    return encode_png(np.where(sound[..., None], codes, 0).astype(np.uint16))


def decode_flow(data: bytes) -> tuple[Flow, Mask]:
    """(flow float32 [H, W, 2], 0 where invalid; valid bool [H, W]) of a file."""
    codes = _decoded(data, 3)
    valid: Mask = codes[..., 2] > 0
    flow = (2.0 / TOP * codes[..., :2] - 1) * _reach(codes.shape)
    return np.where(valid[..., None], flow, 0).astype(np.float32), valid


def encode_depth(depth: NDArray[np.float32], valid: Mask | None = None) -> bytes:
    """The PNG of depth in metres, float32 [H, W]; the far plane where it is not `valid`, not positive, NaN or infinite."""
    with np.errstate(invalid="ignore", over="ignore"):
        sound: Mask = (depth > 0) & np.isfinite(depth) & (True if valid is None else valid)
    steps = np.clip(np.rint(np.where(sound, depth, 0).astype(np.float64) * STEPS_PER_M), 1, TOP)
    return encode_png(np.where(sound, steps, TOP).astype(np.uint16))


def decode_depth(data: bytes) -> NDArray[np.float32]:
    """Depth in metres, float32 [H, W], +inf at the far plane."""
    codes = _decoded(data, 1)
    return np.where(codes == TOP, np.float32(np.inf), codes.astype(np.float32) / np.float32(STEPS_PER_M))


def _decoded(data: bytes, channels: int) -> NDArray[np.uint16]:
    codes = decode_image(data)
    if codes.dtype != np.uint16 or codes.ndim != (3 if channels == 3 else 2):
        raise UserError(f"not a Virtual KITTI file: a PNG of 16 bits in {channels} channels was expected, not {codes.dtype} {codes.shape}")
    return codes
