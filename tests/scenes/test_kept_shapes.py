"""What is made of shapes is kept up to a number of bytes, the most recently used first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenes import shapes
from scenes.scene import Shape
from scenes.shapes.memory import Kept


@dataclass(frozen=True)
class Block:
    data: NDArray[np.uint8]


def test_the_least_recently_used_go_until_the_rest_fit():
    made = []

    def make(shape):
        made.append(shape.kind)
        return Block(np.zeros(int(dict(shape.parameters)["size"]), dtype=np.uint8))

    kept = Kept(make, megabytes=0.01)
    a, b, c, d = (Shape.of(kind, size=size) for kind, size in (("a", 4000), ("b", 2000), ("c", 3000), ("d", 20_000)))
    first = kept(a)
    for shape in (b, a, c):  # 9,600 bytes with what Python needs
        kept(shape)
    assert kept(a) is first
    assert made == ["a", "b", "c"]
    kept(Shape.of("e", size=1500))  # 11,300 bytes: b has to go, and no more
    for shape in (c, a, b):
        kept(shape)
    assert made == ["a", "b", "c", "e", "b"]
    assert kept(d) is kept(d), "one result is kept however large it is"
    kept(a)
    assert made == ["a", "b", "c", "e", "b", "d", "a"]
    kept.cache_clear()
    assert kept(a) is not first


def test_meshes_stay_within_their_bound():
    shapes.build.cache_clear()
    for number in range(120):
        shapes.build(Shape.of("sphere", radius=0.1 + 0.001 * number, subdivisions=5))
    held = sum(array.nbytes for mesh in shapes.build._results.values() for array in vars(mesh).values())
    assert 0.9 * 36e6 < held < 36e6
