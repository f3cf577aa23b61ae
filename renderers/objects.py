"""Describes the objects of a scene as a camera sees them: pose, boxes, and how much of each object a frame shows."""

from __future__ import annotations

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers
from renderers.coverage import Coverage, RasterCoverage, RayCoverage
from renderers.device import upload
from renderers.kernels.objects import tally_visible
from renderers.moment import Moment
from renderers.object_labels import Objects
from renderers.outlines import Outlines, share_outside
from renderers.visibility.raster import RasterVisibility
from renderers.visibility.view import ViewCache, Views, Visibility
from scenes.semantics import semantic_id


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
