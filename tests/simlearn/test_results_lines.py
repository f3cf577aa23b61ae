"""Results on disk: what is written comes back, and a bad line is named."""

from __future__ import annotations

import dataclasses
import json

import pytest

from scenes.errors import UserError
from simlearn.results import Result, append, read

ROW = Result(
    benchmark="camvid",
    protocol="exactly so",
    method="random",
    checkpoint="",
    backbone="resnet18",
    width=32,
    stage="hypercolumn",
    metric="miou",
    unit="%",
    value=30.25,
    higher_is_better=True,
    n=30,
    seed=0,
    samples_seen=0,
    train_seconds=0.0,
    commit="abc",
    data={"name": "camvid", "fingerprint": "00"},
    config={"quick": False, "settings": {"size": [480, 360]}},
)


def test_rows_come_back_and_appending_keeps_what_was_there(tmp_path):
    path = tmp_path / "deep" / "results.jsonl"
    append(path, [ROW])
    append(path, [dataclasses.replace(ROW, seed=1), dataclasses.replace(ROW, seed=2)])
    assert read(path) == [dataclasses.replace(ROW, seed=k) for k in range(3)]
    assert len(path.read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda entry: entry.pop("unit"), "lacks unit"),
        (lambda entry: entry.update(value="high"), "value is 'high'"),
        (lambda entry: entry.update(n=True), "n is True"),
        (lambda entry: entry.update(extra=1), "unknown extra"),
    ],
)
def test_bad_line_is_named(tmp_path, change, words):
    path = tmp_path / "results.jsonl"
    append(path, [ROW])
    entry = json.loads(ROW.to_json())
    change(entry)
    path.write_text(path.read_text() + json.dumps(entry) + "\n")
    with pytest.raises(UserError, match=f"line 2 .*{words}"):
        read(path)


def test_cut_line_and_missing_file(tmp_path):
    path = tmp_path / "results.jsonl"
    with pytest.raises(UserError, match="does not exist"):
        read(path)
    path.write_text(ROW.to_json()[:50])
    with pytest.raises(UserError, match="line 1"):
        read(path)


def test_not_a_number_is_never_written(tmp_path):
    path = tmp_path / "results.jsonl"
    with pytest.raises(ValueError, match="JSON"):
        append(path, [ROW, dataclasses.replace(ROW, value=float("nan"))])
    assert not path.exists()


def test_unwritable_place_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--out"):
        append(tmp_path / "file" / "results.jsonl", [ROW])


def test_rows_of_earlier_versions_are_still_read(tmp_path):
    """They have neither an interval nor the memory."""
    facts = dataclasses.asdict(ROW)
    for name in ("low", "high", "peak_memory_mb"):
        del facts[name]
    (tmp_path / "old.jsonl").write_text(json.dumps(facts) + "\n")
    assert read(tmp_path / "old.jsonl") == [ROW]
