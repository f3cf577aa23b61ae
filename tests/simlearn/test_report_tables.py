"""Bringing results together: hand-computed means and intervals, what is never mixed, how numbers are written."""

import dataclasses
import math

import pytest
from report_inputs import row

from simlearn.report import markdown_table
from simlearn.report.measurements import Estimate, Variant, tables
from simlearn.report.summary import NOTHING_REAL, Difference, summarise
from simlearn.report.tables import MISSING, count_range, decimals, display_rows, number, variant_names


def seeds(values, **changes):
    return [row(value=value, seed=seed, **changes) for seed, value in enumerate(values)]


def shown(table, method, stage=None):
    rows = display_rows(table, table.lines)
    return next(r for r, line in zip(rows, table.lines, strict=True) if line.variant.method == method and stage in (None, line.stage))


def test_mean_and_interval_by_hand():
    estimate = Estimate(values=(30.0, 32.0, 37.0), seeds=(0, 1, 2), n=(1000,))
    # Deviations -3, -1, 4: variance 26/2 = 13; t(0.975, 2) = 4.302653 (printed tables).
    assert estimate.mean == pytest.approx(33.0)
    assert estimate.half_width == pytest.approx(4.302653 * math.sqrt(13 / 3), rel=1e-6)


def test_equal_values_have_no_spread_and_ask_for_no_decimals():
    estimate = Estimate(values=(0.1, 0.1, 0.1), seeds=(0, 1, 2), n=(6,))  # their computed mean is not 0.1
    assert estimate.half_width == 0.0
    assert decimals([estimate]) == 3


@pytest.mark.parametrize("values", [(5.0,), (5.0, 7.0)])
def test_fewer_than_three_seeds_have_no_interval(values):
    assert Estimate(values=values, seeds=tuple(range(len(values))), n=(10,)).half_width is None


def test_welch_interval_of_a_difference_by_hand():
    a = tables(seeds([36.0, 37.0, 38.0], method="game_engine") + seeds([30.0, 32.0, 34.0]))[0]
    line = {variant.method: a.best_line(variant, a.primary) for variant in a.variants}
    found = Difference(a.primary, line["game_engine"], line["random"])
    # Variances 1 and 4 over 3 seeds each: freedom (5/3)^2 / ((1/3)^2/2 + (4/3)^2/2) = 50/17; the standard error is sqrt(5/3).
    # Tables give t(0.975) = 3.182 at 3 degrees of freedom and 4.303 at 2.
    assert found.value == pytest.approx(5.0)
    assert 3.182 < found.half_width / math.sqrt(5 / 3) < 3.30
    assert found.verdict == "better"
    assert dataclasses.replace(found, variant=line["random"], reference=line["game_engine"]).verdict == "worse"


def test_lower_is_better_turns_the_verdict_and_the_mark():
    metric = {"metric": "abs_rel", "unit": "1", "higher_is_better": False}
    table = tables(seeds([0.25, 0.26, 0.24], method="game_engine", **metric) + seeds([0.31, 0.30, 0.32], **metric))[0]
    assert "game_engine beats random initialisation beyond the spread of the seeds" in summarise([table]).paragraph
    assert shown(table, "game_engine").cells[0].best
    assert not shown(table, "random").cells[0].best


def test_a_difference_within_the_spread_is_not_called_better():
    table = tables(seeds([30.0, 36.0, 33.0], method="game_engine") + seeds([29.0, 35.0, 32.0]))[0]
    assert "cannot be told from random initialisation" in summarise([table]).paragraph


def test_one_seed_is_only_an_indication():
    summary = summarise(tables([row(method="game_engine", value=40.0), row(value=30.0)]))
    assert "too few seeds to be sure" in summary.paragraph
    assert "beyond the spread" not in summary.paragraph
    assert "+10.0 (no interval" in summary.details[0]


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": "another protocol"},
        {"data": {"name": "tiny_imagenet", "fingerprint": "other"}},
        {"backbone": "resnet50"},
        {"width": 64},
        {"samples_seen": 5},
        {"stage": "layer3"},
        {"metric": "knn_top1"},
        {"benchmark": "other"},
        {"config": {"pool": 4}},
        {"config": {"pool": 2, "quick": True}},
    ],
)
def test_what_differs_in_more_than_the_seed_is_never_averaged(change):
    lines = [line for table in tables([row(value=10.0), row(value=20.0, seed=1, **change)]) for line in table.lines]
    assert sorted(estimate.mean for line in lines for estimate in line.cells.values()) == [10.0, 20.0]


def test_a_later_result_of_the_same_seed_replaces_the_earlier_and_is_counted():
    (table,) = tables([row(value=10.0), row(value=20.0), row(value=20.0)])
    assert table.lines[0].cells[table.primary].values == (20.0,)
    assert table.replaced == 1


def test_missing_and_not_finite_values_are_never_numbers():
    (table,) = tables([row(value=math.nan), row(method="game_engine", value=30.0), row(method="game_engine", metric="knn", value=20.0)])
    assert table.unusable == ("random",)
    (table,) = tables([row(value=12.0), row(method="game_engine", value=30.0), row(method="game_engine", metric="knn", value=20.0)])
    cell = shown(table, "random").cells[1]
    assert (cell.text, cell.sort, cell.spread) == (MISSING, "", "")


def test_methods_come_in_the_fixed_order():
    methods = ["row_prior", "supervised", "rotation", "constant", "random", "game_engine"]
    (table,) = tables([row(method=method) for method in methods])
    assert [variant.method for variant in table.variants] == ["random", "game_engine", "rotation", "supervised", "constant", "row_prior"]


def test_only_methods_without_human_labels_can_be_marked_best():
    (table,) = tables(
        [row(value=1.0), row(method="game_engine", value=2.0), row(method="supervised", value=3.0), row(method="constant", value=4.0)]
    )
    assert [cell.best for r in display_rows(table, table.lines) for cell in r.cells] == [False, True, False, False]


def test_nothing_is_marked_best_without_a_contest():
    (table,) = tables([row(value=1.0), row(method="supervised", value=3.0)])
    assert not any(cell.best for r in display_rows(table, table.lines) for cell in r.cells)


def test_chosen_and_last_stages_are_in_the_headline_and_named():
    stages = {"conv1": 20.0, "layer2": 37.0, "layer10": 25.0}
    rows = [row(stage=stage, value=value) for stage, value in stages.items()]
    rows.append(row(stage="best", value=37.0, config={"pool": 2, "chosen": {"stage": "layer2"}}))
    (table,) = tables(rows)
    assert [(line.stage, line.role) for line in table.headline] == [("best", "chosen"), ("layer10", "last")]
    assert shown(table, "random", "best").stage == "layer2"


def test_metrics_that_chose_different_stages_each_name_theirs():
    chosen = {metric: {"pool": 2, "chosen": {"stage": stage}} for metric, stage in (("linear", "layer2"), ("knn", "conv1"))}
    rows = [row(stage="best", metric=metric, value=30.0, config=config) for metric, config in chosen.items()]
    rows += [row(stage="best", metric="knn", value=30.0, seed=1, config={"pool": 2, "chosen": {"stage": "layer3"}})]
    (table,) = tables([*rows, row(stage="layer3", metric="linear", value=20.0)])
    best = shown(table, "random", "best")
    assert best.stage == "by metric"
    assert [cell.stage for cell in best.cells] == ["layer2", "conv1, layer3"]


def test_without_a_chosen_stage_the_best_on_test_says_so():
    (table,) = tables([row(stage="layer1", value=20.0), row(stage="layer2", value=37.0), row(stage="layer3", value=25.0)])
    assert [(line.stage, line.role) for line in table.headline] == [("layer2", "best"), ("layer3", "last")]
    assert "flatters" in markdown_table([row(stage="layer1"), row(stage="layer2")])


def test_a_networks_own_prediction_is_no_last_stage():
    rows = [row(method="supervised", stage="layer3", value=40.0), row(method="supervised", stage="layer4", value=45.0)]
    (table,) = tables([*rows, row(method="supervised", stage="fc", metric="classifier_top1", value=46.0)])
    assert {line.stage: line.role for line in table.lines} == {"layer3": "", "layer4": "best and last", "fc": "own"}


def test_stacked_stages_and_own_heads_are_shown_but_never_ranked_as_stages():
    rows = [row(stage="hypercolumn", value=30.0), row(stage="head", value=90.0)]
    rows += [row(method="game_engine", stage="hypercolumn", value=40.0), row(method="game_engine", stage="head", value=95.0)]
    (table,) = tables(rows)
    assert [(line.variant.method, line.stage, line.role) for line in table.headline][:2] == [
        ("random", "hypercolumn", "own"),
        ("random", "head", "own"),
    ]
    assert "difference +10.0" in summarise([table]).details[0]


def test_a_probe_is_never_compared_with_a_networks_own_output():
    (table,) = tables([row(stage="hypercolumn", value=30.0), row(method="supervised", stage="head", value=90.0)])
    assert summarise([table]).details == ()


def test_variants_of_one_method_can_be_told_apart():
    variants = [Variant("game_engine", "resnet18", 32, 1000), Variant("game_engine", "resnet18", 64, 1000), Variant("constant")]
    names = variant_names(variants)
    assert [names[v] for v in variants] == ["game_engine, width 32", "game_engine, width 64", "constant prediction"]


@pytest.mark.parametrize(("value", "digits", "text"), [(-0.04, 1, "0.0"), (-0.06, 1, "−0.1"), (1234.5, 0, "1234"), (0.12345, 3, "0.123")])  # noqa: RUF001
def test_numbers(value, digits, text):
    assert number(value, digits) == text


def test_decimals_show_the_smallest_interval():
    assert decimals([Estimate((36.6,), (0,), (1,))]) == 1
    assert decimals([Estimate((0.25,), (0,), (1,))]) == 3
    assert decimals([Estimate((50.00, 50.01, 50.02), (0, 1, 2), (1,))]) == 2  # half-width 0.025


def test_counts():
    assert count_range([6, 6]) == "6"
    assert count_range([1000, 940]) == "940–1\u202f000"  # noqa: RUF001
    assert count_range([]) == MISSING


def test_summary_says_when_nothing_is_real():
    rendered = {"benchmark": "rendered", "data": {"name": "heldout", "fingerprint": "1"}}
    summary = summarise(tables([row(**rendered), row(method="game_engine", value=40.0, **rendered)]))
    assert "not on real data" in summary.paragraph
    assert "SIMLEARN_DATA" in NOTHING_REAL


def test_markdown_has_protocol_n_seeds_and_escapes_pipes():
    text = markdown_table([*seeds([30.0, 32.0, 37.0], protocol="a | b"), row(method="x|y", value=50.0, protocol="a | b")])
    assert "| random initialisation | layer2 | 33.0 ± 9.0 | 1\u202f000 | 3 |" in text
    assert "| x\\|y | layer2 | **50.0 one seed** |" in text
    assert "Protocol: a | b." in text
    assert "top-1 (%) ↑" in text


def test_many_methods_are_summed_up_by_benchmark():
    """Far better, far worse and equal ones, three seeds each."""
    means = {"random": 30.0, "a": 40.0, "b": 30.1, "c": 45.0, "d": 20.0, "e": 29.9}
    rows = [row(method=name, value=mean + 0.5 * seed, seed=seed) for name, mean in means.items() for seed in range(3)]
    text = summarise(tables(rows)).paragraph
    assert "c and a beat random initialisation beyond the spread of seeds; d falls short of it; 2 others cannot be told from it." in text
