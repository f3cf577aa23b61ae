"""Exposure time against analytic motion: an edge blurs by its path, a bar leans by its speed."""

import numpy as np
import pytest
import torch

from renderers.sensor.exposure import exposure_plan
from renderers.sensor.model import SensorModel
from scenes.camera import Camera
from scenes.scene import Scene, Trajectory
from scenes.sensor import Sensor

WIDTH, HEIGHT, TIME, SPEED = 80, 40, 5, 24.0


def covered(first: np.ndarray | float) -> np.ndarray:
    """Share of each pixel of a row that lies right of the edge(s) at `first`."""
    return np.clip(np.arange(WIDTH) + 1 - np.asarray(first)[..., None], 0.0, 1.0)


def edge_at(time: float) -> np.ndarray:
    """Everything right of u = 40 + SPEED * (time - TIME) is lit, float64 [H, W]."""
    return np.broadcast_to(covered(40.0 + SPEED * (time - TIME)), (HEIGHT, WIDTH))


def exposed(sensor: Sensor) -> np.ndarray:
    times, weights = exposure_plan(sensor, TIME, HEIGHT)
    return sum(w[:, None] * edge_at(t) for t, w in zip(times, weights, strict=True))


@pytest.mark.parametrize("shutter", [0.0, 0.02, 0.5, 1.0])
@pytest.mark.parametrize("readout", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("count", [2, 7, 16])
def test_rows_are_whole_and_centred_on_their_time(shutter, readout, count):
    sensor = Sensor(shutter=shutter, readout=readout, temporal_samples=count)
    times, weights = exposure_plan(sensor, TIME, HEIGHT)
    np.testing.assert_allclose(weights.sum(0), 1.0, atol=1e-6)
    assert (weights >= 0).all()
    assert weights.any(axis=1).all()
    assert np.abs(times - TIME).max() <= (shutter + readout) / 2
    expected = TIME + readout * ((np.arange(HEIGHT) + 0.5) / HEIGHT - 0.5)
    slack = (shutter + readout) / count / 2 + 1e-9  # an instant stands for its part of the span
    assert np.abs(times @ weights - expected).max() <= slack
    assert (times @ weights).mean() == pytest.approx(TIME, abs=1e-6 if shutter else slack)


def test_an_instantaneous_frame_is_the_frame_itself():
    times, weights = exposure_plan(Sensor(), TIME, HEIGHT)
    assert times.tolist() == [TIME]
    assert (weights == 1).all()


def test_an_odd_number_of_instants_has_the_frame_time_in_the_middle():
    times, _ = exposure_plan(Sensor(shutter=0.6, temporal_samples=9), TIME, HEIGHT)
    assert times[4] == TIME


def test_a_moving_edge_blurs_over_shutter_times_speed():
    shutter = 0.5
    rows = exposed(Sensor(shutter=shutter, temporal_samples=600))
    path = shutter * SPEED
    places = np.linspace(40 - path / 2, 40 + path / 2, 20001)
    np.testing.assert_allclose(rows, np.broadcast_to(covered(places).mean(0), rows.shape), atol=1e-3)
    grey = np.flatnonzero((rows[0] > 1e-6) & (rows[0] < 1 - 1e-6))
    assert (grey[0], grey[-1] + 1) == (40 - path / 2, 40 + path / 2)


def test_a_rolling_shutter_shears_by_readout_times_speed():
    readout = 0.75
    rows = exposed(Sensor(readout=readout, temporal_samples=HEIGHT))
    edges = WIDTH - rows.sum(axis=1)
    expected = 40 + SPEED * readout * ((np.arange(HEIGHT) + 0.5) / HEIGHT - 0.5)
    np.testing.assert_allclose(edges, expected, atol=1e-5)
    assert ((rows > 0) & (rows < 1)).sum(axis=1).max() <= 1  # every row is one instant, without blur


def test_blur_and_shear_together():
    shutter, readout = 0.25, 0.5
    rows = exposed(Sensor(shutter=shutter, readout=readout, temporal_samples=900))
    middle = 40 + SPEED * readout * ((np.arange(HEIGHT) + 0.5) / HEIGHT - 0.5)
    places = middle[:, None] + SPEED * np.linspace(-shutter / 2, shutter / 2, 8001)
    np.testing.assert_allclose(rows, covered(places).mean(axis=1), atol=2e-3)


def test_the_picture_is_the_weighted_sum_of_instants():
    """End to end, in linear light; the radiance may reuse its memory."""
    sensor = Sensor(shutter=0.5, readout=0.25, temporal_samples=6)
    scene = Scene(
        family="test",
        seed=0,
        index=0,
        frames=9,
        label_space="nyu40",
        camera=Camera.from_fov(width=WIDTH, height=HEIGHT, horizontal_fov_deg=60),
        camera_motion=Trajectory.still(np.eye(4)),
        instances=(),
        materials=(),
        sensor=sensor,
    )
    shared, asked = torch.empty(HEIGHT, WIDTH, 3), []

    def radiance_at(time: float) -> torch.Tensor:
        asked.append(time)
        shared.copy_(0.5 * torch.from_numpy(edge_at(time).copy())[..., None].float().expand(-1, -1, 3))
        return shared

    picture = SensorModel(scene, "cpu").record(radiance_at, TIME)
    np.testing.assert_allclose(asked, exposure_plan(sensor, TIME, HEIGHT)[0])
    encoded = picture[..., 1].numpy() / 255.0
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(linear, 0.5 * exposed(sensor), atol=0.004)
