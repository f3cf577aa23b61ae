from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from sphere_world import Spheres, spheres
from torch import Tensor

from scenes.errors import UserError
from training.backbones import build_backbone
from training.budget import Budget
from training.fit import FitConfig, fit
from training.images import to_input
from training.losses import log_depth_loss
from training.pretexts import build_pretext
from training.pretexts.game_engine import GameEngine
from training.rendered_targets import coarse_targets, targets
from training.seeds import seeded

PLAIN = {"colour": {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0, "grey": 0, "channel": 0, "blur": 0, "noise": 0}}
WHOLE = {"crop": {"area": [1, 1], "aspect": [1, 1], "flip": False}}


def engine(width: int = 16, **config: Any) -> GameEngine:
    with seeded(0):
        learner = build_pretext("game_engine", build_backbone("resnet18", width=width), config)
    assert isinstance(learner, GameEngine)
    return learner


def batch_of(learner: GameEngine, frames: Spheres, seed: int = 0, plain: bool = False) -> dict[str, Tensor]:
    """`plain` leaves the colours as they are."""
    views = [learner.views(frames[i], torch.Generator().manual_seed(seed + i)) for i in range(len(frames))]
    batch = {name: torch.stack([view[name] for view in views]) for name in views[0]}
    augmented = learner.augment(batch, torch.Generator().manual_seed(seed))
    return {**augmented, "image": to_input(batch["rgb"])} if plain else augmented


def train(learner: GameEngine, frames: Spheres, samples: int, out: Path, **settings: Any) -> None:
    fit(learner, frames, FitConfig(budget=Budget(samples=samples), progress=False, **settings), out)


def mean_angle(a: Tensor, b: Tensor, mask: Tensor) -> float:
    """Degrees between unit vectors [B, 3, H, W], computed without the losses' code."""
    dot = torch.einsum("bchw,bchw->bhw", a, b)[mask].double().clamp(-1, 1)
    return math.degrees(torch.arccos(dot).mean().item())


def test_overfits_a_few_frames(tmp_path: Path) -> None:
    """Everything the loss asks for can be learnt: its parts fall to a fraction of a constant's."""
    learner, frames = engine(**PLAIN, **WHOLE), Spheres(8)
    with torch.no_grad():
        before = learner.train().loss(batch_of(learner, frames))
    train(learner, frames, 8 * 120, tmp_path, batch_size=8, lr=4e-3)
    batch = batch_of(learner, frames)
    with torch.no_grad():
        after = learner.train().loss(batch)
    # Measured: 0.066, 0.053, 0.76, 0.11 and 16 degrees.
    assert after["normal"] < 0.1 * before["normal"]
    assert after["depth"] < 0.1 * before["depth"]
    assert after["contour"] < 0.85 * before["contour"]
    assert after["side_layer4"] < 0.2 * before["side_layer4"]
    assert after["angle"] < 22


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> GameEngine:
    learner = engine()
    train(learner, Spheres(160), 32 * 140, tmp_path_factory.mktemp("run"), batch_size=32, lr=4e-3)
    return learner.eval()


def test_reads_normals_from_shading_of_unseen_frames(trained: GameEngine) -> None:
    """Against the best constant direction, which is all one can say without looking."""
    frames = Spheres(24, first=1000)
    batch = batch_of(trained, frames, plain=True)
    with torch.no_grad():
        found = trained.predict_maps(batch["image"])["normal"]
    mask = batch["valid"]
    constant = F.normalize(batch["normal"].permute(0, 2, 3, 1)[mask].mean(0), dim=0).view(1, 3, 1, 1).expand_as(found)
    assert mean_angle(found, batch["normal"], mask) < 0.85 * mean_angle(constant, batch["normal"], mask)


def test_reads_relative_depth_and_contours_of_unseen_frames(trained: GameEngine) -> None:
    batch = batch_of(trained, Spheres(24, first=1000), plain=True)
    with torch.no_grad():
        found = trained.predict_maps(batch["image"])
    flat = log_depth_loss(torch.zeros_like(batch["depth"]), batch["depth"], batch["valid"], 1.0)
    assert log_depth_loss(found["depth"].log(), batch["depth"], batch["valid"], 1.0) < 0.6 * flat
    edge = batch["contour"]
    assert found["contour"][edge].mean() > 1.2 * found["contour"][~edge].mean()


def test_names_spheres_and_plane_in_unseen_frames(trained: GameEngine) -> None:
    """From layer3's own cells, better than by always naming the more frequent one."""
    batch = batch_of(trained, Spheres(24, first=1000), plain=True)
    with torch.no_grad():
        found = trained.classes["layer3"](trained.backbone.forward_stages(batch["image"])["layer3"]).argmax(1)
    truth = batch["semantic"][:, 4::8, 4::8]
    known = truth > 0
    majority = max((truth[known] == c).float().mean().item() for c in (1, 2))
    assert (found == truth)[known].float().mean() > majority + 0.5 * (1 - majority)


def test_unlabelled_and_unknown_classes_are_not_learnt() -> None:
    learner = engine(semantic_classes=3)
    batch = batch_of(learner, Spheres(4))
    batch["semantic"][:] = 0
    assert learner.loss(batch)["semantic"].item() == 0
    batch["semantic"][:] = 7
    assert learner.loss(batch)["semantic"].item() == 0
    batch["semantic"][:, :8, :8] = 2
    assert learner.loss(batch)["semantic"].item() > 0


def test_a_mirrored_picture_gets_mirrored_normals(trained: GameEngine) -> None:
    """Trained with flips whose normal x is negated; had it been left alone, x would have been learnt as noise about zero."""
    images = to_input(torch.stack([spheres(2000 + i)["rgb"][:, 4:68, 16:80] for i in range(8)]))
    with torch.no_grad():
        plain, mirrored = (trained.predict_maps(x)["normal"] for x in (images, images.flip(-1)))
    assert plain[:, 0].abs().mean() > 0.1
    agreement = F.cosine_similarity(plain[:, 0].flatten(), -mirrored[:, 0].flip(-1).flatten(), dim=0)
    assert agreement > 0.5


@pytest.mark.parametrize(("height", "width"), [(64, 64), (50, 77), (96, 33)])
def test_predicts_at_any_size_in_the_inputs_resolution(trained: GameEngine, height: int, width: int) -> None:
    image = to_input(torch.randint(0, 256, (2, 3, height, width), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)))
    with torch.no_grad():
        found = trained.predict_maps(image)
        padded = trained.predict_maps(F.pad(image, (0, -width % 32, 0, -height % 32), mode="replicate"))
    assert found["depth"].shape == found["contour"].shape == (2, height, width)
    assert torch.allclose(found["normal"].norm(dim=1), torch.ones(2, height, width), atol=1e-5)
    assert (found["depth"] > 0).all()
    for name, value in found.items():
        assert torch.equal(value, padded[name][..., :height, :width])


def test_what_lies_at_invalid_pixels_changes_nothing() -> None:
    learner, frames = engine(), Spheres(4)
    clean = learner.loss(batch_of(learner, frames))
    for frame in frames.frames:
        frame["depth"][~frame["valid"]] = math.nan
        frame["normal"][:, ~frame["valid"]] = 1e9
    assert learner.loss(batch_of(learner, frames))["loss"].item() == clean["loss"].item()


def test_invalid_pixels_have_no_gradient() -> None:
    """Through `_losses` on outputs of its own, so that the network can't hide it."""
    learner = engine()
    batch = batch_of(learner, Spheres(4))
    output = torch.randn(4, 5, 64, 64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    parts = learner._losses(output, batch)
    (parts["normal"] + parts["depth"]).backward()
    assert output.grad is not None
    size = output.grad.abs().sum(1)
    assert (~batch["valid"]).any()
    assert not size[~batch["valid"]].any()
    assert (size[batch["valid"]] > 0).float().mean() > 0.99


def test_depth_targets_are_for_a_camera_of_fixed_focal_length() -> None:
    """A wall at 5 m seen with 120 px: cropped 32 px wide to 64 px the focal length is 240 px, and at 64 px's it appears at 5 * 64 / 240."""
    frame = spheres(0)
    frame |= {"depth": torch.full((72, 96), 5.0), "valid": torch.ones(72, 96, dtype=torch.bool)}
    frame["K"] = torch.tensor([[120.0, 0, 48], [0, 120.0, 36], [0, 0, 1]])
    frame["normal"] = torch.tensor([0, 0, -1.0]).view(3, 1, 1).expand(3, 72, 96).contiguous()
    area = (32 / 72) ** 2
    learner = engine(crop={"area": [area, area], "aspect": [1, 1]})
    view = learner.views(frame, torch.Generator().manual_seed(0))
    found = targets({name: value[None] for name, value in view.items()}, 64)
    assert torch.allclose(found["depth"], torch.tensor(5 * 64 / 240))


def test_coarse_targets_take_the_middle_and_any_contour() -> None:
    depth = torch.arange(64.0).view(1, 8, 8)
    contour = torch.zeros(1, 8, 8, dtype=torch.bool)
    contour[0, 0, 7] = True
    coarse = coarse_targets({"depth": depth, "normal": depth.expand(1, 3, 8, 8), "valid": depth > 0, "contour": contour}, 4)
    assert coarse["depth"].tolist() == [[[18.0, 22.0], [50.0, 54.0]]]
    assert coarse["contour"].tolist() == [[[False, True], [False, False]]]


def test_every_supervised_stage_gets_gradient_from_its_own_head() -> None:
    """With the decoder's share taken away, layer4 still learns."""
    learner = engine(decoder_stages=["layer1"])
    learner.loss(batch_of(learner, Spheres(4)))["loss"].backward()
    grad = learner.backbone.layer4[1].conv2.weight.grad  # type: ignore[union-attr,index]
    assert isinstance(grad, Tensor)
    assert grad.abs().sum() > 0
    lonely = engine(decoder_stages=["layer1"], side=0, semantic=0)
    lonely.loss(batch_of(lonely, Spheres(4)))["loss"].backward()
    assert lonely.backbone.layer4[1].conv2.weight.grad is None  # type: ignore[union-attr,index]


def test_stages_default_to_the_coarser_ones_and_a_learners_config_names_them() -> None:
    learner = engine()
    assert learner.config.side_stages == ("layer2", "layer3", "layer4")
    assert learner.config.decoder_stages == ("layer1", "layer2", "layer3", "layer4")
    named = engine(side_stages=["layer2", "layer3", "layer4"], decoder_stages=["layer4", "layer1"])
    assert (named.config.side_stages, named.config.decoder_stages) == (learner.config.side_stages, ("layer1", "layer4"))
    assert engine(**learner.config.to_dict()).config == learner.config


def test_bad_configurations_and_data_sets_are_refused() -> None:
    with pytest.raises(UserError, match="at least one stage"):
        engine(decoder_stages=[])
    with pytest.raises(UserError, match="no stage layer9"):
        engine(decoder_stages=["layer9"])
    with pytest.raises(UserError, match="no option depths"):
        engine(depths=1)
    with pytest.raises(UserError, match="positive"):
        engine(normal=0, depth=0, contour=0)
    with pytest.raises(UserError, match="needs normal, semantic, valid"):
        engine().check({name: torch.zeros(1) for name in ("rgb", "depth", "instance", "K")})
