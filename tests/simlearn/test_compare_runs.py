"""The comparison: what is planned, what is skipped on a second start, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenes.errors import UserError
from simlearn import compare as module
from simlearn import results
from simlearn.assignment import Assignment
from simlearn.benchmarks.evaluation import Evaluation, evaluation_config
from simlearn.benchmarks.source import Source
from training.budget import Budget
from training.pretexts import PRETEXTS


def measured(benchmark: str, checkpoint: str, seed: int, quick: bool) -> list[results.Result]:
    """Rows as a benchmark writes them, without measuring."""
    settings = module.BENCHMARKS[benchmark].QUICK if quick else module.BENCHMARKS[benchmark].SETTINGS
    named = checkpoint in ("random", "supervised")
    source = Source(method=checkpoint if named else "game_engine", seed=seed, checkpoint=None if named else Path(checkpoint))
    facts = Evaluation(
        benchmark=benchmark, protocol="p", source=source, settings=settings, quick=quick, data={"name": benchmark, "fingerprint": "0"}
    )
    facts.add({"abs_rel": 0.5 + 0.1 * seed}, stage="hypercolumn", n=6)
    return facts.rows


@pytest.fixture
def calls(monkeypatch) -> list[tuple]:
    made: list[tuple] = []

    def train(*, out, pretext, budget, backbone, width, seed, data):
        made.append(("train", pretext, seed))
        out.mkdir(parents=True)
        facts = {"config": {"budget": budget.to_dict()}, "backbone": backbone, "width": width, "seed": seed, "data": {"path": data}}
        (out / "run.json").write_text(json.dumps(facts))

    def evaluate(benchmark, checkpoint, out, *, data, backbone, width, seed, quick):
        del data, backbone, width
        made.append(("evaluate", benchmark, Path(checkpoint).name, seed))
        rows = measured(benchmark, checkpoint, seed, quick)
        results.append(out, rows)
        return rows

    def assign(pretexts, data, **_):
        return Assignment(data={name: str(data[0]) for name in pretexts if PRETEXTS[name]}, left_out={})

    monkeypatch.setattr(module, "train", train)
    monkeypatch.setattr(module, "assign", assign)
    monkeypatch.setattr(module, "evaluate", evaluate)
    return made


def run(out: Path, **changes) -> list[results.Result]:
    options = {
        "pretexts": ("game_engine",),
        "benchmarks": ("kitti_depth", "kitti_depth_zero_shot"),
        "budget": "samples=64",
        "seeds": (0, 1),
    }
    return module.compare(**{"data": out / "data", "out": out, **options, **changes})


def test_everything_once_and_nothing_twice(tmp_path, calls, capsys):
    rows = run(tmp_path)
    assert calls[2] == ("train", "game_engine", 0), "one seed after the other, so that a part of it is a comparison too"
    assert [call for call in calls if call[0] == "train"] == [("train", "game_engine", 0), ("train", "game_engine", 1)]
    assert ("evaluate", "kitti_depth", "game_engine-seed1", 1) in calls
    assert ("evaluate", "kitti_depth", "supervised", 0) in calls
    assert ("evaluate", "kitti_depth_zero_shot", "supervised", 0) not in calls
    assert len(calls) == 2 + 2 * 3 + 2 * 2
    assert "0.550" in capsys.readouterr().out  # mean over the two seeds
    calls.clear()
    assert run(tmp_path) == rows
    assert calls == []


def test_resumes_where_it_stopped(tmp_path, calls):
    run(tmp_path)
    lines = (tmp_path / "results.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "results.jsonl").write_text("".join(lines[:4] + lines[5:]))
    calls.clear()
    run(tmp_path)
    assert len(calls) == 1


def test_other_settings_are_measured_anew(tmp_path, calls):
    run(tmp_path)
    calls.clear()
    run(tmp_path, quick=True)
    assert len(calls) == 10
    assert evaluation_config(module.BENCHMARKS["kitti_depth"].QUICK, True) != evaluation_config(
        module.BENCHMARKS["kitti_depth"].SETTINGS, False
    )


def test_run_of_another_budget_is_refused(tmp_path, calls):
    run(tmp_path)
    with pytest.raises(UserError, match="game_engine-seed0"):
        run(tmp_path, budget=Budget(samples=128))
    assert ("evaluate", "kitti_depth", "random", 0) in calls


@pytest.mark.usefixtures("calls")
def test_run_on_other_data_is_refused(tmp_path):
    run(tmp_path)
    with pytest.raises(UserError, match=r"game_engine-seed0 was trained with .*/data'}, now .*/other'} is asked for"):
        run(tmp_path, data=[tmp_path / "other"])


@pytest.mark.usefixtures("calls")
def test_networks_of_clips_are_measured_on_videos_alone(tmp_path, capsys, monkeypatch):
    with pytest.raises(UserError, match="the benchmark kitti_depth measures networks that read images, r3d18 reads clips"):
        run(tmp_path, backbone="r3d18")
    chosen = module.choose_benchmarks(["all"], tmp_path, "resnet18")
    assert "rendered" in chosen
    monkeypatch.setattr(module, "data_root", lambda: None)
    with pytest.raises(UserError, match="nothing to measure on"):
        module.choose_benchmarks(["all"], tmp_path, "r3d18")
    said = capsys.readouterr().err
    assert "rendered is left out: measures networks that read images, r3d18 reads clips" in said
    assert "weizmann is left out: no real data" in said


@pytest.mark.usefixtures("calls")
def test_unknown_names_and_nothing_to_measure(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="known are"):
        run(tmp_path, benchmarks=("imagenet",))
    with pytest.raises(UserError, match="known are"):
        run(tmp_path, pretexts=("game_engin",))
    monkeypatch.setattr(module, "data_root", lambda: None)
    with pytest.raises(UserError, match="SIMLEARN_DATA"):
        run(tmp_path, benchmarks=("all",))
