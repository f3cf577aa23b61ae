"""Sampled houses obey their own rules, checked on the meshes rather than on the boxes that placed them."""

from __future__ import annotations

import functools
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from room_matter import may_touch
from scipy import ndimage
from scipy.spatial import ConvexHull

from scenes import houses, shapes
from scenes.camera import Camera
from scenes.distributions import Choice
from scenes.furnishing.layout import Box, Item
from scenes.furnishing.space import Boxes, Ground
from scenes.geometry import look_at, transform
from scenes.houses import furniture
from scenes.houses.plan import Rect
from scenes.houses.views import Surroundings, view_score
from scenes.randomness import Streams
from scenes.scene import Instance, PointLight, Scene, Sun
from scenes.semantics import semantic_id

SEEDS = range(8)
BUILDING = ("floor", "ceiling", "wall", "door", "window", "lawn", "hedge", "tree")
CELL_M, PERSON_M = 0.04, 0.18  # so gaps of 36 cm are passed, which take turning sideways


@functools.cache
def house(index: int) -> Scene:
    return houses.sample(houses.Config(), Streams(3, index))


@functools.cache
def points(index: int, name: str) -> np.ndarray:
    """World positions [V, 3] of an instance's vertices."""
    instance = next(i for i in house(index).instances if i.name == name)
    return transform(instance.motion.at(0), shapes.build(instance.shape).vertices)


def things(scene: Scene) -> list[Instance]:
    return [i for i in scene.instances if i.category not in BUILDING]


def hull(cloud: np.ndarray) -> np.ndarray:
    """Convex outline [N, 2] of points seen from above, counter-clockwise."""
    flat = cloud[:, :2]
    return flat[ConvexHull(flat).vertices]


def inside(outline: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether places lie in a convex, counter-clockwise outline."""
    edges = np.roll(outline, -1, axis=0) - outline
    return np.all(
        [ex * (y - py) - ey * (x - px) > -1e-9 for (px, py), (ex, ey) in zip(outline.tolist(), edges.tolist(), strict=True)], axis=0
    )


def penetration(a: np.ndarray, b: np.ndarray) -> float:
    """Depth in metres by which two convex outlines overlap (negative: they are apart), by projection on all edge normals."""
    least = np.inf
    for outline in (a, b):
        edges = np.roll(outline, -1, axis=0) - outline
        normals = np.stack([edges[:, 1], -edges[:, 0]], axis=1)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        pa, pb = normals @ a.T, normals @ b.T
        least = min(least, float(np.minimum(pa.max(1) - pb.min(1), pb.max(1) - pa.min(1)).min()))
    return least


@pytest.mark.parametrize("index", SEEDS)
def test_instances_are_named_and_known(index: int) -> None:
    scene = house(index)
    names = [i.name for i in scene.instances]
    assert len(set(names)) == len(names) > 40
    for instance in scene.instances:
        assert semantic_id(instance.category, scene.label_space) > 0
        assert len(instance.materials) == len(shapes.roles(instance.shape.kind))


@pytest.mark.parametrize("index", SEEDS)
def test_the_budgets_are_kept(index: int) -> None:
    scene = house(index)
    assert sum(len(shapes.build(i.shape).faces) for i in scene.instances) <= houses.Config().triangles
    assert len(scene.lights) <= houses.Config().most_lights


def test_a_small_budget_drops_small_things_first() -> None:
    full, lean = house(0), houses.sample(houses.Config(triangles=70_000), Streams(3, 0))
    gone = {i.name for i in full.instances} - {i.name for i in lean.instances}
    assert len(gone) == lean.metadata["dropped_for_triangles"] > 5
    assert sum(len(shapes.build(i.shape).faces) for i in lean.instances) <= 70_000
    assert lean.camera_motion == full.camera_motion
    large = [i for i in full.instances if i.name in gone and i.category in ("bed", "sofa", "table", "desk")]
    assert not large or not any(i.category in ("mug", "vase", "bowl", "cushion", "picture") for i in lean.instances)
    assert not any(i.category in BUILDING and i.shape.kind != "splashback" for i in full.instances if i.name in gone)


@pytest.mark.parametrize("index", SEEDS)
def test_nothing_overlaps(index: int) -> None:
    scene = house(index)
    found = things(scene)
    clouds = [points(index, i.name) for i in found]
    low, high = np.array([c.min(axis=0) for c in clouds]), np.array([c.max(axis=0) for c in clouds])
    for i, j in combinations(range(len(found)), 2):
        if (np.minimum(high[i], high[j]) - np.maximum(low[i], low[j]) < 1e-3).any():
            continue
        if not may_touch(scene.metadata["supports"], found[i], found[j]):
            assert penetration(hull(clouds[i]), hull(clouds[j])) < 1e-3, f"{found[i].name} and {found[j].name} overlap"


def test_curtains_hang_beside_radiators_not_through_them() -> None:
    pairs = 0
    for index in SEEDS:
        found = {category: [i for i in house(index).instances if i.category == category] for category in ("curtain", "radiator")}
        for radiator in found["radiator"]:
            low, high = points(index, radiator.name).min(axis=0), points(index, radiator.name).max(axis=0)
            for curtain in found["curtain"]:
                cloth = points(index, curtain.name)
                pairs += bool(np.linalg.norm(cloth.mean(axis=0)[:2] - (low + high)[:2] / 2) < 0.2)
                assert not ((cloth > low) & (cloth < [high[0], high[1], 9.0])).all(axis=1)[cloth[:, 2] < high[2] + 0.3].any(), curtain.name
    assert pairs > 5


@pytest.mark.parametrize("index", SEEDS)
def test_everything_is_inside_its_room(index: int) -> None:
    scene = house(index)
    rooms = {room["name"]: room["inside_m"] for room in scene.metadata["rooms"]}
    for instance in things(scene):
        x0, y0, x1, y1 = rooms[instance.name.partition("/")[0]]
        cloud = points(index, instance.name)
        assert (cloud.min(axis=0) > np.array([x0, y0, 0]) - 2e-3).all(), instance.name
        assert (cloud.max(axis=0) < np.array([x1, y1, scene.metadata["height_m"]]) + 2e-3).all(), instance.name


@pytest.mark.parametrize("index", SEEDS)
def test_everything_stands_lies_or_hangs(index: int) -> None:
    scene = house(index)
    top = {i.name: float(points(index, i.name)[:, 2].max()) for i in things(scene)}
    for instance in things(scene):
        low = float(points(index, instance.name)[:, 2].min())
        on = scene.metadata["supports"].get(instance.name)
        if on is not None:
            assert on in top, f"{instance.name} lost what it stands on"
            assert low < top[on] + 2e-3, f"{instance.name} floats above {on}"
        elif not shapes.is_wall_hung(instance.shape.kind) and instance.category != "lamp":
            assert abs(low) < 2e-3, f"{instance.name} floats"
        elif instance.category == "lamp":
            assert abs(low) < 2e-3 or abs(top[instance.name] - scene.metadata["height_m"]) < 2e-3, f"{instance.name} floats"


def _free_floor(index: int, room: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Where in a room a person can stand, bool [X, Y] with cells of CELL_M, and the position (x, y) of the first cell's middle.

    The floor goes on for a step into each doorway; the outlines of all meshes between 5 cm and 1.9 m block it.
    """
    scene = house(index)
    x0, y0, x1, y1 = room["inside_m"]
    start = np.array([x0 - 0.6, y0 - 0.6])
    shape = np.ceil((np.array([x1, y1]) + 0.6 - start) / CELL_M).astype(int)
    x, y = start[0] + CELL_M * np.arange(shape[0])[:, None], start[1] + CELL_M * np.arange(shape[1])[None]
    free = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    for door in scene.metadata["doors"]:
        if room["name"] in door["between"]:
            (dx, dy), half = door["at_m"], door["width_m"] / 2
            level = min(abs(dy - y0), abs(dy - y1)) < 0.2 and x0 < dx < x1
            free |= (np.abs(x - dx) < (half if level else 0.5)) & (np.abs(y - dy) < (0.5 if level else half))
    for instance in scene.instances:
        cloud = points(index, instance.name)
        blocks = instance.shape.kind == "door_leaf" or instance.category not in (*BUILDING, "rug")
        body = cloud[(cloud[:, 2] > 0.05)]
        if not blocks or not len(body) or body[:, 2].min() > 1.9:
            continue
        if instance.category == "door" and "shut" in {d["leaf"] for d in scene.metadata["doors"] if _at(d, cloud)}:
            continue
        low, high = body.min(axis=0)[:2], body.max(axis=0)[:2]
        i0, j0 = np.clip(((low - start) / CELL_M).astype(int) - 1, 0, shape)
        i1, j1 = np.clip(((high - start) / CELL_M).astype(int) + 2, 0, shape)
        if i0 < i1 and j0 < j1:
            free[i0:i1, j0:j1] &= ~inside(hull(body), x[i0:i1], y[:, j0:j1])
    return free, start


def _at(door: dict[str, Any], cloud: np.ndarray) -> bool:
    """Whether a leaf belongs to a door."""
    return bool(np.linalg.norm(cloud[:, :2] - door["at_m"], axis=1).min() < door["width_m"] / 2 + 0.1)


@pytest.mark.parametrize("index", SEEDS)
def test_all_doors_of_a_room_are_joined_by_free_floor(index: int) -> None:
    scene = house(index)
    for room in scene.metadata["rooms"]:
        free, start = _free_floor(index, room)
        regions, _ = ndimage.label(ndimage.distance_transform_edt(free) * CELL_M > PERSON_M)
        x0, y0, x1, y1 = room["inside_m"]
        before = []
        for door in scene.metadata["doors"]:
            if room["name"] in door["between"]:
                place = np.clip(door["at_m"], (x0 + 0.4, y0 + 0.4), (x1 - 0.4, y1 - 0.4))
                before.append(int(regions[tuple(np.round((place - start) / CELL_M).astype(int))]))
        assert len(set(before)) == 1, f"{room['name']}: {before}"
        assert before[0] > 0, f"{room['name']}: a door is blocked"


def _distance(point: np.ndarray, triangles: np.ndarray) -> float:
    """Distance of a point to the nearest of triangles [N, 3, 3] (Ericson, Real-Time Collision Detection, 5.1.5, by cases at once)."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    best = np.full(len(triangles), np.inf)
    for p, q in ((a, b), (b, c), (c, a)):
        edge = q - p
        t = np.clip(np.einsum("ij,ij->i", point - p, edge) / np.maximum(np.einsum("ij,ij->i", edge, edge), 1e-18), 0, 1)
        best = np.minimum(best, np.linalg.norm(point - p - t[:, None] * edge, axis=1))
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-18)
    above = np.einsum("ij,ij->i", point - a, normal)
    foot = point - above[:, None] * normal
    over = np.all([np.einsum("ij,ij->i", np.cross(q - p, foot - p), normal) >= 0 for p, q in ((a, b), (b, c), (c, a))], axis=0)
    return float(np.where(over, np.minimum(np.abs(above), best), best).min())


def test_distance_to_a_triangle() -> None:
    triangle = np.array([[[0, 0, 0], [1, 0, 0], [0, 1, 0]]], dtype=float)
    assert _distance(np.array([0.2, 0.2, 0.3]), triangle) == pytest.approx(0.3)
    assert _distance(np.array([-0.3, 0.2, 0.4]), triangle) == pytest.approx(0.5)
    assert _distance(np.array([1.3, 0.0, 0.4]), triangle) == pytest.approx(0.5)


@pytest.mark.parametrize("index", SEEDS)
def test_the_camera_keeps_ten_centimetres_from_everything(index: int) -> None:
    scene = house(index)
    eyes = scene.camera_motion.poses[:, :3, 3]
    low, high = eyes.min(axis=0) - 0.6, eyes.max(axis=0) + 0.6
    for instance in scene.instances:
        cloud = points(index, instance.name)
        if (cloud.min(axis=0) > high).any() or (cloud.max(axis=0) < low).any():
            continue
        corners = cloud[shapes.build(instance.shape).faces]
        near = corners[(corners.min(axis=1) < high).all(axis=1) & (corners.max(axis=1) > low).all(axis=1)]
        for eye in eyes if len(near) else ():
            assert _distance(eye, near) > 0.15, instance.name


@pytest.mark.parametrize("index", SEEDS)
def test_the_camera_walks_inside_at_eye_height(index: int) -> None:
    scene = house(index)
    poses = scene.camera_motion.poses
    boxes = np.array([room["inside_m"] for room in scene.metadata["rooms"]])
    for x, y, z in poses[:, :3, 3]:
        assert 0.9 < z < 1.9
        away = np.maximum(np.maximum(boxes[:, :2] - (x, y), (x, y) - boxes[:, 2:]), 0).max(axis=1)
        assert away.min() < 0.1  # in a room, or in the thickness of a wall between two
    steps = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1)
    turns = np.degrees(np.arccos(np.clip(np.einsum("ij,ij->i", poses[1:, :3, 2], poses[:-1, :3, 2]), -1, 1)))
    assert steps.max() < 0.2
    assert turns.max() < 12
    assert np.abs(np.arcsin(poses[:, 2, 2])).max() < np.radians(35)


def test_clips_through_doors_cross_a_threshold() -> None:
    config = houses.Config(through_door=Choice((1,)), frames=16, rooms=Choice((4,)))
    crossed = [len(houses.sample(config, Streams(5, k)).metadata["visited"]) > 1 for k in range(5)]
    assert sum(crossed) >= 3


def test_long_walks_visit_several_rooms_and_stay_clear() -> None:
    scene = houses.sample(houses.Config(frames=150), Streams(4, 2))
    assert len(scene.camera_motion.poses) == 152
    assert len(scene.metadata["visited"]) >= 2
    assert np.linalg.norm(np.diff(scene.camera_motion.poses[:, :3, 3], axis=0), axis=1).max() < 0.2


def test_by_night_only_lamps_shine_and_windows_are_dark() -> None:
    night = houses.sample(houses.Config(night=Choice((1,))), Streams(6, 1))
    assert all(isinstance(light, PointLight) for light in night.lights)
    panes = [night.materials[i.materials[1]] for i in night.instances if i.category == "window"]
    assert panes
    assert max(max(pane.emission) * night.exposure for pane in panes) < 0.1
    day = houses.sample(houses.Config(night=Choice((0,)), sunny=Choice((1,))), Streams(6, 1))
    assert isinstance(day.lights[0], Sun)
    assert day.lights[0].direction[2] < 0
    assert all(dict(i.shape.parameters)["backdrop"] == 0 for i in day.instances if i.category == "window")


@functools.cache
def furnished(index: int) -> tuple[houses.House, list[Item]]:
    """A house and its things without the rest of the scene."""
    streams = Streams(8, index)
    house = houses.build(3 + index % 8, 0.12, 2.5, 0.6, streams)
    return house, furniture.furnish(house.parts, streams, 0.9, 5.0).items


NEEDED = {
    "bedroom": ("bed", "wardrobe"),
    "living": ("sofa",),
    "dining": ("table", "chair"),
    "office": ("desk",),
    "kitchen": ("counter", "sink", "stove", "refrigerator"),
    "bathroom": ("toilet", "sink"),
    "corridor": (),
}


def test_rooms_hold_what_they_are_named_after() -> None:
    seen, missed = 0, []
    for index in range(16):
        house, items = furnished(index)
        found = {(item.name.partition("/")[0], item.category) for item in items}
        for room in house.rooms:
            seen += len(NEEDED[room.kind])
            missed += [(index, room.name, sign) for sign in NEEDED[room.kind] if (room.name, sign) not in found]
    assert seen > 120
    assert len(missed) <= 0.01 * seen, missed


def test_sofas_and_televisions_look_at_each_other() -> None:
    facing, rooms = 0, 0
    for index in range(16):
        things = {item.name: item for item in furnished(index)[1]}
        rooms += 1
        if "living/television" in things:
            television, sofa = things["living/television"], things["living/sofa"]
            between = np.array([sofa.x - television.x, sofa.y - television.y])
            distance = float(np.linalg.norm(between))
            fronts = [np.array([np.sin(i.yaw), -np.cos(i.yaw)]) for i in (television, sofa)]
            assert 1.0 < distance < 8.0
            assert fronts[0] @ between > 0.5 * distance
            assert fronts[1] @ -between > 0.5 * distance
            facing += 1
    assert facing > 0.7 * rooms


def test_small_things_are_many_kinds() -> None:
    kinds = {item.category for index in range(16) for item in furnished(index)[1] if item.on}
    assert len(kinds) > 25


def test_a_view_of_a_bare_wall_is_worth_less_than_one_of_furniture() -> None:
    """Two cameras in one empty box of a room with a cabinet, a bed and five small things at one end."""
    room = [Box(0, 3, 3, 0.1, 0, 0, 2.5), Box(0, -3, 3, 0.1, 0, 0, 2.5), Box(3, 0, 0.1, 3, 0, 0, 2.5), Box(-3, 0, 0.1, 3, 0, 0, 2.5)]
    room += [Box(0, 0, 3, 3, 0, -0.1, 0), Box(0, 0, 3, 3, 0, 2.5, 2.6)]
    things = [Box(-1, 2.5, 0.6, 0.3, 0, 0, 1.2), Box(1.2, 2, 0.8, 0.9, 0, 0, 0.6), Box(-1, 2.6, 0.2, 0.1, 0, 1.2, 1.5)]
    things += [Box(0.4 * k, 1.2, 0.15, 0.15, 0, 0, 0.4) for k in range(-2, 2)]
    categories = ["cabinet", "bed", "vase", "box", "stool", "plant", "ball"]
    place = Surroundings(Boxes.of([*things, *room]), categories, Ground.blank(-3, -3, 3, 3), (Rect(-3, -3, 3, 3),), ())
    camera = Camera.from_fov(width=160, height=120, horizontal_fov_deg=65)
    scores = [view_score(place, camera, look_at((0, -1.5, 1.5), (0.0, y, 0.9))) for y in (2.5, -2.9)]
    assert scores[0] > 3.0
    assert scores[1] == -np.inf
