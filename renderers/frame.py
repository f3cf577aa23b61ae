"""The label table, from which writers, readers, documentation and tests derive; and `Frame`, one rendered image with its labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.camera import Camera
from scenes.errors import UserError


@dataclass(frozen=True)
class Label:
    """One row of the table. `channels` 0 means [H, W], else [H, W, channels]. `invalid` is the value where `valid` is false."""

    name: str
    dtype: str
    channels: int
    unit: str
    invalid: float
    meaning: str

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        return (height, width, self.channels) if self.channels else (height, width)


LABELS: dict[str, Label] = {
    label.name: label
    for label in (
        Label("rgb", "uint8", 3, "sRGB", 0, "colour image as the camera records it; defined also where `valid` is false (sky)"),
        Label("depth", "float32", 0, "m", np.inf, "camera z of the surface"),
        Label("normal", "float32", 3, "1", 0, "unit geometric normal, camera frame, facing the camera"),
        Label("instance", "uint16", 0, "id", 0, "1 + position in Scene.instances"),
        Label("semantic", "uint8", 0, "id", 0, "class id in the scene's label space"),
        Label("contour", "bool", 0, "", 0, "a 4-neighbour has another instance id"),
        Label("flow_forward", "float32", 2, "px", 0, "projection at t+1 minus pixel centre at t, (du, dv)"),
        Label("flow_backward", "float32", 2, "px", 0, "projection at t-1 minus pixel centre at t, (du, dv)"),
        Label("occluded_forward", "bool", 0, "", 0, "the point lies in the image at t+1 but is hidden there by another surface"),
        Label("occluded_backward", "bool", 0, "", 0, "the point lies in the image at t-1 but is hidden there by another surface"),
        Label("out_of_frame_forward", "bool", 0, "", 0, "the point projects outside the image at t+1 (z <= 0 included)"),
        Label("out_of_frame_backward", "bool", 0, "", 0, "the point projects outside the image at t-1 (z <= 0 included)"),
        Label("valid", "bool", 0, "", 0, "the centre ray hits a surface"),
    )
}
DEFAULT_LABELS = tuple(LABELS)


def check_labels(names: Iterable[str]) -> tuple[str, ...]:
    """The names as a tuple in table order, each once; UserError for an unknown one."""
    wanted = set(names)
    unknown = wanted - LABELS.keys()
    if unknown:
        raise UserError(f"unknown label {', '.join(sorted(unknown))}: known are {', '.join(LABELS)}")
    return tuple(name for name in LABELS if name in wanted)


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One image with its labels. Arrays are numpy on the CPU and torch tensors on a GPU, as the label table says, [H, W] or [H, W, C].

    `pose` is camera-to-world float64 [4, 4]; `time` the frame index within the clip.
    """

    labels: Mapping[str, Any]
    camera: Camera
    pose: NDArray[np.float64]
    time: int

    def __getitem__(self, name: str) -> Any:
        if name not in self.labels:
            raise KeyError(f"label {name!r} was not rendered; this frame has {', '.join(self.labels)}")
        return self.labels[name]
