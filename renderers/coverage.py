"""How many pixels of the image each object would show if nothing else were there."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import BLOCK, SceneBuffers
from renderers.device import is_cpu, upload, upload_poses
from renderers.kernels.objects import count_alone, draw_alone
from renderers.kernels.raster import Triangles, place_vertices
from renderers.moment import Moment
from renderers.open3d_import import open3d
from renderers.outlines import Outlines
from renderers.visibility.view import NEAR_M, Views
from scenes import geometry

_LAYER_BYTES = {True: 16 << 20, False: 256 << 20}  # on the CPU, on a GPU
_GUARD_PX = 8000.0  # what reaches further is drawn by edge planes, whose rounding may leave the box by more than a pixel
_RUN = 32


class Coverage(Protocol):
    """Objects alone, by the rules of one visibility backend."""

    def alone(self, views: Views, slot: int, moment: Moment) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """(int32 [I], float64 [I, 4]): pixels covered in the image, and the box (left, top, right, bottom) around the whole object."""
        ...


class RasterCoverage:
    """Draws every object into a layer of its own, by the kernels that draw the scene; its box is that around its projection."""

    def __init__(self, buffers: SceneBuffers, outlines: Outlines) -> None:
        self._buffers, self._outlines = buffers, outlines
        self._everything = buffers.select(np.ones(len(buffers.triangle_blocks.spans), dtype=bool))
        self._keys: wp.array = wp.zeros((0, 0, 0), dtype=wp.uint64, device=buffers.device)
        self._screen: wp.array = wp.empty((1, len(buffers.flat.vertices)), dtype=wp.vec3, device=buffers.device)

    def alone(self, views: Views, slot: int, moment: Moment) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        pose = self._buffers.eye_from_object(moment)
        boxes, cut = self._outlines.boxes_2d(views.camera, pose)
        height, width = views.camera.height, views.camera.width
        windows = _windows(boxes, cut, width, height)
        shown = np.flatnonzero((windows[:, 0] < windows[:, 2]) & (windows[:, 1] < windows[:, 3]))
        room = max(1, _LAYER_BYTES[is_cpu(self._buffers.device)] // (8 * height * width))
        self._make_room(min(room, len(shown)), height, width)
        pixels = np.zeros(len(pose), dtype=np.int32)
        poses = upload_poses(pose[None], self._buffers.device)
        self._place(views, slot, poses)
        for first in range(0, len(shown), room):
            chosen = shown[first : first + room]
            pixels[chosen] = self._count(views, slot, poses, chosen, windows[chosen])
        return pixels, boxes

    def _make_room(self, layers: int, height: int, width: int) -> None:
        if self._keys.shape[1:] != (height, width) or self._keys.shape[0] < layers:
            self._keys = wp.zeros((layers, height, width), dtype=wp.uint64, device=self._buffers.device)

    @property
    def _lanes(self) -> int:
        return 1 if is_cpu(self._buffers.device) else BLOCK

    def _place(self, views: Views, slot: int, poses: wp.array) -> None:
        buffers, spans = self._buffers, self._everything.vertex_spans
        slots = upload([slot], wp.int32, buffers.device)
        inputs = [views.eye, slots, 0, self._lanes, spans, buffers.blocks_on_device, poses, buffers.vertices, views.points, self._screen]
        wp.launch(place_vertices, dim=(1, len(spans), self._lanes), inputs=inputs, device=buffers.device)

    def _count(self, views: Views, slot: int, poses: wp.array, chosen: NDArray[np.int64], windows: NDArray[np.int32]) -> NDArray[np.int32]:
        """Pixels int32 [K] of the instances `chosen`, each drawn into its layer."""
        buffers, device = self._buffers, self._buffers.device
        layer = np.full(buffers.instance_count, -1, dtype=np.int32)
        layer[chosen] = np.arange(len(chosen))
        among = np.flatnonzero(layer[buffers.triangle_blocks.spans[:, 2]] >= 0)
        layers = upload(layer, wp.int32, device)
        inputs = [views.eye, slot, self._lanes, upload(among, wp.int32, device), layers, buffers.blocks_on_device, poses]
        wp.launch(draw_alone, dim=(len(among), self._lanes), inputs=[*inputs, self._space(views), self._keys], device=device)
        counts = wp.zeros(len(chosen), dtype=wp.int32, device=device)
        run = views.camera.width if is_cpu(device) else _RUN
        columns, rows = (windows[:, 2:] - windows[:, :2]).max(0)
        dim = (len(chosen), int(rows), -(-int(columns) // run))
        wp.launch(count_alone, dim=dim, inputs=[run, upload(windows, wp.vec4i, device), self._keys, counts], device=device)
        found: NDArray[np.int32] = counts.numpy()
        return found

    def _space(self, views: Views) -> Triangles:
        space = Triangles()
        space.corners, space.points, space.screen, space.planes = self._buffers.triangles, views.points, self._screen, views.planes
        return space


def _windows(boxes: NDArray[np.float64], cut: NDArray[np.bool_], width: int, height: int) -> NDArray[np.int32]:
    """int32 [I, 4] (left, top, right, bottom): pixels among which all lie that an object with this box may cover."""
    size = np.array([width, height, width, height])
    reach = np.where(cut | (np.abs(boxes) > _GUARD_PX).any(1), np.inf, 1.0)[:, None]
    gone = np.isnan(boxes).any(1)
    low, high = np.floor(boxes[:, :2] - reach), np.ceil(boxes[:, 2:] + reach)
    windows = np.clip(np.concatenate([low, high], axis=1), 0, size)
    windows[gone] = 0
    return windows.astype(np.int32)


class RayCoverage:
    """Lists all that the rays of the pixels meet; for any camera.

    A box is that around the projection for a pinhole camera. For others it is that around the pixels the object would cover, so cut at
    the image's border, for straight edges are bent by the lens and end where it sees nothing.
    """

    def __init__(self, buffers: SceneBuffers, outlines: Outlines) -> None:
        self._buffers, self._outlines = buffers, outlines

    def alone(self, views: Views, slot: int, moment: Moment) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        pose, camera = self._buffers.eye_from_object(moment), views.camera
        pixel, instance = self._pairs(views, slot, pose)
        pixels = np.bincount(instance, minlength=len(pose)).astype(np.int32)
        if camera.is_pinhole:
            return pixels, self._outlines.boxes_2d(camera, pose)[0]
        row, column = np.divmod(pixel, camera.width)
        low, high = np.full((len(pose), 2), np.inf), np.full((len(pose), 2), -np.inf)
        places = np.stack([column, row], axis=1).astype(np.float64)
        np.minimum.at(low, instance, places)
        np.maximum.at(high, instance, places + 1)
        boxes = np.concatenate([low, high], axis=1)
        boxes[pixels == 0] = np.nan
        return pixels, boxes

    def _pairs(self, views: Views, slot: int, pose: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(pixel, instance), each pair once: the instances that each pixel's ray meets.

        What the pixel shows is among them, also where rounding lets this ray miss an edge that the view's own ray met.
        """
        flat, tensor = self._buffers.flat, open3d().core.Tensor.from_numpy
        tracer = open3d().t.geometry.RaycastingScene()
        tracer.add_triangles(tensor(self._placed(pose)), tensor(flat.triangles.astype(np.uint32)))
        directions = views.camera.rays(views.camera.pixel_centres()).reshape(-1, 3)
        sees = np.flatnonzero(np.isfinite(directions).all(1))
        rays = np.concatenate([directions[sees] * NEAR_M, directions[sees]], axis=1).astype(np.float32)
        hits = tracer.list_intersections(tensor(rays))
        met = flat.triangle_instance[hits["primitive_ids"].numpy().astype(np.int64)]
        shown = views.triangle[slot].numpy().ravel()
        lit = np.flatnonzero(shown >= 0)
        pixel = np.concatenate([sees[hits["ray_ids"].numpy().astype(np.int64)], lit])
        instance = np.concatenate([met, flat.triangle_instance[shown[lit]]]).astype(np.int64)
        pairs = np.unique(pixel * len(pose) + instance)
        return np.divmod(pairs, len(pose))

    def _placed(self, pose: NDArray[np.float64]) -> NDArray[np.float32]:
        """Vertices float32 [V, 3] in the eye's frame."""
        flat = self._buffers.flat
        vertices, ranges = np.empty_like(flat.vertices), flat.vertex_range
        for k in np.flatnonzero(np.diff(ranges)):
            run = slice(int(ranges[k]), int(ranges[k + 1]))
            vertices[run] = geometry.transform(pose[k], flat.vertices[run])
        return vertices
