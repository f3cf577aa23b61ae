"""One scene rendered: the frames of its clip as tensors, laid out as `SyntheticDataset` lays out its items, on any device."""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.reduction import DupFd
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from renderers.device import is_cpu
from renderers.frame import LABELS
from scenes.scene import Scene
from simlearn.datasets.samples import OBJECTS, object_tensors
from simlearn.recipe import Recipe

ALIGNMENT = 64


@dataclass(frozen=True)
class RenderedClip:
    """All frames of one scene. labels: tensors [T, ...], each row as an item of `SyntheticDataset` has it; K float32 [3, 3];
    poses float32 [T, 4, 4]; objects, if they were asked for: tensors [T, I, ...]. The tensors may be overwritten later: copy what is
    handed on."""

    scene: int
    labels: Mapping[str, Tensor]
    K: Tensor
    poses: Tensor
    objects: Mapping[str, Tensor] | None = None

    def sample(self, rows: int | slice) -> dict[str, Any]:
        """One frame, or several, as an item of `SyntheticDataset`; its tensors share the clip's memory."""
        labels = {name: tensor[rows] for name, tensor in self.labels.items()}
        time = rows if isinstance(rows, int) else torch.arange(len(self.poses))[rows]
        sample = {**labels, "K": self.K, "pose": self.poses[rows], "scene": self.scene, "time": time}
        return sample if self.objects is None else {**sample, OBJECTS: {name: tensor[rows] for name, tensor in self.objects.items()}}


def rendered(recipe: Recipe, scene: Scene, into: Mapping[str, Tensor] | None = None, *, objects: bool = False) -> RenderedClip:
    """All frames of a scene on the recipe's device; the labels are written to the tensors `into` if there are any."""
    renderer = recipe.renderer_of(scene)
    arrays, poses = _rendered(renderer, scene.frames, recipe.labels)
    labels = {name: _laid_out(array) for name, array in arrays.items()}
    if into is None:
        labels = {name: label.contiguous() for name, label in labels.items()}
    else:
        labels = {name: into[name].copy_(label) for name, label in labels.items()}
    K, pose = (torch.from_numpy(a.astype(np.float32)).to(recipe.device) for a in (scene.camera.K, poses))
    return RenderedClip(scene.index, labels, K, pose, _described(renderer, scene.frames, recipe.device) if objects else None)


def _described(renderer: Any, frames: int, device: str) -> dict[str, Tensor]:
    """All instances' labels [T, I, ...]."""
    tables = [object_tensors(renderer.objects(time)) for time in range(frames)]
    return {name: torch.stack([table[name] for table in tables]).to(device) for name in tables[0]}


def shapes(recipe: Recipe) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
    """Type and shape [T, ...] of a clip's labels."""
    found = {}
    for name in recipe.labels:
        label = LABELS[name]
        shape = (recipe.frames, *([label.channels] if label.channels else []), recipe.height, recipe.width)
        found[name] = (torch.int32 if label.dtype == "uint16" else getattr(torch, label.dtype), shape)
    return found


def _rendered(renderer: Any, frames: int, labels: tuple[str, ...]) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """(labels [T, ...], poses float64 [T, 4, 4]), by one call where the renderer knows batches."""
    if hasattr(renderer, "render_batch"):
        batch = renderer.render_batch(range(frames), labels)
        return batch.labels, batch.poses
    images = [renderer.render(time, labels) for time in range(frames)]
    arrays = {name: torch.stack([torch.as_tensor(image[name]) for image in images]) for name in labels}
    return arrays, np.stack([image.pose for image in images])


def _laid_out(array: Any) -> Tensor:
    """Channels first; int32 for uint16, on which torch has few operations."""
    tensor = torch.as_tensor(array)
    if tensor.dtype == torch.uint16:
        tensor = tensor.to(torch.int32)
    return tensor.movedim(-1, 1) if tensor.ndim == 4 else tensor


def in_stream_order(device: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The tensors of make(), which come after all work of Warp and before whatever torch's current stream does next.

    Warp's streams and its allocator are ordered with CUDA's default stream and with no other, so everything is made there; torch's
    allocator then keeps what make() allocated until the current stream is done with it.
    """
    if is_cpu(device):
        return make()
    default, current = torch.cuda.default_stream(device), torch.cuda.current_stream(device)
    with torch.cuda.stream(default):
        made = make()
    current.wait_stream(default)
    for value in made.values():
        for tensor in value.values() if isinstance(value, dict) else (value,):
            if isinstance(tensor, Tensor) and tensor.is_cuda:
                tensor.record_stream(current)
    return made


class Shelf:
    """Memory that processes share, with places for the labels of `places` clips. It has no name, so no crash can leave it behind.

    It travels to processes that are being started; pages are taken when first written.
    """

    def __init__(self, recipe: Recipe, places: int) -> None:
        self.recipe, self.places = recipe, places
        self._descriptor = os.memfd_create("simlearn-clips")
        os.ftruncate(self._descriptor, places * self.clip_bytes)
        self._memory = mmap.mmap(self._descriptor, places * self.clip_bytes)

    @property
    def clip_bytes(self) -> int:
        """Size of one place."""
        return sum(_aligned(dtype.itemsize * math.prod(shape)) for dtype, shape in shapes(self.recipe).values())

    def __getitem__(self, place: int) -> dict[str, Tensor]:
        """The labels [T, ...] at a place, in shared memory."""
        tensors, offset = {}, place * self.clip_bytes
        for name, (dtype, shape) in shapes(self.recipe).items():
            count = math.prod(shape)
            tensors[name] = torch.frombuffer(self._memory, dtype=dtype, count=count, offset=offset).view(shape)
            offset += _aligned(dtype.itemsize * count)
        return tensors

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)

    def __reduce__(self) -> tuple[Any, ...]:
        return _attached, (self.recipe, self.places, DupFd(self._descriptor))


def _attached(recipe: Recipe, places: int, descriptor: Any) -> Shelf:
    """The shelf of another process."""
    shelf = Shelf.__new__(Shelf)
    shelf.recipe, shelf.places, shelf._descriptor = recipe, places, descriptor.detach()
    shelf._memory = mmap.mmap(shelf._descriptor, places * shelf.clip_bytes)
    return shelf


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
