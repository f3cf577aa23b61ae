"""Weights on disk: safetensors with a metadata table, never a pickle.

`backbone.safetensors` holds a backbone under torchvision's key names, `model.safetensors` a whole learner with its heads.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from scenes.errors import UserError
from training.backbones import Backbone, build_backbone
from training.dense import Dense, build_dense
from training.layout import channels_last
from training.learner import Learner
from training.pretexts import Pretext, build_pretext

BACKBONE_FILE = "backbone.safetensors"
MODEL_FILE = "model.safetensors"
METADATA_KEY = "simlearn"


def save_backbone(path: Path, backbone: Backbone, metadata: Mapping[str, Any]) -> None:
    """Writes the weights and `metadata` (JSON-able values: pretext, seed, samples, commit, …) to `path`, whole or not at all."""
    save_tensors(path, backbone.state_dict(), {**metadata, **backbone.description()})


def load_backbone(path: Path | str) -> tuple[Backbone, dict[str, Any]]:
    """The backbone (in eval mode, on the CPU) and the metadata of a `backbone.safetensors` file or of the run folder it lies in."""
    tensors, metadata = load_tensors(_file_in(Path(path), BACKBONE_FILE))
    backbone = _rebuild_backbone(metadata, path)
    _fill(backbone, tensors, path)
    return channels_last(backbone).eval(), metadata


def save_learner(path: Path, learner: Learner, metadata: Mapping[str, Any]) -> None:
    """Writes a learner with all its parts to `path`."""
    save_tensors(path, learner.state_dict(), {**metadata, **learner.description()})


def load_pretext(run: Path | str) -> Pretext:
    """The pretext with its heads (in eval mode, on the CPU) of a run folder or of a `model.safetensors` file."""
    tensors, metadata = load_tensors(_file_in(Path(run), MODEL_FILE))
    if not metadata.get("pretext"):
        raise UserError(f"{run} holds no pretext but a {metadata.get('learner', 'model of another kind')}: name the run of a pretext")
    pretext = build_pretext(metadata["pretext"], _rebuild_backbone(metadata, run), metadata["pretext_config"])
    _fill(pretext, tensors, run)
    return channels_last(pretext).eval()


def load_dense(run: Path | str) -> Dense:
    """The dense network (in eval mode, on the CPU) of a run folder or of a `model.safetensors` file."""
    tensors, metadata = load_tensors(_file_in(Path(run), MODEL_FILE))
    if not metadata.get("task"):
        raise UserError(f"{run} holds no dense network but a {metadata.get('learner', 'pretext')}: name a run of `simlearn train --task`")
    learner = build_dense(metadata["task"], metadata["task_config"])
    _fill(learner, tensors, run)
    return channels_last(learner).eval()


def load_learner(run: Path | str) -> Learner:
    """The pretext or the dense network (in eval mode, on the CPU) of a run folder or of a `model.safetensors` file."""
    return load_dense(run) if learner_facts(run).get("task") else load_pretext(run)


def learner_facts(run: Path | str) -> dict[str, Any]:
    """The metadata of a run's learner: among others "pretext", or "task" of a dense network."""
    return _read(_file_in(Path(run), MODEL_FILE), weights=False)[1]


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Writes a safetensors file, whole or not at all. Metadata is one entry of JSON, because several have no fixed order."""
    part = path.with_name(path.name + ".part")
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(plain, part, metadata={METADATA_KEY: json.dumps(dict(metadata))})
    os.replace(part, path)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and metadata of a safetensors file; UserError when it's missing or damaged."""
    return _read(path, weights=True)


def _read(path: Path, *, weights: bool) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if not path.is_file():
        raise UserError(f"there is no checkpoint {path}: name a run folder or a .safetensors file that `simlearn train` has written")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()} if weights else {}  # noqa: SIM118 (not a mapping)
            return tensors, json.loads((file.metadata() or {}).get(METADATA_KEY, "{}"))
    except (SafetensorError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is damaged or no checkpoint of ours ({error}): train it again or fetch another copy") from error


def _file_in(path: Path, name: str) -> Path:
    return path / name if path.is_dir() else path


def _rebuild_backbone(metadata: Mapping[str, Any], path: Path | str) -> Backbone:
    if "backbone" not in metadata:
        raise UserError(f"{path} doesn't say which backbone it holds: it wasn't written by `simlearn train`, so it can't be loaded")
    sizes = {key: metadata[key] for key in ("width", "in_channels", "num_classes") if key in metadata}
    return build_backbone(metadata["backbone"], **sizes)


def _fill(module: nn.Module, tensors: Mapping[str, Tensor], path: Path | str) -> None:
    expected = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if wrong:
        name = wrong[0]
        raise UserError(
            f"{path} doesn't fit the model it names: {len(wrong)} tensors differ, the first is {name} "
            f"(expected {expected.get(name, 'none')}, found {found.get(name, 'none')}); it comes from another version or was changed"
        )
    with torch.no_grad():
        module.load_state_dict(dict(tensors))
