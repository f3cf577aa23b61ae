"""Point tracks: against the labels of rendered frames, and facts of geometry."""

import numpy as np
import pytest
from render_worlds import away_from_edges, camera, instance, random_world, scene

from renderers.raster import RasterRenderer
from renderers.tracks import Tracker, tracks
from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Shape, Trajectory

LABELS = (
    "depth",
    "instance",
    "valid",
    "object_point",
    *(f"{n}_{d}" for n in ("flow", "occluded", "out_of_frame") for d in ("forward", "backward")),
)


def facing(x: float, y: float, z: float) -> np.ndarray:
    """Pose of a `plane` shape that faces a camera at the origin."""
    return geometry.compose(np.diag([1.0, -1.0, -1.0]), (x, y, z))


@pytest.fixture(scope="module", params=range(3))
def followed(request):
    """A random moving world, its frames, the pixels with a surface at time 1 and their tracks at 0 ... 3."""
    world = random_world(request.param, width=240, height=180, frames=4)
    renderer = RasterRenderer(world)
    frames = [renderer.render(t, LABELS) for t in range(world.frames)]
    start = frames[1]["valid"]
    found = Tracker(world).follow(frames[1]["object_point"][start], frames[1]["instance"][start], range(world.frames))
    return world, frames, start, found


def test_tracks_begin_where_they_were_asked_for(followed):
    world, frames, start, found = followed
    np.testing.assert_allclose(found.pixels[:, 1], world.camera.pixel_centres()[start], atol=1e-3)
    np.testing.assert_allclose(found.depth[:, 1], frames[1]["depth"][start], rtol=1e-5)
    assert found.in_frame[:, 1].all()
    assert found.visible[:, 1].mean() > 0.9999


@pytest.mark.parametrize(("direction", "time"), [("forward", 2), ("backward", 0)])
def test_one_step_equals_flow_and_its_masks(followed, direction, time):
    world, frames, start, found = followed
    flow = found.pixels[:, time] - world.camera.pixel_centres()[start]
    inside = ~frames[1][f"out_of_frame_{direction}"][start]
    border = np.minimum(np.abs(found.pixels[:, time]), np.abs(found.pixels[:, time] - (240, 180))).min(1) < 1e-3
    np.testing.assert_array_equal(found.in_frame[~border, time], inside[~border])
    np.testing.assert_allclose(flow[inside], frames[1][f"flow_{direction}"][start][inside], atol=1e-3)
    assert not found.visible[~found.in_frame[:, time], time].any()


@pytest.mark.parametrize(("direction", "time"), [("forward", 2), ("backward", 0)])
def test_visibility_by_rays_equals_occlusion_by_rendered_surfaces(followed, direction, time):
    """Two independent ways: a ray to the point, and a look at the triangles that the pixels around it show."""
    _, frames, start, found = followed
    hidden = frames[1][f"occluded_{direction}"][start]
    inside = found.in_frame[:, time]
    column, row = np.where(inside[:, None], np.floor(found.pixels[:, time]), 0).astype(int).T
    calm = away_from_edges(frames[time]["instance"], frames[time]["depth"], 2)[row, column]
    calm &= away_from_edges(frames[1]["instance"], frames[1]["depth"])[start]
    agree = found.visible[:, time] == ~hidden
    assert hidden.sum() > 100
    assert agree[inside & calm].mean() > 0.999
    assert agree[inside].mean() > 0.99


def test_visible_points_have_the_depth_that_their_pixel_shows(followed):
    _, frames, _, found = followed
    for time in (0, 2, 3):
        chosen = found.in_frame[:, time]
        column, row = np.floor(found.pixels[chosen, time]).astype(int).T
        calm = away_from_edges(frames[time]["instance"], frames[time]["depth"])[row, column]
        behind = found.depth[chosen, time] / frames[time]["depth"][row, column] - 1
        visible = found.visible[chosen, time]
        # Within half a pixel of a surface without jumps; sheets seen nearly edge-on can lie between the centres: 2 of 36,707 points did.
        assert (np.abs(behind[visible & calm]) < 0.03).mean() > 0.9995
        assert (behind[~visible & calm] > 0).mean() > 0.99


def test_tracks_from_a_later_frame_return_to_the_start(followed):
    """Points seen at time 3 that were followed there from time 1 lead back to the pixels they came from."""
    world, frames, start, found = followed
    rows, columns = np.nonzero(start)
    shown = np.flatnonzero(found.visible[:, 3])[::97]
    again = Tracker(world).follow(
        frames[1]["object_point"][rows[shown], columns[shown]], frames[1]["instance"][rows[shown], columns[shown]], [3, 1]
    )
    np.testing.assert_array_equal(again.pixels[:, 0], found.pixels[shown, 3])
    np.testing.assert_allclose(again.pixels[:, 1], np.stack([columns, rows], axis=1)[shown] + 0.5, atol=1e-3)
    label = frames[3]["instance"]
    u, v = np.floor(again.pixels[:, 0]).astype(int).T
    calm = away_from_edges(label, frames[3]["depth"])[v, u]
    np.testing.assert_array_equal(label[v, u][calm], frames[1]["instance"][rows[shown], columns[shown]][calm])


def test_point_on_a_turning_cube_is_seen_while_its_face_is():
    cam, quarter = camera(200, 100, 60), np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]])  # about the camera's y axis
    turns = np.stack([geometry.compose(np.linalg.matrix_power(quarter, (k - 1) % 4), (0, 0, 4)) for k in range(7)])
    cube = instance(Shape.of("box", x=2, y=2, z=2), turns)
    found = tracks(scene([cube], cam, frames=5), [[0.5, 0.2, -1.0]], [1], range(5))
    placed = np.array([[0.5, 0.2, 3], [-1, 0.2, 3.5], [-0.5, 0.2, 5], [1, 0.2, 4.5], [0.5, 0.2, 3]])
    np.testing.assert_allclose(found.pixels[0], placed[:, :2] / placed[:, 2:] * cam.fx + (100, 50), atol=1e-9)
    np.testing.assert_allclose(found.depth[0], placed[:, 2], atol=1e-9)
    assert found.in_frame.all()
    assert found.visible[0].tolist() == [True, False, False, False, True]


def test_point_passes_behind_a_wall():
    shift = np.stack([facing(-2.0 + 1.0 * t, 0, 4) for t in range(-1, 6)])
    things = [instance(Shape.of("plane", x=1.0, y=1.0), shift), instance(Shape.of("plane", x=0.8, y=2.0), facing(0, 0, 2))]
    found = tracks(scene(things, camera(200, 100, 90), frames=5), [[0, 0, 0], [0.3, 0.1, 0]], [1, 1], [0, 1, 2, 2.5, 3, 4])
    # The wall hides |x| < 0.8 at the depth of the points; between frames they move on straight lines.
    assert found.visible[0].tolist() == [True, True, False, False, True, True]
    assert found.visible[1].tolist() == [True, False, False, False, True, True]
    np.testing.assert_allclose(found.pixels[0, 3], [100 + 100 * 0.5 / 4, 50], atol=1e-9)


def test_points_behind_or_beside_the_camera_are_out_of_frame():
    things = [instance(Shape.of("plane", x=9.0, y=9.0), facing(0, 0, z)) for z in (-2.0, 2.0, 0.005)]
    found = tracks(scene(things[:2], camera(200, 100, 90)), [[0, 0, 0], [3, 0, 0], [0.5, 0, 0]], [1, 2, 2], [0])
    assert found.in_frame[:, 0].tolist() == found.visible[:, 0].tolist() == [False, False, True]
    assert np.isnan(found.pixels[0]).all()
    assert found.depth[0, 0] == -2.0
    np.testing.assert_allclose(found.pixels[1, 0], [250, 50])
    nearest = tracks(scene(things, camera(200, 100, 90)), [[0, 0, 0], [0.0001, 0, 0]], [2, 3], [0])
    assert nearest.in_frame.all()
    assert nearest.visible[:, 0].tolist() == [True, False]  # what lies before the near plane is neither seen nor hides


def test_panorama_sees_points_all_around():
    cam, ring = Camera.panorama(256, 128), np.array([[np.sin(a), 0, np.cos(a)] for a in np.linspace(-np.pi, np.pi, 9)])
    ball = instance(Shape.of("sphere", radius=2.0, subdivisions=3))
    found = tracks(scene([ball], cam), 1.9 * ring, np.ones(9), [0])
    assert found.visible.all()
    np.testing.assert_allclose(found.pixels[1:-1, 0], np.stack([np.linspace(0, 256, 9)[1:-1], np.full(7, 64.0)], axis=1), atol=1e-9)
    beyond = tracks(scene([ball], cam), 2.1 * ring, np.ones(9), [0])
    assert beyond.in_frame.all()
    assert not beyond.visible.any()


def test_fisheye_sees_beyond_ninety_degrees_up_to_its_border():
    cam = Camera.fisheye(200, 200, 220)
    angles = np.radians([0, 60, 100, 109, 111])
    points = 2 * np.stack([np.sin(angles), 0 * angles, np.cos(angles)], axis=1)
    ball = instance(Shape.of("sphere", radius=0.5), geometry.compose(np.eye(3), (0, 0, -5)))
    found = tracks(scene([ball], cam), points - (0, 0, -5), np.ones(5), [0])
    assert found.visible[:, 0].tolist() == [True, True, True, True, False]
    np.testing.assert_allclose(found.pixels[:4, 0, 0], 100 + 100 * angles[:4] / np.radians(110))
    assert found.depth[2, 0] < 0


def test_another_camera_motion_sees_the_same_world():
    world = scene([instance(Shape.of("plane", x=9.0, y=9.0), facing(0, 0, 2))], camera(200, 100, 90))
    moved = Trajectory.still(geometry.compose(np.eye(3), (0.5, 0, 1)))
    found = Tracker(world).follow([[0.5, 0, 0]], [1], [0], moved)
    np.testing.assert_allclose(found.pixels[0, 0], [100, 50])
    assert found.depth[0, 0] == 1.0
    assert found.visible[0, 0]


def test_no_points_give_empty_tracks():
    found = tracks(random_world(0), np.zeros((0, 3)), [], [0, 1])
    assert found.pixels.shape == (0, 2, 2)
    assert found.visible.shape == (0, 2)


@pytest.mark.parametrize(
    ("points", "ids", "says"), [(np.zeros((2, 3)), [1, 0], "no object has the id 0"), (np.zeros((2, 3)), [1], "2 points but 1")]
)
def test_points_of_no_object_are_refused(points, ids, says):
    with pytest.raises(UserError, match=says):
        tracks(random_world(0), points, ids, [0])
