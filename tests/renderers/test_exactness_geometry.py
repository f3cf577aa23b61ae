"""Labels against closed forms: spheres, planes, the near plane, places far from the origin, two eyes, textures."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_errors import label_errors, surface_errors
from reference_labels import Reference
from render_worlds import CHECKER, camera, centre_rays, instance, mesh_of, mesh_shape, random_world, scene

from renderers.frame import LABELS
from renderers.raster import RasterRenderer
from scenes import geometry
from scenes.camera import Camera
from scenes.scene import Material, Scene, Shape, Texture, Trajectory
from scenes.shapes import build
from scenes.textures import build as picture_of

EXACT = tuple(name for name in LABELS if name not in ("rgb", "rgb_right", "sensor_depth"))
MONO = tuple(name for name in EXACT if name not in ("disparity", "occluded_right", "out_of_frame_right"))
TOWARDS_CAMERA = np.diag([1.0, -1.0, -1.0])


def at(x: float, y: float, z: float) -> np.ndarray:
    return geometry.compose(np.eye(3), (x, y, z))


def wall(z: float, size: float = 90.0, **more):
    return instance(Shape.of("plane", x=size, y=size), geometry.compose(TOWARDS_CAMERA, (0, 0, z)), **more)


def unit_rays(cam: Camera) -> np.ndarray:
    rays = centre_rays(cam)
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**9))
def test_a_tilted_plane_has_its_normal_depth_and_distance(seed):
    rng = np.random.default_rng(seed)
    rotation = geometry.rotation_from_quaternion(rng.normal(size=4))
    place, cam = rng.uniform((-1, -1, 1), (1, 1, 6)), camera(61, 45, rng.uniform(30, 100))
    frame = RasterRenderer(scene([instance(Shape.of("plane", x=80.0, y=80.0), geometry.compose(rotation, place))], cam)).render(0, MONO)
    normal, rays = rotation[:, 2], centre_rays(cam)
    slope = rays @ normal
    clear = frame["valid"] & (np.abs(slope) > 1e-3)
    depth = (place @ normal) / slope
    np.testing.assert_allclose(frame["depth"][clear], depth[clear], rtol=2e-6 / np.abs(slope[clear]).min() if clear.any() else 1)
    facing = normal * -np.sign(place @ normal)
    assert np.abs(frame["normal"][frame["valid"]] - facing).max(initial=0.0) < 2e-6
    assert np.abs(frame["shading_normal"][frame["valid"]] - facing).max(initial=0.0) < 2e-6
    np.testing.assert_allclose(frame["distance"][clear], (frame["depth"] * np.linalg.norm(rays, axis=-1))[clear], rtol=4e-7)
    assert (np.einsum("ij,ij->i", frame["normal"][frame["valid"]], rays[frame["valid"]]) < 1e-6).all()


def test_a_sphere_has_radial_shading_normals_and_facets_within_their_angle():
    """Interpolated vertex normals of 20 * 4^5 facets deviate from the radius by 2e-4; facets by at most 1.4 degrees."""
    cam, centre = camera(160, 120, 40), np.array([0.1, -0.2, 4.0])
    ball = instance(Shape.of("sphere", radius=1.0, subdivisions=5), at(*centre))
    frame = RasterRenderer(scene([ball], cam)).render(0, MONO)
    hit = frame["valid"]
    radial = unit_rays(cam)[hit] * frame["distance"][hit][:, None] - centre
    radial /= np.linalg.norm(radial, axis=1, keepdims=True)
    assert hit.sum() > 5000
    assert np.linalg.norm(frame["shading_normal"][hit] - radial, axis=1).max() < 1e-3
    assert np.linalg.norm(frame["normal"][hit] - radial, axis=1).max() < np.radians(1.4)
    for name in ("normal", "shading_normal"):
        np.testing.assert_allclose(np.linalg.norm(frame[name][hit], axis=1), 1.0, atol=3e-7)
    np.testing.assert_allclose(np.linalg.norm(frame["object_point"][hit], axis=1), 1.0, atol=1e-3)
    np.testing.assert_allclose(frame["object_point"][hit], radial, atol=1e-3)


@pytest.mark.parametrize("eye", [(0.0, 0.0, 0.0), (1.2, -0.7, 0.9), (1.93, 0.0, 0.0)])
def test_inside_a_sphere_all_is_as_far_as_the_sphere(eye):
    """From anywhere inside: |eye + distance * ray| = radius, up to the sagitta of the facets (0.05 %), and the camera sees backs."""
    cam, radius = camera(80, 60, 110), 2.0
    path = geometry.look_at(eye, np.add(eye, (0.3, 0.4, 0.5)))
    ball = instance(Shape.of("sphere", radius=radius, subdivisions=5))
    frame = RasterRenderer(scene([ball], cam, path)).render(0, MONO)
    assert frame["valid"].all()
    reached = geometry.transform(path, unit_rays(cam) * frame["distance"][..., None])
    radii = np.linalg.norm(reached, axis=-1)
    assert radii.max() < radius * (1 + 1e-6)
    assert radii.min() > radius * (1 - 6e-4)
    inwards = -(reached / radii[..., None]) @ path[:3, :3]
    assert np.linalg.norm(frame["shading_normal"] - inwards, axis=-1).max() < 1e-3


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**9))
def test_triangles_through_and_around_the_camera_equal_rays_that_start_at_the_near_plane(seed):
    """Some cross the near plane, some touch the camera, some reach a hundred metres out of the image."""
    rng = np.random.default_rng(seed)
    around = rng.uniform(-1, 1, (12, 3, 3)) * np.exp(rng.uniform(-3, 1, (12, 1, 1)))
    wide = rng.uniform(-1, 1, (4, 3, 3)) * (100, 100, 5)
    things = [instance(mesh_shape(mesh_of(corners))) for corners in (*np.split(around, 4), wide)]
    path = np.stack([geometry.compose(np.eye(3), rng.uniform(-0.05, 0.05, 3)) for _ in range(3)])
    world = scene(things, camera(96, 72, 90), path, frames=1)
    frame, reference = RasterRenderer(world).render(0, MONO), Reference(world)
    figures, seen, _ = surface_errors(frame, reference)
    assert seen.valid.any()
    assert figures["ids_off"] < 3e-4  # two pixels
    assert figures["ids_all"] < 3e-3
    assert figures["depth_median"] < 1e-4  # float32 corners 100 m away shift a plane that passes within 1 m of the camera
    assert figures["depth_999"] < 1e-3
    assert frame["depth"].min() >= 0.01 * (1 - 1e-4)


def test_what_is_nearer_than_the_near_plane_is_cut_exactly():
    """A floor just below the camera: pixel rays meet it at depth h / slope, or not at all before the near plane."""
    cam, height = camera(64, 48, 120), 0.008
    floor = instance(Shape.of("plane", x=9.0, y=9.0), geometry.compose([[1, 0, 0], [0, 0, -1], [0, 1, 0]], (0, height, 0)))
    frame = RasterRenderer(scene([floor], cam)).render(0)
    with np.errstate(divide="ignore"):
        depth = height / centre_rays(cam)[..., 1]
    seen = (depth >= 0.01) & (depth < 4)
    np.testing.assert_array_equal(frame["valid"][depth < 4], seen[depth < 4])
    np.testing.assert_allclose(frame["depth"][seen], depth[seen], rtol=1e-5)
    assert (seen & (depth < 0.012)).any()
    assert ((depth > 0) & (depth < 0.01)).any()


@pytest.mark.parametrize("z", [1.0, 0.999999, 1.5])
def test_a_point_at_or_behind_the_other_camera_plane_has_no_image(z):
    """The wall at depth 1 is at depth 1 - z afterwards: zero exactly, just in front, behind."""
    world = scene([wall(1.0)], camera(16, 12), np.stack([at(0, 0, z * t) for t in range(-1, 2)]))
    frame = RasterRenderer(world).render(0, MONO)
    behind = z >= 1.0
    assert np.isfinite(frame["flow_forward"]).all()
    assert not frame["occluded_forward"].any()
    assert frame["out_of_frame_forward"].all()  # just in front, no pixel centre is near enough to the middle
    assert frame["flow_forward"].any() != behind
    assert not frame["out_of_frame_backward"].any()


def moved_world(seed: int, offset) -> Scene:
    """A random world, all of it elsewhere."""
    world, shift = random_world(seed, width=96, height=72), at(*offset)
    things = tuple(replace(i, motion=Trajectory(shift @ i.motion.poses)) for i in world.instances)
    motion = Trajectory(shift @ world.camera_motion.poses)
    return replace(world, instances=things, camera_motion=motion, lights=(), stereo_baseline_m=0.1)


def test_far_from_the_origin_labels_are_as_exact():
    """500 m away: poses are composed in float64, so errors stay those at the origin (flow 1e-4 px)."""
    for seed in range(4):
        world = moved_world(seed, (500.0, -400.0, 300.0))
        errors = label_errors(RasterRenderer(world).render(1, EXACT), Reference(world))
        assert errors["ids_off"] == 0
        assert errors["depth_999"] < 1e-5
        assert max(errors[f"{d} flow_px"] for d in ("forward", "backward", "right")) < 2e-3
        assert max(errors[f"{d} occluded_steady"] for d in ("forward", "backward", "right")) == 0


def test_vertices_far_from_their_own_origin_lose_only_what_float32_stores():
    """Vertices 500 m from the mesh's origin are stored to 3e-5 m; depth at 3 m is as exact as that, flow of what rests exactly 0."""
    corners = build(Shape.of("box", x=1.0, y=1.0, z=1.0))
    far = mesh_of(np.add(corners.vertices[corners.faces], (500.0, 0.0, 3.0)))
    world = scene([instance(mesh_shape(far))], camera(96, 72), at(500.0, 0, 0), frames=1)
    frame, near = (
        RasterRenderer(world).render(0, MONO),
        scene([instance(Shape.of("box", x=1.0, y=1.0, z=1.0), at(0, 0, 3))], camera(96, 72)),
    )
    here = RasterRenderer(near).render(0, MONO)
    both = frame["valid"] & here["valid"]
    assert (frame["valid"] != here["valid"]).sum() <= 2
    np.testing.assert_allclose(frame["depth"][both], here["depth"][both], atol=1e-4)
    assert not frame["flow_forward"].any()


@settings(max_examples=15, deadline=None, derandomize=True)
@given(z=st.floats(0.3, 30.0), baseline=st.floats(0.02, 0.5), fov=st.floats(30.0, 110.0))
def test_disparity_of_a_wall_is_focal_times_baseline_over_depth(z, baseline, fov):
    cam = camera(64, 48, fov)
    frame = RasterRenderer(replace(scene([wall(z, 600.0)], cam), stereo_baseline_m=baseline)).render(0, EXACT)
    np.testing.assert_allclose(frame["disparity"], cam.fx * baseline / z, atol=1e-3 * max(1.0, cam.fx * baseline / z / 640))
    column = np.arange(64) + 0.5 - cam.fx * baseline / z
    clear = np.abs(column) > 1e-3
    np.testing.assert_array_equal(frame["out_of_frame_right"][:, clear], np.broadcast_to(column < 0, (48, 64))[:, clear])


def test_disparity_is_focal_times_baseline_over_depth_in_full_size_and_both_eyes_agree():
    """Left to right: at the right image's pixel that a free left pixel maps to, the second eye sees the same depth."""
    world = replace(random_world(3, width=640, height=480), stereo_baseline_m=0.12)
    cam, renderer = world.camera, RasterRenderer(world)
    left = renderer.render(1, EXACT)
    expected = cam.fx * 0.12 / left["depth"].astype(np.float64)
    valid = left["valid"]
    assert np.abs(left["disparity"] - expected)[valid].max() < 1e-3
    eye = Trajectory(world.camera_motion.poses @ at(0.12, 0, 0))
    right = renderer.render_batch([1], ("depth", "instance"), [eye]).frame(0)
    u = np.arange(640) + 0.5 - left["disparity"]
    free = valid & ~left["occluded_right"] & ~left["out_of_frame_right"]
    column, row = np.clip(np.floor(u).astype(int), 0, 639), np.arange(480)[:, None]
    agree = (right["instance"][row, column] == left["instance"]) & (np.abs(right["depth"][row, column] / left["depth"] - 1) < 0.05)
    assert agree[free].mean() > 0.99
    assert agree[valid & left["occluded_right"]].mean() < 0.2


def test_albedo_is_the_texel_under_the_pixel():
    """A wall so near that 7 pixels cover a texel: each texel's middle pixel has its colour, times the material's."""
    texture, color = Texture.of("noise", metres=0.5, resolution=32), (0.9, 0.6, 0.3)
    z, across = 2.0, 7
    texel = 0.5 / 32
    focal = across * z / texel
    cam = Camera(width=140, height=105, fx=focal, fy=focal, cx=0.0, cy=105.0)  # the corner below left is the plane's middle, uv = (0, 0)
    frame = RasterRenderer(scene([wall(z)], cam, materials=(Material(color=color, texture=texture),))).render(0, ("albedo",))
    picture = picture_of(texture).astype(np.float64) / 255
    linear = np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4) * color
    middle = frame["albedo"][3::7, 3::7][::-1]  # image rows run down, the plane's v runs up
    assert middle.shape == (15, 20, 3)
    np.testing.assert_allclose(middle, linear[:15, :20], atol=2e-3)
    assert linear[:15, :20].std() > 0.02


def test_albedo_of_a_checker_has_two_values_and_no_light():
    dark = RasterRenderer(scene([wall(2.0, material=1)], camera(64, 48, 20), lights=())).render(0, ("albedo",))["albedo"]
    values, counts = np.unique(np.round(dark.reshape(-1, 3), 3), axis=0, return_counts=True)
    picture = picture_of(CHECKER.texture).reshape(-1, 3) / 255
    linear = np.unique(np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4), axis=0)
    frequent = values[np.argsort(counts)[-len(linear) :]]
    np.testing.assert_allclose(np.sort(frequent, axis=0), np.sort(linear * CHECKER.color, axis=0), atol=2e-3)
