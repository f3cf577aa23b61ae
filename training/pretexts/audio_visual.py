"""Do picture and sound belong together? By classification (L3-Net, Arandjelovic & Zisserman, ICCV 2017: "correspondence") or by a
contrastive loss on their distance (AVTS, Korbar et al., NeurIPS 2018: "synchronisation").

Every clip meets its own sound, those of all other clips of the batch (easy) and that of another time of its own video (hard). The losses
of the two kinds of negatives are averaged with fixed weights, AVTS's 3 : 1, which is what drawing one of them would do in the mean; as
there, training can begin with the easy ones alone.

Known shortcuts and what closes them: who recorded it, or the hum of the camera, tells videos apart but not times of one (hard negatives);
loudness and a constant offset (every sound is made equally loud about its mean); silence, which goes with anything (pairs with a silent
sound don't count); where in the video a sound lies, or which sounds are frequent (the two times are drawn alike, and every sound that is
right for one clip is wrong for another); the statistics that a batch is normalised with (right and wrong sounds pass together).

What differs from the papers, and why:
- Clips of 0.8 s out of 2 s of footage, so that short videos will do; L3-Net sees one picture and a second of sound, AVTS about a second.
- All other sounds of a batch are wrong for a clip, instead of one of them: hundreds of judgements for the cost of some dozen passes.
- Both heads keep the order in time, which averaging over time would lose; L3-Net doesn't need it, since it has no negatives in time.
- The classifier reads the product of both embeddings, not one after the other: that both must agree is found with far fewer samples (100
  steps on drawn videos: 89 instead of 82 % right on unseen ones, one seed each).
- AVTS's distances are between embeddings of length 1, which keeps them on the scale of its margin from the first step on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.backbones import build_backbone
from training.backbones.base import Backbone, Input
from training.clips import clip_maps, clip_view, recolour_clips
from training.contrast import first_of_rank
from training.crops import CropConfig
from training.distributed import gather, mean
from training.images import normalise, to_picture
from training.learner import AUDIO_RATE, Batch, Config, Footage, Picture, Sample
from training.losses import masked_mean
from training.pretexts.base import Pretext
from training.spectrogram import SpectrogramConfig, log_mel, loudness, mel_power, paint_log_mel
from training.views import picture_id


@dataclass(frozen=True, kw_only=True)
class AudioVisualConfig(Config):
    """`frames` of `length` make a clip; `shift`: the least number of frames between a clip and the other time. All at `fps`.

    `hard`: the weight of negatives from the same video; `easy_first`: samples of training before it applies. `silence`: dB below a sine
    of full scale. `margin`: between wrong sounds and clips, of method "synchronisation".
    """

    method: Literal["correspondence", "synchronisation"] = "correspondence"
    crop: CropConfig = field(default_factory=CropConfig)
    colour: PhotometricConfig = field(default_factory=PhotometricConfig)
    spectrogram: SpectrogramConfig = field(default_factory=SpectrogramConfig)
    length: int = 20
    frames: int = 8
    shift: int = 8
    fps: float = 10.0
    hard: float = 0.25
    easy_first: int = 0
    silence: float = -60.0
    margin: float = 0.99
    embedding: int = 128

    def __post_init__(self) -> None:
        if self.method not in ("correspondence", "synchronisation"):
            raise UserError(f"method must be correspondence or synchronisation, not {self.method!r}")
        if self.frames < 1 or self.shift < 1 or self.frames + self.shift > self.length:
            raise UserError(f"{self.frames} frames and the same {self.shift} frames later don't fit into {self.length}: raise length")
        if not 0 <= self.hard <= 1 or self.easy_first < 0:
            raise UserError(f"hard must lie between 0 and 1 and easy_first not be negative, not {self.hard}, {self.easy_first}")
        if not self.fps > 0 or self.spectrogram.steps(self.samples) < 1:
            raise UserError(
                f"{self.frames} frames at {self.fps:g} a second are too short for a window of {self.spectrogram.window} samples"
            )
        if not 0 < self.margin <= 2 or self.embedding < 1:
            raise UserError(f"margin must lie within (0, 2] and embedding be positive, not {self.margin}, {self.embedding}")

    @property
    def samples(self) -> int:
        """Of sound that belong to a clip."""
        return round(self.frames / self.fps * AUDIO_RATE)


class AudioVisual(Pretext):
    """Tell a clip's own sound from others. `accuracy`: over the negatives as they are weighed; chance is 0.5, as for `accuracy_easy` and
    `accuracy_hard`, in both methods: right answers to "is it the clip's own?", or how often the own one is nearer than the other.

    `silent`: the part of the clips whose sound says nothing. A batch without a pair to judge counts as chance.
    """

    Config: ClassVar[type[Config]] = AudioVisualConfig
    unit = "clip_audio"
    labels = ("rgb", "audio")
    inputs: ClassVar[tuple[Input, ...]] = ("image", "clip")
    seen: Tensor

    def __init__(self, backbone: Backbone, config: AudioVisualConfig) -> None:
        super().__init__(backbone, config)
        self.config: AudioVisualConfig = config
        self.audio = build_backbone("audio_convnet", width=backbone.width, in_channels=1)
        last, stride = backbone.stages[-1], self.audio.strides[self.audio.stages[-1]]
        times = config.frames if backbone.input == "image" else -(-config.frames // backbone.time_strides[last])
        cells = -(-config.spectrogram.bands // stride) * -(-config.spectrogram.steps(config.samples) // stride)
        self.embed_clip = nn.Linear(backbone.channels[last] * times, config.embedding)
        self.embed_sound = nn.Linear(self.audio.channels[self.audio.stages[-1]] * cells, config.embedding)
        self.judge = nn.Linear(config.embedding, 1) if config.method == "correspondence" else None
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    @property
    def footage(self) -> Footage:
        return Footage(length=self.config.length, fps=self.config.fps)

    def check(self, sample: Sample) -> None:
        super().check(sample)
        frames, samples = len(sample["rgb"]), sample["audio"].shape[-1]
        wanted = round(self.config.length / self.config.fps * AUDIO_RATE)
        if sample["rgb"].ndim != 4 or sample["audio"].ndim != 1 or (frames, samples) != (self.config.length, wanted):
            raise UserError(
                f"pretext {self.name!r} needs {self.config.length} frames at {self.config.fps:g} a second with {wanted} samples of mono "
                f"sound, the data set has rgb {list(sample['rgb'].shape)} and audio {list(sample['audio'].shape)}: train it on videos with "
                f"sound that last {self.config.length / self.config.fps:g} s or longer"
            )

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        """clip uint8 [frames, 3, S, S]; sounds float32 [2, N]: its own and that of another time; recording int64: equal for equal sound."""
        config = self.config
        last = config.length - config.frames
        times = [(own, other) for own in range(last + 1) for other in range(last + 1) if abs(own - other) >= config.shift]
        own, other = times[int(torch.randint(len(times), (), generator=generator))]
        starts = [round(time / config.fps * AUDIO_RATE) for time in (own, other)]
        return {
            "clip": clip_view(sample["rgb"][own : own + config.frames], config.crop, generator),
            "sounds": torch.stack([sample["audio"][start : start + config.samples] for start in starts]),
            "recording": picture_id(sample["audio"]),
        }

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """clip float [B, frames, 3, S, S], normalised; sound float [B, 2, bands, steps]; audible bool [B, 2]."""
        power = mel_power(batch["sounds"], self.config.spectrogram)
        return {
            "clip": normalise(recolour_clips(batch["clip"], self.config.colour, generator)),
            "sound": log_mel(power, self.config.spectrogram),
            "audible": loudness(power) > self.config.silence,
            "recording": batch["recording"],
        }

    def scores(self, batch: Batch) -> Tensor:
        """float [B, A + 1]: how well each clip goes with the sound of every clip of all A on all ranks, and with that of another time of
        its own video.

        Method "correspondence": logits of belonging together; "synchronisation": distances, negative.
        """
        clip = self.embed_clip(clip_maps(self.backbone, batch["clip"]).mean((3, 4)).flatten(1))
        maps = self.audio(batch["sound"].flatten(0, 1)[:, None].contiguous(memory_format=torch.channels_last))
        own, other = self.embed_sound(maps.flatten(1)).float().unflatten(0, batch["sound"].shape[:2]).unbind(1)
        sounds = torch.cat([gather(own).expand(len(own), -1, -1), other[:, None]], 1)
        clips = clip[:, None].float().expand_as(sounds)
        if self.judge is not None:
            product = F.layer_norm(clips, clips.shape[2:]) * F.layer_norm(sounds, sounds.shape[2:])
            logits: Tensor = self.judge(product)[..., 0]
            return logits.float()
        return -(F.normalize(clips, dim=2) - F.normalize(sounds, dim=2)).norm(dim=2)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        scores, pairs = self.scores(batch), fair_pairs(batch)
        losses, right = classify(scores) if self.judge is not None else contrast(scores, self.config.margin)
        count = scores.shape[1] - 1
        easy, hard = (masked_mean(losses[:, part], pairs[:, part]) for part in (slice(count), slice(count, None)))
        easily, hardly = (_accuracy(right[:, part], pairs[:, part]) for part in (slice(count), slice(count, None)))
        if self.training:
            self.seen += count
        weight = self.config.hard * (self.seen > self.config.easy_first)
        return {
            "loss": (1 - weight) * easy + weight * hard,
            "accuracy": (1 - self.config.hard) * easily + self.config.hard * hardly,
            "accuracy_easy": easily,
            "accuracy_hard": hardly,
            "silent": 1 - batch["audible"][:, 0].float().mean(),
        }

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            scores = self.eval().scores(batch).tolist()
        self.train(training)
        pictures: list[Picture] = []
        for i, clip in enumerate(to_picture(batch["clip"]).cpu()):
            pictures.append(("clip", clip.permute(2, 0, 3, 1).flatten(1, 2).numpy()))
            following = (i + 1) % len(scores)
            choice = (("own", i, i, 0), ("another video's", following, following, 0), ("another time's", len(scores), i, 1))
            for title, column, j, time in choice:
                silent = "" if batch["audible"][j, time] else ", silent"
                pictures.append((f"{title} sound, score {scores[i][column]:.2f}{silent}", paint_log_mel(batch["sound"][j, time])))
        return pictures


def fair_pairs(batch: Batch) -> Tensor:
    """bool [B, A + 1], as `scores`: whether a clip's own sound and the other one differ and both say something."""
    own, other = batch["audible"].unbind(1)
    differ = batch["recording"][:, None] != gather(batch["recording"])
    return torch.cat([own[:, None] & (gather(own.int()) > 0) & differ, (own & other)[:, None]], 1)


def matching(scores: Tensor) -> Tensor:
    """[B, A + 1] -> [B, 1]: the score of each clip with its own sound."""
    places = first_of_rank(scores) + torch.arange(len(scores), device=scores.device)
    return scores.gather(1, places[:, None])


def classify(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Logits [B, A + 1] -> of every pair with the clip's own: binary cross-entropy and part of right answers, in the same places."""
    own = matching(scores)
    return (F.softplus(-own) + F.softplus(scores)) / 2, ((own > 0).float() + (scores <= 0).float()) / 2


def contrast(scores: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Negative distances [B, A + 1] -> of every pair with the clip's own: AVTS's loss (its equation 1) and whether the own is nearer."""
    own = -matching(scores)
    return (own.square() + F.relu(margin + scores).square()) / 2, (own < -scores).float()


def _accuracy(right: Tensor, pairs: Tensor) -> Tensor:
    return torch.where(mean(pairs.sum()) > 0, masked_mean(right, pairs), 0.5)
