"""The stream of rendered samples: the bits of a data set on disk, in an order that nothing but the settings decides."""

import json
import pickle
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
import tiny_world
import torch
from torch.utils.data import DataLoader

from scenes.errors import UserError
from simlearn.clips import Shelf
from simlearn.datasets import stream as stream_module
from simlearn.datasets.order import Order
from simlearn.datasets.samples import collate
from simlearn.datasets.stream import ClipsHere, Stream
from simlearn.datasets.synthetic import SyntheticDataset
from simlearn.generate import GenerateConfig, generate
from simlearn.recipe import Recipe
from simlearn.workers import WorkerError

SCENES, FRAMES = 5, 3
TINY = {"seed": 5, "width": 48, "height": 36, "frames": FRAMES, "renderer": "tiny"}


def tiny(**options):
    tiny_world.register()
    return Stream("tiny", **{**TINY, **options})


def assert_same(one, other):
    assert list(one) == list(other)
    for name, value in one.items():
        if isinstance(value, torch.Tensor):
            assert value.dtype == other[name].dtype, name
            assert value.is_contiguous() == other[name].is_contiguous(), name
            assert torch.equal(value, other[name]), name
        else:
            assert value == other[name], name


def which(samples):
    return [(sample["scene"], sample["time"]) for sample in samples]


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory):
    out = tmp_path_factory.mktemp("stream") / "data"
    tiny_world.make(out, scenes=SCENES, frames=FRAMES, codecs={"all": "lossless"})
    return SyntheticDataset(out)


@pytest.fixture(scope="module")
def crew():
    """A stream that two processes render ahead. Tests set its position first."""
    with tiny(scenes=SCENES, shuffle_window=2, workers=2) as stream:
        yield stream


def test_samples_are_those_of_the_data_set(on_disk):
    for sample, item in zip(tiny(scenes=SCENES), on_disk, strict=True):
        assert_same(sample, item)


def test_samples_of_workers_are_those_of_the_data_set(on_disk, crew):
    crew.position = 0
    samples = list(crew)
    assert sorted(which(samples)) == which(on_disk)
    for sample in samples:  # kept while the shared memory is used again
        assert_same(sample, on_disk[sample["scene"] * FRAMES + sample["time"]])


def test_rooms_are_those_of_the_data_set(tmp_path):
    """The real family and renderer, whose frames the stream renders as one batch; and a setting, which must reach the worlds."""
    size = {"frames": 2, "width": 64, "height": 48, "seed": 3, "settings": {"horizontal_fov": "80"}}
    labels = ("rgb", "depth", "normal", "instance", "flow_backward", "occluded_backward", "valid")
    lossless = {"codecs": {"all": "lossless"}, "objects": False}
    generate(GenerateConfig(family="rooms", out=tmp_path / "data", scenes=2, labels=labels, **size, **lossless), progress=False)
    truth = SyntheticDataset(tmp_path / "data", labels)
    for workers in (0, 1):
        with Stream("rooms", scenes=2, labels=labels, workers=workers, **size) as stream:
            for sample, item in zip(stream, truth, strict=True):
                assert_same(sample, item)


def test_the_device_path_gives_the_same_samples(on_disk):
    """As on a GPU: workers sample scenes, this process renders them."""
    stream = tiny()
    stream._clips = ClipsHere(stream.recipe, stream.order, workers=1, objects=False)
    with stream:
        for sample, item in zip(islice(stream, 9), on_disk, strict=False):
            assert_same(sample, item)


def test_an_endless_stream_goes_on_where_it_was_left():
    stream = tiny()
    assert which(islice(stream, 4)) == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert which(islice(stream, 3)) == [(1, 1), (1, 2), (2, 0)]
    assert which([stream[10], stream[1]]) == [(3, 1), (0, 1)]
    with pytest.raises(IndexError):
        stream[-1]


def test_workers_do_not_change_the_order(crew):
    crew.position, alone = 0, tiny(scenes=SCENES, shuffle_window=2)
    for _ in range(2):
        assert which(crew) == which(alone)
    positions = (7, 3, 29, 0, 44)
    assert which(crew[k] for k in positions) == which(alone[k] for k in positions)


@pytest.mark.parametrize("stop", [1, 7, 9, 13])
def test_a_resumed_stream_equals_one_that_never_stopped(stop):
    options = {"shuffle_window": 2, "labels": ("depth", "instance"), "scenes": 3}
    first = tiny(**options)
    whole = [sample for _ in range(3) for sample in first]
    assert len(whole) == first.position == 27
    first = tiny(**options)
    seen = list(islice(first, stop))
    seen += list(islice(first, stop - len(seen)))  # in the second epoch
    state = json.loads(json.dumps(first.state_dict()))
    resumed = tiny(**options)
    resumed.load_state_dict(state)
    assert resumed.position == len(seen) == stop
    for stream in (resumed, tiny(start=stop, **options)):
        after = [sample for _ in range(3 - stop // 9) for sample in stream]
        for one, truth in zip(after, whole[stop:], strict=True):
            assert_same(one, truth)


def test_workers_may_differ_on_resumption_but_nothing_else():
    state = tiny(seed=6, workers=2).state_dict()
    with pytest.raises(UserError, match="had seed 6, this one has 5"):
        tiny().load_state_dict(state)
    with pytest.raises(UserError, match="had shuffle_window 4, this one has 0"):
        tiny().load_state_dict(tiny(shuffle_window=4).state_dict())
    tiny().load_state_dict(tiny(workers=2).state_dict())


@pytest.mark.parametrize(("world_size", "scenes"), [(1, 7), (2, 7), (3, 7), (7, 7), (3, 0)])
@pytest.mark.parametrize("shuffle_window", [0, 1, 4])
def test_ranks_share_every_scene_exactly_once(world_size, scenes, shuffle_window):
    per_rank = [-(-(7 - rank) // world_size) if scenes else 7 for rank in range(world_size)]
    for epoch in range(2):
        seen = []
        for rank in range(world_size):
            order = Order(samples=3, scenes=scenes, shuffle_window=shuffle_window, seed=1, rank=rank, world_size=world_size)
            places = 3 * per_rank[rank]
            located = [order.locate(position) for position in range(epoch * places, (epoch + 1) * places)]
            # With a window the last one of an endless stream is cut off here, so whole windows are compared.
            whole = [(p, t) for first, p, t in located if scenes or first + order.window <= (epoch + 1) * per_rank[rank]]
            assert len(set(whole)) == len(whole)
            assert all(first <= p < first + order.window for first, p, _ in located)
            seen += [(order.scene(p), t) for p, t in whole]
        assert len(set(seen)) == len(seen)
        if scenes:
            assert sorted(seen) == [(s, t) for s in range(7) for t in range(3)]


def test_shuffling_mixes_scenes_and_differs_between_epochs_and_seeds():
    def epoch(number, **options):
        order = Order(samples=4, scenes=12, **options)
        return [(order.scene(p), t) for _, p, t in map(order.locate, range(48 * number, 48 * number + 48))]

    plain, mixed = epoch(0), epoch(0, shuffle_window=6)
    assert plain == [(s, t) for s in range(12) for t in range(4)]
    assert sorted(mixed) == plain
    assert len({scene for scene, _ in mixed[:8]}) > 3
    assert len({tuple(order) for order in (mixed, epoch(1, shuffle_window=6), epoch(0, shuffle_window=6, seed=1))}) == 3


def test_batches_are_collated_samples(crew):
    crew.position = 0
    samples = list(tiny(scenes=SCENES, shuffle_window=2))
    batches = list(crew.batches(4))  # kept while the shared memory is used again
    assert [len(b["scene"]) for b in batches] == [4, 4, 4, 3]
    for number, batch in enumerate(batches):
        assert_same(batch, collate(samples[4 * number : 4 * number + 4]))


def test_an_incomplete_batch_can_be_left_out():
    stream = tiny(scenes=3, labels=("valid",))
    assert [len(b["scene"]) for _ in range(2) for b in stream.batches(4, drop_last=True)] == [4, 4, 4, 4]
    assert stream.position == 18


@pytest.mark.parametrize("loader_workers", [0, 2])
def test_below_a_data_loader_every_sample_comes_once(loader_workers):
    loader = DataLoader(tiny(scenes=5, labels=("valid",)), batch_size=4, num_workers=loader_workers)
    seen = [pair for batch in loader for pair in zip(batch["scene"].tolist(), batch["time"].tolist(), strict=True)]
    assert sorted(seen) == [(s, t) for s in range(5) for t in range(3)]


@pytest.mark.parametrize(
    ("options", "sentence"), [({"workers": 1}, "give the stream workers=0"), ({"start": 1}, "has begun cannot be shared")]
)
def test_what_a_data_loaders_workers_cannot_do_is_a_sentence(monkeypatch, options, sentence):
    monkeypatch.setattr(stream_module, "get_worker_info", lambda: SimpleNamespace(id=0, num_workers=2))
    with pytest.raises(UserError, match=f"{sentence}.*num_workers=0"):
        next(iter(tiny(scenes=5, **options)))


def test_a_stream_travels_without_its_processes(crew):
    sample = crew[20]
    twin = pickle.loads(pickle.dumps(crew))
    assert twin._clips is None
    assert twin.position == crew.position
    twin.workers = 0
    assert_same(twin[20], sample)


def test_a_long_stream_takes_no_more_memory(crew):
    def resident_kb():
        fields = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
        return int(fields["VmRSS"].split()[0])

    places, results = crew._clips._shelf.places, crew._clips._cameras._results
    for position in range(150):
        crew[position]
        assert len(results) <= places == 2 + 2 * 2
        if position == 30:
            before = resident_kb()
    assert resident_kb() - before < 2000  # 120 frames are 9 MB


@pytest.mark.parametrize("workers", [0, 1])
def test_a_failing_scene_is_raised_at_its_turn(monkeypatch, workers):
    monkeypatch.setenv("TINY_FAIL", "2")
    kinds = {0: ZeroDivisionError, 1: WorkerError}
    seen = []
    with tiny(workers=workers) as stream:
        with pytest.raises(kinds[workers], match="broken on purpose"):
            seen.extend(sample["scene"] for sample in stream)
        assert seen == [0] * 3 + [1] * 3
        assert stream.position == 6


def test_a_shelf_holds_each_label_apart():
    tiny_world.register()
    shelf = Shelf(Recipe(family="tiny", renderer="tiny", frames=2, width=5, height=3), places=3)
    tensors = [tensor for place in range(3) for tensor in shelf[place].values()]
    for number, tensor in enumerate(tensors):
        tensor.fill_(number % 2 if tensor.dtype == torch.bool else number)
    for number, tensor in enumerate(tensors):
        assert (tensor == (number % 2 if tensor.dtype == torch.bool else number)).all()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"family": "tony"}, "unknown scene family 'tony'"),
        ({"renderer": "rastr"}, "unknown renderer 'rastr'"),
        ({"device": "cuda:77"}, "this machine has no device 'cuda:77'"),
        ({"labels": ("rgb", "dept")}, "unknown label dept"),
        ({"settings": {"bals": "3"}}, "no setting bals"),
        ({"frames": 0}, "frames must be at least 1"),
        ({"seed": -1}, "seed must not be negative"),
        ({"start": -1}, "must not be negative"),
        ({"workers": -1}, "must not be negative"),
        ({"scenes": -1}, "must not be negative"),
        ({"rank": 2, "world_size": 2}, "rank 2 of 2"),
        ({"scenes": 2, "world_size": 3}, "2 scenes are too few for 3 ranks"),
    ],
)
def test_wrong_settings_are_sentences(wrong, sentence):
    tiny_world.register()
    with pytest.raises(UserError, match=sentence):
        Stream(**{"family": "tiny", **TINY, **wrong})


def test_an_empty_batch_is_refused():
    with pytest.raises(UserError, match="at least 1 sample, not 0"):
        next(tiny().batches(0))
