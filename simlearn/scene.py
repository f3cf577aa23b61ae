"""One world as a file for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scenes.errors import UserError
from scenes.exporters import glb_bytes
from scenes.families import FAMILIES
from scenes.randomness import Streams
from simlearn.provenance import whole_file
from simlearn.settings import family_config


def write_scene(
    family: str,
    out: Path,
    *,
    index: int,
    seed: int,
    frames: int,
    width: int,
    height: int,
    time: float = 0.0,
    settings: Mapping[str, str] | None = None,
) -> Path:
    """Samples a world and writes it as .glb (`scenes.exporters`) or .json (`Scene.to_json`); UserError for another ending."""
    kind = out.suffix.lower()
    if kind not in (".glb", ".json"):
        raise UserError(f"{out} is neither a .glb nor a .json: the ending chooses between a file for viewers and one that loads back")
    if index < 0 or seed < 0:
        raise UserError(f"index and seed count from 0, not {index} and {seed}")
    config = family_config(family, settings or {}, frames=frames, width=width, height=height)
    scene = FAMILIES[family].sample(config, Streams(seed, index))
    content = glb_bytes(scene, time) if kind == ".glb" else scene.to_json().encode()
    with whole_file(out) as temporary:
        temporary.write_bytes(content)
    return out
