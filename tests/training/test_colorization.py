from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from scenes.errors import UserError
from training.backbones import build_backbone
from training.budget import Budget
from training.colour import ab_bins, grey_of, lab_to_rgb, rgb_to_lab
from training.fit import FitConfig, fit
from training.images import normalise, to_picture
from training.pretexts import build_pretext
from training.pretexts.colorization import Colorization, annealed_mean, rebalancing, soft_cross_entropy, soft_encode
from training.seeds import seeded

COLOURS = torch.tensor([[50.0, 30.0], [-40.0, 40.0], [10.0, -40.0]])


def colorization(**config: Any) -> Colorization:
    with seeded(0):
        crop = {"size": 32, "area": [1, 1], "aspect": [1, 1], "flip": False}
        learner = build_pretext("colorization", build_backbone("resnet18", width=16), {"crop": crop, **config})
    assert isinstance(learner, Colorization)
    return learner


def cloth(seed: int, *, telling: bool = True) -> dict[str, Tensor]:
    """A ground and a box with different patterns, 32 x 32 pixels; each of three patterns has its colour.

    With `telling` false the colours are drawn for every picture; the lightness is the same.
    """
    generator = torch.Generator().manual_seed(seed)
    v, u = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    patterns = torch.stack([u // 2 % 2, v // 2 % 2, u // 2 % 2 ^ v // 2 % 2])
    ground, box = torch.randperm(3, generator=generator)[:2].tolist()
    top, left = torch.randint(16, (2,), generator=generator).tolist()
    kind = torch.full((32, 32), ground)
    kind[top : top + 16, left : left + 16] = box
    colours = COLOURS if telling else COLOURS[torch.randperm(3, generator=generator)]
    lightness = 50 + 20 * patterns.gather(0, kind[None])
    lab = torch.cat([lightness, colours[kind].permute(2, 0, 1)])
    return {"rgb": (lab_to_rgb(lab) * 255).round().to(torch.uint8)}


def batch_of(learner: Colorization, pictures: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    views = [learner.views(picture, torch.Generator().manual_seed(i)) for i, picture in enumerate(pictures)]
    return learner.augment({"rgb": torch.stack([view["rgb"] for view in views])}, torch.Generator())


def train(learner: Colorization, pictures: list[dict[str, Tensor]], steps: int, out: Path) -> None:
    fit(learner, pictures, FitConfig(budget=Budget(samples=16 * steps), batch_size=16, lr=1e-2, progress=False), out)  # type: ignore[arg-type]


def metrics(learner: Colorization, batch: dict[str, Tensor]) -> dict[str, float]:
    with torch.no_grad():
        return {name: value.item() for name, value in learner.eval().loss(batch).items()}


def test_overfits_a_few_pictures(tmp_path: Path) -> None:
    learner, pictures = colorization(), [cloth(i) for i in range(8)]
    batch = batch_of(learner, pictures)
    with torch.no_grad():
        before = learner.loss(batch)["loss"]
    learner.seen.zero_()
    train(learner, pictures, 60, tmp_path)
    after = metrics(learner, batch)
    # Soft encodings have an entropy that no prediction goes below.
    assert after["loss"] < 0.4 * before
    assert after["accuracy"] > 0.9


def test_tells_colours_of_unseen_pictures_from_their_patterns(tmp_path: Path) -> None:
    learner = colorization()
    train(learner, [cloth(i) for i in range(300)], 80, tmp_path)
    found = metrics(learner, batch_of(learner, [cloth(10**6 + i) for i in range(64)]))
    assert found["accuracy"] > found["accuracy_constant"] + 0.3
    assert found["rmse"] < 0.6 * found["rmse_grey"]


def test_lightness_alone_gives_no_colour_away(tmp_path: Path) -> None:
    """Colours that nothing in the picture explains aren't found, though the 8-bit colours it was made of leave traces in L."""
    learner = colorization()
    train(learner, [cloth(i, telling=False) for i in range(300)], 60, tmp_path)
    found = metrics(learner, batch_of(learner, [cloth(10**6 + i, telling=False) for i in range(64)]))
    assert found["accuracy"] < found["accuracy_constant"] + 0.1


def test_the_input_is_the_grey_picture_of_the_same_lightness_in_eight_bits() -> None:
    learner = colorization()
    rgb = torch.randint(256, (4, 3, 32, 32), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    image = learner.augment({"rgb": rgb}, torch.Generator())["image"]
    picture = to_picture(image)
    assert torch.equal(picture[:, 0], picture[:, 1])
    assert torch.equal(picture[:, 0], picture[:, 2])
    assert torch.allclose(normalise(picture / 255), image, atol=1e-6)
    # Half a step of 8 bits, which is up to 0.252 of L.
    difference = rgb_to_lab(picture / 255)[:, 0] - rgb_to_lab(rgb / 255)[:, 0]
    assert difference.abs().max() < 0.26


def test_a_grey_picture_is_its_own_input() -> None:
    grey = torch.arange(256).view(1, 1, 8, 32).expand(2, 3, 8, 32).to(torch.uint8)
    batch = colorization().augment({"rgb": grey}, torch.Generator())
    assert torch.equal(to_picture(batch["image"]), grey)
    assert batch["ab"].abs().max() < 1e-3


# sRGB (8 bits) and its Lab under D65, as colour calculators give it.
KNOWN = {
    (255, 255, 255): (100, 0, 0),
    (0, 0, 0): (0, 0, 0),
    (255, 0, 0): (53.24, 80.09, 67.20),
    (0, 255, 0): (87.73, -86.18, 83.18),
    (0, 0, 255): (32.30, 79.19, -107.86),
    (255, 255, 0): (97.14, -21.55, 94.48),
    (0, 255, 255): (91.11, -48.09, -14.13),
    (255, 0, 255): (60.32, 98.23, -60.82),
    (128, 128, 128): (53.59, 0, 0),
}


@pytest.mark.parametrize(("rgb", "lab"), KNOWN.items())
def test_lab_of_known_colours(rgb: tuple[int, ...], lab: tuple[float, ...]) -> None:
    found = rgb_to_lab(torch.tensor(rgb).view(3, 1, 1) / 255).flatten()
    assert found.tolist() == pytest.approx(lab, abs=0.01)


def test_lab_and_back_is_exact_for_eight_bit_colours() -> None:
    rgb = torch.randint(256, (3, 300, 300), generator=torch.Generator().manual_seed(0))
    assert torch.equal((lab_to_rgb(rgb_to_lab(rgb / 255)) * 255).round().long(), rgb)
    grey = torch.arange(256) / 255
    assert torch.allclose(grey_of(rgb_to_lab(grey.expand(3, 1, 256))[0, 0]), grey, atol=1e-5)


def test_bins_cover_the_gamut() -> None:
    bins = ab_bins()
    assert bins.shape == (313, 2)
    assert len(bins.unique(dim=0)) == 313
    assert (bins % 10 == 0).all()
    rgb = torch.rand(3, 200, 200, generator=torch.Generator().manual_seed(0)).round(decimals=1)  # with many corners and edges of the cube
    distance = torch.cdist(rgb_to_lab(rgb)[1:].flatten(1).T, bins).amin(1)
    assert distance.max() <= 5 * math.sqrt(2) + 1e-3
    names = {tuple(b) for b in bins.int().tolist()}
    assert {(0, 0), (80, 70), (-90, 80), (80, -110), (100, -60)} <= names
    assert names.isdisjoint({(-110, -110), (110, 110), (-60, -60), (0, 110), (110, 0)})


def test_soft_encoding_by_hand() -> None:
    """At a bin: itself and four at distance 10. From (2, 0) to (0, 0), (10, 0), (0, ±10), (-10, 0): squares 4, 64, 104, 104, 144."""
    ab = torch.tensor([[0.0, 0.0], [2.0, 0.0]]).T.view(1, 2, 1, 2)
    index, shares = soft_encode(ab, ab_bins(), 5, 5.0)
    assert index.shape == shares.shape == (1, 5, 1, 2)
    side = math.exp(-100 / 50)
    assert shares[0, :, 0, 0].tolist() == pytest.approx([1 / (1 + 4 * side)] + [side / (1 + 4 * side)] * 4, abs=1e-5)
    gauss = [math.exp(-d / 50) for d in (4, 64, 104, 104, 144)]
    assert shares[0, :, 0, 1].tolist() == pytest.approx([g / sum(gauss) for g in gauss], abs=1e-5)
    chosen = ab_bins()[index[0, :, 0, 1]].tolist()
    assert chosen[:2] == [[0, 0], [10, 0]]
    assert sorted(chosen[2:4]) == [[0, -10], [0, 10]]
    assert chosen[4] == [-10, 0]


def test_rebalancing_by_hand() -> None:
    """Bins far apart, seen 3 : 1: 1 / (0.375 + 0.25) = 1.6 and 1 / (0.125 + 0.25) = 2.667, over their mean 0.75 * 1.6 + 0.25 * 2.667."""
    far, seen = torch.tensor([[0.0, 0.0], [100.0, 0.0]]), torch.tensor([3, 1])
    mean = 0.75 * 1.6 + 0.25 * 8 / 3
    assert rebalancing(seen, far, 5.0, 0.5).tolist() == pytest.approx([1.6 / mean, 8 / 3 / mean])
    assert rebalancing(seen, far, 5.0, 1.0).tolist() == pytest.approx([1, 1])
    assert rebalancing(torch.zeros(2, dtype=torch.int64), far, 5.0, 0.5).tolist() == pytest.approx([1, 1])
    # At a distance where the Gaussian is a half, a third of each count goes to the neighbour: 7/12 and 5/12.
    near = torch.tensor([[0.0, 0.0], [5 * math.sqrt(2 * math.log(2)), 0.0]])
    a, b = 1 / (7 / 24 + 1 / 4), 1 / (5 / 24 + 1 / 4)
    mean = 7 / 12 * a + 5 / 12 * b
    assert rebalancing(seen, near, 5.0, 0.5).tolist() == pytest.approx([a / mean, b / mean])


def test_rare_colours_weigh_more_and_the_mean_weight_of_what_is_seen_is_one() -> None:
    learner = colorization()
    batch = batch_of(learner, [cloth(i) for i in range(6)])
    learner.train().loss(batch)
    nearest = soft_encode(batch["ab"], learner.bins, 1, 5.0)[0]
    assert torch.equal(learner.seen, torch.bincount(nearest.flatten(), minlength=313))
    weights = rebalancing(learner.seen, learner.bins, 5.0, 0.5)
    assert weights[learner.seen.argmax()] < 1
    assert weights[learner.seen == 0].max() > 5
    learner.eval().loss(batch)
    assert learner.seen.sum() == nearest.numel()


def test_cross_entropy_and_decoding_by_hand() -> None:
    index, shares = torch.tensor([2, 0]).view(1, 2, 1, 1), torch.tensor([0.75, 0.25]).view(1, 2, 1, 1)
    logits = torch.tensor([0.0, 0.0, math.log(2)]).view(1, 3, 1, 1)  # probabilities 1/4, 1/4, 1/2
    assert soft_cross_entropy(logits, index, shares).item() == pytest.approx(0.75 * math.log(2) + 0.25 * math.log(4))
    bins = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 20.0]])
    assert annealed_mean(logits, bins, 1.0).flatten().tolist() == pytest.approx([2.5, 10])
    assert annealed_mean(logits, bins, 0.5).flatten().tolist() == pytest.approx([10 / 6, 20 * 4 / 6])
    assert annealed_mean(logits, bins, 0.01).flatten().tolist() == pytest.approx([0, 20])


def test_grey_pictures_are_not_learnt_from() -> None:
    """Neither by the network, nor in the prior, nor in the figures; what the others teach stays as it is."""
    learner = colorization().eval()
    batch = batch_of(learner, [cloth(i) for i in range(4)])
    alone = learner.loss(batch)
    grey = {"image": batch["image"], "ab": torch.full_like(batch["ab"], 4.9)}
    assert learner.loss(grey)["loss"].item() == 0
    both = learner.loss({name: torch.cat([batch[name], grey[name]]) for name in batch})
    assert both["loss"].item() == pytest.approx(alone["loss"].item() / 2, rel=1e-4)
    assert both["accuracy"].item() == pytest.approx(alone["accuracy"].item())
    assert both["rmse"].item() == pytest.approx(alone["rmse"].item(), rel=1e-4)
    assert both["colourful"].item() == 0.5
    learner.train().loss(grey)
    assert learner.seen.sum() == 0


def test_bad_configurations_and_backbones_are_refused() -> None:
    with pytest.raises(UserError, match="neighbours"):
        colorization(neighbours=0)
    with pytest.raises(UserError, match="uniform"):
        colorization(uniform=0)
    with pytest.raises(UserError, match="temperature"):
        colorization(temperature=0)
    with pytest.raises(UserError, match="reads 1 channels"):
        build_pretext("colorization", build_backbone("resnet18", width=8, in_channels=1))
