"""The network of optical flow and its parts, against slow references, on hand-made answers and in trainings of some seconds."""

from __future__ import annotations

import itertools
import os
import signal
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from moving_spheres import MovingSpheres
from torch import Tensor

from scenes.errors import UserError
from training.budget import Budget
from training.checkpoint import load_dense
from training.dense import build_dense
from training.dense.flow import Flow
from training.dense.flow_network import SIZES, FlowNetwork
from training.dense.mixture import mixture_loss
from training.fit import FitConfig, Interrupted, fit
from training.matching import convex_upsampling, correlation, offsets, warp
from training.seeds import seeded


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def flow_learner(size: str = "tiny") -> Flow:
    with seeded(0):
        learner = build_dense("flow", {"size": size, "crop": {"size": 64, "area": [1, 1], "aspect": [1, 1]}, "colour": {"grey": 0}})
    assert isinstance(learner, Flow)
    return learner


def train(learner: Flow, count: int, samples: int, out: Path, **loop: float) -> None:
    fit(learner, MovingSpheres(count), FitConfig(budget=Budget(samples=samples), batch_size=8, progress=False, **loop), out)  # type: ignore[arg-type]


def errors(learner: Flow, first: int, count: int = 16) -> dict[str, float]:
    pairs = MovingSpheres(count, first)
    views = [learner.views(pairs[i], torch.Generator().manual_seed(i)) for i in range(count)]
    batch = learner.augment({name: torch.stack([view[name] for view in views]) for name in views[0]}, torch.Generator().manual_seed(0))
    with torch.no_grad():
        return {name: float(value) for name, value in learner.eval().loss(batch).items()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Flow:
    learner = flow_learner()
    train(learner, 64, 8 * 150, tmp_path_factory.mktemp("run"))
    return learner


def test_correlation_equals_a_loop_with_its_gradient() -> None:
    first, second = noise(1, 3, 4, 5).requires_grad_(), noise(1, 3, 4, 5, seed=1).requires_grad_()
    found, radius = correlation(first, second, 2), 2
    expected = torch.zeros_like(found)
    for k, (du, dv) in enumerate(offsets(radius, first).T.long().tolist()):
        for y in range(4):
            for x in range(5):
                if 0 <= y + dv < 4 and 0 <= x + du < 5:
                    expected[0, k, y, x] = F.cosine_similarity(first[0, :, y, x], second[0, :, y + dv, x + du], dim=0)
    assert torch.allclose(found, expected)
    weights = noise(*found.shape, seed=2)
    ours = torch.autograd.grad((found * weights).sum(), (first, second), retain_graph=True)
    reference = torch.autograd.grad((expected * weights).sum(), (first, second))
    assert all(torch.allclose(a, b) for a, b in zip(ours, reference, strict=True))


def test_warp_takes_whole_and_half_pixels_from_where_the_flow_leads() -> None:
    maps = noise(1, 2, 6, 7)
    flow = torch.zeros(1, 2, 6, 7, dtype=torch.float64)
    flow[:, 0], flow[:, 1] = 2, -1
    moved = warp(maps, flow)
    assert torch.allclose(moved[..., 1:, :-2], maps[..., :-1, 2:])
    assert (moved[..., 0, :] == 0).all()
    assert (moved[..., -2:] == 0).all()
    flow[:, 0], flow[:, 1] = 0.5, 0
    assert torch.allclose(warp(maps, flow)[..., :-1], (maps[..., :-1] + maps[..., 1:]) / 2)


def test_warp_has_the_gradient_of_finite_differences() -> None:
    maps, flow = noise(1, 2, 4, 4).requires_grad_(), (0.3 * noise(1, 2, 4, 4, seed=3)).requires_grad_()
    assert torch.autograd.gradcheck(warp, (maps, flow), atol=1e-6)


def test_convex_upsampling_equals_a_loop() -> None:
    values, weights = noise(1, 2, 3, 4), noise(1, 9 * 4, 3, 4, seed=1)
    found = convex_upsampling(values, weights, 2)
    shares = weights.view(9, 4, 3, 4).softmax(0)
    padded = F.pad(values, (1, 1, 1, 1), mode="replicate")[0]
    for y in range(6):
        for x in range(8):
            cell = padded[:, y // 2 : y // 2 + 3, x // 2 : x // 2 + 3].flatten(1)
            expected = (cell * shares[:, (y % 2) * 2 + x % 2, y // 2, x // 2]).sum(1)
            assert torch.allclose(found[0, :, y, x], expected)


def test_the_mixture_has_no_loss_for_a_sure_and_perfect_flow_and_known_ones_else() -> None:
    truth = noise(1, 2, 3, 3)
    doubt = torch.tensor([100.0, 3.0], dtype=torch.float64).view(1, 2, 1, 1).expand(1, 2, 3, 3)
    assert mixture_loss(truth, doubt, truth).abs().max() < 1e-12
    off = truth + torch.tensor([3.0, -4.0], dtype=torch.float64).view(1, 2, 1, 1)
    assert torch.allclose(mixture_loss(off, doubt, truth), torch.tensor(7.0, dtype=torch.float64)), "an ordinary error counts by itself"
    unsure = torch.tensor([-100.0, 2.0], dtype=torch.float64).view(1, 2, 1, 1).expand(1, 2, 3, 3)
    expected = 7 * torch.exp(torch.tensor(-2.0, dtype=torch.float64)) + 4
    assert torch.allclose(mixture_loss(off, unsure, truth), expected), "a wide one costs its width instead"


def test_learns_motion_that_carries_over_to_unseen_pairs(trained: Flow) -> None:
    found = errors(trained, 9000)
    assert found["epe"] < 0.5 * found["epe_still"]
    assert found["epe"] < found["epe_first"], "later guesses are better than the first one"


def test_unlabelled_pixels_neither_teach_nor_count(trained: Flow) -> None:
    pairs = MovingSpheres(4)
    views = [trained.views(pairs[i], torch.Generator().manual_seed(i)) for i in range(4)]
    batch = {name: torch.stack([view[name] for view in views]) for name in views[0]}
    batch["valid"][:, :20] = False
    spoilt = {**batch, "flow_forward": torch.where(batch["valid"][:, None], batch["flow_forward"], torch.nan)}
    one, other = (trained.eval().loss(trained.augment(b, torch.Generator().manual_seed(0))) for b in (batch, spoilt))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_flipped_view_has_the_flow_of_the_mirrored_world() -> None:
    learner, pair = flow_learner(), MovingSpheres(1)[0]
    for seed in range(8):
        view = learner.views(pair, torch.Generator().manual_seed(seed))
        flow = view["flow_forward"][:, 20:40, 20:40].mean((1, 2)).round().long().tolist()
        inner = view["rgb"][:, 16:48, 16:48]
        found = view["next"][:, 16 + flow[1] : 48 + flow[1], 16 + flow[0] : 48 + flow[0]]
        assert (inner.float() - found.float()).abs().mean() < 8, "what the flow leads to looks the same"


def test_predictions_depend_on_neither_the_batch_nor_the_size(trained: Flow) -> None:
    first, second = torch.rand(2, 3, 3, 96, 160, generator=torch.Generator().manual_seed(0)).unbind()
    network = trained.eval().network
    with torch.no_grad():
        together = network(first, second)[0]
        alone = network(first[1:2], second[1:2])[0][0]
        odd = network(first[..., :90, :150], second[..., :90, :150])[0]
    assert torch.allclose(together[1], alone, atol=1e-3)
    assert odd.shape == (3, 2, 90, 150)


def test_all_sizes_are_of_the_announced_number_of_weights() -> None:
    counts = {name: sum(p.numel() for p in FlowNetwork(size).parameters()) / 1e6 for name, size in SIZES.items()}
    assert counts["tiny"] < 0.5 < counts["small"] < 1.5 < counts["base"] < 3


def test_a_run_is_written_and_read_again(tmp_path: Path) -> None:
    learner = flow_learner()
    train(learner, 8, 16, tmp_path)
    again = load_dense(tmp_path)
    assert again.config == learner.config
    assert all(torch.equal(a, b) for a, b in zip(learner.state_dict().values(), again.state_dict().values(), strict=True))


def test_a_run_killed_and_continued_equals_one_never_stopped(tmp_path: Path) -> None:
    whole, parts, rest = flow_learner(), flow_learner(), flow_learner()
    train(whole, 8, 48, tmp_path / "whole")
    calls, loss = itertools.count(1), parts.loss

    def interrupted(batch: dict[str, Tensor]) -> dict[str, Tensor]:
        if next(calls) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return loss(batch)

    parts.loss = interrupted  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        train(parts, 8, 48, tmp_path / "parts")
    train(rest, 8, 48, tmp_path / "parts")
    assert all(torch.equal(a, b) for a, b in zip(whole.state_dict().values(), rest.state_dict().values(), strict=True))


def test_unknown_settings_are_told() -> None:
    with pytest.raises(UserError, match="tiny, small, base"):
        build_dense("flow", {"size": "huge"})
    with pytest.raises(UserError, match="flow"):
        build_dense("flwo")
