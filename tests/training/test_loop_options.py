"""Accumulation, averaged weights, LARS, torch.compile, the online probe and TensorBoard: what they compute, and that resuming keeps it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from test_fit_loop import Crash, equal_weights, raise_at, settings
from torch import Tensor, nn
from toy_learner import Numbers, toy

from scenes.errors import UserError
from training.backbones import build_backbone
from training.backbones.base import Backbone
from training.budget import Budget
from training.checkpoint import MODEL_FILE, load_tensors
from training.fit import fit
from training.lars import LARS, TRUST
from training.seeds import seeded


class Linear(nn.Module):
    """Least squares without anything random, so that parts of a batch add up to the whole."""

    def __init__(self) -> None:
        super().__init__()
        with seeded(0):
            self.layer = nn.Linear(6, 1)

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"loss": (self.layer(batch["x"])[:, 0] - batch["y"]).square().mean()}


class Watched(Linear):
    """With a backbone, to be probed."""

    def __init__(self) -> None:
        super().__init__()
        with seeded(1):
            self.backbone: Backbone = build_backbone("resnet18", width=4)

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        images = batch["x"].mean(1).view(-1, 1, 1, 1).expand(-1, 3, 32, 32)
        return {"loss": super().loss(batch)["loss"] + (self.backbone(images).mean((1, 2, 3)) - batch["y"]).square().mean()}


def test_parts_of_a_batch_add_up_to_the_whole(tmp_path: Path) -> None:
    learners = [Linear(), Linear()]
    for learner, parts in zip(learners, (1, 4), strict=True):
        fit(learner, Numbers(), settings(optimiser="sgd", lr=0.05, accumulate=parts), tmp_path / str(parts))
    assert torch.allclose(learners[0].layer.weight, learners[1].layer.weight, atol=1e-6)
    assert not torch.allclose(learners[0].layer.weight, Linear().layer.weight, atol=1e-2)
    tables = [list(csv.DictReader((tmp_path / f"{parts}/metrics.csv").open())) for parts in (1, 4)]
    assert [row["step"] for row in tables[0]] == [row["step"] for row in tables[1]]
    assert [float(row["loss"]) for row in tables[0]] == pytest.approx([float(row["loss"]) for row in tables[1]], rel=1e-4)


def test_a_batch_that_cannot_be_split_evenly_is_refused() -> None:
    with pytest.raises(UserError, match="multiple of 3"):
        settings(accumulate=3)


def test_averaged_weights_are_the_moving_average_of_every_step(tmp_path: Path) -> None:
    steps: list[Tensor] = []

    class Recording(Linear):
        def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
            steps.append(self.layer.weight.detach().clone())
            return super().loss(batch)

    plain = Linear()
    fit(plain, Numbers(), settings(), tmp_path / "plain")
    learner = Recording()
    fit(learner, Numbers(), settings(ema=0.5), tmp_path / "averaged")
    expected = steps[1]  # the first average is the weights after the first step
    for weight in [*steps[2:], plain.layer.weight.detach()]:
        expected = 0.5 * expected + 0.5 * weight
    saved = load_tensors(tmp_path / "averaged" / MODEL_FILE)[0]["layer.weight"]
    assert torch.allclose(saved, expected, atol=1e-6)
    assert torch.equal(learner.layer.weight, saved)
    assert not torch.allclose(saved, plain.layer.weight, atol=1e-6)


@pytest.mark.parametrize("options", [{"ema": 0.9}, {"accumulate": 2}, {"optimiser": "lars", "lr": 5.0}, {"ema": 0.9, "accumulate": 2}])
def test_resuming_equals_never_stopping(tmp_path: Path, options: dict[str, Any]) -> None:
    whole, first, second = toy(), toy(raise_at(13)), toy()
    fit(whole, Numbers(), settings(**options), tmp_path / "whole")
    with pytest.raises(Crash):
        fit(first, Numbers(), settings(checkpoint_seconds=0, **options), tmp_path / "parts")
    fit(second, Numbers(), settings(workers=1, **options), tmp_path / "parts")
    assert equal_weights(whole, second)
    for name in ("metrics.csv", MODEL_FILE):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


def test_lars_moves_every_layer_by_a_part_of_its_own_norm() -> None:
    weight, bias = nn.Parameter(torch.tensor([[3.0, 4.0]])), nn.Parameter(torch.tensor([1.0]))
    optimiser = LARS([{"params": [weight], "weight_decay": 0.1}, {"params": [bias], "adapt": False}], lr=2.0, momentum=0.5)
    for gradient in (torch.tensor([[0.7, -0.4]]), torch.tensor([[0.7, -0.4]])):
        weight.grad, bias.grad = gradient, torch.tensor([0.25])
        optimiser.step()
    # First step: gradient + 0.1 * weight = (1, 0), of length 1; the weight's is 5. So v = TRUST * 5 * (1, 0) and w = (3 - 10 TRUST, 4).
    first = torch.tensor([[3 - 10 * TRUST, 4.0]])
    change = torch.tensor([[0.7, -0.4]]) + 0.1 * first
    velocity = 0.5 * torch.tensor([[5 * TRUST, 0.0]]) + TRUST * first.norm() / change.norm() * change
    assert torch.allclose(weight.detach(), first - 2 * velocity, atol=1e-6)
    assert bias.item() == pytest.approx(1 - 2 * 0.25 - 2 * (0.125 + 0.25))


def test_lars_solves_the_task(tmp_path: Path) -> None:
    learner, data = Linear(), Numbers()
    before = learner.loss({"x": data.x, "y": data.x.sum(1)})["loss"].item()
    fit(learner, data, settings(1600, optimiser="lars", lr=30.0, weight_decay=0.0), tmp_path)
    assert learner.loss({"x": data.x, "y": data.x.sum(1)})["loss"].item() < 0.05 * before


def test_a_compiled_loss_is_the_same_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Traced and differentiated as for any target; translating to C++ takes a minute and is torch's own affair.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    learners = [Linear(), Linear()]
    for learner, compiled in zip(learners, (False, True), strict=True):
        fit(learner, Numbers(), settings(compile=compiled), tmp_path / str(compiled))
    assert torch.allclose(learners[0].layer.weight, learners[1].layer.weight, atol=1e-5)


def measure(backbone: Backbone) -> Mapping[str, float]:
    assert not backbone.training
    torch.rand(1)  # must not disturb the training
    return {"size": float(backbone.conv1.weight.norm()), "grad": float(torch.is_grad_enabled())}  # type: ignore[union-attr,operator]


def test_the_probe_sees_every_tenth_of_the_budget_and_changes_nothing(tmp_path: Path) -> None:
    watched, alone = Watched(), Watched()
    fit(watched, Numbers(), settings(probe_every=0.25), tmp_path / "watched", probe=measure)
    fit(alone, Numbers(), settings(), tmp_path / "alone")
    assert equal_weights(watched, alone)
    assert not (tmp_path / "alone/probe.csv").exists()
    rows = list(csv.DictReader((tmp_path / "watched/probe.csv").open()))
    assert [row["step"] for row in rows] == ["5", "10", "15", "20"]
    assert {row["grad"] for row in rows} == {"0.0"}
    assert len({row["size"] for row in rows}) == 4


def test_the_probes_rows_survive_an_interruption_once_each(tmp_path: Path) -> None:
    class Failing(Watched):
        calls = 0

        def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
            self.calls += 1
            if self.calls == 13:
                raise Crash
            return super().loss(batch)

    fit(Watched(), Numbers(), settings(probe_every=0.25), tmp_path / "whole", probe=measure)
    with pytest.raises(Crash):
        fit(Failing(), Numbers(), settings(probe_every=0.25, checkpoint_seconds=0), tmp_path / "parts", probe=measure)
    fit(Watched(), Numbers(), settings(probe_every=0.25), tmp_path / "parts", probe=measure)
    assert (tmp_path / "whole/probe.csv").read_bytes() == (tmp_path / "parts/probe.csv").read_bytes()


def test_tensorboard_shows_what_the_tables_say(tmp_path: Path) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    fit(Watched(), Numbers(), settings(tensorboard=True, probe_every=0.5), tmp_path, probe=measure)
    for table, column in (("metrics", "loss"), ("metrics", "lr"), ("probe", "size")):
        shown = events.EventAccumulator(str(tmp_path / "tensorboard" / table))
        shown.Reload()
        rows = list(csv.DictReader((tmp_path / f"{table}.csv").open()))
        assert [e.step for e in shown.Scalars(column)] == [int(row["step"]) for row in rows]
        assert [e.value for e in shown.Scalars(column)] == pytest.approx([float(row[column]) for row in rows])


def test_a_run_of_minutes_does_not_count_the_probes_time(tmp_path: Path) -> None:
    def slow(backbone: Backbone) -> Mapping[str, float]:
        import time

        time.sleep(0.5)
        return {"n": float(backbone.width)}

    result = fit(Watched(), Numbers(), settings(budget=Budget(minutes=1.5 / 60), probe_every=0.2), tmp_path, probe=slow)
    assert result.seconds < 2.2
    assert len(list(csv.DictReader((tmp_path / "probe.csv").open()))) == 5
