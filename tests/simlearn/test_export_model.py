"""Exported trunks, read by what they are for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from scenes.errors import UserError
from simlearn import export_model as exporting
from simlearn.cli import main
from simlearn.export_model import FACTS_FILE, FACTS_KEY, FORMATS, export_model
from training.backbones import BACKBONES, Backbone, build_backbone
from training.checkpoint import save_backbone
from training.seeds import seeded

NARROW = 8


def trained(name: str, path: Path, **options: int) -> Backbone:
    """A network whose batch statistics are not those of a fresh one, saved to `path`."""
    with seeded(0):
        backbone = build_backbone(name, **{"width": NARROW, **options})
        for key, value in backbone.state_dict().items():
            if key.endswith("running_var"):
                value.uniform_(0.5, 2)
    save_backbone(path, backbone, {"pretext": "rotation", "seed": 3})
    return backbone.eval()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    trained("alexnet_bn", folder / "backbone.safetensors")
    return folder


def alexnet(run: Path) -> Backbone:
    return trained("alexnet_bn", run / "again.safetensors")


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
@pytest.mark.parametrize("package", ["torchvision", "timm"])
def test_a_state_dict_holds_the_published_networks_trunk_without_the_runs_classifier(tmp_path: Path, package: str, ending: str) -> None:
    backbone = trained("resnet18", tmp_path / "b.safetensors", width=64, num_classes=20)
    text = export_model(tmp_path / "b.safetensors", tmp_path / f"out{ending}", package)
    assert "strict=False" in text
    weights = torch.load(tmp_path / "out.pth", weights_only=True) if ending == ".pth" else load_file(tmp_path / "out.safetensors")
    with torch.device("meta"):
        published = build_backbone("resnet18", num_classes=1000).state_dict()
    assert published.keys() - weights.keys() == {"fc.weight", "fc.bias"}
    assert all(weights[name].shape == published[name].shape for name in weights)
    assert all(torch.equal(value, backbone.state_dict()[name]) for name, value in weights.items())


def test_onnx_has_named_stages_any_batch_and_size_and_tells_how_pictures_are_normalised(run: Path, tmp_path: Path) -> None:
    onnx, onnxruntime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    text = export_model(run, tmp_path / "a.onnx", "onnx")
    assert "any batch, height, width" in text
    model = onnx.load(tmp_path / "a.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [i.name for i in model.graph.input] == ["images"]
    assert [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == ["batch", 3, "height", "width"]
    facts = json.loads({entry.key: entry.value for entry in model.metadata_props}[FACTS_KEY])
    assert (facts["backbone"], facts["pretext"], facts["seed"]) == ("alexnet_bn", "rotation", 3)
    assert facts["mean"] == [0.485, 0.456, 0.406]
    session, backbone = onnxruntime.InferenceSession(tmp_path / "a.onnx"), alexnet(run)
    for shape in ((1, 3, 50, 71), (5, 3, 32, 32)):
        images = torch.randn(shape, generator=torch.Generator().manual_seed(5))
        with torch.no_grad():
            truth = backbone.forward_stages(images)
        for stage in backbone.stages:
            (found,) = session.run([stage], {"images": images.numpy()})
            np.testing.assert_allclose(found, truth[stage], atol=1e-4)


def test_torchscript_and_torch_export_need_nothing_of_this_program(run: Path, tmp_path: Path) -> None:
    images = torch.randn(1, 3, 40, 57, generator=torch.Generator().manual_seed(5))
    torch.save(images, tmp_path / "images.pth")
    export_model(run, tmp_path / "a.pt", "torchscript")
    export_model(run, tmp_path / "a.pt2", "torch-export")
    program = f"""
import json, sys, torch
images, scripted, exported = torch.load("images.pth"), {{"{FACTS_FILE}": ""}}, {{"{FACTS_FILE}": ""}}
maps = [torch.jit.load("a.pt", _extra_files=scripted)(images), torch.export.load("a.pt2", extra_files=exported).module()(images)]
assert json.loads(scripted["{FACTS_FILE}"]) == json.loads(exported["{FACTS_FILE}"])
torch.save([dict(m) for m in maps], "maps.pth")
assert not {{"simlearn", "training", "scenes"}} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-I", "-c", program], cwd=tmp_path, check=True, capture_output=True)
    with torch.no_grad():
        truth = alexnet(run).forward_stages(images)
    for maps in torch.load(tmp_path / "maps.pth"):
        assert list(maps) == list(truth)
        assert all(torch.allclose(maps[stage], truth[stage], atol=1e-5) for stage in truth)


@pytest.mark.parametrize("name", list(BACKBONES))
def test_every_backbone_can_be_written_as_torchscript(tmp_path: Path, name: str) -> None:
    trained(name, tmp_path / "b.safetensors")
    text = export_model(tmp_path / "b.safetensors", tmp_path / "b.pt", "torchscript", frames=5)
    clip, recurrent = build_backbone(name, width=4).input == "clip", name == "conv_lstm"
    assert ("time" in text) == (clip and not recurrent)


def test_clips_can_be_written_for_torch_export(tmp_path: Path) -> None:
    trained("c3d", tmp_path / "b.safetensors", width=4)
    assert "any batch, time, height, width" in export_model(tmp_path / "b.safetensors", tmp_path / "b.pt2", "torch-export")


def test_what_differs_from_the_run_is_not_kept(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(path: Path, backbone: Backbone) -> object:
        read = exporting._read_torchscript(path, backbone)
        return lambda images: {stage: m + 1e-2 * (stage == "conv3") for stage, m in read(images).items()}

    broken = exporting.Format(
        suffixes=(".pt",),
        prepare=lambda _: "",
        write=exporting._write_torchscript,
        read=spoilt,  # type: ignore[arg-type]
    )
    monkeypatch.setattr(exporting, "TORCHSCRIPT_FORMAT", broken)
    (tmp_path / "a.pt").write_text("what was there before")
    with pytest.raises(UserError, match="stage conv3"):
        export_model(run, tmp_path / "a.pt", "torchscript")
    assert (tmp_path / "a.pt").read_text() == "what was there before"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.pt"]


@pytest.mark.parametrize(
    ("out", "format", "remedy"),
    [
        ("a.onnx", "onx", "did you mean 'onnx'"),
        ("a.pt", "onnx", "name it *.onnx"),
        ("a.pth", "torchvision", "torchvision has no network 'alexnet_bn', only resnet18"),
        ("a.pth", "timm", "timm has no network"),
    ],
)
def test_mistakes_are_one_sentence(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str, format: str, remedy: str
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["export-model", str(run), str(tmp_path / out), "--format", format])
    error = capsys.readouterr().err
    assert exit_.value.code == 2
    assert error.startswith("simlearn: ")
    assert error.count("\n") == 1
    assert remedy in error
    assert not (tmp_path / out).exists()


def test_narrow_networks_missing_runs_and_extras_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="there is no checkpoint"):
        export_model(tmp_path / "nothing", tmp_path / "a.pth", "torchvision")
    trained("resnet18", tmp_path / "b.safetensors")
    with pytest.raises(UserError, match="train it with --width 64"):
        export_model(tmp_path / "b.safetensors", tmp_path / "a.pth", "torchvision")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"onnx format needs onnxruntime: pip install simlearn\[onnx\]"):
        export_model(tmp_path / "b.safetensors", tmp_path / "a.onnx", "onnx")
    assert list(FORMATS) == ["torchvision", "timm", "onnx", "torchscript", "torch-export"]
