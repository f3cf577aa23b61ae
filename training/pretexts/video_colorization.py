"""Copy the colours of a grey frame from earlier frames of its video (Tracking Emerges by Colorizing Videos, Vondrick et al., ECCV 2018).

Every cell of every frame gets an embedding from lightness alone. A cell of the target frame takes the mean of the colours of all cells
of the reference frames, weighted by a softmax over inner products of embeddings, and is to end up with its own colour's class. What
is the same thing must therefore be embedded alike, wherever it has moved to. What differs from the paper, and why:
- The 16 colours are fixed and not k-means centres of the data set's, so no pass over the data comes first: grey and three rings of five
  hues, fine near grey, where most colours of videos lie (of four public collections of clips half were within 5 to 14 of grey).
- Inner products are over the root of the number of dimensions, so that attention begins wide. A pyramid over the stages takes the place
  of dilated convolutions: the backbone stays as it is, and all of its stages learn.
- A cell has 4 pixels on a side: a crop of 64 has 16 x 16, half as many along each axis as the paper's pictures of 256.

Known shortcuts: in a video that hardly moves the colour is found at the same place, which networks know from the borders of their maps:
of still clips whose lightness is noise one learnt to copy 99.6 % of the colours. So there is time between the frames (`gap`) and the
window pans over them at a speed of its own (`pan`; of those clips it then finds as many as the commonest colour has), and
`accuracy_same_place` says what copying without looking would reach. Nor does the exact brightness tell where a cell went (`jitter`), nor
the nearest frame always (`dropout` withholds the colours of some).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.backbones.base import Backbone, Input
from training.clips import crop_clip
from training.colour import grey_of, rgb_to_lab
from training.crops import CropConfig, Window, draw_window
from training.frame_pyramid import FramePyramid
from training.images import normalise, to_picture
from training.learner import Batch, Config, Footage, Picture, Sample
from training.losses import masked_mean
from training.pretexts.base import Pretext
from training.pretexts.colorization import paint_colour

STRIDE = 4
"""Pixels between two cells."""
RINGS = ((4.0, 0.0), (10.0, 0.5), (24.0, 0.0))
"""Distance from grey and turn, in fifths of a circle, of each ring of five hues in the ab plane."""
IMPOSSIBLE = 1e-6
"""Added to probabilities before their logarithm."""


@dataclass(frozen=True, kw_only=True)
class VideoColorizationConfig(Config):
    """`references` frames come before the target, each `gap` frames of the video before the next.

    The window moves by up to `pan` of the crop's side from the first frame to the target. Each frame's brightness and contrast change by
    factors in [1 - jitter, 1 + jitter]. `dropout`: the probability that a reference's colours are withheld (one always stays).
    """

    crop: CropConfig = field(default_factory=CropConfig)
    references: int = 3
    gap: int = 4
    pan: float = 0.25
    jitter: float = 0.2
    dropout: float = 0.2
    dimensions: int = 64

    def __post_init__(self) -> None:
        if min(self.references, self.gap, self.dimensions) < 1:
            raise UserError(f"references, gap and dimensions must be at least 1, not {self.references}, {self.gap}, {self.dimensions}")
        if not 0 <= self.pan <= 1:
            raise UserError(f"pan is a part of the crop's side within [0, 1], not {self.pan}")
        if not (0 <= self.jitter < 1 and 0 <= self.dropout < 1):
            raise UserError(f"jitter and dropout must lie in [0, 1), not {self.jitter}, {self.dropout}")


class VideoColorization(Pretext):
    """`accuracy`: how often the colour copied is the cell's own. Chance: `accuracy_same_place`, that of the latest reference's same cell.

    `accuracy_moved` is that of the cells that have another colour there, where copying from the same place would have none right, and
    `moved` their part. All figures are of those cells alone whose colour is in a reference at all, the part `copyable`.
    """

    Config: ClassVar[type[Config]] = VideoColorizationConfig
    unit = "clip"
    labels = ("rgb",)
    inputs: ClassVar[tuple[Input, ...]] = ("image", "clip")
    colours: Tensor

    def __init__(self, backbone: Backbone, config: VideoColorizationConfig) -> None:
        super().__init__(backbone, config)
        self.config: VideoColorizationConfig = config
        self.embedding = FramePyramid(backbone, config.dimensions, stride=STRIDE)
        self.register_buffer("colours", colour_classes(), persistent=False)

    @property
    def footage(self) -> Footage:
        return Footage(length=self.config.references + 1, stride=self.config.gap)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        rgb, crop = sample["rgb"], self.config.crop
        return {"rgb": panned(rgb, draw_window(rgb.shape[-2], rgb.shape[-1], crop, generator), self.config.pan, generator)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        lab = rgb_to_lab(batch["rgb"].float() / 255)
        grey = (grey_of(lab[:, :, 0]) * 255).round() / 255  # further digits of L would tell which 8-bit colour it came from
        grey = vary(grey, self.config.jitter, generator)
        ab = F.avg_pool2d(lab[:, :, 1:].flatten(0, 1), STRIDE).unflatten(0, lab.shape[:2])
        drawn = torch.rand(len(lab), self.config.references, generator=generator, device=lab.device)
        return {
            "image": normalise(grey[:, :, None].expand(-1, -1, 3, -1, -1)),
            "class": nearest_class(ab, self.colours),
            "visible": (drawn >= self.config.dropout) | (drawn == drawn.amax(1, keepdim=True)),
        }

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        found = self.predict(batch)
        classes, visible = batch["class"], batch["visible"]
        truth = classes[:, -1].flatten(1)
        copyable = (present(classes[:, :-1], visible, len(self.colours)).gather(1, truth)).bool()
        likelihood = found.gather(2, truth[..., None])[..., 0]
        # The mean is over all cells, so that it is the same when a batch is split among processes.
        loss = (-(likelihood + IMPOSSIBLE).log() * copyable).mean()
        right, same = found.detach().argmax(2) == truth, same_place(classes, visible) == truth
        return {
            "loss": loss,
            "accuracy": masked_mean(right.float(), copyable),
            "accuracy_same_place": masked_mean(same.float(), copyable),
            "accuracy_moved": masked_mean(right.float(), copyable & ~same),
            "moved": masked_mean((~same).float(), copyable),
            "copyable": copyable.float().mean(),
        }

    def predict(self, batch: Batch) -> Tensor:
        """float32 [B, cells, 16]: how likely each cell of the target has each of the colours."""
        embedded = self.embedding(self.backbone, batch["image"])
        colours = F.one_hot(batch["class"][:, :-1].flatten(1), len(self.colours)).float()
        return attention(embedded, batch["visible"]) @ colours

    def preview(self, batch: Batch) -> list[Picture]:
        """The latest reference and the target in their classes' colours, and what is copied, attentively and from the same place."""
        training = self.training
        with torch.no_grad():
            found = self.eval().predict(batch).argmax(2)
        self.train(training)
        grid, grey = batch["class"].shape[-2:], to_picture(batch["image"])
        shown = {
            "latest reference": (grey[:, -2], batch["class"][:, -2].flatten(1)),
            "target": (grey[:, -1], batch["class"][:, -1].flatten(1)),
            "copied": (grey[:, -1], found),
            "same place": (grey[:, -1], same_place(batch["class"], batch["visible"])),
        }
        columns = [paint_colour(g, self.colours[c].transpose(1, 2).unflatten(2, grid)) for g, c in shown.values()]
        titles = ("input", *shown)
        rows = zip(*(column.permute(0, 2, 3, 1).cpu().numpy() for column in (grey[:, -1], *columns)), strict=True)
        return [(title, pixels) for row in rows for title, pixels in zip(titles, row, strict=True)]


def colour_classes() -> Tensor:
    """float32 [16, 2]: a and b of grey and of five hues in each of three rings."""
    turns = [(radius, (i + offset) * 2 * math.pi / 5) for radius, offset in RINGS for i in range(5)]
    return torch.tensor([(0.0, 0.0), *((r * math.cos(angle), r * math.sin(angle)) for r, angle in turns)])


def nearest_class(ab: Tensor, colours: Tensor) -> Tensor:
    """float [B, T, 2, h, w] -> int64 [B, T, h, w]: the nearest of `colours` [N, 2]."""
    return (ab.unsqueeze(-4) - colours.view(-1, 2, 1, 1)).square().sum(-3).argmin(-3)


def panned(rgb: Tensor, window: Window, pan: float, generator: torch.Generator) -> Tensor:
    """uint8 [T, 3, H, W] -> uint8 [T, 3, size, size]: a view within the window that moves evenly from one random place to another.

    A place is up to `pan` of the view's side away from the window's upper left corner along each axis.
    """
    size, margin = window.size, round(pan * window.size)
    wide = crop_clip(rgb, replace(window, size=size + margin))
    start, end = torch.randint(margin + 1, (2, 2), generator=generator)
    part = torch.linspace(0, 1, len(rgb))[:, None]
    corners = (start + (end - start) * part).round().int().tolist()
    return torch.stack([frame[:, y : y + size, x : x + size] for frame, (y, x) in zip(wide, corners, strict=True)])


def vary(grey: Tensor, jitter: float, generator: torch.Generator) -> Tensor:
    """float [B, T, H, W] in [0, 1]: every frame's contrast about its mean, and its brightness, by random factors."""
    draws = torch.rand(2, *grey.shape[:2], 1, 1, generator=generator, device=grey.device)
    contrast, gain = 1 + jitter * (2 * draws - 1)
    mean = grey.mean((-2, -1), keepdim=True)
    return ((mean + (grey - mean) * contrast) * gain).clamp(0, 1)


def attention(embedded: Tensor, visible: Tensor) -> Tensor:
    """Embeddings [B, T, D, h, w] -> float32 [B, h * w, (T - 1) * h * w]: of each cell of the last frame over those of all before it.

    visible: bool [B, T - 1]; cells of other frames have weight 0.
    """
    with torch.autocast(embedded.device.type, enabled=False):
        cells = embedded.float().flatten(3)
        keys = cells[:, :-1].transpose(1, 2).flatten(2)
        scores = cells[:, -1].transpose(1, 2) @ keys / math.sqrt(cells.shape[2])
    shown = visible.repeat_interleave(cells.shape[3], 1)[:, None]
    return scores.masked_fill(~shown, -torch.inf).softmax(2)


def present(classes: Tensor, visible: Tensor, count: int) -> Tensor:
    """int64 [B, R, h, w] and bool [B, R] -> float [B, count]: how many cells of visible frames are of each class."""
    return (F.one_hot(classes.flatten(2), count).sum(2) * visible[..., None]).sum(1)


def same_place(classes: Tensor, visible: Tensor) -> Tensor:
    """int64 [B, R + 1, h, w] -> int64 [B, h * w]: the class that each cell has in the latest visible reference."""
    latest = (visible * torch.arange(1, visible.shape[1] + 1, device=visible.device)).argmax(1)
    return classes[torch.arange(len(classes), device=classes.device), latest].flatten(1)
