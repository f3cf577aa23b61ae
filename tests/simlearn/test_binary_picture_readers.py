"""STL-10 and SVHN: written in miniature, byte by byte, and read back."""

from __future__ import annotations

import numpy as np
import pytest
from picture_files import picture, write_cropped, write_numbers, write_stl10

from scenes.errors import UserError
from simlearn.datasets import DATASETS
from simlearn.datasets.stl10 import STL10
from simlearn.datasets.svhn import SVHN, SVHNNumbers


def test_stl10_planes_are_column_by_column_and_labels_count_from_one(tmp_path):
    written = write_stl10(tmp_path)
    train, test, more = (STL10(tmp_path, split) for split in ("train", "test", "unlabeled"))
    for data, split in ((train, "train"), (test, "test"), (more, "unlabeled")):
        np.testing.assert_array_equal([data[k]["rgb"] for k in range(len(data))], written[split])
    assert [train[k]["class"] for k in range(4)] == [0, 9, 1, 0]
    assert train.class_names[9] == "truck"
    assert "class" not in more[0]
    assert [fold.tolist() for fold in train.folds()] == [[0, 2], [1, 3]]
    assert train.fingerprint() != test.fingerprint()
    assert "4 train images, 3 test images, 5 unlabelled images" in str(DATASETS["stl10"].found(tmp_path))


def test_stl10_that_is_cut_short_is_refused(tmp_path):
    write_stl10(tmp_path)
    folder = tmp_path / "stl10_binary"
    body = (folder / "train_X.bin").read_bytes()
    (folder / "train_X.bin").write_bytes(body[:-1])
    with pytest.raises(UserError, match=r"train_X\.bin has 110591 bytes, not a multiple of 27648: it is cut short"):
        STL10(tmp_path, "train")
    (folder / "train_X.bin").write_bytes(body[:27648])
    with pytest.raises(UserError, match="4 labels for 1 images"):
        STL10(tmp_path, "train")
    (folder / "test_y.bin").write_bytes(bytes([0, 1, 2]))
    with pytest.raises(UserError, match=r"labels 0 \.\.\. 2"):
        STL10(tmp_path, "test")
    with pytest.raises(UserError, match="known are train, test, unlabeled"):
        STL10(tmp_path, "val")
    found = DATASETS["stl10"].found(tmp_path)
    assert found.present
    assert "5 unlabelled images; not usable: " in str(found)


def test_svhn_digits_have_ten_for_zero(tmp_path):
    x = write_cropped(tmp_path, "train", [10, 1, 9])
    data = SVHN(tmp_path, "train")
    assert [data[k]["class"] for k in range(3)] == [0, 1, 9]
    assert data.class_names[data[0]["class"]] == "0"
    for k in range(3):
        np.testing.assert_array_equal(data[k]["rgb"], x[..., k])
    assert str(DATASETS["svhn"].found(tmp_path)) == "3 cropped train digits"


def test_svhn_numbers_have_boxes_in_our_pixels(tmp_path):
    write_numbers(tmp_path, "test", [[(43, 7, 19, 30, 5)], [(1, 2, 10, 12, 2), (-3, 4, 8, 9, 10)], [(5, 5, 5, 5, 1)]])
    (tmp_path / "svhn" / "test" / "3.png").unlink()
    data = SVHNNumbers(tmp_path, "test")
    assert data.names == ["1.png", "2.png"]
    assert data.missing == ["3.png"]
    assert data[0]["digits"].tolist() == [5]
    assert data[0]["boxes"].tolist() == [[42, 6, 61, 36]]
    assert data[1]["digits"].tolist() == [2, 0]
    assert data[1]["boxes"].tolist() == [[0, 1, 10, 13], [-4, 3, 4, 12]]
    np.testing.assert_array_equal(data[1]["rgb"], picture(2, 32, 60))
    assert "2 of 3 test pictures of whole numbers" in str(DATASETS["svhn"].found(tmp_path))


def test_broken_svhn_files_are_named(tmp_path):
    write_cropped(tmp_path, "train", [1, 2])
    path = tmp_path / "svhn" / "train_32x32.mat"
    whole = path.read_bytes()
    for broken in (whole[: len(whole) // 2], whole[:100], b"", b"<html>" * 60):
        path.write_bytes(broken)
        with pytest.raises(UserError, match=r"train_32x32\.mat cannot be read .* get it again"):
            SVHN(tmp_path, "train")
    write_cropped(tmp_path, "test", [11])
    with pytest.raises(UserError, match=r"labels that are not 1 \.\.\. 10"):
        SVHN(tmp_path, "test")
    write_numbers(tmp_path, "extra", [[(1, 1, 2, 2, 3)]])
    listed = tmp_path / "svhn" / "extra" / "digitStruct.mat"
    listed.write_bytes(listed.read_bytes()[:2000])
    with pytest.raises(UserError, match=r"digitStruct\.mat cannot be read"):
        SVHNNumbers(tmp_path, "extra")
    assert not DATASETS["svhn"].found(tmp_path).present
