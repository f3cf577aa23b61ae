"""The facts that verification checks hold for lenses and panoramas as rendered, and falsified labels of them are found."""

from dataclasses import replace

import numpy as np
import pytest

from renderers.frame import DEFAULT_LABELS
from renderers.raycast import EmbreeRenderer
from scenes import geometry
from scenes.camera import Camera
from scenes.scene import Instance, Material, Scene, Shape, Trajectory
from simlearn.codecs import choose
from simlearn.invariants import check_frame, surface_points
from simlearn.shards import ShardReader, write_shard

LABELS = (*DEFAULT_LABELS, "distance")
CAMERAS = {
    "brown_conrady": Camera(width=96, height=72, fx=60, fy=62, cx=47, cy=37, model="brown_conrady", coefficients=(-0.2, 0.03, 1e-3, -2e-3)),
    "fisheye": Camera(width=80, height=72, fx=24, fy=25, cx=41, cy=35, model="fisheye", coefficients=(0.02, -0.003)),
    "whole fisheye": Camera.fisheye(72, 64, 360),
    "panorama": Camera.panorama(128, 64),
    "part of a panorama": replace(Camera.panorama(128, 64), width=100, cx=60.0),
}


def room(camera: Camera) -> Scene:
    """A closed box with things that rest, move and turn around a camera that walks."""
    times = np.arange(-1, 3)

    def thing(name, category, shape, poses):
        motion = Trajectory(poses) if poses.ndim == 3 else Trajectory.still(poses)
        return Instance(name=name, category=category, shape=shape, materials=(0,), motion=motion)

    rng = np.random.default_rng(5)
    things = [thing("shell", "wall", Shape.of("box", x=6, y=5, z=2.8), geometry.compose(np.eye(3), (0, 0, 1.4)))]
    for k in range(10):
        centre, drift = np.array([1.6 * np.cos(k), 1.6 * np.sin(k), rng.uniform(0.3, 2.2)]), rng.uniform(-0.08, 0.08, 3) * (k % 2)
        poses = np.stack([geometry.compose(geometry.rotation_z(0.3 * k + (k % 2) * 0.05 * t), centre + drift * t) for t in times])
        shape = Shape.of("sphere", radius=0.25) if k % 3 else Shape.of("box", x=0.3, y=0.5, z=0.4)
        things.append(thing(f"thing {k}", "otherprop", shape, poses if k % 2 else poses[0]))
    path = np.stack([geometry.look_at((0.05 * t, -0.02 * t, 1.3), (1.5, 1 + 0.1 * t, 1.2), roll_rad=0.05 * t) for t in times])
    return Scene(
        family="test",
        seed=0,
        index=0,
        frames=2,
        label_space="nyu40",
        camera=camera,
        camera_motion=Trajectory(path),
        instances=tuple(things),
        materials=(Material(),),
    )


@pytest.fixture(scope="module", params=CAMERAS)
def rendered(request):
    scene = room(CAMERAS[request.param])
    renderer = EmbreeRenderer(scene)
    return scene, [renderer.render(time, LABELS) for time in range(2)]


def findings(frame, scene, **changed):
    return {label for label, _ in check_frame(replace(frame, labels={**frame.labels, **changed}), scene)}


def without(frame, *names):
    return replace(frame, labels={name: array for name, array in frame.labels.items() if name not in names})


def test_rendered_frames_are_sound_with_and_without_distance(rendered):
    scene, frames = rendered
    for frame in frames:
        assert list(check_frame(frame, scene)) == []
        assert list(check_frame(without(frame, "distance"), scene)) == []


def test_distance_and_depth_say_where_the_same_points_are(rendered):
    _, frames = rendered
    both, depth_alone = surface_points(frames[1]), surface_points(without(frames[1], "distance"))
    told = np.isfinite(depth_alone[..., 2])
    assert told[frames[1]["valid"]].mean() > 0.85
    np.testing.assert_allclose(both[told], depth_alone[told], rtol=1e-4, atol=1e-5)


def test_falsified_labels_are_found(rendered):
    scene, frames = rendered
    frame = frames[1]
    valid = frame["valid"]
    assert "flow_forward" in findings(frame, scene, flow_forward=-frame["flow_forward"])
    assert "flow_backward" in findings(frame, scene, flow_backward=frame["flow_backward"] + np.float32(0.1) * valid[..., None])
    assert "distance" in findings(frame, scene, distance=np.where(valid, 1.01 * frame["distance"], np.inf).astype(np.float32))
    assert "distance" in findings(frame, scene, distance=frame["depth"])
    assert "normal" in findings(frame, scene, normal=-frame["normal"])
    if not frame["out_of_frame_forward"].all():
        assert "out_of_frame_forward" in findings(frame, scene, out_of_frame_forward=valid & ~frame["out_of_frame_forward"])


def test_flow_the_long_way_round_is_found():
    scene = room(CAMERAS["panorama"])
    frame = EmbreeRenderer(scene).render(0, LABELS)
    turned = frame["flow_forward"].copy()
    turned[..., 0] -= 128 * np.sign(turned[..., 0])
    messages = [message for label, message in check_frame(replace(frame, labels={**frame.labels, "flow_forward": turned}), scene)]
    assert len(messages) == 1
    assert "the long way round" in messages[0]


def test_a_surface_where_the_lens_sees_nothing_is_found():
    scene = room(CAMERAS["whole fisheye"])
    frame = EmbreeRenderer(scene).render(0, LABELS)
    assert not frame["valid"][0, 0]
    assert frame["valid"][32, 36]
    assert "valid" in findings(frame, scene, valid=np.ones_like(frame["valid"]))


def test_stored_cameras_keep_their_lens(rendered, tmp_path):
    scene, frames = rendered
    write_shard(tmp_path / "scene.h5", scene, frames, choose(LABELS, {}))
    with ShardReader(tmp_path / "scene.h5") as reader:
        again = reader.frame(1)
        assert reader.camera == scene.camera
    assert again.camera == scene.camera
    assert list(check_frame(again, scene)) == []
