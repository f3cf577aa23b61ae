"""Labels as pictures a person can read."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderers.frame import LABELS
from renderers.sensor import linear_to_srgb
from scenes.errors import UserError

DEPTHS = ("depth", "distance", "sensor_depth")
Picture = NDArray[np.uint8]
Scale = tuple[float, float]


def colorize(name: str, array: NDArray[Any], scale: Scale | None = None) -> Picture:
    """A label array, laid out as in the label table, as sRGB uint8 [H, W, 3].

    depth: turbo over inverse depth, near red, far blue, nothing black; normal: (n + 1) / 2 with y and z towards the viewer turned up, so a
    wall facing the camera is light blue and a floor green; flow: hue is direction (right red, down green-yellow, left cyan, up violet),
    saturation the length; object_point and scene_flow: x, y and z as red, green and blue about mid grey; instance and
    semantic: a fixed colour for each id, 0 black; masks: white where true.
    `scale` fixes the range (see `scale_of`) so that several pictures compare.
    """
    if name not in LABELS:
        raise UserError(f"no colours for label {name!r}: known are {', '.join(LABELS)}")
    array = np.asarray(array)
    if name in ("rgb", "rgb_right"):
        return array.astype(np.uint8)
    if name in DEPTHS:
        return _depth(array, scale or scale_of(name, [array]))
    if name in ("normal", "shading_normal"):
        return _normal(array)
    if name == "albedo":
        return np.rint(255 * linear_to_srgb(np.clip(array, 0, 1))).astype(np.uint8)
    if name in ("object_point", "scene_flow"):
        return _signed(array, (scale or scale_of(name, [array]))[1])
    if name == "disparity":
        far_to_near = np.clip(array / (scale or scale_of(name, [array]))[1], 0, 1)
        return np.where((array > 0)[..., None], _turbo()[np.rint(255 * far_to_near).astype(np.uint8)], 0).astype(np.uint8)
    if name.startswith("flow"):
        return _flow(array, (scale or scale_of(name, [array]))[1])
    if name == "instance":
        return _instance_colors()[array.astype(np.int64) % 65536]
    if name == "semantic":
        return _class_colors()[array]
    return np.repeat(np.where(array, 255, 0).astype(np.uint8)[..., None], 3, axis=-1)


def scale_of(name: str, arrays: list[NDArray[Any]]) -> Scale:
    """The common range of several arrays of one label: depths, (near, far) metres; vectors and disparity, (0, long); else (0, 1)."""
    if name in DEPTHS:
        depth = np.concatenate([a[np.isfinite(a) & (a > 0)] for a in arrays])
        near, far = np.percentile(depth, (1, 99)) if depth.size else (1.0, 2.0)
        return float(near), float(max(far, near * 1.01))
    if name == "disparity":
        return 0.0, float(max(np.percentile(np.concatenate([a.ravel() for a in arrays]), 99), 1.0))
    if name in ("object_point", "scene_flow"):
        return 0.0, float(max(np.percentile(np.abs(np.concatenate([a.ravel() for a in arrays])), 99), 1e-3))
    if name.startswith("flow"):
        lengths = np.concatenate([np.linalg.norm(a, axis=-1).ravel() for a in arrays])
        return 0.0, float(max(np.percentile(lengths, 98), 1.0))
    return 0.0, 1.0


def _depth(depth: NDArray[Any], scale: Scale) -> Picture:
    near, far = scale
    with np.errstate(divide="ignore", invalid="ignore"):
        nearness = (1 / depth - 1 / far) / (1 / near - 1 / far)
    level = np.rint(255 * np.clip(np.nan_to_num(nearness), 0, 1)).astype(np.uint8)
    return np.where((np.isfinite(depth) & (depth > 0))[..., None], _turbo()[level], 0).astype(np.uint8)


def _signed(vectors: NDArray[Any], longest: float) -> Picture:
    colors = np.rint(127.5 * (np.clip(vectors / longest, -1, 1) + 1))
    return np.where((vectors != 0).any(axis=-1, keepdims=True), colors, 0).astype(np.uint8)


def _normal(normal: NDArray[Any]) -> Picture:
    colors = np.rint(127.5 * (normal * (1, -1, -1) + 1))
    return np.where((normal != 0).any(axis=-1, keepdims=True), colors.clip(0, 255), 0).astype(np.uint8)


def _flow(flow: NDArray[Any], longest: float) -> Picture:
    hue = np.arctan2(flow[..., 1], flow[..., 0]) / (2 * np.pi) * 6 % 6
    saturation = np.clip(np.linalg.norm(flow, axis=-1) / longest, 0, 1)
    ramp = np.stack([np.clip(np.abs((hue - c + 3) % 6 - 3), 1, 2) for c in (0, 2, 4)], axis=-1)  # distance from each primary's hue
    return np.rint(255 * (1 - saturation[..., None] * (ramp - 1))).astype(np.uint8)


@lru_cache(maxsize=1)
def _turbo() -> Picture:
    from matplotlib import colormaps

    return np.rint(255 * colormaps["turbo"](np.linspace(0, 1, 256))[:, :3]).astype(np.uint8)


@lru_cache(maxsize=1)
def _instance_colors() -> Picture:
    colors = np.random.Generator(np.random.PCG64(20)).integers(48, 256, size=(65536, 3)).astype(np.uint8)
    colors[0] = 0
    return colors


@lru_cache(maxsize=1)
def _class_colors() -> Picture:
    """The PASCAL VOC colours: the bits of an id, three at a time, are the high bits of red, green and blue."""
    ids = np.arange(256)
    colors = np.zeros((256, 3), dtype=np.int64)
    for channel in range(3):
        for bit in range(8):
            colors[:, channel] |= ((ids >> (3 * bit + channel)) & 1) << (7 - bit)
    return colors.astype(np.uint8)
