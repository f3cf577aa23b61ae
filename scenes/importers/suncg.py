"""Rooms of SUNCG houses from a folder in the official layout (setting `path`); scene k is in house k, the camera walks over free floor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import radians
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenes.camera import Camera
from scenes.errors import UserError
from scenes.importers.indoors import IndoorConfig, boxes_of, free_space, lit, reflectance, tell
from scenes.importers.suncg_house import House, Node, house_ids
from scenes.randomness import Streams
from scenes.scene import Scene, Trajectory

LABEL_SPACE = "nyu40"
MOST_ROOMS = 8  # that are tried before a house is given up
MOST_HOUSES = 4
Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Config(IndoorConfig):
    """path: the SUNCG folder. reach_m: what is farther than this from the camera's room is left out."""

    path: str = ""
    reach_m: float = 6.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.reach_m >= 0:
            raise UserError(f"reach_m is a distance in metres, not {self.reach_m}")


@dataclass(frozen=True)
class _Found:
    """A house that was read around one of its rooms, and a walk through this room."""

    house: House
    room: Node
    bounds: Float
    rooms: tuple[Float, ...]
    poses: Float


def sample(config: Config, streams: Streams) -> Scene:
    """The world with this seed and index: house number `index` (counted round), a random room with free floor."""
    if not config.path:
        raise UserError("the family suncg reads a folder: name it, for example --set path=/data/suncg")
    root = Path(config.path)
    ids = house_ids(root)
    camera = Camera.from_fov(
        width=config.width, height=config.height, horizontal_fov_deg=config.horizontal_fov.sample(_rng(streams, "fov"))
    )
    rejected: list[str] = []
    for k in range(min(MOST_HOUSES, len(ids))):
        name = ids[(streams.index + k) % len(ids)]
        found = next(_walks(config, streams.child(name), root, name, camera, rejected), None)
        if found is not None:
            return _scene(config, streams, camera, found, rejected)
    raise UserError(f"no walk was found in {', '.join(rejected)} of {root}: give another index, or a smaller reach_m and speed")


def _rng(streams: Streams, purpose: str) -> np.random.Generator:
    return streams.child("suncg").generator(purpose)


def _walks(config: Config, streams: Streams, root: Path, name: str, camera: Camera, rejected: list[str]) -> Iterator[_Found]:
    """Walks in the rooms of a house, in random order; what has none is named in `rejected`."""
    plan = House.read(root, name)
    rooms = [(level, node) for level in range(len(plan.document["levels"])) for node in plan.nodes(level) if node["type"] == "Room"]
    order = streams.generator("rooms").permutation(len(rooms))[:MOST_ROOMS]
    for k in order:
        level, room = rooms[int(k)]
        house = House.read(root, name)
        bounds = house.bounds(room)
        near = [node for node in house.nodes(level) if _near(house.bounds(node), bounds, config.reach_m)]
        house.add(room)
        floor = next((i for i in house.things.instances if i.category == "floor"), None)
        if floor is not None:
            for node in near:
                if node is not room and node["id"] != room["id"]:
                    house.add(node)
            space = free_space(house.things.instances, floor, config.eye_height.sample(streams.generator("eye height")))
            things = boxes_of(i for i in house.things.instances if i.category not in ("floor", "ceiling", "wall"))
            own = boxes_of([floor])[0]
            inside = things[((things.mean(axis=1)[:, :2] > own[0, :2]) & (things.mean(axis=1)[:, :2] < own[1, :2])).all(axis=1)]
            speed, turn = config.speed.sample(streams.generator("speed")), radians(config.turn.sample(streams.generator("turn")))
            poses = space.walk(streams.generator(f"walk/{k}"), camera, inside, config.frames, speed, turn)
            if poses is not None:
                others = [
                    b for node in near if node["type"] == "Room" and node["id"] != room["id"] and (b := house.bounds(node)) is not None
                ]
                yield _Found(house, room, bounds if bounds is not None else own, tuple(others), poses)
        rejected.append(f"house {name} room {room.get('id')}")


def _near(box: Float | None, room: Float | None, reach: float) -> bool:
    """Whether two boxes [2, 3] are closer than `reach` along every axis; unknown ones are."""
    if box is None or room is None:
        return True
    return bool((box[0] <= room[1] + reach).all() and (room[0] <= box[1] + reach).all())


def _scene(config: Config, streams: Streams, camera: Camera, found: _Found, rejected: list[str]) -> Scene:
    rng = _rng(streams, "light")
    brightness, ambient = config.brightness.sample(_rng(streams, "brightness")), config.ambient.sample(_rng(streams, "ambient"))
    house = found.house
    light = lit((found.bounds, *found.rooms), reflectance(house.things), brightness, ambient, rng)
    scene = Scene(
        family="suncg",
        seed=streams.seed,
        index=streams.index,
        frames=config.frames,
        label_space=LABEL_SPACE,
        camera=camera,
        camera_motion=Trajectory(found.poses),
        instances=tuple(house.things.instances),
        materials=house.things.materials,
        lights=light.lights,
        sky=light.sky,
        exposure=light.exposure,
        metadata={
            "house": house.name,
            "room": str(found.room.get("id")),
            "room_types": [str(kind) for kind in found.room.get("roomTypes", [])],
            "rejected": dict.fromkeys(rejected, 1),
            "remarks": tell(f"house {house.name}", house.remarks),
        },
    )
    return config.equip(scene)
