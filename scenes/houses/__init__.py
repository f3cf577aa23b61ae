"""Furnished houses: 3 to 10 rooms with doors, windows onto a garden and furniture, seen by a camera that walks from room to room.

The floor plan comes first (`plan`, `openings`), then each room is furnished in its own frame, then the building (`building`), the walk
(`tour`) and the light (`light`). What found no place after a bounded number of tries is counted in the scene's metadata under "rejected".
"""

from __future__ import annotations

from dataclasses import dataclass
from math import radians
from typing import Any

import numpy as np

from scenes.camera import Camera
from scenes.distributions import Choice, Distribution, Integers, Uniform
from scenes.errors import UserError
from scenes.furnishing.layout import Box, Item
from scenes.furnishing.space import Boxes, Ground
from scenes.houses import building, light, outfit
from scenes.houses.building import Part
from scenes.houses.furniture import appeal, furnish, obstacles
from scenes.houses.light import Weather
from scenes.houses.openings import Link, front_door, layouts, links, outer_spans, shared_spans, way, windows
from scenes.houses.plan import Room, floor_plan
from scenes.houses.tour import Manner, Tour, tour
from scenes.houses.views import Surroundings
from scenes.randomness import Streams
from scenes.scene import FamilyConfig, Scene, Trajectory

LABEL_SPACE = "nyu40"
_PLANS = 40


@dataclass(frozen=True, kw_only=True)
class Config(FamilyConfig):
    """Distributions of everything that varies. Lengths in metres, angles in degrees.

    `door_leaves` is the share of inner doors that have a leaf; `density` scales the chance of each optional piece of furniture, and
    `small_things` are those on tables and shelves per 10 m^2; `night` leaves the light to lamps, else `daylight` weighs windows against
    them; `lit` is the share of rooms whose lamps are on; `brightness` is the mean sRGB value aimed at; `walk_speed` and `turn` are per
    frame; `through_door` sends the clip through a doorway. `triangles` and `most_lights` bound what a scene costs to render.
    """

    rooms: Distribution = Integers(3, 10)
    room_height: Distribution = Uniform(2.4, 2.8)
    wall_thickness: Distribution = Uniform(0.1, 0.16)
    door_leaves: Distribution = Uniform(0.3, 0.9)
    density: Distribution = Uniform(0.65, 1.15)
    small_things: Distribution = Uniform(3.0, 9.0)
    wall_tint: Distribution = Choice((0.05, 0.15, 0.3, 0.55, 0.9), (0.3, 0.25, 0.2, 0.15, 0.1))
    night: Distribution = Choice((0, 1), (0.75, 0.25))
    sunny: Distribution = Choice((0, 1), (0.35, 0.65))
    sun_azimuth: Distribution = Uniform(0.0, 360.0)
    sun_elevation: Distribution = Uniform(12.0, 50.0)
    daylight: Distribution = Uniform(0.4, 1.1)
    lit: Distribution = Uniform(0.3, 1.0)
    ambient: Distribution = Uniform(0.6, 1.1)
    brightness: Distribution = Uniform(0.32, 0.68)
    horizontal_fov: Distribution = Uniform(55.0, 80.0)
    eye_height: Distribution = Uniform(1.0, 1.8)
    walk_speed: Distribution = Uniform(0.02, 0.06)
    turn: Distribution = Uniform(0.3, 2.0)
    through_door: Distribution = Choice((0, 1), (0.65, 0.35))
    triangles: int = 150_000
    most_lights: int = 6

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = getattr(self.rooms, "low", 3), getattr(self.rooms, "high", 10)
        if not 3 <= low <= high <= 10:
            raise UserError(f"houses: a house has 3 to 10 rooms, not {low} to {high}")
        low, high = getattr(self.room_height, "low", 2.4), getattr(self.room_height, "high", 2.8)
        if not 2.35 <= low <= high <= 4.0:
            raise UserError(f"houses: room_height must lie between 2.35 m, above the doors, and 4 m, not {low} to {high}")
        if self.triangles < 20_000 or self.most_lights < 1:
            raise UserError("houses: triangles must be at least 20000, which walls and furniture need, and most_lights at least 1")


@dataclass(frozen=True)
class House:
    """The building: its rooms with their layouts, the ways between them, the front door, and the thickness of inner walls."""

    parts: list[Part]
    links: tuple[Link, ...]
    front: Link
    wall: float
    attempts: int

    @property
    def rooms(self) -> tuple[Room, ...]:
        return tuple(part.room for part in self.parts)


def sample(config: Config, streams: Streams) -> Scene:
    """The house with `streams.seed` and `streams.index`."""

    def draw(name: str) -> Any:
        return getattr(config, name).sample(streams.generator(name))

    wall, height = round(float(draw("wall_thickness")) / 2, 3) * 2, round(float(draw("room_height")), 3)
    house = build(int(draw("rooms")), wall, height, float(draw("door_leaves")), streams)
    furnished = furnish(house.parts, streams, float(draw("density")), float(draw("small_things")))
    weather = Weather(
        night=bool(draw("night")),
        azimuth_deg=float(draw("sun_azimuth")),
        elevation_deg=float(draw("sun_elevation")),
        sunny=bool(draw("sunny")),
        daylight=float(draw("daylight")),
    )
    camera = Camera.from_fov(width=config.width, height=config.height, horizontal_fov_deg=round(float(draw("horizontal_fov")), 3))
    manner = Manner(
        frames=config.frames,
        eye_height=float(draw("eye_height")),
        speed=float(draw("walk_speed")),
        turn_rad=radians(float(draw("turn"))),
        through_door=bool(draw("through_door")),
    )
    place = _surroundings(house, furnished.items)
    walk = tour(place, camera, streams.generator("walk"), appeal(house.rooms), manner)
    wishes = light.Wishes(
        lit=float(draw("lit")), ambient=float(draw("ambient")), brightness=float(draw("brightness")), most=config.most_lights
    )
    lighting = light.light_up(house.parts, furnished.lamps, place, camera, walk.poses, weather, wishes, streams)
    items, dropped = outfit.within(config.triangles, _shell(house, weather.night, streams), furnished.items, walk.poses[:, :3, 3])
    tints = np.array([config.wall_tint.sample(streams.generator(f"wall_tint/{room.name}")) for room in house.rooms])
    painter = outfit.Painter(house.rooms, streams, tints, lighting.exposure, weather.night)
    instances, materials = outfit.instances(items, painter, lighting.dark)
    scene = Scene(
        family="houses",
        seed=streams.seed,
        index=streams.index,
        frames=config.frames,
        label_space=LABEL_SPACE,
        camera=camera,
        camera_motion=Trajectory(walk.poses),
        instances=instances,
        materials=materials,
        lights=lighting.lights,
        sky=lighting.sky,
        exposure=lighting.exposure,
        metadata={
            **_facts(house, place, walk),
            "night": weather.night,
            "rejected": dict(furnished.rejected),
            "dropped_for_triangles": dropped,
            "supports": {item.name: item.on for item in items if item.on},
        },
    )
    return config.equip(scene)


def build(count: int, wall: float, height: float, leaves: float, streams: Streams) -> House:
    """A floor plan of `count` rooms with its doors and windows; plans in which a room can't be reached are drawn again."""
    for attempt in range(_PLANS):
        rng = streams.generator(f"plan/{attempt}")
        rooms = floor_plan(count, wall, rng)
        shared = shared_spans(rooms, wall)
        outer = outer_spans(rooms, shared)
        ways, front = links(rooms, shared, leaves, rng), front_door(outer, rng)
        if ways is None or front is None:
            continue
        walls = layouts(rooms, height)
        ways = building.unhindered(ways, front, rooms, walls)
        panes = windows(rooms, walls, outer, front, rng)
        parts = []
        for k, room in enumerate(rooms):
            here = [link for link in (*ways, front) if k in link.rooms]
            doors = tuple((link, way(link, k, room, walls[k])) for link in here)
            parts.append(Part(room, walls[k], doors, tuple(panes[k])))
        return House(parts, ways, front, wall, attempt)
    raise UserError(f"houses: no house of {count} rooms with doors to all of them was found in {_PLANS} attempts")


def _shell(house: House, night: bool, streams: Streams) -> list[Item]:
    """Everything that is built rather than furnished, and the garden."""
    rng, half = streams.generator("shell"), house.wall / 2
    skirting = round(float(rng.uniform(0.06, 0.12)), 3)
    items = []
    for part in house.parts:
        local = [*building.room_shell(part, half, skirting), *building.window_frames(part, night, streams.generator("window frames"))]
        items += [building.in_house(item, part.room) for item in local]
    items += building.facade(house.parts, half)
    items += building.doors(house.parts, house.links, house.front, house.wall, streams.generator("doors"))
    return items + building.garden(house.rooms, streams.generator("garden"))


def _surroundings(house: House, things: list[Item]) -> Surroundings:
    """What the camera may run into or look at, and where it may walk."""
    solid = [item for item in things if item.category != "rug"]
    rooms = tuple(room.inside for room in house.rooms)
    leaves = building.leaf_boxes(house.parts, house.links, house.front)
    structure = leaves + [box for part in house.parts for box in building.wall_boxes(part, house.wall / 2)]
    height = house.parts[0].layout.height
    reach = max(max(abs(r.x0), abs(r.x1), abs(r.y0), abs(r.y1)) for r in rooms) + 1.0
    structure += [Box(0.0, 0.0, reach, reach, 0.0, -0.1, 0.0), Box(0.0, 0.0, reach, reach, 0.0, height, height + 0.1)]
    open_ways = [link for link in house.links if link.leaf != "shut"]
    steps = [building.doorstep(link, house.rooms, house.wall) for link in open_ways]
    ground = Ground.blank(-reach, -reach, reach, reach)
    ground.set([*(Box(*r.centre, r.size[0] / 2, r.size[1] / 2, 0.0, 0.0, 1.0) for r in rooms), *steps], True)
    ground.set([*obstacles(solid), *leaves], False)
    doorways = tuple((*link.rooms, step.x, step.y) for link, step in zip(open_ways, steps, strict=True))
    return Surroundings(Boxes.of([*(item.box for item in solid), *structure]), [i.category for i in solid], ground, rooms, doorways)


def _facts(house: House, place: Surroundings, walk: Tour) -> dict[str, Any]:
    """What the metadata tells of the plan and the walk."""
    visited = {place.room_at(float(x), float(y)) for x, y in walk.poses[1:-1, :2, 3]}
    names = [room.name for room in house.rooms]
    doors = []
    for link in (*house.links, house.front):
        step = building.doorstep(link, house.rooms, house.wall)
        between = [names[k] if k >= 0 else "outside" for k in link.rooms]
        doors.append({"between": between, "at_m": [round(step.x, 3), round(step.y, 3)], "width_m": link.width, "leaf": link.leaf})
    return {
        "rooms": [
            {"name": room.name, "type": room.kind, "inside_m": [room.inside.x0, room.inside.y0, room.inside.x1, room.inside.y1]}
            for room in house.rooms
        ],
        "height_m": house.parts[0].layout.height,
        "doors": doors,
        "windows": sum(len(part.windows) for part in house.parts),
        "plan_attempts": house.attempts,
        "camera_attempts": walk.attempts,
        "visited": [names[k] for k in sorted(visited)],
    }
