"""The shuffled reader: every sample once an epoch whoever reads it, an order of (seed, epoch) alone, few files at a time."""

import json
import pickle
from itertools import islice

import numpy as np
import pytest
import tiny_world
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from scenes.errors import UserError
from simlearn.datasets.clip import Clip
from simlearn.datasets.order import ReadingOrder
from simlearn.datasets.samples import collate
from simlearn.datasets.shuffled import Shuffled
from simlearn.datasets.synthetic import SyntheticDataset

SCENES, FRAMES = 7, 4

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more workers than this machine has cores


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    out = tmp_path_factory.mktemp("shuffled") / "data"
    tiny_world.make(out, scenes=SCENES, frames=FRAMES, width=8, height=6, labels=("depth", "valid"), codecs={"all": "lossless"})
    return SyntheticDataset(out, ("depth",))


def which(samples):
    return [(sample["scene"], sample["time"]) for sample in samples]


def listed(batches):
    return [pair for batch in batches for pair in zip(batch["scene"].tolist(), batch["time"].tolist(), strict=True)]


ALL = [(scene, time) for scene in range(SCENES) for time in range(FRAMES)]


@settings(max_examples=150, deadline=None)
@given(
    counts=st.lists(st.integers(0, 6), min_size=1, max_size=12),
    window=st.integers(0, 5),
    world_size=st.integers(1, 4),
    epoch=st.integers(0, 3),
    seed=st.integers(0, 2**32),
)
def test_ranks_share_every_item_exactly_once(counts, window, world_size, epoch, seed):
    total = sum(counts)
    if total < world_size:
        with pytest.raises(UserError, match=f"{total} samples are too few for {world_size} ranks"):
            ReadingOrder(counts, shuffle_window=window, seed=seed, rank=0, world_size=world_size, uneven="keep")
        return
    read = {}
    for uneven in ("keep", "drop", "pad"):
        orders = [
            ReadingOrder(counts, shuffle_window=window, seed=seed, rank=rank, world_size=world_size, uneven=uneven)
            for rank in range(world_size)
        ]
        sizes = [order.samples_per_epoch for order in orders]
        read[uneven] = [[order.item(epoch * size + k) for k in range(size)] for order, size in zip(orders, sizes, strict=True)]
        assert uneven == "keep" or len(set(sizes)) == 1
    everything = sorted(item for items in read["keep"] for item in items)
    assert everything == list(range(total))
    assert max(map(len, read["keep"])) - min(map(len, read["keep"])) <= 1
    for kept, dropped, padded in zip(*read.values(), strict=True):
        assert len(dropped) == total // world_size
        assert len(padded) == -(-total // world_size)
        assert dropped == kept[: len(dropped)]
        assert padded == kept + kept[: len(padded) - len(kept)]


@given(counts=st.lists(st.integers(0, 6), min_size=1, max_size=12), window=st.integers(1, 5), rank=st.integers(0, 2))
def test_a_rank_reads_few_scenes_at_a_time_and_none_again(counts, window, rank):
    counts = [*counts, 3]
    order = ReadingOrder(counts, shuffle_window=window, seed=1, rank=rank, world_size=3, uneven="keep")
    scene_of = np.repeat(np.arange(len(counts)), counts)
    scenes = [int(scene_of[order.item(k)]) for k in range(order.samples_per_epoch)]
    first = {scene: scenes.index(scene) for scene in scenes}
    last = {scene: len(scenes) - 1 - scenes[::-1].index(scene) for scene in scenes}
    for k in range(len(scenes)):
        assert sum(first[scene] <= k <= last[scene] for scene in first) <= window


def test_the_order_is_mixed_and_differs_between_epochs_and_seeds():
    def epoch(number, **options):
        order = ReadingOrder([4] * 12, **{"shuffle_window": 6, "seed": 0, "rank": 0, "world_size": 1, "uneven": "keep", **options})
        return [order.item(k) for k in range(48 * number, 48 * number + 48)]

    assert epoch(3, shuffle_window=0) == list(range(48))
    orders = [epoch(0), epoch(1), epoch(0, seed=1), epoch(0, shuffle_window=3)]
    assert len({tuple(order) for order in orders}) == 4
    assert all(sorted(order) == list(range(48)) for order in orders)
    assert len({item // 4 for item in orders[0][:8]}) > 3
    assert sum(b == a + 1 for a, b in zip(orders[0], orders[0][1:], strict=False)) < 8
    assert epoch(0)[:8] == [0, 2, 29, 24, 31, 19, 43, 5]  # for ever: runs are resumed with later versions


@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_every_sample_comes_once_whatever_the_number_of_workers(data, world_size):
    orders = {}
    for workers in (0, 1, 2, 3):
        seen = []
        for rank in range(world_size):
            shuffled = Shuffled(data, seed=3, shuffle_window=2, rank=rank, world_size=world_size, group=3)
            seen.append(listed(DataLoader(shuffled, batch_size=3, num_workers=workers)))
        assert sorted(pair for pairs in seen for pair in pairs) == ALL
        orders[workers] = seen
    assert all(order == orders[0] for order in orders.values())
    assert orders[0] == [which(Shuffled(data, seed=3, shuffle_window=2, rank=r, world_size=world_size)) for r in range(world_size)]


def test_without_groups_workers_still_share_every_sample(data):
    assert sorted(listed(DataLoader(Shuffled(data, seed=3), batch_size=5, num_workers=3))) == ALL


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_workers": 2, "multiprocessing_context": "fork"},
        {"num_workers": 2, "multiprocessing_context": "fork", "persistent_workers": True},
        {"num_workers": 1, "multiprocessing_context": "spawn", "persistent_workers": True},
    ],
)
def test_epochs_are_set_also_for_workers_that_stay(data, options):
    alone = Shuffled(data, seed=3, shuffle_window=3)
    epochs = [which(alone) for _ in range(3)]
    assert sorted(epochs[1]) == ALL
    shuffled = Shuffled(data, seed=3, shuffle_window=3, group=4)
    loader = DataLoader(shuffled, batch_size=4, **options)
    for epoch in (0, 1, 2, 1):
        shuffled.set_epoch(epoch)
        assert listed(loader) == epochs[epoch]


@pytest.mark.parametrize(("stop", "workers"), [(1, 2), (3, 0), (4, 2), (9, 0)])
def test_a_resumed_run_reads_what_one_that_never_stopped_does(data, stop, workers):
    options = {"seed": 5, "shuffle_window": 3, "rank": 1, "world_size": 2}
    whole = [pair for _ in range(4) for pair in which(first)] if (first := Shuffled(data, **options)) else []
    first = Shuffled(data, **options, workers=workers)
    batches = (batch for _ in range(4) for batch in first.batches(4))
    seen = listed(islice(batches, stop))
    state = json.loads(json.dumps(first.state_dict()))
    resumed = Shuffled(data, **options, workers=2 - workers)
    resumed.load_state_dict(state)
    assert resumed.position == len(seen)
    epochs_left = 4 - len(seen) // 14
    assert seen + [pair for _ in range(epochs_left) for pair in listed(resumed.batches(3))] == whole
    assert which([Shuffled(data, **options)[k] for k in (20, 3, 55)]) == [whole[k] for k in (20, 3, 55)]


def test_a_run_resumed_below_a_loader_goes_on_within_the_epoch(data):
    whole = which(Shuffled(data, seed=2))
    rest = Shuffled(data, seed=2, start=10, group=3)
    assert listed(DataLoader(rest, batch_size=3, num_workers=2)) == whole[10:]


def test_batches_are_collated_samples(data):
    shuffled = Shuffled(data, seed=4, workers=1)
    samples = list(Shuffled(data, seed=4))
    for number, batch in enumerate(shuffled.batches(5)):
        truth = collate(samples[5 * number : 5 * number + 5])
        assert list(batch) == list(truth)
        assert all(torch.equal(batch[name], truth[name]) for name in truth)
        assert shuffled.position == min(5 * number + 5, 28)
    assert [len(batch["scene"]) for batch in shuffled.batches(5, drop_last=True)] == [5] * 5
    assert shuffled.position == 56
    with pytest.raises(UserError, match="at least 1 sample, not 0"):
        next(shuffled.batches(0))


@pytest.mark.parametrize("clip", [Clip(2, 2), Clip(3)])
def test_pairs_and_clips_come_once_each(data, clip):
    clips = SyntheticDataset(data.root, ("depth",), clip=clip)
    expected = [(item["scene"], item["time"].tolist()) for item in clips]
    seen = []
    for rank in range(2):
        for batch in Shuffled(clips, seed=1, rank=rank, world_size=2, shuffle_window=4).batches(3):
            seen += list(zip(batch["scene"].tolist(), batch["time"].tolist(), strict=True))
            for row in range(len(batch["scene"])):
                first = int(batch["scene"][row]) * FRAMES + int(batch["time"][row, 0])
                assert torch.equal(batch["depth"][row, 0], data[first]["depth"])
    assert seen != sorted(seen) == expected


def test_nothing_but_the_number_of_workers_may_differ_on_resumption(data):
    state = Shuffled(data, seed=1).state_dict()
    Shuffled(data, seed=1, workers=3, group=8).load_state_dict(state)
    part = SyntheticDataset(data.root, ("depth",), scenes=slice(5))
    pairs = SyntheticDataset(data.root, ("depth",), clip=Clip(2))
    for other, options, name in (
        (data, {"seed": 2}, "seed"),
        (data, {"shuffle_window": 2}, "shuffle_window"),
        (data, {"uneven": "pad"}, "uneven"),
        (data, {"world_size": 2}, "world_size"),
        (part, {}, "data"),
        (pairs, {}, "clip"),
    ):
        with pytest.raises(UserError, match=f"the saved stream had {name} "):
            Shuffled(other, **{"seed": 1, **options}).load_state_dict(state)


def test_it_travels(data):
    shuffled = Shuffled(data, seed=1, start=5)
    twin = pickle.loads(pickle.dumps(shuffled))
    twin.position = 7
    assert (shuffled.position, twin.position) == (5, 7)
    assert which([twin[9]]) == which([shuffled[9]])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"rank": 2, "world_size": 2}, "rank 2 of 2"),
        ({"world_size": 29}, "28 samples are too few for 29 ranks"),
        ({"uneven": "trim"}, "unknown policy 'trim' for uneven shares: known are keep, drop, pad"),
        ({"shuffle_window": -1}, "must not be negative"),
        ({"seed": -1}, "must not be negative"),
        ({"start": -1}, "must not be negative"),
        ({"workers": -1}, "must not be negative"),
        ({"group": 0}, "at least 1"),
    ],
)
def test_wrong_settings_are_sentences(data, wrong, sentence):
    with pytest.raises(UserError, match=sentence):
        Shuffled(data, **wrong)
