from __future__ import annotations

import csv
import json
import math
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from toy_learner import Numbers, Toy, toy

from scenes.errors import UserError
from training.budget import Budget
from training.fit import FitConfig, Interrupted, fit
from training.stream import SampleStream, StepBatches, step_loader


def settings(samples: int = 160, **changes: Any) -> FitConfig:
    fields: dict[str, Any] = {"budget": Budget(samples=samples), "batch_size": 8, "lr": 1e-2, "log_every": 3, "progress": False}
    return FitConfig(**(fields | changes))


def equal_weights(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


class Crash(Exception):
    pass


def raise_at(step: int, error: type[BaseException] = Crash) -> Any:
    def hook(calls: int) -> None:
        if calls == step:
            raise error

    return hook


def test_one_seed_gives_one_result_whatever_the_global_generator_held(tmp_path: Path) -> None:
    learners = [toy(), toy(), toy()]
    for i, (learner, seed) in enumerate(zip(learners, (0, 0, 1), strict=True)):
        torch.manual_seed(i)
        fit(learner, Numbers(), settings(seed=seed), tmp_path / str(i))
    assert equal_weights(learners[0], learners[1])
    assert not equal_weights(learners[0], learners[2])
    assert (tmp_path / "0/metrics.csv").read_bytes() == (tmp_path / "1/metrics.csv").read_bytes()


def test_the_global_generator_is_left_as_it_was(tmp_path: Path) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    fit(toy(), Numbers(), settings(), tmp_path)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_fitting_solves_the_task(tmp_path: Path, optimiser: str) -> None:
    learner = toy()
    fit(learner, Numbers(), settings(1600, optimiser=optimiser, lr=3e-2), tmp_path)
    data = Numbers()
    error = learner.eval().layers(data.x)[:, 0] - data.x.sum(1)
    assert error.std() < 0.3 * data.x.sum(1).std()


@pytest.mark.parametrize("crash", [1, 4, 13, 19])
def test_crashed_at_any_step_and_resumed_equals_never_stopped(tmp_path: Path, crash: int) -> None:
    whole, first, second = toy(), toy(raise_at(crash)), toy()
    fit(whole, Numbers(), settings(), tmp_path / "whole")
    with pytest.raises(Crash):
        fit(first, Numbers(), settings(checkpoint_seconds=0), tmp_path / "parts")
    fit(second, Numbers(), settings(workers=1), tmp_path / "parts")
    assert second.calls == 20 - crash, "steps before the checkpoint aren't repeated"
    assert first.seen + second.seen == whole.seen
    assert equal_weights(whole, second)
    assert (tmp_path / "whole/metrics.csv").read_bytes() == (tmp_path / "parts/metrics.csv").read_bytes()
    assert (tmp_path / "whole/model.safetensors").read_bytes() == (tmp_path / "parts/model.safetensors").read_bytes()


def test_a_checkpoint_that_lags_behind_the_metrics_is_no_difference(tmp_path: Path) -> None:
    """Rows written after the checkpoint are dropped on resuming."""
    fit(toy(), Numbers(), settings(), tmp_path / "whole")
    with pytest.raises(Crash):
        fit(toy(raise_at(7)), Numbers(), settings(checkpoint_seconds=0), tmp_path / "parts")
    early = (tmp_path / "parts/last.ckpt").read_bytes()
    with pytest.raises(Crash):
        fit(toy(raise_at(8)), Numbers(), settings(checkpoint_seconds=0), tmp_path / "parts")
    (tmp_path / "parts/last.ckpt").write_bytes(early)
    fit(toy(), Numbers(), settings(), tmp_path / "parts")
    assert (tmp_path / "whole/metrics.csv").read_bytes() == (tmp_path / "parts/metrics.csv").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_says_how_to_go_on_and_loses_nothing(tmp_path: Path, number: signal.Signals) -> None:
    def send(calls: int) -> None:
        if calls == 6:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    with pytest.raises(Interrupted, match=r"after 56 samples.*continues"):
        fit(toy(send), Numbers(), settings(), tmp_path / "parts")
    assert signal.getsignal(number) is before
    assert not (tmp_path / "parts/model.safetensors").exists()
    whole, rest = toy(), toy()
    fit(whole, Numbers(), settings(), tmp_path / "whole")
    fit(rest, Numbers(), settings(), tmp_path / "parts")
    assert rest.calls == 13
    assert equal_weights(whole, rest)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_and_its_batch_is_kept(tmp_path: Path, bad: float) -> None:
    learner = toy(lambda calls: bad if calls == 5 else 1.0)
    with pytest.raises(UserError, match=r"step 5 \(40 samples\).*culprit") as caught:
        fit(learner, Numbers(), settings(checkpoint_seconds=0), tmp_path)
    assert "lower learning rate" in str(caught.value)
    assert load_file(tmp_path / "culprit.safetensors")["id"].tolist() == learner.seen[5]
    assert all(torch.isfinite(p).all() for p in learner.parameters())
    assert not (tmp_path / "model.safetensors").exists()


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    first, second = toy(), toy()
    result = fit(first, Numbers(), settings(), tmp_path)
    again = fit(second, Numbers(), settings(), tmp_path)
    assert second.calls == 0
    assert equal_weights(first, second)
    assert (again.samples, again.last) == (result.samples, result.last)


def test_a_folder_of_another_configuration_is_refused_naming_the_difference(tmp_path: Path) -> None:
    fit(toy(), Numbers(), settings(), tmp_path)
    with pytest.raises(UserError, match=r"lr 0\.01 \(now 0\.5\)"):
        fit(toy(), Numbers(), settings(lr=0.5), tmp_path)


def test_a_damaged_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    fit(toy(), Numbers(), settings(), tmp_path)
    whole = (tmp_path / "last.ckpt").read_bytes()
    (tmp_path / "last.ckpt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"last\.ckpt is damaged"):
        fit(toy(), Numbers(), settings(), tmp_path)


def test_an_empty_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no samples"):
        fit(toy(), Numbers(0), settings(), tmp_path)


def test_files_of_a_run_tell_what_happened(tmp_path: Path) -> None:
    learner = toy()
    result = fit(learner, Numbers(), settings(), tmp_path, metadata={"commit": "abc"})
    table = rows(tmp_path)
    assert [row["step"] for row in table] == ["3", "6", "9", "12", "15", "18", "20"]
    assert [row["samples"] for row in table][-1] == "160"
    assert float(table[-1]["loss"]) == pytest.approx(result.last["loss"])
    run = json.loads((tmp_path / "run.json").read_text())
    assert (run["commit"], run["learner"], run["samples"], run["config"]["lr"]) == ("abc", "Toy", 160, 0.01)
    assert run["history"]["loss"]["first"] == pytest.approx(float(table[0]["loss"]))
    assert 0 < run["wait_seconds"] < run["seconds"]


def test_logged_loss_is_the_mean_over_the_interval(tmp_path: Path) -> None:
    values: list[float] = []

    class Recording(Toy):
        def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
            parts = super().loss(batch)
            values.append(parts["loss"].item())
            return parts

    fit(Recording(), Numbers(), settings(), tmp_path)
    assert float(rows(tmp_path)[1]["loss"]) == pytest.approx(sum(values[3:6]) / 3, rel=1e-5)


def test_minutes_end_a_run_in_time_and_lower_the_rate_to_zero(tmp_path: Path) -> None:
    started = time.monotonic()
    result = fit(toy(), Numbers(), settings(budget=Budget(minutes=1 / 60)), tmp_path)
    assert 1 <= result.seconds < 3
    assert time.monotonic() - started < 10
    assert result.steps > 5
    assert float(rows(tmp_path)[-1]["lr"]) < 1e-3


def test_the_console_stays_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fit(toy(), Numbers(), settings(workers=1), tmp_path)
    assert capfd.readouterr() == ("", "")


def test_without_a_terminal_progress_is_plain_lines_on_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fit(toy(), Numbers(), settings(progress=True), tmp_path, title="toy")
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("toy: 160 samples, ")
    assert err.count("\n") == 1
    assert "\x1b" not in err


def test_every_item_comes_once_in_each_turn_and_turns_differ() -> None:
    stream = SampleStream(Numbers(50), None, seed=3)
    turns = [[stream.index(turn * 50 + i) for i in range(50)] for turn in range(2)]
    assert sorted(turns[0]) == sorted(turns[1]) == list(range(50))
    assert turns[0] != turns[1]
    assert turns[0] != [SampleStream(Numbers(50), None, seed=4).index(i) for i in range(50)]


def test_workers_change_nothing_about_the_stream() -> None:
    stream = SampleStream(Numbers(), toy().views, seed=0)
    loads = [list(step_loader(stream, StepBatches(2, 9, 8), workers, pin=False)) for workers in (0, 2)]
    assert all(torch.equal(a["x"], b["x"]) for a, b in zip(*loads, strict=True))


@pytest.mark.parametrize("bad", [{"lr": 0.0}, {"lr": math.nan}, {"batch_size": 0}, {"warmup": 1.0}, {"precision": "int8"}, {"workers": -1}])
def test_impossible_settings_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        settings(**bad)
