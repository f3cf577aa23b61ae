"""Rigid bodies obey elementary mechanics and come to rest where geometry says they must."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from scenes import shapes
from scenes.geometry import compose, rotation_z, transform
from scenes.physics import Body, World, come_to_rest, settle, simulate
from scenes.physics.collision import collider
from scenes.scene import Shape
from scenes.trajectories import turned

BOUNDS = ((-2.0, -2.0, 0.0), (2.0, 2.0, 2.6))
MARGIN_M = 0.0025  # the engine keeps convex shapes about two millimetres apart


def at(x: float, y: float, z: float, yaw: float = 0.0) -> np.ndarray:
    return compose(rotation_z(yaw), (x, y, z))


def body(name: str, kind: str, pose: np.ndarray, **parameters: float) -> Body:
    return Body(name=name, shape=Shape.of(kind, **parameters), pose=pose)


FLOOR = body("floor", "floor", np.eye(4), length=4.0, breadth=4.0)
TABLE = body("table", "table", np.eye(4), width=1.2, depth=0.8, height=0.74)


def test_a_ball_rests_at_its_radius() -> None:
    settled = settle([FLOOR], [body("ball", "ball", at(0.3, 0.2, 0.5), width=0.24)], BOUNDS)
    centre = transform(settled.poses["ball"], (0.0, 0.0, 0.12))
    assert centre[2] == pytest.approx(0.12, abs=MARGIN_M)
    assert settled.supports == {"ball": "floor"}
    assert settled.rejected == {}


@pytest.mark.parametrize("yaw", [0.0, 0.7, 2.9])
def test_boxes_rest_flat_on_floor_and_table(yaw: float) -> None:
    low = body("low", "carton", at(1.3, 0.0, 0.03, yaw), width=0.3, depth=0.2, height=0.25)
    high = body("high", "carton", at(0.1, 0.1, 0.78, yaw), width=0.3, depth=0.2, height=0.25)
    settled = settle([FLOOR, TABLE], [low, high], BOUNDS)
    for name, height, support in (("low", 0.0, "floor"), ("high", 0.74, "table")):
        pose = settled.poses[name]
        assert pose[2, 3] == pytest.approx(height, abs=MARGIN_M)
        assert pose[2, 2] > 1 - 1e-4
        assert settled.supports[name] == support
        assert np.allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)


def test_a_body_outside_is_refused_and_counted() -> None:
    far, inside = body("far", "mug", at(2.5, 0.0, 0.5)), body("inside", "mug", at(1.0, 1.0, 0.02))
    settled = settle([FLOOR], [far, inside], BOUNDS)
    assert settled.rejected == {"far": "no room"}
    assert set(settled.poses) == {"inside"}


def test_a_body_that_starts_within_another_is_refused() -> None:
    settled = settle([FLOOR, TABLE], [body("mug", "mug", at(0.0, 0.0, 0.70))], BOUNDS)
    assert settled.rejected == {"mug": "no room"}


def test_what_rolls_down_a_slope_for_ever_is_taken_away() -> None:
    slope = body("slope", "box", compose(turned((0.0, 1.0, 0.0), 0.5), (0.0, 0.0, 0.0)), x=4000.0, y=50.0, z=0.1)
    settled = settle([slope], [body("ball", "ball", at(0.0, 0.0, 0.1), width=0.2)], None, seconds=1.0)
    assert settled.rejected == {"ball": "restless"}


def test_what_stood_on_a_thing_that_is_removed_falls() -> None:
    low, high = (body(n, "carton", at(0.0, 0.0, z), width=0.3, depth=0.3, height=0.2) for n, z in (("low", 0.01), ("high", 0.22)))
    with World([FLOOR], BOUNDS) as world:
        assert world.add(low)
        assert world.add(high)
        assert come_to_rest(world).supports == {"low": "floor", "high": "low"}
        world.remove("low")
        settled = come_to_rest(world)
    assert settled.supports == {"high": "floor"}
    assert settled.poses["high"][2, 3] == pytest.approx(0.0, abs=MARGIN_M)


def test_nothing_stays_afloat_over_the_opening_of_a_bowl() -> None:
    bowl = body("bowl", "bowl", at(0.0, 0.0, 0.01), width=0.3, height=0.1)
    settled = settle([FLOOR], [bowl, body("ball", "ball", at(0.0, 0.0, 0.13), width=0.08)], BOUNDS)
    assert settled.rejected == {"ball": "floats"}


def test_free_fall_has_the_earths_acceleration() -> None:
    shape = Shape.of("box", x=0.1, y=0.2, z=0.1)
    thrown = Body(name="box", shape=shape, pose=at(-1.0, 0.0, 1.0), velocity=(2.0, 0.0, 2.5), spin=(3.0, 1.0, -2.0))
    poses = simulate([FLOOR], [thrown], 12, BOUNDS)["box"]
    acceleration = np.diff(poses[:, :3, 3], 2, axis=0) * 30**2
    assert np.allclose(acceleration, (0.0, 0.0, -9.81), atol=0.03)  # positions are rounded to 10 micrometres
    assert np.allclose(np.diff(poses[:, 0, 3]) * 30, 2.0, atol=1e-3)


def test_a_ball_that_bounces_loses_height_and_never_sinks_into_the_floor() -> None:
    ball = Body(name="ball", shape=Shape.of("ball", width=0.2), pose=at(0, 0, 1.0), restitution=0.7)
    floor = Body(name="floor", shape=FLOOR.shape, pose=np.eye(4), restitution=1.0)
    centres = transform_all(simulate([floor], [ball], 90, BOUNDS)["ball"], (0.0, 0.0, 0.1))[:, 2]
    assert centres.min() > 0.1 - 0.01
    rebound = centres[20:].max()
    assert 0.25 < rebound < 0.75  # 0.7 squared of the way up


def transform_all(poses: np.ndarray, point: tuple[float, float, float]) -> np.ndarray:
    return np.array([transform(pose, point) for pose in poses])


def test_distances_and_rays_agree_with_geometry() -> None:
    with World([FLOOR, TABLE], BOUNDS) as world:
        distance, away = world.nearest((0.0, 0.0, 1.0), 1.0)
        assert distance == pytest.approx(0.26, abs=0.002)
        assert away == pytest.approx([0, 0, 1], abs=1e-6)
        distance, away = world.nearest((1.0, 0.0, 0.73), 1.0)
        assert distance == pytest.approx(0.4, abs=0.003)
        assert away[0] > 0.99
        assert world.nearest((0.0, 0.0, 2.0), 0.5)[0] == 0.5
        assert world.nearest((0.0, 0.0, 0.73), 0.5)[0] < 0  # inside the table's top
        distances, names = world.cast([(0, 0, 2), (1.5, 0, 2), (0, 0, 2)], [(0, 0, -1), (0, 0, -1), (0, 0, 1)], 5.0)
        assert names[:2] == ["table", "floor"]
        assert distances[:2] == pytest.approx([1.26, 2.0], abs=0.002)


def test_a_wall_with_a_window_has_a_hole_for_rays() -> None:
    wall = body("wall", "wall", np.eye(4), length=4.0, room_height=2.6)
    pierced = Body(name="wall", shape=Shape.of("wall", length=4.0, room_height=2.6, holes=(0.0, 1.0, 1.0, 1.0)), pose=np.eye(4))
    for thing, expected in ((wall, ["wall", "wall"]), (pierced, ["", "wall"])):
        with World([thing]) as world:
            assert world.cast([(0, -1, 1.5), (1.5, -1, 1.5)], [(0, 1, 0), (0, 1, 0)], 3.0)[1] == expected


def test_volume_and_centre_of_mass() -> None:
    box = collider(Shape.of("box", x=0.2, y=0.3, z=0.4))
    assert box.volume == pytest.approx(0.024, rel=1e-6)
    assert box.centre == pytest.approx([0, 0, 0], abs=1e-7)
    assert box.sphere == 0
    ball = collider(Shape.of("ball", width=0.2))
    assert ball.sphere == pytest.approx(0.1, rel=0.01)
    assert ball.centre == pytest.approx([0, 0, 0.1], abs=1e-5)
    assert collider(Shape.of("round_rug", width=2.0, height=0.008)).sphere == 0  # a disc's rim is at one distance from its centre too
    assert 0.9 * 4 / 3 * np.pi * 0.1**3 < ball.volume < 4 / 3 * np.pi * 0.1**3


@pytest.mark.parametrize("kind", ["chair", "sofa", "bookshelf", "television", "plant"])
def test_hulls_reach_as_far_as_the_mesh(kind: str) -> None:
    """Simplified hulls lose at most a few millimetres at rounded edges, and nothing at the extremes along the axes."""
    shape = Shape.of(kind)
    vertices = shapes.build(shape).vertices
    c = collider(shape)
    points, faces = c.open
    hulls = np.concatenate([*c.fixed, points[faces].reshape(-1, 3)])
    assert np.concatenate(c.loose).max(axis=0) == pytest.approx(vertices.max(axis=0), abs=1e-4)
    assert hulls.min(axis=0) == pytest.approx(vertices.min(axis=0), abs=1e-4)
    assert hulls.max(axis=0) == pytest.approx(vertices.max(axis=0), abs=1e-4)
    rng = np.random.default_rng(0)
    for direction in rng.normal(size=(50, 3)):
        direction /= np.linalg.norm(direction)
        assert (vertices @ direction).max() - (hulls @ direction).max() < 0.006


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from test_physics import heap_digest
print(heap_digest())
"""


def heap_digest() -> str:
    """Hash of the poses of thirty things that were dropped on a table in a heap."""
    rng = np.random.default_rng(3)
    kinds = ("mug", "book_stack", "bowl", "ball", "vase", "cushion")
    things = [
        body(f"{k}", kinds[k % 6], compose(turned((0.0, 0.6, 0.8), float(rng.uniform(0, 3))), (*rng.uniform(-0.4, 0.4, 2), 0.9 + 0.12 * k)))
        for k in range(14)
    ]
    settled = settle([FLOOR, TABLE], things, BOUNDS)
    assert len(settled.poses) > 6
    return hashlib.sha256(np.stack(list(settled.poses.values())).tobytes()).hexdigest()


def test_the_same_heap_to_the_bit_in_another_process_and_nothing_printed() -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    other = subprocess.run(
        [sys.executable, "-c", PROGRAM, os.path.dirname(__file__)], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.split() == [heap_digest()]
    assert other.stderr == ""
