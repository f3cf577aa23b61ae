"""The lens against closed formulas: cos^4, magnification, and discs traced through a thin lens."""

import math

import numpy as np
import pytest
import torch

from renderers.sensor import lens
from scenes.camera import Camera

FOCAL_PX, APERTURE, FOCUS = 600.0, 0.03, 2.0


def grey(plane: torch.Tensor) -> torch.Tensor:
    return plane[..., None].expand(*plane.shape, 3).contiguous()


@pytest.mark.parametrize("strength", [1.0, 0.4])
def test_vignetting_is_the_fourth_power_of_the_cosine(strength):
    camera = Camera(width=90, height=60, fx=50.0, fy=55.0, cx=40.0, cy=33.0)
    gain = lens.vignetting_gain(camera, strength, "cpu")[..., 0].numpy()
    rays = camera.unproject(camera.pixel_centres(), np.ones((60, 90)))
    angle = np.arctan2(np.linalg.norm(rays[..., :2], axis=-1), rays[..., 2])
    np.testing.assert_allclose(gain, 1 - strength + strength * np.cos(angle) ** 4, atol=1e-6)
    assert gain[0, 89] < 1 - 0.5 * strength  # the fixture reaches 45 degrees, where cos^4 is 1/4


def test_a_fisheye_darkens_to_nothing_where_it_sees_sideways():
    gain = lens.vignetting_gain(Camera.fisheye(64, 64, 220.0), 1.0, "cpu")[..., 0]
    assert float(gain[32, 32]) > 0.99
    assert float(gain[32, 0]) == float(gain[0, 0]) == 0.0
    assert bool(torch.isfinite(gain).all())


def crossing(line: np.ndarray, level: float = 0.5) -> float:
    """Where a monotonic line of pixel values passes `level`, in pixels (centres at half-integers)."""
    rising = line if line[-1] > line[0] else -line
    return float(np.interp(level if line[-1] > line[0] else -level, rising, np.arange(len(line)) + 0.5))


@pytest.mark.parametrize("radius", [-60.0, 35.0, 80.0])
@pytest.mark.parametrize("upright", [True, False])
def test_aberration_moves_an_edge_outwards_in_proportion_to_its_distance_from_the_centre(radius, upright):
    width, height, centre, shift = 240, 180, (120.0, 90.0), (3.0, -1.5)
    along = torch.arange(width if upright else height) + 0.5 - centre[0 if upright else 1]
    edge = torch.sigmoid((along - radius) / 1.5)
    plane = edge.expand(height, width) if upright else edge[:, None].expand(height, width)
    image = lens.lateral_chromatic_aberration(grey(plane), centre, shift)
    line = (image[height // 2] if upright else image[:, width // 2]).numpy()
    green = crossing(line[:, 1])
    for channel, px in ((0, shift[0]), (2, shift[1])):
        assert crossing(line[:, channel]) - green == pytest.approx(radius * px / math.hypot(120, 90), abs=0.02)
    assert torch.equal(image[..., 1], plane)


def test_no_aberration_leaves_the_bits_alone():
    image = torch.rand(7, 9, 3, generator=torch.Generator().manual_seed(1))
    assert torch.equal(lens.lateral_chromatic_aberration(image, (4.5, 3.5), (0.0, 0.0)), image)


def traced_diameter(depth: float) -> float:
    """Rays from a point on the axis through both rims of the lens, met with the plane in focus, as pixels of the pinhole camera."""
    rims = np.array([-APERTURE / 2, APERTURE / 2])
    in_focus = rims + (0.0 - rims) * FOCUS / depth
    return float(np.ptp(FOCAL_PX * in_focus / FOCUS))


@pytest.mark.parametrize("depth", [0.62, 0.8, 1.2, 3.0, 6.0, 40.0])
def test_a_point_becomes_a_disc_of_the_thin_lens_diameter(depth):
    size = 61
    point = torch.zeros(size, size)
    point[30, 30] = 1.0
    circle = lens.circle_of_confusion(torch.full((size, size), depth), FOCAL_PX, APERTURE, FOCUS)
    assert abs(float(circle[0, 0])) == pytest.approx(traced_diameter(depth), rel=1e-5)
    blurred = lens.defocus(grey(point), circle)[..., 1].double().numpy()
    assert blurred.sum() == pytest.approx(1.0, abs=1e-3)
    offset = np.arange(size) - 30.0
    second_moment = (blurred * (offset[:, None] ** 2 + offset**2)).sum() - 1 / 6  # less that of the pixels themselves
    assert math.sqrt(8 * second_moment) == pytest.approx(traced_diameter(depth), rel=0.02, abs=0.2)


def test_what_is_in_focus_keeps_its_bits():
    image = torch.rand(20, 30, 3, generator=torch.Generator().manual_seed(0))
    circle = lens.circle_of_confusion(torch.full((20, 30), FOCUS), FOCAL_PX, APERTURE, FOCUS)
    assert torch.equal(lens.defocus(image, circle), image)


def test_defocus_keeps_one_colour_over_all_depths():
    generator = torch.Generator().manual_seed(2)
    circle = 30 * torch.rand(64, 80, generator=generator) - 15
    blurred = lens.defocus(torch.full((64, 80, 3), 0.37), circle)
    assert float((blurred - 0.37).abs().max()) < 1e-4


def test_a_sharp_plate_is_free_of_the_blurred_wall_behind_it():
    wall, plate = torch.full((60, 80), 12.0), torch.zeros(60, 80, dtype=torch.bool)
    plate[15:45, 20:60] = True
    image = grey(torch.where(plate, 0.2, 5.0))
    blurred = lens.defocus(image, torch.where(plate, 0.0, wall))[..., 0]
    assert float((blurred[plate] - 0.2).abs().max()) < 1e-3
    assert float((blurred[~plate] - 5.0).abs().max()) < 1e-3


def test_a_blurred_plate_covers_half_of_the_sharp_wall_along_its_silhouette():
    plate = torch.zeros(60, 80, dtype=torch.bool)
    plate[:, 40:] = True
    blurred = lens.defocus(grey(torch.where(plate, 1.0, 0.0)), torch.where(plate, -11.0, 0.0))[30, :, 0]
    expected = np.clip(np.arange(80) + 0.5 - 40, -5.5, 5.5) / 5.5
    expected = 0.5 + (expected * np.sqrt(1 - expected**2) + np.arcsin(expected)) / np.pi  # area of a disc left of a chord
    np.testing.assert_allclose(blurred.numpy(), expected, atol=0.02)
    assert float(blurred[33]) == pytest.approx(0.0, abs=1e-3)  # 6.5 px from the silhouette, beyond the disc's radius of 5.5


@pytest.mark.parametrize("diameter", [0.3, 1.0, 2.0, 5.3, 16.0])
def test_a_disc_has_the_area_of_its_pixels(diameter):
    kernel = lens.disc(diameter)
    assert float(kernel.sum()) == pytest.approx(1.0)
    assert kernel.shape[0] % 2 == 1
    assert float(kernel.max()) == pytest.approx(1 / max(math.pi * diameter**2 / 4, 1.0), rel=0.3 if diameter < 3 else 0.02)
