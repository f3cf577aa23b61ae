from __future__ import annotations

import math

import pytest

from scenes.errors import UserError
from training.budget import Budget, learning_rate_factor


def test_budgets_are_read_from_text() -> None:
    assert Budget.parse("samples=100000") == Budget(samples=100_000)
    assert Budget.parse("minutes=2.5") == Budget(minutes=2.5)
    assert Budget.parse("samples=100_000, minutes=6") == Budget(samples=100_000, minutes=6.0)


@pytest.mark.parametrize(
    "text", ["", "100", "samples=", "samples=1.5", "epochs=3", "samples=0", "minutes=-1", "minutes=nan", "samples=5;minutes=2"]
)
def test_texts_that_are_no_budget_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="samples="):
        Budget.parse(text)


def test_samples_are_rounded_up_to_whole_batches() -> None:
    assert Budget(samples=100).steps(64) == 2
    assert Budget(samples=128).steps(64) == 2
    assert Budget(minutes=1).steps(64) is None


def test_the_budget_that_is_used_up_first_counts() -> None:
    both = Budget(samples=1000, minutes=1)
    assert both.fraction(step=5, batch_size=100, seconds=6) == 0.5
    assert both.fraction(step=5, batch_size=100, seconds=45) == 0.75
    assert both.fraction(step=10, batch_size=100, seconds=0) == 1


def test_learning_rate_rises_linearly_then_falls_as_half_a_cosine() -> None:
    assert learning_rate_factor(0.05, 0.1) == pytest.approx(0.5)
    assert learning_rate_factor(0.1, 0.1) == pytest.approx(1)
    assert learning_rate_factor(0.55, 0.1) == pytest.approx(0.5)
    assert learning_rate_factor(0.1 + 0.9 / 4, 0.1) == pytest.approx((1 + math.sqrt(0.5)) / 2)
    assert learning_rate_factor(1.0, 0.1) == pytest.approx(0)
    assert learning_rate_factor(0.0, 0.1) > 0, "a first step at rate zero would be wasted"
    assert learning_rate_factor(0.0, 0.0) == 1
