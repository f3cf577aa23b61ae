"""What is rendered: everything that decides the bits of a scene's labels but its index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import warp as wp

from renderers.device import is_cpu
from renderers.frame import DEFAULT_LABELS, check_labels
from renderers.renderer import RENDERERS
from scenes.errors import UserError
from scenes.families import FAMILIES
from scenes.randomness import Streams
from scenes.scene import FamilyConfig, Scene
from simlearn.settings import family_config, renderer_settings


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Scenes of a family and how they are rendered; the same recipe gives the same scenes and labels. It travels to other processes.

    No `labels` means all that the renderer makes of any scene.
    `settings` overrides fields of the family's Config, values as text ("3", "2..5", "a|b"); `renderer_settings` the renderer's own.
    Raises UserError for what does not fit.
    """

    family: str
    seed: int = 0
    frames: int = 8
    width: int = 320
    height: int = 240
    labels: tuple[str, ...] = ()
    renderer: str = "raster"
    device: str = "cpu"
    settings: Mapping[str, str] = field(default_factory=dict)
    renderer_settings: Mapping[str, str] = field(default_factory=dict)
    plugins: tuple[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise UserError(f"frames must be at least 1, not {self.frames}")
        if self.seed < 0:
            raise UserError(f"the seed must not be negative: {self.seed}")
        # Targets of the names, so that a worker process knows what was registered in this one.
        object.__setattr__(self, "plugins", (FAMILIES.target(self.family), RENDERERS.target(self.renderer)))
        wanted = self.labels or getattr(RENDERERS[self.renderer], "LABELS", DEFAULT_LABELS)
        object.__setattr__(self, "labels", check_labels(wanted))
        self.family_config()
        renderer_settings(self.renderer, self.renderer_settings)
        _check_device(self.device)

    def register(self) -> None:
        """Makes the family and the renderer known in this process."""
        for registry, name, target in zip((FAMILIES, RENDERERS), (self.family, self.renderer), self.plugins, strict=True):
            if name not in registry:
                registry.add(name, target)

    def facts(self) -> dict[str, Any]:
        """What is rendered, wherever that is done; JSON-able."""
        plain = {name: getattr(self, name) for name in ("family", "seed", "frames", "width", "height", "renderer")}
        settings = {name: dict(sorted(getattr(self, name).items())) for name in ("settings", "renderer_settings")}
        return {**plain, "labels": list(self.labels), **settings}

    def family_config(self) -> FamilyConfig:
        """The family's own configuration with the settings applied."""
        return family_config(self.family, self.settings, frames=self.frames, width=self.width, height=self.height)

    def sample(self, index: int) -> Scene:
        """The scene with this index."""
        scene: Scene = FAMILIES[self.family].sample(self.family_config(), Streams(self.seed, index))
        assert scene.frames == self.frames, f"family {self.family} made {scene.frames} frames, {self.frames} were asked for"
        return scene

    def renderer_of(self, scene: Scene) -> Any:
        """The renderer, holding the scene."""
        return RENDERERS[self.renderer](scene, device=self.device, **renderer_settings(self.renderer, self.renderer_settings))


def _check_device(device: str) -> None:
    if is_cpu(device):
        return
    import torch

    try:
        found = wp.get_device(device)
    except (ValueError, RuntimeError) as error:
        raise UserError(f"there is no device {device!r} here: known are {', '.join(str(d) for d in wp.get_devices())}") from error
    if found.is_cuda and not torch.cuda.is_available():
        raise UserError(f"this installation of torch cannot use {device!r}: install a CUDA build of torch, or render on the cpu")
