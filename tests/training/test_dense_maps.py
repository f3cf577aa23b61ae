"""The network of depth, normals, contours and classes and its losses, against slow references, closed forms and in trainings of seconds."""

from __future__ import annotations

import itertools
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from sphere_world import Spheres, pixel_rays
from torch import Tensor

from scenes.errors import UserError
from training.budget import Budget
from training.checkpoint import load_dense
from training.dense import build_dense
from training.dense.maps import Maps, common_camera, rays
from training.fit import FitConfig, Interrupted, fit
from training.losses import affine_invariant_loss, gradient_loss
from training.seeds import seeded

PLAIN = {"colour": dict.fromkeys(("brightness", "contrast", "saturation", "hue", "grey", "channel", "blur", "noise"), 0)}


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def learner_of(**options: Any) -> Maps:
    with seeded(0):
        learner = build_dense("dense", {"size": "tiny", "crop": {"size": 64, "area": [0.6, 1]}, **PLAIN, **options})
    assert isinstance(learner, Maps)
    return learner


def train(learner: Maps, count: int, samples: int, out: Path) -> None:
    fit(learner, Spheres(count), FitConfig(budget=Budget(samples=samples), batch_size=8, progress=False), out)


def batch_of(learner: Maps, first: int, count: int = 16) -> dict[str, Tensor]:
    frames = Spheres(count, first)
    views = [learner.views(frames[i], torch.Generator().manual_seed(i)) for i in range(count)]
    return learner.augment({name: torch.stack([view[name] for view in views]) for name in views[0]}, torch.Generator().manual_seed(0))


def errors(learner: Maps, first: int, count: int = 16) -> dict[str, float]:
    with torch.no_grad():
        return {name: float(value) for name, value in learner.eval().loss(batch_of(learner, first, count)).items()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Maps:
    learner = learner_of(semantic=0.2, semantic_classes=3)
    train(learner, 64, 8 * 120, tmp_path_factory.mktemp("run"))
    return learner


def slow_gradient_loss(prediction: Tensor, truth: Tensor, mask: Tensor, scales: int) -> Tensor:
    total = prediction.new_zeros(())
    for scale in range(scales):
        for down, across in ((0, 2**scale), (2**scale, 0)):
            parts = []
            for b, y, x in itertools.product(*(range(n) for n in prediction.shape)):
                if y % 2**scale or x % 2**scale or y + down >= prediction.shape[1] or x + across >= prediction.shape[2]:
                    continue
                if mask[b, y, x] and mask[b, y + down, x + across]:
                    error = prediction - truth
                    parts.append((error[b, y + down, x + across] - error[b, y, x]).abs())
            total = total + torch.stack(parts).mean()
    return total / scales


def test_gradient_loss_equals_a_loop_with_its_gradient_and_ignores_what_is_masked() -> None:
    prediction, truth = noise(2, 8, 8).requires_grad_(), noise(2, 8, 8, seed=1)
    mask = noise(2, 8, 8, seed=2) > -1
    slow = slow_gradient_loss(prediction, truth, mask, 2)
    spoilt = torch.where(mask, truth, torch.inf)
    fast = gradient_loss(prediction, spoilt, mask, 2)
    assert torch.allclose(fast, slow)
    one, other = (torch.autograd.grad(loss, prediction, retain_graph=True)[0] for loss in (fast, slow))
    assert torch.allclose(one, other)
    assert float(gradient_loss(truth + 3, truth, mask).detach()) == pytest.approx(0, abs=1e-12), "a constant error has no gradient"


def test_the_affine_loss_forgives_each_pictures_scale_and_shift_and_nothing_else() -> None:
    truth, mask = noise(2, 8, 8).exp(), torch.ones(2, 8, 8, dtype=torch.bool)
    mask[1, :4] = False
    spoilt = torch.where(mask, truth, torch.inf)
    same, edges = affine_invariant_loss(torch.stack([3 * truth[0] - 1, 0.2 * truth[1] + 5]), spoilt, mask)
    assert float(same) == pytest.approx(0, abs=1e-12)
    assert float(edges) == pytest.approx(0, abs=1e-12)
    other, _ = affine_invariant_loss(-truth, spoilt, mask)
    assert other > 0.5
    nothing, _ = affine_invariant_loss(truth, spoilt, torch.zeros_like(mask))
    assert float(nothing) == 0


@pytest.mark.parametrize("space", ["metric", "affine"])
def test_the_truth_itself_has_no_loss(space: str, monkeypatch: pytest.MonkeyPatch) -> None:
    learner = learner_of(space=space, contour=0.0)
    batch = batch_of(learner, 0, 4)
    depth = batch["depth"].log() if space == "metric" else 1 / batch["depth"]
    output = torch.cat([batch["normal"], depth[:, None], torch.zeros_like(depth)[:, None]], 1)
    monkeypatch.setattr(learner.decoder, "readout", torch.nn.Identity())
    monkeypatch.setattr(learner.decoder, "features", lambda _: output)
    found = learner.loss(batch)
    for name in ("loss", "depth", "gradient", "normal"):
        assert float(found[name].detach()) == pytest.approx(0, abs=1e-5), name
    if space == "metric":
        assert float(found["abs_rel"]) == pytest.approx(0, abs=1e-5)


def test_rays_are_those_of_the_cells_centres() -> None:
    K = Spheres(1)[0]["K"]
    fine = rays(K[None], (72, 96), (72, 96))[0]
    assert torch.allclose(fine, pixel_rays(K, 72, 96)[:2], atol=1e-6)
    coarse = rays(K[None], (72, 96), (18, 24))[0]
    assert torch.allclose(coarse, fine.unfold(1, 4, 4).unfold(2, 4, 4).mean((-1, -2)), atol=1e-6)
    assert common_camera(2, 48, 64, fine)[1].tolist() == [[64, 0, 32], [0, 64, 24], [0, 0, 1]]


def test_learns_what_holds_for_unseen_scenes(trained: Maps) -> None:
    """Chance: an untrained network's relative error and angle on the same frames."""
    before, after = errors(learner_of(semantic=0.2, semantic_classes=3), 9000), errors(trained, 9000)
    assert after["abs_rel"] < 0.6 * before["abs_rel"]
    assert after["angle"] < 0.6 * before["angle"]
    assert after["semantic"] < 0.4 < 0.9 < before["semantic"]


def test_overfits_a_few_frames_in_either_space(tmp_path: Path) -> None:
    for space in ("metric", "affine"):
        learner = learner_of(space=space, crop={"size": 64, "area": [1, 1], "aspect": [1, 1], "flip": False})
        before = errors(learner, 0, 8)
        train(learner, 8, 8 * 80, tmp_path / space)
        after = errors(learner, 0, 8)
        assert after["depth"] < 0.4 * before["depth"], space


def test_maps_depend_on_neither_the_batch_nor_the_padding_and_metres_on_the_camera(trained: Maps) -> None:
    images = torch.rand(3, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    K = common_camera(3, 96, 128, images)
    with torch.no_grad():
        together, alone = trained.eval().predict_maps(images, K), trained.predict_maps(images[1:2], K[1:2])
        odd = trained.predict_maps(images[..., :90, :120], K)
    for name in trained.maps:
        assert torch.allclose(together[name][1], alone[name][0], atol=1e-4), name
        assert odd[name].shape[-2:] == (90, 120)
    with torch.no_grad():
        unknown = trained.predict_maps(images)["depth"]
    assert torch.allclose(together["depth"], unknown * 128 / 64, rtol=1e-5), "the common camera's focal length over the canonical one"


def test_real_pictures_beside_the_frames_are_aligned_to_and_styled_after() -> None:
    learner = learner_of(adapt={"align": 0.05, "bn": "real"}, style={"amplitude": 0.5})
    frames = [{**frame, "real": Spheres(1, 700 + i)[0]["rgb"]} for i, frame in enumerate(Spheres(4).frames)]
    views = [learner.views(frame, torch.Generator().manual_seed(i)) for i, frame in enumerate(frames)]
    batch = learner.augment({name: torch.stack([view[name] for view in views]) for name in views[0]}, torch.Generator().manual_seed(0))
    found = learner.train().loss(batch)
    assert {"adversary", "deceive", "told_apart"} <= set(found)
    assert torch.isfinite(found["loss"])
    with pytest.raises(UserError, match="--real"):
        learner.check(Spheres(1)[0])


def test_a_run_is_written_and_read_again(tmp_path: Path) -> None:
    learner = learner_of(semantic=0.2)
    train(learner, 8, 16, tmp_path)
    again = load_dense(tmp_path)
    assert again.config == learner.config
    assert again.maps == ("depth", "normal", "contour", "semantic")
    assert all(torch.equal(a, b) for a, b in zip(learner.state_dict().values(), again.state_dict().values(), strict=True))


def test_a_run_killed_and_continued_equals_one_never_stopped(tmp_path: Path) -> None:
    whole, parts, rest = learner_of(), learner_of(), learner_of()
    train(whole, 8, 48, tmp_path / "whole")
    calls, loss = itertools.count(1), parts.loss

    def interrupted(batch: dict[str, Tensor]) -> dict[str, Tensor]:
        if next(calls) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return loss(batch)

    parts.loss = interrupted  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        train(parts, 8, 48, tmp_path / "parts")
    train(rest, 8, 48, tmp_path / "parts")
    assert all(torch.equal(a, b) for a, b in zip(whole.state_dict().values(), rest.state_dict().values(), strict=True))


def test_unknown_settings_are_told() -> None:
    for wrong in ({"size": "huge"}, {"space": "disparity"}, {"invariance": 2}, {"depth": 0}):
        with pytest.raises(UserError, match=next(iter(wrong))):
            build_dense("dense", wrong)
