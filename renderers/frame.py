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
    """One row of the table. `channels` 0 means [H, W], else [H, W, channels]. `invalid` is the value where `valid` is false.

    `semantic` has the class of the sky there instead, in label spaces with one, unless the lens exposes the pixel to nothing.
    """

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
        Label(
            "semantic",
            "uint8",
            0,
            "id",
            0,
            "class id in the scene's label space; where nothing is hit that of the sky, if it has one",
        ),
        Label("contour", "bool", 0, "", 0, "a 4-neighbour has another instance id; defined also where `valid` is false (id 0)"),
        Label("flow_forward", "float32", 2, "px", 0, "projection at t+1 minus pixel centre at t, (du, dv); 0 behind the camera"),
        Label("flow_backward", "float32", 2, "px", 0, "projection at t-1 minus pixel centre at t, (du, dv); 0 behind the camera"),
        Label("occluded_forward", "bool", 0, "", 0, "the point lies in the image at t+1 but is hidden there by another surface"),
        Label("occluded_backward", "bool", 0, "", 0, "the point lies in the image at t-1 but is hidden there by another surface"),
        Label("out_of_frame_forward", "bool", 0, "", 0, "the point projects outside the image at t+1 (z <= 0 included)"),
        Label("out_of_frame_backward", "bool", 0, "", 0, "the point projects outside the image at t-1 (z <= 0 included)"),
        Label("valid", "bool", 0, "", 0, "the centre ray hits a surface"),
        Label("distance", "float32", 0, "m", np.inf, "Euclidean distance of the surface from the camera's centre"),
        Label("shading_normal", "float32", 3, "1", 0, "unit normal that shading uses (interpolated over curved meshes), camera frame"),
        Label("albedo", "float32", 3, "1", 0, "linear colour of the surface, texture included, without light"),
        Label("object_point", "float32", 3, "m", 0, "the surface point in its object's own frame; with the objects' poses it gives tracks"),
        Label(
            "scene_flow", "float32", 3, "m", 0, "where the surface point is at t+1 minus where it is at t, both in the camera frame of t"
        ),
        Label("rgb_right", "uint8", 3, "sRGB", 0, "colour image of the second eye"),
        Label("disparity", "float32", 0, "px", 0, "pixel column minus the column of the point's image in the second eye, >= 0"),
        Label("occluded_right", "bool", 0, "", 0, "the point lies in the second eye's image but is hidden there by another surface"),
        Label("out_of_frame_right", "bool", 0, "", 0, "the point projects outside the second eye's image"),
        Label("sensor_depth", "float32", 0, "m", 0, "depth as the scene's depth camera measures it, 0 where it measures nothing"),
    )
}
DEFAULT_LABELS = tuple(LABELS)[: list(LABELS).index("valid") + 1]  # those of every scene; the others are made when asked for


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
