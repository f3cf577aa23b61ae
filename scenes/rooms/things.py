"""Things of a room as bodies: what stands where it was put, and what was dropped."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scenes.furnishing.layout import Item
from scenes.geometry import compose, rotation_z
from scenes.physics import Body
from scenes.scene import Shape, Trajectory

Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Thing:
    """`group` names the set of things that share materials; `on` the thing that carries it ("" if nothing does)."""

    name: str
    category: str
    shape: Shape
    group: str
    motion: Trajectory
    on: str = ""

    @classmethod
    def of(cls, item: Item) -> Thing:
        motion = Trajectory.still(compose(rotation_z(item.yaw), (item.x, item.y, item.z)))
        return cls(name=item.name, category=item.category, shape=item.shape, group=item.group, motion=motion, on=item.on or "")

    @property
    def body(self) -> Body:
        return Body(name=self.name, shape=self.shape, pose=self.motion.poses[0])

    def at(self, pose: Float, on: str) -> Thing:
        """The same thing lying somewhere else."""
        return replace(self, motion=Trajectory.still(pose), on=on)


def upright(rng: np.random.Generator, yaw: float, tilt_rad: float) -> Float:
    """Rotation [3, 3]: turned by `yaw`, then leaning by about `tilt_rad` any way."""
    x, y = rng.normal(0, tilt_rad, 2)
    return _tilted(float(x), float(y)) @ rotation_z(yaw)


def _tilted(x: float, y: float) -> Float:
    up = np.array([x, y, 1.0])
    u, v, w = (up / np.linalg.norm(up)).tolist()
    right = np.array([w, 0.0, -u])  # the y axis x up
    a, _, c = (right / np.linalg.norm(right)).tolist()
    return np.array([[a, v * c, u], [0.0, w * a - u * c, v], [c, -v * a, w]])


def anyhow(rng: np.random.Generator) -> Float:
    """A uniformly distributed rotation [3, 3]."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q * np.array([1.0, 1.0, np.sign(np.linalg.det(q))])
