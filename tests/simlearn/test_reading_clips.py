"""Pairs and clips: read from disk and rendered on the fly, they are frames of one scene put together, and the same either way."""

import numpy as np
import pytest
import tiny_stereo
import tiny_world
import torch
from hypothesis import given
from hypothesis import strategies as st

from renderers.object_labels import OBJECT_LABELS
from scenes.errors import UserError
from simlearn.datasets.clip import Clip
from simlearn.datasets.samples import collate
from simlearn.datasets.stream import Stream
from simlearn.datasets.synthetic import SyntheticDataset

SCENES, FRAMES = 2, 6
LABELS = ("rgb", "depth", "instance", "flow_forward", "valid")
TINY = {"seed": 5, "width": 48, "height": 36, "frames": FRAMES}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp("clips") / "data"
    tiny_stereo.make(out, scenes=SCENES, **TINY, labels=LABELS)
    return out


def stream(**options):
    return Stream("tiny_stereo", **{**TINY, "renderer": "tiny_stereo", "labels": LABELS, "scenes": SCENES, **options})


def assert_same(one, other):
    assert list(one) == list(other)
    for name, value in one.items():
        if isinstance(value, dict):
            assert_same(value, other[name])
        elif isinstance(value, torch.Tensor):
            assert value.is_contiguous(), name
            np.testing.assert_array_equal(value.numpy(), other[name].numpy(), err_msg=name, strict=True)
        else:
            assert value == other[name], name


@given(*[st.integers(1, 12)] * 3, st.integers(0, 40))
def test_clips_are_all_that_fit(length, stride, every, frames):
    clip = Clip(length, stride, every)
    expected = [list(range(t, t + length * stride, stride)) for t in range(0, frames, every) if t + (length - 1) * stride < frames]
    assert [list(range(frames)[clip.rows(k)]) for k in range(clip.count(frames))] == expected


@pytest.mark.parametrize(
    ("clip", "times"),
    [
        (Clip(2), [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]),
        (Clip(2, 4), [[0, 4], [1, 5]]),
        (Clip(3, stride=2), [[0, 2, 4], [1, 3, 5]]),
        (Clip(3, every=3), [[0, 1, 2], [3, 4, 5]]),
        (Clip(1, every=4), [[0], [4]]),
        (Clip(6), [[0, 1, 2, 3, 4, 5]]),
    ],
)
def test_a_clip_is_frames_of_one_scene_put_together(root, clip, times):
    frames, clips = SyntheticDataset(root, LABELS), SyntheticDataset(root, LABELS, clip=clip)
    assert [(c["scene"], c["time"].tolist()) for c in clips] == [(scene, t) for scene in range(SCENES) for t in times]
    assert [clips.locate(k) for k in range(len(clips))] == [(scene, t[0]) for scene in range(SCENES) for t in times]
    for item in clips:
        parts = [frames[item["scene"] * FRAMES + time] for time in item["time"].tolist()]
        together = {name: torch.stack([part[name] for part in parts]) for name in (*LABELS, "pose")}
        assert_same(item, {name: together.get(name, item[name]) for name in item})
        assert torch.equal(item["K"], parts[0]["K"])
    assert torch.equal(clips[-1]["pose"], clips[len(clips) - 1]["pose"])
    with pytest.raises(IndexError):
        clips[len(clips)]


@pytest.mark.parametrize(("clip", "workers"), [(None, 0), (Clip(2, 3), 1), (Clip(3, 1, 2), 0)])
def test_rendered_samples_are_those_read(root, clip, workers):
    data = SyntheticDataset(root, LABELS, clip=clip, objects=True)
    with stream(clip=clip, objects=True, workers=workers) as rendered:
        assert rendered.samples_per_epoch == len(data)
        samples = list(rendered)
        for sample, item in zip(samples, data, strict=True):
            assert_same(sample, item)
        rendered.set_epoch(0)
        for number, batch in enumerate(rendered.batches(3)):
            assert_same(batch, collate(samples[3 * number : 3 * number + 3]))


def test_a_stream_of_clips_mixes_and_resumes():
    options = {"clip": Clip(2, 2), "shuffle_window": 2, "labels": ("depth",)}
    whole = list(stream(**options))
    assert sorted((s["scene"], *s["time"].tolist()) for s in whole) == [(s, t, t + 2) for s in range(SCENES) for t in range(4)]
    first = stream(**options)
    batches = first.batches(3)
    next(batches)
    resumed = stream(**options)
    resumed.load_state_dict(first.state_dict())
    for sample, truth in zip(resumed, whole[3:], strict=True):
        assert_same(sample, truth)
    with pytest.raises(UserError, match=r"had clip \{.*\}, this one has None"):
        stream(shuffle_window=2, labels=("depth",)).load_state_dict(first.state_dict())


def test_objects_are_those_of_the_frame(root):
    frames = SyntheticDataset(root, ("instance",), objects=True)
    for item in frames:
        objects, instance = item["objects"], item["instance"]
        assert list(objects) == list(OBJECT_LABELS)
        for k in range(5):
            assert objects["visible_pixels"][k] == (instance == k + 1).sum()
        assert objects["pose"].dtype == torch.float32
        up = item["pose"] @ objects["pose"][0]  # the floor lies still at the origin
        torch.testing.assert_close(up, torch.eye(4), atol=1e-6, rtol=0)
    pair = SyntheticDataset(root, ("valid",), clip=Clip(2, 3), objects=True)[1]
    for name in OBJECT_LABELS:
        truth = torch.stack([frames[1]["objects"][name], frames[4]["objects"][name]])
        np.testing.assert_array_equal(pair["objects"][name].numpy(), truth.numpy())


@pytest.mark.parametrize("times", [(), (2,)])
def test_collation_fills_objects_up(times):
    def sample(count):
        tables = {n: torch.full((*times, count, *label.shape), 7, dtype=getattr(torch, label.dtype)) for n, label in OBJECT_LABELS.items()}
        return {"depth": torch.zeros(*times, 4, 5), "scene": count, "time": torch.arange(2) if times else 0, "objects": tables}

    batch = collate([sample(1), sample(3), sample(0)])
    assert batch["scene"].tolist() == batch["objects"].pop("count").tolist() == [1, 3, 0]
    assert batch["depth"].shape == (3, *times, 4, 5)
    for name, label in OBJECT_LABELS.items():
        table = batch["objects"][name]
        assert table.shape == (3, *times, 3, *label.shape)
        for row, count in enumerate((1, 3, 0)):
            instances = table[row].movedim(len(times), 0)
            assert (instances[:count] == 7).all()
            rest = instances[count:]
            assert (rest.isnan() if np.isnan(label.invalid) else rest == label.invalid).all(), name


def test_what_does_not_fit_is_a_sentence(root):
    with pytest.raises(UserError, match="clip of 4 frames, each 2 after the one before, spans 7, but no scene has more than 6 frames"):
        SyntheticDataset(root, LABELS, clip=Clip(4, 2))
    with pytest.raises(UserError, match="spans 7, but no scene has more than 6"):
        stream(clip=Clip(2, 6))
    with pytest.raises(UserError, match="stride of a clip must be at least 1, not 0"):
        Clip(2, stride=0)
    tiny_world.register()
    with pytest.raises(UserError, match="'tiny' does not describe objects"):
        Stream("tiny", renderer="tiny", objects=True)
