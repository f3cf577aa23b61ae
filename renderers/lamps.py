"""What the shader makes of a scene's lights: points and parallel light, and the maps of what each of them sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers
from scenes import geometry
from scenes.camera import Camera
from scenes.scene import AreaLight, Light, PointLight, Sun

# Texels of a map's edge; not powers of two, whose columns would compete for the same lines of the cache.
POINT_MAP = 400
AREA_MAP = 200
SUN_MAP, LARGE_SUN_MAP, NESTED_SUN_MAP = 1000, 2000, 1500
SUN_REACHES_M = (50.0, 12.0)  # about the eye, of the maps of a scene that is much larger than they are
INDOOR_REACH_M = 4.0  # of one more where there are ceilings
_SMALL_SCENE_M = 6.0  # radius up to which a SUN_MAP does
_AHEAD = 0.6  # of the reach: a nested map lies mostly before the eye
_STEPS = 2  # in which a nested map follows the eye over its reach
AREA_PIECES = 3  # an area light is this many point-like pieces in each direction
# x, y and z axes of the six cube faces; the cube's frame has the world's directions. Rotations, as OpenCV camera frames are.
FACE_AXES = np.array(
    [
        [[0, -1, 0], [0, 0, -1], [1, 0, 0]],
        [[0, 1, 0], [0, 0, -1], [-1, 0, 0]],
        [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
        [[-1, 0, 0], [0, 0, -1], [0, -1, 0]],
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[1, 0, 0], [0, -1, 0], [0, 0, -1]],
    ],
    dtype=np.float64,
)


# A map of what stands on the ground, from straight above: its reach about the eye, and what counts as low. Trees and roofs do not.
FEET_MAP, FEET_REACH_M, LOW_M = 960, 24.0, 2.3


@dataclass(frozen=True, kw_only=True)
class Lamp:
    """What the shader makes of a light: a point that has a cube of six maps, or parallel light that has one and others nested in it.

    power: W / sr (times the cosine with `normal` where that is not zero), or W / m^2 of parallel light. place: see LightRow.
    map_from_world: float64 [N, 4, 4], of each map. reaches: metres from the middle to the sides of each nested map, coarse to fine.
    """

    place: NDArray[np.float64]
    power: NDArray[np.float64]
    normal: NDArray[np.float64]
    map_from_world: NDArray[np.float64]
    camera: Camera
    far: float = 0.0
    reaches: tuple[float, ...] = ()

    def nested(self, reach: float, eye: NDArray[np.float64], *, ahead: bool) -> Camera:
        """The part of the lamp's map, finer, that holds the surroundings of an eye at a pose [4, 4].

        It follows the eye in steps of whole texels, so that shadows keep their edges when it moves, and seldom has to be drawn anew.
        ahead: the eye sees only what lies before it.
        """
        size = self.camera.width
        focal = size / (2 * reach)
        middle = geometry.transform(self.map_from_world[0] @ eye, (0.0, 0.0, _AHEAD * reach if ahead else 0.0))[:2]
        step = size // (2 * _STEPS)
        cx, cy = size / 2 - step * np.round(middle * focal / step)
        return Camera(width=size, height=size, fx=focal, fy=focal, cx=float(cx), cy=float(cy))


def lamps_of(light: Light, buffers: SceneBuffers) -> Iterator[Lamp]:
    """The lamps that stand for a scene's light."""
    if isinstance(light, Sun):
        yield _sun_lamp(light, buffers)
    elif isinstance(light, PointLight):
        yield _point_lamp(np.asarray(light.position), np.asarray(light.intensity), np.zeros(3), POINT_MAP)
    else:
        yield from _area_lamps(light)


def _area_lamps(light: AreaLight) -> Iterator[Lamp]:
    """Pieces of equal size, each a Lambertian emitter at its middle."""
    right, up = np.asarray(light.right), np.asarray(light.up)
    across = np.cross(2 * right, 2 * up)
    area = float(np.linalg.norm(across))
    steps = (2 * np.arange(AREA_PIECES) + 1) / AREA_PIECES - 1
    for i in steps:
        for j in steps:
            power = np.asarray(light.radiance) * area / AREA_PIECES**2
            yield _point_lamp(np.asarray(light.position) + i * right + j * up, power, across / area, AREA_MAP)


def _point_lamp(place: NDArray[np.float64], power: NDArray[np.float64], normal: NDArray[np.float64], size: int) -> Lamp:
    focal = size / 2 - 1  # one texel more than the face on each side, so that filtering does not end at the seams
    camera = Camera(width=size, height=size, fx=focal, fy=focal, cx=size / 2, cy=size / 2)
    maps = np.stack([geometry.compose(rows, -rows @ place) for rows in FACE_AXES])
    return Lamp(place=place, power=power, normal=normal, map_from_world=maps, camera=camera)


def _sun_lamp(light: Sun, buffers: SceneBuffers) -> Lamp:
    """A map that holds the whole scene, and in a large one finer maps about the eye."""
    middle, radius = _ball(buffers)
    reaches = tuple(reach for reach in SUN_REACHES_M if radius > 1.5 * reach)
    if reaches and _has_ceilings(buffers):
        reaches += (INDOOR_REACH_M,)
    size = NESTED_SUN_MAP if reaches else SUN_MAP if radius < _SMALL_SCENE_M else LARGE_SUN_MAP
    return _parallel_lamp(np.asarray(light.direction), np.asarray(light.irradiance), middle, radius, size, reaches)


def overhead_lamp(buffers: SceneBuffers) -> Lamp | None:
    """What sees the things about the eye from straight above; None in a scene as small as a room, and where ceilings are in its way."""
    middle, radius = _ball(buffers)
    if radius < FEET_REACH_M or _has_ceilings(buffers):
        return None
    return _parallel_lamp(np.array([0.0, 0.0, -1.0]), np.zeros(3), middle, radius, FEET_MAP, (FEET_REACH_M,))


def _has_ceilings(buffers: SceneBuffers) -> bool:
    return any(i.category == "ceiling" for i in buffers.scene.instances)


def _parallel_lamp(
    direction: NDArray[np.float64],
    power: NDArray[np.float64],
    middle: NDArray[np.float64],
    far: float,
    size: int,
    reaches: tuple[float, ...],
) -> Lamp:
    camera = Camera(width=size, height=size, fx=size / (2 * far), fy=size / (2 * far), cx=size / 2, cy=size / 2)
    maps = geometry.invert(geometry.look_at(middle, middle + direction))[None]
    return Lamp(place=-direction, power=power, normal=np.zeros(3), map_from_world=maps, camera=camera, far=far, reaches=reaches)


def _ball(buffers: SceneBuffers) -> tuple[NDArray[np.float64], float]:
    """Middle and radius of a ball that holds the whole scene at all times."""
    corners = _world_corners(buffers)
    middle = (corners.min(0) + corners.max(0)) / 2
    return middle, float(np.linalg.norm(corners - middle, axis=1).max()) * 1.01 + 0.01


def low_instances(buffers: SceneBuffers) -> NDArray[np.bool_]:
    """bool [I]: the instance is no higher than LOW_M, at the first time."""
    poses = np.stack([i.motion.poses[0] for i in buffers.scene.instances])
    low, high = buffers.flat.bounds[:, 0], buffers.flat.bounds[:, 1]
    height: NDArray[np.float64] = np.einsum("ij,ij->i", np.abs(poses[:, 2, :3]), high - low)
    return height < LOW_M


def _world_corners(buffers: SceneBuffers) -> NDArray[np.float64]:
    """Corners float64 [K, 3] of all instances' boxes at all times, world frame."""
    solid = np.isfinite(buffers.flat.bounds[:, 0, 0])
    motions = [i.motion.poses for i, has_faces in zip(buffers.scene.instances, solid, strict=True) if has_faces]
    owner = np.repeat(np.arange(len(motions)), [len(poses) for poses in motions])
    which = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, 8).T
    corners = buffers.flat.bounds[solid][owner][:, which, np.arange(3)]
    poses = np.concatenate(motions)
    placed: NDArray[np.float64] = (corners @ poses[:, :3, :3].transpose(0, 2, 1) + poses[:, None, :3, 3]).reshape(-1, 3)
    return placed
