"""Input without a meaning stops with a sentence that names the object; what has one, however odd, gets right labels."""

from dataclasses import replace

import numpy as np
import pytest
from label_errors import surface_errors
from reference_labels import Reference
from render_worlds import camera, centre_rays, instance, mesh_of, mesh_shape, random_world, scene, triangle_shape

from renderers.frame import LABELS
from renderers.raster import RasterRenderer
from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Mesh, Shape, Trajectory

EXACT = tuple(name for name in LABELS if name not in ("rgb_right", "sensor_depth", "disparity", "occluded_right", "out_of_frame_right"))
BOX = Shape.of("box", x=1.0, y=1.0, z=1.0)
TRIANGLE = mesh_of(np.array([[[-1, -1, 2], [1, -1, 2], [0, 1, 2]]]))


def at(x: float, y: float, z: float) -> np.ndarray:
    return geometry.compose(np.eye(3), (x, y, z))


def changed(**arrays) -> Shape:
    """The triangle with other arrays."""
    names = ("vertices", "faces", "uvs", "slots", "normals")
    return mesh_shape(Mesh(**{name: np.array(arrays.get(name, getattr(TRIANGLE, name))) for name in names}))


def empty() -> Shape:
    none = {"vertices": (0, 3), "faces": (0, 3), "uvs": (0, 2), "slots": (0,), "normals": (0, 3)}
    return changed(**{name: np.zeros(shape, getattr(TRIANGLE, name).dtype) for name, shape in none.items()})


def only(shape: Shape, pose: np.ndarray | None = None, cam: Camera | None = None):
    return scene([instance(shape, pose, name="lamp")], cam or camera(24, 18))


BAD_MESHES = {
    "NaN vertex": ({"vertices": np.float32([[-1, -1, 2], [1, np.nan, 2], [0, 1, 2]])}, "'lamp' has vertices that are NaN"),
    "infinite vertex": ({"vertices": np.float32([[-1, -1, 2], [1, np.inf, 2], [0, 1, 2]])}, "'lamp' has vertices that are NaN or inf"),
    "NaN uv": ({"uvs": np.full((3, 2), np.nan, np.float32)}, "'lamp' has uvs that are NaN"),
    "NaN normal": ({"normals": np.full((3, 3), np.nan, np.float32)}, "'lamp' has normals that are NaN"),
    "far vertex": ({"vertices": np.float32([[-1, -1, 2], [1e12, 0, 2], [0, 1, 2]])}, r"'lamp' has a vertex more than 1e\+09 m"),
    "index too high": ({"faces": np.int32([[0, 1, 3]])}, "'lamp' has a face that names a vertex it lacks"),
    "index negative": ({"faces": np.int32([[0, 1, -1]])}, "'lamp' has a face that names a vertex it lacks"),
    "few uvs": ({"uvs": np.zeros((1, 2), np.float32)}, "'lamp' has 3 vertices, 3 normals, 1 uvs"),
    "few normals": ({"normals": np.zeros((2, 3), np.float32)}, "'lamp' has 3 vertices, 2 normals, 3 uvs"),
    "few slots": ({"slots": np.zeros(0, np.uint8)}, "'lamp' has .* 1 faces and 0 slots"),
    "slot without material": ({"slots": np.uint8([7])}, "'lamp' has 1 materials but its mesh uses slot 7"),
}


@pytest.mark.parametrize("name", BAD_MESHES)
def test_a_mesh_without_a_meaning_names_its_instance(name):
    arrays, sentence = BAD_MESHES[name]
    with pytest.raises(UserError, match=sentence):
        RasterRenderer(only(changed(**arrays)))


def bent(rotation: np.ndarray) -> np.ndarray:
    return geometry.compose(rotation, (0, 0, 3.0))


BAD_POSES = {
    "scaled": bent(np.eye(3) * 2),
    "a little scaled": bent(np.eye(3) * 1.0001),
    "mirrored": bent(np.diag([-1.0, 1, 1])),
    "turned inside out": bent(-np.eye(3)),
    "singular": bent(np.diag([1.0, 0, 1])),
    "sheared": bent(np.array([[1.0, 0.1, 0], [0, 1, 0], [0, 0, 1]])),
    "with a perspective row": np.vstack([at(0, 0, 3)[:3], [0, 0, 0.1, 1]]),
    "NaN": bent(np.full((3, 3), np.nan)),
    "infinitely far": at(0, 0, np.inf),
    "too far": at(0, 0, 1e12),
}


@pytest.mark.filterwarnings("ignore:invalid value")  # of what is infinite
@pytest.mark.parametrize("name", BAD_POSES)
def test_poses_that_are_not_rigid_are_refused_for_objects_and_cameras(name):
    """Labels rely on lengths and sides: before, a mirrored box showed its back, and a scaled camera measured in its own unit."""
    moving = np.stack([at(0, 0, 3), at(0, 0, 3), BAD_POSES[name]])
    with pytest.raises(UserError, match="instance 'lamp' has a pose"):
        RasterRenderer(only(BOX, BAD_POSES[name]))
    with pytest.raises(UserError, match="instance 'lamp' has a pose"):
        RasterRenderer(only(BOX, moving))
    with pytest.raises(UserError, match="the camera has a pose"):
        RasterRenderer(scene([instance(BOX)], camera(24, 18), moving))
    renderer = RasterRenderer(only(BOX, at(0, 0, 3)))
    with pytest.raises(UserError, match="the camera has a pose"):
        renderer.render_batch([0], ("depth",), [Trajectory.still(BAD_POSES[name])])


def test_rounding_of_a_pose_is_no_reason_to_refuse_it():
    pose = at(0, 0, 3)
    pose[:3, :3] = np.float32(geometry.rotation_from_quaternion((1, 2, 3, 4)))
    assert RasterRenderer(only(BOX, pose)).render(0, ("valid",))["valid"].any()


def test_empty_meshes_among_others_take_an_id_and_nothing_else():
    things = [instance(empty(), name="void"), instance(BOX, at(0, 0, 3)), instance(empty(), name="void 2"), instance(BOX, at(1, 0, 5))]
    frame = RasterRenderer(scene(things, camera(48, 36))).render(0, EXACT)
    same = RasterRenderer(scene([things[1], things[3]], camera(48, 36))).render(0, EXACT)
    assert set(np.unique(frame["instance"])) == {0, 2, 4}
    np.testing.assert_array_equal(frame["instance"] // 2, same["instance"])
    for name in set(EXACT) - {"instance"}:
        np.testing.assert_array_equal(frame[name], same[name], err_msg=name)


@pytest.mark.parametrize("things", [[], [empty()], [triangle_shape([[0, 0, 2], [1, 1, 2], [2, 2, 2]])]], ids=["none", "empty", "flat"])
def test_a_scene_without_triangles_is_refused(things):
    with pytest.raises(UserError, match="no triangles"):
        RasterRenderer(scene([instance(shape) for shape in things], camera()))


def test_zero_area_triangles_within_a_mesh_change_nothing():
    """Points, needles of no width and doubled corners before a triangle."""
    good = np.array([[[-1, -1, 2.0], [1, -1, 2], [0, 1, 2]]])
    flat = np.array([[[0, 0, 1.0]] * 3, [[-1, 0, 1], [0, 0, 1], [1, 0, 1]], [[0.5, 0.5, 1], [0.5, 0.5, 1], [-0.5, -0.5, 1]]])
    expected = RasterRenderer(only(mesh_shape(mesh_of(good)))).render(0, EXACT)
    frame = RasterRenderer(only(mesh_shape(mesh_of(np.concatenate([flat, good, flat]))))).render(0, EXACT)
    for name in EXACT:
        np.testing.assert_array_equal(frame[name], expected[name], err_msg=name)


def test_more_instances_than_ids_are_refused_by_name():
    many = [replace(instance(BOX), name=f"crumb {k}") for k in range(100_001)]
    with pytest.raises(UserError, match=r"100001 instances.*'crumb 65535'"):
        RasterRenderer(scene(many, camera()))


@pytest.mark.parametrize("material", [-1, 3])
def test_materials_that_do_not_exist_name_the_instance(material):
    with pytest.raises(UserError, match="'lamp' names material"):
        RasterRenderer(scene([instance(BOX, name="lamp", material=material)], camera()))


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1), (17, 3), (33, 31), (63, 2)])
def test_images_of_any_size_agree_with_rays(size):
    """Odd sizes end within a group of pixels that are computed together."""
    world = random_world(11, width=size[0], height=size[1])
    frame = RasterRenderer(world).render(1, EXACT)
    seen = Reference(world).seen(1)
    np.testing.assert_array_equal(frame["instance"], seen.instance)
    np.testing.assert_allclose(frame["depth"], seen.depth, rtol=1e-5)
    lengths = np.linalg.norm(centre_rays(world.camera), axis=-1)
    np.testing.assert_allclose(frame["distance"], frame["depth"] * lengths, rtol=4e-7)
    assert np.isfinite(frame["flow_forward"]).all()


@pytest.mark.parametrize("focal", [1e-3, 0.5, 1e3, 1e6, 1e9, 1e15])
def test_lenses_of_any_length_see_what_lies_under_the_pixels(focal):
    """From nearly 180 degrees to a billionth of one."""
    cam = Camera(width=33, height=25, fx=focal, fy=focal, cx=16.5, cy=12.5)
    things = [instance(BOX, at(0, 0, 3)), instance(Shape.of("plane", x=1e3, y=1e3), geometry.compose(np.diag([1.0, -1, -1]), (0, 0, 5)))]
    frame = RasterRenderer(scene(things, cam)).render(0, EXACT)
    slope = np.abs(cam.rays(cam.pixel_centres())[..., :2]).max(-1)
    expected = np.select([slope < 0.5 / 2.5, slope < 500 / 5], [2.5, 5.0], np.inf)
    clear = np.abs(slope - 0.2) > 1e-3
    np.testing.assert_allclose(frame["depth"][clear], expected[clear], rtol=1e-6)


@pytest.mark.parametrize("name", ["fx", "fy", "cx", "cy"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_cameras_without_a_meaning_are_refused(name, value):
    with pytest.raises(UserError, match=r"finite|positive"):
        replace(camera(24, 18), **{name: value})


def test_a_principal_point_outside_the_image_is_a_crop():
    """The picture of a shifted camera is the same part of a wider picture."""
    wide = random_world(2, width=160, height=120)
    part = replace(wide.camera, width=40, height=30, cx=wide.camera.cx - 110, cy=wide.camera.cy - 80)
    whole = RasterRenderer(wide).render(1, ("instance", "depth"))
    crop = RasterRenderer(replace(wide, camera=part)).render(1, ("instance", "depth"))
    assert part.cx < 0
    np.testing.assert_array_equal(crop["instance"], whole["instance"][80:110, 110:150])
    np.testing.assert_allclose(crop["depth"], whole["depth"][80:110, 110:150], rtol=2e-6)


@pytest.mark.parametrize("metres", [1e-3, 1e3, 1e6])
def test_worlds_of_any_scale_agree_with_rays(metres):
    """Everything `metres` times as large and as far; at a thousandth, what is nearer than the near plane is cut off."""
    rng = np.random.default_rng(0)
    corners = (rng.uniform((-2, -2, 15), (2, 2, 40), (60, 1, 3)) + rng.normal(size=(60, 3, 3))) * metres
    things = [instance(mesh_shape(mesh_of(part))) for part in np.split(corners, 12)]
    world = scene(things, camera(64, 48))
    figures, seen, _ = surface_errors(RasterRenderer(world).render(0, EXACT), Reference(world))
    assert seen.valid.any()
    assert figures["ids_all"] < 1e-3
    assert figures["depth_999"] < 1e-5
