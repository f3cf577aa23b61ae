"""Small worlds for the renderer's tests, and reference computations written apart from the renderer (float64 numpy, Embree)."""

from __future__ import annotations

import numpy as np

from renderers.open3d_import import open3d
from scenes import geometry
from scenes.camera import Camera
from scenes.scene import Instance, Material, Mesh, PointLight, Scene, Shape, Sky, Texture, Trajectory
from scenes.shapes import SHAPES, build
from scenes.textures import TEXTURES

CHECKER = Material(texture=Texture.of("checker", metres=1.0, resolution=64))
GREY = Material(color=(0.5, 0.5, 0.5))
SHINY = Material(color=(0.8, 0.3, 0.2), roughness=0.3)


def triangle(ax: float, ay: float, az: float, bx: float, by: float, bz: float, cx: float, cy: float, cz: float) -> Mesh:
    """A single triangle a, b, c."""
    vertices = np.array([[ax, ay, az], [bx, by, bz], [cx, cy, cz]], dtype=np.float32)
    normals = np.tile(np.float32([0, 0, 1]), (3, 1))
    return Mesh(vertices, np.array([[0, 1, 2]], dtype=np.int32), np.zeros((3, 2), np.float32), np.zeros(1, np.uint8), normals)


def triangle_shape(corners: np.ndarray) -> Shape:
    if "test triangle" not in SHAPES:  # registered when first used, so that tests over all shapes never collect it
        SHAPES.add("test triangle", "render_worlds:triangle")
    return Shape.of(
        "test triangle", **dict(zip(("ax", "ay", "az", "bx", "by", "bz", "cx", "cy", "cz"), map(float, np.ravel(corners)), strict=True))
    )


_MESHES: list[Mesh] = []


def stored_mesh(number: int) -> Mesh:
    """A mesh that `mesh_shape` was given."""
    return _MESHES[number]


def mesh_shape(mesh: Mesh) -> Shape:
    """A shape that is this mesh."""
    if "test mesh" not in SHAPES:
        SHAPES.add("test mesh", "render_worlds:stored_mesh")
    _MESHES.append(mesh)
    return Shape.of("test mesh", number=len(_MESHES) - 1)


def even_picture(resolution: int, *, byte: int) -> np.ndarray:
    return np.full((resolution, resolution, 3), byte, dtype=np.uint8)


def even_texture(byte: int) -> Texture:
    """A picture that holds one sRGB byte everywhere."""
    if "test even" not in TEXTURES:
        TEXTURES.add("test even", "render_worlds:even_picture")
    return Texture.of("test even", resolution=4, byte=byte)


def mesh_of(corners: np.ndarray) -> Mesh:
    """Triangles [..., 3, 3] as a mesh, flat."""
    vertices = np.asarray(corners, dtype=np.float32).reshape(-1, 3)
    a, b, c = vertices.reshape(-1, 3, 3).swapaxes(0, 1)
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    faces = np.arange(len(vertices), dtype=np.int32).reshape(-1, 3)
    return Mesh(vertices, faces, np.zeros((len(vertices), 2), np.float32), np.zeros(len(faces), np.uint8), np.repeat(normals, 3, axis=0))


def sheet(place, columns: int = 1, rows: int = 1) -> np.ndarray:
    """Triangles float64 [2 * columns * rows, 3, 3] of the surface place(u, v) -> [..., 3], u and v in [0, 1]."""
    u, v = np.meshgrid(np.linspace(0, 1, columns + 1), np.linspace(0, 1, rows + 1), indexing="ij")
    p = np.stack(np.broadcast_arrays(*place(u, v)), axis=-1)
    a, b, c, d = p[:-1, :-1], p[1:, :-1], p[1:, 1:], p[:-1, 1:]
    return np.concatenate([np.stack([a, b, c], axis=-2).reshape(-1, 3, 3), np.stack([a, c, d], axis=-2).reshape(-1, 3, 3)])


def instance(
    shape: Shape, poses: np.ndarray | None = None, *, name: str = "thing", category: str = "otherprop", material: int = 0
) -> Instance:
    """An instance at one pose [4, 4] or moving through poses [N, 4, 4]."""
    poses = np.eye(4) if poses is None else np.asarray(poses, dtype=np.float64)
    motion = Trajectory(poses) if poses.ndim == 3 else Trajectory.still(poses)
    return Instance(name=name, category=category, shape=shape, materials=(material,), motion=motion)


def scene(
    instances,
    camera: Camera,
    camera_poses: np.ndarray | None = None,
    *,
    frames: int = 1,
    lights=(),
    materials=(GREY, CHECKER, SHINY),
    **more,
):
    """A scene seen by a camera at the origin (looking along world z) unless poses are given."""
    poses = np.eye(4) if camera_poses is None else np.asarray(camera_poses, dtype=np.float64)
    return Scene(
        family="test",
        seed=0,
        index=0,
        frames=frames,
        label_space="nyu40",
        camera=camera,
        camera_motion=Trajectory(poses) if poses.ndim == 3 else Trajectory.still(poses),
        instances=tuple(instances),
        materials=materials,
        lights=tuple(lights),
        **more,
    )


def camera(width: int = 160, height: int = 120, fov_deg: float = 70.0) -> Camera:
    return Camera.from_fov(width=width, height=height, horizontal_fov_deg=fov_deg)


def _random_rotation(rng: np.random.Generator) -> np.ndarray:
    return geometry.rotation_from_quaternion(rng.normal(size=4))


def _random_motion(rng: np.random.Generator, frames: int) -> np.ndarray:
    rotation, place = _random_rotation(rng), rng.uniform((-2, -2, 0.4), (2, 2, 2.2))
    if rng.random() < 0.4:
        return geometry.compose(rotation, place)
    drift, turn = rng.uniform(-0.08, 0.08, 3), rng.uniform(-0.1, 0.1)
    return np.stack([geometry.compose(geometry.rotation_z(turn * t) @ rotation, place + drift * t) for t in range(-1, frames + 1)])


def _random_shape(rng: np.random.Generator) -> Shape:
    size = rng.uniform(0.2, 0.6)
    kind = int(rng.integers(5))
    if kind == 0:
        return Shape.of("sphere", radius=size, subdivisions=int(rng.integers(1, 4)))
    if kind == 1:
        return Shape.of("cylinder", radius=size / 2, height=2 * size)
    if kind == 2:
        return Shape.of("plane", x=2 * size, y=size)
    if kind == 3:
        return triangle_shape(rng.uniform(-1, 1, (3, 3)))
    return Shape.of("box", x=size, y=2 * size, z=rng.uniform(0.05, 1.0))


def random_world(seed: int, *, width: int = 320, height: int = 240, frames: int = 3, objects: int = 14) -> Scene:
    """A closed room with moving and resting objects at random poses (they may intersect) and a moving, rolling camera."""
    rng = np.random.default_rng(seed)
    slabs = [((6, 6, 0.1), (0, 0, -0.05)), ((6, 6, 0.1), (0, 0, 2.85)), ((0.1, 6, 2.8), (-3.05, 0, 1.4)), ((0.1, 6, 2.8), (3.05, 0, 1.4))]
    slabs += [((6, 0.1, 2.8), (0, -3.05, 1.4)), ((6, 0.1, 2.8), (0, 3.05, 1.4))]
    parts = [
        instance(Shape.of("box", x=x, y=y, z=z), geometry.compose(np.eye(3), at), name=f"slab {k}", category="wall", material=1)
        for k, ((x, y, z), at) in enumerate(slabs)
    ]
    parts += [instance(_random_shape(rng), _random_motion(rng, frames), name=f"object {k}", material=k % 3) for k in range(objects)]
    eye, target, step = (
        rng.uniform((-2.5, -2.5, 1.0), (-1.5, -1.5, 2.0)),
        rng.uniform((0.5, 0.5, 0.5), (1.5, 1.5, 1.5)),
        rng.uniform(-0.08, 0.08, 3),
    )
    path = [geometry.look_at(eye + step * t, target - step * t, roll_rad=0.1 + 0.01 * t) for t in range(-1, frames + 1)]
    lights = (PointLight(position=(0.3, -0.2, 2.5), intensity=(6.0, 6.0, 6.0)),)
    return scene(parts, camera(width, height, 75), np.stack(path), frames=frames, lights=lights, sky=Sky())


def eye_frame_triangles(world: Scene, time: int):
    """Vertices float64 [I][V, 3] in the camera's frame at a time, and faces of each instance."""
    eye = np.linalg.inv(world.camera_motion.at(time))
    return [((eye @ i.motion.at(time)), build(i.shape)) for i in world.instances]


def embree_scene(world: Scene, time: int):
    """A ray tracer over the world in the camera's frame; geometry id = instance index."""
    o3d = open3d()
    tracer = o3d.t.geometry.RaycastingScene()
    for pose, mesh in eye_frame_triangles(world, time):
        vertices = mesh.vertices.astype(np.float64) @ pose[:3, :3].T + pose[:3, 3]
        tracer.add_triangles(o3d.core.Tensor(vertices.astype(np.float32)), o3d.core.Tensor(mesh.faces.astype(np.uint32)))
    return tracer


def embree_cast(tracer, directions: np.ndarray):
    """(distance in units of the direction's length, geometry id or -1) of rays from the camera along directions [..., 3]."""
    o3d = open3d()
    rays = np.concatenate([np.zeros_like(directions), directions], axis=-1).astype(np.float32)
    hit = tracer.cast_rays(o3d.core.Tensor(rays))
    ids = hit["geometry_ids"].numpy().astype(np.int64)
    return hit["t_hit"].numpy().astype(np.float64), np.where(ids == 4294967295, -1, ids)


def centre_rays(cam: Camera) -> np.ndarray:
    """Camera-frame points with z = 1 under the pixel centres, float64 [H, W, 3]."""
    v, u = np.mgrid[0 : cam.height, 0 : cam.width] + 0.5
    return np.stack([(u - cam.cx) / cam.fx, (v - cam.cy) / cam.fy, np.ones_like(u)], axis=-1)


def reproject(world: Scene, depth: np.ndarray, instance_label: np.ndarray, time: int, other: int):
    """float64 reference: camera-frame points [H, W, 3] at `other` of what is seen at `time`, via the world frame."""
    points = centre_rays(world.camera) * np.where(np.isfinite(depth), depth, 1.0).astype(np.float64)[..., None]
    moved = np.zeros_like(points)
    for k, thing in enumerate(world.instances):
        chosen = instance_label == k + 1
        in_world = points[chosen] @ world.camera_motion.at(time)[:3, :3].T + world.camera_motion.at(time)[:3, 3]
        in_object = (in_world - thing.motion.at(time)[:3, 3]) @ thing.motion.at(time)[:3, :3]
        in_world = in_object @ thing.motion.at(other)[:3, :3].T + thing.motion.at(other)[:3, 3]
        moved[chosen] = (in_world - world.camera_motion.at(other)[:3, 3]) @ world.camera_motion.at(other)[:3, :3]
    return moved


def away_from_edges(ids: np.ndarray, depth: np.ndarray, radius: int = 1) -> np.ndarray:
    """bool [H, W]: no other id and no depth jump of more than 3 % within `radius` pixels."""
    height, width = ids.shape
    kept = np.ones(ids.shape, dtype=bool)
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            rows, columns = np.clip(np.arange(height) + dy, 0, height - 1), np.clip(np.arange(width) + dx, 0, width - 1)
            shifted, z = ids[rows][:, columns], depth[rows][:, columns]
            with np.errstate(invalid="ignore"):
                kept &= (shifted == ids) & ((np.abs(z - depth) <= 0.03 * depth) | (np.isinf(z) & np.isinf(depth)))
    return kept
