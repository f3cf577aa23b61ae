"""A street being built: what stands where, what moves when, and what found no place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from scenes import shapes
from scenes.furnishing.layout import Box
from scenes.pieces import PIECES, variant
from scenes.pieces.outdoors import at_detail
from scenes.randomness import Streams
from scenes.scene import Shape
from scenes.streets.crowd import Crowd
from scenes.streets.curve import Float
from scenes.streets.network import Network
from scenes.streets.paving import Dropped
from scenes.streets.thing import Thing, footprint
from scenes.streets.view import View

VARIANTS = 10  # of each piece, so that scenes share meshes
_LEAFY = ((14.0, 1.0), (24.0, 0.5), (40.0, 0.25), (70.0, 0.12), (np.inf, 0.06))  # nearer than metres: share of a plant's leaves
_BUILDING_M, _VEHICLE_M, _FIGURE_M = (45.0, 90.0), (20.0, 46.0), (15.0, 32.0)  # from so many metres on a level of detail is lost
_PLAINER = {
    **dict.fromkeys(("car", "van", "bus", "truck"), _VEHICLE_M),
    **dict.fromkeys(("pedestrian", "rider", "bicycle", "motorcycle"), _FIGURE_M),
}


def category(piece: str) -> str:
    """The category of a piece of the catalogue."""
    return PIECES[piece].category


def _detailed(shape: Shape, detail: int) -> Shape:
    """A building, vehicle or person at a level of detail, unless it is a plainer one already."""
    given = dict(shape.parameters)
    level = min(detail, int(given.get("detail", 2)))  # type: ignore[arg-type]
    return replace(shape, parameters=tuple(sorted({**given, "detail": level}.items()))) if level < 2 else shape


@dataclass
class Site:
    """Things placed so far, less what the camera's `view` never shows.

    `standing` are the boxes of what stands; `sweeps` [K][frames] those of what moves, one for each frame, and `swept` all of them; on
    `reserved` ground (drives, crossings) nothing fixed may stand. `ground` lies about beside the streets' own; `dropped` are lowered
    kerbs. Of the main street, `zebras` are arc lengths of crossings and `closed` the stretches [(low, high)] into which a red light lets
    nobody.
    """

    net: Network
    streams: Streams
    view: View
    things: list[Thing] = field(default_factory=list)
    standing: Crowd = field(default_factory=Crowd)
    sweeps: list[list[Box]] = field(default_factory=list)
    swept: Crowd = field(default_factory=Crowd)
    reserved: list[Box] = field(default_factory=list)
    ground: list[Thing] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    zebras: list[float] = field(default_factory=list)
    closed: list[tuple[float, float]] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)

    def rng(self, purpose: str) -> np.random.Generator:
        return self.streams.generator(purpose)

    def piece(self, rng: np.random.Generator, name: str) -> Shape:
        """A shape of a piece of the catalogue."""
        return variant(name, int(rng.integers(VARIANTS)))

    def add(self, thing: Thing) -> None:
        """Adds a thing that needs no place of its own, as finely made as its distance asks; nothing that is never seen."""
        places = np.array([thing.x, thing.y]) if thing.poses is None else thing.poses[:, :2, 3]
        width, depth, height = shapes.size(thing.shape)
        if self.view.shows(places, float(np.hypot(width, depth)) / 2, height):
            self.things.append(self._coarse(thing, self.view.distance(places)))

    def _coarse(self, thing: Thing, distance: float) -> Thing:
        """The thing with fewer leaves, or plainer, the farther off it is."""
        limits = _BUILDING_M if thing.category == "building" else _PLAINER.get(thing.shape.kind)
        if limits:
            return replace(thing, shape=_detailed(thing.shape, 2 - sum(distance > far for far in limits)))
        detail = next(share for nearer, share in _LEAFY if distance < nearer)
        return replace(thing, shape=at_detail(thing.shape, detail)) if detail < 1.0 else thing

    def sweep(self, boxes: list[Box]) -> None:
        """Takes the ground that something moves over, its box at each frame."""
        self.sweeps.append(boxes)
        self.swept.add(boxes)

    def free(self, box: Box) -> bool:
        """Whether a box is clear of all that stands and of the ways of all that moves."""
        return not self.standing.meets(box) and not self.swept.meets(box)

    def is_reserved(self, box: Box) -> bool:
        return any(box.overlaps(kept) for kept in self.reserved)

    def stand(self, thing: Thing, *, margin: float = 0.05, off_street: float | None = None, fixed: bool = True) -> bool:
        """Places a thing if it is clear of others by `margin`, and of all streets by `off_street` metres where that is given.

        What is not `fixed` may stand on reserved ground.
        """
        box = footprint(thing.shape, thing.x, thing.y, thing.yaw, thing.z)
        roomy = box.grown(margin)
        kept = off_street is not None and not self.net.clear(_outline(box), off_street)
        if kept or (fixed and self.is_reserved(roomy)) or not self.free(roomy):
            self.rejected[thing.category] += 1
            return False
        self.add(thing)
        self.standing.add([box])
        return True

    def plant(self, thing: Thing, *, crowded: bool = False) -> bool:
        """Places a tree or bush: only its foot needs free ground, but no crown may hang into a building or low over a street.

        In a wood (`crowded`) crowns may meet.
        """
        width, _, height = shapes.size(thing.shape)
        low = height < 3.0
        foot = Box(thing.x, thing.y, 0.3 if not low else width / 2, 0.3 if not low else width / 2, thing.yaw, thing.z, thing.z + 2.0)
        crown = Box(thing.x, thing.y, 0.35 * width, 0.35 * width, thing.yaw, thing.z + 2.0, thing.z + height)
        hemmed = not self.free(foot) or (not crowded and not self.free(crown))
        if hemmed or self.is_reserved(foot) or not self.net.off_road(_outline(foot), 0.3):
            self.rejected[thing.category] += 1
            return False
        self.add(thing)
        self.standing.add((foot,) if crowded else (foot, crown))
        return True

    def move(self, thing: Thing, *, margin: float = 0.3) -> bool:
        """Places a moving thing if its boxes of all frames are clear of what stands and, frame by frame, of what moves."""
        assert thing.poses is not None
        width, depth, height = shapes.size(thing.shape)
        boxes = [
            Box(p[0, 3], p[1, 3], width / 2 + margin, depth / 2 + margin, float(np.arctan2(p[1, 0], p[0, 0])), p[2, 3], p[2, 3] + height)
            for p in thing.poses
        ]
        if any(map(self.standing.meets, boxes)) or any(a.overlaps(b) for sweep in self.sweeps for a, b in zip(boxes, sweep, strict=True)):
            self.rejected[thing.category] += 1
            return False
        self.add(thing)
        self.sweep(boxes)
        return True


def _outline(box: Box) -> Float:
    """Twelve points [12, 2] around a footprint, and its middle."""
    corners = np.asarray(box.corners())
    following = np.roll(corners, -1, axis=0)
    return np.concatenate([corners, (2 * corners + following) / 3, (corners + 2 * following) / 3, corners.mean(axis=0, keepdims=True)])
