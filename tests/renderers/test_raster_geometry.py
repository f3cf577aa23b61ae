"""Facts of geometry that a rendered frame must show."""

import numpy as np
import pytest
from render_worlds import camera, centre_rays, instance, scene, triangle_shape

from renderers.raster import RasterRenderer
from scenes import geometry
from scenes.camera import Camera
from scenes.scene import Shape
from scenes.shapes import build


def at(x: float, y: float, z: float) -> np.ndarray:
    return geometry.compose(np.eye(3), (x, y, z))


def facing_plane(z: float) -> np.ndarray:
    """Pose of a horizontal `plane` shape turned to face a camera at the origin from depth z."""
    return geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, z))


def test_camera_inside_a_sphere_sees_its_radius_everywhere():
    shape = Shape.of("sphere", radius=2.0, subdivisions=5)
    cam = camera(97, 65, 100)
    frame = RasterRenderer(scene([instance(shape)], cam)).render(0)
    distance = frame["depth"] * np.linalg.norm(centre_rays(cam), axis=-1)
    corners = build(shape).vertices[build(shape).faces].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inner = np.abs(np.einsum("ij,ij->i", corners[:, 0], normal) / np.linalg.norm(normal, axis=1)).min()  # facets cut below the sphere
    assert frame["valid"].all()
    assert distance.min() > inner - 1e-5
    assert distance.max() < 2.0 + 1e-5
    assert 2.0 - inner < 0.002


def test_fronto_parallel_plane_has_constant_depth_and_normal():
    frame = RasterRenderer(scene([instance(Shape.of("plane", x=40.0, y=40.0), facing_plane(3.0))], camera())).render(0)
    np.testing.assert_allclose(frame["depth"], 3.0, rtol=2e-7)
    np.testing.assert_array_equal(frame["normal"], np.broadcast_to(np.float32([0, 0, -1]), frame["normal"].shape))


@pytest.mark.parametrize("turn", [1.0, -1.0])
def test_normal_faces_the_camera_whatever_the_winding(turn):
    pose = geometry.compose(np.diag([1.0, turn, turn]), (0, 0, 3.0))
    frame = RasterRenderer(scene([instance(Shape.of("plane", x=40.0, y=40.0), pose)], camera())).render(0)
    assert frame["valid"].all()
    np.testing.assert_array_equal(frame["normal"][..., 2], -1.0)


def test_translating_plane_flows_by_focal_times_shift_over_depth():
    cam, shift, z = camera(), 0.05, 2.5
    poses = np.stack([facing_plane(z) @ at(shift * t, 0, 0) for t in range(-1, 3)])
    frame = RasterRenderer(scene([instance(Shape.of("plane", x=40.0, y=40.0), poses)], cam, frames=2)).render(0)
    np.testing.assert_allclose(frame["flow_forward"][..., 0], cam.fx * shift / z, rtol=1e-6)
    np.testing.assert_allclose(frame["flow_backward"][..., 0], -cam.fx * shift / z, rtol=1e-6)
    np.testing.assert_allclose(frame["flow_forward"][..., 1], 0.0, atol=1e-6)


def test_what_rests_before_a_resting_camera_flows_by_exactly_zero():
    pose = geometry.compose(geometry.rotation_z(0.3), (0.1, 0.2, 3.0))
    frame = RasterRenderer(scene([instance(Shape.of("box", x=1, y=1, z=1), pose)], camera(), frames=2)).render(1)
    assert not frame["flow_forward"].any()
    assert not frame["occluded_forward"].any()
    assert not frame["out_of_frame_backward"].any()


def test_sphere_normals_are_radial_up_to_the_facets():
    shape, z = Shape.of("sphere", radius=1.0, subdivisions=5), 4.0
    cam = camera()
    frame = RasterRenderer(scene([instance(shape, at(0, 0, z))], cam)).render(0)
    hit = frame["valid"]
    points = centre_rays(cam)[hit] * frame["depth"][hit][:, None]
    radial = points - (0, 0, z)
    radial /= np.linalg.norm(radial, axis=1, keepdims=True)
    angle = np.degrees(np.arccos(np.clip(np.einsum("ij,ij->i", radial, frame["normal"][hit]), -1, 1)))
    # Edges of 20 * 4^5 facets subtend at most 2.3 degrees, and a point lies within 1.4 degrees of its facet's middle.
    assert hit.sum() > 1000
    assert angle.max() < 1.4
    np.testing.assert_allclose(np.linalg.norm(frame["normal"][hit], axis=1), 1.0, atol=1e-6)


def test_floor_that_passes_under_and_behind_the_camera_has_analytic_depth():
    cam, height = camera(161, 121, 90), 1.5
    floor = geometry.compose([[1, 0, 0], [0, 0, -1], [0, 1, 0]], (0, height, 0))  # its up direction is -y, the camera's up
    frame = RasterRenderer(scene([instance(Shape.of("plane", x=2000.0, y=2000.0), floor)], cam)).render(0)
    slope = centre_rays(cam)[..., 1]
    below = slope > 0.002
    np.testing.assert_allclose(frame["depth"][below], (height / slope[below]), rtol=2e-5)
    assert np.isinf(frame["depth"][slope <= 0]).all()
    np.testing.assert_array_equal(frame["valid"], np.isfinite(frame["depth"]))


@pytest.mark.parametrize("seed", range(6))
def test_triangle_across_the_camera_plane_matches_ray_casting(seed):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-1, 1, (3, 3)) * (1.5, 1.5, 1.0) + (0, 0, 0.4)
    corners[0, 2] = -rng.uniform(0.1, 1.0)
    corners[1, 2] = rng.uniform(0.5, 1.0)
    cam = camera(101, 75, 100)
    frame = RasterRenderer(scene([instance(triangle_shape(corners))], cam)).render(0)
    a, b, c = np.float32(corners).astype(np.float64)
    rays = centre_rays(cam)
    solved = np.linalg.solve(np.stack([a, b, c], axis=1), rays[..., None])[..., 0]  # ray = weights of the corners
    with np.errstate(divide="ignore"):
        depth = 1.0 / solved.sum(-1)
    margin = np.abs(solved).min(-1) / np.abs(solved).max(-1)
    hit = (solved > 0).all(-1) & (depth > 0.01)
    clear = (margin > 1e-4) & (np.abs(depth - 0.01) > 1e-4)
    np.testing.assert_array_equal(frame["valid"][clear], hit[clear])
    np.testing.assert_allclose(frame["depth"][clear & hit], depth[clear & hit], rtol=1e-4)


@pytest.mark.parametrize(("edge", "first"), [(60.0, 60), (60.25, 60), (60.75, 61), (60.5, 60)])
def test_a_pixel_belongs_to_what_lies_under_its_centre(edge, first):
    """The left border of a plane projects to u = edge; the centre of pixel k lies at k + 0.5, and a left border is the plane's own."""
    cam = Camera(width=128, height=9, fx=64.0, fy=64.0, cx=64.0, cy=4.5)
    z, width = 2.0, 16.0
    left = (edge - cam.cx) / cam.fx * z
    frame = RasterRenderer(scene([instance(Shape.of("plane", x=width, y=40.0), facing_plane(z) @ at(left + width / 2, 0, 0))], cam)).render(
        0
    )
    assert not frame["valid"][:, :first].any()
    assert frame["valid"][:, first:].all()


def test_contour_is_a_change_of_instance_among_four_neighbours():
    things = [instance(Shape.of("box", x=1, y=1, z=0.5), at(-0.3 + 0.7 * k, 0.2 * k, 3.0 + k)) for k in range(3)]
    frame = RasterRenderer(scene(things, camera())).render(0)
    ids, expected = frame["instance"].astype(int), np.zeros(frame["contour"].shape, dtype=bool)
    vertical, horizontal = np.diff(ids, axis=0) != 0, np.diff(ids, axis=1) != 0
    expected[:-1] |= vertical
    expected[1:] |= vertical
    expected[:, :-1] |= horizontal
    expected[:, 1:] |= horizontal
    np.testing.assert_array_equal(frame["contour"], expected)
    assert set(np.unique(ids)) == {0, 1, 2, 3}


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (33, 17)])
def test_odd_sizes_agree_with_the_ray_under_each_centre(size):
    cam = camera(*size, 80)
    frame = RasterRenderer(scene([instance(Shape.of("plane", x=90.0, y=90.0), facing_plane(2.0))], cam)).render(0)
    assert frame["rgb"].shape == (size[1], size[0], 3)
    np.testing.assert_allclose(frame["depth"], 2.0, rtol=2e-7)


def test_camera_inside_a_closed_box_sees_its_inner_walls():
    frame = RasterRenderer(scene([instance(Shape.of("box", x=2, y=2, z=4))], camera(64, 64, 90))).render(0)
    assert frame["valid"].all()
    np.testing.assert_allclose(frame["depth"][32, 32], 2.0, rtol=1e-6)


def test_nothing_in_view_gives_the_invalid_values():
    frame = RasterRenderer(scene([instance(Shape.of("box", x=1, y=1, z=1), at(0, 0, -5))], camera(16, 12))).render(0)
    assert np.isinf(frame["depth"]).all()
    for name in ("normal", "instance", "semantic", "contour", "flow_forward", "occluded_backward", "out_of_frame_forward", "valid"):
        assert not frame[name].any(), name


def test_instance_and_semantic_ids_name_the_object():
    things = [
        instance(Shape.of("box", x=1, y=1, z=1), at(-1, 0, 4), category="bed"),
        instance(Shape.of("box", x=1, y=1, z=1), at(1, 0, 4), category="sofa"),
    ]
    frame = RasterRenderer(scene(things, camera())).render(0)
    left, right = frame["instance"][60, 50], frame["instance"][60, 110]
    assert (left, right) == (1, 2)
    assert (frame["semantic"][60, 50], frame["semantic"][60, 110]) == (4, 6)  # NYU40: bed 4, sofa 6
