"""Several official splits: each one's value and their mean, by hand; what is missing or damaged is named, and refused if strict."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch
from written_videos import write_video

from scenes.errors import UserError
from simlearn.benchmarks import BENCHMARKS, kinetics
from simlearn.benchmarks.action_recognition import Settings, evaluate_splits
from simlearn.benchmarks.clip_probes import by_groups, hits_of, linear_hits, retrieval_hits, thinned
from simlearn.benchmarks.evaluation import Request
from simlearn.benchmarks.source import Source
from simlearn.datasets.ucf101 import UCF101

SMALL = Settings(size=32, length=4, stride=1, clips=3, train_clips=2, penalties=(1e-2,), folds=1, held_out_every=2)
ACTIONS = ("Archery", "Biking")


def write_ucf101(root: Path) -> Path:
    """Two actions that show themselves in every frame, six groups of one video; split k tests groups 2k - 1 and 2k."""
    folder, lists = root / "ucf101", root / "ucf101/ucfTrainTestlist"
    lists.mkdir(parents=True)
    (lists / "classInd.txt").write_text("1 Archery\n2 Biking\n")
    names = {g: [f"{action}/v_{action}_g{g:02d}_c01.avi" for action in ACTIONS] for g in range(1, 7)}
    for group in names.values():
        for k, name in enumerate(group):
            write_video(folder / "UCF-101" / name, codec="mjpeg", frames=6, first=15 + 150 * k, size=(48, 40))
    for split in (1, 2, 3):
        tested = (2 * split - 1, 2 * split)
        (lists / f"testlist{split:02d}.txt").write_text("".join(f"{name}\n" for g in tested for name in names[g]))
        rest = [name for g in names if g not in tested for name in names[g]]
        (lists / f"trainlist{split:02d}.txt").write_text("".join(f"{name} {1 + name.startswith('Biking')}\n" for name in rest))
    return folder


def evaluate(root: Path, source: Source | None = None, **options):
    reads = [partial(UCF101, fold=fold) for fold in (1, 2, 3)]
    request = Request(root=root, work=root / "work", say=str, **options)
    return evaluate_splits("ucf101", "three", reads, SMALL, source or Source(method="random", width=4), request)


def test_the_mean_over_splits_weighs_splits_not_videos():
    hits = [torch.tensor([True, False]), torch.tensor([True, True, True, False])]
    groups = [["a", "b"], ["b", "c", "c", "d"]]
    names, values = by_groups(hits, groups)
    assert names == ["a", "b", "c", "d"]
    assert values.value == pytest.approx((50 + 75) / 2)
    # Group b missed in the first split and hit in the second, which has half the weight a video.
    assert values.numerator.tolist() == [100, 50, 100, 0]
    assert values.denominator.tolist() == [1, 1.5, 1, 0.5]


def test_hits_by_hand():
    scores = torch.tensor([[3.0, 2, 1], [3, 2, 1], [1, 1, 1]])
    assert hits_of(scores, torch.tensor([0, 1, 2]), 1).tolist() == [True, False, False]
    assert hits_of(scores, torch.tensor([0, 1, 2]), 2).tolist() == [True, True, False]
    assert thinned(torch.arange(10.0)[None, :, None], 3).flatten().tolist() == [0, 4, 9]
    assert set(retrieval_hits(torch.rand(6, 1, 2), torch.arange(6), torch.rand(1, 1, 2), torch.tensor([0]))) == {
        "retrieval_top1",
        "retrieval_top5",
    }, "one of all is no answer"


def test_random_features_land_at_chance_and_perfect_ones_at_everything():
    generator = torch.Generator().manual_seed(0)
    known, asked = torch.arange(400) % 20, torch.arange(1000) % 20
    perfect = [torch.nn.functional.one_hot(c, 20).float()[:, None] for c in (known, asked)]
    noise = [torch.randn(len(c), 1, 20, generator=generator) for c in (known, asked)]
    for (x, y), low, high in ((perfect, 1, 1), (noise, 0.02, 0.09)):
        hits = linear_hits(x, known, y, asked, 20, 1e-2)
        assert low <= hits["linear_top1"].double().mean() <= high
        assert low <= retrieval_hits(x, known, y, asked)["retrieval_top1"].double().mean() <= high
        assert low <= hits["linear_softmax_top1"].double().mean() <= high
    assert 0.17 < hits["linear_top5"].double().mean() < 0.33


def test_three_splits_are_measured_with_each_video_decoded_once(tmp_path, monkeypatch):
    write_ucf101(tmp_path)
    from simlearn.benchmarks.clip_features import Cut

    read, opened = Cut.read, []
    monkeypatch.setattr(Cut, "read", lambda self, path, count: (opened.append(path), read(self, path, count))[1])
    done = evaluate(tmp_path)
    assert len(opened) == len(set(opened)) == 12
    best = {row.metric: row for row in done.rows if row.stage == "best"}
    parts = [best[f"linear_top1_split{k}"] for k in (1, 2, 3)]
    assert best["linear_top1"].value == pytest.approx(sum(row.value for row in parts) / 3)
    assert [row.value for row in parts] == [100, 100, 100]
    assert (best["linear_top1"].n, parts[0].n) == (12, 4)
    assert "retrieval_top5_split1" in best
    assert (best["linear_top1"].low, best["linear_top1"].high) == (100, 100)
    assert parts[0].low is None, "four groups are too few for an interval"
    assert "8/8/8 training and 4/4/4 test videos" in done.protocol
    assert len(done.per_item["linear_top1"]["items"]) == 12


def test_what_is_missing_or_damaged_is_named_and_refused_if_strict(tmp_path):
    folder = write_ucf101(tmp_path) / "UCF-101"
    (folder / "Archery/v_Archery_g01_c01.avi").unlink()
    done = evaluate(tmp_path)
    assert "1 of 12 listed videos are missing: UCF-101/Archery/v_Archery_g01" in done.data["missing"]
    assert {row.n for row in done.rows if row.metric == "linear_top1"} == {11}
    with pytest.raises(UserError, match="1 listed videos are missing"):
        evaluate(tmp_path, strict=True)
    for name in ("trainlist", "testlist"):
        for path in (folder.parent / "ucfTrainTestlist").glob(f"{name}*"):
            path.write_text("".join(line + "\n" for line in path.read_text().splitlines() if "Archery_g01" not in line))
    (folder / "Biking/v_Biking_g02_c01.avi").write_bytes(b"RIFF gone")
    assert "1 of 11 videos cannot be read: v_Biking_g02_c01.avi (not a video)" in evaluate(tmp_path).data["left_out"]
    with pytest.raises(UserError, match="1 of 11 videos cannot be read"):
        evaluate(tmp_path, strict=True)


def test_the_benchmarks_name_their_lists(tmp_path):
    write_ucf101(tmp_path)
    assert BENCHMARKS["ucf101"].found(tmp_path).present
    (tmp_path / "ucf101/ucfTrainTestlist/testlist03.txt").unlink()
    assert "testlist03.txt does not exist" in str(BENCHMARKS["ucf101"].found(tmp_path))


def test_kinetics_is_a_linear_probe_tested_on_the_validation_list(tmp_path):
    base = tmp_path / "kinetics"
    for split, count in (("train", 10), ("val", 3)):
        lines = ["label,youtube_id,time_start,time_end,split"]
        for k in range(count):
            for label in ACTIONS:
                lines.append(f"{label},{split}{k:02d}_{label[:3]},0,10,{split}")
                name = f"{split}/{split}{k:02d}_{label[:3]}_000000_000010.mp4"
                write_video(base / name, frames=4, first=15 if label == "Biking" else 240)
        (base / f"{split}.csv").write_text("\n".join(lines) + "\n")
    done = kinetics.evaluate(Source(method="random", width=4), Request(root=tmp_path, work=tmp_path, quick=True, say=str))
    best = {row.metric: row for row in done.rows if row.stage == "best"}
    assert set(best) == {"linear_top1", "linear_softmax_top1"}
    assert (best["linear_top1"].value, best["linear_top1"].n) == (100, 6)
    assert "20 training and 6 test videos" in done.protocol
    assert kinetics.ON_REQUEST
    assert kinetics.found(tmp_path).present
