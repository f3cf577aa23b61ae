from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from moving_scenes import disc_clip
from short_runs import batch_of, measure, small, train
from torch import Tensor
from torch.utils.data import Dataset

from scenes.errors import UserError
from training.pretexts.motion_masks import CELL, MotionMasks, balanced_accuracy, iou, row_prior


class Discs(Dataset[dict[str, Tensor]]):
    """Bright discs that move, and, every second one, dark discs that rest; before a camera that turns and zooms a little."""

    def __init__(self, count: int, first: int = 0, moves: bool = True) -> None:
        self.clips, self.places = [], []
        for i in range(first, first + count):
            angle, bright = 2.4 * i, i % 2 == 0
            move = (3 * math.cos(angle), 3 * math.sin(angle)) if moves and bright else (0.0, 0.0)
            camera = {"turn": 0.02 * math.sin(i), "zoom": 1 + 0.01 * math.cos(i)} if bright else {}
            rgb, place = disc_clip(i, move=move, bright=bright, **camera)
            self.clips.append(rgb)
            self.places.append(place & bright & moves)

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"rgb": self.clips[index]}


def test_labels_are_the_things_that_move() -> None:
    """Cells that the disc fills or leaves free, by where it was drawn; measured: one wrong, 8 not counted."""
    learner, data = small("motion_masks", crop={"area": [1, 1], "aspect": [1, 1], "flip": False}, program_size=64), Discs(12)
    wrong = left_out = cells = 0
    for rgb, place in zip(data.clips, data.places, strict=True):
        batch = batch_of(learner, [{"rgb": rgb[..., 8:72]}])  # type: ignore[arg-type]
        truth = F.interpolate(place[None, None, :, 8:72].float(), (8, 8), mode="area")
        clear = (truth < 0.2) | (truth > 0.8)
        wrong += int((clear[0] & batch["counts"] & (batch["moving"] != (truth[0] > 0.5))).sum())
        left_out += int((clear[0] & ~batch["counts"]).sum())
        cells += int(batch["moving"].sum())
    assert cells > 20
    assert wrong <= 2
    assert left_out < 16


def test_overfits_a_few_clips(tmp_path: Path) -> None:
    learner, data = small("motion_masks", crop={"area": [1, 1], "aspect": [1, 1], "flip": False}), Discs(6)
    before = measure(learner.train(), data)
    train(learner, data, 6 * 90, tmp_path, batch_size=6)
    after = measure(learner, data)
    assert after["loss"] < 0.45 * before["loss"]
    assert after["balanced_accuracy"] > 0.93


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> MotionMasks:
    learner = small("motion_masks")
    assert isinstance(learner, MotionMasks)
    train(learner, Discs(96), 16 * 80, tmp_path_factory.mktemp("run"), batch_size=16)
    return learner


def test_knows_from_one_unseen_frame_which_things_move(trained: MotionMasks) -> None:
    """Not where: a guess by height does hardly better than chance."""
    found = measure(trained, Discs(40, first=1000))
    assert found["balanced_accuracy"] > 0.85
    assert found["prior"] < 0.65


def test_finds_nothing_that_moves_where_only_the_place_could_tell(trained: MotionMasks) -> None:
    """The targets stay, the pictures lose their content: each becomes its mean colour."""
    batch = batch_of(trained, Discs(40, first=1000))
    batch["image"] = batch["image"].mean((2, 3), keepdim=True).expand_as(batch["image"])
    with torch.no_grad():
        assert trained.loss(batch)["balanced_accuracy"] < 0.62


def test_a_camera_that_moves_past_what_rests_labels_nothing_as_moving() -> None:
    batch = batch_of(small("motion_masks"), Discs(16, moves=False))
    assert batch["counts"].float().mean() > 0.95
    assert not batch["moving"].any()


def test_noise_does_not_move_and_cuts_are_not_labelled() -> None:
    learner, generator = small("motion_masks"), torch.Generator().manual_seed(0)
    noise = [{"rgb": torch.randint(256, (3, 3, 64, 64), generator=generator).to(torch.uint8)} for _ in range(8)]
    assert not batch_of(learner, noise)["moving"].any()  # type: ignore[arg-type]
    cuts = [{"rgb": torch.stack([disc_clip(9 * i + j)[0][0] for j in range(3)])} for i in range(8)]
    assert batch_of(learner, cuts)["moving"].float().mean() < 0.02  # type: ignore[arg-type]


def test_the_loss_is_finite_where_nothing_moves_or_counts() -> None:
    learner = small("motion_masks")
    batch = batch_of(learner, Discs(4, moves=False))
    parts = learner.loss(batch)
    assert parts["loss"].isfinite()
    assert parts["balanced_accuracy"] == parts["prior"] == 0.5
    batch["counts"][:] = False
    nothing = learner.loss(batch)["loss"]
    nothing.backward()
    assert nothing.item() == 0
    assert all(p.grad is None or not p.grad.any() for p in learner.parameters())


def test_cells_in_the_band_have_no_say() -> None:
    learner = small("motion_masks", colour={"grey": 0, "channel": 0, "blur": 0, "noise": 0})
    score = torch.full((2, 32, 32), 0.1)
    score[:, :8, :8], score[:, 8:16, :8] = 0.9, 0.5
    score[:, 16:18, :4], score[:, 18:20, :4] = 0.9, 0.1  # half a cell moves
    rgb = torch.randint(256, (2, 3, 32, 32), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    batch = learner.augment({"rgb": rgb, "score": score}, torch.Generator().manual_seed(0))
    assert batch["moving"].shape == (2, 32 // CELL, 32 // CELL)
    assert batch["moving"][0].nonzero().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert (~batch["counts"][0]).nonzero().tolist() == [[2, 0], [2, 1], [3, 0], [3, 1], [4, 0]]
    loss = learner.eval().loss(batch)["loss"]
    batch["moving"] = batch["moving"] | ~batch["counts"]
    assert learner.loss(batch)["loss"] == loss


def test_metrics_by_hand() -> None:
    """Three of four moving cells and one of two resting ones: (0.75 + 0.5) / 2, three of five; the last one doesn't count."""
    truth = torch.tensor([1, 1, 1, 1, 0, 0, 0]).bool()
    found = torch.tensor([1, 1, 1, 0, 0, 1, 1]).bool()
    counts = torch.tensor([1, 1, 1, 1, 1, 1, 0]).bool()
    assert balanced_accuracy(found, truth, counts).item() == 0.625
    assert iou(found, truth, counts).item() == pytest.approx(0.6)
    assert balanced_accuracy(torch.ones(7).bool(), truth, counts).item() == 0.5
    rows = torch.tensor([[[1, 1], [1, 0], [0, 0]]]).bool()
    assert row_prior(rows, torch.ones(1, 3, 2).bool()).tolist() == [[[True, True], [False, False], [False, False]]]


def test_bad_options_are_refused() -> None:
    with pytest.raises(UserError, match="stride"):
        small("motion_masks", stride=0)
    with pytest.raises(UserError, match="ignore"):
        small("motion_masks", ignore=[0.6, 0.7])
