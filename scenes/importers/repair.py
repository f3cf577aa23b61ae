"""Mending triangles: what is not a number or flat is dropped, neighbours are made to agree on their outside, normals are made to fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Float = NDArray[np.float64]
Int = NDArray[np.int64]
CREASE_DEG = 40.0  # edges sharper than this stay sharp where a file gives no normals
_MOST_AROUND = 48  # faces around one place


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was wrong with a mesh: faces dropped because a corner is missing or not a number, or because they have no area; faces turned
    to agree with their neighbours; closed parts that were inside out; parts in all, and those that are not closed; edges of three faces or
    more."""

    undefined: int = 0
    flat: int = 0
    turned: int = 0
    inside_out: int = 0
    parts: int = 0
    open_parts: int = 0
    crowded_edges: int = 0

    def sentences(self) -> list[str]:
        """Each finding in words; nothing for a sound mesh."""
        told = [
            (self.undefined, "dropped {} of its faces, which have corners that are missing or not finite numbers"),
            (self.flat, "dropped {} of its faces, which have no area"),
            (self.inside_out, "turned {} of its closed parts, which were inside out"),
            (self.turned, "turned {} of its faces, which faced against their neighbours"),
            (self.crowded_edges, "{} of its edges join three faces or more (not a manifold), so inside and outside are not certain there"),
        ]
        found = [text.format(count) for count, text in told if count]
        if self.open_parts:
            found.append(f"{self.open_parts} of its {self.parts} parts are not closed (not watertight) and are seen from both sides")
        return found


def solid_faces(vertices: Float, faces: Int) -> tuple[NDArray[np.bool_], int, int]:
    """(which faces to keep [F], how many have undefined corners, how many have no area)."""
    defined = np.isfinite(vertices.sum(axis=1))[faces].all(axis=1)
    a, b, c = (np.where(defined[:, None], vertices[faces[:, k]], 0.0) for k in range(3))
    doubled = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    longest = np.maximum.reduce([((p - q) ** 2).sum(axis=1) for p, q in ((a, b), (b, c), (c, a))])
    solid = defined & (doubled > 1e-7 * longest) & (longest > 0)
    return solid, int((~defined).sum()), int((defined & ~solid).sum())


def weld(vertices: Float) -> Int:
    """Index [V] of each vertex among the distinct positions."""
    rows = np.ascontiguousarray(vertices.astype(np.float32) + np.float32(0.0))
    _, inverse = np.unique(rows.view("V12").reshape(-1), return_inverse=True)
    return inverse.reshape(-1).astype(np.int64)


def outward(vertices: Float, faces: Int) -> tuple[Int, Findings]:
    """The faces [F, 3] with agreeing neighbours and closed parts facing outwards, and what had to be done.

    Every face is two nodes of a graph, one for each way it can face; across an edge of exactly two faces the ways that agree are linked.
    Its components are consistent choices; of the two for each part, the one that turns fewer faces is taken.
    """
    welded = weld(vertices)[faces]
    count = len(faces)
    start, end = welded.reshape(-1), np.roll(welded, -1, axis=1).reshape(-1)
    forward = start < end
    code = np.minimum(start, end) * (int(welded.max()) + 1) + np.maximum(start, end)
    order = np.argsort(code, kind="stable")
    _, first, sizes = np.unique(code[order], return_index=True, return_counts=True)
    pairs = first[sizes == 2]
    left, right = order[pairs], order[pairs + 1]
    agree = forward[left] != forward[right]
    one, two = left // 3, right // 3
    links = np.stack([np.concatenate([one, one + count]), np.concatenate([np.where(agree, two, two + count), two + count * agree])])
    _, choice = connected_components(
        coo_array((np.ones(links.shape[1], dtype=np.int8), links), shape=(2 * count, 2 * count)), directed=False
    )
    _, part = connected_components(coo_array((np.ones(len(one), dtype=np.int8), (one, two)), shape=(count, count)), directed=False)
    turned = _fewer_turned(choice[:count], choice[count:], part)
    signs = np.where(turned, -1.0, 1.0)
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    parts = int(part.max()) + 1
    volume = np.bincount(part, weights=signs * np.einsum("ij,ij->i", a - vertices.mean(axis=0), np.cross(b - a, c - a)), minlength=parts)
    closed = np.bincount(part, weights=np.bincount(order // 3, weights=np.repeat(sizes, sizes) != 2, minlength=count), minlength=parts) == 0
    twisted = np.bincount(part, weights=choice[:count] == choice[count:], minlength=parts) > 0
    inside_out = closed & ~twisted & (volume < 0)
    flip = turned != inside_out[part]
    found = Findings(
        turned=int((turned & ~inside_out[part]).sum()),
        inside_out=int(inside_out.sum()),
        parts=parts,
        open_parts=int((~closed).sum()),
        crowded_edges=int((sizes > 2).sum()),
    )
    return np.where(flip[:, None], faces[:, ::-1], faces), found


def _fewer_turned(kept: Int, turned: Int, part: Int) -> NDArray[np.bool_]:
    """bool [F]: the face has to be turned. `kept`, `turned` [F] are the components of its two ways; a one-sided part stays as it is."""
    lowest = np.full(int(part.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(lowest, part, np.minimum(kept, turned))
    other = (kept != lowest[part]) & (kept != turned)
    share = np.bincount(part, weights=other) / np.bincount(part)
    return np.where(share[part] > 0.5, ~other & (kept != turned), other)


def fitting_normals(vertices: Float, faces: Int, normals: Float | None) -> tuple[Int, Int, Float]:
    """Unit normals on the outer side of every face: (vertex of origin [W], faces [F, 3] into the new vertices, normals [W, 3]).

    Given normals are kept where they fit; without any, smooth ones are made, sharp at edges of more than `CREASE_DEG`. A corner whose
    normal does not fit its face gets a vertex of its own with the normal of the face.
    """
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    areas = np.cross(b - a, c - a)
    outwards = np.repeat(_unit(areas), 3, axis=0)
    wanted = _creased(weld(vertices)[faces].reshape(-1), areas) if normals is None else _unit(np.nan_to_num(normals))[faces].reshape(-1, 3)
    fit = np.einsum("ij,ij->i", wanted, outwards) > 0.05
    wanted = np.where(fit[:, None], wanted, outwards)
    corners = np.column_stack([faces.reshape(-1), np.round(wanted * 1e4).astype(np.int64)])
    _, first, packed = np.unique(np.ascontiguousarray(corners).view("V32").reshape(-1), return_index=True, return_inverse=True)
    return faces.reshape(-1)[first], packed.reshape(-1, 3), wanted[first]


def _creased(places: Int, areas: Float) -> Float:
    """Normals [3 F, 3] of all corners: the mean, by area, of the faces around the corner's place [3 F] that bend little from its own.

    At places where very many faces meet (the middle of a fan) all of them count, so that the work stays bounded.
    """
    order = np.argsort(places, kind="stable")
    sizes = np.bincount(places)
    starts = np.cumsum(sizes) - sizes
    sums = np.stack([np.bincount(places, np.repeat(areas[:, k], 3)) for k in range(3)], axis=1)[places]
    few = np.flatnonzero(sizes[places] <= _MOST_AROUND)
    counts = sizes[places[few]]
    left = np.repeat(few, counts)
    within = np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts)
    right = order[np.repeat(starts[places[few]], counts) + within] // 3
    units = _unit(areas)
    flat = np.einsum("ij,ij->i", units[left // 3], units[right]) > np.cos(np.radians(CREASE_DEG))
    corner = left[flat]
    smooth = np.stack([np.bincount(corner, areas[right[flat], k], len(places)) for k in range(3)], axis=1)
    sums[few] = smooth[few]
    return _unit(sums)


def _unit(vectors: NDArray[Any]) -> Float:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > 1e-300, vectors / np.maximum(length, 1e-300), 0.0)
