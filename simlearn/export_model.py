"""Trained trunks as other programs read them: torchvision's and timm's state dicts, ONNX, TorchScript, torch.export.

What is exported is the trunk, without a classifier. A file appears only after it was read again, by the program that it is for where that
is part of the installation, and gave the run's own features for inputs of several sizes.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from scenes.errors import UserError
from scenes.registry import Registry
from training.backbones import Backbone, build_backbone
from training.checkpoint import load_backbone, save_tensors
from training.images import MEAN, STD

Maps = dict[str, Tensor]
Facts = Mapping[str, Any]

TOLERANCE = 1e-4
"""Of a stage's largest value, where that is above 1. (Over all backbones ONNX Runtime was 6e-6 off at most, the rest not at all.)"""
FACTS_KEY, FACTS_FILE = "simlearn", "simlearn.json"
PUBLISHED_WIDTH = 64

TORCHVISION = {
    "resnet18": "torchvision.models.resnet18()",
    "resnet50": "torchvision.models.resnet50()",
    "alexnet": "torchvision.models.alexnet()",
    "vgg16": "torchvision.models.vgg16()",
    "vgg16_bn": "torchvision.models.vgg16_bn()",
    "r3d18": "torchvision.models.video.r3d_18()",
    "r2plus1d18": "torchvision.models.video.r2plus1d_18()",
}
TIMM = {name: f'timm.create_model("{name}")' for name in ("resnet18", "resnet50", "vgg16", "vgg16_bn")}
"""timm's names of these trunks' tensors are torchvision's."""


class Trunk(nn.Module):
    """images float32 [B, C, H, W] (of clips [B, C, T, H, W]), normalised -> every stage's map by its name."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, images: Tensor) -> Maps:
        return self.backbone.forward_stages(images)


@dataclass(frozen=True, kw_only=True)
class Format:
    """`write(trunk, path, facts, example)` makes a file, `read(path, backbone)` what computes maps from it again. `prepare` fails with a
    sentence where the format can't be had for a backbone, and otherwise says how the file is used."""

    suffixes: tuple[str, ...]
    prepare: Callable[[Backbone], str]
    write: Callable[[Trunk, Path, Facts, Tensor], None]
    read: Callable[[Path, Backbone], Callable[[Tensor], Maps]]


def export_model(run: Path | str, out: Path, format: str, *, frames: int = 16) -> str:
    """Writes the trunk of `run` (a run folder or `backbone.safetensors`) to the file `out`; returns a sentence on how to use it.

    `frames`: the length of clips for which the graph of a recurrent network is unrolled; other networks take any.
    """
    form: Format = FORMATS[format]
    if out.suffix not in form.suffixes:
        raise UserError(
            f"{out} doesn't end like a file of the format {format!r}: name it {' or '.join(f'*{end}' for end in form.suffixes)}"
        )
    backbone, metadata = load_backbone(run)
    backbone = without_classifier(backbone)
    usage = form.prepare(backbone)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f"{out.stem}.part{out.suffix}")
    trunk, inputs = Trunk(backbone).eval(), example_inputs(backbone, frames)
    try:
        with torch.no_grad(), _quiet():
            form.write(trunk, part, {**metadata, **trunk_facts(backbone)}, inputs[0])
            error = largest_error(trunk, form.read(part, backbone), inputs)
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)
    return f"{out}: {backbone.name}, {', '.join(backbone.stages)}, read again with an error of {error:.1g}\n{usage}"


def without_classifier(backbone: Backbone) -> Backbone:
    """The same weights in a network that has no classes, in eval mode."""
    trunk = build_backbone(backbone.name, width=backbone.width, in_channels=backbone.in_channels)
    weights = backbone.state_dict()
    trunk.load_state_dict({name: weights[name] for name in trunk.state_dict()})
    return trunk.eval()


def trunk_facts(backbone: Backbone) -> dict[str, Any]:
    """What a program must know to use the trunk: stages with their strides and channels, and how pictures are normalised."""
    facts = {**backbone.description(), "stages": list(backbone.stages), "channels": backbone.channels, "strides": backbone.strides}
    if backbone.input == "clip":
        facts["time_strides"] = backbone.time_strides
    return facts if backbone.input == "audio" else {**facts, "mean": MEAN, "std": STD}


def is_unrolled(backbone: Backbone) -> bool:
    """Whether graphs of the network are of one length of clips, because it goes through time step by step."""
    return any(isinstance(module, nn.RNNBase) for module in backbone.modules())


def example_inputs(backbone: Backbone, frames: int) -> list[Tensor]:
    """Noise of several batch sizes, sizes and lengths, odd ones among them; the first is what graphs are drawn from."""
    # The last is of one cell where the graph allows that: PyTorch draws an LSTM's for more than one.
    sizes: list[tuple[int, ...]] = [(2, 64, 96), (1, 33, 47), (3, 48 if is_unrolled(backbone) else 32, 32)]
    if backbone.input == "clip":
        lengths = (frames,) * 3 if is_unrolled(backbone) else (11, 5, 17)
        sizes = [(count, length, *size) for length, (count, *size) in zip(lengths, sizes, strict=True)]
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(count, backbone.in_channels, *size, generator=generator) for count, *size in sizes]


def largest_error(trunk: Trunk, found: Callable[[Tensor], Maps], inputs: list[Tensor]) -> float:
    """The largest difference of any value, relative to its stage's largest where that is above 1; UserError above `TOLERANCE`."""
    worst = 0.0
    for images in inputs:
        truth, maps = trunk(images), found(images)
        for stage, expected in truth.items():
            scale = max(1.0, float(expected.abs().max()))
            same = maps[stage].shape == expected.shape
            error = float((maps[stage] - expected).abs().max()) / scale if same else float("inf")
            if not error <= TOLERANCE:
                raise UserError(
                    f"the exported file gives other features than the run (stage {stage}, inputs {list(images.shape)}, error {error:.2g}), "
                    "so it was not kept: export another format, and check that the run's weights are finite"
                )
            worst = max(worst, error)
    return worst


def dynamic_axes(backbone: Backbone) -> dict[int, str]:
    """Axes of the input that may have any extent."""
    if backbone.input != "clip":
        return {0: "batch", 2: "height", 3: "width"}
    return {0: "batch", **({} if is_unrolled(backbone) else {2: "time"}), 3: "height", 4: "width"}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporters' own warnings (parts of each other that are deprecated or not installed): what they make is checked."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _state_dict(package: str, constructors: Mapping[str, str]) -> Format:
    def prepare(backbone: Backbone) -> str:
        if backbone.name not in constructors:
            raise UserError(
                f"{package} has no network {backbone.name!r}, only {', '.join(constructors)}: export it as onnx or torch-export"
            )
        if (backbone.width, backbone.in_channels) != (PUBLISHED_WIDTH, 3):
            raise UserError(
                f"{package}'s {backbone.name} has a width of {PUBLISHED_WIDTH} and reads 3 channels, this run's {backbone.width} and "
                f"{backbone.in_channels}: train it with --width {PUBLISHED_WIDTH}, or export it as onnx or torch-export"
            )
        return f"{constructors[backbone.name]}.load_state_dict(weights, strict=False) misses the classifier's weights only"

    return Format(suffixes=(".safetensors", ".pth"), prepare=prepare, write=_write_state, read=_read_state)


def _write_state(trunk: Trunk, path: Path, facts: Facts, example: Tensor) -> None:
    del example
    if path.suffix == ".pth":
        torch.save(trunk.backbone.state_dict(), path)
    else:
        save_tensors(path, trunk.backbone.state_dict(), facts)


def _read_state(path: Path, backbone: Backbone) -> Callable[[Tensor], Maps]:
    weights = torch.load(path, weights_only=True) if path.suffix == ".pth" else load_file(path)
    again = build_backbone(backbone.name, width=backbone.width, in_channels=backbone.in_channels)
    again.load_state_dict(weights)
    return again.eval().forward_stages


def _prepare_onnx(backbone: Backbone) -> str:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(f"the onnx format needs {error.name}: pip install simlearn[onnx]") from error
    return _graph_usage("onnxruntime.InferenceSession(path).run([stage], {'images': array})", backbone)


def _write_onnx(trunk: Trunk, path: Path, facts: Facts, example: Tensor) -> None:
    program = torch.onnx.export(
        trunk,
        (example,),
        input_names=["images"],
        output_names=list(trunk.backbone.stages),
        dynamic_shapes=(dynamic_axes(trunk.backbone),),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    program.model.metadata_props[FACTS_KEY] = json.dumps(dict(facts))
    program.save(path, external_data=False)


def _read_onnx(path: Path, backbone: Backbone) -> Callable[[Tensor], Maps]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def maps(images: Tensor) -> Maps:
        found = session.run(list(backbone.stages), {"images": images.numpy()})
        return {stage: torch.from_numpy(value) for stage, value in zip(backbone.stages, found, strict=True)}

    return maps


def _graph_usage(call: str, backbone: Backbone) -> str:
    free = ", ".join(dynamic_axes(backbone).values())
    return f"{call} gives the stages' maps; any {free}"


def _write_torchscript(trunk: Trunk, path: Path, facts: Facts, example: Tensor) -> None:
    traced = torch.jit.trace(trunk, (example,), strict=False, check_trace=False)
    torch.jit.save(traced, path, _extra_files={FACTS_FILE: json.dumps(dict(facts))})


def _read_torchscript(path: Path, backbone: Backbone) -> Callable[[Tensor], Maps]:
    del backbone
    return torch.jit.load(path)


def _write_torch_export(trunk: Trunk, path: Path, facts: Facts, example: Tensor) -> None:
    free = (dict.fromkeys(dynamic_axes(trunk.backbone), torch.export.Dim.DYNAMIC),)
    # Otherwise a graph drawn from two pictures of 64 pixels refuses a single one, and one of 32 pixels, whose last map has one cell.
    with torch.fx.experimental._config.patch(backed_size_oblivious=True):  # type: ignore[attr-defined]
        program = torch.export.export(trunk, (example,), dynamic_shapes=free)
    torch.export.save(program, path, extra_files={FACTS_FILE: json.dumps(dict(facts))})


def _read_torch_export(path: Path, backbone: Backbone) -> Callable[[Tensor], Maps]:
    del backbone
    return torch.export.load(path).module()


TORCHVISION_FORMAT, TIMM_FORMAT = _state_dict("torchvision", TORCHVISION), _state_dict("timm", TIMM)
ONNX_FORMAT = Format(suffixes=(".onnx",), prepare=_prepare_onnx, write=_write_onnx, read=_read_onnx)
TORCHSCRIPT_FORMAT = Format(
    suffixes=(".pt",),
    prepare=lambda backbone: _graph_usage("torch.jit.load(path)(images)", backbone),
    write=_write_torchscript,
    read=_read_torchscript,
)
TORCH_EXPORT_FORMAT = Format(
    suffixes=(".pt2",),
    prepare=lambda backbone: _graph_usage("torch.export.load(path).module()(images)", backbone),
    write=_write_torch_export,
    read=_read_torch_export,
)

FORMATS = Registry(
    "model format",
    {
        "torchvision": "simlearn.export_model:TORCHVISION_FORMAT",
        "timm": "simlearn.export_model:TIMM_FORMAT",
        "onnx": "simlearn.export_model:ONNX_FORMAT",
        "torchscript": "simlearn.export_model:TORCHSCRIPT_FORMAT",
        "torch-export": "simlearn.export_model:TORCH_EXPORT_FORMAT",
    },
)
