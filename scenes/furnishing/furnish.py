"""Relations between things in a room: against a wall, on a wall, beside, in front of, on top of, in a free spot, under the ceiling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import atan2, cos, pi, sin

import numpy as np

from scenes.furnishing.layout import Box, Item, Layout, Wall
from scenes.pieces.measures import metres
from scenes.randomness import Streams
from scenes.scene import Shape
from scenes.shapes import size

TRIES = 40
_ANYWHERE, _AT_AN_END = (float(share) for share in np.cumsum((0.6, 0.2)))
_STEP_M = 0.06  # between the places along a wall that are gone through for what a room can't do without


@dataclass(frozen=True)
class Mark:
    """How much there was in a room at some moment."""

    items: int
    zones: int
    surfaces: int
    rejected: Counter[str]


@dataclass(frozen=True)
class Surface:
    """A place to put things: the top of `item` at height z, reaching `half_x`, `half_y` from its middle."""

    item: Item
    z: float
    half_x: float
    half_y: float


class Furnisher:
    """Places things in a layout. Each call draws from a stream of its own, named after its `purpose`, and gives up after `TRIES` tries.

    `passable` tells whether one can still walk through the room; what is placed with `insist` never bars the way. `kept` are the names of
    those things.
    """

    def __init__(self, layout: Layout, streams: Streams, density: float, passable: Callable[[], bool] = lambda: True) -> None:
        self.layout = layout
        self.density = density
        self.surfaces: list[Surface] = []
        self.spots: dict[str, tuple[Wall, float]] = {}
        self.kept: set[str] = set()
        self._passable = passable
        self._streams = streams.child("furniture")

    def mark(self) -> Mark:
        """The room as it is, to come `back_to` when what follows does not work out."""
        return Mark(len(self.layout.items), len(self.layout.zones), len(self.surfaces), self.layout.rejected.copy())

    def back_to(self, mark: Mark) -> None:
        """Takes away all that was placed since."""
        del self.layout.items[mark.items :], self.layout.zones[mark.zones :], self.surfaces[mark.surfaces :]
        self.layout.rejected = mark.rejected.copy()
        self.kept &= {item.name for item in self.layout.items}

    def keep(self, item: Item) -> bool:
        """Whether a thing that was just placed leaves the way free; then it is among those that stay."""
        if self._passable():
            self.kept.add(item.name)
            return True
        return False

    def rng(self, purpose: str) -> np.random.Generator:
        return self._streams.generator(purpose)

    def chance(self, purpose: str, probability: float) -> bool:
        """Whether an optional thing is wanted, scaled by the scene's density of furniture."""
        return bool(self.rng(f"chance/{purpose}").uniform() < probability * self.density)

    def _item(self, category: str, shape: Shape, x: float, y: float, z: float, yaw: float, group: str, on: str | None = None) -> Item:
        name = self.layout.unique_name(category)
        rounded = {"x": round(x, 4), "y": round(y, 4), "z": round(z, 4), "yaw": round(yaw, 5)}
        return Item(name=name, category=category, shape=shape, group=group or name, on=on, **rounded)

    def _refuse(self, category: str) -> None:
        self.layout.rejected[category] += 1

    def _accept(self, item: Item, surface: float | None) -> Item:
        if surface is not None:
            width, depth, _ = size(item.shape)
            round_top = dict(item.shape.parameters).get("depth") is None
            inset = 0.7 if round_top else 1.0
            self.surfaces.append(Surface(item, item.z + surface, inset * width / 2 - 0.02, inset * depth / 2 - 0.02))
        return item

    def against_wall(
        self,
        purpose: str,
        category: str,
        shape: Shape,
        *,
        walls: Sequence[Wall] = (),
        along: float | None = None,
        zone: float = 0.0,
        sides: float = 0.0,
        surface: float | None = None,
        group: str = "",
        z: float = 0.0,
        gap: float = 0.035,
        clearance: float = 0.02,
        insist: bool = False,
    ) -> Item | None:
        """Back to a wall, with `zone` metres kept free before it and `sides` beside it; at `along` if given, else anywhere on `walls`.

        `gap` to the wall makes room for the skirting board, `clearance` is kept to things beside. With `insist` every place along the walls
        is gone through that does not bar the way.
        """
        rng = self.rng(purpose)
        width, depth, height = size(shape)
        for wall, s in self._places(rng, list(walls or self.layout.walls), width, along, insist):
            x, y = wall.point(s, gap + depth / 2)
            item = self._item(category, shape, x, y, z, wall.yaw, group)
            zx, zy = wall.point(s, gap + (depth + zone) / 2)
            access = Box(zx, zy, width / 2 + sides, (depth + zone) / 2, wall.yaw, 0.0, max(height, 1.0)) if zone or sides else None
            mark = self.mark()
            if self.layout.place(item, zone=access, enter=(group,), clearance=clearance):
                if insist and not self.keep(item):
                    self.back_to(mark)
                    continue
                self.spots[item.name] = (wall, s)
                return self._accept(item, surface)
        self._refuse(category)
        return None

    @staticmethod
    def _places(
        rng: np.random.Generator, walls: list[Wall], width: float, along: float | None, insist: bool
    ) -> Iterator[tuple[Wall, float]]:
        """Walls, and how far along them, for a thing of that width to be tried at."""
        for _ in range(1 if along is not None else TRIES // 3 if insist else TRIES):
            wall = walls[int(rng.integers(len(walls)))]
            reach = (wall.length - width) / 2 - 0.03
            if reach >= 0:
                yield wall, along if along is not None else _anywhere_or_at_an_end(rng, reach)
        if insist and along is None:
            all_places = [
                (w, s) for w in walls for s in np.arange(-w.length / 2 + width / 2 + 0.03, w.length / 2 - width / 2 - 0.03, _STEP_M)
            ]
            for k in rng.permutation(len(all_places)):
                yield all_places[int(k)][0], float(all_places[int(k)][1])

    def in_corner(
        self, purpose: str, category: str, shape: Shape, *, zone: float, group: str = "", gap: float = 0.03, insist: bool = False
    ) -> Item | None:
        """Back to a wall and one side to another, in whichever corner has room (and, with `insist`, does not bar the way)."""
        rng = self.rng(purpose)
        width, depth, height = size(shape)
        for k in rng.permutation(8):
            wall, side = self.layout.walls[int(k) // 2], 1.0 if k % 2 else -1.0
            s = side * ((wall.length - width) / 2 - gap)
            x, y = wall.point(s, gap + depth / 2)
            item = self._item(category, shape, x, y, 0.0, wall.yaw, group)
            access = Box(*wall.point(s, (gap + depth + zone) / 2), width / 2, (gap + depth + zone) / 2, wall.yaw, 0.0, max(height, 1.0))
            mark = self.mark()
            if self.layout.place(item, zone=access, enter=(group,), clearance=0.01):
                if insist and not self.keep(item):
                    self.back_to(mark)
                    continue
                self.spots[item.name] = (wall, s)
                return item
        self._refuse(category)
        return None

    def hung_at(self, category: str, shape: Shape, wall: Wall, along: float, z: float, group: str = "") -> Item | None:
        """On a wall, exactly there: side by side with its neighbours, but never before a window or a door."""
        item = self._item(category, shape, *wall.point(along, 0.0), z, wall.yaw, group)
        if z + size(shape)[2] < self.layout.height - 0.02 and self.layout.place(item, clearance=0.0, enter=None):
            self.spots[item.name] = (wall, along)
            return item
        self._refuse(category)
        return None

    def beside(
        self,
        purpose: str,
        category: str,
        shape: Shape,
        near: Item,
        offset: tuple[float, float],
        turn: float = 0.0,
        *,
        jitter: float = 0.0,
        turn_jitter: float = 0.0,
        surface: float | None = None,
        group: str = "",
        overlap: bool = False,
        z: float = 0.0,
        clearance: float = 0.02,
    ) -> Item | None:
        """At `offset` (x, y) in the frame of `near`, turned by `turn` radians against it; `overlap` lets it reach under `near`."""
        rng = self.rng(purpose)
        for attempt in range(8):
            scale = 1.0 if attempt else 0.0
            u, v = offset[0] + scale * rng.normal(0, jitter), offset[1] + scale * rng.normal(0, jitter)
            c, s = cos(near.yaw), sin(near.yaw)
            x, y = near.x + c * u - s * v, near.y + s * u + c * v
            item = self._item(category, shape, x, y, z, near.yaw + turn + rng.normal(0, turn_jitter), group)
            if self.layout.place(item, ignore=(near.name,) if overlap else (), clearance=clearance, enter=(near.group,)):
                return self._accept(item, surface)
        self._refuse(category)
        return None

    def on_wall(
        self, purpose: str, category: str, shape: Shape, *, middle: float, above: Item | None = None, wall: Wall | None = None
    ) -> Item | None:
        """Hung with its middle about `middle` metres high, above a thing that stands at a wall or anywhere free."""
        rng = self.rng(purpose)
        width, _, height = size(shape)
        for _ in range(TRIES):
            place, s = self.spots[above.name] if above is not None else (wall or self.layout.walls[int(rng.integers(4))], None)
            reach = (place.length - width) / 2 - 0.1
            if reach < 0:
                continue
            at = float(rng.uniform(-reach, reach)) if s is None else s + float(rng.normal(0, 0.12))
            z = middle + float(rng.normal(0, 0.06)) - height / 2
            if above is not None:
                z = max(z, above.z + size(above.shape)[2] + 0.1)
            item = self._item(category, shape, *place.point(at, 0.0), z, place.yaw, "")
            if z + height < self.layout.height - 0.08 and self.layout.place(item, clearance=0.08, enter=None):
                self.spots[item.name] = (place, at)
                return item
        self._refuse(category)
        return None

    def on_top(
        self,
        purpose: str,
        category: str,
        shape: Shape,
        surface: Surface,
        *,
        at: tuple[float, float] | None = None,
        turn: float | None = None,
        group: str = "",
        own_surface: float | None = None,
    ) -> Item | None:
        """On a surface, at a place in its frame or anywhere; `turn` radians against it or anyhow."""
        rng = self.rng(purpose)
        width, depth, _ = size(shape)
        below = surface.item
        for _ in range(TRIES // 2 if at is None else 1):
            yaw = below.yaw + (turn if turn is not None else float(rng.uniform(-pi, pi)))
            tilt = yaw - below.yaw
            half_x = (abs(width * cos(tilt)) + abs(depth * sin(tilt))) / 2
            half_y = (abs(width * sin(tilt)) + abs(depth * cos(tilt))) / 2
            room_x, room_y = surface.half_x - half_x, surface.half_y - half_y
            if at is None and (room_x < 0 or room_y < 0):
                continue
            u, v = at if at is not None else (float(rng.uniform(-room_x, room_x)), float(rng.uniform(-room_y, room_y)))
            c, s = cos(below.yaw), sin(below.yaw)
            item = self._item(category, shape, below.x + c * u - s * v, below.y + s * u + c * v, surface.z, yaw, group, below.name)
            if self.layout.place(item, clearance=0.008, ignore=(below.name,), enter=None):
                return self._accept(item, own_surface)
        self._refuse(category)
        return None

    def on_floor(
        self, purpose: str, category: str, shape: Shape, *, corner: float = 0.0, clearance: float = 0.05, inwards: bool = False
    ) -> Item | None:
        """Anywhere free on the floor; with probability `corner` close to a corner; turned anyhow, or `inwards`."""
        rng = self.rng(purpose)
        width, depth, _ = size(shape)
        reach = (width**2 + depth**2) ** 0.5 / 2
        a, b = self.layout.length / 2 - reach - 0.04, self.layout.breadth / 2 - reach - 0.04
        for _ in range(TRIES if min(a, b) > 0 else 0):
            if rng.uniform() < corner:
                x, y = (side * (limit - rng.uniform(0, 0.25)) for side, limit in zip(rng.choice((-1, 1), 2), (a, b), strict=True))
            else:
                x, y = rng.uniform(-a, a), rng.uniform(-b, b)
            yaw = float(atan2(-x, y) + rng.normal(0, 0.4) if inwards else rng.uniform(-pi, pi))
            item = self._item(category, shape, float(x), float(y), 0.0, yaw, "")
            if self.layout.place(item, clearance=clearance):
                return item
        self._refuse(category)
        return None

    def rug(self, purpose: str, under: Item | None, extra: tuple[float, float], shift: float = 0.0) -> Item | None:
        """A rug under a thing, larger than it by `extra` and moved by `shift` towards its back, or in the middle of the room."""
        rng = self.rng(purpose)
        width, depth, _ = size(under.shape) if under is not None else (0.4 * self.layout.length, 0.35 * self.layout.breadth, 0.0)
        for shrink in (1.0, 0.8, 0.6):
            w, d = metres(rng, 0.9, 1.1) * (width + shrink * extra[0]), metres(rng, 0.9, 1.1) * (depth + shrink * extra[1])
            shape = rug_shape(rng, w, d)
            x, y, yaw = (
                (under.x - sin(under.yaw) * shift, under.y + cos(under.yaw) * shift, under.yaw) if under is not None else (0, 0, 0.0)
            )
            if self.layout.place(self._item("rug", shape, x, y, 0.0, yaw, "")):
                return self.layout.items[-1]
        self._refuse("rug")
        return None

    def under_ceiling(self, purpose: str, shape: Shape, x: float, y: float) -> Item | None:
        """A lamp that hangs from the ceiling at (x, y)."""
        item = self._item("lamp", shape, x, y, self.layout.height - size(shape)[2], float(self.rng(purpose).uniform(-pi, pi)), "")
        if self.layout.place(item, clearance=0.1, enter=None):
            return item
        self._refuse("lamp")
        return None


def _anywhere_or_at_an_end(rng: np.random.Generator, reach: float) -> float:
    """Like `rng.choice([rng.uniform(-reach, reach), -reach, reach], p=[0.6, 0.2, 0.2])`, which takes five times as long."""
    place, share = float(rng.uniform(-reach, reach)), float(rng.random())
    return place if share < _ANYWHERE else -reach if share < _AT_AN_END else reach


def rug_shape(rng: np.random.Generator, width: float, depth: float) -> Shape:
    """A rug of about that size: rectangular with a border, or round when it is nearly square."""
    if 0.75 < width / depth < 1.33 and rng.uniform() < 0.5:
        return Shape.of("round_rug", width=round(max(width, depth), 3), height=0.008)
    return Shape.of("rug", width=round(width, 3), depth=round(depth, 3), height=0.008, border=metres(rng, 0.04, 0.12))
