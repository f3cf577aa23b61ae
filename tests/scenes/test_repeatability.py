"""A scene depends on nothing but its seed, its index and its configuration; and it survives being written down."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from scenes import rooms
from scenes.distributions import Choice, Integers, Uniform
from scenes.errors import UserError
from scenes.families import FAMILIES, FROM_FILES
from scenes.randomness import Streams
from scenes.scene import Scene

SAMPLED = tuple(name for name in FAMILIES if name not in FROM_FILES)
PROGRAM = """
import hashlib, sys
from scenes.families import FAMILIES
from scenes.randomness import Streams
family = FAMILIES[sys.argv[1]]
for index in (3, 1, 2):
    print(index, hashlib.sha256(family.sample(family.Config(), Streams(7, index)).to_json().encode()).hexdigest())
"""


def digest(scene: Scene) -> str:
    return hashlib.sha256(scene.to_json().encode()).hexdigest()


@pytest.mark.parametrize("name", SAMPLED)
def test_other_processes_sample_the_same_scenes(name: str) -> None:
    command, family = [sys.executable, "-c", PROGRAM, name], FAMILIES[name]
    out = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": "12345"}, capture_output=True, text=True, check=True).stdout
    elsewhere = dict(line.split() for line in out.splitlines())
    assert elsewhere == {str(k): digest(family.sample(family.Config(), Streams(7, k))) for k in (1, 2, 3)}


@pytest.mark.parametrize("name", SAMPLED)
def test_scenes_survive_being_written_down(name: str) -> None:
    family = FAMILIES[name]
    scene = family.sample(family.Config(frames=3), Streams(0, 1))
    text = scene.to_json()
    assert Scene.from_json(text) == scene
    assert Scene.from_json(text).to_json() == text


@pytest.mark.parametrize("name", SAMPLED)
def test_seeds_and_indices_give_different_scenes(name: str) -> None:
    family = FAMILIES[name]
    found = {digest(family.sample(family.Config(frames=1), Streams(seed, index))) for seed in (0, 1) for index in (0, 1)}
    assert len(found) == 4


@pytest.mark.parametrize("index", range(4))
def test_json_round_trip(index: int) -> None:
    config = rooms.Config(motion=Choice(("falling", "rolling", "knocked")), moving_objects=Integers(1, 2), frames=5)
    scene = rooms.sample(config, Streams(0, index))
    text = scene.to_json()
    again = Scene.from_json(text)
    assert again == scene
    assert again.to_json() == text
    assert json.loads(text)["metadata"]["room_type"] in rooms.ROOM_TYPES


def test_from_json_refuses_what_is_not_a_scene() -> None:
    document = json.loads(rooms.sample(rooms.Config(), Streams(0, 0)).to_json())
    with pytest.raises(UserError, match="version 99"):
        Scene.from_json(json.dumps({**document, "format_version": 99}))
    del document["camera"]
    with pytest.raises(UserError, match="camera"):
        Scene.from_json(json.dumps(document))


def test_purposes_do_not_disturb_each_other() -> None:
    streams = Streams(5, 9)
    before = streams.generator("walls").uniform(size=3)
    streams.generator("lamps").uniform(size=1000)
    assert (streams.generator("walls").uniform(size=3) == before).all()
    assert (streams.child("walls").generator("walls").uniform(size=3) != before).all()
    assert (Streams(9, 5).generator("walls").uniform(size=3) != before).all()


def test_more_small_things_leave_furniture_and_colours_alone() -> None:
    def sample(**changes: Any) -> Scene:
        fixed: dict[str, Any] = {"room_type": Choice(("living",)), "arrangement": Choice(("arranged",)), "motion": Choice(("still",))}
        return rooms.sample(rooms.Config(**fixed, **changes), Streams(3, 4))

    few, many = sample(small_density=Uniform(0.0, 0.0)), sample(small_density=Uniform(1.0, 1.0))
    large = ("sofa", "armchair", "coffee_table", "bookshelf", "cabinet", "picture", "window", "door", "wall", "floor")
    assert {i.name: (i.shape, i.motion) for i in few.instances if i.category in large} == {
        i.name: (i.shape, i.motion) for i in many.instances if i.category in large
    }
    colours = [
        {i.name: [scene.materials[m].color for m in i.materials] for i in scene.instances if i.category in large} for scene in (few, many)
    ]
    assert colours[0] == colours[1]
    assert len(many.instances) > len(few.instances)


def test_a_brighter_exposure_changes_nothing_else() -> None:
    dim, bright = (rooms.sample(rooms.Config(brightness=Uniform(b, b)), Streams(3, 8)) for b in (0.4, 0.6))
    assert bright.exposure / dim.exposure == pytest.approx((0.6 / 0.4) ** 2.2, rel=1e-3)
    assert [(i.shape, i.motion) for i in dim.instances] == [(i.shape, i.motion) for i in bright.instances]
    assert dim.lights == bright.lights
    assert dim.camera_motion == bright.camera_motion


def test_every_family_is_described_and_samples_by_index() -> None:
    for name, family in FAMILIES.items():
        assert family.__doc__.strip().splitlines()[0].endswith("."), name
        if name in FROM_FILES:
            continue
        scene = family.sample(family.Config(frames=2, width=64, height=48), Streams(1, 2))
        assert (scene.family, scene.seed, scene.index, scene.frames) == (name, 1, 2, 2)
        assert len(scene.camera_motion.poses) == 4
