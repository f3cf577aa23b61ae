"""Labels have the same bits whatever else is asked for, in whatever batch, order, number of threads and way of drawing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render_worlds import random_world

from renderers.frame import DEFAULT_LABELS, LABELS
from renderers.raster import RasterRenderer
from renderers.rendering import SceneRenderer
from renderers.visibility.raster import RasterVisibility
from scenes import geometry
from scenes.errors import UserError
from scenes.scene import Scene, Trajectory
from scenes.sensor import DepthSensor, Sensor

PICTURES = ("rgb", "rgb_right", "sensor_depth")
EXACT = tuple(name for name in LABELS if name not in PICTURES)
WIDTH, HEIGHT = 97, 61


def assert_same(frame, expected, names, hint: str = "") -> None:
    for name in names:
        np.testing.assert_array_equal(frame[name], expected[name], err_msg=f"{name} {hint}", strict=True)


@pytest.fixture(scope="module")
def world() -> Scene:
    return replace(random_world(5, width=WIDTH, height=HEIGHT, objects=20), stereo_baseline_m=0.1, depth_sensor=DepthSensor())


@pytest.fixture(scope="module")
def alone(world):
    """Every time by a renderer of its own, all labels."""
    return [RasterRenderer(world).render(time, LABELS) for time in range(world.frames)]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(names=st.sets(st.sampled_from(sorted(LABELS)), min_size=1), time=st.integers(0, 2))
def test_any_set_of_labels_gives_the_same_bits(world, alone, names, time):
    assert_same(RasterRenderer(world).render(time, names), alone[time], names, f"of {names}")


@settings(max_examples=6, deadline=None, derandomize=True)
@given(times=st.lists(st.integers(0, 2), min_size=1, max_size=6), data=st.data())
def test_any_batch_and_order_of_times_gives_the_same_bits(world, alone, times, data):
    """One renderer: single frames and batches in turns, more moments than it remembers."""
    renderer = RasterRenderer(world)
    for time in data.draw(st.permutations(times)):
        assert_same(renderer.render(time, LABELS), alone[time], LABELS, f"at {time} of {times}")
    batch = renderer.render_batch(times, LABELS)
    for position, time in enumerate(times):
        assert_same(batch.frame(position), alone[time], LABELS, f"at {position} of {times}")


def cameras(count: int, frames: int) -> list[Trajectory]:
    """Moving cameras that look into the room from its corners."""
    eyes = [(np.cos(a) * 2, np.sin(a) * 2, 1.2 + 0.1 * k) for k, a in enumerate(np.linspace(0.2, 5.5, count))]
    return [
        Trajectory(np.stack([geometry.look_at(np.add(eye, (0.05 * t, 0.02 * t, 0)), (0, 0, 1.0)) for t in range(-1, frames + 1)]))
        for eye in eyes
    ]


def test_cameras_in_one_batch_have_the_bits_of_scenes_with_that_camera(world):
    motions, times = cameras(5, world.frames), [1, 0, 2, 1, 1]
    batch = RasterRenderer(world).render_batch(times, LABELS, motions)
    for position, (time, motion) in enumerate(zip(times, motions, strict=True)):
        single = RasterRenderer(replace(world, camera_motion=motion)).render(time, LABELS)
        assert_same(batch.frame(position), single, LABELS, f"camera {position}")
        np.testing.assert_array_equal(batch.frame(position).pose, motion.at(time))


@pytest.mark.parametrize("threads", [2, 3])
def test_any_number_of_threads_gives_the_same_bits(world, alone, threads):
    renderer = RasterRenderer(world, threads=threads)
    for time in (1, 0, 2):
        assert_same(renderer.render(time, LABELS), alone[time], LABELS, f"{threads} threads")
    batch = renderer.render_batch([2, 0, 1], LABELS)
    for position, time in enumerate((2, 0, 1)):
        assert_same(batch.frame(position), alone[time], LABELS, f"{threads} threads")


@pytest.mark.parametrize("rows", [0, 8, 1000])
def test_triangles_that_wait_in_the_queue_for_large_ones_give_the_same_bits(world, alone, rows):
    """Those of more than `rows` rows are drawn by many threads of a GPU; here the same code draws them."""
    renderer = SceneRenderer(world, lambda buffers, team: RasterVisibility(buffers, team, large_rows=rows))
    for time in (0, 2):
        assert_same(renderer.render(time, LABELS), alone[time], LABELS, f"large_rows {rows}")


SENSORS = {
    "perfect": Sensor(),
    "noisy": Sensor(full_well_electrons=2000.0, read_noise_electrons=5.0, bayer="RGGB", adc_bits=8, jpeg_quality=60),
    "rolling": Sensor(shutter=0.5, readout=0.5, temporal_samples=2),
    "lens": Sensor(aperture_m=0.02, vignetting=0.5, chromatic_aberration_px=(0.5, -0.5)),
}


@pytest.mark.parametrize("name", SENSORS)
def test_a_sensor_changes_pictures_only(world, alone, name):
    frame = RasterRenderer(replace(world, sensor=SENSORS[name], depth_sensor=None)).render(1, ("rgb", *EXACT))
    assert_same(frame, alone[1], EXACT, name)
    assert (frame["rgb"] != alone[1]["rgb"]).any() == (name != "perfect")


def test_contour_is_that_of_the_ids_everywhere(world, alone):
    """Also in the sky, on the image's border, and where one instance meets another of the same class."""
    outside = replace(world, camera_motion=Trajectory.still(geometry.look_at((7, 5, 4), (0, 0, 1))))
    for frame in (*alone, RasterRenderer(outside).render(1, EXACT)):
        ids = np.pad(frame["instance"].astype(int), 1, mode="edge")
        middle = ids[1:-1, 1:-1]
        differs = (ids[:-2, 1:-1] != middle) | (ids[2:, 1:-1] != middle) | (ids[1:-1, :-2] != middle) | (ids[1:-1, 2:] != middle)
        np.testing.assert_array_equal(frame["contour"], differs)
    assert not frame["valid"].all()
    assert frame["contour"][~frame["valid"]].any()


def test_what_was_refused_leaves_the_renderer_sound(world, alone):
    renderer = RasterRenderer(world)
    bent = Trajectory.still(np.diag([2.0, 1.0, 1.0, 1.0]))
    for _ in range(2):
        with pytest.raises(UserError, match="camera"):
            renderer.render_batch([1], DEFAULT_LABELS, [bent])
        batch = renderer.render_batch([0, 1], LABELS)
        assert_same(batch.frame(1), alone[1], LABELS, "after an error")
        assert_same(renderer.render(2, LABELS), alone[2], LABELS, "after an error")
