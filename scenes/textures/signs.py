"""Traffic signs and posters: pictures that are shown once. Row 0 is their upper edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL import ImageDraw

from scenes.textures.fields import clouds, generator, hues

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
SIGN_CELLS = ("triangle", "limit", "ban", "order", "octagon", "square", "diamond", "plate", "chevron")
SIGN_GRID = 3
SIGNS_M, POSTER_M, BOARD_M = 2.4, 2.5, 2.5  # metres that a whole picture covers where it has its usual size
_RIM = 0.02  # of a cell, white all round
_WHITE, _BLACK, _RED, _BLUE = (244, 244, 240), (22, 22, 24), (196, 22, 30), (20, 78, 160)
_YELLOW, _GREEN, _ORANGE = (250, 200, 30), (16, 112, 70), (240, 130, 24)
# Letters as strokes on a grid two wide and four high, y downwards.
_STROKES: dict[str, tuple[tuple[tuple[int, int], ...], ...]] = {
    "0": (((0, 0), (2, 0), (2, 4), (0, 4), (0, 0)),),
    "1": (((0, 1), (1, 0), (1, 4)),),
    "2": (((0, 0), (2, 0), (2, 2), (0, 2), (0, 4), (2, 4)),),
    "3": (((0, 0), (2, 0), (2, 4), (0, 4)), ((0, 2), (2, 2))),
    "4": (((0, 0), (0, 2), (2, 2)), ((2, 0), (2, 4))),
    "5": (((2, 0), (0, 0), (0, 2), (2, 2), (2, 4), (0, 4)),),
    "6": (((2, 0), (0, 0), (0, 4), (2, 4), (2, 2), (0, 2)),),
    "7": (((0, 0), (2, 0), (1, 4)),),
    "8": (((0, 0), (2, 0), (2, 4), (0, 4), (0, 0)), ((0, 2), (2, 2))),
    "9": (((2, 2), (0, 2), (0, 0), (2, 0), (2, 4), (0, 4)),),
    "A": (((0, 4), (0, 1), (1, 0), (2, 1), (2, 4)), ((0, 2), (2, 2))),
    "E": (((2, 0), (0, 0), (0, 4), (2, 4)), ((0, 2), (2, 2))),
    "H": (((0, 0), (0, 4)), ((2, 0), (2, 4)), ((0, 2), (2, 2))),
    "K": (((0, 0), (0, 4)), ((2, 0), (0, 2), (2, 4))),
    "L": (((0, 0), (0, 4), (2, 4)),),
    "M": (((0, 4), (0, 0), (1, 2), (2, 0), (2, 4)),),
    "N": (((0, 4), (0, 0), (2, 4), (2, 0)),),
    "O": (((0, 0), (2, 0), (2, 4), (0, 4), (0, 0)),),
    "P": (((0, 4), (0, 0), (2, 0), (2, 2), (0, 2)),),
    "R": (((0, 4), (0, 0), (2, 0), (2, 2), (0, 2), (2, 4)),),
    "S": (((2, 0), (0, 0), (0, 2), (2, 2), (2, 4), (0, 4)),),
    "T": (((0, 0), (2, 0)), ((1, 0), (1, 4))),
    "U": (((0, 0), (0, 4), (2, 4), (2, 0)),),
    "V": (((0, 0), (1, 4), (2, 0)),),
}
_LETTERS = "AEHKLMNOPRSTUV"


class Sheet:
    """A square to draw on in coordinates 0 ... 1, x to the right and y downwards, drawn at twice the resolution."""

    def __init__(self, resolution: int, ground: Colour) -> None:
        self.side = 2 * resolution
        self._resolution = resolution
        self._picture = Pictures.new("RGB", (self.side, self.side), ground)
        self._pen = ImageDraw.Draw(self._picture)

    def _px(self, points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
        return [(x * self.side, y * self.side) for x, y in points]

    def area(self, points: Sequence[Sequence[float]], colour: Colour) -> None:
        self._pen.polygon(self._px(points), fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self._pen.ellipse(self._px([(x - radius, y - radius), (x + radius, y + radius)]), fill=colour)

    def bar(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        self.area([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)

    def line(self, points: Sequence[Sequence[float]], width: float, colour: Colour) -> None:
        self._pen.line(self._px(points), fill=colour, width=max(1, round(width * self.side)), joint="curve")
        for x, y in points:
            self.disc(x, y, width / 2, colour)

    def text(self, word: str, x: float, y: float, width: float, height: float, colour: Colour, bold: float = 0.16) -> None:
        """`word` in a box centred on (x, y); strokes are `bold` times as thick as a letter is high, or as wide where it is narrow."""
        pitch = width / (len(word) - 0.3)
        broad, stroke = 0.7 * pitch, bold * min(height, 1.6 * pitch)
        for k, letter in enumerate(word):
            left = x - width / 2 + k * pitch + stroke / 2
            for stroke_points in _STROKES[letter]:
                scaled = [
                    (left + a / 2 * (broad - stroke), y - height / 2 + stroke / 2 + b / 4 * (height - stroke)) for a, b in stroke_points
                ]
                self.line(scaled, stroke, colour)

    def pixels(self) -> NDArray[np.uint8]:
        return np.asarray(self._picture.resize((self._resolution, self._resolution), Pictures.Resampling.BOX))


def _word(rng: np.random.Generator, low: int, high: int) -> str:
    return "".join(_LETTERS[int(k)] for k in rng.integers(0, len(_LETTERS), int(rng.integers(low, high))))


def polygon(corners: int, radius: float, turn: float = 0.0, centre: tuple[float, float] = (0.5, 0.5)) -> list[tuple[float, float]]:
    """Corners of a regular polygon in a sheet; without `turn` (radians) the first points upwards."""
    angle = turn + 2 * np.pi * np.arange(corners) / corners
    return [(float(centre[0] + radius * np.sin(a)), float(centre[1] - radius * np.cos(a))) for a in angle]


def _figure(sheet: Sheet, x: float, y: float, size: float, colour: Colour) -> None:
    """A walking person."""
    sheet.disc(x, y - 0.42 * size, 0.1 * size, colour)
    sheet.line([(x, y - 0.25 * size), (x, y + 0.08 * size)], 0.15 * size, colour)
    sheet.line([(x - 0.18 * size, y + 0.48 * size), (x, y + 0.08 * size), (x + 0.2 * size, y + 0.46 * size)], 0.1 * size, colour)
    sheet.line([(x - 0.24 * size, y + 0.02 * size), (x, y - 0.22 * size), (x + 0.24 * size, y - 0.02 * size)], 0.08 * size, colour)


def _arrow(sheet: Sheet, path: Sequence[tuple[float, float]], width: float, colour: Colour) -> None:
    """A line that ends in an arrow head."""
    tip, before = np.array(path[-1]), np.array(path[-2])
    along = (tip - before) / np.linalg.norm(tip - before)
    across = np.array([-along[1], along[0]])
    sheet.line([*path[:-1], tuple(tip - 1.2 * width * along)], width, colour)
    foot = tip - 1.7 * width * along
    sheet.area([tuple(tip), tuple(foot + 1.5 * width * across), tuple(foot - 1.5 * width * across)], colour)


def _warning_glyph(sheet: Sheet, pick: int, x: float, y: float, size: float) -> None:
    glyph = pick % 5
    if glyph == 0:
        sheet.line([(x, y - 0.45 * size), (x, y + 0.15 * size)], 0.16 * size, _BLACK)
        sheet.disc(x, y + 0.42 * size, 0.09 * size, _BLACK)
    elif glyph == 1:
        _figure(sheet, x, y, size, _BLACK)
    elif glyph == 2:
        sheet.line(
            [(x - 0.35 * size, y + 0.4 * size), (x - 0.1 * size, y), (x + 0.1 * size, y), (x + 0.3 * size, y - 0.45 * size)],
            0.13 * size,
            _BLACK,
        )
    elif glyph == 3:
        sheet.line([(x, y - 0.45 * size), (x, y + 0.45 * size)], 0.14 * size, _BLACK)
        sheet.line([(x - 0.35 * size, y + 0.05 * size), (x + 0.35 * size, y + 0.05 * size)], 0.1 * size, _BLACK)
    else:
        for k, colour in enumerate((_RED, _ORANGE, _GREEN)):
            sheet.disc(x, y + (k - 1) * 0.34 * size, 0.15 * size, colour)


def _triangle(sheet: Sheet, rng: np.random.Generator) -> None:
    """Warning (red-bordered, on white or yellow)."""
    inner = _WHITE if rng.uniform() < 0.7 else _YELLOW
    sheet.bar(0, 0, 1, 1, _RED)
    sheet.area([(0.5, 0.19), (0.87, 0.87), (0.13, 0.87)], inner)
    _warning_glyph(sheet, int(rng.integers(5)), 0.5, 0.64, 0.38)


def _limit(sheet: Sheet, rng: np.random.Generator) -> None:
    """A speed limit."""
    sheet.bar(0, 0, 1, 1, _RED)
    sheet.disc(0.5, 0.5, 0.38, _WHITE)
    limit = str(rng.choice(["20", "30", "30", "40", "50", "60", "70", "80", "100"]))
    sheet.text(limit, 0.5, 0.5, 0.48 if len(limit) == 2 else 0.58, 0.38, _BLACK, 0.17)


def _ban(sheet: Sheet, rng: np.random.Generator) -> None:
    """No entry, no parking or no stopping."""
    sheet.bar(0, 0, 1, 1, _RED)
    pick = int(rng.integers(3))
    if pick == 0:
        sheet.bar(0.16, 0.41, 0.84, 0.59, _WHITE)
        return
    sheet.disc(0.5, 0.5, 0.4, _BLUE)
    sheet.line([(0.2, 0.2), (0.8, 0.8)], 0.09, _RED)
    if pick == 1:
        sheet.line([(0.8, 0.2), (0.2, 0.8)], 0.09, _RED)


def _order(sheet: Sheet, rng: np.random.Generator) -> None:
    """A blue disc with a white arrow or a person."""
    sheet.bar(0, 0, 1, 1, _BLUE)
    pick = int(rng.integers(4))
    if pick == 0:
        _arrow(sheet, [(0.5, 0.82), (0.5, 0.16)], 0.12, _WHITE)
    elif pick == 1:
        _arrow(sheet, [(0.24, 0.26), (0.76, 0.78)], 0.12, _WHITE)
    elif pick == 2:
        _arrow(sheet, [(0.36, 0.8), (0.36, 0.45), (0.84, 0.45)], 0.11, _WHITE)
    else:
        _figure(sheet, 0.5, 0.5, 0.66, _WHITE)


def _octagon(sheet: Sheet, _: np.random.Generator) -> None:
    sheet.bar(0, 0, 1, 1, _WHITE)
    sheet.area(polygon(8, 0.51, np.pi / 8), _RED)
    sheet.text("STOP", 0.5, 0.5, 0.72, 0.31, _WHITE, 0.17)


def _square(sheet: Sheet, rng: np.random.Generator) -> None:
    """Blue information: parking, crossing, one way."""
    sheet.bar(0, 0, 1, 1, _WHITE)
    sheet.bar(0.05, 0.05, 0.95, 0.95, _BLUE)
    pick = int(rng.integers(3))
    if pick == 0:
        sheet.text("P", 0.52, 0.5, 0.34, 0.6, _WHITE, 0.2)
    elif pick == 1:
        sheet.area([(0.5, 0.12), (0.9, 0.85), (0.1, 0.85)], _WHITE)
        _figure(sheet, 0.5, 0.62, 0.4, _BLACK)
    else:
        _arrow(sheet, [(0.5, 0.86), (0.5, 0.14)], 0.14, _WHITE)


def _diamond(sheet: Sheet, rng: np.random.Generator) -> None:
    """Priority road, or a warning in the American manner."""
    sheet.bar(0, 0, 1, 1, _WHITE)
    if rng.uniform() < 0.6:
        sheet.area(polygon(4, 0.36), _YELLOW)
        return
    sheet.area(polygon(4, 0.52), _BLACK)
    sheet.area(polygon(4, 0.47), _YELLOW)
    _warning_glyph(sheet, int(rng.integers(5)), 0.5, 0.5, 0.5)


def _plate(sheet: Sheet, rng: np.random.Generator) -> None:
    """A white plate with a distance or a word."""
    sheet.bar(0, 0, 1, 1, _BLACK)
    sheet.bar(0.025, 0.05, 0.975, 0.95, _WHITE)
    word = str(rng.choice(["100", "200", "50", "800"])) + "M" if rng.uniform() < 0.5 else _word(rng, 3, 7)
    width = min(0.8, 0.16 * len(word))
    sheet.text(word, 0.5, 0.5, width, 0.5, _BLACK, 0.14)


def _chevron(sheet: Sheet, rng: np.random.Generator) -> None:
    """A bend ahead."""
    ground, ink = ((_RED, _WHITE), (_WHITE, _RED), (_YELLOW, _BLACK), (_BLACK, _WHITE))[int(rng.integers(4))]
    sheet.bar(0, 0, 1, 1, ground)
    for x in (0.12, 0.45, 0.78):
        sheet.area([(x, 0.05), (x + 0.14, 0.05), (x - 0.02, 0.5), (x + 0.14, 0.95), (x, 0.95), (x - 0.16, 0.5)], ink)


_PAINTERS: dict[str, Callable[[Sheet, np.random.Generator], None]] = {
    "triangle": _triangle,
    "limit": _limit,
    "ban": _ban,
    "order": _order,
    "octagon": _octagon,
    "square": _square,
    "diamond": _diamond,
    "plate": _plate,
    "chevron": _chevron,
}


def signs(resolution: int, seed: int = 0) -> Image:
    """An atlas of SIGN_GRID x SIGN_GRID signs, one of each of SIGN_CELLS, row by row from the upper left."""
    rng = generator("signs", seed)
    image = np.full((resolution, resolution, 3), 240, dtype=np.uint8)
    edges = np.arange(SIGN_GRID + 1) * resolution // SIGN_GRID
    for k, kind in enumerate(SIGN_CELLS):
        row, column = divmod(k, SIGN_GRID)
        side = int(edges[1])
        sheet = Sheet(side, _WHITE)
        _PAINTERS[kind](sheet, np.random.default_rng(rng.integers(0, 2**32, 2)))
        rim = max(1, round(_RIM * side))
        cell = image[edges[row] : edges[row] + side, edges[column] : edges[column] + side]
        cell[rim:-rim, rim:-rim] = sheet.pixels()[rim:-rim, rim:-rim]
    return image


def direction_board(resolution: int, seed: int = 0) -> Image:
    """Two or three places with arrows, for a board twice as wide as high."""
    rng = generator("direction_board", seed)
    ground, ink = ((_BLUE, _WHITE), (_GREEN, _WHITE), (_YELLOW, _BLACK), (_WHITE, _BLACK))[int(seed) % 4]
    sheet = Sheet(resolution, ink)
    sheet.bar(0.02, 0.04, 0.98, 0.96, ground)
    rows = int(rng.integers(2, 4))
    for k in range(rows):
        y = 0.06 + 0.88 * (k + 0.5) / rows
        word = _word(rng, 4, 9)
        width = 0.075 * len(word)
        sheet.text(word, 0.24 + width / 2, y, width, 0.44 / rows, ink, 0.15)
        _arrow(sheet, [(0.19, y), (0.07, y)] if rng.uniform() < 0.5 else [(0.13, y + 0.12), (0.13, y - 0.12)], 0.035, ink)
    return sheet.pixels()


def poster(resolution: int, seed: int = 0) -> Image:
    """An advertisement: bold shapes or a landscape, a slogan and small print."""
    rng = generator("poster", seed)
    ground, second, third = (_bytes(c) for c in hues(rng, 3, saturation=0.9, low=0.4, high=0.95))
    sheet = Sheet(resolution, ground)
    manner = int(seed) % 4
    if manner == 0:
        for radius, colour in ((0.34, second), (0.24, _WHITE), (0.14, third)):
            sheet.disc(0.5, 0.4, radius, colour)
    elif manner == 1:
        sheet.bar(0, 0, 1, 0.5, second)
        for k in range(4):
            x, peak = 0.05 + 0.3 * k, float(rng.uniform(0.18, 0.4))
            sheet.area([(x - 0.35, 0.66), (x, peak), (x + 0.35, 0.66)], (third, _bytes(np.array(third) / 300))[k % 2])
        sheet.disc(float(rng.uniform(0.2, 0.8)), 0.14, 0.08, _YELLOW)
    elif manner == 2:
        for k in range(5):
            sheet.area([(0.2 * k - 0.2, 0.7), (0.2 * k + 0.1, 0.7), (0.2 * k + 0.4, 0.0), (0.2 * k + 0.1, 0.0)], (second, third)[k % 2])
        sheet.disc(0.5, 0.36, 0.2, _WHITE)
    else:
        bottle = [(0.42, 0.68), (0.42, 0.36), (0.47, 0.26), (0.47, 0.12), (0.53, 0.12), (0.53, 0.26), (0.58, 0.36), (0.58, 0.68)]
        sheet.disc(0.5, 0.4, 0.36, second)
        sheet.area(bottle, third)
        sheet.bar(0.42, 0.44, 0.58, 0.56, _WHITE)
    ink = _WHITE if sum(ground) < 380 else _BLACK
    sheet.text(_word(rng, 4, 8), 0.5, 0.78, 0.8, 0.13, ink, 0.2)
    sheet.text(_word(rng, 8, 12), 0.5, 0.91, 0.6, 0.05, ink, 0.15)
    return _framed(sheet.pixels(), clouds(rng, resolution, falloff=0.8))


def _bytes(colour: NDArray[np.floating]) -> Colour:
    r, g, b = (int(255 * min(max(float(k), 0.0), 1.0)) for k in colour)
    return (r, g, b)


def _framed(image: Image, grain: NDArray[np.float32]) -> Image:
    """A white border all round, and the faint unevenness of print."""
    n = len(image)
    rim = max(1, n // 40)
    framed = np.full_like(image, 240)
    framed[rim:-rim, rim:-rim] = np.clip(image[rim:-rim, rim:-rim] + 3 * grain[rim:-rim, rim:-rim, None], 0, 255).astype(np.uint8)
    return framed
