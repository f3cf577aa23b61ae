"""A colour mosaic over the photosites, and the guess of what it hides."""

from __future__ import annotations

import torch
from torch.nn import functional as F

# Weights, in eighths, of the photosite itself and of the sums over its neighbours (`_neighbours`) for a colour that it lacks and that lies
# beside and above it ("cross"), to its left and right ("row"), above and below ("column"), or at its corners ("diagonal").
# Malvar, He and Cutler, ICASSP 2004, figure 2.
_WEIGHTS: dict[str, dict[str, tuple[float, ...]]] = {
    "bilinear": {"cross": (0, 2, 2, 0, 0, 0), "row": (0, 4, 0, 0, 0, 0), "column": (0, 0, 4, 0, 0, 0), "diagonal": (0, 0, 0, 0, 0, 2)},
    "malvar": {
        "cross": (4, 2, 2, -1, -1, 0),
        "row": (5, 4, 0, -1, 0.5, -1),
        "column": (5, 0, 4, 0.5, -1, -1),
        "diagonal": (6, 0, 0, -1.5, -1.5, 2),
    },
}
SMALLEST_SIDE = 3  # reflection at the border needs two more photosites


def colour_of(pattern: str, height: int, width: int, device: torch.device | str) -> torch.Tensor:
    """Channel (0, 1, 2) that each photosite records, int64 [H, W]; `pattern` is that of the top-left 2x2 photosites, row by row."""
    cell = torch.tensor(["RGB".index(letter) for letter in pattern], device=device).reshape(2, 2)
    return cell.repeat((height + 1) // 2, (width + 1) // 2)[:height, :width]


def mosaic(image: torch.Tensor, pattern: str) -> torch.Tensor:
    """The one channel that each photosite records, [H, W], of an image [H, W, 3]."""
    height, width = image.shape[:2]
    return image.gather(2, colour_of(pattern, height, width, image.device)[..., None])[..., 0]


def demosaic(raw: torch.Tensor, pattern: str, method: str) -> torch.Tensor:
    """An image float32 [H, W, 3] from the photosites [H, W], which keep their own colour; exact for ramps, save at borders."""
    height, width = raw.shape
    sums = _neighbours(raw)
    guesses = {name: _weighted(sums, weights) for name, weights in _WEIGHTS[method].items()}
    colour = colour_of(pattern, height, width, raw.device)
    green = torch.where(colour == 1, raw, guesses["cross"])
    return torch.stack([_red_or_blue(0, raw, colour, guesses), green, _red_or_blue(2, raw, colour, guesses)], dim=-1)


def _red_or_blue(channel: int, raw: torch.Tensor, colour: torch.Tensor, guesses: dict[str, torch.Tensor]) -> torch.Tensor:
    """One plane: at a green photosite from beside it where its row holds the channel, else from above and below."""
    in_row = (colour == channel).any(dim=1, keepdim=True)
    at_green = torch.where(in_row, guesses["row"], guesses["column"])
    return torch.where(colour == channel, raw, torch.where(colour == 1, at_green, guesses["diagonal"]))


def _weighted(sums: tuple[torch.Tensor, ...], weights: tuple[float, ...]) -> torch.Tensor:
    total = torch.zeros_like(sums[0])
    for part, weight in zip(sums, weights, strict=True):
        if weight:
            total += weight / 8 * part
    return total


def _neighbours(raw: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The photosites themselves; sums of left and right, above and below; the same two steps away; the four corners. Each [H, W].

    The mosaic goes on beyond the border as its mirror image, which keeps the colours in step. Plain sums, because convolutions on a
    GPU round to fewer bits.
    """
    height, width = raw.shape
    padded = F.pad(raw[None, None], (2, 2, 2, 2), mode="reflect")[0, 0]

    def at(down: int, right: int) -> torch.Tensor:
        return padded[2 + down : 2 + down + height, 2 + right : 2 + right + width]

    near, far = (at(0, -1) + at(0, 1), at(-1, 0) + at(1, 0)), (at(0, -2) + at(0, 2), at(-2, 0) + at(2, 0))
    return raw, *near, *far, at(-1, -1) + at(-1, 1) + at(1, -1) + at(1, 1)
