"""Runs of the pretext `supervised` beside the reference of the same name."""

from __future__ import annotations

from pathlib import Path

import torch

from simlearn.benchmarks.source import SUPERVISED, Source
from training.backbones import build_backbone
from training.checkpoint import BACKBONE_FILE, save_backbone
from training.seeds import seeded


def test_a_run_is_measured_as_it_is_and_not_taken_for_the_reference(tmp_path: Path) -> None:
    with seeded(7):
        backbone = build_backbone("resnet18", width=8)
    save_backbone(tmp_path / BACKBONE_FILE, backbone, {"pretext": "supervised"})
    source = Source.parse(tmp_path)
    assert source.method == "supervised_run" != SUPERVISED
    assert torch.equal(source.load().state_dict()["conv1.weight"], backbone.state_dict()["conv1.weight"])
    assert Source.parse("supervised", width=8).method == SUPERVISED
