"""What buildings have in common: how they fill their bounding box, rows of windows, doors, steps, canopies, balconies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scenes.shapes.facades import PANE_DEPTH_M, Frame, Opening, Slots, block, body, dressing, frames, merge, rim, solids
from scenes.shapes.parts import Part
from scenes.shapes.roofs import SHELL_M, chimney, dormer, gable_profile, lean_to, rise, roof_over

STEP_M = 0.32  # depth of a step before a front door
STACK_M = 0.8  # of a chimney above the ridge
Walls = list[list[Opening]]


@dataclass(frozen=True, kw_only=True)
class Massing:
    """How a building fills its bounding box, in metres.

    front: how far anything stands out before the front wall. stack: height of the chimneys above the ridge. overhang, verge: of the roof at
    the eaves and at the gables. across: the ridge runs from front to back.
    """

    width: float
    depth: float
    roof: str = "gable"
    pitch_deg: float = 38.0
    overhang: float = 0.5
    verge: float = 0.3
    across: bool = False
    front: float = 0.0
    plinth: float = 0.35
    stack: float = 0.0

    @property
    def reach(self) -> tuple[float, float]:
        """How far the roof stands out over the side walls, and over front and back."""
        if self.roof in ("gable", "gambrel"):
            return (self.overhang, self.verge) if self.across else (self.verge, self.overhang)
        return self.overhang, self.overhang

    @property
    def footprint(self) -> tuple[float, float]:
        """Width and depth of the walls."""
        side, back = self.reach
        return self.width - 2 * side, self.depth - back - max(back, self.front)

    @property
    def beside_storeys(self) -> float:
        """What plinth, roof and chimneys take of the height."""
        width, depth = self.footprint
        span = min(width, depth) if self.roof == "hip" else width if self.across else depth
        return self.plinth + rise(self.roof, span, self.pitch_deg, self.overhang) + self.stack

    @property
    def profile(self) -> list[tuple[float, float]]:
        width, depth = self.footprint
        return gable_profile(self.roof, width if self.across else depth, self.pitch_deg)

    def covering(self, top: float) -> Slots:
        """The roof on walls that end at z = top."""
        width, depth = self.footprint
        if self.roof == "flat":
            return {"eaves": [rim(width + 2 * self.overhang, depth + 2 * self.overhang, 0.35, 0.12, top)]}
        return roof_over(self.roof, width, depth, top, self.pitch_deg, self.overhang, self.verge, self.across)


@dataclass(frozen=True, kw_only=True)
class Glazing:
    """The windows of a building, alike but for what hangs behind the glass."""

    width: float
    height: float
    panes: tuple[int, int] = (2, 1)
    reveal: float = 0.12
    ring: float = 0.06

    def at(self, s: float, z: float, rng: np.random.Generator, width: float | None = None) -> Opening:
        """One window, its middle at s and its lower edge at z."""
        kind, share = rng.uniform(size=2)
        wide = self.width if width is None else width
        return Opening(
            s=s,
            z=z,
            width=wide,
            height=self.height,
            pane="window_curtain" if kind > 0.88 else "window_glass",
            ring=self.ring,
            reveal=self.reveal,
            panes=(max(1, round(self.panes[0] * wide / self.width)), self.panes[1]),
            veil=0.15 + 0.45 * share if 0.45 < kind < 0.65 else -(0.2 + 0.35 * share) if 0.65 < kind < 0.88 else 0.0,
        )

    def row(self, length: float, count: int, z: float, rng: np.random.Generator) -> list[Opening]:
        """`count` windows, evenly spaced along a wall; narrower where they would crowd it."""
        pitch = length / max(count, 1)
        return [self.at((k + 0.5) * pitch, z, rng, min(self.width, 0.8 * pitch)) for k in range(count)]

    def sill(self, storey: float) -> float:
        """Height of the lower edge above the floor of a storey."""
        return max(0.3, min(storey - 0.4, 2.25) - self.height)

    def storeys(self, lengths: Sequence[float], counts: Sequence[int], floors: Sequence[float], sill: float, seed: int) -> Walls:
        """Rows of `counts` windows on walls of those lengths, one row above each of the floors; each wall and row has its own draws."""
        return [
            [o for k, z in enumerate(floors) for o in self.row(length, count, z + sill, np.random.default_rng([seed, side, k]))]
            for side, (length, count) in enumerate(zip(lengths, counts, strict=True))
        ]


def undressed(opening: Opening, bare: bool = False) -> Opening:
    """The window without sill and lintel; `bare` without blinds and curtains too."""
    return replace(opening, dressed=False, veil=0.0, pane="window_glass") if bare else replace(opening, dressed=False)


def doorway(s: float, z: float, width: float, height: float, pane: str = "front_door", reveal: float = 0.16) -> Opening:
    """An opening for a door, without sill or lintel."""
    return Opening(s=s, z=z, width=width, height=height, pane=pane, ring=0.08, reveal=reveal, dressed=False)


def door_leaf(frame: Frame, door: Opening) -> Slots:
    """Raised panels of a front door, its knob, and a light above."""
    s0, s1, z0, z1 = door.rect
    a, b, low, h = s0 + door.ring, s1 - door.ring, z0 + door.ring, z1 - z0 - 2 * door.ring
    middle, deep = (a + b) / 2, door.reveal + PANE_DEPTH_M
    halves = [(a + 0.1, middle - 0.05), (middle + 0.05, b - 0.1)]
    panels = [(p, q, low + f * h, low + g * h, deep - 0.02, deep + 0.02) for p, q in halves for f, g in ((0.07, 0.34), (0.4, 0.7))]
    knob = [(b - 0.09, b - 0.05, low + 0.48 * h, low + 0.53 * h, deep - 0.05, deep + 0.02)]
    light = [(a + 0.1, b - 0.1, low + 0.77 * h, low + 0.94 * h, deep - 0.01, deep + 0.02)]
    return {"front_door": solids(frame, panels), "stone_trim": solids(frame, knob), "window_glass": solids(frame, light)}


def steps(x: float, y: float, plinth: float, width: float = 1.5) -> list[Part]:
    """Two steps up to a door in a front wall at y, or one where the plinth is low."""
    treads = [(width, STEP_M, plinth - 0.012, 0.05), (width + 0.24, 2 * STEP_M, plinth / 2, 0.02)]
    return [block(w, reach + into, h, (x, y - (reach - into) / 2, 0)) for w, reach, h, into in treads[: _step_count(plinth)]]


def steps_reach(plinth: float) -> float:
    """How far the steps to a door stand out before the wall."""
    return STEP_M * _step_count(plinth)


def _step_count(plinth: float) -> int:
    return 2 if plinth > 0.25 else 1


def canopy(x: float, y: float, z: float, depth: float, posts: bool, width: float = 2.0) -> Slots:
    """A lean-to over a door in a front wall at y, on two posts or on none."""
    slope = 0.3
    feet = [block(0.11, 0.11, z + 0.05, (x + s * (width / 2 - 0.15), y - depth + 0.18, 0)) for s in (-1, 1)] if posts else []
    return {"roof": [lean_to(width, depth, slope * depth, 0.1, (x, y, z + slope * depth))], "eaves": feet}


def balcony(frame: Frame, s: float, z: float, width: float, depth: float, bars: bool) -> Slots:
    """A balcony whose floor is at z: a slab, and a railing of bars or of panels."""
    a, b, t = s - width / 2, s + width / 2, 0.04
    slab = solids(frame, [(a + 0.01, b - 0.01, z - 0.18, z, -depth + 0.01, 0.05)])
    sides = [(a, b, -depth, -depth + t), (a, a + t, -depth + t, 0.02), (b - t, b, -depth + t, 0.02)]
    if not bars:
        return {"stone_trim": slab, "railing": solids(frame, [(p, q, z - 0.12, z + 1.0, d, e) for p, q, d, e in sides])}
    rails = [(p, q, z + h, z + h + 0.05, d, e) for p, q, d, e in sides for h in (0.06, 0.98)]
    fronts = np.linspace(a, b, max(2, round(width / 0.16)) + 1)[1:-1]
    flanks = np.linspace(-depth, 0, max(2, round(depth / 0.16)) + 1)[1:-1]
    posts = [(x - 0.012, x + 0.012, z + 0.07, z + 1.0, -depth + 0.008, -depth + 0.032) for x in fronts]
    posts += [(p + 0.008, p + 0.032, z + 0.07, z + 1.0, y - 0.012, y + 0.012) for p in (a, b - t) for y in flanks]
    return {"stone_trim": slab, "railing": solids(frame, rails + posts)}


def attic_window(frame: Frame, s: float, z: float, width: float, height: float) -> Slots:
    """A small window fixed to a gable."""
    a, b, t = s - width / 2, s + width / 2, 0.07
    ring = [(a, b, z, z + t), (a, b, z + height - t, z + height), (a, a + t, z + t, z + height - t), (b - t, b, z + t, z + height - t)]
    glass = [(a + t, b - t, z + t, z + height - t, -0.012, 0.01)]
    return {"window_frame": solids(frame, [(*bar, -0.035, 0.01) for bar in ring]), "window_glass": solids(frame, glass)}


def raised(massing: Massing, walls: Walls, top: float, detail: int, *, lintel: float = 0.0, shutters: bool = False) -> Slots:
    """Plinth, body and roof, and the openings' dressing; shutters on the front only."""
    width, depth = massing.footprint
    placed = frames(width, depth)
    fine = (detail, detail, max(detail - 1, 0), detail)  # the back is seldom seen
    seen = [[o if fine[k] else replace(o, ring=0.0) for o in walls[k]] for k in range(4)]
    dressed = [dressing(placed[k], seen[k], fine[k], lintel, shutters and k == 0) for k in range(4)]
    lid = "plinth" if massing.roof == "flat" else "facade"
    shell = body(width, depth, top, seen, massing.profile, massing.across, lid=lid)
    beside = 0.06 if massing.reach[0] > 0 else -0.01  # nothing stands out from a party wall
    foot = {"plinth": [block(width + beside, depth + 0.06, massing.plinth - 0.02)]}
    pipe = (0.03, 0.105, massing.plinth + 0.01, top - 0.3, -0.085, -0.01)
    pipes = [pipe] if detail > 0 and massing.roof != "flat" and not massing.across else []
    drains = {"eaves": [part for k in (0, 2) for part in solids(placed[k], pipes)]}
    return merge(shell, massing.covering(top), foot, drains, *dressed)


def on_the_ridge(massing: Massing, top: float, height: float, count: int, places: Sequence[float] = (-0.4, 0.4)) -> Slots:
    """Up to two chimneys, at those fractions of the length of the ridge from its middle, foot at z = top and head at z = height."""
    width, depth = massing.footprint
    length = depth if massing.across else width
    if massing.roof == "hip":
        length = 0.6 * abs(width - depth)
        across = depth > width
    else:
        across = massing.across
    points = [(0.0, p * length) if across else (p * length, 0.0) for p in places[:count]]
    return merge(*(chimney(x, y + 0.02, top - 0.1, height) for x, y in points))


def in_the_roof(massing: Massing, top: float, count: int, width: float, detail: int) -> Slots:
    """Dormers on the front slope, where the roof is high enough for them, and windows in the gables."""
    w, d = massing.footprint
    profile = massing.profile
    if not profile:
        return {}
    made: list[Slots] = []
    ridge = profile[len(profile) // 2][1]
    slope = profile[0][1] / profile[0][0]
    back = 0.55 if len(profile) == 1 else 0.25
    foot = top + back * slope + SHELL_M - 0.08
    if not massing.across and foot + 1.3 + 0.4 * width < top + ridge:
        made += [dormer((k + 0.5) * w / count - w / 2, -d / 2 + back, foot, slope, width, 1.25, detail) for k in range(count)]
    if ridge > 2.0 and massing.verge > 0.1 and detail > 0:  # not in party walls
        gables = (0, 2) if massing.across else (1, 3)
        span = w if massing.across else d
        made += [attic_window(frames(w, d)[k], span / 2, top + 0.22 * ridge, 0.9, 1.1) for k in gables]
    return merge(*made)
