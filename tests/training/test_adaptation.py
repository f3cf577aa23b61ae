from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenes.errors import UserError
from training.adaptation import AdaptationConfig, Alignment, FeaturePool, adapt_batch_norm, stage_to_align, tracking
from training.backbones import build_backbone
from training.backbones.base import Backbone
from training.seeds import generator, seeded

STEPS, COUNT, SIZE = 300, 16, 16


class Toy(Backbone):
    """Two convolutions without batch normalisation, which by itself would make the domains' means alike."""

    stages, channels, strides = ("first", "second"), {"first": 8, "second": 16}, {"first": 2, "second": 4}

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 5, 2, 2), nn.Conv2d(8, 16, 3, 2, 1)

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        first = torch.relu(self.first(images))
        return {"first": first, "second": torch.relu(self.second(first))}


def bars(count: int, seed: int, *, real: bool) -> tuple[Tensor, Tensor]:
    """Upright and lying bars and which they are; real pictures have a checked ground and other contrast, which no label depends on."""
    draw = generator(seed, "bars")
    label = torch.randint(2, (count,), generator=draw)
    v, u = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    middle = torch.randint(5, 11, (count, 1, 1), generator=draw)
    place = torch.where(label[:, None, None] == 1, u, v)
    bar = ((place - middle).abs() < 3).float()
    ground = ((u + v) % 2) * 0.5 if real else torch.zeros(SIZE, SIZE)
    grey = 1.5 * bar + ground + 0.3 * torch.randn(count, SIZE, SIZE, generator=draw)
    return grey[:, None].expand(-1, 3, -1, -1).contiguous(), label


class Bars(nn.Module):
    """A network that names bars of the rendered domain, and plays the game at one of its stages."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight
        with seeded(1):
            self.backbone = Toy()
            self.head = nn.Linear(16, 2)
            self.alignment = Alignment(self.backbone, AdaptationConfig(align=weight, pool=64), SIZE)

    def features(self, images: Tensor) -> Tensor:
        maps: Tensor = self.backbone(images)
        return maps

    def fit(self, other: Callable[[int], Tensor]) -> None:
        optimiser = torch.optim.AdamW(self.parameters(), lr=3e-3)
        for step in range(STEPS):
            images, label = bars(COUNT, step, real=False)
            rendered = self.features(images)
            with torch.no_grad():
                real = self.features(other(step))
            parts = self.alignment({"second": rendered}, {"second": real}, Alignment.draws(COUNT, generator(step, "draws")))
            loss = F.cross_entropy(self.head(rendered.mean((2, 3))), label) + parts["adversary"] + self.weight * parts["deceive"]
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()


def separability(learner: Bars, other: Callable[[int], Tensor]) -> float:
    """Held-out accuracy of a fresh linear classifier of the domain, on the mean over each map's cells."""
    with torch.no_grad():
        pairs = [(learner.features(bars(COUNT, 1000 + k, real=False)[0]), learner.features(other(1000 + k))) for k in range(8)]
    x = torch.cat([maps.mean((2, 3)) for pair in pairs for maps in pair])
    y = torch.arange(2).repeat_interleave(COUNT).repeat(8).float()
    half = len(x) // 2
    x = (x - x[:half].mean(0)) / x[:half].std(0).clamp(min=1e-3)
    x = torch.cat([x, torch.ones(len(x), 1)], 1)
    weights = torch.linalg.solve(x[:half].T @ x[:half] + torch.eye(x.shape[1]), x[:half].T @ (2 * y[:half] - 1))
    return ((x[half:] @ weights > 0) == (y[half:] > 0.5)).float().mean().item()


def accuracy(learner: Bars, *, real: bool) -> float:
    images, label = bars(128, 5000, real=real)
    with torch.no_grad():
        return (learner.head(learner.features(images).mean((2, 3))).argmax(1) == label).float().mean().item()


def of_real(step: int) -> Tensor:
    return bars(COUNT, 10_000 + step, real=True)[0]


def of_rendered(step: int) -> Tensor:
    return bars(COUNT, 10_000 + step, real=False)[0]


@pytest.fixture(scope="module")
def learners() -> dict[str, Bars]:
    """Without the game, with it against real pictures, and with it where there is nothing to adapt to."""
    made = {"alone": Bars(0.0), "aligned": Bars(0.2), "same": Bars(0.2)}
    for name, learner in made.items():
        learner.fit(of_rendered if name == "same" else of_real)
        learner.eval()
    return made


def test_the_game_makes_features_of_two_domains_less_separable(learners: dict[str, Bars]) -> None:
    """For a classifier that took no part in it. Measured: 1.0 and 0.77."""
    assert separability(learners["alone"], of_real) > 0.97
    assert separability(learners["aligned"], of_real) < 0.9
    assert accuracy(learners["aligned"], real=False) > 0.95


def test_the_game_between_equal_domains_does_no_harm(learners: dict[str, Bars]) -> None:
    learner = learners["same"]
    assert accuracy(learner, real=False) > 0.95
    rendered, real = ({"second": learner.features(bars(64, seed, real=False)[0])} for seed in (77, 78))
    told = learner.alignment(rendered, real, torch.full((64, 4), 0.9))["told_apart"].item()
    assert abs(told - 0.5) < 0.08, "there is nothing to tell apart"


def maps_of(count: int, seed: int = 0) -> dict[str, Tensor]:
    return {"second": torch.randn(count, 16, 4, 4, generator=generator(seed, "maps"))}


def game(**options: Any) -> Alignment:
    with seeded(3):
        return Alignment(Toy(), AdaptationConfig(**{"align": 0.05, "pool": 8, **options}), SIZE)


def test_a_step_against_its_gradient_makes_rendered_features_pass_for_real() -> None:
    alignment, real = game().eval(), maps_of(4, 1)
    rendered = {"second": maps_of(4)["second"].requires_grad_()}
    parts = alignment(rendered, real, Alignment.draws(4, generator(0, "draws")))
    (gradient,) = torch.autograd.grad(parts["deceive"], rendered["second"])
    before = alignment.adversary(rendered["second"]).mean()
    assert alignment.adversary(rendered["second"] - 10 * gradient).mean() > before


def test_each_player_is_trained_by_its_own_loss_alone() -> None:
    alignment = game()
    rendered, real = ({"second": maps_of(4, k)["second"].requires_grad_()} for k in (0, 1))
    parts = alignment(rendered, real, Alignment.draws(4, generator(0, "draws")))
    weights = list(alignment.adversary.parameters())
    parts["adversary"].backward(retain_graph=True)
    assert rendered["second"].grad is None
    assert all(weight.grad is not None for weight in weights)
    alignment.zero_grad()
    parts["deceive"].backward()
    assert rendered["second"].grad is not None
    assert real["second"].grad is None
    assert all(weight.grad is None for weight in weights)


def test_an_undecided_adversary_costs_both_players_log_two() -> None:
    alignment = game()
    for weight in alignment.adversary.parameters():
        nn.init.zeros_(weight)
    parts = alignment(maps_of(4), maps_of(4, 1), torch.zeros(4, 4))
    assert parts["adversary"].item() == pytest.approx(math.log(2))
    assert parts["deceive"].item() == pytest.approx(math.log(2))
    bias = list(alignment.adversary.parameters())[-1]
    nn.init.constant_(bias, 2.0)  # all judged real: log(1 + e^2) for rendered ones, log(1 + e^-2) for real ones
    parts = alignment(maps_of(4), maps_of(4, 1), torch.zeros(4, 4))
    assert parts["adversary"].item() == pytest.approx(0.5 * (math.log1p(math.exp(2)) + math.log1p(math.exp(-2))))
    assert parts["deceive"].item() == pytest.approx(math.log1p(math.exp(-2)))
    assert parts["told_apart"].item() == 0.5


def numbered(*numbers: int) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float32).view(-1, 1, 1, 1)


def test_the_pool_forgets_the_oldest_first() -> None:
    pool = FeaturePool(4, (1, 1, 1))
    assert pool.mix(numbered(9, 9), torch.tensor([[0.1, 0.9], [0.1, 0.0]])).flatten().tolist() == [9, 9], (
        "an empty pool has nothing to give"
    )
    pool.put(numbered(1, 2, 3))
    old = [pool.mix(numbered(9), torch.tensor([[0.49, draw]])).item() for draw in (0.0, 0.34, 0.99)]
    assert old == [1, 2, 3]
    assert pool.mix(numbered(9), torch.tensor([[0.5, 0.0]])).item() == 9
    pool.put(numbered(4, 5))
    assert sorted(pool.kept.flatten().tolist()) == [2, 3, 4, 5]
    pool.put(numbered(*range(10, 21)))
    assert sorted(pool.kept.flatten().tolist()) == [17, 18, 19, 20], "of more than it holds, the last stay"
    pool.put(numbered(21))
    assert sorted(pool.kept.flatten().tolist()) == [18, 19, 20, 21]


def test_the_pools_go_on_from_a_saved_state_bit_for_bit() -> None:
    whole, parts = game(), game()
    for step in range(3):
        whole(maps_of(3, step), maps_of(3, 50 + step), Alignment.draws(3, generator(step, "draws")))
    parts.load_state_dict(whole.state_dict())
    losses = [x(maps_of(3, 9), maps_of(3, 59), Alignment.draws(3, generator(9, "draws")))["adversary"].item() for x in (whole, parts)]
    assert losses[0] == losses[1]
    assert all(torch.equal(a, b) for a, b in zip(whole.state_dict().values(), parts.state_dict().values(), strict=True))
    whole.eval()(maps_of(3), maps_of(3), torch.zeros(3, 4))
    assert torch.equal(whole.rendered.kept, parts.rendered.kept), "only training fills it"


def test_the_stage_is_the_deepest_with_a_grid_unless_named() -> None:
    assert stage_to_align(build_backbone("resnet18", width=8)) == "layer3"
    assert game().stage == "second"
    assert game(stage="first").rendered.kept.shape == (8, 8, 8, 8)
    with pytest.raises(UserError, match="no stage layer9 to align: it has first, second"):
        game(stage="layer9")
    with pytest.raises(UserError, match="bn must be rendered or real"):
        AdaptationConfig(bn="both")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="align must not be negative"):
        AdaptationConfig(align=-1)


def test_adapted_batch_statistics_are_those_of_the_pictures() -> None:
    """Of two batches: the mean of their means and unbiased variances, and in the second layer, those of what the first makes of them."""
    first, second = nn.BatchNorm2d(2), nn.BatchNorm2d(2, momentum=0.3)
    nn.init.constant_(first.weight, 3.0)
    network = nn.Sequential(first, nn.Dropout(0.5), second).train()
    network(torch.randn(4, 2, 3, 3))
    second.eval()
    batches = [torch.randn(4, 2, 3, 3, generator=generator(k, "pictures")) * (k + 2) + k for k in range(2)]
    adapt_batch_norm(network, batches)
    mean = sum(batch.mean((0, 2, 3)) for batch in batches) / 2
    variance = sum(batch.transpose(0, 1).flatten(1).var(1) for batch in batches) / 2
    assert torch.allclose(first.running_mean, mean, atol=1e-6)  # type: ignore[arg-type]
    assert torch.allclose(first.running_var, variance, rtol=1e-5)  # type: ignore[arg-type]
    normal = [3 * (b - b.mean((0, 2, 3), True)) / (b.var((0, 2, 3), unbiased=False, keepdim=True) + 1e-5).sqrt() for b in batches]
    assert torch.allclose(second.running_var, sum(b.transpose(0, 1).flatten(1).var(1) for b in normal) / 2, rtol=1e-4)  # type: ignore[arg-type]
    assert [module.training for module in network] == [True, True, False]
    assert (first.momentum, second.momentum) == (0.1, 0.3)
    with pytest.raises(UserError, match="no pictures"):
        adapt_batch_norm(network, [])


def test_statistics_that_are_not_tracked_stay_and_normalise_all_the_same() -> None:
    norm = nn.BatchNorm2d(2).train()
    x = torch.randn(4, 2, 3, 3, generator=generator(0, "pictures")) * 3 + 1
    with tracking(norm, False):
        y = norm(x)
    assert torch.equal(norm.running_mean, torch.zeros(2))  # type: ignore[arg-type]
    assert torch.equal(norm.running_var, torch.ones(2))  # type: ignore[arg-type]
    assert y.mean((0, 2, 3)).abs().max() < 1e-5
    with tracking(norm, True):
        norm(x)
    assert torch.allclose(norm.running_mean, 0.1 * x.mean((0, 2, 3)))  # type: ignore[arg-type]
