"""A colour mosaic over the photosites, and the guess of what it hides."""

from __future__ import annotations

import torch
from torch.nn import functional as F

# Weights of the 5x5 neighbourhood for a colour that a photosite lacks, which lies beside and above it ("cross"), to its left and right
# ("row"), above and below (its transpose), or at its corners ("diagonal"). Malvar, He and Cutler, ICASSP 2004, figure 2.
_BILINEAR: dict[str, list[list[float]]] = {
    "cross": [[0, 0, 0, 0, 0], [0, 0, 2, 0, 0], [0, 2, 0, 2, 0], [0, 0, 2, 0, 0], [0, 0, 0, 0, 0]],
    "row": [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 4, 0, 4, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
    "diagonal": [[0, 0, 0, 0, 0], [0, 2, 0, 2, 0], [0, 0, 0, 0, 0], [0, 2, 0, 2, 0], [0, 0, 0, 0, 0]],
}
_MALVAR: dict[str, list[list[float]]] = {
    "cross": [[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]],
    "row": [[0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 4, 5, 4, -1], [0, -1, 0, -1, 0], [0, 0, 0.5, 0, 0]],
    "diagonal": [[0, 0, -1.5, 0, 0], [0, 2, 0, 2, 0], [-1.5, 0, 6, 0, -1.5], [0, 2, 0, 2, 0], [0, 0, -1.5, 0, 0]],
}
_KERNELS = {"bilinear": _BILINEAR, "malvar": _MALVAR}
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
    kernels = _KERNELS[method]
    weights = [kernels["cross"], kernels["row"], [list(column) for column in zip(*kernels["row"], strict=True)], kernels["diagonal"]]
    bank = torch.tensor(weights, dtype=raw.dtype, device=raw.device)[:, None] / 8
    cross, row, column, diagonal = F.conv2d(F.pad(raw[None, None], (2, 2, 2, 2), mode="reflect"), bank)[0]
    colour = colour_of(pattern, height, width, raw.device)
    planes = [_chroma(0, raw, colour, row, column, diagonal), torch.where(colour == 1, raw, cross)]
    return torch.stack([*planes, _chroma(2, raw, colour, row, column, diagonal)], dim=-1)


def _chroma(
    channel: int, raw: torch.Tensor, colour: torch.Tensor, row: torch.Tensor, column: torch.Tensor, diagonal: torch.Tensor
) -> torch.Tensor:
    """The red or the blue plane: at a green photosite from beside it where its row holds the channel, else from above and below."""
    in_row = (colour == channel).any(dim=1, keepdim=True)
    return torch.where(colour == channel, raw, torch.where(colour == 1, torch.where(in_row, row, column), diagonal))
