"""Small things dropped on furniture and floor, and rooms whose furniture was tipped in at random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from scenes import shapes
from scenes.furnishing.layout import Item, Layout
from scenes.geometry import compose
from scenes.physics import Body, Settled, World
from scenes.physics.collision import collider
from scenes.pieces import PIECES, Piece
from scenes.randomness import Streams
from scenes.rooms.things import Thing, anyhow, upright
from scenes.scene import Shape, Trajectory

Float = NDArray[np.float64]
_TRIES = 14
_VARIETY = 0.75  # how much rarer a category gets with each thing of it that is there
_GAP_M = 0.003
# What carries things, and how often for its size. All else is crossed by things that fall off.
_HOSTS = {"bed": 0.35, "sofa": 0.4, "armchair": 0.3, "chair": 0.12, "bookshelf": 0.8, "stool": 0.3, "rug": 0.0}
_SURFACE = 1.2  # the same for table tops
_SOFT = frozenset(("bed", "sofa", "armchair", "chair"))
_SOFT_GUESTS = frozenset(  # what people leave on beds and seats; a tenth of the rest gets there too
    ("books", "book", "cushion", "pillow", "clothes", "towel", "toy", "bag", "box", "ball", "laptop", "paper", "tablet", "remote", "hat")
)
_SHELVES = frozenset(("bookshelf", "shelf", "shelves"))
_FLOOR_DWELLERS = frozenset(("ball", "box", "carton", "basket", "bag", "shoe", "toy", "cushion", "bin", "clothes", "bucket", "crate"))


@lru_cache
def weights(kind: str, large: bool) -> tuple[tuple[Piece, ...], Float]:
    """Loose pieces of a size with their shares [N] in a type of room."""
    pieces = tuple(piece for piece in PIECES.values() if piece.loose and piece.rooms and piece.large == large)
    found = np.array([float(piece.rooms.get(kind, 0.0)) for piece in pieces])
    return pieces, found / found.sum() if found.sum() > 0 else np.full(len(pieces), 1 / len(pieces))


def choose(rng: np.random.Generator, kind: str, large: bool, anything: float, present: Mapping[str, int] | None = None) -> Piece:
    """A loose piece as found in a type of room, or, with probability `anything`, any; rarer the more of its category are `present`."""
    pieces, shares = weights(kind, large)
    if rng.uniform() < anything:
        shares = np.ones(len(pieces))
    if present:
        shares = shares * np.array([_VARIETY ** present.get(piece.category, 0) for piece in pieces])
    return pieces[int(rng.choice(len(pieces), p=shares / shares.sum()))]


class Dropper:
    """Drops things into a world that holds a room, counts what found no place, and keeps to a budget of triangles."""

    def __init__(self, world: World, layout: Layout, streams: Streams, surfaces: Iterable[str], triangles: int, names: set[str]) -> None:
        self.world, self.layout, self._streams = world, layout, streams.child("dropped")
        self.things: dict[str, Thing] = {}
        self.rejected: Counter[str] = Counter()
        self._triangles, self._names, self._present = triangles, set(names), Counter[str]()
        self._hosts = self._weighed(layout.items, frozenset(surfaces))

    @staticmethod
    def _weighed(items: Sequence[Item], surfaces: frozenset[str]) -> list[tuple[Item, float]]:
        found = []
        for item in items:
            share = _HOSTS.get(item.category, _SURFACE if item.name in surfaces else 0.0)
            if share > 0:
                found.append((item, share * float(np.sqrt(4 * item.box.half_x * item.box.half_y))))
        return found

    def settled(self, rest: Settled) -> dict[str, Thing]:
        """The dropped things that came to rest, where they lie; the others are counted as rejected."""
        self.rejected.update(f"{self.things[name].category} {reason}" for name, reason in rest.rejected.items())
        return {name: self.things[name].at(pose, rest.supports[name]) for name, pose in rest.poses.items()}

    def small(self, kind: str, count: int, anything: float, upright_share: float) -> None:
        """Small things on tables, shelves, beds and the floor; most are put down, the others tossed anyhow."""
        for k in range(count):
            rng = self._streams.generator(f"small/{k}")
            piece = choose(rng, kind, False, anything, self._present)
            shape = piece.draw(rng)
            if not self._affordable(shape):
                continue
            tossed = rng.uniform() > upright_share
            tries = (self._put_down(rng, piece, shape, tossed, k > _TRIES // 2) for k in range(_TRIES))
            self._drop(piece, shape, (pose for pose in tries if pose is not None))

    def large(self, kind: str, count: int, anything: float) -> None:
        """Furniture tipped in: half of it about upright, half anyhow, from up to a metre above the floor."""
        for k in range(count):
            rng = self._streams.generator(f"large/{k}")
            piece = choose(rng, kind, True, anything)
            shape = piece.draw(rng)
            if not self._affordable(shape):
                continue
            self._drop(piece, shape, (self._tipped_in(rng, shape, 0.02 + 0.08 * attempt) for attempt in range(_TRIES)))

    def _tipped_in(self, rng: np.random.Generator, shape: Shape, height: float) -> Float:
        turn = anyhow(rng) if rng.uniform() < 0.5 else upright(rng, float(rng.uniform(-pi, pi)), 0.05)
        x, y = rng.uniform(-0.5, 0.5, 2) * (self.layout.length - 0.6, self.layout.breadth - 0.6)
        return _resting(shape, turn, (float(x), float(y), height))

    def _affordable(self, shape: Shape) -> bool:
        faces = shapes.triangles(shape)
        if faces > self._triangles:
            self.rejected["beyond the triangle budget"] += 1
            return False
        self._triangles -= faces
        return True

    def _drop(self, piece: Piece, shape: Shape, poses: Iterable[Float]) -> None:
        """Adds a thing at the first free pose, or counts it as rejected."""
        name = self._name(piece.category)
        if not self.world.add_where(Body(name=name, shape=shape, pose=np.eye(4)), poses, _GAP_M):
            self.rejected[piece.category] += 1
            return
        self._names.add(name)
        self._present[piece.category] += 1
        pose = self.world.movable[name].pose
        self.things[name] = Thing(name=name, category=piece.category, shape=shape, group=name, motion=Trajectory.still(pose))

    def _name(self, stem: str) -> str:
        taken = sum(name == stem or name.startswith(f"{stem}_") for name in self._names)
        return stem if taken == 0 else f"{stem}_{taken + 1}"

    def _put_down(self, rng: np.random.Generator, piece: Piece, shape: Shape, tossed: bool, crowded: bool) -> Float | None:
        """A pose just above something that carries, or None where there is nothing; the floor if furniture is too `crowded`."""
        size = collider(shape).extent
        bulky = max(size[0], size[1]) > 0.42 or size[2] > 0.5
        floor = 0.9 if bulky or crowded else 0.6 if piece.category in _FLOOR_DWELLERS else 0.07
        if not self._hosts or rng.uniform() < floor:
            spot, yaw = self._floor_spot(rng), float(rng.uniform(-pi, pi))
        else:
            guest = 1.0 if piece.category in _SOFT_GUESTS else 0.1
            shares = np.array([share * (guest if host.category in _SOFT else 1.0) for host, share in self._hosts])
            host = self._hosts[int(rng.choice(len(shares), p=shares / shares.sum()))][0]
            spot = self._host_spot(rng, host, size)
            yaw = host.yaw + float(rng.normal(0, 0.35)) if rng.uniform() < 0.6 else float(rng.uniform(-pi, pi))
        if spot is None:
            return None
        turn = anyhow(rng) if tossed else upright(rng, yaw, 0.03)
        above = float(rng.uniform(0.1, 0.4)) if tossed else float(rng.uniform(0.004, 0.02))
        return _resting(shape, turn, (spot[0], spot[1], spot[2] + above))

    def _floor_spot(self, rng: np.random.Generator) -> tuple[float, float, float] | None:
        """Free floor, more often near a wall or under the furniture's edge than in the middle; not before the door."""
        half = np.array([self.layout.length, self.layout.breadth]) / 2 - 0.08
        place = rng.uniform(-1, 1, 2) * half
        if rng.uniform() < 0.45:
            axis = int(rng.integers(2))
            place[axis] = rng.choice((-1, 1)) * (half[axis] - min(float(rng.exponential(0.3)), half[axis]))
        x, y = float(place[0]), float(place[1])
        if any(zone.distance(x, y, 0.1) == 0.0 for zone, owner in self.layout.zones if owner == "door"):
            return None
        distance, names = self.world.cast([(x, y, 0.5)], [(0.0, 0.0, -1.0)], 0.6)
        return (x, y, 0.5 - float(distance[0])) if names[0] == "floor" or names[0].startswith("rug") else None

    def _host_spot(self, rng: np.random.Generator, host: Item, size: Float) -> tuple[float, float, float] | None:
        """A place on a host, found by a ray from above (inside shelves from anywhere)."""
        box, half = host.box, float(min(size[0], size[1])) / 2
        reach = np.maximum(np.array([box.half_x, box.half_y]) - half - 0.01, 0.0)
        u, v = rng.uniform(-1, 1, 2) * reach
        c, s = cos(box.yaw), sin(box.yaw)
        x, y = box.x + c * u - s * v, box.y + s * u + c * v
        start = float(rng.uniform(box.z0 + 0.1, box.z1)) if host.category in _SHELVES else box.z1 + 0.02
        distance, names = self.world.cast([(x, y, start)], [(0.0, 0.0, -1.0)], start - box.z0 + 0.01)
        return (float(x), float(y), start - float(distance[0])) if names[0] == host.name else None


def _resting(shape: Shape, turn: Float, spot: tuple[float, float, float]) -> Float:
    """Pose whose lowest point is at the height of `spot` and whose centre of mass is above it."""
    c = collider(shape)
    points = c.outline @ turn.T
    centre = np.array([spot[0], spot[1], spot[2] - float(points[:, 2].min())])
    return compose(turn, centre - turn @ c.centre)
