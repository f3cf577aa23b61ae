"""The standard room: the one scene that every speed figure of the project refers to."""

from __future__ import annotations

import numpy as np

from scenes import geometry
from scenes.camera import Camera
from scenes.randomness import Streams
from scenes.scene import Instance, Material, PointLight, Scene, Shape, Sky, Texture, Trajectory

OBJECTS = 60
HALF_M, HEIGHT_M = 4.0, 2.8
_SUBDIVIDED = 33  # spheres of 20 * 4^4 triangles: 33 * 5120 + 27 * 12 and more from walls and small spheres: about 173 k


def _still(name: str, category: str, shape: Shape, material: int, at: tuple[float, float, float], turn_rad: float = 0.0) -> Instance:
    pose = geometry.compose(geometry.rotation_z(turn_rad), at)
    return Instance(name=name, category=category, shape=shape, materials=(material,), motion=Trajectory.still(pose))


def _shell() -> list[Instance]:
    """Floor, ceiling and four walls: slabs of 10 cm."""
    wide, tall, t = 2 * HALF_M, HEIGHT_M, 0.1
    slab = Shape.of("box", x=wide, y=wide, z=t)
    side, front = Shape.of("box", x=t, y=wide, z=tall), Shape.of("box", x=wide, y=t, z=tall)
    shift = HALF_M + t / 2
    return [
        _still("floor", "floor", slab, 0, (0, 0, -t / 2)),
        _still("ceiling", "ceiling", slab, 1, (0, 0, tall + t / 2)),
        _still("wall left", "wall", side, 2, (-shift, 0, tall / 2)),
        _still("wall right", "wall", side, 2, (shift, 0, tall / 2)),
        _still("wall front", "wall", front, 2, (0, -shift, tall / 2)),
        _still("wall back", "wall", front, 2, (0, shift, tall / 2)),
    ]


def _materials(rng: np.random.Generator) -> tuple[Material, ...]:
    checker = Texture.of("checker", metres=1.0)
    noise = Texture.of("noise", metres=0.8)
    tints = [
        Material(color=tuple(rng.uniform(0.2, 0.9, 3)), texture=noise if k % 2 else checker, roughness=rng.uniform(0.2, 0.9))
        for k in range(8)
    ]
    return (Material(texture=checker), Material(color=(0.9, 0.9, 0.88)), Material(color=(0.8, 0.75, 0.65), texture=noise), *tints)


def _places(rng: np.random.Generator) -> np.ndarray:
    """Centres float64 [OBJECTS, 2] on a jittered grid that leaves the camera's corner free."""
    grid = np.stack(np.meshgrid(np.linspace(-3.4, 3.4, 8), np.linspace(-3.4, 3.4, 8)), axis=-1).reshape(-1, 2)
    grid = grid[np.argsort(((grid - (-3.4, -3.4)) ** 2).sum(1), kind="stable")][64 - OBJECTS :]
    return grid + rng.uniform(-0.15, 0.15, grid.shape)


def _objects(rng: np.random.Generator, frames: int) -> list[Instance]:
    objects = []
    for k, (x, y) in enumerate(_places(rng)):
        size, lift, turn = rng.uniform(0.15, 0.32), rng.uniform(0.0, 1.2), rng.uniform(0, np.pi)
        category, material = "otherprop", 3 + int(rng.integers(8))
        if k % 20 < 11:
            shape, lift = Shape.of("sphere", radius=round(float(size), 3), subdivisions=4), lift + size
        elif k % 2:
            shape, lift = Shape.of("box", x=size, y=2 * size, z=2 * size), size
        else:
            shape, lift = Shape.of("cylinder", radius=size, height=2 * size, segments=64), size
        placed = _still(f"object {k}", category, shape, material, (x, y, lift), turn)
        objects.append(_moving(placed, k, frames) if k % 20 == 0 else placed)
    return objects


def _moving(instance: Instance, k: int, frames: int) -> Instance:
    """The same, turning and drifting sideways."""
    start = instance.motion.at(0)
    steps = [
        geometry.compose(geometry.rotation_z(0.05 * t) @ start[:3, :3], start[:3, 3] + (0.01 * t, 0.005 * t * (k % 3 - 1), 0))
        for t in range(-1, frames + 1)
    ]
    return Instance(
        name=instance.name,
        category=instance.category,
        shape=instance.shape,
        materials=instance.materials,
        motion=Trajectory(np.stack(steps)),
    )


def standard_room(frames: int = 8, width: int = 640, height: int = 480) -> Scene:
    """A closed room of 8 x 8 x 2.8 m with 60 objects, three of them moving, about 173 k triangles, two point lights and a moving camera."""
    rng = Streams(0, 0).generator("standard room")
    path = [geometry.look_at((-3.3 + 0.02 * t, -3.3 + 0.01 * t, 1.6), (0.6, 0.6 + 0.01 * t, 0.7)) for t in range(-1, frames + 1)]
    return Scene(
        family="standard_room",
        seed=0,
        index=0,
        frames=frames,
        label_space="nyu40",
        camera=Camera.from_fov(width=width, height=height, horizontal_fov_deg=75),
        camera_motion=Trajectory(np.stack(path)),
        materials=_materials(rng),
        instances=tuple(_shell() + _objects(rng, frames)),
        lights=(
            PointLight(position=(-1.5, -1.5, 2.5), intensity=(5.0, 4.8, 4.5)),
            PointLight(position=(1.8, 1.5, 2.5), intensity=(4.0, 4.2, 4.5)),
        ),
        sky=Sky(zenith=(0.25, 0.25, 0.25), horizon=(0.2, 0.2, 0.2), ground=(0.12, 0.12, 0.12)),
    )
