from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from drawn_lamps import FRAMES, SAMPLES, Lamps
from short_runs import batch_of, measure, raw_batch, small, train
from torch import Tensor

from scenes.errors import UserError
from training.checkpoint import load_pretext
from training.learner import Footage
from training.pretexts.audio_visual import AudioVisual, classify, contrast, fair_pairs
from training.spectrogram import paint_log_mel

WHOLE = {"area": [1, 1]}
PLAIN = dict.fromkeys(("brightness", "contrast", "saturation", "hue", "grey", "channel", "blur", "noise"), 0)
COARSE = {"hop": 320}
"""Half as many steps of sound, for speed."""
METHODS = ("correspondence", "synchronisation")


def audio_visual(**config: Any) -> AudioVisual:
    learner = small("audio_visual", **{"crop": WHOLE, "hard": 0.5, **config})
    assert isinstance(learner, AudioVisual)
    return learner


@pytest.mark.parametrize("method", METHODS)
def test_overfits_both_ends_of_a_few_videos(method: str, tmp_path: Path) -> None:
    learner, data = audio_visual(method=method, shift=12, colour=PLAIN, spectrogram=COARSE), Lamps(8)
    before = measure(learner.train(), data)
    train(learner, data, 8 * 60, tmp_path)
    after = measure(learner, data)
    assert after["loss"] < 0.25 * before["loss"]
    assert after["accuracy"] > 0.85


@pytest.mark.parametrize("method", METHODS)
def test_hears_when_it_was_in_unseen_videos(method: str, tmp_path: Path) -> None:
    """Nothing but the pattern of a lamp and its beep tells times apart, with lamps and pitches that training has not shown."""
    learner = audio_visual(method=method, spectrogram=COARSE)
    train(learner, Lamps(100), 8 * 80, tmp_path)
    after = measure(learner, Lamps(64, first=1000))
    assert min(after["accuracy_easy"], after["accuracy_hard"]) > 0.65
    if method == "correspondence":
        again = load_pretext(tmp_path)
        assert isinstance(again, AudioVisual)
        assert all(torch.equal(x, y) for x, y in zip(again.audio.state_dict().values(), learner.audio.state_dict().values(), strict=True))


def test_a_hum_that_goes_with_the_look_tells_videos_apart_but_not_times(tmp_path: Path) -> None:
    learner = audio_visual(method="synchronisation", hard=0, colour=PLAIN, spectrogram=COARSE)
    train(learner, Lamps(100, beeps=False, hum=0.2), 8 * 60, tmp_path)
    after = measure(learner, Lamps(100, first=1000, beeps=False, hum=0.2))
    assert after["accuracy_easy"] > 0.7
    assert abs(after["accuracy_hard"] - 0.5) < 4 * math.sqrt(0.25 / 100)


def test_loudness_and_offset_of_a_recording_say_nothing() -> None:
    learner, data = audio_visual(), Lamps(6)
    raw = raw_batch(learner, data)
    gain, offset = torch.linspace(0.1, 3, 6)[:, None, None], torch.linspace(-0.3, 0.3, 6)[:, None, None]
    plain, changed = (
        learner.augment({**raw, "sounds": x}, torch.Generator().manual_seed(0)) for x in (raw["sounds"], gain * raw["sounds"] + offset)
    )
    assert torch.allclose(plain["sound"], changed["sound"], atol=1e-3)
    assert plain["sound"].std() > 0.5


def counting() -> dict[str, Tensor]:
    """A video whose frames have the brightness of their number, and whose sound is its time in frames."""
    brightness = torch.arange(FRAMES, dtype=torch.uint8) * 10
    return {
        "rgb": brightness[:, None, None, None].expand(FRAMES, 3, 40, 50).contiguous(),
        "audio": torch.arange(FRAMES * SAMPLES) / SAMPLES,
    }


def test_sounds_begin_with_their_frames_and_both_times_are_drawn_alike() -> None:
    """So no fixed delay, and no place in the video, is right more often than wrong."""
    learner, video = audio_visual(shift=6), counting()
    drawn = []
    for seed in range(1000):
        view = learner.views(video, torch.Generator().manual_seed(seed))
        first = view["clip"][:, 0, 0, 0].float() / 10
        own, other = view["sounds"][:, 0].tolist()
        assert first.tolist() == [own + k for k in range(8)]
        assert view["sounds"].shape == (2, 8 * SAMPLES)
        assert abs(own - other) >= 6
        drawn.append((int(own), int(other)))
    assert len(set(drawn)) == 2 * sum(range(1, 8))
    for time in range(13):
        owns, others = (sum(pair[k] == time for pair in drawn) for k in (0, 1))
        assert abs(owns - others) < 4 * math.sqrt(owns + others)


def test_all_frames_of_a_clip_share_window_and_colours() -> None:
    video = counting()
    video["rgb"] = torch.rand(1, 3, 40, 50, generator=torch.Generator().manual_seed(0)).mul(255).to(torch.uint8).expand(FRAMES, -1, -1, -1)
    clip = batch_of(audio_visual(crop={"area": [0.3, 0.6]}, colour={"noise": 0}), [video])["clip"]  # type: ignore[arg-type]
    assert torch.equal(clip, clip[:, :1].expand_as(clip))


def test_silent_sounds_count_in_no_pair() -> None:
    learner, data = audio_visual(), Lamps(4)
    data.videos[1]["audio"] = torch.zeros(FRAMES * SAMPLES)
    data.videos[2] = data.videos[0]
    batch = batch_of(learner, data)
    batch["audible"][3, 1] = False
    expected = [[0, 0, 0, 1, 1], [0, 0, 0, 0, 0], [0, 0, 0, 1, 1], [1, 0, 1, 0, 0]]
    assert fair_pairs(batch).int().tolist() == expected
    assert learner.loss(batch)["silent"].item() == 0.25


def test_a_batch_of_silence_is_chance_and_teaches_nothing() -> None:
    learner, data = audio_visual(), Lamps(2)
    for video in data.videos:
        video["audio"] = torch.zeros(FRAMES * SAMPLES)
    parts = learner.loss(batch_of(learner, data))
    parts["loss"].backward()
    assert (parts["loss"].item(), parts["accuracy"].item(), parts["silent"].item()) == (0, 0.5, 1)
    assert all(p.grad is None or not p.grad.any() for p in learner.parameters())


def test_losses_by_hand() -> None:
    """Two clips (rows) with the sounds of both and of another time."""
    logits = torch.tensor([[math.log(3), 0.0, -math.log(3)], [math.log(3), -math.log(3), 0.0]])
    losses, right = classify(logits)
    ln = math.log
    # Clip 1 takes its own sound for its own with 3/4, the second clip's with 1/2, that of another time with 1/4.
    assert losses[0, 1:].tolist() == pytest.approx([(ln(4 / 3) + ln(2)) / 2, ln(4 / 3)])
    assert losses[1, [0, 2]].tolist() == pytest.approx([ln(4), (ln(4) + ln(2)) / 2])
    assert right[0, 1:].tolist() == [1, 1]
    assert right[1, [0, 2]].tolist() == [0, 0.5]
    losses, right = contrast(-torch.tensor([[0.2, 0.6, 1.5], [0.1, 0.9, 0.9]]), 1.0)
    assert losses[0, 1:].tolist() == pytest.approx([(0.04 + 0.16) / 2, 0.04 / 2])
    assert losses[1, [0, 2]].tolist() == pytest.approx([(0.81 + 0.81) / 2, (0.81 + 0.01) / 2])
    assert right[0, 1:].tolist() == [1, 1]
    assert right[1, [0, 2]].tolist() == [0, 0]


def test_hard_negatives_begin_after_the_easy_ones_and_have_their_weight() -> None:
    learner, data = audio_visual(hard=0.25, easy_first=9), Lamps(5)
    batch = batch_of(learner, data)
    with torch.no_grad():
        scores = learner.scores(batch)
        losses, pairs = classify(scores)[0], fair_pairs(batch)
        easy, hard = losses[:, :5][pairs[:, :5]].mean().item(), losses[:, 5][pairs[:, 5]].mean().item()
        found = [learner.loss(batch)["loss"].item() for _ in range(2)]
    assert abs(easy - hard) > 1e-4
    assert found == pytest.approx([easy, 0.75 * easy + 0.25 * hard], rel=1e-4)
    assert learner.state_dict()["seen"].item() == 10


def test_previews_show_the_sounds_that_were_judged() -> None:
    learner = audio_visual()
    batch = batch_of(learner, Lamps(3))
    pictures = learner.preview(batch)
    assert len(pictures) == 12
    assert pictures[8][1].shape == (32, 8 * 32, 3)
    assert [title.split(",")[0] for title, _ in pictures[8:]] == ["clip", "own sound", "another video's sound", "another time's sound"]
    for (_, pixels), (video, time) in zip(pictures[9:], [(2, 0), (0, 0), (2, 1)], strict=True):
        assert (pixels == paint_log_mel(batch["sound"][video, time])).all()


def test_footage_and_data_that_do_not_fit_are_refused() -> None:
    learner, video = audio_visual(), Lamps(1)[0]
    assert learner.footage == Footage(length=20, fps=10.0)
    with pytest.raises(UserError, match=r"needs 20 frames at 10 a second with 32000 samples .* audio \[16000\].*last 2 s or longer"):
        learner.check({**video, "audio": video["audio"][:16000]})
    with pytest.raises(UserError, match="needs audio in every sample"):
        learner.check({"rgb": video["rgb"]})
    with pytest.raises(UserError, match="don't fit into 20"):
        audio_visual(shift=13)
    with pytest.raises(UserError, match="too short for a window"):
        audio_visual(frames=1, fps=40)
    with pytest.raises(UserError, match="method must be"):
        audio_visual(method="matching")
