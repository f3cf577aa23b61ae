from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.backbones import build_backbone
from training.budget import Budget
from training.crops import CropConfig, draw_window
from training.fit import FitConfig, fit
from training.pretexts import build_pretext
from training.pretexts.super_resolution import SuperResolution, charbonnier, enlarge, reduce, unenlarged
from training.seeds import seeded


def super_resolution(**config: Any) -> SuperResolution:
    with seeded(0):
        crop = {"size": 32, "aspect": [1, 1], "flip": False}
        learner = build_pretext("super_resolution", build_backbone("resnet18", width=16), {"crop": crop, **config})
    assert isinstance(learner, SuperResolution)
    return learner


def patches(seed: int) -> dict[str, Tensor]:
    """Random patches of two colours with sharp edges, 32 x 32 pixels."""
    generator = torch.Generator().manual_seed(seed)
    heights = F.interpolate(torch.randn(1, 1, 8, 8, generator=generator), (32, 32), mode="bicubic")[0]
    colours = torch.randint(256, (2, 3, 1, 1), generator=generator)
    return {"rgb": torch.where(heights > 0, *colours).to(torch.uint8)}


def noise(seed: int) -> dict[str, Tensor]:
    return {"rgb": torch.randint(256, (3, 32, 32), generator=torch.Generator().manual_seed(seed)).to(torch.uint8)}


def batch_of(learner: SuperResolution, pictures: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    views = [learner.views(picture, torch.Generator().manual_seed(i)) for i, picture in enumerate(pictures)]
    return learner.augment({"rgb": torch.stack([view["rgb"] for view in views])}, torch.Generator())


def train(learner: SuperResolution, pictures: list[dict[str, Tensor]], steps: int, out: Path) -> None:
    fit(learner, pictures, FitConfig(budget=Budget(samples=16 * steps), batch_size=16, lr=1e-2, progress=False), out)  # type: ignore[arg-type]


def metrics(learner: SuperResolution, batch: dict[str, Tensor]) -> dict[str, float]:
    with torch.no_grad():
        return {name: value.item() for name, value in learner.eval().loss(batch).items()}


def test_overfits_a_few_pictures(tmp_path: Path) -> None:
    learner, pictures = super_resolution(), [patches(i) for i in range(8)]
    batch = batch_of(learner, pictures)
    bicubic = charbonnier(batch["image"] - batch["target"], learner.config.charbonnier)
    train(learner, pictures, 120, tmp_path)
    after = metrics(learner, batch)
    assert after["loss"] < 0.65 * bicubic
    assert after["gain"] > 1.8


def test_beats_bicubic_interpolation_on_unseen_pictures(tmp_path: Path) -> None:
    learner = super_resolution()
    train(learner, [patches(i) for i in range(300)], 130, tmp_path)
    assert metrics(learner, batch_of(learner, [patches(10**6 + i) for i in range(64)]))["gain"] > 0.4


def test_finds_no_details_in_what_has_no_patches(tmp_path: Path) -> None:
    """Of independent pixels a sixteenth of the numbers tells at most a sixteenth of the variance: 0.28 dB above their mean."""
    learner = super_resolution()
    train(learner, [noise(i) for i in range(300)], 50, tmp_path)
    batch = batch_of(learner, [noise(10**6 + i) for i in range(64)])
    mean = 20 * math.log10(255) - 10 * math.log10((256**2 - 1) / 12)
    assert metrics(learner, batch)["psnr"] < mean + 10 * math.log10(16 / 15)


@pytest.mark.parametrize("period", [2, 4])
def test_details_do_not_fold_into_the_small_picture(period: int) -> None:
    """A fine chequerboard becomes flat grey; taking every fourth pixel would keep its black and white."""
    row = torch.arange(32) // (period // 2) % 2
    board = (row[:, None] ^ row).float().expand(1, 3, 32, 32)
    small = reduce(board, 4)
    inner = small[..., 1:-1, 1:-1]
    assert (inner - 0.5).abs().max() < 0.02
    assert board[..., ::4, ::4].std() == 0
    assert board[..., ::4, ::4].mean() != 0.5


def test_the_small_picture_has_eight_bits() -> None:
    pictures = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    small = reduce(pictures, 4) * 255
    assert small.shape == (2, 3, 8, 8)
    assert torch.allclose(small, small.round(), atol=1e-4)
    hidden = pictures + 1e-3 / 255 * torch.randn(pictures.shape, generator=torch.Generator().manual_seed(1))
    assert (reduce(hidden, 4) == reduce(pictures, 4)).float().mean() > 0.98


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_everything_stays_in_its_place(factor: int) -> None:
    """The centroid of a blob off the middle, before and after."""
    v, u = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    blob = torch.exp(-((v - 27) ** 2 + (u - 38) ** 2) / 128).expand(1, 3, 64, 64)
    again = enlarge(reduce(blob, factor), factor)
    for axis in (u, v):
        assert ((again * axis).sum() / again.sum()).item() == pytest.approx(((blob * axis).sum() / blob.sum()).item(), abs=0.1)


def test_windows_are_enlarged_only_where_the_picture_is_too_small() -> None:
    crop = CropConfig(size=32, aspect=(1.0, 1.0))
    generator = torch.Generator().manual_seed(0)
    for height, width, least in ((64, 96, 32), (40, 33, 32), (500, 40, 32), (20, 48, 20)):
        config = unenlarged(crop, torch.zeros(3, height, width, dtype=torch.uint8))
        windows = [draw_window(height, width, config, generator) for _ in range(50)]
        assert min(min(window.height, window.width) for window in windows) >= least
        assert max(window.height for window in windows) <= min(height, width)


def test_charbonnier_by_hand() -> None:
    """sqrt(3^2 + 4^2) - 4 = 1 and 0."""
    assert charbonnier(torch.tensor([3.0, 0.0]), 4.0).item() == pytest.approx(0.5)


def test_an_adversary_joins_if_wanted() -> None:
    learner = super_resolution(adversarial=0.001)
    parts = learner.loss(batch_of(learner, [patches(i) for i in range(4)]))
    parts["loss"].backward()
    assert parts["loss"].item() == pytest.approx((parts["pixel"] + parts["discriminator"] + 0.001 * parts["adversarial"]).item())
    assert learner.discriminator is not None
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in learner.discriminator.parameters() if p.ndim > 1)


def test_bad_configurations_and_backbones_are_refused() -> None:
    with pytest.raises(UserError, match="divide the crop size"):
        super_resolution(factor=5)
    with pytest.raises(UserError, match="charbonnier"):
        super_resolution(charbonnier=0)
    with pytest.raises(UserError, match="no stage with a stride of 64"):
        super_resolution(factor=128, crop={"size": 512})
    with pytest.raises(UserError, match="reads 1 channels"):
        build_pretext("super_resolution", build_backbone("resnet18", width=8, in_channels=1))
