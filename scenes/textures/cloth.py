"""Woven and knotted things: fabric, carpet, rug patterns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes.textures.fields import clouds, coordinates, generator, hues, picture, step

Image = NDArray[np.uint8]


def weave(resolution: int, seed: int = 0, threads: int = 40) -> Image:
    """Plain-woven cloth; an even number of threads each way."""
    rng = generator("weave", seed)
    u, v = coordinates(resolution)
    warp, weft = np.sin(np.pi * threads * u) ** 2, np.sin(np.pi * threads * v) ** 2
    over = (np.floor(u * threads) + np.floor(v * threads)) % 2
    slub_u = 1 + 0.05 * rng.standard_normal(threads)[np.floor(u[0] * threads).astype(int)]
    slub_v = 1 + 0.05 * rng.standard_normal(threads)[np.floor(v[:, 0] * threads).astype(int)]
    value = np.where(over > 0, warp * slub_u[None], weft * slub_v[:, None])
    return picture(0.7 + 0.2 * value + 0.025 * clouds(rng, resolution, falloff=0.9))


def carpet(resolution: int, seed: int = 0, pile: float = 0.07) -> Image:
    """Cut pile: fine tufts and faint tracks."""
    rng = generator("carpet", seed)
    tufts = clouds(rng, resolution, falloff=0.3, lowest=24)
    return picture(0.83 + pile * tufts + 0.035 * clouds(rng, resolution, falloff=1.5))


def kilim(resolution: int, seed: int = 0, repeats: int = 2) -> Image:
    """Rug pattern of nested diamonds and bands in a small palette."""
    rng = generator("kilim", seed)
    u, v = coordinates(resolution)
    colours = hues(rng, 5, saturation=0.75, low=0.35, high=0.95)
    x, y = np.abs(((u * repeats) % 1) - 0.5), np.abs(((v * repeats) % 1) - 0.5)
    cell = 1 / (24 * repeats)
    stair = np.floor(x / cell / repeats) + np.floor(y / cell / repeats)  # diamonds with stepped edges, as weaving makes them
    rings = int(rng.integers(2, 5))
    index = (np.floor(stair / rings) % len(colours)).astype(int)
    tufts = 1 + 0.05 * clouds(rng, resolution, falloff=0.2, lowest=16)
    return picture(colours[index] * tufts[..., None])


def berber(resolution: int, seed: int = 0, count: int = 3) -> Image:
    """Pale rug with a thin irregular lattice."""
    rng = generator("berber", seed)
    u, v = coordinates(resolution)
    wobble = 0.03 * clouds(rng, resolution, falloff=1.8)
    a, b = ((u + v) * count + wobble) % 1, ((u - v) * count + wobble) % 1
    line = np.minimum(np.minimum(a, 1 - a), np.minimum(b, 1 - b))
    value = 0.35 + 0.57 * step(line, 0.045, 0.04)
    return picture(value * (1 + 0.05 * clouds(rng, resolution, falloff=0.3, lowest=16)))


def foliage(resolution: int, seed: int = 0) -> Image:
    """Leaf surface: veins across u and blotches, to be tinted green."""
    rng = generator("foliage", seed)
    _, v = coordinates(resolution)
    veins = np.abs(np.sin(np.pi * 10 * v + 0.5 * clouds(rng, resolution, falloff=2.0)))
    return picture(0.72 + 0.16 * veins + 0.06 * clouds(rng, resolution, falloff=1.3))


def wicker(resolution: int, seed: int = 0, stakes: int = 8) -> Image:
    """Basketwork: rods woven over and under upright stakes, an even number of them."""
    rng = generator("wicker", seed)
    u, v = coordinates(resolution)
    rows = 2 * stakes
    row = np.floor(v * rows)
    over = 0.5 + 0.5 * np.cos(np.pi * (u * stakes + row))
    rod = np.sin(np.pi * ((v * rows) % 1)) ** 0.6
    tone = 1 + 0.08 * rng.standard_normal(rows)[row[:, 0].astype(int)][:, None]
    return picture((0.42 + 0.5 * rod * (0.45 + 0.55 * over)) * tone + 0.03 * clouds(rng, resolution, falloff=0.4, lowest=4, stretch=3.0))
