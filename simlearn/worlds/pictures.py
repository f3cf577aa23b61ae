"""Contact sheet and histograms of a family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from simlearn.provenance import whole_file
from simlearn.view import join
from simlearn.worlds.facts import BRIGHTNESS, DEPTH_M, DISPLACEMENT_PX, SceneFacts
from simlearn.worlds.reference import Reference, in_camvid_classes
from simlearn.worlds.summary import Summary

OURS, REAL = "#0a66b7", ("#d1620a", "#1a8f5a")
_CLASSES_SHOWN = 16


def contact_sheet(tiles: Sequence[Path], out: Path, columns: int) -> None:
    """One picture of all tiles, row by row."""
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in tiles]
    rows = [join(pictures[k : k + columns], axis=1) for k in range(0, len(pictures), columns)]
    with whole_file(out) as temporary:
        Image.fromarray(join(rows, axis=0)).save(temporary, format="PNG")


def histogram_page(family: str, facts: Sequence[SceneFacts], summary: Summary, real: Sequence[Reference], out: Path) -> None:
    """Depth, displacement, brightness, objects, camera motion and class shares, beside real data where there is any."""
    figure = Figure(figsize=(13, 7.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 4)
    _curves(axes[0, 0], "depth, m", DEPTH_M, _total([f.depth for f in facts]), [(r.name, r.depth) for r in real], log=True)
    _curves(axes[0, 1], "displacement to the next frame, px", DISPLACEMENT_PX, _total([f.displacement for f in facts]), [], log=True)
    _curves(axes[0, 2], "brightness, sRGB", BRIGHTNESS, _total([f.luminance for f in facts]), [(r.name, r.luminance) for r in real])
    axes[0, 3].hist([f.objects for f in facts], bins=20, color=OURS)
    axes[0, 3].set_title("objects in a scene", fontsize=9)
    steps = [v for f in facts for v in f.steps_m]
    _samples(axes[1, 0], "camera's way between frames, m", steps, [(r.name, r.steps_m) for r in real])
    yaw = [abs(v) for f in facts for v in f.yaw_deg]
    _samples(axes[1, 1], "camera's yaw between frames, degrees", yaw, [(r.name, [abs(v) for v in r.yaw_deg]) for r in real])
    _classes(axes[1, 2], summary.classes, real)
    axes[1, 3].hist([f.visible for f in facts], bins=20, color=OURS)
    axes[1, 3].set_title("visible instances, fewest of 3 frames", fontsize=9)
    for axis in axes.flat:
        axis.tick_params(labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{family}: {summary.scenes} scenes, 3 frames each", fontsize=11)
    with whole_file(out) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def _classes(axis: Axes, ours: Mapping[str, float], real: Sequence[Reference]) -> None:
    """Shares of the pixels, in the real data's classes where there is such data."""
    known = next((r for r in real if r.classes), None)
    if known is None:
        shown = dict(list(ours.items())[:_CLASSES_SHOWN])
        axis.barh(list(shown)[::-1], [100 * share for share in shown.values()][::-1], color=OURS)
    else:
        mapped = in_camvid_classes(ours)
        rows = np.arange(len(mapped))[::-1]
        axis.barh(rows + 0.2, [100 * share for share in mapped.values()], height=0.4, color=OURS, label="rendered")
        axis.barh(rows - 0.2, [100 * share for share in known.classes.values()], height=0.4, color=REAL[0], label=known.name)
        axis.set_yticks(rows, list(mapped))
        axis.legend(fontsize=7, frameon=False)
    axis.set_title("pixels of each class, %", fontsize=9)
    axis.set_xscale("log")


def _total(histograms: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    return np.sum(np.asarray(histograms, dtype=np.float64), axis=0)


def _curves(
    axis: Axes,
    title: str,
    edges: NDArray[np.float64],
    ours: NDArray[np.float64],
    real: Sequence[tuple[str, Sequence[int]]],
    *,
    log: bool = False,
) -> None:
    """Shares of the pixels in each bin."""
    axis.stairs(ours / max(ours.sum(), 1.0), edges, fill=True, color=OURS, alpha=0.35, label="rendered")
    for (name, counts), color in zip(((n, c) for n, c in real if c), REAL, strict=False):
        values = np.asarray(counts, dtype=np.float64)
        axis.stairs(values / max(values.sum(), 1.0), edges, color=color, linewidth=1.5, label=name)
    if log:
        axis.set_xscale("log")
    axis.set_title(title, fontsize=9)
    axis.legend(fontsize=7, frameon=False)


def _samples(axis: Axes, title: str, ours: Sequence[float], real: Sequence[tuple[str, Sequence[float]]]) -> None:
    """Densities of single values, cut at the largest 99th percentile."""
    sets = [("rendered", ours, OURS), *((n, v, c) for (n, v), c in zip(((n, v) for n, v in real if v), REAL, strict=False))]
    top = max((float(np.percentile(v, 99)) for _, v, _ in sets if len(v)), default=1.0)
    edges = np.linspace(0, max(top, 1e-3), 31)
    for name, values, color in sets:
        if len(values):
            density, _ = np.histogram(np.clip(values, 0, edges[-1]), edges, density=True)
            axis.stairs(density, edges, fill=name == "rendered", color=color, alpha=0.35 if name == "rendered" else 1.0, label=name)
    axis.set_title(title, fontsize=9)
    axis.legend(fontsize=7, frameon=False)
