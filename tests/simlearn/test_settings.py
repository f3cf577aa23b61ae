import dataclasses

import pytest

from scenes.distributions import Choice, Integers, Uniform
from scenes.errors import UserError
from scenes.families import FAMILIES
from scenes.scene import FamilyConfig
from simlearn.settings import family_config, image_size, parse_settings, parse_size, renderer_settings


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(FamilyConfig):
    count: Integers = Integers(1, 3)
    fov_deg: Uniform = Uniform(50, 70)
    kind: Choice = Choice(("a", "b"))
    doors: bool = True
    limit: int = 5


@pytest.fixture
def family():
    if "settings_test" not in FAMILIES:
        FAMILIES.add("settings_test", __name__)
    yield "settings_test"
    del FAMILIES._targets["settings_test"]


def configured(family, *pairs):
    return family_config(family, parse_settings(pairs), frames=2, width=4, height=3)


def test_settings_become_values_of_the_defaults_kind(family):
    config = configured(family, "count=2..6", "fov_deg=60", "kind=b", "doors=false", "limit=7")
    assert config == Config(
        frames=2, width=4, height=3, count=Integers(2, 6), fov_deg=Uniform(60, 60), kind=Choice(("b",)), doors=False, limit=7
    )


@pytest.mark.parametrize("pair", ["cuont=2", "count=two", "count=2.5", "fov_deg=a..b", "doors=maybe", "fov_deg=70..50", "count", "=3"])
def test_a_setting_that_does_not_fit_is_a_sentence(family, pair):
    with pytest.raises(UserError) as error:
        configured(family, pair)
    assert "\n" not in str(error.value)


def test_sizes():
    assert parse_size("320x240") == (320, 240)
    for text in ("0x240", "320x0", "320", "-3x4", "320x240x3", "axb", ""):
        with pytest.raises(UserError, match="320x240"):
            parse_size(text)


def test_renderer_settings_are_those_of_the_renderer():
    assert renderer_settings("path", {"samples": "64", "max_depth": "2"}) == {"samples": 64, "max_depth": 2}
    assert renderer_settings("raster", {}) == {}
    for renderer, settings, sentence in (
        ("path", {"sample": "64"}, r"'path' has no setting sample: known are samples"),
        ("path", {"samples": "many"}, r"samples=many does not fit: expected a whole number; the default is 16"),
        ("raster", {"threads": "2"}, r"'raster' has no setting threads: it has none"),
    ):
        with pytest.raises(UserError, match=sentence):
            renderer_settings(renderer, settings)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"lens": "fishy"}, "unknown lens 'fishy': known are pinhole"),
        ({"sensor": "webca"}, "unknown sensor 'webca': known are perfect"),
        ({"depth_sensor": "kinect"}, "unknown depth_sensor 'kinect': known are none"),
        ({"stereo_baseline_m": -0.1}, "stereo baseline"),
    ],
)
def test_unknown_equipment_is_a_sentence(setting, sentence):
    with pytest.raises(UserError, match=sentence):
        FamilyConfig(**setting)


def test_a_family_has_a_size_of_its_own():
    assert image_size("rooms", "") == (320, 240)
    assert image_size("streets", "") == (1242, 375)
    assert image_size("streets", "64x48") == (64, 48)
