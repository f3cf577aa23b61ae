"""Pictures of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

OURS, PEER = "#1b6ca8", "#b9bec4"


def draw_rates(document: Mapping[str, Any], path: Path) -> None:
    """Bars of frames per second: a row for each section, a column for each image size."""
    sections = document["sections"]
    sizes = list(next(iter(sections.values())))
    tallest = [max(len(by_size[size]) for size in sizes) for by_size in sections.values()]
    figure = Figure(figsize=(7.2 * len(sizes), 0.36 * sum(tallest) + 1.1 * len(sections) + 0.8), layout="constrained")
    panels = figure.subplots(len(sections), len(sizes), squeeze=False, height_ratios=tallest)
    for row, (section, by_size) in enumerate(sections.items()):
        for column, size in enumerate(sizes):
            _bars(panels[row, column], by_size[size])
            panels[row, column].set_title(f"{section}, {size}", loc="left", fontsize=11)
    machine, commit = document["machine"], document["commit"][:7]
    where = f"{document['triangles']:,} triangles; {machine['processor']}, {machine['cores']} cores; {document['date']}, commit {commit}"
    figure.suptitle(f"Frames per second, median of interleaved windows, all on one scene\n{where}", fontsize=11, x=0.01, ha="left")
    figure.savefig(path, dpi=110)


def _bars(panel: Any, entries: Mapping[str, Mapping[str, Any]]) -> None:
    names = sorted(entries, key=lambda name: entries[name]["frames_per_second"])
    rates = [entries[name]["frames_per_second"] for name in names]
    colours = [OURS if entries[name]["ours"] else PEER for name in names]
    drawn = panel.barh([_title(name, entries[name]) for name in names], rates, color=colours, height=0.7)
    labels = [_label(entries[name]) for name in names]
    panel.bar_label(drawn, labels, padding=4, fontsize=8, color="#333333")
    panel.set_xlim(0, 1.4 * max(rates))
    _plain(panel)


def _title(name: str, entry: Mapping[str, Any]) -> str:
    return f"{name}, {entry['processes']} processes" if entry["processes"] > 1 and "processes" not in name else name


def _label(entry: Mapping[str, Any]) -> str:
    """A bar's rate, and how much slower or faster than the reference that is."""
    rate, times = entry["frames_per_second"], entry["reference_is"]
    if entry["reference_is"] == 1.0:
        return f"{rate:.3g}"
    return f"{rate:.3g}   ({times:.2g}x slower)" if times > 1 else f"{rate:.3g}   ({1 / times:.2g}x faster)"


Points = Sequence[tuple[float, float]]


def draw_curve(path: Path, points: Points, line: Points, *, reference: str, title: str, x: str, y: str) -> None:
    """Measured points, and a line named `reference` to compare them with."""
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    panel = figure.subplots()
    panel.plot(*zip(*line, strict=True), color=PEER, linewidth=2, label=reference)
    panel.plot(*zip(*points, strict=True), "o-", color=OURS, label="measured")
    panel.set(title=title, xlabel=x, ylabel=y, ylim=(0, None), xlim=(0, None))
    panel.legend(frameon=False)
    _plain(panel)
    figure.savefig(path, dpi=110)


def _plain(panel: Any) -> None:
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    panel.tick_params(labelsize=8)
