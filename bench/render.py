"""Frames per second of the renderer with all its labels, beside peers on the same geometry, interleaved in one process.

    python -m bench.render [--quick] [--json FILE]

Every contender renders the same times in turn, so that a change of the machine's mood meets all of them alike; the median time counts.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from bench.peers import TinyRenderer, embree_rays
from bench.standard_room import standard_room
from renderers.flatten import flatten
from renderers.frame import DEFAULT_LABELS
from renderers.raster import RasterRenderer
from scenes.scene import Scene

SIZES = ((320, 240), (640, 480))
OURS = "raster, all labels"
Contender = Callable[[int], Any]


def contenders(scene: Scene, stack: ExitStack) -> dict[str, Contender]:
    """Name -> function that renders one time. A peer that is not installed is left out with a line."""
    renderer = RasterRenderer(scene)
    found: dict[str, Contender] = {
        OURS: lambda t: renderer.render(t),
        "raster, rgb depth instance": lambda t: renderer.render(t, ("rgb", "depth", "instance")),
    }
    peers: dict[str, Callable[[], Contender]] = {
        "TinyRenderer, rgb depth mask": lambda: stack.enter_context(TinyRenderer(scene, shadow=True)),
        "TinyRenderer without shadows": lambda: stack.enter_context(TinyRenderer(scene, shadow=False)),
        "Embree primary rays, 1 thread": lambda: embree_rays(scene, threads=1),
        f"Embree primary rays, {os.cpu_count()} threads": lambda: embree_rays(scene, threads=0),
    }
    for name, make in peers.items():
        try:
            found[name] = make()
        except (ImportError, ValueError) as error:
            print(f"skipped {name}: {error}")
    return found


def measure(found: dict[str, Contender], rounds: int, frames: int) -> dict[str, float]:
    """Median frames/s of each contender over `rounds` interleaved frames, after one to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in found}
    names = list(found)
    for step in range(rounds + 1):
        for name in np.roll(names, step):  # some leave threads spinning behind them, so no one always follows the same
            start = time.perf_counter()
            found[name](step % frames)
            seconds[name].append(time.perf_counter() - start)
    return {name: 1.0 / float(np.median(times[1:])) for name, times in seconds.items()}


def first_frame_seconds() -> float:
    """Seconds from a scene to its first frame with everything loaded: upload, shadow maps, labels."""
    scene = standard_room(8, 320, 240)
    start = time.perf_counter()
    RasterRenderer(scene).render(0)
    return time.perf_counter() - start


def commit() -> str:
    folder = Path(__file__).parent
    answer = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=folder, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def machine() -> dict[str, Any]:
    names = [line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    load = os.getloadavg()[0]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": load,
    }


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def run(*, quick: bool) -> dict[str, Any]:
    """The whole measurement as a JSON-able document."""
    rounds, frames = (5, 6) if quick else (16, 17)
    document: dict[str, Any] = {
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "machine": machine(),
        "triangles": len(flatten(standard_room(1)).triangles),
        "labels": list(DEFAULT_LABELS),
        "rounds": rounds,
        "frames_per_second": {},
    }
    for width, height in SIZES:
        with ExitStack() as stack:
            rates = measure(contenders(standard_room(frames, width, height), stack), rounds, frames)
        document["frames_per_second"][f"{width}x{height}"] = rates
        show(f"{width}x{height}", rates)
    document["first_frame_seconds"] = first_frame_seconds()
    return document


def show(size: str, rates: dict[str, float]) -> None:
    print(f"\n{size:32s} {'frames/s':>10s} {'ours is':>10s}")
    for name, rate in rates.items():
        print(f"{name:32s} {rate:10.2f} {rates[OURS] / rate:9.2f}x")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.render", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds: under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, with date, machine and commit")
    options = parser.parse_args(arguments)
    document = run(quick=options.quick)
    print(f"\nfirst frame of a scene, 320x240: {document['first_frame_seconds']:.2f} s; load average {document['machine']['load']:.1f}")
    if options.json:
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
