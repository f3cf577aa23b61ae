"""What plants are made of: tapered limbs, lumpy masses of leaves and the small bent cards that make them look leafy.

Renderers know no transparent textures, so leaves are geometry: a card is a flat tetrahedron, the smallest closed solid, which looks
like a rhomb of leaves folded along a diagonal from either side. Cards lie like loose shingles on lumps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import trimesh

from scenes.shapes.parts import Float, Int, Part, grid_faces, unit

GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


def ripples(rng: np.random.Generator, wavelength: float, octaves: int = 2) -> Callable[[Float], Float]:
    """A smooth random vector field, points [N, 3] -> offsets [N, 3] of about unit size: waves in random directions, finer ones weaker."""
    count = 5 * octaves
    finer = 2.0 ** np.repeat(np.arange(octaves), 5)
    waves = unit(rng.normal(size=(count, 3))) * (2 * np.pi / wavelength * finer)[:, None]
    phases, sway = rng.uniform(0, 2 * np.pi, count), rng.normal(size=(count, 3)) / (finer[:, None] ** 0.7) / np.sqrt(5.0)
    return lambda points: np.asarray(np.sin(points @ waves.T + phases) @ sway)


def sphere_points(rng: np.random.Generator, counts: Int) -> tuple[Float, Int]:
    """Directions [sum(counts), 3] spread evenly over each of several spheres, jittered, and the number of the sphere of each."""
    owner = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    z = 1 - (2 * within + 1) / counts[owner]
    angle = GOLDEN_ANGLE * within + rng.uniform(0, 2 * np.pi, len(counts))[owner]
    r = np.sqrt(1 - z**2)
    even = np.stack([r * np.cos(angle), r * np.sin(angle), z], axis=1)
    return unit(even + rng.normal(size=even.shape) * (0.6 / np.sqrt(counts[owner]))[:, None]), owner


@lru_cache
def ball(subdivisions: int) -> tuple[Float, Int]:
    """Vertices on the unit sphere and triangles of an icosphere; read-only."""
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions)
    vertices, faces = np.array(mesh.vertices, dtype=np.float64), np.array(mesh.faces, dtype=np.int64)
    vertices.setflags(write=False)
    faces.setflags(write=False)
    return vertices, faces


def mass(points: Float, faces: Int) -> Part:
    """A closed surface of shared points [N, 3] as a part: smooth normals, each face textured along the axis that it faces most."""
    corners = points[faces]
    area = np.asarray(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), dtype=np.float64)
    flat = faces.reshape(-1)
    normals = np.stack([np.bincount(flat, np.repeat(area[:, k], 3), minlength=len(points)) for k in range(3)], axis=1)
    smooth = unit(np.asarray(normals, dtype=np.float64))[faces]
    facing = unit(area)[:, None]
    inward = np.einsum("fkc,fkc->fk", smooth, np.broadcast_to(facing, smooth.shape)).min(axis=1) < 0.25
    smooth[inward] = facing[inward]  # a sharp crease: flat
    axis = np.abs(area).argmax(axis=1)
    planes = np.array([[1, 2], [0, 2], [0, 1]])[axis]
    uvs = np.take_along_axis(corners, np.broadcast_to(planes[:, None], (len(faces), 3, 2)), axis=2)
    return Part(corners.reshape(-1, 3), np.arange(3 * len(faces)).reshape(-1, 3), uvs.reshape(-1, 2), smooth.reshape(-1, 3))


def welded(part: Part) -> tuple[Float, Int]:
    """Distinct points and triangles of a part, for `mass`; they can be moved without tearing seams."""
    points, index = np.unique(part.vertices.round(9), axis=0, return_inverse=True)
    return points, index.reshape(-1)[part.faces]


def lumps(rng: np.random.Generator, centres: Float, radii: Float, roughness: float, subdivisions: int = 1) -> Part:
    """Uneven ellipsoids at centres [N, 3] with radii [N, 3], as one part; nothing reaches below z = 0."""
    directions, faces = ball(subdivisions)
    uneven = 1 + roughness * rng.uniform(-1, 1, (len(centres), len(directions), 1))
    points = centres[:, None] + radii[:, None] * directions * uneven
    points[..., 2] = np.maximum(points[..., 2], 0.0)
    offsets = np.arange(len(centres))[:, None, None] * len(directions)
    return mass(points.reshape(-1, 3), (faces + offsets).reshape(-1, 3))


def cards(rng: np.random.Generator, places: Float, outward: Float, size: Float, tilt: float, along: Float | None = None) -> Part:
    """Leafy cards at places [N, 3] that face outward [N, 3] give or take `tilt`; sizes [N, 2] are half length and half breadth.

    The length follows `along` [N, 3] where given, else any direction. Shading normals lean outwards, so that a crown is shaded as a whole.
    """
    count = len(places)
    facing = unit(outward + tilt * rng.normal(size=(count, 3)))
    guide = rng.normal(size=(count, 3)) if along is None else along + 0.3 * rng.normal(size=(count, 3))
    t = unit(guide - np.einsum("ni,ni->n", guide, facing)[:, None] * facing)
    b = np.cross(facing, t)
    length, breadth = size[:, :1], size[:, 1:]
    fold = (0.22 * breadth) * facing
    skew = rng.uniform(-0.35, 0.35, (count, 2, 1))
    corners = np.stack(
        [
            t * length - fold,
            -t * length - fold,
            b * breadth + skew[:, 0] * t * length + fold,
            -b * breadth + skew[:, 1] * t * length + fold,
        ],
        axis=1,
    )
    vertices = np.concatenate([corners, corners], axis=1) + places[:, None]  # the front's four, then the back's
    front, back = unit(0.55 * facing + outward), unit(outward - 1.35 * facing)
    normals = np.concatenate([np.repeat(front[:, None], 4, axis=1), np.repeat(back[:, None], 4, axis=1)], axis=1)
    faces = np.array([[2, 3, 0], [3, 2, 1], [4, 5, 6], [5, 4, 7]])
    flat = np.stack([np.einsum("nkc,nc->nk", corners, t), np.einsum("nkc,nc->nk", corners, b)], axis=2)
    uvs = np.tile(flat + rng.uniform(0, 8, (count, 1, 2)), (1, 2, 1))
    return _outward(vertices, faces, uvs, normals)


def _outward(vertices: Float, faces: Int, uvs: Float, normals: Float) -> Part:
    """Solids [N, V, 3] of equal triangles as a part; where shading normals hardly face as a side does, they turn to it.

    The margin is for the stretching that follows, which turns normals."""
    count, each = vertices.shape[:2]
    corners = vertices[:, faces]
    facing = unit(np.cross(corners[:, :, 1] - corners[:, :, 0], corners[:, :, 2] - corners[:, :, 0]))
    sides = np.stack([facing[:, :2].sum(axis=1), facing[:, 2:].sum(axis=1)], axis=1)  # of the front and of the back
    worst = np.einsum("nfc,nfc->nf", facing, normals[:, faces[:, 0]]).reshape(count, 2, 2).min(axis=2)
    flat = np.repeat((worst < 0.45)[..., None], 3, axis=2)
    kept = np.where(flat, unit(sides), normals[:, [0, 4]])
    return Part(
        vertices.reshape(-1, 3),
        (faces + each * np.arange(count)[:, None, None]).reshape(-1, 3),
        uvs.reshape(-1, 2),
        np.repeat(kept, 4, axis=1).reshape(-1, 3),
    )


def filling(part: Part, width: float, depth: float, bottom: float, top: float) -> Part:
    """The part stretched to a box about the z axis."""
    return part.fitted((-width / 2, -depth / 2, bottom), (width / 2, depth / 2, top))


def limbs(paths: Float, radii: Float, segments: int = 6) -> Part:
    """Tapered round bars along polylines [M, N, 3] with radii [M, N] and flat ends; u runs along them, v around."""
    count, n = radii.shape
    tangents = unit(np.gradient(paths, axis=1))
    reference = np.eye(3)[np.abs(tangents).max(axis=1).argmin(axis=1)][:, None]  # the axis that no tangent comes near
    side = unit(np.cross(tangents, reference))
    other = np.cross(tangents, side)
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    angle[-1] = 0.0
    normals = np.cos(angle)[:, None] * side[:, :, None] + np.sin(angle)[:, None] * other[:, :, None]  # [M, N, S + 1, 3]
    vertices = paths[:, :, None] + radii[..., None, None] * normals
    steps = np.linalg.norm(np.diff(paths, axis=1), axis=2)
    arc = np.concatenate([np.zeros((count, 1)), np.cumsum(steps, axis=1)], axis=1)
    around = np.arange(segments + 1) * (2 * np.pi / segments) * radii.max(axis=1)[:, None]
    uvs = np.stack(np.broadcast_arrays(arc[:, :, None], around[:, None]), axis=3)
    fan = np.stack([np.zeros(segments - 2, dtype=np.int64), np.arange(1, segments - 1), np.arange(2, segments)], axis=1)
    body, ends = n * (segments + 1), segments
    faces = np.concatenate([grid_faces(n, segments + 1)[:, ::-1], body + fan[:, ::-1], body + ends + fan])
    caps = [(vertices[:, k, :-1], uvs[:, k, :-1], np.repeat(s * tangents[:, k, None], segments, axis=1)) for k, s in ((0, -1), (-1, 1))]
    points = np.concatenate([vertices.reshape(count, body, 3), *(c[0] for c in caps)], axis=1)
    return Part(
        points.reshape(-1, 3),
        (faces + points.shape[1] * np.arange(count)[:, None, None]).reshape(-1, 3),
        np.concatenate([uvs.reshape(count, body, 2), *(c[1] for c in caps)], axis=1).reshape(-1, 2),
        np.concatenate([normals.reshape(count, body, 3), *(c[2] for c in caps)], axis=1).reshape(-1, 3),
    )
