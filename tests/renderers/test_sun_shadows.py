"""Shadows of the sun: in a scene as large as a street, against cast rays; none where nothing is in the way; no light in closed rooms."""

from dataclasses import replace

import numpy as np
import pytest
from render_worlds import camera, centre_rays, instance, scene

from renderers.open3d_import import open3d
from renderers.raster import RasterRenderer
from scenes import geometry
from scenes.scene import Material, Shape, Sky, Sun, Trajectory
from scenes.shapes import build

MATT = Material(color=(0.6, 0.5, 0.4), roughness=1.0)
DIM = Sky(zenith=(0.1, 0.1, 0.1), horizon=(0.1, 0.1, 0.1), ground=(0.1, 0.1, 0.1))
SUN = Sun(direction=(0.48, 0.6, -0.64), irradiance=(2.0, 2.0, 2.0))
LOW_SUN = Sun(direction=(0.9, 0.3, -0.316), irradiance=(2.0, 2.0, 2.0))
TEXEL_M = 2 * 12.0 / 1500


def at(x: float, y: float, z: float, turn_rad: float = 0.0) -> np.ndarray:
    return geometry.compose(geometry.rotation_z(turn_rad), (x, y, z))


def street(things, *, lights=(SUN,), size=(621, 188), path=None, **more):
    """300 m of ground with a house in the far distance, seen from 1.65 m above it along y."""
    ground = instance(Shape.of("plane", x=300.0, y=300.0))
    house = instance(Shape.of("box", x=10, y=10, z=12), at(40, 120, 6))
    poses = geometry.look_at((0, 0, 1.65), (0, 10, 1.4)) if path is None else path
    return scene([ground, house, *things], camera(*size, 81), poses, lights=lights, materials=(MATT,), sky=DIM, **more)


def world_points(world, time: int = 0) -> np.ndarray:
    """What each pixel shows, float64 [H, W, 3] in the world; NaN for none."""
    depth = RasterRenderer(world).render(time, ["depth"])["depth"].astype(np.float64)
    pose = world.camera_motion.at(time)
    return (centre_rays(world.camera) * np.where(np.isfinite(depth), depth, np.nan)[..., None]) @ pose[:3, :3].T + pose[:3, 3]


def blocked(world, points: np.ndarray, direction) -> np.ndarray:
    """bool [...]: Embree finds something between points [..., 3] and the sun; rays start 5 mm towards it."""
    o3d = open3d()
    tracer = o3d.t.geometry.RaycastingScene()
    for thing in world.instances:
        mesh, pose = build(thing.shape), thing.motion.at(0)
        vertices = mesh.vertices.astype(np.float64) @ pose[:3, :3].T + pose[:3, 3]
        tracer.add_triangles(o3d.core.Tensor(vertices.astype(np.float32)), o3d.core.Tensor(mesh.faces.astype(np.uint32)))
    to_sun = -np.asarray(direction)
    rays = np.concatenate([points + 0.005 * to_sun, np.broadcast_to(to_sun, points.shape)], axis=-1).astype(np.float32)
    hit: np.ndarray = tracer.test_occlusions(o3d.core.Tensor(rays)).numpy()
    return hit


def lit_share(world) -> np.ndarray:
    """float [H, W]: how much of the sun's light arrives, from pictures with the sun, without it, and without shadows.

    What emits light casts no shadow: a trace of emission gives the last one.
    """
    open_ = replace(world, materials=tuple(replace(m, emission=(1e-9,) * 3) for m in world.materials))
    seen, dark, full = (RasterRenderer(w).radiance(0)[..., 0].astype(np.float64) for w in (world, replace(world, lights=()), open_))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(full - dark > 1e-3, (seen - dark) / (full - dark), np.nan)


def test_the_shadow_of_a_thin_pole_is_where_rays_to_the_sun_are_blocked():
    """A pole of 5 cm, 8 m away, and a box: equal to cast rays beyond a band of two texels, which the filter blurs."""
    pole = instance(Shape.of("cylinder", radius=0.025, height=3.0), at(-1.5, 8, 1.5))
    crate = instance(Shape.of("box", x=0.8, y=0.6, z=0.9), at(1.2, 7, 0.45, 0.4))
    world = street([pole, crate], size=(1242, 375))
    points, share = world_points(world), lit_share(world)
    near = np.isfinite(share) & (np.abs(points[..., 2]) < 1e-3) & (np.linalg.norm(points, axis=-1) < 14)
    shifts = [(x, y, 0) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    shadow = np.stack([blocked(world, points + 2 * TEXEL_M * np.asarray(s), SUN.direction) for s in shifts])
    inside, outside = near & shadow.all(0), near & ~shadow.any(0)
    assert inside.sum() > 500
    assert (share[inside] < 0.5).all()
    assert (share[outside] > 0.5).all()
    centre = near & shadow[4] & (points[..., 0] < 0.5) & (points[..., 0] > -1.4)  # of the pole's own shadow, one to three texels wide
    assert centre.sum() > 60
    assert np.median(share[centre]) < 0.4


@pytest.mark.parametrize("sun", [SUN, LOW_SUN])
def test_lit_ground_and_walls_have_no_shadow_of_their_own(sun):
    """Ground to the horizon and walls that the sun grazes, as near as 3 m and as far as 60 m."""
    walls = [instance(Shape.of("box", x=0.3, y=8, z=4), at(x, y, 1.99, turn)) for x, y, turn in ((4, 8, 0.0), (-9, 18, 0.3), (12, 55, 0.8))]
    world = street(walls, lights=[sun])
    points, share = world_points(world), lit_share(world)
    known = np.isfinite(share) & (np.linalg.norm(np.nan_to_num(points), axis=-1) < 140)
    free = known & ~blocked(world, points, sun.direction)
    for shift in ((0.9, 0, 0), (-0.9, 0, 0), (0, 0.9, 0), (0, -0.9, 0), (0, 0, 0.9)):  # away from borders in the coarsest map
        free &= ~blocked(world, np.nan_to_num(points) + shift, sun.direction)
    assert free.sum() > 20_000
    np.testing.assert_allclose(share[free], 1.0, atol=1e-4)


@pytest.mark.parametrize("direction", [(0.6, 0.64, -0.48), (-0.96, 0.0, -0.28), (0.05, 0.02, -0.998)])
def test_no_sun_leaks_into_a_closed_room(direction):
    """Slabs of 6 cm that only touch each other."""
    t, w, d, h = 0.06, 6.0, 5.0, 2.6
    slabs = [((w, d, t), (0, 0, -t / 2)), ((w, d, t), (0, 0, h + t / 2))]
    slabs += [((w, t, h), (0, s * (d - t) / 2, h / 2)) for s in (-1, 1)] + [
        ((t, d - 2 * t, h), (s * (w - t) / 2, 0, h / 2)) for s in (-1, 1)
    ]
    room = [instance(Shape.of("box", x=x, y=y, z=z), at(*place)) for (x, y, z), place in slabs]
    unit = tuple(np.asarray(direction) / np.linalg.norm(direction))
    for eye, target in (((-2, -1.5, 1.5), (2.5, 2, 0.2)), ((2, 1.5, 1.2), (-3, -2, 2.5))):
        lit = scene(room, camera(320, 240, 90), geometry.look_at(eye, target), materials=(MATT,), sky=DIM)
        dark = RasterRenderer(lit).radiance(0)
        lit = replace(lit, lights=(Sun(direction=unit, irradiance=(5.0, 5.0, 5.0)),))
        np.testing.assert_array_equal(RasterRenderer(lit).radiance(0), dark)


def drive(frames: int, step_m: float) -> np.ndarray:
    return np.stack([geometry.look_at((0, step_m * t, 1.65), (0, step_m * t + 10, 1.4)) for t in range(-1, frames + 1)])


def test_pictures_of_a_drive_do_not_depend_on_the_order_of_times():
    boxes = [instance(Shape.of("box", x=0.5, y=0.5, z=1.5), at(x, y, 0.75)) for x, y in ((-2, 8), (2, 12), (-3, 20), (1.5, 30))]
    mover = instance(Shape.of("box", x=1, y=1, z=1), np.stack([at(-1 + 0.3 * t, 9 + t, 0.5) for t in range(-1, 7)]))
    world = street([*boxes, mover], path=drive(6, 2.0), frames=6, size=(200, 80))
    renderer = RasterRenderer(world)
    for time in (5, 0, 3, 5, 1):
        np.testing.assert_array_equal(renderer.radiance(time), RasterRenderer(world).radiance(time))
    both = renderer.render_batch([4, 2], ["rgb"])
    for k, time in enumerate((4, 2)):
        np.testing.assert_array_equal(both["rgb"][k], RasterRenderer(world).render(time, ["rgb"])["rgb"])


def test_shadows_keep_their_edges_while_the_camera_moves():
    """Maps move with the scene's camera; what a resting eye sees of shadows that both hold stays, but for rounding at a few edges."""
    boxes = [instance(Shape.of("box", x=0.2, y=0.2, z=1.5), at(x, y, 0.75)) for x, y in ((-1, 8), (1, 9), (-2, 7))]
    world = street(boxes, path=drive(6, 1.0), frames=6, size=(400, 160))
    resting = Trajectory.still(geometry.look_at((0, 3, 1.65), (0, 10, 0.5)))
    near = np.nan_to_num(world_points(replace(world, camera_motion=resting)), nan=1e3)
    near = (near[..., 1] > 5) & (near[..., 1] < 12) & (np.abs(near[..., 0]) < 3)
    renderer = RasterRenderer(world)
    first, last = renderer.radiance(0, resting), renderer.radiance(5, resting)
    assert near.mean() > 0.1
    assert (np.abs(first - last).max(-1) > 0.01)[near].mean() < 1e-3
