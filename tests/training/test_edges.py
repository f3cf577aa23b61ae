from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from drawn_houses import Pictures, house
from short_runs import batch_of, measure, raw_batch, train

from scenes.errors import UserError
from training.backbones import build_backbone
from training.images import normalise
from training.pretexts import build_pretext
from training.pretexts.base import Pretext
from training.pretexts.edges import Edges, average_precision
from training.programs.edges import edges
from training.seeds import seeded

WHOLE = {"crop": {"area": [1, 1], "aspect": [1, 1], "flip": False}}


def edge_learner(**config: Any) -> Pretext:
    with seeded(0):
        return build_pretext("edges", build_backbone("resnet18", width=16), {**config, "crop": {"size": 32, **config.get("crop", {})}})


def houses(count: int, first: int = 0) -> Pictures:
    """Half as large as drawn, so that a crop holds a whole house."""
    pictures = torch.stack([house(first + i)["rgb"] for i in range(count)])
    return Pictures(list(F.interpolate(pictures, (32, 32), mode="bilinear", antialias=True)))


def test_targets_are_the_edges_of_the_picture_itself() -> None:
    """Whatever was done to what the network sees; and what it sees has lost most of them."""
    learner = edge_learner(**WHOLE)
    raw = raw_batch(learner, houses(8))
    first, second = (learner.augment(raw, torch.Generator().manual_seed(seed)) for seed in (0, 1))
    clean = torch.stack([edges(raw["rgb"] / 255, sigma=scale, strong=0.25) for scale in (1.0, 2.0)], 1)
    cells = clean.unfold(2, 2, 2).unfold(3, 2, 2).flatten(-2).any(-1)
    assert torch.equal(first["edges"], cells)
    assert torch.equal(second["edges"], cells)
    assert not torch.equal(first["image"], second["image"])
    assert clean[:, 0].sum() > clean[:, 1].sum() > 0
    first["image"] = normalise(raw["rgb"] / 255)
    kept = learner.loss(first)["average_precision_sobel"]
    assert measure(learner, houses(8))["average_precision_sobel"] < kept - 0.1


def test_overfits_a_few_pictures(tmp_path: Path) -> None:
    learner, data = edge_learner(**WHOLE, spoil={"noise_sigma": 0.05}), houses(6)
    before = measure(learner.train(), data)
    train(learner, data, 6 * 140, tmp_path, batch_size=6)
    after = measure(learner, data)
    assert after["loss"] < 0.6 * before["loss"]
    assert after["average_precision"] > 0.7


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Edges:
    learner = edge_learner()
    assert isinstance(learner, Edges)
    train(learner, houses(200), 16 * 220, tmp_path_factory.mktemp("run"), batch_size=16)
    return learner


def test_finds_edges_of_unseen_pictures_better_than_the_gradient_of_the_same_input(trained: Edges) -> None:
    found = measure(trained, houses(64, first=1000))
    # Measured: 0.62, 0.57 and 0.29.
    assert found["average_precision"] > found["average_precision_sobel"] + 0.02
    assert found["average_precision"] > found["edge_share"] + 0.2


def test_finds_no_edges_where_the_picture_shows_none(trained: Edges) -> None:
    """Targets of houses beside pictures of flat noise: what is left is where edges are frequent (measured: 0.30 of the gain)."""
    batch = batch_of(trained, houses(64, first=1000))
    with torch.no_grad():
        seen = trained.loss(batch)["average_precision"]
        with seeded(0):
            batch["image"] = normalise(0.5 + 0.05 * torch.randn(batch["image"].shape))
        blind = trained.loss(batch)["average_precision"]
    share = batch["edges"][:, 0].float().mean()
    assert blind - share < 0.4 * (seen - share)


def test_flat_pictures_have_a_finite_loss() -> None:
    parts = measure(edge_learner(), Pictures([torch.full((3, 40, 40), 90, dtype=torch.uint8)] * 4))
    assert parts["loss"] == pytest.approx(0.7, abs=0.4)
    assert parts["edge_share"] == parts["average_precision"] == 0


def test_average_precision_by_hand() -> None:
    """True ones rank 1 and 3: (1/1 + 2/3) / 2. Ties count together: a constant has the share of the true ones."""
    truth = torch.tensor([True, False, True, False])
    assert average_precision(torch.tensor([4.0, 3.0, 2.0, 1.0]), truth).item() == pytest.approx(5 / 6)
    assert average_precision(torch.tensor([4.0, 3.0, 4.0, 1.0]), truth).item() == 1
    assert average_precision(torch.zeros(4), truth).item() == 0.5
    assert average_precision(torch.zeros(4), torch.zeros(4).bool()).item() == 0


def test_bad_options_are_refused() -> None:
    with pytest.raises(UserError, match="scales"):
        edge_learner(scales=[])
    with pytest.raises(UserError, match="strong"):
        edge_learner(strong=0)
