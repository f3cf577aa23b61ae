"""Buildings are sound, of plausible measures, with windows where one expects them; their textures have the sizes of real bricks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from test_mesh_soundness import _assert_closed_and_outward, _fighting

from scenes import shapes, textures
from scenes.palette import ROLES
from scenes.palette.scheme import Scheme
from scenes.pieces import PIECES
from scenes.pieces import buildings as catalogue
from scenes.scene import Material, Mesh, Shape, Texture
from scenes.shapes import assembly
from scenes.shapes.buildings import detached_massing
from scenes.shapes.facades import Frame, Opening, frames, wall

DRAWS = [(name, PIECES[name].draw(np.random.default_rng([7, k]))) for name in catalogue.PIECES for k in range(4)]
VARIANTS = [
    *(Shape.of("detached_house", roof=roof, across=across) for roof in ("gable", "hip", "gambrel", "flat") for across in (0, 1)),
    Shape.of("detached_house", dormers=2, shutters=1, balcony_depth=0.0, detail=1),
    Shape.of("detached_house", storeys=1, height=7.4, chimneys=0, detail=0),
    Shape.of("terraced_house", bays=3, width=7.0, bay_window=0.0, dormers=1),
    Shape.of("apartment_block", roof="hip", height=17.5, balcony_every=2, bands=0.0),
    Shape.of("shop", roof="flat", height=11.0, awning=0.0, door_position=0.0),
    Shape.of("warehouse", across=1),
    Shape.of("garage", roof="flat", height=2.8, doors=2, width=6.6),
]
SOUND = [*VARIANTS, *(shape for _, shape in DRAWS)]


def _name(shape: Shape) -> str:
    return f"{shape.kind}-{abs(int(1e6 * sum(v for _, v in shape.parameters if isinstance(v, float)))) % 9973}"


def _of_role(mesh: Mesh, shape: Shape, *wanted: str) -> NDArray[np.bool_]:
    """Which faces are covered by one of the roles [F]."""
    return np.isin(mesh.slots, [k for k, role in enumerate(shapes.roles(shape.kind)) if role in wanted])


def _normals(mesh: Mesh) -> NDArray[np.float64]:
    """Outward normals [F, 3], as long as twice the faces' areas."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(np.float64) for k in range(3))
    return np.cross(b - a, c - a)


def _first_hit(mesh: Mesh, origin: NDArray[np.float64], direction: NDArray[np.float64]) -> int:
    """Index of the first triangle on a ray (Moeller and Trumbore 1997)."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(np.float64) for k in range(3))
    e1, e2 = b - a, c - a
    p = np.cross(direction, e2)
    det = np.einsum("ij,ij->i", e1, p)
    det = np.where(np.abs(det) < 1e-12, np.inf, det)
    u = np.einsum("ij,ij->i", origin - a, p) / det
    q = np.cross(origin - a, e1)
    v = q @ direction / det
    distance = np.einsum("ij,ij->i", e2, q) / det
    distance[(u < 0) | (v < 0) | (u + v > 1) | (distance <= 0) | np.isinf(det)] = np.inf
    return int(np.argmin(distance))


@pytest.mark.parametrize("shape", SOUND, ids=_name)
def test_buildings_are_closed_and_fill_their_box(shape: Shape) -> None:
    mesh = shapes.build(shape)
    _assert_closed_and_outward(mesh)
    normal = _normals(mesh)
    assert np.linalg.norm(normal, axis=1).min() > 1e-7
    assert np.einsum("ij,ij->i", normal, mesh.normals[mesh.faces].mean(axis=1)).min() > 0
    x, y, z = shapes.size(shape)
    np.testing.assert_allclose(mesh.vertices.min(axis=0), (-x / 2, -y / 2, 0), atol=1e-4)
    np.testing.assert_allclose(mesh.vertices.max(axis=0), (x / 2, y / 2, z), atol=1e-4)


def test_nothing_is_stretched_to_fill_the_box(monkeypatch: pytest.MonkeyPatch) -> None:
    extents: list[NDArray[np.float64]] = []
    monkeypatch.setattr(assembly, "_fit", lambda mesh, low, high: extents.append(np.ptp(mesh.vertices, axis=0) - np.subtract(high, low)))
    for shape in SOUND:
        shapes.SHAPES[shape.kind](**dict(shape.parameters))
    assert len(extents) == len(SOUND)
    np.testing.assert_allclose(extents, 0.0, atol=1e-4)


@pytest.mark.parametrize("shape", [*VARIANTS, *(shape for _, shape in DRAWS[::4])], ids=_name)
def test_no_faces_of_buildings_fight_for_depth(shape: Shape) -> None:
    mesh = shapes.build(shape)
    above_ground = [p for p in _fighting(mesh) if mesh.vertices[mesh.faces[p[0]]][:, 2].max() > 1e-4]
    assert not above_ground


def test_windows_stand_in_rows_and_are_seen_from_the_street() -> None:
    bays, storeys = 4, 3
    shape = Shape.of(
        "terraced_house", width=10.0, height=12.0, storeys=storeys, bays=bays, bay_window=0.0, window_width=1.2, window_height=1.4, seed=3
    )
    mesh = shapes.build(shape)
    panes = _of_role(mesh, shape, "window_glass", "window_curtain")
    front = panes & (_normals(mesh)[:, 1] < -1e-9) & (mesh.vertices[mesh.faces][..., 2].max(axis=1) < 8.6)
    heights = mesh.vertices[mesh.faces[front]][..., 2]
    sills = np.unique(np.round(heights.min(axis=1), 2))
    found = 0
    for k in range(bays):
        x = (k + 0.5) * 10.0 / bays - 5.0
        for z in sills[np.concatenate([[True], np.diff(sills) > 1.5])] + 0.35:
            hit = _first_hit(mesh, np.array([x, -30.0, z]), np.array([0.0, 1.0, 0.0]))
            found += bool(panes[hit])
            beside = _first_hit(mesh, np.array([x + 5.0 / bays, -30.0, z]), np.array([0.0, 1.0, 0.0]))
            assert shapes.roles(shape.kind)[mesh.slots[beside]] == "facade_town" or k == bays - 1
    assert found == bays * storeys - 1  # all but the door


def test_party_walls_are_blank_and_flush() -> None:
    shape = Shape.of("terraced_house", dormers=1)
    mesh = shapes.build(shape)
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    sideways = np.abs(_normals(mesh)[:, 0]) > 0.99 * np.linalg.norm(_normals(mesh), axis=1)
    on_side = sideways & (np.abs(np.abs(corners[..., 0]) - 2.8) < 1e-4).all(axis=1)
    assert _of_role(mesh, shape, "facade_town")[on_side].any()
    assert not _of_role(mesh, shape, "window_glass", "window_curtain", "window_frame")[on_side].any()
    assert np.linalg.norm(_normals(mesh)[on_side], axis=1).sum() / 2 > 2 * 6 * 8  # two walls of about six metres by more than eight


@pytest.mark.parametrize(
    ("name", "shape"), [d for d in DRAWS if d[0] in ("detached_house", "bungalow", "terraced_house", "apartment_block")]
)
def test_storeys_are_as_high_as_in_real_houses(name: str, shape: Shape) -> None:
    plain = Shape.of(
        name if name != "bungalow" else "detached_house", **{**dict(shape.parameters), "detail": 0}
    )  # without blinds and frames
    mesh = shapes.build(plain)
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    wall_y = corners[_of_role(mesh, plain, "facade", "facade_town") & (_normals(mesh)[:, 1] > 0.5)][..., 1].max()
    behind = _of_role(mesh, plain, "window_glass", "window_curtain") & (_normals(mesh)[:, 1] > 1e-9)
    behind &= (np.abs(corners[..., 1] - (wall_y - 0.12)) < 1e-3).all(axis=1)
    sills = np.unique(np.round(corners[behind][..., 2].min(axis=1), 2))
    assert len(sills) == int(shape.number("storeys"))
    assert ((np.diff(sills) > 2.6 - 0.02) & (np.diff(sills) < 3.6)).all()
    assert 0.5 < sills[0] < 2.2


@pytest.mark.parametrize("pitch", [25.0, 38.0, 47.0])
@pytest.mark.parametrize("roof", ["gable", "hip"])
def test_roofs_are_as_steep_as_asked(roof: str, pitch: float) -> None:
    shape = Shape.of("detached_house", roof=roof, roof_pitch=pitch, height=13.0, porch=0.0, balcony_depth=0.0)
    mesh = shapes.build(shape)
    normal = _normals(mesh)[_of_role(mesh, shape, "roof")]
    area = np.linalg.norm(normal, axis=1)
    slope = np.degrees(np.arccos(normal[:, 2] / area))[area > 10]
    assert len(slope) >= 4
    np.testing.assert_allclose(slope, pitch, atol=0.05)


def test_the_walls_are_what_eaves_and_balcony_leave() -> None:
    massing = detached_massing(11.5, 11.0, "gable", 38.0, 0.5, 0.35, 1.1, 1, 0)
    assert massing.footprint == pytest.approx((11.5 - 2 * 0.3, 11.0 - 0.5 - 1.1))
    half_span = (11.0 - 1.6) / 2
    assert massing.beside_storeys == pytest.approx(0.35 + 0.16 + half_span * np.tan(np.radians(38.0)) + 0.8)
    mesh = shapes.build(Shape.of("detached_house"))
    brick = mesh.vertices[mesh.faces[mesh.slots == 0]]
    assert np.ptp(brick[..., 0]) == pytest.approx(massing.footprint[0], abs=1e-3)
    assert np.ptp(brick[..., 1]) == pytest.approx(massing.footprint[1], abs=1e-3)


def test_a_wall_and_its_openings_cover_the_rectangle_once() -> None:
    openings = [Opening(s=1.0, z=0.9, width=1.0, height=1.2), Opening(s=3.0, z=0.1, width=0.9, height=2.0, pane="front_door")]
    frame = frames(5.0, 4.0)[0]
    slots = wall(frame, 5.0, 3.0, openings, [(2.5, 4.0)])
    corners = np.concatenate([p.vertices[p.faces] for parts in slots.values() for p in parts])
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
    assert -normal[:, 1].sum() == pytest.approx(5.0 * 3.0 + 5.0 * 1.0 / 2)  # projected on the wall's plane
    assert normal[:, [0, 2]].sum(axis=0) == pytest.approx([0.0, 0.0], abs=1e-9)
    assert {role: len(parts) > 0 for role, parts in slots.items()} == dict.fromkeys(
        ("facade", "window_frame", "window_glass", "front_door"), True
    )
    pane = slots["window_glass"][0].vertices
    np.testing.assert_allclose(np.ptp(pane, axis=0), (1.0 - 0.12, 0.0, 1.2 - 0.12), atol=1e-6)
    assert pane[0, 1] == pytest.approx(-2.0 + 0.12 + 0.035)


def test_a_frame_looks_along_its_wall() -> None:
    back: Frame = frames(6.0, 4.0)[2]
    np.testing.assert_allclose(back.place(np.array([1.0, 2.0, 0.5])), (2.0, 1.5, 2.0))


@pytest.mark.parametrize("kind", ["detached_house", "apartment_block", "shop", "office_block", "warehouse"])
def test_less_detail_costs_less_in_the_same_box(kind: str) -> None:
    meshes = [shapes.build(Shape.of(kind, detail=detail)) for detail in (0, 1, 2)]
    counts = [len(mesh.faces) for mesh in meshes]
    assert counts[0] < counts[1] < counts[2]
    assert counts[0] < 0.8 * counts[2]
    for mesh in meshes[:2]:
        np.testing.assert_allclose(np.ptp(mesh.vertices, axis=0), np.ptp(meshes[2].vertices, axis=0), atol=1e-4)


def test_catalogue_keeps_to_its_triangle_budget() -> None:
    counts = {name: [len(shapes.build(s).faces) for n, s in DRAWS if n == name] for name in catalogue.PIECES}
    assert max(max(c) for c in counts.values()) < 6500
    assert np.mean([np.mean(c) for c in counts.values()]) < 2500


def test_signs_show_one_board_once() -> None:
    shape = Shape.of("shop", seed=5, sign_height=0.65)
    mesh = shapes.build(shape)
    uvs = mesh.uvs[mesh.faces[_of_role(mesh, shape, "shop_sign")]].reshape(-1, 2)
    np.testing.assert_array_equal(np.unique(np.floor(uvs[:, 1] / 0.7)), [5])
    assert uvs[:, 0].min() > 0
    assert uvs[:, 0].max() < 5.6


def _waves(texture: Texture, axis: int) -> int:
    """The strongest frequency of a picture's mean line, in waves a picture: rows for axis 0, columns for axis 1."""
    line = textures.build(texture).astype(float).mean(axis=(1 - axis, 2))
    return int(np.argmax(np.abs(np.fft.rfft(line - line.mean()))[1:]) + 1)


@pytest.mark.parametrize("tone", [0, 1, 4])
def test_bricks_have_the_size_of_bricks(tone: int) -> None:
    scheme = Scheme.draw(np.random.default_rng(0), 0.3)
    found: list[Material] = [ROLES["chimney"](scheme, np.random.default_rng(k)) for k in range(4)]
    for texture in [m.texture for m in found if m.texture]:
        assert texture.metres / _waves(texture, 0) == pytest.approx(0.0833, abs=0.001)  # twelve courses a metre
    picture = textures.build(Texture.of("brickwork", metres=2.0, resolution=768, tone=tone)).astype(float).mean(axis=2)
    courses = picture.reshape(24, 32, 768)[:, 12:20].mean(axis=1)  # [24, 768], through the middle of each course
    even, odd = courses[0::2].mean(axis=0), courses[1::2].mean(axis=0)
    for line in (even, odd):
        repeats = [np.corrcoef(line, np.roll(line, lag))[0, 1] for lag in range(60, 150)]
        assert 60 + int(np.argmax(repeats)) == pytest.approx(96, abs=1)  # a brick and its joint: 0.25 m of 2 m
    assert np.corrcoef(even, np.roll(odd, 48))[0, 1] > np.corrcoef(even, odd)[0, 1]  # half a brick apart


@pytest.mark.parametrize(
    ("kind", "metres", "axis", "size"),
    [
        ("clapboard", 2.4, 0, 0.15),
        ("roof_tiles", 3.0, 0, 1 / 3),
        ("roof_tiles", 3.0, 1, 0.25),
        ("slates", 3.0, 0, 3 / 14),
        ("sheet_metal", 2.0, 1, 0.2),
    ],
)
def test_coverings_have_their_stated_size(kind: str, metres: float, axis: int, size: float) -> None:
    assert metres / _waves(Texture.of(kind, metres=metres), axis) == pytest.approx(size, rel=0.02)


def test_worn_paint_and_old_asphalt_show_their_age() -> None:
    fresh, worn = (textures.build(Texture.of("road_paint", wear=wear)).mean() for wear in (0.1, 0.9))
    assert fresh - worn > 10
    new, old = (textures.build(Texture.of("asphalt", age=age)).astype(float) for age in (0.0, 1.0))
    assert np.percentile(new, 0.5) - np.percentile(old, 0.5) > 10  # cracks are the darkest there is


def test_glass_is_dark_and_smooth_and_walls_are_neither() -> None:
    scheme = Scheme.draw(np.random.default_rng(0), 0.3)
    for k in range(20):
        glass, brick = (ROLES[role](scheme, np.random.default_rng(k)) for role in ("window_glass", "facade"))
        assert max(glass.color) < 0.25
        assert glass.roughness < 0.2 < brick.roughness
        assert glass.color[2] >= glass.color[0]
