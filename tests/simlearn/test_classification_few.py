"""Low-shot draws and fine-tuning on a small problem of coloured pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scenes.errors import UserError
from simlearn.benchmarks import finetune, low_shot
from simlearn.benchmarks.evaluation import Request
from simlearn.benchmarks.picture_problem import Problem, Round
from simlearn.benchmarks.source import Source

SETTINGS = low_shot.Settings(shots=(1, 2, 4, 32), draws=3, judged=4, penalties=(1.0,), supervised_epochs=1)


def coloured(root: Path | None = None) -> Problem:
    """Two colours, 20 training and 6 test pictures of each."""
    del root
    labels = np.arange(52) % 2

    def read(row: int) -> np.ndarray:
        noise = np.random.default_rng(row).normal(0, 15, (32, 32, 3))
        return np.clip(np.array([(220, 30, 30), (30, 30, 220)][labels[row]]) + noise, 0, 255).astype(np.uint8)

    return Problem(
        name="coloured",
        names=tuple(map(str, range(52))),
        labels=labels,
        class_names=("red", "blue"),
        read=read,
        prepared="as drawn",
        rounds=(Round(np.arange(40), np.arange(40, 52)),),
        fingerprint="0",
    )


def request(root: Path) -> Request:
    return Request(root=None, work=root, say=lambda _: None)


def test_draws_are_nested_balanced_reproducible_and_apart_from_what_chooses():
    labels, train = coloured().labels, np.arange(40)
    draws, judged, shots = low_shot.draw(labels, train, SETTINGS)
    assert shots == [1, 2, 4], "32 of a class there are not"
    assert np.bincount(labels[judged]).tolist() == [4, 4]
    for drawn in draws:
        assert [np.bincount(labels[drawn[count]]).tolist() for count in shots] == [[count, count] for count in shots]
        assert set(drawn[1]) < set(drawn[2]) < set(drawn[4])
        assert not set(drawn[4]) & set(judged)
    assert len({tuple(drawn[4]) for drawn in draws}) == 3
    again = low_shot.draw(labels, train, SETTINGS)[0]
    assert all(np.array_equal(a[count], b[count]) for a, b in zip(draws, again, strict=True) for count in shots)
    with pytest.raises(UserError, match="add more"):
        low_shot.draw(labels, train, replace(SETTINGS, shots=(32,)))


def test_low_shot_has_a_mean_and_an_interval_over_draws(tmp_path):
    benchmark = replace(low_shot.TINY_IMAGENET, SETTINGS=SETTINGS, load=coloured)
    rows = benchmark.evaluate(Source(method="random", width=4), request(tmp_path)).rows
    best = {row.metric: row for row in rows if row.stage == "best"}
    assert set(best) == {"low_shot_1", "low_shot_2", "low_shot_4"}
    assert best["low_shot_4"].value == 100
    assert best["low_shot_4"].low == best["low_shot_4"].high == 100
    trained = benchmark.evaluate(Source(method="supervised", width=4), request(tmp_path))
    assert trained.source.samples_seen == 40


def test_fine_tuning_learns_and_says_which_rate_was_chosen(tmp_path):
    benchmark = replace(
        finetune.TINY_IMAGENET, SETTINGS=finetune.Settings(rates=(1e-6, 3e-3), epochs=8, batch_size=8, held_out_every=4), load=coloured
    )
    (row,) = benchmark.evaluate(Source(method="random", width=4), request(tmp_path)).rows
    assert row.value == 100
    assert row.config["chosen"] == {"lr": 3e-3}
    assert row.n == 12
