"""Periodic scalar fields on a square grid, the raw material of patterns. All wrap around, so pictures made of them have no seam."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float32]


def generator(kind: str, seed: int) -> np.random.Generator:
    """The random numbers of variant `seed` of a pattern; patterns of different kinds are unrelated."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([int(seed), *kind.encode()])))


def clouds(rng: np.random.Generator, n: int, *, falloff: float, lowest: float = 1.0, stretch: float = 1.0) -> Float:
    """Random field [n, n], mean 0, standard deviation 1, amplitude ~ frequency^-falloff above `lowest` waves per picture.

    With `stretch` > 1 it is drawn out along u (columns) by that factor.
    """
    along = scipy.fft.rfftfreq(n, 1 / n).astype(np.float32) * stretch
    across = scipy.fft.fftfreq(n, 1 / n).astype(np.float32)
    frequency = np.hypot(across[:, None], along)
    amplitude = np.maximum(frequency, lowest) ** -falloff
    amplitude[0, 0] = 0.0
    spectrum = scipy.fft.rfft2(rng.standard_normal((n, n), dtype=np.float32)) * amplitude
    field = scipy.fft.irfft2(spectrum, s=(n, n))
    return np.asarray(field / field.std(), dtype=np.float32)


def coordinates(n: int) -> tuple[Float, Float]:
    """(u, v) of the pixel centres in [0, 1): u [1, n] along columns, v [n, 1] along rows."""
    centres = ((np.arange(n) + 0.5) / n).astype(np.float32)
    return centres[None], centres[:, None]


def edge_distance(position: Float, count: int) -> Float:
    """Distance to the nearest of `count` evenly spaced lines, in units of their spacing (0 ... 0.5); position in [0, 1)."""
    phase = (position * count) % 1.0
    return np.minimum(phase, 1.0 - phase)


def step(value: ArrayLike, edge: float, softness: float) -> Float:
    """0 below `edge`, 1 above, linear over `softness` around it."""
    return np.clip((np.asarray(value, dtype=np.float32) - edge) / softness + 0.5, 0.0, 1.0)


def picture(value: ArrayLike) -> NDArray[np.uint8]:
    """sRGB picture uint8 [n, n, 3] of values in [0, 1], either [n, n] or [n, n, 3]."""
    value = np.asarray(value, dtype=np.float32)
    image = (np.clip(value, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image


def hues(rng: np.random.Generator, count: int, *, saturation: float = 0.5, low: float = 0.35, high: float = 0.9) -> Float:
    """`count` sRGB colours [count, 3] of one palette: hues near two or three anchors, varied lightness."""
    anchors = rng.uniform(0, 1, 3)
    hue = anchors[rng.integers(0, 3, count)] + rng.normal(0, 0.03, count)
    strength = saturation * rng.uniform(0.3, 1.0, count)
    light = rng.uniform(low, high, count)
    wheel = 0.5 + 0.5 * np.cos(2 * np.pi * (hue[:, None] - np.array([0.0, 1 / 3, 2 / 3])))
    return np.asarray(light[:, None] * (1 - strength[:, None] + strength[:, None] * wheel), dtype=np.float32)
