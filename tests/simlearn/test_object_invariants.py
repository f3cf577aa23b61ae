"""What is said of objects is checked against the instance ids, the depth and the scene; falsified boxes, counts and poses are found."""

from dataclasses import replace

import numpy as np
import pytest
from spoiling import falsify_objects
from test_invariants_wide import CAMERAS, LABELS, room

from renderers.frame import check_labels
from renderers.raycast import EmbreeRenderer
from scenes import geometry
from scenes.camera import Camera
from simlearn.codecs import choose
from simlearn.invariants import check_frame
from simlearn.manifest import Manifest, ShardRecord, shard_name
from simlearn.object_invariants import check_objects, visible_boxes
from simlearn.shards import write_shard
from simlearn.stores import LocalStore
from simlearn.verify import verify

PINHOLE = Camera.from_fov(width=96, height=72, horizontal_fov_deg=90)


@pytest.fixture(scope="module", params=["pinhole", "brown_conrady", "fisheye", "panorama"])
def seen(request):
    scene = room({"pinhole": PINHOLE, **CAMERAS}[request.param])
    renderer = EmbreeRenderer(scene)
    return scene, renderer.render(1, LABELS), renderer.objects(1)


def findings(seen, **changed):
    scene, frame, objects = seen
    return {label for label, _ in check_objects(replace(objects, **changed), frame, scene)}


def test_rendered_objects_are_sound(seen):
    assert findings(seen) == set()
    assert (seen[2].visible_pixels > 20).sum() >= 3


def test_falsified_objects_are_found(seen):
    _, frame, objects = seen
    shown = int(np.argmax(np.where(np.arange(len(objects)) > 0, objects.visible_pixels, 0)))

    def changed(name, change):
        array = getattr(objects, name).copy()
        array[shown] = change(array[shown])
        return findings(seen, **{name: array})

    shifted = geometry.compose(np.eye(3), (0, 0, 1e-4))
    assert changed("semantic", lambda k: k + 1) == {"semantic"}
    assert changed("pose", lambda pose: shifted @ pose) == {"pose"}
    assert changed("pose", np.linalg.inv) == {"pose"}
    assert "visible_pixels" in changed("visible_pixels", lambda n: n - 1)
    assert changed("box_2d_visible", lambda box: box + np.float32([0, 0, 1, 0])) == {"box_2d_visible"}
    assert changed("box_2d_visible", lambda box: box[[1, 0, 3, 2]]) == {"box_2d_visible"}
    assert changed("box_2d_amodal", lambda box: box + np.float32([2, 0, 0, 0])) == {"box_2d_amodal"}
    assert changed("amodal_pixels", lambda n: n - n) >= {"amodal_pixels", "visibility"}
    assert changed("visibility", lambda share: share * np.float32(0.99)) == {"visibility"}
    assert changed("box_3d", lambda box: box * [1, 1, 1, 0.5, 0.5, 0.5]) == {"box_3d"}
    assert changed("box_3d", lambda box: box + np.eye(6)[0] / 2) == {"box_3d"}
    assert findings(seen, box_3d=objects.box_3d[:-1]) == {"box_3d"}
    if frame.camera.is_pinhole:
        assert changed("truncation", lambda share: share + 1.1) == {"truncation"}


def test_visible_boxes_by_hand():
    ids = np.array([[0, 2, 2, 0], [0, 0, 2, 0], [4, 0, 0, 0]], dtype=np.uint16)
    np.testing.assert_array_equal(visible_boxes(ids, 4), np.float32([[np.nan] * 4, [1, 0, 3, 2], [np.nan] * 4, [0, 2, 1, 3]]))


def test_verification_names_frame_and_object_label(tmp_path):
    """A whole data set with objects and every label the renderer makes, through the default codecs."""
    scene = replace(room(PINHOLE), stereo_baseline_m=0.1)
    labels = ("scene_flow", "object_point", "disparity", "albedo", "shading_normal", "rgb_right", "occluded_right", "out_of_frame_right")
    renderer, names = EmbreeRenderer(scene), check_labels((*LABELS, *labels))
    codecs = choose(names, {})
    store, name = LocalStore(tmp_path), shard_name(0)
    frames = (renderer.render(t, names) for t in range(scene.frames))
    digest, size = store.publish(name, lambda path: write_shard(path, scene, frames, codecs, renderer.objects))
    facts = {"family": "test", "renderer": "embree", "seed": 0, "scenes": 1, "frames": 2, "width": 96, "height": 72, "settings": {}}
    record = ShardRecord(name=name, scene=0, frames=2, sha256=digest, bytes=size)
    Manifest(config={**facts, "labels": list(codecs)}, shards=(record,), complete=True).save(store)
    assert verify(tmp_path, progress=False) == []
    falsify_objects(tmp_path, name, "visible_pixels", lambda counts: counts + (counts > 50))
    assert {(f.shard, f.frame, f.label) for f in verify(tmp_path, progress=False)} >= {(name, 1, "objects/visible_pixels")}


def test_the_sky_has_colours_in_both_eyes_and_nothing_else():
    scene = room(PINHOLE)
    scene = replace(scene, instances=scene.instances[5:6], stereo_baseline_m=0.1)  # which is behind the camera
    labels = ("rgb", "rgb_right", "valid", "depth", "semantic", "instance", "disparity")
    frame = EmbreeRenderer(scene).render(0, labels)
    assert not frame["valid"].any()
    assert frame["rgb_right"].any()
    assert list(check_frame(frame, scene)) == []
    assert {name for name, _ in check_frame(replace(frame, labels={**frame.labels, "disparity": frame["disparity"] + 1}), scene)} == {
        "disparity"
    }


@pytest.mark.parametrize("label", ["scene_flow", "object_point", "disparity", "albedo", "shading_normal"])
def test_further_labels_are_checked(label):
    scene = replace(room(PINHOLE), stereo_baseline_m=0.1)
    frame = EmbreeRenderer(scene).render(0, (*LABELS, label))
    assert list(check_frame(frame, scene)) == []
    false = frame[label] * np.float32(1.05 if label != "albedo" else 3)
    found = {name for name, _ in check_frame(replace(frame, labels={**frame.labels, label: false}), scene)}
    assert found == {label}
