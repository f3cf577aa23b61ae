"""What streets and yards are covered with: asphalt, slabs, setts, concrete, worn paint.

Pictures are pale, so that `Material.color` sets the tone; lengths are fractions of the picture, made for the metres that each names.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes.textures.fields import Float, clouds, coordinates, edge_distance, generator, picture, step

Image = NDArray[np.uint8]


def cracks(rng: np.random.Generator, n: int, width: float) -> Float:
    """1 on thin wandering lines, broken here and there, 0 elsewhere; [n, n]."""
    field, where = clouds(rng, n, falloff=1.8, lowest=2), clouds(rng, n, falloff=1.6)
    return (1 - step(np.abs(field), width, width)) * step(where, 0.7, 0.5)


def asphalt(resolution: int, seed: int = 0, age: float = 0.5, patches: int = 0) -> Image:
    """A road's surface, about 6 m: aggregate, polished and stained areas, `patches` of newer tar, cracks where `age` (0 ... 1) is high."""
    rng = generator("asphalt", seed)
    u, v = coordinates(resolution)
    grains = rng.standard_normal((resolution, resolution), dtype=np.float32)
    wear = (0.02 + 0.03 * age) * clouds(rng, resolution, falloff=1.4) + 0.022 * clouds(rng, resolution, falloff=0.3, lowest=24)
    value = 0.76 + 0.06 * grains + 0.09 * step(grains, 2.1, 0.4) + wear
    for _ in range(patches):
        centre, half = rng.uniform(size=2), rng.uniform(0.06, 0.2, 2)
        across, along = (np.abs((w - c + 0.5) % 1 - 0.5) for w, c in zip((u, v), centre, strict=True))
        inside = np.maximum(across / half[0], along / half[1]) + 0.03 * clouds(rng, resolution, falloff=1.5)
        seam = np.abs(inside - 1) < 0.045
        value = np.where(inside < 1, 0.85 * value + 0.04, value) - 0.2 * seam
    return picture(value - 0.28 * age * cracks(rng, resolution, 0.018))


def paving(resolution: int, seed: int = 0, rows: int = 5, columns: int = 4, stagger: float = 0.5) -> Image:
    """Slabs of about 0.4 m x 0.6 m in a bond (2.4 m: four by six), each of its own grey, chewing gum and all; `stagger` shifts odd rows."""
    rng = generator("paving", seed)
    rows += rows % 2 if stagger else 0
    u, v = coordinates(resolution)
    row = np.floor(v * rows).astype(int)
    across = u * columns + stagger * (row % 2)
    tone = rng.normal(0, 0.035, (rows, columns))[row, np.floor(across).astype(int) % columns]
    gap = np.minimum(edge_distance(v, rows) / rows, np.minimum(across % 1, 1 - across % 1) / columns) * resolution
    grain = 0.03 * clouds(rng, resolution, falloff=0.25, lowest=8) + 0.025 * clouds(rng, resolution, falloff=1.6)
    spots = clouds(rng, resolution, falloff=0.7, lowest=8)
    stone = 0.8 + tone + grain - 0.1 * step(spots, 2.9, 0.3) + 0.05 * step(gap, 3.0, 4.0) - 0.05
    return picture(0.5 + step(gap - 0.3 * np.clip(spots, -1, 1), 1.0, 1.4) * (stone - 0.5))


def setts(resolution: int, seed: int = 0, rows: int = 16, columns: int = 12) -> Image:
    """Small paving stones in rows (2 m), rounded and uneven, with dark joints."""
    rng = generator("setts", seed)
    u, v = coordinates(resolution)
    warp, bend = (0.07 * clouds(rng, resolution, falloff=2.2, lowest=2) for _ in range(2))
    y = (v * rows + warp) % rows
    row = np.floor(y).astype(int) % rows
    x = u * columns + bend + rng.uniform(0, 1, rows)[row]
    column = np.floor(x).astype(int) % columns
    edge = np.minimum(np.minimum(y % 1, 1 - y % 1) * columns / rows, np.minimum(x % 1, 1 - x % 1))
    tone = rng.normal(0, 0.06, (rows, columns))[row, column]
    rough = clouds(rng, resolution, falloff=0.5, lowest=10)
    stone = 0.72 + tone + 0.16 * step(edge, 0.16, 0.26) + 0.035 * rough
    return picture(0.42 + step(edge + 0.01 * rough, 0.07, 0.07) * (stone - 0.42))


def slabs(resolution: int, seed: int = 0, count: int = 2) -> Image:
    """Cast concrete in large fields (6 m: three metres each) with joints, water stains and hair cracks."""
    rng = generator("slabs", seed)
    u, v = coordinates(resolution)
    cell = np.arange(resolution) * count // resolution
    tone = rng.normal(0, 0.02, (count, count))[cell][:, cell]
    gap = np.minimum(edge_distance(u, count), edge_distance(v, count)) * resolution / count
    stain = clouds(rng, resolution, falloff=1.7)
    value = 0.83 + tone + 0.03 * stain - 0.05 * step(stain, 1.2, 0.3) + 0.02 * clouds(rng, resolution, falloff=0.2, lowest=8)
    return picture((value - 0.2 * cracks(rng, resolution, 0.012)) * (0.6 + 0.4 * step(gap, 1.0, 1.2)))


def road_paint(resolution: int, seed: int = 0, wear: float = 0.5) -> Image:
    """Marking paint (2 m): chipped through to the road where traffic wore it; `wear` 0 ... 1."""
    rng = generator("road_paint", seed)
    chips = clouds(rng, resolution, falloff=0.55, lowest=6) + 0.9 * clouds(rng, resolution, falloff=1.6, lowest=2)
    grain = rng.standard_normal((resolution, resolution), dtype=np.float32)
    value = 0.94 + 0.02 * grain - 0.03 * np.abs(clouds(rng, resolution, falloff=1.2))
    return picture(value - (0.45 + 0.06 * grain) * step(chips, 3.3 - 1.9 * wear, 0.35) - 0.1 * cracks(rng, resolution, 0.02))
