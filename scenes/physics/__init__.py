"""Rigid bodies that fall, collide and come to rest, computed with PyBullet.

Collision shapes are compounds of convex hulls, one for each connected component of a mesh. A `World` is one private simulation; it is
closed when its `with` block ends, and the same bodies in the same order move alike, to the bit, in any process.
"""

from __future__ import annotations

from scenes.physics.settling import Settled, come_to_rest, record, settle, simulate
from scenes.physics.world import Body, World

__all__ = ["Body", "Settled", "World", "come_to_rest", "record", "settle", "simulate"]
