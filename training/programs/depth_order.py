"""Which of two points is nearer, from how much faster it passes when the camera moves (motion parallax).

The flow of a rigid scene is a turn of the camera, the same for all distances, plus a part towards or away from one point of the picture
that is inversely proportional to distance (Longuet-Higgins & Prazdny 1980). The program looks for the direction of travel whose lines the
flow follows best once the best turn is taken away (after Bruss & Horn 1983), then reads the inverse distance along these lines.

It refuses to answer where the answer would be made up: if the camera rests, turns or zooms only, or sees a plane, a scene moved by less
than the flow's noise, or things that move by themselves make up the flow; and for single points that don't keep to their lines or are
seen in one frame only. The scale is unknown, and a small turn too much or too little shifts all inverse distances alike: their order is
what can be trusted. `focal` is a guess; a wrong one bends far and near into one another at the picture's corners only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.programs.flow import dense_flow
from training.programs.motion import MAD, NOISE_FLOOR, camera_motion

DIRECTIONS = 150
"""Of travel, evenly spread over a half-sphere, that are tried first; then finer ones about the best."""
SEARCH_POINTS = 500


@dataclass(frozen=True, kw_only=True)
class ParallaxRules:
    """`focal`: focal length as a part of the longer side. There is parallax if a usual pixel deviates from the motion of a plane by
    `least` pixels and by `noises` times its distance from its line of travel; of `ahead` of the pixels the inverse distance must be
    positive. Of a usual point the standard deviation must be at most `doubt` of the spread: beyond, even the sign is in doubt (in drawn
    drives and real indoor scenes the orders that came out reversed had 0.2 and more, those below 0.17 were right in 86 to 100 % of the
    pairs). Points further than `outlier` times the usual distance off their line, or `back` pixels off where they began when followed
    there and back, are unknown."""

    focal: float = 0.8
    least: float = 0.35
    noises: float = 2.4
    ahead: float = 0.8
    doubt: float = 0.16
    outlier: float = 4.0
    back: float = 1.0


def nearness(frames: Tensor, rules: ParallaxRules | None = None) -> Tensor:
    """Inverse distance in the first of two frames and its standard deviation: float32 [2, H, W].

    frames: uint8 [2, 3, H, W], at least 32 x 32 pixels. The unit is the spread of inverse distance in the frame (from its 10th to its
    90th percentile); the deviation is +inf where the program can't say, everywhere if there is no parallax.
    """
    rules = rules or ParallaxRules()
    flow, back = dense_flow(frames[0], frames[1]), dense_flow(frames[1], frames[0])
    unknown = torch.stack([torch.zeros_like(flow[0]), torch.full_like(flow[0], math.inf)])
    spread = camera_motion(flow).spread
    if spread < rules.least:
        return unknown
    along, across, travel = rigid_motion(flow, rules.focal)
    noise = NOISE_FLOOR + MAD * float(across.abs().median())
    inverse = along / travel
    if spread < rules.noises * noise or float((inverse > 0).float().mean()) < rules.ahead:
        return unknown
    known = (across.abs() < rules.outlier * noise) & (there_and_back(flow, back) < rules.back)
    inverse, error = torch.stack([inverse, (across.square() + noise**2).sqrt() / travel]) / spread_of(inverse, known)
    if not known.any() or float(error[known].median()) > rules.doubt:
        return unknown
    return torch.stack([inverse, torch.where(known, error, math.inf)])


def spread_of(inverse: Tensor, known: Tensor) -> Tensor:
    """From the 10th to the 90th percentile of what is known, a positive number."""
    low, high = torch.quantile(inverse[known], inverse.new_tensor([0.1, 0.9])) if known.any() else inverse.new_tensor([0.0, 1.0])
    return (high - low).clamp(min=1e-6)


def there_and_back(flow: Tensor, back: Tensor) -> Tensor:
    """float [H, W], pixels: how far from its start a pixel ends that follows `flow` and then `back` ([2, H, W] each); inf out of frame."""
    height, width = flow.shape[1:]
    x = torch.arange(width) + 0.5 + flow[0]
    y = torch.arange(height)[:, None] + 0.5 + flow[1]
    grid = torch.stack([2 * x / width - 1, 2 * y / height - 1], -1)
    returned = F.grid_sample(back[None], grid[None], mode="bilinear", padding_mode="border", align_corners=False)[0]
    inside = (x > 0) & (x < width) & (y > 0) & (y < height)
    return torch.where(inside, (flow + returned).norm(dim=0), math.inf)


def rigid_motion(flow: Tensor, focal: float) -> tuple[Tensor, Tensor, Tensor]:
    """The best fit of a rigid scene to a flow (float32 [2, H, W], pixels): float32 [H, W] each of

    along: flow along the line of travel without the camera's turn, in pixels, positive for what lies ahead; across: flow off that line;
    travel: what `along` is for an inverse distance of 1.
    """
    _, height, width = flow.shape
    points = _Points.of(flow, focal)
    step = max(1, math.isqrt(height * width // SEARCH_POINTS))
    few = points.take(torch.arange(height)[::step, None] * width + torch.arange(width)[::step])
    directions, scale = half_sphere(DIRECTIONS), float(few.flow.norm(dim=1).median()) + NOISE_FLOOR
    for radius in (0.15, 0.05, 0.015, 0.0):
        turns, costs = few.turns(directions, scale)
        best = int(costs.argmin())
        direction, turn = directions[best], turns[best]
        scale = NOISE_FLOOR + float(few.parts(direction, turn)[1].abs().median())
        directions = cap(direction, radius)
    along, across, travel = (part.view(height, width).float() for part in points.parts(direction, turn))
    return (along if (along > 0).float().mean() >= 0.5 else -along), across, travel


@dataclass(frozen=True)
class _Points:
    """float64: `ray` [N, 2] through pixels at focal length 1, `flow` [N, 2] in pixels, `turning` [N, 2, 3]: flow per radian."""

    ray: Tensor
    flow: Tensor
    turning: Tensor

    @classmethod
    def of(cls, flow: Tensor, focal: float) -> _Points:
        _, height, width = flow.shape
        length = focal * max(height, width)
        y = ((torch.arange(height, dtype=torch.float64) + 0.5 - height / 2) / length)[:, None].expand(height, width).flatten()
        x = ((torch.arange(width, dtype=torch.float64) + 0.5 - width / 2) / length).expand(height, width).flatten()
        turning = torch.stack([torch.stack([x * y, -1 - x * x, y], 1), torch.stack([1 + y * y, -x * y, -x], 1)], 1)
        return cls(torch.stack([x, y], 1), flow.flatten(1).T.double(), length * turning)

    def take(self, index: Tensor) -> _Points:
        return _Points(*(part[index.flatten()] for part in (self.ray, self.flow, self.turning)))

    def travelling(self, directions: Tensor) -> Tensor:
        """[K, N, 2]: flow per unit of inverse distance for directions of travel [K, 3], up to the focal length."""
        return self.ray * directions[:, None, 2:] - directions[:, None, :2]

    def turns(self, directions: Tensor, scale: float) -> tuple[Tensor, Tensor]:
        """For every direction of travel [K, 3] the turn [K, 3] that leaves least flow across it, and what is left (robust, in [0, 1])."""
        normal = F.normalize(self.travelling(directions), dim=2).flip(2) * self.flow.new_tensor([-1.0, 1.0])
        rows = torch.einsum("knc,ncj->knj", normal, self.turning)
        target = torch.einsum("knc,nc->kn", normal, self.flow)
        weight, turns = torch.ones_like(target), directions.new_zeros(directions.shape)
        for _ in range(6):
            weighted = (rows * weight[..., None]).transpose(1, 2)
            square = weighted @ rows
            ridge = 1e-9 * square.diagonal(dim1=1, dim2=2).sum(1)[:, None, None] * torch.eye(3, dtype=square.dtype)
            turns = torch.linalg.solve(square + ridge, (weighted @ target[..., None])[..., 0])
            left = ((target - (rows @ turns[..., None])[..., 0]) / scale).square()
            weight = (1 + left).pow(-2)
        return turns, (left / (1 + left)).mean(1)

    def parts(self, direction: Tensor, turn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Flow without `turn` [3] along and across the lines of travel in `direction` [3], and these lines' lengths: [N] each."""
        travel = self.travelling(direction[None])[0]
        length = travel.norm(dim=1).clamp(min=1e-6)
        unit, rest = travel / length[:, None], self.flow - self.turning @ turn
        return (unit * rest).sum(1), unit[:, 0] * rest[:, 1] - unit[:, 1] * rest[:, 0], length


def half_sphere(count: int) -> Tensor:
    """float64 [count, 3]: unit vectors with z >= 0, evenly spread (a Fibonacci spiral)."""
    index = torch.arange(count, dtype=torch.float64)
    z, angle = (index + 0.5) / count, index * math.pi * (3 - math.sqrt(5))
    radius = (1 - z * z).sqrt()
    return torch.stack([radius * angle.cos(), radius * angle.sin(), z], 1)


def cap(direction: Tensor, radius: float, rings: int = 3, spokes: int = 8) -> Tensor:
    """float64 [1 + rings * spokes, 3]: unit vectors within `radius` radians (small) of a unit vector [3], itself the first."""
    aside = F.normalize(torch.linalg.cross(direction, torch.eye(3, dtype=direction.dtype)[int(direction.abs().argmin())]), dim=0)
    above = torch.linalg.cross(direction, aside)
    angle = torch.arange(spokes, dtype=direction.dtype) * 2 * math.pi / spokes
    spread = angle.cos()[:, None] * aside + angle.sin()[:, None] * above
    circles = [direction[None] + radius * (ring + 1) / rings * spread for ring in range(rings)]
    return F.normalize(torch.cat([direction[None], *circles]), dim=1)
