"""Camera models: their formulas, that `project` and `rays` undo each other, and what lies beyond a lens's limit."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.projections import MODELS
from scenes.scene import Scene, Trajectory

SIZE = {"width": 640, "height": 480, "fx": 420.0, "fy": 400.0, "cx": 310.5, "cy": 245.25}
BROWN_CONRADY = Camera(**SIZE, model="brown_conrady", coefficients=(-0.28, 0.09, 0.0012, -0.0025, 0.011))
FISHEYE = Camera(**SIZE, model="fisheye", coefficients=(-0.02, 0.008, -0.003, 0.0004))


def wide_sample(limit: float, count: int = 400) -> np.ndarray:
    """Unit directions float64 [count, 3] up to `limit` radians off the axis, evenly spread over angle and azimuth."""
    theta, azimuth = (np.arange(count) + 0.5) / count * limit, np.arange(count) * 2.399963
    return np.stack([np.sin(theta) * np.cos(azimuth), np.sin(theta) * np.sin(azimuth), np.cos(theta)], axis=-1)


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    """Any model, any size from 1x1, any principal point, lenses from none to absurd."""
    model = draw(st.sampled_from(list(MODELS)))
    focal = st.floats(20, 2000)
    strength = {"p1": 0.03, "p2": 0.03}
    coefficients = [draw(st.floats(-1, 1)) * strength.get(name, 0.4) for name in MODELS[model].coefficients]
    width, height = draw(st.integers(1, 700)), draw(st.integers(1, 700))
    cx, cy = draw(st.floats(-0.5, 1.5)) * width, draw(st.floats(-0.5, 1.5)) * height
    return Camera(width=width, height=height, fx=draw(focal), fy=draw(focal), cx=cx, cy=cy, model=model, coefficients=tuple(coefficients))


@given(cameras(), st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None)
def test_a_pixel_is_where_its_ray_projects_to(camera: Camera, seed: int) -> None:
    pixels = np.random.default_rng(seed).uniform((0, 0), (camera.width, camera.height), size=(64, 2))
    rays = camera.rays(pixels)
    seen = np.isfinite(rays).all(axis=-1)
    assert (np.isnan(rays).all(axis=-1) | seen).all()
    np.testing.assert_allclose(camera.project(rays[seen]), pixels[seen], rtol=0, atol=1e-8)  # worst of 12,000 cameras: 1.2e-11
    lengths = np.linalg.norm(rays[seen], axis=-1) if camera.is_wide else rays[seen, 2]
    np.testing.assert_allclose(lengths, 1.0, atol=1e-12)


@given(cameras(), st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None)
def test_a_ray_is_found_again_from_the_pixel_it_projects_to(camera: Camera, seed: int) -> None:
    rng = np.random.default_rng(seed)
    if camera.is_wide:
        directions = wide_sample(min(camera.limit, math.pi) * 0.98)
    else:
        radius, azimuth = min(camera.limit, 3.0) * 0.98 * rng.uniform(size=64), rng.uniform(0, 2 * np.pi, size=64)
        directions = np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), np.ones(64)], axis=-1)
    scale = rng.uniform(0.01, 50, size=(len(directions), 1))
    np.testing.assert_allclose(
        camera.rays(camera.project(directions * scale)), directions, rtol=0, atol=1e-9
    )  # worst of 12,000 cameras: 3e-14


def test_brown_conrady_is_what_opencv_computes() -> None:
    points = np.array([[0.4, -0.3, 1.5], [-1.0, 0.25, 2.0], [0.05, 0.9, 1.2], [-0.7, -0.8, 3.0]])
    opencv = [  # cv2.projectPoints of OpenCV 5.0.0
        [418.8219299863, 167.8471928669],
        [113.8750301285, 292.1265627670],
        [325.2066491430, 507.7910686411],
        [215.6206238889, 142.1836894936],
    ]
    np.testing.assert_allclose(BROWN_CONRADY.project(points), opencv, rtol=0, atol=1e-9)
    np.testing.assert_allclose(BROWN_CONRADY.rays(opencv), points / points[:, 2:], rtol=0, atol=1e-11)


def test_fisheye_is_what_opencv_computes() -> None:
    points = np.array([[0.4, -0.3, 1.5], [-1.0, 0.25, 0.5], [0.05, 3.9, 0.6], [-5.0, -4.0, 0.8]])
    opencv = [  # cv2.fisheye.projectPoints of OpenCV 5.0.0
        [418.3932656821, 168.1833816556],
        [-137.5745415707, 351.9344146597],
        [317.9391872723, 797.8753402272],
        [-151.2646990408, -106.5707230787],
    ]
    np.testing.assert_allclose(FISHEYE.project(points), opencv, rtol=0, atol=1e-9)
    np.testing.assert_allclose(FISHEYE.rays(opencv), points / np.linalg.norm(points, axis=1, keepdims=True), rtol=0, atol=1e-11)


def test_an_equidistant_fisheye_has_pixels_proportional_to_the_angle() -> None:
    camera = Camera.fisheye(201, 101, 220)
    per_degree = 101 / 220
    for degrees in (0, 10, 90, 109.9, 135):
        angle = math.radians(degrees)
        np.testing.assert_allclose(camera.project([0, math.sin(angle), math.cos(angle)]), (100.5, 50.5 + per_degree * degrees), atol=1e-9)
    edge = camera.rays([[100.5, 0.0], [100.5 - 50.5, 50.5]])  # the circle touches the top border
    np.testing.assert_allclose(edge[:, 2], math.cos(math.radians(110)), atol=1e-12)
    assert edge[0, 1] < 0
    assert edge[1, 0] < 0
    assert np.isnan(Camera.fisheye(201, 101, 300).rays([0.5, 50.5])).all()  # 100 px from the centre would be 297 degrees off the axis


def test_a_panorama_shows_everything_once() -> None:
    camera = Camera.panorama(400, 200)
    places = [(200, 100), (0, 100), (400, 100), (300, 100), (100, 100), (200, 0), (200, 200), (250, 50)]
    h = math.sqrt(0.5)
    directions = [(0, 0, 1), (0, 0, -1), (0, 0, -1), (1, 0, 0), (-1, 0, 0), (0, -1, 0), (0, 1, 0), (h * h, -h, h * h)]
    np.testing.assert_allclose(camera.rays(places), directions, atol=1e-12)
    rays = camera.rays(camera.pixel_centres())
    solid_angle = np.cos((np.arange(200) + 0.5) / 200 * np.pi - np.pi / 2) * (np.pi / 200) * (2 * np.pi / 400)
    assert solid_angle.sum() * 400 == pytest.approx(4 * np.pi, rel=1e-4)
    np.testing.assert_allclose((rays * solid_angle[:, None, None]).sum(axis=(0, 1)), 0, atol=1e-12)  # no side is preferred
    second_moment = np.einsum("hwi,hwj,h->ij", rays, rays, solid_angle)
    np.testing.assert_allclose(second_moment, np.eye(3) * 4 * np.pi / 3, atol=1e-3)
    too_large = Camera(width=500, height=300, fx=camera.fx, fy=camera.fy, cx=250, cy=150, model="equirectangular")
    assert np.isnan(too_large.rays([[49.0, 150], [451, 150], [250, 49], [250, 251]])).all()


def test_barrel_distortion_ends_where_it_would_fold() -> None:
    camera = Camera(**SIZE, model="brown_conrady", coefficients=(-0.3,))
    turning = 1 / math.sqrt(0.9)  # r (1 - 0.3 r^2) stops growing where 1 - 0.9 r^2 = 0
    assert camera.limit == pytest.approx(turning, rel=1e-12)
    radii = np.array([0.999, 1.001, 1.5, 3.0]) * turning
    pixels = camera.project(np.stack([radii, 0 * radii, np.ones(4)], axis=-1))
    reach = turning * (1 - 0.3 * turning**2)
    assert pixels[0, 0] == pytest.approx(camera.cx + camera.fx * reach, abs=1e-3)
    assert np.isnan(pixels[1:]).all()  # r = 1.5 would fold back to the image's inside
    rays = camera.rays([[camera.cx + camera.fx * reach * s, camera.cy] for s in (0.9999, 1.0001, -1.0001)])
    assert rays[0, 0] == pytest.approx(turning, rel=0.02)
    assert np.isnan(rays[1:]).all()


def test_the_fisheye_polynomial_ends_where_it_would_fold() -> None:
    camera = Camera(**SIZE, model="fisheye", coefficients=(-0.1,))
    turning = 1 / math.sqrt(0.3)  # 104.6 degrees
    assert camera.limit == pytest.approx(turning, rel=1e-12)
    inside, outside = ([[math.sin(turning * s), 0, math.cos(turning * s)]] for s in (0.999, 1.001))
    assert np.isfinite(camera.project(inside)).all()
    assert np.isnan(camera.project(outside)).all()
    assert np.isnan(camera.rays([camera.cx + camera.fx * turning * (1 - 0.1 * turning**2) * 1.0001, camera.cy])).all()
    assert Camera(**SIZE, model="fisheye", coefficients=(0.1,)).limit == math.pi
    assert Camera.panorama(8, 4).limit == math.inf
    assert Camera(**SIZE).limit == math.inf


@given(st.lists(st.floats(-0.5, 0.5), min_size=5, max_size=5), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_distortion_is_one_to_one_within_its_limit(drawn: list[float], seed: int) -> None:
    """Two points never come closer in the image than by the mapping's least stretch, which is positive up to the limit."""
    coefficients = (drawn[0], drawn[1], drawn[2] / 20, drawn[3] / 20, drawn[4])
    camera = Camera(width=1, height=1, fx=1, fy=1, cx=0, cy=0, model="brown_conrady", coefficients=coefficients)
    radius, rng = min(camera.limit, 2.0), np.random.default_rng(seed)
    r, azimuth = radius * np.sqrt(rng.uniform(size=(2, 300))), rng.uniform(0, 2 * np.pi, size=(2, 300))
    a, b = np.stack([r * np.cos(azimuth), r * np.sin(azimuth), np.ones_like(r)], axis=-1)
    shift, undistorted = camera.project(a) - camera.project(b), (a - b)[:, :2]
    assert ((shift * undistorted).sum(axis=-1) > 0).all()  # monotone, as the gradient of a convex potential must be


@given(st.floats(-0.9, -0.01), st.floats(0, 2 * math.pi))
@settings(max_examples=50, deadline=None)
def test_the_limit_with_tangential_distortion_is_tight_for_barrels(k1: float, lean: float) -> None:
    p1, p2 = 0.02 * math.sin(lean), 0.02 * math.cos(lean)
    limit = Camera(**SIZE, model="brown_conrady", coefficients=(k1, 0.0, p1, p2)).limit
    assume(limit < 10)

    def along(r: float) -> float:  # the image of a radius in the direction where the lens folds first
        x, y = -r * math.cos(lean), -r * math.sin(lean)
        k = 1 + k1 * r * r
        return math.hypot(x * k + 2 * p1 * x * y + p2 * (r * r + 2 * x * x), y * k + p1 * (r * r + 2 * y * y) + 2 * p2 * x * y)

    step = 1e-4 * limit
    assert along(limit - step) > along(limit - 2 * step)
    assert along(limit + 2 * step) < along(limit + step)


@pytest.mark.parametrize("camera", [Camera(**SIZE), BROWN_CONRADY], ids=lambda c: c.model)
def test_points_at_a_depth_and_at_a_distance(camera: Camera) -> None:
    pixels = camera.pixel_centres()[::37, ::41]
    depth = np.linspace(0.5, 9, pixels[..., 0].size).reshape(pixels.shape[:2])
    points = camera.unproject(pixels, depth)
    np.testing.assert_allclose(points[..., 2], depth, rtol=1e-14)
    np.testing.assert_allclose(camera.project(points), pixels, atol=1e-9)
    distance = np.linalg.norm(points, axis=-1)
    np.testing.assert_allclose(camera.points_at_distance(pixels, distance), points, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("camera", [FISHEYE, Camera.panorama(63, 32)], ids=lambda c: c.model)
def test_wide_cameras_take_distances_only(camera: Camera) -> None:
    pixels = camera.pixel_centres()[::5, ::7]
    points = camera.points_at_distance(pixels, np.full(pixels.shape[:2], 3.0))
    np.testing.assert_allclose(np.linalg.norm(points, axis=-1), 3.0, rtol=1e-12)
    np.testing.assert_allclose(camera.project(points), pixels, atol=1e-9)
    with pytest.raises(UserError, match="points_at_distance"):
        camera.unproject(pixels, np.ones(pixels.shape[:2]))


def test_behind_the_camera() -> None:
    behind = [[0.1, 0.2, -1.0], [0.1, 0.2, 0.0]]
    assert np.isnan(BROWN_CONRADY.project(behind)).all()
    assert np.isfinite(Camera.panorama(8, 4).project(behind)).all()
    assert np.isfinite(Camera.fisheye(8, 8, 360).project([*behind, [0, 0, -1.0]])).all()
    for camera in (Camera(**SIZE), BROWN_CONRADY, FISHEYE, Camera.panorama(8, 4)):
        assert np.isnan(camera.project([0.0, 0.0, 0.0])).all()  # the camera's own centre is in no direction


@given(cameras(), st.integers(1, 300), st.integers(1, 300))
@settings(max_examples=50, deadline=None)
def test_a_scaled_camera_sees_the_same(camera: Camera, width: int, height: int) -> None:
    scaled = camera.scaled(width, height)
    share = np.random.default_rng(0).uniform(size=(20, 2))
    directions = camera.rays(share * (camera.width, camera.height))
    np.testing.assert_allclose(scaled.rays(share * (width, height)), directions, atol=1e-6)  # loose where the lens is about to fold
    assert (scaled.width, scaled.height) == (width, height)


def test_all_zero_coefficients_are_the_lens_without_distortion() -> None:
    plain, named = Camera(**SIZE), Camera(**SIZE, model="brown_conrady")
    pixels = plain.pixel_centres()[::50, ::50]
    np.testing.assert_allclose(named.rays(pixels), plain.rays(pixels), rtol=1e-15, atol=1e-15)
    assert named.coefficients == (0.0,) * 5
    assert named.is_pinhole
    assert not BROWN_CONRADY.is_pinhole
    assert not FISHEYE.is_pinhole
    assert named == Camera(**SIZE, model="brown_conrady", coefficients=(0, 0))


def test_one_pixel_sees_straight_ahead() -> None:
    for camera in (Camera.from_fov(width=1, height=1, horizontal_fov_deg=90), Camera.fisheye(1, 1, 180), Camera.panorama(1, 1)):
        np.testing.assert_allclose(camera.rays(camera.pixel_centres()), [[[0, 0, 1]]], atol=1e-15)


@pytest.mark.parametrize("camera", [Camera(**SIZE), BROWN_CONRADY, FISHEYE, Camera.panorama(64, 32)], ids=lambda c: c.model)
def test_cameras_survive_json(camera: Camera) -> None:
    still = Trajectory.still(geometry.look_at((0, 0, 1), (1, 0, 1)))
    scene = Scene(
        family="test", seed=0, index=0, frames=1, label_space="nyu40", camera=camera, camera_motion=still, instances=(), materials=()
    )
    assert camera.limit > 0  # a value computed on demand is no part of the description
    again = Scene.from_json(scene.to_json())
    assert again == scene
    assert again.camera == camera
    assert isinstance(again.camera.coefficients, tuple)
    assert Camera(**json.loads(json.dumps(asdict(camera)))) == camera
    assert hash(again.camera) == hash(camera)


def test_cameras_of_older_descriptions_are_pinholes() -> None:
    assert Camera(**json.loads(json.dumps(SIZE))) == Camera(**SIZE, model="pinhole", coefficients=())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "fish"}, "pinhole, brown_conrady, fisheye, equirectangular"),
        ({"coefficients": (0.1,)}, "takes none"),
        ({"model": "fisheye", "coefficients": (0, 0, 0, 0, 0)}, "k1, k2, k3, k4"),
        ({"model": "fisheye", "coefficients": (math.nan,)}, "finite"),
        ({"cx": math.inf}, "finite"),
        ({"fx": 0.0}, "positive"),
        ({"width": 0}, "empty"),
    ],
)
def test_impossible_cameras_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Camera(**{**SIZE, **change})  # type: ignore[arg-type]


def test_impossible_fields_of_view_are_refused() -> None:
    with pytest.raises(UserError, match=r"Camera\.fisheye"):
        Camera.from_fov(width=4, height=4, horizontal_fov_deg=180)
    with pytest.raises(UserError, match="360"):
        Camera.fisheye(4, 4, 361)
