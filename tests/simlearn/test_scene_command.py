"""`simlearn scene` writes one world whole, or nothing and a sentence."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import tiny_world
import trimesh

from scenes import rooms
from scenes.randomness import Streams
from scenes.scene import Scene
from simlearn.cli import main


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


@pytest.fixture(autouse=True)
def _tiny() -> None:
    tiny_world.register()


def _world() -> Scene:
    return tiny_world.sample(tiny_world.Config(frames=3, width=48, height=36), Streams(5, 2))


def _arguments(out: Path) -> list[str]:
    return ["scene", "--family", "tiny", "--index", "2", "--seed", "5", "--frames", "3", "--size", "48x36", "--out", str(out)]


def test_json_is_the_world_of_that_seed_and_index(tmp_path: Path) -> None:
    assert _run(*_arguments(tmp_path / "world.json")) == 0
    assert Scene.from_json((tmp_path / "world.json").read_text()) == _world()


def test_glb_has_every_thing_by_name(tmp_path: Path) -> None:
    assert _run("scene", "--family", "rooms", "--frames", "1", "--size", "48x36", "--out", str(tmp_path / "room.glb")) == 0
    read = trimesh.load_scene(io.BytesIO((tmp_path / "room.glb").read_bytes()), file_type="glb")
    room = rooms.sample(rooms.Config(frames=1, width=48, height=36), Streams(0, 0))
    assert {i.name for i in room.instances} <= set(read.graph.nodes)


@pytest.mark.parametrize(
    ("ending", "more", "sentence"),
    [
        ("obj", [], "neither a .glb nor a .json"),
        ("glb", ["--time", "9"], "there is no time 9"),
        ("glb", ["--index", "-1"], "count from 0"),
    ],
)
def test_mistakes_are_one_sentence_and_leave_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str, more: list[str], sentence: str
) -> None:
    assert _run(*_arguments(tmp_path / f"world.{ending}"), *more) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
