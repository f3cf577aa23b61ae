"""Real pictures beside rendered frames, and a pretext's options: from the command line to the run's folder."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_world
import torch
from PIL import Image

from scenes.errors import UserError
from simlearn.cli import main
from simlearn.datasets.beside import Beside
from simlearn.datasets.stream import Stream
from simlearn.options import configure, parse_options
from simlearn.train import OnTheFly, train
from training.budget import Budget
from training.checkpoint import load_pretext
from training.stream import SampleStream


class Numbers:
    """Frames or pictures whose colour is their number."""

    def __init__(self, count: int, side: int = 4) -> None:
        self.count, self.side = count, side

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"rgb": torch.full((3, self.side, self.side + index % 3), index, dtype=torch.uint8), "K": torch.eye(3)}


def numbers(data: Beside, count: int, key: str) -> list[int]:
    return [int(data[k][key][0, 0, 0]) for k in range(count)]


def test_frames_keep_the_order_that_they_have_alone_and_pictures_have_their_own() -> None:
    frames, pictures = Numbers(7), Numbers(5, side=9)
    data = Beside(frames, pictures, seed=3)  # type: ignore[arg-type]
    alone = SampleStream(frames, None, 3)  # type: ignore[arg-type]
    through = SampleStream(data, None, 3)
    assert numbers(data, 14, "rgb") == [int(alone[k]["rgb"][0, 0, 0]) for k in range(14)]
    assert [int(through[k]["rgb"][0, 0, 0]) for k in range(14)] == numbers(data, 14, "rgb")
    real = numbers(data, 15, "real")
    assert [sorted(real[k : k + 5]) for k in (0, 5, 10)] == [[0, 1, 2, 3, 4]] * 3
    assert real[:5] != real[5:10], "each pass has an order of its own"
    assert len(set(zip(numbers(data, 35, "rgb"), numbers(data, 35, "real"), strict=True))) > 20, "frames meet other pictures each time"
    assert data[2]["real"].shape[1] == 9
    assert torch.equal(data[2]["K"], torch.eye(3))


def test_pairs_depend_on_seed_and_position_alone() -> None:
    def real(seed: int) -> list[int]:
        return numbers(Beside(Numbers(7), Numbers(50), seed), 10, "real")  # type: ignore[arg-type]

    assert real(1) == real(1)
    assert real(1) != real(2)


def folder(tmp_path: Path, count: int = 6) -> Path:
    place = tmp_path / "photographs"
    place.mkdir()
    rng = np.random.default_rng(0)
    for i in range(count):
        Image.fromarray(rng.integers(0, 256, (40 + i, 64, 3), dtype=np.uint8)).save(place / f"{i}.png")
    return place


def run(*arguments: str) -> None:
    try:
        main(list(arguments))
    except SystemExit as ended:
        assert ended.code == 0  # noqa: PT017


def test_from_the_command_line_to_the_runs_page(tmp_path: Path) -> None:
    tiny_world.make(tmp_path / "data", scenes=2, frames=2, width=48, height=48)
    common = ["train", "--pretext", "game_engine", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "run"), "--width", "8"]
    common += ["--real", str(folder(tmp_path))]
    run(*common, "--budget", "samples=16", "--batch-size", "4", "--option", "adapt.bn=real", "style.statistics=1", "crop.size=32")
    facts = json.loads((tmp_path / "run/run.json").read_text())
    assert facts["real"] == {"path": str(tmp_path / "photographs"), "pictures": 6}
    assert facts["data"]["family"] == "tiny"
    adapt = facts["pretext_config"]["adapt"]
    assert (adapt["align"], adapt["bn"], facts["pretext_config"]["style"]["statistics"]) == (0.05, "real", 1)
    assert {"adversary", "deceive", "told_apart"} <= facts["history"].keys()
    assert load_pretext(tmp_path / "run").config.crop.size == 32
    run(*common, "--preview")
    assert np.asarray(Image.open(tmp_path / "run/preview.png")).std() > 10


def test_worlds_rendered_on_the_fly_have_pictures_beside_them_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_world.register()
    monkeypatch.setattr("simlearn.train.Stream", partial(Stream, renderer="tiny"))
    world = OnTheFly(family="tiny", width=48, height=36, frames=2)
    result = train(
        pretext="game_engine",
        data=world,
        out=tmp_path / "run",
        budget=Budget(samples=8),
        width=8,
        loop={"batch_size": 4},
        real=folder(tmp_path),
    )
    assert "told_apart" in result.last


def test_methods_without_a_use_for_them_say_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'rotation' has no use for real pictures"):
        train(pretext="rotation", data=folder(tmp_path), out=tmp_path / "run", budget=Budget(samples=4), real=tmp_path)
    tiny_world.make(tmp_path / "data", scenes=1, frames=1)
    with pytest.raises(UserError, match="give --real"):
        train(
            pretext="game_engine",
            data=tmp_path / "data",
            out=tmp_path / "run",
            budget=Budget(samples=4),
            width=8,
            options={"adapt": {"align": 0.1}},
        )


def test_options_are_read_merged_and_checked() -> None:
    given = parse_options(["semantic=0.25", "adapt.bn=real", "adapt.pool=64", 'decoder_stages=["layer1"]'])
    assert given == {"semantic": 0.25, "adapt": {"bn": "real", "pool": 64}, "decoder_stages": ["layer1"]}
    assert configure("game_engine", given, real=True)["adapt"] == {"align": 0.05, "bn": "real", "pool": 64}
    assert configure("game_engine", {}, real=False) == {}
    chosen = configure("game_engine", {"preset": "ren_lee", "normal": 3}, real=False)
    assert (chosen["normal"], chosen["depth"], chosen["adapt"]) == (3, 2.5, {"align": 0.05})
    with pytest.raises(UserError, match="no preset 'published': known are ren_lee"):
        configure("game_engine", {"preset": "published"}, real=False)
    with pytest.raises(UserError, match=r"semantic=much of game_engine does not fit: the default is 1\.0"):
        configure("game_engine", parse_options(["semantic=much"]), real=False)
    with pytest.raises(UserError, match=r"bn=1 of game_engine\.adapt does not fit"):
        configure("game_engine", parse_options(["adapt.bn=1"]), real=False)
    for wrong in ("semantic", "=1", "adapt..bn=1"):
        with pytest.raises(UserError, match="is not an option"):
            parse_options([wrong])
