"""Commands about worlds and the data sets made of them."""

from __future__ import annotations

from pathlib import Path

from tyro.conf import Positional

from simlearn.commands.app import all_cores, app
from simlearn.outcomes import EXIT_FINDINGS


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
        workers=workers or all_cores(),
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
    findings = mend(data, found, workers=workers or all_cores()) if repair else found
    for finding in findings if repair else ():
        print(f"after the repair: {finding}")
    mended = len({finding.shard for finding in found if finding.broken} - {finding.shard for finding in findings})
    if mended:
        print(f"{mended} shards rendered anew, the same byte for byte")
    print(f"{len(findings)} findings in {data}" if findings else f"{data} is whole and its labels agree with its geometry")
    if findings:
        raise SystemExit(EXIT_FINDINGS)


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
def export(data: Positional[Path], /, *, out: Path, format: str = "numpy", labels: tuple[str, ...] = (), set: tuple[str, ...] = ()) -> None:
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
