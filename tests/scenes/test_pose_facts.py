"""Facts of the pose functions, and of the motions built on them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from scenes import geometry, trajectories
from scenes.scene import Trajectory

coordinate = st.floats(-5, 5, allow_nan=False)
points = st.tuples(coordinate, coordinate, coordinate).map(np.array)
angles = st.floats(-3.0, 3.0, allow_nan=False)


@st.composite
def rotations(draw: st.DrawFn) -> np.ndarray:
    """Rotation matrices, made by scipy, independently of the project."""
    vector = np.array([draw(angles) for _ in range(3)])
    return Rotation.from_rotvec(vector).as_matrix()


@given(rotations())
def test_quaternions_agree_with_scipy_and_return(rotation: np.ndarray) -> None:
    q = geometry.quaternion_from_rotation(rotation)
    x, y, z, w = Rotation.from_matrix(rotation).as_quat()
    assert abs(abs(q @ (w, x, y, z)) - 1) < 1e-9
    assert q[0] >= 0
    np.testing.assert_allclose(geometry.rotation_from_quaternion(q), rotation, atol=1e-9)


@given(points, points, angles)
def test_look_at_puts_the_target_on_the_optical_axis(eye: np.ndarray, target: np.ndarray, roll: float) -> None:
    distance = np.linalg.norm(target - eye)
    if distance < 1e-3:
        return
    pose = geometry.look_at(eye, target, roll)
    np.testing.assert_allclose(pose[:3, :3].T @ pose[:3, :3], np.eye(3), atol=1e-9)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)
    seen = geometry.transform(geometry.invert(pose), target)
    np.testing.assert_allclose(seen, np.array([0, 0, distance]), atol=1e-8)


@given(points, points)
def test_look_at_without_roll_is_upright(eye: np.ndarray, target: np.ndarray) -> None:
    if np.linalg.norm((target - eye)[:2]) < 1e-2:
        return
    pose = geometry.look_at(eye, target)
    assert pose[2, 0] == pytest.approx(0.0, abs=1e-9)  # the image's horizontal is horizontal
    assert pose[2, 1] < 0  # its down points down


def test_positive_roll_turns_the_picture_counter_clockwise() -> None:
    eye, ahead = np.zeros(3), np.array([0.0, 1.0, 0.0])
    beside = np.array([0.1, 1.0, 0.0])  # to the right of the axis
    upright = geometry.transform(geometry.invert(geometry.look_at(eye, ahead)), beside)
    rolled = geometry.transform(geometry.invert(geometry.look_at(eye, ahead, 0.2)), beside)
    assert upright[0] > 0
    assert upright[1] == pytest.approx(0)
    assert rolled[1] < -0.01  # the camera turned clockwise, so the world turned the other way: up in the picture


@given(rotations(), rotations(), points, points, st.floats(0, 1))
def test_interpolation_covers_its_share_of_the_way(r1: np.ndarray, r2: np.ndarray, a: np.ndarray, b: np.ndarray, share: float) -> None:
    first, second = geometry.compose(r1, a), geometry.compose(r2, b)
    between = geometry.interpolate(first, second, share)
    whole = Rotation.from_matrix(r1.T @ r2).magnitude()
    if whole < 3.1:  # near half a turn the way is ambiguous
        assert Rotation.from_matrix(r1.T @ between[:3, :3]).magnitude() == pytest.approx(share * whole, abs=1e-6)
    np.testing.assert_allclose(between[:3, 3], a + share * (b - a), atol=1e-9)


@given(rotations(), points, points)
def test_invert_undoes_transform(rotation: np.ndarray, shift: np.ndarray, point: np.ndarray) -> None:
    pose = geometry.compose(rotation, shift)
    np.testing.assert_allclose(geometry.transform(geometry.invert(pose), geometry.transform(pose, point)), point, atol=1e-9)


def test_a_trajectory_is_exact_at_frames_and_bounded() -> None:
    poses = np.stack([geometry.compose(geometry.rotation_z(0.3 * k), (k, 0.1 * k, 0)) for k in range(6)])
    motion = Trajectory(poses)
    for k in range(6):
        assert np.array_equal(motion.at(k - 1), poses[k])
    np.testing.assert_allclose(motion.at(0.5), geometry.compose(geometry.rotation_z(0.45), (1.5, 0.15, 0)), atol=1e-12)
    with pytest.raises(ValueError, match="outside"):
        motion.at(4.01)


def test_catmull_rom_hits_its_points_and_keeps_straight_lines_straight() -> None:
    rng = np.random.default_rng(0)
    knots = rng.normal(size=(5, 3))
    np.testing.assert_allclose(trajectories.catmull_rom(knots, np.arange(5)), knots, atol=1e-12)
    line = np.arange(4)[:, None] * np.array([[1.0, -2.0]])
    at = np.linspace(0, 3, 13)
    np.testing.assert_allclose(trajectories.catmull_rom(line, at), at[:, None] * (1.0, -2.0), atol=1e-12)


def test_along_curve_moves_by_arc_length() -> None:
    corner = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [2, 1, 0.5]], dtype=float)
    way = trajectories.along_curve(corner, np.arange(20) * 0.1)
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    np.testing.assert_allclose(steps, 0.1, rtol=0.03)  # worst seen 0.8 %: chords, and the table of arc lengths


def test_sway_has_the_stated_size_and_is_smooth() -> None:
    waves = np.stack([trajectories.sway(np.random.default_rng(k), 400, amplitude=0.02, period_frames=15.0) for k in range(20)])
    assert waves.std() == pytest.approx(0.02, rel=0.15)
    assert np.abs(np.diff(waves, axis=1)).max() < 0.04  # white noise of this size jumps by 0.1
