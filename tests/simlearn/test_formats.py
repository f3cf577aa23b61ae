"""Files of the field against golden bytes, OpenCV and readers written here from the published specifications."""

import contextlib
import io
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from scenes.errors import UserError
from simlearn.formats import flo, kitti, pfm, sintel, vkitti
from simlearn.formats.image import decode_image, encode_jpeg, encode_png, encode_ppm

ANY = st.floats(width=32, allow_nan=True, allow_infinity=True)
SPECIAL = st.sampled_from(
    [0.0, -0.0, np.nan, np.inf, -np.inf, 1e9, 1.1e9, 1e-30, 511.98, 512.0, -512.0, 255.998, 256.0, 655.35, 1 / 600, 3e38]
)
VALUES = SPECIAL.map(np.float32) | ANY.map(np.float32) | st.floats(-600, 700, width=32).map(np.float32)
SIZES = st.sampled_from([(1, 1), (3, 5), (1, 7), (6, 1), (8, 8)])


def images(channels):
    return SIZES.flatmap(lambda size: arrays(np.float32, (*size, channels) if channels else size, elements=VALUES, fill=st.nothing()))


def masks_like(array):
    return arrays(np.bool_, array.shape[:2])


def opencv(data):
    """RGB (or one channel) as OpenCV reads it."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return image[..., ::-1] if image.ndim == 3 else image


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


# Images


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [0, 3])
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_png_is_lossless_for_opencv_and_for_us(dtype, channels, data):
    size = data.draw(SIZES)
    array = data.draw(arrays(dtype, (*size, channels) if channels else size))
    file = encode_png(array)
    for read in (opencv(file), decode_image(file)):
        assert read.dtype == dtype
        np.testing.assert_array_equal(read, array)
    ok, theirs = cv2.imencode(".png", array[..., ::-1] if channels else array)
    assert ok
    np.testing.assert_array_equal(decode_image(theirs.tobytes()), array)
    assert file == encode_png(array.copy(order="F"))


def test_other_images():
    rng = np.random.default_rng(0)
    array = rng.integers(0, 256, (5, 7, 3)).astype(np.uint8)
    ppm = encode_ppm(array)
    assert ppm == b"P6\n7 5\n255\n" + array.tobytes()
    np.testing.assert_array_equal(decode_image(ppm), array)
    mask = array[..., 0] > 100
    np.testing.assert_array_equal(opencv(encode_png(mask)), np.where(mask, 255, 0))
    palette = rng.integers(0, 256, (256, 3)).astype(np.uint8)
    indexed = encode_png(array[..., 0], palette)
    np.testing.assert_array_equal(decode_image(indexed), array[..., 0])
    np.testing.assert_array_equal(opencv(indexed), palette[array[..., 0]])
    smooth = np.add.outer(np.arange(64), 2 * np.arange(48))[..., None].astype(np.uint8) // 2 + np.zeros(3, np.uint8)
    assert np.abs(opencv(encode_jpeg(smooth)).astype(int) - smooth).mean() < 1.5
    with pytest.raises(ValueError, match="no image file holds float32"):
        encode_png(np.zeros((2, 2), np.float32))


# Middlebury flow


def read_flo(data):
    """After the README of the Middlebury flow code."""
    tag, width, height = struct.unpack("<fii", data[:12])
    assert tag == 202021.25
    numbers = struct.unpack(f"<{2 * width * height}f", data[12:])
    return np.array(numbers, dtype=np.float32).reshape(height, width, 2)


def test_flo_golden_bytes():
    flow = np.array([[[1.0, -2.0], [np.nan, 0.0]]], dtype=np.float32)
    unknown = bytes.fromhex("f9021550")  # 1e10
    golden = b"PIEH" + bytes.fromhex("02000000 01000000 0000803f 000000c0") + unknown + unknown
    assert flo.encode(flow) == golden
    assert struct.unpack("<f", b"PIEH") == (202021.25,)


@given(flow=images(2), data=st.data())
@settings(max_examples=60, deadline=None)
def test_flo_round_trip_is_exact_where_flow_is_known(flow, data):
    given_known = data.draw(st.none() | masks_like(flow))
    file = flo.encode(flow, given_known)
    decoded, known = flo.decode(file)
    expected = np.isfinite(flow).all(-1) & (np.abs(np.nan_to_num(flow)) <= 1e9).all(-1) & (True if given_known is None else given_known)
    np.testing.assert_array_equal(known, expected)
    assert same_bits(decoded[known], flow[known])
    assert (decoded[~known] == 0).all()
    raw = read_flo(file)
    assert same_bits(raw[known], flow[known])
    assert (raw[~known] == np.float32(1e10)).all()


def test_opencv_reads_flo(tmp_path):
    flow = np.random.default_rng(1).normal(0, 900, (3, 5, 2)).astype(np.float32)
    (tmp_path / "a.flo").write_bytes(flo.encode(flow))
    assert same_bits(cv2.readOpticalFlow(str(tmp_path / "a.flo")), flow)
    cv2.writeOpticalFlow(str(tmp_path / "b.flo"), flow)
    assert same_bits(flo.decode((tmp_path / "b.flo").read_bytes())[0], flow)


# PFM


def read_pfm(data):
    """After netpbm.sourceforge.net/doc/pfm.html."""
    file = io.BytesIO(data)
    channels = {b"PF\n": 3, b"Pf\n": 1}[file.readline()]
    width, height = (int(n) for n in file.readline().split())
    order = "<" if float(file.readline()) < 0 else ">"
    rows = np.frombuffer(file.read(), dtype=f"{order}f4").reshape(height, width, channels)
    return np.flipud(rows).astype(np.float32)


def test_pfm_golden_bytes_are_bottom_up_and_little_endian():
    image = np.array([[1.0, 2.0], [3.0, -4.0]], dtype=np.float32)
    golden = b"Pf\n2 2\n-1.0\n" + bytes.fromhex("00004040 000080c0 0000803f 00000040")
    assert pfm.encode(image) == golden
    big = b"Pf\n2 2\n1.0\n" + bytes.fromhex("40400000 c0800000 3f800000 40000000")
    np.testing.assert_array_equal(pfm.decode(big), image)
    spaced = b"PF 1 1 -2.5e0\r\n" + struct.pack("<3f", 7, 8, 9)
    np.testing.assert_array_equal(pfm.decode(spaced), [[[7, 8, 9]]])


@pytest.mark.parametrize("channels", [0, 3])
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_pfm_round_trip_keeps_every_bit(channels, data):
    image = data.draw(images(channels))
    file = pfm.encode(image)
    assert same_bits(pfm.decode(file), image)
    assert same_bits(read_pfm(file).reshape(image.shape), image)


def test_pfm_of_flow_and_opencv(tmp_path):
    flow = np.random.default_rng(2).normal(0, 50, (3, 5, 2)).astype(np.float32)
    (tmp_path / "flow.pfm").write_bytes(pfm.encode(flow))
    read = cv2.imread(str(tmp_path / "flow.pfm"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    np.testing.assert_array_equal(read[..., :2], flow)
    assert (read[..., 2] == 0).all()
    with pytest.raises(ValueError, match="one or three channels"):
        pfm.encode(np.zeros((2, 2, 4), np.float32))


# KITTI


@given(flow=images(2), data=st.data())
@settings(max_examples=60, deadline=None)
def test_kitti_flow_clamps_rounds_and_never_wraps(flow, data):
    given_valid = data.draw(st.none() | masks_like(flow))
    file = kitti.encode_flow(flow, given_valid)
    codes = opencv(file).astype(np.float64)  # u, v, valid
    valid = np.isfinite(flow).all(-1) & (True if given_valid is None else given_valid)
    assert (codes[~valid] == 0).all()
    assert (codes[valid][:, 2] == 1).all()
    read = (codes[valid][:, :2] - 2**15) / 64
    nearest = np.clip(flow[valid].astype(np.float64), -512, 65535 / 64 - 512)
    assert (np.abs(read - nearest) <= 1 / 128).all()
    decoded, decoded_valid = kitti.decode_flow(file)
    np.testing.assert_array_equal(decoded_valid, valid)
    np.testing.assert_array_equal(decoded[valid], read)
    assert (decoded[~valid] == 0).all()
    held = kitti.representable(flow)
    assert not held[~np.isfinite(flow).all(-1)].any()
    assert (np.abs(decoded - flow)[valid & held] <= 1 / 128).all()
    assert (np.abs(flow[valid & ~held]).max(-1) >= 511.98).all()


def test_kitti_flow_golden_values():
    flow = np.array([[[0, 0], [1.0, -0.5], [600, -600], [0.0079, 1e30]]], dtype=np.float32)
    valid = np.array([[False, True, True, True]])
    codes = opencv(kitti.encode_flow(flow, valid))
    np.testing.assert_array_equal(codes, [[[0, 0, 0], [32832, 32736, 1], [65535, 0, 1], [32769, 65535, 1]]])
    np.testing.assert_array_equal(kitti.representable(flow), [[True, True, False, False]])


@given(depth=images(0), data=st.data())
@settings(max_examples=60, deadline=None)
def test_kitti_depth_is_within_half_a_step_and_zero_is_invalid(depth, data):
    given_valid = data.draw(st.none() | masks_like(depth))
    file = kitti.encode_depth(depth, given_valid)
    codes = opencv(file).astype(np.float64)
    with np.errstate(invalid="ignore"):
        holds = (depth > 0) & (depth.astype(np.float64) < 65535.5 / 256) & (True if given_valid is None else given_valid)
    np.testing.assert_array_equal(codes > 0, holds)
    error = np.abs(codes / 256 - depth)[holds]
    assert (error <= np.where(depth[holds] >= 1 / 512, 1 / 512, 1 / 256)).all()
    decoded, valid = kitti.decode_depth(file)
    np.testing.assert_array_equal(valid, holds)
    np.testing.assert_array_equal(decoded, codes / 256)


def test_kitti_depth_golden_values():
    depth = np.array([[0, -1, 1e-6, 1.0, 10.003, 255.99, 255.999, 256, np.inf, np.nan]], dtype=np.float32)
    np.testing.assert_array_equal(opencv(kitti.encode_depth(depth)), [[0, 0, 1, 256, 2561, 65533, 0, 0, 0, 0]])


def test_kitti_text():
    pose = np.eye(4)
    pose[:3, 3] = 1.5, -2, 1e-9
    assert kitti.encode_poses(pose[None]).decode().split() == [
        f"{x:.15e}" for x in (1, 0, 0, 1.5, 0, 1, 0, -2, 0, 0, 1, 1e-9)
    ]  # fmt: skip
    lines = kitti.encode_calibration({"P0": np.eye(3, 4), "D_02": [0.5]}).decode().splitlines()
    assert lines[1] == "D_02: 5.000000000000e-01"
    np.testing.assert_array_equal(np.array(lines[0].split()[1:], dtype=float).reshape(3, 4), np.eye(3, 4))


# Virtual KITTI


def read_vkitti_flow(data):
    """The formula of the data set's page, on what OpenCV reads."""
    codes = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    height, width = codes.shape[:2]
    flow = codes[..., 2:0:-1].astype(np.float64) / 65535 * 2 - 1
    return flow * (width - 1, height - 1), codes[..., 0] != 0


@given(flow=images(2), data=st.data())
@settings(max_examples=60, deadline=None)
def test_vkitti_flow_is_within_half_a_step(flow, data):
    scaled = flow * np.float32(data.draw(st.sampled_from([1.0, 1 / 700, 1 / 80])))
    given_valid = data.draw(st.none() | masks_like(flow))
    file = vkitti.encode_flow(scaled, given_valid)
    read, valid = read_vkitti_flow(file)
    reach = np.array([flow.shape[1] - 1, flow.shape[0] - 1])
    with np.errstate(invalid="ignore"):
        holds = (np.abs(scaled) <= reach).all(-1) & (True if given_valid is None else given_valid)
    np.testing.assert_array_equal(valid, holds)
    assert (np.abs(read - scaled)[valid] <= reach / 65535 * (1 + 1e-9)).all()
    decoded, decoded_valid = vkitti.decode_flow(file)
    np.testing.assert_array_equal(decoded_valid, valid)
    np.testing.assert_allclose(decoded[valid], read[valid], rtol=0, atol=1e-5)
    assert (decoded[~valid] == 0).all()


@given(depth=images(0), data=st.data())
@settings(max_examples=60, deadline=None)
def test_vkitti_depth_is_in_centimetres_with_a_far_plane(depth, data):
    given_valid = data.draw(st.none() | masks_like(depth))
    file = vkitti.encode_depth(depth, given_valid)
    codes = opencv(file).astype(np.float64)
    with np.errstate(invalid="ignore"):
        holds = (depth > 0) & (depth.astype(np.float64) < 655.345) & (True if given_valid is None else given_valid)
    np.testing.assert_array_equal(codes < 65535, holds)
    error = np.abs(codes / 100 - depth)[holds]
    assert (error <= np.where(depth[holds] >= 0.005, 0.005 + 1e-9, 0.01)).all()
    decoded = vkitti.decode_depth(file)
    np.testing.assert_array_equal(np.isfinite(decoded), holds)
    np.testing.assert_array_equal(decoded[holds], (codes[holds].astype(np.float32) / np.float32(100)))


# Sintel


def read_sintel_depth(data):
    file = io.BytesIO(data)
    assert np.frombuffer(file.read(4), dtype=np.float32)[0] == np.float32(202021.25)
    width, height = np.frombuffer(file.read(8), dtype=np.int32)
    return np.frombuffer(file.read(), dtype=np.float32).reshape(height, width)


@given(depth=images(0))
@settings(max_examples=40, deadline=None)
def test_sintel_depth_keeps_every_bit(depth):
    file = sintel.encode_depth(depth)
    assert same_bits(sintel.decode_depth(file), depth)
    assert same_bits(read_sintel_depth(file), depth)


@given(numbers=arrays(np.float64, 21, elements=st.floats(allow_nan=False)))
@settings(max_examples=20, deadline=None)
def test_sintel_camera(numbers):
    file = sintel.encode_camera(numbers[:9].reshape(3, 3), numbers[9:].reshape(3, 4))
    assert struct.unpack("<f21d", file) == (202021.25, *numbers)
    intrinsics, extrinsics = sintel.decode_camera(file)
    np.testing.assert_array_equal(intrinsics.ravel(), numbers[:9])
    np.testing.assert_array_equal(extrinsics.ravel(), numbers[9:])


# Files from strangers

DECODERS = {
    "flo": (flo.decode, flo.encode(np.ones((3, 5, 2), np.float32))),
    "dpt": (sintel.decode_depth, sintel.encode_depth(np.ones((3, 5), np.float32))),
    "cam": (sintel.decode_camera, sintel.encode_camera(np.eye(3), np.eye(3, 4))),
    "pfm": (pfm.decode, pfm.encode(np.ones((3, 5, 3), np.float32))),
    "kitti flow": (kitti.decode_flow, kitti.encode_flow(np.ones((3, 5, 2), np.float32))),
    "kitti depth": (kitti.decode_depth, kitti.encode_depth(np.ones((3, 5), np.float32))),
    "vkitti flow": (vkitti.decode_flow, vkitti.encode_flow(np.ones((3, 5, 2), np.float32))),
    "vkitti depth": (vkitti.decode_depth, vkitti.encode_depth(np.ones((3, 5), np.float32))),
}


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_damaged_files_are_sentences_or_arrays_never_crashes(name, data):
    decode, whole = DECODERS[name]
    cut = data.draw(st.integers(0, len(whole) - 1))
    file = bytearray(whole[: cut or None] if data.draw(st.booleans()) else whole)
    for _ in range(data.draw(st.integers(0, 4))):
        if file:
            file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(UserError):
        decode(bytes(file))


@pytest.mark.parametrize("name", DECODERS)
def test_truncated_files_and_other_files_are_refused(name):
    decode, whole = DECODERS[name]
    for file in (b"", whole[:-28], whole[: len(whole) // 2], encode_ppm(np.zeros((2, 2, 3), np.uint8))):
        with pytest.raises(UserError):
            decode(file)


@pytest.mark.parametrize("size", [(2**31 - 1, 2**31 - 1), (-3, -5), (0, 5), (65536, 65536)])
def test_sizes_that_the_data_does_not_hold_are_refused_before_memory_is_taken(size):
    with pytest.raises(UserError, match="do not hold"):
        flo.decode(b"PIEH" + struct.pack("<ii", *size) + bytes(16))
    with pytest.raises(UserError):
        pfm.decode(f"PF\n{size[0]} {size[1]}\n-1.0\n".encode() + bytes(16))
    png = bytearray(encode_png(np.zeros((2, 2, 3), np.uint16)))
    png[16:24] = struct.pack(">ii", *size)
    with pytest.raises(UserError):
        decode_image(bytes(png))


def test_sixteen_bit_colours_are_not_cut_to_eight():
    """What Pillow does on its own."""
    array = np.full((2, 2, 3), 32769, dtype=np.uint16)
    assert np.asarray(Image.open(io.BytesIO(encode_png(array)))).dtype == np.uint8
    np.testing.assert_array_equal(decode_image(encode_png(array)), array)
