"""What all commands share."""

import os

import tyro

app = tyro.extras.SubcommandApp()


def all_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
