"""What every registered renderer must keep; a newcomer is tested as soon as it has its line in RENDERERS."""

from dataclasses import replace

import numpy as np
import pytest
from render_worlds import camera, instance, random_world, scene, triangle_shape

from renderers.frame import LABELS
from renderers.renderer import RENDERERS
from scenes import geometry
from scenes.errors import UserError
from scenes.scene import Shape
from scenes.sensor import DepthSensor
from simlearn.invariants import check_frame

NAMES = [name for name in RENDERERS if RENDERERS.target(name).startswith("renderers.")]
LABELS_ALWAYS = ("rgb", "depth", "instance", "valid")


@pytest.fixture(params=NAMES)
def make(request):
    return RENDERERS[request.param]


def labels_of(make) -> tuple[str, ...]:
    """Those that a renderer can give: all, unless its class says which."""
    return getattr(make, "LABELS", tuple(LABELS))


def small_world(width: int = 40, height: int = 30):
    return replace(random_world(7, width=width, height=height, objects=6), stereo_baseline_m=0.1, depth_sensor=DepthSensor())


def test_arrays_follow_the_table_and_two_renderings_have_the_same_bits(make):
    world, names = small_world(), labels_of(make)
    assert set(LABELS_ALWAYS) <= set(names)
    first = make(world)
    frames = [first.render(1, names), first.render(1, names), make(world).render(1, names)]
    assert tuple(frames[0].labels) == tuple(name for name in LABELS if name in names)
    for name in names:
        for frame in frames:
            assert frame[name].dtype == np.dtype(LABELS[name].dtype), name
            assert frame[name].shape == LABELS[name].shape(30, 40), name
            np.testing.assert_array_equal(frame[name], frames[0][name], err_msg=name)
    assert frames[0].camera == world.camera
    assert frames[0].time == 1
    np.testing.assert_array_equal(frames[0].pose, world.camera_motion.at(1))


def test_what_is_not_valid_has_the_values_of_the_table(make):
    """A ball before the sky: pixels beside it hold what the table says."""
    ball = instance(Shape.of("sphere", radius=0.5), geometry.compose(np.eye(3), (0, 0, 3)))
    world = replace(scene([ball], camera(40, 30)), stereo_baseline_m=0.1, depth_sensor=DepthSensor())
    frame = make(world).render(0, labels_of(make))
    assert 0 < frame["valid"].sum() < 600
    for name in set(labels_of(make)) - {"rgb", "rgb_right", "contour", "valid"}:
        np.testing.assert_array_equal(frame[name][~frame["valid"]], LABELS[name].invalid, err_msg=name)


@pytest.mark.parametrize(("space", "category", "ids"), [("cityscapes", "car", {26, 23}), ("nyu40", "bed", {4, 0})])
def test_where_nothing_is_hit_the_class_is_that_of_the_sky(make, space, category, ids):
    """Cityscapes: car 26, sky 23; NYU40: bed 4, no class for the sky."""
    ball = instance(Shape.of("sphere", radius=0.5), geometry.compose(np.eye(3), (0, 0, 3)), category=category)
    world = replace(scene([ball], camera(40, 30)), label_space=space)
    frame = make(world).render(0, ("semantic", "instance", "valid"))
    assert set(np.unique(frame["semantic"]).tolist()) == ids
    assert (frame["semantic"][~frame["valid"]] == (23 if space == "cityscapes" else 0)).all()
    assert list(check_frame(frame, world)) == []


def test_unknown_labels_and_times_outside_the_clip_are_refused(make):
    renderer = make(small_world())
    with pytest.raises(UserError, match="unknown label depht"):
        renderer.render(0, ["depht"])
    for time in (-1, 3):
        with pytest.raises(UserError, match=f"time {time} is outside the clip"):
            renderer.render(time, LABELS_ALWAYS)


def test_a_scene_without_triangles_is_refused(make):
    flat = triangle_shape([[0, 0, 2], [1, 0, 2], [2, 0, 2]])
    for things in ([], [instance(flat)]):
        with pytest.raises(UserError, match="no triangles"):
            make(scene(things, camera()))


def test_nan_vertices_name_the_instance(make):
    broken = triangle_shape([[0, 0, 2], [1, np.nan, 2], [2, 1, 2]])
    with pytest.raises(UserError, match=r"'lamp'.*NaN"):
        make(scene([instance(broken, name="lamp")], camera()))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 7), (33, 1), (31, 17)])
def test_images_of_any_size_show_the_wall(make, width, height):
    wall = instance(Shape.of("plane", x=90.0, y=90.0), geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, 3)))
    frame = make(scene([wall], camera(width, height))).render(0, [n for n in labels_of(make) if "right" not in n and n in LABELS_ALWAYS])
    assert frame["instance"].shape == (height, width)
    assert (frame["instance"] == 1).all()
    np.testing.assert_allclose(frame["depth"], 3.0, rtol=1e-4)


def test_camera_inside_an_object_sees_it_from_inside(make):
    things = [instance(Shape.of("box", x=2, y=2, z=4)), instance(Shape.of("box", x=1, y=1, z=1), geometry.compose(np.eye(3), (0, 0, 6)))]
    frame = make(scene(things, camera(33, 33, 90))).render(0, LABELS_ALWAYS)
    assert (frame["instance"] == 1).all()
    np.testing.assert_allclose(frame["depth"][16, 16], 2.0, rtol=1e-4)


def test_zero_area_triangles_are_never_seen(make):
    flat = instance(triangle_shape([[-1, 0, 2], [0, 0, 2], [1, 0, 2]]))
    wall = instance(Shape.of("plane", x=90.0, y=90.0), geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, 3)))
    assert (make(scene([flat, wall], camera(15, 15))).render(0, LABELS_ALWAYS)["instance"] == 2).all()
