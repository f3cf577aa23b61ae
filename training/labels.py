"""Labels of whole pictures: how many classes there are, and what is decided once and for all for each picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from scenes.errors import UserError
from training.pretexts.base import Pretext
from training.seeds import generator

UNLABELLED = -1
"""The label of a picture that has none, as in STL-10's unlabelled part."""
TRIES = 10_000


def told_by(data: Any, method: type[Pretext]) -> dict[str, int]:
    """What of a method's config the data set decides, where the method has such a field: `data.classes`, how many classes its pictures have
    labels of, and `data.semantic_classes`, how many its pixels have."""
    fields = {field.name for field in dataclasses.fields(method.Config)}  # type: ignore[arg-type]
    found = {name: getattr(data, name, None) for name in ("classes", "semantic_classes") if name in fields}
    return {name: count for name, count in found.items() if isinstance(count, int)}


def check_classes(name: str, classes: int) -> None:
    """UserError unless there are classes to tell apart."""
    if classes < 2:
        raise UserError(f"{name} tells at least two classes apart, not {classes}: train it on a data set with labels, which says how many")


def label_of(sample: Mapping[str, Tensor], classes: int) -> Tensor:
    """The sample's label, int64 scalar; UserError unless it is one of the classes, or UNLABELLED."""
    label = int(sample["label"])
    if not UNLABELLED <= label < classes:
        raise UserError(
            f"a picture has label {label}, of {classes} classes 0 to {classes - 1}: correct the data set or the number of classes"
        )
    return torch.tensor(label)


def draw(picture: Tensor, purpose: str) -> float:
    """A number in [0, 1) that is each picture's own for each purpose, by BLAKE2. picture: `training.views.picture_id` of it."""
    digest = blake2b(int(picture).to_bytes(8, "little"), key=purpose.encode(), digest_size=6).digest()
    return int.from_bytes(digest, "little") / 2**48


class WithMore(Dataset[Any]):
    """A data set and, after its own items, `extra` more that are drawn among those that `chosen` accepts; item by item always the same.

    UserError where TRIES items of one's own are not accepted.
    """

    def __init__(self, data: Any, extra: int, chosen: Callable[[Mapping[str, Tensor]], bool]) -> None:
        self.data, self.extra, self.chosen = data, extra, chosen
        self._refused: set[int] = set()

    def __len__(self) -> int:
        return len(self.data) + self.extra

    def __getitem__(self, index: int) -> Any:
        own = len(self.data)
        if index < own:
            return self.data[index]
        for candidate in torch.randint(own, (TRIES,), generator=generator(0, "more", index - own)).tolist():
            if candidate in self._refused:
                continue
            sample = self.data[candidate]
            if self.chosen(sample):
                return sample
            self._refused.add(candidate)
        raise UserError(f"hardly one of the {own} pictures keeps its label: raise the part that is labelled")
