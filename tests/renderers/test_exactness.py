"""Every label against Embree and float64 reprojection on random worlds with moving objects; bounds are about ten times what 3000 gave."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from label_errors import label_errors
from reference_labels import Reference
from render_worlds import random_world

from renderers.frame import LABELS
from renderers.raster import RasterRenderer
from scenes.scene import Scene

EXACT = tuple(name for name in LABELS if name not in ("rgb", "rgb_right", "sensor_depth"))


def errors_of(world: Scene, time: int = 1) -> dict[str, float]:
    world = replace(world, stereo_baseline_m=0.1)
    return label_errors(RasterRenderer(world).render(time, EXACT), Reference(world))


def largest(errors: dict[str, float], name: str) -> float:
    """The largest of the figures of that name in all directions."""
    return max(value for key, value in errors.items() if key.split()[-1] == name)


def assert_exact(errors: dict[str, float], pixels: int, flow_px: float) -> None:
    """The bars; in small images one pixel is more than the share that they allow."""
    allowed = max(1e-3, 1.5 / pixels)
    assert errors["ids_off"] < allowed
    assert errors["ids_all"] < 2e-3
    assert errors["valid"] == 0
    assert errors["depth_median"] < 1e-6
    assert errors["depth_999"] < 1e-5
    assert errors["depth_elsewhere"] < allowed
    assert errors["distance"] < 1e-6
    assert errors["normal"] < 2e-3
    assert errors["object_point"] < 1e-3
    assert largest(errors, "scene_flow") < 1e-4
    assert largest(errors, "flow_px") < flow_px
    assert largest(errors, "out_of_frame") == 0
    assert largest(errors, "occluded_and_out") == 0
    assert largest(errors, "occluded_steady") < allowed
    assert largest(errors, "occluded_all") < max(5e-3, 20 / pixels)


@pytest.mark.parametrize("seed", [0, 1])
def test_full_size_worlds_are_exact(seed):
    """Measured over 12 worlds: flow within 1e-3 px, depth within 5e-7 at 99.9 %, occlusion on all pixels but 2e-5 of them."""
    assert_exact(errors_of(random_world(seed, width=640, height=480)), 640 * 480, flow_px=1e-2)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**9), objects=st.sampled_from([3, 14, 30]))
@example(seed=1179, objects=14)  # the camera leaves a ball: near and far side meet within few pixels
@example(seed=12450, objects=14)  # it leaves a box, whose corner has its sides at right angles
def test_random_worlds_are_exact(seed, objects):
    assert_exact(errors_of(random_world(seed, width=96, height=72, objects=objects)), 96 * 72, flow_px=1e-2)
