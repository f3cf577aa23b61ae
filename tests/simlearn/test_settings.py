import dataclasses

import pytest

from scenes.distributions import Choice, Integers, Uniform
from scenes.errors import UserError
from scenes.families import FAMILIES
from scenes.scene import FamilyConfig
from simlearn.settings import family_config, parse_settings, parse_size


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
