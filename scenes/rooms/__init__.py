"""Cluttered rooms: furniture by relations or tipped in, small things dropped and settled, a hand-held camera, things still in motion.

A room is closed (floor, ceiling, four walls, a door, windows with a bright backdrop). In most rooms furniture stands in the relations of
`furnishing.room_types`; in the others it lies as it fell. Small things are dropped on tables, shelves, beds and the floor and come to rest
under gravity. What found no place, or no rest, in a bounded number of tries is counted in the scene's metadata under "rejected".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import radians
from typing import Any

import numpy as np

from scenes import shapes
from scenes.camera import Camera
from scenes.distributions import Choice, Distribution, Integers, LogUniform, Uniform
from scenes.errors import UserError
from scenes.furnishing import lighting, shell
from scenes.furnishing.layout import Item, Layout
from scenes.furnishing.service_rooms import HOUSE_TYPES
from scenes.palette import Palette
from scenes.physics import World, come_to_rest
from scenes.randomness import Streams
from scenes.rooms import furniture
from scenes.rooms.camera import HandHeld, Shot
from scenes.rooms.dropping import Dropper
from scenes.rooms.moving import MOTIONS, Director
from scenes.rooms.things import Thing
from scenes.scene import FamilyConfig, Instance, Material, PointLight, Scene, Sky, Trajectory

LABEL_SPACE = "nyu40"
ROOM_TYPES = tuple(kind for kind in HOUSE_TYPES if kind != "corridor")
_SIZE = {"kitchen": 0.85, "bathroom": 0.65}  # of these rooms against the others
ARRANGEMENTS = ("arranged", "tumbled")


@dataclass(frozen=True, kw_only=True)
class Config(FamilyConfig):
    """Distributions of everything that varies. Lengths in metres, angles in degrees.

    `large_density` and `small_density` are objects per m2 of floor (SceneNet RGB-D's ranges); a share `anything` of them is drawn from the
    whole catalogue rather than from what belongs in the room; a share `upright` of the small ones is put down, the rest tossed.
    `triangles` bounds the scene's triangles. `brightness` is the mean sRGB value aimed at; `daylight` in [0, 1] weighs windows against
    lamps; `walk_speed` and `turn` are of the camera, per frame. `motion` says what moves during the clip: nothing ("still"),
    `moving_objects` that fall or roll through the picture, or as many settled ones that are "knocked".
    """

    room_type: Distribution = Choice(("bedroom", "living", "dining", "office", "kitchen", "bathroom"), (5, 5, 4, 5, 4, 2))
    arrangement: Distribution = Choice(ARRANGEMENTS, (0.88, 0.12))
    room_length: Distribution = Uniform(3.4, 6.2)
    room_breadth: Distribution = Uniform(3.2, 5.2)
    room_height: Distribution = Uniform(2.4, 3.0)
    windows: Distribution = Choice((1, 2), (0.65, 0.35))
    large_density: Distribution = Uniform(0.1, 0.5)
    small_density: Distribution = Uniform(0.5, 3.0)
    anything: float = 0.05
    upright: float = 0.85
    triangles: int = 150_000
    pictures: Distribution = Integers(1, 4)
    wall_tint: Distribution = Choice((0.05, 0.15, 0.3, 0.55, 0.9), (0.3, 0.25, 0.2, 0.15, 0.1))
    accent_wall: Distribution = Choice((0, 1), (0.65, 0.35))
    daylight: Distribution = Uniform(0.1, 1.0)
    ambient: Distribution = Uniform(0.5, 1.1)
    brightness: Distribution = Uniform(0.54, 0.75)
    horizontal_fov: Distribution = Uniform(50.0, 75.0)
    eye_height: Distribution = Uniform(0.9, 1.8)
    walk_speed: Distribution = LogUniform(0.015, 0.12)
    turn: Distribution = LogUniform(0.8, 7.0)
    motion: Distribution = Choice(MOTIONS, (0.6, 0.16, 0.12, 0.12))
    moving_objects: Distribution = Integers(1, 4)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("room_length", 2.8), ("room_breadth", 2.8), ("room_height", 2.3)):
            low = getattr(getattr(self, name), "low", None)
            if low is not None and low < least:
                raise UserError(f"rooms: {name} may be as small as {low} m, which holds no furniture: let it start at {least} m or more")
        for name, known in (("room_type", ROOM_TYPES), ("arrangement", ARRANGEMENTS), ("motion", MOTIONS)):
            unknown = [option for option in getattr(getattr(self, name), "options", ()) if option not in known]
            if unknown:
                raise UserError(f"rooms: unknown {name.replace('_', ' ')} {unknown[0]!r}: known are {', '.join(known)}")
        for name in ("anything", "upright"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"rooms: {name} is a share from 0 to 1, not {getattr(self, name)}")
        if self.triangles < 30_000:
            raise UserError(f"rooms: {self.triangles} triangles hold no furnished room: allow 30000 or more")


@dataclass(frozen=True)
class _Furnished:
    """A room before physics: what stands in it, which of it carries small things, how many large things are yet to be tipped in."""

    kind: str
    layout: Layout
    standing: list[Thing]
    surfaces: frozenset[str]
    tipped_in: int


@dataclass(frozen=True)
class _Contents:
    """What is in a room and how it is filmed; `settled` and `moving` are names of things, `rejected` counts what found no place."""

    things: list[Thing]
    settled: list[str]
    moving: list[str]
    shot: Shot
    rejected: Counter[str]


def sample(config: Config, streams: Streams) -> Scene:
    """The room with `streams.seed` and `streams.index`."""

    def draw(name: str) -> Any:
        return getattr(config, name).sample(streams.generator(name))

    kind, arrangement = str(draw("room_type")), str(draw("arrangement"))
    length, breadth = (round(_SIZE.get(kind, 1.0) * float(draw(name)), 3) for name in ("room_length", "room_breadth"))
    layout = Layout(length, breadth, round(float(draw("room_height")), 3))
    holes = shell.openings(layout, streams, int(draw("windows")))
    large = round(float(np.clip(float(draw("large_density")) * length * breadth, 3, 30)))
    furnished = furniture.furnish(layout, streams, kind, holes, large if arrangement == "arranged" else 0, int(draw("pictures")))
    standing = [Thing.of(item) for item in (*shell.shell(layout, holes, streams.generator("shell")), *layout.items)]
    camera = Camera.from_fov(width=config.width, height=config.height, horizontal_fov_deg=round(float(draw("horizontal_fov")), 3))
    room = _Furnished(kind, layout, standing, furnished.surfaces, 0 if arrangement == "arranged" else large)
    contents = _fill(config, streams, draw, room, camera)
    lights, sky, exposure, palette = _light(layout, furnished.ceiling_lamps, holes, streams, draw)
    accent = f"wall_{streams.generator('accent').choice(['north', 'east', 'south', 'west'])}" if draw("accent_wall") else ""
    instances, materials = _instances(contents.things, palette, accent, exposure)
    scene = Scene(
        family="rooms",
        seed=streams.seed,
        index=streams.index,
        frames=config.frames,
        label_space=LABEL_SPACE,
        camera=camera,
        camera_motion=Trajectory(contents.shot.poses),
        instances=instances,
        materials=materials,
        lights=lights,
        sky=sky,
        exposure=exposure,
        metadata={
            "room_type": kind,
            "arrangement": arrangement,
            "motion": str(draw("motion")) if contents.moving else "still",
            "moving": len(contents.moving),
            "size_m": [layout.length, layout.breadth, layout.height],
            "dropped": sorted(contents.settled),
            "supports": {thing.name: thing.on for thing in contents.things if thing.on},
            "rejected": dict(sorted((layout.rejected + contents.rejected).items())),
            "camera_attempts": contents.shot.attempts,
            "fewest_seen": contents.shot.fewest_seen,
        },
    )
    return config.equip(scene)


def _fill(config: Config, streams: Streams, draw: Any, room: _Furnished, camera: Camera) -> _Contents:
    """Everything that takes physics: furniture tipped in, small things dropped, the camera's way between them, what moves before it."""
    layout, standing = room.layout, room.standing
    half = (layout.length / 2, layout.breadth / 2)
    with World([thing.body for thing in standing], ((-half[0], -half[1], 0.0), (*half, layout.height)), hertz=100) as world:
        budget = config.triangles - sum(shapes.triangles(thing.shape) for thing in standing)
        dropper = Dropper(world, layout, streams, room.surfaces, budget, {thing.name for thing in standing})
        if room.tipped_in:
            dropper.large(room.kind, room.tipped_in, config.anything)
            come_to_rest(world)
        count = round(float(draw("small_density")) * layout.length * layout.breadth)
        dropper.small(room.kind, count, config.anything, config.upright)
        settled = dropper.settled(come_to_rest(world))
        things = {thing.name: thing for thing in (*standing, *settled.values())}
        shot = HandHeld(world, layout, camera, {name: thing.category for name, thing in things.items()}).shoot(
            streams.generator("camera"),
            frames=config.frames,
            eye_height=float(draw("eye_height")),
            speed=float(draw("walk_speed")),
            turn_rad=radians(float(draw("turn"))),
        )
        moving: dict[str, Thing] = {}
        if (motion := str(draw("motion"))) != "still":
            director = Director(world, camera, shot.poses, settled, room.kind)
            moving = director.stage(motion, streams.generator("motion"), int(draw("moving_objects"))) or {}
            dropper.rejected.update([] if moving else ["motion"])
    return _Contents(list({**things, **moving}.values()), list(settled), list(moving), shot, dropper.rejected)


def _light(
    layout: Layout, ceiling_lamps: list[Item], holes: tuple[shell.Opening, ...], streams: Streams, draw: Any
) -> tuple[tuple[PointLight, ...], Sky, float, Palette]:
    """Lights, ambient light and exposure; with the palette, because the bounces take the colours of floor and walls."""
    palette = Palette(streams, float(draw("wall_tint")))
    lights = lighting.lamps_and_daylight(layout, ceiling_lamps, holes, streams.generator("light"), float(draw("daylight")))
    direct = lighting.mean_irradiance(layout, lights)
    floor, wall = palette.material("floor", "room"), palette.material("wall", "room")
    sky = lighting.ambient(direct, floor, wall, float(draw("ambient")))
    reflectance = 0.15 + 0.5 * float(np.mean(wall.color)) + 0.15 * float(np.mean(floor.color))
    return lights, sky, lighting.exposure_for(float(draw("brightness")), direct, sky, reflectance), palette


def _instances(things: list[Thing], palette: Palette, accent: str, exposure: float) -> tuple[tuple[Instance, ...], tuple[Material, ...]]:
    """Instances of all things, and the materials they share."""
    index: dict[Material, int] = {}

    def slots(thing: Thing) -> tuple[int, ...]:
        chosen = []
        for role in shapes.roles(thing.shape.kind):
            role = "accent_wall" if role == "wall" and thing.name == accent else role
            role = "curtain" if role == "fabric" and thing.group == "curtains" else role
            material = lighting.glowing(palette.material(role, "room" if role == "trim" else thing.group), exposure)
            chosen.append(index.setdefault(material, len(index)))
        return tuple(chosen)

    instances = [
        Instance(name=thing.name, category=thing.category, shape=thing.shape, materials=slots(thing), motion=thing.motion)
        for thing in things
    ]
    return tuple(instances), tuple(index)
