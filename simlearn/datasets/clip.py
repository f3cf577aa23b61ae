"""What one sample shows of a scene: a frame, a pair of frames, or a clip of several."""

from __future__ import annotations

from dataclasses import dataclass

from scenes.errors import UserError


@dataclass(frozen=True)
class Clip:
    """`length` frames of one scene, each `stride` after the one before; clips begin at every `every`-th frame, as many as fit.

    `Clip(2, 5)` is a pair, frames t and t + 5. Raises UserError unless all are at least 1.
    """

    length: int
    stride: int = 1
    every: int = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise UserError(f"{name} of a clip must be at least 1, not {value}")

    @property
    def span(self) -> int:
        """Frames from its first to its last, both counted."""
        return (self.length - 1) * self.stride + 1

    def count(self, frames: int) -> int:
        """How many clips a scene of so many frames has."""
        return len(range(0, frames - self.span + 1, self.every))

    def rows(self, number: int) -> slice:
        """Where the frames of a scene's clip `number` are among all its frames."""
        first = number * self.every
        return slice(first, first + self.span, self.stride)


@dataclass(frozen=True)
class SingleFrame:
    """Every frame is a sample; its arrays have no leading axis."""

    def count(self, frames: int) -> int:
        """How many samples a scene of so many frames has."""
        return frames

    def rows(self, number: int) -> int:
        """Where a scene's sample `number` is among all its frames."""
        return number


Cut = Clip | SingleFrame


def cut_of(clip: Clip | None, longest: int) -> Cut:
    """How scenes of at most `longest` frames are cut into samples; UserError when no clip fits."""
    if clip is not None and clip.count(longest) == 0:
        raise UserError(
            f"a clip of {clip.length} frames, each {clip.stride} after the one before, spans {clip.span}, "
            f"but no scene has more than {longest} frames: ask for a shorter clip or a smaller stride, or render longer scenes"
        )
    return SingleFrame() if clip is None else clip
