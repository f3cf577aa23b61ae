"""Every shape is what renderers and labels rely on: closed, outward-facing, of the stated size, free of faces that fight for depth."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from scenes import rooms, shapes
from scenes.errors import UserError
from scenes.randomness import Streams
from scenes.scene import Mesh, Shape

Variants = dict[str, list[dict[str, Any]]]
ROOM_PARTS: Variants = {
    "floor": [{"length": 4.0, "breadth": 3.0}],
    "ceiling": [{"length": 4.0, "breadth": 3.0}],
    "wall": [
        {"length": 4.0, "room_height": 2.5},
        {"length": 4.0, "room_height": 2.5, "holes": (0.5, 0.9, 1.4, 1.2)},
        {"length": 4.0, "room_height": 2.5, "holes": (-1.0, 0.0, 0.9, 2.0)},
        {"length": 4.0, "room_height": 2.5, "thickness": 0.06, "holes": (-1.0, 0.0, 0.9, 2.0, 0.9, 0.8, 1.0, 1.2)},
    ],
    "door": [{"panels": k} for k in range(4)],
    "slab": [{"left": (0.0, 0.0, 4.0, 0.5, 8.0, 0.0), "right": (0.0, -3.0, 4.0, -2.5, 8.0, -3.0), "along": k} for k in (0, 1)],
    "dashes": [{"line": (0.0, 0.0, 20.0, 1.0, 40.0, 0.0)}, {"line": (0.0, 0.0, 9.0, 0.0), "gap": 0.0}],
    "window": [{"panes": 3, "bars": 2}, {"panes": 1}, {"backdrop": 0}],
}
SOLIDS: Variants = {
    "box": [{"x": 1.0, "y": 2.0, "z": 3.0}],
    "sphere": [{"radius": 0.7, "subdivisions": 2}],
    "cylinder": [{"radius": 0.5, "height": 2.0}],
}
VARIANTS: Variants = {
    "chair": [{"back": back, "legs": legs} for back, legs in (("slats", "tapered"), ("bars", "straight"), ("panel", "round"))],
    "plant": [{"habit": habit, "seed": seed} for habit in ("arching", "blades", "tree") for seed in (0, 7)],
    "vase": [{"style": style} for style in ("round", "tall", "flared", "bottle")],
    "table": [{}, {"height": 0.42, "shelf": 1}],
    "round_table": [{"pedestal": 0}, {"pedestal": 1}],
    "cabinet": [{"columns": 3, "rows": 1, "handle": "knob", "foot": 0.0}, {"columns": 1, "rows": 3, "height": 0.6, "width": 0.5}],
    "sofa": [{"seats": 1, "width": 0.85}, {"seats": 3}],
    "bed": [{"width": 0.95, "pillows": 1}, {}],
    "picture": [{"mount": 0.0}, {"width": 1.0, "height": 0.5}],
    "kitchen_counter": [
        {},
        {"columns": 3, "drawers": 0, "drawer_row": 0.15, "handle": "edge"},
        {"handle": "knob", "width": 0.6, "columns": 1},
    ],
    "stove": [{}, {"hob": "gas"}],
    "refrigerator": [{}, {"freezer": 0.0}, {"freezer_below": 0}],
    "range_hood": [{"style": "chimney"}, {"style": "visor"}],
    "toilet": [{"lid": "closed"}, {"lid": "open"}],
    "washbasin": [{"style": "pedestal"}, {"style": "vanity"}],
    "bathtub": [{"style": "built_in"}, {"style": "freestanding"}],
    "mirror": [{"style": "square"}, {"style": "oval"}],
    "towel_rail": [{}, {"bars": 5}],
    "shoe_cabinet": [{}, {"columns": 2, "flaps": 2}],
    "coat_rack": [{}, {"coats": 0}, {"coats": 4}],
    "coat_hooks": [{}, {"hooks": 6, "coats": 4, "width": 1.2}],
    "glass": [{"style": "tumbler"}, {"style": "wine"}, {"style": "goblet", "filled": 0.8}],
    "bottle": [{"style": style} for style in ("wine", "beer", "water", "flask")],
    "package": [{}, {"fold": 0.05, "spout": 0.03, "width": 0.095, "depth": 0.07, "height": 0.24}],
    "waste_bin": [{"style": "open"}, {"style": "lid"}],
    "umbrella_stand": [{"umbrellas": 1}, {"umbrellas": 4}],
    "toy_train": [{"wagons": 0, "depth": 0.2}, {"wagons": 2}],
    "toy_blocks": [{"seed": 0}, {"seed": 7, "block": 0.04}],
    "hall_bench": [{}, {"shelf": 0.0}],
    "office_chair": [{}, {"width": 0.7, "height": 1.2}],
    "tree": [{"crown": crown, "seed": seed} for seed, crown in enumerate(("round", "oval", "cone", "umbrella"))] + [{"detail": 0.2}],
    "conifer": [{}, {"width": 1.6, "height": 4.0, "seed": 3}],
    "bush": [{}, {"width": 0.5, "depth": 0.4, "height": 0.5, "roughness": 0.8, "seed": 5}],
    "hedge": [{}, {"width": 8.0, "roughness": 0.2, "seed": 2}, {"width": 1.0, "depth": 0.4, "height": 0.5, "detail": 0.3}],
    "tree_line": [{"detail": 0.3}, {"width": 90.0, "depth": 12.0, "height": 16.0, "seed": 4}],
    "street_lamp": [{}, {"arm": 0.0, "height": 4.0}, {"double": 1}],
    "traffic_light": [
        {"lit": "off"},
        {"lamps": 2, "lit": "green"},
        {"lamps": 1, "lit": "amber"},
        {"arm": 4.0, "height": 5.8, "board": 0.1},
    ],
    "traffic_sign": [{"sign": "triangle"}, {"sign": "limit", "plate": 0.6}, {"sign": "octagon"}, {"sign": "diamond"}, {"sign": "square"}],
    "pole": [{}, {"arms": 0}, {"arms": 3}],
    "post_box": [{}, {"pillar": 0}],
    "bus_stop": [{}, {"panes": 2, "width": 2.6, "depth": 1.2}],
    "fence": [{"style": style} for style in ("picket", "boards", "bars", "chain")],
    "chain_fence": [{}, {"width": 6.0, "height": 1.0, "mesh": 0.15}],
    "guard_rail": [{}, {"width": 1.0}],
    "garden_wall": [{}, {"pillars": 0.3, "height": 1.6}],
    "gate": [{}, {"open_deg": 50.0, "arch": 0.0, "width": 2.6}],
}
CASES = [
    Shape.of(kind, **parameters)
    for kind in shapes.SHAPES
    if kind != "plane" and shapes.SHAPES.target(kind).startswith("scenes.shapes.")  # not files, nor those that other tests add
    for parameters in (ROOM_PARTS | SOLIDS | VARIANTS).get(kind, [{}])
]


def _case_id(shape: Shape) -> str:
    return shape.kind + "-" + "-".join(str(v) for _, v in shape.parameters)


def _components(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Triangles with vertices of equal position merged [F, 3], and the connected component of each [F]."""
    _, index = np.unique(mesh.vertices + np.float32(0), axis=0, return_inverse=True)
    faces = index.reshape(-1)[mesh.faces]
    links = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(faces.max() + 1,) * 2)
    _, label = connected_components(graph, directed=False)
    return faces, label[faces[:, 0]]


def _assert_closed_and_outward(mesh: Mesh) -> None:
    faces, component = _components(mesh)
    a, b = faces.reshape(-1).astype(np.int64), np.roll(faces, -1, axis=1).reshape(-1).astype(np.int64)
    span = int(faces.max()) + 1
    edges, there = np.unique(a * span + b, return_counts=True)
    back, opposite = np.unique(b * span + a, return_counts=True)
    known = dict(zip(back.tolist(), opposite.tolist(), strict=True))
    unmatched = [edge for edge, count in zip(edges.tolist(), there.tolist(), strict=True) if known.get(edge, 0) != count]
    assert not unmatched, f"{len(unmatched)} of {len(edges)} edges have no opposite"
    a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(np.float64) for k in range(3))
    volume = np.bincount(component, np.einsum("ij,ij->i", a, np.cross(b, c)) / 6)
    assert volume[np.unique(component)].min() > 0, "a part is inside out"


@pytest.mark.parametrize("shape", CASES, ids=_case_id)
def test_parts_are_closed_and_face_outwards(shape: Shape) -> None:
    _assert_closed_and_outward(shapes.build(shape))


def test_the_check_of_closedness_notices_a_hole_and_a_flipped_face() -> None:
    sound = shapes.build(Shape.of("chair"))
    holed = Mesh(sound.vertices, sound.faces[:-1].copy(), sound.uvs, sound.slots[:-1].copy(), sound.normals)
    with pytest.raises(AssertionError, match="no opposite"):
        _assert_closed_and_outward(holed)
    inside_out = Mesh(sound.vertices, sound.faces[:, ::-1].copy(), sound.uvs, sound.slots, sound.normals)
    with pytest.raises(AssertionError, match="inside out"):
        _assert_closed_and_outward(inside_out)


@pytest.mark.parametrize("shape", CASES, ids=_case_id)
def test_arrays_are_well_formed(shape: Shape) -> None:
    mesh = shapes.build(shape)
    a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(np.float64) for k in range(3))
    normal = np.cross(b - a, c - a)
    area = np.linalg.norm(normal, axis=1) / 2
    assert area.min() > 1e-9
    assert np.isfinite(mesh.uvs).all()
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1.0, atol=1e-5)
    shading = mesh.normals[mesh.faces].mean(axis=1)
    assert np.einsum("ij,ij->i", normal, shading).min() > 0, "a shading normal points into the solid"
    used = list(range(len(shapes.roles(shape.kind))))
    assert sorted(set(mesh.slots.tolist())) == (used[:-1] if ("backdrop", 0) in shape.parameters else used)
    assert not mesh.vertices.flags.writeable


@pytest.mark.parametrize(
    "shape", [s for s in CASES if s.kind not in ROOM_PARTS and "width" in inspect.signature(shapes.SHAPES[s.kind]).parameters], ids=_case_id
)
def test_bounding_box_is_what_the_parameters_say(shape: Shape) -> None:
    mesh = shapes.build(shape)
    x, y, z = shapes.size(shape)
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    back = 0.0 if shapes.is_wall_hung(shape.kind) else y / 2
    np.testing.assert_allclose(low, (-x / 2, back - y, 0.0), atol=1e-5)
    np.testing.assert_allclose(high, (x / 2, back, z), atol=1e-5)


@pytest.mark.parametrize(("kind", "radius"), [("sphere", 0.7), ("cylinder", 0.5)])
def test_round_solids_are_centred_and_round(kind: str, radius: float) -> None:
    mesh = shapes.build(Shape.of(kind, **SOLIDS[kind][0]))
    np.testing.assert_allclose(mesh.vertices.min(axis=0), -mesh.vertices.max(axis=0), atol=1e-5)
    reach = np.linalg.norm(mesh.vertices[:, : 3 if kind == "sphere" else 2], axis=1)
    assert reach.max() == pytest.approx(radius, abs=1e-5)
    if kind == "sphere":
        assert reach.min() == pytest.approx(radius, abs=1e-5)


def test_plane_is_open_and_faces_up() -> None:
    mesh = shapes.build(Shape.of("plane", x=2.0, y=1.0))
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    assert (normal[:, 2] > 0).all()
    assert normal[:, 2].sum() / 2 == pytest.approx(2.0)


def _fighting(mesh: Mesh) -> list[tuple[int, int]]:
    """Pairs of triangles of different parts that lie in one plane, face the same way and overlap."""
    _, component = _components(mesh)
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    offset = np.einsum("ij,ij->i", normal, corners[:, 0])
    key = np.round(np.column_stack([normal, offset]), 4)
    _, group = np.unique(key, axis=0, return_inverse=True)
    weights = np.array([[1, 1, 1], [4, 1, 1], [1, 4, 1], [1, 1, 4], [2, 2, 0.3], [2, 0.3, 2], [0.3, 2, 2]])
    points = np.einsum("kw,fwc->fkc", weights / weights.sum(axis=1, keepdims=True), corners)
    pairs = []
    for g in np.flatnonzero(np.bincount(group.ravel()) > 1):
        members = np.flatnonzero(group.ravel() == g)
        if len(set(component[members].tolist())) < 2:
            continue
        for i in members:
            others = members[component[members] != component[i]]
            a, e1, e2 = corners[i, 0], corners[i, 1] - corners[i, 0], corners[i, 2] - corners[i, 0]
            basis = np.linalg.pinv(np.stack([e1, e2], axis=1))
            st = (points[others] - a) @ basis.T
            inside = (st.min(axis=2) > 1e-3) & (st.sum(axis=2) < 1 - 1e-3)
            pairs += [(int(i), int(j)) for j in others[inside.any(axis=1)]]
    return pairs


@pytest.mark.parametrize("shape", CASES, ids=_case_id)
def test_no_faces_fight_for_depth(shape: Shape) -> None:
    mesh = shapes.build(shape)
    pairs = _fighting(mesh)
    hidden_below = [p for p in pairs if mesh.vertices[mesh.faces[p[0]]][:, 2].max() < 1e-4]  # undersides on the floor are never seen
    assert len(pairs) == len(hidden_below)


def test_all_shapes_of_sampled_rooms_are_closed() -> None:
    found = {instance.shape for index in range(6) for instance in rooms.sample(rooms.Config(), Streams(5, index)).instances}
    assert len(found) > 60
    for shape in found:
        _assert_closed_and_outward(shapes.build(shape))


def test_unknown_shape_names_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'chair'"):
        shapes.build(Shape.of("chiar"))
