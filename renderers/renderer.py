"""What a renderer is, and the registry of those that exist."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from renderers.frame import DEFAULT_LABELS, Frame
from scenes.registry import Registry
from scenes.scene import Scene


class Renderer(Protocol):
    """Holds one scene (uploaded once) and renders any of its times. Rendering a time twice gives the same bits."""

    def __init__(self, scene: Scene, *, device: str = "cpu") -> None: ...

    def render(self, time: int, labels: Iterable[str] = DEFAULT_LABELS) -> Frame:
        """The frame at `time` (0 ... scene.frames - 1) with the labels asked for, in table order."""
        ...


RENDERERS = Registry(
    "renderer",
    {
        "raster": "renderers.raster:RasterRenderer",
        "embree": "renderers.raycast:EmbreeRenderer",
        "bvh": "renderers.raycast:BvhRenderer",
        "path": "renderers.path.renderer:PathRenderer",
        "bullet": "renderers.bullet:BulletRenderer",
    },
)
