"""What lies and grows outdoors: grass, bark, leaves, gravel, soil. Colours are mild, to be tinted by the material."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from scenes.textures.fields import Float, clouds, coordinates, generator, picture, step

Image = NDArray[np.uint8]


def strokes(rng: np.random.Generator, ground: Float, count: int, size: tuple[float, float], tones: NDArray[np.floating]) -> Float:
    """`count` pointed strokes (leaves, blades) painted one over the other on `ground` [n, n, 3].

    `size` (half length, half breadth) in parts of the picture, `tones` [K, 3] the colours.
    """
    n = len(ground)
    reach = int(np.ceil(size[0] * n * 1.3)) + 1
    offset = np.arange(-reach, reach + 1, dtype=np.float32)
    centre, scale = rng.uniform(0, n, (2, count)).astype(np.float32), rng.uniform(0.65, 1.3, (count, 1, 1)).astype(np.float32) * n
    angle = rng.uniform(0, 2 * np.pi, (count, 1, 1)).astype(np.float32)
    tone = tones[rng.integers(0, len(tones), count)] * rng.uniform(0.86, 1.1, (count, 1))
    whole = np.floor(centre)
    x, y = offset - (centre[0] - whole[0])[:, None, None], offset[:, None] - (centre[1] - whole[1])[:, None, None]
    c, s = np.cos(angle), np.sin(angle)
    along, across = (x * c + y * s) / (size[0] * scale), (y * c - x * s) / (size[1] * scale)
    stroke, row, column = np.nonzero(along**2 + np.abs(across) < 1)
    half = 1 + 0.1 * np.sign(across[stroke, row, column])  # the two halves of a leaf catch the light differently
    rows = (row - reach + whole[1, stroke].astype(int)) % n
    columns = (column - reach + whole[0, stroke].astype(int)) % n
    image = np.array(ground, dtype=np.float32)
    image.reshape(-1, 3)[rows * n + columns] = tone[stroke] * half[:, None]  # later strokes lie on top
    return image


def leafage(resolution: int, seed: int = 0, leaves: int = 650) -> Image:
    """Leaves over leaves with dark gaps between them, as on a hedge or a crown."""
    rng = generator("leafage", seed)
    depth = clouds(rng, resolution, falloff=1.2)[..., None]
    ground = np.clip(0.36 + 0.05 * depth, 0.2, 1) * np.array([0.9, 1.0, 0.9])
    tones = np.array([[0.5, 0.55, 0.46], [0.62, 0.67, 0.52], [0.74, 0.78, 0.6], [0.86, 0.88, 0.68], [0.98, 1.0, 0.8]], dtype=np.float32)
    image = strokes(rng, ground, leaves // 2, (0.045, 0.02), tones[:2])
    image = strokes(rng, image, leaves, (0.042, 0.019), tones[1:])
    return picture(image * (1 + 0.07 * depth))


def grass(resolution: int, seed: int = 0, blades: int = 2600) -> Image:
    """A lawn from above: short blades every way, lighter and drier patches."""
    rng = generator("grass", seed)
    patch = clouds(rng, resolution, falloff=1.2, lowest=3)[..., None]
    fine = clouds(rng, resolution, falloff=0.2, lowest=20)[..., None]
    ground = (0.6 + 0.06 * fine) * np.array([0.96, 1.0, 0.86])
    tones = np.array([[0.62, 0.66, 0.58], [0.72, 0.76, 0.62], [0.84, 0.86, 0.7], [0.92, 0.9, 0.74]], dtype=np.float32)
    image = strokes(rng, ground, blades, (0.024, 0.004), tones)
    dry = np.array([0.05, 0.03, -0.02])
    return picture(image * (1 + 0.02 * patch) + 0.5 * dry * np.clip(patch, -1, 1))


def bark(resolution: int, seed: int = 0, ridges: int = 9) -> Image:
    """Bark with ridges along u, broken across."""
    rng = generator("bark", seed)
    _, v = coordinates(resolution)
    warp = clouds(rng, resolution, falloff=1.9, stretch=2.5)
    ridge = np.abs(np.sin(np.pi * (ridges * v + 0.55 * warp)))
    crack = step(np.abs(clouds(rng, resolution, falloff=1.0, lowest=6)), 0.12, 0.2)
    rough = clouds(rng, resolution, falloff=0.6, lowest=3, stretch=3.0)
    value = 0.34 + 0.46 * np.sqrt(ridge) + 0.06 * rough - 0.1 * (1 - crack)
    return picture(value[..., None] * np.array([1.0, 0.97, 0.93], dtype=np.float32))


def _stones(rng: np.random.Generator, n: int, count: int) -> tuple[Float, NDArray[np.int64]]:
    """Cells round `count` random points on the torus: how far inside its cell a pixel lies (0 at the border), and whose cell it is."""
    points = rng.uniform(0, 1, (count, 2))
    u, v = coordinates(n)
    grid = np.stack(np.broadcast_arrays(u, v), axis=2).reshape(-1, 2).astype(np.float64)
    distance, owner = cKDTree(points, boxsize=1.0).query(grid, k=2)
    inside = (distance[:, 1] - distance[:, 0]) * np.sqrt(count)
    return inside.reshape(n, n).astype(np.float32), owner[:, 0].reshape(n, n)


def gravel(resolution: int, seed: int = 0, stones: int = 700) -> Image:
    """Small stones of many greys."""
    rng = generator("gravel", seed)
    inside, owner = _stones(rng, resolution, stones)
    tone = rng.uniform(0.62, 0.98, (stones, 1)) * (1 + 0.02 * rng.normal(size=(stones, 3)))
    relief = 0.55 + 0.45 * step(inside, 0.22, 0.4)
    return picture(tone[owner] * relief[..., None] * (1 + 0.03 * clouds(rng, resolution, falloff=0.3, lowest=10))[..., None])


def soil(resolution: int, seed: int = 0) -> Image:
    """Loose earth: crumbs, hollows and a few pale stones."""
    rng = generator("soil", seed)
    crumbs = clouds(rng, resolution, falloff=0.7, lowest=4)
    pale = step(clouds(rng, resolution, falloff=0.5, lowest=14), 2.4, 0.4)
    value = 0.68 + 0.09 * crumbs + 0.05 * clouds(rng, resolution, falloff=1.6) + 0.2 * pale
    return picture(value[..., None] * np.array([1.0, 0.97, 0.93], dtype=np.float32))


def leaves_ground(resolution: int, seed: int = 0, leaves: int = 320) -> Image:
    """Fallen leaves in browns and yellows on soil."""
    rng = generator("leaves_ground", seed)
    ground = np.repeat(0.5 + 0.06 * clouds(rng, resolution, falloff=0.7, lowest=4)[..., None], 3, axis=2)
    tones = np.array([[0.75, 0.6, 0.42], [0.92, 0.76, 0.45], [0.85, 0.62, 0.42], [0.97, 0.86, 0.55], [0.7, 0.68, 0.5]], dtype=np.float32)
    return picture(strokes(rng, ground, leaves, (0.05, 0.028), tones))
