"""Whether memory grows: many different scenes rendered in one process, and the resident set after each.

    python -m bench.memory [--scenes N] [--json FILE]

Caches are bounded, so the resident set levels out; what counts is how much of it remains after a scene has been let go, from the 20th scene
on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import heading
from renderers.frame import DEFAULT_LABELS
from renderers.renderer import RENDERERS
from scenes.families import FAMILIES
from scenes.randomness import Streams


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`scenes` scenes of a family, `frames` frames of each with all labels."""

    family: str = "rooms"
    renderer: str = "raster"
    scenes: int = 200
    frames: int = 5
    width: int = 320
    height: int = 240
    settled_after: int = 20
    every: int = 20


def resident_mb() -> float:
    """Resident set of this process, MB; needs Linux."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError("/proc/self/status has no VmRSS")


def resident_after_scenes(plan: Plan) -> Iterator[float]:
    """Renders scene after scene and gives the resident set, MB, that each leaves behind."""
    family, renderer = FAMILIES[plan.family], RENDERERS[plan.renderer]
    config = family.Config(frames=plan.frames, width=plan.width, height=plan.height)
    labels = getattr(renderer, "LABELS", DEFAULT_LABELS)
    for index in range(plan.scenes):
        scene = family.sample(config, Streams(0, index))
        held = renderer(scene)
        for time in range(plan.frames):
            held.render(time, labels)
        del scene, held
        yield resident_mb()


def run(plan: Plan) -> dict[str, Any]:
    """The measurement as a JSON-able document; prints the curve and the growth."""
    curve = []
    print(f"{'scenes':>7s} {'resident MB':>12s}")
    for count, resident in enumerate(resident_after_scenes(plan), start=1):
        curve.append(round(resident, 1))
        if count % plan.every == 0 or count in (1, plan.settled_after):
            print(f"{count:7d} {resident:12.1f}", flush=True)
    growth = max(curve[plan.settled_after :]) - curve[plan.settled_after - 1]
    print(f"highest after the first {plan.settled_after} scenes: {growth:+.1f} MB")
    return heading() | {**vars(plan), "resident_mb": curve, "growth_mb": round(growth, 1)}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.memory", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=Plan.scenes, help="how many different scenes (more than 20)")
    parser.add_argument("--renderer", default=Plan.renderer, help="which renderer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, with date, machine and commit")
    options = parser.parse_args(arguments)
    if options.scenes <= Plan.settled_after:
        parser.error(f"--scenes must be more than {Plan.settled_after}, which only settle the caches")
    document = run(Plan(scenes=options.scenes, renderer=options.renderer))
    if options.json:
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
