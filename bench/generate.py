"""What writing a data set costs beside rendering it: frames/s of `simlearn generate` over those of worker processes that write nothing.

    python -m bench.generate [--family NAME] [--scenes N] [--workers N] [--json FILE]

Rounds alternate between the contenders, so that whatever else the machine does meets both. "bare" samples the same scenes and renders the
same labels in as many processes; "generate" also describes the objects, compresses, writes and syncs. Start-up is left out: the clock
runs from the first scene that is finished to the last. KB a frame are given for every way to store.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench.machine import heading
from simlearn.generate import GenerateConfig, SceneTask, render_scene
from simlearn.workers import run_tasks

CLIPS = (8, 48)  # frames a scene: the default, and so long that making the scene hardly counts
CODECS: dict[str, dict[str, str]] = {"default": {}, "rgb=jpeg": {"rgb": "jpeg"}, "all=lossless": {"all": "lossless"}}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`rounds` rounds; in each `scenes` clips of 320x240, and as many fewer of the longer clips."""

    family: str = "rooms"
    scenes: int = 16
    workers: int = 2
    rounds: int = 3
    width: int = 320
    height: int = 240


@dataclass(frozen=True, kw_only=True)
class Bare:
    """The task of a contender: a scene sampled and rendered, nothing written."""

    config: GenerateConfig
    index: int


def render_only(task: Bare) -> int:
    """Frames of one scene."""
    scene = task.config.sample(task.index)
    renderer = task.config.renderer_of(scene)
    for moment in range(scene.frames):
        renderer.render(moment, task.config.labels)
    return scene.frames


def frames_per_second(function: Callable[[Any], Any], tasks: Iterable[Any], frames: int, workers: int) -> float:
    """From the first finished scene to the last."""
    finished = [time.monotonic() for _ in run_tasks(function, tasks, workers)]
    return frames * (len(finished) - 1) / (finished[-1] - finished[0])


def rates(plan: Plan, frames: int) -> Iterator[tuple[float, float]]:
    """(bare, generate) frames/s of each round."""
    scenes = max(plan.workers + 2, plan.scenes * CLIPS[0] // frames)
    for number in range(plan.rounds):
        with tempfile.TemporaryDirectory() as folder:
            config = GenerateConfig(
                family=plan.family, out=folder, scenes=scenes, frames=frames, width=plan.width, height=plan.height, seed=number
            )
            bare = [Bare(config=config, index=index) for index in range(scenes)]
            whole = [SceneTask(config=config, index=index) for index in range(scenes)]
            yield (
                frames_per_second(render_only, bare, frames, plan.workers),
                frames_per_second(render_scene, whole, frames, plan.workers),
            )


def kilobytes(plan: Plan) -> dict[str, float]:
    """KB a frame of four scenes by way to store."""
    found = {}
    for name, codecs in CODECS.items():
        with tempfile.TemporaryDirectory() as folder:
            config = GenerateConfig(family=plan.family, out=folder, scenes=4, width=plan.width, height=plan.height, codecs=codecs)
            records = [render_scene(SceneTask(config=config, index=index)) for index in range(4)]
        found[name] = round(sum(record.bytes for record in records) / sum(record.frames for record in records) / 1e3, 1)
    return found


def run(plan: Plan) -> dict[str, Any]:
    """The measurement as a JSON-able document; prints a line for each length of clip."""
    rows = []
    for frames in CLIPS:
        measured = list(rates(plan, frames))
        bare, whole = (statistics.median(pair[k] for pair in measured) for k in (0, 1))
        ratio = statistics.median(b / a for a, b in measured)
        print(f"{plan.family}, {frames} frames a scene: bare {bare:.1f}, generate {whole:.1f} frames/s, {100 * ratio:.0f} %", flush=True)
        rows.append({"frames": frames, "bare_fps": bare, "generate_fps": whole, "ratio": ratio, "rounds": measured})
    sizes = kilobytes(plan)
    print(f"{plan.family}, KB a frame: " + ", ".join(f"{name} {size}" for name, size in sizes.items()))
    return {**asdict(plan), "rates": rows, "kilobytes_a_frame": sizes}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.generate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--family", action="append", help="which scene families (default: rooms)")
    parser.add_argument("--scenes", type=int, default=Plan.scenes, help="clips in a round")
    parser.add_argument("--workers", type=int, default=Plan.workers, help="worker processes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, with date, machine and commit")
    options = parser.parse_args(arguments)
    plan = Plan(scenes=options.scenes, workers=options.workers)
    document = heading() | {"families": [run(replace(plan, family=family)) for family in options.family or [plan.family]]}
    if options.json:
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
