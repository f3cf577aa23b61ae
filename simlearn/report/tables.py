"""Result tables as readers see them: rounded, aligned, never a mean without its n and seeds, never a missing value as zero."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simlearn.report.measurements import CHOSEN, CONTEXT, REFERENCE, UPPER, Estimate, Line, Metric, Table, Variant, tables
from simlearn.results import Result

MISSING = "–"  # noqa: RUF001
METHOD_LABELS = {
    REFERENCE: "random initialisation",
    UPPER: "supervised",
    "constant": "constant prediction",
    "row_prior": "row-wise prior",
}
METRIC_LABELS = {
    "miou": "mIoU",
    "abs_rel": "AbsRel",
    "rmse": "RMSE",
    "delta1": "δ1",
    "knn_top1": "kNN top-1",
    "classifier_top1": "own classifier top-1",
    "normal_mean": "mean error of normals",
    "normal_below_11.25": "normals within 11.25°",
}
STAGE_ROLES = {"chosen": "best", "best": "best on test", "last": "last", "best and last": "last, best on test"}


@dataclass(frozen=True)
class Cell:
    """One value as text.

    `sort` is the number to sort by, empty for a missing value; `spread` is "± 1.2", "one seed" or "two seeds"; `stage` is set where
    the cells of a row rest on different stages.
    """

    text: str
    spread: str = ""
    sort: str = ""
    best: bool = False
    note: str = ""
    stage: str = ""


@dataclass(frozen=True)
class DisplayRow:
    method: str
    kind: str
    stage: str
    role: str
    cells: tuple[Cell, ...]
    n: str
    seeds: str
    samples: str
    samples_sort: str


@dataclass(frozen=True)
class Heading:
    """A metric's column: name, unit and direction, in words for screen readers."""

    name: str
    unit: str
    arrow: str
    direction: str


def label(variant: Variant) -> str:
    """A method's name in prose."""
    return METHOD_LABELS.get(variant.method, variant.method)


def metric_label(metric: Metric) -> str:
    """A metric's name as the field writes it."""
    return METRIC_LABELS.get(metric.name, metric.name.replace("_", " ").replace("top1", "top-1"))


def number(value: float, digits: int) -> str:
    """Fixed-point text with a true minus sign."""
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")  # noqa: RUF001


def with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit else text


def compact(count: float) -> str:
    """A count of samples or seconds with thousands separated by thin spaces."""
    return f"{count:,.0f}".replace(",", "\u202f")


def decimals(estimates: Iterable[Estimate]) -> int:
    """Decimals for a column: about three significant digits of its largest value, more if the smallest interval needs them (2 at most)."""
    estimates = list(estimates)
    largest = max((abs(estimate.mean) for estimate in estimates), default=0.0)
    digits = next((d for bound, d in ((2, 3), (10, 2), (200, 1)) if largest < bound), 0)
    widths = [width for estimate in estimates if (width := estimate.half_width)]
    needed = math.ceil(-math.log10(min(widths))) if widths else 0
    return max(digits, min(needed, digits + 2))


def seeds_text(*estimates: Estimate) -> str:
    """ "3 seeds each", "one seed each", "3 and 1 seeds"."""
    counts = [len(estimate.values) for estimate in estimates]
    if len(set(counts)) > 1:
        return f"{' and '.join(map(str, counts))} seeds"
    return f"{'one seed' if counts[0] == 1 else f'{counts[0]} seeds'} each"


def headings(table: Table) -> list[Heading]:
    return [
        Heading(
            metric_label(m), m.unit, "↑" if m.higher_is_better else "↓", "higher is better" if m.higher_is_better else "lower is better"
        )
        for m in table.metrics
    ]


def display_rows(table: Table, lines: Sequence[Line]) -> list[DisplayRow]:
    """Lines of the table as text; the best value of each column over unsupervised, trained-or-random rows is marked."""
    digits = {metric: decimals(line.cells[metric] for line in lines if metric in line.cells) for metric in table.metrics}
    best = {metric: _best_line(lines, metric) for metric in table.metrics}
    names = variant_names(table.variants)
    return [_display_row(table, line, digits, best, names[line.variant]) for line in lines]


def variant_names(variants: Sequence[Variant]) -> dict[Variant, str]:
    """What each variant is called beside the others: its method, and the network or budget where variants of the table differ in it."""
    networks = [variant for variant in variants if variant.method not in CONTEXT]
    several = {name for name in ("backbone", "width") if len({getattr(variant, name) for variant in networks}) > 1}
    names = {}
    for variant in variants:
        same = {
            other.samples_seen
            for other in variants
            if (other.method, other.backbone, other.width) == (variant.method, variant.backbone, variant.width)
        }
        details = {
            variant.backbone: "backbone" in several,
            f"width {variant.width}": "width" in several and variant.width > 0,
            f"{compact(variant.samples_seen)} samples": len(same) > 1,
        }
        names[variant] = ", ".join([label(variant), *(text for text, shown in details.items() if shown and text)])
    return names


def _display_row(table: Table, line: Line, digits: Mapping[Metric, int], best: Mapping[Metric, Line | None], name: str) -> DisplayRow:
    most_seeds = max((len(estimate.values) for estimate in line.cells.values()), default=0)
    samples = line.variant.samples_seen
    return DisplayRow(
        method=name,
        kind=_kind(line.variant),
        stage=_stage_text(line),
        role=STAGE_ROLES.get(line.role, ""),
        cells=tuple(_cell(line, metric, digits[metric], best[metric] is line, most_seeds) for metric in table.metrics),
        n=count_range(n for estimate in line.cells.values() for n in estimate.n),
        seeds=str(most_seeds),
        samples=MISSING if line.variant.method in CONTEXT else compact(samples),
        samples_sort="" if line.variant.method in CONTEXT else str(samples),
    )


def _stage_text(line: Line) -> str:
    if line.variant.method in CONTEXT:
        return MISSING
    if line.stage != CHOSEN:
        return line.stage or MISSING
    names = set(line.chosen.values())
    return "by metric" if len(names) > 1 else ", ".join(*names) if names else "chosen"


def _chosen_text(line: Line, metric: Metric) -> str:
    """The stages a cell rests on, where the row's own stage does not say it."""
    return ", ".join(line.chosen.get(metric, ())) if len(set(line.chosen.values())) > 1 else ""


def _kind(variant: Variant) -> str:
    if variant.method in CONTEXT:
        return "context"
    return {REFERENCE: "reference", UPPER: "upper"}.get(variant.method, "pretext")


def _cell(line: Line, metric: Metric, digits: int, best: bool, most_seeds: int) -> Cell:
    estimate = line.cells.get(metric)
    if estimate is None:
        return Cell(MISSING, note="not measured")
    count, width = len(estimate.values), estimate.half_width
    spread = f"± {number(width, digits)}" if width is not None else {1: "one seed", 2: "two seeds"}[count]
    if line.variant.method in CONTEXT and len(set(estimate.values)) == 1:
        spread = "no training"
    note = f"seeds {', '.join(map(str, estimate.seeds))}; n {count_range(estimate.n)}"
    if width is not None and count != most_seeds:
        spread += f" ({count} seeds)"
    return Cell(number(estimate.mean, digits), spread, repr(estimate.mean), best, note, _chosen_text(line, metric))


def _best_line(lines: Sequence[Line], metric: Metric) -> Line | None:
    """The best line for a metric among those that saw no human label (random and pretexts); None without a contest."""
    candidates = [line for line in lines if metric in line.cells and _kind(line.variant) in ("reference", "pretext")]
    if len({line.variant for line in candidates}) < 2:
        return None
    sign = 1 if metric.higher_is_better else -1
    return max(candidates, key=lambda line: sign * line.cells[metric].mean)


def count_range(values: Iterable[int]) -> str:
    """The count, or the lowest and the highest where they differ; a dash for none."""
    ordered = sorted(set(values))
    if not ordered:
        return MISSING
    return compact(ordered[0]) if len(ordered) == 1 else f"{compact(ordered[0])}–{compact(ordered[-1])}"  # noqa: RUF001


def notes(table: Table) -> list[str]:
    """Sentences that belong under a table: how the best stage was chosen, what is missing or was replaced."""
    text = []
    roles = {line.role for line in table.lines}
    if "chosen" in roles:
        text.append("The best stage was chosen on held-out training data, never on the test items; all stages are listed below.")
    if table.settings.get("quick"):
        text.append("Measured with the quick settings: not to be compared with full ones.")
    if roles & {"best", "best and last"}:
        text.append(
            f"“Best on test” is the stage with the best mean {metric_label(table.primary)} on these same test items, which flatters it; "
            "the last stage involves no such choice."
        )
    if table.replaced:
        text.append(
            f"{table.replaced} earlier result{'s were' if table.replaced > 1 else ' was'} replaced by a later one of the same seed."
        )
    if table.unusable:
        text.append(f"Left out, because the value is not finite: {len(table.unusable)} ({', '.join(dict.fromkeys(table.unusable))}).")
    return text


def interval_note(lines: Sequence[Line]) -> str:
    """What the ± stands for, where it is used at all."""
    if any(estimate.half_width is not None for line in lines for estimate in line.cells.values()):
        return "± is the half-width of the 95 % t-interval of the mean over seeds."
    return "Too few seeds for an interval: at least three are needed."


def markdown_table(rows: Iterable[Result]) -> str:
    """The headline results of results as Markdown: one table for each protocol."""
    return "\n\n".join(_markdown(table) for table in tables(rows)) + "\n"


def _markdown(table: Table) -> str:
    metrics = [f"{with_unit(h.name, f'({h.unit})' if h.unit else '')} {h.arrow}" for h in headings(table)]
    head = ["method", "stage", *metrics, "n", "seeds"]
    align = [":--", ":--", *["--:" for _ in metrics], "--:", "--:"]
    lines = [head, align]
    for row in display_rows(table, table.headline):
        values = [f"**{text}**" if cell.best else text for cell in row.cells for text in [_markdown_cell(cell)]]
        stage = f"{row.stage} ({row.role})" if row.role else row.stage
        lines.append([row.method, stage, *values, row.n, row.seeds])
    body = "\n".join("| " + " | ".join(_markdown_text(text) for text in line) + " |" for line in lines)
    under = " ".join([f"Protocol: {table.protocol.rstrip('.')}.", interval_note(table.headline), *notes(table)])
    return f"**{_markdown_text(table.benchmark)}**{'' if table.real else ' (rendered, not real)'}\n\n{body}\n\n{under}"


def _markdown_cell(cell: Cell) -> str:
    return f"{cell.text} {cell.spread}".strip() + (f" ({cell.stage})" if cell.stage else "")


def _markdown_text(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
