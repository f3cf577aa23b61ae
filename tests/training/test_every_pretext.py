"""What every registered pretext must keep; a newcomer is tested as soon as it has its line in PRETEXTS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, get_args

import numpy as np
import pytest
import torch
from drawn_videos import BouncingBalls
from moving_scenes import Hills
from moving_spheres import MovingSpheres
from painted_spheres import PaintedSpheres
from sphere_world import Spheres
from torch import Tensor, nn

from scenes.errors import UserError
from training.backbones import build_backbone
from training.budget import Budget
from training.checkpoint import load_backbone, load_pretext
from training.fit import FitConfig, fit
from training.images import normalise
from training.labels import told_by
from training.learner import Batch, Config, Picture, Sample, Unit
from training.pretexts import PRETEXTS, build_pretext
from training.pretexts.base import Pretext
from training.seeds import seeded

EXAMPLES: dict[str, Any] = {
    "image": lambda count, _: PaintedSpheres(count),
    "labelled_frame": lambda count, _: Spheres(count),
    "pair": lambda count, _: MovingSpheres(count),
    "clip": BouncingBalls,
    "clip_audio": BouncingBalls,
    "relative_depth": lambda count, _: Hills(count),
}
"""A data set for every data unit, or for a method that learns nothing from its unit's: how many samples, of what footage."""


@dataclass(frozen=True, kw_only=True)
class BrightnessConfig(Config):
    bins: int = 4


class Brightness(Pretext):
    """A toy: tell how bright the picture is, in bins."""

    Config: ClassVar[type[Config]] = BrightnessConfig
    unit = "image"
    labels = ("rgb",)

    def __init__(self, backbone: Any, config: BrightnessConfig) -> None:
        super().__init__(backbone, config)
        self.head = nn.Linear(backbone.channels[backbone.stages[-1]], config.bins)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        factor = torch.rand(1, generator=generator)
        return {"image": normalise(sample["rgb"][:, :64, :64] / 255 * factor), "bin": (factor[0] * self.config.bins).long()}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        logits = self.head(self.backbone(batch["image"]).mean((2, 3)))
        return {"loss": nn.functional.cross_entropy(logits, batch["bin"]), "accuracy": (logits.argmax(1) == batch["bin"]).float().mean()}

    def preview(self, batch: Batch) -> list[Picture]:
        return [(f"bin {int(b)}", np.zeros((8, 8, 3), np.uint8)) for b in batch["bin"]]


PRETEXTS.add("toy_brightness", f"{__name__}:Brightness")


@pytest.fixture(params=[name for name in PRETEXTS if name == "toy_brightness" or not name.startswith("toy_")])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def learner_of(name: str, seed: int = 0) -> Pretext:
    with seeded(seed):
        return build_pretext(name, build_backbone("resnet18", width=8), told_by(PaintedSpheres, PRETEXTS[name]))


def examples(name: str) -> Any:
    make = EXAMPLES.get(name) or EXAMPLES[PRETEXTS[name].unit]
    return make(8, learner_of(name).footage)


def settings(samples: int = 24) -> FitConfig:
    return FitConfig(budget=Budget(samples=samples), batch_size=4, progress=False, checkpoint_seconds=0)


def augmented(learner: Pretext, data: Any) -> Batch:
    views = [learner.views(data[i], torch.Generator().manual_seed(i)) for i in range(4)]
    return learner.augment({key: torch.stack([view[key] for view in views]) for key in views[0]}, torch.Generator().manual_seed(0))


def test_declares_what_it_needs(name: str) -> None:
    method = PRETEXTS[name]
    assert method.unit in get_args(Unit)
    data = examples(name)
    learner_of(name).check(data[0])
    lacking = {key: value for key, value in data[0].items() if key != method.labels[0]}
    with pytest.raises(UserError, match=method.labels[0]):
        learner_of(name).check(lacking)


def test_views_depend_on_their_generator_alone_and_leave_the_sample_untouched(name: str) -> None:
    learner, data = learner_of(name), examples(name)
    before = {key: value.clone() for key, value in data[0].items()}
    views = []
    for seed in (1, 1, 2):
        torch.manual_seed(int(torch.randint(1000, (1,))))
        views.append(learner.views(data[0], torch.Generator().manual_seed(seed)))
    assert all(torch.equal(views[0][key], views[1][key]) for key in views[0])
    assert any(not torch.equal(views[0][key], views[2][key]) for key in views[0])
    assert all(torch.equal(before[key], value) for key, value in data[0].items())


def test_loss_reaches_the_backbones_first_and_every_own_parameter(name: str) -> None:
    learner = learner_of(name)
    parts = learner.loss(augmented(learner, examples(name)))
    assert all(value.ndim == 0 for value in parts.values())
    parts["loss"].backward()
    starved = [key for key, parameter in learner.named_parameters() if parameter.grad is None or not parameter.grad.abs().sum() > 0]
    # A convolution's weights behind a ReLU that happens to be shut may get nothing, whole heads may not.
    assert len(starved) <= 2, starved
    assert "backbone.conv1.weight" not in starved


def test_interrupted_and_resumed_equals_never_stopped(name: str, tmp_path: Path) -> None:
    whole, first, second = (learner_of(name) for _ in range(3))
    data = examples(name)
    fit(whole, data, settings(), tmp_path / "whole")
    losses, compute = 0, first.loss

    def failing(batch: Batch) -> dict[str, Tensor]:
        nonlocal losses
        losses += 1
        if losses == 4:
            raise RuntimeError("power cut")
        return compute(batch)

    first.loss = failing  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="power cut"):
        fit(first, data, settings(), tmp_path / "parts")
    fit(second, data, replace(settings(), workers=1), tmp_path / "parts")
    assert (tmp_path / "whole/model.safetensors").read_bytes() == (tmp_path / "parts/model.safetensors").read_bytes()


def test_comes_back_from_its_run_folder(name: str, tmp_path: Path) -> None:
    learner, data = learner_of(name), examples(name)
    fit(learner, data, settings(8), tmp_path)
    again = load_pretext(tmp_path)
    assert (again.name, again.config) == (name, learner.config)
    batch = augmented(learner, data)
    with torch.no_grad():
        assert torch.equal(again.loss(batch)["loss"], learner.eval().loss(batch)["loss"])
    backbone, metadata = load_backbone(tmp_path)
    assert metadata["pretext"] == name
    assert all(torch.equal(a, b) for a, b in zip(backbone.state_dict().values(), learner.backbone.state_dict().values(), strict=True))


def test_previews_are_pictures_and_change_nothing(name: str) -> None:
    learner = learner_of(name).train()
    before = {key: value.clone() for key, value in learner.state_dict().items()}
    pictures = learner.preview(augmented(learner, examples(name)))
    assert len(pictures) >= 4
    for title, pixels in pictures:
        assert title
        assert pixels.dtype == np.uint8
        assert pixels.shape[2:] == (3,)
    assert learner.training
    assert all(torch.equal(before[key], value) for key, value in learner.state_dict().items())


def test_unknown_options_are_refused_by_name(name: str) -> None:
    with pytest.raises(UserError, match="no option nonsense"):
        build_pretext(name, build_backbone("resnet18", width=8), {"nonsense": 1})
