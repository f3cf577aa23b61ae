"""Path tracing against energy balances, closed forms, the fast shading and itself by other ways."""

from dataclasses import replace

import numpy as np
import pytest
from render_worlds import camera, instance, random_world, scene

from renderers.path import PathTracer, tracer
from renderers.path.sequence import stratified_points
from renderers.raster import RasterRenderer
from renderers.sensor import linear_to_srgb, tone_curve
from scenes import geometry
from scenes.errors import UserError
from scenes.scene import AreaLight, Material, PointLight, Shape, Sky, Sun, Texture

BLACK = Sky(zenith=(0, 0, 0), horizon=(0, 0, 0), ground=(0, 0, 0))
WHITE = Sky(zenith=(1, 1, 1), horizon=(1, 1, 1), ground=(1, 1, 1))
DOWN = geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, 3.0))  # a camera 3 m above the floor
HALF = Material(color=(0.5, 0.5, 0.5))
FLOOR = instance(Shape.of("plane", x=40.0, y=40.0))


def at(x: float, y: float, z: float) -> np.ndarray:
    return geometry.compose(np.eye(3), (x, y, z))


def turned_over(z: float) -> np.ndarray:
    """A pose at height z that turns a plane's front downwards."""
    return geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, z))


def above(things, lights=(), materials=(HALF,), *, fov=4.0, sky=BLACK, size=8):
    return scene(things, camera(size, size, fov), DOWN, lights=lights, materials=materials, sky=sky)


def closed_box(*materials: Material, size=16):
    """A camera inside a cube of 2 m."""
    walls = instance(Shape.of("box", x=2.0, y=2.0, z=2.0))
    return scene([walls], camera(size, size, 90), geometry.look_at((0.3, -0.4, 0.2), (1, 1, 0)), materials=materials, sky=BLACK)


@pytest.mark.parametrize("albedo", [0.3, 0.8, 1.0])
def test_a_lambertian_ball_in_a_white_furnace_shows_its_albedo(albedo):
    ball = instance(Shape.of("sphere", radius=1.0, subdivisions=4))
    world = above([ball], materials=(Material(color=(albedo,) * 3),), fov=60, sky=WHITE, size=33)
    image = PathTracer(world, samples=16, max_depth=6, dielectric=0.0).radiance(0)
    inside = image[11:22, 11:22]
    assert inside.mean() == pytest.approx(albedo, rel=0.002)
    np.testing.assert_allclose(inside, albedo, rtol=0.04)  # where a facet tilts against the smooth normal a sample may be lost
    np.testing.assert_allclose(image[0], 1.0, rtol=1e-6)


@pytest.mark.parametrize("roughness", [0.1, 0.4, 0.7, 1.0])
def test_glossy_surfaces_reflect_no_more_than_they_receive(roughness):
    """White dielectrics give back exactly all: what the lobe leaves over goes to the diffuse part. Metals lose light between facets."""
    ball = instance(Shape.of("sphere", radius=1.0, subdivisions=4))
    images = {}
    for metallic in (0.0, 1.0):
        material = Material(color=(1, 1, 1), roughness=roughness, metallic=metallic)
        world = above([ball], materials=(material,), fov=60, sky=WHITE, size=33)
        images[metallic] = PathTracer(world, samples=256, max_depth=2).radiance(0)[11:22, 11:22]
    assert images[0.0].mean() == pytest.approx(1.0, abs=0.01)
    assert images[1.0].mean() < 1.005
    assert images[1.0].mean() > (0.98 if roughness < 0.3 else 0.3)


@pytest.mark.parametrize("strategy", ["both", "emitters", "reflection"])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_closed_glowing_box_fills_with_a_geometric_series(depth, strategy):
    """Walls that emit 1 - albedo and reflect albedo: n segments gather 1 - albedo^n everywhere."""
    world = closed_box(Material(color=(0.5, 0.5, 0.5), emission=(0.5, 0.5, 0.5)))
    image = PathTracer(world, samples=64, max_depth=depth, dielectric=0.0, strategy=strategy).radiance(0)
    assert image.mean() == pytest.approx(1 - 0.5**depth, rel=0.04 if strategy == "emitters" else 0.005)
    if strategy != "emitters":  # whose noise near edges has no bound
        np.testing.assert_allclose(image.mean((0, 2)), 1 - 0.5**depth, rtol=0.05)


@pytest.mark.parametrize("spin", [0.0, 0.7])
def test_a_point_light_falls_off_with_the_square_of_the_distance(spin):
    light = PointLight(position=(0.4, 0.2, 1.5), intensity=(4.0, 2.0, 1.0))
    world = above([FLOOR], [light], fov=60, size=32)
    world = replace(world, instances=(instance(FLOOR.shape, geometry.compose(geometry.rotation_z(spin), (0, 0, 0))),))
    image = PathTracer(world, samples=16, max_depth=2, dielectric=0.0).radiance(0)
    rays = world.camera.unproject(world.camera.pixel_centres(), np.full((32, 32), 3.0))
    x, y = rays[..., 0], -rays[..., 1]
    squared = (x - 0.4) ** 2 + (y - 0.2) ** 2 + 1.5**2
    expected = 0.5 / np.pi * 1.5 / squared**1.5
    np.testing.assert_allclose(image, expected[..., None] * (4.0, 2.0, 1.0), rtol=0.02)


def corner_form_factor(a: float, b: float, distance: float) -> float:
    """Cosine-weighted share of a small surface's hemisphere that a parallel rectangle a x b with a corner above it fills (Howell, B-3)."""
    x, y = a / distance, b / distance
    p, q = np.sqrt(1 + x * x), np.sqrt(1 + y * y)
    return float((x / p * np.arctan(y / p) + y / q * np.arctan(x / q)) / (2 * np.pi))


@pytest.mark.parametrize("kind", ["light", "triangles"])
def test_a_rectangle_lights_a_floor_as_its_form_factor_says(kind):
    """1 m by 0.6 m, 1.2 m above the point seen; the camera looks through it, or past it where it is geometry."""
    emission = (3.0, 2.0, 1.0)
    half = {"right": (0.5, 0.0, 0.0), "up": (0.0, -0.3, 0.0)}  # right x up points down
    lamp = instance(Shape.of("plane", x=1.0, y=0.6), turned_over(1.2), material=1)
    materials = (HALF, Material(color=(0, 0, 0), emission=emission))
    lights = [AreaLight(position=(0, 0, 1.2), radiance=emission, **half)] if kind == "light" else []
    world = above([FLOOR] if lights else [FLOOR, lamp], lights, materials)
    low = geometry.look_at((0.9, 0.0, 0.6), (0, 0, 0))
    world = replace(world, camera_motion=replace(world.camera_motion, poses=low[None]))
    image = PathTracer(world, samples=256, max_depth=2, dielectric=0.0).radiance(0)
    expected = 0.5 * np.array(emission) * 4 * corner_form_factor(0.5, 0.3, 1.2)
    np.testing.assert_allclose(image.mean((0, 1)), expected, rtol=0.01)


def test_a_rectangle_light_shines_from_its_front_alone_and_is_not_seen():
    upwards = AreaLight(position=(0, 0, 1.0), right=(0.5, 0, 0), up=(0, 0.5, 0), radiance=(5, 5, 5))
    assert PathTracer(above([FLOOR], [upwards]), samples=16, max_depth=4).radiance(0).max() == 0.0


@pytest.mark.parametrize("roughness", [0.3, 0.8])
def test_ways_to_find_emitters_agree(roughness):
    """A textured, moving lamp above a glossy floor: points on the emitters, reflected rays, and both weighted give the same light."""
    picture = Texture.of("checker", metres=0.7, resolution=32)
    materials = (Material(color=(0.6, 0.5, 0.4), roughness=roughness), Material(color=(0, 0, 0), texture=picture, emission=(4.0, 3.0, 2.0)))
    lamp = np.stack([geometry.compose(np.diag([1.0, -1.0, -1.0]), (0.1 * t, 0.2, 1.0)) for t in range(-1, 3)])
    things = [FLOOR, instance(Shape.of("plane", x=1.5, y=1.0), lamp, material=1)]
    world = scene(things, camera(12, 12, 30), geometry.look_at((0, -2.5, 0.8), (0, 0.3, 0)), materials=materials, sky=BLACK, frames=2)
    means = {
        strategy: PathTracer(world, samples=samples, max_depth=3, strategy=strategy).radiance(0.5).mean((0, 1))
        for strategy, samples in (("both", 512), ("emitters", 1024), ("reflection", 1024))
    }
    np.testing.assert_allclose(means["emitters"], means["both"], rtol=0.015)
    np.testing.assert_allclose(means["reflection"], means["both"], rtol=0.015)


@pytest.mark.parametrize("depth", [3, 4])
def test_asking_for_a_light_or_the_sky_by_one_ray_changes_noise_alone(depth):
    """Where something glows, however little, the last ray is traced instead."""
    things = [FLOOR, instance(Shape.of("box", x=1.0, y=1.0, z=1.0), at(0.8, 0, 0.5))]
    speck = instance(Shape.of("sphere", radius=0.01, subdivisions=1), at(0, 0, -5), material=1)
    materials = (Material(color=(0.8, 0.7, 0.6), roughness=0.5), Material(color=(0, 0, 0), emission=(1e-9, 1e-9, 1e-9)))
    light, sky = PointLight(position=(-0.5, 0.3, 1.0), intensity=(1, 1, 1)), Sky(zenith=(0.3, 0.3, 0.5))
    one, both = (
        PathTracer(above(extra, [light], materials, fov=25, sky=sky), samples=512, max_depth=depth).radiance(0)
        for extra in (things, [*things, speck])
    )
    np.testing.assert_allclose(one.mean((0, 1)), both.mean((0, 1)), rtol=0.005)


def test_a_red_wall_reddens_the_floor_beside_it_by_bounced_light_alone():
    wall = instance(Shape.of("box", x=0.1, y=4.0, z=2.0), at(0.6, 0, 1.0), material=1)
    materials = (Material(color=(0.7, 0.7, 0.7)), Material(color=(0.8, 0.05, 0.05)))
    world = above([FLOOR, wall], [PointLight(position=(-0.8, 0, 1.5), intensity=(3, 3, 3))], materials, fov=8)
    direct, bounced = (PathTracer(world, samples=64, max_depth=depth, dielectric=0.0).radiance(0).mean((0, 1)) for depth in (2, 3))
    assert direct[0] == pytest.approx(direct[1], rel=1e-5)
    assert bounced[0] - direct[0] > 0.1 * direct[0]
    assert bounced[1] - direct[1] == pytest.approx((bounced[0] - direct[0]) / 16, rel=0.02)


def test_a_glowing_shell_does_not_block_the_light_in_it_but_a_plain_one_does():
    light = PointLight(position=(0.5, 0, 1.5), intensity=(3, 3, 3))
    shell = instance(Shape.of("sphere", radius=0.1, subdivisions=2), at(0.5, 0, 1.5), material=1)
    images = {}
    for glow in (0.0, 1e-6):
        materials = (HALF, Material(color=(0, 0, 0), emission=(glow,) * 3))
        images[glow] = PathTracer(above([FLOOR, shell], [light], materials), samples=64, max_depth=2).radiance(0)
    bare = PathTracer(above([FLOOR], [light]), samples=64, max_depth=2).radiance(0)
    assert images[0.0].max() == 0.0
    np.testing.assert_allclose(images[1e-6].mean(), bare.mean(), rtol=0.02)


def test_a_limit_on_bounces_leaves_direct_light_and_takes_light_from_the_rest():
    """Under a light close to the ceiling: what bounces back from there sparkles."""
    world = closed_box(Material(color=(0.7, 0.7, 0.7)), size=24)
    world = replace(world, lights=(PointLight(position=(-0.2, 0.1, 0.95), intensity=(1, 1, 1)),))
    for depth in (2, 4):
        free, limited = (PathTracer(world, samples=16, max_depth=depth, **more).radiance(0) for more in ({}, {"bounce_limit": 2.0}))
        if depth == 2:
            np.testing.assert_array_equal(limited, free)
        else:
            assert (limited <= free + 1e-5).all()
            assert 0.3 * free.mean() < limited.mean() < 0.98 * free.mean()


def test_no_light_leaks_into_a_closed_room():
    """random_world's slabs only touch at their edges; a sun, a bright sky and a lamp are outside, and smooth balls inside."""
    lights = [Sun(direction=(0.6, 0.48, -0.64), irradiance=(9, 9, 9)), PointLight(position=(0, 0, 6), intensity=(99, 99, 99))]
    outside = [AreaLight(position=(0, 0, 5), right=(2, 0, 0), up=(0, -2, 0), radiance=(9, 9, 9))]
    world = replace(random_world(3, width=48, height=36), lights=tuple(lights + outside), sky=WHITE)
    assert PathTracer(world, samples=16, max_depth=4).radiance(1).max() == 0.0


@pytest.mark.parametrize(("metallic", "levels"), [(0.0, 6), (1.0, 3)])
def test_direct_light_equals_the_fast_shading(metallic, levels):
    """Away from edges and shadow borders. A dielectric's diffuse part is dimmed by what its lobe reflects, by up to 5 % here."""
    light = PointLight(position=(0.5, -0.6, 2.0), intensity=(4, 4, 4))
    materials = (Material(color=(0.6, 0.5, 0.4), roughness=1.0, metallic=metallic),)
    things = [FLOOR, instance(Shape.of("sphere", radius=0.5, subdivisions=4), at(0, 0.3, 0.5))]
    pose = geometry.look_at((0.5, -3.0, 2.5), (0, 0, 0))
    world = scene(things, camera(96, 72, 60), pose, lights=[light], materials=materials, sky=BLACK)
    fast = RasterRenderer(world).render(0, ["rgb"])["rgb"].astype(int)
    traced = 255 * linear_to_srgb(tone_curve(PathTracer(world, samples=16, max_depth=2).radiance(0)))
    smooth = np.ones((72, 96), dtype=bool)
    for axis in (0, 1):
        for step in (-1, 1):
            smooth &= np.abs(np.roll(fast, step, axis) - fast).max(-1) < 8
    difference = (traced - fast)[smooth]
    assert smooth.mean() > 0.8
    assert np.abs(difference).max() <= levels
    assert difference.max() <= 2


def test_bits_depend_on_neither_batches_nor_threads_and_change_with_time(monkeypatch):
    world = random_world(8, width=40, height=30)
    images = {}
    for batch, threads in ((1 << 17, 1), (1000, 1), (3000, 3)):
        monkeypatch.setattr(tracer, "_BATCH_CPU", batch)
        images[batch] = PathTracer(world, samples=9, threads=threads).radiance(1)
    np.testing.assert_array_equal(images[1000], images[1 << 17])
    np.testing.assert_array_equal(images[3000], images[1 << 17])
    still = replace(world, camera_motion=replace(world.camera_motion, poses=world.camera_motion.poses[1][None]))
    still = replace(still, instances=tuple(i for i in world.instances if not i.motion.moves))
    path = PathTracer(still, samples=1)
    first, second = path.radiance(0), path.radiance(0.5)
    assert (first != second).mean() > 0.9
    assert first.mean() == pytest.approx(second.mean(), rel=0.2)
    np.testing.assert_array_equal(path.radiance(0), first)


def test_both_ray_backends_give_one_image():
    """Up to hits on shared edges and paths that a rounding sends elsewhere."""
    world = random_world(5, width=40, height=30)
    embree, bvh = (PathTracer(world, samples=4, rays=rays).radiance(1) for rays in ("embree", "bvh"))
    assert (np.abs(embree - bvh).max(-1) <= 1e-3 * (embree.max(-1) + 1e-3)).mean() > 0.95
    assert bvh.mean() == pytest.approx(embree.mean(), rel=0.01)


def test_samples_are_one_in_each_elementary_interval():
    points = stratified_points(64)
    for bits in range(7):
        cells = (points[:, 0] >> np.uint32(32 - bits) if bits else 0) * 2 ** (6 - bits) + (
            points[:, 1] >> np.uint32(26 + bits) if bits < 6 else 0
        )
        assert len(np.unique(cells)) == 64


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"samples": 0}, "at least 1 sample"),
        ({"max_depth": 0}, "max_depth"),
        ({"dielectric": -0.1}, "reflectance"),
        ({"bounce_limit": 0.0}, "bounce_limit"),
        ({"strategy": "luck"}, "both, emitters, reflection"),
        ({"rays": "magic"}, "embree, bvh"),
    ],
)
def test_meaningless_settings_are_refused(setting, message):
    with pytest.raises(UserError, match=message):
        PathTracer(above([FLOOR]), **setting)
