"""Optical flow: measures by hand, traps of the development kits, miniature data sets in the official layouts, and known answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scenes.errors import UserError
from simlearn.benchmarks import BENCHMARKS
from simlearn.benchmarks.evaluation import Request
from simlearn.benchmarks.flow import fill_background
from simlearn.benchmarks.flow_metrics import Measure, Sums, end_point_errors, outliers, per_item, sums
from simlearn.benchmarks.flow_pictures import error_map
from simlearn.benchmarks.flow_sets import SevenScenesPairs, rigid_flow
from simlearn.benchmarks.kitti_flow_submission import YEAR_2012, YEAR_2015
from simlearn.benchmarks.predictions import Predictor, Unusable
from simlearn.datasets.flying_chairs import FlyingChairs
from simlearn.datasets.kitti_flow import KittiFlow
from simlearn.datasets.middlebury import MiddleburyFlow, MiddleburyStereo
from simlearn.datasets.root import data_root
from simlearn.datasets.sintel import Sintel
from simlearn.formats import flo, kitti

SIZE = (4, 6)


def flow_of(du: float, dv: float, size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.broadcast_to(np.array([du, dv], dtype=np.float32), (*size, 2)).copy()


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def kitti_2015(root: Path) -> None:
    """Two pairs: all of the first known, with (100, 0); of the second only 6 pixels, with (2, 0), half of them cars, two hidden later."""
    folder = root / "kitti" / "flow2015" / "training"
    for name, flow, known in (("000000", flow_of(100, 0), np.ones(SIZE, bool)), ("000001", flow_of(2, 0), np.arange(24).reshape(SIZE) < 6)):
        for part in ("10", "11"):
            save(folder / "image_2" / f"{name}_{part}.png", np.full((*SIZE, 3), 90, np.uint8))
        write(folder / "flow_occ" / f"{name}_10.png", kitti.encode_flow(flow, known))
        seen = known & (np.arange(24).reshape(SIZE) >= (0 if name == "000000" else 2))
        write(folder / "flow_noc" / f"{name}_10.png", kitti.encode_flow(flow, seen))
        save(folder / "obj_map" / f"{name}_10.png", (np.arange(24).reshape(SIZE) % 2).astype(np.uint8))


def score(benchmark: str, predictor: Predictor, root: Path, tmp_path: Path, *, strict: bool = False) -> Any:
    return BENCHMARKS[benchmark].score(predictor, Request(root=root, work=tmp_path, strict=strict, say=[].append))


def values(found: Any) -> dict[str, float]:
    return {row.metric: row.value for row in found.rows}


def baseline(benchmark: str, name: str) -> Predictor:
    return Predictor.of_baseline(name, BENCHMARKS[benchmark].BASELINES)


def test_an_outlier_is_wrong_by_more_than_three_pixels_and_by_more_than_a_twentieth() -> None:
    truth = np.array([[[100.0, 0], [100, 0], [10, 0], [10, 0], [60, 0], [0, 0]]])
    found = truth + np.array([[[4.0, 0], [5.1, 0], [3, 0], [3.1, 0], [3.0, 0], [0, 3.5]]])
    assert outliers(end_point_errors(found, truth), truth).tolist() == [[False, True, False, True, False, True]]


def test_pooled_shares_weigh_pixels_and_means_weigh_images() -> None:
    images = [
        {"all": Sums(10, {"epe": 10.0, "fl": 1000.0})},
        {"all": Sums(30, {"epe": 90.0, "fl": 0.0})},
        {"all": Sums(0, {"epe": 0.0, "fl": 0.0})},
    ]
    found = {pooled: per_item(images, Measure("epe", "epe", "all", pooled=pooled)) for pooled in (True, False)}
    assert found[True] is not None
    assert found[False] is not None
    assert (found[True].value, found[False].value) == (2.5, 2.0)
    share = per_item(images, Measure("fl_all", "fl", "all"))
    assert share is not None
    assert share.value == 25


def test_sums_count_nothing_outside_their_mask() -> None:
    truth = flow_of(0, 0)
    mask = np.zeros(SIZE, bool)
    mask[0, :2] = True
    wrong = np.full_like(truth, 1e6)
    wrong[0, 0], wrong[0, 1] = (3, 4), (0, 2.5)
    found = sums(wrong, truth, {"few": mask})["few"]
    assert found.pixels == 2
    assert found.of["epe"] == 7.5
    assert [found.of[f"out_{px}"] for px in (2, 3, 4, 5)] == [200, 100, 100, 0]


def test_gaps_are_filled_from_the_row_and_empty_rows_from_the_nearest_known_one() -> None:
    flow, valid = flow_of(0, 0, (4, 5)), np.zeros((4, 5), bool)
    for column, value in ((1, (4, -1)), (3, (2, 5))):
        flow[1, column], valid[1, column] = value, True
    filled = fill_background(flow, valid)
    assert filled[1].tolist() == [[4, -1], [4, -1], [2, -1], [2, 5], [2, 5]], "inner gaps get the smaller of both, part by part"
    assert (filled[0] == filled[1]).all()
    assert (filled[2:] == filled[1]).all()
    with pytest.raises(UserError, match="no pixel"):
        fill_background(flow, np.zeros((4, 5), bool))


def test_kitti_2015_pools_outliers_over_images_and_averages_errors_by_image(tmp_path: Path) -> None:
    kitti_2015(tmp_path)
    assert set(values(score("kitti_flow_2015", baseline("kitti_flow_2015", "truth"), tmp_path, tmp_path)).values()) == {0.0}
    still = values(score("kitti_flow_2015", baseline("kitti_flow_2015", "zero"), tmp_path, tmp_path))
    assert still["epe"] == pytest.approx((100 + 2) / 2)
    assert still["epe_pooled"] == pytest.approx((24 * 100 + 6 * 2) / 30)
    assert still["fl_all"] == pytest.approx(100 * 24 / 30), "2 px are no outlier"
    assert still["fl_noc"] == pytest.approx(100 * 24 / 28)
    assert still["fl_bg"] == still["fl_fg"] == pytest.approx(100 * 12 / 15)


def test_files_of_predictions_are_read_filled_counted_and_named(tmp_path: Path) -> None:
    kitti_2015(tmp_path)
    half = np.arange(24).reshape(SIZE) % 2 == 0
    write(tmp_path / "mine" / "000000_10.png", kitti.encode_flow(flow_of(100, 0), half))
    np.save(tmp_path / "mine" / "000001_10.npy", flow_of(2, 0, (5, 6)))
    predictor = Predictor.of_files(tmp_path / "mine", BENCHMARKS["kitti_flow_2015"].READERS)
    found = score("kitti_flow_2015", predictor, tmp_path, tmp_path)
    assert values(found)["epe"] == 0, "holes are filled as the development kit does"
    assert found.rows[0].data["scored"] == "1 of 2"
    assert "000001_10" in found.rows[0].data["left_out"]
    assert "5x6x2" in found.rows[0].data["left_out"]
    with pytest.raises(UserError, match=r"000001_10.*--strict"):
        score("kitti_flow_2015", predictor, tmp_path, tmp_path, strict=True)
    np.save(tmp_path / "mine" / "000001_10.npy", np.full((*SIZE, 2), np.nan))
    assert "not finite" in score("kitti_flow_2015", predictor, tmp_path, tmp_path).rows[0].data["left_out"]


def test_a_pair_that_lacks_a_file_is_left_out_and_named(tmp_path: Path) -> None:
    kitti_2015(tmp_path)
    (tmp_path / "kitti/flow2015/training/image_2/000001_11.png").unlink()
    data = KittiFlow(tmp_path, 2015)
    assert data.names == ["000000_10"]
    assert data.missing == ["image_2/000001_11.png"]
    with pytest.raises(UserError, match="KITTI flow 2012"):
        KittiFlow(tmp_path, 2012)


def test_middlebury_is_read_with_its_unknown_pixels(tmp_path: Path) -> None:
    known = np.ones(SIZE, bool)
    known[0] = False
    for part in ("10", "11"):
        save(tmp_path / "middlebury/flow/other-data/Toy" / f"frame{part}.png", np.zeros((*SIZE, 3), np.uint8))
    write(tmp_path / "middlebury/flow/other-gt-flow/Toy/flow10.flo", flo.encode(flow_of(3, -4), known))
    labels = MiddleburyFlow(tmp_path).labels(0)
    assert (labels["known"] == known).all()
    assert values(score("middlebury_flow", baseline("middlebury_flow", "zero"), tmp_path, tmp_path))["epe"] == 5


def test_disparity_of_the_official_layout_is_in_quarters_and_points_left(tmp_path: Path) -> None:
    for name in ("im2", "im6"):
        save(tmp_path / "middlebury/stereo/toy" / f"{name}.png", np.zeros((*SIZE, 3), np.uint8))
    save(tmp_path / "middlebury/stereo/toy/disp2.png", np.array([[0, 8, 40, 40, 40, 40]] * 4, np.uint8))
    labels = MiddleburyStereo(tmp_path).labels(0)
    assert labels["flow_forward"][0, 1:3].tolist() == [[-2, 0], [-10, 0]]
    assert labels["known"][0].tolist() == [False, True, True, True, True, True]


def test_rigid_flow_of_a_sideways_step_is_focal_length_times_step_over_depth() -> None:
    K = np.array([[50.0, 0, 16], [0, 50, 12], [0, 0, 1]])
    depth = np.full((24, 32), 2.0, np.float32)
    depth[0, 0] = np.inf
    pose = np.eye(4)
    pose[0, 3] = 0.08
    first, second = {"depth": depth, "pose": np.eye(4)}, {"depth": depth.copy(), "pose": pose}
    second["depth"][:, 10] = 1.0
    flow, known = rigid_flow(first, second, K)
    assert np.allclose(flow[known], (-2, 0), atol=1e-5)
    assert not known[:, :2].any(), "it leaves the picture"
    assert not known[:, 12].any(), "something nearer hides it"
    assert known[1:, 13:].all()


@pytest.mark.realdata
def test_baselines_on_real_pairs_are_where_others_have_measured_them(tmp_path: Path) -> None:
    """Figures of an independent evaluation of the same pairs: 1.26, 0.43, 0.23 px (RubberWhale), 33.5, 6.0, 1.8 (cones)."""
    root = data_root()
    if root is None or not (root / "middlebury").is_dir():
        pytest.skip("no Middlebury data")
    pytest.importorskip("cv2")
    found = {
        (name, method): values(score(name, baseline(name, method), root, tmp_path))["epe"]
        for name in ("middlebury_flow", "middlebury_stereo_flow")
        for method in ("truth", "zero", "farneback", "dis")
    }
    assert found["middlebury_flow", "truth"] == found["middlebury_stereo_flow", "truth"] == 0
    assert found["middlebury_flow", "zero"] == pytest.approx(1.26, abs=0.01)
    assert found["middlebury_stereo_flow", "zero"] == pytest.approx(33.5, abs=0.1)
    assert found["middlebury_flow", "farneback"] == pytest.approx(0.43, abs=0.01)
    assert found["middlebury_stereo_flow", "farneback"] == pytest.approx(6.0, abs=0.1)
    assert found["middlebury_flow", "dis"] == pytest.approx(0.23, abs=0.02)
    assert found["middlebury_stereo_flow", "dis"] == pytest.approx(1.8, abs=0.15)


def sintel(root: Path) -> None:
    """One pair: the left half moves by 5 px, the right one by 40 and is hidden later; one pixel is marked as invalid."""
    left = np.arange(SIZE[1])[None] < 3
    flow = np.where(left[..., None], (3, 4), (0, 40)) * np.ones((*SIZE, 1), np.float32)
    for number in (1, 2):
        for rendered in ("clean", "final"):
            save(root / "sintel/training" / rendered / f"alley_1/frame_{number:04d}.png", np.full((*SIZE, 3), 90, np.uint8))
    write(root / "sintel/training/flow/alley_1/frame_0001.flo", flo.encode(flow.astype(np.float32), np.ones(SIZE, bool)))
    save(root / "sintel/training/occlusions/alley_1/frame_0001.png", np.where(left, 0, 255).astype(np.uint8) * np.ones((4, 1), np.uint8))
    invalid = np.zeros(SIZE, np.uint8)
    invalid[0, 0] = 255
    save(root / "sintel/training/invalid/alley_1/frame_0001.png", invalid)


def test_sintel_is_measured_by_speed_and_by_what_is_hidden_over_all_pixels(tmp_path: Path) -> None:
    sintel(tmp_path)
    found = values(score("sintel_final", baseline("sintel_final", "zero"), tmp_path, tmp_path))
    assert found["epe"] == (5 + 40) / 2
    assert (found["epe_matched"], found["epe_unmatched"]) == (5, 40)
    assert (found["epe_s0_10"], found["epe_s40"]) == (5, 40)
    assert "epe_s10_40" not in found, "no pixel is that fast"
    assert found["outliers_5"] == 50, "5 px are not more than 5"
    assert not Sintel(tmp_path, "clean").labels(0)["valid"][0, 0]
    (tmp_path / "sintel/training/clean/alley_1/frame_0002.png").unlink()
    with pytest.raises(UserError, match="no pair"):
        Sintel(tmp_path, "clean")


def test_chairs_for_validation_are_those_of_the_split_file(tmp_path: Path) -> None:
    folder = tmp_path / "FlyingChairs_release"
    for number in (1, 2):
        for part in ("img1", "img2"):
            save(folder / "data" / f"{number:05d}_{part}.ppm", np.zeros((*SIZE, 3), np.uint8))
        write(folder / "data" / f"{number:05d}_flow.flo", flo.encode(flow_of(number, 0), np.ones(SIZE, bool)))
    write(folder / "FlyingChairs_train_val.txt", b"1\n2\n2\n")
    data = FlyingChairs(tmp_path)
    assert data.names == ["00002"]
    assert data.missing == [f"data/00003_{part}" for part in ("img1.ppm", "img2.ppm", "flow.flo")]
    found = score("flying_chairs", baseline("flying_chairs", "zero"), tmp_path, tmp_path)
    assert values(found)["epe"] == 2
    assert found.rows[0].data["missing"].startswith("3 files: data/00003_img1.ppm")
    with pytest.raises(UserError, match="flying_chairs lacks 3 files"):
        score("flying_chairs", baseline("flying_chairs", "zero"), tmp_path, tmp_path, strict=True)
    write(folder / "FlyingChairs_train_val.txt", b"1\n3\n")
    with pytest.raises(UserError, match="'3'"):
        FlyingChairs(tmp_path)


def test_a_damaged_truth_is_counted_and_named(tmp_path: Path) -> None:
    kitti_2015(tmp_path)
    write(tmp_path / "kitti/flow2015/training/obj_map/000001_10.png", b"\x89PNG and no more")
    found = score("kitti_flow_2015", baseline("kitti_flow_2015", "zero"), tmp_path, tmp_path)
    assert found.rows[0].data["scored"] == "1 of 2"
    assert "000001_10 (its truth cannot be read" in found.rows[0].data["left_out"]


def test_worst_and_best_pairs_are_shown_with_their_errors(tmp_path: Path) -> None:
    kitti_2015(tmp_path)
    found = score("kitti_flow_2015", baseline("kitti_flow_2015", "zero"), tmp_path, tmp_path)
    assert [title.split(":")[0] for title, _ in found.pictures] == ["worst pair 000000_10, 100.00 px", "best pair 000001_10, 2.00 px"]


def test_error_maps_are_black_where_right_white_where_very_wrong_and_blue_where_unknown() -> None:
    shown = error_map(np.array([[0.0, 10, 50, 3]]), np.array([[True, True, True, False]]))
    assert shown[0].tolist() == [[0, 0, 0], [255, 255, 255], [255, 255, 255], [20, 24, 60]]


def test_frames_of_a_sequence_pair_by_number_and_not_by_place(tmp_path: Path) -> None:
    """Frame 3 is missing: the pair of frames 0 and 5 stays what it is."""
    folder = tmp_path / "7scenes/redkitchen/seq-01"
    folder.mkdir(parents=True)
    for number in (0, 1, 2, 4, 5, 6, 10):
        save(folder / f"frame-{number:06d}.color.png", np.full((48, 64, 3), number, np.uint8))
        Image.fromarray(np.full((48, 64), 2000, np.uint16)).save(folder / f"frame-{number:06d}.depth.png")
        np.savetxt(folder / f"frame-{number:06d}.pose.txt", np.eye(4))
    pairs = SevenScenesPairs(tmp_path)
    assert pairs.names == ["frame-000000", "frame-000005"]
    assert [int(pairs.pictures(1)[key][0, 0, 0]) for key in ("rgb", "rgb_next")] == [5, 10]


def test_kitti_submissions_hold_every_pair_and_refuse_what_the_format_cannot_hold() -> None:
    assert list(YEAR_2015.entries)[-1] == "flow/000199_10.png"
    assert list(YEAR_2012.entries)[-1] == "000194_10.png"
    flow, known = kitti.decode_flow(YEAR_2015.encode(flow_of(1.25, -300), 1.0))
    assert known.all()
    assert flow[0, 0].tolist() == [1.25, -300]
    with pytest.raises(Unusable, match="24 pixels that move"):
        YEAR_2015.encode(flow_of(600, 0), 1.0)
    with pytest.raises(Unusable, match="without a flow"):
        YEAR_2015.encode(flow_of(np.nan, 0), 1.0)
