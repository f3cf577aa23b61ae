"""Patterns without a subject: checker, noise, stripes, plaster."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes.textures.fields import clouds, coordinates, edge_distance, generator, hues, picture, step

Image = NDArray[np.uint8]


def checker(resolution: int, squares: int = 8) -> Image:
    """Light and dark squares, an even number along each side."""
    cell = np.arange(resolution) * squares // resolution
    return picture(np.where((cell[:, None] + cell) % 2, 0.92, 0.47))


def noise(resolution: int, seed: int = 0) -> Image:
    """Soft clouds of grey."""
    return picture(0.74 + 0.12 * clouds(generator("noise", seed), resolution, falloff=1.2))


def plaster(resolution: int, seed: int = 0, relief: float = 0.01) -> Image:
    """Painted wall: nearly plain, with faint roller marks."""
    rng = generator("plaster", seed)
    grain = clouds(rng, resolution, falloff=0.4, lowest=8) + 1.2 * clouds(rng, resolution, falloff=1.5)
    return picture(0.94 + 0.7 * relief * grain)


def stripes(resolution: int, seed: int = 0, bands: int = 6, contrast: float = 0.5) -> Image:
    """Bands along v in shades of a palette (wallpaper, awnings, blankets)."""
    rng = generator("stripes", seed)
    u, _ = coordinates(resolution)
    edges = np.sort(rng.uniform(0, 1, bands)) + np.linspace(0, 0.5, bands)
    edges = np.concatenate([[0.0], edges / (edges[-1] + 0.15)])
    colours = 1 - contrast * (1 - hues(rng, bands + 1, saturation=0.35, low=0.4, high=1.0))
    index = np.searchsorted(edges, u[0], side="right") - 1
    thread = 0.02 * clouds(rng, resolution, falloff=0.1, lowest=4)[..., None]
    return picture(np.broadcast_to(colours[index], (resolution, resolution, 3)) + thread)


def dots(resolution: int, seed: int = 0, count: int = 6) -> Image:
    """Staggered small motifs on a plain ground (wallpaper, printed cloth)."""
    rng = generator("dots", seed)
    u, v = coordinates(resolution)
    phase = 0.5 * (np.floor(v * 2 * count) % 2)
    x, y = ((u * count + phase) % 1) - 0.5, ((v * 2 * count) % 1) - 0.5
    petals = int(rng.integers(3, 7))
    radius = np.hypot(x, 0.5 * y) * (1 + 0.35 * np.cos(petals * np.arctan2(0.5 * y, x)))
    mark = 1 - step(radius, float(rng.uniform(0.1, 0.17)), 0.05)
    ground, motif = np.array([0.96, 0.95, 0.93]), 0.55 + 0.4 * hues(rng, 1, saturation=0.7, low=0.3, high=0.8)[0]
    return picture(ground + mark[..., None] * (motif - ground))


def gingham(resolution: int, seed: int = 0, count: int = 8) -> Image:
    """Woven checks of one hue, as on blankets."""
    rng = generator("gingham", seed)
    u, v = coordinates(resolution)
    band = step(edge_distance(u, count), 0.25, 0.06) + step(edge_distance(v, count), 0.25, 0.06)
    dark = hues(rng, 1, saturation=0.6, low=0.4, high=0.6)[0]
    value = 0.95 - (band[..., None] / 2) * (0.95 - dark)
    return picture(value * (1 + 0.03 * clouds(rng, resolution, falloff=0.0, lowest=4))[..., None])
