"""Where things stand in a room: upright boxes, overlap tests, and a layout that refuses what does not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from math import cos, hypot, pi, sin

from scenes.scene import Shape
from scenes.shapes import is_wall_hung, size


@dataclass(frozen=True)
class Box:
    """A box standing upright, turned by `yaw` about its centre (x, y); half edges in metres, from z0 to z1."""

    x: float
    y: float
    half_x: float
    half_y: float
    yaw: float
    z0: float
    z1: float

    @cached_property
    def axes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        c, s = cos(self.yaw), sin(self.yaw)
        return (c, s), (-s, c)

    @cached_property
    def radius(self) -> float:
        """Of the circle around the footprint."""
        return hypot(self.half_x, self.half_y)

    def corners(self) -> list[tuple[float, float]]:
        """Footprint corners, counter-clockwise."""
        (ax, ay), (bx, by) = self.axes
        signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return [
            (self.x + i * self.half_x * ax + j * self.half_y * bx, self.y + i * self.half_x * ay + j * self.half_y * by) for i, j in signs
        ]

    def grown(self, margin: float) -> Box:
        """The box with its footprint (not its height) larger by `margin` on each side."""
        return Box(self.x, self.y, self.half_x + margin, self.half_y + margin, self.yaw, self.z0, self.z1)

    def local(self, x: float, y: float) -> tuple[float, float]:
        """A point in the frame of the footprint."""
        (ax, ay), (bx, by) = self.axes
        dx, dy = x - self.x, y - self.y
        return dx * ax + dy * ay, dx * bx + dy * by

    def distance(self, x: float, y: float, z: float) -> float:
        """Distance of a point to the box, 0 inside, metres."""
        u, v = self.local(x, y)
        du, dv = max(abs(u) - self.half_x, 0.0), max(abs(v) - self.half_y, 0.0)
        return hypot(du, dv, max(self.z0 - z, z - self.z1, 0.0))

    def overlaps(self, other: Box) -> bool:
        """Whether the two boxes share volume (separating axes; touching is not sharing)."""
        if self.z1 <= other.z0 or other.z1 <= self.z0:
            return False
        dx, dy = other.x - self.x, other.y - self.y
        reach = self.radius + other.radius
        if dx * dx + dy * dy >= reach * reach:
            return False
        (ax, ay), (cx, cy) = self.axes[0], other.axes[0]
        c, s = abs(ax * cx + ay * cy), abs(ax * cy - ay * cx)
        a, b, d, e = self.half_x - 1e-9, self.half_y - 1e-9, other.half_x, other.half_y
        return (
            abs(dx * ax + dy * ay) < a + d * c + e * s
            and abs(dy * ax - dx * ay) < b + d * s + e * c
            and abs(dx * cx + dy * cy) < d + a * c + b * s
            and abs(dy * cx - dx * cy) < e + a * s + b * c
        )


@dataclass(frozen=True)
class Wall:
    """A wall seen from inside: its middle (x, y) on the floor, its length, and the yaw that turns -y into the room."""

    name: str
    x: float
    y: float
    length: float
    yaw: float

    def point(self, along: float, out: float) -> tuple[float, float]:
        """World (x, y) of a point `along` the wall from its middle (to the right for one who looks at it) and `out` in the room."""
        c, s = cos(self.yaw), sin(self.yaw)
        return self.x + along * c + out * s, self.y + along * s - out * c


@dataclass(frozen=True, kw_only=True)
class Item:
    """A placed thing; `group` names the set that shares its materials, `on` the item that carries it."""

    name: str
    category: str
    shape: Shape
    x: float
    y: float
    z: float
    yaw: float
    group: str
    on: str | None = None

    @cached_property
    def box(self) -> Box:
        """Bounding box of the shape where it stands."""
        width, depth, height = size(self.shape)
        shift = -depth / 2 if is_wall_hung(self.shape.kind) else 0.0
        x, y = self.x - shift * sin(self.yaw), self.y + shift * cos(self.yaw)
        return Box(x, y, width / 2, depth / 2, self.yaw, self.z, self.z + height)


@dataclass
class Layout:
    """The things placed so far in a room of length (x) by breadth (y) by height (z), centred on the origin, floor at z = 0.

    `zones` are volumes to be kept clear (in front of the door, beside a bed), each with the name of its owner.
    """

    length: float
    breadth: float
    height: float
    items: list[Item] = field(default_factory=list)
    zones: list[tuple[Box, str]] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)

    @cached_property
    def walls(self) -> tuple[Wall, ...]:
        """North (+y), east, south, west."""
        a, b = self.length / 2, self.breadth / 2
        return (
            Wall("north", 0.0, b, self.length, 0.0),
            Wall("east", a, 0.0, self.breadth, -pi / 2),
            Wall("south", 0.0, -b, self.length, pi),
            Wall("west", -a, 0.0, self.breadth, pi / 2),
        )

    def inside(self, box: Box) -> bool:
        """Whether a box lies within the room, to 0.1 mm: rounded angles turn what hangs on a wall into it by a little."""
        reach = 1e-4
        flat = all(abs(x) <= self.length / 2 + reach and abs(y) <= self.breadth / 2 + reach for x, y in box.corners())
        return flat and box.z0 >= -reach and box.z1 <= self.height + reach

    def free(self, box: Box, *, ignore: Iterable[str] = (), enter: Iterable[str] | None = ()) -> bool:
        """Whether a box is inside the room and clear of all items but rugs and those named by `ignore`.

        It must be outside all zones but those of the groups in `enter`; None lets it enter all but those of the door and the windows.
        """
        return self.inside(box) and self._clear(box, ignore, enter)

    def _clear(self, box: Box, ignore: Iterable[str], enter: Iterable[str] | None) -> bool:
        if any(box.overlaps(zone) for zone, owner in self.zones if (owner in ("door", "window") if enter is None else owner not in enter)):
            return False
        return not any(box.overlaps(item.box) for item in self.items if item.category != "rug" and item.name not in ignore)

    def place(
        self,
        item: Item,
        *,
        clearance: float = 0.02,
        ignore: Iterable[str] = (),
        enter: Iterable[str] | None = (),
        zone: Box | None = None,
    ) -> bool:
        """Add the item if it is free, with `clearance` to others beside it, and its access `zone` is empty, which is then kept so."""
        box = item.box
        if not self.inside(box):
            return False
        if item.category != "rug" and not self._clear(box.grown(clearance), ignore, enter):
            return False
        if zone is not None and any(
            zone.overlaps(other.box) for other in self.items if other.category != "rug" and other.name not in ignore
        ):
            return False
        self.items.append(item)
        if zone is not None:
            self.zones.append((zone, item.group))
        return True

    def find(self, category: str) -> list[Item]:
        return [item for item in self.items if item.category == category]

    def unique_name(self, stem: str) -> str:
        """`stem`, or `stem_2` and so on when it is taken."""
        longer = f"{stem}_"
        count = sum(item.name == stem or item.name.startswith(longer) for item in self.items)
        return stem if count == 0 else f"{stem}_{count + 1}"
