"""SceneNet layouts filled with ShapeNet objects that fall and come to rest, from the folders that `layouts` and `shapenet` name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import radians
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.camera import Camera
from scenes.distributions import Uniform
from scenes.errors import UserError
from scenes.importers.collection import Collection
from scenes.importers.dropping import Fall, dropped
from scenes.importers.free_space import upper_side, world_triangles
from scenes.importers.indoors import IndoorConfig, boxes_of, free_space, lit, reflectance, tell
from scenes.importers.layouts import add_layout, floor_of, layout_files, room_type
from scenes.importers.meshes import Asset, import_mesh
from scenes.importers.synsets import LARGE_M, Kind, kind_of
from scenes.randomness import Streams
from scenes.scene import Instance, Scene, Trajectory

LABEL_SPACE = "nyu40"
SMALL, MOST_SMALL, MOST_LARGE = 10, 70, 30  # SceneNet RGB-D's limits of how many things a room holds
FEWEST_LARGE = 3
THINNED = (1.0, 0.6, 0.3)  # shares of the things that are tried until there is room to walk
ELSEWHERE = 0.02  # how often a kind is found in rooms it does not belong to, relative to those it does
Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Config(IndoorConfig):
    """layouts, shapenet: the two folders. textures: SceneNet's texture library, if there is one. layout_scale: metres of a layout's unit.

    large, small: things per square metre of floor above and below 0.4 m. upright: share of the things that are dropped upright.
    """

    layouts: str = ""
    shapenet: str = ""
    textures: str = ""
    layout_scale: float = 1.0
    large: Uniform = Uniform(0.1, 0.5)
    small: Uniform = Uniform(0.5, 3.0)
    upright: float = 0.6

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.layout_scale > 0 and 0 <= self.upright <= 1):
            raise UserError(f"layout_scale is positive and upright a share in 0 ... 1, not {self.layout_scale} and {self.upright}")


def sample(config: Config, streams: Streams) -> Scene:
    """The world with this seed and index."""
    if not (config.layouts and config.shapenet):
        raise UserError(
            "the family scenenet reads two folders: name them, for example --set layouts=SceneNetLayouts shapenet=ShapeNetCore.v2"
        )
    draw = streams.child("scenenet")
    files = layout_files(Path(config.layouts))
    layout = files[int(draw.generator("layout").integers(len(files)))]
    camera = Camera.from_fov(
        width=config.width, height=config.height, horizontal_fov_deg=config.horizontal_fov.sample(draw.generator("fov"))
    )
    for share in THINNED:
        things, remarks = Collection(), list[str]()
        add_layout(layout, config.layout_scale, things, draw, Path(config.textures) if config.textures else None, remarks)
        floor = floor_of(things.instances)
        if floor is None:
            raise UserError(f"{layout} has no floor: one of its objects must have a name with 'floor' in it")
        room = list(things.instances)
        rejected = _fill(config, draw, layout, share, floor, things, remarks)
        poses = _walk(config, draw, camera, things.instances, floor)
        if poses is not None:
            break
    else:
        raise UserError(f"no walk was found in {layout}, even with few things: give another index, or a slower camera")
    facts = {
        "layout": layout.relative_to(config.layouts).as_posix(),
        "room_type": room_type(layout),
        "dropped": len(things.instances) - len(room),
        "density": share,
        "rejected": dict(sorted(rejected.items())),
        "remarks": tell(f"layout {layout}", remarks),
    }
    return config.equip(_scene(config, streams, camera, poses, things, _bounds(room), facts))


def _scene(
    config: Config, streams: Streams, camera: Camera, poses: Float, things: Collection, bounds: Float, facts: dict[str, Any]
) -> Scene:
    draw = streams.child("scenenet")
    brightness, ambient = (getattr(config, name).sample(draw.generator(name)) for name in ("brightness", "ambient"))
    light = lit([bounds], reflectance(things), brightness, ambient, draw.generator("light"))
    return Scene(
        family="scenenet",
        seed=streams.seed,
        index=streams.index,
        frames=config.frames,
        label_space=LABEL_SPACE,
        camera=camera,
        camera_motion=Trajectory(poses),
        instances=tuple(things.instances),
        materials=things.materials,
        lights=light.lights,
        sky=light.sky,
        exposure=light.exposure,
        metadata=facts,
    )


def _bounds(room: list[Instance]) -> Float:
    boxes = boxes_of(room)
    return np.stack([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])


def _walk(config: Config, draw: Streams, camera: Camera, instances: list[Instance], floor: Instance) -> Float | None:
    space = free_space(instances, floor, config.eye_height.sample(draw.generator("eye height")))
    things = boxes_of(i for i in instances if i.category not in ("floor", "ceiling", "wall"))
    speed, turn = config.speed.sample(draw.generator("speed")), radians(config.turn.sample(draw.generator("turn")))
    return space.walk(draw.generator("walk"), camera, things, config.frames, speed, turn)


def _fill(
    config: Config, draw: Streams, layout: Path, share: float, floor: Instance, things: Collection, remarks: list[str]
) -> Counter[str]:
    """Drops a share of the large things, then of the small ones; adds those that come to rest, and counts the others by reason."""
    room = list(things.instances)
    ground = upper_side(world_triangles(floor))
    area = float(np.linalg.norm(np.cross(ground[:, 1] - ground[:, 0], ground[:, 2] - ground[:, 0]), axis=1).sum()) / 2
    counts = {
        True: int(share * np.clip(round(area * config.large.sample(draw.generator("large"))), FEWEST_LARGE, MOST_LARGE)),
        False: int(share * np.clip(round(area * config.small.sample(draw.generator("small"))), SMALL, MOST_SMALL)),
    }
    root = Path(config.shapenet)
    chosen: dict[str, tuple[Kind, Asset]] = {}
    rounds: list[list[Fall]] = []
    for large, count in counts.items():
        falls = []
        for k, (kind, asset) in enumerate(
            _objects(root, draw.child("large" if large else "small"), room_type(layout), large, count, remarks)
        ):
            name = f"{kind.name}_{'L' if large else 'S'}{k}"
            rng = draw.generator(f"drop/{name}")
            falls.append(Fall(name, asset.shape, bool(rng.uniform() < config.upright), rng))
            chosen[name] = (kind, asset)
        rounds.append(falls)
    poses, rejected = dropped(room, ground, float(_bounds(room)[1, 2]), rounds)
    for name, pose in poses.items():
        kind, asset = chosen[name]
        things.add(kind.name, kind.category, asset.shape, asset.materials, Trajectory.still(pose))
    return rejected


@lru_cache(maxsize=8)
def _models(root: Path) -> dict[str, tuple[str, ...]]:
    """Model ids by synset, sorted; UserError when the folder holds none."""
    folders = sorted(folder for folder in root.iterdir() if folder.is_dir() and folder.name.isdigit()) if root.is_dir() else []
    found = {folder.name: tuple(sorted(model.name for model in folder.iterdir() if model.is_dir())) for folder in folders}
    found = {synset: models for synset, models in found.items() if models}
    if not found:
        raise UserError(f"{root} is not a ShapeNetCore folder: expected <synset>/<model>/models/model_normalized.obj")
    return found


def _objects(root: Path, draw: Streams, room: str, large: bool, count: int, remarks: list[str]) -> Iterator[tuple[Kind, Asset]]:
    """Up to `count` objects that suit the room, of random kinds and models; what cannot be read is left out with a remark."""
    models = _models(root)
    kinds = {synset: kind_of(synset, root) for synset in models}
    unknown = sorted(synset for synset, kind in kinds.items() if kind is None)
    if unknown:
        remarks.append(f"synsets {', '.join(unknown)} of {root} have no NYU40 class: their objects are not used")
    fitting = {synset: kind for synset, kind in kinds.items() if kind is not None and kind.large == large}
    if not fitting:
        remarks.append(f"{root} has no {'large' if large else 'small'} things (border {LARGE_M} m)")
        return
    weights = np.array([1.0 if room in kind.rooms else ELSEWHERE for kind in fitting.values()])
    for k in range(count):
        rng = draw.generator(f"{k}")
        synset = list(fitting)[int(rng.choice(len(fitting), p=weights / weights.sum()))]
        kind, model = fitting[synset], models[synset][int(rng.integers(len(models[synset])))]
        height = round(float(rng.uniform(kind.low, kind.high)), 3)
        file = root / synset / model / "models" / "model_normalized.obj"
        try:  # up is +y and the front -z in ShapeNetCore
            asset = import_mesh(file, height=height, up="y", turn_deg=180.0, warn=False)
        except UserError as error:
            remarks.append(f"left out {kind.name} {model}: {error}")
            continue
        remarks += [f"{file}: {remark}" for remark in asset.remarks if "texture" in remark]
        yield kind, asset
