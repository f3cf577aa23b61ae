"""SceneNet RGB-D's layout, its trajectory file read by a reader of protobuf's wire format written for this test."""

import struct
import warnings

import cv2
import equipped_world
import numpy as np
import pytest
import tiny_world

from scenes import geometry
from scenes.families import FAMILIES
from scenes.randomness import Streams
from simlearn.exporters import EXPORTERS, scenenet
from simlearn.exporters.scenenet_messages import messages
from simlearn.exporters.wordnet import wordnet_id
from simlearn.shards import ShardReader

# The fields of scenenet.proto by number: (name, kind), kind being a message, "int", "float" or "text"; typed in anew for this test.
SCHEMA = {
    "Trajectories": {1: ("trajectories", "Trajectory")},
    "Trajectory": {1: ("layout", "SceneLayout"), 2: ("instances", "Instance"), 3: ("views", "View"), 4: ("render_path", "text")},
    "SceneLayout": {1: ("layout_type", "int"), 2: ("model", "text")},
    "Instance": {1: ("instance_id", "int"), 2: ("wordnet", "text"), 3: ("english", "text"), 4: ("type", "int")},
    "View": {1: ("frame_num", "int"), 2: ("shutter_open", "Pose"), 3: ("shutter_close", "Pose")},
    "Pose": {1: ("camera", "Position"), 2: ("lookat", "Position"), 3: ("timestamp", "float")},
    "Position": {1: ("x", "float"), 2: ("y", "float"), 3: ("z", "float")},
}
BACKGROUND, LAYOUT_OBJECT, RANDOM_OBJECT = 1, 2, 4


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def parsed(data, kind):
    """A message as {name: [values]}, by protobuf's wire format: keys are varints, number << 3 | wire type."""
    found, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        name, of = SCHEMA[kind][key >> 3]
        if key & 7 == 0:
            assert of == "int"
            value, at = varint(data, at)
        elif key & 7 == 5:
            assert of == "float"
            (value,), at = struct.unpack_from("<f", data, at), at + 4
        else:
            assert key & 7 == 2
            size, at = varint(data, at)
            raw, at = data[at : at + size], at + size
            value = raw.decode() if of == "text" else parsed(raw, of)
        found.setdefault(name, []).append(value)
    return found


def trajectories(path):
    return parsed(path.read_bytes(), "Trajectories")["trajectories"]


def place(message):
    return np.array([message[axis][0] for axis in "xyz"])


def middle(view):
    """(camera, what it looks at) half-way through the exposure."""
    opened, closed = view["shutter_open"][0], view["shutter_close"][0]
    return [(place(opened[name][0]) + place(closed[name][0])) / 2 for name in ("camera", "lookat")]


def seen_from(eye, target):
    """Camera-to-world as SceneNet RGB-D defines it: z towards the target, x at right angles to it and to the world's up, y; y down."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, (0, 1, 0))
    right /= np.linalg.norm(right)
    return geometry.compose(np.stack([right, np.cross(forward, right), forward], axis=1), eye)


def points(folder, number, pose):
    """World points [H, W, 3]: rays of unit length through pixel centres at half-integers, times the distance; NaN for none."""
    depth = cv2.imread(str(folder / f"depth/{number}.png"), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16
    fx, fy, cx, cy = np.loadtxt(folder / "intrinsics.txt")
    v, u = np.indices(depth.shape) + 0.5
    rays = np.stack([(u - cx) / fx, (v - cy) / fy, np.ones(depth.shape)], axis=-1)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    return geometry.transform(pose, rays * np.where(depth, depth / 1000, np.nan)[..., None])


def world(family, frames):
    return FAMILIES[family].sample(FAMILIES[family].Config(frames=frames, width=48, height=36), Streams(5, 0))


def off_surface(found, instance, scene, time):
    """Distance [H, W] of points in a world whose y is up from the surface that their pixels show: floor y = 0, and balls."""
    off = np.full(instance.shape, np.nan)
    for number, thing in enumerate(scene.instances, start=1):
        mine = instance == number
        if thing.shape.kind == "floor":
            off[mine] = np.abs(found[mine][:, 1])
        else:
            x, y, z = thing.motion.at(time)[:3, 3]
            off[mine] = np.abs(np.linalg.norm(found[mine] - (x, z, -y), axis=-1) - thing.shape.number("radius"))
    return off


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp("scenenet") / "data"
    tiny_world.make(out, scenes=2)
    return out


@pytest.fixture(scope="module")
def equipped(tmp_path_factory):
    out = tmp_path_factory.mktemp("equipped") / "data"
    equipped_world.make(out)
    return out


@pytest.fixture(scope="module")
def exported(root, tmp_path_factory):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # upright cameras: nothing to warn of
        return EXPORTERS["scenenet"](root, tmp_path_factory.mktemp("exported") / "out", split="val", progress=False)


def test_layout(exported):
    names = sorted(str(path.relative_to(exported)) for path in exported.rglob("*") if path.is_file())
    pictures = [f"{kind}/{25 * t}.{'jpg' if kind == 'photo' else 'png'}" for kind in ("photo", "depth", "instance") for t in range(3)]
    files = [*pictures, "poses.txt", "intrinsics.txt"]
    assert names == sorted(["scenenet_rgbd_val.pb", *(f"val/0/{scene}/{name}" for scene in range(2) for name in files)])


def test_trajectory_file(exported):
    found = trajectories(exported / "scenenet_rgbd_val.pb")
    assert [t["render_path"] for t in found] == [["0/0"], ["0/1"]]
    for trajectory in found:
        assert [v["frame_num"] for v in trajectory["views"]] == [[0], [25], [50]]
        times = [(v["shutter_open"][0]["timestamp"][0], v["shutter_close"][0]["timestamp"][0]) for v in trajectory["views"]]
        np.testing.assert_allclose(times, [(t, t + 1 / 60) for t in range(3)], atol=1e-6)
        background, floor, *balls = trajectory["instances"]
        assert background == {"instance_id": [0], "type": [BACKGROUND]}
        assert floor == {"instance_id": [1], "wordnet": ["03365592"], "english": ["floor"], "type": [LAYOUT_OBJECT]}
        assert [b["instance_id"][0] for b in balls] == [2, 3, 4, 5]
        assert all((b["english"], b["type"]) == (["ball"], [RANDOM_OBJECT]) for b in balls)


def test_the_protobuf_package_reads_the_same(exported):
    whole = messages().Trajectories.FromString((exported / "scenenet_rgbd_val.pb").read_bytes())
    found = trajectories(exported / "scenenet_rgbd_val.pb")
    assert [t.render_path for t in whole.trajectories] == ["0/0", "0/1"]
    pose = whole.trajectories[1].views[2].shutter_close
    np.testing.assert_array_equal(
        place(found[1]["views"][2]["shutter_close"][0]["lookat"][0]), (pose.lookat.x, pose.lookat.y, pose.lookat.z)
    )
    assert whole.trajectories[0].instances[1].InstanceType.Name(2) == "LAYOUT_OBJECT"
    assert messages().SceneLayout.LayoutType.Name(4) == "LIVING_ROOM"


def test_views_and_distances_lie_on_the_known_surfaces(root, exported):
    """The pose comes from the trajectory file, all else from the folder: two frames show the same surfaces in the same places."""
    scene, folder = world("tiny", 3), exported / "val/0/0"
    with ShardReader(root / "shards/scene_000000.h5") as reader:
        for time, view in enumerate(trajectories(exported / "scenenet_rgbd_val.pb")[0]["views"]):
            instance = cv2.imread(str(folder / f"instance/{25 * time}.png"), cv2.IMREAD_UNCHANGED)
            assert instance.dtype == np.uint16
            np.testing.assert_array_equal(instance, reader.read("instance", time))
            off = off_surface(points(folder, 25 * time, seen_from(*middle(view))), instance, scene, time)
            assert np.isfinite(off).sum() > 500
            assert np.nanmax(off) < 2e-3  # half a millimetre along the ray, and the data set's own rounding
            photo = cv2.imread(str(folder / f"photo/{25 * time}.jpg"))[..., ::-1].astype(float)
            assert np.abs(photo - reader.read("rgb", time)).mean() < 3


def test_poses_are_those_of_the_scene(exported):
    scene = world("tiny", 3)
    exact = np.loadtxt(exported / "val/0/0/poses.txt").reshape(3, 3, 4)
    for time, view in enumerate(trajectories(exported / "scenenet_rgbd_val.pb")[0]["views"]):
        x, y, z = scene.camera_motion.at(time)[:3, 3]
        np.testing.assert_allclose(exact[time][:, 3], (x, z, -y), atol=1e-9)
        np.testing.assert_allclose(seen_from(*middle(view))[:3], exact[time], atol=1e-6)


def test_points_move_through_the_exposure_as_the_camera_does(exported):
    """What the camera moves by in 1/60 s, a frame being a second, is a sixtieth of half its way from the frame before to the one after."""
    scene = world("tiny", 3)
    for time, view in enumerate(trajectories(exported / "scenenet_rgbd_val.pb")[0]["views"]):
        before, after = (scene.camera_motion.at(time + step) for step in (-1, 1))
        opened, closed = (view[name][0] for name in ("shutter_open", "shutter_close"))
        moved = place(closed["camera"][0]) - place(opened["camera"][0])
        x, y, z = (after - before)[:3, 3] / 2 / 60
        np.testing.assert_allclose(moved, (x, z, -y), atol=1e-6)
        turned = place(closed["lookat"][0]) - place(opened["lookat"][0]) - moved
        x, y, z = 5 * (after - before)[:3, 2] / 2 / 60
        np.testing.assert_allclose(turned, (x, z, -y), atol=2e-6)


def test_a_tilted_camera_is_warned_of_and_exact_in_the_text(equipped, tmp_path):
    with pytest.warns(UserWarning, match=r"tilted sideways by up to 1\.5 degrees.*poses\.txt"):
        out = EXPORTERS["scenenet"](equipped, tmp_path / "out", progress=False)
    folder, (trajectory,) = out / "train/0/0", trajectories(out / "scenenet_rgbd_train.pb")
    assert trajectory["layout"] == [{"layout_type": [4]}]
    scene, exact = world("equipped", 3), np.loadtxt(folder / "poses.txt").reshape(3, 3, 4)
    with ShardReader(equipped / "shards/scene_000000.h5") as reader:
        for time in range(3):
            pose = geometry.compose(exact[time][:, :3], exact[time][:, 3])
            off = off_surface(points(folder, 25 * time, pose), reader.read("instance", time), scene, time)
            assert np.nanmax(off) < 2e-3
            two_points = seen_from(*middle(trajectory["views"][time]))
            between = geometry.invert(two_points) @ pose  # a turn about the line of sight
            np.testing.assert_allclose(between, geometry.compose(geometry.rotation_z(np.radians(1.5)), np.zeros(3)), atol=1e-5)


@pytest.mark.parametrize("degrees", [0, 1, -30, 90, 180])
def test_tilt(degrees):
    pose = geometry.look_at((1, 2, 3), (4, -2, 2), np.radians(degrees))
    np.testing.assert_allclose(scenenet.tilt_deg(scenenet.y_up(pose)), abs(degrees), atol=1e-9)


def test_two_points_do_not_orient_a_camera_that_looks_straight_down():
    assert scenenet.tilt_deg(scenenet.y_up(geometry.look_at((1, 2, 3), (1, 2, 0)))) == 90


def test_distance_label_and_depth_give_the_same_pictures(equipped, tmp_path):
    kept = {}
    for labels in (("distance",), ("depth",)):
        with pytest.warns(UserWarning, match="tilted"):
            out = EXPORTERS["scenenet"](equipped, tmp_path / labels[0], labels=labels, progress=False)
        kept[labels[0]] = [cv2.imread(str(out / f"train/0/0/depth/{n}.png"), cv2.IMREAD_UNCHANGED).astype(int) for n in (0, 25, 50)]
    assert np.abs(np.subtract(kept["distance"], kept["depth"])).max() <= 1


def test_nouns():
    assert wordnet_id("armchair", 5, "nyu40") == "02738535"
    assert wordnet_id("chair", 5, "nyu40") == "03001627"
    assert wordnet_id("plant", 40, "nyu40") == "00017222"
    assert wordnet_id("something new", 40, "nyu40") == "03169390"
    assert wordnet_id("car", 26, "cityscapes") == ""


def test_objects_stand_where_their_boxes_do():
    """A wardrobe of 0.6 x 0.4 x 2 m with its origin in the middle of its box, turned left by 90 degrees seen from above, its base on the
    floor, 3 m east and 1 m north: SceneNet's x is east and its z south."""
    info = messages().RandomObjectInfo()
    pose = geometry.compose(geometry.rotation_z(np.pi / 2), (3.0, 1.0, 1.0))
    scenenet._place(info, pose, np.array([0.0, 0.0, 0.0, 0.6, 0.4, 2.0]))
    assert info.height_meters == 2
    placed = info.object_pose
    np.testing.assert_allclose((placed.translation_x, placed.translation_y, placed.translation_z), (3, 0, -1), atol=1e-6)
    matrix = [[getattr(placed, f"rotation_mat{row}{column}") for column in (1, 2, 3)] for row in (1, 2, 3)]
    np.testing.assert_allclose(matrix @ np.array([1, 0, 0]), (0, 0, -1), atol=1e-6)  # its east side now faces north
    np.testing.assert_allclose(matrix @ np.array([0, 1, 0]), (0, 1, 0), atol=1e-6)
