"""Numbers of the literature, as data: the three tables of the survey of Jing & Tian 2020, from the papers that it draws on.

A number is *verified* where it was read in the source named here; the others are taken over from secondary sources and have to be
looked up before they are relied on. None was measured by this project.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Value = float | None
Verified = bool | tuple[bool, ...]
UNVERIFIED = "not verified"
SPLIT_BRAIN = "Zhang et al. 2017 (Split-Brain), tables 2 and 3"
PAPER = "a paper or its authors' page"
VIDEO_LIST = "SSL4VideoSurvey (list of published results)"
README = "its authors' page"


@dataclass(frozen=True)
class Published:
    """One row. `values` in percent, one for each of the table's columns, None where there is none; `verified` for all of them or each."""

    method: str
    family: str
    backbone: str
    trained_on: str
    values: tuple[Value, ...]
    source: str
    verified: Verified = True
    judged_on: str = ""

    def is_verified(self, column: int) -> bool:
        return self.verified if isinstance(self.verified, bool) else self.verified[column]


@dataclass(frozen=True)
class PublishedTable:
    """`columns` are the names of the values."""

    columns: tuple[str, ...]
    caption: str
    rows: tuple[Published, ...]


IMAGENET = "ImageNet pictures"
# name: (family, what it was trained on)
METHODS = {
    "ImageNet labels": ("supervised", "ImageNet with labels"),
    "Places labels": ("supervised", "Places205 with labels"),
    "Random (Gaussian)": ("none", "nothing"),
    "Random (rescaled)": ("none", "nothing"),
    "k-means initialisation": ("none", IMAGENET),
    "Context Encoder": ("generation", IMAGENET),
    "BiGAN": ("generation", IMAGENET),
    "Colorization": ("generation", IMAGENET),
    "Colorization (Larsson)": ("generation", "ImageNet and Places"),
    "Split-Brain": ("generation", IMAGENET),
    "Context prediction": ("context", IMAGENET),
    "Jigsaw (conv1 of stride 2)": ("context", IMAGENET),
    "Jigsaw": ("context", IMAGENET),
    "Learning to count": ("context", IMAGENET),
    "RotNet": ("context", IMAGENET),
    "AET": ("context", IMAGENET),
    "DeepCluster (arXiv v1)": ("context", IMAGENET),
    "DeepCluster (ECCV)": ("context", IMAGENET),
    "DeepCluster": ("context", IMAGENET),
    "Ranking of tracked patches": ("temporal context", "web videos"),
    "Ambient sound": ("cross-modal", "Flickr videos"),
    "Watching objects move": ("free labels", "Flickr videos"),
    "Ren & Lee": ("free labels", "rendered rooms and Places"),
    "Ego-motion (Agrawal, rescaled)": ("cross-modal", "drives"),
    "Tied to ego-motion": ("cross-modal", "drives"),
    "Shuffle & Learn": ("temporal context", "UCF101 videos"),
}


def _layers(judged_on: str, method: str, values: str, *, verified: bool = True, source: str = SPLIT_BRAIN) -> Published:
    """`values` of conv1 to conv5, "-" for none."""
    family, data = METHODS[method]
    source = source if verified else UNVERIFIED
    return Published(method, family, "AlexNet", data, _numbers(values), source, verified, judged_on)


def _voc(method: str, values: str, verified: Verified = True, source: str = PAPER) -> Published:
    family, data = METHODS[method]
    return Published(method, family, "AlexNet", data, _numbers(values), source if verified else UNVERIFIED, verified)


def _action(
    method: str, family: str, backbone: str, data: str, values: str, verified: Verified = True, source: str = VIDEO_LIST
) -> Published:
    return Published(method, family, backbone, data, _numbers(values), source if verified else UNVERIFIED, verified)


def _numbers(text: str) -> tuple[Value, ...]:
    return tuple(None if word == "-" else float(word) for word in text.split())


ON_IMAGENET: Sequence[Published] = (
    _layers("ImageNet", "ImageNet labels", "19.3 36.3 44.2 48.3 50.5"),
    _layers("ImageNet", "Random (Gaussian)", "11.6 17.1 16.9 16.3 14.1"),
    _layers("ImageNet", "k-means initialisation", "17.5 23.0 24.5 23.2 20.6"),
    _layers("ImageNet", "Context Encoder", "14.1 20.7 21.0 19.8 15.5"),
    _layers("ImageNet", "Colorization", "13.1 24.8 31.0 32.6 31.8"),
    _layers("ImageNet", "BiGAN", "17.7 24.5 31.0 29.9 28.0"),
    _layers("ImageNet", "Split-Brain", "17.7 29.3 35.4 35.2 32.8"),
    _layers("ImageNet", "Context prediction", "16.2 23.3 30.2 31.7 29.6"),
    _layers("ImageNet", "Jigsaw (conv1 of stride 2)", "19.2 30.1 34.7 33.9 28.3"),
    _layers("ImageNet", "Jigsaw", "18.2 28.8 34.0 33.9 27.1", verified=False),
    _layers("ImageNet", "Learning to count", "18.0 30.6 34.3 32.5 25.7", verified=False),
    _layers("ImageNet", "RotNet", "18.8 31.7 38.7 38.2 36.5", verified=False),
    _layers("ImageNet", "DeepCluster (arXiv v1)", "13.4 32.3 41.0 39.6 38.2", verified=False),
    _layers("ImageNet", "DeepCluster (ECCV)", "12.9 29.2 38.2 39.8 36.1", verified=False),
    _layers("ImageNet", "AET", "19.2 32.8 40.6 39.7 37.7", verified=False),
    _layers("ImageNet", "Ren & Lee", "16.5 27.0 30.5 30.1 26.5", verified=False),
)
ON_PLACES: Sequence[Published] = (
    _layers("Places205", "Places labels", "22.1 35.1 40.2 43.3 44.6"),
    _layers("Places205", "ImageNet labels", "22.7 34.8 38.4 39.4 38.7"),
    _layers("Places205", "Random (Gaussian)", "15.7 20.3 19.8 19.1 17.5"),
    _layers("Places205", "k-means initialisation", "21.4 26.2 27.1 26.1 24.0"),
    _layers("Places205", "Context Encoder", "18.2 23.2 23.4 21.9 18.4"),
    _layers("Places205", "Colorization", "16.0 25.7 29.6 30.3 29.7"),
    _layers("Places205", "BiGAN", "22.0 28.7 31.8 31.3 29.7"),
    _layers("Places205", "Split-Brain", "21.3 30.7 34.0 34.1 32.5"),
    _layers("Places205", "Context prediction", "19.7 26.7 31.9 32.7 30.9"),
    _layers("Places205", "Jigsaw (conv1 of stride 2)", "23.0 32.1 35.5 34.8 31.3"),
    _layers("Places205", "Ranking of tracked patches", "20.1 28.5 29.9 29.7 27.9"),
    _layers("Places205", "Ambient sound", "19.9 29.3 32.1 28.8 29.8"),
    _layers("Places205", "Learning to count", "23.3 33.9 36.3 34.7 29.6", verified=False),
    _layers("Places205", "RotNet", "21.5 31.0 35.1 34.6 33.7", verified=False),
    _layers("Places205", "DeepCluster (arXiv v1)", "19.6 33.2 39.2 39.8 34.7", verified=False),
    _layers("Places205", "DeepCluster (ECCV)", "18.6 30.8 37.0 37.5 33.1", verified=False),
    _layers("Places205", "AET", "22.1 32.9 37.1 36.2 34.7", verified=False),
)
LINEAR = PublishedTable(
    columns=("1", "2", "3", "4", "5"),
    caption=(
        "Published: AlexNet, trained without labels on 1.3 million pictures and more, then a linear classifier on each of conv1 to conv5, "
        "top-1 in %. Jigsaw with a stride of 2 in conv1 has maps four times as dense as the others: not comparable with them."
    ),
    rows=(*ON_IMAGENET, *ON_PLACES),
)
VOC = PublishedTable(
    columns=("VOC 2007 classification, mAP %", "VOC 2007 detection, mAP %", "VOC 2012 segmentation, mIoU %"),
    caption="Published: AlexNet, all layers fine-tuned. Ren & Lee fine-tuned longer and with other learning rates than the others.",
    rows=(
        _voc("ImageNet labels", "79.9 56.8 48.0"),
        _voc("Random (Gaussian)", "53.3 43.4 19.8"),
        _voc("Random (rescaled)", "57.0 44.5 30.1", verified=False),
        _voc("Context Encoder", "56.5 44.5 29.7"),
        _voc("BiGAN", "60.1 46.9 35.2"),
        _voc("Colorization", "65.9 46.9 35.6"),
        _voc("Split-Brain", "67.1 46.7 36.0"),
        _voc("Colorization (Larsson)", "65.9 - 38.4"),
        _voc("Context prediction", "65.3 51.1 -"),
        _voc("Ranking of tracked patches", "63.1 47.2 -"),
        _voc("Watching objects move", "61.0 52.2 -"),
        _voc("Ambient sound", "61.3 44.0 -"),
        _voc("Ego-motion (Agrawal, rescaled)", "54.2 43.9 -"),
        _voc("Tied to ego-motion", "- 41.7 -"),
        _voc("Shuffle & Learn", "- 42.4 -", source=README),
        _voc("Jigsaw", "67.6 53.2 37.6", verified=False),
        _voc("Learning to count", "67.7 51.4 36.6", verified=False),
        _voc("RotNet", "73.0 54.4 39.1", verified=(False, True, False), source=README),
        _voc("DeepCluster", "73.7 55.4 45.1", verified=False),
        _voc("Ren & Lee", "68.0 52.6 -", verified=False),
    ),
)
TEMPORAL, CROSS = "temporal context", "cross-modal"
ACTION = PublishedTable(
    columns=("UCF101, %", "HMDB51, %"),
    caption=(
        "Published: all layers fine-tuned, top-1. Networks, clips and pretraining differ from row to row, and so do the scores of networks "
        "that were not pretrained (between 42 and 77 % on UCF101): the rows do not even compare well with each other."
    ),
    rows=(
        _action("Kinetics labels", "supervised", "3D ResNet-18", "Kinetics with labels", "84.4 56.4", verified=False),
        _action("From scratch", "none", "3D ResNet-18", "nothing", "42.4 17.1", verified=False),
        _action("Shuffle & Learn, split 1", TEMPORAL, "AlexNet", "UCF101", "50.9 19.8", source=README),
        _action("Shuffle & Learn, mean of splits", TEMPORAL, "AlexNet", "UCF101", "50.2 18.1", source=README),
        _action("VideoGAN", "generation", "", "Flickr videos", "52.9 -"),
        _action("Geometry", CROSS, "AlexNet", "", "54.1 22.6"),
        _action("OPN", TEMPORAL, "VGG-M", "UCF101", "59.8 23.8"),
        _action("O3N", TEMPORAL, "AlexNet", "", "60.3 32.5"),
        _action("CMC (pictures and flow)", CROSS, "CaffeNet", "", "59.1 26.7"),
        _action("Cross and Learn", CROSS, "", "", "59.3 27.7", verified=False),
        _action("3DRotNet", "context", "3D ResNet-18", "Moments in Time", "62.9 33.7"),
        _action("3D ST-puzzle", "context", "", "Kinetics", "65.8 33.7"),
        _action("VCOP", TEMPORAL, "R3D", "UCF101", "64.9 29.5"),
        _action("VCOP, the larger of two entries", TEMPORAL, "", "UCF101", "72.4 30.9"),
        _action("PRP", TEMPORAL, "R3D", "", "72.1 35.0"),
        _action("CoCLR", CROSS, "S3D-G", "pictures and flow", "90.6 62.9"),
        _action("AVTS", CROSS, "MC3", "Kinetics", "85.8 56.9", verified=False),
        _action("L3-Net, run again", CROSS, "MC3", "Kinetics", "74.4 47.8", verified=False),
    ),
)
