"""Kinetics and Moments in Time: miniatures in their official layouts; what is absent, too many or damaged is counted and named."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from written_videos import number_of, write_video

from scenes.errors import UserError
from simlearn.datasets import DATASETS
from simlearn.datasets.kinetics import Kinetics
from simlearn.datasets.moments_in_time import MomentsInTime
from simlearn.datasets.videos import VideoWarning
from simlearn.sources import supply
from training.backbones import build_backbone
from training.pretexts import build_pretext

TRAIN = """label,youtube_id,time_start,time_end,split,is_cc
"petting animal (not cat)",--aa_bb-cc1,3,13,train,0
abseiling,_dbcJuKJQNs,69,79,train,0
abseiling,gone0000000,1,11,train,1
"""
VAL = """label,youtube_id,time_start,time_end,split,is_cc
abseiling,valvalval00,100,110,val,0
"petting animal (not cat)",valvalval01,5,15,val,0
"""
CLIPS = ("train/petting animal (not cat)/--aa_bb-cc1_000003_000013", "train/abseiling/_dbcJuKJQNs_000069_000079")
VAL_CLIPS = ("val/abseiling/valvalval00_000100_000110", "val/petting animal (not cat)/valvalval01_000005_000015")


def tiny_video(path: Path, first: int = 0) -> None:
    write_video(path, frames=8, first=first)


def write_kinetics(root: Path, *, flat: bool, folder: str = "kinetics") -> Path:
    base = root / folder
    (base / "annotations").mkdir(parents=True)
    (base / "annotations/train.csv").write_text(TRAIN)
    (base / "annotations/val.csv").write_text(VAL)
    for k, clip in enumerate((*CLIPS, *VAL_CLIPS)):
        split, _, name = clip.split("/")
        tiny_video(base / (f"{split}/{name}.mp4" if flat else f"{clip}.mp4"), first=10 * k)
    return base


@pytest.mark.parametrize("flat", [True, False])
def test_both_layouts_of_the_archives_are_read(tmp_path, flat):
    write_kinetics(tmp_path, flat=flat)
    train, val = Kinetics(tmp_path, "train"), Kinetics(tmp_path, "val")
    assert train.class_names == val.class_names == ("abseiling", "petting animal (not cat)")
    named = {video.path.stem: (video.label, video.group) for video in (*train.videos, *val.videos)}
    assert named == {
        "--aa_bb-cc1_000003_000013": (1, "--aa_bb-cc1"),
        "_dbcJuKJQNs_000069_000079": (0, "_dbcJuKJQNs"),
        "valvalval00_000100_000110": (0, "valvalval00"),
        "valvalval01_000005_000015": (1, "valvalval01"),
    }
    assert train.missing == ["train/abseiling/gone0000000_000001_000011.mp4"]
    finding = str(DATASETS["kinetics"].found(tmp_path))
    assert finding.startswith("2 classes, 2 train, 2 val videos; 1 of 3 listed train videos are missing, the first is train/abseiling/gone")
    assert "no listed class" not in finding


def test_a_class_folder_too_many_replacements_and_other_names(tmp_path):
    base = write_kinetics(tmp_path, flat=False, folder="k700-2020")
    (base / "annotations/val.csv").rename(base / "kinetics700_validate.csv")
    (base / "val").rename(base / "validate")
    tiny_video(base / "train/yodelling/x_000000_000010.mp4")
    (base / "train/petting animal (not cat)").rename(base / "train/petting_animal_(not_cat)")
    tiny_video(base / "replacement/replacement_for_corrupted/_dbcJuKJQNs_000069_000079.mp4", first=200)
    train = Kinetics(tmp_path, "train")
    assert len(train) == 2
    assert train.unlisted == ("yodelling",)
    assert "1 folders of train are of no listed class: yodelling" in str(DATASETS["kinetics"].found(tmp_path))
    assert [video.path.parent.name for video in train.videos if video.label == 0] == ["replacement_for_corrupted"]
    assert len(Kinetics(tmp_path, "val")) == 2


def test_lists_that_cannot_be_used_are_a_sentence(tmp_path):
    base = write_kinetics(tmp_path, flat=True)
    (base / "annotations/test.csv").write_text("youtube_id,time_start,time_end,split\nabc,1,2,test\n")
    (base / "test").mkdir()
    for split, text, complaint in (
        ("test", None, "no column label"),
        ("val", VAL + "abseiling,valval", "line 4 has too few fields"),
        ("val", VAL + "abseiling,v,one,two,val,0\n", "line 4 has times that are no numbers"),
        ("val", VAL + "zorbing,v,1,2,val,0\n", r"classes that .*train.csv lacks, such as 'zorbing'"),
        ("val", VAL.splitlines()[0], "names no video"),
    ):
        if text is not None:
            (base / f"annotations/{split}.csv").write_text(text)
        with pytest.raises(UserError, match=complaint):
            Kinetics(tmp_path, split)
    (base / "annotations/train.csv").unlink()
    assert "annotations/train.csv" in str(DATASETS["kinetics"].found(tmp_path))
    (base / "annotations/val.csv").write_text(VAL)
    assert "2 classes, 2 val videos" in str(DATASETS["kinetics"].found(tmp_path)), "one split alone will do"


def write_moments(root: Path) -> Path:
    base = root / "moments_in_time"
    base.mkdir()
    (base / "moments_categories.txt").write_text("clapping,1\nadult+female+singing,0\n")
    (base / "trainingSet.csv").write_text("clapping/yt-a_1.mp4,clapping,3,0\nadult+female+singing/b.mp4,adult+female+singing,3,1\n")
    (base / "validationSet.csv").write_text("clapping/v.mp4,clapping,3,0\nclapping/w.mp4,clapping,3,0\n")
    for k, name in enumerate(("training/clapping/yt-a_1", "training/adult+female+singing/b", "validation/clapping/v")):
        tiny_video(base / f"{name}.mp4", first=10 * k)
    return base


def test_moments_in_time_are_numbered_by_their_own_list(tmp_path):
    base = write_moments(tmp_path)
    train, val = MomentsInTime(tmp_path, "train"), MomentsInTime(tmp_path, "val")
    assert train.class_names == ("adult+female+singing", "clapping")
    assert {video.path.name: video.label for video in train.videos} == {"yt-a_1.mp4": 1, "b.mp4": 0}
    assert val.missing == ["validation/clapping/w.mp4"]
    tiny_video(base / "training/zumba/z.mp4")
    text = str(DATASETS["moments_in_time"].found(tmp_path))
    assert (
        "2 classes, 2 train, 1 val videos; 1 folders of train are of no listed class: zumba; 1 of 2 listed val videos are missing" in text
    )
    before = train.fingerprint()
    write_video(base / "training/clapping/yt-a_1.mp4", frames=30)
    assert MomentsInTime(tmp_path, "train").fingerprint() != before


def test_moments_in_time_refuse_damaged_lists(tmp_path):
    base = write_moments(tmp_path)
    (base / "trainingSet.csv").write_text("clapping/yt-a_1.mp4\n")
    with pytest.raises(UserError, match="line 1 has 1 fields"):
        MomentsInTime(tmp_path, "train")
    (base / "trainingSet.csv").write_text("x/y.mp4,x,1,0\n")
    with pytest.raises(UserError, match="class 'x', which moments_categories"):
        MomentsInTime(tmp_path, "train")
    (base / "moments_categories.txt").write_text("clapping,1\n")
    with pytest.raises(UserError, match="not numbered 0, 1"):
        MomentsInTime(tmp_path, "val")
    with pytest.raises(UserError, match="known are train, val"):
        MomentsInTime(tmp_path, "test")


def test_they_are_trained_on_by_name_and_a_damaged_clip_is_named(tmp_path, monkeypatch):
    base = write_kinetics(tmp_path, flat=True)
    monkeypatch.setenv("SIMLEARN_DATA", str(tmp_path))
    (base / "train/_dbcJuKJQNs_000069_000079.mp4").write_bytes(b"\0" * 999)
    learner = build_pretext("supervised", build_backbone("resnet18", width=4), {"classes": 2})
    with pytest.warns(VideoWarning, match=r"1 of 2 videos of kinetics are left out: _dbcJuKJQNs_000069_000079.mp4 \(not a video\)"):
        data, facts = supply("kinetics").open(learner, keep=False)
    assert facts["videos"] == 1
    assert int(data[0]["label"]) == 1
    assert number_of(data[0]["rgb"].numpy()) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_moments(tmp_path)
        assert supply("moments_in_time").open(learner, keep=False)[1]["videos"] == 2
