"""Light, shadows, textures and the sensor: values that can be computed by hand, and images that must be equal."""

from dataclasses import replace

import numpy as np
import pytest
from render_worlds import camera, centre_rays, even_texture, instance, scene

from renderers import buffers, sensor, texture_store
from renderers.buffers import SceneBuffers
from renderers.moment import Moment
from renderers.path.renderer import PathRenderer
from renderers.raster import RasterRenderer
from renderers.shading import Shader
from renderers.threads import Team
from renderers.visibility.raster import RasterVisibility
from renderers.visibility.view import ViewCache
from scenes import geometry
from scenes.scene import AreaLight, Material, PointLight, Shape, Sky, Sun, Texture, Trajectory
from scenes.textures import build

DARK = Sky(zenith=(0, 0, 0), horizon=(0, 0, 0), ground=(0, 0, 0))
DIM = Sky(zenith=(0.1, 0.1, 0.1), horizon=(0.1, 0.1, 0.1), ground=(0.1, 0.1, 0.1))
MATT = Material(color=(0.6, 0.5, 0.4), roughness=1.0)
FLOOR = Shape.of("plane", x=12.0, y=12.0)
PLATE = Shape.of("box", x=1.0, y=1.0, z=0.01)


def at(x: float, y: float, z: float) -> np.ndarray:
    return geometry.compose(np.eye(3), (x, y, z))


def overhead(things, lights, **more):
    """A world seen obliquely from above the floor z = 0."""
    pose = geometry.look_at((0.5, -4.0, 5.0), (0, 0, 0))
    return scene(things, camera(320, 240, 80), pose, lights=lights, materials=(MATT,), sky=DIM, **more)


def floor_points(world, frame) -> np.ndarray:
    """World x, y of what each pixel sees."""
    points = centre_rays(world.camera) * np.where(frame["valid"], frame["depth"], 0.0)[..., None]
    return (points @ world.camera_motion.at(0)[:3, :3].T + world.camera_motion.at(0)[:3, 3])[..., :2]


@pytest.mark.parametrize(
    ("light", "centre", "half"),
    [
        (PointLight(position=(0.3, 0.2, 2.0), intensity=(5, 5, 5)), (-0.3, -0.2), 1.0),  # a plate half-way up doubles in size
        (Sun(direction=(0.6, 0.0, -0.8), irradiance=(2, 2, 2)), (0.75, 0.0), 0.5),  # it shifts by height * 0.6 / 0.8
    ],
)
def test_a_plate_casts_its_analytic_shadow(light, centre, half):
    floor, plate = instance(FLOOR), instance(PLATE, at(0, 0, 1.0))
    shaded, open_, unlit = (
        RasterRenderer(overhead(things, lights)).render(0)
        for things, lights in (([floor, plate], [light]), ([floor], [light]), ([floor], []))
    )
    offset = np.abs(floor_points(overhead([floor], []), shaded) - centre).max(-1)
    on_floor = shaded["instance"] == 1
    inside, outside = on_floor & (offset < half - 0.05), on_floor & (offset > half + 0.05)
    assert inside.sum() > 500
    np.testing.assert_array_equal(shaded["rgb"][inside], unlit["rgb"][inside])
    np.testing.assert_array_equal(shaded["rgb"][outside], open_["rgb"][outside])
    assert (open_["rgb"][inside].astype(int) > unlit["rgb"][inside].astype(int) + 10).all()


@pytest.mark.parametrize(
    "light", [PointLight(position=(1.0, -1.5, 2.0), intensity=(6, 6, 6)), Sun(direction=(-0.48, 0.6, -0.64), irradiance=(2, 2, 2))]
)
@pytest.mark.parametrize(
    "shape",
    [Shape.of("sphere", radius=0.5, subdivisions=4), Shape.of("box", x=0.9, y=0.8, z=0.7), Shape.of("cylinder", radius=0.4, height=1.0)],
)
def test_lit_faces_of_convex_bodies_do_not_shadow_themselves(shape, light):
    """Something that emits casts no shadow, so a trace of emission gives the same body without self-shadowing."""
    spectra = {}
    for name, glow in (("plain", 0.0), ("shadowless", 1e-7)):
        material = replace(MATT, emission=(glow, glow, glow))
        body = instance(shape, geometry.compose(geometry.rotation_z(0.4), (0, 0, 0.6)))
        world = replace(overhead([body], [light]), materials=(material,))
        spectra[name] = RasterRenderer(world).render(0)["rgb"].astype(int)
    difference = np.abs(spectra["plain"] - spectra["shadowless"]).max(-1)
    assert (difference > 2).sum() <= 0.002 * (spectra["plain"].max(-1) > 0).sum()


def test_lambert_light_at_a_known_distance_and_angle():
    """Radiance = albedo / pi * intensity * cos / d^2, plus what a rough dielectric reflects (below 4 % of it here)."""
    light = PointLight(position=(0.0, 0.0, 2.0), intensity=(3.0, 3.0, 3.0))
    world = replace(overhead([instance(FLOOR)], [light]), sky=DARK)
    frame = RasterRenderer(world).render(0)
    radial = np.linalg.norm(floor_points(world, frame), axis=-1)
    lambert = np.array(MATT.color)[None, None] / np.pi * (3.0 * 2.0 / (radial**2 + 4.0) ** 1.5)[..., None]
    expected = 255 * sensor.linear_to_srgb(sensor.tone_curve(lambert))
    near = frame["valid"] & (radial < 3)
    difference = (frame["rgb"] - expected)[near]
    assert difference.min() > -0.6
    assert difference.max() < 8


def test_moving_shadows_do_not_depend_on_the_order_of_times():
    light = PointLight(position=(0.3, 0.2, 2.0), intensity=(5, 5, 5))
    steps = [at(0.4 * t, 0.2 * t, 1.0) for t in range(-1, 4)]
    moving = overhead([instance(FLOOR), instance(PLATE, np.stack(steps))], [light], frames=3)
    renderer = RasterRenderer(moving)
    for time in (2, 0, 1, 2):
        still = overhead([instance(FLOOR), instance(PLATE, steps[time + 1])], [light])
        np.testing.assert_array_equal(renderer.render(time, ["rgb"])["rgb"], RasterRenderer(still).render(0, ["rgb"])["rgb"])


def test_a_sun_reaches_where_nothing_is_above_and_the_sky_fills_the_rest():
    sky = Sky(zenith=(0.1, 0.2, 0.4), horizon=(0.18, 0.18, 0.18), ground=(0.05, 0.04, 0.03))
    pose = geometry.look_at((0, 0, 1), (5, 0, 1))
    world = replace(scene([instance(FLOOR)], camera(65, 65, 60), pose), sky=sky)
    rgb = RasterRenderer(world).render(0)["rgb"]
    assert rgb[0, 32, 2] > rgb[0, 32, 0]  # towards the zenith it turns blue
    np.testing.assert_allclose(rgb[31, 32].astype(int), 118, atol=9)  # next to the horizon: mid grey, with a little of the zenith


def test_mip_levels_average_linear_light():
    texture = Texture.of("noise", resolution=64)
    texels, size, levels = texture_store.mip_chain(texture)
    assert (size, levels) == (64, 7)
    assert len(texels) == (4**7 - 1) // 3
    lanes = np.array([(int(texels[-1]) >> shift) & 1023 for shift in (0, 10, 20)])
    mean = texture_store.srgb_to_linear(build(texture) / 255).mean((0, 1))
    np.testing.assert_allclose((lanes / 1023) ** 2, mean, rtol=2e-3)


def test_a_far_texture_fades_to_its_mean_and_a_near_one_keeps_its_colours():
    texture = Texture.of("checker", metres=0.5, resolution=64)
    material = Material(color=(1, 1, 1), texture=texture, roughness=1.0)
    white = Sky(zenith=(0.5, 0.5, 0.5), horizon=(0.5, 0.5, 0.5), ground=(0.5, 0.5, 0.5))
    pose = geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, 200.0))
    far = replace(scene([instance(Shape.of("plane", x=900.0, y=900.0), pose)], camera(32, 32)), materials=(material,), sky=white)
    linear = texture_store.srgb_to_linear(build(texture) / 255)
    seen = RasterRenderer(far).render(0)["rgb"]
    expected = 255 * sensor.linear_to_srgb((linear.mean((0, 1)) + 0.04) * 0.5)
    np.testing.assert_allclose(seen.reshape(-1, 3), np.broadcast_to(expected, (1024, 3)), atol=1.5)
    near = replace(
        far, instances=(instance(Shape.of("plane", x=900.0, y=900.0), geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, 0.3))),)
    )
    levels = np.unique(RasterRenderer(near).render(0)["rgb"][..., 0])
    for tone in np.unique(linear[..., 0]):
        assert np.abs(levels - 255 * sensor.linear_to_srgb((tone + 0.04) * 0.5)).min() <= 1.5


def test_tone_curve_keeps_mid_grey_and_rises_to_white():
    steps = np.linspace(0, 20, 4001)
    curve = sensor.tone_curve(steps)
    assert sensor.tone_curve(np.array(0.18)) == 0.18
    assert (np.diff(curve) >= 0).all()
    assert (np.diff(curve[steps < 4]) > 0).all()
    assert curve[-1] <= 1.0
    assert curve[-1] > 0.999
    slope = np.gradient(curve, steps)
    assert np.abs(np.diff(slope)).max() < 0.02  # no kink at the knee


@pytest.mark.parametrize(("radiance", "byte"), [(0.0, 0), (0.18, 118), (0.36, 162), (1e6, 255)])
def test_emitted_radiance_becomes_the_srgb_byte(radiance, byte):
    material = Material(color=(0, 0, 0), emission=(radiance,) * 3)
    pose = geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, 2.0))
    world = replace(scene([instance(FLOOR, pose)], camera(8, 8, 60)), materials=(material,), sky=DARK)
    np.testing.assert_array_equal(RasterRenderer(world).render(0, ["rgb"])["rgb"], byte)


@pytest.mark.parametrize("make", [RasterRenderer, PathRenderer])
def test_emission_is_seen_through_the_texture(make):
    """A white texture changes nothing; a grey one of linear 0.2159 (sRGB 128 / 255) lets that share of the emission out."""
    seen = {}
    for name, byte in (("none", None), ("white", 255), ("grey", 128)):
        texture = None if byte is None else even_texture(byte)
        material = Material(color=(0, 0, 0), emission=(0.5, 0.3, 0.1), texture=texture)
        pose = geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, 2.0))
        world = replace(scene([instance(FLOOR, pose)], camera(8, 8, 60)), materials=(material,), sky=DARK)
        seen[name] = np.asarray(make(world).radiance(0))
    np.testing.assert_allclose(seen["none"], np.broadcast_to(np.float32([0.5, 0.3, 0.1]), (8, 8, 3)), rtol=1e-6)
    np.testing.assert_allclose(seen["white"], seen["none"], rtol=1e-6)
    np.testing.assert_allclose(seen["grey"], 0.21586 * seen["none"], rtol=2e-3)


def test_exposure_scales_radiance_before_the_curve():
    material = Material(color=(0, 0, 0), emission=(0.09, 0.09, 0.09))
    pose = geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, 2.0))
    world = replace(scene([instance(FLOOR, pose)], camera(8, 8, 60)), materials=(material,), sky=DARK, exposure=2.0)
    np.testing.assert_array_equal(RasterRenderer(world).render(0, ["rgb"])["rgb"], 118)


def radiance(world, *, threads: int = 1, by_lanes: bool | None = None, batch: int = 1) -> np.ndarray:
    """Linear radiance float32 [H, W, 3] of the last of `batch` equal views at time 0."""
    buffers, team = SceneBuffers(world, "cpu"), Team("cpu", threads)
    shader = Shader(buffers, ViewCache(world.camera, buffers, RasterVisibility(buffers, team)), team, by_lanes=by_lanes)
    return shader.radiance([Moment(0, world.camera_motion.at(0))] * batch).numpy()[-1]


def motley():
    """Everything that shading knows in one picture whose width no power of two divides."""
    picture = Texture.of("noise", metres=0.7)
    materials = (
        Material(color=(0.7, 0.6, 0.5), texture=Texture.of("checker", metres=0.4), roughness=0.5),
        Material(color=(0.9, 0.7, 0.3), metallic=1.0, roughness=0.3),
        Material(color=(0.5, 0.8, 0.6), texture=picture, roughness=0.8),
        Material(color=(0.2, 0.2, 0.2), emission=(0.3, 0.2, 0.1)),
    )
    things = [
        instance(Shape.of("plane", x=5.0, y=4.0), at(0, 0, 0)),
        instance(Shape.of("sphere", radius=0.5, subdivisions=4), at(-0.6, 0.2, 0.5), material=1),
        instance(Shape.of("cylinder", radius=0.3, height=0.8), at(0.6, -0.4, 0.4), material=2),
        instance(Shape.of("box", x=0.4, y=0.5, z=0.6), geometry.compose(geometry.rotation_z(0.5), (0.5, 0.9, 0.3)), material=3),
    ]
    lights = [
        PointLight(position=(1.0, -1.5, 2.0), intensity=(6, 5, 4)),
        Sun(direction=(-0.48, 0.6, -0.64), irradiance=(1, 1, 1)),
        AreaLight(position=(-1.0, 0.0, 2.0), right=(0.3, 0, 0), up=(0, -0.2, 0), radiance=(4, 4, 5)),
    ]
    sky = Sky(zenith=(0.1, 0.2, 0.4), horizon=(0.3, 0.3, 0.3), ground=(0.1, 0.1, 0.1))
    return replace(overhead(things, lights), materials=materials, sky=sky, camera=camera(213, 101, 70))


def test_neighbouring_pixels_at_once_get_the_bits_of_pixels_one_by_one():
    world = motley()
    assert (RasterRenderer(world).render(0, ["instance"])["instance"] == 0).any()
    np.testing.assert_array_equal(radiance(world, by_lanes=True), radiance(world, by_lanes=False))


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (17, 2), (213, 101)])
def test_bands_threads_and_batches_do_not_change_a_bit(size):
    world = replace(motley(), camera=camera(*size, 70))
    alone = radiance(world)
    for threads in (2, 3):
        np.testing.assert_array_equal(alone, radiance(world, threads=threads))
    np.testing.assert_array_equal(alone, radiance(world, batch=3))


WHITE = Material(color=(0.5, 0.5, 0.5), roughness=1.0)
EVEN = Sky(zenith=(0.5, 0.5, 0.5), horizon=(0.5, 0.5, 0.5), ground=(0.5, 0.5, 0.5))
OPEN = (0.5 + 0.04) * 0.5  # radiance of WHITE under EVEN where nothing hides the sky


def under_the_sky(things, **more):
    pose = geometry.look_at((0.2, -3.0, 1.5), (0, 0, 0.5))
    return replace(scene(things, camera(320, 240, 70), pose, **more), materials=(WHITE,), sky=EVEN)


def upright(y: float, width: float = 12.0) -> np.ndarray:
    """A wall of that width facing the camera."""
    return instance(Shape.of("box", x=width, y=0.01, z=12.0), at(0, y, 0))


def test_a_floor_alone_sees_the_whole_sky():
    np.testing.assert_allclose(
        radiance(
            under_the_sky(
                [
                    instance(FLOOR),
                ]
            )
        )[150:],
        OPEN,
        rtol=1e-6,
    )


def hidden_before_a_wall(distance: float) -> float:
    """Share of the sky's light that an endless wall hides, where what lies at distance r counts by 1 - (r / 0.5 m)^2."""
    azimuth = (np.arange(1000) + 0.5) / 1000 * np.pi - np.pi / 2
    k = np.minimum((distance / 0.5 / np.cos(azimuth)) ** 2, 1.0)
    return float(np.mean(1 - k + k * np.log(k))) / 2


def test_a_wall_hides_the_sky_at_its_foot_and_nothing_beyond_the_reach():
    pose = Trajectory.still(geometry.look_at((0.2, -1.2, 2.5), (0, 0, 0.1)))
    world = replace(under_the_sky([instance(FLOOR), upright(0.005)]), camera=camera(640, 480, 70), camera_motion=pose)
    seen = radiance(world)[..., 0] / OPEN
    frame = RasterRenderer(world).render(0)
    away, floor = -floor_points(world, frame)[..., 1], frame["instance"] == 1
    distances = (0.05, 0.1, 0.2, 0.3)
    found = [1 - seen[floor & (np.abs(away - d) < 0.01)].mean() for d in distances]
    np.testing.assert_allclose(found, [hidden_before_a_wall(d) for d in distances], atol=0.07)
    np.testing.assert_allclose(seen[floor & (away > 0.65)], 1.0, atol=1e-6)


def test_what_stands_far_before_a_wall_does_not_darken_it():
    wall, pole = upright(0.0), instance(Shape.of("box", x=0.3, y=0.02, z=12.0), at(0, -1.0, 0))
    world = under_the_sky([wall, pole])
    on_wall = RasterRenderer(world).render(0, ["instance"])["instance"] == 1
    np.testing.assert_allclose(radiance(world)[on_wall], OPEN, rtol=1e-6)


def test_a_panel_lights_a_floor_as_all_its_points_do():
    """Lambert's reflection of 400 points of the panel, plus up to 5 % that the surface of a rough dielectric reflects."""
    panel = AreaLight(position=(0.2, 0.0, 2.0), right=(0.5, 0, 0), up=(0, -0.4, 0), radiance=(3.0, 3.0, 3.0))
    world = replace(overhead([instance(FLOOR)], [panel]), sky=DARK)
    frame = RasterRenderer(world).render(0)
    points = np.concatenate([floor_points(world, frame), np.zeros((240, 320, 1))], axis=-1)
    steps = (np.arange(20) + 0.5) / 10 - 1
    expected = np.zeros((240, 320))
    for i in steps:
        for j in steps:
            towards = np.asarray(panel.position) + i * np.asarray(panel.right) + j * np.asarray(panel.up) - points
            squared = (towards**2).sum(-1)
            expected += 3.0 * towards[..., 2] ** 2 / squared**2 * (4 * 0.5 * 0.4) / 400
    near = frame["valid"] & (np.linalg.norm(points, axis=-1) < 2.5)
    ratio = (radiance(world)[..., 2] / (expected * MATT.color[2] / np.pi))[near]
    assert ratio.min() > 0.995
    assert ratio.max() < 1.06


def street(things, *, reach: float = 60.0):
    """Ground so wide that a map of what stands on it is drawn, seen as from a car; only the sky lights it."""
    ground = instance(Shape.of("plane", x=2 * reach, y=2 * reach))
    pose = geometry.look_at((0, 0, 1.65), (0, 10, 0.6))
    return replace(scene([ground, *things], camera(621, 300, 70), pose), materials=(WHITE,), sky=EVEN)


def test_it_is_dark_under_a_car_and_light_beside_it():
    """Ground under a box 20 cm above it, which no image shows from below; and beyond a metre from it."""
    car = instance(Shape.of("box", x=1.8, y=4.0, z=1.2), at(0, 9, 0.8))
    world = street([car])
    on_ground = RasterRenderer(world).render(0, ["instance"])["instance"] == 1
    x, y = np.moveaxis(floor_points(world, RasterRenderer(world).render(0, ["depth", "valid"])), -1, 0)
    share = radiance(world)[..., 0] / OPEN
    beneath = on_ground & (np.abs(x) < 0.6) & (np.abs(y - 9) < 1.7)
    away = on_ground & ((np.abs(x) > 1.9) | (y < 6)) & (y < 30)
    assert beneath.sum() > 50
    assert share[beneath].max() < 0.25
    np.testing.assert_allclose(share[away], 1.0, atol=1e-6)


def test_what_is_high_above_the_ground_hides_no_sky_at_its_foot():
    roof = instance(Shape.of("box", x=6.0, y=6.0, z=0.2), at(0, 9, 4.0))
    tree = instance(Shape.of("sphere", radius=1.5), at(3, 12, 4.0))
    world = street([roof, tree])
    ground = RasterRenderer(world).render(0, ["instance"])["instance"] == 1
    bare = radiance(street([]))
    np.testing.assert_allclose(radiance(world)[ground], bare[ground], rtol=1e-6)


def test_where_there_are_ceilings_nothing_is_looked_at_from_above():
    """A house in a wide garden: its ceiling would stand for columns all over the room."""
    shelf, ceiling = instance(Shape.of("box", x=2, y=2, z=1), at(0, 7, 0.5)), instance(Shape.of("box", x=6, y=6, z=0.1), at(0, 7, 2.6))
    world = street([shelf, replace(ceiling, category="ceiling")])
    top = (RasterRenderer(world).render(0, ["instance"])["instance"] == 2) & (np.arange(300) < 150)[:, None]
    assert top.sum() > 500
    np.testing.assert_allclose(radiance(world)[top], radiance(street([shelf]))[top], rtol=1e-6)


def test_darkness_moves_with_the_car():
    steps = [at(-2 + 0.5 * t, 9, 0.6) for t in range(-1, 4)]
    moving = replace(street([]), frames=3)
    moving = replace(moving, instances=(*moving.instances, instance(Shape.of("box", x=1.0, y=1.0, z=0.8), np.stack(steps))))
    renderer = RasterRenderer(moving)
    for time in (2, 0, 1):
        still = street([instance(Shape.of("box", x=1.0, y=1.0, z=0.8), steps[time + 1])])
        np.testing.assert_array_equal(renderer.render(time, ["rgb"])["rgb"], RasterRenderer(still).render(0, ["rgb"])["rgb"])


def test_textures_are_kept_for_the_scenes_to_come_and_give_the_same_pictures_wherever_they_lie(monkeypatch):
    """Scenes that share a store, one that overflows, and the first one again in the new store: the bits of each alone."""
    monkeypatch.setattr(texture_store, "_CAPACITY", 200_000)  # room for two pictures of 256 x 256
    store = texture_store.TextureStore("cpu")
    monkeypatch.setattr(buffers, "texture_store", lambda _: store)
    worlds = []
    for seed in range(4):
        picture = Texture.of("noise", metres=0.5, seed=seed)
        worlds.append(replace(overhead([instance(FLOOR)], []), materials=(replace(MATT, texture=picture),)))
    alone = [radiance(world) for world in worlds]
    renderers = [RasterRenderer(world) for world in worlds]
    for world, renderer, expected in zip(worlds, renderers, alone, strict=True):
        np.testing.assert_array_equal(renderer.radiance(0), expected)
        np.testing.assert_array_equal(radiance(world), expected)
    assert not np.array_equal(alone[0], alone[1])
    del renderers, renderer  # now all that is stored may go
    texels = {store.hold([world.materials[0].texture])[0].ptr for world in worlds}
    assert len(texels) == 1, "pictures that nobody shows any more make room"
