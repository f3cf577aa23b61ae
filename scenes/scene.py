"""A world as plain, frozen data: what there is, where it is at every time, how it is lit and seen.

A scene stores *recipes*: a `Shape` names a mesh and its parameters, a `Texture` names a pattern. Renderers build both
(`scenes.shapes.build`, `scenes.textures.build`), once each. So a scene is small, comparable, and survives a JSON round trip exactly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.randomness import Streams
from scenes.sensor import DEPTH_SENSORS, SENSORS, DepthSensor, Sensor

FORMAT_VERSION = 1
LENSES = ("pinhole", "distorted", "fisheye", "panorama")
_PLAIN_FIELDS = ("family", "seed", "index", "frames", "label_space", "exposure", "stereo_baseline_m")
Parameter = float | int | str | tuple[float, ...]
Color = tuple[float, float, float]
Vector = tuple[float, float, float]


def _frozen(parameters: Mapping[str, Parameter]) -> tuple[tuple[str, Parameter], ...]:
    return tuple(sorted(parameters.items()))


@dataclass(frozen=True)
class Mesh:
    """Triangles in object space, read-only arrays.

    vertices: float32 [V, 3], metres. faces: int32 [F, 3], counter-clockwise seen from outside. uvs: float32 [V, 2], in **metres** along
    the surface (a texture knows how many metres one repeat covers). slots: uint8 [F], which of the instance's materials covers the face.
    normals: float32 [V, 3], unit, used for smooth shading only (labels use the geometric normal of the face unless asked otherwise).
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    uvs: NDArray[np.float32]
    slots: NDArray[np.uint8]
    normals: NDArray[np.float32]

    def __post_init__(self) -> None:
        for array in (self.vertices, self.faces, self.uvs, self.slots, self.normals):
            array.setflags(write=False)


@dataclass(frozen=True)
class Shape:
    """Recipe of a mesh: a builder's name in `scenes.shapes` and its parameters. Make one with `Shape.of("table", width=1.2)`."""

    kind: str
    parameters: tuple[tuple[str, Parameter], ...] = ()

    @classmethod
    def of(cls, kind: str, **parameters: Parameter) -> Shape:
        return cls(kind, _frozen(parameters))

    def number(self, name: str) -> float:
        """The value of a numeric parameter that was given; KeyError for one left to its default."""
        value = dict(self.parameters)[name]
        assert isinstance(value, float | int)
        return float(value)


@dataclass(frozen=True)
class Texture:
    """Recipe of a tileable picture: a pattern's name in `scenes.textures`, its parameters and its extent.

    The picture is sRGB uint8 [N, N, 3] with N = `resolution`; one repeat covers `metres` x `metres` of surface.
    """

    kind: str
    parameters: tuple[tuple[str, Parameter], ...] = ()
    metres: float = 1.0
    resolution: int = 256

    @classmethod
    def of(cls, kind: str, *, metres: float = 1.0, resolution: int = 256, **parameters: Parameter) -> Texture:
        return cls(kind, _frozen(parameters), metres, resolution)


@dataclass(frozen=True, kw_only=True)
class Material:
    """Surface reflectance. `color` is linear RGB in [0, 1] and multiplies the texture (white where there is none).

    `roughness` is the GGX perceptual roughness, `metallic` in [0, 1], `emission` linear radiance, W / (m^2 sr) per channel.
    """

    color: Color = (0.8, 0.8, 0.8)
    texture: Texture | None = None
    roughness: float = 0.8
    metallic: float = 0.0
    emission: Color = (0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Rigid poses (to-world, float64 [N, 4, 4]): one for what never moves, else one for each of the times -1, 0, ..., N-2."""

    poses: NDArray[np.float64]

    def __post_init__(self) -> None:
        poses = np.array(self.poses, dtype=np.float64)
        if poses.ndim != 3 or poses.shape[1:] != (4, 4) or len(poses) == 0:
            raise ValueError(f"a trajectory is an array [N, 4, 4] of poses, not {poses.shape}")
        poses.setflags(write=False)
        object.__setattr__(self, "poses", poses)

    @classmethod
    def still(cls, pose: ArrayLike) -> Trajectory:
        return cls(np.asarray(pose, dtype=np.float64)[None])

    @property
    def moves(self) -> bool:
        return len(self.poses) > 1

    def at(self, time: float) -> NDArray[np.float64]:
        """Pose float64 [4, 4] at a time within [-1, N-2]; between frames it is interpolated, at a frame it is exact."""
        if not self.moves:
            return self.poses[0]
        position = time + 1
        if not 0 <= position <= len(self.poses) - 1:
            raise ValueError(f"time {time} is outside the trajectory's times -1 ... {len(self.poses) - 2}")
        first = min(int(position), len(self.poses) - 2)
        return geometry.interpolate(self.poses[first], self.poses[first + 1], position - first)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trajectory) and np.array_equal(self.poses, other.poses)

    def __hash__(self) -> int:
        return hash(self.poses.tobytes())


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One object. Its id in the `instance` label is its position in `Scene.instances` plus one.

    `category` is a name in `scenes.semantics`; `materials` are indices into `Scene.materials`, one for each slot of the mesh.
    """

    name: str
    category: str
    shape: Shape
    materials: tuple[int, ...]
    motion: Trajectory


@dataclass(frozen=True, kw_only=True)
class Sun:
    """Parallel light. `direction` is the unit vector in which light travels; `irradiance` on a surface facing it, W / m^2 per channel."""

    direction: Vector
    irradiance: Color


@dataclass(frozen=True, kw_only=True)
class PointLight:
    """Light from a small ball. `intensity` W / sr per channel: irradiance at distance d is intensity / d^2."""

    position: Vector
    intensity: Color


@dataclass(frozen=True, kw_only=True)
class Sky:
    """Radiance, W / (m^2 sr) per channel, of what is not covered by geometry; it also lights all surfaces as ambient light.

    Seen radiance runs from `ground` below the horizon over `horizon` to `zenith`. `cloud_cover` in [0, 1] is the share of the sky that
    clouds hide (seen only, they do not change the light); `cloud_seed` tells one cloudy sky from another.
    """

    zenith: Color = (0.5, 0.5, 0.5)
    horizon: Color = (0.5, 0.5, 0.5)
    ground: Color = (0.3, 0.3, 0.3)
    cloud_cover: float = 0.0
    cloud_seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Haze:
    """Air that is not clear: a surface at distance d keeps exp(-`extinction_per_m` d) of its radiance and the rest is `radiance`."""

    extinction_per_m: float
    radiance: Color

    def __post_init__(self) -> None:
        if not 0 <= self.extinction_per_m < 10:
            raise UserError(f"haze has an extinction per metre from 0 (clear) to 10, not {self.extinction_per_m}")


@dataclass(frozen=True, kw_only=True)
class AreaLight:
    """A rectangle that emits `radiance`, W / (m^2 sr) per channel, from the side that `right` x `up` points to; it is not geometry.

    Its corners are `position` +- `right` +- `up` (half edges, metres, at right angles).
    """

    position: Vector
    right: Vector
    up: Vector
    radiance: Color

    def __post_init__(self) -> None:
        right, up = np.asarray(self.right, dtype=np.float64), np.asarray(self.up, dtype=np.float64)
        lengths = np.linalg.norm(right) * np.linalg.norm(up)
        if not lengths > 0 or abs(right @ up) > 1e-6 * lengths:
            raise UserError(f"an area light's half edges must have a length and be at right angles, not {self.right} and {self.up}")


Light = Sun | PointLight | AreaLight
_LIGHTS: dict[str, type[Sun] | type[PointLight] | type[AreaLight]] = {"sun": Sun, "point": PointLight, "area": AreaLight}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything a renderer may know. `frames` is the clip's length T; valid times are 0 ... T-1, poses reach from -1 to T.

    `label_space` names the semantic ids ("nyu40", "cityscapes"). `exposure` multiplies radiance before the camera's tone curve.
    `stereo_baseline_m` > 0 gives the camera a second eye that far to its right (along the camera's x axis), with the same intrinsics.
    `sensor` is what turns radiance into a picture; `depth_sensor` what measures `sensor_depth`, if anything does.
    `metadata` holds JSON-able facts of the family that sampled it (room size, rejected placements, ...).
    """

    family: str
    seed: int
    index: int
    frames: int
    label_space: str
    camera: Camera
    camera_motion: Trajectory
    instances: tuple[Instance, ...]
    materials: tuple[Material, ...]
    lights: tuple[Light, ...] = ()
    sky: Sky = field(default_factory=Sky)
    haze: Haze | None = None
    exposure: float = 1.0
    stereo_baseline_m: float = 0.0
    sensor: Sensor = field(default_factory=Sensor)
    depth_sensor: DepthSensor | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what, motion in [("camera", self.camera_motion), *((i.name, i.motion) for i in self.instances)]:
            if motion.moves and len(motion.poses) != self.frames + 2:
                raise ValueError(f"{what}: {len(motion.poses)} poses for a clip of {self.frames} frames, expected 1 or {self.frames + 2}")

    def to_json(self) -> str:
        """One line of JSON from which `from_json` restores an equal scene."""
        document = {
            "format_version": FORMAT_VERSION,
            **{name: getattr(self, name) for name in _PLAIN_FIELDS},
            "camera": asdict(self.camera),
            "camera_motion": _trajectory_to_json(self.camera_motion),
            "instances": [
                {**asdict(replace(i, motion=None)), "motion": _trajectory_to_json(i.motion)}  # type: ignore[arg-type]
                for i in self.instances
            ],
            "materials": [asdict(m) for m in self.materials],
            "lights": [{"kind": kind, **asdict(light)} for light in self.lights for kind, t in _LIGHTS.items() if type(light) is t],
            "sky": asdict(self.sky),
            "haze": asdict(self.haze) if self.haze else None,
            "sensor": asdict(self.sensor),
            "depth_sensor": asdict(self.depth_sensor) if self.depth_sensor else None,
            "metadata": dict(self.metadata),
        }
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Scene:
        """Inverse of `to_json`. Raises UserError for a document of another version or one that is not a scene."""
        try:
            d = json.loads(text)
            version = d.pop("format_version")
            if version != FORMAT_VERSION:
                raise UserError(f"scene format version {version} is not supported: this program reads version {FORMAT_VERSION}")
            lights = tuple(_LIGHTS[e.pop("kind")](**_tuples(e)) for e in d["lights"])
            instances = tuple(_instance_from_json(e) for e in d["instances"])
            return cls(
                **{k: d[k] for k in (*_PLAIN_FIELDS, "metadata") if k in d},
                camera=Camera(**d["camera"]),
                camera_motion=_trajectory_from_json(d["camera_motion"]),
                instances=instances,
                materials=tuple(_material_from_json(e) for e in d["materials"]),
                lights=lights,
                sky=Sky(**_tuples(d["sky"])),
                haze=Haze(**_tuples(d["haze"])) if d.get("haze") else None,
                sensor=Sensor(**_tuples(d.get("sensor", {}))),
                depth_sensor=DepthSensor(**d["depth_sensor"]) if d.get("depth_sensor") else None,
            )
        except UserError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise UserError(f"not a valid scene description ({type(error).__name__}: {error}): write it with Scene.to_json") from error


def _tuples(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in mapping.items()}


def _trajectory_to_json(motion: Trajectory) -> list[list[float]]:
    return motion.poses[:, :3].reshape(len(motion.poses), 12).tolist()


def _trajectory_from_json(rows: list[list[float]]) -> Trajectory:
    poses = np.tile(np.eye(4), (len(rows), 1, 1))
    poses[:, :3] = np.asarray(rows, dtype=np.float64).reshape(-1, 3, 4)
    return Trajectory(poses)


def _recipe(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {**entry, "parameters": tuple((str(k), tuple(v) if isinstance(v, list) else v) for k, v in entry["parameters"])}


def _material_from_json(entry: dict[str, Any]) -> Material:
    texture = entry.pop("texture")
    return Material(texture=Texture(**_recipe(texture)) if texture else None, **_tuples(entry))


def _instance_from_json(entry: dict[str, Any]) -> Instance:
    motion, shape = _trajectory_from_json(entry.pop("motion")), Shape(**_recipe(entry.pop("shape")))
    return Instance(motion=motion, shape=shape, **_tuples(entry))


@dataclass(frozen=True, kw_only=True)
class FamilyConfig:
    """What every family lets a user choose; a family's `Config` adds its named distributions.

    lens: "pinhole" keeps the family's own field of view; "distorted" bends it as a cheap wide-angle lens does, "fisheye" (180 degrees
    across the shorter side) and "panorama" (all round) replace it; the last three need a ray-casting renderer. sensor, depth_sensor:
    names in `scenes.sensor`. stereo_baseline_m: 0 for a single eye. texture_folder: images that cover about `texture_share` of the
    patterned materials instead of their patterns; "" for none.
    """

    frames: int = 8
    width: int = 320
    height: int = 240
    lens: str = "pinhole"
    sensor: str = "perfect"
    depth_sensor: str = "none"
    stereo_baseline_m: float = 0.0
    texture_folder: str = ""
    texture_share: float = 0.5

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise UserError(f"a clip of {self.frames} frames is empty: give at least 1")
        if self.width < 1 or self.height < 1:
            raise UserError(f"an image of {self.width}x{self.height} pixels is empty: give a size of at least 1x1, for example 320x240")
        for name, known in (("lens", LENSES), ("sensor", tuple(SENSORS)), ("depth_sensor", tuple(DEPTH_SENSORS))):
            if getattr(self, name) not in known:
                raise UserError(f"unknown {name} {getattr(self, name)!r}: known are {', '.join(known)}")
        if not 0 <= self.stereo_baseline_m < 1e3:
            raise UserError(f"a stereo baseline is a length in metres, 0 for none, not {self.stereo_baseline_m}")
        if not 0 <= self.texture_share <= 1:
            raise UserError(f"texture_share is a share in 0 ... 1, not {self.texture_share}")

    def equip(self, scene: Scene) -> Scene:
        """The scene dressed with the user's textures, seen through the lens, sensors and second eye that are asked for."""
        if self.texture_folder:
            from scenes.importers.textures import dressed

            scene = dressed(scene, self.texture_folder, self.texture_share)
        return replace(
            scene,
            camera=self._through_lens(scene.camera),
            sensor=SENSORS[self.sensor],
            depth_sensor=DEPTH_SENSORS[self.depth_sensor],
            stereo_baseline_m=self.stereo_baseline_m,
        )

    def _through_lens(self, camera: Camera) -> Camera:
        if self.lens == "fisheye":
            return Camera.fisheye(self.width, self.height, 180.0)
        if self.lens == "panorama":
            return Camera.panorama(self.width, self.height)
        if self.lens == "distorted":
            return replace(camera, model="brown_conrady", coefficients=(-0.28, 0.07, 0.0005, -0.0005, 0.0))
        return camera


class SceneFamily(Protocol):
    """A module in `scenes` that samples worlds. Its first docstring line is shown by `simlearn info`."""

    Config: type[FamilyConfig]

    def sample(self, config: Any, streams: Streams) -> Scene:
        """The scene with `streams.seed` and `streams.index`; every draw comes from `streams`."""
        ...
