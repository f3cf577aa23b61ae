"""The layouts of KITTI, Sintel, Flying Chairs and FlyingThings3D, read by OpenCV, evo and readers written here, not by the exporters."""

import contextlib
import re

import cv2
import numpy as np
import pytest
import tiny_stereo
from evo.tools.file_interface import read_kitti_poses_file

from scenes.errors import UserError
from simlearn.exporters import EXPORTERS, flyingchairs, kitti, motion
from simlearn.shards import ShardReader

SCENES, FRAMES, WIDTH, HEIGHT = 3, 3, 47, 37
PAIRS = [(scene, frame) for scene in range(SCENES) for frame in range(FRAMES - 1)]
EVERY = [(scene, frame) for scene in range(SCENES) for frame in range(FRAMES)]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp("flow") / "data"
    tiny_stereo.make(out, scenes=SCENES, frames=FRAMES, width=WIDTH, height=HEIGHT)
    return out


@pytest.fixture(scope="module")
def readers(root):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(ShardReader(root / f"shards/scene_{scene:06d}.h5")) for scene in range(SCENES)]


@pytest.fixture(scope="module")
def exported(root, tmp_path_factory):
    return {
        name: EXPORTERS[name](root, tmp_path_factory.mktemp("exported") / name, progress=False)
        for name in ("kitti", "sintel", "flyingchairs", "flyingthings")
    }


def image(path):
    """RGB or one channel, any depth, as OpenCV reads it."""
    array = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert array is not None, path
    return array[..., ::-1] if array.ndim == 3 else array


def indices():
    """Pixel indices (u, v), [H, W, 2]."""
    return np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), axis=-1).astype(np.float64)


def lifted(depth, K):
    """Camera-frame points [H, W, 3] of a depth image; the centre of the top-left pixel is (0, 0)."""
    rays = np.dstack([indices(), np.ones((HEIGHT, WIDTH))]) @ np.linalg.inv(K).T
    return rays * depth[..., None]


def seen_at(points, K):
    pixels = points @ K.T
    return pixels[..., :2] / pixels[..., 2:]


def moved(points, matrix):
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def names_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# KITTI


def kitti_numbers(path):
    return {line.split(":")[0]: np.array(line.split(":")[1].split(), dtype=float) for line in path.read_text().splitlines()}


def kitti_depth(out, scene, frame):
    drive = f"2000_01_{scene + 1:02d}_drive_{scene:04d}_sync"
    return image(out / f"data_depth_annotated/train/{drive}/proj_depth/groundtruth/image_02/{frame:010d}.png")


def test_kitti_names(exported):
    firsts = ["flow_occ", "flow_noc", "disp_occ_0", "disp_noc_0", "disp_occ_1", "obj_map", "semantic", "instance"]
    expected = [f"training/{kind}/{pair:06d}_10.png" for kind in firsts for pair in range(len(PAIRS))]
    expected += [f"training/image_{k}/{pair:06d}_{t}.png" for k in (2, 3) for pair in range(len(PAIRS)) for t in (10, 11)]
    expected += [f"training/{kind}/{pair:06d}.txt" for kind in ("calib", "calib_cam_to_cam") for pair in range(len(PAIRS))]
    for scene in range(SCENES):
        date = f"2000_01_{scene + 1:02d}"
        drive = f"{date}_drive_{scene:04d}_sync"
        expected += [f"{date}/calib_cam_to_cam.txt", f"poses/{scene:02d}.txt"]
        expected += [f"sequences/{scene:02d}/{name}.txt" for name in ("calib", "times")]
        for frame in range(FRAMES):
            expected += [f"sequences/{scene:02d}/image_{k}/{frame:06d}.png" for k in (2, 3)]
            expected += [f"{date}/{drive}/image_{k:02d}/data/{frame:010d}.png" for k in (2, 3)]
            expected += [f"data_depth_annotated/train/{drive}/proj_depth/groundtruth/image_02/{frame:010d}.png"]
    assert names_in(exported["kitti"]) == sorted(expected)


def test_kitti_pictures_are_the_frames_and_share_their_disk_space(exported, readers):
    out = exported["kitti"]
    for number, (scene, frame) in enumerate(PAIRS):
        for eye, label in ((2, "rgb"), (3, "rgb_right")):
            for then, suffix in ((frame, 10), (frame + 1, 11)):
                path = out / f"training/image_{eye}/{number:06d}_{suffix}.png"
                np.testing.assert_array_equal(image(path), readers[scene].read(label, then))
                assert path.samefile(out / f"sequences/{scene:02d}/image_{eye}/{then:06d}.png")
    assert (out / "training/image_2/000000_11.png").stat().st_nlink == 4  # _11, the next pair's _10, sequence, drive


def test_kitti_flow_and_what_is_not_occluded(exported, readers):
    seen = 0
    for number, (scene, frame) in enumerate(PAIRS):
        read = lambda label, reader=readers[scene], frame=frame: reader.read(label, frame)  # noqa: E731
        hidden = read("occluded_forward") | read("out_of_frame_forward")
        for kind, valid in (("flow_occ", read("valid")), ("flow_noc", read("valid") & ~hidden)):
            codes = image(exported["kitti"] / f"training/{kind}/{number:06d}_10.png")
            assert codes.dtype == np.uint16
            np.testing.assert_array_equal(codes[..., 2], valid)
            assert (codes[~valid] == 0).all()
            error = np.abs((codes[..., :2].astype(float) - 32768) / 64 - read("flow_forward"))
            assert error[valid].max() <= 1 / 128
        seen += (read("valid") & hidden).sum()
    assert seen > 50


def test_kitti_poses_for_evo(exported, readers):
    for scene, reader in enumerate(readers):
        trajectory = read_kitti_poses_file(str(exported["kitti"] / f"poses/{scene:02d}.txt"))
        assert trajectory.num_poses == FRAMES
        assert trajectory.check()[0]
        for pose, ours in zip(trajectory.poses_se3, reader.poses, strict=True):
            np.testing.assert_allclose(pose, np.linalg.inv(reader.poses[0]) @ ours, atol=1e-12)
        times = np.loadtxt(exported["kitti"] / f"sequences/{scene:02d}/times.txt")
        np.testing.assert_allclose(times, 0.1 * np.arange(FRAMES))


def test_kitti_depth_cameras_and_poses_predict_flow_and_disparity(exported):
    """From the exported files alone: what rests must flow as the camera's motion moves its depth."""
    out, compared = exported["kitti"], 0
    for number, (scene, frame) in enumerate(PAIRS):
        calibration = kitti_numbers(out / f"training/calib/{number:06d}.txt")
        P2, P3 = (calibration[name].reshape(3, 4) for name in ("P2", "P3"))
        K, baseline = P2[:, :3], (P2[0, 3] - P3[0, 3]) / P2[0, 0]
        assert baseline == pytest.approx(tiny_stereo.BASELINE_M)
        poses = [np.vstack([row.reshape(3, 4), [0, 0, 0, 1]]) for row in np.loadtxt(out / f"poses/{scene:02d}.txt")]
        depth = kitti_depth(out, scene, frame) / 256
        points = moved(lifted(depth, K), np.linalg.inv(poses[frame + 1]) @ poses[frame])
        codes = image(out / f"training/flow_occ/{number:06d}_10.png")
        rests = (depth > 0) & (image(out / f"training/obj_map/{number:06d}_10.png") == 0)
        flow = (codes[..., :2].astype(float) - 32768) / 64
        assert np.abs(seen_at(points, K) - indices() - flow)[rests].max() < 0.02
        for kind, z in (("disp_occ_0", depth), ("disp_occ_1", points[..., 2])):
            disparity = image(out / f"training/{kind}/{number:06d}_10.png") / 256
            assert np.abs(disparity[rests] * z[rests] / (K[0, 0] * baseline) - 1).max() < 0.01
        compared += rests.sum()
    assert compared > 4000


def test_kitti_disparity_of_moving_things_at_the_next_frame(exported, readers):
    checked = 0
    for number, (scene, frame) in enumerate(PAIRS):
        reader, world = readers[scene], readers[scene].scene()
        disparity = image(exported["kitti"] / f"training/disp_occ_1/{number:06d}_10.png") / 256
        instance, K = reader.read("instance", frame), world.camera.K - [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]]
        points = lifted(np.nan_to_num(reader.read("depth", frame), posinf=1).astype(float), K)
        for k, thing in enumerate(world.instances, 1):
            if thing.motion.moves:
                carried = thing.motion.at(frame + 1) @ np.linalg.inv(thing.motion.at(frame))
                z = moved(points, np.linalg.inv(reader.poses[frame + 1]) @ carried @ reader.poses[frame])[instance == k][:, 2]
                assert np.abs(disparity[instance == k] - K[0, 0] * 0.3 / z).max(initial=0) < 1 / 256
                checked += len(z)
    assert checked > 200


def test_kitti_objects(exported, readers):
    for number, (scene, frame) in enumerate(PAIRS):
        world, instance = readers[scene].scene(), readers[scene].read("instance", frame)
        objects, semantic, both = (
            image(exported["kitti"] / f"training/{k}/{number:06d}_10.png") for k in ("obj_map", "semantic", "instance")
        )
        assert (objects.dtype, semantic.dtype, both.dtype) == (np.uint8, np.uint8, np.uint16)
        np.testing.assert_array_equal(semantic, readers[scene].read("semantic", frame))
        np.testing.assert_array_equal(both // 256, semantic)
        expected = {0: (0, 0)} | {k: (0, 0 if t.category == "floor" else k - 1) for k, t in enumerate(world.instances, 1)}
        movers = [k for k, thing in enumerate(world.instances, 1) if thing.motion.moves]
        expected |= {k: (rank, expected[k][1]) for rank, k in enumerate(movers, 1)}
        for k in np.unique(instance):
            assert set(objects[instance == k]) == {expected[k][0]}
            assert set(both[instance == k] % 256) == {expected[k][1]}


def test_kitti_calibration_has_the_cameras_of_2015(exported):
    entries = kitti_numbers(exported["kitti"] / "training/calib_cam_to_cam/000000.txt")
    assert set(entries) == {
        "corner_dist",
        *(f"{n}_0{k}" for k in range(4) for n in ("S", "K", "D", "R", "T", "S_rect", "R_rect", "P_rect")),
    }
    np.testing.assert_allclose(entries["T_03"], [-0.3, 0, 0], atol=1e-12)
    np.testing.assert_allclose(entries["T_02"], 0)
    assert entries["P_rect_02"].reshape(3, 4)[:2, 2].tolist() == [(WIDTH - 1) / 2, (HEIGHT - 1) / 2]
    np.testing.assert_array_equal(entries["S_rect_02"], [WIDTH, HEIGHT])


def test_kitti_flow_without_a_code_is_invalid(root, tmp_path, monkeypatch):
    flow = np.zeros((HEIGHT, WIDTH, 2), dtype=np.float32)
    flow[0, :4] = [[511, -512], [512.5, 0], [0, -513], [np.inf, 0]]
    monkeypatch.setattr(kitti, "known_flow", lambda *_: (flow, np.ones((HEIGHT, WIDTH), dtype=bool)))
    out = EXPORTERS["kitti"](root, tmp_path / "out", labels=("flow_forward",), progress=False)
    codes = image(out / "training/flow_occ/000000_10.png")
    np.testing.assert_array_equal(codes[0, :5, 2], [1, 0, 0, 0, 1])
    np.testing.assert_array_equal(codes[0, :4], [[65472, 0, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert not (out / "training/flow_noc").exists()
    assert not (out / "data_depth_annotated").exists()


# MPI Sintel


def floats(path, magic, count):
    data = path.read_bytes()
    assert data[:4] == magic
    return np.frombuffer(data[4:], dtype=f"<f{count}")


def test_sintel(exported, readers):
    out, compared = exported["sintel"] / "training", 0
    for scene, frame in EVERY:
        reader, place = readers[scene], f"scene_{scene:06d}/frame_{frame + 1:04d}"
        read = lambda label, reader=reader, frame=frame: reader.read(label, frame)  # noqa: E731
        for kind in ("clean", "final"):
            np.testing.assert_array_equal(image(out / f"{kind}/{place}.png"), read("rgb"))
        depth = floats(out / f"depth/{place}.dpt", b"PIEH", 4)[2:].reshape(HEIGHT, WIDTH)
        np.testing.assert_array_equal(depth, read("depth"))
        assert (out / f"flow/{place}.flo").exists() == (frame + 1 < FRAMES)
        if frame + 1 == FRAMES:
            continue
        flow, valid = cv2.readOpticalFlow(str(out / f"flow/{place}.flo")), read("valid")
        np.testing.assert_array_equal(flow[valid], read("flow_forward")[valid])
        assert (flow[~valid] == np.float32(1e10)).all()
        np.testing.assert_array_equal(image(out / f"invalid/{place}.png"), np.where(valid, 0, 255))
        np.testing.assert_array_equal(image(out / f"outofframe/{place}.png"), np.where(read("out_of_frame_forward"), 255, 0))
        unseen = read("out_of_frame_forward") | read("occluded_forward")
        np.testing.assert_array_equal(image(out / f"occlusions/{place}.png"), np.where(unseen, 255, 0))
        cameras = [floats(out / f"camdata_left/scene_{scene:06d}/frame_{t:04d}.cam", b"PIEH", 8) for t in (frame + 1, frame + 2)]
        (K, now), (_, then) = ((numbers[:9].reshape(3, 3), np.vstack([numbers[9:].reshape(3, 4), [0, 0, 0, 1]])) for numbers in cameras)
        rests = valid & ~np.isin(read("instance"), [k for k, t in enumerate(reader.scene().instances, 1) if t.motion.moves])
        points = moved(lifted(np.where(valid, depth, 1).astype(float), K), then @ np.linalg.inv(now))
        assert np.abs(seen_at(points, K) - indices() - flow)[rests].max() < 1e-4
        compared += rests.sum()
    assert compared > 4000


# Flying Chairs


def test_flyingchairs(exported, readers):
    out = exported["flyingchairs"]
    for number, (scene, frame) in enumerate(PAIRS, 1):
        for which, time in ((1, frame), (2, frame + 1)):
            np.testing.assert_array_equal(image(out / f"data/{number:05d}_img{which}.ppm"), readers[scene].read("rgb", time))
        flow, valid = cv2.readOpticalFlow(str(out / f"data/{number:05d}_flow.flo")), readers[scene].read("valid", frame)
        np.testing.assert_array_equal(flow[valid], readers[scene].read("flow_forward", frame)[valid])
        assert (flow[~valid] == np.float32(1e10)).all()
    assert len(names_in(out)) == 3 * len(PAIRS) + 1
    np.testing.assert_array_equal(np.loadtxt(out / "FlyingChairs_train_val.txt"), [1, 1, 1, 1, 2, 2])


def test_more_pairs_than_names_are_refused_before_anything_is_written(root, tmp_path, monkeypatch):
    monkeypatch.setattr(flyingchairs, "MOST_PAIRS", 5)
    with pytest.raises(UserError, match="6 pairs are more than the 5"):
        EXPORTERS["flyingchairs"](root, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


# FlyingThings3D


def pfm(path):
    """After the text of netpbm's page; rows come from the bottom."""
    head, size, scale, rest = path.read_bytes().split(b"\n", 3)
    width, height = (int(n) for n in size.split())
    assert float(scale) < 0
    return np.frombuffer(rest, dtype="<f4").reshape(height, width, 3 if head == b"PF" else 1)[::-1].squeeze()


def things_cameras(path):
    """{frame: {"L": 4 x 4, "R": 4 x 4}} as the data set's loaders parse it: three lines and an empty one for each frame."""
    lines = path.read_text().splitlines()
    return {
        int(re.fullmatch(r"Frame (\d+)", lines[i])[1]): {
            line.split()[0]: np.array(line.split()[1:], dtype=float).reshape(4, 4) for line in lines[i + 1 : i + 3]
        }
        for i in range(0, len(lines), 4)
    }


def test_flyingthings(exported, readers):
    out = exported["flyingthings"]
    for scene, frame in EVERY:
        read = lambda label, reader=readers[scene], frame=frame: reader.read(label, frame)  # noqa: E731
        folder, number, valid = f"TRAIN/A/{scene:04d}", f"{frame + 6:04d}", read("valid")
        for kind in ("frames_cleanpass", "frames_finalpass"):
            np.testing.assert_array_equal(image(out / f"{kind}/{folder}/left/{number}.png"), read("rgb"))
            np.testing.assert_array_equal(image(out / f"{kind}/{folder}/right/{number}.png"), read("rgb_right"))
        for part, name, direction in (("into_future", "IntoFuture", "forward"), ("into_past", "IntoPast", "backward")):
            flow = pfm(out / f"optical_flow/{folder}/{part}/left/OpticalFlow{name}_{number}_L.pfm")
            np.testing.assert_array_equal(flow[valid][:, :2], read(f"flow_{direction}")[valid])
            assert (flow[~valid][:, :2] == np.float32(1e10)).all()
            assert (flow[..., 2] == 0).all()
        np.testing.assert_array_equal(pfm(out / f"disparity/{folder}/left/{number}.pfm"), read("disparity"))
        np.testing.assert_array_equal(pfm(out / f"object_index/{folder}/left/{number}.pfm"), read("instance"))


@pytest.mark.parametrize(("part", "step"), [("into_future", 1), ("into_past", -1)])
def test_flyingthings_cameras_predict_the_change_of_disparity(exported, readers, part, step):
    """Cameras look along -z with y up; what rests changes its disparity as the camera's motion changes its distance."""
    out, compared = exported["flyingthings"], 0
    for scene in range(SCENES):
        cameras = things_cameras(out / f"camera_data/TRAIN/A/{scene:04d}/camera_data.txt")
        K = np.loadtxt(out / f"camera_data/TRAIN/A/{scene:04d}/intrinsics.txt")
        assert sorted(cameras) == [6, 7, 8]
        for number in range(6, 9):
            np.testing.assert_allclose(np.linalg.inv(cameras[number]["L"]) @ [*cameras[number]["R"][:3, 3], 1], [0.3, 0, 0, 1], atol=1e-6)
            if number + step in cameras:
                disparity = pfm(out / f"disparity/TRAIN/A/{scene:04d}/left/{number:04d}.pfm").astype(float)
                change = pfm(out / f"disparity_change/TRAIN/A/{scene:04d}/{part}/left/{number:04d}.pfm")
                still = [k for k, t in enumerate(readers[scene].scene().instances, 1) if not t.motion.moves]
                rests = np.isin(pfm(out / f"object_index/TRAIN/A/{scene:04d}/left/{number:04d}.pfm"), still)
                points = lifted(K[0, 0] * 0.3 / np.where(disparity > 0, disparity, 1), K) * (1, -1, -1)
                then = moved(points, np.linalg.inv(cameras[number + step]["L"]) @ cameras[number]["L"])
                expected = K[0, 0] * 0.3 / -then[..., 2] - disparity
                assert np.abs(change - expected)[rests].max() < 1e-4
                assert (change[disparity == 0] == np.float32(1e10)).all()
                compared += rests.sum()
    assert compared > 4000


# What they share


def test_flow_of_points_that_pass_behind_the_camera_is_not_known():
    class Reader:
        labels = ("flow_forward", "out_of_frame_forward", "valid")

        def read(self, label, frame):
            assert frame == 3
            flow = np.array([[[0, 0], [0, 0], [5, 0], [0, 0], [np.nan, 1]]], dtype=np.float32)
            masks = {"valid": [[1, 1, 1, 0, 1]], "out_of_frame_forward": [[1, 0, 1, 0, 0]]}
            return flow if label == "flow_forward" else np.array(masks[label], dtype=bool)

    _, known = motion.known_flow(Reader(), 3, "forward")
    np.testing.assert_array_equal(known, [[False, True, True, False, False]])


def test_clips_of_one_frame_have_no_pairs(tmp_path):
    tiny_stereo.make(tmp_path / "data", scenes=1, frames=1, width=9, height=7)
    for name in ("kitti", "sintel", "flyingchairs", "flyingthings"):
        out = EXPORTERS[name](tmp_path / "data", tmp_path / name, progress=False)
        assert not [path for path in names_in(out) if re.search(r"training/(flow|flow_occ)/|_flow\.flo", path)]
