"""TUM's and TartanAir's layouts: what is read back by evo, OpenCV and plain numpy is where the world is known to be."""

import dataclasses
import json
import shutil

import cv2
import equipped_world
import numpy as np
import pytest
import tiny_world
from evo.core import metrics
from evo.core.trajectory import PoseTrajectory3D
from evo.tools import file_interface
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.spatial.transform import Rotation

from scenes import geometry
from scenes.errors import UserError
from scenes.families import FAMILIES
from scenes.randomness import Streams
from simlearn.exporters import EXPORTERS, tartanair
from simlearn.exporters.arrays import quantised
from simlearn.formats.image import encode_png
from simlearn.shards import ShardReader

SCENES, FRAMES, WIDTH, HEIGHT = 2, 4, 61, 45
DEPTH_ERROR_M = 2e-3  # of stored depth, at most 1e-4 of some metres, and of a coordinate computed from it
MASKS = [f"{kind}_{direction}" for kind in ("occluded", "out_of_frame") for direction in ("forward", "backward")]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp("trajectories") / "data"
    tiny_world.make(out, scenes=SCENES, frames=FRAMES, width=WIDTH, height=HEIGHT)
    return out


@pytest.fixture(scope="module")
def tum(root, tmp_path_factory):
    return EXPORTERS["tum"](root, tmp_path_factory.mktemp("tum") / "out", progress=False)


@pytest.fixture(scope="module")
def tartan(root, tmp_path_factory):
    return EXPORTERS["tartanair"](root, tmp_path_factory.mktemp("tartanair") / "out", progress=False) / "tiny/Easy"


def world(scene):
    """The scene sampled anew, without going through any file."""
    return FAMILIES["tiny"].sample(FAMILIES["tiny"].Config(frames=FRAMES, width=WIDTH, height=HEIGHT), Streams(5, scene))


def shard(root, scene):
    return ShardReader(root / f"shards/scene_{scene:06d}.h5")


def unprojected(depth, calibration):
    """Camera points [H, W, 3] of camera z [H, W], pixel indices being the coordinates of pixel centres."""
    fx, fy, cx, cy = calibration
    v, u = np.indices(depth.shape)
    return np.stack([(u - cx) / fx * depth, (v - cy) / fy * depth, depth], axis=-1)


def off_surface(points, instance, scene, time):
    """Distance [H, W] of world points from the surface of the instances that their pixels show: floor z = 0, and balls."""
    off = np.full(instance.shape, np.nan)
    for number, thing in enumerate(scene.instances, start=1):
        mine = instance == number
        if thing.shape.kind == "floor":
            off[mine] = np.abs(points[mine][:, 2])
        else:
            centre = thing.motion.at(time)[:3, 3]
            off[mine] = np.abs(np.linalg.norm(points[mine] - centre, axis=-1) - thing.shape.number("radius"))
    return off


# TUM


def test_evo_reads_the_true_trajectory(tum):
    for scene in range(SCENES):
        truth = np.stack([world(scene).camera_motion.at(t) for t in range(FRAMES)])
        path = file_interface.read_tum_trajectory_file(tum / f"scene_{scene:06d}/groundtruth.txt")
        np.testing.assert_allclose(path.timestamps, np.arange(FRAMES) / 30, atol=5e-7)
        np.testing.assert_allclose(np.stack(path.poses_se3), truth, atol=2e-9)
        reference = PoseTrajectory3D(poses_se3=list(truth), timestamps=path.timestamps)
        error = metrics.RPE(metrics.PoseRelation.full_transformation, delta=1, delta_unit=metrics.Unit.frames)
        error.process_data((reference, path))
        assert error.get_statistic(metrics.StatisticsType.max) < 1e-8


def test_opencv_reads_the_pictures(root, tum):
    with shard(root, 1) as reader:
        for time, name in enumerate(["0.000000", "0.033333", "0.066667", "0.100000"]):
            rgb = cv2.imread(str(tum / f"scene_000001/rgb/{name}.png"), cv2.IMREAD_UNCHANGED)
            np.testing.assert_array_equal(rgb[..., ::-1], reader.read("rgb", time))
            depth = cv2.imread(str(tum / f"scene_000001/depth/{name}.png"), cv2.IMREAD_UNCHANGED)
            assert depth.dtype == np.uint16
            truth, valid = reader.read("depth", time), reader.read("valid", time)
            np.testing.assert_array_equal(depth > 0, valid)
            assert np.abs(depth[valid] / 5000 - truth[valid]).max() <= 0.5 / 5000 + 1e-6


def test_the_lists_name_the_files_there_are(tum):
    folder = tum / "scene_000000"
    files = sorted(str(path.relative_to(folder)) for path in folder.glob("*/*.png"))
    listed = []
    for name in ("rgb", "depth"):
        lines = [line.split() for line in (folder / f"{name}.txt").read_text().splitlines() if not line.startswith("#")]
        assert all(path == f"{name}/{stamp}.png" for stamp, path in lines)
        listed += [path for _, path in lines]
    assert sorted(listed) == files
    pairs = [line.split() for line in (folder / "associations.txt").read_text().splitlines()]
    assert [(pair[1], pair[3]) for pair in pairs] == list(zip(listed[:FRAMES], listed[FRAMES:], strict=True))
    assert all(pair[0] == pair[2] for pair in pairs)


@pytest.mark.parametrize("scene", range(SCENES))
def test_what_is_exported_as_tum_lies_on_the_known_surfaces(root, tum, scene):
    folder = tum / f"scene_{scene:06d}"
    calibration = np.loadtxt(folder / "calibration.txt")
    path = file_interface.read_tum_trajectory_file(folder / "groundtruth.txt")
    with shard(root, scene) as reader:
        for time in (0, FRAMES - 1):
            stamp = f"{path.timestamps[time]:.6f}"
            depth = cv2.imread(str(folder / f"depth/{stamp}.png"), cv2.IMREAD_UNCHANGED) / 5000
            points = geometry.transform(path.poses_se3[time], unprojected(depth, calibration))
            off = off_surface(points, reader.read("instance", time), world(scene), time)
            assert np.isfinite(off).sum() > 500
            assert np.nanmax(off) < DEPTH_ERROR_M


def test_timestamps_follow_the_frame_rate(root, tmp_path):
    out = EXPORTERS["tum"](root, tmp_path / "out", fps=10, progress=False)
    assert (out / "scene_000000/rgb/0.300000.png").exists()
    np.testing.assert_array_equal(np.loadtxt(out / "scene_000000/groundtruth.txt")[:, 0], [0, 0.1, 0.2, 0.3])
    for wrong in (0, -1, float("nan"), 1e7):
        with pytest.raises(UserError, match="fps is a number of frames per second"):
            EXPORTERS["tum"](root, tmp_path / "other", fps=wrong, progress=False)


# 16-bit lengths


@given(
    lengths=npst.arrays(np.float32, npst.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(width=32)),
    units=st.sampled_from([1000.0, 5000.0]),
)
def test_lengths_are_off_by_half_a_unit_or_none(lengths, units):
    read = cv2.imdecode(np.frombuffer(encode_png(quantised(lengths, units)), np.uint8), cv2.IMREAD_UNCHANGED)
    assert read.shape == lengths.shape
    assert read.dtype == np.uint16
    exact = lengths.astype(np.float64)
    inside = np.isfinite(exact) & (exact * units > 0.5) & (exact * units < 65535.5)
    assert (np.abs(read / units - exact)[inside] <= 0.5 / units * (1 + 1e-9)).all()
    np.testing.assert_array_equal(read == 0, ~inside)


def test_lengths_at_the_ends_of_the_range():
    lengths = np.array([[0.0, 0.0001, 0.0003, 13.107, 13.1072, np.inf, np.nan, -1.0]], dtype=np.float32)
    np.testing.assert_array_equal(quantised(lengths, 5000), [[0, 0, 2, 65535, 0, 0, 0, 0]])


# TartanAir


def test_a_level_camera_that_looks_north_is_the_identity():
    """North is our y. A camera one metre east of the origin, two north and three up, that looks north: NED (2, 1, -3)."""
    pose = tartanair.ned(geometry.look_at((1.0, 2.0, 3.0), (1.0, 9.0, 3.0)))
    np.testing.assert_allclose(pose[:3, :3], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(pose[:3, 3], (2, 1, -3), atol=1e-12)
    east = tartanair.ned(geometry.look_at((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)))  # turned right by 90 degrees about the axis that points down
    np.testing.assert_allclose(Rotation.from_matrix(east[:3, :3]).as_rotvec(degrees=True), (0, 0, 90), atol=1e-9)


def test_tartanair_poses_are_rigid_motions_of_ours(tartan):
    """NED here and there is one rotation of the world and one of the camera, so relative motion is ours in the camera's NED axes."""
    for scene in range(SCENES):
        lines = np.loadtxt(tartan / f"P{scene:03d}/pose_left.txt")
        assert lines.shape == (FRAMES, 7)
        ours = [world(scene).camera_motion.at(t) for t in range(FRAMES)]
        np.testing.assert_allclose(lines[:, :3], [(p[1, 3], p[0, 3], -p[2, 3]) for p in ours], atol=1e-9)
        turns = Rotation.from_quat(lines[:, 3:])
        for t in range(1, FRAMES):
            step = geometry.invert(ours[t - 1]) @ ours[t]
            right, down, forward = Rotation.from_matrix(step[:3, :3]).as_rotvec()
            relative = turns[t - 1].inv() * turns[t]
            np.testing.assert_allclose(relative.as_rotvec(), (forward, right, down), atol=1e-8)
            moved = turns[t - 1].inv().apply(lines[t, :3] - lines[t - 1, :3])
            np.testing.assert_allclose(moved, step[[2, 0, 1], 3], atol=1e-8)


def ned_points(tartan, scene, time):
    """World points [H, W, 3] in NED axes from the exported files alone; NaN for nothing."""
    folder = tartan / f"P{scene:03d}"
    depth = np.load(folder / f"depth_left/{time:06d}_left_depth.npy")
    assert depth.dtype == np.float32
    right, down, forward = np.moveaxis(unprojected(np.where(depth < 9999, depth, np.nan), np.loadtxt(folder / "calibration.txt")), -1, 0)
    pose = np.loadtxt(folder / "pose_left.txt")[time]
    points = Rotation.from_quat(pose[3:]).apply(np.stack([forward, right, down], axis=-1).reshape(-1, 3)) + pose[:3]
    return points.reshape(*depth.shape, 3)


@pytest.mark.parametrize("scene", range(SCENES))
def test_what_is_exported_as_tartanair_lies_on_the_known_surfaces(root, tartan, scene):
    with shard(root, scene) as reader:
        for time in (0, FRAMES - 1):
            north, east, down = np.moveaxis(ned_points(tartan, scene, time), -1, 0)
            instance = reader.read("instance", time)
            np.testing.assert_array_equal(np.isfinite(north), instance > 0)
            off = off_surface(np.stack([east, north, -down], axis=-1), instance, world(scene), time)
            assert np.nanmax(off) < DEPTH_ERROR_M


def test_tartanair_flow_is_the_motion_of_its_points(root, tartan):
    """On what stands still: unprojected, moved by the poses, projected, with pixel indices as coordinates; on all pixels with any mask."""
    scene = 0
    still = [k for k, thing in enumerate(world(scene).instances, start=1) if not thing.motion.moves]
    folder = tartan / f"P{scene:03d}"
    fx, fy, cx, cy = np.loadtxt(folder / "calibration.txt")
    poses = np.loadtxt(folder / "pose_left.txt")
    v, u = np.indices((HEIGHT, WIDTH))
    with shard(root, scene) as reader:
        for time in range(FRAMES - 1):
            flow = np.load(folder / f"flow/{time:06d}_{time + 1:06d}_flow.npy")
            assert (flow.dtype, flow.shape) == (np.float32, (HEIGHT, WIDTH, 2))
            points = ned_points(tartan, scene, time).reshape(-1, 3)
            seen = Rotation.from_quat(poses[time + 1, 3:]).inv().apply(points - poses[time + 1, :3]).reshape(HEIGHT, WIDTH, 3)
            forward, right, down = np.moveaxis(seen, -1, 0)
            expected = np.stack([fx * right / forward + cx - u, fy * down / forward + cy - v], axis=-1)
            mine = np.isin(reader.read("instance", time), still)
            assert mine.sum() > 500
            assert np.abs(flow - expected)[mine].max() < 0.05


def test_tartanair_masks_say_what_the_labels_say(root, tartan):
    with shard(root, 1) as reader:
        for time in range(FRAMES - 1):
            mask = np.load(tartan / f"P001/flow/{time:06d}_{time + 1:06d}_mask.npy")
            assert mask.dtype == np.uint8
            nothing = ~reader.read("valid", time) | reader.read("out_of_frame_forward", time)
            np.testing.assert_array_equal(mask == 100, nothing)
            np.testing.assert_array_equal(np.isin(mask, (1, 10)), reader.read("occluded_forward", time))
            assert set(np.unique(mask)) <= {0, 1, 10, 100}
            np.testing.assert_array_equal(np.load(tartan / f"P001/seg_left/{time:06d}_left_seg.npy"), reader.read("semantic", time))
    assert not list(tartan.glob("P001/flow/000003_*"))


def test_flow_that_is_chosen_comes_with_its_mask(root, tmp_path):
    out = EXPORTERS["tartanair"](root, tmp_path / "out", labels=("flow_forward",), progress=False) / "tiny/Easy/P001"
    assert {path.name for path in out.iterdir()} == {"image_left", "flow", "pose_left.txt", "calibration.txt"}
    with shard(root, 1) as reader:
        mask = np.load(out / "flow/000001_000002_mask.npy")
        np.testing.assert_array_equal(mask == 1, reader.read("occluded_forward", 1))


def test_hidden_points_are_told_apart_by_what_hides_them():
    """Six pixels in a row; the first two move onto pixels 3 and 4, of which pixel 4 shows what the first frame does not."""
    flow = np.zeros((1, 6, 2), dtype=np.float32)
    flow[0, 0, 0], flow[0, 1, 0], flow[0, 2, 0] = 3.4, 2.6, -9.0
    occluded = np.array([[True, True, False, False, False, False]])
    outside = np.array([[False, False, True, False, False, False]])
    new = np.array([[False, False, False, False, True, False]])
    np.testing.assert_array_equal(tartanair.flow_mask(flow, occluded, outside, new), [[10, 1, 100, 0, 0, 0]])
    np.testing.assert_array_equal(tartanair.flow_mask(flow, occluded, outside), [[1, 1, 100, 0, 0, 0]])


def test_text_that_comes_with_data_names_no_folder():
    assert tartanair.folder_name("rooms") == "rooms"
    for text in ("../../etc", "/etc", "a/b", "", ".", "..", "x\n", 7, None, "x" * 65):
        assert tartanair.folder_name(text) == "environment"


def test_a_second_eye_has_pictures_and_poses_of_its_own(tmp_path):
    equipped_world.make(tmp_path / "data", labels=("rgb", "rgb_right", "flow_forward"))
    out = EXPORTERS["tartanair"](tmp_path / "data", tmp_path / "out", difficulty="Hard", progress=False)
    folder = out / "equipped/Hard/P000"
    left, right = np.loadtxt(folder / "pose_left.txt"), np.loadtxt(folder / "pose_right.txt")
    assert not (folder / "flow").exists(), "flow without the masks that belong to it"
    np.testing.assert_allclose(right[:, 3:], left[:, 3:])
    shift = Rotation.from_quat(left[:, 3:]).inv().apply(right[:, :3] - left[:, :3])
    np.testing.assert_allclose(shift, [(0, equipped_world.BASELINE_M, 0)] * 3, atol=1e-8)  # y is to the right
    with shard(tmp_path / "data", 0) as reader:
        for time in range(3):
            for label, side in (("rgb", "left"), ("rgb_right", "right")):
                picture = cv2.imread(str(folder / f"image_{side}/{time:06d}_{side}.png"))
                np.testing.assert_array_equal(picture[..., ::-1], reader.read(label, time))


def test_lenses_that_are_no_pinholes_are_refused(root, tmp_path, monkeypatch):
    bent = dataclasses.replace(world(0).camera, model="brown_conrady", coefficients=(-0.3,))
    monkeypatch.setattr(ShardReader, "camera", bent)
    for name in ("tum", "tartanair", "scenenet"):
        with pytest.raises(UserError, match=f"brown_conrady lens, the {name} format knows only pinhole"):
            EXPORTERS[name](root, tmp_path / name, progress=False)


def test_absent_labels_and_wrong_settings_are_sentences(root, tmp_path):
    shutil.copytree(root, tmp_path / "depths")
    manifest = tmp_path / "depths/manifest.json"
    document = json.loads(manifest.read_text())
    document["config"]["labels"] = ["depth", "instance"]
    manifest.write_text(json.dumps(document))
    for name in ("tum", "tartanair", "coco", "scenenet"):
        with pytest.raises(UserError, match="was made without rgb"):
            EXPORTERS[name](tmp_path / "depths", tmp_path / "out", progress=False)
    document["config"]["labels"] = ["rgb", "instance"]
    manifest.write_text(json.dumps(document))
    with pytest.raises(UserError, match="was made without flow_forward, occluded_forward, out_of_frame_forward, valid"):
        EXPORTERS["tartanair"](tmp_path / "depths", tmp_path / "out", labels=("flow_forward",), progress=False)
    with pytest.raises(UserError, match="without depth and distance, one of which"):
        EXPORTERS["scenenet"](tmp_path / "depths", tmp_path / "out", progress=False)
    with pytest.raises(UserError, match="difficulties are Easy and Hard"):
        EXPORTERS["tartanair"](root, tmp_path / "out", progress=False, difficulty="../..")
    with pytest.raises(UserError, match="splits of SceneNet RGB-D are train and val"):
        EXPORTERS["scenenet"](root, tmp_path / "out", progress=False, split="../x")
    assert not list(tmp_path.glob("out*"))
