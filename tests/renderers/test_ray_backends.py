"""`embree` and `bvh` against `raster` and against rays written apart; what is edge-on, near, or static."""

import numpy as np
import pytest
from render_worlds import (
    away_from_edges,
    camera,
    centre_rays,
    embree_cast,
    embree_scene,
    instance,
    random_world,
    reproject,
    scene,
    triangle_shape,
)

from renderers import rays
from renderers.frame import DEFAULT_LABELS
from renderers.raster import RasterRenderer
from renderers.raycast import BvhRenderer, EmbreeRenderer
from scenes import geometry
from scenes.errors import UserError
from scenes.scene import Shape, Trajectory

RAYS = {"embree": EmbreeRenderer, "bvh": BvhRenderer}
FACING = np.diag([1.0, -1.0, -1.0])  # turns a horizontal plane towards a camera that looks along world z


def plane(z: float, size: float = 90.0):
    return instance(Shape.of("plane", x=size, y=size), geometry.compose(FACING, (0, 0, z)))


@pytest.fixture(scope="module", params=range(3))
def world(request):
    return random_world(request.param)


@pytest.fixture(scope="module")
def drawn(world):
    renderer = RasterRenderer(world)
    return [renderer.render(t) for t in range(world.frames)]


@pytest.fixture(scope="module", params=RAYS)
def cast(request, world):
    return RAYS[request.param](world).render(1)


def test_labels_are_those_of_raster_bit_for_bit_where_the_triangle_is_the_same(drawn, cast):
    """Away from silhouettes every id agrees; who wins a pixel may differ in some of 100,000 where two faces meet (worst seen: 1.3)."""
    calm = away_from_edges(drawn[1]["instance"], drawn[1]["depth"])
    assert calm.mean() > 0.7
    for name in set(DEFAULT_LABELS) - {"occluded_forward", "occluded_backward"}:
        same = (drawn[1][name] == cast[name]).reshape(*calm.shape, -1).all(-1)
        assert same[calm].mean() > 0.9999, name
        assert same.mean() > 0.9995, name
    ids = drawn[1]["instance"] == cast["instance"]
    error = np.abs(cast["depth"].astype(np.float64) / drawn[1]["depth"] - 1)[ids]
    assert np.median(error) == 0
    assert np.quantile(error, 0.999) < 1e-6


@pytest.mark.parametrize(("direction", "offset"), [("forward", 1), ("backward", -1)])
def test_occlusion_agrees_with_raster_and_with_a_ray_in_float64_steps(world, drawn, cast, direction, offset):
    """The reference: the moved point by float64 poses, its ray by another Embree scene, in the frame of the eye."""
    moved = reproject(world, cast["depth"], cast["instance"], 1, 1 + offset)
    reach, _ = embree_cast(embree_scene(world, 1 + offset), moved)
    inside = cast["valid"] & ~cast[f"out_of_frame_{direction}"]
    ours = cast[f"occluded_{direction}"]
    assert ours.any()
    assert not ours[~inside].any()
    assert (ours == (reach < 1 - 1e-4))[inside].mean() > 0.9999
    calm = away_from_edges(drawn[1]["instance"], drawn[1]["depth"], 2)
    assert (ours == drawn[1][f"occluded_{direction}"])[calm].mean() > 0.999


def test_embree_and_bvh_see_the_same():
    world = random_world(11, width=161, height=97)
    one, other = EmbreeRenderer(world).render(0), BvhRenderer(world).render(0)
    for name in DEFAULT_LABELS:
        same = (one[name] == other[name]).reshape(97, 161, -1).all(-1)
        assert same.mean() > 0.9995, name


@pytest.mark.parametrize("backend", RAYS)
def test_more_threads_give_the_same_bits(backend):
    world = random_world(3, width=120, height=90)
    one, three = RAYS[backend](world).render(1), RAYS[backend](world, threads=3).render(1)
    for name in DEFAULT_LABELS:
        np.testing.assert_array_equal(one[name], three[name], err_msg=name)


@pytest.mark.parametrize("backend", RAYS)
def test_a_batch_has_the_bits_of_its_frames(backend):
    world = random_world(5, width=64, height=48)
    elsewhere = Trajectory(world.camera_motion.poses @ geometry.compose(geometry.rotation_z(0.2), (0.1, 0, 0)))
    batch = RAYS[backend](world).render_batch([2, 1, 2], motions=[world.camera_motion, elsewhere, elsewhere])
    for k, (time, motion) in enumerate([(2, world.camera_motion), (1, elsewhere), (2, elsewhere)]):
        alone = RAYS[backend](world).render_batch([time], motions=[motion]).frame(0)
        for name in DEFAULT_LABELS:
            np.testing.assert_array_equal(batch.frame(k)[name], alone[name], err_msg=f"{name} of {k}")


@pytest.mark.parametrize("backend", RAYS)
@pytest.mark.parametrize(("z", "seen"), [(0.0099, 2), (0.0101, 1)])
def test_what_is_nearer_than_a_centimetre_is_clipped_as_by_raster(backend, z, seen):
    world = scene([plane(z, 1.0), plane(3.0)], camera(15, 11))
    for renderer in (RAYS[backend], RasterRenderer):
        assert (renderer(world).render(0)["instance"] == seen).all()


@pytest.mark.parametrize("backend", RAYS)
@pytest.mark.parametrize("seed", range(4))
def test_a_triangle_across_the_near_plane_is_cut_as_by_raster(backend, seed):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-1, 1, (3, 3)) * (1.5, 1.5, 1.0) + (0, 0, 0.4)
    corners[0, 2], corners[1, 2] = -rng.uniform(0.1, 1.0), rng.uniform(0.5, 1.0)
    corners[1:, :2] *= 0.4
    world = scene([instance(triangle_shape(corners)), plane(3.0)], camera(101, 75, 100))
    ours, theirs = RAYS[backend](world).render(0), RasterRenderer(world).render(0)
    assert (ours["instance"] == 1).sum() > 200
    assert (ours["instance"] != theirs["instance"]).sum() <= 2  # none was seen


@pytest.mark.parametrize("backend", RAYS)
@pytest.mark.parametrize("pitch", [0.0, 0.3, 1.1])
def test_a_plane_through_the_eye_hides_nothing(backend, pitch):
    """Its rows' rays lie in it up to rounding. The eye is where coordinates round, the plane's two triangles pass through it."""
    c, s = np.cos(pitch), np.sin(pitch)
    tilt = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    eye = geometry.compose(geometry.rotation_z(0.7) @ tilt, (1.2345, -2.3456, 1.7))
    edge_on = eye @ geometry.compose([[1, 0, 0], [0, 0, -1], [0, 1, 0]], (0, 0, 0))  # camera y is its normal
    things = [
        instance(Shape.of("plane", x=40.0, y=40.0), edge_on),
        instance(Shape.of("plane", x=90.0, y=90.0), eye @ plane(3.0).motion.at(0)),
    ]
    frame = RAYS[backend](scene(things, camera(161, 121), eye)).render(0)
    assert (frame["instance"] == 2).all()
    np.testing.assert_allclose(frame["depth"], 3.0, rtol=1e-6)


@pytest.mark.parametrize("backend", RAYS)
def test_a_grazed_floor_does_not_hide_itself(backend):
    """A camera that slides 2 cm above a floor, 36 m from the world's origin."""
    height, path = 0.02, []
    for t in range(-1, 2):
        path.append(geometry.look_at((30 + 0.02 * t, 20, height), (40, 20.0, height)))
    floor = instance(Shape.of("plane", x=300.0, y=300.0), geometry.compose(geometry.rotation_z(0.3), (0, 0, 0)))
    frame = RAYS[backend](scene([floor], camera(120, 90), np.stack(path))).render(0)
    assert frame["valid"].mean() > 0.4
    assert frame["occluded_forward"].mean() < 1e-3
    assert frame["occluded_backward"].mean() < 1e-3


@pytest.mark.parametrize("backend", RAYS)
def test_a_post_hides_what_is_behind_it_in_the_other_frame(backend):
    """A post of 0.2 m at 2 m steps from x = -0.5 to 0.5, where it covers 0.4 to 0.6, which is 0.8 to 1.2 on the wall at 4 m."""
    steps = np.stack([geometry.compose(FACING, (-0.5 + t, 0, 2.0)) for t in range(-1, 2)])
    post = instance(Shape.of("plane", x=0.2, y=40.0), steps)
    cam = camera(200, 9, 90)  # a pixel is 0.04 m wide on the wall
    frame = RAYS[backend](scene([post, plane(4.0)], cam)).render(0)
    x = centre_rays(cam)[..., 0] * 4.0
    hidden = (x > 0.8) & (x < 1.2) & (frame["instance"] == 2)
    np.testing.assert_array_equal(frame["occluded_forward"], hidden)
    np.testing.assert_array_equal((frame["instance"] == 1), (x > -1.2) & (x < -0.8))


def test_static_geometry_is_built_once(monkeypatch):
    """Of a scene in which some things move, later frames build trees of the moving triangles alone, and each time once."""
    built = []
    original = rays._Layer.__init__

    def counted(self, vertices, triangles, *more):
        built.append(len(triangles))
        original(self, vertices, triangles, *more)

    monkeypatch.setattr(rays._Layer, "__init__", counted)
    world = random_world(2, width=32, height=24)
    renderer = EmbreeRenderer(world)
    still, total = built[0], len(renderer._buffers.flat.triangles)
    for time in (0, 1, 2, 1):
        renderer.render(time)
    assert built[0] == still
    assert set(built[1:]) == {total - still}
    assert len(built) == 1 + 5  # the times -1 ... 3


def test_embree_refuses_a_gpu():
    with pytest.raises(UserError, match="embree casts rays on the CPU, not on 'cuda:0'"):
        EmbreeRenderer(random_world(0), device="cuda:0")
