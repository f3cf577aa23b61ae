"""Codecs: the stated error is kept for any value, what is stored is what the specification says, and its ten lines read it."""

import re
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from renderers.frame import DEFAULT_LABELS, LABELS
from renderers.raster import RasterRenderer
from scenes import rooms
from scenes.errors import UserError
from scenes.randomness import Streams
from simlearn.codecs import FixedPoint, Jpeg, PackedBits, RoundedFloat, Scaled, choose, describe
from simlearn.shards import ShardReader, write_shard

SHAPES = st.tuples(st.integers(1, 7), st.integers(1, 7))
ANY_FLOAT = st.floats(width=32, allow_nan=True, allow_infinity=True)
FORMAT_PAGE = Path(__file__).parents[2] / "docs" / "format.md"


def there_and_back(codec, name, array):
    label = LABELS[name]
    height, width = array.shape[:2]
    stored = codec.encode(array)
    assert (str(stored.dtype), stored.shape) == codec.stored(label, height, width)
    again = codec.decode(stored.copy(), label, width)
    assert (again.dtype, again.shape) == (np.dtype(label.dtype), array.shape)
    return again


@pytest.mark.parametrize("bits", [10, 17, 22])
@given(array=npst.arrays("float32", SHAPES, elements=ANY_FLOAT))
def test_rounded_floats_keep_their_relative_error(bits, array):
    again = there_and_back(RoundedFloat(bits), "depth", array)
    np.testing.assert_array_equal(np.isnan(again), np.isnan(array))
    infinite = np.isinf(array)
    np.testing.assert_array_equal(again[infinite], array[infinite])
    finite = np.isfinite(array)
    assert np.isfinite(again[finite]).all()
    exact = array[finite].astype(np.float64)
    largest = np.abs(exact) > 3.4e38  # above the largest rounded float, where only truncation remains
    allowed = np.where(largest, 2.0**-bits, 2.0 ** -(bits + 1)) * np.abs(exact) + 2.0 ** -(126 + bits)  # the last for denormal numbers
    assert (np.abs(again[finite] - exact) <= allowed).all()


@given(array=npst.arrays("float32", SHAPES.map(lambda s: (*s, 2)), elements=ANY_FLOAT))
def test_23_bits_are_all_of_a_float(array):
    assert there_and_back(RoundedFloat(23), "flow_forward", array).tobytes() == array.tobytes()


@given(array=npst.arrays("float32", SHAPES.map(lambda s: (*s, 2)), elements=ANY_FLOAT))
def test_fixed_point_keeps_its_error_and_clamps_what_is_huge(array):
    again = there_and_back(FixedPoint(2**-8), "flow_forward", array)
    np.testing.assert_array_equal(np.isnan(again), np.isnan(array))
    known = ~np.isnan(array)
    limit = 2147483520 / 256
    expected = np.clip(array[known].astype(np.float64), -limit, limit)
    assert (np.abs(again[known] - expected) <= 1 / 512).all()


@given(array=npst.arrays("float32", SHAPES.map(lambda s: (*s, 3)), elements=st.floats(-1, 1, width=32)))
def test_scaled_keeps_its_error(array):
    again = there_and_back(Scaled(), "normal", array)
    assert np.abs(again.astype(np.float64) - array).max() <= 0.5 / 32767 + 1e-7
    np.testing.assert_array_equal(again[array == 0], 0)


@given(array=npst.arrays("bool", st.tuples(st.integers(1, 5), st.integers(1, 20))))
def test_masks_are_exact(array):
    np.testing.assert_array_equal(there_and_back(PackedBits(), "valid", array), array)


def test_stored_numbers_are_those_of_the_specification():
    flow = np.array([[[1.0, -2.0], [1.25, -2.0], [300.0, 0.001]]], dtype=np.float32)
    stored = FixedPoint(2**-8).encode(flow)
    np.testing.assert_array_equal(stored, np.array([[[256, 64, 76480]], [[-512, 0, 512]]]) + 128)
    depth = np.array([[1.0, 2.0, np.inf]], dtype=np.float32)
    one, two, infinite = (127 << 17), (128 << 17), (255 << 17)
    np.testing.assert_array_equal(RoundedFloat(17).encode(depth), np.array([[one, two - one, infinite - two]]) + 128)
    mask = np.array([[True, False, False, False, False, False, False, True, True]])
    np.testing.assert_array_equal(PackedBits().encode(mask), [[0b10000001, 0b10000000]])


def test_jpeg_of_a_smooth_picture_is_close():
    across, down = np.meshgrid(np.linspace(0, 255, 33), np.linspace(0, 255, 17))
    picture = np.stack([across, down, 255 - across], axis=-1).astype(np.uint8)
    again = there_and_back(Jpeg(95), "rgb", picture)
    assert np.abs(again.astype(int) - picture).mean() < 2


def test_wishes():
    labels = ("rgb", "depth", "valid", "rgb_right")
    assert choose(labels, {})["depth"] == RoundedFloat(17)
    exact = choose(labels, {"all": "lossless", "rgb": "jpeg:80"})
    assert exact["depth"] == RoundedFloat(23)
    assert exact["rgb"] == exact["rgb_right"] == Jpeg(80)
    assert describe(Jpeg(80)) == {"codec": "jpeg", "quality": 80, "max_error": "that of JPEG"}
    for wishes, sentence in (
        ({"dept": "lossless"}, "codec of 'dept': known are all, rgb"),
        ({"depth": "jpeg"}, "depth=jpeg does not fit: known are lossless, compact"),
        ({"rgb": "jpeg:0"}, "rgb=jpeg:0 does not fit.*1 to 100"),
        ({"rgb": "png"}, "rgb=png does not fit"),
    ):
        with pytest.raises(UserError, match=sentence):
            choose(labels, wishes)


@pytest.fixture(scope="module")
def rendered_shard(tmp_path_factory):
    scene = rooms.sample(rooms.Config(frames=2, width=61, height=43), Streams(4, 1))
    renderer = RasterRenderer(scene)
    frames = [renderer.render(time) for time in range(2)]
    path = tmp_path_factory.mktemp("codecs") / "scene.h5"
    write_shard(path, scene, frames, choose(DEFAULT_LABELS, {}), renderer.objects)
    return path, scene, frames, renderer


def test_the_specification_reads_a_frame(rendered_shard):
    path, _, frames, _ = rendered_shard
    code = re.search(r"```python\n(.*?)```", FORMAT_PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    specified = {}
    exec(code[1], specified)
    bounds = {"depth": 4e-6 * frames[1]["depth"], "flow_forward": 1 / 512, "flow_backward": 1 / 512, "normal": 1.6e-5}
    with h5py.File(path, "r", locking=False) as file, ShardReader(path) as reader:
        for name in DEFAULT_LABELS:
            array = specified["read"](file, name, 1)
            if array.ndim == 3 and name.startswith("flow"):
                array = np.moveaxis(array, 0, -1)
            np.testing.assert_array_equal(array, reader.read(name, 1), err_msg=name)
            with np.errstate(invalid="ignore"):
                apart = np.where(array == frames[1][name], 0, np.abs(array.astype(np.float64) - frames[1][name]))
            assert (apart <= bounds.get(name, 0)).all(), name


def test_objects_come_back(rendered_shard):
    path, scene, _, renderer = rendered_shard
    with ShardReader(path) as reader, h5py.File(path, "r", locking=False) as file:
        again, truth = reader.objects(1), renderer.objects(1)
        for name in (
            "semantic",
            "box_3d",
            "box_2d_visible",
            "box_2d_amodal",
            "visible_pixels",
            "amodal_pixels",
            "visibility",
            "truncation",
        ):
            np.testing.assert_array_equal(getattr(again, name), getattr(truth, name), err_msg=name)
        np.testing.assert_allclose(again.pose, truth.pose, atol=1e-5)
        assert [name.decode() for name in file["objects/name"]] == [instance.name for instance in scene.instances]
        np.testing.assert_array_equal(file["objects/pose"][1, 3], scene.instances[3].motion.at(1))
