"""Flying things keep clear of everything and move as fast as they were asked to."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import trimesh
from scipy.spatial import ConvexHull

from renderers.open3d_import import open3d
from scenes import flying, shapes
from scenes.distributions import Choice, Integers, Uniform
from scenes.errors import UserError
from scenes.free_space import FreeSpace
from scenes.geometry import compose, rotation_z, transform
from scenes.randomness import Streams
from scenes.scene import Instance, Scene, Shape, Trajectory
from scenes.semantics import semantic_id

BACKDROPS = ("rooms", "houses", "streets")


@functools.cache
def scene_of(index: int) -> Scene:
    return flying.sample(flying.Config(backdrop=Choice((BACKDROPS[index % 3],)), frames=5), Streams(31, index))


def split(scene: Scene) -> tuple[list[Instance], list[Instance]]:
    flyers = [i for i in scene.instances if i.name.startswith("flying_")]
    return flyers, [i for i in scene.instances if not i.name.startswith("flying_")]


def cloud(instance: Instance, time: int) -> np.ndarray:
    return transform(instance.motion.at(time), shapes.build(instance.shape).vertices)


@pytest.mark.parametrize("index", [*range(6), 19, 28])  # the last two look through doorways
def test_flying_things_touch_nothing(index):
    """By Open3D's distance queries from every vertex of what flies to all triangles of the surroundings."""
    scene = scene_of(index)
    flyers, others = split(scene)
    assert 10 <= len(flyers) + scene.metadata["rejected"]["flying"] <= 30
    assert len(flyers) >= 5
    o3d = open3d()
    for time in (0, 2, 4):
        tracer, offset, vertices, faces = o3d.t.geometry.RaycastingScene(nthreads=1), 0, [], []
        for other in others:
            points = cloud(other, time)
            vertices.append(points.astype(np.float32))
            faces.append(shapes.build(other.shape).faces.astype(np.uint32) + np.uint32(offset))
            offset += len(points)
        tracer.add_triangles(o3d.core.Tensor(np.concatenate(vertices)), o3d.core.Tensor(np.concatenate(faces)))
        for flyer in flyers:
            points = o3d.core.Tensor(cloud(flyer, time).astype(np.float32))
            assert float(tracer.compute_distance(points, nthreads=1).numpy().min()) > 0.015, (flyer.name, time)


@pytest.mark.parametrize("index", range(6))
def test_flying_things_keep_apart_and_off_the_camera(index):
    scene = scene_of(index)
    flyers, _ = split(scene)
    for time in range(scene.frames):
        clouds = [cloud(flyer, time) for flyer in flyers]
        eye = scene.camera_motion.at(time)[:3, 3]
        for k, points in enumerate(clouds):
            assert np.linalg.norm(points - eye, axis=1).min() > 0.29
            hull = ConvexHull(points).equations
            for other in clouds[:k]:
                outside = (other @ hull[:, :3].T + hull[:, 3]).max(axis=1)
                assert outside.min() > 0.0, "a vertex of one thing lies in the convex hull of another"


def test_displacement_is_what_was_asked_for():
    """The step of an object's centre, seen from its distance with the camera's focal length."""
    config = flying.Config(
        backdrop=Choice(("streets",)), displacement=Uniform(8.0, 8.001), sway=Uniform(0.0, 0.0), objects=Integers(30, 30), frames=5
    )
    measured = []
    for index in range(4):
        scene = flying.sample(config, Streams(8, index))
        eye = scene.camera_motion.at(2)[:3, 3]
        for flyer in split(scene)[0]:
            low, high = shapes.bounds(flyer.shape)
            centres = [transform(flyer.motion.at(time), (low + high) / 2) for time in (2, 3)]
            measured.append(np.linalg.norm(centres[1] - centres[0]) * scene.camera.fx / np.linalg.norm(centres[0] - eye))
    assert np.median(measured) == pytest.approx(8.0, rel=0.05)
    assert max(measured) < 8.5


def test_ways_are_smooth():
    """No step differs from the one before by more than a fraction of it, straight or swaying."""
    for index in range(3):
        for flyer in split(scene_of(index))[0]:
            low, high = shapes.bounds(flyer.shape)
            centres = np.array([transform(pose, (low + high) / 2) for pose in flyer.motion.poses])
            steps = np.diff(centres, axis=0)
            lengths = np.linalg.norm(steps, axis=1)
            assert np.linalg.norm(np.diff(steps, axis=0), axis=1).max() < 1.5 * lengths.max() + 1e-9


def test_surroundings_keep_their_label_space():
    for index, space in ((0, "nyu40"), (2, "cityscapes")):
        scene = scene_of(index)
        assert scene.label_space == space
        assert all(semantic_id(i.category, space) >= 0 for i in scene.instances)


def test_meshes_of_a_folder_fly(tmp_path):
    trimesh.creation.torus(0.2, 0.05).export(tmp_path / "ring.ply")
    config = flying.Config(backdrop=Choice(("rooms",)), mesh_folder=str(tmp_path), mesh_share=1.0, frames=2)
    flyers, _ = split(flying.sample(config, Streams(1, 0)))
    assert {f.shape.kind for f in flyers} == {"mesh_file"}
    with pytest.raises(UserError, match="not a folder"):
        flying.sample(flying.Config(mesh_folder=str(tmp_path / "nowhere"), mesh_share=1.0), Streams(1, 0))


def test_bad_settings_are_named():
    with pytest.raises(UserError, match="known are rooms"):
        flying.Config(backdrop=Choice(("moon",)))
    with pytest.raises(UserError, match="mesh_share"):
        flying.Config(mesh_share=1.5)


def test_free_space_measures_to_turned_boxes():
    box = Instance(
        name="box",
        category="box",
        shape=Shape.of("box", x=2.0, y=1.0, z=1.0),
        materials=(0,),
        motion=Trajectory.still(compose(rotation_z(np.pi / 2), (5.0, 0.0, 0.0))),
    )
    space = FreeSpace([box], 3)
    assert space.distances(np.array([[0.0, 0.0, 0.0], [5.0, 3.0, 0.0], [5.0, 0.9, 0.4]])) == pytest.approx([4.5, 2.0, 0.0])
    assert space.reach(0, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0)) == pytest.approx(4.5)
    assert space.reach(0, (0.0, 0.0, 0.0), (0.0, 1.0, 0.0)) == np.inf
    assert space.reach(0, (5.0, 0.0, 0.0), (1.0, 0.0, 0.0)) == 0.0
