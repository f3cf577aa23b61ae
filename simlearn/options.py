"""The own options of a pretext or a dense network, given as text, by preset, or both."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from scenes.errors import UserError
from training.dense import DENSE
from training.learner import Learner
from training.pretexts import parts_of

PRESET = "preset"
Options = dict[str, Any]
"""Fields of a learner's Config; those of a nested one are a dictionary of their own."""


def parse_options(pairs: Iterable[str]) -> Options:
    """{"adapt": {"bn": "real"}, "semantic": 0.5} of "adapt.bn=real", "semantic=0.5"; values are JSON, or else text."""
    options: Options = {}
    for pair in pairs:
        path, equals, text = pair.partition("=")
        if not equals or not all(path.split(".")):
            raise UserError(f"{pair!r} is not an option: write NAME=VALUE, for example semantic=0.5 or crop.size=96")
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = text
        for name in reversed(path.split(".")):
            value = {name: value}
        options = merged(options, value)
    return options


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> Options:
    """Both, where they disagree the second; nested dictionaries field by field."""
    both = dict(first)
    for name, value in second.items():
        nested = isinstance(value, Mapping) and isinstance(both.get(name), Mapping)
        both[name] = merged(both[name], value) if nested else value
    return both


def configure(pretext: str, options: Mapping[str, Any], *, real: bool) -> Options:
    """All options of a run: the named preset's, if there is one, those for `real` pictures beside the data, and the given ones over them.

    Those of a combination are a dictionary for each part ("game_engine.semantic=1"). Raises UserError for an unknown preset or part, for a
    value of another kind than the default's, and for pictures that the method has no use for.
    """
    methods = parts_of(pretext)
    if real and all(method.with_real is None for method in methods.values()):
        raise UserError(f"pretext {pretext!r} has no use for real pictures beside its data: leave --real off")
    if len(methods) == 1:
        return _configured(pretext, methods[pretext], options, real=real)
    if strange := sorted(options.keys() - methods.keys()):
        raise UserError(f"{strange[0]!r} is no part of {pretext}: write the options of a part as {next(iter(methods))}.NAME=VALUE")
    return {name: _configured(name, method, options.get(name, {}), real=real) for name, method in methods.items()}


def configure_task(task: str, options: Mapping[str, Any], *, real: bool) -> Options:
    """The same of a dense network."""
    if real and DENSE[task].with_real is None:
        raise UserError(f"task {task!r} has no use for real pictures beside its data: leave --real off")
    return _configured(task, DENSE[task], options, real=real)


def _configured(name: str, method: type[Learner], options: Mapping[str, Any], *, real: bool) -> Options:
    given = {key: value for key, value in options.items() if key != PRESET}
    _check(name, given, method.Config().to_dict())
    base = _preset(name, method, options[PRESET]) if PRESET in options else {}
    return merged(merged(base, (method.with_real or {}) if real else {}), given)


def _preset(learner: str, method: type[Learner], name: str) -> Mapping[str, Any]:
    known = method.Config.PRESETS
    if name not in known:
        raise UserError(f"{method.kind} {learner!r} has no preset {name!r}: {'known are ' + ', '.join(known) if known else 'it has none'}")
    return known[name]


def _check(place: str, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    for name, value in given.items():
        default = defaults.get(name)
        if default is None:  # open to anything, or unknown, which the Config says better
            continue
        if isinstance(default, Mapping) and isinstance(value, Mapping):
            _check(f"{place}.{name}", value, default)
        elif _kind(value) != _kind(default):
            raise UserError(f"option {name}={value} of {place} does not fit: the default is {default}")


def _kind(value: Any) -> type:
    for kind in (bool, str, Mapping, list | tuple, int | float):
        if isinstance(value, kind):
            return kind  # type: ignore[return-value]
    return type(value)
