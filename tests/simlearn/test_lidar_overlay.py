"""Scans on photographs: edge points by hand, a number that falls when a projection is wrong, and KITTI's own frames."""

from __future__ import annotations

import numpy as np
import pytest

from simlearn.datasets.kitti import KittiObject
from simlearn.datasets.root import data_root
from simlearn.lidar_overlay import DIM, agreement, brightness_ranks, edge_points, overlay, write

CALIBRATION = {
    "P2": np.array([[200.0, 0, 100, 0], [0, 200, 50, 0], [0, 0, 1, 0]]),
    "R0_rect": np.eye(3),
    "Tr_velo_to_cam": np.array([[0.0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0]]),
}


def turn(distances: np.ndarray, degrees: np.ndarray, up: float = 0.0) -> np.ndarray:
    """One laser's points at given distances and directions, to the left being positive."""
    around = np.radians(degrees)
    level, lift = np.cos(np.radians(up)), np.sin(np.radians(up))
    return distances[:, None] * np.stack([level * np.cos(around), level * np.sin(around), np.full(len(around), lift)], axis=1)


def test_the_nearer_neighbour_of_a_jump_is_an_edge_point():
    points = turn(np.array([10.0, 10, 5, 5, 5.5, 20]), np.arange(0, -1.2, -0.2))
    assert edge_points(points).tolist() == [False, False, True, False, True, False]


def test_points_of_different_turns_are_no_neighbours():
    points = np.concatenate([turn(np.array([10.0]), np.array([-20.0])), turn(np.array([5.0]), np.array([20.0]))])
    assert not edge_points(points).any()
    points = np.concatenate([turn(np.array([10.0]), np.array([0.0])), turn(np.array([5.0]), np.array([0.0]), up=2)])
    assert not edge_points(points).any()


def pole() -> tuple[np.ndarray, np.ndarray]:
    """A photograph [100, 200] of a bright pole in columns 90 to 109 before a dark wall, in noise, and its scan."""
    rgb = np.random.default_rng(0).integers(40, 60, (100, 200, 3)).astype(np.uint8)
    rgb[:, 90:110] += 150
    degrees = np.arange(20, -20, -0.1)
    columns = 100 - 200 * np.tan(np.radians(degrees))
    distances = np.where((columns > 90) & (columns < 110), 5.0, 20.0)
    return rgb, np.concatenate([turn(distances, degrees, up) for up in np.linspace(10, -10, 20)])


def test_agreement_is_best_in_place_and_falls_when_moved_or_turned():
    rgb, scan = pole()
    ranks = brightness_ranks(rgb)
    assert agreement(ranks, scan, CALIBRATION) > 0.95
    for shift in (-8, 8):
        assert agreement(ranks, scan, CALIBRATION, shift_px=(shift, 0)) < 0.8
    assert agreement(ranks, scan, CALIBRATION, turn_deg=2.0) < 0.8
    assert agreement(ranks, scan, CALIBRATION, shift_px=(0, 5)) > 0.95  # along the pole nothing changes


def test_an_overlay_dims_the_photograph_and_draws_every_point_3_pixels_wide():
    rgb, depth = np.full((20, 30, 3), 200, np.uint8), np.full((20, 30), np.inf, np.float32)
    depth[10, 10], depth[5, 20] = 2.0, 50.0
    drawn = overlay(rgb, depth)
    plain = (drawn == round(200 * DIM)).all(axis=-1)
    assert plain.sum() == 20 * 30 - 2 * 9
    assert not plain[9:12, 9:12].any()
    assert drawn[10, 10, 0] > drawn[10, 10, 2]  # near is red
    assert drawn[5, 20, 0] <= drawn[10, 10, 0]


@pytest.mark.realdata
def test_kittis_own_frames_agree_with_the_edges_of_their_photographs(tmp_path, capsys):
    """Measured: a frame in place scores 0.71 on average, 8 px off 0.61 and 0.64, turned by 1 degree 0.60; the closest call is 0.02."""
    data = KittiObject(data_root())
    scores = write(data, tmp_path)
    assert list(scores) == data.names
    assert "mean of" in capsys.readouterr().out
    for name, found in scores.items():
        others = [found[place] for place in ("-16 px", "-8 px", "8 px", "16 px", "1 deg", "-1 deg")]
        assert found["0 px"] > max(others), name
        assert found["0 px"] > np.mean(others) + 0.03, name
        assert (tmp_path / f"{name}.png").stat().st_size > 100_000
