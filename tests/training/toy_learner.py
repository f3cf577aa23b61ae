"""A learner small enough to be trained in a blink, with dropout, batch statistics and every optional method of a learner."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from training.seeds import seeded


class Numbers(Dataset[dict[str, Any]]):
    """Item i: a vector and its sum."""

    def __init__(self, count: int = 50) -> None:
        self.x = torch.randn(count, 6, generator=torch.Generator().manual_seed(0))

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"x": self.x[index], "y": self.x[index].sum(), "id": torch.tensor(index)}


class Toy(nn.Module):
    """`at_step` is called with the number of losses computed so far, before each."""

    def __init__(self, at_step: Any = None) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 1))
        self.at_step, self.seen, self.calls = at_step, [], 0  # type: ignore[var-annotated]

    def views(self, sample: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        return {**sample, "x": sample["x"] + 0.1 * torch.randn(6, generator=generator)}

    def augment(self, batch: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        return {**batch, "x": batch["x"] * (1 + 0.1 * torch.randn(1, generator=generator))}

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        factor = self.at_step(self.calls) if self.at_step else None
        self.calls += 1
        self.seen.append(batch["id"].tolist())
        error = self.layers(batch["x"])[:, 0] - batch["y"]
        loss = error.square().mean() * (1.0 if factor is None else factor)
        return {"loss": loss, "absolute": error.abs().mean()}


def toy(at_step: Any = None) -> Toy:
    with seeded(0):
        return Toy(at_step)
