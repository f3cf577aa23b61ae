"""The layout of Virtual KITTI 2, read by OpenCV and by the formulas of the data set's page."""

import dataclasses

import cv2
import numpy as np
import pytest
import tiny_stereo
from PIL import Image
from scipy.spatial.transform import Rotation

from renderers.object_labels import Objects
from scenes.scene import Material
from scenes.semantics import LABEL_SPACES, class_names
from simlearn.exporters import EXPORTERS, vkitti
from simlearn.shards import ShardReader

SCENES, FRAMES, WIDTH, HEIGHT = 2, 3, 47, 37
EVERY = [(scene, frame) for scene in range(SCENES) for frame in range(FRAMES)]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp("vkitti") / "data"
    tiny_stereo.make(out, scenes=SCENES, frames=FRAMES, width=WIDTH, height=HEIGHT)
    return out


@pytest.fixture(scope="module")
def out(root, tmp_path_factory):
    return EXPORTERS["vkitti"](root, tmp_path_factory.mktemp("exported") / "vkitti", progress=False)


def image(path):
    array = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert array is not None, path
    return array[..., ::-1] if array.ndim == 3 else array


def frame_file(out, scene, kind, name, frame, ending="png", camera=0):
    return out / f"Scene{scene:02d}/clone/frames/{kind}/Camera_{camera}/{name}_{frame:05d}.{ending}"


def table(out, scene, name):
    """[{column: text}] of a text file."""
    header, *lines = (out / f"Scene{scene:02d}/clone/{name}.txt").read_text().splitlines()
    return [dict(zip(header.split(), line.split(), strict=True)) for line in lines]


def camera(out, scene, frame, eye=0):
    """(K, world-to-camera) of a frame."""
    intrinsic = next(row for row in table(out, scene, "intrinsic") if (row["frame"], row["cameraID"]) == (str(frame), str(eye)))
    fx, fy, cx, cy = (float(intrinsic[k]) for k in ("K[0,0]", "K[1,1]", "K[0,2]", "K[1,2]"))
    numbers = np.loadtxt(out / f"Scene{scene:02d}/clone/extrinsic.txt", skiprows=1)[2 * frame + eye]
    assert numbers[:2].tolist() == [frame, eye]
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]), numbers[2:].reshape(4, 4)


def test_pixels(out, root):
    for scene, frame in EVERY:
        with ShardReader(root / f"shards/scene_{scene:06d}.h5") as reader:
            read = {name: reader.read(name, frame) for name in reader.labels}
            world = reader.scene()
        for eye, label in enumerate(("rgb", "rgb_right")):
            picture = image(frame_file(out, scene, "rgb", "rgb", frame, "jpg", eye))
            assert np.abs(picture.astype(int) - read[label]).mean() < 3
        depth = image(frame_file(out, scene, "depth", "depth", frame))
        assert np.abs(depth / 100 - read["depth"])[read["valid"]].max() <= 0.005 + 1e-9
        assert (depth[~read["valid"]] == 65535).all()
        balls = np.array([0, 0, *range(1, len(world.instances))])
        path = frame_file(out, scene, "instanceSegmentation", "instancegt", frame)
        np.testing.assert_array_equal(np.asarray(Image.open(path)), balls[read["instance"]])
        colors = {row["Category"]: (int(row["r"]), int(row["g"]), int(row["b"])) for row in table(out, scene, "colors")}
        classes = image(frame_file(out, scene, "classSegmentation", "classgt", frame))
        for kind, name in ((0, "Undefined"), (2, "Floor"), (40, "Otherprop")):
            np.testing.assert_array_equal((classes == colors[name]).all(-1), read["semantic"] == kind)


@pytest.mark.parametrize(("kind", "name", "step"), [("forwardFlow", "flow", 1), ("backwardFlow", "backwardFlow", -1)])
def test_flow_agrees_with_depth_and_cameras(out, root, kind, name, step):
    """What rests moves in the picture as the exported cameras say; and all flow is what was rendered."""
    compared = 0
    for scene, frame in EVERY:
        path = frame_file(out, scene, kind, name, frame)
        assert path.exists() == (0 <= frame + step < FRAMES)
        if not path.exists():
            continue
        codes = image(path).astype(float)
        flow, valid = (codes[..., :2] * 2 / 65535 - 1) * (WIDTH - 1, HEIGHT - 1), codes[..., 2] != 0
        with ShardReader(root / f"shards/scene_{scene:06d}.h5") as reader:
            ours, surface = reader.read(f"flow_{'forward' if step > 0 else 'backward'}", frame), reader.read("valid", frame)
            still = [k for k, t in enumerate(reader.scene().instances, 1) if not t.motion.moves]
            rests = valid & np.isin(reader.read("instance", frame), still)
        np.testing.assert_array_equal(valid, surface & (np.abs(ours) <= (WIDTH - 1, HEIGHT - 1)).all(-1))
        assert (np.abs(flow - ours)[valid] <= np.array([WIDTH - 1, HEIGHT - 1]) / 65535 + 1e-6).all()
        (K, now), (_, then) = camera(out, scene, frame), camera(out, scene, frame + step)
        u, v = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
        points = (
            np.dstack([u, v, np.ones_like(u)])
            @ np.linalg.inv(K).T
            * (image(frame_file(out, scene, "depth", "depth", frame))[..., None] / 100)
        )
        matrix = then @ np.linalg.inv(now)
        seen = (points @ matrix[:3, :3].T + matrix[:3, 3]) @ K.T
        assert np.abs(seen[..., :2] / seen[..., 2:] - np.dstack([u, v]) - flow)[rests].max() < 0.05
        compared += rests.sum()
    assert compared > 2000


def test_second_eye_is_to_the_right(out):
    (_, left), (_, right) = (camera(out, 1, 2, eye) for eye in (0, 1))
    np.testing.assert_allclose(right @ np.linalg.inv(left), [[1, 0, 0, -0.3], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], atol=1e-6)


def test_boxes_and_poses_hold_the_balls(out, root):
    """A ball of radius r: its box is 2 r wide, the centre of the bottom face r below its middle, and its image lies within the box."""
    rows = 0
    for scene, frame in EVERY:
        ids = np.asarray(Image.open(frame_file(out, scene, "instanceSegmentation", "instancegt", frame)))
        boxes, poses = ([r for r in table(out, scene, name) if r["frame"] == str(frame)] for name in ("bbox", "pose"))
        assert [int(r["trackID"]) for r in boxes] == [int(r["trackID"]) for r in poses] == [k - 1 for k in np.unique(ids) if k]
        with ShardReader(root / f"shards/scene_{scene:06d}.h5") as reader:
            world = reader.scene()
        K, extrinsics = camera(out, scene, frame)
        for box, pose in zip(boxes, poses, strict=True):
            thing, mask = world.instances[int(box["trackID"]) + 1], ids == int(box["trackID"]) + 1
            left, right, top, bottom = (int(box[side]) for side in ("left", "right", "top", "bottom"))
            where = np.nonzero(mask)
            assert top <= where[0].min() <= where[0].max() <= bottom
            assert left <= where[1].min() <= where[1].max() <= right
            assert int(box["number_pixels"]) == mask.sum()
            assert float(box["occupancy_ratio"]) == pytest.approx(mask.sum() / ((right - left + 1) * (bottom - top + 1)))
            assert box["isMoving"] == str(thing.motion.moves)
            radius = dict(thing.shape.parameters)["radius"]
            assert [float(pose[k]) for k in ("width", "height", "length")] == pytest.approx([2 * radius] * 3)
            x, y, z = thing.motion.at(frame)[:3, 3] - [0, 0, radius]
            world_place = np.array([float(pose[f"world_space_{axis}"]) for axis in "XYZ"])
            np.testing.assert_allclose(world_place, [x, -z, y], atol=1e-6)
            place = np.array([float(pose[f"camera_space_{axis}"]) for axis in "XYZ"])
            np.testing.assert_allclose(place, extrinsics[:3, :3] @ world_place + extrinsics[:3, 3], atol=1e-6)
            alpha = float(pose["rotation_camera_space_y"]) - np.arctan2(place[0], place[2])
            assert np.cos(alpha - float(pose["alpha"])) == pytest.approx(1)
            assert abs(float(pose["alpha"])) <= np.pi
            middle = K @ (place - extrinsics[:3, :3] @ [0, radius, 0])
            if float(box["truncation_ratio"]) == 0:
                assert left - 1 <= middle[0] / middle[2] <= right + 1
                assert top - 1 <= middle[1] / middle[2] <= bottom + 1
            rows += 1
    assert rows > 10


@pytest.mark.parametrize(
    ("forward", "down", "angle"),
    [([1, 0, 0], [0, 1, 0], 0), ([0, 0, 1], [0, 1, 0], -np.pi / 2), ([0, 0, -1], [0, 1, 0], np.pi / 2), ([-1, 0, 0], [0, 1, 0], np.pi)],
)
def test_angles_are_those_of_kitti(forward, down, angle):
    """rotation_y is 0 for a car that drives to the right of the picture and -pi/2 for one that drives ahead. Ours face -y, z is up."""
    pose = np.eye(4)
    pose[:3, :3] = np.stack([np.cross(forward, down), -np.array(forward), -np.array(down)], axis=1)
    pose[:3, 3] = 0, 1, 10
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
    objects = Objects(
        **{f.name: None for f in dataclasses.fields(Objects)} | {"pose": pose[None], "box_3d": np.array([[0.5, 0, 1, 1.6, 4.0, 2.0]])}
    )
    numbers = [float(n) for n in vkitti._pose_line(objects, 0, np.eye(4)).split()]
    assert numbers[1:4] == [1.6, 2.0, 4.0]
    left = np.cross(forward, down)  # of an object that faces `forward`
    np.testing.assert_allclose(numbers[10:13], np.array([0, 1, 10]) + 0.5 * left, atol=1e-9)
    assert np.exp(1j * numbers[13]) == pytest.approx(np.exp(1j * angle))
    assert numbers[14:] == pytest.approx([0, 0])


def test_angles_rebuild_the_rotation():
    for matrix in (
        *Rotation.random(50, rng=np.random.default_rng(0)).as_matrix(),
        *Rotation.from_euler("x", [[90], [-90]], degrees=True).as_matrix(),
    ):
        np.testing.assert_allclose(Rotation.from_euler("YXZ", vkitti._angles(matrix)).as_matrix(), matrix, atol=1e-7)


@pytest.mark.parametrize("label_space", LABEL_SPACES)
def test_every_class_has_a_colour_of_its_own(label_space):
    colors = vkitti.class_colors(label_space)
    assert len({tuple(color) for color in colors}) == len(class_names(label_space)) == len(colors)
    if label_space == "cityscapes":
        named = dict(zip(class_names(label_space), colors.tolist(), strict=True))
        assert named["car"] == [255, 127, 80]
        assert named["sky"] == [90, 200, 255]
        assert named["guard rail"] == [250, 100, 255]


def test_info_and_names_from_strangers(out, root):
    with ShardReader(root / "shards/scene_000000.h5") as reader:
        world = reader.scene()
    rows = table(out, 0, "info")
    assert [row["trackID"] for row in rows] == [str(k) for k in range(len(world.instances) - 1)]
    assert {(row["label"], row["model"]) for row in rows} == {("Ball", "Ball")}
    hostile = dataclasses.replace(world.instances[1], category="../../x 1\n7 Car", materials=(0,))
    white = dataclasses.replace(world, materials=(Material(color=(1.0, 1.0, 0.0)),))
    assert vkitti._info_line(white, hostile, 3) == "3 X17Car Ball #ffff00"


def test_data_sets_without_objects_have_neither_boxes_nor_poses(tmp_path):
    tiny_stereo.make(tmp_path / "data", scenes=1, frames=1, width=9, height=7, objects=False)
    folder = EXPORTERS["vkitti"](tmp_path / "data", tmp_path / "out", progress=False) / "Scene00/clone"
    assert sorted(path.name for path in folder.glob("*.txt")) == ["colors.txt", "extrinsic.txt", "info.txt", "intrinsic.txt"]
