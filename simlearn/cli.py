"""The command line. Each command is a thin wrapper around one public function; heavy imports wait until a command runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import tyro
from tyro.conf import Positional

from scenes.errors import UserError
from simlearn.outcomes import EXIT_FINDINGS, guarded, warn_plainly

# OpenMP's idle threads spin for milliseconds. Alone that gains nothing (298 crops/s either way on two cores), but two trainings side by
# side fell to 5/s each; with this count they keep 92/s each.
OPENMP_SPINS = "3000"

app = tyro.extras.SubcommandApp()


def _workers() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@app.command
def generate(
    *,
    family: str,
    out: str,
    scenes: int = 16,
    frames: int = 8,
    size: str = "",
    seed: int = 0,
    workers: int = 0,
    resume: bool = False,
    dry_run: bool = False,
    renderer: str = "raster",
    device: str = "cpu",
    labels: tuple[str, ...] = (),
    set: tuple[str, ...] = (),
    render: tuple[str, ...] = (),
    codec: tuple[str, ...] = (),
    no_objects: bool = False,
    engine: str = "local",
    address: str = "",
) -> None:
    """Render a labelled data set of procedural worlds.

    Example: simlearn generate --family rooms --scenes 100 --frames 8 --size 320x240 --out data/rooms

    Args:
        family: Scene family (see `simlearn info`).
        out: Folder to write, or a URL such as s3://bucket/rooms; must be new or empty unless --resume is given.
        scenes: Number of worlds.
        frames: Frames in the clip of each world.
        size: Image size, WIDTHxHEIGHT in pixels; by default the family's own (320x240, of streets 1242x375).
        seed: Data set seed; the same seed gives the same bytes for any number of workers.
        workers: Worker processes; 0 means one for each core.
        resume: Continue an interrupted run in the same folder.
        dry_run: Only say how long it will take and how large it will be.
        renderer: Renderer (see `simlearn info`).
        device: Where to render: cpu, cuda, cuda:1, ...
        labels: Labels to render (see `simlearn info`); by default those that every scene has.
        set: Settings of the family as NAME=VALUE, for example horizontal_fov=60 or horizontal_fov=50..75 (uniform).
        render: Settings of the renderer as NAME=VALUE, for example samples=64 of the path renderer.
        codec: How labels are stored, as LABEL=CODEC: rgb=jpeg, rgb=jpeg:90, depth=lossless, all=lossless; by default without loss but
            for floats, whose error is far below what they measure (docs/format.md).
        no_objects: Leave out pose, boxes and visibility of every object.
        engine: local, or ray for many machines.
        address: Ray cluster; by default one on this machine.
    """
    from simlearn.generate import GenerateConfig, estimate
    from simlearn.generate import generate as run
    from simlearn.settings import image_size, parse_settings

    width, height = image_size(family, size)
    config = GenerateConfig(
        family=family,
        scenes=scenes,
        frames=frames,
        width=width,
        height=height,
        seed=seed,
        workers=workers or _workers(),
        out=out,
        resume=resume,
        renderer=renderer,
        device=device,
        labels=labels,
        settings=parse_settings(set),
        renderer_settings=parse_settings(render),
        codecs=parse_settings(codec),
        objects=not no_objects,
        engine=engine,
        address=address,
    )
    print(estimate(config) if dry_run else run(config))


@app.command
def worlds(
    *,
    family: str,
    out: Path,
    scenes: int = 24,
    frames: int = 8,
    size: str = "",
    seed: int = 0,
    renderer: str = "raster",
    set: tuple[str, ...] = (),
) -> None:
    """Look at a scene family before rendering a data set: contact sheet, statistics beside real data, soundness of every scene.

    Example: simlearn worlds --family streets --scenes 24 --size 1242x375 --out worlds/streets

    Args:
        family: Scene family (see `simlearn info`).
        out: Folder for sheet.png, histograms.png and worlds.json. The same command again goes on where it was interrupted.
        scenes: Number of worlds.
        frames: Frames in the clip of each world; the first, the middle and the last are rendered.
        size: Image size, WIDTHxHEIGHT in pixels; by default the family's own (320x240, of streets 1242x375).
        seed: Data set seed; the worlds are those that `generate` renders with it.
        renderer: Renderer (see `simlearn info`).
        set: Settings of the family as NAME=VALUE, as of `simlearn generate`.
    """
    from simlearn.settings import image_size, parse_settings
    from simlearn.worlds import survey

    width, height = image_size(family, size)
    settings = parse_settings(set)
    summary = survey(family, out, scenes=scenes, frames=frames, width=width, height=height, seed=seed, settings=settings, renderer=renderer)
    if summary.problems:
        raise SystemExit(EXIT_FINDINGS)


@app.command
def train(
    *,
    pretext: str,
    data: Path | None = None,
    out: Path,
    stream: str | None = None,
    size: str = "",
    frames: int = 4,
    set: tuple[str, ...] = (),
    backbone: str = "resnet18",
    width: int = 32,
    budget: str = "samples=100000",
    batch_size: int | None = None,
    lr: float | None = None,
    seed: int = 0,
    workers: int = 0,
) -> None:
    """Train a backbone on a pretext task. Run again with the same --out to continue an interrupted run.

    Example: simlearn train --pretext game_engine --data data/rooms --out runs/rooms

    Args:
        pretext: Pretext task (see `simlearn info`).
        data: Data set folder made by `simlearn generate`.
        stream: Instead of --data: a scene family, rendered while training, without end and with nothing on disk.
        size: Image size of the stream, WIDTHxHEIGHT in pixels; by default the family's own.
        frames: Frames of each of the stream's worlds.
        set: Settings of the stream's family as NAME=VALUE, as of `simlearn generate`.
        out: Run folder: checkpoint, metrics, configuration.
        backbone: Network (see `simlearn info`).
        width: Channels of the first stage; 64 is the standard ResNet, 32 half of it.
        budget: samples=N, minutes=M, or both joined by a comma.
        batch_size: Samples in a step; by default that of the loop.
        lr: Peak learning rate; by default that of the loop.
        seed: Seed of initialisation, sample order and augmentation.
        workers: Data loading (of a stream: rendering) processes; 0 loads in the training process.
    """
    from simlearn.settings import image_size, parse_settings
    from simlearn.train import OnTheFly
    from simlearn.train import train as run
    from training.budget import Budget

    source: Path | OnTheFly
    if stream is not None and data is None:
        across, down = image_size(stream, size)
        source = OnTheFly(family=stream, width=across, height=down, frames=frames, seed=seed, settings=parse_settings(set))
    elif data is not None and stream is None:
        source = data
    else:
        raise UserError("train on one source: give --data DIR or --stream FAMILY")

    result = run(
        pretext=pretext,
        data=source,
        out=out,
        backbone=backbone,
        width=width,
        budget=Budget.parse(budget),
        batch_size=batch_size,
        lr=lr,
        seed=seed,
        workers=workers,
    )
    print(f"{result}\nmeasure it: simlearn evaluate --benchmark NAME --checkpoint {out} --out results.jsonl")


@app.command
def evaluate(
    *,
    benchmark: str,
    checkpoint: str,
    out: Path,
    data: Path | None = None,
    backbone: str = "resnet18",
    width: int = 32,
    seed: int = 0,
    quick: bool = False,
) -> None:
    """Measure a checkpoint on a benchmark and append the rows to a results file.

    Example: simlearn evaluate --benchmark tiny_imagenet --checkpoint runs/rooms --out results.jsonl

    Args:
        benchmark: Benchmark (see `simlearn info`). Real ones read their data from SIMLEARN_DATA.
        checkpoint: Run folder of `simlearn train`, or `random`, or `supervised`.
        out: Results file (JSON lines), appended to; pictures land in a folder beside it.
        data: Rendered data set, for the benchmark `rendered`.
        backbone: Network of `random` and `supervised`.
        width: Its width.
        seed: Seed of initialisation and of every split.
        quick: Smaller budgets; the rows say so.
    """
    from simlearn.evaluate import evaluate as run

    run(benchmark, checkpoint, out, data=data, backbone=backbone, width=width, seed=seed, quick=quick)


@app.command
def compare(
    *,
    data: Path,
    out: Path,
    pretexts: tuple[str, ...] = ("all",),
    benchmarks: tuple[str, ...] = ("all",),
    backbone: str = "resnet18",
    width: int = 32,
    budget: str = "samples=100000",
    seeds: int = 3,
    heldout: Path | None = None,
    quick: bool = False,
) -> None:
    """Train every pretext under one budget and measure all of them, random and supervised on the same benchmarks; resumable.

    Args:
        data: Rendered data set to train on.
        out: Folder of the comparison: runs, results.jsonl, pictures.
        pretexts: Names, or `all`.
        benchmarks: Names, or `all` for those whose data is found.
        backbone: Network of all rows.
        width: Its width.
        budget: samples=N, minutes=M, or both joined by a comma; the same for every pretext.
        seeds: Number of seeds: 0, 1, ...
        heldout: Rendered data set never trained on, for the benchmark `rendered`.
        quick: Smaller budgets of the benchmarks; the rows say so.
    """
    from simlearn.compare import compare as run
    from training.budget import Budget

    run(
        pretexts=pretexts,
        data=data,
        out=out,
        budget=Budget.parse(budget),
        seeds=range(seeds),
        backbone=backbone,
        width=width,
        benchmarks=benchmarks,
        heldout=heldout,
        quick=quick,
    )


@app.command
def report(run: Positional[Path], /, *, out: Path | None = None) -> None:
    """Write one self-contained page of results, curves and pictures.

    Args:
        run: Folder with results.jsonl (and runs, pictures, data sets if there are any).
        out: File to write; index.html in the folder by default.
    """
    from simlearn.report import write_report

    print(write_report(run, out or run / "index.html"))


@app.command
def export(
    data: Positional[Path], /, *, out: Path, format: str = "numpy", labels: tuple[str, ...] = (), set: tuple[str, ...] = ()
) -> None:
    """Convert a data set to a format that other programs read; an interrupted export goes on when the command is run again.

    Args:
        data: Data set folder made by `simlearn generate`.
        out: Folder to write; must be new or empty.
        format: Format (see `simlearn info`). `numpy`: one .npz a frame.
        labels: Labels to export; by default all that the data set holds and the format has a place for.
        set: Settings of the format as NAME=VALUE (docs/export.md), for example compress=true of numpy or fps=10 of tum.
    """
    from simlearn.exporters import EXPORTERS
    from simlearn.exporters.options import export_options
    from simlearn.settings import parse_settings

    EXPORTERS[format](data, out, labels=labels, **export_options(format, parse_settings(set)))


@app.command
def scene(
    *,
    family: str,
    out: Path,
    index: int = 0,
    seed: int = 0,
    frames: int = 8,
    size: str = "320x240",
    time: float = 0.0,
    set: tuple[str, ...] = (),
) -> None:
    """Write one world to a file that other programs open: .glb for any viewer or modeller, .json that loads back as the same world.

    Example: simlearn scene --family rooms --index 3 --out room.glb

    Args:
        family: Scene family (see `simlearn info`).
        out: File to write; the ending decides.
        index: Number of the world.
        seed: Data set seed; world k of a data set is the one with its seed and index k.
        frames: Frames of the clip, which the .glb file shows as an animation.
        size: Image size of the camera, WIDTHxHEIGHT in pixels.
        time: Frame at which things stand in the .glb file while it does not play.
        set: Settings of the family as NAME=VALUE, as of `simlearn generate`.
    """
    from simlearn.scene import write_scene
    from simlearn.settings import parse_settings, parse_size

    width, height = parse_size(size)
    settings = parse_settings(set)
    print(write_scene(family, out, index=index, seed=seed, frames=frames, width=width, height=height, time=time, settings=settings))


@app.command
def verify(data: Positional[Path], /, *, repair: bool = False, frames: int = 3, workers: int = 0) -> None:
    """Check a data set: checksums, completeness, and the geometry of its labels. Exit status 1 when something is wrong.

    Args:
        data: Data set folder made by `simlearn generate`.
        repair: Render missing, truncated and damaged shards anew; a file is replaced only by the very bytes that the manifest lists.
        frames: Frames of each scene whose labels are checked, spread over the clip.
        workers: Worker processes of --repair; 0 means one for each core.
    """
    from simlearn.repair import repair as mend
    from simlearn.verify import verify as run

    found = run(data, frames_per_scene=frames)
    for finding in found:
        print(finding)
    findings = mend(data, found, workers=workers or _workers()) if repair else found
    for finding in findings if repair else ():
        print(f"after the repair: {finding}")
    mended = len({finding.shard for finding in found if finding.broken} - {finding.shard for finding in findings})
    if mended:
        print(f"{mended} shards rendered anew, the same byte for byte")
    print(f"{len(findings)} findings in {data}" if findings else f"{data} is whole and its labels agree with its geometry")
    if findings:
        sys.exit(EXIT_FINDINGS)


@app.command
def view(
    data: Positional[Path],
    /,
    *,
    out: Path | None = None,
    show: bool = False,
    labels: tuple[str, ...] = (),
    scenes: int = 4,
    scene: tuple[int, ...] = (),
    frames: tuple[int, ...] = (),
    boxes: bool = False,
) -> None:
    """Draw a data set: a contact sheet (.png) or a film (.mp4) of its labels, or a recording (.rrd) for the 3D viewer Rerun.

    Example: simlearn view data/rooms --out rooms.rrd, or simlearn view data/rooms --show

    Args:
        data: Data set folder made by `simlearn generate`.
        out: Picture, film or recording to write; the ending decides.
        show: Open the 3D viewer instead (needs `pip install simlearn[view]`).
        labels: Labels to show; all by default.
        scenes: Number of scenes shown, from the first.
        scene: Numbers of the scenes shown, instead.
        frames: Frames of each clip shown; by default the first in a picture, all in films and 3D.
        boxes: Draw the boxes of the things that can be seen.
    """
    from simlearn.view import view as run

    written = run(data, out, show=show, labels=labels, scenes=scene or scenes, frames=frames, boxes=boxes)
    if written is not None:
        print(written)


@app.command
def info(data: Positional[Path | None] = None, /, *, json: bool = False) -> None:
    """List everything that can be named on the command line and the real data that is found; with a folder, describe that data set.

    Args:
        data: Data set folder made by `simlearn generate`, also one that is not complete.
        json: Print JSON for programs.
    """
    from simlearn.info import show

    show(data, as_json=json)


@app.command
def demo(*, out: Path = Path("demo"), seed: int = 0, workers: int = 0) -> None:
    """Worlds, labels, features, real images, report: the whole way in a few minutes on two cores.

    Args:
        out: Folder to write.
        seed: Seed of everything.
        workers: Worker processes for rendering; 0 means one for each core.
    """
    from simlearn.demo import demo as run

    run(out, seed=seed, workers=workers or _workers())


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the `simlearn` program."""
    os.environ.setdefault("GOMP_SPINCOUNT", OPENMP_SPINS)  # read when torch is first imported, which is later
    warn_plainly()
    description = "Labelled worlds, features learnt from them, judged on real images."
    config = (tyro.conf.FlagCreatePairsOff, tyro.conf.PositionalMetavarFromFieldName)
    sys.exit(guarded(lambda: app.cli(prog="simlearn", args=arguments, description=description, config=config)))


if __name__ == "__main__":
    main()
