from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from drawn_structures import Drawn
from torch import Tensor
from torch.utils.data import Dataset

from scenes.errors import UserError
from training.backbones import build_backbone
from training.budget import Budget
from training.fit import FitConfig, fit
from training.kmeans import _refill, k_means, mutual_information, nearest, whitening
from training.learner import Batch
from training.pretexts import build_pretext
from training.pretexts.clustering import UNUSED, Clustering, pooled
from training.seeds import seeded
from training.views import even_grey, sobel

SMALL: dict[str, Any] = {
    "crop": {"size": 32, "area": [0.5, 1.0]},
    "clusters": 4,
    "components": 8,
    "memory": 64,
    "period": 512,
    "colour": {"blur": 0, "noise": 0},
}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def learner_of(width: int = 8, **config: Any) -> Clustering:
    with seeded(0):
        learner = build_pretext("clustering", build_backbone("resnet18", width=width), {**SMALL, **config})
    assert isinstance(learner, Clustering)
    return learner


def batch_of(learner: Clustering, data: Dataset[Any], rows: range, seed: int = 0) -> Batch:
    views = [learner.views(data[i], generator(seed + i)) for i in rows]
    return learner.augment({key: torch.stack([view[key] for view in views]) for key in views[0]}, generator(seed))


def settings(samples: int, batch_size: int) -> FitConfig:
    return FitConfig(budget=Budget(samples=samples), batch_size=batch_size, lr=4e-3, checkpoint_seconds=0, progress=False)


# k-means


@pytest.mark.parametrize("seed", range(5))
def test_k_means_finds_blobs(seed: int) -> None:
    centres = torch.tensor([[0.0, 0], [10, 0], [0, 10], [10, 10], [5, 30]])
    truth = torch.arange(5).repeat_interleave(torch.tensor([40, 5, 20, 60, 3]))
    points = centres[truth] + torch.randn(len(truth), 2, generator=generator(seed))
    found = k_means(points, 5, generator(seed))
    assert mutual_information(found.labels, truth) == pytest.approx(1)
    means = torch.stack([points[truth == c].mean(0) for c in range(5)])
    assert torch.cdist(found.centroids, means).amin(1).max() < 1e-4
    assert sorted(found.counts.tolist()) == [3, 5, 20, 40, 60]


def test_an_empty_cluster_takes_over_a_part_of_the_largest() -> None:
    """Cluster 2 is far from everything; cluster 0 holds two groups, 1 is smaller."""
    points = torch.tensor([[0.0], [1], [2], [8], [9], [100], [101]])
    centroids = torch.tensor([[4.0], [100], [1000]])
    labels = nearest(points, centroids)
    assert labels.tolist() == [0, 0, 0, 0, 0, 1, 1]
    assert _refill(points, centroids, labels) == 1
    assert labels.tolist() == [0, 0, 0, 2, 2, 1, 1]
    assert centroids[2].item() == 9


def test_equal_points_leave_clusters_empty_and_nothing_breaks() -> None:
    found = k_means(torch.ones(10, 3), 4, generator())
    assert sorted(found.counts.tolist()) == [0, 0, 0, 10]
    assert found.refilled == 0
    assert torch.isfinite(found.centroids).all()


def test_whitened_features_have_unit_variance_and_directions_beyond_the_rank_none() -> None:
    """A mixture of 3 sources in 6 dimensions."""
    sources = torch.randn(500, 3, generator=generator(0)) * torch.tensor([10.0, 1, 0.1])
    features = 5 + sources @ torch.randn(3, 6, generator=generator(1))
    mean, matrix = whitening(features, 5)
    white = (features - mean) @ matrix
    expected = torch.diag(torch.tensor([1.0, 1, 1, 0, 0]))
    assert torch.allclose(white.T @ white / 500, expected, atol=0.01)


def test_mutual_information_by_hand() -> None:
    a, b = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 0, 0, 1])
    assert mutual_information(a, 1 - a) == pytest.approx(1)
    assert mutual_information(a, torch.tensor([0, 1, 0, 1])) == pytest.approx(0, abs=1e-9)
    entropy_b = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    shared = entropy_b - 0.5 * math.log(2)
    assert mutual_information(a, b) == pytest.approx(shared / math.sqrt(entropy_b * math.log(2)))
    assert mutual_information(a, torch.zeros(4, dtype=torch.long)) == 0


# what the network sees


def test_sobel_of_a_ramp() -> None:
    """Brightness grows steadily to the right, so that the gradient is the same everywhere but at the repeated edges, where it is half."""
    ramp = (0.02 * torch.arange(16)).expand(1, 3, 16, 16)
    dx, dy, magnitude = sobel(ramp)[0]
    strength = math.sqrt((14 + 2 * 0.25) / 16)
    assert torch.allclose(dx[:, 1:-1], torch.tensor(1 / strength), atol=1e-4)
    assert torch.allclose(dx[:, [0, -1]], torch.tensor(0.5 / strength), atol=1e-4)
    assert torch.allclose(dy, torch.tensor(0.0), atol=1e-4)
    assert torch.allclose(magnitude, dx, atol=1e-4)
    assert torch.allclose(sobel(ramp.flip(3))[0, 0], -dx, atol=1e-4)
    assert torch.allclose(sobel(ramp.transpose(2, 3))[0, 1], dx.T, atol=1e-4)


def test_neither_offset_nor_gain_of_colours_changes_what_is_clustered() -> None:
    pictures = 0.2 + 0.4 * torch.rand(4, 3, 12, 12, generator=generator())
    moved = pictures + torch.tensor([0.3, -0.1, 0.2]).view(3, 1, 1)
    brighter = 0.1 + 0.5 * pictures
    for front in (sobel, even_grey):
        assert torch.allclose(front(pictures), front(moved), atol=1e-4)
        assert torch.allclose(front(pictures), front(brighter), atol=1e-4)
        assert not torch.allclose(front(pictures), front(pictures.flip(3)), atol=0.1)


@pytest.mark.parametrize("front", ["sobel", "rgb"])
def test_pictures_of_one_colour_each_are_all_the_same(front: str) -> None:
    learner = learner_of(input=front)
    colours = torch.randint(256, (16, 3, 1, 1), dtype=torch.uint8, generator=generator()).expand(-1, -1, 40, 40)
    data: Any = [{"rgb": colour} for colour in colours]
    parts = learner.loss(batch_of(learner, data, range(16)))
    assert parts["empty"].item() == 3
    assert len(set(learner.earlier[:16].tolist())) == 1


@pytest.fixture(scope="module", params=["sobel", "rgb"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Clustering:
    """Three rounds, of 32, 64 and 64 pictures, the last after 1,696: of four structures in four colours."""
    learner = learner_of(width=8, input=request.param, clusters=8, period=1600)
    fit(learner, Drawn(256), settings(32 * 100, 32), tmp_path_factory.mktemp("run"))
    return learner


def test_clusters_are_of_structure_and_not_of_colour(trained: Clustering) -> None:
    unseen = Drawn(128, first=5000)
    found = trained.labeller(batch_of(trained, unseen, range(128))["centre"])
    structure, colour = (torch.stack([sample[name] for sample in unseen.samples]) for name in ("structure", "colour"))
    assert mutual_information(found, structure) > 0.4
    assert mutual_information(found, colour) < 0.12


def test_names_the_clusters_of_unseen_pictures_from_random_crops(trained: Clustering) -> None:
    with torch.no_grad():
        parts = trained.eval().loss(batch_of(trained, Drawn(128, first=5000), range(128)))
    assert parts["accuracy"] > 2.5 / parts["clusters"]
    assert parts["loss"] < 0.9 * math.log(parts["clusters"])


# rounds


def test_overfits_a_few_pictures(tmp_path: Path) -> None:
    """The clusters of 16 pictures, found with the first batch and kept by a period without end."""
    learner, data = learner_of(memory=16, period=10**9, crop={"size": 32, "area": [0.8, 1.0], "flip": False}), Drawn(16)
    fit(learner, data, settings(16 * 90, 16), tmp_path)
    with torch.no_grad():
        parts = [learner.train().loss(batch_of(learner, data, range(16), seed=100 * i)) for i in range(4)]
    assert sum(p["loss"].item() for p in parts) / 4 < 0.35 * math.log(4)
    assert sum(p["accuracy"].item() for p in parts) / 4 > 0.85


def test_rounds_double_until_the_memory_is_full_and_then_keep_to_the_period() -> None:
    learner, data = learner_of(clusters=16, memory=64, period=128), Drawn(8)
    batch, ends, clusters = batch_of(learner, data, range(8)), [], []
    for step in range(80):
        head = learner.head.weight.clone()
        batch["seed"] = torch.tensor([step])
        parts = learner.loss(batch)
        if not torch.equal(head, learner.head.weight):
            ends.append(8 * (step + 1))
            clusters.append(int(parts["clusters"]))
    assert ends == [8, 24, 56, 120, 248, 376, 504, 632]
    assert clusters == [2, 4, 8, 16, 16, 16, 16, 16]


def test_the_labeller_is_the_network_of_the_rounds_beginning() -> None:
    """And gives what the paper's list of labels would hold: the clusters that k-means found, of the same features."""
    learner, data = learner_of(memory=32, period=64), Drawn(32)
    batches = [batch_of(learner, data, range(i, i + 8)) for i in range(0, 32, 8)]
    for batch in batches[:3]:  # rounds of 8 and 16 pictures end; the next one begins
        learner.loss(batch)
    begun = {name: value.clone() for name, value in learner.backbone.state_dict().items()}
    for batch in batches:
        with torch.no_grad():
            for weight in learner.backbone.parameters():
                weight.add_(0.01 * torch.randn(weight.shape, generator=generator(1)))
        learner.loss(batch)
    found = learner.labeller.backbone.state_dict()
    trainable = dict(learner.backbone.named_parameters())
    assert all(torch.equal(found[name], begun[name]) for name in trainable)
    images = torch.cat([batch["centre"] for batch in batches])
    points = learner.labeller.points(pooled(learner.labeller.backbone, images))
    labels = learner.labeller(images)
    assert torch.equal(labels, torch.cdist(points, learner.labeller.centroids).argmin(1))
    for cluster in labels.unique():
        assert torch.allclose(points[labels == cluster].mean(0), learner.labeller.centroids[cluster], atol=1e-4)


def test_clusters_weigh_alike_in_the_loss() -> None:
    """Three pictures of cluster 0 and one of cluster 1: each counts 2/3, and 2."""
    learner, data = learner_of(), Drawn(4)
    batch = batch_of(learner, data, range(4))
    learner.loss(batch)
    learner.eval()
    learner.labeller.forward = lambda _: torch.tensor([0, 0, 0, 1])  # type: ignore[method-assign]
    learner.weights.copy_(torch.tensor([2 / 3, 2.0, 0, 0]))
    with torch.no_grad():
        learner.head.weight.zero_()
        learner.head.bias.copy_(torch.tensor([math.log(3), 0, 9, 9]))
    parts = learner.loss(batch)
    assert parts["loss"].item() == pytest.approx((-math.log(3 / 4) - math.log(1 / 4)) / 2, rel=1e-5)
    assert parts["accuracy"].item() == pytest.approx(0.5)
    assert parts["clusters"].item() == 2


def test_new_clusters_bring_a_new_last_layer_drawn_from_the_batchs_seed() -> None:
    heads = []
    for seed in (1, 1, 2):
        learner = learner_of()
        batch = batch_of(learner, Drawn(4), range(4))
        before = learner.head.weight.clone()
        learner.loss({**batch, "seed": torch.tensor([seed])})
        assert not torch.equal(before, learner.head.weight)
        assert not learner.head.bias.any()
        heads.append(learner.head.weight.detach().clone())
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_measuring_is_not_training() -> None:
    learner, data = learner_of(), Drawn(8)
    learner.loss(batch_of(learner, data, range(8)))
    learner.eval()
    before = {name: value.clone() for name, value in learner.state_dict().items()}
    learner.loss(batch_of(learner, data, range(8)))
    assert all(torch.equal(before[name], value) for name, value in learner.state_dict().items())


def test_killed_within_a_round_and_resumed_has_the_same_centroids(tmp_path: Path) -> None:
    whole, first, second = (learner_of(memory=16, period=24) for _ in range(3))
    data, losses, compute = Drawn(12), 0, first.loss

    def failing(batch: Batch) -> dict[str, Tensor]:
        nonlocal losses
        losses += 1
        if losses == 12:  # 4, 12 and 28 pictures end rounds; the fourth has stored some of its 16 by now
            assert first.progress[0] > 0
            raise RuntimeError("power cut")
        return compute(batch)

    fit(whole, data, settings(4 * 20, 4), tmp_path / "whole")
    first.loss = failing  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="power cut"):
        fit(first, data, settings(4 * 20, 4), tmp_path / "parts")
    fit(second, data, settings(4 * 20, 4), tmp_path / "parts")
    assert torch.equal(whole.labeller.centroids, second.labeller.centroids)
    assert (whole.labeller.centroids != UNUSED).all()
    assert (tmp_path / "whole/model.safetensors").read_bytes() == (tmp_path / "parts/model.safetensors").read_bytes()


def test_what_cannot_work_is_refused() -> None:
    for config in ({"input": "lab"}, {"clusters": 1}, {"memory": 15}, {"memory": 600}, {"components": 0}):
        with pytest.raises(UserError):
            learner_of(**config)
    learner = learner_of()
    with pytest.raises(UserError, match="at least two"):
        learner.loss(batch_of(learner, Drawn(1), range(1)))
