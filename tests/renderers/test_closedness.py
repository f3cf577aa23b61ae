"""Which faces may be culled from behind."""

import numpy as np

from renderers.connectivity import connections
from scenes.scene import Shape
from scenes.shapes import build

BOX = build(Shape.of("box", x=1.0, y=2.0, z=3.0))


def closed_faces(vertices, faces):
    """bool [F] of faces over vertices."""
    a, b, c = vertices.astype(np.float64)[faces.T]
    return connections(vertices, faces).closed((a * np.cross(b, c)).sum(-1))


def test_solids_are_closed_and_sheets_are_not():
    for kind, parameters in (("sphere", {"radius": 1.0}), ("cylinder", {"radius": 0.5, "height": 1.0})):
        mesh = build(Shape.of(kind, **parameters))
        assert closed_faces(mesh.vertices, mesh.faces).all(), kind
    assert closed_faces(BOX.vertices, BOX.faces).all()
    sheet = build(Shape.of("plane", x=1.0, y=1.0))
    assert not closed_faces(sheet.vertices, sheet.faces).any()


def test_a_missing_a_flipped_or_all_flipped_faces_open_a_box():
    flipped = BOX.faces[:, ::-1]
    assert not closed_faces(BOX.vertices, BOX.faces[1:]).any()
    assert not closed_faces(BOX.vertices, np.concatenate([flipped[:1], BOX.faces[1:]])).any()
    assert not closed_faces(BOX.vertices, flipped).any()


def test_parts_are_judged_one_by_one():
    second = BOX.vertices + np.float32([5, 0, 0])
    vertices, count = np.concatenate([BOX.vertices, second]), len(BOX.vertices)
    faces = np.concatenate([BOX.faces, BOX.faces[1:] + count])
    np.testing.assert_array_equal(closed_faces(vertices, faces), np.arange(len(faces)) < len(BOX.faces))
