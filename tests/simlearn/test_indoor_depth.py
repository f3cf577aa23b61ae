"""NYU Depth V2 is read as MATLAB wrote it, and depth indoors is measured as metres and after two alignments, by hand."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from test_scenenet_suncg_readers import write_scenenet
from tiny_indoor import write_nyu, write_seven_scenes

from scenes.errors import UserError
from simlearn.benchmarks import BENCHMARKS
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.predictions import Predictor
from simlearn.datasets import DATASETS
from simlearn.datasets.nyu_depth_v2 import NYUDepthV2
from simlearn.datasets.root import data_root

SCENES, SCENENET, NYU = "seven_scenes_depth_predictions", "scenenet_depth_predictions", "nyu_depth_predictions"


def score(name: str, predictor: Predictor, root: Path | None, work: Path, **options: bool) -> Evaluation:
    found: Evaluation = BENCHMARKS[name].score(predictor, Request(root=root, work=work, say=[].append, **options))
    return found


def values(found: Evaluation) -> dict[str, float]:
    return {row.metric: row.value for row in found.rows}


def baseline(name: str, which: str) -> Predictor:
    return Predictor.of_baseline(which, BENCHMARKS[name].BASELINES)


def rooms() -> np.ndarray:
    """Depth [3, 480, 640]: 2 m, and 4 m on the right half, with a hole; the frame's edge, outside the crop, is 9 m."""
    raw = np.full((3, 480, 640), 2.0)
    raw[:, :, 320:] = 4
    raw[:, 100:110, 100:110] = 0
    raw[:, :45] = raw[:, 471:] = raw[:, :, :41] = raw[:, :, 601:] = 9
    return raw


def two_depths(shape: tuple[int, int] = (48, 64)) -> np.ndarray:
    depth = np.full(shape, 2.0)
    depth[:, shape[1] // 2 :] = 4
    return depth


# the reader


def test_nyu_is_turned_from_matlabs_order_and_the_lists_count_from_1(tmp_path):
    raw = rooms()
    raw[2, 7, 11] = 3.5
    write_nyu(tmp_path, raw, tests=(3, 2))
    data = NYUDepthV2(tmp_path, "test")
    assert data.names == ["00002", "00001"]
    sample = data[0]
    assert sample["rgb"].shape == (480, 640, 3)
    assert sample["rgb"][5, 300].tolist() == [20, 200, 0]
    assert sample["depth"][7, 11] == 3.5
    assert sample["depth"][105, 105] == np.inf
    assert not sample["valid"][105, 105]
    assert sample["depth_filled"][105, 105] == 1
    assert (sample["depth"].dtype, sample["depth"].shape) == (np.float32, (480, 640))
    np.testing.assert_allclose(sample["K"][:2, 2], [325.08244941, 253.23616633])
    assert len(NYUDepthV2(tmp_path, "train")) == 1
    finding = DATASETS["nyu_depth_v2"].found(tmp_path)
    assert finding.present
    assert "1 pictures of train, 2 pictures of test" in str(finding)
    assert len(data.fingerprint()) == 16


def test_what_nyu_lacks_is_said(tmp_path):
    assert "SIMLEARN_DATA" in str(DATASETS["nyu_depth_v2"].found(tmp_path))
    folder = write_nyu(tmp_path, rooms()[:1], tests=(1, 2), trains=())
    with pytest.raises(UserError, match=r"names pictures that nyu_depth_v2_labeled\.mat lacks, which has 1"):
        NYUDepthV2(tmp_path, "test")
    with pytest.raises(UserError, match="known are train, test"):
        NYUDepthV2(tmp_path, "val")
    whole = (folder / "nyu_depth_v2_labeled.mat").read_bytes()
    (folder / "nyu_depth_v2_labeled.mat").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="cut short"):
        NYUDepthV2(tmp_path, "test")
    (folder / "nyu_depth_v2_labeled.mat").write_bytes(whole)
    with h5py.File(folder / "nyu_depth_v2_labeled.mat", "r+") as file:
        del file["rawDepths"]
    with pytest.raises(UserError, match="lacks rawDepths"):
        NYUDepthV2(tmp_path, "test")
    (folder / "splits.mat").write_bytes(b"no lists")
    with pytest.raises(UserError, match=r"get splits\.mat again"):
        NYUDepthV2(tmp_path, "test")


# the benchmarks


def test_nyu_counts_raw_depth_inside_the_crop_only(tmp_path):
    write_nyu(tmp_path, rooms())
    found = values(score(NYU, baseline(NYU, "truth"), tmp_path, tmp_path))
    assert found["abs_rel"] == found["rmse"] == 0
    assert found["delta1"] == found["delta1_aligned"] == found["delta1_aligned_disparity"] == 1
    found = values(score(NYU, baseline(NYU, "constant"), tmp_path, tmp_path))
    near, far = 426 * 279 - 100, 426 * 281
    assert found["abs_rel"] == pytest.approx((near * 0.5 / 2 + far * 1.5 / 4) / (near + far))
    assert found["delta1"] == 0
    assert found["delta2"] == pytest.approx(near / (near + far))  # 2.5 / 2 is 1.25, not below it


def test_constant_and_mean_are_where_they_must_be(tmp_path):
    write_seven_scenes(tmp_path, [two_depths(), two_depths()])
    constant = values(score(SCENES, baseline(SCENES, "constant"), tmp_path, tmp_path))
    assert constant["abs_rel"] == pytest.approx((0.5 / 2 + 1.5 / 4) / 2)
    assert constant["rmse"] == pytest.approx(np.sqrt((0.25 + 2.25) / 2))
    assert constant["log10"] == pytest.approx((np.log10(1.25) + np.log10(1.6)) / 2)
    mean = values(score(SCENES, baseline(SCENES, "mean"), tmp_path, tmp_path))
    assert mean["rmse"] == pytest.approx(1)
    assert mean["abs_rel"] == pytest.approx((1 / 2 + 1 / 4) / 2)
    for found in (constant, mean):  # the best constant depth is 3 m, the best constant disparity 3/8, which is 2.67 m
        assert found["rmse_aligned"] == pytest.approx(1)
        assert found["abs_rel_aligned_disparity"] == pytest.approx((1 / 3 + 1 / 3) / 2)
    assert values(score(SCENES, baseline(SCENES, "random"), tmp_path, tmp_path))["abs_rel"] > 0.8


def test_scale_and_shift_of_depth_and_of_disparity_are_different_things(tmp_path):
    truth = two_depths()
    truth[:20] = 8  # three depths, so that no line through two explains all
    write_seven_scenes(tmp_path, [truth])
    guesses = {"depth": 3 * truth + 1, "inverse": 1 / (0.5 / truth + 0.1)}
    found = {}
    for kind, guess in guesses.items():
        (tmp_path / kind).mkdir()
        np.save(tmp_path / kind / "frame-000000.npy", guess.astype(np.float32))
        found[kind] = values(score(SCENES, Predictor.of_files(tmp_path / kind, BENCHMARKS[SCENES].READERS), tmp_path, tmp_path))
    assert found["depth"]["abs_rel_aligned"] == pytest.approx(0, abs=1e-6)
    assert found["depth"]["abs_rel_aligned_disparity"] > 0.01
    assert found["depth"]["abs_rel"] > 1
    assert found["inverse"]["abs_rel_aligned_disparity"] == pytest.approx(0, abs=1e-6)
    assert found["inverse"]["abs_rel_aligned"] > 0.01


def test_a_disparity_has_no_metres(tmp_path):
    truth = two_depths()
    write_seven_scenes(tmp_path, [truth, truth])
    disparity = 7 / truth - 1
    np.save(tmp_path / "disps.npy", np.stack([disparity, disparity]).astype(np.float32))
    found = score(SCENES, Predictor.of_files(tmp_path / "disps.npy", BENCHMARKS[SCENES].READERS), tmp_path, tmp_path)
    assert {row.metric for row in found.rows} == {
        f"{name}_aligned_disparity" for name in ("abs_rel", "rmse", "log10", "delta1", "delta2", "delta3")
    }
    assert values(found)["rmse_aligned_disparity"] == pytest.approx(0, abs=1e-5)
    assert found.pictures[0][1].ndim == 3


def test_beyond_10_m_and_unmeasured_pixels_do_not_count(tmp_path):
    truth = two_depths()
    truth[0], truth[1] = 12, 0
    write_seven_scenes(tmp_path, [truth])
    guess = two_depths()
    guess[:2] = np.nan
    (tmp_path / "mine").mkdir()
    np.save(tmp_path / "mine" / "frame-000000.npy", guess.astype(np.float32))
    found = score(SCENES, Predictor.of_files(tmp_path / "mine", BENCHMARKS[SCENES].READERS), tmp_path, tmp_path)
    assert values(found)["rmse"] == 0


def test_what_cannot_be_measured_is_named(tmp_path):
    truth = two_depths()
    write_seven_scenes(tmp_path, [truth, truth, np.full_like(truth, 20.0), truth])
    mine = tmp_path / "mine"
    mine.mkdir()
    for number in (0, 2):
        np.save(mine / f"frame-{number:06d}.npy", truth.astype(np.float32))
    np.save(mine / "frame-000003.npy", np.full_like(truth, np.nan, dtype=np.float32))
    files = Predictor.of_files(mine, BENCHMARKS[SCENES].READERS)
    found = score(SCENES, files, tmp_path, tmp_path)
    assert found.rows[0].data["scored"] == "1 of 4"
    left_out = found.rows[0].data["left_out"]
    assert "frame-000001 (no file" in left_out
    assert "frame-000002 (has no pixel of known depth" in left_out
    assert "frame-000003" in left_out
    assert "not finite" in left_out
    with pytest.raises(UserError, match="--strict"):
        score(SCENES, files, tmp_path, tmp_path, strict=True)


def test_scenenet_is_measured_along_z(tmp_path):
    write_scenenet(tmp_path)
    truth = score(SCENENET, baseline(SCENENET, "truth"), tmp_path, tmp_path)
    assert values(truth)["rmse"] == 0
    assert truth.rows[0].n == 1
    constant = values(score(SCENENET, baseline(SCENENET, "constant"), tmp_path, tmp_path))
    assert constant["rmse"] > 0.5  # 2.5 m against 2 m along the ray, which is less along z


@pytest.mark.realdata
def test_real_frames_are_measured(tmp_path):
    truth = score(SCENES, baseline(SCENES, "truth"), data_root(), tmp_path, quick=True)
    assert truth.rows[0].n == 11
    assert values(truth)["rmse"] == 0
    assert values(truth)["rmse_aligned"] == pytest.approx(0, abs=1e-9)
    mean = values(score(SCENES, baseline(SCENES, "mean"), data_root(), tmp_path, quick=True))
    assert 0.1 < mean["abs_rel"] < 1
    assert mean["rmse"] == pytest.approx(mean["rmse_aligned"], rel=1e-3)
