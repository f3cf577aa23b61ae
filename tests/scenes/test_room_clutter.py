"""Dropped things lie as matter lies, moving things fall as matter falls, and the camera passes through neither: measured on the meshes."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from room_matter import Matter, centre_track, solid

from scenes import rooms, shapes
from scenes.distributions import Choice, Integers, Uniform
from scenes.physics import Body, settle
from scenes.randomness import Streams
from scenes.rooms.moving import MOTIONS
from scenes.scene import Instance, Scene, Shape

SEEDS = range(12)
PENETRATION_M = RESTING_M = 0.01
CLEARANCE_M = 0.1


@functools.cache
def room(index: int) -> Scene:
    """Every third room is tumbled; the motions take turns."""
    arrangement = "tumbled" if index % 3 == 2 else "arranged"
    return rooms.sample(rooms.Config(arrangement=Choice((arrangement,)), motion=Choice((MOTIONS[index % 4],))), Streams(21, index))


@functools.cache
def matter(index: int) -> Matter:
    return Matter(room(index))


def lying(index: int) -> list[str]:
    return [name for name in room(index).metadata["dropped"] if not matter(index).instances[name].motion.moves]


def test_the_measures_measure_what_they_say() -> None:
    """A box of 20 cm, 7 mm deep in the floor; another 3 cm above it."""
    scene = room(0)

    def boxes(lift: float) -> Matter:
        pose = np.eye(4)
        pose[2, 3] = lift
        placed = [
            Instance(name=n, category="box", shape=s, materials=(0,), motion=type(scene.camera_motion).still(p))
            for n, s, p in (
                ("floor", Shape.of("floor", length=3.0, breadth=3.0), np.eye(4)),
                ("box", Shape.of("carton", width=0.2, depth=0.2, height=0.2), pose),
            )
        ]
        return Matter(Scene(**{**{f: getattr(scene, f) for f in scene.__dataclass_fields__}, "instances": tuple(placed)}))

    assert boxes(-0.007).penetration("box") == (pytest.approx(0.007, abs=1e-5), "floor")
    assert boxes(0.002).penetration("box")[0] < 0
    assert boxes(0.002).rests("box")
    assert not boxes(0.03).rests("box")
    assert boxes(0.002).clearance(np.array([0.3, 0.0, 0.1]))[0] == pytest.approx(0.1, abs=1e-3)
    assert boxes(0.002).clearance(np.array([0.0, 0.0, 0.1]))[0] == 0


@pytest.mark.parametrize("index", SEEDS)
def test_dropped_things_penetrate_nothing_by_a_centimetre(index: int) -> None:
    for name in lying(index):
        deepest, other = matter(index).penetration(name)
        assert deepest < PENETRATION_M, f"{name} is {100 * deepest:.1f} cm inside {other}"


@pytest.mark.parametrize("index", SEEDS)
def test_dropped_things_rest_on_something(index: int) -> None:
    for name in lying(index):
        assert matter(index).rests(name, RESTING_M), f"{name} floats"


@pytest.mark.parametrize("index", SEEDS)
def test_the_camera_keeps_its_distance_from_all_matter_on_every_frame(index: int) -> None:
    scene = room(index)
    moving = any(i.motion.moves for i in scene.instances)
    for time in range(-1, scene.frames + 1):
        at_time = Matter(scene, time) if moving else matter(index)
        distance, name = at_time.clearance(scene.camera_motion.at(time)[:3, 3])
        assert distance > CLEARANCE_M, f"{100 * distance:.0f} cm from {name} at {time}"


@pytest.mark.parametrize("index", SEEDS)
def test_densities_and_budget_are_kept(index: int) -> None:
    scene = room(index)
    length, breadth, _ = scene.metadata["size_m"]
    assert len(scene.metadata["dropped"]) <= (3.0 + (0.5 if scene.metadata["arrangement"] == "tumbled" else 0.0)) * length * breadth + 1
    assert sum(len(shapes.build(i.shape).faces) for i in scene.instances) <= 150_000 + 10_000  # what is flung comes on top
    assert scene.metadata["fewest_seen"] >= 5


def test_things_lie_on_furniture_and_on_the_floor() -> None:
    supports = [room(index).metadata["supports"].get(name, "") for index in SEEDS for name in lying(index)]
    on_floor = np.mean([support == "floor" or support.startswith("rug") for support in supports])
    assert 0.15 < on_floor < 0.75
    assert len({support.split("_")[0] for support in supports}) > 8


def test_a_small_budget_of_triangles_is_kept_and_said() -> None:
    size = {"room_length": Uniform(6, 6), "room_breadth": Uniform(5, 5), "small_density": Uniform(3, 3)}
    scene = rooms.sample(rooms.Config(triangles=30_000, motion=Choice(("still",)), **size), Streams(21, 5))
    assert sum(len(shapes.build(i.shape).faces) for i in scene.instances) <= 30_000
    assert scene.metadata["rejected"]["beyond the triangle budget"] > 0


def test_no_small_things_when_none_are_wanted() -> None:
    scene = rooms.sample(
        rooms.Config(small_density=Uniform(0, 0), arrangement=Choice(("arranged",)), motion=Choice(("still",))), Streams(21, 1)
    )
    assert scene.metadata["dropped"] == []


def test_what_is_flung_falls_freely_and_turns_rigidly() -> None:
    """The second difference of the centre's height is -g while nothing is touched; most first steps are such."""
    free, total = 0, 0
    for index in SEEDS:
        scene = room(index)
        for thing in (i for i in scene.instances if i.name.startswith("flung")):
            centres = centre_track(thing)
            acceleration = np.diff(centres, 2, axis=0) * 30**2
            falls = np.abs(acceleration - (0.0, 0.0, -9.81)).max(axis=1) < 0.15
            free, total = free + int(falls.sum()), total + len(falls)
            assert falls.any(), f"{thing.name} in room {index} never falls freely"
            rotations = thing.motion.poses[:, :3, :3]
            assert np.allclose(rotations @ np.swapaxes(rotations, 1, 2), np.eye(3), atol=1e-9)
    assert total >= 20
    assert free > 0.5 * total


def test_balls_roll_without_slipping_when_they_do_not_hop() -> None:
    """Over the clip a ball on the floor turns by its way divided by its radius."""
    rolled = 0
    for index in range(6):
        config = rooms.Config(motion=Choice(("rolling",)), moving_objects=Integers(2, 2), small_density=Uniform(0.0, 0.3))
        scene = rooms.sample(config, Streams(33, index))
        for ball in (i for i in scene.instances if i.name.startswith("rolling_ball")):
            centres, radius = centre_track(ball), float(np.ptp(solid(ball.shape).points[:, 2])) / 2
            if np.ptp(centres[:, 2]) > 0.002 or centres[0, 2] > radius + 0.01:
                continue
            steps = np.linalg.norm(np.diff(centres, axis=0), axis=1)
            rotations = ball.motion.poses[:, :3, :3]
            turns = np.arccos(np.clip((np.einsum("nij,nij->n", rotations[1:], rotations[:-1]) - 1) / 2, -1, 1))
            straight = np.abs(np.diff(centres, 2, axis=0)).max() < 0.003
            if straight and steps.min() > 0.004:
                assert np.allclose(turns * radius, steps, rtol=0.1)
                rolled += 1
    assert rolled >= 3


def test_moving_things_are_in_the_picture() -> None:
    seen = []
    for index in SEEDS:
        scene = room(index)
        for thing in (i for i in scene.instances if i.motion.moves):
            inside = []
            for time in range(scene.frames):
                pose = scene.camera_motion.at(time)
                local = (centre_track(thing)[time + 1] - pose[:3, 3]) @ pose[:3, :3]
                u, v = scene.camera.project(local)
                inside.append(bool(local[2] > 0.1 and 0 < u < scene.camera.width and 0 < v < scene.camera.height))
            seen.append(any(inside))
    assert len(seen) >= 10
    assert np.mean(seen) > 0.6


def test_settling_again_from_where_things_lie_changes_nothing_much() -> None:
    """What has come to rest stays: dropped from its own pose, each thing ends within a centimetre."""
    scene, found = room(0), matter(0)

    def body(name: str) -> Body:
        return Body(name=name, shape=found.instances[name].shape, pose=found.poses[name])

    loose = lying(0)
    settled = settle([body(name) for name in found.instances if name not in scene.metadata["dropped"]], [body(name) for name in loose])
    shifts = [np.linalg.norm(settled.poses[name][:3, 3] - found.poses[name][:3, 3]) for name in settled.poses]
    assert len(settled.poses) >= 0.9 * len(loose)
    assert np.max(shifts) < 0.01
