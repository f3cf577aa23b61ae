"""Recognition of actions: clips, probes and retrieval by hand, oracles and constants where they must land, bad videos named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from written_videos import write_video

from scenes.errors import UserError
from simlearn import evaluate as commands
from simlearn.benchmarks import BENCHMARKS, action_recognition, inputs_of
from simlearn.benchmarks.action_recognition import ClipClassifier, Settings, classifier_scores, evaluate_on, held_out_groups, retrieval
from simlearn.benchmarks.clip_features import Cut, even_clips, pooled_clips
from simlearn.benchmarks.evaluation import Request
from simlearn.benchmarks.source import Source
from simlearn.datasets.root import data_root
from simlearn.datasets.weizmann import Weizmann
from training.backbones import build_backbone
from training.images import to_input

SMALL = Settings(size=32, length=4, stride=2, clips=3, train_clips=2, penalties=(1e-2, 1.0), supervised_samples=16, supervised_batch=8)


def test_clips_are_spread_evenly_and_short_videos_go_round():
    np.testing.assert_array_equal(even_clips(11, 3, 2, 3), [[0, 2, 4], [3, 5, 7], [6, 8, 10]])
    np.testing.assert_array_equal(even_clips(4, 3, 2, 2), [[0, 2, 0], [0, 2, 0]])
    assert even_clips(100, 16, 1, 10).max() == 99


@pytest.fixture(scope="module")
def frames() -> Tensor:
    return torch.randint(0, 255, (7, 3, 32, 32), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def test_networks_of_pictures_average_frames_and_networks_of_clips_see_their_order(frames):
    numbers = torch.tensor([[0, 1, 2, 3], [3, 4, 5, 6]])
    still, moving = build_backbone("resnet18", width=4).eval(), build_backbone("r3d18", width=4).eval()
    features = pooled_clips(still, frames, numbers, grid=2)
    with torch.no_grad():
        maps = still.forward_stages(to_input(frames[3:7]))["layer1"]
        clips = moving.forward_stages(to_input(frames[numbers]).transpose(1, 2))["layer2"]
    torch.testing.assert_close(features["layer1"][1].view(4, 2, 2)[:, 0, 1], maps[:, :, :4, 4:].mean((0, 2, 3)))
    torch.testing.assert_close(pooled_clips(still, frames, numbers.flip(1), grid=2)["layer4"], features["layer4"])
    seen = pooled_clips(moving, frames, numbers, grid=2)["layer2"]
    torch.testing.assert_close(seen.view(2, -1, 2, 2).mean((2, 3)), clips.mean((2, 3, 4)))
    assert (pooled_clips(moving, frames, numbers.flip(1), grid=2)["layer2"] - seen).abs().max() > 1e-3


def test_squares_are_the_middle_of_frames_of_any_size(tmp_path):
    for size in ((96, 48), (48, 40), (64, 64)):
        path = write_video(tmp_path / f"{size[0]}.mp4", size=size, frames=6)
        frames, numbers = Cut(size=48, length=2, stride=1).read(path, 2)
        assert frames.shape == (4, 3, 48, 48)
        assert numbers.tolist() == [[0, 1], [2, 3]]
    frames, _ = Cut(size=48, length=2, stride=1).read(tmp_path / "96.mp4", 2)
    # Frame 1 has only its first field bright, the upper left quarter of the width: 24 of 96 pixels, cut off by the middle 48.
    assert frames[1].float().mean() < 60


def test_retrieval_by_hand():
    axis = torch.eye(4)
    gallery = torch.stack([axis[0] + 0.1 * axis[1], axis[1], axis[2], axis[3], *([-axis[3]] * 8)])[:, None].repeat(1, 2, 1)
    classes = torch.tensor([0, 1, 2, 3, *([3] * 8)])
    asked = torch.stack([axis[0], axis[2] + 0.9 * axis[1], axis[3]])[:, None]
    hits = retrieval(gallery, classes, asked, torch.tensor([0, 1, 2]))
    # The first finds itself; the second's class comes second; of the third the only one of its class comes within the first five.
    assert hits == pytest.approx({"retrieval_top1": 1 / 3, "retrieval_top5": 1.0, "retrieval_top10": 1.0})


def test_held_out_groups_never_share_a_person():
    groups = ["ann", "bob", "cat", "ann", "cat", "dan"]
    masks = [held_out_groups(groups, 3, fold).tolist() for fold in range(3)]
    assert masks[0] == [False, False, True, False, True, False]
    assert masks[2] == [True, False, False, True, False, True]
    assert (np.sum(masks, axis=0) == 1).all()
    with pytest.raises(UserError, match="2 groups, at least 3"):
        held_out_groups(["ann", "bob"], 3, 0)


def test_oracle_features_score_everything_and_constant_ones_nothing():
    known, asked = torch.tensor([0, 0, 1, 1, 2, 2]), torch.tensor([2, 1, 0])

    def features(classes: Tensor, clips: int) -> Tensor:
        return torch.nn.functional.one_hot(classes, 3).float()[:, None].repeat(1, clips, 1)

    oracle = (features(known, 2), known, features(asked, 3), asked)
    constant = (torch.ones(6, 2, 3), known, torch.ones(3, 3, 3), asked)
    assert action_recognition.linear(*oracle, 3, 1e-2) == 1
    assert action_recognition.neighbours(*oracle, 3, SMALL) == 1
    assert action_recognition.linear(*constant, 3, 1e-2) == 0, "equal scores for all classes are no answer"


def write_weizmann(root: Path) -> None:
    """Three 'actions' that show themselves in every frame, by five persons."""
    for k, action in enumerate(("bend", "jack", "walk")):
        for person in range(5):
            write_video(
                root / f"weizmann/{action}/person{person}_{action}.avi", codec="mjpeg", frames=12, first=16 * (3 + 4 * k), size=(48, 40)
            )


def request(root: Path | None, work: Path, **options) -> Request:
    return Request(root=root, work=work, say=str, **options)


def test_a_whole_evaluation_with_a_damaged_video(tmp_path):
    write_weizmann(tmp_path)
    (tmp_path / "weizmann/walk/person4_walk.avi").write_bytes(b"RIFF gone")
    done = evaluate_on("weizmann", "by person", Weizmann, SMALL, Source(method="random", width=8), request(tmp_path, tmp_path))
    best = {row.metric: row for row in done.rows if row.stage == "best"}
    assert {row.stage for row in done.rows} == {"conv1", "layer1", "layer2", "layer3", "layer4", "best"}
    assert (best["linear_top1"].value, best["knn_top1"].value, best["retrieval_top1"].value) == (100, 100, 100)
    assert best["linear_top1"].n == 5
    assert "1 of 15 videos cannot be read: person4_walk.avi (not a video)" in best["linear_top1"].data["left_out"]
    assert "9 training and 5 test videos (of the most frequent training class: 40.0 %" in done.protocol
    again = evaluate_on("weizmann", "by person", Weizmann, SMALL, Source(method="random", width=8), request(tmp_path, tmp_path))
    assert [row.value for row in again.rows] == [row.value for row in done.rows]


def test_the_supervised_reference_learns_clips_and_is_scored_by_videos(tmp_path):
    write_weizmann(tmp_path)
    source = Source(method="supervised", backbone="r3d18", width=2)
    done = evaluate_on("weizmann", "by person", Weizmann, SMALL, source, request(tmp_path, tmp_path / "work"))
    row = next(row for row in done.rows if row.metric == "classifier_top1")
    assert (row.stage, row.n, row.samples_seen) == ("fc", 6, 16)
    learner = ClipClassifier(build_backbone("resnet18", width=2), 3, 32)
    with torch.no_grad():
        learner.head.weight.zero_()
        learner.head.bias.copy_(torch.tensor([0.0, 2.0, 1.0]))
    scores, classes = classifier_scores(learner, Weizmann(tmp_path, "test").videos, SMALL)
    torch.testing.assert_close(scores, torch.tensor([0.0, 2.0, 1.0]).expand(6, 3))
    assert classes.tolist() == [0, 0, 1, 1, 2, 2]


def test_networks_that_a_benchmark_cannot_measure_are_refused(tmp_path):
    assert inputs_of(BENCHMARKS["weizmann"]) == ("image", "clip")
    with pytest.raises(UserError, match="tiny_imagenet measures networks that read images, r3d18 reads clips"):
        commands.evaluate("tiny_imagenet", "random", tmp_path / "results.jsonl", backbone="r3d18", width=2)


@pytest.mark.realdata
def test_real_videos_of_actions_are_told_better_than_by_chance(tmp_path):
    root = data_root()
    if root is None or not (root / "weizmann").is_dir():
        pytest.skip("no real data")
    settings = Settings(clips=2, train_clips=3, penalties=(1e-1, 1.0))
    done = evaluate_on("weizmann", "by person", Weizmann, settings, Source(method="random", width=8), request(root, tmp_path))
    assert "12 training and 8 test videos (of the most frequent training class: 25.0 %" in done.protocol
    assert "left_out" not in done.data
    found = [row.value for row in done.rows if row.metric == "linear_top1" and row.stage != "best"]
    assert np.mean(found) > 35  # of single stages 38 to 75
