"""Square crops, for methods whose answer a stretched picture would give away."""

from __future__ import annotations

from dataclasses import dataclass

from scenes.errors import UserError
from training.crops import CropConfig


@dataclass(frozen=True, kw_only=True)
class SquareCropConfig(CropConfig):
    """A random square, resampled by the same factor along both axes."""

    aspect: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.aspect != (1, 1):
            raise UserError(f"this method takes square crops only, since stretching would show which way is up: drop aspect {self.aspect}")
