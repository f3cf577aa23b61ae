"""What is trained on: every kind of source gives every unit that it can, and says what it lacks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import tiny_world
import torch
from PIL import Image
from test_datasets_motion import write_odometry
from written_videos import number_of, write_video

from scenes.errors import UserError
from simlearn.sources import FRAMES_APART, InMemory, Rendered, supply, training_data
from simlearn.train import OnTheFly, new_learner, train
from training.backbones import build_backbone
from training.budget import Budget
from training.learner import AUDIO_RATE, Batch, Config, Footage, Sample
from training.pretexts import PRETEXTS
from training.pretexts.base import Pretext
from training.seeds import seeded


@dataclass(frozen=True, kw_only=True)
class WatcherConfig(Config):
    """Nothing to choose."""


class Watcher(Pretext):
    """A toy of any unit, which looks at the brightness of what it is given."""

    Config: ClassVar[type[Config]] = WatcherConfig
    unit = "clip"
    labels = ("rgb",)
    shown = Footage(length=3, stride=2)

    def __init__(self, backbone: Any, config: WatcherConfig) -> None:
        super().__init__(backbone, config)
        self.head = torch.nn.Linear(backbone.channels[backbone.stages[0]], 1)

    @property
    def footage(self) -> Footage:
        return self.shown

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        del generator
        return {"x": sample["rgb"][0, :, :32, :32].float() / 255}

    def loss(self, batch: Batch) -> dict[str, torch.Tensor]:
        maps = self.backbone.forward_stages(batch["x"])[self.backbone.stages[0]]
        return {"loss": (self.head(maps.mean((2, 3)))[:, 0] - batch["x"].mean((1, 2, 3))).square().mean()}


PRETEXTS.add("toy_watcher", f"{__name__}:Watcher")


def toy(unit: str, labels: tuple[str, ...] = ("rgb",), optional: tuple[str, ...] = (), **footage: Any) -> Pretext:
    kind = type("Toy", (Watcher,), {"unit": unit, "labels": labels, "optional": optional, "shown": Footage(**footage)})
    with seeded(0):
        learner: Pretext = kind(build_backbone("resnet18", width=2), WatcherConfig())
    learner.name = "toy"
    return learner


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(tiny_world.make(tmp_path_factory.mktemp("rendered") / "data", scenes=2, frames=6, width=48, height=36).root)


def test_rendered_data_gives_frames_pairs_and_clips_with_the_labels_that_are_there(rendered):
    frames, facts = training_data(rendered, toy("labelled_frame", ("rgb", "depth", "K")), keep=True)
    assert isinstance(frames, InMemory)
    assert (len(frames), facts["frames"], frames[0]["depth"].ndim) == (12, 12, 2)
    pairs, _ = training_data(rendered, toy("pair", ("rgb", "pose", "K"), length=2, stride=4), keep=False)
    assert len(pairs) == 4
    assert pairs[1]["time"].tolist() == [1, 5]
    assert {key: tuple(value.shape) for key, value in pairs[0].items() if key in ("rgb", "pose", "K")} == {
        "rgb": (2, 3, 36, 48),
        "pose": (2, 4, 4),
        "K": (3, 3),
    }
    clips, _ = training_data(rendered, toy("clip", optional=("flow_forward", "albedo", "depth"), length=3), keep=False)
    assert "albedo" not in clips[0], "the data set was made without it"
    assert clips[0]["flow_forward"].shape == (3, 2, 36, 48)
    strided, _ = training_data(rendered, toy("clip", optional=("flow_forward", "depth"), length=3, stride=2), keep=False)
    assert "flow_forward" not in strided[0], "it leads to a frame that the clip has not"
    assert strided[0]["depth"].shape == (3, 36, 48)
    with pytest.raises(UserError, match="no scene has more than 6 frames"):
        training_data(rendered, toy("clip", length=4, stride=2), keep=False)
    with pytest.raises(UserError, match="made without albedo"):
        training_data(rendered, toy("labelled_frame", ("rgb", "albedo")), keep=False)
    with pytest.raises(UserError, match=r"'toy' needs clips with sound, which rendered data sets lack: train it on videos with sound"):
        training_data(rendered, toy("clip_audio", ("rgb", "audio")), keep=False)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    write_video(folder / "a.mp4", frames=50, clicks_at=[0.4])
    write_video(folder / "b.mp4", frames=40, first=100, clicks_at=[0.4])
    return folder


def test_a_folder_of_videos_gives_clips_sound_and_single_frames(videos):
    clips, facts = training_data(videos, toy("clip", length=4, stride=3), keep=True)
    assert facts == {"path": str(videos), "videos": 2, "clips": len(clips)}
    assert [number_of(p) for p in clips[1]["rgb"].numpy()] == [2, 5, 8, 11]
    heard, _ = training_data(videos, toy("clip_audio", ("rgb", "audio"), length=10, fps=12.5), keep=False)
    assert heard[0]["audio"].shape == (round(0.8 * AUDIO_RATE),)
    assert [number_of(p) for p in heard[0]["rgb"].numpy()] == list(range(0, 20, 2))
    frames, facts = training_data(videos, toy("image"), keep=True)
    assert (len(frames), facts["pictures"]) == (18, 18)
    assert number_of(frames[11]["rgb"].numpy()) == 100 + FRAMES_APART
    with pytest.raises(UserError, match=r"needs pose, K, which pictures and videos lack: .*kitti_odometry"):
        training_data(videos, toy("pair", ("rgb", "pose", "K"), length=2), keep=False)
    with pytest.raises(UserError, match=r"holds no video to train on .*too short.*give another"):
        training_data(videos, toy("clip", length=60), keep=False)


def test_videos_without_sound_are_named_where_it_is_needed(tmp_path):
    write_video(tmp_path / "silent.mp4")
    with pytest.raises(UserError, match=r"holds no video with sound to train on \(silent\.mp4 \(no sound\)\)"):
        training_data(tmp_path, toy("clip_audio", ("rgb", "audio"), length=8, fps=25), keep=False)


def test_a_folder_of_pictures(tmp_path):
    picture = Image.fromarray(np.zeros((40, 48, 3), np.uint8))
    picture.save(tmp_path / "x.png")
    data, facts = training_data(tmp_path, toy("image"), keep=True)
    assert facts["pictures"] == len(data) == 1
    with pytest.raises(UserError, match=r"'toy' needs clips of successive frames, and .* holds no videos: .*weizmann"):
        training_data(tmp_path, toy("clip", length=2), keep=True)
    with pytest.raises(UserError, match=r"holds no data set .*simlearn generate"):
        training_data(tmp_path, toy("labelled_frame", ("rgb", "depth")), keep=True)
    with pytest.raises(UserError, match=r"nowhere.* is not a folder"):
        supply(tmp_path / "nowhere")
    write_video(tmp_path / "v.mp4")
    assert len(training_data(tmp_path, toy("image"), keep=True)[0]) == 1, "pictures where there are pictures"
    assert len(training_data(tmp_path, toy("clip", length=2), keep=True)[0]) == 59


def test_named_data_with_classes_and_drives(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMLEARN_DATA", str(tmp_path))
    for k, action in enumerate(("bend", "walk")):
        for person in "abc":
            write_video(tmp_path / f"weizmann/{action}/{person}_{action}.avi", codec="mjpeg", frames=10, first=20 * k)
    write_odometry(tmp_path)
    clips, facts = training_data("weizmann", toy("clip", length=9), keep=True)
    assert (facts["videos"], len(clips)) == (4, 4)
    assert supply("weizmann").classes == 2
    frames, _ = training_data("weizmann", toy("image", ("rgb", "label")), keep=True)
    assert [(int(f["label"]), number_of(f["rgb"].numpy())) for f in (frames[k] for k in (1, 5))] == [(0, 5), (1, 25)]
    pairs, facts = training_data("kitti_odometry", toy("pair", ("rgb", "pose", "K"), length=2, stride=2), keep=True)
    assert (len(pairs), facts["sequences"]) == (4, ["03"])
    frames, _ = training_data("kitti_odometry", toy("image"), keep=True)
    assert frames[2]["rgb"].shape == (3, 40, 80)
    with pytest.raises(UserError, match=r"'toy' needs depth, which drives lack: .*simlearn generate"):
        training_data("kitti_odometry", toy("pair", ("rgb", "depth"), length=2), keep=True)
    with pytest.raises(UserError, match=r"Tiny ImageNet was not found"):
        supply("tiny_imagenet")
    with pytest.raises(UserError, match="tells at least two classes apart"):
        new_learner("supervised", supply("kitti_odometry"), backbone="resnet18", width=2, seed=0)
    assert new_learner("supervised", supply("weizmann"), backbone="resnet18", width=2, seed=0).config.classes == 2


def test_clips_of_videos_and_streams_are_trained_on(videos, tmp_path, monkeypatch):
    monkeypatch.setattr("simlearn.train.MIXED_SCENES", 1)
    stream = OnTheFly(family="flying", width=48, height=36, frames=8)
    options: dict[str, Any] = {"pretext": "toy_watcher", "budget": Budget(samples=4), "loop": {"batch_size": 4}, "width": 2}
    for name, data in (("videos", videos), ("stream", stream)):
        assert train(data=data, out=tmp_path / name, **options).samples == 4
    with pytest.raises(UserError, match="no scene has more than 4 frames"):
        train(data=OnTheFly(family="flying", width=48, height=36), out=tmp_path / "short", **options)


def test_streams_have_no_sound(tmp_path, monkeypatch):
    monkeypatch.setattr(Watcher, "unit", "clip_audio")
    with pytest.raises(UserError, match="needs clips with sound, which rendered worlds lack"):
        train(pretext="toy_watcher", data=OnTheFly(family="rooms"), out=tmp_path, budget=Budget(samples=8), width=2)
    assert "clip_audio" not in Rendered.units


@pytest.mark.realdata
def test_real_data_by_name():
    source = supply("tiny_imagenet")
    pictures, _ = source.open(toy("image", ("rgb", "label")), keep=False)
    assert source.classes == 20
    assert pictures[0]["rgb"].shape == (3, 64, 64)
    assert (len(pictures), int(pictures[1999]["label"])) == (2000, 19)
    heard, facts = training_data("surveillance_fights", toy("clip_audio", ("rgb", "audio"), length=10, fps=10), keep=False)
    assert facts["videos"] == 24
    assert heard[5]["audio"].abs().max() > 0


def test_sources_joined_by_commas_come_one_after_the_other(rendered, tmp_path):
    other = tiny_world.make(tmp_path / "other", scenes=1, frames=6, width=64, height=48).root
    mixed, facts = training_data(f"{rendered},{other}", toy("labelled_frame", ("rgb", "depth", "K")), keep=True)
    assert len(mixed) == 12 + 6
    assert [tuple(mixed[i]["depth"].shape) for i in (11, 12)] == [(36, 48), (48, 64)]
    assert [part["frames"] for part in facts["parts"]] == [12, 6]
    with pytest.raises(UserError, match="nowhere"):
        supply(f"{rendered},{tmp_path / 'nowhere'}")


def test_a_mixture_gives_what_all_its_parts_give(rendered, tmp_path):
    Image.new("RGB", (40, 40)).save(tmp_path / "one.png")
    mixed, _ = training_data(f"{rendered},{tmp_path}", toy("image"), keep=False)
    assert len(mixed) == 13
    with pytest.raises(UserError, match="depth, which the sources together lack"):
        training_data(f"{rendered},{tmp_path}", toy("labelled_frame", ("rgb", "depth")), keep=False)


def test_ids_of_another_label_space_follow_those_of_the_first(rendered, monkeypatch, tmp_path):
    other = tiny_world.make(tmp_path / "streets", scenes=1, frames=2, width=48, height=36).root
    spaces = iter(["nyu40", "cityscapes"])
    plain = Rendered.__init__

    def named(self: Rendered, name: str) -> None:
        plain(self, name)
        self.label_space = next(spaces)

    monkeypatch.setattr(Rendered, "__init__", named)
    mixture = supply(f"{rendered},{other}")
    assert mixture.semantic_classes == 41 + 34
    learner = toy("labelled_frame", ("rgb", "semantic"))
    mixed, _ = mixture.open(learner, keep=False)
    first, second = mixed[0]["semantic"], mixed[12]["semantic"]
    assert 0 < first.max() < 41
    assert set(second.unique().tolist()) <= {0, *range(42, 41 + 41)}
    assert second.max() > 41
