from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from training.losses import angle_degrees, balanced_bce, cosine_loss, log_depth_loss, masked_mean


def test_log_depth_loss_by_hand() -> None:
    """Errors 0 and -2: mean square 2, squared mean 1."""
    prediction, depth = torch.zeros(1, 1, 2), torch.tensor([[[1.0, math.exp(2)]]])
    mask = torch.ones(1, 1, 2, dtype=torch.bool)
    assert log_depth_loss(prediction, depth, mask, 0.0).item() == pytest.approx(2.0)
    assert log_depth_loss(prediction, depth, mask, 0.5).item() == pytest.approx(1.5)


def test_full_invariance_ignores_each_images_own_scale() -> None:
    depth = torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(0)) + 0.5
    prediction = depth.log() + torch.tensor([0.0, 2.0, -1.0])[:, None, None]
    mask = torch.ones_like(depth, dtype=torch.bool)
    assert log_depth_loss(prediction, depth, mask, 1.0).item() == pytest.approx(0, abs=1e-6)
    assert log_depth_loss(prediction, depth, mask, 0.0).item() == pytest.approx(5 / 3, rel=1e-5)


def test_images_without_a_valid_pixel_do_not_dilute_the_mean() -> None:
    prediction, depth = torch.ones(2, 2, 2), torch.ones(2, 2, 2)
    mask = torch.tensor([True, False])[:, None, None].expand(2, 2, 2)
    assert log_depth_loss(prediction, depth, mask, 0.0).item() == pytest.approx(1.0)
    assert log_depth_loss(prediction, depth, torch.zeros_like(mask), 0.0).item() == 0


def test_cosine_loss_and_angle_ignore_length() -> None:
    target = torch.tensor([0.0, 0.0, -1.0]).view(1, 3, 1, 1)
    mask = torch.ones(1, 1, 1, dtype=torch.bool)
    for vector, loss, angle in (
        ([0, 0, -9.0], 0, 0),
        ([0, 0, 0.1], 2, 180),
        ([5.0, 0, 0], 1, 90),
        ([3.0, 0, -3.0], 1 - math.sqrt(0.5), 45),
    ):
        prediction = torch.tensor(vector).view(1, 3, 1, 1)
        assert cosine_loss(prediction, target, mask).item() == pytest.approx(loss, abs=1e-6)
        assert angle_degrees(prediction, target, mask).item() == pytest.approx(angle, abs=0.05)  # arccos near 1 in float32


def test_rare_positives_pull_as_hard_as_all_negatives_together() -> None:
    logits = torch.zeros(1, 10, 10, requires_grad=True)
    positive = torch.zeros(1, 10, 10, dtype=torch.bool)
    positive[0, 0, :10] = True
    mask = torch.ones_like(positive)
    loss = balanced_bce(logits, positive, mask)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2))
    assert logits.grad is not None
    assert logits.grad[positive].sum().item() == pytest.approx(-logits.grad[~positive].sum().item())


def test_weights_of_positives_are_bounded() -> None:
    logits = torch.zeros(1, 100, 100, requires_grad=True)
    positive = torch.zeros(1, 100, 100, dtype=torch.bool)
    positive[0, 0, 0] = True
    balanced_bce(logits, positive, torch.ones_like(positive), most=20.0).backward()
    assert logits.grad is not None
    assert (logits.grad[0, 0, 0] / logits.grad[0, 5, 5]).item() == pytest.approx(-20)


@pytest.mark.parametrize("poison", [math.inf, math.nan])
def test_masked_pixels_have_neither_value_nor_gradient(poison: float) -> None:
    generator = torch.Generator().manual_seed(0)
    output = torch.randn(2, 5, 6, 6, generator=generator)
    mask = torch.rand(2, 6, 6, generator=generator) < 0.5
    depth, normal = torch.rand(2, 6, 6, generator=generator) + 1, torch.randn(2, 3, 6, 6, generator=generator)

    def loss(output: Tensor, depth: Tensor, normal: Tensor) -> Tensor:
        contour = balanced_bce(output[:, 4], depth > 1.5, mask)
        return log_depth_loss(output[:, 3], depth, mask, 0.5) + cosine_loss(output[:, :3], normal, mask) + contour

    clean = output.clone().requires_grad_()
    expected = loss(clean, depth, normal)
    expected.backward()
    spoilt = output.clone().requires_grad_()
    found = loss(spoilt, depth.masked_fill(~mask, poison), normal.masked_fill(~mask[:, None], poison))
    found.backward()
    assert found.item() == expected.item()
    assert clean.grad is not None
    assert spoilt.grad is not None
    assert torch.equal(clean.grad, spoilt.grad)
    assert not spoilt.grad.permute(0, 2, 3, 1)[~mask].any()
    assert spoilt.grad.permute(0, 2, 3, 1)[mask].abs().sum() > 0


def test_masked_mean_of_nothing_is_zero() -> None:
    assert masked_mean(torch.tensor([math.nan]), torch.tensor([False])).item() == 0
