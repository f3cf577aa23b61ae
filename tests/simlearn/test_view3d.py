"""Boxes in pictures, and recordings for the 3D viewer, read back with Rerun's own reader and compared with the data set."""

import builtins
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from rerun.chunk import RrdReader
from test_invariants_wide import room

from renderers.raycast import EmbreeRenderer
from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.semantics import NYU40
from simlearn.codecs import choose
from simlearn.colorize import colorize
from simlearn.manifest import Manifest, ShardRecord, shard_name
from simlearn.shards import ShardReader, write_shard
from simlearn.stores import LocalStore
from simlearn.view import CAPTION_PX, GAP_PX, view

LABELS = ("rgb", "depth", "normal", "instance", "semantic", "flow_forward", "valid")
CAMERA = Camera.from_fov(width=96, height=72, horizontal_fov_deg=80)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two scenes of two frames, with objects; their class (otherprop) is one of things."""
    out = tmp_path_factory.mktemp("view3d")
    store, records = LocalStore(out), []
    for index in range(2):
        scene = replace(room(CAMERA), index=index)
        renderer, name = EmbreeRenderer(scene), shard_name(index)
        frames = [renderer.render(t, LABELS) for t in range(2)]
        digest, size = store.publish(name, lambda p, a=(scene, frames, renderer): write_shard(p, *a[:2], choose(LABELS, {}), a[2].objects))
        records.append(ShardRecord(name=name, scene=index, frames=2, sha256=digest, bytes=size))
    facts = {"family": "test", "renderer": "embree", "seed": 0, "scenes": 2, "frames": 2, "width": 96, "height": 72, "settings": {}}
    Manifest(config={**facts, "labels": list(LABELS)}, shards=tuple(records), complete=True).save(store)
    return out


def recorded(path):
    """{(entity, component, number on the time line, None for static): values} of all rows of a recording."""
    found = {}
    for chunk in RrdReader(path).stream():
        batch = chunk.to_record_batch().to_pydict()
        times = batch.get("frame", [None] * chunk.num_rows)
        for component, values in batch.items():
            if ":" in component:
                found |= {(chunk.entity_path, component, time): v for time, v in zip(times, values, strict=True) if v is not None}
    return found


@pytest.fixture(scope="module")
def recording(root, tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "data.rrd"
    assert view(root, path) == path
    return recorded(path)


def image(recording, entity, kind, time, dtype, shape):
    return np.array(recording[entity, f"{kind}:buffer", time][0], dtype=np.uint8).view(dtype).reshape(shape)


def test_all_frames_of_all_scenes_follow_one_another(recording):
    assert {time for entity, _, time in recording if entity == "/world/camera/rgb"} == {0, 1, 2, 3}


def test_pictures_are_those_of_the_data_set(root, recording):
    for number, (scene, time) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        with ShardReader(root / shard_name(scene)) as reader:
            rgb = image(recording, "/world/camera/rgb", "Image", number, np.uint8, (72, 96, 3))
            np.testing.assert_array_equal(rgb, reader.read("rgb", time))
            depth = image(recording, "/labels/depth", "DepthImage", number, np.float32, (72, 96))
            np.testing.assert_array_equal(depth, np.where(reader.read("valid", time), reader.read("depth", time), 0))
            ids = image(recording, "/labels/instance", "SegmentationImage", number, np.uint16, (72, 96))
            np.testing.assert_array_equal(ids, reader.read("instance", time))
            flow = image(recording, "/labels/flow_forward", "Image", number, np.uint8, (72, 96, 3))
            np.testing.assert_array_equal(flow, colorize("flow_forward", reader.read("flow_forward", time)))


def test_classes_have_names(recording):
    names = [entry["class_description"]["info"] for entry in recording["/world", "AnnotationContext:context", None][0]]
    assert [(info["id"], info["label"]) for info in names] == list(enumerate(NYU40))


def test_the_camera_is_where_it_was(root, recording):
    with ShardReader(root / shard_name(1)) as reader:
        pose = reader.poses[1]
        np.testing.assert_allclose(recording["/world/camera", "Transform3D:translation", 3][0], pose[:3, 3], rtol=1e-6)
        columns = np.reshape(recording["/world/camera", "Transform3D:mat3x3", 3][0], (3, 3))
        np.testing.assert_allclose(columns.T, pose[:3, :3], atol=1e-6)
        lens = np.reshape(recording["/world/camera", "Pinhole:image_from_camera", 3][0], (3, 3))
        np.testing.assert_allclose(lens.T, reader.K, rtol=1e-6)
        path = np.array(recording["/world/path", "LineStrips3D:strips", 2][0])
        np.testing.assert_allclose(path[1:3], reader.poses[:, :3, 3], atol=1e-6)


def test_points_lie_on_what_is_seen(root, recording):
    """The closed room: every point, projected into the camera again, hits its pixel's centre at the depth that the pixel has."""
    points = np.array(recording["/world/points", "Points3D:positions", 1], dtype=np.float64)
    with ShardReader(root / shard_name(0)) as reader:
        local = geometry.transform(geometry.invert(reader.poses[1]), points)
        np.testing.assert_allclose(CAMERA.project(local), CAMERA.pixel_centres().reshape(-1, 2), atol=1e-3)
        np.testing.assert_allclose(local[:, 2], reader.read("depth", 1).ravel(), rtol=1e-5)


def test_boxes_hold_their_objects(root, recording):
    """Corners of the recorded boxes, turned by their quaternions (x, y, z, w), against those of the objects' own boxes and poses."""
    with ShardReader(root / shard_name(0)) as reader:
        objects, pose = reader.objects(1), reader.poses[1]
    rows = [k for k in range(1, len(objects)) if objects.visible_pixels[k]]
    centres, halves, turns = (
        np.array(recording["/world/objects", f"Boxes3D:{part}", 1]) for part in ("centers", "half_sizes", "quaternions")
    )
    assert len(centres) == len(rows) >= 3
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T
    for row, centre, half, (x, y, z, w) in zip(rows, centres, halves, turns, strict=True):
        found = signs * half @ geometry.rotation_from_quaternion((w, x, y, z)).T + centre
        own = objects.box_3d[row, :3] + signs * objects.box_3d[row, 3:] / 2
        np.testing.assert_allclose(found, geometry.transform(pose @ objects.pose[row], own), atol=1e-5)
    middles = np.array(recording["/world/camera/boxes", "Boxes2D:centers", 1])
    np.testing.assert_allclose(middles, (objects.box_2d_visible[rows, :2] + objects.box_2d_visible[rows, 2:]) / 2)


def test_scenes_frames_and_labels_can_be_picked(root, tmp_path):
    found = recorded(view(root, tmp_path / "some.rrd", labels=("depth",), scenes=(1,), frames=(1,)))
    assert {time for _, _, time in found} == {0, None}
    assert not any(entity == "/labels/normal" for entity, _, _ in found)
    with ShardReader(root / shard_name(1)) as reader:
        np.testing.assert_allclose(found["/world/camera", "Transform3D:translation", 0][0], reader.poses[1][:3, 3], rtol=1e-6)


def test_showing_starts_the_viewer_and_says_so_when_it_does_not_start(root, tmp_path, monkeypatch):
    import rerun

    monkeypatch.setattr(rerun.RecordingStream, "spawn", lambda self, default_blueprint: self.save(tmp_path / "seen.rrd", default_blueprint))
    assert view(root, show=True, labels=("rgb",), scenes=1) is None
    assert ("/world/camera/rgb", "Image:buffer", 1) in recorded(tmp_path / "seen.rrd")

    def refuse(*_, **__):
        raise RuntimeError("no display\nand more")

    monkeypatch.setattr(rerun.RecordingStream, "spawn", refuse)
    with pytest.raises(UserError, match=r"does not start \(no display\): write a file with --out NAME\.rrd"):
        view(root, show=True)


def test_without_rerun_a_sentence_says_what_to_install(root, tmp_path, monkeypatch):
    found = builtins.__import__

    def without(name, *arguments, **options):
        if name.split(".")[0] == "rerun":
            raise ImportError(name)
        return found(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"pip install simlearn\[view\]"):
        view(root, tmp_path / "data.rrd")
    assert list(tmp_path.iterdir()) == []


def test_boxes_are_drawn_around_the_things_alone(root, tmp_path):
    plain, boxed = (
        np.asarray(Image.open(view(root, tmp_path / f"{boxes}.png", labels=("depth",), scenes=1, boxes=boxes))) for boxes in (False, True)
    )
    changed = (plain != boxed).any(-1)[CAPTION_PX + GAP_PX :]
    with ShardReader(root / shard_name(0)) as reader:
        objects = reader.objects(0)
    scale = 200 / 96
    edges = np.zeros(changed.shape, dtype=bool)
    for row in range(len(objects)):
        box = objects.box_2d_visible[row] * scale
        if row and np.isfinite(box).all() and (box[2:] - box[:2] > 8).all():
            left, top, right, bottom = np.floor(box).astype(int)
            assert changed[(top + bottom) // 2, left - 1 : left + 2].any(), "the left edge of a box is not drawn"
            edges[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] = True
    assert edges.any()
    small = objects.box_2d_visible[1:][(objects.visible_pixels[1:] > 0)]
    for left, top, right, bottom in np.floor(small * scale).astype(int):
        edges[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] = True
    assert not changed[~edges].any(), "something is drawn outside of all boxes"
