"""Measures rounded to the millimetre, so that descriptions stay short and equal things share one mesh."""

from __future__ import annotations

import numpy as np

from scenes.scene import Parameter, Shape


def metres(rng: np.random.Generator, low: float, high: float) -> float:
    """A length drawn uniformly, to the millimetre."""
    return round(float(rng.uniform(low, high)), 3)


def shape_of(kind: str, **parameters: Parameter) -> Shape:
    """`Shape.of` with lengths rounded to the millimetre."""
    return Shape.of(kind, **{k: round(v, 3) if isinstance(v, float) else v for k, v in parameters.items()})
