"""What a pretext sees and is asked: a sheet of inputs beside pseudo labels and predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from simlearn.provenance import whole_file
from simlearn.sources import training_data
from simlearn.view import caption_strip, join
from training.backbones import build_backbone
from training.checkpoint import MODEL_FILE, load_pretext
from training.pretexts import build_pretext
from training.pretexts.base import Picture
from training.seeds import generator, seeded

SAMPLES, TILE_PX, COLUMNS = 6, 128, 8


def preview(pretext: str, data: str | Path, out: Path, *, backbone: str = "resnet18", width: int = 32, seed: int = 0) -> Path:
    """Write `out`/preview.png for samples spread over the data, as the run in `out` sees them, or an untrained network if there is none."""
    dataset, _ = training_data(data, pretext, keep=False)
    if (out / MODEL_FILE).exists():
        learner = load_pretext(out / MODEL_FILE)
    else:
        with seeded(seed, "initialisation"):
            learner = build_pretext(pretext, build_backbone(backbone, width=width))
    learner.check(dataset[0])
    chosen = np.linspace(0, len(dataset) - 1, min(SAMPLES, len(dataset))).astype(int)  # type: ignore[arg-type]
    views = [learner.views(dataset[int(index)], generator(seed, "preview", int(index))) for index in chosen]
    batch = learner.augment({name: torch.stack([view[name] for view in views]) for name in views[0]}, generator(seed, "preview batch"))
    sheet = _sheet(learner.preview(batch))
    out.mkdir(parents=True, exist_ok=True)
    with whole_file(out / "preview.png") as temporary:
        Image.fromarray(sheet).save(temporary, format="PNG")
    return out / "preview.png"


def _sheet(pictures: list[Picture]) -> NDArray[np.uint8]:
    """Captioned tiles in rows; a sample begins a new row where its first title comes again."""
    rows: list[list[NDArray[np.uint8]]] = []
    for title, picture in pictures:
        if not rows or (title == pictures[0][0] and len(rows[-1]) > 1) or len(rows[-1]) == COLUMNS:
            rows.append([])
        tile = np.asarray(Image.fromarray(picture).resize((TILE_PX, TILE_PX), Image.Resampling.NEAREST))
        rows[-1].append(join([caption_strip(title, TILE_PX), tile], axis=0))
    return join([join(row, axis=1) for row in rows], axis=0)
