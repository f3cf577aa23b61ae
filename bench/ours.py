"""Our renderers as contenders."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from renderers.frame import DEFAULT_LABELS
from renderers.renderer import RENDERERS
from scenes.errors import UserError
from scenes.scene import Scene


def takes_threads(renderer: str) -> bool:
    """Whether a renderer can be told how many threads to use in one process."""
    return "threads" in inspect.signature(RENDERERS[renderer]).parameters


def frames(scene: Scene, *, threads: int, renderer: str = "raster", labels: tuple[str, ...] = DEFAULT_LABELS) -> Callable[[int], Any]:
    """Renders whole frames. UserError for a renderer that does not exist or cannot use the threads."""
    if takes_threads(renderer):
        made = RENDERERS[renderer](scene, threads=threads)
    elif threads == 1:
        made = RENDERERS[renderer](scene)
    else:
        raise UserError(f"the {renderer} renderer has one thread in a process")
    return lambda time: made.render(time, labels)
