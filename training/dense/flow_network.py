"""A small network of optical flow: a first guess from the correlation of coarse features, refined on finer ones.

What is known to help and is here: the first flow is regressed, not zero (SEA-RAFT, Wang et al. 2024), beginning as the mean offset of the
coarse correlation (GMFlow's matching, Xu et al. 2022, within a window); few steps, each looking up features warped by the flow so far
(PWC-Net, Sun et al. 2018); learnt convex upsampling (RAFT, Teed & Deng 2020); every step says how sure it is (SEA-RAFT's mixture). All is
convolutions, slices and one bilinear lookup, so it runs on CPUs and GPUs and in ONNX.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.heads import pad_to_multiple
from training.matching import convex_upsampling, correlation, offsets, warp

STRIDES = (16, 8, 4)
COARSEST = STRIDES[0]


@dataclass(frozen=True, kw_only=True)
class FlowSize:
    """`channels` of the features at strides 4, 8 and 16, `hidden` of what a step remembers. `reach`: of the first guess, in cells of 16
    pixels; `radius`: of a step's lookup, in cells; `steps` at strides 8 and 4."""

    channels: tuple[int, int, int]
    hidden: int
    reach: int = 6
    radius: int = 3
    steps: tuple[int, int] = (2, 2)


SIZES = {
    "tiny": FlowSize(channels=(32, 48, 64), hidden=48, steps=(1, 2)),
    "small": FlowSize(channels=(48, 96, 128), hidden=96),
    "base": FlowSize(channels=(64, 128, 192), hidden=128, radius=4, steps=(3, 3)),
}


@dataclass(frozen=True)
class Guess:
    """flow float [B, 2, H, W] in pixels of the whole picture; doubt float [B, 2, H, W]: (logit of an ordinary error, log scale of the
    others, >= 0), see `training.dense.mixture`."""

    flow: Tensor
    doubt: Tensor


class FlowNetwork(nn.Module):
    """Two pictures, normalised [B, 3, H, W] of any size -> the flow from the first to the second."""

    def __init__(self, size: FlowSize) -> None:
        super().__init__()
        self.encoder = Encoder(size.channels)
        self.begin = Beginning(size)
        self.steps = size.steps
        self.refine = nn.ModuleList(Refinement(size, channels) for channels in reversed(size.channels[:2]))
        self.share = nn.Conv2d(size.hidden, 9 * STRIDES[-1] ** 2, 1)

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """(flow [B, 2, H, W] in pixels, probability [B, H, W] that it is an ordinary guess rather than one of wide error)."""
        last = self.guesses(first, second)[-1]
        return last.flow, last.doubt[:, 0].sigmoid()

    def guesses(self, first: Tensor, second: Tensor) -> list[Guess]:
        """From the first to the last one, all at full resolution."""
        height, width = first.shape[-2:]
        pairs = pad_to_multiple(torch.cat([first, second]), COARSEST)
        maps = [m.chunk(2) for m in self.encoder(pairs)]
        flow, hidden, doubt = self.begin(*maps[0])
        found = [_enlarged(flow, doubt, STRIDES[0])]
        for stride, refine, steps, (one, other) in zip(STRIDES[1:], self.refine, self.steps, maps[1:], strict=True):
            flow, hidden = 2 * _doubled(flow), _doubled(hidden)
            for _ in range(steps):
                flow, hidden, doubt = refine(one, other, flow.detach(), hidden)
                found.append(_enlarged(flow, doubt, stride))
        weights, finest = self.share(hidden), STRIDES[-1]
        found[-1] = Guess(finest * convex_upsampling(flow, weights, finest), convex_upsampling(doubt, weights, finest))
        return [Guess(guess.flow[..., :height, :width], guess.doubt[..., :height, :width]) for guess in found]


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def _enlarged(flow: Tensor, doubt: Tensor, stride: int) -> Guess:
    both = F.interpolate(torch.cat([stride * flow, doubt], 1), scale_factor=stride, mode="bilinear", align_corners=False)
    return Guess(*both.split(2, 1))


class Encoder(nn.Module):
    """Pictures -> features at strides 16, 8 and 4, the finer ones told what the coarser ones see around them.

    Every channel has mean 0: cosines of positive features would all be close to 1.
    """

    def __init__(self, channels: tuple[int, int, int]) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, channels[0], 7, 2, 3, bias=False), nn.BatchNorm2d(channels[0]), nn.ReLU())
        self.stages = nn.ModuleList(Residual(before, after) for before, after in pairwise((channels[0], *channels)))
        self.lateral = nn.ModuleList(nn.Conv2d(after, before, 1) for before, after in pairwise(channels))
        self.even = nn.ModuleList(nn.Sequential(nn.Conv2d(c, c, 1, bias=False), nn.BatchNorm2d(c, affine=False)) for c in channels)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        x, maps = self.stem(pictures), []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        for i in (1, 0):
            maps[i] = maps[i] + _doubled(self.lateral[i](maps[i + 1]))
        return [even(m) for even, m in zip(self.even, maps, strict=True)][::-1]


class Residual(nn.Module):
    """Two 3 x 3 convolutions of which the first halves the resolution, beside a plain one."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.skip = nn.Conv2d(inputs, outputs, 2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.skip(x))


class Matching(nn.Module):
    """What cells around agree with each cell, and the mean offset that this makes: [B, (2 * radius + 1)^2, h, w] and [B, 2, h, w]."""

    def __init__(self, radius: int) -> None:
        super().__init__()
        self.radius = radius
        self.sharpness = nn.Parameter(torch.tensor(10.0))

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        match = correlation(first, second, self.radius)
        mean = torch.einsum("bohw,co->bchw", (self.sharpness * match).softmax(1), offsets(self.radius, match))
        return match, mean


class Beginning(nn.Module):
    """The flow at the coarsest stride, in cells: the mean offset weighed by correlation, and what convolutions make of it."""

    def __init__(self, size: FlowSize) -> None:
        super().__init__()
        self.matching = Matching(size.reach)
        self.merge = _block((2 * size.reach + 1) ** 2 + size.channels[2] + 2, size.hidden)
        self.change, self.doubt = _reading(size.hidden), nn.Conv2d(size.hidden, 2, 1)

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        match, mean = self.matching(first, second)
        hidden = self.merge(torch.cat([match, first, mean], 1))
        return mean + self.change(hidden), hidden, self.doubt(hidden)


class Refinement(nn.Module):
    """A step at one stride: the second map is warped by the flow so far and compared with the first around every cell."""

    def __init__(self, size: FlowSize, channels: int) -> None:
        super().__init__()
        self.matching = Matching(size.radius)
        self.update = _block((2 * size.radius + 1) ** 2 + channels + 4 + size.hidden, size.hidden)
        self.change, self.doubt = _reading(size.hidden), nn.Conv2d(size.hidden, 2, 1)

    def forward(self, first: Tensor, second: Tensor, flow: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        match, mean = self.matching(first, warp(second, flow))
        hidden = self.update(torch.cat([match, first, mean, flow / 8, hidden], 1))
        return flow + mean + self.change(hidden), hidden, self.doubt(hidden)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    """Without normalisation: steps share it, and what they see differs."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 1),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, 1, 1),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, 1, 1),
        nn.ReLU(),
    )


def _reading(hidden: int) -> nn.Conv2d:
    """Begins with no change at all."""
    layer = nn.Conv2d(hidden, 2, 3, 1, 1)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer
