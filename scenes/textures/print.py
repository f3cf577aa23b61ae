"""Printed matter: pages of text, labels, packets, book covers. Row 0 is the top; each picture shows its print once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes.textures.fields import Float, coordinates, generator, hues, picture, step

Image = NDArray[np.uint8]


def _glyphs(rng: np.random.Generator, rows: int, columns: int, fill: float) -> Float:
    """Coverage [12 rows, 8 columns] of lines of letter-like marks of 5 x 7 dots; words are broken by blanks, lines end ragged."""
    alphabet = rng.uniform(size=(26, 7, 5)) < 0.45
    alphabet[:, :, 0] |= rng.uniform(size=(26, 1)) < 0.7  # many letters have a stem
    alphabet[:, 3] |= rng.uniform(size=(26, 1)) < 0.3
    letters = alphabet[rng.integers(0, 26, (rows, columns))]
    ink = rng.uniform(size=(rows, columns)) > 0.17
    ends = (columns * np.clip(rng.normal(fill, 0.12, rows), 0.15, 1.0)).astype(int)
    ink &= np.arange(columns) < ends[:, None]
    page = np.zeros((rows, 12, columns, 8), dtype=np.float32)
    page[:, 2:9, :, 1:6] = (letters & ink[..., None, None]).transpose(0, 2, 1, 3)
    return page.reshape(rows * 12, columns * 8)


def _resized(field: Float, height: int, width: int) -> Float:
    """A field brought to [height, width]: repeated where it grows, averaged where it shrinks."""
    for axis, target in ((0, height), (1, width)):
        size = field.shape[axis]
        starts = np.arange(target) * size // target
        if target < size:
            counts = np.diff([*starts, size]).astype(np.float32)
            field = (np.add.reduceat(field, starts, axis=axis) / np.expand_dims(counts, 1 - axis)).astype(np.float32)
        else:
            field = np.take(field, starts, axis=axis)
    return field


def _print(
    image: Float, rng: np.random.Generator, box: tuple[float, float, float, float], rows: int, columns: int, ink: Float, fill: float = 0.9
) -> None:
    """Lines of text in the box (u0, v0, u1, v1) of the picture, in place."""
    n = len(image)
    x0, y0, x1, y1 = (round(k * n) for k in box)
    mask = _resized(_glyphs(rng, rows, columns, fill), y1 - y0, x1 - x0)[..., None]
    image[y0:y1, x0:x1] += mask * (ink - image[y0:y1, x0:x1])


def _fill(image: Float, box: tuple[float, float, float, float], color: Float | float) -> None:
    n = len(image)
    x0, y0, x1, y1 = (round(k * n) for k in box)
    image[y0:y1, x0:x1] = color


def _shape(image: Float, rng: np.random.Generator, centre: tuple[float, float], radius: float, color: Float) -> None:
    """A disc, a star, a drop or a leaf as a trademark or picture."""
    n = len(image)
    rows, columns = (slice(max(0, int((c - 1.5 * radius) * n)), int((c + 1.5 * radius) * n)) for c in (centre[1], centre[0]))
    u, v = coordinates(n)
    x, y = u[:, columns] - centre[0], v[rows] - centre[1]
    angle, petals = np.arctan2(y, x), int(rng.integers(3, 9))
    swing = float(rng.choice([0.0, 0.12, 0.3]))
    reach = radius * (1 + swing * np.cos(petals * angle + rng.uniform(0, 6)))
    inside = step(reach - np.hypot(x, y * rng.uniform(0.9, 1.4)), 0.0, 2.0 / n)[..., None]
    image[rows, columns] += inside * (color - image[rows, columns])


def _paper(n: int, color: Float | float) -> Float:
    return np.broadcast_to(np.asarray(color, dtype=np.float32), (n, n, 3)).copy()


def page(resolution: int, seed: int = 0) -> Image:
    """A printed page: headline, columns of text, perhaps a picture in a frame."""
    rng = generator("page", seed)
    image = _paper(resolution, 0.95)
    ink = np.array([0.16, 0.16, 0.18], dtype=np.float32)
    _print(image, rng, (0.08, 0.06, 0.92, 0.14), 1, int(rng.integers(10, 18)), ink, 0.8)
    columns = int(rng.integers(1, 3))
    for k in range(columns):
        u0, u1 = 0.08 + 0.44 * k, 0.92 if columns == 1 else 0.48 + 0.44 * k
        top = 0.18
        if rng.uniform() < 0.5:
            high = float(rng.uniform(0.18, 0.35))
            _fill(image, (u0, top, u1, top + high), hues(rng, 1, saturation=0.5)[0])
            _shape(image, rng, ((u0 + u1) / 2, top + high / 2), 0.35 * high, hues(rng, 1)[0])
            top += high + 0.03
        rows = int((0.93 - top) / 0.034)
        _print(image, rng, (u0, top, u1, top + 0.034 * rows), rows, 34 if columns == 1 else 17, ink, 0.97)
    return picture(image)


def label(resolution: int, seed: int = 0) -> Image:
    """A label: a coloured ground between two bands, a trademark, a name, small print."""
    rng = generator("label", seed)
    ground, dark, bright = hues(rng, 3, saturation=0.8, low=0.3, high=0.95)
    pale = rng.uniform() < 0.6
    image = _paper(resolution, np.array([0.95, 0.93, 0.87], dtype=np.float32) if pale else ground)
    ink = 0.35 * dark if pale else np.array([0.96, 0.95, 0.9], dtype=np.float32)
    for low in (0.03, 0.91):
        _fill(image, (0.0, low, 1.0, low + 0.06), dark)
    _shape(image, rng, (0.5, 0.3), float(rng.uniform(0.12, 0.17)), bright)
    _print(image, rng, (0.12, 0.48, 0.88, 0.66), 1, int(rng.integers(5, 10)), ink, 1.0)
    _print(image, rng, (0.2, 0.7, 0.8, 0.86), 3, 16, ink, 0.95)
    return picture(image)


def packaging(resolution: int, seed: int = 0) -> Image:
    """The front of a packet: a strong ground with a swoosh, a big name, a picture of what is inside, small print below."""
    rng = generator("packaging", seed)
    n = resolution
    u, v = coordinates(n)
    colours = hues(rng, 5, saturation=0.95, low=0.5, high=0.98)
    image = _paper(n, colours[0])
    curve = 0.42 + 0.08 * np.sin(2 * np.pi * (u + rng.uniform()))
    second = colours[1] if rng.uniform() < 0.6 else np.array([0.95, 0.94, 0.9], dtype=np.float32)
    image += step(v - curve, 0.0, 2.0 / n)[..., None] * (second - image)
    _print(image, rng, (0.07, 0.07, 0.93, 0.27), 1, int(rng.integers(4, 8)), np.array([0.97, 0.97, 0.95], dtype=np.float32), 1.0)
    _print(image, rng, (0.2, 0.28, 0.8, 0.35), 1, 12, 0.3 * colours[0], 1.0)
    _shape(image, rng, (0.5, 0.62), 0.22, np.array([0.93, 0.9, 0.82], dtype=np.float32))
    for _ in range(7):
        place = (0.5 + float(rng.uniform(-0.13, 0.13)), 0.62 + float(rng.uniform(-0.13, 0.13)))
        _shape(image, rng, place, float(rng.uniform(0.03, 0.07)), colours[int(rng.integers(2, 5))])
    _print(image, rng, (0.08, 0.86, 0.92, 0.94), 2, 26, 0.25 * colours[1], 0.9)
    _fill(image, (0.0, 0.96, 1.0, 1.0), colours[0])
    return picture(image)


def cover(resolution: int, seed: int = 0) -> Image:
    """A book's cover: a plain, banded or pictorial ground, title and author."""
    rng = generator("cover", seed)
    ground, second, third = hues(rng, 3, saturation=0.75, low=0.25, high=0.9)
    image = _paper(resolution, ground)
    ink = np.array([0.95, 0.94, 0.9], dtype=np.float32) if ground.mean() < 0.6 else np.array([0.12, 0.12, 0.14], dtype=np.float32)
    manner = int(seed) % 3
    if manner == 0:
        _fill(image, (0.0, 0.45, 1.0, 0.85), second)
        _shape(image, rng, (0.5, 0.65), 0.15, third)
    elif manner == 1:
        for k in range(9):
            _shape(
                image,
                rng,
                (float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.42, 0.8))),
                float(rng.uniform(0.04, 0.12)),
                (second, third)[k % 2],
            )
    else:
        _fill(image, (0.08, 0.06, 0.92, 0.94), 0.85 * ground + 0.1)
    _print(image, rng, (0.1, 0.12, 0.9, 0.26), 1, int(rng.integers(6, 11)), ink, 1.0)
    _print(image, rng, (0.1, 0.27, 0.9, 0.36), 1, int(rng.integers(9, 14)), ink, 0.8)
    _print(image, rng, (0.2, 0.88, 0.8, 0.93), 1, 16, ink, 0.9)
    return picture(image)
