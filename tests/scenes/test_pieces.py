"""The catalogue: everything can be drawn, built and painted, has the size of the real thing, a class and measures that matter."""

from __future__ import annotations

import inspect
from collections import defaultdict

import numpy as np
import pytest

from scenes import semantics, shapes
from scenes.palette import Palette
from scenes.pieces import PIECES, Piece
from scenes.randomness import Streams
from scenes.scene import Mesh, Shape

DRAWS = 3
ROOM_TYPES = {"bedroom", "living", "dining", "office", "kitchen", "bathroom", "corridor"}
BARE = ("mesh_file", "urdf_link", "box", "sphere", "cylinder", "plane", "slab")  # bear the material that their user gives

# Longest edge of the bounding box in metres, least and most, as catalogues and building codes have it.
LONGEST: dict[str, tuple[float, float]] = {
    "armchair": (0.7, 1.1),
    "bag": (0.24, 0.6),
    "ball": (0.15, 0.32),
    "basket": (0.2, 0.8),
    "bathtub": (1.4, 1.9),
    "bed": (1.8, 2.3),
    "blinds": (0.7, 2.0),
    "books": (0.1, 0.5),
    "bookshelf": (0.6, 2.2),
    "bottle": (0.15, 0.38),
    "bowl": (0.12, 0.36),
    "box": (0.2, 0.6),
    "cabinet": (0.4, 2.0),
    "candle": (0.07, 0.3),
    "chair": (0.8, 1.25),
    "clock": (0.1, 0.45),
    "clothes": (0.7, 1.4),
    "coat_rack": (1.5, 2.0),
    "coffee_table": (0.7, 1.4),
    "computer_mouse": (0.09, 0.13),
    "counter": (0.8, 2.5),
    "curtain": (1.4, 3.0),
    "cushion": (0.3, 0.6),
    "desk": (1.0, 1.8),
    "dishwasher": (0.8, 0.9),
    "dresser": (0.7, 1.5),
    "glass": (0.07, 0.26),
    "globe": (0.2, 0.6),
    "guitar": (0.85, 1.15),
    "kettle": (0.18, 0.3),
    "keyboard": (0.3, 0.5),
    "knife_block": (0.18, 0.3),
    "lamp": (0.25, 1.9),
    "laptop": (0.28, 0.42),
    "microwave": (0.4, 0.56),
    "mirror": (0.4, 1.3),
    "monitor": (0.4, 0.8),
    "mug": (0.06, 0.15),
    "nightstand": (0.38, 0.7),
    "ottoman": (0.4, 1.0),
    "package": (0.07, 0.36),
    "pan": (0.35, 0.55),
    "paper": (0.27, 0.35),
    "pen_holder": (0.15, 0.25),
    "photo_frame": (0.1, 0.3),
    "picture": (0.25, 1.4),
    "pillow": (0.4, 0.85),
    "plant": (0.15, 1.8),
    "plate": (0.15, 0.32),
    "pot": (0.2, 0.4),
    "printer": (0.35, 0.5),
    "range_hood": (0.5, 1.0),
    "refrigerator": (0.8, 2.1),
    "rug": (0.9, 3.2),
    "shoes": (0.2, 0.33),
    "shower": (1.9, 2.2),
    "shower_curtain": (1.6, 2.1),
    "sink": (0.8, 1.2),
    "sofa": (1.3, 2.8),
    "speaker": (0.2, 0.45),
    "stool": (0.4, 0.55),
    "stove": (0.8, 1.0),
    "table": (0.65, 2.2),
    "teapot": (0.18, 0.32),
    "telephone": (0.17, 0.26),
    "television": (0.7, 1.6),
    "tissue_box": (0.1, 0.27),
    "toaster": (0.22, 0.4),
    "toilet": (0.6, 0.9),
    "towel": (0.25, 1.0),
    "toy": (0.08, 0.55),
    "umbrella_stand": (0.7, 1.0),
    "vacuum_cleaner": (0.85, 1.2),
    "vase": (0.15, 0.45),
    "wardrobe": (1.8, 2.4),
    "washing_machine": (0.8, 0.9),
    "waste_bin": (0.2, 0.7),
}
INDOORS = {name: piece for name, piece in PIECES.items() if piece.rooms}


def draws(piece: Piece, count: int = DRAWS) -> list[Shape]:
    return [piece.draw(np.random.default_rng([17, k])) for k in range(count)]


def closed(mesh: Mesh) -> bool:
    """Whether every edge is run through as often in one direction as in the other, vertices at one position being one."""
    unique, index = np.unique(mesh.vertices + np.float32(0), axis=0, return_inverse=True)
    faces = index.reshape(-1)[mesh.faces].astype(np.int64)
    a, b = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    return np.array_equal(np.sort(a * len(unique) + b), np.sort(b * len(unique) + a))


@pytest.mark.parametrize("name", PIECES)
def test_draws_build_closed_meshes_of_few_triangles(name: str) -> None:
    for shape in draws(PIECES[name]):
        mesh = shapes.build(shape)
        assert 10 < len(mesh.faces) < 6000
        assert closed(mesh)
        np.testing.assert_allclose(np.ptp(mesh.vertices, axis=0), shapes.size(shape), atol=1e-4)
        assert mesh.slots.max() < len(shapes.roles(shape.kind))


@pytest.mark.parametrize("name", INDOORS)
def test_things_have_the_size_of_the_real_ones(name: str) -> None:
    low, high = LONGEST[PIECES[name].category] if name != "hall_bench" else (0.7, 1.5)
    longest = [max(shapes.size(shape)) for shape in draws(PIECES[name], 25)]
    assert low <= min(longest)
    assert max(longest) <= high


@pytest.mark.parametrize("name", INDOORS)
def test_large_means_furniture(name: str) -> None:
    piece = INDOORS[name]
    longest = [max(shapes.size(shape)) for shape in draws(piece, 10)]
    assert min(longest) > 0.35 if piece.large else max(longest) < (0.9 if piece.loose else 1.5)


@pytest.mark.parametrize("name", PIECES)
def test_every_thing_has_a_class_and_a_place(name: str) -> None:
    piece = PIECES[name]
    assert piece.rooms or piece.outdoors
    assert set(piece.rooms) <= ROOM_TYPES
    if piece.rooms:
        assert semantics.semantic_id(piece.category, "nyu40") > 0
    if piece.outdoors:
        assert semantics.semantic_id(piece.category, "cityscapes") > 0


@pytest.mark.parametrize("kind", sorted(ROOM_TYPES))
def test_every_room_has_its_things(kind: str) -> None:
    found = [piece for piece in PIECES.values() if piece.rooms.get(kind, 0) > 0]
    assert len([piece for piece in found if piece.large]) >= 4
    assert len([piece for piece in found if not piece.large]) >= 5


@pytest.mark.parametrize("name", PIECES)
def test_draws_repeat_and_vary(name: str) -> None:
    first, again = draws(PIECES[name], 6), draws(PIECES[name], 6)
    assert first == again
    assert len(set(first)) >= 4


def test_every_role_has_a_material() -> None:
    palette = Palette(Streams(3, 0), 0.4)
    for kind in shapes.SHAPES:
        if kind in BARE or not shapes.SHAPES.target(kind).startswith("scenes."):
            continue
        for role in shapes.roles(kind):
            material = palette.material(role, kind)
            assert min(material.color) >= 0
            assert max(material.color) <= 1
            assert 0 < material.roughness <= 1


def _effective(shape: Shape, enough: int) -> set[str]:
    """The first `enough` float parameters of a shape that change its mesh when they change by 7 %."""
    signature = inspect.signature(shapes.SHAPES[shape.kind]).parameters
    given = dict(shape.parameters)
    found: set[str] = set()
    mesh = shapes.build(shape)
    for name, parameter in signature.items():
        value = given.get(name, parameter.default)
        if not isinstance(value, float) or len(found) == enough:
            continue
        other = shapes.build(Shape.of(shape.kind, **{**given, name: 1.07 * value if value else 0.05}))
        if other.vertices.shape != mesh.vertices.shape or np.abs(other.vertices - mesh.vertices).max() > 1e-5:
            found.add(name)
    return found


def test_at_least_ninety_categories_have_four_measures_that_shape_them() -> None:
    measures: dict[str, set[str]] = defaultdict(set)
    for piece in PIECES.values():
        if len(measures[piece.category]) < 4:
            measures[piece.category] = max(measures[piece.category], _effective(draws(piece, 1)[0], 4), key=len)
    enough = [category for category, found in measures.items() if len(found) >= 4]
    assert len(enough) >= 90, f"too few in {sorted(set(measures) - set(enough))}"
