"""Several pretexts on one backbone: the sum of their losses, and nothing else that is not theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from drawn_videos import BouncingBalls
from short_runs import batch_of
from sphere_world import Spheres
from test_loop_options import settings

from scenes.errors import UserError
from training.backbones import build_backbone
from training.checkpoint import MODEL_FILE, load_pretext
from training.fit import fit
from training.pretexts import build_pretext
from training.pretexts.base import Pretext
from training.pretexts.combined import Combined, CombinedConfig
from training.seeds import seeded


def learner_of(name: str, **options: dict[str, object]) -> Pretext:
    with seeded(0):
        return build_pretext(name, build_backbone("resnet18", width=8), options)


def test_the_loss_is_the_weighted_sum_of_the_parts_own() -> None:
    learner, data = learner_of("game_engine+rotation:0.25"), Spheres(4)
    batch = batch_of(learner, data)
    parts = learner.loss(batch)
    assert parts["loss"].item() == pytest.approx((parts["game_engine/loss"] + 0.25 * parts["rotation/loss"]).item(), rel=1e-6)
    assert {"game_engine/angle", "rotation/accuracy"} <= set(parts)
    parts["loss"].backward()
    assert all(weight.grad is not None for weight in learner.parameters())


def test_a_parts_loss_is_what_it_would_be_alone() -> None:
    learner = learner_of("game_engine+rotation").eval()
    assert isinstance(learner, Combined)
    alone = learner.parts["game_engine"]
    assert isinstance(alone, Pretext)
    batch = batch_of(learner, Spheres(4))
    own = {key.removeprefix("game_engine/"): value for key, value in batch.items() if key.startswith("game_engine/")}
    assert torch.equal(learner.loss(batch)["game_engine/loss"], alone.loss(own)["loss"])
    assert alone.backbone is learner.backbone


def test_the_backbone_is_saved_once_and_everything_comes_back(tmp_path: Path) -> None:
    learner = learner_of("game_engine+instance_contrast:0.5", instance_contrast={"temperature": 0.3})
    assert not [key for key in learner.state_dict() if ".backbone." in key]
    assert len(list(learner.parameters())) == len({id(weight) for weight in learner.parameters()})
    fit(learner, Spheres(8), settings(16), tmp_path)
    again = load_pretext(tmp_path / MODEL_FILE)
    assert (again.name, again.config.to_dict()) == (learner.name, learner.config.to_dict())
    batch = batch_of(learner, Spheres(4))
    with torch.no_grad():
        assert torch.equal(again.loss(batch)["loss"], learner.eval().loss(batch)["loss"])


def test_averaged_weights_of_a_combination_share_one_backbone_too(tmp_path: Path) -> None:
    learner = learner_of("rotation+instance_contrast")
    fit(learner, Spheres(8), settings(24, ema=0.5), tmp_path)
    with torch.no_grad():
        assert torch.isfinite(learner.eval().loss(batch_of(learner, Spheres(4)))["loss"])


def test_it_needs_what_its_parts_need() -> None:
    learner = learner_of("rotation+game_engine")
    assert learner.unit == "labelled_frame"
    assert {"rgb", "depth", "normal"} <= set(learner.labels)
    with pytest.raises(UserError, match="depth"):
        learner.check({"rgb": torch.zeros(3, 64, 64)})


def test_pictures_and_clips_share_a_clip() -> None:
    learner = learner_of("rotation+frame_order")
    assert (learner.unit, learner.footage.length) == ("clip", learner_of("frame_order").footage.length)
    parts = learner.loss(batch_of(learner, BouncingBalls(4, learner.footage)))
    assert torch.isfinite(parts["loss"])


def test_previews_name_the_part() -> None:
    learner = learner_of("rotation+inpainting")
    titles = [title for title, _ in learner.preview(batch_of(learner, Spheres(2)))]
    assert any(title.startswith("rotation: ") for title in titles)
    assert any(title.startswith("inpainting: ") for title in titles)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rotation+rotation", "twice"),
        ("rotation+nonsense", "nonsense"),
        ("rotation+jigsaw:many", "isn't understood"),
        ("rotation+jigsaw:-1", "must be positive"),
        ("rotation+", "unknown pretext ''"),
    ],
)
def test_what_is_not_a_combination_is_refused(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        learner_of(name)


def test_one_part_is_no_combination() -> None:
    with pytest.raises(UserError, match="at least two"):
        CombinedConfig(weights={"rotation": 1.0})
