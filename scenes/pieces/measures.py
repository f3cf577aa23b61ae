"""Measures rounded to the millimetre, so that descriptions stay short and equal things share one mesh."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scenes.scene import Parameter, Shape


def metres(rng: np.random.Generator, low: float, high: float) -> float:
    """A length drawn uniformly, to the millimetre."""
    return round(float(rng.uniform(low, high)), 3)


def shape_of(kind: str, **parameters: Parameter) -> Shape:
    """`Shape.of` with lengths rounded to the millimetre."""
    return Shape.of(kind, **{k: round(v, 3) if isinstance(v, float) else v for k, v in parameters.items()})


Spread = tuple[float, float] | list[str] | list[int] | list[float] | range


def drawn(kind: str, **spreads: Spread) -> Callable[[np.random.Generator], Shape]:
    """A draw of a shape whose measures are independent: a pair (low, high) of floats is a range, a list or range are alternatives."""

    def draw(rng: np.random.Generator) -> Shape:
        values: dict[str, Parameter] = {}
        for name, spread in spreads.items():
            values[name] = metres(rng, *spread) if isinstance(spread, tuple) else spread[int(rng.integers(len(spread)))]
        return shape_of(kind, **values)

    return draw
