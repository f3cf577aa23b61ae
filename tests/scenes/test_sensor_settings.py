"""Sensor settings: what is refused, what counts as perfect, and that a scene keeps them."""

import json
from dataclasses import replace

import pytest

from scenes import rooms
from scenes.errors import UserError
from scenes.randomness import Streams
from scenes.scene import Scene
from scenes.sensor import DepthSensor, Sensor

EVERYTHING = Sensor(
    vignetting=0.7,
    chromatic_aberration_px=(1.0, -0.5),
    aperture_m=0.01,
    focus_distance_m=3.0,
    shutter=0.5,
    readout=0.8,
    temporal_samples=12,
    channel_response=(0.5, 1.0, 0.6),
    white_balance=(2.0, 1.0, 1.6),
    bayer="GBRG",
    demosaic="bilinear",
    full_well_electrons=8000.0,
    read_noise_electrons=3.0,
    white_level=1.5,
    adc_bits=12,
    black_level=0.05,
    jpeg_quality=80,
)


def test_the_default_is_perfect_and_shaping_alone_changes_nothing():
    assert Sensor().is_perfect
    assert Sensor(focus_distance_m=9.0, temporal_samples=3, demosaic="bilinear", white_level=1.0).is_perfect


@pytest.mark.parametrize(
    "effect",
    [
        {"vignetting": 0.1},
        {"chromatic_aberration_px": (0.0, 0.1)},
        {"aperture_m": 0.001},
        {"shutter": 0.1},
        {"readout": 0.1},
        {"channel_response": (0.5, 1.0, 1.0)},
        {"white_balance": (1.0, 1.0, 1.1)},
        {"bayer": "RGGB"},
        {"full_well_electrons": 1e4},
        {"adc_bits": 8},
        {"jpeg_quality": 100},
    ],
)
def test_any_effect_makes_it_imperfect(effect):
    assert not Sensor(**effect).is_perfect


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"vignetting": 1.5}, "vignetting must be from 0 to 1, not 1.5"),
        ({"vignetting": float("nan")}, "vignetting"),
        ({"shutter": -0.1}, "shutter"),
        ({"readout": 1.1}, "readout"),
        ({"temporal_samples": 1}, "temporal_samples"),
        ({"focus_distance_m": 0.0}, "focus_distance_m must be above 0"),
        ({"bayer": "RGBG"}, "RGGB, BGGR, GRBG, GBRG"),
        ({"demosaic": "best"}, "bilinear, malvar"),
        ({"read_noise_electrons": 3.0}, "full_well_electrons"),
        ({"black_level": 0.1}, "adc_bits"),
        ({"white_balance": (1.0, 0.0, 1.0)}, "white_balance"),
        ({"jpeg_quality": 0}, "jpeg_quality"),
    ],
)
def test_a_setting_without_meaning_is_refused_by_name(settings, words):
    with pytest.raises(UserError, match=words):
        Sensor(**settings)


def test_a_depth_range_must_have_an_extent():
    with pytest.raises(UserError, match="max_depth_m must be above 2"):
        DepthSensor(min_depth_m=2.0, max_depth_m=1.0)


def test_a_scene_keeps_its_sensors_and_older_scenes_have_perfect_ones():
    room = replace(rooms.sample(rooms.Config(), Streams(0, 0)), sensor=EVERYTHING, depth_sensor=DepthSensor(focal_length_px=585.6))
    assert Scene.from_json(room.to_json()) == room
    document = json.loads(room.to_json())
    del document["sensor"], document["depth_sensor"]
    older = Scene.from_json(json.dumps(document))
    assert older == replace(room, sensor=Sensor(), depth_sensor=None)


def test_a_scene_with_an_unknown_effect_is_refused():
    document = json.loads(rooms.sample(rooms.Config(), Streams(0, 0)).to_json())
    document["sensor"]["fog"] = 1.0
    with pytest.raises(UserError, match="fog"):
        Scene.from_json(json.dumps(document))
