"""KITTI raw and KITTI's annotated depth: miniature drives in the official layout, and the truth of the "Eigen" evaluation by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenes.errors import UserError
from simlearn.datasets.kitti_depth_annotated import KittiDepthAnnotated, read_depth
from simlearn.datasets.kitti_depth_annotated import found as found_depth
from simlearn.datasets.kitti_raw import KittiRaw, eigen_depth
from simlearn.datasets.kitti_raw import found as found_raw

DAY, DRIVE = "2011_09_26", "2011_09_26_drive_0002_sync"
SIZE = (20, 40)
MATRICES = {
    "P2": np.array([[10.0, 0, 20, 0], [0, 10, 10, 0], [0, 0, 1, 0]]),
    "R0_rect": np.eye(3),
    "Tr_velo_to_cam": np.array([[0.0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, -0.25]]),
}
"""A camera 25 cm before the scanner with f = 10 px and principal point (20, 10)."""


def numbers(values: object) -> str:
    return " ".join(f"{value:.16e}" for value in np.ravel(values))


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def drive(root: Path, *, scans: int = 2) -> Path:
    """Two pictures; the car drives 1 m to the north between them, at 49 degrees of latitude."""
    day = root / "kitti" / "raw" / DAY
    camera = f"S_rect_02: 4.0e+01 2.0e+01\nR_rect_00: {numbers(np.eye(3))}\nP_rect_02: {numbers(MATRICES['P2'])}\n"
    write(day / "calib_cam_to_cam.txt", f"calib_time: 09-Jan-2012\n{camera}".encode())
    to_camera = MATRICES["Tr_velo_to_cam"]
    write(day / "calib_velo_to_cam.txt", f"R: {numbers(to_camera[:, :3])}\nT: {numbers(to_camera[:, 3])}\n".encode())
    write(day / "calib_imu_to_velo.txt", f"R: {numbers(np.eye(3))}\nT: 0 0 0\n".encode())
    for frame in range(2):
        save(day / DRIVE / "image_02" / "data" / f"{frame:010d}.png", np.full((*SIZE, 3), frame, np.uint8))
        latitude = 49 + np.degrees(frame / 6378137.0)
        write(day / DRIVE / "oxts" / "data" / f"{frame:010d}.txt", numbers([latitude, 8.0, 100, 0, 0, np.pi / 2, *[0] * 24]).encode())
        if frame < scans:
            scan = np.array([[5.25, 0, 0, 0.5], [4.25, 1.06, 0.4, 0.5]], dtype="<f4")
            write(day / DRIVE / "velodyne_points" / "data" / f"{frame:010d}.bin", scan.tobytes())
    return day / DRIVE


def test_a_drive_is_read_with_depth_along_the_cameras_z(tmp_path: Path) -> None:
    drive(tmp_path)
    data = KittiRaw(tmp_path)
    sample = data[1]
    assert [data[i]["name"] for i in range(2)] == [f"{DRIVE}/image_02/{i:010d}" for i in range(2)]
    assert sample["rgb"].max() == 1
    assert sample["valid"].sum() == 2
    assert (sample["depth"][10, 20], sample["depth"][9, 17]) == (5, 4)
    assert sample["K"][:2, 2].tolist() == [20.5, 10.5], "the centre of the first pixel is (0.5, 0.5)"
    assert "2 left pictures with scans of 1 drives" in found_raw(tmp_path).text


def test_poses_are_camera_to_world_in_metres_with_north_up_the_y_axis(tmp_path: Path) -> None:
    drive(tmp_path)
    first, second = (KittiRaw(tmp_path)[i]["pose"] for i in range(2))
    assert np.allclose(second[:3, 3] - first[:3, 3], (0, 1, 0), atol=1e-5)
    assert np.allclose(first[:3, 2], (0, 1, 0), atol=1e-9), "heading north, the camera looks north"
    assert np.allclose(first[:3, 1], (0, 0, -1), atol=1e-9), "its y points down"
    assert np.allclose(first[:3, 3], (0, 0.25, 0), atol=1e-9), "it sits before the scanner"


def test_pictures_without_a_scan_and_cut_files_are_named(tmp_path: Path) -> None:
    folder = drive(tmp_path, scans=1)
    data = KittiRaw(tmp_path)
    assert data.missing == [f"{DRIVE}/image_02/0000000001"]
    (folder / "velodyne_points" / "data" / "0000000000.bin").write_bytes(b"\0" * 20)
    with pytest.raises(UserError, match=r"0000000000\.bin"):
        data[0]
    (folder / "oxts" / "data" / "0000000000.txt").write_text("49.0 eight")
    with pytest.raises(UserError, match=r"0000000000\.txt is damaged"):
        data.pose(data.frames[0])


def eigen(points: list[list[float]]) -> dict[tuple[int, int], float]:
    depth = eigen_depth(np.array(points, dtype=np.float32), MATRICES, *SIZE)
    rows, columns = np.nonzero(np.isfinite(depth))
    return {(int(r), int(c)): float(depth[r, c]) for r, c in zip(rows, columns, strict=True)}


def at(column: float, row: float, forward: float) -> list[float]:
    """A point that the camera sees at (column, row), counted from 0, with this forward x."""
    z = forward - 0.25
    return [forward, -(column - 20) / 10 * z, -(row - 10) / 10 * z, 0]


def test_the_eigen_truth_is_forward_x_one_pixel_up_and_left_and_the_nearest_wins() -> None:
    assert eigen([at(20, 10, 5.25), at(17.35, 9, 4.25)]) == {(9, 19): 5.25, (8, 16): 4.25}
    assert eigen([at(20, 10, 9), at(20, 10, 5), at(20, 10, 7)]) == {(9, 19): 5.0}
    assert eigen([at(0, 5, 5), at(5, 0, 5)]) == {}, "the first row and column lie outside after the shift"


def test_the_eigen_truth_confuses_the_end_of_a_row_with_the_start_of_the_next() -> None:
    end, start = at(40, 5, 8), at(1, 6, 6)
    assert eigen([end, start]) == {(4, 39): 6.0, (5, 0): 6.0}, "the earlier point's pixel gets the nearest of both"
    assert eigen([start, end]) == {(4, 39): 8.0, (5, 0): 6.0}


def test_annotated_depth_is_in_256ths_of_a_metre_beside_the_raw_picture(tmp_path: Path) -> None:
    drive(tmp_path)
    stored = np.zeros(SIZE, np.uint16)
    stored[3, 4] = 2560 + 128
    base = tmp_path / "kitti" / "data_depth_annotated" / "val" / DRIVE / "proj_depth" / "groundtruth" / "image_02"
    save(base / "0000000001.png", stored)
    sample = KittiDepthAnnotated(tmp_path, "val")[0]
    assert sample["depth"][3, 4] == 10.5
    assert sample["valid"].sum() == 1
    assert sample["rgb"].max() == 1
    assert "1 pictures of val" in found_depth(tmp_path).text
    save(base / "0000000000.png", np.zeros(SIZE, np.uint8))
    with pytest.raises(UserError, match="16 bits"):
        read_depth(base / "0000000000.png")


def test_the_selection_has_its_own_names_and_intrinsics(tmp_path: Path) -> None:
    folder = tmp_path / "kitti" / "depth_selection" / "val_selection_cropped"
    for number in (5, 8):
        name = f"{DRIVE}_image_{number:010d}_image_02"
        save(folder / "image" / f"{name}.png", np.zeros((*SIZE, 3), np.uint8))
        write(folder / "intrinsics" / f"{name}.txt", b"10 0 20 0 10 10 0 0 1")
    save(folder / "groundtruth_depth" / f"{DRIVE}_groundtruth_depth_0000000005_image_02.png", np.full(SIZE, 512, np.uint16))
    data = KittiDepthAnnotated(tmp_path, "selection")
    assert (len(data), len(data.missing)) == (1, 1)
    assert (data[0]["depth"] == 2).all()
    assert data[0]["K"][0].tolist() == [10, 0, 20.5]
    with pytest.raises(UserError, match="train, val, selection, test"):
        KittiDepthAnnotated(tmp_path, "trian")
