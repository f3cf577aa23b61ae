"""Labels of objects, not of pixels: pose, boxes, and how much of each object a frame shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers
from renderers.coverage import Coverage, RasterCoverage, RayCoverage
from renderers.device import upload
from renderers.kernels.objects import tally_visible
from renderers.moment import Moment
from renderers.outlines import Outlines, share_outside
from renderers.visibility.raster import RasterVisibility
from renderers.visibility.view import ViewCache, Views, Visibility
from scenes.semantics import semantic_id


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


class ObjectLabeller:
    """Describes the objects of one scene as a camera's views show them."""

    def __init__(self, buffers: SceneBuffers, cache: ViewCache, visibility: Visibility) -> None:
        self._buffers, self._cache = buffers, cache
        self._outlines = Outlines(buffers.flat)
        alone = RasterCoverage if isinstance(visibility, RasterVisibility) else RayCoverage
        self._coverage: Coverage = alone(buffers, self._outlines)
        scene = buffers.scene
        self._semantic = np.array([semantic_id(i.category, scene.label_space) for i in scene.instances], dtype=np.uint8)

    def describe(self, moment: Moment) -> Objects:
        """The objects at a moment."""
        slot = int(self._cache.slots([moment])[0])
        views = self._cache.views
        visible = self._tally(views, slot)
        amodal_pixels, boxes = self._coverage.alone(views, slot, moment)
        around = visible[:, 1:] + np.array([0, 0, 1, 1])
        camera = views.camera
        return Objects(
            semantic=self._semantic,
            pose=self._buffers.eye_from_object(moment).copy(),
            box_3d=self._outlines.box_3d,
            box_2d_visible=np.where(visible[:, :1] > 0, around, np.nan).astype(np.float32),
            box_2d_amodal=boxes.astype(np.float32),
            visible_pixels=visible[:, 0].copy(),
            amodal_pixels=amodal_pixels,
            visibility=(visible[:, 0] / np.maximum(amodal_pixels, 1)).astype(np.float32),
            truncation=(share_outside(boxes, camera) if camera.is_pinhole else np.full(len(boxes), np.nan)).astype(np.float32),
            width=camera.width,
            height=camera.height,
        )

    def _tally(self, views: Views, slot: int) -> NDArray[np.int32]:
        """int32 [I, 5]: pixels that show each instance, and their lowest and highest column and row (as `kernels.objects` lists them)."""
        device, camera = self._buffers.device, views.camera
        start = np.tile(np.array([0, camera.width, camera.height, -1, -1], dtype=np.int32), (self._buffers.instance_count, 1))
        counts = upload(start, wp.int32, device)
        parts = -(-camera.width // int(views.eye.run))
        inputs = [views.eye, slot, views.triangle, self._buffers.triangle_instance, counts]
        wp.launch(tally_visible, dim=(camera.height, parts), inputs=inputs, device=device)
        found: NDArray[np.int32] = counts.numpy()
        return found
