"""Charts of results and training, each drawn twice: for light and for dark pages."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import matplotlib.ticker
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from simlearn.report.images import Picture, data_uri
from simlearn.report.measurements import CONTEXT, REFERENCE, UPPER, Estimate, Line, Metric, Table, Variant, is_step
from simlearn.report.runs import Run
from simlearn.report.tables import decimals, metric_label, number, with_unit

WIDTH_IN = 4.8  # drawn small, so that the type stays legible on a phone's 390 pixels
DPI = 190
CSS_PX_PER_IN = 100
BAR_LEGEND = "Dots are seeds, whiskers 95 % intervals (three seeds or more); the dashed line is random initialisation."


@dataclass(frozen=True)
class Theme:
    """Colours of one page mode. `series` are distinguishable to colour-blind readers (after Okabe and Ito)."""

    paper: str
    ink: str
    muted: str
    grid: str
    series: tuple[str, ...]
    reference: str
    upper: str
    context: str


LIGHT = Theme(
    "#ffffff", "#1c2024", "#5b636d", "#e3e6ea", ("#0a66b7", "#d1620a", "#a23b8f", "#1f8a8a", "#8a6d00"), "#7b8490", "#1a8f5a", "#c3c9d0"
)
DARK = Theme(
    "#14171b", "#e8eaed", "#a3abb5", "#333a42", ("#5aaef5", "#f59a4c", "#dd86cb", "#55c4c4", "#d9b93a"), "#9aa3ae", "#52c78f", "#535c66"
)


def _figure(height_in: float, draw: Callable[[Figure, Theme], None], alt: str, caption: str) -> Picture:
    uris = []
    for theme in (LIGHT, DARK):
        settings: Any = {
            "font.size": 9,
            "font.family": "DejaVu Sans",
            "text.color": theme.ink,
            "axes.labelcolor": theme.muted,
            "axes.edgecolor": theme.grid,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "xtick.color": theme.muted,
            "ytick.color": theme.muted,
            "grid.color": theme.grid,
            "legend.frameon": False,
            "legend.fontsize": 8,
            "axes.titlesize": 9,
            "axes.titlelocation": "left",
        }
        with matplotlib.rc_context(settings):
            figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
            FigureCanvasAgg(figure)
            draw(figure, theme)
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", dpi=DPI, transparent=True)
        uris.append(data_uri(buffer.getvalue(), "png"))
    return Picture(uris[0], alt, caption, round(WIDTH_IN * CSS_PX_PER_IN), round(height_in * CSS_PX_PER_IN), uris[1])


def _colors(variants: Sequence[Variant], theme: Theme) -> dict[Variant, str]:
    pretexts = [variant for variant in variants if variant.method not in (REFERENCE, UPPER, *CONTEXT)]
    colors = {variant: theme.series[i % len(theme.series)] for i, variant in enumerate(pretexts)}
    fixed = {REFERENCE: theme.reference, UPPER: theme.upper, **dict.fromkeys(CONTEXT, theme.context)}
    return {variant: colors.get(variant) or fixed[variant.method] for variant in variants}


def bar_chart(table: Table, metric: Metric, names: Mapping[Variant, str]) -> Picture | None:
    """Bars of a metric at each method's best stage with seeds as dots and t-intervals; random initialisation as a line."""
    lines = [line for variant in table.variants if (line := table.best_line(variant, metric)) is not None]
    if len(lines) < 2:
        return None
    digits = decimals(line.cells[metric] for line in lines)
    name = metric_label(metric)
    axis = with_unit(name, f"({metric.unit})" if metric.unit else "")
    better = "higher" if metric.higher_is_better else "lower"

    def draw(figure: Figure, theme: Theme) -> None:
        axes = figure.add_subplot()
        colors = _colors(table.variants, theme)
        for row, line in enumerate(lines):
            _bar(axes, row, line.cells[metric], colors[line.variant], theme, digits)
        reference = next((line.cells[metric].mean for line in lines if line.variant.method == REFERENCE), None)
        if reference is not None:
            axes.axvline(reference, color=theme.muted, linestyle=(0, (4, 3)), linewidth=1, zorder=1.5)
        axes.set_yticks(range(len(lines)), [names[line.variant] for line in lines], color=theme.ink)
        axes.set_ylim(len(lines) - 0.4, -0.6)
        axes.margins(x=0.16)
        axes.set_xlim(left=min(0.0, axes.get_xlim()[0]) if min(line.cells[metric].mean for line in lines) < 0 else 0.0)
        axes.set_xlabel(f"{axis}, {better} is better")
        axes.tick_params(length=0)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.spines["bottom"].set_visible(False)

    values = "; ".join(f"{names[line.variant]} {_spoken(line.cells[metric], digits)}" for line in lines)
    several = any(line.role not in ("only", "own") for line in lines)
    only = {line.stage for line in lines if line.variant.method not in CONTEXT}
    stages = " at the best stage of each method" if several else f" from {', '.join(only)}" if len(only) == 1 and any(only) else ""
    return _figure(
        0.85 + 0.36 * len(lines),
        draw,
        f"Bar chart of {axis} on {table.benchmark}: {values}.",
        f"{name}{stages}. {BAR_LEGEND if metric == table.primary else ''}".strip(),
    )


def _bar(axes: Axes, row: int, estimate: Estimate, color: str, theme: Theme, digits: int) -> None:
    axes.barh(row, estimate.mean, height=0.62, color=color, alpha=0.85)
    end = estimate.mean
    if estimate.half_width:
        axes.errorbar(estimate.mean, row, xerr=estimate.half_width, color=theme.ink, capsize=3, linewidth=1.2)
        end += estimate.half_width
    if len(set(estimate.values)) > 1:
        axes.plot(estimate.values, [row] * len(estimate.values), "o", color=theme.ink, markersize=2.6, alpha=0.8)
    end = max(end, *estimate.values, 0.0)
    halo = [patheffects.withStroke(linewidth=3, foreground=theme.paper)]
    style: Any = {"textcoords": "offset points", "va": "center", "color": theme.ink, "fontsize": 8.5, "path_effects": halo}
    axes.annotate(number(estimate.mean, digits), (end, row), (6, 0), **style)


def _spoken(estimate: Estimate, digits: int) -> str:
    width = estimate.half_width
    count = len(estimate.values)
    spread = "" if width is None else f" ± {number(width, digits)}"
    return f"{number(estimate.mean, digits)}{spread} ({'one seed' if count == 1 else f'{count} seeds'})"


def stage_chart(table: Table, metric: Metric, names: Mapping[Variant, str]) -> Picture | None:
    """A metric against the probed stage, one line a method; None when nothing was probed at more than one stage."""
    curves: dict[Variant, list[Line]] = {}
    for line in table.lines:
        if metric in line.cells and is_step(line.stage):
            curves.setdefault(line.variant, []).append(line)
    curves = {variant: lines for variant, lines in curves.items() if len(lines) > 1}
    if not curves:
        return None
    # Variants may have been probed at different stages; the table's own order within each keeps the axis from input to output.
    stages = max(curves.values(), key=len)
    order = list(dict.fromkeys(line.stage for line in [*stages, *(line for lines in curves.values() for line in lines)]))
    name = metric_label(metric)
    axis = with_unit(name, f"({metric.unit})" if metric.unit else "")

    def draw(figure: Figure, theme: Theme) -> None:
        axes = figure.add_subplot()
        colors = _colors(table.variants, theme)
        for variant, lines in curves.items():
            x = [order.index(line.stage) for line in lines]
            widths = [line.cells[metric].half_width or 0.0 for line in lines]
            style: Any = {"linestyle": (0, (4, 3))} if variant.method == REFERENCE else {}
            means = [line.cells[metric].mean for line in lines]
            axes.errorbar(x, means, yerr=widths, color=colors[variant], marker="o", markersize=4, capsize=2, label=names[variant], **style)
        axes.set_xticks(range(len(order)), order)
        axes.set_ylabel(axis)
        axes.set_xlabel("stage probed")
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        figure.legend(loc="outside lower center", ncols=min(3, len(curves)))

    digits = decimals(line.cells[metric] for lines in curves.values() for line in lines)
    spoken = "; ".join(
        f"{names[variant]} " + ", ".join(f"{line.stage} {number(line.cells[metric].mean, digits)}" for line in lines)
        for variant, lines in curves.items()
    )
    return _figure(
        3.1,
        draw,
        f"Line chart of {axis} on {table.benchmark} by probed stage: {spoken}.",
        f"{name} by probed stage, from input to output.",
    )


def curve_chart(method: str, runs: Sequence[Run]) -> Picture | None:
    """Loss and its parts against samples seen, a panel each, all seeds of a method overlaid: raw thin, running mean bold."""
    quantities = list(dict.fromkeys(name for run in runs for name in run.curves))
    if not quantities:
        return None
    columns = min(2, len(quantities))
    rows = -(-len(quantities) // columns)

    def draw(figure: Figure, theme: Theme) -> None:
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
        for panel, quantity in zip(panels, quantities, strict=False):
            for i, run in enumerate(runs):
                _curve(panel, run, quantity, theme.series[i % len(theme.series)])
            panel.set_title(quantity)
            panel.grid()
            panel.tick_params(length=0, labelsize=7.5)
            panel.xaxis.set_major_formatter(matplotlib.ticker.EngFormatter(sep=""))
        for panel in panels[len(quantities) :]:
            panel.set_visible(False)
        for panel in panels[max(0, len(quantities) - columns) : len(quantities)]:
            panel.set_xlabel("samples seen", fontsize=8)
            panel.tick_params(labelbottom=True)
        if len(runs) > 1:
            handles, labels = panels[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=min(3, len(runs)))

    ends = ", ".join(f"{name} {_last_mean(runs, name):.3g}" for name in quantities if _last_mean(runs, name) is not None)
    return _figure(
        0.7 + 1.55 * rows,
        draw,
        f"Training curves of {method} over {len(runs)} run{'s' if len(runs) > 1 else ''}; at the end: {ends}.",
        f"{method}: loss and its parts while training. Thin: each logged step; bold: running mean over a twentieth of the run.",
    )


def _curve(axes: Axes, run: Run, quantity: str, color: str) -> None:
    if quantity not in run.curves:
        return
    x, y = run.curves[quantity]
    axes.plot(x, y, color=color, linewidth=0.6, alpha=0.35)
    axes.plot(x, running_mean(y, max(1, len(y) // 20)), color=color, linewidth=1.5, label=run.name)


def running_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Mean over the last `window` values, fewer at the start; float64 [N] to float64 [N]."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    return (total[ends] - total[starts]) / (ends - starts)


def _last_mean(runs: Sequence[Run], quantity: str) -> float | None:
    ends = [running_mean(run.curves[quantity][1], max(1, len(run.curves[quantity][1]) // 20))[-1] for run in runs if quantity in run.curves]
    return float(np.mean(ends)) if ends else None
