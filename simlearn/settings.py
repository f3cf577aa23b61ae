"""Settings given as text: image sizes and overrides of a family's configuration."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

from renderers.renderer import RENDERERS
from scenes.distributions import Choice, Distribution, Integers, LogUniform, Normal, Uniform
from scenes.errors import UserError
from scenes.families import FAMILIES
from scenes.scene import FamilyConfig


def parse_size(text: str) -> tuple[int, int]:
    """(width, height) in pixels of "320x240"; UserError for anything else."""
    match = re.fullmatch(r"(\d+)[xX](\d+)", text.strip())
    if not match or "0" in (match[1].strip("0") or "0", match[2].strip("0") or "0"):
        raise UserError(f"{text!r} is not an image size: give WIDTHxHEIGHT with both at least 1, for example 320x240")
    return int(match[1]), int(match[2])


def image_size(family: str, text: str) -> tuple[int, int]:
    """(width, height) of `text`, or the family's own size where it is empty."""
    if text:
        return parse_size(text)
    own = FAMILIES[family].Config()
    return own.width, own.height


def parse_settings(pairs: Iterable[str]) -> dict[str, str]:
    """{"name": "value"} of NAME=VALUE arguments."""
    settings = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name or not value:
            raise UserError(f"{pair!r} is not a setting: write NAME=VALUE, for example horizontal_fov=50..75")
        settings[name] = value
    return settings


def family_config(family: str, settings: Mapping[str, str], *, frames: int, width: int, height: int) -> FamilyConfig:
    """The family's configuration with the settings applied; UserError for an unknown name or a value that does not fit."""
    Config = FAMILIES[family].Config
    known = {f.name: getattr(Config(), f.name) for f in dataclasses.fields(Config) if f.name not in ("frames", "width", "height")}
    unknown = settings.keys() - known.keys()
    if unknown:
        raise UserError(f"family {family!r} has no setting {', '.join(sorted(unknown))}: known are {', '.join(known)}")
    values = {name: _value(name, text, known[name]) for name, text in settings.items()}
    return Config(frames=frames, width=width, height=height, **values)


def renderer_settings(renderer: str, settings: Mapping[str, str]) -> dict[str, int]:
    """The renderer's own whole-number settings; UserError for an unknown name or a value that does not fit."""
    parameters = inspect.signature(RENDERERS[renderer]).parameters
    known = [name for name, p in parameters.items() if type(p.default) is int and name != "threads"]
    for name, text in settings.items():
        if name not in known:
            raise UserError(f"renderer {renderer!r} has no setting {name}: {'known are ' + ', '.join(known) if known else 'it has none'}")
        if not re.fullmatch(r"-?\d+", text):
            raise UserError(f"{name}={text} does not fit: expected a whole number; the default is {parameters[name].default}")
    return {name: int(text) for name, text in settings.items()}


def _value(name: str, text: str, default: Any) -> Any:
    """`text` as a value of the kind of `default`: "3", "2..5" (a range) or "a|b|c" (a choice) for distributions."""
    try:
        if isinstance(default, Distribution):
            return _distribution(text, default)
        if isinstance(default, bool):
            return {"true": True, "false": False}[text.lower()]
        return type(default)(text)
    except (ValueError, KeyError) as error:
        expected = "a number, a range 2..5 or a choice a|b|c" if isinstance(default, Distribution) else type(default).__name__
        raise UserError(f"{name}={text} does not fit: expected {expected}; the default is {default}") from error


def _distribution(text: str, default: Distribution) -> Distribution:
    if isinstance(default, Choice):
        kind = type(default.options[0])
        return Choice(tuple(kind(option) for option in text.split("|")))
    low, dots, high = text.partition("..")
    high = high if dots else low
    if isinstance(default, Integers):
        return Integers(int(low), int(high))
    if isinstance(default, LogUniform):
        return LogUniform(float(low), float(high))
    assert isinstance(default, Uniform | Normal)
    return Uniform(float(low), float(high))
