"""What covers open land: turf, meadows, crops, stubble, ploughed earth. Rows run along u; colours are nearly those of real things.

Lengths are fractions of the picture, made for the metres that each names.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes.textures.fields import Float, clouds, coordinates, edge_distance, generator, picture, step
from scenes.textures.outdoors import strokes

Image = NDArray[np.uint8]


def _blend(first: Float, second: Float, share: Float) -> Float:
    """Colours [n, n, 3]: `first` where the share [n, n] is 0, `second` where it is 1."""
    return first + (second - first) * share[..., None]


def _speckled(rng: np.random.Generator, n: int, color: tuple[float, float, float], strength: float) -> Float:
    """A colour [n, n, 3] with fine grain and broad clouds."""
    tone = 1 + strength * (0.6 * rng.standard_normal((n, n), dtype=np.float32) + 0.6 * clouds(rng, n, falloff=0.8, lowest=4))
    return np.asarray(tone[..., None] * np.asarray(color), dtype=np.float32)


def turf(resolution: int, seed: int = 0, wear: float = 0.5) -> Image:
    """A mown lawn, about 14 m: lighter and darker green, dry and bare spots where `wear` (0 ... 1) is high, clover, blades."""
    rng = generator("turf", seed)
    broad, spots = clouds(rng, resolution, falloff=1.5, lowest=2), clouds(rng, resolution, falloff=1.1, lowest=6)
    green = _speckled(rng, resolution, (0.62, 0.7, 0.46), 0.09)
    lush = _speckled(rng, resolution, (0.5, 0.62, 0.38), 0.09)
    dry = _speckled(rng, resolution, (0.78, 0.74, 0.5), 0.08)
    earth = _speckled(rng, resolution, (0.58, 0.48, 0.37), 0.12)
    image = _blend(green, lush, step(broad + 0.3 * spots, 0.2, 1.2))
    image = _blend(image, dry, 0.75 * step(spots - 0.4 * broad, 1.7 - 1.1 * wear, 1.3))
    image = _blend(image, earth, 0.8 * step(spots + 0.5 * clouds(rng, resolution, falloff=0.8, lowest=12), 3.1 - 0.8 * wear, 0.5))
    return picture(1.3 * image)


def meadow(resolution: int, seed: int = 0, flowers: int = 500) -> Image:
    """Uncut grass, about 9 m: tufts of many greens and straws, leaning every way, and `flowers`."""
    rng = generator("meadow", seed)
    broad = clouds(rng, resolution, falloff=1.3, lowest=2)
    ground = _blend(
        _speckled(rng, resolution, (0.46, 0.52, 0.3), 0.12), _speckled(rng, resolution, (0.66, 0.62, 0.38), 0.12), step(broad, 0.4, 1.6)
    )
    tones = np.array([[0.45, 0.52, 0.28], [0.55, 0.62, 0.34], [0.66, 0.7, 0.4], [0.76, 0.72, 0.46], [0.84, 0.78, 0.54]], dtype=np.float32)
    image = strokes(rng, ground, 5200, (0.013, 0.0022), tones)
    bright = np.array([[0.95, 0.9, 0.4], [0.95, 0.95, 0.9], [0.75, 0.5, 0.7]], dtype=np.float32)
    return picture(strokes(rng, image, flowers, (0.0025, 0.0022), bright) * (1.35 + 0.08 * broad)[..., None])


def crop_rows(resolution: int, seed: int = 0, rows: int = 10, cover: float = 0.6) -> Image:
    """Young crops in `rows` on bare earth, about 5 m; `cover` is the share of the ground that leaves hide."""
    rng = generator("crop_rows", seed)
    _, v = coordinates(resolution)
    ragged = 0.11 * clouds(rng, resolution, falloff=0.7, lowest=8) + 0.05 * clouds(rng, resolution, falloff=1.4, lowest=2)
    leafy = 1 - step(edge_distance(v, rows) + ragged, 0.5 * cover, 0.16)
    earth = _speckled(rng, resolution, (0.6, 0.49, 0.37), 0.11)
    leaf = _speckled(rng, resolution, (0.5, 0.62, 0.3), 0.2)
    shade = 1 - 0.35 * leafy * step(edge_distance(v, rows), 0.4 * cover, 0.3)
    return picture(1.4 * _blend(earth, leaf, leafy) * shade[..., None])


def ears(resolution: int, seed: int = 0, rows: int = 22) -> Image:
    """A closed stand of cereals from above, about 5 m: fine streaks along the sowing, laid and thin patches."""
    rng = generator("ears", seed)
    _, v = coordinates(resolution)
    streak = clouds(rng, resolution, falloff=0.5, lowest=10, stretch=5.0)
    laid = clouds(rng, resolution, falloff=1.3, lowest=2)
    value = 0.8 + 0.07 * streak + 0.05 * laid + 0.06 * rng.standard_normal((resolution, resolution), dtype=np.float32)
    value = value - 0.1 * (1 - step(edge_distance(v, rows) + 0.08 * streak, 0.14, 0.2))
    return picture(value[..., None] * np.array([1.0, 0.97, 0.88], dtype=np.float32))


def stubble(resolution: int, seed: int = 0, rows: int = 30) -> Image:
    """A harvested field, about 6 m: rows of straw stumps on pale earth, loose straw across them."""
    rng = generator("stubble", seed)
    _, v = coordinates(resolution)
    row = 1 - step(edge_distance(v, rows) + 0.1 * clouds(rng, resolution, falloff=0.5, lowest=16), 0.24, 0.2)
    ground = _blend(_speckled(rng, resolution, (0.6, 0.5, 0.36), 0.1), _speckled(rng, resolution, (0.85, 0.76, 0.52), 0.12), row)
    tones = np.array([[0.9, 0.82, 0.58], [0.78, 0.68, 0.46], [0.95, 0.88, 0.66]], dtype=np.float32)
    return picture(strokes(rng, ground, 700, (0.014, 0.0016), tones))


def furrows(resolution: int, seed: int = 0, rows: int = 12) -> Image:
    """Ploughed earth, about 6 m: turned slices with a lit and a shaded flank, clods, straw here and there."""
    rng = generator("furrows", seed)
    _, v = coordinates(resolution)
    bend = 0.16 * clouds(rng, resolution, falloff=1.2, lowest=3, stretch=2.0)
    phase = (v * rows + bend) % 1.0
    clods = clouds(rng, resolution, falloff=0.6, lowest=10)
    relief = 0.12 * np.sin(2 * np.pi * phase) + 0.09 * clods
    pale = step(clods + 0.4 * rng.standard_normal((resolution, resolution), dtype=np.float32), 2.6, 0.4)
    value = 0.66 + relief + 0.05 * clouds(rng, resolution, falloff=1.5) + 0.2 * pale
    return picture(value[..., None] * np.array([1.0, 0.9, 0.8], dtype=np.float32))
