"""Streets obey the rules of the road and of geometry, and the camera drives as KITTI's car did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from street_scenes import GROUND, VEHICLES, cloud, standing, street

from scenes import shapes, streets
from scenes.distributions import Choice
from scenes.errors import UserError
from scenes.randomness import Streams
from scenes.scene import Instance
from scenes.streets.curve import Curve, rounded
from scenes.streets.network import Section, network
from simlearn.datasets.root import data_root
from simlearn.worlds.facts import motion


def test_a_curve_of_constant_curvature_is_a_circle():
    curve = Curve.of_curvature(np.full(101, 1 / 40.0), -20.0)
    centre = np.array([0.0, 40.0])
    distance = np.linalg.norm(curve.points - centre, axis=1)
    assert distance == pytest.approx(40.0, abs=0.02)
    assert curve.at(0.0) == pytest.approx([0.0, 0.0], abs=1e-9)
    assert float(curve.heading(20.0)) == pytest.approx(0.5, abs=1e-3)
    assert np.linalg.norm(curve.at(30.0, 5.0) - centre) == pytest.approx(35.0, abs=0.05)  # to the left is inwards


def test_distance_to_a_curve():
    line = Curve.straight((1.0, 2.0), np.pi / 2, -10.0, 10.0)
    assert line.distance(np.array([[4.0, 2.0], [1.0, 15.0], [1.0, -3.0]])) == pytest.approx([3.0, 3.0, 0.0])


def test_rounding_keeps_the_ends_and_cuts_the_corner():
    corner = np.array([[0.0, 0.0], [20.0, 0.0], [20.0, 20.0]])
    smooth = rounded(corner, 1.2)
    assert smooth[0] == pytest.approx(corner[0])
    assert smooth[-1] == pytest.approx(corner[-1])
    steps = np.diff(smooth, axis=0)
    turns = np.abs(np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))))
    assert turns.max() < 0.35  # a right angle at once would be 1.57
    assert np.linalg.norm(smooth - corner[1], axis=1).min() > 0.3


@pytest.mark.parametrize("seed", range(6))
def test_side_streets_leave_the_main_street_at_right_angles_and_open_its_kerb(seed):
    rng = np.random.default_rng(seed)
    net = network(rng, Section(), ((40.0, (1, -1), Section()), (110.0, (1,), Section())), 0.01, -40.0, 200.0, 1)
    assert len(net.streets) == 4
    for junction in net.junctions:
        for side in junction.sides:
            arm = net.arm(junction, side)
            between = float(arm.curve.heading(5.0)) - float(net.main.curve.heading(junction.at))
            assert np.cos(between) == pytest.approx(0.0, abs=1e-9)
            assert np.sign(np.sin(between)) == side
            assert not any(low < junction.at < high for low, high in net.main.stretches(side))
    assert any(low < 110.0 < high for low, high in net.main.stretches(-1))  # the kerb opposite a T runs on


@pytest.mark.parametrize("index", range(12))
def test_nothing_stands_in_anything_else(index):
    """Checked on convex outlines of the meshes from above, for what stands on the ground."""
    from scipy.spatial import ConvexHull

    scene = street(index)
    things = standing(scene, "building", *VEHICLES, "street_lamp", "traffic_light", "traffic_sign", "bench", "bin")
    outlines = []
    for thing in things:
        points = cloud(thing)
        low = points[points[:, 2] < points[:, 2].min() + 2.2][:, :2]  # lamps and lights may reach over others
        outlines.append(low[ConvexHull(low).vertices])
    for a in range(len(things)):
        for b in range(a):
            assert _overlap(outlines[a], outlines[b]) < 0.02, (things[a].name, things[b].name)


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Depth in metres by which two convex outlines overlap; negative when apart."""
    if np.linalg.norm(a.mean(axis=0) - b.mean(axis=0)) > np.ptp(a, axis=0).sum() + np.ptp(b, axis=0).sum():
        return -1.0
    least = np.inf
    for outline in (a, b):
        edges = np.roll(outline, -1, axis=0) - outline
        normals = np.stack([edges[:, 1], -edges[:, 0]], axis=1) / np.linalg.norm(edges, axis=1, keepdims=True)
        p, q = a @ normals.T, b @ normals.T
        least = min(least, float(np.minimum(p.max(axis=0) - q.min(axis=0), q.max(axis=0) - p.min(axis=0)).min()))
    return least


@pytest.mark.parametrize("index", range(12))
def test_everything_stands_on_the_ground_under_it(index):
    scene = street(index)
    ground = standing(scene, *(name for name in GROUND if name != "field"))  # crops, knee-high or higher, hide the feet of trees
    for thing in scene.instances:
        if thing.category in GROUND or thing.category == "cyclist" or (thing.name.startswith("tree") and thing.shape.kind == "tree_line"):
            continue
        x, y, _ = thing.motion.at(0)[:3, 3]
        lowest = cloud(thing)[:, 2].min()
        assert lowest == pytest.approx(_height(ground, x, y), abs=0.16), thing.name  # kerbs are 12 cm high; feet may stand beside them


def _height(ground: list[Instance], x: float, y: float) -> float:
    """Highest ground under a point: of all triangles that face up and hold it."""
    best = -np.inf
    for piece in ground:
        vertices, faces = cloud(piece), shapes.build(piece.shape).faces
        corners = vertices[faces]
        flat = np.ptp(corners[..., 2], axis=1) < 1e-6
        a, b, c = (corners[flat, k, :2] for k in range(3))

        def side(p: np.ndarray, q: np.ndarray) -> np.ndarray:
            return (q[:, 0] - p[:, 0]) * (y - p[:, 1]) - (q[:, 1] - p[:, 1]) * (x - p[:, 0])

        signs = np.stack([side(a, b), side(b, c), side(c, a)])
        inside = (signs >= -1e-9).all(axis=0)
        if inside.any():
            best = max(best, float(corners[flat][inside][..., 2].max()))
    return best


@pytest.mark.parametrize("index", range(12))
def test_moving_things_keep_apart_and_off_the_camera(index):
    scene = street(index)
    moving = [i for i in scene.instances if i.motion.moves and i.category != "cyclist"]
    for time in range(scene.frames):
        eye = scene.camera_motion.at(time)[:3, 3]
        places = [i.motion.at(time)[:2, 3] for i in moving]
        sizes = [min(shapes.size(i.shape)[:2]) / 2 for i in moving]
        for k, place in enumerate(places):
            assert np.linalg.norm(place - eye[:2]) > 1.0 + sizes[k], moving[k].name
            for j in range(k):
                assert np.linalg.norm(place - places[j]) > sizes[k] + sizes[j], (moving[k].name, moving[j].name)


@pytest.mark.parametrize("index", range(12))
def test_cars_keep_to_their_side_of_the_main_street(index):
    """Who comes towards the camera passes on its left where one drives on the right, and the other way round."""
    scene = street(index)
    if scene.metadata["manoeuvre"] == "turn":
        return
    hand = streets.Config().left_hand_traffic.sample(Streams(5, index).generator("left_hand_traffic"))
    for thing in scene.instances:
        if thing.motion.moves and thing.category in VEHICLES:
            poses = thing.motion.poses
            here, there = poses[1][:3, 3], scene.camera_motion.at(0)
            if np.linalg.norm(here - there[:3, 3]) > 25 or np.linalg.norm(poses[-1][:3, 3] - poses[0][:3, 3]) < 0.2:
                continue
            velocity = (poses[2] - poses[1])[:3, 3] @ there[:3, 2]
            sideways = there[:3, 0] @ (here - there[:3, 3])
            if velocity < 0:
                assert sideways < 0 if not hand else sideways > 0, thing.name


def test_fronts_point_where_things_go():
    for index in range(6):
        for thing in street(index).instances:
            if thing.motion.moves and thing.category in VEHICLES:
                poses = thing.motion.poses
                step = poses[2, :3, 3] - poses[1, :3, 3]
                if np.linalg.norm(step) > 0.05:
                    assert -poses[1, :3, 1] @ step / np.linalg.norm(step) > 0.97, thing.name


def test_camera_is_that_of_kitti():
    scene = street(0)
    camera = scene.camera
    assert (camera.width, camera.height, camera.fx, camera.cx) == (1242, 375, 721.5377, 610.0593)
    assert scene.stereo_baseline_m == 0.54
    assert scene.camera_motion.at(0)[2, 3] == pytest.approx(1.65, abs=0.1)
    forward = scene.camera_motion.at(0)[:3, 2]
    assert abs(np.degrees(np.arcsin(forward[2]))) < 3.0
    small = streets.sample(streets.Config(width=621, height=188), Streams(5, 0)).camera
    assert small.fx == pytest.approx(721.5377 / 2)


@pytest.mark.realdata
def test_driving_is_like_kittis():
    """Quantiles of speed and of yaw between frames, 120 scenes against ten recorded drives."""
    root = data_root()
    folder = Path(root or "") / "kitti" / "odometry" / "poses"
    if not folder.is_dir():
        pytest.skip("no KITTI poses")
    real_steps, real_yaw, steps, yaw = [], [], [], []
    for path in sorted(folder.glob("*.txt")):
        poses = np.tile(np.eye(4), (len(rows := np.loadtxt(path).reshape(-1, 3, 4)), 1, 1))
        poses[:, :3] = rows
        s, y = motion(poses)
        real_steps += s
        real_yaw += y
    for index in range(120):
        s, y = motion(_camera_only(index))
        steps += s
        yaw += y
    for q, tolerance in ((25, 0.3), (50, 0.2), (75, 0.25)):
        assert np.percentile(steps, q) == pytest.approx(np.percentile(real_steps, q), abs=tolerance)
    assert 0.08 < np.median(np.abs(yaw)) < 0.5  # 0.16 there
    assert 0.1 < np.mean(np.abs(yaw) > 1.0) < 0.3  # 0.19 there
    assert 2.0 < np.percentile(np.abs(yaw), 99) < 6.0  # 3.5 there


def _camera_only(index: int) -> np.ndarray:
    return streets.camera_motion(streets.Config(), Streams(3, index))


def test_an_unknown_area_is_named():
    with pytest.raises(UserError, match="known are residential"):
        streets.Config(area=Choice(("suburb",)))


def test_triangles_are_kept_within_the_budget():
    config = streets.Config(triangles=60_000)
    scene = streets.sample(config, Streams(5, 2))
    assert sum(len(shapes.build(i.shape).faces) for i in scene.instances) <= 60_000
    assert sum(scene.metadata["rejected"].values()) > 0
