"""Streets that several tests look at, made once."""

from __future__ import annotations

import functools

import numpy as np

from scenes import shapes, streets
from scenes.distributions import Choice
from scenes.geometry import transform
from scenes.randomness import Streams
from scenes.scene import Instance, Scene
from scenes.streets.areas import AREAS

VEHICLES = ("car", "van", "truck", "bus", "motorcycle", "bicycle")
GROUND = ("ground", "lawn", "field", "road", "junction", "kerb", "pavement", "lane_marking")


@functools.cache
def street(index: int) -> Scene:
    area, manoeuvre = list(AREAS)[index % 4], ("straight", "turn", "bend")[index % 3]
    return streets.sample(streets.Config(area=Choice((area,)), manoeuvre=Choice((manoeuvre,))), Streams(5, index))


def standing(scene: Scene, *categories: str) -> list[Instance]:
    return [i for i in scene.instances if i.category in categories and not i.motion.moves]


def cloud(instance: Instance, time: int = 0) -> np.ndarray:
    return transform(instance.motion.at(time), shapes.build(instance.shape).vertices)
