"""Occlusion where it is hard to see from pixels: thin things, crossing and folded surfaces, triangles smaller than a pixel."""

from dataclasses import replace

import numpy as np
import pytest
from label_errors import label_errors
from reference_labels import Reference
from render_worlds import camera, instance, mesh_of, mesh_shape, scene, sheet

from renderers.frame import LABELS
from renderers.raster import RasterRenderer
from scenes import geometry
from scenes.scene import Scene, Shape

EXACT = tuple(name for name in LABELS if name not in ("rgb", "rgb_right", "sensor_depth"))


def passed_by(parts, step=(0.08, 0.0, 0.0), poses=None) -> Scene:
    """All parts (triangles) as one mesh before a wall; the camera shifts by `step` from frame to frame, or the mesh moves."""
    path = np.stack([geometry.compose(np.eye(3), np.multiply(step, t)) for t in range(-1, 3)])
    thing = instance(mesh_shape(mesh_of(np.concatenate(parts))), poses)
    wall = instance(Shape.of("plane", x=60.0, y=60.0), geometry.compose(np.diag([1.0, -1.0, -1.0]), (0, 0, 8)))
    return replace(scene([thing, wall], camera(240, 180, 75), path, frames=2), stereo_baseline_m=0.1)


def strip(x: float, width: float, near: float, far: float, columns: int = 1) -> np.ndarray:
    """An upright strip from (x, near) to (x + width, far)."""
    return sheet(lambda u, v: (x + width * u, 3 * v - 1.5, near + (far - near) * u), columns, columns)


def rod(x: float, radius: float) -> np.ndarray:
    return sheet(lambda u, v: (x + radius * np.cos(2 * np.pi * u), 3 * v - 1.5, 3 + radius * np.sin(2 * np.pi * u)), 12, 1)


def folds(cells: int, depth: float, waves: float) -> np.ndarray:
    return sheet(lambda u, v: (4 * u - 2, 3 * v - 1.5, 3 + depth * np.sin(waves * u + v)), cells, max(1, cells // 10))


def bumps(cells: int) -> np.ndarray:
    return sheet(lambda u, v: (4 * u - 2, 3 * v - 1.5, 3 + 0.15 * np.sin(40 * u) * np.sin(30 * v)), cells, cells)


def floor_with_partitions() -> list[np.ndarray]:
    walls = [
        sheet(lambda u, v, x=x, z=z: (x + u, 1.2 - 0.6 * v, z + 0 * u)) for x in np.arange(-8.03, 8, 1.6) for z in (6.1, 9.2, 12.3, 15.1)
    ]
    return [sheet(lambda u, v: (20 * u - 10, 1.2 + 0 * u, 1 + 30 * v)), *walls]


AT = np.arange(-2.01, 2, 0.213)  # never on pixel borders, where rounding decides
WORLDS = {
    "rods of facets smaller than a pixel": lambda: passed_by([rod(x, 0.02) for x in AT]),
    "plates 2 cm before a plate": lambda: passed_by(
        [strip(x, 0.1, 3.0, 3.0) for x in AT] + [strip(-2.5, 5.0, 3.02, 3.02)], step=(0.8, 0, 0)
    ),
    "plates of triangles smaller than a pixel": lambda: passed_by(
        [strip(x, 0.1, 3.0, 3.0, 30) for x in AT] + [strip(-2.5, 5.0, 3.05, 3.05, 200)]
    ),
    "slanted plates": lambda: passed_by([strip(x, 0.09, 3.0, 3.13) for x in AT] + [strip(-2.5, 5.0, 3.2, 3.3)]),
    "crossing plates": lambda: passed_by([strip(x, 0.2, 3.0, 3.3) for x in AT] + [strip(x, 0.2, 3.3, 3.0) for x in AT], step=(0.3, 0, 0)),
    "steep crossing plates": lambda: passed_by([strip(x, 0.1, 3, 4) for x in AT] + [strip(x, 0.1, 4, 3) for x in AT], step=(0.3, 0, 0)),
    "coarse folds": lambda: passed_by([folds(60, 0.12, 40.0)]),
    "deep folds": lambda: passed_by([folds(200, 0.3, 60.0)]),
    "folds of triangles smaller than a pixel": lambda: passed_by([folds(500, 0.12, 40.0)]),
    "coarse bumps": lambda: passed_by([bumps(40)]),
    "bumps of triangles smaller than a pixel": lambda: passed_by([bumps(300)]),
    "partitions on a floor": lambda: passed_by(floor_with_partitions(), step=(0.4, 0, 0)),
    "forward between partitions": lambda: passed_by(floor_with_partitions(), step=(0.1, 0, 0.9)),
}


@pytest.mark.parametrize("name", WORLDS)
def test_hidden_points_are_those_to_which_no_ray_is_free(name):
    """Wrong are few pixels at outlines; where the answer does not change from pixel to pixel, none."""
    world = WORLDS[name]()
    errors = label_errors(RasterRenderer(world).render(1, EXACT), Reference(world))
    assert max(errors["forward hidden"], errors["backward hidden"], errors["right hidden"]) > 0.001
    for direction in ("forward", "backward", "right"):
        assert errors[f"{direction} occluded_steady"] == 0
        assert errors[f"{direction} occluded_all"] < 5e-3, direction
        assert errors[f"{direction} out_of_frame"] == 0


@pytest.mark.parametrize("cells", [1, 100])
@pytest.mark.parametrize("thickness", [0.005, 0.04])
def test_a_thin_plate_that_turns_over_hides_its_other_side(thickness, cells):
    faces = [sheet(lambda u, v, z=z: (1.6 * u - 0.8, 1.6 * v - 0.8, z + 0 * u), cells, cells) for z in (-thickness / 2, thickness / 2)]
    turns = [geometry.compose([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]], (0, 0, 3)) for a in (1.0, 1.4, 1.8, 2.2)]
    world = passed_by(faces, step=(0, 0, 0), poses=np.stack(turns))
    errors = label_errors(RasterRenderer(world).render(0, EXACT), Reference(world))
    assert errors["forward hidden"] > 0.01
    assert errors["forward occluded_steady"] == errors["backward occluded_steady"] == 0
    assert errors["forward occluded_all"] < 1e-3
