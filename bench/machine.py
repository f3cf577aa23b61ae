"""Where and with what something was measured."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path
from typing import Any

from simlearn import provenance


def machine() -> dict[str, Any]:
    """Processor, usable cores, Python, and the load average before the measurement (other programs that run here)."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": usable_cores(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def usable_cores() -> int:
    return len(os.sched_getaffinity(0))


def heading() -> dict[str, Any]:
    """What every result begins with."""
    return {"date": datetime.date.today().isoformat(), "commit": provenance.commit(), "machine": machine()}
