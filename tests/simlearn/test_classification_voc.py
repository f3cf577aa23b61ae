"""The VOC07 protocol on a miniature of the official layout: difficult pictures, a broken annotation, and both precisions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenes.errors import UserError
from simlearn.benchmarks import voc2007_svm
from simlearn.benchmarks.evaluation import Request
from simlearn.benchmarks.source import Source

COLOURS = {"car": (220, 30, 30), "dog": (30, 30, 220)}


def write(root: Path, each: int = 8) -> Path:
    """Red cars and blue dogs, half of them training; one test picture has a difficult dog beside its car."""
    folder, rng = root / "VOCdevkit/VOC2007", np.random.default_rng(0)
    for name in ("ImageSets/Main", "JPEGImages", "Annotations"):
        (folder / name).mkdir(parents=True)
    lists: dict[str, list[str]] = {"trainval": [], "test": []}
    for number in range(4 * each):
        split, kind, name = ("trainval", "test")[number % 2], ("car", "dog")[number // 2 % 2], f"{number:06d}"
        rgb = np.clip(np.array(COLOURS[kind]) + rng.normal(0, 15, (40, 50, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(rgb).save(folder / f"JPEGImages/{name}.jpg")
        things = [(kind, 0)] + ([("dog", 1)] if number == 1 else [])
        box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
        objects = "".join(f"<object><name>{k}</name><difficult>{d}</difficult>{box}</object>" for k, d in things)
        (folder / f"Annotations/{name}.xml").write_text(f"<annotation>{objects}</annotation>")
        lists[split].append(name)
    for split, names in lists.items():
        (folder / f"ImageSets/Main/{split}.txt").write_text("\n".join(names))
    return folder


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(voc2007_svm, "QUICK", replace(voc2007_svm.QUICK, size=32, supervised_epochs=1))


def request(root: Path, *, strict: bool = False) -> Request:
    return Request(root=root, work=root / "work", quick=True, strict=strict, say=lambda _: None)


@pytest.mark.parametrize("method", ["random", "supervised"])
def test_colours_are_told_apart(method, tmp_path):
    write(tmp_path)
    done = voc2007_svm.evaluate(Source(method=method, width=4), request(tmp_path))
    values = {(row.stage, row.metric): row.value for row in done.rows}
    assert values["best", "svm_map"] == values["best", "svm_map_area"] == 100
    best = next(row for row in done.rows if row.stage == "best")
    assert best.n == 16
    assert best.config["chosen"]["classes"] == 2
    assert set(done.rows[0].config["chosen"]["cost"]) == {"car", "dog"}


def test_a_broken_annotation_is_counted_and_named_or_refused(tmp_path):
    folder = write(tmp_path)
    (folder / "Annotations/000004.xml").write_text("<annotation>")
    (folder / "JPEGImages/000007.jpg").write_bytes(b"")
    done = voc2007_svm.evaluate(Source(method="random", width=4), request(tmp_path))
    assert "000004.xml" in done.rows[0].data["faults"]
    assert "000007" in done.rows[0].data["left_out"]
    assert done.rows[0].n == 15
    with pytest.raises(UserError, match=r"000004\.xml.*without --strict"):
        voc2007_svm.evaluate(Source(method="random", width=4), request(tmp_path, strict=True))


def test_a_difficult_picture_takes_no_part_in_its_class():
    """Without the second picture the order is +, -, +: 11-point precision (6 * 1 + 5 * 2/3) / 11, area (1 + 2/3) / 2."""
    scores, labels = np.array([[4.0], [3.5], [3.0], [2.0]]), np.array([[1], [0], [-1], [1]], dtype=np.int8)
    found = voc2007_svm.mean_precisions(scores, labels)
    assert found["svm_map"] == pytest.approx(100 * (6 + 5 * 2 / 3) / 11)
    assert found["svm_map_area"] == pytest.approx(100 * (1 + 2 / 3) / 2)
