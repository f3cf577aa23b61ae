"""Do picture and sound belong together? A run of `audio_visual` is asked on videos that it has not been trained on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.features import device
from simlearn.benchmarks.source import INITIALISATION, Source
from simlearn.datasets.actions import ActionVideos
from simlearn.datasets.kinetics import Kinetics
from simlearn.datasets.root import Finding
from simlearn.datasets.surveillance_fights import SurveillanceFights
from simlearn.datasets.videos import Videos, VideoWarning
from simlearn.statistics import PerItem
from training.checkpoint import load_pretext
from training.images import to_input
from training.learner import AUDIO_RATE
from training.pretexts import build_pretext
from training.pretexts.audio_visual import AudioVisual, fair_pairs, matching
from training.seeds import seeded
from training.spectrogram import log_mel, loudness, mel_power
from training.views import picture_id

PRETEXT = "audio_visual"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`clips`: at most so many of each video, spread evenly. `batch`: videos whose sounds stand against each other."""

    clips: int = 10
    batch: int = 32


PROTOCOL = (
    "{name}, {split}: {videos} videos with sound, at most {clips} stretches of each, {seconds:g} s long, spread evenly. A clip is the "
    "first (of every other stretch the last) {own:g} s of a stretch, its middle square, unchanged in colour; sounds are made equally loud. "
    "Other: how often the clip's own sound scores higher than that of a clip of another video, over all of a batch of at most {batch}. "
    "Shifted: than that of the other end of its own stretch, {shift:g} s away. A tie counts half, so chance is 50 %. Yes or no: the share "
    "of right answers to 'do they belong together?' at the network's own threshold, half of the pairs own, half of another video (method "
    "correspondence alone, chance 50 %). Pairs with a silent or an equal sound are left out. Intervals: bootstrap over videos."
)


@dataclass(frozen=True, kw_only=True)
class Correspondence:
    """The benchmark on the videos of one reader's split; `wording` says which they are."""

    DATA_SET: str
    name: str
    reader: Callable[[Path | None, str], ActionVideos]
    split: str
    wording: str
    INPUTS: ClassVar[tuple[str, ...]] = ("image", "clip")
    ON_REQUEST: ClassVar[bool] = True
    ZERO_SHOT: ClassVar[bool] = True
    SETTINGS: ClassVar[Settings] = Settings()
    QUICK: ClassVar[Settings] = Settings(clips=2)

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        return f"Do picture and sound belong together? Asked of a run of {PRETEXT}, on {self.wording}."

    def found(self, root: Path | None) -> Finding:
        """Whether the videos are there."""
        try:
            data = self.reader(root, self.split)
        except UserError as error:
            return Finding(present=False, text=str(error))
        return Finding(present=True, folder=data.folder, text=f"{len(data)} videos")

    def evaluate(self, source: Source, request: Request) -> Evaluation:
        """UserError for a run of another method, and for fewer than two videos with sound."""
        settings = self.QUICK if request.quick else self.SETTINGS
        listener, data = listener_of(source), self.reader(request.root, self.split)
        videos, facts = _opened(data, listener, request)
        config = listener.config
        result = Evaluation(
            benchmark=self.name,
            protocol=PROTOCOL.format(
                name=data.NAME,
                split=self.wording,
                videos=len(videos.files),
                clips=settings.clips,
                seconds=config.length / config.fps,
                own=config.frames / config.fps,
                shift=(config.length - config.frames) / config.fps,
                batch=settings.batch,
            ),
            source=source,
            settings=settings,
            quick=request.quick,
            data={"name": data.NAME, "fingerprint": data.fingerprint(), **facts},
        )
        counts = answers(listener, videos, settings, request.say)
        for metric, of_videos in counts.items():
            heard = {name: pair for name, pair in of_videos.items() if pair[1] > 0}
            if not heard:
                raise UserError(f"{data.folder}: no two clips have different, audible sounds: nothing can be asked")
            sums, numbers = zip(*heard.values(), strict=True)
            result.add_items(list(heard), {metric: PerItem.pooled([100 * s for s in sums], numbers)}, stage="head")
        return result


def listener_of(source: Source) -> AudioVisual:
    """The network with both of its heads, in eval mode on the device; untrained for "random". UserError for a run of another method."""
    if source.checkpoint is None:
        with seeded(source.seed, INITIALISATION):
            pretext = build_pretext(PRETEXT, source.fresh_backbone())
    else:
        pretext = load_pretext(source.checkpoint)
    found = next((module for module in pretext.modules() if isinstance(module, AudioVisual)), None)
    if found is None:
        raise UserError(f"{source.checkpoint} was trained by {source.method}, which hears nothing: give a run of {PRETEXT}, or random")
    return found.eval().to(device())


def _opened(data: ActionVideos, listener: AudioVisual, request: Request) -> tuple[Videos, dict[str, str]]:
    """The videos with sound, and what is said of the others; UserError if there are some and the request is strict."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VideoWarning)  # said below
        videos = data.stretches(listener.footage, sound=True)
    if len(videos.files) < 2:
        raise UserError(f"{data.folder} has one usable video of split {data.split!r}, two are needed to tell their sounds apart: add more")
    facts = {}
    if data.missing:
        facts["missing"] = f"{len(data.missing)} listed videos are missing, the first is {data.missing[0]}"
    if videos.left_out:
        named = ", ".join(f"{path.name} ({why})" for path, why in list(videos.left_out.items())[:5])
        facts["left_out"] = f"{len(videos.left_out)} of {len(data)} videos cannot be used: {named}"
    for said in facts.values():
        request.say(said)
        if request.strict:
            raise UserError(f"{said}; without --strict they would be left out")
    return videos, facts


def spread(videos: Videos, clips: int) -> list[list[int]]:
    """Of every video the numbers of at most so many of its stretches, evenly."""
    of_video: dict[int, list[int]] = {}
    for index in range(len(videos)):
        of_video.setdefault(videos.locate(index)[0], []).append(index)
    chosen = [np.linspace(0, len(own) - 1, min(clips, len(own))).round().astype(int) for own in of_video.values()]
    return [[own[i] for i in places] for own, places in zip(of_video.values(), chosen, strict=True)]


@torch.inference_mode()
def answers(
    listener: AudioVisual, videos: Videos, settings: Settings, say: Callable[[str], None]
) -> dict[str, dict[str, tuple[float, float]]]:
    """{metric: {name of a video: (sum of right answers, clips that could be asked)}}."""
    counts: dict[str, dict[str, tuple[float, float]]] = {}
    chosen = spread(videos, settings.clips)
    for turn in range(settings.clips):
        there = [(number, own[turn]) for number, own in enumerate(chosen) if turn < len(own)]
        if len(there) < 2:
            break
        # Batches of nearly equal size, so that none has a single video.
        for part in np.array_split(np.arange(len(there)), -(-len(there) // settings.batch)):
            batch = batch_of(listener, [videos[there[i][1]] for i in part], late=turn % 2 == 1)
            judged = judge(listener.scores(batch), fair_pairs(batch), yes_no=listener.judge is not None)
            for metric, (right, asked) in judged.items():
                for i, value, count in zip(part, right.tolist(), asked.tolist(), strict=True):
                    name = str(videos.files[there[i][0]].path.name)
                    before = counts.setdefault(metric, {}).get(name, (0.0, 0.0))
                    counts[metric][name] = (before[0] + value * count, before[1] + count)
        say(f"{turn + 1}/{settings.clips} clips of {len(chosen)} videos")
    return counts


def batch_of(listener: AudioVisual, samples: Sequence[dict[str, Tensor]], *, late: bool) -> dict[str, Tensor]:
    """What `AudioVisual.scores` reads, without anything random: the clip at one end of each stretch (`late`: the last), the other sound at
    the other."""
    config, place = listener.config, device()
    ends = (config.length - config.frames, 0) if late else (0, config.length - config.frames)
    starts = [round(end / config.fps * AUDIO_RATE) for end in ends]
    clips = [_middle(sample["rgb"][ends[0] : ends[0] + config.frames], config.crop.size) for sample in samples]
    sounds = [torch.stack([sample["audio"][start : start + config.samples] for start in starts]) for sample in samples]
    power = mel_power(torch.stack(sounds).to(place), config.spectrogram)
    return {
        "clip": to_input(torch.stack(clips).to(place)),
        "sound": log_mel(power, config.spectrogram),
        "audible": loudness(power) > config.silence,
        "recording": torch.stack([picture_id(sample["audio"]) for sample in samples]).to(place),
    }


def _middle(rgb: Tensor, size: int) -> Tensor:
    """uint8 [T, 3, H, W] -> uint8 [T, 3, size, size]: the middle square, resized."""
    side = min(rgb.shape[2:])
    top, left = (rgb.shape[2] - side) // 2, (rgb.shape[3] - side) // 2
    return F.interpolate(rgb[..., top : top + side, left : left + side], (size, size), mode="bilinear", antialias=True)


def judge(scores: Tensor, pairs: Tensor, *, yes_no: bool) -> dict[str, tuple[Tensor, Tensor]]:
    """{metric: (share of right answers [B], 1 where something could be asked, else 0 [B])} of scores [B, B + 1] as `AudioVisual` gives
    them and bool `pairs`, which of them count."""
    own = matching(scores)
    preferred = (own > scores).double() + (own == scores).double() / 2
    right = {"correspondence_other": preferred[:, :-1], "correspondence_shifted": preferred[:, -1:]}
    asked = {"correspondence_other": pairs[:, :-1], "correspondence_shifted": pairs[:, -1:]}
    if yes_no:
        right["correspondence_yes_no"] = ((own > 0).double() + (scores[:, :-1] <= 0).double()) / 2
        asked["correspondence_yes_no"] = pairs[:, :-1]
    counted = {name: of_pairs.sum(1) for name, of_pairs in asked.items()}
    return {
        name: ((values * asked[name]).sum(1) / counted[name].clamp(min=1), (counted[name] > 0).double()) for name, values in right.items()
    }


FIGHTS = Correspondence(
    DATA_SET="surveillance_fights",
    name="audio_visual_correspondence",
    reader=SurveillanceFights,
    split="test",
    wording="the last 40 % of each class of surveillance fights, by name",
)
KINETICS = Correspondence(
    DATA_SET="kinetics", name="audio_visual_correspondence_kinetics", reader=Kinetics, split="val", wording="Kinetics' validation list"
)
