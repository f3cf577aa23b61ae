from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from drawn_drives import Drives, camera, drive, moved
from short_runs import batch_of, measure, raw_batch, small, train
from torch import Tensor

from scenes.errors import UserError
from training.crops import CropConfig, crop_frame, crop_intrinsics, draw_window
from training.learner import Footage
from training.motion_bins import balanced_accuracy, balanced_softmax, interval
from training.pretexts.ego_motion import EgoMotion
from training.relative_pose import invert, mirror, motion_of, planar, relative_pose
from training.view_synthesis import SSIM_C1, dissimilarity, explain, explained, halve, photometric_error, roughness, synthesise, unexplained

EDGES = {"forward": (0.5, 1.0), "sideways": (-0.1, 0.1), "yaw": (-2.0, 2.0)}
PLAIN = dict.fromkeys(("brightness", "contrast", "saturation", "hue", "grey", "channel", "blur", "noise"), 0)
WHOLE = {"area": [1, 1], "flip": False}


def ego_motion(**config: Any) -> EgoMotion:
    learner = small("ego_motion", **{**EDGES, **config})
    assert isinstance(learner, EgoMotion)
    return learner


def test_overfits_a_few_pairs(tmp_path: Path) -> None:
    learner, data = ego_motion(crop=WHOLE, colour=PLAIN), Drives(16)
    before = measure(learner.train(), data)
    train(learner, data, 16 * 40, tmp_path, batch_size=16)
    after = measure(learner, data)
    assert after["loss"] < 0.4 * before["loss"]
    assert after["accuracy"] > 0.85


def test_tells_turns_of_unseen_drives(tmp_path: Path) -> None:
    learner = ego_motion(crop=WHOLE, colour=PLAIN)
    train(learner, Drives(300), 16 * 100, tmp_path, batch_size=16)
    after = measure(learner, Drives(100, first=5000))
    assert after["chance"] == pytest.approx(1 / 3)
    assert after["accuracy"] > 0.45
    assert after["accuracy_yaw"] > 0.65


def test_photometric_overfits_a_few_pairs(tmp_path: Path) -> None:
    learner, data = ego_motion(method="photometric", crop=WHOLE, colour=PLAIN), Drives(4)
    before = measure(learner.train(), data)
    train(learner, data, 4 * 100, tmp_path, batch_size=4)
    after = measure(learner, data)
    assert after["loss"] < 0.6 * before["loss"]
    assert after["explained"] > 0.4


def test_photometric_explains_unseen_turns(tmp_path: Path) -> None:
    """As many to the left as to the right, so the same answer for all would explain nothing."""
    learner = ego_motion(method="photometric", crop=WHOLE, colour=PLAIN)
    train(learner, Drives(200, turning=True), 8 * 80, tmp_path)
    assert measure(learner, Drives(64, first=5000, turning=True))["explained"] > 0.2


def hidden(pairs: Drives) -> Drives:
    """The second frame shows what the first did; poses stay what they were."""
    for pair in pairs.pairs:
        pair["rgb"] = pair["rgb"][:1].expand(2, -1, -1, -1).contiguous()
    return pairs


def test_neither_one_frame_nor_the_window_tells_the_motion(tmp_path: Path) -> None:
    """And with nine of ten drives straight on, nor does a guess that is usually right."""
    learner = ego_motion()
    train(learner, hidden(Drives(200, straight=0.9)), 16 * 60, tmp_path, batch_size=16)
    after = measure(learner, hidden(Drives(200, first=5000, straight=0.9)))
    for name, rarest in (("accuracy_forward", 50), ("accuracy_sideways", 50), ("accuracy_yaw", 5)):
        assert abs(after[name] - 1 / 3) < 3 * math.sqrt(1 / 3 * 2 / 3 / 3 / rarest)


def test_straight_driving_does_not_become_the_answer() -> None:
    """Answers that minimise the balanced loss without looking are even; those that minimise plain cross-entropy are 90, 5 and 5 %."""
    truth = torch.tensor([0] * 5 + [1] * 90 + [2] * 5)
    for counts, expected in (([5, 90, 5], [1 / 3, 1 / 3, 1 / 3]), ([1, 1, 1], [0.05, 0.9, 0.05])):
        logits = torch.zeros(3, requires_grad=True)
        optimiser = torch.optim.Adam([logits], lr=0.1)
        for _ in range(200):
            optimiser.zero_grad()
            balanced_softmax(logits.expand(100, 3), truth, torch.tensor(counts)).backward()
            optimiser.step()
        assert logits.softmax(0).tolist() == pytest.approx(expected, abs=0.01)


def test_bins_are_counted_in_training_alone() -> None:
    learner, data = ego_motion(), Drives(6)
    batch = batch_of(learner, data)
    learner.train().loss(batch)
    learner.eval().loss(batch)
    expected = torch.stack([torch.bincount(batch["bin"][:, k], minlength=3) for k in range(3)]).flatten() + 1
    assert torch.equal(learner.state_dict()["counts"], expected)


def test_relative_pose_by_hand() -> None:
    """From (1, 2) looking along y to (1.5, 4), turned by 30° to the right; and from the origin looking along x, where right is -y."""
    ahead = planar(relative_pose(torch.stack([camera(1, 2, 0), camera(1.5, 4, 30)])))
    assert ahead.tolist() == pytest.approx([2, 0.5, 30])
    across = planar(relative_pose(torch.stack([camera(0, 0, 90), camera(3, -1, 80)])))
    assert across.tolist() == pytest.approx([3, 1, -10])
    motion = moved(2, 0.5, 30)
    assert torch.allclose(relative_pose(torch.stack([camera(7, 9, 40), camera(7, 9, 40) @ motion])), motion)
    assert torch.allclose(motion @ invert(motion), torch.eye(4, dtype=torch.float64), atol=1e-12)


def test_poses_far_from_the_origin_keep_their_millimetres() -> None:
    far = torch.stack([camera(4096.0, 8192.0, 0), camera(4096.0, 8192.0 + 1 / 512, 0)]).float()
    assert planar(relative_pose(far)).tolist() == pytest.approx([1 / 512, 0, 0], abs=1e-6)


def test_mirrored_motion_by_hand() -> None:
    assert planar(mirror(moved(2, 0.5, 30))).tolist() == pytest.approx([2, -0.5, -30])


def test_network_motion_by_hand() -> None:
    """A quarter turn about y takes the viewing direction z to x, that is to the right."""
    motion = motion_of(torch.tensor([[1.0, 2.0, 3.0, 0.0, math.pi / 2, 0.0], [0.0] * 6]))
    expected = torch.tensor([[0, 0, 1, 1], [0, 1, 0, 2], [-1, 0, 0, 3], [0, 0, 0, 1]], dtype=torch.float32)
    assert torch.allclose(motion[0], expected, atol=1e-6)
    assert torch.equal(motion[1], torch.eye(4))


def cropped(seed: int, flip: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(picture [1, 2, 3, 64, 64], depth, motion, K) of a window of a finely drawn drive, with the labels that the views would give it."""
    pair = drive(seed, height=192, width=256)
    window = draw_window(192, 256, CropConfig(size=64, area=(0.5, 1), aspect=(0.8, 1.25), flip=False), torch.Generator().manual_seed(seed))
    frames = [crop_frame({"rgb": pair["rgb"][k], "depth": pair["depth"][k]}, window) for k in range(2)]
    picture, depth = torch.stack([f["rgb"] for f in frames]).float() / 255, torch.stack([f["depth"] for f in frames])
    motion, K = relative_pose(pair["pose"]).float(), crop_intrinsics(pair["K"], window)
    if flip:
        picture, depth, motion = picture.flip(-1), depth.flip(-1), mirror(motion)
        K[0, 2] = 64 - K[0, 2]
    return picture[None], depth[None], motion[None], K[None]


@pytest.mark.parametrize("flip", [False, True])
def test_true_depth_and_motion_explain_the_frames_and_wrong_ones_do_not(flip: bool) -> None:
    for seed in (1, 2, 5):
        picture, depth, motion, K = cropped(seed, flip)
        truth = explain(picture, depth, motion, K)
        inside = truth["error"].isfinite()
        assert inside.float().mean() > 0.6
        assert truth["error"][inside].median() < 0.01
        assert explained(truth) > 0.8 * inside.float().mean()
        assert explained(explain(picture, depth, invert(motion), K)) < 0
        for wrong in (explain(picture, depth, mirror(motion), K), explain(picture, 1.5 * depth, motion, K)):
            assert explained(wrong) < explained(truth) - 0.1
        still = explain(picture, depth, torch.eye(4)[None], K)
        assert abs(explained(still)) < 1e-3
        smaller, farther, half = halve(picture, depth, K)
        assert explained(explain(smaller, farther, motion, half)) > 0.7 * inside.float().mean()


def test_views_labels_follow_the_window() -> None:
    """K as of the crop; the motion as of the poses, mirrored where the picture is."""
    learner, pair = ego_motion(crop={"area": [0.3, 0.8], "flip": True}), drive(3)
    forward, sideways, yaw = planar(relative_pose(pair["pose"])).tolist()
    flipped = set()
    for seed in range(20):
        view = learner.views(pair, torch.Generator().manual_seed(seed))
        window = draw_window(48, 64, learner.config.crop, torch.Generator().manual_seed(seed))
        sign = -1 if window.flip else 1
        assert view["motion"].tolist() == pytest.approx([forward, sign * sideways, sign * yaw], abs=1e-5)
        assert torch.equal(view["K"], crop_intrinsics(pair["K"], window))
        assert view["pair"].shape == (2, 3, 32, 32)
        flipped.add(window.flip)
    assert flipped == {True, False}


def test_both_frames_share_window_and_colours() -> None:
    image = batch_of(ego_motion(colour={"noise": 0}), hidden(Drives(6)))["image"]
    assert torch.equal(image[:, 0], image[:, 1])


def test_bins_of_motions_by_hand() -> None:
    learner = ego_motion()
    raw = raw_batch(learner, Drives(3))
    raw["motion"] = torch.tensor([[0.4, -0.2, -2.1], [0.6, 0.0, 0.0], [1.1, 0.2, 2.1]])
    assert learner.augment(raw, torch.Generator())["bin"].tolist() == [[0, 0, 0], [1, 1, 1], [2, 2, 2]]


def test_balanced_accuracy_by_hand() -> None:
    """Recall 1/2 of bin 0, 1 of bin 2; bin 1 doesn't occur. A constant answer has 1/2."""
    truth = torch.tensor([0, 0, 2, 2, 2])
    found, chance = balanced_accuracy(torch.tensor([0, 1, 2, 2, 2]), truth, 3)
    assert (found.item(), chance.item()) == (0.75, 0.5)
    assert balanced_accuracy(torch.full((5,), 2), truth, 3)[0].item() == 0.5


def test_synthesised_frame_by_hand() -> None:
    """A wall 10 m away, focal length 20 px, the source camera 1 m to the right: it sees everything 2 px further left."""
    source = torch.rand(1, 3, 8, 12, generator=torch.Generator().manual_seed(0))
    K = torch.tensor([[[20.0, 0, 6], [0, 20, 4], [0, 0, 1]]])
    motion = moved(0, 1, 0).float()[None]
    seen, inside = synthesise(source, torch.full((1, 8, 12), 10.0), motion, K)
    assert torch.allclose(seen[..., 2:], source[..., :-2], atol=1e-5)
    assert inside[0].all(0).tolist() == [False] * 2 + [True] * 10
    behind = synthesise(source, torch.full((1, 8, 12), 10.0), moved(11, 0, 0).float()[None], K)[1]
    assert not behind.any()


def test_photometric_error_by_hand() -> None:
    """Of even pictures a and b, SSIM is (2 a b + C1) / (a² + b² + C1)."""
    a, b = torch.full((1, 3, 5, 5), 0.2), torch.full((1, 3, 5, 5), 0.6)
    ssim = (2 * 0.12 + SSIM_C1) / (0.04 + 0.36 + SSIM_C1)
    assert torch.allclose(dissimilarity(a, b), torch.tensor((1 - ssim) / 2), atol=1e-4)
    assert torch.allclose(photometric_error(a, b), torch.tensor(0.85 * (1 - ssim) / 2 + 0.15 * 0.4), atol=1e-4)
    stripes = (torch.arange(6) % 2).float().expand(1, 1, 6, 6)
    assert photometric_error(stripes, stripes).abs().max() < 1e-6
    assert (dissimilarity(stripes, 1 - stripes) > 0.8).all()


def test_roughness_by_hand() -> None:
    """Disparity 1 and 3 (mean 2) side by side: a step of 1, twice where rows repeat; forgiven by exp(-1) where the picture steps by 1."""
    disparity = torch.tensor([[[1.0, 3.0], [1.0, 3.0]]])
    step = torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])
    assert roughness(disparity, torch.zeros(1, 1, 2, 2)).item() == pytest.approx(1)
    assert roughness(disparity, step).item() == pytest.approx(math.exp(-1))
    assert roughness(7 * disparity, step).item() == pytest.approx(math.exp(-1))


def test_photometric_loss_reaches_all_that_is_learnt_and_is_zero_for_a_camera_at_rest() -> None:
    learner = ego_motion(method="photometric").train()
    learner.loss(batch_of(learner, Drives(4)))["loss"].backward()
    starved = [name for name, p in learner.named_parameters() if p.grad is None or not p.grad.any()]
    assert len(starved) <= 2, starved
    learner.compare.read[-1].weight.data.zero_()
    learner.compare.read[-1].bias.data.zero_()
    parts = learner.loss(batch_of(learner, hidden(Drives(4))))
    assert parts["photometric"].item() == pytest.approx(0, abs=1e-4)
    assert parts["explained"].item() == pytest.approx(0, abs=1e-3)


def test_auto_masking_by_hand() -> None:
    """Of four pixels one lies outside, one is explained, two are better explained by no motion."""
    found = {"error": torch.tensor([torch.inf, 0.1, 0.6, 0.9]), "still": torch.tensor([0.3, 0.5, 0.2, 0.4])}
    assert unexplained(found, torch.tensor(False)).item() == pytest.approx((0.3 + 0.1 + 0.6 + 0.9) / 4)
    assert unexplained(found, torch.tensor(True)).item() == pytest.approx((0.3 + 0.1 + 0.2 + 0.4) / 4)
    assert explained(found).item() == pytest.approx((1.4 - 1.9) / 1.4)


def test_auto_masking_begins_after_its_samples() -> None:
    learner = ego_motion(method="photometric", masked_after=5).train()
    batch = batch_of(learner, Drives(3))
    before, after = (learner.loss(batch)["photometric"].item() for _ in range(2))
    assert learner.state_dict()["seen"].item() == 6
    assert after < 0.9 * before


def test_previews_tell_the_motion_and_show_the_depth() -> None:
    learner, data = ego_motion(crop=WHOLE), Drives(2)
    title = learner.preview(batch_of(learner, data))[1][0]
    truth = planar(relative_pose(data[0]["pose"])).tolist()
    assert title.startswith(f"then (predicted) forward {truth[0]:.2f}m (")
    assert f"yaw {truth[2]:.2f}° (" in title
    assert [interval((1.0, 2.5), k) for k in range(3)] == ["below 1", "1 to 2.5", "above 2.5"]
    learner = ego_motion(method="photometric")
    assert len(learner.preview(batch_of(learner, data))) == 10


def test_data_and_settings_that_do_not_fit_are_refused() -> None:
    learner, pair = ego_motion(stride=3), drive(0)
    assert learner.footage == Footage(length=2, stride=3)
    with pytest.raises(UserError, match=r"needs pairs of frames .* has rgb \[3, 48, 64\].*with the camera's poses"):
        learner.check({**pair, "rgb": pair["rgb"][0]})
    with pytest.raises(UserError, match="needs pose, K in every sample"):
        learner.check({"rgb": pair["rgb"]})
    with pytest.raises(UserError, match="yaw must be ascending"):
        ego_motion(yaw=(1.0, 1.0))
    with pytest.raises(UserError, match="method must be"):
        ego_motion(method="slam")
    with pytest.raises(UserError, match="scales must lie"):
        ego_motion(scales=5)
