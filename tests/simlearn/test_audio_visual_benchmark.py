"""Correspondence of picture and sound: right answers by hand, chance for who knows nothing, what cannot be asked is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from written_videos import write_video

from scenes.errors import UserError
from simlearn.benchmarks import BENCHMARKS
from simlearn.benchmarks import audio_visual_correspondence as module
from simlearn.benchmarks.audio_visual_correspondence import FIGHTS, judge, listener_of
from simlearn.benchmarks.evaluation import Request
from simlearn.benchmarks.source import Source
from simlearn.datasets.root import data_root
from training.backbones import build_backbone
from training.pretexts import build_pretext


def means(scores: torch.Tensor, pairs: torch.Tensor) -> dict[str, float]:
    judged = judge(scores, pairs, yes_no=True)
    return {name: float((right * asked).sum() / asked.sum()) for name, (right, asked) in judged.items()}


def fair(count: int) -> torch.Tensor:
    return torch.cat([~torch.eye(count, dtype=torch.bool), torch.ones(count, 1, dtype=torch.bool)], 1)


def test_answers_by_hand():
    # Rows: clips; columns: the sounds of clips 0 to 2, and that of another time. Own scores: 2, -1, 1.
    scores = torch.tensor([[2.0, 1, 3, 2], [-2, -1, -3, 0], [0, -5, 1, -1]])
    found = means(scores, fair(3))
    assert found["correspondence_other"] == pytest.approx((0.5 + 1 + 1) / 3)
    assert found["correspondence_shifted"] == pytest.approx((0.5 + 0 + 1) / 3)
    # Clip 0: own yes, others wrongly yes; clip 1: own wrongly no, others no; clip 2: all right (0 is a no).
    assert found["correspondence_yes_no"] == pytest.approx((0.5 + 0.5 + 1) / 3)
    silent = fair(3)
    silent[0] = False
    assert means(scores, silent)["correspondence_other"] == 1


def test_who_knows_nothing_is_at_chance_and_who_knows_all_is_right():
    count = 60
    random = torch.randn(count, count + 1, generator=torch.Generator().manual_seed(0))
    knows = torch.where(torch.cat([torch.eye(count, dtype=torch.bool), torch.zeros(count, 1, dtype=torch.bool)], 1), 1.0, -1.0)
    assert set(means(knows, fair(count)).values()) == {1}
    assert set(means(torch.zeros(count, count + 1), fair(count)).values()) == {0.5}
    assert all(0.35 < value < 0.65 for value in means(random, fair(count)).values())


def write_fights(root: Path) -> None:
    for k in range(5):
        for folder, name in (("fight", "fi"), ("noFight", "nofi")):
            sound = None if (k, name) == (4, "nofi") else [0.2 + 0.03 * k, 1.5]
            write_video(root / f"surveillance_fights/{folder}/{name}{k:03d}.mp4", frames=55, clicks_at=sound)


def request(root: Path | None, work: Path, **options) -> Request:
    return Request(root=root, work=work, say=str, **options)


def test_a_whole_measurement_names_videos_without_sound(tmp_path):
    write_fights(tmp_path)
    source = Source(method="random", width=4)
    done = FIGHTS.evaluate(source, request(tmp_path, tmp_path))
    assert {row.metric: row.n for row in done.rows} == {f"correspondence_{name}": 3 for name in ("other", "shifted", "yes_no")}
    assert "1 of 4 videos cannot be used: nofi004.mp4 (no sound)" in done.data["left_out"]
    assert "3 videos with sound" in done.protocol
    again = FIGHTS.evaluate(source, request(tmp_path, tmp_path))
    assert [row.value for row in again.rows] == [row.value for row in done.rows]
    with pytest.raises(UserError, match="nofi004"):
        FIGHTS.evaluate(source, request(tmp_path, tmp_path, strict=True))
    (tmp_path / "surveillance_fights/fight/fi004.mp4").write_bytes(b"\0" * 99)
    (tmp_path / "surveillance_fights/fight/fi003.mp4").write_bytes(b"")
    with pytest.raises(UserError, match="two are needed"):
        FIGHTS.evaluate(source, request(tmp_path, tmp_path))


def test_runs_of_other_methods_are_refused(monkeypatch):
    monkeypatch.setattr(module, "load_pretext", lambda run: build_pretext(run.name, build_backbone("resnet18", width=4)))
    assert listener_of(Source(method="audio_visual", checkpoint=Path("audio_visual"))).judge is not None
    with pytest.raises(UserError, match="trained by rotation, which hears nothing"):
        listener_of(Source(method="rotation", checkpoint=Path("rotation")))


def test_it_is_measured_on_request_and_says_what_it_lacks(tmp_path):
    for name in ("audio_visual_correspondence", "audio_visual_correspondence_kinetics"):
        assert BENCHMARKS[name].ON_REQUEST
        assert not BENCHMARKS[name].found(tmp_path).present


@pytest.mark.realdata
def test_untrained_networks_are_near_chance_on_real_clips(tmp_path):
    root = data_root()
    if root is None or not (root / "surveillance_fights").is_dir():
        pytest.skip("no real data")
    done = FIGHTS.evaluate(Source(method="random", width=4), request(root, tmp_path, quick=True))
    assert all(20 < row.value < 80 for row in done.rows)
    assert done.rows[0].n >= 10
