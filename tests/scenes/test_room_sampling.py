"""Sampled rooms obey their own rules, checked on the meshes rather than on the boxes that placed them."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from room_matter import may_touch
from scipy.spatial import ConvexHull

from scenes import rooms, shapes
from scenes.distributions import Choice, Uniform
from scenes.errors import UserError
from scenes.geometry import transform
from scenes.randomness import Streams
from scenes.scene import Instance, Scene
from scenes.semantics import semantic_id

SEEDS = range(12)
SHELL = ("floor", "ceiling", "wall", "door", "window")
SOFT = ("bed", "sofa", "armchair")


@functools.cache
def room(index: int) -> Scene:
    kind = rooms.ROOM_TYPES[index % len(rooms.ROOM_TYPES)]
    return rooms.sample(
        rooms.Config(room_type=Choice((kind,)), arrangement=Choice(("arranged",)), small_density=Uniform(0.0, 0.4)), Streams(11, index)
    )


@functools.cache
def points(index: int, name: str) -> np.ndarray:
    """World positions [V, 3] of an instance's vertices at time 0."""
    instance = next(i for i in room(index).instances if i.name == name)
    return transform(instance.motion.at(0), shapes.build(instance.shape).vertices)


def things(scene: Scene) -> list[Instance]:
    """Furniture and what hangs on walls and ceiling, as it was put: not what was dropped or flung."""
    loose = scene.metadata["dropped"]
    return [i for i in scene.instances if i.category not in SHELL and i.name not in loose and not i.motion.moves]


def hull(cloud: np.ndarray) -> np.ndarray:
    """Convex outline [N, 2] of points seen from above."""
    flat = cloud[:, :2]
    return flat[ConvexHull(flat).vertices]


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


def test_penetration_measures_what_it_says() -> None:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=float)
    assert penetration(square, square + np.array([0.9, 0.0])) == pytest.approx(0.1)
    assert penetration(square, square + np.array([1.2, 0.0])) == pytest.approx(-0.2)


@pytest.mark.parametrize("index", SEEDS)
def test_instances_have_names_materials_and_known_categories(index: int) -> None:
    scene = room(index)
    names = [i.name for i in scene.instances]
    assert len(set(names)) == len(names)
    for instance in scene.instances:
        assert semantic_id(instance.category, scene.label_space) > 0
        assert len(instance.materials) == len(shapes.roles(instance.shape.kind))
        assert max(instance.materials) < len(scene.materials)
    assert {"wall_north", "wall_east", "wall_south", "wall_west", "floor", "ceiling", "door"} <= set(names)


@pytest.mark.parametrize("index", SEEDS)
def test_the_room_holds_what_it_is_named_after(index: int) -> None:
    scene = room(index)
    named = {"bedroom": "bed", "living": "sofa", "dining": "table", "office": "desk", "kitchen": "stove", "bathroom": "toilet"}
    wanted = named[scene.metadata["room_type"]]
    assert any(i.category == wanted for i in scene.instances)


@pytest.mark.parametrize("index", SEEDS)
def test_nothing_overlaps(index: int) -> None:
    scene = room(index)
    found = things(scene)
    clouds = {i.name: points(index, i.name) for i in found}
    outlines = {name: hull(cloud) for name, cloud in clouds.items()}
    for k, a in enumerate(found):
        for b in found[k + 1 :]:
            if may_touch(scene.metadata["supports"], a, b):
                continue
            shared = min(clouds[a.name][:, 2].max(), clouds[b.name][:, 2].max()) - max(
                clouds[a.name][:, 2].min(), clouds[b.name][:, 2].min()
            )
            assert shared < 1e-4 or penetration(outlines[a.name], outlines[b.name]) < 1e-4, f"{a.name} and {b.name} overlap"


@pytest.mark.parametrize("index", SEEDS)
def test_everything_is_inside_the_room_at_all_times(index: int) -> None:
    scene = room(index)
    half = np.array(scene.metadata["size_m"]) / 2
    for instance in (i for i in scene.instances if i.category not in SHELL):
        slack = 2e-3 if instance in things(scene) else 0.015  # at the moment of impact
        for time in range(-1, scene.frames + 1) if instance.motion.moves else (0,):
            cloud = transform(instance.motion.at(time), shapes.build(instance.shape).vertices)
            assert (np.abs(cloud[:, :2]).max(axis=0) < half[:2] + slack).all(), instance.name
            assert cloud[:, 2].min() > -slack, instance.name
            assert cloud[:, 2].max() < 2 * half[2] + slack, instance.name


@pytest.mark.parametrize("index", SEEDS)
def test_the_door_can_be_reached(index: int) -> None:
    scene = room(index)
    door = next(i for i in scene.instances if i.category == "door")
    width = float(dict(door.shape.parameters)["hole_width"]) / 2
    corners = [[-width, -0.9, 0], [width, -0.9, 0], [width, -0.02, 0], [-width, -0.02, 0]]
    before = transform(door.motion.at(0), np.array(corners))[:, :2]
    for instance in things(scene):
        cloud = points(index, instance.name)
        if instance.category == "rug" or cloud[:, 2].min() > 2.0:
            continue
        assert penetration(hull(cloud), before) < 1e-4, f"{instance.name} stands before the door"


def _height_below(support: np.ndarray, faces: np.ndarray, x: float, y: float, limit: float) -> float:
    """Height of the highest surface of a mesh below `limit` on the vertical through (x, y); -inf where there is none."""
    a, b, c = (support[faces[:, k]] for k in range(3))
    u, v, w = b[:, :2] - a[:, :2], c[:, :2] - a[:, :2], np.array([x, y]) - a[:, :2]
    area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    level = np.abs(area) > 1e-12
    area = np.where(level, area, 1.0)
    s = (w[:, 0] * v[:, 1] - w[:, 1] * v[:, 0]) / area
    t = (u[:, 0] * w[:, 1] - u[:, 1] * w[:, 0]) / area
    inside = level & (s >= -1e-9) & (t >= -1e-9) & (s + t <= 1 + 1e-9)
    height = a[:, 2] + s * (b - a)[:, 2] + t * (c - a)[:, 2]
    height = height[inside & (height < limit)]
    return float(height.max()) if len(height) else -np.inf


@pytest.mark.parametrize("index", SEEDS)
def test_nothing_floats(index: int) -> None:
    scene = room(index)
    by_name = {i.name: i for i in scene.instances}
    height = scene.metadata["size_m"][2]
    for instance in things(scene):
        cloud = points(index, instance.name)
        low, high = cloud[:, 2].min(), cloud[:, 2].max()
        if abs(low) < 2e-3 or shapes.is_wall_hung(instance.shape.kind):
            continue
        if instance.category == "lamp" and abs(high - height) < 2e-3:
            continue
        support = by_name[scene.metadata["supports"][instance.name]]
        x, y = cloud[cloud[:, 2] < low + 5e-3][:, :2].mean(axis=0)
        top = _height_below(points(index, support.name), shapes.build(support.shape).faces, x, y, low + 0.06)
        slack = 0.05 if support.category in SOFT else 0.01  # stuffed seats are lower at their edges: 4 cm at most
        assert abs(top - low) < slack, f"{instance.name} is {low - top:.3f} m above {support.name}"


@pytest.mark.parametrize("index", SEEDS)
def test_wall_hung_things_touch_a_wall(index: int) -> None:
    scene = room(index)
    half = np.array(scene.metadata["size_m"])[:2] / 2
    for instance in things(scene):
        if shapes.is_wall_hung(instance.shape.kind):
            reach = np.abs(points(index, instance.name)[:, :2]).max(axis=0)
            assert np.abs(half - reach).min() < 2e-3, instance.name


def test_the_camera_moves_and_looks_at_furniture() -> None:
    shares, turns, ways = [], [], []
    for index in SEEDS:
        scene = room(index)
        pose = scene.camera_motion.at(scene.frames // 2)
        centres = np.array([points(index, i.name).mean(axis=0) for i in things(scene)])
        local = (centres - pose[:3, 3]) @ pose[:3, :3]
        u, v = scene.camera.project(local).T
        shares.append(np.sum((local[:, 2] > 0.3) & (u > 0) & (u < scene.camera.width) & (v > 0) & (v < scene.camera.height)))
        axes = scene.camera_motion.poses[:, :3, 2]
        turns.append(np.degrees(np.arccos(np.clip(np.sum(axes[1:] * axes[:-1], axis=1), -1, 1))).mean())
        ways.append(np.linalg.norm(np.diff(scene.camera_motion.poses[:, :3, 3], axis=0), axis=1).mean())
    assert np.mean(shares) > 4
    assert 0.7 < np.mean(turns) < 6
    assert 0.01 < np.mean(ways) < 0.1


def test_faster_cameras_move_more() -> None:
    """Displacement is a parameter: ten times the speeds give about ten times the motion of the same camera."""
    ways, turns = [], []
    plain = {"motion": Choice(("still",)), "small_density": Uniform(0.0, 0.2)}
    for scale in (0.004, 0.04):
        config = rooms.Config(walk_speed=Uniform(scale, scale), turn=Uniform(60 * scale, 60 * scale), frames=40, **plain)
        poses = np.concatenate([rooms.sample(config, Streams(4, index)).camera_motion.poses for index in range(3)])
        ways.append(np.median(np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1)))
        cosine = np.sum(poses[1:, :3, 2] * poses[:-1, :3, 2], axis=1)
        turns.append(np.median(np.degrees(np.arccos(np.clip(cosine, -1, 1)))))
    assert 0.5 * 0.004 < ways[0] < 2 * 0.004
    assert 4 < ways[1] / ways[0] < 20
    assert turns[1] / turns[0] > 2  # the shaking of the hands stays


def test_long_clips_keep_within_bounds() -> None:
    scene = rooms.sample(rooms.Config(frames=120, small_density=Uniform(0.0, 0.5)), Streams(2, 5))
    eyes = scene.camera_motion.poses[:, :3, 3]
    assert len(eyes) == 122
    half = np.array(scene.metadata["size_m"]) / 2
    assert (half[:2] - np.abs(eyes[:, :2])).min() > 0.04  # a head may lean into the recess of a window
    assert np.linalg.norm(np.diff(eyes, axis=0), axis=1).max() < 0.25


def test_settings_without_meaning_are_refused() -> None:
    with pytest.raises(UserError, match="unknown room type 'ballroom'"):
        rooms.Config(room_type=Choice(("ballroom",)))
    with pytest.raises(UserError, match="holds no furniture"):
        rooms.Config(room_length=Uniform(1.0, 2.0))
    with pytest.raises(UserError, match="unknown motion 'dancing'"):
        rooms.Config(motion=Choice(("dancing",)))
    with pytest.raises(UserError, match="upright is a share"):
        rooms.Config(upright=1.5)
    with pytest.raises(UserError, match="triangles hold no furnished room"):
        rooms.Config(triangles=100)
