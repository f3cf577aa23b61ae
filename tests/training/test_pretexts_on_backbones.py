"""Every pretext of pictures around every kind of picture network: nothing depends on a ResNet's stages or arithmetic."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from painted_spheres import PaintedSpheres
from sphere_world import Spheres
from torch import Tensor

from training.backbones import build_backbone
from training.labels import told_by
from training.pretexts import PRETEXTS, build_pretext
from training.pretexts.base import Pretext
from training.seeds import seeded

PICTURES: dict[str, Any] = {"image": PaintedSpheres, "labelled_frame": Spheres}
METHODS = [name for name in PRETEXTS if PRETEXTS[name].unit in PICTURES and "image" in PRETEXTS[name].inputs]


def built(method: str, backbone: str) -> Pretext:
    with seeded(0):
        return build_pretext(method, build_backbone(backbone, width=8), told_by(PICTURES[PRETEXTS[method].unit], PRETEXTS[method])).train()


def batch_of(learner: Pretext) -> dict[str, Tensor]:
    data = PICTURES[learner.unit](4)
    views = [learner.views(data[i], torch.Generator().manual_seed(i)) for i in range(4)]
    batch = {key: torch.stack([view[key] for view in views]) for key in views[0]}
    return learner.augment(batch, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("backbone", ["alexnet", "vgg16", "resnet50"])
@pytest.mark.parametrize("method", METHODS)
def test_its_loss_reaches_the_networks_first_and_last_convolution(method: str, backbone: str) -> None:
    learner = built(method, backbone)
    batch = batch_of(learner)
    with seeded(1):
        loss = learner.loss(batch)["loss"]
    loss.backward()
    convolutions = [p for p in learner.backbone.parameters() if p.ndim == 4]
    for weight in (convolutions[0], convolutions[-1]):
        assert weight.grad is not None
        assert torch.isfinite(weight.grad).all()
        assert weight.grad.abs().max() > 0
