"""The five "Eigen" protocols on a miniature KITTI: what each does with one and the same prediction, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenes.errors import UserError
from simlearn.benchmarks import BENCHMARKS
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.kitti_eigen import read_list
from simlearn.benchmarks.predictions import Predictor

DAY, DRIVE = "2011_09_26", "2011_09_26_drive_0002_sync"
HEIGHT, WIDTH = 375, 1242
ANNOTATED = ("kitti_eigen_benchmark", "kitti_eigen_bts", "kitti_eigen_marigold", "kitti_eigen_metric")
ALL = ("kitti_eigen", *ANNOTATED)
IDENTITY = "1 0 0 0 1 0 0 0 1"


def kitti(root: Path) -> None:
    """Two pictures. Scans: a point 10.25 m ahead at column 621, row 300, and one of 20.25 m at column 700. Annotated depth: 10 m on the
    left half, 20 m on the right half, 100 m in the lower right corner."""
    day = root / "kitti" / "raw" / DAY
    (day / DRIVE / "velodyne_points" / "data").mkdir(parents=True)
    camera = f"S_rect_02: {WIDTH} {HEIGHT}\nR_rect_00: {IDENTITY}\nP_rect_02: 100 0 600 0 0 100 200 0 0 0 1 0\n"
    (day / "calib_cam_to_cam.txt").write_text(camera)
    (day / "calib_velo_to_cam.txt").write_text("R: 0 -1 0 0 0 -1 1 0 0\nT: 0 0 -0.25\n")
    points = np.array([[10.25, -2.1, -10, 0], [20.25, -20, -20, 0]], dtype="<f4")
    truth = np.full((HEIGHT, WIDTH), 2560, np.uint16)
    truth[:, WIDTH // 2 :] = 5120
    truth[300:, 1100:] = 25600
    folder = root / "kitti" / "data_depth_annotated" / "val" / DRIVE / "proj_depth" / "groundtruth" / "image_02"
    folder.mkdir(parents=True)
    for number in range(2):
        points.tofile(day / DRIVE / "velodyne_points" / "data" / f"{number:010d}.bin")
        Image.fromarray(truth).save(folder / f"{number:010d}.png")
    for split, digits in (("eigen", 10), ("eigen_benchmark", 1)):
        (root / "kitti" / "splits" / split).mkdir(parents=True)
        lines = [f"{DAY}/{DRIVE} {number:0{digits}d} l\n" for number in range(2)]
        (root / "kitti" / "splits" / split / "test_files.txt").write_text("".join(lines))


def score(name: str, predictor: Predictor, root: Path, *, strict: bool = False) -> Evaluation:
    found: Evaluation = BENCHMARKS[name].score(predictor, Request(root=root, work=root, strict=strict, say=[].append))
    return found


def values(found: Evaluation) -> dict[str, float]:
    return {row.metric: row.value for row in found.rows}


def files(name: str, place: Path) -> Predictor:
    return Predictor.of_files(place, BENCHMARKS[name].READERS)


def predict(folder: Path, depth: np.ndarray, ending: str = ".npy") -> None:
    for number in range(2):
        path = folder / DRIVE / "image_02" / f"{number:010d}{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, depth.astype(np.float32))


@pytest.mark.parametrize("name", ALL)
def test_the_truth_has_no_error_and_all_share_one_list(name: str, tmp_path: Path) -> None:
    kitti(tmp_path)
    found = values(score(name, Predictor.of_baseline("truth", BENCHMARKS[name].BASELINES), tmp_path))
    if name != "kitti_eigen_benchmark":  # whose predictions are clipped to 80 m, its truth not
        assert found["abs_rel"] == pytest.approx(0, abs=1e-6)
        assert found["rmse"] == pytest.approx(0, abs=1e-4)
        assert found["delta1"] == 1


def test_protocol_a_measures_forward_x_after_the_median(tmp_path: Path) -> None:
    kitti(tmp_path)
    found = values(score("kitti_eigen", Predictor.of_baseline("constant", BENCHMARKS["kitti_eigen"].BASELINES), tmp_path))
    middle = (10.25 + 20.25) / 2
    assert found["abs_rel"] == pytest.approx(((middle - 10.25) / 10.25 + (20.25 - middle) / 20.25) / 2, rel=1e-5)


def test_protocol_b_counts_far_pixels_and_clips_what_is_predicted(tmp_path: Path) -> None:
    kitti(tmp_path)
    found = values(score("kitti_eigen_benchmark", Predictor.of_baseline("truth", BENCHMARKS["kitti_eigen"].BASELINES), tmp_path))
    far = 75 * 142 / (HEIGHT * WIDTH)
    assert found["abs_rel"] == pytest.approx(0.2 * far, rel=1e-4)
    assert found["rmse"] == pytest.approx(20 * far**0.5, rel=1e-4)


def test_scale_is_forgiven_by_the_median_and_scale_and_shift_by_least_squares(tmp_path: Path) -> None:
    kitti(tmp_path)
    truth = np.full((HEIGHT, WIDTH), 10.0)
    truth[:, WIDTH // 2 :] = 20
    predict(tmp_path / "double", 2 * truth)
    predict(tmp_path / "shifted", 2 * truth + 3)
    found = {
        (name, kind): values(score(name, files(name, tmp_path / kind), tmp_path))["abs_rel"]
        for name in ANNOTATED[1:]
        for kind in ("double", "shifted")
    }
    assert found["kitti_eigen_marigold", "double"] == pytest.approx(0, abs=1e-6)
    assert found["kitti_eigen_marigold", "shifted"] == pytest.approx(0, abs=1e-6)
    assert found["kitti_eigen_bts", "double"] == pytest.approx(1)
    assert found["kitti_eigen_metric", "double"] == pytest.approx(1)


def test_predictions_of_another_size_are_resized_as_depth_where_the_protocol_says_so(tmp_path: Path) -> None:
    """Between 10 m and 40 m lie 25 m; as disparity it would be 16 m."""
    kitti(tmp_path)
    folder = tmp_path / "kitti/data_depth_annotated/val" / DRIVE / "proj_depth/groundtruth/image_02"
    for number in range(2):
        mask = np.zeros((HEIGHT, WIDTH), np.uint16)
        mask[200:212, WIDTH // 2 - 1 : WIDTH // 2 + 1] = 25 * 256
        Image.fromarray(mask).save(folder / f"{number:010d}.png")
    predict(tmp_path / "coarse", np.array([[10.0, 40.0]] * 2))
    for name in ("kitti_eigen_bts", "kitti_eigen_metric"):
        assert values(score(name, files(name, tmp_path / "coarse"), tmp_path))["rmse"] == pytest.approx(0, abs=0.1)


def test_one_file_of_all_disparities_goes_by_the_lists_order(tmp_path: Path) -> None:
    kitti(tmp_path)
    truth = np.full((HEIGHT, WIDTH), 10.0)
    truth[:, WIDTH // 2 :] = 20
    np.save(tmp_path / "disps.npy", np.stack([1 / truth, 1 / truth]).astype(np.float32))
    found = score("kitti_eigen_marigold", files("kitti_eigen_marigold", tmp_path / "disps.npy"), tmp_path)
    assert values(found)["abs_rel"] == pytest.approx(0, abs=1e-5)
    np.save(tmp_path / "disps.npy", np.ones((3, 4, 5), np.float32))
    with pytest.raises(UserError, match="holds 3 predictions, the list has 2"):
        score("kitti_eigen", files("kitti_eigen", tmp_path / "disps.npy"), tmp_path)


def test_one_file_of_the_longer_list_serves_the_shorter_one(tmp_path: Path) -> None:
    kitti(tmp_path)
    (tmp_path / "kitti" / "splits" / "eigen_benchmark" / "test_files.txt").write_text(f"{DAY}/{DRIVE} 1 l\n")
    truth = np.full((HEIGHT, WIDTH), 10.0)
    truth[:, WIDTH // 2 :] = 20
    np.save(tmp_path / "depths.npy", np.stack([np.full_like(truth, 50.0), truth]).astype(np.float32))
    found = score("kitti_eigen_marigold", files("kitti_eigen_marigold", tmp_path / "depths.npy"), tmp_path)
    assert values(found)["abs_rel"] == pytest.approx(0, abs=1e-6)
    assert found.rows[0].n == 1


def test_what_is_missing_or_not_finite_is_counted_and_named(tmp_path: Path) -> None:
    kitti(tmp_path)
    predict(tmp_path / "mine", np.full((HEIGHT, WIDTH), 10.0))
    np.save(tmp_path / "mine" / DRIVE / "image_02" / "0000000001.npy", np.full((HEIGHT, WIDTH), np.nan))
    found = score("kitti_eigen_metric", files("kitti_eigen_metric", tmp_path / "mine"), tmp_path)
    assert found.rows[0].data["scored"] == "1 of 2"
    assert "not finite" in found.rows[0].data["left_out"]
    with pytest.raises(UserError, match="--strict"):
        score("kitti_eigen_metric", files("kitti_eigen_metric", tmp_path / "mine"), tmp_path, strict=True)
    (tmp_path / "kitti" / "raw" / DAY / DRIVE / "velodyne_points" / "data" / "0000000000.bin").unlink()
    baseline = Predictor.of_baseline("truth", BENCHMARKS["kitti_eigen"].BASELINES)
    assert "has no Velodyne scan" in score("kitti_eigen", baseline, tmp_path).rows[0].data["left_out"]


def test_a_line_that_names_no_picture_is_told(tmp_path: Path) -> None:
    path = tmp_path / "test_files.txt"
    path.write_text(f"{DAY}/{DRIVE} 0000000069 l\n{DAY}/{DRIVE} 69\n")
    with pytest.raises(UserError, match="line 2"):
        read_list(path)
