"""What floors, walls and furniture are made of: wood, planks, parquet, tile, brick, marble, concrete."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes.textures.fields import Float, clouds, coordinates, edge_distance, generator, picture, step

Image = NDArray[np.uint8]
_WOOD_LIGHT, _WOOD_DARK = np.array([1.0, 0.93, 0.83], dtype=np.float32), np.array([0.66, 0.53, 0.4], dtype=np.float32)


def _grain(rng: np.random.Generator, n: int, rings: int) -> Float:
    """Wood grain along u, 0 (early wood) ... 1 (late wood)."""
    _, v = coordinates(n)
    warp = clouds(rng, n, falloff=2.0, stretch=5.0)
    lines = 0.5 + 0.5 * np.sin(2 * np.pi * (rings * v + 0.45 * warp))
    pores = clouds(rng, n, falloff=0.5, lowest=6, stretch=22.0)
    return np.clip(0.55 * lines**2 + 0.12 * pores + 0.1 * warp + 0.15, 0.0, 1.0)


def _palette() -> Image:
    """Colours uint8 [64 x 256, 3] of wood: 64 depths of shade, 256 tones from early to late wood."""
    tone, shade = np.linspace(0, 1, 256, dtype=np.float32)[:, None], np.linspace(0, 1, 64, dtype=np.float32)[:, None, None]
    return picture((_WOOD_LIGHT + tone * (_WOOD_DARK - _WOOD_LIGHT)) * shade).reshape(-1, 3)


_WOOD_COLOURS = _palette()


def _wooden(late: Float, shade: Float | float = 1.0) -> Image:
    """The picture of wood with lateness [n, n] in [0, 1], darkened by `shade` in [0, 1]."""
    index = (late * 255 + 0.5).astype(np.int32) + 256 * np.asarray(np.asarray(shade) * 63 + 0.5).astype(np.int32)
    return np.take(_WOOD_COLOURS, index, axis=0)


def wood(resolution: int, seed: int = 0, rings: int = 6) -> Image:
    """Plain sawn wood, the grain along u."""
    return _wooden(0.15 + 0.5 * _grain(generator("wood", seed), resolution, rings))


def planks(resolution: int, seed: int = 0, rows: int = 8, variety: float = 0.16) -> Image:
    """Floor boards along u, `rows` of them, each with one or two end joints, tone and grain of its own."""
    rng = generator("planks", seed)
    u, v = coordinates(resolution)
    late = 0.6 * _grain(rng, resolution, 2 * rows)
    row = (np.arange(resolution) * rows) // resolution
    columns = (np.arange(resolution) + rng.integers(0, resolution, rows)[row][:, None]) % resolution
    late = np.take_along_axis(late, columns, axis=1)
    joint = rng.uniform(0, 1, rows)
    second = (joint + rng.uniform(0.35, 0.6, rows)) % 1.0
    low, high = (pick(joint, second).astype(np.float32)[row][:, None] for pick in (np.minimum, np.maximum))
    board = (u > low) & (u < high)
    tones = rng.normal(0, variety, (rows, 2)).astype(np.float32)
    late = np.clip(late + np.where(board, tones[row, :1], tones[row, 1:]), 0, 1)
    gap = edge_distance(v, rows) * resolution / rows
    ends = np.minimum(_wrapped(u - low), _wrapped(u - high)) * resolution
    crack = np.minimum(step(gap, 0.9, 1.2), step(ends, 0.7, 1.2))
    return _wooden(late, np.asarray(0.5 + 0.5 * crack, dtype=np.float32))


def _wrapped(distance: Float) -> Float:
    distance = np.abs(distance)
    return np.minimum(distance, 1 - distance)


def parquet(resolution: int, seed: int = 0, blocks: int = 4, strips: int = 4) -> Image:
    """Basket parquet: square blocks of strips, alternately turned."""
    rng = generator("parquet", seed)
    u, v = coordinates(resolution)
    grain = _grain(rng, resolution, 3 * blocks)
    x, y = np.floor(u * blocks).astype(int), np.floor(v * blocks).astype(int)
    turned = (x + y) % 2 == 1
    strip = np.where(turned, np.floor(u * blocks * strips), np.floor(v * blocks * strips)).astype(int) % strips
    tone = rng.normal(0, 0.16, (blocks, blocks, strips)).astype(np.float32)[y, x, strip]
    late = np.clip(0.6 * np.where(turned, grain.T, grain) + tone, 0, 1)
    lines = np.where(turned, edge_distance(u, blocks * strips), edge_distance(v, blocks * strips)) / strips
    gap = np.minimum(lines, np.minimum(edge_distance(u, blocks), edge_distance(v, blocks))) * resolution / blocks
    return _wooden(late, 0.62 + 0.38 * step(gap, 0.7, 1.2))


def tiles(resolution: int, seed: int = 0, count: int = 4, grout: float = 0.02, dark_grout: int = 0) -> Image:
    """Square tiles, each a little different, with grout lines a fraction `grout` of a tile wide."""
    rng = generator("tiles", seed)
    u, v = coordinates(resolution)
    cell = np.arange(resolution) * count // resolution
    tone = (1 + rng.normal(0, 0.03, (count, count)))[cell][:, cell]
    clay = (0.87 + 0.025 * clouds(rng, resolution, falloff=1.1)) * tone
    joint = step(np.minimum(edge_distance(u, count), edge_distance(v, count)), grout, 1.5 * count / resolution)
    line = 0.45 if dark_grout else 0.72
    return picture(line + joint * (clay - line))


def bricks(resolution: int, seed: int = 0, rows: int = 12, columns: int = 4) -> Image:
    """Bricks in running bond with mortar, `rows` even."""
    rng = generator("bricks", seed)
    u, v = coordinates(resolution)
    row = np.floor(v * rows).astype(int)
    shifted = u * columns + 0.5 * (row % 2)
    column = np.floor(shifted).astype(int) % columns
    tone = rng.normal(0, 1, (rows, columns)).astype(np.float32)[row, column]
    across, along = edge_distance(v, rows) * columns / rows, np.minimum(shifted % 1, 1 - shifted % 1)
    rough = clouds(rng, resolution, falloff=0.8, lowest=4)
    brick = np.array([0.93, 0.84, 0.79], dtype=np.float32) * (0.86 + 0.07 * tone + 0.04 * rough)[..., None]
    mortar = np.array([0.8, 0.79, 0.77], dtype=np.float32) * (0.95 + 0.03 * rough)[..., None]
    joint = step(np.minimum(across, along) + 0.004 * rough, 0.028, 0.02)[..., None]
    return picture(mortar + joint * (brick - mortar))


def marble(resolution: int, seed: int = 0, veins: float = 1.0) -> Image:
    """Pale stone with veins."""
    rng = generator("marble", seed)
    warp, soft = clouds(rng, resolution, falloff=1.7), clouds(rng, resolution, falloff=1.6)
    ridge = np.exp(-((warp / 0.09) ** 2)) + 0.5 * np.exp(-((soft / 0.05) ** 2))
    value = 0.91 + 0.025 * soft - 0.22 * veins * ridge * np.clip(0.5 + 0.5 * soft, 0, 1)
    return picture(value[..., None] * np.array([1.0, 0.99, 0.97], dtype=np.float32))


def concrete(resolution: int, seed: int = 0) -> Image:
    """Smooth concrete or linoleum: blotches and specks."""
    rng = generator("concrete", seed)
    speck = clouds(rng, resolution, falloff=0.0, lowest=2)
    return picture(0.82 + 0.035 * clouds(rng, resolution, falloff=1.4) - 0.05 * step(np.abs(speck), 2.4, 0.5))


def brushed(resolution: int, seed: int = 0) -> Image:
    """Brushed metal: fine scratches along u."""
    rng = generator("brushed", seed)
    scratches = clouds(rng, resolution, falloff=0.4, lowest=8, stretch=60.0)
    return picture(0.86 + 0.018 * scratches + 0.01 * clouds(rng, resolution, falloff=1.6))


def wall_tiles(resolution: int, seed: int = 0, rows: int = 8, columns: int = 4, grout: float = 0.03) -> Image:
    """Glazed oblong tiles, `rows` even: with even seeds in running bond, with odd ones stacked; a few have a tone of their own."""
    rng = generator("wall_tiles", seed)
    u, v = coordinates(resolution)
    row = np.floor(v * rows).astype(int)
    shifted = (u * columns + (0.5 * (row % 2) if int(seed) % 2 == 0 else 0.0)) % columns
    column = np.floor(shifted).astype(int) % columns
    tone = (1 + rng.normal(0, 0.025, (rows, columns)) - 0.12 * (rng.uniform(size=(rows, columns)) < 0.04)).astype(np.float32)[row, column]
    along = np.minimum(shifted % 1, 1 - shifted % 1) * rows / columns
    edge = np.minimum(edge_distance(v, rows), along)
    glaze = (0.9 + 0.006 * clouds(rng, resolution, falloff=1.2)) * tone * (0.96 + 0.04 * step(edge, 2 * grout, 2 * grout))
    joint = step(edge, grout, 1.5 * rows / resolution)
    return picture(0.74 + joint * (glaze - 0.74))
