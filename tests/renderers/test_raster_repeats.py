"""Labels do not depend on what else is asked for, nor on the order of times; bad scenes are refused by name."""

from dataclasses import replace

import numpy as np
import pytest
from render_worlds import camera, instance, random_world, scene, triangle_shape

from renderers.frame import LABELS
from renderers.raster import RasterRenderer
from scenes import geometry
from scenes.errors import UserError
from scenes.scene import Shape, Trajectory
from scenes.sensor import DepthSensor


@pytest.fixture(scope="module")
def world():
    return replace(random_world(7, width=96, height=64), stereo_baseline_m=0.1, depth_sensor=DepthSensor())


@pytest.fixture(scope="module")
def whole(world):
    renderer = RasterRenderer(world)
    return [renderer.render(t, LABELS) for t in range(world.frames)]


@pytest.mark.parametrize("name", LABELS)
def test_each_label_alone_has_the_same_bits(world, whole, name):
    alone = RasterRenderer(world).render(1, [name])
    assert list(alone.labels) == [name]
    np.testing.assert_array_equal(alone[name], whole[1][name])


def test_times_in_reverse_and_repeated_have_the_same_bits(world, whole):
    renderer = RasterRenderer(world)
    for time in (2, 1, 2, 0, 1):
        frame = renderer.render(time, LABELS)
        for name in LABELS:
            np.testing.assert_array_equal(frame[name], whole[time][name], err_msg=f"{name} at {time}")


def test_arrays_follow_the_table_and_are_owned(world):
    renderer = RasterRenderer(world)
    first = renderer.render(0, LABELS)
    kept = {name: array.copy() for name, array in first.labels.items()}
    renderer.render(1)
    for name, label in LABELS.items():
        assert first[name].dtype == np.dtype(label.dtype), name
        assert first[name].shape == label.shape(64, 96), name
        np.testing.assert_array_equal(first[name], kept[name])


def test_unknown_label_and_time_outside_the_clip_are_refused(world):
    renderer = RasterRenderer(world)
    with pytest.raises(UserError, match="unknown label depht"):
        renderer.render(0, ["depht"])
    with pytest.raises(UserError, match="time 3 is outside the clip"):
        renderer.render(3)


def test_a_scene_without_triangles_is_refused():
    flat = triangle_shape([[0, 0, 2], [1, 0, 2], [2, 0, 2]])
    for things in ([], [instance(flat)]):
        with pytest.raises(UserError, match="no triangles"):
            RasterRenderer(scene(things, camera()))


def test_zero_area_triangles_are_never_hit():
    flat = triangle_shape([[-1, 0, 2], [0, 0, 2], [1, 0, 2]])
    wall = instance(Shape.of("plane", x=90.0, y=90.0), geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, 3)))
    frame = RasterRenderer(scene([instance(flat), wall], camera(15, 15))).render(0)
    assert (frame["instance"] == 2).all()


def test_nan_vertices_name_the_instance():
    broken = triangle_shape([[0, 0, 2], [1, np.nan, 2], [2, 1, 2]])
    with pytest.raises(UserError, match=r"'lamp'.*NaN"):
        RasterRenderer(scene([instance(broken, name="lamp")], camera()))


def test_nan_pose_names_the_instance():
    pose = np.eye(4)
    pose[0, 3] = np.nan
    with pytest.raises(UserError, match=r"'chair'.*pose"):
        RasterRenderer(scene([instance(Shape.of("box", x=1, y=1, z=1), pose, name="chair")], camera()))


def test_a_slot_without_material_names_the_instance():
    thing = replace(instance(Shape.of("box", x=1, y=1, z=1), name="desk"), materials=())
    with pytest.raises(UserError, match="'desk' has 0 materials"):
        RasterRenderer(scene([thing], camera()))


def test_more_instances_than_ids_are_refused():
    one = instance(Shape.of("box", x=1, y=1, z=1))
    many = [replace(one, name=f"crumb {k}") for k in range(65536)]
    with pytest.raises(UserError, match=r"65536 instances.*'crumb 65535'"):
        RasterRenderer(scene(many, camera()))


def test_a_point_behind_the_other_camera_is_out_of_frame():
    """The camera passes what it saw: z <= 0 at t + 1."""
    path = np.stack([geometry.compose(np.eye(3), (0, 0, 2.0 * t)) for t in range(-1, 2)])
    plane = instance(Shape.of("plane", x=4.0, y=4.0), geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, 1)))
    frame = RasterRenderer(replace(scene([plane], camera(15, 15)), camera_motion=Trajectory(path))).render(0)
    assert frame["valid"].all()
    assert frame["out_of_frame_forward"].all()
    assert not frame["occluded_forward"].any()
    assert not frame["out_of_frame_backward"].any()
