"""How the time of a frame grows with its pixels, and with triangles that the camera does not see.

    python -m bench.scaling [--json FILE] [--chart FILE]

Both series are measured interleaved in one process and one thread with all labels; the lowest quartile counts, which other programs on the
machine disturb least. `--chart` writes one picture for each series: FILE-pixels.png and FILE-triangles.png for FILE.png.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.chart import draw_curve
from bench.machine import heading
from bench.standard_room import HALF_M, standard_room
from renderers.flatten import flatten
from renderers.raster import RasterRenderer
from scenes import geometry
from scenes.scene import Instance, Scene, Shape, Trajectory

BALL_SUBDIVISIONS = 5  # 20,480 triangles


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Image sizes of the first series; balls behind the camera, of 20,480 triangles each, of the second (at `size`)."""

    sizes: tuple[tuple[int, int], ...] = ((160, 120), (320, 240), (640, 480), (960, 720), (1280, 960))
    balls: tuple[int, ...] = (0, 6, 12, 25, 49)
    size: tuple[int, int] = (320, 240)
    rounds: int = 12
    frames: int = 8


def with_balls_behind(scene: Scene, count: int) -> Scene:
    """The scene with balls behind the back of its camera, outside the room, so that no image changes."""
    shape = Shape.of("sphere", radius=0.3, subdivisions=BALL_SUBDIVISIONS)
    places = [(-2 * HALF_M - k % 7, -2 * HALF_M - k // 7, 1.0) for k in range(count)]
    balls = [
        Instance(
            name=f"behind {k}", category="otherprop", shape=shape, materials=(0,), motion=Trajectory.still(geometry.compose(np.eye(3), at))
        )
        for k, at in enumerate(places)
    ]
    return replace(scene, instances=(*scene.instances, *balls))


def milliseconds(renderers: Mapping[float, RasterRenderer], plan: Plan) -> dict[float, float]:
    """Lower quartile of the milliseconds of a frame, over interleaved rounds after one to warm up."""
    taken: dict[float, list[float]] = {key: [] for key in renderers}
    for step in range(plan.rounds + 1):
        for key in np.roll(list(renderers), step).tolist():
            times = [(step * 2 + k) % plan.frames for k in range(2)]
            start = time.perf_counter()
            for t in times:
                renderers[key].render(t)
            taken[key].append(1e3 * (time.perf_counter() - start) / len(times))
    return {key: float(np.percentile(values[1:], 25)) for key, values in taken.items()}


def pixel_series(plan: Plan) -> dict[str, Any]:
    """Time against pixels with a straight line through it, and R^2, the share of the variance that the line explains."""
    renderers = {float(w * h): RasterRenderer(standard_room(plan.frames, w, h)) for w, h in plan.sizes}
    found = milliseconds(renderers, plan)
    pixels, taken = np.array(list(found)), np.array(list(found.values()))
    slope, constant = np.polyfit(pixels, taken, 1)
    residual = ((taken - slope * pixels - constant) ** 2).sum() / max(((taken - taken.mean()) ** 2).sum(), 1e-12)
    return {
        "pixels": pixels.tolist(),
        "milliseconds": taken.tolist(),
        "nanoseconds_a_pixel": 1e6 * slope,
        "constant_ms": constant,
        "r_squared": 1 - residual,
    }


def triangle_series(plan: Plan) -> dict[str, Any]:
    """Time against triangles that cannot be seen. `growth`: the time's relative growth by the triangles', 1 is linear."""
    base = standard_room(plan.frames, *plan.size)
    scenes = [with_balls_behind(base, count) for count in plan.balls]
    renderers = {float(len(flatten(scene).triangles)): RasterRenderer(scene) for scene in scenes}
    found = milliseconds(renderers, plan)
    triangles, taken = list(found), list(found.values())
    growth = (taken[-1] / taken[0] - 1) / (triangles[-1] / triangles[0] - 1)
    return {"triangles": triangles, "milliseconds": taken, "growth": growth}


def run(plan: Plan) -> dict[str, Any]:
    """The measurement as a JSON-able document; prints both series."""
    document = heading() | {"scene": "standard_room", "pixels": pixel_series(plan), "triangles_outside_the_view": triangle_series(plan)}
    for name, key in (("pixels", "pixels"), ("triangles_outside_the_view", "triangles")):
        print(f"\n{key:>12s} {'ms a frame':>12s}")
        for x, y in zip(document[name][key], document[name]["milliseconds"], strict=True):
            print(f"{x:12,.0f} {y:12.2f}")
    pixels, triangles = document["pixels"], document["triangles_outside_the_view"]
    print(f"\n{pixels['nanoseconds_a_pixel']:.0f} ns a pixel + {pixels['constant_ms']:.1f} ms, R^2 {pixels['r_squared']:.4f}")
    print(f"unseen triangles: the time grows {triangles['growth']:.3f} times as fast as their number")
    return document


def _in_millions(counts: list[float], milliseconds: list[float]) -> list[tuple[float, float]]:
    return [(count / 1e6, taken) for count, taken in zip(counts, milliseconds, strict=True)]


def draw(document: Mapping[str, Any], path: Path) -> None:
    pixels, triangles = document["pixels"], document["triangles_outside_the_view"]
    points = _in_millions(pixels["pixels"], pixels["milliseconds"])
    line = [(x, pixels["nanoseconds_a_pixel"] * x + pixels["constant_ms"]) for x in (0, points[-1][0])]
    draw_curve(
        path.with_name(f"{path.stem}-pixels{path.suffix}"),
        points,
        line,
        reference="straight line",
        title="All labels, one thread",
        x="million pixels",
        y="ms a frame",
    )
    points = _in_millions(triangles["triangles"], triangles["milliseconds"])
    first, last = points[0], points[-1]
    linear = [first, (last[0], first[1] * last[0] / first[0])]
    draw_curve(
        path.with_name(f"{path.stem}-triangles{path.suffix}"),
        points,
        linear,
        reference="if it grew with their number",
        title="Same view, more triangles behind the camera",
        x="million triangles in the scene",
        y="ms a frame",
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.scaling", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, with date, machine and commit")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw both series (PNG)")
    options = parser.parse_args(arguments)
    document = run(Plan())
    if options.json:
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    if options.chart:
        draw(document, options.chart)
    return 0


if __name__ == "__main__":
    sys.exit(main())
