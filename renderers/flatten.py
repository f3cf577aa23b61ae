"""A scene's geometry as a few flat numpy arrays, checked; what is uploaded to a device or handed to a ray tracer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from renderers.connectivity import connections
from scenes.errors import UserError
from scenes.scene import Instance, Mesh, Scene, Shape
from scenes.shapes import build
from scenes.shapes.memory import Kept

MAX_INSTANCES = 65535  # the instance label is uint16 and 0 means none
NOT_RIGID = 1e-5  # a pose whose axes deviate more from unit length and right angles would shift flow by 1e-2 px in a wide image
FARTHEST_M = 1e9  # products of three coordinates must stay within float32


@dataclass(frozen=True)
class FlatScene:
    """Object-space geometry of all instances, one after the other.

    vertices, normals: float32 [V, 3]; uvs: float32 [V, 2], metres. triangles: int32 [F, 3] into the vertices, in the order of instances.
    vertex_instance: int32 [V]; triangle_instance, triangle_material: int32 [F].
    across: int32 [F, 3], the triangle beyond the edge from each corner to the next, -1 for none. triangle_part: int32 [F], equal for those
    that such steps connect.
    triangle_closed: bool [F], the triangle belongs to a closed outward-facing part, so its back is seen only from inside.
    triangle_smooth: bool [F], the vertex normals differ from the face's.
    vertex_range, triangle_range: int64 [I + 1], first index of each instance. bounds: float64 [I, 2, 3], lowest and highest corner of
    each instance in its own space (an instance without triangles has lowest = +inf).
    """

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    uvs: NDArray[np.float32]
    triangles: NDArray[np.int32]
    across: NDArray[np.int32]
    triangle_part: NDArray[np.int32]
    vertex_instance: NDArray[np.int32]
    triangle_instance: NDArray[np.int32]
    triangle_material: NDArray[np.int32]
    triangle_closed: NDArray[np.bool_]
    triangle_smooth: NDArray[np.bool_]
    vertex_range: NDArray[np.int64]
    triangle_range: NDArray[np.int64]
    bounds: NDArray[np.float64]


@dataclass(frozen=True)
class _Solid:
    """Faces with an area: indices int64 [K] into the mesh's faces, how they hang together (`connections`), whether the part of each is
    closed and whether it is smooth. bounds: float64 [2, 3], as `FlatScene.bounds`."""

    kept: NDArray[np.int64]
    across: NDArray[np.int32]
    part: NDArray[np.int32]
    closed: NDArray[np.bool_]
    smooth: NDArray[np.bool_]
    bounds: NDArray[np.float64]


def _examined(shape: Shape) -> _Solid:
    mesh = build(shape)
    a, b, c = np.take(mesh.vertices.astype(np.float64), mesh.faces.T, axis=0)
    normal = np.cross(b - a, c - a)
    doubled_area = np.sqrt(_dot(normal, normal))
    longest = np.maximum.reduce([_dot(edge, edge) for edge in (b - a, c - b, a - c)])
    kept = np.flatnonzero(doubled_area > 1e-9 * longest)
    connected = connections(mesh.vertices, mesh.faces)
    closed = connected.closed(_dot(a, normal))
    if len(kept) < len(mesh.faces):
        connected = connections(mesh.vertices, mesh.faces[kept])
    flat = normal[kept] / doubled_area[kept, None]
    alignment = np.minimum.reduce([_dot(np.take(mesh.normals, corner, axis=0), flat) for corner in mesh.faces[kept].T])
    return _Solid(kept, connected.across, connected.part, closed[kept], alignment < 0.9999, _bounds(mesh, kept))


_solid = Kept(_examined, megabytes=18)


def _dot(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scalar products float64 [K] of vectors [K, 3]."""
    products: NDArray[np.float64] = np.einsum("ij,ij->i", a, b)
    return products


def are_rigid(poses: NDArray[np.float64]) -> bool:
    """Whether all poses [..., 4, 4] turn and shift only, and not too far."""
    rotation = poses[..., :3, :3]
    with np.errstate(invalid="ignore"):
        skew = np.abs(np.swapaxes(rotation, -1, -2) @ rotation - np.eye(3))
        sound = (skew <= NOT_RIGID).all() and (np.linalg.det(rotation) > 0).all() and (np.abs(poses[..., :3, 3]) <= FARTHEST_M).all()
    return bool(sound and (poses[..., 3, :] == (0, 0, 0, 1)).all())


def check_rigid(poses: NDArray[np.float64], owner: str) -> None:
    """UserError, naming the owner, unless `are_rigid`: labels and culling rely on lengths and sides."""
    if are_rigid(poses):
        return
    if not np.isfinite(poses).all():
        raise UserError(f"{owner} has a pose that is NaN or infinite: mend its motion")
    if are_rigid(np.concatenate([poses[..., :3], np.broadcast_to([[0.0], [0.0], [0.0], [1.0]], (*poses.shape[:-1], 1))], axis=-1)):
        raise UserError(f"{owner} has a pose more than {FARTHEST_M:g} m from the origin: move the scene closer")
    raise UserError(f"{owner} has a pose that scales, shears or mirrors: put that into the vertices of the mesh and leave a rigid motion")


@lru_cache(maxsize=1024)
def _flaw(shape: Shape) -> str:
    """What makes a shape's mesh meaningless, after the words "instance NAME has"; empty for a sound one."""
    mesh = build(shape)
    counts = {"vertices": len(mesh.vertices), "normals": len(mesh.normals), "uvs": len(mesh.uvs)}
    if len(set(counts.values())) > 1 or len(mesh.slots) != len(mesh.faces):
        listed = ", ".join(f"{count} {what}" for what, count in counts.items())
        return f"{listed}, {len(mesh.faces)} faces and {len(mesh.slots)} slots, whose numbers do not match"
    if not len(mesh.faces):
        return ""
    for what in ("vertices", "uvs", "normals"):
        if not np.isfinite(getattr(mesh, what)).all():
            return f"{what} that are NaN or infinite"
    if np.abs(mesh.vertices).max() > FARTHEST_M:
        return f"a vertex more than {FARTHEST_M:g} m from its origin"
    if mesh.faces.min() < 0 or mesh.faces.max() >= len(mesh.vertices):
        return "a face that names a vertex it lacks"
    return ""


def _check(scene: Scene) -> None:
    """UserError, naming the object, for geometry that has no meaning."""
    if len(scene.instances) > MAX_INSTANCES:
        surplus = scene.instances[MAX_INSTANCES].name
        raise UserError(
            f"the scene has {len(scene.instances)} instances, but ids are uint16 and reach to {MAX_INSTANCES}: "
            f"remove {surplus!r} and those after it"
        )
    check_rigid(scene.camera_motion.poses, "the camera")
    for instance in scene.instances:
        if flaw := _flaw(instance.shape):
            raise UserError(f"instance {instance.name!r} has {flaw}: mend the mesh of shape {instance.shape.kind!r}")
    if not are_rigid(np.concatenate([np.zeros((0, 4, 4)), *(i.motion.poses for i in scene.instances)])):
        for instance in scene.instances:
            check_rigid(instance.motion.poses, f"instance {instance.name!r}")


def _material_indices(instance: Instance, slots: NDArray[np.uint8], materials: int) -> NDArray[np.int32]:
    table = np.asarray(instance.materials, dtype=np.int32)
    if len(slots) and slots.max() >= len(table):
        raise UserError(
            f"instance {instance.name!r} has {len(table)} materials but its mesh uses slot {slots.max()}: give one material per slot"
        )
    if len(table) and (table.min() < 0 or table.max() >= materials):
        raise UserError(f"instance {instance.name!r} names material {table.max()}, but the scene has {materials}: use indices below that")
    return table[slots]


def flatten(scene: Scene) -> FlatScene:
    """The geometry of `scene`; zero-area triangles are dropped. Raises UserError, naming the object, for geometry that has no meaning."""
    _check(scene)
    meshes = [build(i.shape) for i in scene.instances]
    solid = [_solid(i.shape) for i in scene.instances]
    vertex_range = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    triangle_range = np.cumsum([0, *(len(s.kept) for s in solid)])
    if triangle_range[-1] == 0:
        raise UserError("the scene has no triangles: add an instance whose shape has faces with an area")
    ids = np.arange(len(meshes), dtype=np.int32)
    return FlatScene(
        vertices=np.concatenate([m.vertices for m in meshes]),
        normals=np.concatenate([m.normals for m in meshes]),
        uvs=np.concatenate([m.uvs for m in meshes]),
        triangles=np.concatenate(
            [m.faces[s.kept] + np.int32(first) for m, s, first in zip(meshes, solid, vertex_range[:-1], strict=True)]
        ).astype(np.int32, copy=False),
        across=np.concatenate(
            [np.where(s.across < 0, -1, s.across + np.int32(first)) for s, first in zip(solid, triangle_range[:-1], strict=True)]
        ).astype(np.int32, copy=False),
        triangle_part=np.concatenate([s.part + np.int32(first) for s, first in zip(solid, triangle_range[:-1], strict=True)]),
        vertex_instance=np.repeat(ids, np.diff(vertex_range)),
        triangle_instance=np.repeat(ids, np.diff(triangle_range)),
        triangle_material=np.concatenate(
            [_material_indices(i, m.slots[s.kept], len(scene.materials)) for i, m, s in zip(scene.instances, meshes, solid, strict=True)]
        ),
        triangle_closed=np.concatenate([s.closed for s in solid]),
        triangle_smooth=np.concatenate([s.smooth for s in solid]),
        vertex_range=vertex_range,
        triangle_range=triangle_range,
        bounds=np.stack([s.bounds for s in solid]),
    )


def _bounds(mesh: Mesh, kept: NDArray[np.int64]) -> NDArray[np.float64]:
    if not len(kept):
        return np.array([[np.inf] * 3, [-np.inf] * 3])
    return np.stack([mesh.vertices.min(0), mesh.vertices.max(0)]).astype(np.float64)
