"""What a rendered data set looks like: its facts and some frames with all their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from renderers.frame import LABELS
from simlearn.colorize import Scale, colorize, scale_of
from simlearn.manifest import Manifest
from simlearn.report.images import Picture, encode
from simlearn.report.runs import DataSet, lookup
from simlearn.report.tables import compact
from simlearn.shards import ShardReader

FACTS = {"family": "Family", "scenes": "Scenes", "frames": "Frames in a scene", "seed": "Seed", "renderer": "Renderer"}
FRAMES_SHOWN = 3
TILE_WIDTH = 360


@dataclass(frozen=True)
class LabelledFrame:
    """One rendered frame: a picture for each label."""

    title: str
    tiles: tuple[Picture, ...]


def data_set_facts(data_set: DataSet) -> dict[str, str]:
    """The manifest's facts as readers want them."""
    manifest = data_set.manifest
    facts = {title: _text(lookup(manifest, name)) for name, title in FACTS.items() if lookup(manifest, name) is not None}
    width, height = lookup(manifest, "width"), lookup(manifest, "height")
    if width and height:
        facts["Image size"] = f"{width} × {height} px"  # noqa: RUF001
    shards = manifest.get("shards")
    if isinstance(shards, list) and shards:
        facts["On disk"] = (
            f"{compact(sum(shard['frames'] for shard in shards))} frames, {_megabytes(sum(shard['bytes'] for shard in shards))}"
        )
    if manifest.get("complete") is False:
        facts["State"] = "not complete"
    if manifest.get("commit"):
        facts["Commit"] = str(manifest["commit"])
    return facts


def _text(value: Any) -> str:
    return compact(value) if isinstance(value, int) else str(value)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def labelled_frames(data_set: DataSet) -> list[LabelledFrame]:
    """The middle frame of a few scenes spread over the data set, with every label it has. Raises UserError for a damaged one."""
    manifest = Manifest.load(data_set.path)
    spread = np.linspace(0, len(manifest.shards) - 1, min(FRAMES_SHOWN, len(manifest.shards)))
    return [_labelled_frame(data_set, manifest, int(position)) for position in np.rint(spread)]


def _labelled_frame(data_set: DataSet, manifest: Manifest, position: int) -> LabelledFrame:
    record = manifest.shards[position]
    with ShardReader(data_set.path / record.name) as reader:
        frame = reader.frames // 2
        title = f"Scene {record.scene}, frame {int(reader.times[frame])}"
        tiles = tuple(_tile(name, reader.read(name, frame), f"{data_set.name}, {title}") for name in manifest.labels)
    return LabelledFrame(title, tiles)


def _tile(name: str, array: NDArray[Any], where: str) -> Picture:
    scale = scale_of(name, [array])
    image = Image.fromarray(colorize(name, array, scale))
    uri, width, height = encode(image, max_width=TILE_WIDTH)
    return Picture(uri, f"{name} of {where}: {LABELS[name].meaning}.", f"{name}{_range(name, array, scale)}", width, height)


def _range(name: str, array: NDArray[Any], scale: Scale) -> str:
    """What the colours of a measured label span."""
    if name == "depth":
        return f", {scale[0]:.1f}–{scale[1]:.1f} m" if np.isfinite(array).any() else ", nothing hit"  # noqa: RUF001
    if name.startswith("flow"):
        return f", up to {scale[1]:.1f} px"
    return f", {len(np.unique(array[array > 0]))} ids" if name in ("instance", "semantic") else ""
