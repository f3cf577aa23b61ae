"""A scene on a device: geometry, materials and textures, uploaded once."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.device import struct_rows, upload
from renderers.flatten import FlatScene, flatten
from renderers.kernels.culling import Blocks as BlockRows
from renderers.kernels.materials import MaterialRow
from renderers.moment import Moment
from renderers.texture_store import texture_store
from scenes import geometry
from scenes.scene import Scene
from scenes.semantics import background_id, semantic_id

_REMEMBERED_MOMENTS = 16
BLOCK = 64  # triangles (or vertices) of one instance that are culled and launched together


@dataclass(frozen=True)
class Blocks:
    """Runs of at most BLOCK consecutive elements of one instance. spans: int32 [B, 3] (first, end, instance), on the host.

    centre float64 [B, 3] and radius float64 [B]: a ball in the instance's space that contains the run. cone float64 [B, 4]: a unit axis
    and the sine of the largest angle between it and a normal of the run (2 where that is 90 degrees or more). closed: bool [B], backs need
    not be drawn. emits: bool [B], the material is a source of light.
    """

    spans: NDArray[np.int32]
    centre: NDArray[np.float64]
    radius: NDArray[np.float64]
    cone: NDArray[np.float64]
    closed: NDArray[np.bool_]
    emits: NDArray[np.bool_]


@dataclass(frozen=True)
class Selection:
    """A part of a scene to draw, on the device. blocks: int32 [M], indices of triangle blocks; vertex_spans: vec3i, of their instances."""

    blocks: wp.array
    vertex_spans: wp.array


def _spans(starts: NDArray[np.int64], ends: NDArray[np.int64], instances: NDArray[np.int64]) -> NDArray[np.int32]:
    counts = -(-(ends - starts) // BLOCK)
    owner = np.repeat(np.arange(len(starts)), counts)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = starts[owner] + step * BLOCK
    return np.stack([first, np.minimum(first + BLOCK, ends[owner]), instances[owner]], axis=1).astype(np.int32)


def _triangle_blocks(flat: FlatScene, emits: NDArray[np.bool_]) -> Blocks:
    """Blocks do not mix instances, closed and open parts, nor what emits light and what does not."""
    kind = flat.triangle_instance.astype(np.int64) * 4 + flat.triangle_closed * 2 + emits
    starts = np.flatnonzero(np.diff(kind, prepend=-1))
    ends = np.append(starts[1:], len(kind))
    spans = _spans(starts, ends, flat.triangle_instance[starts].astype(np.int64))
    a, b, c = np.take(flat.vertices, flat.triangles.T, axis=0)
    first = spans[:, 0]
    low = np.minimum.reduceat(np.minimum(np.minimum(a, b), c), first).astype(np.float64)
    high = np.maximum.reduceat(np.maximum(np.maximum(a, b), c), first).astype(np.float64)
    centre, radius = (low + high) / 2, np.linalg.norm(high - low, axis=1) / 2
    return Blocks(spans, centre, radius, _cones(np.cross(b - a, c - a), spans), flat.triangle_closed[first], emits[first])


def _cones(across: NDArray[np.float32], spans: NDArray[np.int32]) -> NDArray[np.float64]:
    """`Blocks.cone` of triangles with these products of edges [F, 3]."""
    normals = across.astype(np.float64)
    normals /= np.maximum(np.sqrt(np.einsum("ij,ij->i", normals, normals)), 1e-30)[:, None]
    axis = np.add.reduceat(normals, spans[:, 0])
    axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-30)
    owner = np.repeat(np.arange(len(spans)), spans[:, 1] - spans[:, 0])
    cosine = np.minimum.reduceat(np.einsum("ij,ij->i", normals, axis[owner]), spans[:, 0])
    sine = np.where(cosine > 0.01, np.sqrt(np.maximum(1 - cosine**2, 0.0)), 2.0)
    return np.concatenate([axis, sine[:, None]], axis=1)


class SceneBuffers:
    """Warp arrays of one scene. `flat` keeps the same geometry on the host; `moving` bool [I] says whose pose changes with time.

    triangle_look: int32 [F], twice the material, plus one where the vertex normals differ from the face's.
    semantics: int32 [I + 1], the class of what no instance covers, then that of each instance.
    """

    def __init__(self, scene: Scene, device: str) -> None:
        self.scene, self.device = scene, device
        self.flat = flat = flatten(scene)
        self.vertices = upload(flat.vertices, wp.vec3, device)
        self.normals = upload(flat.normals, wp.vec3, device)
        self.uvs = upload(flat.uvs, wp.vec2, device)
        self.triangles = upload(flat.triangles, wp.vec3i, device)
        self.across = upload(flat.across, wp.vec3i, device)
        self.triangle_part = upload(flat.triangle_part, wp.int32, device)
        self.triangle_instance = upload(flat.triangle_instance, wp.int32, device)
        self.triangle_look = upload(flat.triangle_material * 2 + flat.triangle_smooth, wp.int32, device)
        classes = [background_id(scene.label_space), *(semantic_id(i.category, scene.label_space) for i in scene.instances)]
        self.semantics = upload(classes, wp.int32, device)
        self.texels, self.materials = _upload_materials(scene, device)
        emits = np.array([any(m.emission) for m in scene.materials])
        self.triangle_blocks = _triangle_blocks(flat, emits[flat.triangle_material])
        ranges = flat.vertex_range
        self._vertex_spans = _spans(ranges[:-1], ranges[1:], np.arange(len(ranges) - 1))
        self.blocks_on_device = _upload_blocks(self.triangle_blocks, flat, device)
        self.moving = np.array([i.motion.moves for i in scene.instances])
        self._seen_poses: dict[Hashable, NDArray[np.float64]] = {}
        self._still_poses = np.stack([i.motion.poses[0] for i in scene.instances])

    def select(self, blocks: NDArray[np.bool_]) -> Selection:
        """The triangle blocks chosen by a mask [B]."""
        owners = np.zeros(self.instance_count, dtype=bool)
        owners[self.triangle_blocks.spans[blocks, 2]] = True
        spans = self._vertex_spans[owners[self._vertex_spans[:, 2]]]
        return Selection(upload(np.flatnonzero(blocks), wp.int32, self.device), upload(spans, wp.vec3i, self.device))

    @property
    def instance_count(self) -> int:
        return len(self.scene.instances)

    def world_from_object(self, time: float) -> NDArray[np.float64]:
        """Poses float64 [I, 4, 4] of all instances."""
        poses = self._still_poses.copy()
        for k in np.flatnonzero(self.moving):
            poses[k] = self.scene.instances[k].motion.at(time)
        return poses

    def eye_from_object(self, moment: Moment) -> NDArray[np.float64]:
        """Poses float64 [I, 4, 4] of all instances in the frame of an eye; of the last few moments they are remembered."""
        key = moment.key()
        if key not in self._seen_poses:
            if len(self._seen_poses) >= _REMEMBERED_MOMENTS:
                self._seen_poses.pop(next(iter(self._seen_poses)))
            self._seen_poses[key] = geometry.invert(moment.pose) @ self.world_from_object(moment.time)
        return self._seen_poses[key]


def instance_balls(blocks: Blocks, flat: FlatScene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(centre float64 [I, 3], radius float64 [I]) of balls in each instance's space that hold those of all its blocks."""
    solid = np.isfinite(flat.bounds[:, 0, 0])
    centre = np.zeros((len(solid), 3))
    centre[solid] = flat.bounds[solid].sum(1) / 2
    owner, radius = blocks.spans[:, 2], np.zeros(len(solid))
    np.maximum.at(radius, owner, np.linalg.norm(blocks.centre - centre[owner], axis=1) + blocks.radius)
    return centre, radius


def _upload_blocks(blocks: Blocks, flat: FlatScene, device: str) -> Any:
    rows: Any = BlockRows()
    centre, radius = instance_balls(blocks, flat)
    rows.spans, rows.closed = upload(blocks.spans, wp.vec3i, device), upload(blocks.closed, wp.bool, device)
    rows.centre, rows.radius = upload(blocks.centre, wp.vec3, device), upload(blocks.radius, wp.float32, device)
    rows.cone = upload(blocks.cone, wp.vec4, device)
    rows.instance_centre, rows.instance_radius = upload(centre, wp.vec3, device), upload(radius, wp.float32, device)
    rows.low, rows.high = upload(flat.bounds[:, 0], wp.vec3, device), upload(flat.bounds[:, 1], wp.vec3, device)
    return rows


def _upload_materials(scene: Scene, device: str) -> tuple[wp.array, wp.array]:
    textures = tuple(dict.fromkeys(m.texture for m in scene.materials if m.texture))
    texels, stored = texture_store(device).hold(textures)
    where = dict(zip(textures, stored, strict=True))
    rows = struct_rows(MaterialRow, len(scene.materials))
    for row, material in zip(rows, scene.materials, strict=True):
        for name in ("color", "emission", "roughness", "metallic"):
            row[name] = getattr(material, name)
        if material.texture:
            place = where[material.texture]
            row["texels_per_metre"] = place.size / material.texture.metres
            row["texture_offset"], row["texture_size"], row["texture_levels"] = place.offset, place.size, place.levels
    return texels, upload(rows, MaterialRow, device)
