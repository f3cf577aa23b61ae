"""Every scene family is sound, and the survey of worlds measures what it says."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from scenes import geometry
from scenes.camera import Camera
from scenes.families import FAMILIES, FROM_FILES
from scenes.randomness import Streams
from scenes.scene import Instance, Material, PointLight, Scene, Shape, Trajectory
from simlearn.cli import main
from simlearn.outcomes import EXIT_FINDINGS
from simlearn.settings import family_config
from simlearn.worlds.facts import DEPTH_M, clearance, histogram, motion, observe
from simlearn.worlds.summary import problems, summarise

OWN = [name for name in FAMILIES if name not in FROM_FILES and FAMILIES.target(name).startswith("scenes.")]  # not what other tests add


def box_world(eye: tuple[float, float, float], **changes: object) -> Scene:
    """A camera in an empty room of 4 x 4 x 3 m, looking along +x at a ball."""
    wall = Instance(
        name="room", category="wall", shape=Shape.of("box", x=4.0, y=4.0, z=3.0), materials=(0,), motion=Trajectory.still(np.eye(4))
    )
    ball = Instance(
        name="ball",
        category="ball",
        shape=Shape.of("sphere", radius=0.5),
        materials=(0,),
        motion=Trajectory.still(geometry.compose(np.eye(3), (1.2, 0.0, 0.0))),
    )
    scene = Scene(
        family="x",
        seed=0,
        index=3,
        frames=1,
        label_space="nyu40",
        camera=Camera.from_fov(width=64, height=48, horizontal_fov_deg=60),
        camera_motion=Trajectory.still(geometry.look_at(eye, (eye[0] + 1, eye[1], eye[2]))),
        instances=(ball, wall),
        materials=(Material(),),
        lights=(PointLight(position=(-1.0, 0.0, 1.0), intensity=(3.0, 3.0, 3.0)),),
    )
    return replace(scene, **changes)  # type: ignore[arg-type]


def test_clearance_is_the_distance_to_the_nearest_triangle():
    assert clearance(box_world((-1.0, 0.0, 0.0))) == pytest.approx(1.0, abs=1e-5)
    assert clearance(box_world((0.5, 0.0, 0.0))) == pytest.approx(0.2, abs=2e-3)  # the ball is made of triangles


def test_moving_things_count_at_their_own_frame_only():
    scene = box_world((-1.0, 0.0, 0.0))
    way = np.tile(np.eye(4), (5, 1, 1))
    way[:, 0, 3] = (1.0, 1.0, 0.2, 1.0, -0.9)  # times -1, 0, 1, 2, 3: the last is beyond the clip
    ball = replace(scene.instances[0], motion=Trajectory(way))
    eyes = np.repeat(scene.camera_motion.poses, 5, axis=0)
    moved = replace(scene, frames=3, camera_motion=Trajectory(eyes), instances=(ball, scene.instances[1]))
    assert clearance(moved) == pytest.approx(0.7, abs=2e-3)


def test_histograms_keep_what_lies_beyond_their_edges():
    counts = histogram(np.array([0.01, 1.0, 1e9]), DEPTH_M)
    assert (counts[0], counts[-1], sum(counts)) == (1, 1, 3)


def test_camera_motion_is_told_in_metres_and_degrees():
    poses = np.stack([geometry.look_at((x, 0, 0), (x + np.cos(a), np.sin(a), 0)) for x, a in ((0.0, 0.0), (0.5, 0.0), (0.5, -np.pi / 6))])
    steps, yaw = motion(poses)
    assert steps == [0.5, 0.0]
    assert yaw == pytest.approx([0.0, 30.0], abs=1e-3)  # a turn to the right is positive about the axis that points down


def test_problems_are_named():
    facts = observe(box_world((-1.0, 0.0, 0.0)), "raster", 0.1, None)
    found = problems(facts)
    assert any("instances" in text and text.startswith("scene 3") for text in found)
    assert not any("m of a surface" in text for text in found)
    close = observe(box_world((0.65, 0.0, 0.0)), "raster", 0.1, None)
    assert any("comes within 0.05" in text for text in problems(close))
    dark = observe(box_world((-1.0, 0.0, 0.0), exposure=1e-3), "raster", 0.1, None)
    assert any("near-black" in text for text in problems(dark))
    white = observe(box_world((-1.0, 0.0, 0.0), exposure=1e3), "raster", 0.1, None)
    assert any("blown out" in text for text in problems(white))


@pytest.mark.parametrize("family", OWN)
def test_scenes_of_every_family_are_sound(family):
    config = family_config(family, {}, frames=4, width=160, height=120)
    facts = [observe(FAMILIES[family].sample(config, Streams(21, k)), "raster", 0.1, None) for k in range(6)]
    assert [problem for f in facts for problem in problems(f)] == []
    assert summarise(facts).distinct_layouts == 6


def run(command: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(command)
    assert end.value.code in (0, EXIT_FINDINGS)


def test_a_survey_is_written_and_goes_on_where_it_was(tmp_path, capsys):
    command = ["worlds", "--family", "rooms", "--size", "96x72", "--frames", "2", "--out", str(tmp_path)]
    run([*command, "--scenes", "2"])
    before = (tmp_path / "scenes.jsonl").read_text()
    (tmp_path / "scenes.jsonl").write_text(before + '{"cut short')
    run([*command, "--scenes", "3"])
    after = (tmp_path / "scenes.jsonl").read_text()
    assert after.startswith(before)
    document = json.loads((tmp_path / "worlds.json").read_text())
    assert document["scenes"] == 3
    assert sum(document["classes"].values()) == pytest.approx(1.0, abs=1e-3)
    assert (tmp_path / "sheet.png").stat().st_size > 0
    assert (tmp_path / "histograms.png").stat().st_size > 0
    assert "distinct layouts: 3" in capsys.readouterr().out
