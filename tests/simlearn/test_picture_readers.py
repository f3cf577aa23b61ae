"""Readers of picture data sets: each is written here in miniature, in the official layout and bytes, and read back."""

from __future__ import annotations

import bz2
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from picture_files import picture, save, write_cropped, write_stl10

from scenes.errors import UserError
from simlearn.datasets import DATASETS
from simlearn.datasets.caltech101 import Caltech101
from simlearn.datasets.places import Places205
from simlearn.datasets.places365 import Places365
from simlearn.datasets.root import data_root
from simlearn.datasets.voc2007 import CLASSES as VOC_CLASSES
from simlearn.datasets.voc2007 import VOC2007
from simlearn.datasets.yfcc100m import YFCC100M
from simlearn.sources import REAL, supply

NAMES = ("stl10", "svhn", "places205", "places365", "caltech101", "yfcc100m", "voc2007")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_there_is_said_with_the_remedy(name, tmp_path):
    for root in (tmp_path, None):
        finding = DATASETS[name].found(root)
        assert not finding.present
        assert "SIMLEARN_DATA" in str(finding)
    module = DATASETS[name]
    assert "Where to get it" in module.__doc__
    assert "Licence" in module.__doc__


# Places


def write_places205(root: Path) -> Path:
    folder = root / "places205"
    images = folder / "data/vision/torralba/deeplearning/images256"
    lists = folder / "trainvalsplit_places205"
    lists.mkdir(parents=True)
    (lists / "train_places205.csv").write_text("a/abbey/gsun_1.jpg 0\na/abbey/gsun_2.jpg 0\nd/doorway/outdoor/gsun_3.jpg 1\n")
    (lists / "val_places205.csv").write_text("d/doorway/outdoor/gsun_4.jpg 1\na/abbey/gsun_gone.jpg 0\n")
    for name in ("a/abbey/gsun_1", "a/abbey/gsun_2", "d/doorway/outdoor/gsun_3", "d/doorway/outdoor/gsun_4"):
        save(images / f"{name}.jpg", picture(1))
    return lists


def test_places205_reads_the_lists_and_names_what_is_missing(tmp_path):
    lists = write_places205(tmp_path)
    train, val = Places205(tmp_path, "train"), Places205(tmp_path, "val")
    assert [train[k]["class"] for k in range(3)] == [0, 0, 1]
    assert train.class_names == ["abbey", "doorway/outdoor"]
    assert train[0]["rgb"].shape == (40, 50, 3)
    assert [val[k]["name"] for k in range(len(val))] == ["d/doorway/outdoor/gsun_4.jpg"]
    assert val.missing == ["a/abbey/gsun_gone.jpg"]
    assert "1 validation images; 1 listed images are missing, the first is a/abbey/gsun_gone.jpg" in str(
        DATASETS["places205"].found(tmp_path)
    )
    (lists / "val_places205.csv").write_text("a/abbey/gsun_1.jpg 0\na/abbey/gsun_2.jpg\n")
    with pytest.raises(UserError, match=r"val_places205\.csv line 2 is 'a/abbey/gsun_2\.jpg' instead of a path and a class"):
        Places205(tmp_path, "val")


def write_places365(root: Path) -> Path:
    folder = root / "places365"
    save(folder / "data_256/a/airfield/00000001.jpg", picture(1))
    save(folder / "data_256/a/apartment_building/outdoor/00000001.jpg", picture(2))
    save(folder / "val_256/Places365_val_00000001.jpg", picture(3))
    (folder / "categories_places365.txt").write_text("/a/airfield 0\n/a/apartment_building/outdoor 1\n")
    (folder / "places365_train_standard.txt").write_text("/a/airfield/00000001.jpg 0\n/a/apartment_building/outdoor/00000001.jpg 1\n")
    (folder / "places365_val.txt").write_text("Places365_val_00000001.jpg 1\nPlaces365_val_00000002.jpg 0\n")
    return folder


def test_places365_reads_the_lists_and_names_what_is_missing(tmp_path):
    folder = write_places365(tmp_path)
    train, val = Places365(tmp_path, "train"), Places365(tmp_path, "val")
    assert [train[k]["class"] for k in range(2)] == [0, 1]
    assert train.class_names == ["airfield", "apartment_building/outdoor"] == val.class_names
    assert val[0]["class"] == 1
    assert val.missing == ["Places365_val_00000002.jpg"]
    assert "2 train images of 2 classes; 1 val images of 2 classes; 1 listed images are missing" in str(
        DATASETS["places365"].found(tmp_path)
    )
    (folder / "places365_val.txt").write_text("Places365_val_00000001.jpg 2\n")
    with pytest.raises(UserError, match=r"line 1 is .* instead of a path and a class of 0 \.\.\. 1"):
        Places365(tmp_path, "val")
    (folder / "data_256/a/airfield/00000001.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(UserError, match=r"00000001\.jpg cannot be read as an image"):
        train[0]


# Caltech-101


def write_caltech101(root: Path, classes: dict[str, int]) -> None:
    for name, count in classes.items():
        for k in range(1, count + 1):
            save(root / "caltech101/101_ObjectCategories" / name / f"image_{k:04d}.jpg", picture(k, 33, 34 + k % 3))


def test_caltech101_splits_each_class_by_itself(tmp_path):
    write_caltech101(tmp_path, {"ibis": 33, "dolphin": 31, "BACKGROUND_Google": 2, "holidays": 31})
    train, test = Caltech101(tmp_path, "train"), Caltech101(tmp_path, "test")
    assert train.class_names == ["dolphin", "ibis"]
    assert train.unlisted == ("holidays",)
    assert len(train.missing) == 99
    assert "2 of 101 classes" in str(DATASETS["caltech101"].found(tmp_path))
    assert "1 folders are no class: holidays" in str(DATASETS["caltech101"].found(tmp_path))
    assert [train.classes.count(k) for k in (0, 1)] == [30, 30]
    assert [test.classes.count(k) for k in (0, 1)] == [1, 3]
    assert len({*train.paths, *test.paths}) == 64
    ibis = {path for path in train.paths if path.parent.name == "ibis"}
    assert ibis != {path for path in Caltech101(tmp_path, "train", draw=1).paths if path.parent.name == "ibis"}
    write_caltech101(tmp_path, {"anchor": 30})
    again = Caltech101(tmp_path, "train")
    assert {path for path in again.paths if path.parent.name == "ibis"} == ibis
    assert again.short == ["anchor"]
    assert "1 classes have no test images: anchor" in str(DATASETS["caltech101"].found(tmp_path))


@pytest.mark.realdata
def test_caltech101_on_the_real_sample():
    root = data_root()
    if root is None or not DATASETS["caltech101"].found(root).present:
        pytest.skip("no Caltech-101 under SIMLEARN_DATA")
    train, test = Caltech101(root, "train"), Caltech101(root, "test")
    assert len(train) == 30 * len(train.class_names)
    assert len(test) >= len(train.class_names)
    assert not {*train.paths} & {*test.paths}
    sample = test[0]
    assert sample["rgb"].dtype == np.uint8
    assert sample["rgb"].shape[2] == 3
    assert sample["name"].startswith(train.class_names[0])


# YFCC100M


def yfcc_row(number: int, identifier: str, digest: str, *, video: bool, columns: int) -> str:
    """A line of the metadata file: 23 fields of the first release, line number and hash beside the identifier in the second."""
    middle = "39019111@N00 nick 2012-02-16+09:56:37.0 1331840483 Canon+X A+title A+text tag,tag machine:tag -81.80 24.55 12".split()
    page = f"http://www.flickr.com/photos/39019111@N00/{identifier}/"
    rest = [page, f"http://farm8.staticflickr.com/{identifier}.jpg", "Attribution License", "http://creativecommons.org/licenses/by/2.0/"]
    fields = [identifier, *middle, *rest, "7205", "8", "df7747990d", "692e7e0a7f", "mp4" if video else "jpg", str(int(video))]
    assert len(fields) == 23
    return "\t".join([str(number), identifier, digest, *fields[1:]] if columns == 25 else fields) + "\n"


DIGESTS = ["4e2f7a26a1dfbf165a7e30bdabf7e72a", "0123456789abcdef0123456789abcdef", "ffeeddccbbaa99887766554433221100"]


@pytest.mark.parametrize("columns", [23, 25])
@pytest.mark.parametrize("packed", [False, True])
def test_yfcc100m_reads_both_releases(columns, packed, tmp_path):
    folder = tmp_path / "yfcc100m"
    rows = [yfcc_row(k, str(6185218911 + k), DIGESTS[k % 3], video=k == 3, columns=columns) for k in range(4)]
    folder.mkdir()
    text = "".join(rows).encode()
    (folder / ("yfcc100m_dataset.bz2" if packed else "yfcc100m_dataset")).write_bytes(bz2.compress(text) if packed else text)
    if columns == 25:  # by hash, as on the AWS mirror
        save(folder / "data/images/4e2/f7a" / f"{DIGESTS[0]}.jpg", picture(0))
    save(folder / "images/sub/6185218912.jpg", picture(1))
    if columns == 23:
        save(folder / "images/6185218911.jpg", picture(0))
    data = YFCC100M(tmp_path)
    assert (data.photos, data.videos, len(data), data.missing) == (3, 1, 2, ["6185218913"])
    assert [data[k]["name"] for k in range(2)] == ["6185218911", "6185218912"]
    assert set(data[0]) == {"rgb", "name"}
    assert data[0]["rgb"].shape == (40, 50, 3)
    assert "3 photos and 1 videos listed, 2 images there; 1 are missing, the first is 6185218913" in str(
        DATASETS["yfcc100m"].found(tmp_path)
    )


def test_yfcc100m_says_which_line_is_wrong(tmp_path):
    folder = tmp_path / "yfcc100m"
    folder.mkdir()
    good = yfcc_row(0, "1", DIGESTS[0], video=False, columns=25)
    (folder / "yfcc100m_dataset").write_text(good + good.replace("\t", " ", 3))
    with pytest.raises(UserError, match=r"yfcc100m_dataset line 2 has 22 columns instead of 23 or 25"):
        YFCC100M(tmp_path)
    (folder / "yfcc100m_dataset").write_text(good)
    with pytest.raises(UserError, match="none of the 1 photos"):
        YFCC100M(tmp_path)
    (folder / "yfcc100m_dataset").unlink()
    (folder / "yfcc100m_dataset.bz2").write_bytes(bz2.compress(good.encode() * 50)[:-20])
    with pytest.raises(UserError, match=r"yfcc100m_dataset\.bz2 cannot be read"):
        YFCC100M(tmp_path)


# VOC 2007


def write_voc2007(root: Path) -> Path:
    folder = root / "VOCdevkit/VOC2007"
    (folder / "ImageSets/Main").mkdir(parents=True)
    (folder / "Annotations").mkdir()
    (folder / "ImageSets/Main/trainval.txt").write_text("000005\n000007\n")
    (folder / "ImageSets/Main/test.txt").write_text("000001\n000002\n")
    objects = {
        "000005": [("chair", 0, (263, 211, 324, 339)), ("chair", 1, (5, 244, 67, 374)), ("sofa", 1, (1, 1, 9, 9))],
        "000007": [("car", 0, (1, 1, 50, 40))],
    }
    objects["000001"] = [("dog", 0, (1, 2, 3, 4))]
    for name, things in objects.items():
        save(folder / f"JPEGImages/{name}.jpg", picture(int(name)))
        parts = "".join(
            f"<object><name>{kind}</name><pose>Rear</pose><truncated>0</truncated><difficult>{difficult}</difficult><bndbox>"
            f"<xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>"
            for kind, difficult, (x0, y0, x1, y1) in things
        )
        size = "<size><width>50</width><height>40</height><depth>3</depth></size>"
        (folder / f"Annotations/{name}.xml").write_text(f"<annotation><filename>{name}.jpg</filename>{size}{parts}</annotation>")
    return folder


def test_voc2007_has_three_kinds_of_labels_and_boxes(tmp_path):
    write_voc2007(tmp_path)
    data, test = VOC2007(tmp_path, "trainval"), VOC2007(tmp_path, "test")
    sample = data[0]
    expected = np.full(20, -1)
    expected[VOC_CLASSES.index("chair")], expected[VOC_CLASSES.index("sofa")] = 1, 0
    np.testing.assert_array_equal(sample["labels"], expected)
    np.testing.assert_array_equal(data.labels()[1], np.where(np.array(VOC_CLASSES) == "car", 1, -1))
    assert sample["boxes"].tolist() == [[262, 210, 324, 339], [4, 243, 67, 374], [0, 0, 9, 9]]
    assert sample["difficult"].tolist() == [False, True, True]
    assert [VOC_CLASSES[k] for k in sample["box_classes"]] == ["chair", "chair", "sofa"]
    assert test.names == ["000001"]
    assert test.missing == ["000002"]
    assert "2 trainval images; 1 test images, 1 listed are missing, the first is 000002" in str(DATASETS["voc2007"].found(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("</annotation>", "", "is no VOC annotation"),
        ("<name>car</name>", "<name>lorry</name>", "'lorry'"),
        ("<xmax>50</xmax>", "<xmax>wide</xmax>", "is no VOC annotation"),
        ("<xmax>50</xmax>", "", "is no VOC annotation"),
    ],
)
def test_a_broken_annotation_of_voc2007_is_named(old, new, message, tmp_path):
    path = write_voc2007(tmp_path) / "Annotations/000007.xml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UserError, match=rf"000007\.xml.*{message}"):
        VOC2007(tmp_path, "trainval")[1]


# As training data


def write_all(root: Path) -> None:
    write_stl10(root)
    write_cropped(root, "train", [10, 2])
    write_places205(root)
    write_places365(root)
    write_caltech101(root, {"ibis": 2, "dolphin": 2})
    write_voc2007(root)
    (root / "yfcc100m").mkdir()
    (root / "yfcc100m/yfcc100m_dataset").write_text(yfcc_row(0, "1", DIGESTS[0], video=False, columns=25))
    save(root / "yfcc100m/images/1.jpg", picture(0))


def test_all_can_be_trained_on_by_name(tmp_path, monkeypatch):
    write_all(tmp_path)
    monkeypatch.setenv("SIMLEARN_DATA", str(tmp_path))
    classes = {"stl10": 10, "stl10_unlabeled": None, "svhn": 10, "places205": 2, "places365": 2, "caltech101": 2, "yfcc100m": None}
    for name, count in (classes | {"voc2007": None}).items():
        assert name in REAL
        pictures = supply(name)
        assert pictures.classes == count, name
        assert pictures.offers() == (("rgb", "label") if count else ("rgb",))
        opened, facts = pictures.open(SimpleNamespace(labels=("rgb",), unit="image", name="toy"), keep=False)
        item = opened[len(opened) - 1]
        assert item["rgb"].dtype == torch.uint8
        assert item["rgb"].shape[0] == 3
        assert ("label" in item) == bool(count)
        assert facts["pictures"] == len(opened)


def test_the_page_has_a_row_for_every_data_set():
    page = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text()
    rows = {name for line in page.splitlines() if line.startswith("| `") for name in re.findall("`([a-z0-9_]+)`", line.split("|")[1])}
    assert set(DATASETS) - rows == set()
