"""Floor plans: proportions, no overlap, a way from the front door to every room, windows only where nothing lies behind."""

from __future__ import annotations

import functools
from itertools import combinations

import numpy as np
import pytest

from scenes import houses
from scenes.distributions import Integers, Uniform
from scenes.errors import UserError
from scenes.houses import House, openings, plan, programme
from scenes.randomness import Streams

COUNTS = range(3, 11)
AREAS = {"living": (14, 30), "bedroom": (9, 16), "kitchen": (7, 14), "bathroom": (4, 8), "office": (7, 12), "dining": (9, 16)}


@functools.cache
def house(count: int, seed: int) -> House:
    streams = Streams(seed, count)
    return houses.build(count, 0.12, 2.5, 0.6, streams)


CASES = [(count, seed) for count in COUNTS for seed in range(6)]


def gap(a: plan.Rect, b: plan.Rect) -> float:
    """Distance between two rectangles along the axis on which they are farther apart; negative when they overlap."""
    return max(max(a.x0, b.x0) - min(a.x1, b.x1), max(a.y0, b.y0) - min(a.y1, b.y1))


@pytest.mark.parametrize(("count", "seed"), CASES)
def test_rooms_have_the_sizes_of_their_kinds(count: int, seed: int) -> None:
    rooms = house(count, seed).rooms
    assert len(rooms) == count
    assert len({room.name for room in rooms}) == count
    for room in rooms:
        length, breadth = room.inside.size
        if room.kind == "corridor":
            assert 1.1 - 2e-3 <= min(length, breadth) <= 1.6 + 2e-3
        else:
            low, high = AREAS[room.kind]
            assert low - 0.02 <= length * breadth <= high + 0.02, room
            assert max(length, breadth) <= 2.35 * min(length, breadth), room


@pytest.mark.parametrize(("count", "seed"), CASES)
def test_rooms_keep_a_wall_apart(count: int, seed: int) -> None:
    for a, b in combinations(house(count, seed).rooms, 2):
        assert gap(a.inside, b.inside) >= 0.12 - 1e-6, (a, b)


@pytest.mark.parametrize(("count", "seed"), CASES)
def test_every_room_is_reached_from_the_front_door(count: int, seed: int) -> None:
    built = house(count, seed)
    assert built.front.span.b == openings.OUTSIDE
    reached = {built.front.span.a}
    for _ in range(count):
        reached |= {k for link in built.links for k in link.rooms if set(link.rooms) & reached}
    assert reached == set(range(count))


@pytest.mark.parametrize(("count", "seed"), CASES)
def test_doors_lie_in_the_wall_between_their_rooms(count: int, seed: int) -> None:
    built = house(count, seed)
    for link in built.links:
        a, b = (built.rooms[k].inside for k in link.rooms)
        level = link.span.side in ("north", "south")
        overlap = (max(a.x0, b.x0), min(a.x1, b.x1)) if level else (max(a.y0, b.y0), min(a.y1, b.y1))
        assert overlap[0] + 0.05 <= link.at - link.width / 2
        assert link.at + link.width / 2 <= overlap[1] - 0.05
        assert gap(a, b) == pytest.approx(0.12, abs=2e-3)


@pytest.mark.parametrize(("count", "seed"), CASES)
def test_nothing_lies_behind_windows_and_the_front_door(count: int, seed: int) -> None:
    built = house(count, seed)
    for part in built.parts:
        cx, cy = part.room.inside.centre
        front = [hole for link, hole in part.doors if link is built.front]
        for hole in (*part.windows, *front):
            assert hole.z + hole.height < part.layout.height
            for offset in (-hole.width / 2, hole.width / 2):
                x, y = hole.wall.point(hole.along + offset, -0.5)
                behind = plan.Rect(x + cx, y + cy, x + cx, y + cy)
                assert all(gap(behind, room.lines) > 0 for room in built.rooms), part.room


def test_openings_of_one_wall_keep_apart() -> None:
    for count, seed in CASES:
        for part in house(count, seed).parts:
            holes = [*(hole for _, hole in part.doors), *part.windows]
            for a, b in combinations(holes, 2):
                if a.wall == b.wall:
                    assert abs(a.along - b.along) > (a.width + b.width) / 2 + 0.05, part.room


def test_bathrooms_are_not_passages_when_there_is_a_corridor() -> None:
    for count, seed in CASES:
        rooms = house(count, seed).rooms
        if rooms[0].kind == "corridor":
            for k, room in enumerate(rooms):
                beside = [link for link in house(count, seed).links if k in link.rooms]
                assert room.kind != "bathroom" or len(beside) <= 2


def test_plans_differ() -> None:
    found = {tuple(round(v, 2) for room in house(count, seed).rooms for v in room.inside.size) for count, seed in CASES}
    assert len(found) == len(CASES)
    kinds = {room.kind for count, seed in CASES for room in house(count, seed).rooms}
    assert kinds == set(programme.KINDS) | {"corridor"}


def test_a_row_is_divided_within_its_limits() -> None:
    rng = np.random.default_rng(0)
    limits = np.array([[2.0, 4.0], [3.0, 3.5], [1.6, 2.5]])
    for total in (6.6, 8.0, 10.0):
        widths = plan._divide(limits, total, rng)
        assert widths.sum() == pytest.approx(total)
        assert (widths >= limits[:, 0] - 1e-9).all()
        assert (widths <= limits[:, 1] + 1e-9).all()


def test_impossible_houses_are_refused_by_name() -> None:
    with pytest.raises(UserError, match="3 to 10 rooms"):
        houses.Config(rooms=Integers(2, 4))
    with pytest.raises(UserError, match="room_height"):
        houses.Config(room_height=Uniform(2.0, 2.5))
    with pytest.raises(UserError, match="triangles"):
        houses.Config(triangles=100)
