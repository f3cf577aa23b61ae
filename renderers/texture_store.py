"""The pictures of scenes with their mip chains, in one array for each device."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from weakref import ref

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

    @property
    def end(self) -> int:
        """The texel after the last one of the last level."""
        return self.offset + (4 * self.size**2 - 1) // 3


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


Chain = tuple[NDArray[np.uint32], int, int]


def mip_chain(texture: Texture) -> Chain:
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

    The array is a ring: a new picture takes the place of the oldest that no living scene shows, passing once over those that were asked for
    since it last came by. Where all are shown, a new array is begun; scenes that use the old one keep it alive.
    """

    def __init__(self, device: str) -> None:
        self._device, self._lock = device, Lock()
        self._begin(1)

    def _begin(self, size: int) -> None:
        self._texels: wp.array = wp.empty(size, dtype=wp.uint32, device=self._device)
        self._places = OrderedDict[Texture, StoredTexture]()  # from `_head` on, and round
        self._head, self._asked = 0, set[Texture]()
        self._shown: list[tuple[ref[wp.array], frozenset[Texture]]] = []

    def hold(self, textures: Sequence[Texture]) -> tuple[wp.array, list[StoredTexture]]:
        """An array uint32 with the chains of `textures`, and where each lies as long as this object, the array, lives."""
        with self._lock:
            if textures and not self._places:
                self._begin(_CAPACITY)
            array = self._shown_by_a_scene(textures)
            self._asked.update(t for t in textures if t in self._places)
            if not all(texture in self._places or self._store(texture, mip_chain(texture)) for texture in textures):
                chains = {texture: mip_chain(texture) for texture in textures}
                self._begin(max(_CAPACITY, sum(len(chain) for chain, _, _ in chains.values())))
                array = self._shown_by_a_scene(textures)
                for texture, chain in chains.items():
                    self._store(texture, chain)
            return array, [self._places[t] for t in textures]

    def _shown_by_a_scene(self, textures: Sequence[Texture]) -> wp.array:
        """The array as an object of its own: as long as it lives these textures stay, once they are there."""
        array = self._texels[:]
        self._shown = [(other, shown) for other, shown in self._shown if other() is not None]
        self._shown.append((ref(array), frozenset(textures)))
        return array

    def _store(self, texture: Texture, chain: Chain) -> bool:
        """Copies a chain to the array; False if there is no room for it."""
        texels, size, levels = chain
        if not self._make_room(len(texels)):
            return False
        wp.copy(self._texels, wp.array(texels, dtype=wp.uint32, device="cpu", copy=False), dest_offset=self._head, count=len(texels))
        self._places[texture] = StoredTexture(self._head, size, levels)
        self._head += len(texels)
        return True

    def _make_room(self, count: int) -> bool:
        """Moves the head on until `count` texels from there are free, at most twice round; forgets what lay there."""
        shown = [textures for _, textures in self._shown]
        for _ in range(2 * len(self._places) + 4):
            first = next(iter(self._places), None)
            if first is None or self._places[first].offset < self._head:  # nothing lies between the head and the end of the array
                if self._head + count <= len(self._texels):
                    return True
                self._head = 0
            elif self._head + count <= self._places[first].offset:
                return True
            elif first in self._asked or any(first in textures for textures in shown):
                self._asked.discard(first)
                self._places.move_to_end(first)
                self._head = self._places[first].end
            else:
                del self._places[first]
        return False


@lru_cache(maxsize=8)
def texture_store(device: str) -> TextureStore:
    """The store of a device, shared by all scenes of the process."""
    return TextureStore(device)
