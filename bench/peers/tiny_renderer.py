"""PyBullet's TinyRenderer: rgb, z-buffer and instance mask, as PyBullet hands them over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renderers.bullet import BulletRenderer
from scenes.scene import Scene


def rgb_depth_mask(scene: Scene, *, threads: int, shadows: bool) -> Callable[[int], Any]:
    """It has one thread whatever is asked for."""
    del threads
    return BulletRenderer(scene, shadows=shadows).capture
