from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from training.contrast import contrast


def unit(*degrees: float) -> Tensor:
    angles = torch.deg2rad(torch.tensor(degrees))
    return torch.stack([angles.cos(), angles.sin()], 1)


def test_by_hand() -> None:
    """The right one at 60°, wrong ones at 90° and 180°: cosines 1/2, 0 and -1, twice that at temperature 1/2. Lengths don't count."""
    result = contrast(3 * unit(0), 5 * unit(60, 90, 180), torch.tensor([0]), torch.ones(1, 3).bool(), 0.5)
    assert result.loss.item() == pytest.approx(-math.log(math.e / (math.e + 1 + math.exp(-2))), rel=1e-5)
    assert result.negative.tolist() == [[False, True, True]]
    assert result.found().tolist() == [True]


def test_only_what_is_a_negative_counts() -> None:
    candidates, negative = unit(60, 0, 90), torch.tensor([[True, False, True]])
    result = contrast(unit(0), candidates, torch.tensor([0]), negative, 0.5)
    assert result.loss.item() == pytest.approx(math.log(1 + math.exp(-1)), rel=1e-5)
    assert result.found().item()
    assert not contrast(unit(0), candidates, torch.tensor([0]), torch.ones(1, 3).bool(), 0.5).found().item()
    nobody = contrast(unit(0), candidates, torch.tensor([0]), torch.zeros(1, 3).bool(), 0.5)
    assert nobody.loss.item() == 0


def test_among_some_and_never_by_being_equal() -> None:
    result = contrast(unit(0), unit(60, 0, 90), torch.tensor([0]), torch.ones(1, 3).bool(), 0.5)
    assert not result.found().item()
    assert result.found(torch.tensor([[True, False, True]])).item()
    assert not contrast(unit(0), unit(60, 60), torch.tensor([0]), torch.ones(1, 2).bool(), 0.5).found().item()
