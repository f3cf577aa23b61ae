"""Training on worlds that are rendered meanwhile: an endless data set keeps its order, and the source must be clear."""

import pytest
import tiny_world
import torch

from scenes.errors import UserError
from simlearn import commands
from simlearn.datasets.stream import Stream
from simlearn.train import OnTheFly, train
from training.budget import Budget
from training.stream import SampleStream


def test_an_endless_data_set_keeps_its_order():
    tiny_world.register()
    stream = Stream("tiny", renderer="tiny", seed=5, width=48, height=36, frames=3, shuffle_window=2, labels=("depth",))
    samples = SampleStream(stream, None, seed=1)
    for position in (0, 7, 3):
        sample = samples[position]
        assert (sample["scene"], sample["time"]) == (stream[position]["scene"], stream[position]["time"])
        assert torch.equal(sample["depth"], stream[position]["depth"])


def test_a_run_on_rooms_is_the_same_with_and_without_workers(tmp_path, monkeypatch):
    monkeypatch.setattr("simlearn.train.MIXED_SCENES", 2)
    data = OnTheFly(family="rooms", width=64, height=48, frames=4)
    runs = [
        train(
            pretext="game_engine", data=data, out=tmp_path / str(n), budget=Budget(samples=16), loop={"batch_size": 8}, width=4, workers=n
        )
        for n in (0, 1)
    ]
    assert runs[0].last == runs[1].last
    assert runs[0].last["loss"] > 0


@pytest.mark.parametrize("source", [{}, {"data": "somewhere", "stream": "rooms"}])
def test_the_source_must_be_clear(tmp_path, source):
    with pytest.raises(UserError, match="give --data DIR or --stream FAMILY"):
        commands.train(pretext="game_engine", out=tmp_path, **source)
