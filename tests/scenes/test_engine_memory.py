"""What the physics engine took for a scene it gives back. PyBullet remembers files by name and holds on to lists, unless told otherwise."""

import ctypes
import sys
from collections.abc import Callable

import numpy as np
import pytest

from scenes.importers.dropping import Fall, dropped
from scenes.physics import Body, World
from scenes.scene import Instance, Shape, Trajectory


class _Allocated(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]


def _native_bytes() -> int:
    """Bytes in use of the C library's heap."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        pytest.skip("the C library does not say what it allocated")
    library.mallinfo2.restype = _Allocated
    return int(library.mallinfo2().uordblks)


def _furnish() -> None:
    bodies = [Body(name=f"table {k}", shape=Shape.of("table", width=1.0 + 0.1 * k), pose=np.eye(4)) for k in range(8)]
    with World(bodies) as world:
        world.step(1)


def _left_behind(work: Callable[[], None], times: int) -> tuple[int, int]:
    """(bytes of the C library's heap, blocks of Python) that are in use after some runs and were not before."""
    for _ in range(2):
        work()
    before = _native_bytes(), sys.getallocatedblocks()
    for _ in range(times):
        work()
    return _native_bytes() - before[0], sys.getallocatedblocks() - before[1]


def _furnish() -> None:
    bodies = [Body(name=f"table {k}", shape=Shape.of("table", width=1.0 + 0.1 * k), pose=np.eye(4)) for k in range(8)]
    with World(bodies) as world:
        world.step(1)


def _drop() -> None:
    ground = Shape.of("sphere", radius=1.0, subdivisions=4)  # 5120 triangles
    room = [Instance(name="ground", category="floor", shape=ground, materials=(0,), motion=Trajectory.still(np.eye(4)))]
    floor = np.array([[[-0.2, -0.2, 1.0], [0.2, -0.2, 1.0], [0.0, 0.2, 1.0]]])
    fall = Fall(name="ball", shape=Shape.of("sphere", radius=0.1), upright=True, rng=np.random.default_rng(0))
    dropped(room, floor, 2.0, [[fall]])


def test_worlds_leave_nothing_behind():
    heap, blocks = _left_behind(_furnish, 12)
    assert heap < 50_000
    assert blocks < 1000


def test_dropping_things_leaves_nothing_behind():
    heap, blocks = _left_behind(_drop, 3)
    assert heap < 50_000
    assert blocks < 1000  # 15,360 rows of three numbers each time if lists are kept
