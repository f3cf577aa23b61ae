"""What a pretext is trained on: rendered data sets, folders of pictures or videos, and real data sets by name.

A supply is looked at before the pretext is built, because some methods ask it for its number of classes, and opened afterwards, because the
method's configuration says which frames make one sample.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import ConcatDataset, Dataset

from renderers.frame import LABELS
from scenes.errors import UserError
from scenes.families import FAMILIES
from scenes.semantics import class_names
from simlearn.datasets.clip import Clip
from simlearn.datasets.pictures import Colours, Pictures, picture_paths
from simlearn.datasets.root import data_root
from simlearn.datasets.synthetic import SyntheticDataset
from simlearn.datasets.videos import Videos, video_paths
from simlearn.manifest import MANIFEST, Manifest
from training.learner import Footage, Learner

IN_MEMORY_BYTES = 2 << 30
FRAMES_APART = 5
"""Where single frames of a video are wanted, neighbours are all but the same: every fifth is taken."""
CAMERA = ("pose", "K")
MOTION = ("flow_", "occluded_forward", "occluded_backward", "out_of_frame_forward", "out_of_frame_backward", "scene_flow")
"""Labels about the very next frame: of clips with a stride they do not lead to the clip's next frame, and are not given."""
NAMES = {
    "image": "single pictures",
    "labelled_frame": "frames with labels",
    "pair": "pairs of frames",
    "clip": "clips of successive frames",
    "clip_audio": "clips with sound",
}
REMEDIES = {
    "labelled_frame": "train it on a data set made by `simlearn generate`",
    "pair": "train it on a data set made by `simlearn generate`, or on kitti_odometry",
    "clip": "train it on videos (a folder, or a name such as weizmann), or on a data set made by `simlearn generate`",
    "clip_audio": "train it on videos with sound (a folder, or a name such as surveillance_fights)",
    "image": "train it on a real data set with classes, such as tiny_imagenet",
}
Opened = tuple[Dataset[Any], Mapping[str, Any]]
"""A data set, and JSON-able facts about it."""


class InMemory(Dataset[dict[str, Any]]):
    """The items of a data set, each read from disk once and then kept."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._items: list[dict[str, Any] | None] = [None] * len(dataset)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = self._items[index]
        if item is None:
            item = self._items[index] = self._dataset[index]
        return item


class FirstFrames(Dataset[dict[str, Tensor]]):
    """The first picture of every stretch of a data set of videos, uint8 [3, H, W], with its label where there is one."""

    def __init__(self, stretches: Any) -> None:
        self._stretches = stretches

    def __len__(self) -> int:
        return len(self._stretches)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        item = self._stretches[index]
        return {"rgb": item["rgb"][0], **({"label": item["label"]} if "label" in item else {})}


class Supply(ABC):
    """Something that pretexts can be trained on. `units`: what it can give; `classes`: how many its pictures have labels of, if any;
    `semantic_classes`: how many ids the pixels of rendered frames have."""

    what: ClassVar[str]
    units: ClassVar[tuple[str, ...]]
    classes: int | None = None
    semantic_classes: int | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def offers(self) -> tuple[str, ...]:
        """Keys that every sample can have."""
        ...

    @abstractmethod
    def read(self, learner: Learner, *, keep: bool) -> Opened: ...

    def open(self, learner: Learner, *, keep: bool) -> Opened:
        """Samples as the pretext needs them. UserError when this cannot give them."""
        offered = self.offers()
        missing = [label for label in learner.labels if label not in offered and label != "audio"]
        needed = ", ".join(missing) if missing else NAMES[learner.unit]
        if missing or learner.unit not in self.units:
            remedy = REMEDIES["labelled_frame" if set(missing) & set(LABELS) else learner.unit]
            raise UserError(f"{learner.kind} {learner.name!r} needs {needed}, which {self.what} lack: {remedy}")
        return self.read(learner, keep=keep)


class Rendered(Supply):
    """A folder made by `simlearn generate`. Its scenes have no frame rate of their own, so a footage's `fps` is not looked at."""

    what = "rendered data sets"
    units = ("image", "labelled_frame", "pair", "clip")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.label_space = label_space(Manifest.load_complete(Path(name)).config["family"])
        self.semantic_classes = len(class_names(self.label_space))

    def offers(self) -> tuple[str, ...]:
        return (*LABELS, *CAMERA)  # which of them this one has, `SyntheticDataset` says better

    def read(self, learner: Learner, *, keep: bool) -> Opened:
        manifest = Manifest.load_complete(Path(self.name))
        labels = rendered_labels(learner, manifest.labels)
        frames = SyntheticDataset(self.name, labels=labels, clip=clip_of(learner))
        return kept(frames, keep), {"path": self.name, "family": manifest.config["family"], "frames": len(frames)}


def label_space(family: str) -> str:
    """What the semantic ids of a family's frames mean; of one that isn't registered here, or doesn't say, NYU40's."""
    return getattr(FAMILIES[family], "LABEL_SPACE", "nyu40") if family in FAMILIES else "nyu40"


def clip_of(learner: Learner) -> Clip | None:
    """How rendered scenes are cut for a pretext; None: into single frames."""
    footage = learner.footage
    return Clip(footage.length, footage.stride) if learner.unit in ("pair", "clip") else None


def rendered_labels(learner: Learner, there: tuple[str, ...]) -> list[str]:
    """The labels to read or render: those it needs, and of the optional ones those that are there and true of its clips."""
    strided = learner.footage.stride > 1
    optional = [label for label in learner.optional if label in there and not (strided and label.startswith(MOTION))]
    return [label for label in dict.fromkeys((*learner.labels, *optional)) if label in LABELS]


class PictureSet(Supply):
    """The training images of a real data set, with the class of each where it has one. Damaged ones are replaced, counted and named."""

    what = "pictures"
    units = ("image",)

    def __init__(self, name: str, reader: Any) -> None:
        super().__init__(name)
        known = reader(data_root(), "train")
        self._pictures = Colours(known, name)
        self.classes = len(known.class_names) if "label" in self._pictures[0] else None

    def offers(self) -> tuple[str, ...]:
        return ("rgb", "label") if self.classes else ("rgb",)

    def read(self, learner: Learner, *, keep: bool) -> Opened:
        del learner
        return kept(self._pictures, keep), {"path": self.name, "pictures": len(self._pictures)}


class VideoSet(Supply):
    """The training videos of a real data set, with the class of each where it has one."""

    what = "videos"
    units = ("image", "pair", "clip", "clip_audio")

    def __init__(self, name: str, reader: Any) -> None:
        super().__init__(name)
        self._reader = reader(data_root(), "train")
        self.classes = len(self._reader.class_names) if hasattr(self._reader, "class_names") else None

    def offers(self) -> tuple[str, ...]:
        return ("rgb", "label") if self.classes else ("rgb",)

    def read(self, learner: Learner, *, keep: bool) -> Opened:
        classes = {"classes": self._reader.classes} if self.classes else {}
        return read_videos(self._reader.paths, self.name, learner, keep=keep, **classes)


class Drives(Supply):
    """The training sequences of KITTI odometry."""

    what = "drives"
    units = ("image", "pair", "clip")

    def __init__(self, name: str, reader: Any) -> None:
        super().__init__(name)
        self._reader = reader

    def offers(self) -> tuple[str, ...]:
        return ("rgb", *CAMERA)

    def read(self, learner: Learner, *, keep: bool) -> Opened:
        single = learner.unit == "image"
        stretches = self._reader(data_root(), "train", Footage() if single else learner.footage)
        facts = {"path": self.name, "sequences": [drive.name for drive in stretches.drives], "clips": len(stretches)}
        return kept(FirstFrames(stretches) if single else stretches, keep), facts


class Folder(Supply):
    """A folder of pictures or of videos; where there are both, pretexts of single pictures take the pictures."""

    what = "pictures and videos"
    units = VideoSet.units

    def offers(self) -> tuple[str, ...]:
        return ("rgb",)

    def open(self, learner: Learner, *, keep: bool) -> Opened:
        if any(label in LABELS and label != "rgb" for label in learner.labels):
            Manifest.load_complete(Path(self.name))  # says what a folder with such labels must look like
        return super().open(learner, keep=keep)

    def read(self, learner: Learner, *, keep: bool) -> Opened:
        folder = Path(self.name)
        videos = video_paths(folder)
        if learner.unit == "image" and (not videos or next(picture_paths(folder), None) is not None):
            pictures = Pictures.of_folder(folder)
            return kept(pictures, keep), {"path": self.name, "pictures": len(pictures)}
        if not videos:
            needed = NAMES[learner.unit]
            raise UserError(f"{learner.kind} {learner.name!r} needs {needed}, and {folder} holds no videos: {REMEDIES[learner.unit]}")
        return read_videos(videos, self.name, learner, keep=keep)


class Mixture(Supply):
    """Several sources, joined by commas, one after the other: what all of them can give.

    Semantic ids of worlds in different label spaces are kept apart: those of a later space follow the earlier ones' (0 stays 0).
    """

    what = "the sources together"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.parts = [supply(part) for part in name.split(",")]
        if len({part.classes for part in self.parts}) == 1:
            self.classes = self.parts[0].classes
        self.units = tuple(unit for unit in NAMES if all(unit in part.units for part in self.parts))  # type: ignore[misc]
        spaces = dict.fromkeys(part.label_space for part in self.parts if isinstance(part, Rendered))
        ends = np.cumsum([0, *(len(class_names(space)) for space in spaces)]).tolist()
        self._offsets = dict(zip(spaces, ends, strict=False))
        self.semantic_classes = ends[-1] or None

    def offers(self) -> tuple[str, ...]:
        return tuple(label for label in self.parts[0].offers() if all(label in part.offers() for part in self.parts))

    def read(self, learner: Learner, *, keep: bool) -> Opened:
        opened = [part.open(learner, keep=False) for part in self.parts]
        offsets = [self._offsets[part.label_space] if isinstance(part, Rendered) else 0 for part in self.parts]
        together: Dataset[Any] = ConcatDataset(
            [ShiftedIds(data, offset) if offset else data for (data, _), offset in zip(opened, offsets, strict=True)]
        )
        return kept(together, keep), {"path": self.name, "parts": [dict(facts) for _, facts in opened]}


class ShiftedIds(Dataset[dict[str, Any]]):
    """A data set whose semantic ids are `offset` higher, but for 0, "unlabelled"."""

    def __init__(self, data: Any, offset: int) -> None:
        self._data, self._offset = data, offset

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = dict(self._data[index])
        if "semantic" in item:
            item["semantic"] = torch.where(item["semantic"] > 0, item["semantic"] + self._offset, 0)
        return item


REAL: dict[str, tuple[type[Any], str]] = {
    "tiny_imagenet": (PictureSet, "tiny_imagenet:TinyImageNet"),
    "stl10": (PictureSet, "stl10:STL10"),
    "stl10_unlabeled": (PictureSet, "stl10:unlabeled"),
    "svhn": (PictureSet, "svhn:SVHN"),
    "places205": (PictureSet, "places:Places205"),
    "places365": (PictureSet, "places365:Places365"),
    "caltech101": (PictureSet, "caltech101:Caltech101"),
    "yfcc100m": (PictureSet, "yfcc100m:YFCC100M"),
    "voc2007": (PictureSet, "voc2007:training"),
    "scenenet_rgbd": (PictureSet, "scenenet_rgbd:SceneNetRGBD"),
    "camvid": (PictureSet, "camvid:CamVid"),
    "kitti_odometry": (Drives, "kitti_odometry:KittiOdometry"),
    "weizmann": (VideoSet, "weizmann:Weizmann"),
    "ucf101": (VideoSet, "ucf101:UCF101"),
    "hmdb51": (VideoSet, "hmdb51:HMDB51"),
    "kinetics": (VideoSet, "kinetics:Kinetics"),
    "moments_in_time": (VideoSet, "moments_in_time:MomentsInTime"),
    "surveillance_fights": (VideoSet, "surveillance_fights:SurveillanceFights"),
    "clips_with_audio": (VideoSet, "clips_with_audio:ClipsWithAudio"),
}
"""Real data sets whose training part can be named."""


def supply(data: str | Path) -> Supply:
    """Of a folder made by `simlearn generate`, a folder of pictures or videos, the name of a real data set, or several joined by commas.

    Raises UserError for what is none of them, and for a real data set that is not found.
    """
    folder = Path(data)
    if "," in str(data) and not folder.exists():
        return Mixture(str(data))
    if folder.is_dir():
        return Rendered(str(data)) if (folder / MANIFEST).is_file() else Folder(str(data))
    if str(data) not in REAL:
        Manifest.load_complete(folder)  # says what is wrong with it
    kind, target = REAL[str(data)]
    module, _, reader = target.partition(":")
    return kind(str(data), getattr(importlib.import_module(f"simlearn.datasets.{module}"), reader))  # type: ignore[no-any-return]


def training_data(data: str | Path, learner: Learner, *, keep: bool) -> Opened:
    """(data set, JSON-able facts about it) for a pretext. `keep`: read once and keep in memory what fits into 2 GiB.

    Raises UserError for data that is none, is incomplete, or cannot give the pretext what it needs.
    """
    return supply(data).open(learner, keep=keep)


def read_videos(paths: list[Path], source: str, learner: Learner, *, keep: bool, **options: Any) -> Opened:
    """Stretches of videos as the pretext's footage says, or single frames."""
    options |= {"keep_below": IN_MEMORY_BYTES if keep else 0, "sound": learner.unit == "clip_audio"}
    if learner.unit == "image":
        videos = Videos(paths, source, Footage(), every=FRAMES_APART, **options)
        return FirstFrames(videos), {"path": source, "videos": len(videos.files), "pictures": len(videos)}
    videos = Videos(paths, source, learner.footage, **options)
    return videos, {"path": source, "videos": len(videos.files), "clips": len(videos)}


def kept(dataset: Any, keep: bool) -> Dataset[Any]:
    """The data set, kept in memory if that is wanted and it fits."""
    sizes = [value.numel() * value.element_size() for value in dataset[0].values() if isinstance(value, torch.Tensor)]
    return InMemory(dataset) if keep and len(dataset) * sum(sizes) < IN_MEMORY_BYTES else dataset
