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


def _block(kind: str, size: int) -> Shape:
    return Shape.of(kind, size=size)


def test_what_is_asked_for_again_after_it_had_to_go_is_kept_for_long():
    """2 KB for what is recent and 10 KB for what lasts; each array counts 200 bytes more than it has."""
    made = []

    def make(shape):
        made.append(shape.kind)
        return Block(np.zeros(int(dict(shape.parameters)["size"]), dtype=np.uint8))

    kept = Kept(make, megabytes=0.012)
    a, b, c, d, e, large = (_block(*which) for which in (("a", 800), ("b", 700), ("c", 300), ("d", 800), ("e", 9500), ("large", 30_000)))
    first = kept(a)
    assert kept(b) is kept(b)
    assert kept(a) is first  # now the most recent
    kept(c)  # 2,400 bytes: b goes
    assert kept(a) is first
    assert made == ["a", "b", "c"]
    kept(b)  # comes to last; c and a stay
    kept(d)  # c goes
    for number in range(50):
        kept(_block(f"once {number}", 1000))
    assert kept(b) is kept(b)
    assert made == ["a", "b", "c", "b", "d", *(f"once {number}" for number in range(50))]
    kept(c), kept(e), kept(e)  # c comes to last, e is larger than what is recent may be, yet kept
    assert made[-2:] == ["c", "e"]
    kept(a), kept(d)  # come to last
    assert made[-2:] == ["a", "d"]
    kept(_block("last", 100)), kept(e)  # e goes and comes to last, where there is room for nothing beside it
    for shape in (b, c, a, d):
        kept(shape)
    assert made[-6:] == ["last", "e", "b", "c", "a", "d"]
    assert kept(large) is kept(large), "one result is kept however large it is"
    kept.cache_clear()
    assert kept(a) is not first


def test_meshes_stay_within_their_bound():
    """Balls that come round again and again, too many for all to be kept."""
    shapes.build.cache_clear()
    for number in (*range(150), *range(150)):
        shapes.build(Shape.of("sphere", radius=0.1 + 0.001 * number, subdivisions=5))
    results = (*shapes.build._recent.values(), *shapes.build._lasting.values())
    held = sum(array.nbytes for mesh in results for array in vars(mesh).values())
    assert 0.9 * 42e6 < held < 42e6
