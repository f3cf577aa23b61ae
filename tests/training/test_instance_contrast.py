from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from drawn_structures import Gratings
from sphere_world import Spheres
from torch import Tensor, nn
from torch.utils.data import Dataset

from scenes.errors import UserError
from training.backbones import build_backbone
from training.budget import Budget
from training.fit import FitConfig, fit
from training.learner import Batch
from training.pretexts import build_pretext
from training.pretexts.instance_contrast import EMPTY, InstanceContrast, InstanceContrastConfig, info_nce
from training.seeds import seeded

MILD = {"brightness": 0.4, "contrast": 0.4, "saturation": 0.8, "hue": 0.4, "grey": 0.2, "channel": 0, "blur": 0, "noise": 0}
"""Colours say no more than by default, but stripes of three pixels can still be seen."""
SMALL: dict[str, Any] = {"crop": {"size": 32, "area": [0.6, 1.0], "flip": False}, "colour": MILD, "hidden": 32, "dimensions": 16}
MOCO: dict[str, Any] = {"method": "moco", "queue": 64, "momentum": 0.9}


def learner_of(width: int = 8, **config: Any) -> InstanceContrast:
    with seeded(0):
        learner = build_pretext("instance_contrast", build_backbone("resnet18", width=width), {**SMALL, **config})
    assert isinstance(learner, InstanceContrast)
    return learner


def batch_of(learner: InstanceContrast, data: Dataset[Any], count: int, seed: int = 0) -> Batch:
    views = [learner.views(data[i], torch.Generator().manual_seed(seed + i)) for i in range(count)]
    return learner.augment({key: torch.stack([view[key] for view in views]) for key in views[0]}, torch.Generator().manual_seed(seed))


def settings(samples: int, batch_size: int) -> FitConfig:
    return FitConfig(budget=Budget(samples=samples), batch_size=batch_size, lr=4e-3, checkpoint_seconds=0, progress=False)


def unit(*degrees: float) -> Tensor:
    angles = torch.deg2rad(torch.tensor(degrees))
    return torch.stack([angles.cos(), angles.sin()], 1)


def test_contrastive_loss_by_hand() -> None:
    """One query at 0°, its own candidate at 60°, negatives at 90° and 180°: cosines 1/2, 0 and -1."""
    parts = info_nce(unit(0), unit(60, 90, 180), torch.tensor([0]), torch.tensor([7]), torch.tensor([7, 8, 9]), 0.5)
    assert parts["loss"].item() == pytest.approx(-math.log(math.e / (math.e + 1 + math.exp(-2))), rel=1e-5)
    assert parts["accuracy"].item() == 1
    assert parts["negatives"].item() == 2
    assert parts["alignment"].item() == pytest.approx(1, rel=1e-5)  # |a - b|² at 60°
    assert parts["uniformity"].item() == pytest.approx(math.log((math.exp(-4) + math.exp(-8)) / 2), rel=1e-5)


def test_the_partner_must_be_nearer_than_every_negative() -> None:
    ids = torch.tensor([7, 8, 9])
    for angle, accuracy in ((89, 1), (91, 0)):
        parts = info_nce(unit(0), unit(angle, 90, 180), torch.tensor([0]), ids[:1], ids, 0.5)
        assert parts["accuracy"].item() == accuracy
    same = info_nce(torch.ones(3, 1), torch.ones(3, 1), torch.arange(3), ids, ids, 0.5)
    assert same["accuracy"].item() == 0, "a network that says one thing of everything has found nobody"


def test_views_of_the_same_picture_and_empty_places_are_no_negatives() -> None:
    ids = torch.tensor([7, 7, 8, EMPTY])
    parts = info_nce(unit(0), unit(60, 0, 90, 0), torch.tensor([0]), torch.tensor([7]), ids, 0.5)
    assert parts["loss"].item() == pytest.approx(math.log(1 + math.exp(-1)), rel=1e-5)
    assert parts["negatives"].item() == 1


def test_a_view_has_the_2b_minus_2_views_of_other_pictures_as_negatives() -> None:
    learner = learner_of()
    assert learner.loss(batch_of(learner, Spheres(5), 5))["negatives"].item() == 8


def test_a_picture_that_is_twice_in_a_batch_is_not_told_from_itself() -> None:
    learner, data = learner_of(), Spheres(3)
    data.frames[1] = data.frames[0]
    parts = learner.loss(batch_of(learner, data, 3))
    assert parts["negatives"].item() == pytest.approx((4 * 2 + 2 * 4) / 6)
    data.frames[2] = data.frames[0]
    parts = learner.loss(batch_of(learner, data, 3))
    parts["loss"].backward()
    assert parts["loss"].item() == parts["accuracy"].item() == 0
    weight = learner.backbone.conv1.weight  # type: ignore[union-attr]
    assert isinstance(weight.grad, Tensor)
    assert not weight.grad.any()


@pytest.mark.parametrize("config", [{}, MOCO], ids=["simclr", "moco"])
def test_overfits_a_few_pictures(config: dict[str, Any], tmp_path: Path) -> None:
    """Chance is 1 / 15 among views and 1 / 64 among keys (of which a picture's own earlier ones don't count)."""
    learner, data = learner_of(**config), Gratings(8)
    fit(learner, data, settings(8 * 150, 8), tmp_path)
    learner.train()
    with torch.no_grad():
        after = [learner.loss(batch_of(learner, data, 8, seed=100 * i)) for i in range(4)]
    loss, accuracy, negatives = (sum(parts[name].item() for parts in after) / 4 for name in ("loss", "accuracy", "negatives"))
    assert negatives == (14 if not config else 63)
    assert loss < 0.5 * math.log(1 + negatives)
    assert accuracy > 0.7


def test_finds_the_other_view_of_pictures_never_seen(tmp_path: Path) -> None:
    """Their colours are jittered, so that directions and widths of stripes tell them apart. Chance is 1 / 63."""
    learner = learner_of()
    fit(learner, Gratings(256), settings(32 * 90, 32), tmp_path)
    with torch.no_grad():
        parts = learner.train().loss(batch_of(learner, Gratings(32, first=1000), 32))
    assert parts["accuracy"] > 8 / 63
    assert parts["loss"] < 0.8 * math.log(63)


def colour_accuracy(learner: InstanceContrast, pictures: int = 64, steps: int = 200) -> float:
    """How often a small network finds the other view by mean colour alone, of pictures that have nothing else; chance is 1 / 127."""
    generator = torch.Generator().manual_seed(0)
    with seeded(0):
        network = nn.Sequential(nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    ids, found = torch.arange(pictures).repeat_interleave(2), []
    for _ in range(steps):
        colours = torch.randint(256, (pictures, 1, 3, 1, 1), dtype=torch.uint8, generator=generator).expand(-1, 2, -1, 4, 4)
        seen = learner.augment({"views": colours, "id": ids[::2]}, generator)["views"].flatten(0, 1).mean((2, 3))
        z = F.normalize(network(seen), dim=1)
        parts = info_nce(z, z, torch.arange(2 * pictures) ^ 1, ids, ids, 0.2)
        optimiser.zero_grad()
        parts["loss"].backward()
        optimiser.step()
        found.append(parts["accuracy"].item())
    return sum(found[-50:]) / 50


def test_colour_alone_does_not_give_a_picture_away() -> None:
    """Measured: 3 % with the jitter (20 % with the one of `PhotometricConfig()`), 100 % without any."""
    still = dict.fromkeys(("brightness", "contrast", "saturation", "hue", "grey", "channel", "blur", "noise"), 0)
    assert colour_accuracy(learner_of(colour=still)) > 0.95
    assert colour_accuracy(learner_of(colour=InstanceContrastConfig().colour.to_dict())) < 0.05


def test_the_key_encoder_follows_slowly_and_has_no_gradient() -> None:
    learner = learner_of(**MOCO)
    names = [name for name, _ in learner.named_parameters()]
    assert names
    assert not any("key" in name for name in names)
    batch = batch_of(learner, Spheres(4), 4)
    before = learner.key_backbone.conv1.weight.clone()
    with torch.no_grad():
        learner.backbone.conv1.weight += 1  # type: ignore[union-attr,operator]
    parts = learner.loss(batch)
    assert torch.allclose(learner.key_backbone.conv1.weight, before + 0.1, atol=1e-6)
    parts["loss"].backward()
    assert learner.projection[0].weight.grad.abs().sum() > 0
    assert not any(buffer.requires_grad for buffer in learner.buffers())


def test_the_queue_holds_the_latest_keys() -> None:
    learner = learner_of(**{**MOCO, "queue": 6})
    data = Spheres(8)
    first, second = batch_of(learner, data, 4), batch_of(learner, data, 8)
    second = {name: value[4:] for name, value in second.items()}
    learner.loss(first)
    assert learner.queue_ids.tolist() == [*first["id"].tolist(), EMPTY, EMPTY]
    kept = learner.queue.clone()
    assert learner.loss(second)["negatives"].item() == 3 + 4
    ids = second["id"].tolist()
    assert learner.queue_ids.tolist() == [*ids[2:], *first["id"].tolist()[2:], *ids[:2]]
    assert torch.equal(learner.queue[2:4], kept[2:4])
    assert torch.allclose(learner.queue.norm(dim=1), torch.ones(6), atol=1e-5)
    before = learner.queue.clone()
    learner.eval().loss(first)
    assert torch.equal(learner.queue, before), "measuring is not training"


def test_moco_interrupted_and_resumed_equals_never_stopped(tmp_path: Path) -> None:
    whole, first, second = (learner_of(**{**MOCO, "queue": 10}) for _ in range(3))
    data, losses, compute = Spheres(8), 0, first.loss

    def failing(batch: Batch) -> dict[str, Tensor]:
        nonlocal losses
        losses += 1
        if losses == 5:
            raise RuntimeError("power cut")
        return compute(batch)

    fit(whole, data, settings(28, 4), tmp_path / "whole")
    first.loss = failing  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="power cut"):
        fit(first, data, settings(28, 4), tmp_path / "parts")
    fit(second, data, settings(28, 4), tmp_path / "parts")
    assert (tmp_path / "whole/model.safetensors").read_bytes() == (tmp_path / "parts/model.safetensors").read_bytes()


def test_what_cannot_work_is_refused() -> None:
    for config in ({"method": "byol"}, {"temperature": 0.0}, {"queue": 0}, {"momentum": 1.0}):
        with pytest.raises(UserError):
            learner_of(**config)
    learner = learner_of()
    with pytest.raises(UserError, match="at least two"):
        learner.loss(batch_of(learner, Spheres(1), 1))
