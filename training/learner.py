"""What the fit loop trains: the contract of everything that learns, pretexts around a backbone and dense networks alike.

A learner owns its data unit, the labels it reads, its views and targets, its network and its loss. It owns neither the budget nor the
optimiser nor the checkpoint.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset

from scenes.errors import UserError

Unit = Literal["image", "labelled_frame", "pair", "clip", "clip_audio"]
"""What one sample of the data set is.

"image": rgb uint8 [3, H, W]. "labelled_frame": and labels as in `renderers.frame.LABELS`, channels first. "pair" and "clip": rgb and labels
with a first dimension of T frames, [T, 3, H, W]; of pairs also pose float32 [2, 4, 4] (camera to world) and K float32 [3, 3] (pixels).
"clip_audio": and audio float32 [S], mono in [-1, 1] at AUDIO_RATE, of exactly the time from the first frame until the last one ends.
"""

AUDIO_RATE = 16_000
"""Samples of sound a second."""

Sample = Mapping[str, Tensor]
Batch = dict[str, Tensor]
Picture = tuple[str, NDArray[np.uint8]]
"""A title and an image uint8 [H, W, 3]."""


@dataclass(frozen=True, kw_only=True)
class Footage:
    """Which frames of a scene or video make one sample: `length` of them, each `stride` after the one before.

    `fps`: of so many frames a second, whatever the source has (None: the source's own); needed where sound goes with them.
    """

    length: int = 1
    stride: int = 1
    fps: float | None = None


class Config:
    """Base of frozen, keyword-only config dataclasses; nested ones convert from and to plain dictionaries."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The config with these fields; UserError for an unknown one."""
        known = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise UserError(f"{cls.__qualname__} has no option {', '.join(unknown)}: it has {', '.join(known)}")
        hints = typing.get_type_hints(cls)
        return cls(**{name: _typed(hints[name], value) for name, value in values.items()})

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)  # type: ignore[call-overload,no-any-return]

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Published settings by name: fields that differ from the defaults."""


def _typed(hint: Any, value: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, Config) and isinstance(value, Mapping):
        return hint.from_dict(value)
    return tuple(value) if isinstance(value, list) else value  # JSON turns tuples into lists


class Learner(nn.Module):
    """Something that is trained. `name` is its registered name, set by what builds it; `kind` what such things are called."""

    Config: ClassVar[type[Config]]
    kind: ClassVar[str] = "learner"
    unit: ClassVar[Unit]
    labels: ClassVar[tuple[str, ...]]
    """Keys that every sample of the data set must have; names and conventions as in `renderers.frame.LABELS`, channels first."""
    optional: ClassVar[tuple[str, ...]] = ()
    """Further labels that are used where the data set has them; without them a program makes its own."""

    with_real: ClassVar[Mapping[str, Any] | None] = None
    """Options of a run in which real pictures stand beside the data (key "real"); None: it has no use for them."""

    maps: tuple[str, ...] = ()
    """Names of what `predict_maps` gives of whole pictures."""
    pair_maps: tuple[str, ...] = ()
    """Names of what `predict_pair` gives of two whole pictures."""

    name: str = ""
    config: Any

    @property
    def footage(self) -> Footage:
        """The frames of one sample, for pairs and clips."""
        return Footage()

    def description(self) -> dict[str, Any]:
        """JSON-able: all that is needed to build it again."""
        raise NotImplementedError

    def check(self, sample: Sample) -> None:
        """UserError when the data set's first sample lacks what this method needs."""
        missing = [name for name in self.labels if name not in sample]
        if missing:
            raise UserError(
                f"{self.kind} {self.name!r} needs {', '.join(missing)} in every sample, the data set has {', '.join(sample)}: "
                "train it on a data set with those labels"
            )

    def arranged(self, data: Dataset[Any]) -> Dataset[Any]:
        """The data set in the proportions in which this method sees it: as it is, for most."""
        return data

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        """One sample's part of a batch, the same keys and shapes for every sample. Runs on the CPU in the data loader.

        All randomness comes from `generator`, which is a function of (seed, position in the training stream).
        """
        raise NotImplementedError

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """What is cheaper for a whole batch on its device, between `views` and `loss`. `generator` lives on that device."""
        del generator
        return batch

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Scalars: "loss", which is minimised, and its named parts and metrics, which are logged."""
        raise NotImplementedError

    @property
    def short_px(self) -> int | None:
        """The shorter side of whole pictures that its maps come out best at; None: the pictures' own."""
        return None

    def predict_maps(self, images: Tensor, K: Tensor | None = None) -> dict[str, Tensor]:
        """Its `maps` of pictures [B, 3, H, W], normalised, of any size; K: their cameras, float [B, 3, 3], pixels.

        depth [B, H, W]: metres where the learner tells metres and K is given, else to scale. normal [B, 3, H, W]: unit, camera frame.
        contour [B, H, W]: probability. semantic [B, C, H, W]: logits of class ids.
        """
        raise NotImplementedError

    def predict_pair(self, first: Tensor, second: Tensor) -> dict[str, Tensor]:
        """Its `pair_maps` of two pictures [B, 3, H, W], normalised, of any size.

        flow [B, 2, H, W]: pixels from the first to the second; sure [B, H, W]: probability that it is an ordinary guess.
        """
        raise NotImplementedError

    def preview(self, batch: Batch) -> list[Picture]:
        """Inputs beside pseudo labels and predictions for the samples of an augmented batch."""
        raise NotImplementedError
