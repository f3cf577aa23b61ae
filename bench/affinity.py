"""Thread pools that size themselves by the cores they find when they start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cores_seen(count: int) -> Iterator[None]:
    """Within the block this thread, and those it starts, see `count` cores only; afterwards this thread may use all again."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
