from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from drawn_houses import noise
from labelled_structures import CLASSES, Labelled, accuracy, small_classifier, structures, trained
from short_runs import batch_of, measure

from scenes.errors import UserError
from training.labels import told_by
from training.pretexts import PRETEXTS
from training.pretexts.rotation import Rotation
from training.pretexts.supervised import Supervised


def test_overfits_a_few_pictures(tmp_path: Path) -> None:
    learner, data = small_classifier("supervised"), structures(8)
    before = measure(learner.train(), data)
    trained(learner, data, 60, tmp_path, batch_size=8)
    after = measure(learner, data)
    assert after["loss"] < 0.2 * before["loss"]
    assert after["accuracy"] == 1


def test_names_the_structure_of_unseen_pictures(tmp_path: Path) -> None:
    learner = trained(small_classifier("supervised"), structures(200), 60, tmp_path)
    assert accuracy(learner, structures(200, first=5000)) > 0.8  # chance 0.25


def test_pictures_that_do_not_show_their_class_are_told_apart_by_chance(tmp_path: Path) -> None:
    """Neither the order of pictures nor anything else that comes along tells a class."""
    pictures = [{"rgb": noise(i, smooth=2), "label": torch.tensor(i % CLASSES)} for i in range(360)]
    learner = trained(small_classifier("supervised"), Labelled(pictures[:120]), 30, tmp_path)
    assert abs(accuracy(learner, Labelled(pictures[120:])) - 1 / CLASSES) < 4 * math.sqrt(0.25 * 0.75 / 240)


def test_views_are_the_same_whatever_the_label() -> None:
    learner, sample = small_classifier("supervised"), structures(1)[0]
    views = [learner.views({**sample, "label": torch.tensor(k)}, torch.Generator().manual_seed(0)) for k in range(2)]
    assert torch.equal(views[0]["view"], views[1]["view"])
    assert [int(view["label"]) for view in views] == [0, 1]


def test_loss_is_the_smoothed_cross_entropy() -> None:
    """Probabilities 1/2, 1/4, 1/8, 1/8; of the target 0.6 + 0.1 is the label's, 0.1 each other class's."""
    batch = {"view": torch.rand(2, 3, 32, 32), "label": torch.tensor([0, 1])}
    for smoothing, loss in ((0.0, (1 + 2) / 2), (0.4, (0.7 * 1 + 0.1 * (2 + 3 + 3) + 0.7 * 2 + 0.1 * (1 + 3 + 3)) / 2)):
        learner = small_classifier("supervised", smoothing=smoothing)
        with torch.no_grad():
            learner.head.weight.zero_()
            learner.head.bias.copy_(torch.tensor([0.5, 0.25, 0.125, 0.125]).log())
        parts = learner.loss(batch)
        assert parts["loss"].item() == pytest.approx(loss * math.log(2), abs=1e-5)
        assert parts["accuracy"].item() == 0.5


def test_the_number_of_classes_is_the_data_sets() -> None:
    assert told_by(structures(1), Supervised) == {"classes": CLASSES}
    assert told_by(structures(1), Rotation) == {}
    assert told_by([], Supervised) == {}


def test_previews_say_what_it_is_and_what_is_said() -> None:
    learner, data = small_classifier("supervised"), structures(2)
    with torch.no_grad():
        learner.head.weight.zero_()
        learner.head.bias.copy_(torch.tensor([0.0, 0.0, math.log(7), 0.0]))
    titles = [title for title, _ in learner.preview(batch_of(learner, data))]
    assert titles == [f"class {int(data[i]['label'])}, said 2 (70 %)" for i in range(2)]


@pytest.mark.parametrize("name", ["supervised", "semi_supervised", "weakly_supervised"])
def test_what_cannot_work_is_refused(name: str) -> None:
    for classes in (0, 1):
        with pytest.raises(UserError, match="at least two classes"):
            small_classifier(name, classes=classes)
    learner, sample = small_classifier(name), structures(1)[0]
    for label in (-2, CLASSES):
        with pytest.raises(UserError, match=f"label {label}, of 4 classes"):
            learner.views({**sample, "label": torch.tensor(label)}, torch.Generator())
    with pytest.raises(UserError, match="needs label"):
        learner.check({"rgb": sample["rgb"]})
    assert PRETEXTS[name].labels == ("rgb", "label")


def test_labels_that_are_missing_and_wrong_options_are_refused() -> None:
    with pytest.raises(UserError, match="semi_supervised"):
        small_classifier("supervised").views({**structures(1)[0], "label": torch.tensor(-1)}, torch.Generator())
    with pytest.raises(UserError, match="smoothing"):
        small_classifier("supervised", smoothing=1.0)
