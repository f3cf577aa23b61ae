"""Shortcuts give the very answers of the long way: what is asked only of what is near, drawn by hand, or remembered."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from scenes import shapes
from scenes.furnishing.furnish import _anywhere_or_at_an_end
from scenes.furnishing.layout import Box
from scenes.furnishing.space import Boxes
from scenes.physics.collision import components
from scenes.pieces import variant
from scenes.streets.crowd import Crowd
from scenes.streets.curve import Curve


def some_boxes(rng: np.random.Generator, count: int, reach: float) -> list[Box]:
    places, lows = rng.uniform(-reach, reach, (count, 2)).tolist(), rng.uniform(-1, 2, count).tolist()
    sizes, yaws = rng.uniform(0.02, 0.8, (count, 3)).tolist(), rng.uniform(-4, 4, count).tolist()
    return [Box(x, y, a, b, yaw, z, z + c) for (x, y), (a, b, c), yaw, z in zip(places, sizes, yaws, lows, strict=True)]


@pytest.mark.parametrize("spread", [0.02, 0.6, 4.0])
def test_rays_hit_the_same_among_the_boxes_before_them(spread: float) -> None:
    rng = np.random.default_rng(int(100 * spread))
    for _ in range(20):
        boxes, eye = Boxes.of(some_boxes(rng, 150, 6.0)), rng.uniform(-3, 3, 3)
        rays = rng.normal(size=3) + spread * rng.normal(size=(60, 3))
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        distance, index, normal = boxes.hits(eye, rays)
        fewer, numbers = boxes.before(eye, rays)
        again, found, normals = fewer.hits(eye, rays)
        assert again.tobytes() == distance.tobytes()
        assert np.array_equal(np.where(found >= 0, numbers[found], -1), index)
        assert normals.tobytes() == normal.tobytes()
        assert spread > 0.1 or len(numbers) < 60


def test_one_eye_is_as_many_eyes_in_one_place() -> None:
    rng = np.random.default_rng(5)
    boxes, eye, rays = Boxes.of(some_boxes(rng, 80, 4.0)), rng.uniform(-2, 2, 3), rng.normal(size=(50, 3))
    rays[0] = (0.0, 0.0, -1.0)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    for one, many in zip(boxes.hits(eye, rays), boxes.hits(np.repeat(eye[None], 50, axis=0), rays), strict=True):
        assert one.tobytes() == many.tobytes()


def test_what_stands_between_points_is_among_their_boxes() -> None:
    rng = np.random.default_rng(6)
    boxes, light, points = Boxes.of(some_boxes(rng, 200, 8.0)), rng.uniform(-3, 3, 3), rng.uniform(-3, 3, (100, 3))
    far = np.linalg.norm(light - points, axis=1)
    rays = (light - points) / far[:, None]
    fewer = boxes.among(np.vstack([points, light]))
    assert len(fewer.centre) < 150
    assert np.array_equal(boxes.hits(points, rays)[0] < far, fewer.hits(points, rays)[0] < far)


def test_a_crowd_knows_all_of_its_boxes() -> None:
    rng, crowd = np.random.default_rng(7), Crowd()
    standing = some_boxes(rng, 600, 12.0)
    assert not crowd.meets(standing[0])
    crowd.add(standing[:100])
    crowd.add(standing[100:])
    asked = some_boxes(rng, 300, 12.0)
    answers = [crowd.meets(box) for box in asked]
    assert answers == [any(box.overlaps(other) for other in standing) for box in asked]
    assert 30 < sum(answers) < 270


def test_points_keep_off_a_line_as_their_distances_say() -> None:
    rng = np.random.default_rng(8)
    curve = Curve.of_curvature(rng.normal(0, 0.02, 120), -40.0)
    asked = [(rng.uniform(-60, 80, 2) + rng.normal(0, 3, (5, 2)), float(rng.uniform(0.5, 20))) for _ in range(400)]
    answers = [curve.keeps_off(points, least) for points, least in asked]
    assert answers == [bool((curve.distance(points) > least).all()) for points, least in asked]
    assert 50 < sum(answers) < 350


def test_a_place_along_a_wall_is_numpys_choice() -> None:
    ours, numpys = np.random.default_rng(9), np.random.default_rng(9)
    for reach in np.linspace(0.0, 3.0, 500):
        assert _anywhere_or_at_an_end(ours, reach) == numpys.choice([numpys.uniform(-reach, reach), -reach, reach], p=[0.6, 0.2, 0.2])
    assert ours.bit_generator.state == numpys.bit_generator.state


@pytest.mark.parametrize("name", ["chair", "plant", "bookshelf", "teddy"])
def test_components_are_those_of_the_graph_of_edges(name: str) -> None:
    points, faces, label = components(shapes.build(variant(name, 0)))
    ends = np.concatenate([faces[:, :2], faces[:, 1:]])
    graph = coo_array((np.ones(len(ends)), ends.T), shape=(len(points),) * 2)
    assert np.array_equal(label, connected_components(graph, directed=False)[1])


def test_measures_outlive_the_mesh() -> None:
    shape = variant("chair", 1)
    mesh = shapes.build(shape)
    low, high = shapes.bounds(shape)
    shapes.build.cache_clear()
    assert shapes.triangles(shape) == len(mesh.faces)
    assert np.array_equal(low, mesh.vertices.min(axis=0))
    assert np.array_equal(high, mesh.vertices.max(axis=0))
    with pytest.raises(ValueError, match="read-only"):
        high += 1.0
