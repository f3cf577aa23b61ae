"""Named things that are imported when first used: one registry line adds one."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from scenes.errors import UserError


class Registry(Mapping[str, Any]):
    """Maps a public name to the object at ``"package.module:attribute"`` (or to the module itself when no attribute is given).

    The target is imported on first access, so that listing names costs nothing and rare dependencies stay optional.
    """

    def __init__(self, kind: str, targets: Mapping[str, str]) -> None:
        self.kind = kind
        self._targets = dict(targets)

    def target(self, name: str) -> str:
        """The target of a name, not imported (so that another process can `add` it); UserError for an unknown name."""
        if name not in self._targets:
            close = difflib.get_close_matches(str(name), self._targets, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise UserError(f"unknown {self.kind} {name!r}: {hint}known are {', '.join(self._targets)}")
        return self._targets[name]

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = self.target(name).partition(":")
        target = importlib.import_module(module)
        return getattr(target, attribute) if attribute else target

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __len__(self) -> int:
        return len(self._targets)

    def __contains__(self, name: object) -> bool:
        return name in self._targets

    def add(self, name: str, target: str) -> None:
        """Register a further target at run time (plug-ins, tests); a name that is taken is an error."""
        if name in self._targets:
            raise UserError(f"{self.kind} {name!r} is already registered as {self._targets[name]}")
        self._targets[name] = target
