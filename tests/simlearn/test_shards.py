"""Shards: what goes in comes out bit for bit, and damage anywhere is an error, never a wrong label."""

import dataclasses

import h5py
import hdf5plugin  # noqa: F401  (registers the decompressor)
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from renderers.frame import LABELS, Frame
from renderers.raster import RasterRenderer
from scenes import rooms
from scenes.errors import UserError
from scenes.randomness import Streams
from scenes.sensor import DepthSensor
from simlearn.codecs import choose
from simlearn.shards import ShardReader, write_shard
from simlearn.stores import LocalStore

EXACT = choose(tuple(LABELS), {"all": "lossless"})


@pytest.fixture(scope="module")
def world():
    scene = rooms.sample(rooms.Config(frames=2, width=24, height=18), Streams(3, 0))
    return dataclasses.replace(scene, stereo_baseline_m=0.1, depth_sensor=DepthSensor())


@pytest.fixture(scope="module")
def shard(world, tmp_path_factory):
    """(path, frames) of a shard of rendered frames."""
    path = tmp_path_factory.mktemp("shard") / "scene.h5"
    renderer = RasterRenderer(world)
    frames = [renderer.render(time, LABELS) for time in range(world.frames)]
    write_shard(path, world, frames, EXACT)
    return path, frames


def everything(path):
    """All that a shard tells, as bytes."""
    with ShardReader(path) as reader:
        arrays = [reader.read(name, frame) for name in reader.labels for frame in range(reader.frames)]
        arrays += [reader.K, reader.poses, reader.times]
        return [reader.scene().to_json(), reader.camera, reader.frames, reader.labels, *(a.tobytes() for a in arrays)]


def test_frames_come_back_bit_for_bit(world, shard):
    path, frames = shard
    with ShardReader(path) as reader:
        assert reader.scene() == world
        for time, frame in enumerate(frames):
            again = reader.frame(time)
            assert again.camera == world.camera
            assert again.time == time
            np.testing.assert_array_equal(again.pose, world.camera_motion.at(time))
            for name, label in LABELS.items():
                assert again[name].dtype == label.dtype
                assert again[name].tobytes() == frame[name].tobytes(), name


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_survives(tmp_path, world, data):
    camera = dataclasses.replace(world.camera, width=data.draw(st.integers(1, 9)), height=data.draw(st.integers(1, 9)))
    scene = dataclasses.replace(world, camera=camera)
    labels = {n: data.draw(npst.arrays(lb.dtype, lb.shape(camera.height, camera.width)), label=n) for n, lb in LABELS.items()}
    frames = [Frame(labels=labels, camera=camera, pose=scene.camera_motion.at(t), time=t) for t in range(scene.frames)]
    write_shard(tmp_path / "scene.h5", scene, frames, EXACT)
    with ShardReader(tmp_path / "scene.h5") as reader:
        for name, array in labels.items():
            assert reader.read(name, 1).tobytes() == array.tobytes(), name


def test_files_are_byte_identical(world, shard, tmp_path):
    path, frames = shard
    write_shard(tmp_path / "elsewhere.h5", world, frames, EXACT)
    assert (tmp_path / "elsewhere.h5").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_truncated_shard_is_a_sentence(shard, tmp_path, kept):
    whole = shard[0].read_bytes()
    cut = tmp_path / "scene_000042.h5"
    cut.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(UserError, match=r"scene_000042\.h5 is truncated or damaged.*--repair"):
        everything(cut)


def test_missing_shard_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match="scene_000042.h5 is missing"):  # noqa: RUF043
        ShardReader(tmp_path / "scene_000042.h5")


def test_flipped_bits_never_go_unnoticed(shard, tmp_path):
    """Every flip is either an error that names the file, or lies where nothing is stored."""
    whole, truth = shard[0].read_bytes(), everything(shard[0])
    damaged, rng, noticed = tmp_path / "damaged.h5", np.random.default_rng(0), 0
    for position in rng.integers(0, len(whole), 150):
        data = bytearray(whole)
        data[position] ^= 1 << int(rng.integers(8))
        damaged.write_bytes(data)
        try:
            assert everything(damaged) == truth, f"the flip at byte {position} changed what is read"
        except UserError as error:
            assert "damaged.h5" in str(error)  # noqa: PT017
            noticed += 1
    assert noticed > 75


def test_damage_names_label_and_frame(shard, tmp_path):
    path = tmp_path / "scene.h5"
    path.write_bytes(shard[0].read_bytes())
    with h5py.File(path) as file:
        chunk = file["normal"].id.get_chunk_info(1)
    data = bytearray(path.read_bytes())
    data[chunk.byte_offset + chunk.size // 2] ^= 255
    path.write_bytes(data)
    with ShardReader(path) as reader:
        reader.read("normal", 0)
        with pytest.raises(UserError, match=r"normal of frame 1 in shard .*scene\.h5 is damaged"):
            reader.read("normal", 1)


def test_a_failed_write_leaves_nothing(world, shard, tmp_path):
    def breaking():
        yield shard[1][0]
        raise ZeroDivisionError

    store = LocalStore(tmp_path)
    with pytest.raises(ZeroDivisionError):
        store.publish("shards/scene.h5", lambda path: write_shard(path, world, breaking(), EXACT))
    assert store.is_empty()
    (tmp_path / "shards" / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        store.publish("shards/file/scene.h5", lambda path: write_shard(path, world, shard[1], EXACT))


def test_a_renderer_that_breaks_the_label_table_is_stopped(world, shard, tmp_path):
    frame = shard[1][0]
    wrong = dataclasses.replace(frame, labels={**frame.labels, "instance": frame["instance"].astype(np.int32)})
    with pytest.raises(TypeError, match="gave instance as int32"):
        write_shard(tmp_path / "scene.h5", world, [wrong, wrong], EXACT)


def test_another_version_is_named(shard, tmp_path):
    path = tmp_path / "scene.h5"
    path.write_bytes(shard[0].read_bytes())
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(UserError, match="shard of version 99, this program reads 1 to 2"):
        ShardReader(path)
