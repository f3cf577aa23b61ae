"""Normals derived from depth on planes and a sphere, and the angles of predictions, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny_world
from PIL import Image
from test_scenenet_suncg_readers import write_scenenet
from tiny_indoor import write_seven_scenes

from scenes.errors import UserError
from simlearn.benchmarks import BENCHMARKS
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.normals import STEP_DEG, by_steps, pooled_median
from simlearn.benchmarks.normals_from_depth import PlaneFit, normals_from_depth
from simlearn.benchmarks.predictions import Predictor
from simlearn.colorize import colorize
from simlearn.datasets.root import data_root
from simlearn.datasets.synthetic import SyntheticDataset
from simlearn.formats.image import encode_png

SCENES, SCENENET = "seven_scenes_normals_predictions", "scenenet_normals_predictions"
SHAPE = (90, 120)
K = np.array([[150.0, 0, 60], [0, 150, 45], [0, 0, 1]])
FIT = PlaneFit(window_px=5, maximum_m=10.0)


def rays(shape: tuple[int, int] = SHAPE) -> np.ndarray:
    v, u = np.mgrid[: shape[0], : shape[1]] + 0.5
    return np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], np.ones(shape)], axis=-1)


def plane(normal: tuple[float, float, float], ahead_m: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """(depth, unit normal) of a plane through (0, 0, ahead_m)."""
    unit = np.asarray(normal) / np.linalg.norm(normal)
    return unit[2] * ahead_m / (rays() @ unit), unit


def score(name: str, predictor: Predictor, root: Path | None, work: Path, **options: bool) -> Evaluation:
    found: Evaluation = BENCHMARKS[name].score(predictor, Request(root=root, work=work, say=[].append, **options))
    return found


def values(found: Evaluation) -> dict[str, float]:
    return {row.metric: row.value for row in found.rows}


def baseline(name: str, which: str) -> Predictor:
    return Predictor.of_baseline(which, BENCHMARKS[name].BASELINES)


def files(folder: Path) -> Predictor:
    return Predictor.of_files(folder, BENCHMARKS[SCENES].READERS)


def save(folder: Path, normals: np.ndarray, number: int = 0) -> Predictor:
    folder.mkdir(exist_ok=True)
    np.save(folder / f"frame-{number:06d}.npy", normals.astype(np.float32))
    return files(folder)


# the truth


@pytest.mark.parametrize("normal", [(0, 0, -1), (0.5, 0, -1), (0, -1, -0.6), (-0.7, 0.4, -0.8)])
def test_a_plane_has_its_normal_everywhere(normal):
    depth, unit = plane(normal, 3.0)
    found, known = normals_from_depth(depth.astype(np.float32), K, FIT)
    shown = (depth > 0) & (depth < 10)
    assert known[5:-5, 5:-5].sum() >= 0.9 * shown[5:-5, 5:-5].sum()
    assert np.degrees(np.arccos(np.clip(found[known] @ unit, -1, 1))).max() < 0.05  # float32 of the depth; measured 0.01
    assert (found[known] * rays()[known]).sum(-1).max() < 0  # towards the camera


def test_a_sphere_has_the_normals_of_its_radii():
    centre, radius = np.array([0.0, 0, 4]), 1.0
    r = rays()
    along = (r @ centre) / (r**2).sum(-1)
    gap = along**2 - (centre @ centre - radius**2) / (r**2).sum(-1)
    depth = np.where(gap > 0, along - np.sqrt(np.maximum(gap, 0)), np.inf)
    found, known = normals_from_depth(depth.astype(np.float32), K, PlaneFit(window_px=3, maximum_m=10.0))
    points = r[known] * depth[known][:, None]
    assert known.sum() > 0.7 * (gap > 0).sum()
    angles = np.degrees(np.arccos(np.clip(((points - centre) / radius * found[known]).sum(-1), -1, 1)))
    assert np.median(angles) < 0.5


def test_derived_normals_are_those_that_a_renderer_gives(tmp_path):
    """Balls on a floor under the sky, ray-cast: code that shares nothing with the fit, frames and signs included.

    Measured: 0.4 % of pixels, where balls touch the floor, are more than 10 degrees off.
    """
    tiny_world.make(tmp_path / "balls", width=160, height=120, frames=1, scenes=1)
    data = SyntheticDataset(tmp_path / "balls", labels=("depth", "normal", "valid"))
    sample = {name: np.asarray(value) for name, value in data[0].items() if hasattr(value, "shape")}
    found, known = normals_from_depth(sample["depth"], sample["K"], PlaneFit(window_px=3, maximum_m=20.0))
    assert known.sum() > 0.7 * sample["valid"].sum()
    assert sample["valid"][known].all()
    angles = np.degrees(np.arccos(np.clip((found * sample["normal"].transpose(1, 2, 0)).sum(-1)[known], -1, 1)))
    assert np.median(angles) < 0.1
    assert (angles > 10).mean() < 0.02


def test_steps_holes_and_what_is_far_have_no_normal():
    depth = np.full(SHAPE, 2.0, np.float32)
    depth[:, 60:] = 3
    depth[40:50, 20:30] = 0
    depth[:10] = 20
    _, known = normals_from_depth(depth, K, FIT)
    assert not known[20:, 58:62].any()
    assert known[55:-2, 56].all()
    assert known[55:-2, 63].all()
    assert not known[40:50, 20:30].any()
    assert not known[:10].any()
    assert not known[20, 0]  # 3 of 5 columns
    assert known[20, 1]  # 4 of 5


def test_a_line_of_pixels_has_no_plane():
    depth = np.zeros(SHAPE, np.float32)
    depth[45] = 2
    _, known = normals_from_depth(depth, K, PlaneFit(window_px=5, maximum_m=10.0, least_known=0.1))
    assert not known.any()


def test_windows_without_a_centre_are_refused():
    for side in (1, 4):
        with pytest.raises(UserError, match="odd number from 3 on"):
            PlaneFit(window_px=side, maximum_m=4.0)


# the angles


def slanted(tmp_path: Path) -> np.ndarray:
    """Two frames of 7-Scenes: a plane 45 degrees from the camera's axis, and one that faces it. Gives the first one's normal."""
    depth, unit = plane((1, 0, -1))
    write_seven_scenes(tmp_path, [depth, np.full(SHAPE, 2.0)], focal_px=150.0)
    return unit


def test_truth_has_no_error_and_towards_the_camera_has_the_planes_angle(tmp_path):
    slanted(tmp_path)
    truth = values(score(SCENES, baseline(SCENES, "truth"), tmp_path, tmp_path))
    assert truth["normal_mean"] == pytest.approx(0, abs=1e-5)
    assert truth["normal_median"] == 0
    assert truth["normal_below_5"] == truth["normal_below_30"] == 100
    found = score(SCENES, baseline(SCENES, "constant"), tmp_path, tmp_path)
    constant = values(found)
    sloped, flat = (round(found.per_item["normal_mean"]["denominator"][k]) for k in (0, 1))
    share = sloped / (sloped + flat)
    assert constant["normal_mean"] == pytest.approx(45 * share, rel=2e-3)  # depth is stored in millimetres
    assert constant["normal_rmse"] == pytest.approx(45 * share**0.5, rel=2e-3)
    assert constant["normal_below_30"] == pytest.approx(100 * (1 - share), rel=1e-3)
    assert constant["normal_mean_per_image"] == pytest.approx(22.5, abs=0.05)
    assert constant["normal_median_per_image"] == pytest.approx(22.5, abs=0.05)
    assert [row.low is not None for row in found.rows if row.metric == "normal_rmse"] == [True]


def test_mean_and_random_are_where_they_must_be(tmp_path):
    write_seven_scenes(tmp_path, [np.full(SHAPE, 2.0)], focal_px=150.0)
    assert values(score(SCENES, baseline(SCENES, "mean"), tmp_path, tmp_path))["normal_mean"] == pytest.approx(0, abs=0.01)
    random = values(score(SCENES, baseline(SCENES, "random"), tmp_path, tmp_path))
    assert random["normal_mean"] == pytest.approx(180 / np.pi, abs=1)  # over a half sphere the mean angle to its pole is 1 rad
    assert random["normal_median"] == pytest.approx(60, abs=1)
    assert random["normal_below_30"] == pytest.approx(100 * (1 - np.cos(np.radians(30))), abs=1)


def test_lengths_do_not_matter_and_directions_are_not_turned_round(tmp_path):
    unit = slanted(tmp_path)
    everywhere = np.broadcast_to(unit, (*SHAPE, 3))
    save(tmp_path / "long", 7 * everywhere)
    save(tmp_path / "away", -everywhere)
    found = {kind: score(SCENES, files(tmp_path / kind), tmp_path, tmp_path) for kind in ("long", "away")}
    assert values(found["long"])["normal_mean"] == pytest.approx(0, abs=0.1)
    assert values(found["away"])["normal_mean"] == pytest.approx(180, abs=0.1)
    assert found["long"].rows[0].data["scored"] == "1 of 2"


def test_pngs_are_coloured_as_normals_are(tmp_path):
    unit = slanted(tmp_path)
    everywhere = np.broadcast_to(unit, (*SHAPE, 3)).astype(np.float32)
    (tmp_path / "png").mkdir()
    Image.fromarray(colorize("normal", everywhere)).save(tmp_path / "png" / "frame-000000.png")
    deep = np.rint((everywhere * (1, -1, -1) + 1) / 2 * 65535).astype(np.uint16)
    (tmp_path / "png" / "frame-000001.png").write_bytes(encode_png(deep))
    found = score(SCENES, files(tmp_path / "png"), tmp_path, tmp_path).per_item["normal_mean_per_image"]["numerator"]
    assert found[0] < 0.6  # 8 bits
    assert found[1] == pytest.approx(45, abs=0.01)


def test_other_sizes_are_resized_and_normalised(tmp_path):
    unit = slanted(tmp_path)
    coarse = np.broadcast_to(unit, (9, 12, 3))
    assert values(score(SCENES, save(tmp_path / "coarse", 3 * coarse), tmp_path, tmp_path))["normal_mean"] == pytest.approx(0, abs=0.1)
    halves = np.zeros((1, 2, 3))
    halves[0, 0], halves[0, 1] = (100, 0, -100), (0, 0, -1)  # of different lengths: they weigh the same
    folder = tmp_path / "halves"
    folder.mkdir()
    np.save(folder / "frame-000001.npy", halves.astype(np.float32))
    middle = values(score(SCENES, files(folder), tmp_path, tmp_path))
    assert middle["normal_mean"] == pytest.approx(22.5, abs=0.5)


def test_the_pooled_median_is_that_of_all_pixels():
    angles = np.array([0.0, 0, 10.004, 20, 30, 40, 180])
    assert pooled_median(by_steps(angles)) == pytest.approx(20, abs=STEP_DEG)
    assert pooled_median(by_steps(angles[:3])) == 0
    assert pooled_median(by_steps(angles[2:3])) == pytest.approx(10.005)


def test_what_cannot_be_measured_is_named(tmp_path):
    flat = np.full(SHAPE, 2.0)
    write_seven_scenes(tmp_path, [flat, flat, flat, np.zeros(SHAPE), flat, flat], focal_px=150.0)
    good = np.broadcast_to((0.0, 0, -1), (*SHAPE, 3))
    folder = tmp_path / "mine"
    for number, normals in enumerate((good, np.full_like(good, np.nan), np.zeros_like(good), good, good[..., :2])):
        save(folder, normals, number)
    found = score(SCENES, files(folder), tmp_path, tmp_path)
    assert found.rows[0].data["scored"] == "1 of 6"
    left_out = found.rows[0].data["left_out"]
    for number, why in enumerate(
        ("are not finite", "of length 0", "no pixel whose normal is known", "instead of float", "no file"), start=1
    ):
        assert why in left_out.split(f"frame-{number:06d} (")[1].split("), ")[0]
    with pytest.raises(UserError, match="--strict"):
        score(SCENES, files(folder), tmp_path, tmp_path, strict=True)


def test_scenenets_depth_gives_normals(tmp_path):
    """All points 2 m away, along rays: a sphere around the camera, whose normals point back along the rays."""
    write_scenenet(tmp_path)
    assert values(score(SCENENET, baseline(SCENENET, "truth"), tmp_path, tmp_path))["normal_mean"] == pytest.approx(0, abs=1e-5)
    constant = values(score(SCENENET, baseline(SCENENET, "constant"), tmp_path, tmp_path))
    across, down = np.meshgrid((np.arange(320) + 0.5 - 160) / 277.1281292, (np.arange(240) + 0.5 - 120) / 289.7056275)
    assert constant["normal_mean"] == pytest.approx(np.degrees(np.arctan(np.hypot(across, down))).mean(), rel=0.03)


@pytest.mark.realdata
def test_real_frames_have_normals_that_two_windows_agree_on(tmp_path):
    """Windows of 15 and 21 pixels: measured medians of 2.5 to 2.7 degrees; the sensor's noise is in both."""
    truth = score(SCENES, baseline(SCENES, "truth"), data_root(), tmp_path, quick=True)
    assert truth.rows[0].n == 11
    assert values(truth)["normal_mean"] == pytest.approx(0, abs=1e-5)
    benchmark = BENCHMARKS[SCENES]
    sample = benchmark.open(data_root())[0]
    large, known = benchmark.truth(sample)
    small, also = normals_from_depth(sample["depth"], sample["K"], PlaneFit(window_px=15, maximum_m=4.0))
    both = known & also
    assert known.mean() > 0.5
    assert np.median(np.degrees(np.arccos(np.clip((large[both] * small[both]).sum(-1), -1, 1)))) < 4
