"""Several pretexts that train one backbone together: "game_engine+rotation", or "game_engine+rotation:0.3" with a weight other than 1.

Every part sees the same sample through its own views, augmentation, heads and loss; the losses are added up. So a sample costs what all
parts cost, and a budget of samples is not one of time. Of clips, a part that wants single pictures gets a frame drawn at random, and one
that wants fewer frames the first ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from scenes.errors import UserError
from training.backbones.base import Backbone
from training.learner import Batch, Config, Footage, Picture, Sample, Unit
from training.pretexts.base import Pretext

SINGLE: tuple[Unit, ...] = ("image", "labelled_frame")


@dataclass(frozen=True, kw_only=True)
class CombinedConfig(Config):
    """`weights` of the parts' losses by name, `options` each part's own config (a mapping of its fields)."""

    weights: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.weights) < 2:
            raise UserError(f"a combination has at least two different parts, joined by +, not {'+'.join(self.weights) or 'none'}")
        for name, weight in self.weights.items():
            if not weight > 0:
                raise UserError(f"the weight of {name} must be positive, not {weight}")

    @classmethod
    def parse(cls, text: str, options: Mapping[str, Mapping[str, Any]]) -> CombinedConfig:
        """From "a+b:0.5" and the parts' own options."""
        weights: dict[str, float] = {}
        for part in text.split("+"):
            name, _, weight = part.strip().partition(":")
            if name in weights:
                raise UserError(f"{text!r} names {name} twice: name every part once, with its weight after a colon")
            try:
                weights[name] = float(weight or 1)
            except ValueError:
                raise UserError(
                    f"{text!r} isn't understood: write game_engine+rotation, or game_engine+rotation:0.3 with a weight"
                ) from None
        return cls(weights=weights, options={name: dict(options.get(name, {})) for name in weights})


class Combined(Pretext):
    """The weighted sum of the parts' losses. Metrics are the parts' own, as "part/metric"."""

    Config: ClassVar[type[Config]] = CombinedConfig

    def __init__(self, backbone: Backbone, config: CombinedConfig, parts: Mapping[str, Pretext], unit: Unit) -> None:
        super().__init__(backbone, config)
        self.config: CombinedConfig = config
        for part in parts.values():
            # The backbone is this module's: registered with every part too it would be saved as often.
            del part._modules["backbone"]
            object.__setattr__(part, "backbone", backbone)
        self.parts = nn.ModuleDict(parts)
        self.unit = unit  # type: ignore[misc]
        self.labels = tuple(dict.fromkeys(label for part in parts.values() for label in part.labels))  # type: ignore[misc]
        self.optional = tuple(dict.fromkeys(label for part in parts.values() for label in part.optional))  # type: ignore[misc]
        _check_footage(parts)

    def _members(self) -> list[tuple[str, Pretext]]:
        return [(name, part) for name, part in self.parts.items() if isinstance(part, Pretext)]

    @property
    def footage(self) -> Footage:
        found = [part.footage for _, part in self._members() if part.unit not in SINGLE]
        return replace(found[0], length=max(footage.length for footage in found)) if found else Footage()

    def check(self, sample: Sample) -> None:
        for _, part in self._members():
            part.check(sample)

    def arranged(self, data: Dataset[Any]) -> Dataset[Any]:
        for _, part in self._members():
            data = part.arranged(data)
        return data

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        batch: Batch = {}
        for name, part in self._members():
            own = part.views(self._share(part, sample, generator), generator)
            batch |= {f"{name}/{key}": value for key, value in own.items()}
        return batch

    def _share(self, part: Pretext, sample: Sample, generator: torch.Generator) -> Sample:
        """What this part would get from a data set of its own unit."""
        if self.unit in SINGLE or part.footage == self.footage:
            return sample
        length = len(sample["rgb"])
        frames: int | slice = slice(part.footage.length)
        if part.unit in SINGLE:
            frames = int(torch.randint(length, (1,), generator=generator))
        timed = {name for name, value in sample.items() if value.ndim > 2 and len(value) == length and name != "K"}
        return {name: value[frames] if name in timed else value for name, value in sample.items()}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        return {f"{name}/{key}": v for name, part in self._members() for key, v in part.augment(_of(batch, name), generator).items()}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        found = {name: part.loss(_of(batch, name)) for name, part in self._members()}
        total = torch.stack([self.config.weights[name] * parts["loss"] for name, parts in found.items()]).sum()
        return {"loss": total, **{f"{name}/{key}": value for name, parts in found.items() for key, value in parts.items()}}

    def preview(self, batch: Batch) -> list[Picture]:
        return [(f"{name}: {title}", picture) for name, part in self._members() for title, picture in part.preview(_of(batch, name))]


def _of(batch: Batch, name: str) -> Batch:
    return {key.removeprefix(f"{name}/"): value for key, value in batch.items() if key.startswith(f"{name}/")}


def _check_footage(parts: Mapping[str, Pretext]) -> None:
    """UserError unless one stretch of frames serves all parts that have several."""
    paces = {name: (part.footage.stride, part.footage.fps) for name, part in parts.items() if part.unit not in SINGLE}
    pairs = [name for name, part in parts.items() if part.unit == "pair"]
    if len(set(paces.values())) > 1 or (pairs and len(paces) > len(pairs)):
        raise UserError(
            f"{' and '.join(paces)} need different frames of a video, so they can't be trained on the same samples: combine others"
        )
