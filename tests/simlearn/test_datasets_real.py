"""Readers of real data: miniature folders in the official byte layout, and the samples where they are there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenes.errors import UserError
from simlearn.datasets import DATASETS
from simlearn.datasets.camvid import CLASSES, COLOURS, VOID, CamVid
from simlearn.datasets.kitti import KittiObject, project_scan, read_calibration
from simlearn.datasets.root import data_root, fingerprint
from simlearn.datasets.seven_scenes import SevenScenes
from simlearn.datasets.tiny_imagenet import TinyImageNet

REAL = ("tiny_imagenet", "camvid", "kitti", "seven_scenes")


def save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def real_root() -> Path:
    root = data_root()
    if root is None:
        pytest.skip("no real data: set SIMLEARN_DATA")
    return root


def test_root_is_the_variable_and_a_wrong_one_is_refused(tmp_path, monkeypatch):
    (tmp_path / "camvid").mkdir()
    monkeypatch.setenv("SIMLEARN_DATA", str(tmp_path))
    assert data_root() == tmp_path
    monkeypatch.setenv("SIMLEARN_DATA", str(tmp_path / "camvid"))
    with pytest.raises(UserError, match="empty"):
        data_root()
    monkeypatch.setenv("SIMLEARN_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="SIMLEARN_DATA"):
        data_root()


@pytest.mark.parametrize("name", REAL)
def test_missing_data_is_named_with_the_folder_and_the_remedy(name, tmp_path):
    finding = DATASETS[name].found(tmp_path)
    assert not finding.present
    assert str(tmp_path) in str(finding)
    assert "SIMLEARN_DATA" in str(finding)
    assert "SIMLEARN_DATA" in str(DATASETS[name].found(None))


@pytest.mark.realdata
@pytest.mark.parametrize("name", REAL)
def test_real_samples_are_found(name):
    finding = DATASETS[name].found(real_root())
    if not finding.present:
        pytest.skip(str(finding))
    assert "missing" not in str(finding)
    assert "lack" not in str(finding)


def write_tiny_imagenet(root: Path) -> Path:
    folder = root / "tiny-imagenet-200"
    folder.mkdir(parents=True)
    (folder / "wnids.txt").write_text("n02\nn01\n")
    (folder / "words.txt").write_text("n01\tfrog, toad\nn02\tship\nn03\tunused\n")
    for wnid, value in (("n01", 40), ("n02", 200)):
        for k in range(3):
            save(folder / "train" / wnid / "images" / f"{wnid}_{k}.JPEG", np.full((64, 64, 3), value, np.uint8))
    for k in range(2):
        save(folder / "val" / "images" / f"val_{k}.JPEG", np.full((64, 64), 90 + k, np.uint8))
    (folder / "val" / "val_annotations.txt").write_text(
        "val_0.JPEG\tn01\t0\t0\t9\t9\nval_1.JPEG\tn02\t0\t0\t9\t9\nval_2.JPEG\tn02\t0\t0\t9\t9\n"
    )
    return folder


def test_tiny_imagenet_takes_class_order_from_wnids_and_counts_what_is_missing(tmp_path):
    write_tiny_imagenet(tmp_path)
    train, val = TinyImageNet(tmp_path, "train"), TinyImageNet(tmp_path, "val")
    assert train.classes == [0, 0, 0, 1, 1, 1]
    assert train.class_names == ["ship", "frog"]
    assert abs(int(train[0]["rgb"][0, 0, 0]) - 200) < 4
    assert val.classes == [1, 0]
    assert val[0]["rgb"].shape == (64, 64, 3)  # stored grey, as a few of the originals are
    assert val.missing == ["val/images/val_2.JPEG"]


def test_tiny_imagenet_names_a_bad_line_and_a_broken_image(tmp_path):
    folder = write_tiny_imagenet(tmp_path)
    (folder / "train" / "n02" / "images" / "n02_0.JPEG").write_bytes(b"\xff\xd8 cut")
    with pytest.raises(UserError, match=r"n02_0\.JPEG"):
        TinyImageNet(tmp_path, "train")[0]
    (folder / "val" / "val_annotations.txt").write_text("val_0.JPEG n01\n")
    with pytest.raises(UserError, match="line 1"):
        TinyImageNet(tmp_path, "val")


def test_fingerprint_changes_with_contents_and_names_alone(tmp_path):
    write_tiny_imagenet(tmp_path / "a")
    write_tiny_imagenet(tmp_path / "b")
    first, second = TinyImageNet(tmp_path / "a", "train"), TinyImageNet(tmp_path / "b", "train")
    assert first.fingerprint() == second.fingerprint()
    assert fingerprint(reversed(first.paths), first.folder) == first.fingerprint()
    second.paths[0].write_bytes(second.paths[0].read_bytes() + b"\0")
    assert first.fingerprint() != second.fingerprint()


def test_camvid_reads_ids_and_refuses_other_labellings(tmp_path):
    labels = np.arange(48, dtype=np.uint8).reshape(6, 8) % 12
    for split in ("train", "val"):
        save(tmp_path / "camvid" / split / "f.png", np.zeros((6, 8, 3), np.uint8))
        save(tmp_path / "camvid" / (split + "annot") / "f.png", labels)
    save(tmp_path / "camvid" / "train" / "unlabelled.png", np.zeros((6, 8, 3), np.uint8))
    frames = CamVid(tmp_path, "train")
    assert frames.missing == ["trainannot/unlabelled.png"]
    np.testing.assert_array_equal(frames[0]["semantic"], labels)
    save(tmp_path / "camvid" / "valannot" / "f.png", labels + 20)
    with pytest.raises(UserError, match="SegNet"):
        CamVid(tmp_path, "val")[0]
    assert len(COLOURS) == len(CLASSES) + 1 == VOID + 1


def write_kitti(root: Path, points: np.ndarray, name: str = "000003") -> Path:
    """A frame of 40x20 pixels whose camera has f = 10 px and principal point (20, 10), and axes x right = -velodyne y, and so on."""
    folder = root / "kitti" / "object" / "training"
    save(folder / "image_2" / f"{name}.png", np.zeros((20, 40, 3), np.uint8))
    (folder / "velodyne").mkdir(exist_ok=True)
    points.astype("<f4").tofile(folder / "velodyne" / f"{name}.bin")
    (folder / "calib").mkdir(exist_ok=True)
    lines = {
        "P2": "10 0 20 0 0 10 10 0 0 0 1 0",
        "R0_rect": "1 0 0 0 1 0 0 0 1",
        "Tr_velo_to_cam": "0 -1 0 0 0 0 -1 0 1 0 0 -0.25",
    }
    (folder / "calib" / f"{name}.txt").write_text("".join(f"{key}: {value}\n" for key, value in lines.items()) + "\n")
    return folder


def test_kitti_projects_points_where_hand_computation_puts_them(tmp_path):
    # Camera z = forward - 0.25; u = 20 + 10 * (-left) / z; v = 10 + 10 * (-up) / z.
    points = np.array(
        [
            [5.25, 0, 0, 0],  # z 5 at (20, 10)
            [10.25, 0, 0, 0],  # the same pixel, farther: hidden
            [4.25, 1.06, 0.4, 0],  # u = 20 - 2.65 = 17.35 -> 17, v = 10 - 1 = 9
            [-5, 0, 0, 0],  # behind
            [0.1, 0, 0, 0],  # before the scanner, behind the camera
            [2.25, 4.4, 0, 0],  # u = -2
        ]
    )
    write_kitti(tmp_path, points)
    sample = KittiObject(tmp_path)[0]
    expected = np.full((20, 40), np.inf, np.float32)
    expected[10, 20], expected[9, 17] = 5.0, 4.0
    np.testing.assert_allclose(sample["depth"], expected)
    np.testing.assert_array_equal(sample["valid"], np.isfinite(expected))


def test_kitti_names_a_cut_scan_and_a_short_calibration(tmp_path):
    folder = write_kitti(tmp_path, np.zeros((2, 4)))
    (folder / "velodyne" / "000003.bin").write_bytes(b"\0" * 20)
    with pytest.raises(UserError, match=r"000003\.bin"):
        KittiObject(tmp_path)[0]
    (folder / "calib" / "000003.txt").write_text("P2: 1 2 3\n")
    with pytest.raises(UserError, match="P2"):
        read_calibration(folder / "calib" / "000003.txt")
    (folder / "velodyne" / "000003.bin").unlink()
    with pytest.raises(UserError, match="no frame"):
        KittiObject(tmp_path)


@pytest.mark.realdata
def test_lidar_depth_edges_lie_on_image_edges():
    """At LiDAR points beside a jump in depth the image gradient is stronger than elsewhere, and weaker when the points are shifted."""
    frames = KittiObject(real_root())
    aligned, shifted = [], []
    for i in range(len(frames)):
        sample = frames[i]
        grey = sample["rgb"].astype(float).mean(-1)
        strength = np.abs(np.gradient(grey, axis=1))
        rows, columns = np.nonzero(sample["valid"])
        depth = sample["depth"][rows, columns]
        beside = (rows[1:] == rows[:-1]) & (columns[1:] - columns[:-1] <= 4)
        jump = beside & (np.abs(np.diff(np.log(depth))) > 0.3) & (np.minimum(depth[1:], depth[:-1]) < 25)
        near = np.where(depth[1:] < depth[:-1], columns[1:], columns[:-1])[jump]
        aligned.append(strength[rows[1:][jump], near].mean())
        shifted.append(np.mean([strength[rows[1:][jump], np.clip(near + d, 0, grey.shape[1] - 1)].mean() for d in (-12, -9, 9, 12)]))
    assert np.mean(aligned) > 1.25 * np.mean(shifted)


@pytest.mark.realdata
def test_calibration_agrees_with_itself():
    """The rectified camera's z is the velodyne's forward x but for the lever arm and a tilt of less than a degree."""
    frames = KittiObject(real_root())
    folder = frames.folder
    calibration = read_calibration(folder / "calib" / f"{frames.names[0]}.txt")
    _, z = project_scan(np.array([[20.0, 0.0, -1.0, 0.0]]), calibration)
    assert 19.5 < z[0] < 20.0


def test_seven_scenes_units_gaps_and_incomplete_frames(tmp_path):
    folder = tmp_path / "7scenes" / "redkitchen" / "seq-01"
    depth = np.array([[0, 65535, 1500], [2000, 1, 65534]], np.uint16)
    for k in range(2):
        save(folder / f"frame-00000{k}.color.png", np.zeros((2, 3, 3), np.uint8))
        save(folder / f"frame-00000{k}.depth.png", depth)
    pose = np.eye(4)
    pose[0, 3] = 0.5
    np.savetxt(folder / "frame-000000.pose.txt", pose)
    frames = SevenScenes(tmp_path)
    assert frames.missing == ["frame-000001.color.png"]
    np.testing.assert_allclose(frames[0]["depth"], [[np.inf, np.inf, 1.5], [2.0, 0.001, 65.534]])
    np.testing.assert_array_equal(frames[0]["pose"], pose)
    assert frames.camera().fx == 585
    np.savetxt(folder / "frame-000000.pose.txt", np.eye(3))
    with pytest.raises(UserError, match="4x4"):
        frames[0]


@pytest.mark.realdata
def test_seven_scenes_depth_and_poses_agree():
    """Points of one frame, moved by the poses, fall on the measured depth of a later frame: poses are camera-to-world, depth is z."""
    from scenes import geometry

    frames = SevenScenes(real_root())
    camera, first, second = frames.camera(), frames[0], frames[8]
    world = geometry.transform(first["pose"], camera.unproject(camera.pixel_centres(), first["depth"])[first["valid"]])
    seen = geometry.transform(geometry.invert(second["pose"]), world)
    pixels = np.floor(camera.project(seen)).astype(int)
    inside = (seen[:, 2] > 0) & (pixels >= 0).all(1) & (pixels < (camera.width, camera.height)).all(1)
    measured = second["depth"][pixels[inside, 1], pixels[inside, 0]]
    known = np.isfinite(measured)
    error = np.abs(measured[known] - seen[inside, 2][known])
    assert known.mean() > 0.5
    assert np.median(error) < 0.03
