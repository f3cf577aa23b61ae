"""What houses are clad and roofed with: brickwork, render, ashlar, boards, tiles, slate, sheet metal; and the boards above shops.

v runs up the wall or up the slope of the roof, u along it. Brickwork and the signs carry their own colours (mortar is not the colour of
brick), the others are pale and take theirs from `Material.color`. Counts are made for the metres that each docstring names.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes.textures.fields import Float, clouds, coordinates, edge_distance, generator, hues, picture, step
from scenes.textures.signs import Sheet

Image = NDArray[np.uint8]
BRICK_M, COURSE_M = 0.25, 1 / 12  # a brick of 0.24 m x 0.071 m and its joint (DIN 105 normal format)
SIGN_BOARDS = 8
SIGN_M = (5.6, 0.7)  # width and height of each board; the picture is square

# sRGB of bricks (main, second) and of the mortar between them.
_BRICKS = np.array(
    [
        [(0.78, 0.67, 0.51), (0.68, 0.56, 0.42), (0.72, 0.7, 0.66)],  # buff
        [(0.62, 0.32, 0.25), (0.5, 0.25, 0.21), (0.68, 0.65, 0.6)],  # red
        [(0.53, 0.3, 0.24), (0.38, 0.22, 0.2), (0.55, 0.52, 0.49)],  # dark red
        [(0.66, 0.44, 0.35), (0.58, 0.36, 0.29), (0.72, 0.69, 0.65)],  # orange
        [(0.68, 0.6, 0.42), (0.5, 0.44, 0.34), (0.6, 0.57, 0.52)],  # London stock
        [(0.45, 0.36, 0.31), (0.36, 0.29, 0.26), (0.5, 0.48, 0.46)],  # brown
        [(0.9, 0.88, 0.85), (0.87, 0.85, 0.81), (0.82, 0.8, 0.77)],  # whitewashed
    ],
    dtype=np.float32,
)
BRICK_TONES = len(_BRICKS)


def _streaks(rng: np.random.Generator, n: int) -> Float:
    """Rain marks: a field [n, n] drawn out along v."""
    return clouds(rng, n, falloff=0.9, lowest=2, stretch=9.0).T


def brickwork(resolution: int, seed: int = 0, rows: int = 24, columns: int = 8, tone: int = 0) -> Image:
    """Running bond, `rows` even; columns x BRICK_M wide (2 m: 24 x 8). `tone` picks one of BRICK_TONES colours."""
    rng = generator("brickwork", seed)
    u, v = coordinates(resolution)
    row = np.floor(v * rows).astype(int)
    across = u * columns + 0.5 * (row % 2)
    column = np.floor(across).astype(int) % columns
    main, second, mortar = _BRICKS[tone]
    mix = np.clip(rng.normal(0.35, 0.35, (rows, columns)), 0, 1).astype(np.float32)[row, column]
    light = 1 + rng.normal(0, 0.05, (rows, columns)).astype(np.float32)[row, column]
    rough = clouds(rng, resolution, falloff=0.6, lowest=8)
    clay = (main + mix[..., None] * (second - main)) * (light + 0.035 * rough)[..., None]
    gap = np.minimum(edge_distance(v, rows) * COURSE_M, np.minimum(across % 1, 1 - across % 1) * BRICK_M) + 0.001 * rough
    pixel = columns * BRICK_M / resolution
    joint = step(gap, 0.006, max(0.005, 0.9 * pixel))[..., None]
    return picture((mortar + joint * (clay - mortar)) * (0.98 + 0.022 * _streaks(rng, resolution))[..., None])


def render(resolution: int, seed: int = 0, stains: float = 0.5) -> Image:
    """Rendered wall (4 m): fine grain, clouds, rain streaks and a few stains."""
    rng = generator("render", seed)
    cloud = clouds(rng, resolution, falloff=1.6)
    grain = clouds(rng, resolution, falloff=0.2, lowest=12)
    value = 0.92 + 0.012 * grain + 0.016 * cloud - 0.03 * stains * np.clip(_streaks(rng, resolution), 0, 2)
    return picture(value - 0.06 * stains * step(cloud, 1.9, 0.8))


def ashlar(resolution: int, seed: int = 0, rows: int = 8, columns: int = 4, variety: float = 0.05) -> Image:
    """Cut stone in running bond (2.4 m: blocks of 0.6 m x 0.3 m), with tooling marks and fine joints; `rows` even."""
    rng = generator("ashlar", seed)
    u, v = coordinates(resolution)
    row = np.floor(v * rows).astype(int)
    across = u * columns + 0.5 * (row % 2)
    tone = rng.normal(0, variety, (rows, columns))[row, np.floor(across).astype(int) % columns]
    gap = np.minimum(edge_distance(v, rows) / rows, np.minimum(across % 1, 1 - across % 1) / columns) * resolution
    stone = 0.84 + tone + 0.025 * clouds(rng, resolution, falloff=0.7, lowest=3, stretch=2.0) + 0.02 * _streaks(rng, resolution)
    return picture(stone * (0.7 + 0.3 * step(gap, 0.8, 1.6)))


def rubble(resolution: int, seed: int = 0, rows: int = 12, columns: int = 8) -> Image:
    """Rough field stone in wandering courses (2.4 m), each stone of its own tone, with pale joints."""
    rng = generator("rubble", seed)
    u, v = coordinates(resolution)
    warp, bend = (0.16 * clouds(rng, resolution, falloff=1.9, lowest=3) for _ in range(2))
    y = (v * rows + warp) % rows
    row = np.floor(y).astype(int) % rows
    x = u * columns + bend + rng.uniform(0, 1, rows)[row]
    column = np.floor(x).astype(int) % columns
    edge = np.minimum(np.minimum(y % 1, 1 - y % 1) * columns / rows, np.minimum(x % 1, 1 - x % 1))
    tone = rng.normal(0, 0.06, (rows, columns))[row, column]
    rough = clouds(rng, resolution, falloff=0.6, lowest=8)
    stone = 0.68 + tone + 0.045 * rough + 0.06 * step(edge, 0.15, 0.2)
    return picture(0.84 + 0.02 * rough + step(edge + 0.008 * rough, 0.055, 0.05) * (stone - 0.84 - 0.02 * rough))


def clapboard(resolution: int, seed: int = 0, rows: int = 16) -> Image:
    """Overlapping painted boards (2.4 m: 0.15 m each): a shadow under each lower edge, faint grain, butt joints."""
    rng = generator("clapboard", seed)
    u, v = coordinates(resolution)
    phase = (v * rows) % 1
    row = np.floor(v * rows).astype(int)
    tone = rng.normal(0, 0.012, rows)[row]
    butt = np.abs((u - rng.uniform(0, 1, rows)[row] + 0.5) % 1 - 0.5) * resolution
    shadow = 1 - 0.42 * step(phase, 1 - 1.6 * rows / resolution, 1.6 * rows / resolution)  # above lies the next board's edge
    value = (0.9 + 0.05 * (1 - phase) + tone) * shadow * (0.86 + 0.14 * step(butt, 0.8, 1.0))
    return picture(value + 0.012 * clouds(rng, resolution, falloff=0.6, lowest=4, stretch=10.0) + 0.012 * _streaks(rng, resolution))


def roof_tiles(resolution: int, seed: int = 0, rows: int = 9, columns: int = 12, roll: float = 0.35) -> Image:
    """Interlocking tiles (3 m: 0.33 m x 0.25 m): `roll` is how strongly each is shaded across, shadows lie above each lower edge."""
    rng = generator("roof_tiles", seed)
    u, v = coordinates(resolution)
    row, column = (np.floor(w * k).astype(int) for w, k in ((v, rows), (u, columns)))
    x, y = (u * columns) % 1, (v * rows) % 1
    tone = rng.normal(0, 0.05, (rows, columns))[row, column]
    moss = 0.05 * np.clip(clouds(rng, resolution, falloff=1.4), 0, 2)
    shape = 1 - roll * (0.5 - 0.5 * np.cos(2 * np.pi * (x - 0.15))) ** 1.5
    fall = 1 - 0.22 * y - 0.4 * step(y, 0.9, 0.12)
    value = (0.98 + tone - moss) * shape * fall
    return picture(value + 0.025 * clouds(rng, resolution, falloff=0.4, lowest=8))


def slates(resolution: int, seed: int = 0, rows: int = 14, columns: int = 12) -> Image:
    """Flat slates or plain tiles in half bond (3 m: 0.25 m x 0.21 m), `rows` even, each of its own tone, a dark edge below each."""
    rng = generator("slates", seed)
    u, v = coordinates(resolution)
    row = np.floor(v * rows).astype(int)
    across = u * columns + 0.5 * (row % 2)
    column = np.floor(across).astype(int) % columns
    tone = rng.normal(0, 0.06, (rows, columns))[row, column]
    y, x = (v * rows) % 1, np.minimum(across % 1, 1 - across % 1)
    gap = 0.72 + 0.28 * step(x * resolution / columns, 0.6, 1.0)
    fall = 1 - 0.1 * y - 0.38 * step(y, 0.9, 0.12)
    return picture((0.88 + tone + 0.03 * clouds(rng, resolution, falloff=0.9, lowest=3)) * gap * fall + 0.02 * _streaks(rng, resolution))


def sheet_metal(resolution: int, seed: int = 0, ribs: int = 10) -> Image:
    """Trapezoidal sheets (2 m: a rib every 0.2 m along u), a little dirt and rust running down v."""
    rng = generator("sheet_metal", seed)
    u, _ = coordinates(resolution)
    phase = (u * ribs) % 1
    rib = 0.86 + 0.1 * (step(phase, 0.1, 0.12) - step(phase, 0.42, 0.12)) - 0.22 * (step(phase, 0.42, 0.12) - step(phase, 0.6, 0.16))
    dirt = 0.02 * clouds(rng, resolution, falloff=1.3) - 0.035 * np.clip(_streaks(rng, resolution), 0, 2)
    return picture(rib + dirt)


def glazing(resolution: int, seed: int = 0) -> Image:
    """What window panes show (4 m): pale reflections of sky over dark rooms, in soft slanting patches that differ from pane to pane."""
    rng = generator("glazing", seed)
    patch = clouds(rng, resolution, falloff=2.4, lowest=2)
    slant = np.take_along_axis(patch, (np.arange(resolution)[None] + np.arange(resolution)[:, None]) % resolution, axis=1)
    sky = step(slant + 0.1 * clouds(rng, resolution, falloff=1.4, lowest=3), 0.3, 2.2)
    room = 0.6 + 0.03 * clouds(rng, resolution, falloff=1.2, lowest=2)
    tint = np.array([0.94, 0.98, 1.0], dtype=np.float32)
    return picture((room + 0.32 * sky)[..., None] * tint)


def _name(rng: np.random.Generator) -> str:
    """A shop's name: two or three syllables, sometimes a number."""
    syllables = ["HKLMNPRSTV"[int(c)] + "AEOU"[int(v)] for c, v in rng.integers(0, (10, 4), (int(rng.integers(2, 4)), 2))]
    ending = str(rng.choice(["", "", "N", "S", "R", "24", "1"]))
    return "".join(syllables) + ending


def sign_boards(resolution: int, seed: int = 0) -> Image:
    """An atlas of SIGN_BOARDS shop signs, one above the other, each as wide as the picture; even seeds are pale, odd ones strong."""
    rng = generator("sign_boards", seed)
    pale = int(seed) % 2 == 0
    grounds = hues(rng, SIGN_BOARDS, saturation=0.3 if pale else 0.9, low=0.75 if pale else 0.25, high=0.95 if pale else 0.65)
    inks = hues(rng, SIGN_BOARDS, saturation=0.8 if pale else 0.15, low=0.12 if pale else 0.88, high=0.4 if pale else 0.98)
    ground, ink = ([(int(r), int(g), int(b)) for r, g, b in 255 * colours] for colours in (grounds, inks))
    sheet = Sheet(resolution, ground[0])
    for k in range(SIGN_BOARDS):
        word, low = _name(rng), k / SIGN_BOARDS
        sheet.bar(0.0, low, 1.0, low + 1 / SIGN_BOARDS, ground[k])
        height = float(rng.uniform(0.4, 0.55)) / SIGN_BOARDS
        sheet.text(word, 0.5, low + 0.5 / SIGN_BOARDS, min(0.75, 0.85 * height * len(word)), height, ink[k], float(rng.uniform(0.13, 0.22)))
    return np.ascontiguousarray(sheet.pixels().reshape(SIGN_BOARDS, -1, resolution, 3)[:, ::-1].reshape(resolution, resolution, 3))
