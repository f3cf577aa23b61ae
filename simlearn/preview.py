"""What a pretext sees and is asked: a sheet of inputs beside pseudo labels and predictions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from simlearn.options import configure
from simlearn.provenance import whole_file
from simlearn.sources import supply
from simlearn.train import beside, new_learner
from simlearn.view import caption_strip, join
from training.checkpoint import MODEL_FILE, load_pretext
from training.learner import Picture
from training.seeds import generator

SAMPLES, TILE_PX, COLUMNS = 6, 128, 8


def preview(
    pretext: str,
    data: str | Path,
    out: Path,
    *,
    backbone: str = "resnet18",
    width: int = 32,
    seed: int = 0,
    real: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> Path:
    """Write `out`/preview.png for samples spread over the data, as the run in `out` sees them, or an untrained network if there is none."""
    source = supply(data)
    if (out / MODEL_FILE).exists():
        learner = load_pretext(out / MODEL_FILE)
    else:
        configured = configure(pretext, options or {}, real=real is not None)
        learner = new_learner(pretext, source, backbone=backbone, width=width, seed=seed, options=configured)
    opened, _ = source.open(learner, keep=False)
    dataset, _ = beside(opened, real, seed, keep=False)
    learner.check(dataset[0])
    chosen = np.linspace(0, len(opened) - 1, min(SAMPLES, len(opened))).astype(int)  # type: ignore[arg-type]
    views = [learner.views(dataset[int(index)], generator(seed, "preview", int(index))) for index in chosen]
    batch = learner.augment({name: torch.stack([view[name] for view in views]) for name in views[0]}, generator(seed, "preview batch"))
    sheet = _sheet(learner.preview(batch), len(chosen))
    out.mkdir(parents=True, exist_ok=True)
    with whole_file(out / "preview.png") as temporary:
        Image.fromarray(sheet).save(temporary, format="PNG")
    return out / "preview.png"


def _sheet(pictures: list[Picture], samples: int) -> NDArray[np.uint8]:
    """Captioned tiles, a row for each sample where all samples have as many pictures."""
    columns = len(pictures) // samples if len(pictures) % samples == 0 else COLUMNS
    shown = [(title, _tile(picture)) for title, picture in pictures]
    tiles = [join([caption_strip(title, tile.shape[1]), tile], axis=0) for title, tile in shown]
    return join([join(tiles[first : first + columns], axis=1) for first in range(0, len(tiles), columns)], axis=0)


def _tile(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Of one height; wide where the picture is wide, as are the frames of a clip side by side."""
    height, width = picture.shape[:2]
    across = round(TILE_PX * min(max(1, width / height), COLUMNS))
    return np.asarray(Image.fromarray(picture).resize((across, TILE_PX), Image.Resampling.NEAREST))
