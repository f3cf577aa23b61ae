"""Frames per second of the renderer with all its labels beside peers, on the same scene, in one interleaved run.

    python -m bench.render [--quick] [--json FILE] [--chart FILE]

Every contender renders the standard room in processes of its own, which stay warm; they are asked in turn for a window of frames, and the
clock runs from the asking until the last process has answered. The images stay where they were made. Peers that are not installed are
skipped with a line: `pip install -e .[bench]` brings Mitsuba and pyrender, `bench/peers/cycles.py` says how Blender is added.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import contenders, cuda
from bench.chart import draw_rates
from bench.contenders import ALL_CORES, ONE_PROCESS, REFERENCE, Contender
from bench.crew import Crew, Skipped
from bench.cuda import GpuPlan
from bench.interleave import Rate, measure
from bench.machine import heading, usable_cores
from bench.standard_room import standard_room
from renderers.flatten import flatten
from renderers.frame import DEFAULT_LABELS
from renderers.raster import RasterRenderer
from scenes.errors import UserError

SIZES = ((320, 240), (640, 480))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to measure. `only`: parts of names; contenders with none of them are left out, the reference never is."""

    sizes: tuple[tuple[int, int], ...] = SIZES
    rounds: int = 16
    window_seconds: float = 0.2
    frames: int = 16
    only: tuple[str, ...] = ()

    def wants(self, contender: Contender) -> bool:
        return contender.name == REFERENCE or not self.only or any(part.lower() in contender.name.lower() for part in self.only)


QUICK = Plan(rounds=4, window_seconds=0.1)


def run(plan: Plan) -> dict[str, Any]:
    """The whole measurement as a JSON-able document; prints a table for each section and size."""
    document: dict[str, Any] = heading() | {
        "scene": "standard_room",
        "triangles": len(flatten(standard_room(1)).triangles),
        "labels": list(DEFAULT_LABELS),
        "reference": REFERENCE,
        "versions": {},
        "skipped": {},
        "sections": {},
    }
    sections = {ONE_PROCESS: contenders.one_process(), ALL_CORES: contenders.all_cores(usable_cores())}
    for section, candidates in sections.items():
        wanted = [c for c in candidates if plan.wants(c)]
        document["sections"][section] = {}
        for width, height in plan.sizes:
            rates = _measure_size(plan, wanted, width, height, document)
            entries = document["sections"][section][f"{width}x{height}"] = _entries(rates, wanted)
            _show(section, f"{width}x{height}", entries)
    document["first_frame_seconds"] = first_frame_seconds()
    return document


def _measure_size(plan: Plan, wanted: Iterable[Contender], width: int, height: int, document: dict[str, Any]) -> dict[str, Rate]:
    crews: dict[str, Crew] = {}
    with ExitStack() as stack:
        for contender in wanted:
            if contender.name in document["skipped"]:
                continue
            try:
                crew = stack.enter_context(Crew(contender, width=width, height=height, frames=plan.frames))
            except Skipped as reason:
                if contender.name == REFERENCE:
                    raise
                if str(reason) not in document["skipped"].values():
                    print(f"skipped {contender.name}: {reason}", flush=True)
                document["skipped"][contender.name] = str(reason)
                continue
            crews[contender.name] = crew
            document["versions"][contender.package] = crew.version
        return measure(crews, rounds=plan.rounds, window_seconds=plan.window_seconds)


def _entries(rates: dict[str, Rate], wanted: Iterable[Contender]) -> dict[str, Any]:
    """Rates with how many times faster the reference is, and the same by processor time, which other programs disturb less."""
    contender = {c.name: c for c in wanted}
    reference = rates[REFERENCE]
    return {
        name: rate.to_json()
        | {
            "reference_is": reference.frames_per_second / rate.frames_per_second,
            "reference_is_by_cpu": rate.cpu_ms / reference.cpu_ms if reference.cpu_ms else None,
            "ours": contender[name].ours,
            "processes": contender[name].processes,
            "threads": contender[name].threads,
        }
        for name, rate in rates.items()
    }


def _show(section: str, size: str, entries: dict[str, Any]) -> None:
    header = f"{'frames/s':>10s} {'quartiles':>17s} {'cores':>6s} {'CPU ms':>8s} {'ours is':>9s} {'by CPU':>8s}"
    print(f"\n{section + ', ' + size:54s} {header}")
    for name, entry in entries.items():
        spread = f"{entry['lower_quartile']:.1f} - {entry['upper_quartile']:.1f}"
        by_cpu = f"{entry['reference_is_by_cpu']:7.2f}x" if entry["reference_is_by_cpu"] else ""
        figures = f"{entry['frames_per_second']:10.2f} {spread:>17s} {entry['cores']:6.2f} {entry['cpu_ms']:8.1f}"
        print(f"{name:54s} {figures} {entry['reference_is']:8.2f}x {by_cpu:>8s}", flush=True)


def first_frame_seconds() -> float:
    """Seconds from a scene to its first frame with everything loaded: upload, shadow maps, labels."""
    scene = standard_room(8, 320, 240)
    RasterRenderer(standard_room(1, 32, 24)).render(0)
    start = time.perf_counter()
    RasterRenderer(scene).render(0)
    return time.perf_counter() - start


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.render", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only contenders with one of these words in their name")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"), help="cuda: batches of cameras on the GPU, no peers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, with date, machine, commit and versions")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the figures (PNG)")
    options = parser.parse_args(arguments)
    try:
        document = _document(options)
    except UserError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    if options.json:
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


def _document(options: argparse.Namespace) -> dict[str, Any]:
    if options.device == "cuda":
        return cuda.run(GpuPlan(rounds=3) if options.quick else GpuPlan())
    document = run(replace(QUICK if options.quick else Plan(), only=tuple(options.only)))
    print(f"\nfirst frame of a scene, 320x240: {document['first_frame_seconds']:.2f} s; load average {document['machine']['load']:.1f}")
    if options.chart:
        draw_rates(document, options.chart)
    return document


if __name__ == "__main__":
    sys.exit(main())
