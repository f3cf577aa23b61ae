"""Streets seen from a car, in the style of KITTI: suburbs, towns, country roads and avenues with traffic, under any daylight.

A main street bends or meets side streets; kerbs, pavements, markings, buildings, gardens, trees, street furniture, parked and moving
vehicles, cyclists and pedestrians line it. The camera has KITTI's intrinsics, height, stereo baseline, speeds and turn rates. Everything
stands clear of everything else; what found no place is counted in the scene's metadata under "rejected".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import radians
from typing import Any

import numpy as np

from scenes import shapes
from scenes.camera import Camera
from scenes.distributions import Choice, Distribution, LogUniform, Normal, Uniform
from scenes.errors import UserError
from scenes.furnishing.layout import Box
from scenes.palette import Palette
from scenes.randomness import Streams
from scenes.scene import FamilyConfig, Instance, Material, Scene, Trajectory
from scenes.streets import backdrop, countryside, crossings, driving, lining, paving, plots, signals, traffic, walkers
from scenes.streets.areas import AREAS, Area
from scenes.streets.curve import Float
from scenes.streets.network import Network, Section, network
from scenes.streets.site import Site
from scenes.streets.thing import Thing
from scenes.streets.view import View, shadow_of
from scenes.streets.weather import Weather, weather

LABEL_SPACE = "cityscapes"
# Rectified colour camera 2 of KITTI (raw data of 2011-09-26): 1242 x 375 pixels. Its calibration puts the centre of the top-left pixel
# at (0, 0), which is (0.5, 0.5) here.
KITTI_WIDTH, KITTI_HEIGHT, KITTI_FOCAL_PX, KITTI_CENTRE = 1242, 375, 721.5377, (609.5593 + 0.5, 172.854 + 0.5)
_BEHIND_M, _CAR_M = 30.0, (1.0, 2.3)  # built behind the camera; half width and half length of its own car
_CRAWLING_M = 0.3  # a frame: slower than that, a car is about to stop
_DROPPED_M = 70.0  # farther than that from the camera a kerb before a drive is not lowered: it would not be seen


@dataclass(frozen=True, kw_only=True)
class Config(FamilyConfig):
    """Distributions of everything that varies. Lengths in metres, angles in degrees, 10 frames a second.

    `area` names surroundings in `scenes.streets.areas`; `manoeuvre` what the camera's car does; `bend` is the curvature of bends, 1/m;
    `clouds` in [0, 1]; `haze` the extinction per metre; `brightness` the mean sRGB value aimed at; `horizon` how far streets are built
    ahead; `triangles` the most a scene may have.
    """

    width: int = KITTI_WIDTH
    height: int = KITTI_HEIGHT
    stereo_baseline_m: float = 0.54
    area: Distribution = Choice(tuple(AREAS), (0.4, 0.22, 0.22, 0.16))
    manoeuvre: Distribution = Choice(("straight", "bend", "turn"), (0.55, 0.27, 0.18))
    bend: Distribution = LogUniform(0.003, 0.022)
    turn_speed: Distribution = Uniform(0.4, 0.62)
    left_hand_traffic: Distribution = Choice((0, 1), (0.9, 0.1))
    camera_height: Distribution = Normal(1.65, 0.02)
    camera_pitch: Distribution = Normal(0.5, 0.4)
    sun_elevation: Distribution = Uniform(8.0, 65.0)
    sun_azimuth: Distribution = Uniform(0.0, 360.0)
    clouds: Distribution = Uniform(0.0, 1.0)
    haze: Distribution = LogUniform(0.00002, 0.002)
    brightness: Distribution = Uniform(0.35, 0.5)
    horizon: float = 150.0
    triangles: int = 200_000

    def __post_init__(self) -> None:
        super().__post_init__()
        unknown = [name for name in getattr(self.area, "options", ()) if name not in AREAS]
        if unknown:
            raise UserError(f"streets: unknown area {unknown[0]!r}: known are {', '.join(AREAS)}")
        if not 30.0 <= self.horizon <= 1000.0:
            raise UserError(f"streets: a horizon of {self.horizon} m is not between 30 and 1000: give how far the street is built ahead")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Drive:
    """The streets, the camera's poses [T + 2, 4, 4] at `speed` metres a frame in a `lane`; `turns_at`: where it leaves the main street."""

    net: Network
    area: Area
    area_name: str
    manoeuvre: str
    speed: float
    lane: int
    poses: Float
    turns_at: float | None


def sample(config: Config, streams: Streams) -> Scene:
    """The street with `streams.seed` and `streams.index`."""
    drive = _drive(config, streams)
    site = Site(drive.net, streams.child("site"), _view(config, streams, drive.poses))
    site.sweep([_own_car(pose) for pose in drive.poses])
    _populate(site, drive, config.horizon)
    day = _weather(config, streams)
    ground, distant = list(_ground(site, drive)), list(backdrop.woods(site, drive.area, config.horizon))
    things = [*ground, *distant, *_affordable(site, drive.poses, config.triangles - _own_faces(ground) - _faces(distant))]
    instances, materials = _instances(things, Palette(streams, 0.5))
    scene = Scene(
        family="streets",
        seed=streams.seed,
        index=streams.index,
        frames=config.frames,
        label_space=LABEL_SPACE,
        camera=_camera(config),
        camera_motion=Trajectory(drive.poses),
        instances=instances,
        materials=materials,
        lights=day.lights,
        sky=day.sky,
        haze=day.haze,
        exposure=day.exposure,
        metadata={
            "area": drive.area_name,
            "manoeuvre": drive.manoeuvre,
            "speed_m": round(drive.speed, 3),
            "moving": sum(thing.poses is not None for thing in things),
            "rejected": dict(sorted(site.rejected.items())),
        },
    )
    return config.equip(scene)


def camera_motion(config: Config, streams: Streams) -> Float:
    """The poses [T + 2, 4, 4] of the camera of `sample(config, streams)`, without building the street."""
    return _drive(config, streams).poses


def _drive(config: Config, streams: Streams) -> _Drive:
    """Where the streets run and how the camera's car drives through them."""

    def draw(name: str) -> Any:
        return getattr(config, name).sample(streams.generator(name))

    name, manoeuvre = str(draw("area")), str(draw("manoeuvre"))
    area, count = AREAS[name], config.frames + 2
    speed = float(draw("turn_speed")) if manoeuvre == "turn" else float(area.speed.sample(streams.generator("speed")))
    bend = float(draw("bend")) * float(streams.generator("bend/side").choice((-1, 1))) if manoeuvre == "bend" else 0.0
    hand = -1 if draw("left_hand_traffic") else 1
    net = _network(streams, area, manoeuvre, bend, speed * count, config.horizon, hand)
    rng, number = streams.generator("drive"), 0
    if manoeuvre == "turn":
        junction = net.junctions[0]
        way, middle = driving.turn(net, junction, junction.sides[int(rng.integers(len(junction.sides)))])
        s = driving.progress(rng, count, middle - speed * count * float(rng.uniform(0.2, 0.8)), speed)
    else:
        number = int(rng.integers(net.main.section.lanes))
        way = driving.lane(net, number, 1)
        s = driving.progress(rng, count, 0.0, speed)
    poses = driving.camera_poses(
        streams.generator("camera"),
        way,
        s,
        height=float(draw("camera_height")),
        pitch=radians(float(draw("camera_pitch"))),
        offset=float(streams.generator("camera/offset").normal(0, 0.15)),
    )
    turns_at = net.junctions[0].at if manoeuvre == "turn" else None
    return _Drive(net=net, area=area, area_name=name, manoeuvre=manoeuvre, speed=speed, lane=number, poses=poses, turns_at=turns_at)


def _weather(config: Config, streams: Streams) -> Weather:
    def draw(name: str) -> float:
        return float(getattr(config, name).sample(streams.generator(name)))

    return weather(
        streams.generator("weather"),
        elevation_deg=draw("sun_elevation"),
        azimuth_deg=draw("sun_azimuth"),
        clouds=draw("clouds"),
        extinction=draw("haze"),
        brightness=draw("brightness"),
    )


def _view(config: Config, streams: Streams, poses: Float) -> View:
    """What the camera sees; a lens with a wide angle sees all round."""
    elevation, azimuth = (float(getattr(config, name).sample(streams.generator(name))) for name in ("sun_elevation", "sun_azimuth"))
    half = float(np.arctan(0.5 * KITTI_WIDTH / KITTI_FOCAL_PX)) if config.lens == "pinhole" else np.pi
    return View(poses, half, shadow_of(elevation, azimuth))


def _camera(config: Config) -> Camera:
    """KITTI's camera, scaled to the width asked for."""
    scale = config.width / KITTI_WIDTH
    focal = KITTI_FOCAL_PX * scale
    cx, cy = KITTI_CENTRE[0] * scale, KITTI_CENTRE[1] / KITTI_HEIGHT * config.height
    return Camera(width=config.width, height=config.height, fx=focal, fy=focal, cx=cx, cy=cy)


def _network(streams: Streams, area: Area, manoeuvre: str, bend: float, travel: float, horizon: float, hand: int) -> Network:
    rng = streams.generator("network")
    main = area.section(rng)
    quieter = Section(lane=main.lane, parking=0.0, pavement=main.pavement, garden=main.garden, marking=main.marking)
    number = int(area.junctions.sample(rng))
    spots = [float(rng.uniform(18.0, 55.0)), float(rng.uniform(95.0, 135.0))][:number]
    if manoeuvre == "turn":
        spots = [float(rng.uniform(18.0, 30.0)), *spots[1:]]
    if manoeuvre == "bend":
        spots = [spot for spot in spots if spot > 60.0]
    crosses = tuple((spot, ((1, -1), (1,), (-1,))[int(rng.choice(3, p=(0.5, 0.25, 0.25)))], quieter) for spot in spots)
    return network(rng, main, crosses, bend, -_BEHIND_M - travel, horizon + travel, hand)


def _own_car(pose: Float) -> Box:
    """The room that the camera's car takes; the camera is above its middle."""
    yaw = float(np.arctan2(pose[1, 0], pose[0, 0]))
    return Box(pose[0, 3], pose[1, 3], _CAR_M[0], _CAR_M[1], yaw, 0.0, 2.0)


def _populate(site: Site, drive: _Drive, horizon: float) -> None:
    """Large and fixed things first, then what moves, then what fits between."""
    area, count = drive.area, len(drive.poses)
    seen = (-_BEHIND_M, horizon + drive.speed * count)
    ride = traffic.Ride(count=count, speed=drive.speed, lane=drive.lane, turns_at=drive.turns_at)
    crossings.zebras(site, area)
    lit = signals.traffic_lights(site, area, crawling=drive.speed < _CRAWLING_M and drive.turns_at is None)
    traffic.vehicles(site, area, ride, (8.0, min(horizon, 120.0)))
    sides = list(lining.sides(site, seen))
    for side in sides:
        plots.plots(site, area, *side)
    stop = lining.bus_stop(site, area, seen)
    signals.signs(site, area, seen, lit)
    for side in sides:
        lining.parked(site, area, *side)
        lining.kerbside(site, area, *side)
        if side[0].section.pavement <= 0:
            countryside.roadside(site, *side)
    walkers.at_crossings(site, count)
    if stop:
        walkers.at_bus_stop(site, *stop)
    for side in sides:
        walkers.walkers(site, area, *side, count)
    backdrop.backdrop(site, area, horizon)


def _ground(site: Site, drive: _Drive) -> Iterator[Thing]:
    """All that is driven, walked or grown on."""
    land = "pavement" if drive.area.paved else "meadow" if drive.area.fields else "lawn"
    near = [cut for cut in site.dropped if site.view.distance(drive.net.street(cut.street).curve.at(cut.low)) < _DROPPED_M]
    made = [*paving.paving(drive.net, land, True, tuple(near), tuple(site.zebras)), *site.ground]
    for street in drive.net.streets:
        rng = site.rng(f"mended/{street.name}")
        for low, high in street.carriageways():
            made += paving.mended(rng, street, max(low, 0.0), min(high, 90.0))
    yield from (thing for thing in made if _is_seen(site, thing))


def _is_seen(site: Site, thing: Thing) -> bool:
    """Whether ground or paint that lies where its outline says is ever in the picture; the land all around is."""
    lines = [value for name, value in thing.shape.parameters if name in ("left", "right", "line")]
    if not lines:
        return True
    points = np.concatenate([np.reshape(line, (-1, 2)) for line in lines])
    low, high = points.min(axis=0), points.max(axis=0)
    return site.view.shows((low + high) / 2, float(np.linalg.norm(high - low)) / 2, 0.0)


def _faces(things: list[Thing]) -> int:
    return sum(shapes.triangles(thing.shape) for thing in things)


def _own_faces(things: list[Thing]) -> int:
    """Triangles of this scene's own ground, which is not worth remembering for other scenes."""
    return sum(len(shapes.SHAPES[thing.shape.kind](**dict(thing.shape.parameters)).faces) for thing in things)


def _affordable(site: Site, poses: Float, triangles: int) -> list[Thing]:
    """The things in order of their distance until the triangles are spent; what is behind the camera comes later, the rest is rejected."""
    eye, ahead = poses[0, :2, 3], poses[len(poses) // 2, :2, 2]

    def importance(thing: Thing) -> float:
        place = thing.poses[len(poses) // 2, :2, 3] if thing.poses is not None else np.array([thing.x, thing.y])
        behind = max(0.0, float(-ahead @ (place - eye)))
        return site.view.distance(place) + 3 * behind

    order = sorted(site.things, key=importance)
    spent = 0
    for number, thing in enumerate(order):
        spent += shapes.triangles(thing.shape)
        if spent > triangles:
            site.rejected.update(left.category for left in order[number:])
            return order[:number]
    return order


def _instances(things: list[Thing], palette: Palette) -> tuple[tuple[Instance, ...], tuple[Material, ...]]:
    index: dict[Material, int] = {}
    names: dict[str, int] = {}
    known: dict[tuple[str, str], int] = {}

    def slot(role: str, group: str) -> int:
        if (role, group) not in known:
            known[role, group] = index.setdefault(palette.material(role, group), len(index))
        return known[role, group]

    instances = []
    for thing in things:
        names[thing.category] = names.get(thing.category, 0) + 1
        slots = tuple(slot(role, thing.group) for role in thing.materials)
        name = f"{thing.category}_{names[thing.category]}"
        instances.append(Instance(name=name, category=thing.category, shape=thing.shape, materials=slots, motion=thing.motion))
    return tuple(instances), tuple(index)
