"""All pictures of a scene with their mip chains in one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scenes.scene import Texture
from scenes.textures import build


@dataclass(frozen=True)
class StoredTexture:
    """Where a picture lies: `offset` texels into the store, `size` x `size` texels at level 0 (a power of two), `levels` mip levels."""

    offset: int
    size: int
    levels: int


def srgb_to_linear(encoded: NDArray[np.floating] | float) -> NDArray[np.float64]:
    """IEC 61966-2-1: encoded [0, 1] to linear [0, 1]."""
    encoded = np.asarray(encoded, dtype=np.float64)
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


_LINEAR_OF_BYTE = srgb_to_linear(np.arange(256) / 255).astype(np.float32)
_SHIFTS = tuple(np.uint64(21 * channel) for channel in range(3))  # of the lanes of a texel
_LANES_OF_BYTE = tuple(np.rint(1023.0 * np.sqrt(_LINEAR_OF_BYTE)).astype(np.uint64) << shift for shift in _SHIFTS)


def _power_of_two(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture by nearest neighbour at the next power of two, unless it is one already."""
    size = 1 << int(np.ceil(np.log2(max(image.shape[0], 1))))
    if image.shape[0] == size:
        return image
    nearest = (np.arange(size) * image.shape[0]) // size
    return image[nearest][:, nearest]


@lru_cache(maxsize=96)  # 0.7 MB each at 256 x 256 texels
def mip_chain(texture: Texture) -> tuple[NDArray[np.uint64], int, int]:
    """(texels, size, levels): all levels one after the other.

    A texel is three lanes of 21 bits, red lowest, each 1023 * sqrt(linear light): weights that sum to 2048 filter all channels of a texel
    by one multiplication (`renderers.kernels.textures`). Levels are box averages of linear light.
    """
    channels = np.ascontiguousarray(np.moveaxis(_power_of_two(build(texture)), -1, 0))
    size = channels.shape[1]
    chain, level = (
        [_texels([np.take(lanes, c) for lanes, c in zip(_LANES_OF_BYTE, channels, strict=True)])],
        np.take(_LINEAR_OF_BYTE, channels),
    )
    while level.shape[1] > 1:
        rows = level[:, 0::2] + level[:, 1::2]
        level = np.float32(0.25) * (rows[:, :, 0::2] + rows[:, :, 1::2])
        lanes = np.rint(np.float32(1023.0) * np.sqrt(level)).astype(np.uint64)
        chain.append(_texels([lane << shift for lane, shift in zip(lanes, _SHIFTS, strict=True)]))
    return np.concatenate(chain), size, len(chain)


def _texels(lanes: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Texels [N * N] of lanes that are shifted to their places, each [N, N]."""
    red, green, blue = lanes
    return (red | green | blue).ravel()


def pack(textures: tuple[Texture, ...]) -> tuple[NDArray[np.uint64], list[StoredTexture]]:
    """The chains of `textures` in one array (never empty), and where each lies."""
    chains = [mip_chain(t) for t in textures]
    offsets = np.cumsum([0, *(len(texels) for texels, _, _ in chains)])
    store = np.concatenate([texels for texels, _, _ in chains]) if chains else np.zeros(1, dtype=np.uint64)
    return store, [StoredTexture(int(o), size, levels) for o, (_, size, levels) in zip(offsets[:-1], chains, strict=True)]
