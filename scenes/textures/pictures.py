"""Pictures within the picture: paintings, screens, book spines. Each fills its square once and wraps around all the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes.textures.fields import Float, clouds, coordinates, generator, hues, picture, step

Image = NDArray[np.uint8]
SPINE_COLUMNS, SPINE_ROWS = 16, 2


def painting(resolution: int, seed: int = 0) -> Image:
    """Abstract art in one of five manners: hills, colour blocks, blots, waves, discs."""
    rng = generator("painting", seed)
    manner = (_hills, _blocks, _blots, _waves, _discs)[int(seed) % 5]
    brush = 1 + 0.035 * clouds(rng, resolution, falloff=0.9, stretch=2.0)
    return picture(manner(rng, resolution) * brush[..., None])


def _hills(rng: np.random.Generator, n: int) -> Float:
    """A sky over receding hills, and its mirror image in water so that top and bottom meet."""
    u, v = coordinates(n)
    colours = hues(rng, 6, saturation=0.55, low=0.35, high=0.95)
    image = colours[0] + (0.98 - colours[0]) * (0.5 - 0.5 * np.cos(2 * np.pi * v))[..., None] + np.zeros((n, n, 1), dtype=np.float32)
    for k in range(1, 5):
        ridge = 0.3 + 0.11 * k + sum(0.06 / m * np.sin(2 * np.pi * (m * u + rng.uniform())) for m in (1, 2, 3))
        first = max(int(float(np.min(ridge)) * n) - 2, 0)
        inside = step(v[first:] - ridge, 0.0, 2.0 / n)[..., None] * step(0.97 - v[first:], 0.0, 2.0 / n)[..., None]
        image[first:] += inside * (colours[k] * (1.05 - 0.12 * k) - image[first:])
    return image


def _blocks(rng: np.random.Generator, n: int) -> Float:
    """Rectangles of colour between dark lines."""
    colours = np.concatenate([hues(rng, 5, saturation=0.9, low=0.5, high=0.95), np.full((4, 3), 0.93, dtype=np.float32)])
    xs, ys = (np.sort(rng.choice(np.arange(2, 30), 4, replace=False)) * n // 32 for _ in range(2))
    column, row = np.searchsorted(xs, np.arange(n)) % 4, np.searchsorted(ys, np.arange(n)) % 4
    image = colours[rng.integers(0, len(colours), (4, 4))][row][:, column]
    near = np.minimum(np.abs(np.arange(n)[:, None] - xs).min(axis=1)[None], np.abs(np.arange(n)[:, None] - ys).min(axis=1)[:, None])
    return np.where(near[..., None] < n / 90, 0.12, image).astype(np.float32)


def _blots(rng: np.random.Generator, n: int) -> Float:
    """Clouds of ink cut at a few levels."""
    field = clouds(rng, n, falloff=2.0)
    colours = hues(rng, 5, saturation=0.7, low=0.25, high=0.97)
    index = np.digitize(field, np.sort(rng.uniform(-1.3, 1.3, 4)))
    return colours[index]


def _waves(rng: np.random.Generator, n: int) -> Float:
    """Bent bands of colour."""
    u, v = coordinates(n)
    phase = int(rng.integers(1, 4)) * v + 0.16 * clouds(rng, n, falloff=2.4) + int(rng.integers(0, 3)) * u
    colours = hues(rng, 8, saturation=0.65, low=0.3, high=0.97)
    return colours[(np.floor(phase * 8) % 8).astype(int)]


def _discs(rng: np.random.Generator, n: int) -> Float:
    """Discs of colour on a pale ground."""
    u, v = coordinates(n)
    colours = hues(rng, 9, saturation=0.75, low=0.3, high=0.95)
    image = np.full((n, n, 3), 0.93, dtype=np.float32) * (0.9 + 0.1 * colours[0])
    for k in range(1, 9):
        x, y, radius = rng.uniform(), rng.uniform(), rng.uniform(0.06, 0.24)
        across, down = (u[0] - x + 0.5) % 1 - 0.5, (v[:, 0] - y + 0.5) % 1 - 0.5
        columns, rows = np.flatnonzero(np.abs(across) < radius + 2 / n), np.flatnonzero(np.abs(down) < radius + 2 / n)
        inside = 1 - step(np.hypot(across[columns], down[rows, None]), radius, 2.0 / n)
        part = image[np.ix_(rows, columns)]
        image[np.ix_(rows, columns)] = part + inside[..., None] * (colours[k] - part)
    return image


def screen(resolution: int, seed: int = 0) -> Image:
    """What a running screen shows: windows with lines of text, or a film's picture."""
    rng = generator("screen", seed)
    if int(seed) % 3 == 0:
        return picture(_hills(rng, resolution))
    n = resolution
    image = np.full((n, n, 3), 0.16, dtype=np.float32) + 0.3 * hues(rng, 1, saturation=0.8)[0]
    for _ in range(3):
        x0, y0 = (int(k) for k in rng.integers(n // 20, n // 2, 2))
        x1, y1 = x0 + int(rng.integers(n // 4, n // 2 - n // 16)), y0 + int(rng.integers(n // 4, n // 2 - n // 16))
        image[y0:y1, x0:x1] = 0.95 if rng.uniform() < 0.6 else 0.2
        image[y0 : y0 + n // 32, x0:x1] = hues(rng, 1)[0]
        ink = 0.45
        for y in range(y0 + n // 16, y1 - n // 32, max(2, n // 36)):
            image[y : y + max(1, n // 90), x0 + n // 32 : x0 + n // 32 + int((x1 - x0 - n // 16) * rng.uniform(0.3, 1))] = ink
    return picture(image)


def spines(resolution: int, seed: int = 0) -> Image:
    """An atlas of SPINE_COLUMNS x SPINE_ROWS book spines; u across a spine, v from its foot to its head."""
    rng = generator("spines", seed)
    count = SPINE_COLUMNS * SPINE_ROWS
    cloth = np.where(
        rng.uniform(size=(count, 1)) < 0.3,
        hues(rng, count, saturation=0.15, low=0.15, high=0.97),
        hues(rng, count, saturation=0.85, low=0.25, high=0.85),
    )
    tall = resolution // SPINE_ROWS
    v = (np.arange(tall) + 0.5) / tall
    strip = np.repeat(cloth[:, None], tall, axis=1)  # [count, tall, 3]
    for k in range(count):
        ink = 0.92 if cloth[k].mean() < 0.55 else 0.15
        low, high = rng.uniform(0.35, 0.5), rng.uniform(0.6, 0.85)
        strip[k, (v > low) & (v < high) & (np.floor(v * 40) % 3 > 0)] = 0.4 * cloth[k] + 0.6 * ink
        if rng.uniform() < 0.5:
            strip[k, np.abs(v - rng.uniform(0.12, 0.25)) < 0.02] = ink
    columns = np.arange(resolution) * SPINE_COLUMNS // resolution
    middle = np.abs((np.arange(resolution) * SPINE_COLUMNS / resolution) % 1 - 0.5)
    rows = [strip[r * SPINE_COLUMNS : (r + 1) * SPINE_COLUMNS][columns].transpose(1, 0, 2) for r in range(SPINE_ROWS)]
    plain = [np.broadcast_to(cloth[r * SPINE_COLUMNS : (r + 1) * SPINE_COLUMNS][columns], rows[r].shape) for r in range(SPINE_ROWS)]
    image = np.concatenate([np.where((middle < 0.28)[None, :, None], a, b) for a, b in zip(rows, plain, strict=True)])
    return picture(image * (1 - 0.25 * (2 * middle) ** 4)[None, :, None])


def world_map(resolution: int, seed: int = 0) -> Image:
    """Seas and lands of an imaginary planet between two caps of ice, with a grid of meridians and parallels."""
    rng = generator("world_map", seed)
    u, v = coordinates(resolution)
    field = clouds(rng, resolution, falloff=1.5, lowest=2)
    sea, low, high, ice = np.array([[0.45, 0.68, 0.85], [0.6, 0.74, 0.45], [0.85, 0.75, 0.5], [0.95, 0.95, 0.95]], dtype=np.float32)
    land = step(field, 0.15, 0.06)[..., None]
    image = sea + land * (low + step(field, 1.1, 0.8)[..., None] * (high - low) - sea)
    polar = step(np.abs(v - 0.5) + 0.02 * field, 0.43, 0.02)[..., None]
    image = image + polar * (ice - image)
    lines = np.minimum(np.abs((12 * u) % 1 - 0.5), np.abs((8 * v) % 1 - 0.5))
    return picture(image * (0.8 + 0.2 * step(lines, 0.03, 0.03))[..., None])
