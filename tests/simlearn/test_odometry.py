"""Paths against paths: answers worked out by hand on a straight road, alignments undone, and files as others write them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from scenes.errors import UserError
from simlearn.benchmarks.kitti_odometry import NONE, SEVEN, measure, read_trajectory
from simlearn.benchmarks.odometry import LENGTHS_M, Trajectory, align, ate, drift, from_first, rpe, snippet_errors, umeyama
from simlearn.benchmarks.predictions import Unusable
from simlearn.datasets.kitti_odometry import read_poses
from simlearn.datasets.root import data_root
from simlearn.evaluate import evaluate


def straight(count=1001, step=1.0, yaw=0.0):
    """Along the camera's z, a frame every `step` metres, turned by `yaw` radians more in each without leaving the line."""
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, :3] = Rotation.from_rotvec(np.outer(yaw * np.arange(count), [0, 1, 0])).as_matrix()
    poses[:, 2, 3] = step * np.arange(count)
    return poses


def winding(count=400):
    """A path in space with turns about all axes."""
    t = np.linspace(0, 6, count)
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, :3] = Rotation.from_euler("yxz", np.stack([np.sin(t), 0.1 * t, 0.05 * np.cos(t)], axis=1)).as_matrix()
    poses[:, :3, 3] = np.stack([30 * np.sin(t), 2 * np.cos(t), 40 * t], axis=1)
    return poses


def stretches():
    """(length, begins) on the straight road: a stretch of L metres ends at the first frame beyond L, which is at L + 1."""
    return [(length, len([s for s in range(0, 1001, 10) if s + length + 1 <= 1000])) for length in LENGTHS_M]


def test_drift_of_a_scaled_path_counts_the_frame_beyond_each_length():
    truth = straight()
    found = drift(truth, np.arange(1001), straight(step=1.1))
    counts = stretches()
    expected = sum(count * 0.1 * (length + 1) / length for length, count in counts) / sum(count for _, count in counts)
    assert len(found.translation) == sum(count for _, count in counts)
    assert found.t_rel == pytest.approx(100 * expected, rel=1e-9)
    assert found.r_rel == pytest.approx(0, abs=1e-5)


def test_drift_of_a_turning_camera():
    """A thousandth of a radian a metre, 5.7 degrees in 100 metres; the end lies where it should, seen from a turned camera or not."""
    found = drift(straight(), np.arange(1001), straight(yaw=1e-3))
    counts = stretches()
    expected = sum(count * 1e-3 * (length + 1) / length for length, count in counts) / sum(count for _, count in counts)
    assert found.r_rel == pytest.approx(100 * math.degrees(expected), rel=1e-6)


def test_lengths_are_pooled_not_averaged():
    """A circle of 1 km for a straight road errs the more the longer: the mean of the lengths' means would be another number."""
    truth, bent = straight(), straight(yaw=1e-3)
    bent[:, 0, 3], bent[:, 2, 3] = 1000 * (1 - np.cos(np.arange(1001) / 1000)), 1000 * np.sin(np.arange(1001) / 1000)
    found = drift(truth, np.arange(1001), bent)
    per_length, start = [], 0
    order = np.argsort(
        np.concatenate([[length for length in LENGTHS_M if s + length + 1 <= 1000] for s in range(0, 1001, 10)]), kind="stable"
    )
    for _, count in stretches():
        per_length.append(found.translation[order[start : start + count]].mean())
        start += count
    assert found.translation.mean() < 0.9 * np.mean(per_length)


def test_alignments_undo_what_they_name_and_no_more():
    truth = winding()
    turn, shift = Rotation.from_euler("xyz", [0.3, -0.2, 0.9]).as_matrix(), np.array([3.0, -1.0, 7.0])
    moved = truth.copy()
    moved[:, :3, :3] = turn @ truth[:, :3, :3]
    moved[:, :3, 3] = truth[:, :3, 3] @ turn.T + shift
    small = moved.copy()
    small[:, :3, 3] *= 0.25
    assert ate(truth, align(truth, moved, "6dof")) < 1e-9
    assert np.abs(align(truth, moved, "6dof") - truth).max() < 1e-9
    assert ate(truth, align(truth, small, "7dof")) < 1e-9
    assert ate(truth, align(truth, small, "6dof")) > 5
    only_scaled = truth.copy()
    only_scaled[:, :3, 3] *= 3
    assert ate(truth, align(truth, only_scaled, "scale")) < 1e-9
    assert align(truth, moved, "none") is moved


def test_umeyama_never_mirrors():
    """A mirrored path is not turned inside out, though that would fit better."""
    points = np.random.default_rng(0).normal(size=(50, 3))
    _, rotation, _ = umeyama(points * [1, 1, -1], points, with_scale=True)
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_where_both_begin_does_not_matter():
    truth = winding()
    elsewhere = np.linalg.inv(truth[7]) @ truth
    whole, estimate = from_first(truth, Trajectory.of(elsewhere))
    assert ate(whole, estimate) < 1e-9


def test_frame_to_frame_and_five_frames_by_hand():
    truth = straight(20)
    assert rpe(truth, straight(20, step=1.5, yaw=math.radians(2)))[1] == pytest.approx(2)
    assert rpe(truth, straight(20, step=1.5))[0] == pytest.approx(0.5)
    # Five frames 0, 1, 2, 3, 4 m away and an estimate that stays: sqrt(0 + 1 + 4 + 9 + 16) / 5, where the root of the mean would be 2.45.
    still = np.tile(np.eye(4), (20, 1, 1))
    assert snippet_errors(truth, still) == pytest.approx(np.full(16, math.sqrt(30) / 5))
    assert snippet_errors(truth, straight(20, step=7.0)) == pytest.approx(np.zeros(16), abs=1e-9)


def write(path, poses, frames=None):
    lines = [" ".join(f"{x:.9e}" for x in pose[:3].ravel()) for pose in poses]
    path.write_text("\n".join(lines if frames is None else [f"{f} {line}" for f, line in zip(frames, lines, strict=True)]) + "\n")


def test_files_with_and_without_frame_numbers(tmp_path):
    poses = winding(30)
    write(tmp_path / "a.txt", poses)
    write(tmp_path / "b.txt", poses[[4, 2, 9]], frames=[4, 2, 9])
    assert np.abs(read_trajectory(tmp_path / "a.txt").poses - poses).max() < 1e-6
    found = read_trajectory(tmp_path / "b.txt")
    assert found.frames.tolist() == [2, 4, 9]
    assert np.abs(found.poses - poses[[2, 4, 9]]).max() < 1e-6
    (tmp_path / "c.txt").write_text("1 2 3\n")
    with pytest.raises(UserError, match="12 numbers a line"):
        read_trajectory(tmp_path / "c.txt")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p: p[:1], "at least two"),
        (lambda p: np.concatenate([p, p[:1]]), "0 to 30, the sequence has 0 to 29"),
        (lambda p: p * np.where(np.arange(30)[:, None, None] == 3, np.nan, 1), "not finite"),
        (lambda p: p * 2, "no rotations"),
        (lambda p: p @ np.diag([1.0, 1.0, -1.0, 1.0]), "no rotations"),
    ],
)
def test_unusable_paths_are_told(spoil, said):
    poses = winding(30)
    with pytest.raises(Unusable, match=said):
        measure(Trajectory.of(poses), Trajectory.of(spoil(poses)))


def test_missing_frames_end_no_stretch():
    truth = straight()
    frames = np.delete(np.arange(1001), 101)  # where the stretch of 100 m from frame 0 ends
    found = drift(truth, frames, truth[frames])
    assert len(found.translation) == sum(count for _, count in stretches()) - 1


@pytest.fixture
def kitti(tmp_path, monkeypatch):
    folder = tmp_path / "kitti" / "odometry" / "poses"
    folder.mkdir(parents=True)
    for name in ("09", "10"):
        write(folder / f"{name}.txt", straight(400))
    monkeypatch.setenv("SIMLEARN_DATA", str(tmp_path))
    return tmp_path


def test_a_folder_of_files_is_scored_and_what_is_missing_is_named(kitti):
    mine = kitti / "mine"
    mine.mkdir()
    write(mine / "10.txt", straight(400, step=0.5))
    rows = evaluate(NONE.name, None, kitti / "r.jsonl", predictions=mine)
    value = {(row.stage, row.metric): row.value for row in rows}
    assert value["all", "rpe_translation"] == pytest.approx(0.5)
    assert value["sequence 10", "ate"] == pytest.approx(0.5 * math.sqrt((np.arange(400.0) ** 2).mean()))
    assert rows[0].data["scored"] == "1 of 2"
    assert "09 (no file 09.txt)" in rows[0].data["left_out"]
    with pytest.raises(UserError, match="--strict"):
        evaluate(NONE.name, None, kitti / "r.jsonl", predictions=mine, strict=True)
    scaled = evaluate(SEVEN.name, None, kitti / "r.jsonl", predictions=mine)
    assert max(row.value for row in scaled if row.metric.startswith(("ate", "t_rel"))) < 1e-6


@pytest.mark.realdata
@pytest.mark.skipif(data_root() is None or not (data_root() / "kitti/odometry/poses").is_dir(), reason="no KITTI poses")
def test_real_paths_against_themselves_and_scaled():
    path = data_root() / "kitti/odometry/poses/00.txt"
    truth = read_poses(path)
    exact = measure(Trajectory.of(truth), Trajectory.of(truth)).values
    assert max(exact[name] for name in ("ate", "t_rel", "rpe_translation", "ate_5_frames")) < 1e-9
    twice = truth.copy()
    twice[:, :3, 3] *= 2
    assert measure(Trajectory.of(truth), Trajectory.of(twice), "scale").values["ate"] < 1e-9
    # Stretches of a winding road are shorter as the crow flies than along it, so that twice the size is less than 100 %.
    assert 60 < measure(Trajectory.of(truth), Trajectory.of(twice)).values["t_rel"] < 100
