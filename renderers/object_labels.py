"""The table of what is said of objects, not of pixels, from which writers, readers and documentation derive; and `Objects`, its values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ObjectLabel:
    """One row of the table: an array [I, *shape], one entry for each instance. `invalid` is the value where there is nothing to say."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    unit: str
    invalid: float
    meaning: str


OBJECT_LABELS: dict[str, ObjectLabel] = {
    label.name: label
    for label in (
        ObjectLabel("semantic", "uint8", (), "id", 0, "class id in the scene's label space"),
        ObjectLabel("pose", "float64", (4, 4), "m", np.nan, "camera-from-object, rigid"),
        ObjectLabel(
            "box_3d",
            "float64",
            (6,),
            "m",
            np.nan,
            "centre and size of the tightest box along the axes of the object's own frame; `pose` puts it",
        ),
        ObjectLabel(
            "box_2d_visible", "float32", (4,), "px", np.nan, "left, top, right, bottom around the pixels that show it; whole pixels"
        ),
        ObjectLabel(
            "box_2d_amodal",
            "float32",
            (4,),
            "px",
            np.nan,
            "left, top, right, bottom around its projection beyond the near plane, whole and unhidden",
        ),
        ObjectLabel("visible_pixels", "int32", (), "px", 0, "pixels that show it"),
        ObjectLabel("amodal_pixels", "int32", (), "px", 0, "pixels of the image that would show it if nothing else were there"),
        ObjectLabel("visibility", "float32", (), "1", 0, "visible_pixels / amodal_pixels"),
        ObjectLabel("truncation", "float32", (), "1", 1, "share of the area of box_2d_amodal outside the image"),
    )
}


@dataclass(frozen=True, kw_only=True)
class Objects:
    """Labels of all instances of a scene in one frame, numpy arrays [I, ...] as `OBJECT_LABELS` says; the instance with id k is row k - 1.

    Boxes in the image are in pixel coordinates: the top-left pixel spans 0 to 1. `box_2d_amodal` is not cut at the image's border;
    `box_2d_amodal_in_image` is. It surrounds what the object projects to, so a visible box, which surrounds whole pixels, may reach beyond
    it by up to half a pixel. For cameras that are not pinholes it surrounds the pixels of `amodal_pixels` and `truncation` is NaN.
    """

    semantic: NDArray[np.uint8]
    pose: NDArray[np.float64]
    box_3d: NDArray[np.float64]
    box_2d_visible: NDArray[np.float32]
    box_2d_amodal: NDArray[np.float32]
    visible_pixels: NDArray[np.int32]
    amodal_pixels: NDArray[np.int32]
    visibility: NDArray[np.float32]
    truncation: NDArray[np.float32]
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.pose)

    @property
    def box_2d_amodal_in_image(self) -> NDArray[np.float32]:
        """float32 [I, 4]: `box_2d_amodal` cut at the image's border, NaN where nothing remains."""
        size = np.array([self.width, self.height] * 2, dtype=np.float32)
        box = np.clip(self.box_2d_amodal, 0, size)
        away = (self.box_2d_amodal[:, :2] >= size[:2]) | (self.box_2d_amodal[:, 2:] <= 0)
        box[away.any(1)] = np.nan
        return box
