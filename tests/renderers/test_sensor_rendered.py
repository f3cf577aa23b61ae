"""Sensors on rendered scenes: labels stay, and blur, shear and defocus are those of the geometry."""

from dataclasses import replace

import numpy as np
import pytest
from render_worlds import camera, instance, random_world, scene

from renderers.raster import RasterRenderer
from scenes import geometry
from scenes.scene import Material, Shape, Sky
from scenes.sensor import DepthSensor, Sensor

STRONG = Sensor(
    vignetting=0.5, chromatic_aberration_px=(1.0, -1.0), aperture_m=0.02, shutter=0.5, readout=0.5, temporal_samples=4,
    bayer="RGGB", full_well_electrons=2000.0, read_noise_electrons=3.0, adc_bits=10, black_level=0.05, jpeg_quality=70,
)  # fmt: skip
DARK = Sky(zenith=(0, 0, 0), horizon=(0, 0, 0), ground=(0, 0, 0))


def linear(rgb) -> np.ndarray:
    encoded = np.asarray(rgb) / 255.0
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def test_no_sensor_changes_a_label_and_pictures_repeat():
    world = random_world(4, width=96, height=72)
    names = ["rgb", "depth", "normal", "instance", "flow_forward", "occluded_forward", "valid"]
    perfect, strong = (RasterRenderer(replace(world, sensor=s, depth_sensor=d)) for s, d in ((Sensor(), None), (STRONG, DepthSensor())))
    exact, seen = perfect.render(1, names), strong.render(1, [*names, "sensor_depth"])
    for name in names[1:]:
        np.testing.assert_array_equal(exact[name], seen[name])
    assert np.abs(exact["rgb"].astype(int) - seen["rgb"]).mean() > 2
    strong.render(0, ["rgb"])
    again = strong.render(1, ["rgb", "sensor_depth"])
    np.testing.assert_array_equal(seen["rgb"], again["rgb"])
    np.testing.assert_array_equal(seen["sensor_depth"], again["sensor_depth"])
    measured = seen["sensor_depth"] > 0
    assert measured.mean() > 0.5
    assert np.median(np.abs(seen["sensor_depth"] / exact["depth"] - 1)[measured]) < 0.02


def moving_plate(sensor: Sensor, speed_px: float = 12.0):
    """A glowing plate 2 m away, 30 px wide and as tall as the image, that moves right."""
    lens = camera(128, 64, 60)
    metre = lens.fx / 2.0
    places = [geometry.compose(np.eye(3), (speed_px * (t - 1) / metre, 0.0, 2.0)) for t in range(-1, 4)]
    plate = instance(Shape.of("box", x=30 / metre, y=3.0, z=1e-4), np.stack(places))
    glow = Material(color=(0, 0, 0), emission=(0.5, 0.5, 0.5))
    return scene([plate], lens, frames=3, materials=(glow,), sky=DARK, sensor=sensor)


def row_edges(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns of the left and right edges of each row: of the lit mass on either side of the image's middle."""
    middle = values.shape[1] // 2
    return middle - values[:, :middle].sum(1) / 0.5, middle + values[:, middle:].sum(1) / 0.5


def test_a_moving_plate_blurs_over_its_path():
    values = linear(RasterRenderer(moving_plate(Sensor(shutter=0.5, temporal_samples=24))).render(1, ["rgb"])["rgb"])[..., 1]
    row = values[32]
    grey = np.flatnonzero((row > 0.01) & (row < 0.49))
    left, right = grey[grey < 64], grey[grey >= 64]
    assert len(left) == pytest.approx(0.5 * 12, abs=1)
    assert len(right) == pytest.approx(0.5 * 12, abs=1)
    assert left.mean() + 0.5 == pytest.approx(64 - 15, abs=0.75)  # labels and mid-exposure agree
    assert right.mean() + 0.5 == pytest.approx(64 + 15, abs=0.75)


def test_a_moving_plate_leans_by_the_readout():
    values = linear(RasterRenderer(moving_plate(Sensor(readout=1.0, temporal_samples=32))).render(1, ["rgb"])["rgb"])[..., 1]
    expected = 12.0 * ((np.arange(64) + 0.5) / 64 - 0.5)
    for edges, still in zip(row_edges(values), (64 - 15, 64 + 15), strict=True):
        assert np.abs(edges - still - expected).max() < 0.8
        assert np.polyfit(np.arange(64), edges, 1)[0] * 64 == pytest.approx(12.0, abs=0.4)


def test_a_plate_out_of_focus_is_as_soft_as_its_circle_of_confusion():
    world = moving_plate(Sensor(aperture_m=0.1, focus_distance_m=4.0))
    diameter = world.camera.fx * 0.1 * (1 / 2 - 1 / 4)
    row = linear(RasterRenderer(world).render(1, ["rgb"])["rgb"])[32, 64:, 1]
    soft = np.flatnonzero((row > 0.004) & (row < 0.496))
    assert len(soft) == pytest.approx(diameter, abs=1)
    assert soft.mean() + 0.5 == pytest.approx(15, abs=0.75)
