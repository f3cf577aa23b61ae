"""Frames per second with all labels on a GPU, by image size and number of cameras in a batch.

    python -m bench.render --device cuda [--quick] [--json FILE]

Each batch is B cameras in the standard room at one time of its clip, the next batch at the next time. Frames stay on the device as torch
tensors; the clock stops when the device has finished. Nothing but `pip install -e .` on a machine with a GPU is needed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp

from bench.machine import heading
from bench.standard_room import standard_room
from renderers.flatten import flatten
from renderers.frame import DEFAULT_LABELS
from renderers.raster import RasterRenderer
from scenes import geometry
from scenes.errors import UserError
from scenes.scene import Trajectory


@dataclass(frozen=True, kw_only=True)
class GpuPlan:
    """What to measure: every size with every batch; `rounds` batches each after two to warm up."""

    device: str = "cuda"
    sizes: tuple[tuple[int, int], ...] = ((128, 128), (320, 240), (640, 480))
    batches: tuple[int, ...] = (64, 256, 1024)
    rounds: int = 8
    frames: int = 8


def cameras(count: int, frames: int) -> list[Trajectory]:
    """Paths of `count` cameras that stand all over the room and look across its middle; the same for any count."""
    motions = []
    for k in range(count):
        angle = 2.399963 * k  # the golden angle spreads them evenly
        x, y = np.cos(angle), np.sin(angle)
        start = np.array([3.2 * x, 3.2 * y, 1.2 + 0.2 * (k % 5)])
        eyes = [start + np.array([0.01 * t, 0.02 * t, 0.0]) for t in range(-1, frames + 1)]
        steps = [geometry.look_at(eye, (-0.6 * x, -0.6 * y, 0.7)) for eye in eyes]
        motions.append(Trajectory(np.stack(steps)))
    return motions


def run(plan: GpuPlan) -> dict[str, Any]:
    """The measurement as a JSON-able document; prints a line for each size and batch. UserError where there is no such device."""
    if not plan.device.startswith("cpu") and not wp.is_cuda_available():
        raise UserError("no CUDA device was found: run this on a machine that has one, or with --device cpu")
    document = heading() | {"scene": "standard_room", "device": str(wp.get_device(plan.device).name), "labels": list(DEFAULT_LABELS)}
    document |= {"triangles": len(flatten(standard_room(1)).triangles), "rates": []}
    motions = cameras(max(plan.batches), plan.frames)
    print(f"{document['device']}: {'size':>8s} {'cameras':>8s} {'frames/s':>10s} {'ms a batch':>11s}")
    for width, height in plan.sizes:
        renderer = RasterRenderer(standard_room(plan.frames, width, height), device=plan.device)
        for batch in plan.batches:
            seconds = _seconds(renderer, motions[:batch], plan)
            entry = {"size": f"{width}x{height}", "cameras": batch, "frames_per_second": batch / seconds, "seconds_a_batch": seconds}
            document["rates"].append(entry)
            print(f"{entry['size']:>20s} {batch:8d} {entry['frames_per_second']:10.0f} {1e3 * seconds:11.2f}", flush=True)
    return document


def _seconds(renderer: RasterRenderer, motions: Iterable[Trajectory], plan: GpuPlan) -> float:
    """Median seconds of a batch."""
    motions, taken = list(motions), []
    for step in range(plan.rounds + 2):
        start = time.perf_counter()
        renderer.render_batch([step % plan.frames] * len(motions), DEFAULT_LABELS, motions)
        wp.synchronize_device(plan.device)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken[2:]))
