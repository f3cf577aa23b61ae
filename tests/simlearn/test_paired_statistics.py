"""Intervals and paired tests: hand-computed values, an independent library's, coverage on simulated data, and the files they read."""

import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from scenes.errors import UserError
from simlearn.report.pairs import compare_files, compare_named, default_rows, find_items, named
from simlearn.statistics import PerItem, half_width, holm, paired, seed_average, welch_half_width


def test_ratios_of_sums_by_hand():
    assert PerItem.mean([1.0, 2.0, 6.0]).value == 3.0
    assert PerItem.pooled([1.0, 9.0], [1.0, 3.0]).value == 2.5  # not the mean of 1 and 3
    # IoU of three classes over two frames: 3/6, 2/8, and one that never occurs.
    iou = PerItem.pooled([[1.0, 2.0, 0.0], [2.0, 0.0, 0.0]], [[2.0, 4.0, 0.0], [4.0, 4.0, 0.0]])
    assert iou.value == pytest.approx((0.5 + 0.25) / 2)
    np.testing.assert_allclose(iou.of_items, [(0.5 + 0.5) / 2, (0.5 + 0.0) / 2])
    assert np.isnan(PerItem.pooled([1.0, 0.0], [2.0, 0.0]).of_items[1])


def test_ratios_need_both_sums():
    with pytest.raises(ValueError, match="must both be"):
        PerItem(np.ones(3), np.ones(2))


def test_sign_flips_by_hand():
    # Differences 1, 2, 3: of the 8 sums of +-1, +-2, +-3 only +6 and -6 are as large.
    found = paired(PerItem.mean([2.0, 4.0, 6.0]), PerItem.mean([1.0, 2.0, 3.0]))
    assert found.exact
    assert (found.difference, found.p) == (2.0, 2 / 8)


def test_pooled_exchange_by_hand():
    # Values 10/4 and 4/4, 1.5 apart. With the second item exchanged they are 3/3 and 11/5, with the first 11/5 and 3/3: 1.2 apart.
    found = paired(PerItem.pooled([1.0, 9.0], [1.0, 3.0]), PerItem.pooled([2.0, 2.0], [2.0, 2.0]))
    assert found.difference == 1.5
    assert found.p == 2 / 4


def test_a_one_in_all_permutations_of_classes_agrees_with_a_loop():
    rng = np.random.default_rng(1)
    a, b = (PerItem.pooled(hits := rng.integers(0, 9, (5, 3)), hits + rng.integers(0, 9, (5, 3))) for _ in range(2))
    wanted = abs(a.value - b.value)
    reached = 0
    for flips in itertools.product([False, True], repeat=5):
        take = np.array(flips)[:, None]
        first, second = (
            PerItem(np.where(take, y.numerator, x.numerator), np.where(take, y.denominator, x.denominator)) for x, y in ((a, b), (b, a))
        )
        reached += abs(first.value - second.value) >= wanted - 1e-12
    assert paired(a, b).p == reached / 32


@pytest.mark.parametrize("n", [8, 12])
def test_the_exact_test_is_scipys(n):
    rng = np.random.default_rng(n)
    a, b = rng.normal(0.4, 1, n), rng.normal(0, 1, n)
    wanted = stats.permutation_test((a, b), lambda x, y: np.mean(x) - np.mean(y), permutation_type="samples", n_resamples=np.inf)
    assert paired(PerItem.mean(a), PerItem.mean(b)).p == pytest.approx(wanted.pvalue, abs=1e-12)


def test_the_sampled_test_is_near_the_t_test_and_never_zero():
    rng = np.random.default_rng(3)
    a = rng.normal(0, 1, 200)
    b = a + rng.normal(0.15, 1, 200)
    found = paired(PerItem.mean(a), PerItem.mean(b))
    assert not found.exact
    assert found.p == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=0.015)
    assert 0 < paired(PerItem.mean(a), PerItem.mean(a - 5)).p < 0.001


def test_equal_measures_cannot_be_told_apart():
    same = PerItem.mean(np.arange(30.0))
    assert paired(same, same).p == 1.0
    with pytest.raises(ValueError, match="the same items"):
        paired(same, PerItem.mean([1.0]))


def test_the_paired_interval_uses_the_pairing():
    rng = np.random.default_rng(5)
    hardness = rng.normal(0, 10, 300)
    found = paired(PerItem.mean(hardness + 0.5), PerItem.mean(hardness + rng.normal(0, 0.1, 300))).interval
    assert 0.45 < found.low < 0.5 < found.high < 0.55  # items differ a hundred times more than the two


def test_coverage_and_false_alarms_on_simulated_data():
    """Over 300 simulated comparisons the 95 % interval holds the true difference in 91 to 98 %, and the test at 5 % fires in 2 to 9 %."""
    rng = np.random.default_rng(11)
    held = fired = 0
    for trial in range(300):
        size = rng.uniform(50, 150, 40)
        a, b = (PerItem.pooled(size * rng.gamma(2, 1, 40), size) for _ in range(2))
        found = paired(a, b, seed=trial)
        held += found.interval.low <= 0 <= found.interval.high
        fired += found.p < 0.05
    assert 273 <= held <= 294
    assert 6 <= fired <= 27


def test_welch_is_scipys():
    a, b = [36.0, 37.0, 39.0], [30.0, 32.0, 34.0, 31.0]
    interval = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert welch_half_width(a, b) == pytest.approx((interval.high - interval.low) / 2)
    assert welch_half_width(a, b[:2]) is None
    assert half_width([1.0, 2.0]) is None


def test_holm_by_hand():
    # Sorted 0.01, 0.03, 0.04 times 3, 2, 1: 0.03, 0.06, then 0.04 is raised to 0.06.
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])


def test_seeds_are_averaged_item_by_item():
    runs = [PerItem.pooled([1.0, 2.0], [2.0, 4.0]), PerItem.pooled([3.0, 2.0], [2.0, 4.0])]
    np.testing.assert_allclose(seed_average(runs).of_items, [1.0, 0.5])


def keep(folder, method, seed, values, items=None, **changes):
    """A file of values of single items, as `simlearn evaluate` leaves it."""
    items = items or [f"item{i}" for i in range(len(values))]
    entry = {
        "benchmark": "kitti_depth",
        "method": method,
        "seed": seed,
        "data": {"name": "kitti", "fingerprint": "c0ffee12"},
        "metrics": {"abs_rel": {"items": items, "numerator": list(values), "denominator": [1.0] * len(values)}},
        **changes,
    }
    (folder / "items").mkdir(parents=True, exist_ok=True)
    (folder / "items" / f"{entry['benchmark']}__{method}__seed{seed}.json").write_text(json.dumps(entry))


def test_items_are_matched_by_name_and_those_of_one_side_are_left_out(tmp_path):
    keep(tmp_path, "a", 0, [0.1, 0.2, 0.3], items=["x", "y", "z"])
    keep(tmp_path, "b", 0, [0.4, 0.4, 0.9], items=["z", "x", "w"])
    (row,), problems = compare_files(tmp_path, "a", "b")
    assert problems == []
    assert row.items.difference == pytest.approx((0.1 + 0.3) / 2 - (0.4 + 0.4) / 2)
    assert (row.items.n, row.left_out, row.seeds, row.seed_width) == (2, 2, (1, 1), None)


def test_seeds_are_matched_by_number(tmp_path):
    rng = np.random.default_rng(0)
    luck = [0.0, 0.1, -0.1]
    for seed in range(3):
        keep(tmp_path, "a", seed, 0.30 + luck[seed] + 0.001 * seed + rng.normal(0, 1e-3, 20))
        keep(tmp_path, "b", seed, 0.35 + luck[seed] + rng.normal(0, 1e-3, 20))
    (row,), _ = compare_files(tmp_path, "a", "b")
    assert row.by_seed
    assert row.seed_width < 0.01  # the seeds' own luck, 0.1, cancels
    assert row.verdict == "better"  # lower errors
    keep(tmp_path, "b", 3, [0.35] * 20)
    (row,), _ = compare_files(tmp_path, "a", "b")
    assert not row.by_seed
    assert row.seed_width > 0.1


def test_other_data_or_protocols_are_never_compared(tmp_path):
    keep(tmp_path, "a", 0, [0.1, 0.2])
    keep(tmp_path, "b", 0, [0.1, 0.2], data={"name": "kitti", "fingerprint": "other"})
    keep(tmp_path, "c", 0, [0.1, 0.2], protocol="other")
    runs, _ = find_items(tmp_path)
    for other in ("b", "c"):
        with pytest.raises(UserError, match="share no benchmark"):
            compare_named(named(runs, "a"), named(runs, other), ("a", other))
    with pytest.raises(UserError, match="there are those of a, b, c"):
        compare_files(tmp_path, "a", "unknown")
    with pytest.raises(UserError, match="holds no values of single items"):
        compare_files(tmp_path / "elsewhere", "a", "b")


def test_damaged_files_are_named(tmp_path):
    keep(tmp_path, "a", 0, [0.1, 0.2])
    keep(tmp_path, "b", 0, [0.1, 0.2], items=["x", "x"])
    (tmp_path / "items" / "torn.json").write_text('{"benchmark": ')
    runs, problems = find_items(tmp_path)
    assert [run.method for run in runs] == ["a"]
    assert len(problems) == 2
    assert any("torn.json" in problem for problem in problems)


def test_against_random_weights_or_the_best_baseline(tmp_path):
    for name, error in (("truth", 0.0), ("zero", 1.0), ("random", 3.0), ("mine", 0.5)):
        keep(tmp_path, name, 0, error + np.linspace(0, 0.1, 10), benchmark="kitti_flow_2015")
    keep(tmp_path, "random", 0, np.linspace(0.3, 0.4, 10))
    keep(tmp_path, "rotation", 0, np.linspace(0.2, 0.3, 10), checkpoint="runs/rotation-seed0")
    rows = default_rows(find_items(tmp_path)[0])
    pairs = {(row.benchmark, row.first, row.second) for row in rows}
    assert pairs == {
        ("kitti_depth", "rotation", "random"),
        ("kitti_flow_2015", "random", "mine"),
        ("kitti_flow_2015", "zero", "mine"),
    }
    assert {row.verdict for row in rows if row.first in ("random", "zero")} == {"worse"}


def test_the_command_line(tmp_path):
    keep(tmp_path, "a", 0, np.linspace(0.1, 0.2, 10), checkpoint="runs/a")
    keep(tmp_path, "b", 0, np.linspace(0.2, 0.3, 10))
    command = [sys.executable, "-m", "simlearn.cli", "compare-results", "runs/a/", "b", "--results", str(tmp_path / "results.jsonl")]
    text = " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert "kitti_depth: runs/a/ minus b" in text
    assert "−0.100" in text  # noqa: RUF001
    assert "0.002" in text  # 2 of 2^10 exchanges
