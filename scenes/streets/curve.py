"""Lines in the plane by arc length: a street's middle, a lane, the way of a car."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]
STEP_M = 1.0
_SAGITTA_M, _LONGEST_CHORD_M = 0.012, 16.0


@dataclass(frozen=True, eq=False)
class Curve:
    """A smooth line given by points [N, 2], metres; `start` is the arc length of its first point."""

    points: Float
    start: float = 0.0

    @classmethod
    def of_curvature(cls, curvature: Float, start: float, origin_at: float = 0.0) -> Curve:
        """The line with these curvatures [N], 1/m, one for each `STEP_M`; at arc length `origin_at` it passes the origin towards +x."""
        turn = np.concatenate([[0.0], np.cumsum((curvature[:-1] + curvature[1:]) / 2 * STEP_M)])
        s = start + STEP_M * np.arange(len(curvature))
        heading = turn - np.interp(origin_at, s, turn)
        middle = (heading[:-1] + heading[1:]) / 2
        steps = STEP_M * np.stack([np.cos(middle), np.sin(middle)], axis=1)
        points = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
        origin = [np.interp(origin_at, s, points[:, k]) for k in (0, 1)]
        return cls(points - origin, start)

    @classmethod
    def straight(cls, origin: ArrayLike, heading: float, start: float, end: float) -> Curve:
        """The straight line through `origin` (arc length 0) in a direction, from arc length `start` to `end`."""
        count = max(2, round((end - start) / STEP_M) + 1)
        s = np.linspace(start, end, count)
        return cls(np.asarray(origin) + s[:, None] * (np.cos(heading), np.sin(heading)), start)

    @cached_property
    def arc(self) -> Float:
        """Arc length [N] of the points."""
        return self.start + np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.points, axis=0), axis=1))])

    @cached_property
    def _headings(self) -> Float:
        tangent = np.gradient(self.points, axis=0)
        return np.unwrap(np.arctan2(tangent[:, 1], tangent[:, 0]))

    @property
    def end(self) -> float:
        return float(self.arc[-1])

    def heading(self, s: ArrayLike) -> Float:
        """Direction of travel at arc lengths [...], radians, continuous."""
        return np.asarray(np.interp(np.asarray(s, dtype=np.float64), self.arc, self._headings))

    def at(self, s: ArrayLike, offset: ArrayLike = 0.0) -> Float:
        """Points [..., 2] at arc lengths, `offset` metres to the left."""
        s, offset = np.asarray(s, dtype=np.float64), np.asarray(offset, dtype=np.float64)
        middle = np.stack([np.interp(s, self.arc, self.points[:, k]) for k in (0, 1)], axis=-1)
        heading = self.heading(s)
        return middle + offset[..., None] * np.stack([-np.sin(heading), np.cos(heading)], axis=-1)

    @cached_property
    def _knots(self) -> Float:
        """Arc lengths between which chords stray no more than `_SAGITTA_M` from the line: close together where it bends."""
        bend = np.abs(np.gradient(self._headings, self.arc))
        density = np.sqrt(bend / (8 * _SAGITTA_M)) + 1 / _LONGEST_CHORD_M
        count = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(self.arc))])
        return np.asarray(np.interp(np.arange(1.0, count[-1]), count, self.arc))

    def line(self, low: float, high: float, offset: float) -> Float:
        """Points [N, 2] from arc length `low` to `high`; at any offset they have the same arc lengths."""
        inner = self._knots[(self._knots > low + 0.2) & (self._knots < high - 0.2)]
        return self.at(np.concatenate([[low], inner, [high]]), offset)

    def distance(self, points: ArrayLike) -> Float:
        """Distance [...] of points [..., 2] to the line (to its nearest vertex or edge), metres."""
        p = np.asarray(points, dtype=np.float64)[..., None, :]
        near = self._near(p.reshape(-1, 2))
        a, d = self.points[:-1][near], self.points[1:][near] - self.points[:-1][near]
        t = np.clip(np.einsum("...ni,ni->...n", p - a, d) / np.einsum("ni,ni->n", d, d), 0.0, 1.0)
        nearest = a + t[..., None] * d
        return np.asarray(np.sqrt(np.einsum("...ni,...ni->...n", p - nearest, p - nearest)).min(axis=-1))

    def keeps_off(self, points: Float, least: float) -> bool:
        """Whether all points [K, 2] are more than `least` metres from the line."""
        away, spread = self._away(points)
        return bool(away.min() - spread - self._longest > least or np.all(self.distance(points) > least))

    def _away(self, points: Float) -> tuple[Float, float]:
        """How far the vertices are from the middle of points [K, 2], and the points at most."""
        middle = points.mean(axis=0)
        return np.hypot(*(self.points - middle).T), float(np.linalg.norm(points - middle, axis=1).max())

    def _near(self, points: Float) -> NDArray[np.bool_]:
        """Which edges [N - 1] may be nearest to one of the points [K, 2]: those about as near to their middle as the nearest vertex."""
        away, spread = self._away(points)
        near = away <= away.min() + 2 * spread + 2 * self._longest
        return np.asarray(near[:-1] | near[1:])

    @cached_property
    def _longest(self) -> float:
        return float(np.linalg.norm(np.diff(self.points, axis=0), axis=1).max())


def rounded(points: Float, sigma_m: float) -> Float:
    """A line of points [N, 2] resampled every half metre and smoothed along itself; its ends stay."""
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    s = np.linspace(0, arc[-1], max(2, round(arc[-1] / 0.5) + 1))
    fine = np.stack([np.interp(s, arc, points[:, k]) for k in (0, 1)], axis=1)
    reach = int(3 * sigma_m / 0.5) + 1
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) * 0.5 / sigma_m) ** 2)
    padded = np.concatenate([2 * fine[0] - fine[reach:0:-1], fine, 2 * fine[-1] - fine[-2 : -reach - 2 : -1]])
    return np.stack([np.convolve(padded[:, k], weights / weights.sum(), mode="valid") for k in (0, 1)], axis=1)
