"""What is seen through a window: sky over countryside, a garden, the houses across the street, or roofs. Row 0 is the top."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes.textures.fields import Float, clouds, coordinates, generator, picture, step

Image = NDArray[np.uint8]
_ROOFS = np.array([[0.62, 0.36, 0.28], [0.42, 0.4, 0.42], [0.55, 0.45, 0.38]])
HORIZON = 0.61  # how far below the top eye level lies, as a share of the picture's height


def outlook(resolution: int, seed: int = 0) -> Image:
    """A view by day, slightly out of focus; horizontally it repeats, and its last rows fade to the sky (a frame hides them)."""
    rng = generator("outlook", seed)
    half = max(resolution // 2, 8)
    image = _sky(rng, half)
    texture = clouds(rng, half, falloff=0.7, lowest=6)
    view = (_countryside, _garden, _street, _roofs)[int(seed) % 4]
    image = view(rng, image, texture)
    _, v = coordinates(half)
    fade = step(v, 0.98, 0.024)[..., None]
    image += fade * (image[:1].mean(axis=1, keepdims=True) - image)
    return picture(_enlarged(image, resolution))


def _enlarged(image: Float, n: int) -> Float:
    """A picture [m, m, 3] brought to [n, n, 3] with m <= n, soft as out of focus."""
    places = np.arange(n) * len(image) // n
    image = image[:, places]
    image = 0.5 * (image + np.roll(image, 1, axis=1))
    image = image[places]
    return 0.5 * (image + np.concatenate([image[:1], image[:-1]]))


def _sky(rng: np.random.Generator, n: int) -> Float:
    _, v = coordinates(n)
    zenith = np.array([0.5, 0.68, 0.92]) + rng.uniform(-0.06, 0.06, 3)
    low = np.array([0.86, 0.91, 0.96])
    share = np.clip(v / HORIZON, 0, 1)[..., None] ** 0.7
    blue = zenith + (low - zenith) * share
    cover = clouds(rng, n, falloff=1.6, stretch=2.2)
    white = step(cover, float(rng.uniform(-1.2, 1.6)), 1.8)[..., None] * (0.9 - 0.25 * share)
    return np.asarray(blue + white * (0.95 - blue), dtype=np.float32)


def _ridge(rng: np.random.Generator, n: int, level: float, swing: float, lowest: int, falloff: float) -> Float:
    """Height of a skyline [1, n] as a row fraction: about `level`, rougher with a small `falloff`."""
    waves = np.arange(lowest, n // 6)
    amplitude = rng.standard_normal(len(waves)) * (waves / lowest) ** -falloff
    spectrum = np.concatenate([np.zeros(lowest), amplitude]) * np.exp(2j * np.pi * rng.uniform(size=lowest + len(waves)))
    line = np.fft.irfft(spectrum, n)
    return np.asarray(level + swing * line / np.abs(line).max(), dtype=np.float32)[None]


def _below(image: Float, line: Float | float, color: Float) -> Float:
    """Paints `color` (broadcast to [n, n, 3]) where the row lies below a skyline, in place."""
    n = len(image)
    first = max(int(np.min(line) * n) - 2, 0)
    _, v = coordinates(n)
    part = image[first:]
    part += step(v[first:] - line, 0.0, 2.0 / n)[..., None] * (np.broadcast_to(color, image.shape)[first:] - part)
    return image


def _green(rng: np.random.Generator, light: float) -> Float:
    return np.asarray(light * np.array([rng.uniform(0.68, 0.9), rng.uniform(0.82, 0.94), rng.uniform(0.48, 0.64)]), dtype=np.float32)


def _shaded(color: Float, texture: Float, strength: float) -> Float:
    return np.asarray(color * (1 + strength * texture)[..., None], dtype=np.float32)


def _trees(rng: np.random.Generator, image: Float, texture: Float, level: float, swing: float, light: float) -> Float:
    n = len(image)
    crown = _ridge(rng, n, level, swing, 3, 1.1)
    _, v = coordinates(n)
    shade = (1.12 - 0.4 * np.clip((v - crown) / np.maximum(HORIZON + 0.05 - crown, 0.02), 0, 1))[..., None]
    return _below(image, crown, _shaded(_green(rng, light), texture, 0.16) * shade)


def _lawn(rng: np.random.Generator, image: Float, texture: Float, level: float, light: float) -> Float:
    _, v = coordinates(len(image))
    return _below(image, level, _shaded(_green(rng, light), texture, 0.05) * (0.8 + 0.3 * v[..., None]))


def _countryside(rng: np.random.Generator, image: Float, texture: Float) -> Float:
    """Hazy hills, fields, a line of trees."""
    n = len(image)
    for k in range(3):
        haze = np.array([0.7, 0.8, 0.88]) - 0.06 * k * np.array([1.3, 0.8, 1.5])
        image = _below(image, _ridge(rng, n, HORIZON - 0.1 + 0.035 * k, 0.05, 1, 1.6), np.asarray(haze, dtype=np.float32))
    for k in range(4):
        image = _below(
            image, _ridge(rng, n, HORIZON + 0.01 + 0.04 * k, 0.012, 1, 2.0), _shaded(_green(rng, rng.uniform(0.65, 0.9)), texture, 0.04)
        )
    return _lawn(rng, _trees(rng, image, texture, HORIZON + 0.03, 0.12, 0.5), texture, HORIZON + 0.17, 0.75)


def _garden(rng: np.random.Generator, image: Float, texture: Float) -> Float:
    """Trees close by behind a hedge and a lawn, perhaps a neighbour's house between them."""
    image = _trees(rng, image, texture, HORIZON - 0.12, 0.16, 0.62)
    if rng.uniform() < 0.6:
        image = _house(rng, image, float(rng.uniform(0.1, 0.5)), 0.36, HORIZON - 0.2, HORIZON + 0.2)
    image = _trees(rng, image, texture, HORIZON + 0.02, 0.14, 0.5)
    image = _below(image, _ridge(rng, len(image), HORIZON + 0.1, 0.008, 4, 0.6), _shaded(_green(rng, 0.5), texture, 0.18))
    return _lawn(rng, image, texture, HORIZON + 0.2, 0.7)


def _house(rng: np.random.Generator, image: Float, left: float, width: float, eaves: float, foot: float) -> Float:
    """A house with a pitched roof and a grid of windows, at `left` ... `left + width` of the picture's width."""
    n = len(image)
    u, v = coordinates(n)
    columns = np.flatnonzero((u[0] - left) % 1.0 < width)
    x = (((u[0, columns] - left) % 1.0) / width)[None]
    shade = rng.choice([0.94, 0.85, 0.78])
    wall = np.asarray(shade * np.array([1.0, rng.uniform(0.84, 0.97), rng.uniform(0.66, 0.92)]), dtype=np.float32)
    roof = np.float32(_ROOFS[rng.integers(len(_ROOFS))] * rng.uniform(0.9, 1.1))
    ridge = eaves - 0.1 + 0.035 * np.clip(np.abs(x - 0.5) * 8 - 3, 0, 1)
    top, bottom = int((eaves - 0.1) * n), min(int(foot * n), n)
    v = v[top:bottom]
    part = image[top:bottom, columns]
    part = np.where(((v > ridge) & (v < eaves + 0.01))[..., None], roof, part)
    part = np.where((v >= eaves)[..., None] & np.ones_like(x, dtype=bool)[..., None], wall, part)
    places, floors = max(1, round(width / 0.11)), max(1, round((foot - eaves) / 0.14))
    a, b = np.abs((x * places) % 1 - 0.5), ((v - eaves) / (foot - eaves) * floors) % 1
    part = np.where(((v > eaves) & (a < 0.26) & (np.abs(b - 0.5) < 0.34))[..., None], np.float32(0.92), part)
    glass = np.array([0.33, 0.38, 0.45], dtype=np.float32) * (1.25 - 0.6 * b[..., None])
    part = np.where(((v > eaves) & (a < 0.22) & (np.abs(b - 0.5) < 0.3))[..., None], glass, part)
    image[top:bottom, columns] = part
    return image


def _street(rng: np.random.Generator, image: Float, texture: Float) -> Float:
    """A row of houses across the street, trees before them, pavement and road below."""
    image = _trees(rng, image, texture, HORIZON - 0.14, 0.06, 0.55)
    left, used = float(rng.uniform()), 0.0
    while used < 0.98:
        width = min(float(rng.uniform(0.24, 0.42)), 1.0 - used)
        width = width if used + width < 0.85 else 1.0 - used
        image = _house(rng, image, left + used, width, HORIZON - float(rng.uniform(0.2, 0.42)), 0.99)
        used += width
    pavement, road = np.array([0.72, 0.7, 0.67], dtype=np.float32), np.array([0.5, 0.5, 0.52], dtype=np.float32)
    image = _below(_below(image, HORIZON + 0.18, pavement), HORIZON + 0.24, _shaded(road, texture, 0.03))
    crown = _ridge(rng, len(image), HORIZON + 0.02, 0.1, 2, 1.0)
    green = _below(image.copy(), crown, _shaded(_green(rng, 0.5), texture, 0.18))
    u, _ = coordinates(len(image))
    clump = step(np.sin(2 * np.pi * (u * int(rng.integers(1, 3)) + rng.uniform())), 0.55, 0.15)[..., None]
    _, v = coordinates(len(image))
    return np.asarray(np.where((v < HORIZON + 0.16)[..., None], image + clump * (green - image), image), dtype=np.float32)


def _roofs(rng: np.random.Generator, image: Float, texture: Float) -> Float:
    """Roofs and blocks of a town seen from an upper floor, receding in haze."""
    for layer in range(3):
        haze = 0.55 - 0.24 * layer
        before = image.copy()
        left = float(rng.uniform())
        for k in range(6):
            at, width = left + k / 6 + float(rng.uniform(-0.03, 0.03)), float(rng.uniform(0.1, 0.2))
            image = _house(rng, image, at, width, HORIZON - 0.1 + 0.12 * layer + float(rng.uniform(-0.09, 0.04)), 0.99)
        painted = np.abs(image - before).sum(axis=2, keepdims=True) > 0
        image = np.where(painted, image + haze * (np.array([0.84, 0.89, 0.94], dtype=np.float32) - image), image)
        image = _trees(rng, image, texture, HORIZON + 0.02 + 0.13 * layer, 0.03, 0.72 - 0.08 * layer)
    return np.asarray(image, dtype=np.float32)
