"""Holding a place that knows no locks against a second generator: a file there, which its owner rewrites now and then.

Clocks of machines differ, so none is compared: a lease that has not changed while somebody watched it for STALE_S belongs to a
generator that was killed, and is taken over. A generator that finds its own lease taken over, because it was cut off or asleep for so
long, stops.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import sys
import threading
import time
from types import TracebackType
from typing import Any, Protocol

from scenes.errors import UserError

LEASE = "lock.json"
BEAT_S = 15.0
STALE_S = 120.0


class Files(Protocol):
    """What a lease needs of the place."""

    def create(self, name: str, text: str) -> bool:
        """Write a text file that is not there yet; False when it is there already."""
        ...

    def read(self, name: str) -> str | None: ...

    def write(self, name: str, text: str) -> None: ...

    def remove(self, name: str) -> None: ...


class Lease:
    """Context in which this process alone writes to `place`. Raises UserError when another one does."""

    def __init__(self, place: Files) -> None:
        self._place = place
        self._owner = f"process {os.getpid()} on {platform.node()}"
        self._token = secrets.token_hex(8)
        self._beats = 0
        self.lost = False
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Lease:
        if not self._place.create(LEASE, self._text()):
            self._outwait()
        self._heart.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._heart.join()
        if self._is_mine(self._place.read(LEASE)):
            self._place.remove(LEASE)

    def check(self) -> None:
        """UserError when the lease is no longer this process's."""
        if self.lost:
            raise UserError(
                f"another generator has taken over {self._place} while this one was out of touch for minutes: leave it to that one, "
                "or stop that one and run again with --resume"
            )

    def _text(self) -> str:
        return json.dumps({"owner": self._owner, "token": self._token, "beat": self._beats})

    def _is_mine(self, text: str | None) -> bool:
        return text is not None and _facts(text).get("token") == self._token

    def _outwait(self) -> None:
        """Returns with the lease in hand if its owner is dead, which takes STALE_S to see, or lets it go."""
        held = self._place.read(LEASE)
        owner = _facts(held or "").get("owner", "another generator")
        print(f"simlearn: {self._place} is held by {owner}: watching for up to {STALE_S:.0f} s whether it still runs", file=sys.stderr)
        deadline = time.monotonic() + STALE_S
        while time.monotonic() < deadline:
            found = self._place.read(LEASE)
            if found is None:
                break
            if found != held:
                raise UserError(f"another process is generating into {self._place} ({owner}): wait for it, or choose another place")
            time.sleep(BEAT_S / 4)
        else:
            self._place.remove(LEASE)
        if not self._place.create(LEASE, self._text()):
            raise UserError(f"another process has just begun to generate into {self._place}: wait for it, or choose another place")

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_S):
            try:
                if not self._is_mine(self._place.read(LEASE)):
                    self.lost = True
                    return
                self._beats += 1
                self._place.write(LEASE, self._text())
            except UserError:  # out of touch: the next beat may get through, and finds out who took over if it came too late
                continue


def _facts(text: str) -> dict[str, Any]:
    try:
        facts = json.loads(text)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}
