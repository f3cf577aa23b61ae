from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from sphere_world import Spheres
from toy_learner import Numbers, toy

from scenes.errors import UserError
from training.backbones import build_backbone
from training.budget import Budget
from training.checkpoint import load_backbone, load_pretext, save_backbone
from training.fit import FitConfig, fit
from training.pretexts import build_pretext


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    learner = build_pretext("game_engine", build_backbone("resnet18", width=8), {"crop": {"size": 32}, "side": 0.5})
    config = FitConfig(budget=Budget(samples=16), batch_size=8, seed=7, progress=False)
    fit(learner, Spheres(4), config, out, metadata={"commit": "abc"})
    return out


def test_a_backbone_comes_back_with_its_width_weights_and_history(run: Path) -> None:
    backbone, metadata = load_backbone(run)
    assert (backbone.width, backbone.training) == (8, False)
    known = {name: metadata[name] for name in ("pretext", "backbone", "width", "seed", "samples", "commit")}
    assert known == {"pretext": "game_engine", "backbone": "resnet18", "width": 8, "seed": 7, "samples": 16, "commit": "abc"}
    stored = load_file(run / "backbone.safetensors")
    assert stored.keys() == build_backbone("resnet18").state_dict().keys()
    assert all(torch.equal(value, stored[name]) for name, value in backbone.state_dict().items())
    assert stored["bn1.num_batches_tracked"].item() == 2


def test_a_pretext_comes_back_with_its_heads_and_configuration(run: Path) -> None:
    pretext = load_pretext(run)
    assert (pretext.name, pretext.config.side, pretext.config.crop.size) == ("game_engine", 0.5, 32)  # type: ignore[attr-defined]
    image = torch.rand(1, 3, 32, 32)
    backbone, _ = load_backbone(run / "backbone.safetensors")
    assert torch.equal(pretext.backbone(image), backbone(image))
    assert pretext.predict_maps(image)["depth"].shape == (1, 32, 32)  # type: ignore[operator]


def test_weights_of_a_supervised_reference_load_too(tmp_path: Path) -> None:
    save_backbone(tmp_path / "b.safetensors", build_backbone("resnet18", width=8, num_classes=5), {"pretext": ""})
    backbone, _ = load_backbone(tmp_path / "b.safetensors")
    assert backbone.num_classes == 5
    assert backbone.classify(torch.rand(2, 3, 32, 32)).shape == (2, 5)  # type: ignore[operator]


def test_missing_cut_foreign_and_changed_files_are_one_sentence(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no checkpoint"):
        load_backbone(tmp_path)
    whole = (run / "backbone.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[:5000])
    with pytest.raises(UserError, match="damaged"):
        load_backbone(tmp_path / "cut.safetensors")
    torch.save({"a": 1}, tmp_path / "pickle.safetensors")
    with pytest.raises(UserError, match="damaged"):
        load_backbone(tmp_path / "pickle.safetensors")
    save_file({"conv1.weight": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(UserError, match="which backbone"):
        load_backbone(tmp_path / "foreign.safetensors")
    wide = build_backbone("resnet18", width=16)
    wide.width = 8
    save_backbone(tmp_path / "lie.safetensors", wide, {})
    with pytest.raises(UserError, match=r"100 tensors differ, the first is bn1\.bias \(expected \(8,\), found \(16,\)\)"):
        load_backbone(tmp_path / "lie.safetensors")


def test_a_learner_that_is_no_pretext_says_so(tmp_path: Path) -> None:
    fit(toy(), Numbers(), FitConfig(budget=Budget(samples=8), batch_size=8, progress=False), tmp_path)
    with pytest.raises(UserError, match="no pretext but a Toy"):
        load_pretext(tmp_path)
