"""Vehicles, cycles and people are sound, in proportion, and show from each side what one expects there."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import trimesh

from scenes import shapes
from scenes.errors import UserError
from scenes.palette import ROLES
from scenes.palette.scheme import Scheme
from scenes.pieces import PIECES, traffic
from scenes.scene import Mesh, Shape

CARS = [Shape.of("car", style=style, depth=depth, height=height) for style, depth, height in
        [("hatchback", 4.1, 1.48), ("saloon", 4.7, 1.45), ("estate", 4.7, 1.48), ("suv", 4.5, 1.68)]]  # fmt: skip
MOTOR = [*CARS, Shape.of("van", glazed=0), Shape.of("van", glazed=1), Shape.of("bus"), Shape.of("truck")]
PEOPLE = [
    Shape.of("pedestrian", outfit=outfit, hair=hair, bag=bag, phase=phase)
    for outfit, hair, bag, phase in [
        ("trousers", "cap", "shoulder", 0.1),
        ("shorts", "long", "backpack", 0.6),
        ("skirt", "helmet", "none", 0.9),
    ]
]
CYCLES = [Shape.of("bicycle", step_through=1), Shape.of("bicycle"), Shape.of("motorcycle")]
FROM = {"front": (0, -1), "rear": (0, 1), "left": (-1, 0), "right": (1, 0)}  # where one stands, seen from the middle of the object


def _name(shape: Shape) -> str:
    return "-".join([shape.kind, *(str(v) for _, v in shape.parameters)])


def _slot(mesh: Mesh, kind: str, role: str) -> np.ndarray:
    """Corners float [F, 3, 3] of the triangles of a role."""
    return mesh.vertices[mesh.faces[mesh.slots == shapes.roles(kind).index(role)]].astype(float)


def _merged(triangles: np.ndarray) -> trimesh.Trimesh:
    points, index = np.unique(triangles.reshape(-1, 3), axis=0, return_inverse=True)
    return trimesh.Trimesh(points, index.reshape(-1, 3), process=False)


def _first_hits(mesh: Mesh, eye: tuple[int, int], heights: tuple[float, float], rows: int) -> np.ndarray:
    """Slots that parallel, level rays meet first, -1 for none; by projecting all triangles, not with a ray caster."""
    axis = 0 if eye[0] else 1
    sign = eye[axis]
    corners = mesh.vertices[mesh.faces].astype(float)
    reach = 0.97 * np.abs(corners[:, :, 1 - axis]).max()
    shown = sign * np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, axis] > 1e-9
    flat, depth = corners[shown][:, :, [1 - axis, 2]], sign * corners[shown][:, :, axis]
    grid = np.stack(np.meshgrid(np.linspace(-reach, reach, 25), np.linspace(*heights, rows)), axis=-1).reshape(-1, 2)
    a, b, c = (flat[:, k][None] - grid[:, None] for k in range(3))
    cross = [u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0] for u, v in ((b, c), (c, a), (a, b))]
    weights = np.stack(cross, axis=-1) / sum(cross)[..., None]
    distance = np.where(weights.min(axis=-1) >= 0, np.einsum("rfk,fk->rf", weights, depth), -np.inf)
    return np.where(np.isfinite(distance.max(axis=1)), mesh.slots[shown][distance.argmax(axis=1)].astype(int), -1)


def _seen(shape: Shape, side: str, role: str, low: float, high: float, rows: int = 5) -> float:
    """Share of what is seen from a side, between two fractions of the height, that has a role."""
    mesh = shapes.build(shape)
    tall = float(mesh.vertices[:, 2].max())
    hits = _first_hits(mesh, FROM[side], (low * tall, high * tall), rows)
    return float((hits == shapes.roles(shape.kind).index(role)).sum() / (hits >= 0).sum())


@pytest.mark.parametrize("shape", [*MOTOR, *PEOPLE, *CYCLES], ids=_name)
def test_every_style_is_closed_and_faces_outwards(shape: Shape) -> None:
    mesh = shapes.build(shape)
    whole = _merged(mesh.vertices[mesh.faces].astype(float))
    assert whole.is_watertight
    assert whole.is_winding_consistent
    assert min(part.volume for part in whole.split(only_watertight=False)) > 0
    facing = np.einsum("fi,fi->f", whole.face_normals, mesh.normals[mesh.faces].mean(axis=1))
    assert facing.min() > 0.1


@pytest.mark.parametrize("name", list(traffic.PIECES))
def test_drawn_pieces_are_closed_and_have_the_size_they_say(name: str) -> None:
    for seed in range(6):
        shape = PIECES[name].draw(np.random.default_rng(seed))
        mesh = shapes.build(shape)
        assert _merged(mesh.vertices[mesh.faces].astype(float)).is_watertight
        np.testing.assert_allclose(np.ptp(mesh.vertices, axis=0), shapes.size(shape), atol=1e-5)
        assert len(mesh.faces) < 5200


@pytest.mark.parametrize("shape", MOTOR, ids=_name)
def test_wheels_stand_on_the_road_under_the_body(shape: Shape) -> None:
    mesh = shapes.build(shape)
    tyres = _merged(_slot(mesh, shape.kind, "tyre")).split(only_watertight=False)
    assert len(tyres) == 4
    body = np.abs(_slot(mesh, shape.kind, shapes.roles(shape.kind)[0])[..., 0])
    for tyre in tyres:
        assert tyre.bounds[0, 2] == pytest.approx(0.0, abs=1e-6)
        assert np.abs(tyre.bounds[:, 0]).max() < body.max()
        across, along, up = np.ptp(tyre.bounds, axis=0)
        assert along == pytest.approx(up, rel=0.03)
        assert across < 0.6 * up


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("style", ["hatchback", "saloon", "estate", "suv"])
def test_cars_have_the_proportions_of_cars(style: str, seed: int) -> None:
    """Wheelbase over length is 0.56 ... 0.64 and wheels are 0.36 ... 0.5 of the height among the cars on sale."""
    mesh = shapes.build(PIECES[style].draw(np.random.default_rng(seed)))
    length, height = np.ptp(mesh.vertices, axis=0)[1:]
    tyres = _merged(_slot(mesh, "car", "tyre")).split(only_watertight=False)
    hubs = sorted(float(t.bounds[:, 1].mean()) for t in tyres)
    assert 0.56 < (hubs[-1] - hubs[0]) / length < 0.64
    assert 0.36 < np.ptp(tyres[0].bounds[:, 2]) / height < 0.5
    glass = _slot(mesh, "car", "car_glass")
    assert 0.5 * height < glass[..., 2].min()
    assert glass[..., 2].max() < 0.98 * height


@pytest.mark.parametrize("side", list(FROM))
@pytest.mark.parametrize("shape", [*CARS, Shape.of("van", glazed=1), Shape.of("bus")], ids=_name)
def test_glass_shows_on_all_sides_and_paint_below_it(shape: Shape, side: str) -> None:
    band = (0.72, 0.86) if shape.kind == "car" else (0.6, 0.8)
    assert _seen(shape, side, "car_glass", *band) > 0.4
    assert _seen(shape, side, "car_glass", 0.2, 0.36) == 0.0


def test_a_delivery_van_has_windows_in_front_only() -> None:
    panel = Shape.of("van", glazed=0)
    assert _seen(panel, "front", "car_glass", 0.6, 0.8) > 0.4
    assert _seen(panel, "rear", "car_glass", 0.4, 0.95) == 0.0
    assert 0.05 < _seen(panel, "left", "car_glass", 0.6, 0.8) < 0.35


@pytest.mark.parametrize("shape", MOTOR, ids=_name)
def test_lamps_show_on_their_own_side(shape: Shape) -> None:
    for side, shown, hidden in (("front", "headlamp", "tail_lamp"), ("rear", "tail_lamp", "headlamp")):
        assert _seen(shape, side, shown, 0.1, 0.65, 20) > 0.004
        assert _seen(shape, side, hidden, 0.1, 0.65, 20) == 0.0
    plates = _slot(shapes.build(shape), shape.kind, "number_plate")[..., 1]
    assert plates.min() < -0.45 * np.ptp(plates)
    assert plates.max() > 0.45 * np.ptp(plates)


@pytest.mark.parametrize("shape", MOTOR, ids=_name)
def test_vehicles_are_alike_on_both_sides(shape: Shape) -> None:
    """Every point of the surface on the left has a mirror image on the right, of the same material."""
    mesh = shapes.build(shape)
    for slot in range(len(shapes.roles(shape.kind))):
        points = np.unique(np.round(mesh.vertices[mesh.faces[mesh.slots == slot]].reshape(-1, 3), 3), axis=0)
        if shapes.roles(shape.kind)[slot] not in ("rim", "tyre", "black_trim", "number_plate"):  # spokes, seams of wheels, letters
            mirrored = np.unique(points * (-1, 1, 1) + 0.0, axis=0)
            np.testing.assert_allclose(mirrored, np.unique(points + 0.0, axis=0), atol=2.1e-3)


@pytest.mark.parametrize("kind", ["car", "van", "bus", "truck", "bicycle", "motorcycle", "pedestrian", "rider"])
def test_each_measure_changes_the_mesh(kind: str) -> None:
    base = shapes.build(Shape.of(kind))
    measures = {k: p.default for k, p in inspect.signature(shapes.SHAPES[kind]).parameters.items() if isinstance(p.default, float)}
    assert len(measures) >= 3 + (kind != "rider")
    for name, value in measures.items():
        other = shapes.build(Shape.of(kind, **{name: 0.93 * value}))
        assert other.vertices.shape != base.vertices.shape or np.abs(other.vertices - base.vertices).max() > 2e-3, name


def test_half_a_cycle_later_a_walker_is_the_mirror_image() -> None:
    parameters: dict[str, Any] = {"width": 0.5, "depth": 0.8, "height": 1.75}
    first, second = (shapes.build(Shape.of("pedestrian", phase=phase, **parameters)) for phase in (0.2, 0.7))
    cloud = [np.unique(np.round(m.vertices * (sign, 1, 1), 3) + 0.0, axis=0) for m, sign in ((first, 1), (second, -1))]
    feet = [c[c[:, 2] < 0.1] for c in cloud]
    np.testing.assert_allclose(feet[0].mean(axis=0), feet[1].mean(axis=0), atol=0.01)
    assert np.ptp(feet[0][:, 1]) == pytest.approx(np.ptp(feet[1][:, 1]), abs=0.01)


def test_people_stand_upright_and_walkers_stride() -> None:
    heights = []
    for seed in range(6):
        walker, stander = (PIECES[f"pedestrian_{how}"].draw(np.random.default_rng(seed)) for how in ("walking", "standing"))
        mesh = shapes.build(walker)
        tops = [_slot(mesh, "pedestrian", role)[..., 2].mean() for role in ("shoes", "trousers", "top", "hair")]
        assert tops == sorted(tops)
        assert _slot(mesh, "pedestrian", "shoes")[..., 2].min() == pytest.approx(0.0, abs=1e-6)
        assert 0.25 < shapes.size(stander)[0] / shapes.size(stander)[2] < 0.42
        heights.append(shapes.size(walker)[2])
    assert 1.5 <= min(heights) < max(heights) <= 1.95
    stretched = shapes.build(Shape.of("pedestrian", phase=0.25, stride=0.7, depth=0.95, width=0.5))
    feet = _merged(_slot(stretched, "pedestrian", "shoes")).split(only_watertight=False)
    gap = abs(feet[0].centroid[1] - feet[1].centroid[1])
    assert gap == pytest.approx(0.7, abs=0.15)


def _nearest(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.reshape(-1, 3), b.reshape(-1, 3)
    return float(np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2).min()))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["bicycle", "motorcycle"])
def test_riders_sit_hold_and_tread(kind: str, seed: int) -> None:
    cycle, who = traffic.RIDDEN[kind](np.random.default_rng(seed))
    ridden, rider = shapes.build(cycle), shapes.build(who)
    dark = _slot(ridden, kind, "black_trim")
    hands = _slot(rider, "rider", "skin")
    for side in (-1, 1):
        reach = dark[(side * dark[..., 0] > 0.2).all(axis=1)]
        assert _nearest(hands[(side * hands[..., 0] > 0.15).all(axis=1)], reach) < 0.06, "hands are off the bar"
    feet = _slot(rider, "rider", "shoes")
    assert feet[..., 2].min() > 0.03
    if kind == "bicycle":
        low = dark[(dark[..., 2] < 0.6).all(axis=1)]
        for side in (-1, 1):
            assert _nearest(feet[(side * feet[..., 0] > 0).all(axis=1)], low[(side * low[..., 0] > 0.06).all(axis=1)]) < 0.06
    seat = dark[(np.abs(dark[..., 0]) < 0.16).all(axis=1) & (dark[..., 2] > 0.65).all(axis=1)]
    assert _nearest(_slot(rider, "rider", "trousers"), seat) < 0.06, "floats above the saddle"
    assert np.ptp(rider.vertices[:, 2]) > 1.0


def test_most_cars_are_white_grey_or_black() -> None:
    scheme = Scheme.draw(np.random.default_rng(0), 0.3)
    paints = np.array([ROLES["car_paint"](scheme, np.random.default_rng([7, k])).color for k in range(400)])
    neutral = (paints.max(axis=1) - paints.min(axis=1)) < 0.35 * paints.max(axis=1)
    assert 0.7 < neutral.mean() < 0.92
    light = paints.mean(axis=1)
    assert 0.15 < (light > 0.55).mean() < 0.4
    assert 0.1 < (light < 0.03).mean() < 0.35


def test_unknown_styles_name_the_known() -> None:
    with pytest.raises(UserError, match="known are hatchback, saloon, estate, suv"):
        shapes.build(Shape.of("car", style="coupe"))
    with pytest.raises(UserError, match="known are trousers, shorts, skirt, coat"):
        shapes.build(Shape.of("pedestrian", outfit="toga"))
