"""A damaged picture of a real data set does not stop a training: it is skipped, counted and named."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from scenes.errors import UserError
from simlearn.datasets.pictures import PictureWarning
from simlearn.sources import supply

LEARNER = SimpleNamespace(labels=("rgb",), unit="image", name="toy")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two classes of four pictures in Caltech-101's layout."""
    rng = np.random.default_rng(0)
    place = tmp_path / "caltech101/101_ObjectCategories"
    for name in ("ibis", "dolphin"):
        (place / name).mkdir(parents=True)
        for number in range(1, 5):
            Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(place / name / f"image_{number:04d}.jpg")
    monkeypatch.setenv("SIMLEARN_DATA", str(tmp_path))
    return place


@pytest.mark.parametrize("keep", [True, False])
def test_a_damaged_picture_is_replaced_by_the_next_with_its_own_label(keep, folder):
    whole = (folder / "dolphin/image_0001.jpg").read_bytes()
    (folder / "dolphin/image_0001.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "dolphin/image_0004.jpg").write_bytes(b"no picture")
    with pytest.warns(PictureWarning, match=r"image_0001\.jpg cannot be read .*it is left out \(1 of 8 items of caltech101 so far\)"):
        source = supply("caltech101")
    assert source.classes == 2
    opened, facts = source.open(LEARNER, keep=keep)
    assert facts["pictures"] == len(opened) == 8
    with pytest.warns(PictureWarning, match=r"image_0004\.jpg cannot be read .*\(2 of 8 items"):
        items = [opened[k] for k in range(8)]
    assert torch.equal(items[0]["rgb"], items[1]["rgb"])
    assert torch.equal(items[3]["rgb"], items[4]["rgb"])
    assert [int(item["label"]) for item in items] == [0, 0, 0, 1, 1, 1, 1, 1]


def test_nothing_but_damaged_pictures_is_a_sentence(folder):
    for path in folder.glob("*/*.jpg"):
        path.write_bytes(b"")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(UserError, match="none of the 8 items of caltech101 can be read: restore the data set"):
            supply("caltech101")
