"""The colours a scene agrees on, and how roles (what a shape's slots name) are registered."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scenes.scene import Color, Material, Texture

TEXTURE_SEEDS = 16  # variants of each picture that is shown once
PATTERN_SEEDS = 5  # variants of each pattern; colours vary freely on top, so that scenes share what takes 5-20 ms to paint
PAINTING_SEEDS = 40

# Linear colours that multiply the tan "wood" pictures.
WOODS = (
    (0.92, 0.86, 0.8),
    (0.78, 0.66, 0.55),
    (0.62, 0.45, 0.32),
    (0.42, 0.26, 0.16),
    (0.24, 0.15, 0.1),
    (0.85, 0.72, 0.5),
    (0.55, 0.5, 0.46),
)


def linear(hue: float, saturation: float, value: float) -> Color:
    """Linear RGB of an HSV colour that is meant as seen on a screen (sRGB)."""
    encoded = np.array(colorsys.hsv_to_rgb(hue % 1.0, saturation, value))
    rgb = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return (round(float(rgb[0]), 4), round(float(rgb[1]), 4), round(float(rgb[2]), 4))


def pattern(rng: np.random.Generator, kind: str, metres: float, **parameters: int) -> Texture:
    """One of the variants of a texture, `metres` a repeat."""
    return Texture.of(kind, metres=metres, seed=int(rng.integers(PATTERN_SEEDS)), **parameters)


@dataclass(frozen=True)
class Scheme:
    """What the things of one scene share: two woods, two hues (0 ... 1), the hue and strength of the walls' paint, white trim or wood."""

    woods: tuple[Color, Color]
    hues: tuple[float, float]
    wall_hue: float
    tint: float
    trim_white: bool

    @classmethod
    def draw(cls, rng: np.random.Generator, tint: float) -> Scheme:
        first, second = (WOODS[int(k)] for k in rng.choice(len(WOODS), 2, replace=False))
        hues = (float(rng.uniform()), float(rng.uniform()))
        wall_hue = float(rng.choice([rng.uniform(0.05, 0.17), rng.uniform(0.25, 0.45), rng.uniform(0.52, 0.66), rng.uniform(0.9, 1.05)]))
        return cls((first, second), hues, wall_hue, tint, bool(rng.uniform() < 0.8))

    def accent(self, rng: np.random.Generator, saturation: tuple[float, float], value: tuple[float, float]) -> Color:
        """A colour near one of the scene's two hues."""
        hue = self.hues[int(rng.integers(2))] + float(rng.normal(0, 0.03))
        return linear(hue, float(rng.uniform(*saturation)), float(rng.uniform(*value)))


Role = Callable[[Scheme, np.random.Generator], Material]


class Roles(dict[str, Role]):
    """Functions by name; used as a decorator it adds one under the function's own name."""

    def __call__(self, function: Role) -> Role:
        self[function.__name__] = function
        return function
