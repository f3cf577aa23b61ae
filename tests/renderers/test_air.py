"""Haze, clouds and the sun's glow: closed forms, shares of the sky, and that labels and light know nothing of them."""

from dataclasses import replace

import numpy as np
import pytest
from render_worlds import GREY, camera, instance, random_world, scene

from renderers.buffers import SceneBuffers
from renderers.moment import Moment
from renderers.path.renderer import PathRenderer
from renderers.raster import RasterRenderer
from renderers.raycast import BvhRenderer, EmbreeRenderer, embree_visibility
from renderers.shading import Shader
from renderers.threads import Team
from renderers.visibility.raster import RasterVisibility
from renderers.visibility.view import ViewCache
from scenes import geometry
from scenes.camera import Camera
from scenes.scene import Haze, Material, Shape, Sky, Sun, Trajectory

HAZE = Haze(extinction_per_m=0.02, radiance=(0.5, 0.6, 0.7))
DIM = Sky(zenith=(0.1, 0.1, 0.1), horizon=(0.1, 0.1, 0.1), ground=(0.1, 0.1, 0.1))
BLUE = Sky(zenith=(0.1, 0.2, 0.5), horizon=(0.4, 0.45, 0.5), ground=(0.1, 0.1, 0.1))
SUN = Sun(direction=(0.0, 0.8, -0.6), irradiance=(2.0, 2.0, 2.0))
FLOOR = instance(Shape.of("plane", x=400.0, y=400.0))


def outdoors(pitch_deg: float, *, sky: Sky, size=(160, 120), fov_deg: float = 70.0, things=(FLOOR,), **more):
    """A camera 1.6 m above a floor, looking along y and up by the pitch."""
    level = geometry.look_at((0, 0, 1.6), (0, 10, 1.6 + 10 * np.tan(np.radians(pitch_deg))))
    return scene(things, camera(*size, fov_deg), level, sky=sky, **more)


@pytest.mark.parametrize("make", [RasterRenderer, EmbreeRenderer, BvhRenderer, PathRenderer])
def test_haze_leaves_of_a_surface_what_the_distance_lets_through(make):
    """A glowing floor and boxes, so that traced pictures have no noise; pixels of a traced one average over a pixel of distance."""
    glow = Material(color=(0, 0, 0), emission=(0.9, 0.4, 0.1))
    boxes = [instance(Shape.of("box", x=3, y=3, z=8), geometry.compose(np.eye(3), (x, y, 2))) for x, y in ((-4, 12), (3, 25), (12, 70))]
    clear = outdoors(-10, sky=DIM, things=(FLOOR, *boxes), materials=(glow,))
    hazy = replace(clear, haze=HAZE)
    frame = RasterRenderer(clear).render(0, ["distance", "valid"])
    left = np.exp(-HAZE.extinction_per_m * frame["distance"].astype(np.float64))[..., None]
    before = np.asarray(make(clear).radiance(0))
    expected = before * left + np.asarray(HAZE.radiance) * (1 - left)
    seen = np.asarray(make(hazy).radiance(0))
    slope = np.abs(np.gradient(left[..., 0])).sum(0)
    even = frame["valid"] & (slope < (2e-3 if make is PathRenderer else np.inf))
    assert even.mean() > 0.1
    assert np.ptp(left[even]) > 0.2
    np.testing.assert_allclose(seen[even], expected[even], atol=1e-3 if make is PathRenderer else 2e-6)


def test_labels_know_nothing_of_the_air():
    world = random_world(3, width=96, height=64)
    names = ("depth", "normal", "instance", "semantic", "flow_forward", "occluded_forward", "albedo", "valid")
    airy = replace(world, haze=HAZE, sky=replace(world.sky, cloud_cover=0.5))
    one, other = RasterRenderer(world).render(1, names), RasterRenderer(airy).render(1, names)
    for name in names:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_the_horizon_melts_into_the_haze_and_the_zenith_keeps_what_300_metres_let_through():
    haze = Haze(extinction_per_m=4e-4, radiance=(0.5, 0.6, 0.7))
    level = replace(outdoors(1, sky=BLUE, haze=haze, size=(40, 400)), camera=Camera.from_fov(width=40, height=400, horizontal_fov_deg=8))
    frame, seen = RasterRenderer(level).render(0, ["valid"]), RasterRenderer(level).radiance(0)
    above = np.flatnonzero(~frame["valid"][:, 20]).max()  # the row just above the floor's edge
    np.testing.assert_allclose(seen[above, 20], haze.radiance, rtol=2e-3)
    up = replace(level, camera_motion=outdoors(89.99, sky=BLUE).camera_motion)
    expected = np.asarray(BLUE.zenith) * np.exp(-0.12) + np.asarray(haze.radiance) * (1 - np.exp(-0.12))
    np.testing.assert_allclose(RasterRenderer(up).radiance(0)[200, 20], expected, rtol=1e-3)


def test_without_clouds_haze_and_sun_the_sky_is_its_gradient_to_the_bit():
    world = outdoors(30, sky=BLUE)
    expected = RasterRenderer(world).radiance(0)
    for sky in (replace(BLUE, cloud_seed=7), replace(BLUE, cloud_cover=0.0, cloud_seed=3)):
        np.testing.assert_array_equal(RasterRenderer(replace(world, sky=sky)).radiance(0), expected)
    pose = world.camera_motion.at(0)[:3, :3]
    v, u = np.mgrid[0:120, 0:160] + 0.5
    rays = np.stack([(u - world.camera.cx) / world.camera.fx, (v - world.camera.cy) / world.camera.fy, np.ones_like(u)], -1) @ pose.T
    height = rays[..., 2] / np.linalg.norm(rays, axis=-1)
    share = np.sqrt(np.maximum(height, 0))[..., None]
    gradient = np.asarray(BLUE.horizon) * (1 - share) + np.asarray(BLUE.zenith) * share
    np.testing.assert_allclose(expected[height > 0], gradient[height > 0], rtol=1e-5)


def clouded_share(cover: float, seed: int) -> float:
    """Share of a view of the sky, 15 to 75 degrees above the horizon and away from the sun, that clouds make brighter."""
    dark = replace(DIM, zenith=(0.02,) * 3, horizon=(0.02,) * 3)
    clear = outdoors(45, sky=dark, lights=[SUN], size=(120, 90), fov_deg=75)
    before, seen = (RasterRenderer(w).radiance(0) for w in (clear, replace(clear, sky=replace(dark, cloud_cover=cover, cloud_seed=seed))))
    return float((seen[..., 0] > before[..., 0] + 0.02).mean())


def test_clouds_cover_the_share_of_the_sky_that_is_asked_for():
    assert min(clouded_share(1.0, seed) for seed in range(3)) > 0.95
    for cover in (0.2, 0.5, 0.8):
        assert np.mean([clouded_share(cover, seed) for seed in range(12)]) == pytest.approx(cover, abs=0.13)


def test_one_seed_gives_one_sky_and_another_another():
    skies = [RasterRenderer(outdoors(20, sky=replace(BLUE, cloud_cover=0.5, cloud_seed=s), lights=[SUN])).radiance(0) for s in (1, 1, 2)]
    np.testing.assert_array_equal(skies[0], skies[1])
    assert (np.abs(skies[0] - skies[2]).max(-1) > 0.05).mean() > 0.1


def test_all_renderers_see_the_same_sky():
    haze = Haze(extinction_per_m=2e-4, radiance=(0.5, 0.5, 0.5))
    world = outdoors(20, sky=replace(BLUE, cloud_cover=0.5), lights=[SUN], haze=haze, fov_deg=25.0)
    seen = RasterRenderer(world).radiance(0)
    for make in (EmbreeRenderer, BvhRenderer):
        np.testing.assert_allclose(make(world).radiance(0), seen, atol=1e-6)
    sky = ~RasterRenderer(world).render(0, ["valid"])["valid"]
    difference = np.abs(PathRenderer(world, samples=16).radiance(0) - seen)[sky]  # smoother by the pixel's box filter
    assert np.quantile(difference, 0.95) < 0.02
    assert difference.mean() < 0.005


def test_clouds_and_glow_do_not_light_surfaces():
    for make in (RasterRenderer, PathRenderer):
        clear = outdoors(-30, sky=BLUE, materials=(GREY,))
        floor = RasterRenderer(clear).render(0, ["valid"])["valid"]
        cloudy = replace(clear, sky=replace(BLUE, cloud_cover=1.0))
        np.testing.assert_array_equal(np.asarray(make(cloudy).radiance(0))[floor], np.asarray(make(clear).radiance(0))[floor])


def test_the_sky_is_brightest_about_the_sun():
    to_sun = -np.asarray(SUN.direction)
    pose = geometry.look_at((0, 0, 1.6), np.array([0, 0, 1.6]) + to_sun)
    world = replace(outdoors(0, sky=BLUE, lights=[SUN], size=(161, 121)), camera_motion=Trajectory.still(pose))
    seen = RasterRenderer(world).radiance(0).mean(-1)
    assert np.unravel_index(seen.argmax(), seen.shape) == (60, 80)
    assert seen[60, 80] > 3 * seen[60, 0]


@pytest.mark.parametrize("lens", [camera(213, 101, 80), Camera.fisheye(90, 90, 200)])
def test_neighbouring_pixels_at_once_get_the_bits_of_pixels_one_by_one(lens):
    sky = replace(BLUE, cloud_cover=0.5)
    world = replace(outdoors(25, sky=sky, lights=[SUN], haze=HAZE), camera=lens)
    backend = RasterVisibility if lens.is_pinhole else embree_visibility
    images = []
    for by_lanes, threads in ((True, 1), (False, 1), (True, 3)):
        buffers, team = SceneBuffers(world, "cpu"), Team("cpu", threads)
        shader = Shader(buffers, ViewCache(world.camera, buffers, backend(buffers, team)), team, by_lanes=by_lanes)
        images.append(shader.radiance([Moment(0, world.camera_motion.at(0))]).numpy())
    np.testing.assert_array_equal(images[0], images[1])
    np.testing.assert_array_equal(images[0], images[2])
