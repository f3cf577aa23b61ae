"""Paired comparisons as readers see them, on the terminal and on the page."""

from __future__ import annotations

import math

from simlearn.report.measurements import Metric
from simlearn.report.pairs import PairRow
from simlearn.report.tables import MISSING, metric_label, number, with_unit

PAIR_COLUMNS = (
    "metric",
    "first",
    "second",
    "difference",
    "95 % over items",
    "p",
    "p, Holm",
    "n",
    "seeds",
    "± 95 % over seeds",
    "these checkpoints",
)
PAIR_NOTE = (
    "Over items: paired bootstrap of the difference and a permutation test in which the two exchange an item's values (runs of "
    "several seeds averaged item by item): it says whether these very checkpoints differ on such items, and nothing about training "
    "them again. Over seeds: a 95 % t-interval of the differences by seed where both have the same seeds, else Welch's (w); it needs "
    "three seeds. Holm: adjusted for the number of rows of a benchmark and metric; the last column goes by it, at 5 %."
)


def metric_text(metric: Metric) -> str:
    return f"{with_unit(metric_label(metric), f'({metric.unit})' if metric.unit else '')} {'↑' if metric.higher_is_better else '↓'}"


def pair_cells(row: PairRow) -> tuple[str, ...]:
    """A text for each of PAIR_COLUMNS."""
    digits = _digits(row)
    interval = row.items.interval
    seeds = str(row.seeds[0]) if row.seeds[0] == row.seeds[1] else f"{row.seeds[0]}, {row.seeds[1]}"
    over_seeds = MISSING if row.seed_width is None else f"± {number(row.seed_width, digits)}{'' if row.by_seed else ' w'}"
    return (
        metric_text(row.metric),
        number(row.means[0], digits),
        number(row.means[1], digits),
        signed(row.items.difference, digits),
        MISSING if interval is None else f"{signed(interval.low, digits)} to {signed(interval.high, digits)}",
        p_text(row.items.p),
        p_text(row.adjusted),
        f"{row.items.n}" + (f" (of {row.items.n + row.left_out})" if row.left_out else ""),
        seeds,
        over_seeds,
        f"{row.first} {row.verdict}" if row.verdict != "not told apart" else row.verdict,
    )


def signed(value: float, digits: int) -> str:
    text = number(value, digits)
    return f"+{text}" if value > 0 and float(f"{value:.{digits}f}") != 0 else text


def p_text(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _digits(row: PairRow) -> int:
    """Three significant digits of the larger value, more where the interval would vanish, 5 at most."""
    size = max(abs(mean) for mean in row.means)
    digits = next((d for bound, d in ((2, 3), (10, 2), (200, 1)) if size < bound), 0)
    interval = row.items.interval
    width = 0.0 if interval is None else interval.high - interval.low
    return min(5, max(digits, math.ceil(-math.log10(width)) + 1)) if width > 0 and math.isfinite(width) else digits
