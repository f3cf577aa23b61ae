"""Commands about features: trained, measured, compared."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from scenes.errors import UserError
from simlearn.commands.app import all_cores, app


@app.command
def train(
    *,
    pretext: str = "",
    task: str = "",
    data: str = "",
    out: Path,
    stream: str | None = None,
    size: str = "",
    frames: int = 4,
    set: tuple[str, ...] = (),
    backbone: str = "resnet18",
    width: int = 32,
    budget: str = "samples=100000",
    batch_size: int | None = None,
    accumulate: int | None = None,
    optimiser: Literal["adamw", "sgd", "lars"] | None = None,
    lr: float | None = None,
    weight_decay: float | None = None,
    ema: float | None = None,
    precision: Literal["float32", "bfloat16", "float16"] | None = None,
    compile: bool = False,
    devices: int | None = None,
    seed: int = 0,
    workers: int = 0,
    real: str | None = None,
    option: tuple[str, ...] = (),
    probe: str | None = None,
    tensorboard: bool = False,
    preview: bool = False,
) -> None:
    """Train a backbone on a pretext task, or a dense network. Run again with the same --out to continue an interrupted run.

    Examples: simlearn train --pretext game_engine --data data/rooms --out runs/rooms

        simlearn train --task flow --data data/flying --option size=tiny --out runs/flow

    Args:
        pretext: Pretext task (see `simlearn info`), or several on one backbone, as game_engine+rotation:0.3 (0.3: its weight).
        task: Instead of a pretext: what a network of its own learns to answer for every pixel (flow; --option size=tiny, small or base).
        data: Data set folder made by `simlearn generate`; for pretexts without labels also a folder of pictures or videos, or the name of
            a real data set (tiny_imagenet, camvid, kitti_odometry, weizmann, ucf101, hmdb51, surveillance_fights, clips_with_audio).
            Several sources of a kind are joined by commas.
        stream: Instead of --data: a scene family, rendered while training, without end and with nothing on disk.
        size: Image size of the stream, WIDTHxHEIGHT in pixels; by default the family's own.
        frames: Frames of each of the stream's worlds.
        set: Settings of the stream's family as NAME=VALUE, as of `simlearn generate`.
        out: Run folder: checkpoint, metrics, configuration.
        backbone: Network (see `simlearn info`).
        width: Channels of the first stage; 64 is the standard ResNet, 32 half of it.
        budget: samples=N, minutes=M, or both joined by a comma.
        batch_size: Samples in a step, on all devices together (32).
        accumulate: Parts in which each device passes its samples of a step, to save memory (1).
        optimiser: adamw (default), sgd (Nesterov) or lars.
        lr: Peak learning rate (0.003, for adamw).
        weight_decay: Of weights, not of biases or normalisation (0.05).
        ema: Decay of a moving average of the weights, which is then what is saved (0: none).
        precision: float32 (default), or bfloat16 or float16 where the hardware gains by it.
        compile: Translate the losses by torch.compile first: a minute or more at the start, faster steps on GPUs.
        devices: Processes that share the batches, one for each GPU (or CPU socket); torchrun and Slurm are recognised.
        seed: Seed of initialisation, sample order and augmentation.
        workers: Data loading (of a stream: rendering) processes; 0 loads in the training process.
        real: Real pictures without labels beside rendered frames, for game_engine: a folder of pictures or videos, or a data set's name.
        probe: Watch the features while training: tiny_imagenet is kNN on it ten times in a run, into probe.csv; its time is not counted.
        tensorboard: Log for TensorBoard too, into the run folder's tensorboard.
        option: Options of the pretext as NAME=VALUE, for example adapt.bn=real, style.convolution=0.5 or preset=ren_lee.
        preview: Do not train, only draw what the method sees and is asked (of --data), into the run folder's preview.png.
    """
    from simlearn.options import parse_options
    from simlearn.settings import image_size, parse_settings
    from simlearn.train import OnTheFly
    from simlearn.train import train as run
    from training.budget import Budget

    if preview and data and pretext:
        from simlearn.preview import preview as draw

        print(draw(pretext, data, out, backbone=backbone, width=width, seed=seed, real=real, options=parse_options(option)))
        return
    source: str | OnTheFly
    if stream is not None and not data:
        across, down = image_size(stream, size)
        source = OnTheFly(family=stream, width=across, height=down, frames=frames, seed=seed, settings=parse_settings(set))
    elif data and stream is None:
        source = data
    else:
        raise UserError("train on one source: give --data DIR or --stream FAMILY")

    loop = {
        "batch_size": batch_size,
        "accumulate": accumulate,
        "optimiser": optimiser,
        "lr": lr,
        "weight_decay": weight_decay,
        "ema": ema,
        "precision": precision,
        "compile": compile,
        "devices": devices,
        "tensorboard": tensorboard,
    }
    result = run(
        pretext=pretext,
        task=task,
        data=source,
        out=out,
        backbone=backbone,
        width=width,
        budget=Budget.parse(budget),
        seed=seed,
        workers=workers,
        real=real,
        options=parse_options(option),
        loop={name: value for name, value in loop.items() if value is not None},
        probe=probe,
    )
    if not result.first:
        return
    if task:
        print(result)
        return
    print(f"{result}\nmeasure it: simlearn evaluate --benchmark NAME --checkpoint {out} --out results.jsonl")


@app.command
def evaluate(
    *,
    benchmark: str,
    checkpoint: str | None = None,
    predictions: Path | None = None,
    name: str | None = None,
    out: Path,
    data: Path | None = None,
    backbone: str = "resnet18",
    width: int = 32,
    seed: int = 0,
    quick: bool = False,
    strict: bool = False,
    cache: Path | None = None,
) -> None:
    """Measure a checkpoint on a benchmark and append the rows to a results file.

    Example: simlearn evaluate --benchmark tiny_imagenet --checkpoint runs/rooms --out results.jsonl

    Args:
        benchmark: Benchmark (see `simlearn info`). Real ones read their data from SIMLEARN_DATA.
        checkpoint: Run folder of `simlearn train`, or `random`, or `supervised`, or a baseline that the benchmark has (as `truth`).
        predictions: Instead of --checkpoint: folder of anybody's prediction files, for benchmarks of depth, flow, trajectories and so on.
        name: What the predictions are called in the results; the folder's name by default.
        out: Results file (JSON lines), appended to; pictures land in a folder beside it.
        data: Rendered data set, for the benchmark `rendered`.
        backbone: Network of `random` and `supervised`.
        width: Its width.
        seed: Seed of initialisation and of every split.
        quick: Smaller budgets; the rows say so.
        strict: Refuse data or predictions with something missing or wrong, which are else left out, counted and named.
        cache: Folder where features are kept for the next measurement of the same checkpoint, 4 GB at most; `features` beside --out.
    """
    from simlearn.evaluate import evaluate as run

    run(
        benchmark,
        checkpoint,
        out,
        predictions=predictions,
        name=name,
        data=data,
        backbone=backbone,
        width=width,
        seed=seed,
        quick=quick,
        strict=strict,
        cache=cache,
    )


@app.command
def compare(
    *,
    data: tuple[str, ...],
    out: Path,
    pretexts: tuple[str, ...] = ("all",),
    benchmarks: tuple[str, ...] = ("all",),
    backbone: str = "resnet18",
    width: int = 32,
    budget: str | None = None,
    seeds: int = 3,
    heldout: Path | None = None,
    quick: bool = False,
    jobs: int | None = None,
) -> None:
    """Train every pretext under one budget and measure all of them, random and supervised on the same benchmarks; resumable.

    Example: simlearn compare --data data/rooms weizmann surveillance_fights --pretexts video --backbone r3d18 --out video

    Args:
        data: What to train on: data sets made by `simlearn generate`, folders of pictures or videos, names of real data sets. Each pretext
            takes the first that can give what it needs; UNIT=SOURCE (as clip=weizmann) goes before the others, for pretexts of that unit.
        out: Folder of the comparison: runs, results.jsonl, pictures.
        pretexts: Names, combinations as game_engine+rotation, or `image`, `video` or `all` for those that the data and the backbone fit.
        benchmarks: Names, or `all` for those whose data is found and that can measure the backbone.
        backbone: Network of all rows.
        width: Its width.
        budget: samples=N, minutes=M, or both joined by a comma; the same for every pretext. By default samples=8000, or samples=2500 where
            a pretext of clips, pairs or sound is among them.
        seeds: Number of seeds: 0, 1, ...
        heldout: Rendered data set never trained on, for the benchmark `rendered`.
        quick: Smaller budgets of the benchmarks; the rows say so.
        jobs: Methods worked on at a time, each on its share of the cores; by default one for each core, or one where there is a GPU.
    """
    import torch

    from simlearn.compare import compare as run

    run(
        pretexts=pretexts,
        data=data,
        out=out,
        budget=budget,
        seeds=range(seeds),
        backbone=backbone,
        width=width,
        benchmarks=benchmarks,
        heldout=heldout,
        quick=quick,
        jobs=jobs if jobs is not None else 1 if torch.cuda.is_available() else all_cores(),
    )


@app.command
def export_model(run: Positional[Path], out: Positional[Path], /, *, format: str, frames: int = 16) -> None:
    """Write a trained trunk, without a classifier, as other programs read it; the file is read again and compared first.

    Example: simlearn export-model runs/rooms rooms.onnx --format onnx

    Args:
        run: Run folder of `simlearn train`, or its backbone.safetensors.
        out: File to write: *.safetensors or *.pth (torchvision, timm), *.onnx, *.pt (torchscript) or *.pt2 (torch-export).
        format: torchvision, timm, onnx, torchscript or torch-export.
        frames: Length of clips for networks with an LSTM, whose graph is of one length.
    """
    from simlearn.export_model import export_model as write

    print(write(run, out, format, frames=frames))


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
def demo(*, out: Path = Path("demo"), seed: int = 0, workers: int = 0) -> None:
    """Worlds, labels, features, real images, report: the whole way in a few minutes on two cores.

    Args:
        out: Folder to write.
        seed: Seed of everything.
        workers: Worker processes for rendering; 0 means one for each core.
    """
    from simlearn.demo import demo as run

    run(out, seed=seed, workers=workers or all_cores())
