"""Instances of a house's things with their materials, within a budget of triangles."""

from __future__ import annotations

from collections.abc import Set

import numpy as np
from numpy.typing import NDArray

from scenes import shapes
from scenes.furnishing.layout import Item
from scenes.furnishing.lighting import glowing
from scenes.geometry import compose, rotation_z
from scenes.houses.plan import Room
from scenes.palette import Palette
from scenes.randomness import Streams
from scenes.scene import Instance, Material, Trajectory

_WET = ("kitchen", "bathroom")
_SHARED = frozenset(("trim", "door", "radiator", "outlook"))  # the same all over the house
_LARGE_M3 = 0.05  # bounding volume from which a thing is furniture and stays


def within(triangles: int, fixed: list[Item], things: list[Item], eyes: NDArray[np.float64]) -> tuple[list[Item], int]:
    """The building and as many things as the budget holds: the smallest that carry nothing go first, those far from the camera before
    those near. Second: how many were dropped."""
    counts = {item.name: shapes.triangles(item.shape) for item in (*fixed, *things)}
    total = sum(counts.values())
    middle = eyes.mean(axis=0)
    kept = sorted(things, key=lambda i: (i.category == "wall" or _volume(i) > _LARGE_M3, -np.hypot(i.x - middle[0], i.y - middle[1])))
    while total > triangles and kept:
        carrying = {item.on for item in kept}
        item = next(i for i in kept if i.name not in carrying)
        kept.remove(item)
        total -= counts[item.name]
    names = {item.name for item in kept}
    return [*fixed, *(item for item in things if item.name in names)], len(things) - len(kept)


def _volume(item: Item) -> float:
    return float(np.prod(shapes.size(item.shape)))


class Painter:
    """Materials of a house: each room has a palette of its own, the building one for all."""

    def __init__(self, rooms: tuple[Room, ...], streams: Streams, tints: NDArray[np.float64], exposure: float, night: bool) -> None:
        self._kinds = {room.name: room.kind for room in rooms}
        self._house = Palette(streams.child("building"), float(tints[0]))
        self._rooms = {room.name: Palette(streams.child(room.name), float(tint)) for room, tint in zip(rooms, tints, strict=True)}
        self._exposure, self._night = exposure, night

    def material(self, role: str, item: Item, dark: bool) -> Material:
        """What covers a slot of a thing; lamps that are off do not glow."""
        room, _, group = item.group.partition("/")
        material = self._drawn(role, room, group)
        if not any(material.emission):
            return material
        if dark:
            return Material(color=material.color, texture=material.texture, roughness=material.roughness, metallic=material.metallic)
        return glowing(material, self._exposure)

    def _drawn(self, role: str, room: str, group: str) -> Material:
        if room not in self._rooms:
            return self._house.material("grass" if role == "surface" else role, room)
        if group == "facade":
            return self._house.material("house_front", "facade")
        if role in _SHARED:
            night = role == "outlook" and self._night
            return self._house.material("night_outlook" if night else role, group if role == "door" else "building")
        if group == "shell":
            return self._surface(role, room)
        return self._rooms[room].material("curtain" if role == "fabric" and group == "curtains" else role, group)

    def _surface(self, role: str, room: str) -> Material:
        """Floor, walls and ceiling of a room: tiles where it gets wet, the same floor in rooms that belong together."""
        kind = self._kinds[room]
        if role == "wall" and kind == "bathroom":
            return self._rooms[room].material("wet_wall", "shell")
        if role == "floor":
            if kind in _WET:
                return self._rooms[room].material("wet_floor", "shell")
            return self._rooms[room].material("floor", "shell") if kind == "bedroom" else self._house.material("living_floor", "shell")
        return self._rooms[room].material(role, "shell")


def instances(items: list[Item], painter: Painter, dark: Set[str]) -> tuple[tuple[Instance, ...], tuple[Material, ...]]:
    """Instances of all things, and the materials they share; `dark` names the lamps that are off."""
    index: dict[Material, int] = {}
    found = []
    for item in items:
        chosen = [painter.material(role, item, item.name in dark) for role in shapes.roles(item.shape.kind)]
        found.append(
            Instance(
                name=item.name,
                category=item.category,
                shape=item.shape,
                materials=tuple(index.setdefault(material, len(index)) for material in chosen),
                motion=Trajectory.still(compose(rotation_z(item.yaw), (item.x, item.y, item.z))),
            )
        )
    return tuple(found), tuple(index)
