"""Published rows beside measured ones: what is published is whole, marked, and never mixed with what was measured."""

import pytest
from report_inputs import invented_rows, row

from simlearn.benchmarks import BENCHMARKS, inputs_of, is_scored
from simlearn.benchmarks.evaluation import evaluation_config
from simlearn.report import published
from simlearn.report.measurements import tables
from simlearn.report.survey import FAMILIES, is_of_videos, survey_tables
from training.pretexts import PRETEXTS

TABLES = (published.LINEAR, published.VOC, published.ACTION)


@pytest.mark.parametrize("table", TABLES)
def test_published_rows_are_whole(table):
    seen = [(entry.method, entry.judged_on) for entry in table.rows]
    assert len(set(seen)) == len(seen)
    for entry in table.rows:
        assert len(entry.values) == len(table.columns)
        assert any(value is not None for value in entry.values)
        assert all(value is None or 0 < value < 100 for value in entry.values)
        assert entry.source
        unsure = not any(entry.is_verified(i) for i in range(len(entry.values)))
        assert (entry.source == published.UNVERIFIED) == unsure


def test_golden_published_rows():
    """As printed in the sources."""
    found = {(entry.method, entry.judged_on): entry for entry in published.LINEAR.rows}
    assert found["Split-Brain", "ImageNet"].values == (17.7, 29.3, 35.4, 35.2, 32.8)
    assert found["Ambient sound", "Places205"].values == (19.9, 29.3, 32.1, 28.8, 29.8)
    assert not found["AET", "ImageNet"].is_verified(0)
    rotnet = next(entry for entry in published.VOC.rows if entry.method == "RotNet")
    assert (rotnet.values[1], rotnet.is_verified(1), rotnet.is_verified(0)) == (54.4, True, False)
    assert next(entry for entry in published.ACTION.rows if entry.method == "CoCLR").values == (90.6, 62.9)


def test_families_are_those_of_methods_that_exist():
    assert FAMILIES.keys() <= {"random", "supervised", *PRETEXTS}


def test_benchmarks_of_videos_are_known_by_a_setting():
    for name in BENCHMARKS:
        if not is_scored(BENCHMARKS[name]):
            config = evaluation_config(BENCHMARKS[name].SETTINGS, quick=False)
            (table,) = tables([row(benchmark=name, config=config)])
            assert is_of_videos(table) == ("clip" in inputs_of(BENCHMARKS[name])), name


def measured():
    linear = {"metric": "linear_top1", "stage": "best"}
    rows = [row(metric="linear_top1", stage=f"layer{i}", value=20.0 + i, seed=seed) for i in range(1, 5) for seed in range(3)]
    rows += [row(value=24.0, seed=seed, **linear) for seed in range(3)]
    rows += [row(metric="miou", benchmark="camvid", stage="hypercolumn", value=31.0)]
    return tables([*rows, row(benchmark="weizmann", value=70.0, n=30, config={"settings": {"clips": 10}}, **linear), *invented_rows()])


def test_measured_rows_are_a_part_of_their_own():
    linear, tasks, action = survey_tables(measured())
    for table in (linear, tasks, action):
        assert [part.ours for part in table.parts] == [True, False]
        assert all(len(entry.cells) == len(table.columns) for part in table.parts for entry in part.rows)
        assert all((entry.source == "measured here") == part.ours for part in table.parts for entry in part.rows)
        assert "must not be compared" in table.caption
    (mine,) = linear.parts[0].rows
    assert [cell.text for cell in mine.cells] == ["21.0", "22.0", "23.0", "24.0", "–"]  # noqa: RUF001
    assert mine.judged_on == "tiny_imagenet (n = 1\u202f000)"


def test_columns_of_different_data_are_never_shared():
    _, tasks, action = survey_tables(measured())
    assert tasks.columns[3:] == ("tiny_imagenet, linear top-1 %", "camvid, mIoU %")
    assert action.columns == ("UCF101, %", "HMDB51, %", "weizmann, linear top-1 %")
    for table, theirs in ((tasks, 3), (action, 2)):
        for part in table.parts:
            for entry in part.rows:
                foreign = entry.cells[:theirs] if part.ours else entry.cells[theirs:]
                assert all(cell.sort == "" for cell in foreign)


def test_unverified_numbers_are_marked():
    linear, *_ = survey_tables([])
    (part,) = linear.parts
    marks = {(entry.method, entry.judged_on): {cell.note for cell in entry.cells} for entry in part.rows}
    assert marks["BiGAN", "ImageNet"] == {""}
    assert marks["RotNet", "Places205"] == {"†"}


def test_nothing_rendered_is_shown_beside_the_literature():
    rendered = {"benchmark": "rendered", "data": {"name": "heldout", "fingerprint": "1"}}
    found = survey_tables(tables([row(metric="miou", **rendered)]))
    assert [len(table.parts) for table in found] == [1, 1, 1]
