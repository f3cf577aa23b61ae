"""The pictures of scenes with their mip chains, in one array for each device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import numpy as np
import warp as wp
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
_SHIFTS = tuple(np.uint32(10 * channel) for channel in range(3))  # of the channels of a texel
_CHANNELS_OF_BYTE = tuple(np.rint(1023.0 * np.sqrt(_LINEAR_OF_BYTE)).astype(np.uint32) << shift for shift in _SHIFTS)
_CAPACITY = 40_000_000  # texels that are kept for scenes to come: 160 MB


def _power_of_two(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture by nearest neighbour at the next power of two, unless it is one already."""
    size = 1 << int(np.ceil(np.log2(max(image.shape[0], 1))))
    if image.shape[0] == size:
        return image
    nearest = (np.arange(size) * image.shape[0]) // size
    return image[nearest][:, nearest]


def mip_chain(texture: Texture) -> tuple[NDArray[np.uint32], int, int]:
    """(texels, size, levels): all levels one after the other.

    A texel is three channels of 10 bits, red lowest, each 1023 * sqrt(linear light), which `renderers.kernels.textures` moves so far apart
    that one multiplication weighs them all. Levels are box averages of linear light.
    """
    image = np.ascontiguousarray(np.moveaxis(_power_of_two(build(texture)), -1, 0))
    chain = [_texels([np.take(table, bytes_) for table, bytes_ in zip(_CHANNELS_OF_BYTE, image, strict=True)])]
    level = np.take(_LINEAR_OF_BYTE, image)
    while level.shape[1] > 1:
        rows = level[:, 0::2] + level[:, 1::2]
        level = np.float32(0.25) * (rows[:, :, 0::2] + rows[:, :, 1::2])
        channels = np.rint(np.float32(1023.0) * np.sqrt(level)).astype(np.uint32)
        chain.append(_texels([channel << shift for channel, shift in zip(channels, _SHIFTS, strict=True)]))
    return np.concatenate(chain), image.shape[1], len(chain)


def _texels(channels: Sequence[NDArray[np.uint32]]) -> NDArray[np.uint32]:
    """Texels [N * N] of channels that are shifted to their places, each [N, N]."""
    red, green, blue = channels
    return (red | green | blue).ravel()


class TextureStore:
    """Pictures with their mip chains in one array on a device, made once for all scenes that show them.

    Where there is no room for a scene's pictures a new array is begun; scenes that use the old one keep it alive.
    """

    def __init__(self, device: str) -> None:
        self._device, self._lock = device, Lock()
        self._texels: wp.array = wp.empty(0, dtype=wp.uint32, device=device)
        self._used, self._places = 0, dict[Texture, StoredTexture]()

    def hold(self, textures: Sequence[Texture]) -> tuple[wp.array, list[StoredTexture]]:
        """An array uint32 with the chains of `textures`, and where each lies. It never changes where a texture lies."""
        with self._lock:
            chains = {t: mip_chain(t) for t in textures if t not in self._places}
            if self._used + sum(len(chain) for chain, _, _ in chains.values()) > len(self._texels):
                chains |= {t: mip_chain(t) for t in textures if t not in chains}
                needed = sum(len(chain) for chain, _, _ in chains.values())
                self._texels = wp.empty(max(_CAPACITY, needed), dtype=wp.uint32, device=self._device)
                self._used, self._places = 0, {}
            for texture, (chain, size, levels) in chains.items():
                wp.copy(self._texels, wp.array(chain, dtype=wp.uint32, device="cpu", copy=False), dest_offset=self._used, count=len(chain))
                self._places[texture] = StoredTexture(self._used, size, levels)
                self._used += len(chain)
            return self._texels, [self._places[t] for t in textures]


@lru_cache(maxsize=8)
def texture_store(device: str) -> TextureStore:
    """The store of a device, shared by all scenes of the process."""
    return TextureStore(device)
