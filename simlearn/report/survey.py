"""The three tables of the survey of Jing & Tian 2020: published rows, and set off from them what was measured here.

Nothing makes the two comparable: data sets, input sizes, networks, budgets and protocols differ. Columns of different data sets are never
shared, and sorting never mixes the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simlearn.report import published
from simlearn.report.measurements import CONTEXT, REFERENCE, UPPER, Estimate, Line, Metric, Table, Variant, is_step
from simlearn.report.published import Published, PublishedTable
from simlearn.report.tables import MISSING, compact, decimals, metric_label, number, variant_names

CLASSIFICATION = ("linear_top1", "svm_map", "finetune_top1")
DETECTION = ("ap", "ap50", "map", "detection_map", "detection_ap50")
SEGMENTATION = ("miou",)
FAMILIES = {
    REFERENCE: "none",
    UPPER: "supervised",
    "semi_supervised": "supervised in part",
    "weakly_supervised": "weak labels",
    **dict.fromkeys(("colorization", "inpainting", "super_resolution", "video_colorization", "video_prediction"), "generation"),
    **dict.fromkeys(
        ("clustering", "instance_contrast", "rotation", "relative_patch", "jigsaw", "cubic_puzzle", "video_rotation"), "context"
    ),
    **dict.fromkeys(("game_engine", "game_engine_flow", "edges", "relative_depth", "motion_masks"), "free labels"),
    **dict.fromkeys(("frame_order", "clip_order"), "temporal context"),
    **dict.fromkeys(("rgb_flow", "audio_visual", "ego_motion"), "cross-modal"),
}
"""The survey's family of each method."""
NOT_COMPARABLE = (
    "What was measured here has other data sets, far smaller inputs, networks and budgets than the published rows, and mostly frozen "
    "features where those are fine-tuned: the two parts of this table must not be compared number by number. Each part is sorted by "
    "itself. Published numbers were taken over, not measured; † marks those not yet verified against their source."
)


@dataclass(frozen=True)
class SurveyCell:
    """`note` is the mark of an unverified number, or "± 1.2" of one measured here; `sort` the number, "" where there is none."""

    text: str
    note: str = ""
    sort: str = ""


@dataclass(frozen=True)
class SurveyRow:
    method: str
    family: str
    backbone: str
    trained_on: str
    judged_on: str
    cells: tuple[SurveyCell, ...]
    source: str


@dataclass(frozen=True)
class SurveyPart:
    """Rows of one origin, with a sentence on what they are."""

    title: str
    rows: tuple[SurveyRow, ...]
    ours: bool


@dataclass(frozen=True)
class SurveyTable:
    """`judged` tells whether rows name the data set that they are judged on; else the columns do."""

    anchor: str
    title: str
    columns: tuple[str, ...]
    judged: bool
    parts: tuple[SurveyPart, ...]
    caption: str = NOT_COMPARABLE


@dataclass(frozen=True)
class Column:
    """Something measured here that has a place in a table."""

    table: Table
    metric: Metric

    @property
    def title(self) -> str:
        quick = ", quick" if self.table.settings.get("quick") else ""
        return f"{self.table.benchmark}, {metric_label(self.metric)}{' ' + self.metric.unit if self.metric.unit else ''}{quick}"


def survey_tables(measured: Sequence[Table]) -> list[SurveyTable]:
    """All three, also where nothing was measured here that belongs in them."""
    real = [table for table in measured if table.real]
    pictures, videos = ([table for table in real if is_of_videos(table) == wanted] for wanted in (False, True))
    tasks = [column for names in (CLASSIFICATION, DETECTION, SEGMENTATION) for column in _columns(pictures, names)]
    return [
        _linear(pictures),
        _by_column("survey-voc", "Classification, detection, segmentation", published.VOC, tasks),
        _by_column("survey-action", "Action recognition", published.ACTION, _columns(videos, ("linear_top1", "finetune_top1"))),
    ]


def is_of_videos(table: Table) -> bool:
    """Benchmarks of labelled videos have a setting for the number of `clips` of a video."""
    settings = table.settings.get("settings")
    return isinstance(settings, Mapping) and "clips" in settings


def _columns(measured: Sequence[Table], names: Sequence[str]) -> list[Column]:
    return [Column(table, metric) for table in measured for metric in table.metrics if metric.name in names]


def _linear(measured: Sequence[Table]) -> SurveyTable:
    places = published.LINEAR.columns
    rows = []
    for column in _columns(measured, ("linear_top1",)):
        names = variant_names(column.table.variants)
        for variant in column.table.variants:
            steps = [line for line in column.table.lines if line.variant == variant and is_step(line.stage) and column.metric in line.cells]
            if steps:
                rows.append(_layer_row(column, variant, names[variant], steps[: len(places)], len(places)))
    ours = "Measured here: a linear classifier on each stage of the frozen network, first to last, top-1 in %; mean over seeds."
    parts = [SurveyPart(ours, tuple(rows), ours=True)] if rows else []
    theirs = SurveyPart(published.LINEAR.caption, tuple(_published(row, 0) for row in published.LINEAR.rows), ours=False)
    return SurveyTable("survey-linear", "A linear classifier on each layer", places, True, (*parts, theirs))


def _layer_row(column: Column, variant: Variant, name: str, steps: Sequence[Line], places: int) -> SurveyRow:
    digits = decimals(line.cells[column.metric] for line in column.table.lines if column.metric in line.cells)
    cells = [_own_cell(line.cells[column.metric], digits) for line in steps]
    cells += [SurveyCell(MISSING)] * (places - len(cells))
    n = steps[0].cells[column.metric].n
    return _own_row(variant, name, f"{column.table.benchmark} (n = {', '.join(map(compact, n))})", cells)


def _by_column(anchor: str, title: str, theirs: PublishedTable, columns: Sequence[Column]) -> SurveyTable:
    """Published rows fill the first columns, those measured here the others."""
    before = len(theirs.columns)
    rows: dict[tuple[Variant, str], list[SurveyCell]] = {}
    for place, column in enumerate(columns):
        names = variant_names(column.table.variants)
        digits = decimals(line.cells[column.metric] for line in column.table.lines if column.metric in line.cells)
        for variant in column.table.variants:
            line = column.table.best_line(variant, column.metric)
            if line is not None and variant.method not in CONTEXT:
                cells = rows.setdefault((variant, names[variant]), [SurveyCell(MISSING)] * (before + len(columns)))
                cells[before + place] = _own_cell(line.cells[column.metric], digits)
    ours = "Measured here: " + "; ".join(_column_text(column) for column in columns) + ". Mean over seeds."
    own = tuple(_own_row(variant, name, "", cells) for (variant, name), cells in sorted(rows.items(), key=lambda item: item[0][0].rank))
    parts = [SurveyPart(ours, own, ours=True)] if own else []
    part = SurveyPart(theirs.caption, tuple(_published(row, len(columns)) for row in theirs.rows), ours=False)
    return SurveyTable(anchor, title, (*theirs.columns, *(column.title for column in columns)), False, (*parts, part))


def _column_text(column: Column) -> str:
    counts = sorted({n for line in column.table.lines if column.metric in line.cells for n in line.cells[column.metric].n})
    return f"{column.title} over n = {', '.join(map(compact, counts))} items"


def _own_row(variant: Variant, name: str, judged_on: str, cells: Sequence[SurveyCell]) -> SurveyRow:
    network = f"{variant.backbone}, width {variant.width}" if variant.backbone else MISSING
    seen = f"{compact(variant.samples_seen)} samples" if variant.samples_seen else "nothing"
    return SurveyRow(name, _family(variant.method), network, seen, judged_on, tuple(cells), "measured here")


def _family(method: str) -> str:
    return FAMILIES.get(method, "combined" if "+" in method else MISSING)


def _own_cell(estimate: Estimate, digits: int) -> SurveyCell:
    width, count = estimate.half_width, len(estimate.values)
    note = f"± {number(width, digits)}" if width is not None else {1: "one seed", 2: "two seeds"}[count]
    return SurveyCell(number(estimate.mean, digits), note, repr(estimate.mean))


def _published(row: Published, empty: int) -> SurveyRow:
    cells = [
        SurveyCell(MISSING) if value is None else SurveyCell(f"{value:.1f}", "" if row.is_verified(i) else "†", repr(value))
        for i, value in enumerate(row.values)
    ]
    cells += [SurveyCell(MISSING)] * empty
    data = row.trained_on or MISSING
    return SurveyRow(row.method, row.family, row.backbone or MISSING, data, row.judged_on, tuple(cells), row.source)
