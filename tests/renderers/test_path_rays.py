"""Both ray backends against brute force over all triangles, against each other, and through time."""

import numpy as np
import pytest
import warp as wp
from render_worlds import camera, instance, random_world, scene

from renderers.flatten import flatten
from renderers.rays import BvhRays, EmbreeRays
from scenes import geometry
from scenes.scene import Shape

BACKENDS = {
    "embree": lambda world, flat, **more: EmbreeRays(world, flat, **more),
    "embree whole": lambda world, flat, **more: EmbreeRays(world, flat, whole=True, **more),
    "bvh": lambda world, flat, **more: BvhRays(world, flat, "cpu", **more),
}


def random_rays(count: int, seed: int) -> np.ndarray:
    """Rays from within a room, with directions of lengths from about 0.1 to 10."""
    rng = np.random.default_rng(seed)
    start, direction = rng.uniform((-2.5, -2.5, 0.2), (2.5, 2.5, 2.6), (count, 3)), rng.normal(size=(count, 3))
    return np.hstack([start, direction * np.exp(rng.uniform(-2, 2, (count, 1)))]).astype(np.float32)


def on_cpu(rays: np.ndarray) -> wp.array:
    return wp.array(rays, dtype=wp.float32, device="cpu", copy=False)


def brute_force(world, flat, rays: np.ndarray, time: float, only: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(t [N], triangle [N], barycentric [N, 2]) in float64 by Moeller and Trumbore's test of every triangle."""
    poses = np.stack([i.motion.at(time) for i in world.instances])[flat.vertex_instance]
    points = np.einsum("vij,vj->vi", poses[:, :3, :3], flat.vertices) + poses[:, :3, 3]
    a, b, c = np.moveaxis(points[flat.triangles], 1, 0)
    t = np.full((len(rays), len(a)), np.inf)
    weights = np.zeros((len(rays), len(a), 2))
    for k, (start, direction) in enumerate(zip(rays[:, :3].astype(float), rays[:, 3:].astype(float), strict=True)):
        p = np.cross(direction, c - a)
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = 1 / np.einsum("fi,fi->f", b - a, p)
            u = np.einsum("fi,fi->f", start - a, p) * scale
            q = np.cross(start - a, b - a)
            v, distance = q @ direction * scale, np.einsum("fi,fi->f", c - a, q) * scale
        inside = (u >= 0) & (v >= 0) & (u + v <= 1) & (distance > 0) & only
        t[k, inside] = distance[inside]
        weights[k] = np.stack([u, v], axis=-1)
    first = t.argmin(1)
    rows = np.arange(len(rays))
    return t[rows, first], np.where(np.isfinite(t[rows, first]), first, -1), weights[rows, first]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("partly", [False, True])
def test_a_backend_finds_what_brute_force_finds(backend, partly):
    world = random_world(4, objects=10)
    flat = flatten(world)
    only = flat.triangle_instance % 3 != 1 if partly else np.ones(len(flat.triangles), dtype=bool)
    rays, time = random_rays(150, 7), 1.25
    tracer = BACKENDS[backend](world, flat, only=only if partly else None)
    tracer.place(2)
    tracer.place(time)
    hits = tracer.closest(on_cpu(rays))
    t, triangle, weights = brute_force(world, flat, rays, time, only)
    np.testing.assert_allclose(hits.t.numpy(), t, rtol=2e-5, atol=2e-6)
    same = hits.triangle.numpy() == triangle  # on a shared edge either triangle is right
    assert same.mean() > 0.97
    hit = same & (triangle >= 0)
    np.testing.assert_allclose(hits.barycentric.numpy()[hit], weights[hit], atol=2e-4)
    a, b, c = np.moveaxis(tracer.vertices.numpy().astype(float)[flat.triangles[triangle[hit]]], 1, 0)
    normal = np.cross(b - a, c - a)
    np.testing.assert_allclose(hits.normal.numpy()[hit], normal / np.linalg.norm(normal, axis=1, keepdims=True), atol=1e-4)
    far = 0.7
    sure = np.abs(t - far) > 1e-4
    np.testing.assert_array_equal(tracer.occluded(on_cpu(rays), far).numpy()[sure], (t < far)[sure])
    np.testing.assert_array_equal(tracer.occluded(on_cpu(rays)).numpy(), np.isfinite(t))


@pytest.mark.parametrize("backend", BACKENDS)
def test_vertices_and_hits_follow_the_time(backend):
    """A plate that rises by 1 m a frame is met 0.5 m higher half a frame later."""
    steps = [geometry.compose(np.eye(3), (0, 0, 1.0 + t)) for t in range(-1, 3)]
    world = scene(
        [instance(Shape.of("plane", x=4.0, y=4.0), np.stack(steps)), instance(Shape.of("plane", x=9.0, y=9.0))], camera(), frames=2
    )
    tracer = BACKENDS[backend](world, flatten(world))
    down = on_cpu(np.array([[0.3, 0.2, 5.0, 0, 0, -2.0]], dtype=np.float32))
    for time, distance in ((1, 3.0), (0.5, 3.5), (0, 4.0), (1, 3.0)):
        tracer.place(time)
        assert tracer.closest(down).t.numpy()[0] == pytest.approx(distance / 2, rel=1e-6)
        assert tracer.vertices.numpy()[:4, 2] == pytest.approx(5.0 - distance)


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_is_met_where_nothing_is_chosen(backend):
    world = random_world(1, objects=2)
    flat = flatten(world)
    tracer = BACKENDS[backend](world, flat, only=np.zeros(len(flat.triangles), dtype=bool))
    tracer.place(0)
    rays = on_cpu(random_rays(5, 1))
    assert (tracer.closest(rays).triangle.numpy() == -1).all()
    assert not tracer.occluded(rays).numpy().any()
