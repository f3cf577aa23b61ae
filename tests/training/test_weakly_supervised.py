from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from labelled_structures import CLASSES, accuracy, colours, small_classifier, structures, trained
from short_runs import batch_of, measure, raw_batch
from torch import Tensor

from scenes.errors import UserError
from training.pretexts.weakly_supervised import generalised_cross_entropy, noisy

AS_IT_IS = {
    "crop": {"area": [1, 1], "aspect": [1, 1], "flip": False},
    "colour": {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0},
}
"""Views that are all but the pictures, so that their labels can be learnt by heart."""


def learner_of(**config: Any) -> Any:
    return small_classifier("weakly_supervised", **config)


def says(learner: Any, *probabilities: float) -> None:
    """Makes the network give every picture these probabilities."""
    with torch.no_grad():
        learner.head.weight.zero_()
        learner.head.bias.copy_(torch.tensor(probabilities).log())


def batch(labels: list[int], truth: list[int] | None = None) -> dict[str, Tensor]:
    return {"view": torch.rand(len(labels), 3, 32, 32), "label": torch.tensor(labels), "truth": torch.tensor(truth or labels)}


def test_overfits_a_few_pictures(tmp_path: Path) -> None:
    learner, data = learner_of(), structures(8)
    before = measure(learner.train(), data)
    trained(learner, data, 60, tmp_path, batch_size=8)
    after = measure(learner, data)
    assert after["loss"] < 0.2 * before["loss"]
    assert after["accuracy"] == after["agreement"] == 1


def test_generalised_cross_entropy_beats_plain_one_when_40_percent_of_the_labels_are_wrong(tmp_path: Path) -> None:
    """On unseen pictures with right labels; and it learns fewer of the wrong ones by heart. Chance is 0.25 for both."""
    data, unseen, found = colours(480), colours(200, first=5000), {}
    for objective in ("ce", "gce"):
        learner = trained(learner_of(objective=objective, noise=0.4, **AS_IT_IS), data, 200, tmp_path / objective)
        found[objective] = (accuracy(learner, unseen), measure(learner, data)["memorised"])
    assert found["gce"][0] > 0.8
    assert found["gce"][0] > found["ce"][0] + 0.05  # measured: 0.86 and 0.765
    assert found["gce"][1] < found["ce"][1] / 2  # measured: 0.09 and 0.31


def test_wrong_labels_are_as_many_as_stated_and_alike_often_each_of_the_others() -> None:
    told = torch.stack([noisy(torch.tensor(1), torch.tensor(picture), 4, 0.4) for picture in range(4000)])
    counts = torch.bincount(told, minlength=4) / 4000
    assert counts[1] == pytest.approx(0.6, abs=4 * math.sqrt(0.24 / 4000))
    assert counts[[0, 2, 3]].tolist() == pytest.approx([0.4 / 3] * 3, abs=4 * math.sqrt(0.12 / 4000))


def test_a_picture_has_the_same_wrong_label_in_every_pass_and_more_noise_adds_to_it() -> None:
    data, batches = structures(60), {}
    for noise in (0.0, 0.3, 0.6):
        learner = learner_of(noise=noise)
        batches[noise] = raw_batch(learner, data)
        assert torch.equal(batches[noise]["label"], raw_batch(learner, data, seed=1)["label"])
        assert torch.equal(batches[noise]["truth"], torch.stack([sample["label"] for sample in data.samples]))
    wrong = {noise: seen["label"] != seen["truth"] for noise, seen in batches.items()}
    assert not wrong[0.0].any()
    assert 0 < wrong[0.3].sum() < wrong[0.6].sum()
    assert wrong[0.6][wrong[0.3]].all()


def test_the_truth_is_no_part_of_the_loss() -> None:
    for objective in ("ce", "gce", "bootstrap"):
        learner = learner_of(objective=objective, kept=0.5)
        right, wrong = batch([0, 1, 2, 3]), batch([0, 1, 2, 3], truth=[1, 2, 3, 0])
        wrong["view"] = right["view"]
        parts = [learner.loss(seen) for seen in (right, wrong)]
        gradients = [torch.autograd.grad(part["loss"], learner.head.weight, retain_graph=True)[0] for part in parts]
        assert torch.equal(gradients[0], gradients[1])
        assert parts[0]["agreement"] == parts[1]["agreement"]
        assert parts[1]["wrong"] == 1


def test_generalised_cross_entropy_by_hand() -> None:
    scores, labels = torch.tensor([[0.25, 0.5, 0.125, 0.125]]).log().requires_grad_(), torch.tensor([0])
    assert generalised_cross_entropy(scores, labels, 0.5).item() == pytest.approx((1 - math.sqrt(0.25)) / 0.5)
    assert generalised_cross_entropy(scores, labels, 1.0).item() == pytest.approx(0.75)
    assert generalised_cross_entropy(scores, labels, 1e-4).item() == pytest.approx(math.log(4), rel=1e-3)
    (plain,) = torch.autograd.grad(F.cross_entropy(scores, labels), scores)
    (robust,) = torch.autograd.grad(generalised_cross_entropy(scores, labels, 0.7).sum(), scores)
    assert torch.allclose(robust, 0.25**0.7 * plain, atol=1e-6)


def test_bootstrapping_believes_the_label_and_itself() -> None:
    learner = learner_of(objective="bootstrap", trust=0.75)
    says(learner, 0.5, 0.25, 0.125, 0.125)
    assert learner.loss(batch([1]))["loss"].item() == pytest.approx((0.75 * 2 + 0.25 * 1) * math.log(2), abs=1e-5)


def test_only_the_smallest_losses_count() -> None:
    """Losses of 1, 2, 3 and 3 times log 2; half of four samples are two, of three as well."""
    learner = learner_of(objective="ce", kept=0.5)
    says(learner, 0.5, 0.25, 0.125, 0.125)
    assert learner.loss(batch([3, 1, 2, 0]))["loss"].item() == pytest.approx(1.5 * math.log(2), abs=1e-5)
    assert learner.loss(batch([3, 0, 2]))["loss"].item() == pytest.approx(2 * math.log(2), abs=1e-5)


def test_metrics_tell_what_is_true_from_what_is_told() -> None:
    learner = learner_of()
    says(learner, 0.1, 0.7, 0.1, 0.1)
    parts = learner.loss(batch([1, 1, 2, 0, 1], truth=[1, 0, 1, 3, 3]))
    assert parts["accuracy"].item() == pytest.approx(2 / 5)
    assert parts["agreement"].item() == pytest.approx(3 / 5)
    assert parts["wrong"].item() == pytest.approx(4 / 5)
    assert parts["memorised"].item() == pytest.approx(2 / 4)


def test_previews_name_wrong_labels() -> None:
    learner = learner_of()
    says(learner, 0.1, 0.7, 0.1, 0.1)
    titles = [title for title, _ in learner.preview(batch([2, 1], truth=[2, 3]))]
    assert titles == ["class 2, said 1 (70 %)", "class 3, told 1, said 1 (70 %)"]
    assert len(learner.preview(batch_of(learner, structures(3)))) == 3


def test_what_cannot_work_is_refused() -> None:
    for config in ({"objective": "mae"}, {"noise": 1.0}, {"q": 0.0}, {"trust": 0.0}, {"kept": 0.0}, {"smoothing": 0.1}):
        with pytest.raises(UserError):
            learner_of(**config)
    assert learner_of(objective="ce", smoothing=0.1).head.out_features == CLASSES
