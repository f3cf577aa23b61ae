"""Real pictures without labels beside rendered frames, for methods that make the features of both alike."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.utils.data import Dataset

from training.backbones.base import Backbone
from training.learner import Config
from training.pretexts.base import Pretext
from training.seeds import seed_of
from training.stream import SampleStream

REAL = "real"


class AnyPictures(Pretext):
    """What asks a source of data for pictures only, as a method of single pictures would."""

    unit = "image"
    labels = ("rgb",)
    name = "pictures beside"

    def __init__(self) -> None:
        super().__init__(Backbone(), Config())


class Beside(Dataset[dict[str, Any]]):
    """Sample k: what a training stream of `seed` has of `rendered` at position k, and `real`, a picture uint8 [3, H, W] of any size.

    It is endless. Of both data sets each pass visits every item once in an order of its own, so that a frame meets another picture each
    time; an endless `rendered` keeps its order. Which two come together depends on (seed, k) alone.
    """

    def __init__(self, rendered: Dataset[Any], pictures: Dataset[Any], seed: int = 0) -> None:
        self._rendered = SampleStream(rendered, None, seed)
        self._pictures = SampleStream(pictures, None, seed_of(seed, "real pictures"))

    def __getitem__(self, position: int) -> dict[str, Any]:
        picture: Tensor = self._pictures[position]["rgb"]
        return {**self._rendered[position], REAL: picture}
