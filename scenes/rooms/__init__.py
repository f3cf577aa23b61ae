"""Furnished rooms: a bedroom, living room, dining room or office of 20-40 objects, seen by a walking camera.

A room is closed (floor, ceiling, four walls, a door, windows with a bright backdrop). Furniture stands in the relations that
`rooms.types` describes, nothing overlaps, and the way in through the door stays free. What found no place after a bounded number
of tries is counted in the scene's metadata under "rejected".
"""

from __future__ import annotations

from dataclasses import dataclass
from math import radians
from typing import Any

import numpy as np

from scenes import shapes
from scenes.camera import Camera
from scenes.distributions import Choice, Distribution, Integers, Uniform
from scenes.errors import UserError
from scenes.furnishing import clutter, lighting, shell
from scenes.furnishing.furnish import Furnisher
from scenes.furnishing.layout import Box, Item, Layout
from scenes.furnishing.room_types import TYPES
from scenes.furnishing.walk import walk
from scenes.geometry import compose, rotation_z
from scenes.palette import Palette
from scenes.randomness import Streams
from scenes.rooms import moving
from scenes.scene import FamilyConfig, Instance, Material, Scene, Trajectory

LABEL_SPACE = "nyu40"


@dataclass(frozen=True, kw_only=True)
class Config(FamilyConfig):
    """Distributions of everything that varies. Lengths in metres, angles in degrees.

    `density` scales the chance of each optional piece of furniture; `brightness` is the mean sRGB value aimed at; `daylight` in [0, 1]
    weighs windows against lamps; `walk_speed` and `turn` are per frame.
    """

    room_type: Distribution = Choice(("bedroom", "living", "dining", "office"))
    room_length: Distribution = Uniform(3.4, 6.2)
    room_breadth: Distribution = Uniform(3.2, 5.2)
    room_height: Distribution = Uniform(2.4, 3.0)
    windows: Distribution = Choice((1, 2), (0.65, 0.35))
    density: Distribution = Uniform(0.6, 1.1)
    small_things: Distribution = Integers(3, 9)
    floor_things: Distribution = Integers(0, 2)
    plants: Distribution = Integers(0, 2)
    pictures: Distribution = Integers(1, 4)
    wall_tint: Distribution = Choice((0.05, 0.15, 0.3, 0.55, 0.9), (0.3, 0.25, 0.2, 0.15, 0.1))
    accent_wall: Distribution = Choice((0, 1), (0.65, 0.35))
    daylight: Distribution = Uniform(0.1, 1.0)
    ambient: Distribution = Uniform(0.5, 1.1)
    brightness: Distribution = Uniform(0.54, 0.75)
    horizontal_fov: Distribution = Uniform(50.0, 75.0)
    eye_height: Distribution = Uniform(1.0, 1.8)
    walk_speed: Distribution = Uniform(0.03, 0.1)
    turn: Distribution = Uniform(0.6, 3.4)
    moving_objects: Distribution = Choice((0, 1, 2), (0.75, 0.2, 0.05))

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("room_length", 2.8), ("room_breadth", 2.8), ("room_height", 2.3)):
            low = getattr(getattr(self, name), "low", None)
            if low is not None and low < least:
                raise UserError(f"rooms: {name} may be as small as {low} m, which holds no furniture: let it start at {least} m or more")
        kinds = getattr(self.room_type, "options", ())
        unknown = [kind for kind in kinds if kind not in TYPES]
        if unknown:
            raise UserError(f"rooms: unknown room type {unknown[0]!r}: known are {', '.join(TYPES)}")


def sample(config: Config, streams: Streams) -> Scene:
    """The room with `streams.seed` and `streams.index`."""

    def draw(name: str) -> Any:
        return getattr(config, name).sample(streams.generator(name))

    kind = str(draw("room_type"))
    length, breadth, height = (round(float(draw(f"room_{name}")), 3) for name in ("length", "breadth", "height"))
    layout = Layout(length, breadth, height)
    holes = shell.openings(layout, streams, int(draw("windows")))
    furnisher = Furnisher(layout, streams, float(draw("density")))
    ceiling_lamps = _furnish(furnisher, kind, holes, draw)
    items = [*shell.shell(layout, holes, streams.generator("shell")), *layout.items]
    camera = Camera.from_fov(width=config.width, height=config.height, horizontal_fov_deg=round(float(draw("horizontal_fov")), 3))
    path = walk(
        layout,
        camera,
        streams.generator("walk"),
        frames=config.frames,
        eye_height=float(draw("eye_height")),
        speed=float(draw("walk_speed")),
        turn_rad=radians(float(draw("turn"))),
    )
    palette = Palette(streams, float(draw("wall_tint")))
    balls = _balls(layout, camera, path.poses, streams, int(draw("moving_objects")))
    lights = lighting.lamps_and_daylight(layout, ceiling_lamps, holes, streams.generator("light"), float(draw("daylight")))
    direct = lighting.mean_irradiance(layout, lights)
    floor, wall = palette.material("floor", "room"), palette.material("wall", "room")
    sky = lighting.ambient(direct, floor, wall, float(draw("ambient")))
    reflectance = 0.15 + 0.5 * float(np.mean(wall.color)) + 0.15 * float(np.mean(floor.color))
    exposure = lighting.exposure_for(float(draw("brightness")), direct, sky, reflectance)
    accent = f"wall_{streams.generator('accent').choice(['north', 'east', 'south', 'west'])}" if draw("accent_wall") else ""
    instances, materials = _instances(items, palette, accent, exposure, balls)
    scene = Scene(
        family="rooms",
        seed=streams.seed,
        index=streams.index,
        frames=config.frames,
        label_space=LABEL_SPACE,
        camera=camera,
        camera_motion=Trajectory(path.poses),
        instances=instances,
        materials=materials,
        lights=lights,
        sky=sky,
        exposure=exposure,
        metadata={
            "room_type": kind,
            "size_m": [layout.length, layout.breadth, layout.height],
            "rejected": dict(sorted(layout.rejected.items())),
            "camera_attempts": path.attempts,
            "moving": len(balls),
            "supports": {item.name: item.on for item in layout.items if item.on},
        },
    )
    return config.equip(scene)


def _furnish(f: Furnisher, kind: str, holes: tuple[shell.Opening, ...], draw: Any) -> list[Item]:
    """Fills the layout, large things first; returns the ceiling lamps."""
    shell.dress_windows(f, holes)
    TYPES[kind](f)
    lamps = clutter.ceiling_lamps(f)
    clutter.pictures(f, int(draw("pictures")))
    clutter.floor_things(f, int(draw("plants")), int(draw("floor_things")))
    clutter.small_things(f, int(draw("small_things")))
    around = 6 + len(holes)
    clutter.fill_up(f, clutter.FEWEST - around)
    _thin_out(f.layout, clutter.MOST - around - 2)
    return [lamp for lamp in lamps if lamp in f.layout.items]


def _thin_out(layout: Layout, most: int) -> None:
    """Drops the last placed things that carry nothing until at most `most` are left."""
    carrying = {item.on for item in layout.items}
    for item in reversed(list(layout.items)):
        if len(layout.items) <= most:
            return
        if item.name not in carrying:
            layout.items.remove(item)
            layout.rejected[item.category] += 1


def _balls(layout: Layout, camera: Camera, poses: np.ndarray, streams: Streams, count: int) -> list[tuple[shapes.Shape, Trajectory]]:
    found: list[tuple[shapes.Shape, Trajectory]] = []
    swept: list[Box] = []
    for k in range(count):
        result = moving.rolling_ball(layout, camera, poses, streams.generator(f"moving/{k}"), swept)
        if result is None:
            layout.rejected["moving ball"] += 1
        else:
            found.append(result[:2])
            swept.append(result[2])
    return found


def _instances(
    items: list[Item], palette: Palette, accent: str, exposure: float, balls: list[tuple[shapes.Shape, Trajectory]]
) -> tuple[tuple[Instance, ...], tuple[Material, ...]]:
    """Instances of all things, and the materials they share."""
    index: dict[Material, int] = {}

    def slots(shape: shapes.Shape, name: str, group: str) -> tuple[int, ...]:
        chosen = []
        for role in shapes.roles(shape.kind):
            role = "accent_wall" if role == "wall" and name == accent else role
            role = "curtain" if role == "fabric" and group == "curtains" else role
            material = lighting.glowing(palette.material(role, "room" if role == "trim" else group), exposure)
            chosen.append(index.setdefault(material, len(index)))
        return tuple(chosen)

    instances = [
        Instance(
            name=item.name,
            category=item.category,
            shape=item.shape,
            materials=slots(item.shape, item.name, item.group),
            motion=Trajectory.still(compose(rotation_z(item.yaw), (item.x, item.y, item.z))),
        )
        for item in items
    ]
    for k, (shape, motion) in enumerate(balls):
        name = f"moving_ball_{k + 1}"
        instances.append(Instance(name=name, category="ball", shape=shape, materials=slots(shape, name, name), motion=motion))
    return tuple(instances), tuple(index)
