"""Two processes of half a batch each must be one process with the whole batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from drawn_structures import Drawn
from torch import Tensor, nn

from training.backbones import build_backbone
from training.distributed import gather, world
from training.learner import Batch
from training.pretexts import build_pretext
from training.pretexts.base import Pretext
from training.seeds import seeded

RANKS, PICTURES = 2, 8
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "simclr": ("instance_contrast", {}),
    "moco": ("instance_contrast", {"method": "moco", "queue": 16}),
    "clustering": ("clustering", {"clusters": 2, "memory": 16, "period": 16}),
}


def learner_of(case: str) -> Pretext:
    """Batch statistics are the ranks' own unless the loop synchronises them, so they are not used here."""
    name, config = METHODS[case]
    with seeded(3):
        learner = build_pretext(name, build_backbone("resnet18", width=8), {**config, "crop": {"size": 32}}).train()
    for module in learner.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.eval()
    return learner


def batch_of(learner: Pretext) -> Batch:
    data = Drawn(PICTURES)
    views = [learner.views(data[i], torch.Generator().manual_seed(i)) for i in range(PICTURES)]
    return learner.augment({key: torch.stack([view[key] for view in views]) for key in views[0]}, torch.Generator().manual_seed(0))


def outcome(case: str, rank: int, ranks: int) -> dict[str, Tensor]:
    """Two steps (the second with a filled queue or clusters): losses, gradients and state, averaged over ranks as DDP would."""
    learner = learner_of(case)
    whole, found = batch_of(learner), {}
    for step in range(2):
        share = {key: value if key == "seed" else value.chunk(ranks)[rank] for key, value in whole.items()}
        parts = learner.loss(share)
        parts["loss"].backward()
        found |= {f"{name} {step}": parts[name].detach() for name in ("loss", "accuracy")}
    found |= {name: weight.grad for name, weight in learner.named_parameters() if weight.grad is not None}
    if ranks > 1:
        for value in found.values():
            dist.all_reduce(value)
            value /= ranks
    return found | {f"state {name}": value for name, value in learner.named_buffers() if value.is_floating_point()}


def work(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=RANKS)
    own = torch.full((2, 3), float(rank + 1), requires_grad=True)
    everyone = gather(own)
    # Rank r's loss weighs all rows by r + 1: each row is told 1 + 2, not just its own rank's share.
    ((rank + 1) * everyone.sum()).backward()
    plain = {"everyone": everyone.detach(), "grad": own.grad, "ids": gather(torch.tensor([rank])), "world": torch.tensor(world())}
    torch.save({"gather": plain} | {case: outcome(case, rank, RANKS) for case in METHODS}, folder / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, Tensor]]]:
    folder = tmp_path_factory.mktemp("ranks")
    torch.multiprocessing.spawn(work, (folder,), nprocs=RANKS)
    return [torch.load(folder / f"{rank}.pt") for rank in range(RANKS)]


def test_alone_gathering_is_the_identity() -> None:
    own = torch.ones(2, 3, requires_grad=True)
    assert gather(own) is own
    assert world() == (0, 1)


def test_rows_come_in_the_order_of_ranks_and_hear_from_every_loss(found: list[dict[str, dict[str, Tensor]]]) -> None:
    for rank in range(RANKS):
        plain = found[rank]["gather"]
        assert plain["everyone"][:, 0].tolist() == [1, 1, 2, 2]
        assert plain["ids"].tolist() == [0, 1]
        assert plain["world"].tolist() == [rank, RANKS]
        assert plain["grad"].tolist() == [[3.0] * 3] * 2


@pytest.mark.parametrize("case", METHODS)
def test_two_ranks_equal_one_process_with_the_doubled_batch(found: list[dict[str, dict[str, Tensor]]], case: str) -> None:
    expected = outcome(case, 0, 1)
    assert expected["loss 1"] > 0.1
    assert any(value.abs().max() > 1e-3 for name, value in expected.items() if name.startswith("backbone."))
    for rank in range(RANKS):
        assert found[rank][case].keys() == expected.keys()
        for name, value in expected.items():
            scale = max(1e-3, value.abs().max().item())
            assert torch.allclose(found[rank][case][name], value, atol=2e-4 * scale, rtol=0), (rank, name)
