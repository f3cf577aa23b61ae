"""What a user may set of a format: the keyword arguments that its exporter has of its own, given as text."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from scenes.errors import UserError
from simlearn.exporters import EXPORTERS

COMMON = ("labels", "progress")
TRUTH = {"true": True, "false": False}


def export_options(format: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """The settings as arguments of the format's exporter; UserError for an unknown name or a value that does not fit."""
    parameters = inspect.signature(EXPORTERS[format]).parameters.values()
    known = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in COMMON}
    for name in settings:
        if name not in known:
            raise UserError(f"format {format!r} has no setting {name}: {'known are ' + ', '.join(known) if known else 'it has none'}")
    return {name: _value(name, text, known[name]) for name, text in settings.items()}


def _value(name: str, text: str, default: Any) -> Any:
    try:
        return TRUTH[text.lower()] if isinstance(default, bool) else type(default)(text)
    except (ValueError, KeyError) as error:
        expected = "true or false" if isinstance(default, bool) else f"a value like {default}"
        raise UserError(f"{name}={text} does not fit: expected {expected}") from error
