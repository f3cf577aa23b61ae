"""Class ids against class ids: answers worked out by hand, official layouts written small, and what cannot be scored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenes.errors import UserError
from simlearn.benchmarks import segmentation
from simlearn.benchmarks.segmentation_metrics import Things, count_pixels, intersection_over_union, mean_over_classes, merge, miou_interval
from simlearn.datasets import kitti_semantics, voc2012
from simlearn.datasets.root import data_root
from simlearn.evaluate import evaluate


def save(path: Path, array: np.ndarray, palette: np.ndarray | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    if palette is not None:
        image.putpalette(palette.tobytes())
    image.save(path)


def write_kitti(root: Path) -> Path:
    """Two frames of 8 pixels: road and two cars, of 1 and 3 pixels; the second frame has no car and a void pixel."""
    folder = root / "kitti" / "semantics" / "training"
    classes = {"000000_10": [[7, 7, 7, 7], [26, 26, 26, 26]], "000001_10": [[7, 7, 7, 7], [11, 11, 11, 0]]}
    things = {"000000_10": [[0, 0, 0, 0], [1, 2, 2, 2]], "000001_10": np.zeros((2, 4), int)}
    for name, ids in classes.items():
        save(folder / "image_2" / f"{name}.png", np.full((2, 4, 3), 90, np.uint8))
        save(folder / "semantic" / f"{name}.png", np.array(ids, np.uint8))
        save(folder / "instance" / f"{name}.png", (256 * np.array(ids) + np.array(things[name])).astype(np.uint16))
    return folder


def rows(tmp_path, benchmark, **what):
    found = evaluate(benchmark, what.pop("checkpoint", None), tmp_path / "r.jsonl", **what)
    return {(row.metric, row.stage): row.value for row in found}, found[0].data


def test_counts_and_overlaps_by_hand():
    truth, guess = np.array([0, 0, 0, 1, 1, 3]), np.array([0, 1, 3, 1, 0, 0])
    counts = count_pixels(guess, truth, 3)
    assert counts.tolist() == [[1, 1, 0, 1], [1, 1, 0, 0], [0, 0, 0, 0]]  # the void pixel counts nowhere, the unanswered one misses
    iou = intersection_over_union(counts)
    np.testing.assert_allclose(iou, [1 / 4, 1 / 3, np.nan])
    assert mean_over_classes(iou) == pytest.approx(7 / 24)
    assert merge(counts, [(0, 1), (2,)]).tolist() == [[4, 0, 1], [0, 0, 0]]


def test_pooled_is_not_the_mean_over_images():
    many = count_pixels(np.zeros(9, int), np.zeros(9, int), 1)
    none = count_pixels(np.ones(1, int), np.zeros(1, int), 1)
    assert mean_over_classes(intersection_over_union(many + none)) == pytest.approx(0.9)
    interval = miou_interval([many, none])
    assert (interval.low, interval.high) == (0, 1)
    assert miou_interval([many]) is None


def test_a_small_thing_weighs_like_a_large_one():
    instance = np.array([1, 2, 2, 2, 0])
    kinds, guess = np.full(5, 4), np.array([4, 0, 4, 0, 4])
    hits, misses = Things([4], {4: 12.0}).weigh(guess, kinds, instance)
    assert hits == pytest.approx(12 + 4)
    assert misses == pytest.approx(8)


def test_kitti_layout_and_ids(tmp_path):
    folder = write_kitti(tmp_path)
    frames = kitti_semantics.KittiSemantics(tmp_path)
    assert frames[0]["semantic"].tolist() == [[7] * 4, [26] * 4]
    assert frames[0]["instance"].tolist()[1] == [26 * 256 + 1] + [26 * 256 + 2] * 3
    assert [kitti_semantics.CLASSES[kitti_semantics.CLASS_OF_ID[k]] for k in (7, 19, 33)] == ["road", "traffic light", "bicycle"]
    assert kitti_semantics.CLASS_OF_ID[[0, 9, 29, 30]].tolist() == [19] * 4
    assert "2 frames, 2 with instances" in str(kitti_semantics.found(tmp_path))
    save(folder / "image_2" / "000002_10.png", np.zeros((2, 4, 3), np.uint8))
    assert kitti_semantics.KittiSemantics(tmp_path).missing == ["semantic/000002_10.png"]
    save(folder / "semantic" / "000000_10.png", np.full((2, 4), 34, np.uint8))
    with pytest.raises(UserError, match="class id 34"):
        kitti_semantics.KittiSemantics(tmp_path)[0]
    save(folder / "semantic" / "000000_10.png", np.zeros((2, 5), np.uint8))
    with pytest.raises(UserError, match="its image"):
        kitti_semantics.KittiSemantics(tmp_path)[0]
    assert "SIMLEARN_DATA" in str(kitti_semantics.found(None))


def test_kitti_scores_by_hand(tmp_path, monkeypatch):
    write_kitti(tmp_path)
    monkeypatch.setenv("SIMLEARN_DATA", str(tmp_path))
    truth, _ = rows(tmp_path, "kitti_semantics_predictions", checkpoint="truth")
    assert {truth[name, "all"] for name in ("miou", "miou_category", "iiou", "iiou_category", "pixel_accuracy")} == {100}
    # Road everywhere: 8 of 15 pixels; classes road, building and car occur.
    constant, _ = rows(tmp_path, "kitti_semantics_predictions", checkpoint="constant")
    assert constant["pixel_accuracy", "all"] == pytest.approx(800 / 15)
    assert constant["miou", "all"] == pytest.approx(100 * (8 / 15) / 3)
    assert constant["iiou", "all"] == 0
    # A truck for the car of 3 pixels, in the category: a car's weighted hits are 1, its misses 1, and one road pixel of car is false.
    found = tmp_path / "mine"
    save(found / "000000_10.png", np.array([[26, 7, 7, 7], [26, 27, 27, 27]], np.uint8))
    save(found / "000001_10.png", np.array([[7, 7, 7, 7], [11, 11, 11, 11]], np.uint8))
    mine, _ = rows(tmp_path, "kitti_semantics_predictions", predictions=found)
    average = 12794.0202738185
    # Trucks occur in the prediction alone: their pixels fall on cars, so they are false positives of the class truck.
    assert mine["iiou", "all"] == pytest.approx((100 * average / (2 * average + 1) + 0) / 2)
    assert mine["iiou_category", "all"] == pytest.approx(100 * 2 * average / (2 * average + 1))
    assert mine["iou", "car"] == pytest.approx(100 * 1 / 5)
    assert mine["miou_category", "all"] == pytest.approx(100 * (7 / 8 + 1 + 4 / 5) / 3)


def test_what_cannot_be_scored_is_named_and_strict_refuses(tmp_path, monkeypatch):
    write_kitti(tmp_path)
    monkeypatch.setenv("SIMLEARN_DATA", str(tmp_path))
    found = tmp_path / "mine"
    save(found / "000000_10.png", np.full((2, 4), 34, np.uint8))
    save(found / "000001_10.png", np.full((2, 4), 7, np.uint8))
    _, data = rows(tmp_path, "kitti_semantics_predictions", predictions=found)
    assert data["scored"] == "1 of 2"
    assert "000000_10 (has class id 34 at 8 pixels" in data["left_out"]
    with pytest.raises(UserError, match="34"):
        rows(tmp_path, "kitti_semantics_predictions", predictions=found, strict=True)
    save(found / "000000_10.png", np.full((2, 5), 7, np.uint8))
    assert "shape 2x5" in rows(tmp_path, "kitti_semantics_predictions", predictions=found)[1]["left_out"]
    (found / "000000_10.png").unlink()
    assert "no file 000000_10.png" in rows(tmp_path, "kitti_semantics_predictions", predictions=found)[1]["left_out"]


def test_voc2012_palette_indices_are_classes(tmp_path, monkeypatch):
    folder = tmp_path / "VOCdevkit" / "VOC2012"
    ids = np.array([[0, 1, 15], [20, 255, 0]], np.uint8)
    for split, name in (("train", "2007_000032"), ("val", "2007_000033")):
        save(folder / "JPEGImages" / f"{name}.jpg", np.full((2, 3, 3), 80, np.uint8))
        save(folder / "SegmentationClass" / f"{name}.png", ids, voc2012.COLOURS)
        (folder / "ImageSets" / "Segmentation").mkdir(parents=True, exist_ok=True)
        (folder / "ImageSets" / "Segmentation" / f"{split}.txt").write_text(f"{name}\n2007_999999\n")
    # The development kit's colours: aeroplane dark red, person skin, border near white.
    assert voc2012.COLOURS[[1, 15, 255]].tolist() == [[128, 0, 0], [192, 128, 128], [224, 224, 192]]
    data = voc2012.VOC2012Segmentation(tmp_path, "val")
    np.testing.assert_array_equal(data[0]["semantic"], ids)
    assert data.missing == ["2007_999999"]
    assert "1 listed are missing" in str(voc2012.found(tmp_path))
    monkeypatch.setenv("SIMLEARN_DATA", str(tmp_path))
    assert rows(tmp_path, "voc2012_predictions", checkpoint="truth")[0]["miou", "all"] == 100
    # Background everywhere: 2 of 5 known pixels; background, aeroplane, person and tvmonitor occur.
    assert rows(tmp_path, "voc2012_predictions", checkpoint="constant")[0]["miou", "all"] == pytest.approx(40 / 4)
    save(folder / "SegmentationClass" / "2007_000033.png", np.full((2, 3), 21, np.uint8))
    with pytest.raises(UserError, match="class id 21"):
        data[0]
    with pytest.raises(UserError, match="no split"):
        voc2012.VOC2012Segmentation(tmp_path, "test")


@pytest.mark.realdata
def test_baselines_on_real_camvid(tmp_path):
    if data_root() is None:
        pytest.skip("no real data: set SIMLEARN_DATA")
    data = segmentation.CamVidValidation(data_root())
    labels = np.concatenate([data[i]["semantic"].ravel() for i in range(len(data))])
    share = np.mean(labels[labels != 11] == 3)
    assert rows(tmp_path, "camvid_predictions", checkpoint="truth", quick=True)[0]["miou", "all"] == 100
    constant, _ = rows(tmp_path, "camvid_predictions", checkpoint="constant", quick=True)
    assert constant["pixel_accuracy", "all"] == pytest.approx(100 * share)
    assert constant["miou", "all"] == pytest.approx(100 * share / 11)
