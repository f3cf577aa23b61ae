"""Lenses and panoramas, by ray casting: facts of geometry, and labels against float64 reprojection written here."""

from dataclasses import replace

import numpy as np
import pytest
from render_worlds import GREY, SHINY, away_from_edges, embree_cast, embree_scene, instance, random_world, scene

from renderers.frame import LABELS
from renderers.raster import RasterRenderer
from renderers.raycast import BvhRenderer, EmbreeRenderer
from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Scene, Shape, Sky, Trajectory
from scenes.shapes import build
from simlearn.invariants import check_frame

RAYS = {"embree": EmbreeRenderer, "bvh": BvhRenderer}
CAMERAS = {
    "brown_conrady": Camera(
        width=320, height=240, fx=190, fy=195, cx=158, cy=122, model="brown_conrady", coefficients=(-0.25, 0.06, 1e-3, -2e-3, -0.004)
    ),
    "fisheye": Camera(width=320, height=240, fx=95, fy=97, cx=163, cy=117, model="fisheye", coefficients=(0.03, -0.004, 5e-4, -2e-5)),
    "panorama": Camera.panorama(384, 192),
}


@pytest.fixture(scope="module", params=CAMERAS)
def world(request):
    return replace(random_world(1), camera=CAMERAS[request.param], stereo_baseline_m=0.1)


@pytest.fixture(scope="module")
def frames(world):
    renderer = EmbreeRenderer(world)
    return [renderer.render(t, set(LABELS) - {"sensor_depth"}) for t in range(world.frames)]


def unit_rays(cam: Camera) -> np.ndarray:
    rays = cam.rays(cam.pixel_centres())
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def moved_points(world: Scene, frame, other_pose: np.ndarray, other: int) -> np.ndarray:
    """float64 [H, W, 3]: what a frame shows, in the frame of an eye at another time, by way of the objects' own frames."""
    seen = unit_rays(world.camera) * np.where(frame["valid"], frame["distance"], 1.0).astype(np.float64)[..., None]
    in_world = geometry.transform(frame.pose, seen)
    for k, thing in enumerate(world.instances):
        mine = frame["instance"] == k + 1
        in_object = geometry.transform(np.linalg.inv(thing.motion.at(frame.time)), in_world[mine])
        in_world[mine] = geometry.transform(thing.motion.at(other), in_object)
    return geometry.transform(np.linalg.inv(other_pose), in_world)


def calm_image(cam: Camera, points: np.ndarray) -> np.ndarray:
    """bool [H, W]: not so near to a panorama's poles, or straight behind a fisheye, that rounding of a direction spreads in the image."""
    x, y, z = np.moveaxis(points, -1, 0)
    length = np.linalg.norm(points, axis=-1)
    if cam.model == "equirectangular":
        return np.hypot(x, z) > 0.02 * length
    return np.arctan2(np.hypot(x, y), z) < 3.0 if cam.is_wide else z > 0.05


@pytest.mark.parametrize("backend", RAYS)
@pytest.mark.parametrize("cam", [Camera.panorama(128, 64), Camera.fisheye(80, 60, 360), Camera.fisheye(61, 61, 180)])
def test_a_camera_inside_a_sphere_sees_its_radius_everywhere(backend, cam):
    shape = Shape.of("sphere", radius=2.0, subdivisions=5)
    frame = RAYS[backend](scene([instance(shape)], cam)).render(0, ["distance", "normal", "valid", "depth"])
    corners = build(shape).vertices[build(shape).faces].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inner = np.abs(np.einsum("ij,ij->i", corners[:, 0], normal) / np.linalg.norm(normal, axis=1)).min()  # facets cut below the sphere
    rays = unit_rays(cam)
    exposed = np.isfinite(rays[..., 0])
    np.testing.assert_array_equal(frame["valid"], exposed)
    assert exposed.mean() > 0.5
    assert frame["distance"][exposed].min() > inner - 1e-5
    assert frame["distance"][exposed].max() < 2.0 + 1e-5
    np.testing.assert_allclose(frame["depth"][exposed], (frame["distance"] * rays[..., 2])[exposed], atol=1e-6)
    assert np.einsum("ni,ni->n", frame["normal"][exposed], rays[exposed]).max() < -np.cos(np.radians(1.5))  # a facet spans 2.3 degrees


@pytest.mark.parametrize("backend", RAYS)
@pytest.mark.parametrize("name", CAMERAS)
def test_corners_of_a_board_appear_where_they_project(backend, name):
    """Borders of a distorted board are no straight lines; each of its border's points divides what is seen at its projection."""
    cam = CAMERAS[name]
    pose = geometry.compose(np.diag([1.0, -1.0, -1.0]), (0.3, -0.2, 1.5))
    ids = RAYS[backend](scene([instance(Shape.of("plane", x=1.6, y=1.2), pose)], cam)).render(0, ["instance"])["instance"]
    along = np.linspace(-0.93, 0.93, 41)
    for x, y in [(along, 1.0), (along, -1.0), (1.0, along), (-1.0, along)]:
        for share, seen in ((0.94, 1), (1.06, 0)):  # 0.036 m and more beside the border, over a pixel
            across, up = np.broadcast_arrays(0.8 * x * (share if np.isscalar(x) else 1), 0.6 * y * (share if np.isscalar(y) else 1))
            place = geometry.transform(pose, np.stack([across, up, np.zeros(41)], axis=-1))
            column, row = np.floor(cam.project(place)).astype(int).T
            inside = (column >= 0) & (row >= 0) & (column < cam.width) & (row < cam.height)
            assert inside.mean() > 0.9
            np.testing.assert_array_equal(ids[row[inside], column[inside]], seen)


def test_a_straight_edge_is_bent_by_a_lens():
    """Half the world is covered; the border that a pinhole sees at one column is where the lens' formula puts it, row by row."""
    cam = CAMERAS["brown_conrady"]
    pose = geometry.compose(np.diag([1.0, -1.0, -1.0]), (20.5, 0, 1.0))  # its left border at x = 0.5, z = 1
    ids = EmbreeRenderer(scene([instance(Shape.of("plane", x=40.0, y=40.0), pose)], cam)).render(0, ["instance"])["instance"]
    v = np.linspace(-0.8, 0.8, 4001)
    border = cam.project(np.stack([np.full_like(v, 0.5), v, np.ones_like(v)], axis=-1))
    rows = np.arange(10, 230)
    first = (ids[rows] == 1).argmax(1)
    expected = np.interp(rows + 0.5, border[:, 1], border[:, 0])
    assert np.ptp(expected) > 2  # bent
    assert (first + 0.5 > expected - 1e-3).all()
    assert (first - 0.5 < expected + 1e-3).all()


def test_distance_and_depth_are_those_of_rays_in_the_eyes_frame(world, frames):
    rays = unit_rays(world.camera)
    reach, ids = embree_cast(embree_scene(world, 1), np.nan_to_num(rays, nan=0.0))
    ours = frames[1]
    calm = away_from_edges(ids, reach) & away_from_edges(ours["instance"], ours["distance"])
    assert calm.mean() > 0.7
    assert (ours["instance"].astype(int) - 1 == ids)[calm].mean() > 0.999
    error = np.abs(ours["distance"].astype(np.float64) / reach - 1)[calm]
    assert np.median(error) < 1e-6
    assert np.quantile(error, 0.999) < 1e-4
    np.testing.assert_allclose(ours["depth"], ours["distance"] * rays[..., 2], rtol=1e-5, atol=1e-6)
    assert (ours["depth"] < 0).any() == world.camera.is_wide


@pytest.mark.parametrize(("direction", "offset"), [("forward", 1), ("backward", -1)])
def test_flow_and_out_of_frame_equal_reprojection(world, frames, direction, offset):
    cam, ours = world.camera, frames[1]
    moved = moved_points(world, ours, world.camera_motion.at(1 + offset), 1 + offset)
    target = cam.project(moved)
    imaged = np.isfinite(target[..., 0]) & (cam.is_wide | (moved[..., 2] > 0))
    error = ours[f"flow_{direction}"] - (target - cam.pixel_centres())
    inside = (target >= 0).all(-1) & (target < (cam.width, cam.height)).all(-1)
    margin = np.minimum(target, (cam.width, cam.height) - target)
    if cam.model == "equirectangular":
        assert np.abs(ours[f"flow_{direction}"][..., 0]).max() <= cam.width / 2 + 1e-3
        assert (np.abs(error[..., 0]) > cam.width / 2).any()  # something crosses the seam, by the short way
        error[..., 0] -= cam.width * np.rint(error[..., 0] / cam.width)
        inside, margin = (target[..., 1] >= 0) & (target[..., 1] < cam.height), margin[..., 1:]
    calm = ours["valid"] & imaged & calm_image(cam, moved) & calm_image(cam, unit_rays(cam))
    assert calm.mean() > 0.95
    assert np.abs(error[calm]).max() < 1e-2
    clear = ours["valid"] & calm & (np.abs(margin).min(-1) > 1e-2)
    np.testing.assert_array_equal(ours[f"out_of_frame_{direction}"][clear], ~inside[clear])
    assert ours[f"out_of_frame_{direction}"].any() == (cam.model != "equirectangular")


@pytest.mark.parametrize(("direction", "offset"), [("forward", 1), ("backward", -1)])
def test_occlusion_equals_a_ray_to_the_moved_point(world, frames, direction, offset):
    ours = frames[1]
    moved = moved_points(world, ours, world.camera_motion.at(1 + offset), 1 + offset)
    reach, _ = embree_cast(embree_scene(world, 1 + offset), moved)
    inside = ours["valid"] & ~ours[f"out_of_frame_{direction}"]
    assert ours[f"occluded_{direction}"].any()
    assert not ours[f"occluded_{direction}"][~inside].any()
    assert (ours[f"occluded_{direction}"] == (reach < 1 - 1e-4))[inside].mean() > 0.9998


def test_second_eye_and_scene_flow_equal_reprojection(world, frames):
    cam, ours = world.camera, frames[1]
    right = ours.pose @ geometry.compose(np.eye(3), (0.1, 0, 0))
    shift = (cam.project(moved_points(world, ours, right, 1)) - cam.pixel_centres())[..., 0]
    if cam.model == "equirectangular":
        shift -= cam.width * np.rint(shift / cam.width)
    there = moved_points(world, ours, right, 1)
    calm = ours["valid"] & calm_image(cam, there) & calm_image(cam, unit_rays(cam)) & np.isfinite(shift)
    assert np.abs(ours["disparity"] + shift)[calm].max() < 1e-2
    moved = moved_points(world, ours, ours.pose, 2) - unit_rays(cam) * ours["distance"][..., None]
    assert np.abs(ours["scene_flow"] - moved)[ours["valid"]].max() < 1e-5


def test_normals_and_object_points_are_of_the_objects(world, frames):
    """Points of boxes, in the box's own frame, lie on one of its sides, and the normal is that side's."""
    ours, checked = frames[1], 0
    for k, thing in enumerate(world.instances):
        mine = ours["instance"] == k + 1
        if thing.shape.kind != "box" or mine.sum() < 50:
            continue
        half = np.array([dict(thing.shape.parameters)[axis] for axis in "xyz"]) / 2
        beyond = np.abs(ours["object_point"][mine]) / half
        np.testing.assert_allclose(beyond.max(1), 1.0, atol=1e-4)
        clear = np.sort(beyond, axis=1)[:, 1] < 0.999
        side = beyond.argmax(1)
        axes = (np.linalg.inv(ours.pose) @ thing.motion.at(1))[:3, :3].T[side]
        np.testing.assert_allclose(np.abs(np.einsum("ni,ni->n", axes, ours["normal"][mine]))[clear], 1.0, atol=1e-5)
        checked += 1
    assert checked >= 4


@pytest.mark.parametrize("name", CAMERAS)
def test_embree_and_bvh_see_the_same(name):
    world = replace(random_world(6), camera=CAMERAS[name].scaled(160, 120), stereo_baseline_m=0.1)
    names = set(LABELS) - {"sensor_depth"}
    one, other = EmbreeRenderer(world).render(1, names), BvhRenderer(world).render(1, names)
    for label in names:
        same = (one[label] == other[label]).reshape(120, 160, -1).all(-1)
        assert same.mean() > 0.999, label


def test_colours_are_those_of_the_same_points_in_a_pinhole_image():
    """A lens only says where a point appears: what a fisheye and a pinhole at one place both see has one colour."""
    world = replace(random_world(2), materials=(GREY, GREY, SHINY))  # a texture would be averaged over pixels of different sizes
    pinhole = replace(world, camera=Camera.from_fov(width=480, height=360, horizontal_fov_deg=75))
    fisheye = replace(world, camera=Camera.fisheye(240, 240, 160))
    flat, bent = RasterRenderer(pinhole).render(1), EmbreeRenderer(fisheye).render(1)
    rays = unit_rays(fisheye.camera)
    ahead = rays[..., 2] > 0.2
    target = np.floor(pinhole.camera.project(np.where(ahead[..., None], rays, (0.0, 0.0, 1.0)))).astype(int)
    shared = ahead & (target >= 0).all(-1) & (target < (480, 360)).all(-1)
    column, row = np.where(shared[..., None], target, 0).transpose(2, 0, 1)
    steady = away_from_edges(flat["instance"], flat["depth"], 2)[row, column] & shared
    steady &= flat["instance"][row, column] == bent["instance"]
    difference = np.abs(flat["rgb"][row, column].astype(int) - bent["rgb"])[steady]
    assert steady.mean() > 0.1
    assert np.median(difference) <= 1
    assert np.quantile(difference, 0.95) <= 4  # borders of shadows


def test_where_the_lens_sees_nothing_the_picture_is_black_and_labels_are_invalid():
    world = replace(random_world(0, frames=1), camera=Camera.fisheye(90, 60, 360))
    frame = EmbreeRenderer(world).render(
        0, set(LABELS) - {"sensor_depth", "rgb_right", "disparity", "occluded_right", "out_of_frame_right"}
    )
    dark = np.isnan(unit_rays(world.camera)[..., 0])
    assert 0.3 < dark.mean() < 0.6
    np.testing.assert_array_equal(frame["valid"], ~dark)
    assert not frame["rgb"][dark].any()
    assert frame["rgb"][~dark].mean() > 40
    for name in set(frame.labels) - {"rgb", "contour", "valid"}:
        np.testing.assert_array_equal(frame[name][dark], LABELS[name].invalid, err_msg=name)


def test_where_the_lens_sees_nothing_there_is_no_sky_either():
    ball = instance(Shape.of("sphere", radius=0.5), geometry.compose(np.eye(3), (0, 0, 3)), category="car")
    world = replace(scene([ball], Camera.fisheye(90, 60, 360)), label_space="cityscapes")
    frame = EmbreeRenderer(world).render(0, ["instance", "semantic", "valid"])
    dark = np.isnan(unit_rays(world.camera)[..., 0])
    np.testing.assert_array_equal(frame["semantic"][dark], 0)
    np.testing.assert_array_equal(frame["semantic"][~dark & ~frame["valid"]], 23)
    assert list(check_frame(frame, world)) == []


def test_the_sky_is_seen_all_around():
    """A camera on a ball: everything else is sky, whose colour depends on the ray's height alone."""
    sky = Sky(zenith=(0.1, 0.2, 0.3), horizon=(0.05, 0.05, 0.05), ground=(0.3, 0.2, 0.1))
    ball = instance(Shape.of("sphere", radius=0.2), geometry.compose(np.eye(3), (0, 0, -3)))
    level = geometry.look_at((0, 0, 0), (1, 0, 0))
    radiance = EmbreeRenderer(scene([ball], Camera.panorama(64, 32), level, sky=sky)).radiance(0)
    np.testing.assert_allclose(radiance[0], np.broadcast_to(sky.zenith, (64, 3)), rtol=0.05)
    np.testing.assert_allclose(radiance[:16], np.broadcast_to(radiance[:16, :1], (16, 64, 3)), rtol=1e-3)
    assert (np.diff(radiance[:16, 0, 2]) < 0).all()


def test_a_turn_about_the_axis_of_a_panorama_shifts_every_pixel_alike():
    """The camera turns by 16 columns: flow is (16, 0) everywhere, also across the seam, and nothing is hidden or leaves the image."""
    cam = Camera.panorama(128, 64)
    turn = 2 * np.pi * 16 / 128
    level = geometry.look_at((0.2, 0.1, 1.2), (1.2, 0.1, 1.2))
    path = np.stack([geometry.compose(geometry.rotation_z(turn * t) @ level[:3, :3], level[:3, 3]) for t in range(-1, 2)])
    world = replace(random_world(3, frames=1), camera=cam, camera_motion=Trajectory(path))
    world = replace(world, instances=tuple(replace(i, motion=Trajectory.still(i.motion.at(0))) for i in world.instances))
    frame = EmbreeRenderer(world).render(0)
    np.testing.assert_allclose(frame["flow_forward"], np.broadcast_to((16.0, 0.0), (64, 128, 2)), atol=2e-3)
    np.testing.assert_allclose(frame["flow_backward"], np.broadcast_to((-16.0, 0.0), (64, 128, 2)), atol=2e-3)
    assert not frame["out_of_frame_forward"].any()
    assert frame["occluded_forward"].mean() < 1e-3


@pytest.mark.parametrize("name", CAMERAS)
def test_raster_refuses_lenses_and_names_the_remedy(name):
    with pytest.raises(UserError, match=rf"pinhole cameras only, not {CAMERAS[name].model}: .*'embree' or 'bvh'"):
        RasterRenderer(replace(random_world(0), camera=CAMERAS[name]))


@pytest.mark.parametrize("renderer", [RasterRenderer, EmbreeRenderer])
def test_a_lens_without_distortion_is_a_pinhole_to_the_bit(renderer):
    world = random_world(4, width=64, height=48)
    straight = replace(world, camera=replace(world.camera, model="brown_conrady", coefficients=()))
    one, other = renderer(world).render(1), renderer(straight).render(1)
    for name in one.labels:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
