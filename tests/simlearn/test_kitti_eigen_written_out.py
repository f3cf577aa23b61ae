"""The five "Eigen" protocols beside their published steps, written out once more with OpenCV and loops, on random scans and predictions."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_kitti_eigen import DAY, DRIVE, HEIGHT, WIDTH, files, kitti, score, values

cv2 = pytest.importorskip("cv2")
TOP, LEFT = HEIGHT - 352, (WIDTH - 1216) // 2


def errors(truth: np.ndarray, guess: np.ndarray) -> dict[str, float]:
    ratio, logs = np.maximum(truth / guess, guess / truth), np.log(guess / truth)
    return {
        "abs_rel": np.mean(np.abs(truth - guess) / truth),
        "sq_rel": np.mean((truth - guess) ** 2 / truth),
        "rmse": np.mean((truth - guess) ** 2) ** 0.5,
        "rmse_log": np.mean(logs**2) ** 0.5,
        "log10": np.mean(np.abs(np.log10(guess) - np.log10(truth))),
        "delta1": np.mean(ratio < 1.25),
        "delta2": np.mean(ratio < 1.25**2),
        "delta3": np.mean(ratio < 1.25**3),
        "silog": 100 * np.std(logs),
        "silog_half": (np.mean(logs**2) - 0.5 * np.mean(logs) ** 2) ** 0.5,
    }


def crop(height: int, width: int, first: float, last: float) -> np.ndarray:
    rows, columns = np.arange(height), np.arange(width)
    inside_rows = (rows >= int(first * height)) & (rows < int(last * height))
    inside_columns = (columns >= int(0.03594771 * width)) & (columns < int(0.96405229 * width))
    return inside_rows[:, None] & inside_columns


def scan_depth(points: np.ndarray) -> np.ndarray:
    """Forward distance at pixel round - 1 of the miniature's camera (f = 100, centre 600, 200, a quarter of a metre before the scanner)."""
    found = defaultdict(list)
    for forward, left, up, _ in points.astype(np.float64):
        if forward < 0:
            continue
        u, v = 100 * -left / (forward - 0.25) + 600, 100 * -up / (forward - 0.25) + 200
        column, row = round(u) - 1, round(v) - 1
        if 0 <= column < WIDTH and 0 <= row < HEIGHT:
            found[row * (WIDTH - 1) + column - 1].append((row, column, forward))
    depth = np.zeros((HEIGHT, WIDTH))
    for same in found.values():  # mostly one pixel; the last of a row and the first of the next one are taken for the same
        for row, column, forward in same:
            depth[row, column] = forward
        depth[same[0][:2]] = min(forward for _, _, forward in same)
    return depth


@pytest.fixture(scope="module")
def random_kitti(tmp_path_factory) -> tuple[Path, list[np.ndarray], list[np.ndarray]]:
    """(root, depths of scans, annotated depths) of two pictures."""
    root, rng = tmp_path_factory.mktemp("kitti"), np.random.default_rng(1)
    kitti(root)
    place = root / "kitti/data_depth_annotated/val" / DRIVE / "proj_depth/groundtruth/image_02"
    scans, truths = [], []
    for number in range(2):
        points = np.stack([rng.uniform(low, high, 8000) for low, high in ((-20, 100), (-60, 60), (-12, 4), (0, 1))], axis=1).astype("<f4")
        points.tofile(root / "kitti/raw" / DAY / DRIVE / "velodyne_points/data" / f"{number:010d}.bin")
        stored = (rng.uniform(0.5, 120, (HEIGHT, WIDTH)) * 256).astype(np.uint16)
        stored[rng.random(stored.shape) < 0.7] = 0
        Image.fromarray(stored).save(place / f"{number:010d}.png")
        scans.append(scan_depth(points))
        truths.append(stored / 256)
    return root, scans, truths


def compare(name: str, root: Path, expected: list[dict[str, float]], tolerance: float) -> None:
    found = values(score(name, files(name, root / "depths.npy" if "metric" in name else root / "disps.npy"), root))
    for metric in expected[0]:
        assert found[metric] == pytest.approx(np.mean([each[metric] for each in expected]), rel=tolerance), metric


def test_a_and_b_resize_disparity_and_scale_by_the_median(random_kitti):
    """Measured: within 2e-5, which is OpenCV's interpolation in float32 beside torch's."""
    root, scans, truths = random_kitti
    disparities = np.random.default_rng(2).uniform(0.01, 0.3, (2, 96, 320)).astype(np.float32)
    np.save(root / "disps.npy", disparities)
    expected: dict[str, list[dict[str, float]]] = {"kitti_eigen": [], "kitti_eigen_benchmark": []}
    for scan, truth, disparity in zip(scans, truths, disparities, strict=True):
        guess = 1 / cv2.resize(disparity, (WIDTH, HEIGHT)).astype(np.float64)
        counted = (scan > 1e-3) & (scan < 80) & crop(HEIGHT, WIDTH, 0.40810811, 0.99189189)
        for name, true, mask in (("kitti_eigen", scan, counted), ("kitti_eigen_benchmark", truth, truth > 0)):
            scaled = guess[mask] * np.median(true[mask]) / np.median(guess[mask])
            expected[name].append(errors(true[mask], np.clip(scaled, 1e-3, 80)))
    for name, each in expected.items():
        compare(name, root, each, 1e-4)


def test_c_and_d_count_inside_the_window(random_kitti):
    root, _, truths = random_kitti
    guesses = np.random.default_rng(3).uniform(1, 100, (2, 352, 1216)).astype(np.float32)
    np.save(root / "depths.npy", guesses)
    metric, aligned = [], []
    for truth, guess in zip((truth[TOP:, LEFT : LEFT + 1216] for truth in truths), guesses.astype(np.float64), strict=True):
        mask = (truth > 1e-3) & (truth < 80) & crop(352, 1216, 0.40810811, 0.99189189)
        metric.append(errors(truth[mask], np.clip(guess, 1e-3, 80)[mask]))
        mask = (truth > 1e-5) & (truth < 80) & crop(352, 1216, 0.3324324, 0.91351351)
        scale, shift = np.polyfit(guess[mask], truth[mask], 1)
        aligned.append(errors(truth[mask], np.clip(scale * guess[mask] + shift, 1e-5, 80)))
    for name, expected in (("kitti_eigen_bts", metric), ("kitti_eigen_marigold", aligned)):
        found = values(score(name, files(name, root / "depths.npy"), root))
        for key in expected[0]:
            assert found[key] == pytest.approx(np.mean([each[key] for each in expected]), rel=1e-9), key


def test_e_resizes_depth_with_corners_aligned_and_clips_nothing(random_kitti):
    root, _, truths = random_kitti
    guesses = np.random.default_rng(4).uniform(1, 100, (2, 96, 320)).astype(np.float32)
    np.save(root / "depths.npy", guesses)
    expected = []
    for truth, guess in zip(truths, guesses, strict=True):
        large = torch.nn.functional.interpolate(torch.from_numpy(guess)[None, None], (HEIGHT, WIDTH), mode="bilinear", align_corners=True)
        mask = (truth >= 1e-3) & (truth <= 80)
        expected.append(errors(truth[mask], large[0, 0].numpy()[mask].astype(np.float64)))
    compare("kitti_eigen_metric", root, expected, 1e-9)
