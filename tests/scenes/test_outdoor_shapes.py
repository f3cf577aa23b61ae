"""Plants, street furniture and barriers: dense crowns, signs that can be read, lamps that are lit, panels that join."""

from __future__ import annotations

import inspect
import time

import numpy as np
import pytest

from scenes import palette, shapes, textures
from scenes.errors import UserError
from scenes.pieces import outdoors
from scenes.scene import Mesh, Shape
from scenes.semantics import semantic_id
from scenes.textures.signs import BOARD_M, SIGN_CELLS, SIGN_GRID, SIGNS_M

MODULES = ("vegetation", "street_furniture", "street_objects", "barriers")
KINDS = [kind for kind in shapes.SHAPES if shapes.SHAPES.target(kind).split(":")[0].removeprefix("scenes.shapes.") in MODULES]
CROWNS = ("round", "oval", "cone", "umbrella")


def _floats(kind: str) -> dict[str, float]:
    """Float parameters of a shape with their defaults."""
    return {k: p.default for k, p in inspect.signature(shapes.SHAPES[kind]).parameters.items() if isinstance(p.default, float)}


def _seen_along_y(mesh: Mesh, points: np.ndarray) -> np.ndarray:
    """Index [N] of the first face that a ray towards +y meets at points [N, 2] of x and z; -1 where it meets none."""
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    a, b, c = (corners[:, k][:, [0, 2]] for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    area = np.where(np.abs(area) < 1e-12, np.inf, area)
    p = points[:, None]
    wb = ((p[..., 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (p[..., 1] - a[:, 1]) * (c[:, 0] - a[:, 0])) / area
    wc = ((b[:, 0] - a[:, 0]) * (p[..., 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (p[..., 0] - a[:, 0])) / area
    inside = (wb >= 0) & (wc >= 0) & (wb + wc <= 1) & np.isfinite(area)
    depth = np.where(inside, corners[:, 0, 1] * (1 - wb - wc) + corners[:, 1, 1] * wb + corners[:, 2, 1] * wc, np.inf)
    return np.where(inside.any(axis=1), depth.argmin(axis=1), -1)


def test_rays_find_the_nearer_of_two_boxes() -> None:
    mesh = shapes.build(Shape.of("billboard", width=2.0, height=3.0, clearance=1.5, depth=0.4))
    first = _seen_along_y(mesh, np.array([[0.0, 2.2], [0.6, 0.5], [0.0, 0.5]]))
    assert mesh.slots[first[:2]].tolist() == [1, 0]  # the poster before its board, then a post
    assert first[2] == -1


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_have_four_measures_and_each_counts(kind: str) -> None:
    defaults = _floats(kind)
    assert len(defaults) >= 4
    mesh = shapes.build(Shape.of(kind))
    for name, value in defaults.items():
        other = shapes.build(Shape.of(kind, **{name: 1.5 * value or 0.2}))
        same = mesh.vertices.shape == other.vertices.shape and np.allclose(mesh.vertices, other.vertices, atol=1e-6)
        assert not same, f"{name} of {kind} changes nothing"


@pytest.mark.parametrize("kind", KINDS)
def test_all_slots_have_materials(kind: str) -> None:
    assert set(shapes.roles(kind)) <= set(palette.ROLES)


@pytest.mark.parametrize("crown", CROWNS)
@pytest.mark.parametrize("detail", [1.0, 0.3])
def test_crowns_hide_what_is_behind_them_but_not_like_a_wall(crown: str, detail: float) -> None:
    shares = []
    for seed in range(4):
        mesh = shapes.build(Shape.of("tree", width=6.0, height=9.0, trunk_height=2.5, crown=crown, detail=detail, seed=seed))
        angle, radius = np.meshgrid(np.linspace(0, 2 * np.pi, 24, endpoint=False), np.sqrt(np.linspace(0.02, 0.98, 12)))
        ellipse = np.stack([3.0 * radius * np.cos(angle), 5.75 + 3.25 * radius * np.sin(angle)], axis=-1).reshape(-1, 2)
        shares.append(float((_seen_along_y(mesh, ellipse) >= 0).mean()))
    assert 0.6 < np.mean(shares) < 0.98
    assert min(shares) > 0.5


@pytest.mark.parametrize("kind", ["tree", "conifer", "bare_tree"])
def test_trunks_stand_on_the_origin(kind: str) -> None:
    for seed in range(4):
        mesh = shapes.build(Shape.of(kind, trunk_height=2.0, trunk_diameter=0.4, seed=seed))
        foot = mesh.vertices[mesh.vertices[:, 2] < 0.2]
        np.testing.assert_allclose(foot[:, :2].mean(axis=0), 0.0, atol=0.03)
        assert np.hypot(foot[:, 0], foot[:, 1]).max() == pytest.approx(0.2 * 1.45, rel=0.05)


@pytest.mark.parametrize("kind", ["tree", "conifer", "bush", "hedge", "tree_line"])
def test_less_detail_is_cheaper_and_as_large(kind: str) -> None:
    near, far = Shape.of(kind, seed=3, detail=1.0), outdoors.at_detail(Shape.of(kind, seed=3), 0.3)
    assert len(shapes.build(far).faces) < 0.5 * len(shapes.build(near).faces)
    np.testing.assert_allclose(shapes.build(far).vertices.max(axis=0), shapes.build(near).vertices.max(axis=0), atol=1e-5)
    assert outdoors.at_detail(Shape.of("bollard"), 0.3) == Shape.of("bollard")


@pytest.mark.parametrize("sign", SIGN_CELLS)
def test_signs_show_their_own_picture_upright(sign: str) -> None:
    mesh = shapes.build(Shape.of("traffic_sign", sign=sign, size=0.8, height=3.0))
    face = mesh.faces[mesh.slots == 1]
    index = np.unique(face)
    place, uv = mesh.vertices[index], mesh.uvs[index] / SIGNS_M
    assert (mesh.normals[index, 1] < -0.99).all()
    slope = np.linalg.lstsq(np.column_stack([place[:, [0, 2]], np.ones(len(place))]), uv, rcond=None)[0]
    assert slope[0, 0] > 0
    assert slope[1, 1] < 0  # u to the right, v (and the picture's rows) downwards
    np.testing.assert_allclose([slope[0, 1], slope[1, 0]], 0.0, atol=1e-5)
    row, column = divmod(SIGN_CELLS.index(sign), SIGN_GRID)
    cell = uv * SIGN_GRID - (column, row)
    assert cell.min() > 0.01
    assert cell.max() < 0.99
    assert np.ptp(cell, axis=0).min() > 0.85
    middle = _seen_along_y(mesh, np.array([[0.0, float(place[:, 2].mean())]]))
    assert mesh.slots[middle] == 1


def test_a_stop_sign_is_red_with_white_strokes_in_its_middle() -> None:
    image = textures.TEXTURES["signs"](510, seed=2).astype(int)
    row, column = divmod(SIGN_CELLS.index("octagon"), SIGN_GRID)
    cell = image[170 * row : 170 * row + 170, 170 * column : 170 * column + 170]
    red, white = (cell[..., 0] > 150) & (cell[..., 1] < 80), cell.min(axis=2) > 200
    assert red[20:45, 60:110].all()
    assert 0.2 < white[70:100, 30:140].mean() < 0.7


def test_direction_boards_show_the_whole_picture() -> None:
    mesh = shapes.build(Shape.of("direction_sign"))
    index = np.unique(mesh.faces[mesh.slots == 1])
    front = index[mesh.normals[index, 1] < -0.9]
    np.testing.assert_allclose(mesh.uvs[front].min(axis=0), 0.0, atol=0.02 * BOARD_M)
    np.testing.assert_allclose(mesh.uvs[front].max(axis=0), BOARD_M, atol=0.02 * BOARD_M)


@pytest.mark.parametrize(("lit", "shown"), [("red", (3,)), ("amber", (4,)), ("green", (5,)), ("red_amber", (3, 4)), ("off", ())])
def test_only_lit_lamps_glow(lit: str, shown: tuple[int, ...]) -> None:
    size = 0.3
    mesh = shapes.build(Shape.of("traffic_light", height=3.3, size=size, lit=lit))
    foot = 3.3 - (3 * 1.28 + 0.1) * size
    lamps = np.array([[0.0, foot + (2.5 - k) * 1.28 * size + 0.05 * size] for k in range(3)])
    seen = mesh.slots[_seen_along_y(mesh, lamps)]
    assert seen.tolist() == [3 + k if 3 + k in shown else 2 for k in range(3)]


def test_unknown_styles_name_the_known() -> None:
    for shape in (Shape.of("traffic_sign", sign="heptagon"), Shape.of("traffic_light", lit="blue"), Shape.of("fence", style="bamboo")):
        with pytest.raises(UserError, match="known are"):
            shapes.build(shape)


@pytest.mark.parametrize("kind", ["hedge", "fence", "picket_fence", "board_fence", "railing", "chain_fence", "guard_rail", "garden_wall"])
def test_panels_of_any_width_reach_their_neighbours(kind: str) -> None:
    for width in (0.7, 2.9, 11.3):
        mesh = shapes.build(Shape.of(kind, width=width))
        low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
        np.testing.assert_allclose([low[0], high[0]], [-width / 2, width / 2], atol=1e-5)
        assert np.isclose(mesh.vertices[:, 0], width / 2, atol=1e-4).sum() >= 1
    assert high[2] == pytest.approx(_floats(kind)["height"], abs=1e-5)


def test_arms_reach_over_the_road_from_a_mast_on_the_origin() -> None:
    lamp, light = shapes.build(Shape.of("street_lamp", arm=1.5)), shapes.build(Shape.of("traffic_light", arm=4.0, height=5.8))
    for mesh in (lamp, light):
        foot = mesh.vertices[mesh.vertices[:, 2] < 0.05]
        np.testing.assert_allclose(foot[:, :2].min(axis=0), -foot[:, :2].max(axis=0), atol=1e-6)
    assert -2.4 < lamp.vertices[:, 1].min() < -1.5
    assert -4.4 < light.vertices[:, 0].min() < -4.0
    assert lamp.vertices[:, 2].max() == pytest.approx(7.0, abs=0.05)


@pytest.mark.parametrize("name", list(outdoors.PIECES))
def test_pieces_have_a_class_and_a_plausible_size(name: str) -> None:
    piece = outdoors.PIECES[name]
    semantic_id(piece.category, "cityscapes")
    for k in range(6):
        x, y, z = shapes.size(piece.draw(np.random.default_rng(k)))
        assert min(x, y, z) > 0.03
        assert z < 15
        assert max(x, y) < (61 if name == "tree_line" else 13)


def test_trees_of_many_scenes_share_few_meshes() -> None:
    rng = np.random.default_rng(0)
    drawn = {outdoors.PIECES["tree"].draw(rng) for _ in range(300)}
    assert 0.9 * outdoors.VARIANTS <= len(drawn) <= outdoors.VARIANTS
    heights = [shapes.size(shape)[2] for shape in drawn]
    assert max(heights) > 1.7 * min(heights)


def test_a_tree_is_built_in_milliseconds() -> None:
    shapes.build(Shape.of("tree"))
    spent = []
    for seed in range(8):
        start = time.process_time()
        shapes.SHAPES["tree"](seed=100 + seed)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.010
