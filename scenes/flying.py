"""Things that fly: 10-30 rigid objects on smooth random ways through furnished rooms and streets, for flow and stereo.

After FlyingThings3D (Mayer et al. 2016), AutoFlow (Sun et al. 2021) and WMGStereo: distractors inside furnished surroundings beat either
alone, materials are mixed, and the distribution of displacements is a parameter, because matching the target's is worth more than polish.
Objects touch neither each other, the surroundings nor the camera; what found no way is counted under "rejected".
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes import shapes
from scenes.camera import Camera
from scenes.distributions import Choice, Distribution, Integers, LogUniform, Uniform
from scenes.errors import UserError
from scenes.free_space import FreeSpace
from scenes.geometry import compose
from scenes.importers.folder import pieces_from
from scenes.palette import ROLES, Palette
from scenes.pieces import PIECES, VARIANTS, variant
from scenes.pieces.measures import metres, shape_of
from scenes.randomness import Streams
from scenes.registry import Registry
from scenes.scene import FamilyConfig, Instance, Material, Scene, Shape, Trajectory
from scenes.semantics import has_class
from scenes.trajectories import turned

Float = NDArray[np.float64]
LABEL_SPACE = "nyu40"  # of most backdrops; the scene says its own
BACKDROPS = Registry("backdrop", {"rooms": "scenes.rooms", "houses": "scenes.houses", "streets": "scenes.streets"})
CAMERA_ROOM_M = 0.3  # kept between the camera and any object
GAP_M = 0.02
_SHAPES, _WAYS = 4, 6  # tried for each object
_NEAREST_M, _FARTHEST_RADII = 0.7, 25.0  # from the camera; farther off a thing is but a speck


@dataclass(frozen=True, kw_only=True)
class Config(FamilyConfig):
    """Distributions of everything that varies.

    `backdrop` names the surroundings; `objects` how many fly; `displacement` is the image motion that an object's own motion adds, in
    pixels a frame at a width of 320 (it grows with the picture); `spin` in degrees a frame; `sway` bends the ways: the sideways swing in
    shares of the way; `strange_materials` is the share of objects made of anything instead of their own materials. `mesh_folder` holds
    meshes of your own, which about `mesh_share` of the objects then are; "" for none.
    """

    backdrop: Distribution = Choice(("rooms", "houses", "streets"), (0.5, 0.2, 0.3))
    objects: Distribution = Integers(10, 30)
    displacement: Distribution = LogUniform(0.5, 40.0)
    spin: Distribution = LogUniform(0.3, 15.0)
    sway: Distribution = Uniform(0.0, 0.35)
    strange_materials: float = 0.5
    mesh_folder: str = ""
    mesh_share: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in getattr(self.backdrop, "options", ()):
            BACKDROPS.target(name)
        for name in ("strange_materials", "mesh_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"flying: {name} is a share from 0 to 1, not {getattr(self, name)}")


def sample(config: Config, streams: Streams) -> Scene:
    """The scene with `streams.seed` and `streams.index`."""

    def draw(name: str) -> Any:
        return getattr(config, name).sample(streams.generator(name))

    backdrop = str(draw("backdrop"))
    scene = _surroundings(config, backdrop, streams)
    sky = Airspace(scene)
    rejected = 0
    for k in range(int(draw("objects"))):
        rejected += not sky.launch(streams.child(f"object/{k}"), config)
    instances, materials = _added(scene, sky, streams)
    facts = dict(scene.metadata) | {"backdrop": backdrop, "flying": len(sky.launched)}
    facts["rejected"] = {**facts.get("rejected", {}), "flying": rejected}
    result = replace(
        scene, family="flying", instances=(*scene.instances, *instances), materials=(*scene.materials, *materials), metadata=facts
    )
    return config.equip(result)


def _surroundings(config: Config, name: str, streams: Streams) -> Scene:
    """A scene of another family, with this family's frames, size and equipment."""
    family = BACKDROPS[name]
    shared = {f.name: getattr(config, f.name) for f in fields(FamilyConfig) if f.name not in ("texture_folder", "stereo_baseline_m")}
    scene: Scene = family.sample(family.Config(**shared, **_LIGHT.get(name, {})), Streams(streams.seed, streams.index, ("backdrop",)))
    return scene


# Surroundings that cost less to sample and to render than the families' own settings: what flies takes the place of clutter.
_LIGHT: dict[str, dict[str, Any]] = {
    "rooms": {"large_density": Uniform(0.0, 0.1), "small_density": Uniform(0.0, 0.4), "motion": Choice(("still",))},
    "houses": {"triangles": 90_000},
    "streets": {"horizon": 90.0, "triangles": 120_000},
}


@dataclass(frozen=True, eq=False)
class Flight:
    """An object on its way: poses [T + 2, 4, 4], the centres of its bounding sphere [T + 2, 3] and its radius."""

    shape: Shape
    category: str
    poses: Float
    centres: Float
    radius: float
    strange: bool


class Airspace:
    """The space before the camera, as far as the camera sees it, and what flies there."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.count = scene, scene.frames + 2
        self.space = FreeSpace(scene.instances, self.count)
        self.eyes = np.broadcast_to(scene.camera_motion.poses, (self.count, 4, 4))
        self.launched: list[Flight] = []

    def launch(self, streams: Streams, config: Config) -> bool:
        """Send one object on a way that keeps clear of everything; smaller and slower ones are tried until one fits."""
        rng = streams.generator("object")
        strange = bool(rng.uniform() < config.strange_materials)
        outdoors = self.scene.label_space == "cityscapes"
        for attempt in range(_SHAPES):
            shape, category = _thing(rng, config, self.scene.label_space, outdoors=outdoors and attempt < _SHAPES // 2)
            low, high = shapes.bounds(shape)
            ball = (low + high) / 2, float(np.linalg.norm(high - low)) / 2
            for _ in range(_WAYS):
                way = self._way(rng, config, ball[1], 0.6**attempt)
                if way is not None and self._clear(way, ball[1]):
                    poses = self._turning(rng, config, way, ball[0])
                    self.launched.append(Flight(shape, category, poses, way, ball[1], strange))
                    return True
        return False

    def _way(self, rng: np.random.Generator, config: Config, radius: float, slower: float) -> Float | None:
        """Places [T + 2, 3] of the centre of a ball at all times."""
        start = self._start(rng, radius)
        if start is None:
            return None
        middle, depth = start
        pixels = float(config.displacement.sample(rng)) * slower * config.width / 320.0
        step = pixels * depth / self.scene.camera.fx
        return middle + _swing(rng, self.count, step, float(config.sway.sample(rng)))

    def _turning(self, rng: np.random.Generator, config: Config, centres: Float, centre: Float) -> Float:
        """Poses [T + 2, 4, 4] of an object that turns evenly about a random axis through its `centre` (object space)."""
        axis = rng.normal(size=3)
        turns = np.radians(float(config.spin.sample(rng))) * np.arange(self.count) + float(rng.uniform(-np.pi, np.pi))
        first = _any_rotation(rng)
        rotations = [turned(axis / np.linalg.norm(axis), float(angle)) @ first for angle in turns]
        return np.stack([compose(r, c - r @ centre) for r, c in zip(rotations, centres, strict=True)])

    def _start(self, rng: np.random.Generator, radius: float) -> tuple[Float, float] | None:
        """Where the middle of the clip finds the object: on a ray of the picture, before whatever is there; and its depth."""
        camera, middle = self.scene.camera, self.count // 2
        pose = self.eyes[middle]
        direction = _ray(camera, rng)
        nearest = max(_NEAREST_M, CAMERA_ROOM_M + radius)
        along = pose[:3, :3] @ direction
        farthest = min(self.space.reach(middle, pose[:3, 3], along), nearest + _FARTHEST_RADII * radius) - radius
        if farthest <= nearest:
            return None
        distance = float(np.exp(rng.uniform(np.log(nearest), np.log(farthest))))
        return pose[:3, 3] + distance * along, distance

    def _clear(self, centres: Float, radius: float) -> bool:
        """Whether a ball on its way keeps off the camera, the others and the surroundings."""
        if np.linalg.norm(centres - self.eyes[:, :3, 3], axis=1).min() < radius + CAMERA_ROOM_M:
            return False
        if self.launched:
            apart = np.linalg.norm(centres - np.array([o.centres for o in self.launched]), axis=2).min(axis=1)
            if (apart < radius + GAP_M + np.array([o.radius for o in self.launched])).any():
                return False
        return bool(self.space.distances(centres).min() >= radius + GAP_M)


def _ray(camera: Camera, rng: np.random.Generator) -> Float:
    """A unit direction in the camera's frame through a random place of the picture."""
    pixel = np.array([rng.uniform(0, camera.width), rng.uniform(0, camera.height)])
    ray = camera.points_at_distance(pixel, 1.0)
    return np.asarray(ray / np.linalg.norm(ray))


def _swing(rng: np.random.Generator, count: int, step: float, sway: float) -> Float:
    """Offsets [count, 3] of a way from its middle: a straight line walked evenly, bent sideways by a slow sine."""
    direction, side = rng.normal(size=(2, 3))
    direction /= np.linalg.norm(direction)
    side -= direction * (side @ direction)
    side /= np.linalg.norm(side)
    time = np.arange(count) - count // 2
    phase, period = float(rng.uniform(-np.pi, np.pi)), count * float(rng.uniform(0.8, 2.5))
    bend = sway * step * count * (np.sin(2 * np.pi * time / period + phase) - np.sin(phase)) / 2
    return step * time[:, None] * direction + bend[:, None] * side


def _any_rotation(rng: np.random.Generator) -> Float:
    """A uniformly distributed rotation [3, 3]."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def _thing(rng: np.random.Generator, config: Config, label_space: str, *, outdoors: bool) -> tuple[Shape, str]:
    """A user's mesh, anything loose of the catalogue, or a plain solid, and its category: its own where the label space has it."""
    if config.mesh_folder and rng.uniform() < config.mesh_share:
        own = list(pieces_from(config.mesh_folder).values())
        piece = own[int(rng.integers(len(own)))]
        return piece.draw(rng), piece.category if has_class(piece.category, label_space) else "flying"
    if rng.uniform() < 0.25:
        return _solid(rng, 1.0 if outdoors else 0.35), "flying"
    names = [name for name, piece in PIECES.items() if piece.loose and (outdoors or not (piece.large and piece.outdoors))]
    name = names[int(rng.integers(len(names)))]
    category = PIECES[name].category
    return variant(name, int(rng.integers(VARIANTS))), category if has_class(category, label_space) else "flying"


def _solid(rng: np.random.Generator, largest: float) -> Shape:
    x, y, z = (metres(rng, 0.15 * largest, largest) for _ in range(3))
    kind = str(rng.choice(["box", "sphere", "cylinder"]))
    if kind == "box":
        return shape_of("box", x=x, y=y, z=z)
    if kind == "sphere":
        return shape_of("sphere", radius=x / 2)
    return shape_of("cylinder", radius=x / 2, height=z)


def _added(scene: Scene, sky: Airspace, streams: Streams) -> tuple[list[Instance], list[Material]]:
    """Instances of all that flies, and the materials they add to the scene's."""
    palette = Palette(streams.child("flying"), 0.5)
    index: dict[Material, int] = {}
    instances = []
    for k, flight in enumerate(sky.launched):
        rng = streams.generator(f"material/{k}")
        made = [_dim(material) for material in _materials(flight, palette, rng, str(k))]
        slots = tuple(len(scene.materials) + index.setdefault(material, len(index)) for material in made)
        name = f"flying_{k + 1}"
        instances.append(
            Instance(name=name, category=flight.category, shape=flight.shape, materials=slots, motion=Trajectory(flight.poses))
        )
    return instances, list(index)


def _materials(flight: Flight, palette: Palette, rng: np.random.Generator, group: str) -> list[Material]:
    """One for each slot: the object's own, or any."""
    own = list(shapes.own_materials(flight.shape))
    if own and not flight.strange:
        return own
    roles = ["surface"] * len(own) or shapes.roles(flight.shape.kind)
    chosen = [_strange(rng) if flight.strange or role == "surface" else role for role in roles]
    return [palette.material(role, f"{group}/{role}") for role in chosen]


def _strange(rng: np.random.Generator) -> str:
    names = sorted(ROLES)
    return names[int(rng.integers(len(names)))]


def _dim(material: Material) -> Material:
    """Without its own light, which is given in display units and would need the surroundings' exposure."""
    return replace(material, emission=(0.0, 0.0, 0.0)) if any(material.emission) else material
