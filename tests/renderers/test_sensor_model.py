"""The whole camera: bits of the perfect one, noise that hits its electron count, seeds, colours, files."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import warp as wp

from renderers.sensor import Sensor as Development
from renderers.sensor.jpeg import compress
from renderers.sensor.model import SensorModel
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Scene, Trajectory
from scenes.sensor import DepthSensor, Sensor

NOISY = Sensor(bayer="RGGB", full_well_electrons=2000.0, read_noise_electrons=4.0, adc_bits=10, black_level=0.05)


def scene(sensor: Sensor = Sensor(), *, width: int = 96, height: int = 64, **more) -> Scene:  # noqa: B008 (frozen)
    camera = Camera.from_fov(width=width, height=height, horizontal_fov_deg=70)
    still = Trajectory.still(np.eye(4))
    parts = {"family": "test", "seed": 0, "index": 0, "frames": 4, "label_space": "nyu40", "instances": (), "materials": ()}
    return Scene(**{**parts, **more}, camera=camera, camera_motion=still, sensor=sensor)


def picture(radiance: torch.Tensor, sensor: Sensor, *, time: int = 0, eye: str = "left", depth: torch.Tensor | None = None, **more):
    world = scene(sensor, width=radiance.shape[1], height=radiance.shape[0], **more)
    return SensorModel(world, "cpu").record(lambda _: radiance.clone(), time, lambda _: depth, eye=eye)


def random_radiance(height: int = 64, width: int = 96) -> torch.Tensor:
    return 2.5 * torch.rand(height, width, 3, generator=torch.Generator().manual_seed(9)) ** 3


def linear(rgb: torch.Tensor) -> np.ndarray:
    encoded = rgb.numpy() / 255.0
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("exposure", [1.0, 0.1, 1.37])
def test_a_perfect_sensor_gives_the_bits_of_the_development_kernel(exposure):
    radiance = random_radiance()
    rgb = wp.zeros((64, 96, 3), dtype=wp.uint8, device="cpu")
    Development("cpu").develop(wp.array(radiance.numpy(), dtype=wp.vec3, device="cpu"), exposure, rgb)
    np.testing.assert_array_equal(picture(radiance, Sensor(), exposure=exposure).numpy(), rgb.numpy())


@pytest.mark.parametrize(
    ("sensor", "depth"),
    [
        (Sensor(aperture_m=0.02, focus_distance_m=3.0), 3.0),
        (Sensor(shutter=0.5, temporal_samples=4), None),  # nothing moves; sums of quarters are exact
        (Sensor(readout=1.0), None),
        (Sensor(channel_response=(0.5, 1.0, 0.25), white_balance=(2.0, 1.0, 4.0)), None),
    ],
)
def test_effects_without_an_occasion_change_no_bit(sensor, depth):
    radiance = random_radiance()
    seen = picture(radiance, sensor, depth=None if depth is None else torch.full((64, 96), depth))
    assert torch.equal(seen, picture(radiance, Sensor()))


@pytest.mark.parametrize("level", [0.05, 0.1, 0.2, 0.4])
def test_noise_in_the_picture_follows_the_electron_count(level):
    sensor = Sensor(full_well_electrons=4000.0, read_noise_electrons=6.0, white_level=2.0)
    values = linear(picture(torch.full((200, 200, 3), level), sensor))
    electrons = values * 4000.0 / 2.0
    slope = 1.055 / 2.4 * level ** (1 / 2.4 - 1)  # of the sRGB curve
    rounding = (2000.0 / (255 * slope)) ** 2 / 12  # variance of the rounding to bytes
    assert electrons.mean() == pytest.approx(2000.0 * level, rel=0.005)
    assert electrons.var() == pytest.approx(2000.0 * level + 6.0**2 + rounding, rel=0.03)


def test_a_dim_channel_is_noisier_after_white_balance():
    sensor = Sensor(channel_response=(0.5, 1.0, 0.25), white_balance=(2.0, 1.0, 4.0), full_well_electrons=4000.0)
    variance = linear(picture(torch.full((200, 200, 3), 0.2), sensor)).var(axis=(0, 1))
    np.testing.assert_allclose(variance / variance[1], [2.0, 1.0, 4.0], rtol=0.1)


def test_the_same_seed_gives_the_same_bits_and_anything_else_other_noise():
    radiance = torch.full((64, 96, 3), 0.3)
    first = picture(radiance, NOISY)
    assert torch.equal(first, picture(radiance, NOISY))
    others = [picture(radiance, NOISY, time=1), picture(radiance, NOISY, eye="right"), picture(radiance, NOISY, seed=1)]
    for other in [*others, picture(radiance, NOISY, index=1)]:
        noise, again = (linear(p)[..., 1] - 0.3 for p in (first, other))
        assert abs(np.corrcoef(noise.ravel(), again.ravel())[0, 1]) < 0.05


def test_read_noise_leaves_the_shot_noise_as_it_was():
    radiance = torch.full((64, 96, 3), 0.3)
    quiet, loud = (picture(radiance, replace(NOISY, read_noise_electrons=e, adc_bits=None, black_level=0.0)) for e in (0.0, 1.0))
    assert np.corrcoef(linear(quiet).ravel(), linear(loud).ravel())[0, 1] > 0.98


def test_a_wrong_white_balance_is_a_cast_of_its_gain():
    values = linear(picture(torch.full((8, 8, 3), 0.2), Sensor(white_balance=(1.5, 1.0, 0.5))))
    np.testing.assert_allclose(values.mean(axis=(0, 1)), [0.3, 0.2, 0.1], rtol=0.01)


def test_blown_out_light_stays_white():
    sensor = replace(NOISY, channel_response=(0.5, 1.0, 0.6), white_balance=(2.0, 1.0, 1 / 0.6))
    assert int(picture(torch.full((16, 16, 3), 50.0), sensor)[4:-4, 4:-4].min()) >= 252


def test_vignetting_darkens_corners_alone():
    plain, dark = (linear(picture(torch.full((64, 96, 3), 0.3), Sensor(vignetting=s)))[..., 1] for s in (0.0, 1.0))
    assert dark[32, 48] == pytest.approx(plain[32, 48], rel=0.01)
    camera = scene().camera
    cos2 = 1 / (1 + ((47.5**2 + 31.5**2) / camera.fx**2))
    assert dark[0, 0] == pytest.approx(0.3 * cos2**2, rel=0.02)


def test_jpeg_comes_closer_with_quality():
    smooth = torch.nn.functional.avg_pool2d(random_radiance().permute(2, 0, 1), 5, 1, 2).permute(1, 2, 0)
    plain = picture(smooth, Sensor())
    error = [float((compress(plain, q).float() - plain.float()).pow(2).mean()) for q in (5, 20, 50, 80, 95)]
    assert error == sorted(error, reverse=True)
    assert error[0] > 4 * error[-1] > 0
    assert torch.equal(picture(smooth, Sensor(jpeg_quality=50)), compress(plain, 50))


def test_a_mosaic_needs_room():
    with pytest.raises(UserError, match="3x3"):
        SensorModel(scene(NOISY, width=2, height=9), "cpu")


def test_effects_that_a_camera_cannot_have_are_refused():
    panorama = Camera.panorama(64, 32)
    with pytest.raises(UserError, match="aperture_m to 0"):
        SensorModel(replace(scene(Sensor(aperture_m=0.01)), camera=panorama), "cpu")
    with pytest.raises(UserError, match="rectified"):
        SensorModel(replace(scene(), camera=panorama, depth_sensor=DepthSensor()), "cpu")


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 7), (5, 3)])
def test_tiny_pictures_go_through_every_other_effect(width, height):
    sensor = Sensor(
        vignetting=1.0,
        chromatic_aberration_px=(0.5, -0.5),
        aperture_m=0.05,
        shutter=1.0,
        readout=1.0,
        full_well_electrons=1e8,
        adc_bits=16,
        jpeg_quality=100,
    )
    radiance, depth = torch.full((height, width, 3), 0.18), torch.full((height, width), 0.3)
    seen = picture(radiance, sensor, depth=depth).int()
    assert seen.shape == (height, width, 3)
    assert int(seen[height // 2, width // 2].min()) >= 112  # 118 less what the lens takes beside its axis
    assert int(seen.max()) <= 120


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_records_the_same_picture_and_the_same_depth():
    sensor = replace(NOISY, vignetting=0.5, chromatic_aberration_px=(1.0, -1.0), aperture_m=0.02, shutter=0.5, temporal_samples=4)
    world = replace(scene(sensor), depth_sensor=DepthSensor())
    radiance, depth = random_radiance(), 1.0 + 3.0 * random_radiance()[..., 0] / 2.5
    pictures, depths = [], []
    for device in ("cpu", "cuda:0"):
        model, light, z = SensorModel(world, device), radiance.to(device), depth.to(device)
        pictures.append(model.record(lambda _, light=light: light, 0, lambda _, z=z: z).cpu().int())
        depths.append(model.sensor_depth(z, 0).cpu())
    assert float(((pictures[0] - pictures[1]).abs() > 1).float().mean()) < 0.01  # an electron or a code more, where a rounding tips it
    assert float((depths[0] - depths[1]).abs().gt(1e-4).float().mean()) < 0.01
