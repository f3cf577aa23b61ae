"""Boxes, poses and visibility of objects: against hand-computed squares, float64 projections, and each object rendered alone."""

from dataclasses import fields, replace

import numpy as np
import pytest
from render_worlds import camera, eye_frame_triangles, instance, random_world, scene, triangle_shape

from renderers import coverage
from renderers.buffers import SceneBuffers
from renderers.coverage import RayCoverage
from renderers.moment import Moment
from renderers.object_labels import OBJECT_LABELS, Objects
from renderers.outlines import Outlines
from renderers.raster import RasterRenderer
from renderers.visibility.view import NEAR_M, Views
from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Shape, Trajectory

CAM = Camera(width=128, height=96, fx=64.0, fy=64.0, cx=64.0, cy=48.0)  # at z = 2 a metre is 32 pixels


def square(x: float, y: float, z: float, *, wide: float = 1.0, high: float = 1.0):
    """A rectangle that faces the camera, centred on (x, y, z)."""
    return instance(Shape.of("plane", x=wide, y=high), geometry.compose(np.diag([1.0, -1.0, -1.0]), (x, y, z)))


def objects_of(things, cam: Camera = CAM, **more) -> Objects:
    return RasterRenderer(scene(things, cam, **more)).objects(0)


def test_table_describes_the_arrays():
    found = objects_of([square(0, 0, 2), square(0, 0, -2)])
    assert {field.name for field in fields(Objects)} - {"width", "height"} == OBJECT_LABELS.keys()
    for name, label in OBJECT_LABELS.items():
        array = getattr(found, name)
        assert (array.dtype, array.shape) == (np.dtype(label.dtype), (2, *label.shape)), name
    for name in ("box_2d_visible", "box_2d_amodal", "visible_pixels", "amodal_pixels", "visibility", "truncation"):
        np.testing.assert_array_equal(getattr(found, name)[1], OBJECT_LABELS[name].invalid, name)  # the second is behind the camera


def test_square_before_the_camera():
    found = objects_of([square(0.25, -0.5, 2.0, high=0.5)])
    np.testing.assert_array_equal(found.box_2d_visible[0], [56, 24, 88, 40])
    np.testing.assert_allclose(found.box_2d_amodal[0], [56, 24, 88, 40], atol=1e-6)
    np.testing.assert_array_equal(found.box_3d[0], [0, 0, 0, 1, 0.5, 0])
    np.testing.assert_array_equal(found.pose[0], geometry.compose(np.diag([1.0, -1.0, -1.0]), (0.25, -0.5, 2.0)))
    assert (found.visible_pixels[0], found.amodal_pixels[0]) == (32 * 16, 32 * 16)
    assert (found.visibility[0], found.truncation[0]) == (1, 0)


def test_pose_is_seen_from_the_moving_camera():
    eyes = np.stack([geometry.look_at((0, -3 - t, 1), (0, 0, 0.5)) for t in range(-1, 3)])
    turning = np.stack([geometry.compose(geometry.rotation_z(0.2 * t), (0.1 * t, 0, 0)) for t in range(-1, 3)])
    world = scene([instance(Shape.of("box", x=1, y=1, z=1), turning)], CAM, eyes, frames=2)
    np.testing.assert_allclose(RasterRenderer(world).objects(1).pose[0], np.linalg.inv(eyes[2]) @ turning[2], atol=1e-12)
    elsewhere = Trajectory.still(geometry.look_at((2, -3, 1), (0, 0, 0)))
    found = RasterRenderer(world).objects(1, elsewhere)
    np.testing.assert_allclose(found.pose[0], np.linalg.inv(elsewhere.poses[0]) @ turning[2], atol=1e-12)


def test_half_hidden_square_is_half_visible():
    found = objects_of([square(0, 0, 2), square(-0.25, 0, 1, wide=0.5, high=2)])  # the nearer one ends at u = 64
    np.testing.assert_array_equal(found.box_2d_visible[0], [64, 32, 80, 64])
    np.testing.assert_allclose(found.box_2d_amodal[0], [48, 32, 80, 64], atol=1e-6)
    assert (found.visible_pixels[0], found.amodal_pixels[0], found.visibility[0]) == (512, 1024, 0.5)
    assert found.visibility[1] == 1


def test_wholly_hidden_square_keeps_its_amodal_labels():
    found = objects_of([square(0, 0, 2), square(0, 0, 1, wide=3, high=3)])
    assert (found.visible_pixels[0], found.amodal_pixels[0], found.visibility[0]) == (0, 1024, 0)
    assert np.isnan(found.box_2d_visible[0]).all()
    np.testing.assert_allclose(found.box_2d_amodal[0], [48, 32, 80, 64], atol=1e-6)


def test_square_across_the_image_border_is_truncated_by_its_share():
    found = objects_of([square(2.0, 0, 2, wide=1), square(2.0, 1.5, 2), square(2.51, 0, 2)])
    np.testing.assert_allclose(found.box_2d_amodal[0], [112, 32, 144, 64], atol=1e-6)
    np.testing.assert_allclose(found.box_2d_amodal_in_image[:2], [[112, 32, 128, 64], [112, 80, 128, 96]], atol=1e-6)
    np.testing.assert_allclose(found.truncation, [0.5, 0.75, 1.0], atol=1e-6)
    assert found.amodal_pixels.tolist() == [16 * 32, 16 * 16, 0]
    assert found.visibility.tolist() == [1, 1, 0]
    assert np.isnan(found.box_2d_amodal_in_image[2]).all()
    np.testing.assert_allclose(found.box_2d_amodal[2], [64 + 32 * 2.01, 32, 64 + 32 * 3.01, 64], atol=1e-4)


def test_fractional_borders_stay_fractions_in_the_amodal_box_only():
    found = objects_of([square(0.01, 0, 2)])
    np.testing.assert_allclose(found.box_2d_amodal[0], [48.32, 32, 80.32, 64], atol=1e-5)
    np.testing.assert_array_equal(found.box_2d_visible[0], [48, 32, 80, 64])


def test_square_seen_edge_on_inside_the_image_is_not_truncated():
    pose = geometry.compose([[0, 0, 1], [0, 1, 0], [-1, 0, 0]], (0, 0, 2))
    found = objects_of([instance(Shape.of("plane", x=1.0, y=1.0), pose)])
    assert found.box_2d_amodal[0, 0] == found.box_2d_amodal[0, 2] == 64
    assert (found.truncation[0], found.amodal_pixels[0], found.visibility[0]) == (0, 0, 0)


def test_floor_under_and_behind_the_camera_is_clipped_at_the_near_plane():
    floor = geometry.compose([[1, 0, 0], [0, 0, -1], [0, 1, 0]], (0, 1.5, 0))
    found = objects_of([instance(Shape.of("plane", x=8.0, y=20.0), floor)])
    reach = 64 * 4 / NEAR_M
    np.testing.assert_allclose(found.box_2d_amodal[0], [64 - reach, 48 + 64 * 0.15, 64 + reach, 48 + 64 * 1.5 / NEAR_M], rtol=1e-6)
    assert 0.999 < found.truncation[0] < 1
    assert found.amodal_pixels[0] == found.visible_pixels[0] > 3000
    np.testing.assert_allclose(found.box_2d_amodal_in_image[0], [0, 57.6, 128, 96], atol=1e-4)


@pytest.mark.parametrize("seed", range(8))
def test_triangle_across_the_near_plane_has_the_box_of_its_clipped_polygon(seed):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-1, 1, (3, 3))
    corners[0, 2], corners[1, 2] = -rng.uniform(0.1, 1.0), rng.uniform(0.5, 1.0)
    found = objects_of([instance(triangle_shape(corners))])
    corners, kept = np.float32(corners).astype(np.float64), []
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):  # Sutherland-Hodgman
        if a[2] >= NEAR_M:
            kept.append(a)
        if (a[2] >= NEAR_M) != (b[2] >= NEAR_M):
            kept.append(a + (b - a) * (NEAR_M - a[2]) / (b[2] - a[2]))
    pixels = np.array(kept)[:, :2] / np.array(kept)[:, 2:] * 64 + (64, 48)
    np.testing.assert_allclose(found.box_2d_amodal[0], [*pixels.min(0), *pixels.max(0)], rtol=1e-6)
    assert found.visible_pixels[0] == found.amodal_pixels[0]


def test_camera_inside_a_box_sees_the_whole_image_covered():
    found = objects_of([instance(Shape.of("box", x=2, y=2, z=4)), square(0, 0, 1)])
    assert found.amodal_pixels[0] == 128 * 96
    assert found.visible_pixels[0] == 128 * 96 - 64 * 64


def test_object_without_triangles_has_no_box():
    found = objects_of([instance(triangle_shape(np.ones((3, 3)))), square(0, 0, 2)])
    for name in ("box_3d", "box_2d_visible", "box_2d_amodal"):
        assert np.isnan(getattr(found, name)[0]).all(), name
        assert np.isfinite(getattr(found, name)[1]).all(), name
    assert (found.amodal_pixels.tolist(), found.truncation.tolist()) == ([0, 1024], [1, 0])


def test_semantic_ids_name_the_categories():
    things = [replace(square(0, 0, 2), category="bed"), replace(square(0, 0, 3), category="sofa")]
    assert objects_of(things).semantic.tolist() == [4, 6]  # NYU40


def test_time_outside_the_clip_is_refused():
    with pytest.raises(UserError, match="outside the clip"):
        RasterRenderer(scene([square(0, 0, 2)], CAM)).objects(1)


@pytest.fixture(scope="module", params=range(3))
def described(request):
    world = random_world(request.param, width=160, height=120, objects=16)
    renderer = RasterRenderer(world)
    return world, renderer.render(1, ("instance", "valid")), renderer.objects(1), renderer


def test_visible_labels_equal_those_counted_in_the_instance_label(described):
    world, frame, found, _ = described
    ids = frame["instance"].astype(int)
    counts = np.bincount(ids.ravel(), minlength=len(world.instances) + 1)[1:]
    np.testing.assert_array_equal(found.visible_pixels, counts)
    assert found.visible_pixels.sum() == frame["valid"].sum()
    for k in np.flatnonzero(counts):
        rows, columns = np.nonzero(ids == k + 1)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_array_equal(found.box_2d_visible[k], box)
    assert np.isnan(found.box_2d_visible[counts == 0]).all()


def test_amodal_contains_visible(described):
    _, _, found, _ = described
    seen = found.visible_pixels > 0
    assert (found.visible_pixels <= found.amodal_pixels).all()
    assert ((found.visible_pixels < found.amodal_pixels) & seen).any()
    # A pixel belongs to an object that covers its centre, so its borders lie half a pixel further out at most.
    assert (found.box_2d_visible[seen, :2] >= found.box_2d_amodal[seen, :2] - 0.501).all()
    assert (found.box_2d_visible[seen, 2:] <= found.box_2d_amodal[seen, 2:] + 0.501).all()


def test_amodal_pixels_are_those_of_the_object_in_a_world_of_its_own(described):
    world, _, found, _ = described
    for k, thing in enumerate(world.instances):
        alone = RasterRenderer(replace(world, instances=(thing,))).render(1, ("valid",))
        assert alone["valid"].sum() == found.amodal_pixels[k], thing.name


def test_boxes_equal_the_projection_of_all_vertices(described):
    world, _, found, _ = described
    cam, whole = world.camera, 0
    for k, (pose, mesh) in enumerate(eye_frame_triangles(world, 1)):
        corners = mesh.vertices[np.unique(mesh.faces)].astype(np.float64)
        np.testing.assert_allclose(found.box_3d[k], [*(corners.max(0) + corners.min(0)) / 2, *np.ptp(corners, axis=0)], atol=1e-12)
        points = corners @ pose[:3, :3].T + pose[:3, 3]
        if (points[:, 2] > NEAR_M).all():
            pixels = points[:, :2] / points[:, 2:] * (cam.fx, cam.fy) + (cam.cx, cam.cy)
            np.testing.assert_allclose(found.box_2d_amodal[k], [*pixels.min(0), *pixels.max(0)], rtol=1e-6, atol=1e-4)
            whole += 1
        assert np.isnan(found.box_2d_amodal[k]).all() == (points[:, 2] < NEAR_M).all()
    assert whole > 5


def test_rays_count_the_same_amodal_pixels(described):
    world, _, found, renderer = described
    moment = Moment(1, world.camera_motion.at(1))
    slot = int(renderer._cache.slots([moment])[0])
    pixels, boxes = RayCoverage(renderer._buffers, Outlines(renderer._buffers.flat)).alone(renderer._cache.views, slot, moment)
    # Centres on an edge to within rounding may fall either way: one pixel of an object at most, in 80 random worlds.
    assert np.abs(pixels - found.amodal_pixels).max() <= 2
    np.testing.assert_array_equal(boxes.astype(np.float32), found.box_2d_amodal)


def test_counts_do_not_depend_on_how_many_layers_there_are_or_on_earlier_calls(described, monkeypatch):
    world, _, found, renderer = described
    again = renderer.objects(1)
    monkeypatch.setitem(coverage._LAYER_BYTES, True, 1)
    one_by_one = RasterRenderer(world).objects(1)
    for name in OBJECT_LABELS:
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name), name)
        np.testing.assert_array_equal(getattr(one_by_one, name), getattr(found, name), name)


def test_lens_cameras_count_by_rays():
    """An equidistant fisheye sees a sphere off its axis as it is: all rays within asin(radius / distance) of its centre."""
    cam, centre, radius = Camera.fisheye(161, 161, 200), np.array([1.0, 0.5, 1.2]), 0.4
    things = [instance(Shape.of("sphere", radius=radius, subdivisions=5), geometry.compose(np.eye(3), centre)), square(0, 0, -3)]
    buffers = SceneBuffers(scene(things, cam), "cpu")
    views = Views(cam, buffers, 1)
    views.triangle.fill_(-1)
    pixels, boxes = RayCoverage(buffers, Outlines(buffers.flat)).alone(views, 0, Moment(0, np.eye(4)))
    rays, distance = cam.rays(cam.pixel_centres()), np.linalg.norm(centre)
    reach = np.arcsin(radius / distance)
    with np.errstate(invalid="ignore"):
        hit = np.arccos(rays @ centre / distance) < reach
    rows, columns = np.nonzero(hit)
    assert abs(pixels[0] - hit.sum()) <= 0.01 * hit.sum()
    np.testing.assert_allclose(boxes[0], [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], atol=1)
    assert pixels[1] == 0
    assert np.isnan(boxes[1]).all()


@pytest.mark.parametrize("size", [(1, 1), (7, 1), (1, 7)])
def test_tiny_images(size):
    found = objects_of([square(0, 0, 2, wide=90, high=90)], camera(*size, 80))
    assert found.visible_pixels[0] == found.amodal_pixels[0] == size[0] * size[1]
