"""CamVid semantic segmentation: one linear layer on the frozen features of all stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from simlearn.benchmarks.evaluation import Evaluation, Picture, Request
from simlearn.benchmarks.features import GRID_STRIDE, device, frozen_hypercolumn
from simlearn.benchmarks.metrics import confusion, mean_iou, pixel_accuracy
from simlearn.benchmarks.pictures import class_picture, side_by_side
from simlearn.benchmarks.probes import Linear, Scaler, fit_logistic, logits
from simlearn.benchmarks.source import SUPERVISED, Source
from simlearn.benchmarks.supervised import UNKNOWN_CLASS, DenseLearner, Training, class_loss, dense_sample, train_supervised
from simlearn.datasets.camvid import CLASSES, COLOURS, VOID, CamVid
from training.backbones import Backbone
from training.seeds import generator

Predict = Callable[[NDArray[np.uint8]], Tensor]
"""rgb uint8 [H, W, 3] -> logits float32 [classes, h, w]."""

DATA_SET = "camvid"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`size`: input (width, height). `cells_per_frame`: grid cells drawn from each training frame. `iterations`: of the last LBFGS fit."""

    size: tuple[int, int] = (480, 360)
    cells_per_frame: int = 600
    penalties: tuple[float, ...] = (1e-4, 1e-2)
    held_out_every: int = 5
    iterations: int = 60
    supervised_samples: int = 2400
    supervised_crop: tuple[int, int] = (240, 180)
    pictures: int = 3


SETTINGS = Settings()
QUICK = Settings(size=(240, 180), cells_per_frame=500, iterations=40, supervised_samples=1200, supervised_crop=(160, 120))
PROTOCOL = (
    "CamVid, 11 classes, void ignored, {train} training and {test} validation frames, input {width}x{height}; all stages resized "
    "bilinearly to the stride-4 grid and stacked, frozen, standardised by training statistics; one linear classifier (multinomial "
    "logistic regression, LBFGS) on {cells} cells drawn from each training frame, its L2 weight chosen on every 5th training frame, then "
    "refitted on all; logits resized bilinearly to 480x360. mIoU from one confusion matrix pooled over frames. 'supervised': trunk and "
    "linear layer trained end to end on random windows and flips."
)


def evaluate(source: Source, request: Request) -> Evaluation:
    settings = QUICK if request.quick else SETTINGS
    train, test = CamVid(request.root, "train"), CamVid(request.root, "val")
    fingerprint = train.fingerprint() + test.fingerprint()
    chosen: dict[str, float] = {}
    if source.method == SUPERVISED:
        learner = DenseLearner(
            source.fresh_backbone(), outputs=len(CLASSES), coordinates=False, objective=class_loss, crop=settings.supervised_crop
        )
        data = [_training_sample(train[i], settings.size) for i in range(len(train))]
        training = Training(samples=settings.supervised_samples, batch_size=8, seed=source.seed)
        source = source.cost(training.samples, train_supervised(learner, data, training, request))
        predict = learner.predictor(settings.size)
    else:
        backbone = source.load().to(device())
        model, scale, chosen = fit_probe(backbone, train, settings, source.seed, request.say)
        predict = probe_predictor(backbone, model, scale, settings.size)
    result = Evaluation(
        benchmark="camvid",
        protocol=PROTOCOL.format(
            train=len(train), test=len(test), width=settings.size[0], height=settings.size[1], cells=settings.cells_per_frame
        ),
        source=source,
        settings=settings,
        quick=request.quick,
        data={"name": "camvid", "fingerprint": fingerprint},
    )
    values, result.pictures = score(predict, test, settings.pictures, request.say)
    result.add(values, stage="hypercolumn", n=len(test), chosen=chosen)
    return result


def _training_sample(sample: dict, size: tuple[int, int]) -> dict[str, Tensor]:
    classes = cell_classes(sample["semantic"], size[1] // GRID_STRIDE, size[0] // GRID_STRIDE)
    return dense_sample(sample["rgb"], size, **{"class": np.where(classes == VOID, UNKNOWN_CLASS, classes).astype(np.uint8)})


def cell_classes(semantic: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """The label under the centre of each cell of a height x width grid laid over the frame."""
    rows = ((np.arange(height) + 0.5) * semantic.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * semantic.shape[1] / width).astype(int)
    return semantic[rows[:, None], columns]


def fit_probe(
    backbone: Backbone, train: CamVid, settings: Settings, seed: int, say: Callable[[str], None]
) -> tuple[Linear, Scaler, dict[str, float]]:
    """The linear classifier, the standardisation before it, and what was chosen on held-out training frames."""
    draws = generator(seed, "camvid cells")
    features, classes, frames = [], [], []
    for i in range(len(train)):
        sample = train[i]
        columns = frozen_hypercolumn(backbone, sample["rgb"], settings.size, coordinates=False)
        labels = torch.from_numpy(cell_classes(sample["semantic"], *columns.shape[1:])).flatten().long()
        known = torch.nonzero(labels != VOID)[:, 0]
        picked = known[torch.randperm(len(known), generator=draws)[: settings.cells_per_frame]]
        features.append(columns.flatten(1).T[picked.to(columns.device)])
        classes.append(labels[picked])
        frames.append(torch.full((len(picked),), i))
        say(f"features of {i + 1}/{len(train)} training frames")
    x, y, frame = torch.cat(features), torch.cat(classes).to(features[0].device), torch.cat(frames).to(features[0].device)
    held = frame % settings.held_out_every == settings.held_out_every - 1
    scale = Scaler.of(x[~held])
    accuracy = {}
    for penalty in settings.penalties:
        say(f"linear classifier with L2 {penalty:g}")
        model = fit_logistic(scale(x[~held]), y[~held], len(CLASSES), penalty, settings.iterations // 2)
        guess = logits(model, scale(x[held])).argmax(1)
        accuracy[penalty] = mean_iou(confusion(guess.cpu().numpy(), y[held].cpu().numpy(), len(CLASSES)))
    best = max(accuracy, key=lambda penalty: (accuracy[penalty], penalty))
    say(f"linear classifier on all frames with L2 {best:g}")
    scale = Scaler.of(x)
    return fit_logistic(scale(x), y, len(CLASSES), best, settings.iterations), scale, {"penalty": best}


def probe_predictor(backbone: Backbone, model: Linear, scale: Scaler, size: tuple[int, int]) -> Predict:
    def predict(rgb: NDArray[np.uint8]) -> Tensor:
        columns = frozen_hypercolumn(backbone, rgb, size, coordinates=False)
        scores = logits(model, scale(columns.flatten(1).T.contiguous()))
        return scores.T.reshape(-1, *columns.shape[1:])

    return predict


def score(predict: Predict, test: CamVid, pictures: int, say: Callable[[str], None]) -> tuple[dict[str, float], list[Picture]]:
    """{"miou", "pixel_accuracy"} in percent over the test frames; the first few beside the truth (image, truth, prediction)."""
    matrix = np.zeros((len(CLASSES), len(CLASSES)), dtype=np.int64)
    shown: list[Picture] = []
    chosen = np.linspace(0, len(test) - 1, pictures).round().astype(int)
    for i in range(len(test)):
        sample = test[i]
        scores = F.interpolate(predict(sample["rgb"])[None], sample["semantic"].shape, mode="bilinear", align_corners=False)[0]
        guess = scores.argmax(0).cpu().numpy()
        matrix += confusion(guess, sample["semantic"], len(CLASSES))
        if i in chosen:
            shown.append((f"{sample['name']}: image, truth, prediction", _picture(sample, guess)))
        say(f"segmented {i + 1}/{len(test)} frames")
    return {"miou": 100 * mean_iou(matrix), "pixel_accuracy": 100 * pixel_accuracy(matrix)}, shown


def _picture(sample: dict, guess: NDArray[np.int64]) -> NDArray[np.uint8]:
    images: Sequence[NDArray[np.uint8]] = (
        sample["rgb"],
        class_picture(sample["semantic"], COLOURS),
        class_picture(guess, COLOURS),
    )
    return side_by_side(images)
