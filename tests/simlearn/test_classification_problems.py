"""Classification of any pictures: drawn splits, damaged pictures, chance and certainty, and features that are kept."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from scenes.errors import UserError
from simlearn.benchmarks import BENCHMARKS
from simlearn.benchmarks.classification import DrawnSettings, linear_scores, neighbour_scores
from simlearn.benchmarks.evaluation import Request
from simlearn.benchmarks.metrics import top_k
from simlearn.benchmarks.picture_problem import few_of_each
from simlearn.benchmarks.source import Source
from simlearn.datasets.pictures import PictureWarning, Whole

SETTINGS = DrawnSettings(folds=2, penalties=(1.0,))


def caltech(root: Path, *, images: int = 34) -> None:
    """Two classes of one colour each, with noise, in Caltech-101's layout."""
    rng = np.random.default_rng(0)
    for name, colour in (("ant", (200, 40, 40)), ("bass", (40, 40, 200))):
        folder = root / "caltech101" / "101_ObjectCategories" / name
        folder.mkdir(parents=True)
        for number in range(1, images + 1):
            rgb = np.clip(np.array(colour) + rng.normal(0, 20, (40, 60, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(rgb).save(folder / f"image_{number:04d}.jpg")


def evaluate(root: Path, tmp_path: Path, said: list[str] | None = None, *, strict: bool = False) -> dict[tuple[str, str], float]:
    benchmark = replace(BENCHMARKS["caltech101"], quick=DrawnSettings(size=32, rounds=2, penalties=(1.0,), folds=2))
    say = list[str]().append if said is None else said.append
    request = Request(root=root, work=tmp_path, cache=tmp_path / "features", quick=True, strict=strict, say=say)
    found = benchmark.evaluate(Source(method="random", width=8), request)
    return {(row.stage, row.metric): row.value for row in found.rows}


def test_colours_are_told_apart_and_the_second_time_from_kept_features(tmp_path: Path) -> None:
    caltech(tmp_path)
    first_said, said = list[str](), list[str]()
    first = evaluate(tmp_path, tmp_path, first_said)
    assert first["best", "linear_top1"] == first["best", "linear_class_mean"] == 100
    assert "features of 68/68 pictures" in first_said
    assert evaluate(tmp_path, tmp_path, said) == first
    assert "features of 68/68 pictures" not in said


def test_classes_too_many_and_absent_ones_are_named_or_refused(tmp_path: Path) -> None:
    caltech(tmp_path)
    shutil.copytree(tmp_path / "caltech101/101_ObjectCategories/ant", tmp_path / "caltech101/101_ObjectCategories/holidays")
    said = list[str]()
    assert evaluate(tmp_path, tmp_path, said)["best", "linear_top1"] == 100
    with pytest.raises(UserError, match=r"99 listed and not there: Faces.*1 class folders that are in no list: holidays; without --strict"):
        evaluate(tmp_path, tmp_path, strict=True)


def test_a_damaged_picture_is_left_out_and_named_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    caltech(tmp_path)
    monkeypatch.setattr("simlearn.datasets.caltech101.CLASSES", ["ant", "bass"])
    (tmp_path / "caltech101" / "101_ObjectCategories" / "ant" / "image_0003.jpg").write_bytes(b"no picture")
    said = list[str]()
    assert evaluate(tmp_path, tmp_path, said)["best", "linear_top1"] == 100
    assert any("image_0003" in text and "1 of 68" in text for text in said)
    with pytest.raises(UserError, match=r"image_0003.*--strict"):
        evaluate(tmp_path, tmp_path, strict=True)


def test_probes_are_certain_of_separable_features_and_at_chance_on_noise() -> None:
    generator = torch.Generator().manual_seed(0)
    classes = np.arange(400) % 4
    clear = torch.nn.functional.one_hot(torch.from_numpy(classes), 4).float() + 0.01 * torch.randn(400, 4, generator=generator)
    noise = torch.randn(400, 16, generator=generator)
    for probe in (linear_scores, neighbour_scores):
        assert top_k(probe(clear, classes, clear, 4, SETTINGS)[-1], classes) == 1
        other = torch.randn(400, 16, generator=generator)
        assert top_k(probe(noise, classes, other, 4, SETTINGS)[-1], classes) < 0.35


def test_few_of_each_class_are_the_same_whatever_other_classes_there_are() -> None:
    classes = np.repeat([0, 1, 2], 20)
    chosen = few_of_each(classes, np.arange(60), 5, seed=3)
    assert np.bincount(classes[chosen]).tolist() == [5, 5, 5]
    assert set(few_of_each(classes, np.arange(40), 5, seed=3)) == set(chosen[chosen < 40])
    assert set(chosen) != set(few_of_each(classes, np.arange(60), 5, seed=4))
    assert few_of_each(classes, np.arange(60), None) is not None


def test_items_that_cannot_be_read_are_replaced_with_a_warning_until_none_is_left() -> None:
    class Items:
        def __init__(self, broken: set[int]) -> None:
            self.broken = broken

        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> int:
            if index in self.broken:
                raise UserError(f"item {index} is broken")
            return index

    whole = Whole(Items({1}), "things")
    with pytest.warns(PictureWarning, match="item 1 is broken.*1 of 3"):
        assert [whole[i] for i in range(3)] == [0, 2, 2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PictureWarning)
        with pytest.raises(UserError, match="none of the 3 items of things"):
            Whole(Items({0, 1, 2}), "things")[0]
