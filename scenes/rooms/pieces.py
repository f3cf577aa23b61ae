"""Single pieces with drawn measures and styles."""

from __future__ import annotations

import numpy as np

from scenes.rooms.furnish import metres, shape_of
from scenes.scene import Shape

VARIANTS = 16  # of rows of books and of plants


def cabinet(
    rng: np.random.Generator, width: tuple[float, float], height: tuple[float, float], depth: tuple[float, float], rows: int
) -> Shape:
    w = metres(rng, *width)
    columns = max(1, round(w / float(rng.uniform(0.4, 0.55))))
    handle, foot = str(rng.choice(["bar", "knob"])), float(rng.choice([0.0, 0.08, 0.14]))
    return shape_of(
        "cabinet", width=w, depth=metres(rng, *depth), height=metres(rng, *height), columns=columns, rows=rows, handle=handle, foot=foot
    )


def bookshelf(rng: np.random.Generator) -> Shape:
    height = metres(rng, 0.85, 2.1)
    boards = max(2, round(height / 0.36))
    width, filled, seed = metres(rng, 0.6, 1.3), metres(rng, 0.45, 0.95), int(rng.integers(VARIANTS))
    return shape_of("bookshelf", width=width, depth=metres(rng, 0.26, 0.34), height=height, boards=boards, filled=filled, seed=seed)


def chair(rng: np.random.Generator) -> Shape:
    back, legs = str(rng.choice(["slats", "bars", "panel"])), str(rng.choice(["tapered", "straight", "round"]))
    return shape_of(
        "chair", width=metres(rng, 0.42, 0.5), depth=metres(rng, 0.46, 0.54), height=metres(rng, 0.82, 1.0), back=back, legs=legs
    )


def armchair(rng: np.random.Generator) -> Shape:
    arm = metres(rng, 0.1, 0.17)
    width = metres(rng, 0.5, 0.6) + 2 * arm
    return shape_of("sofa", width=width, depth=metres(rng, 0.75, 0.88), height=metres(rng, 0.75, 0.92), seats=1, arm_width=arm)


def plant(rng: np.random.Generator, small: bool = False) -> Shape:
    """A pot plant, for the floor or for a table."""
    height = metres(rng, 0.2, 0.4) if small else metres(rng, 0.6, 1.6)
    habit = str(rng.choice(["arching", "blades"] if small or height < 0.9 else ["arching", "blades", "tree"]))
    width = round(height * float(rng.uniform(0.45, 0.7)) if habit != "blades" else max(0.3 * height, 0.14), 3)
    pot = metres(rng, 0.1, 0.14) if small else metres(rng, 0.22, 0.36)
    return shape_of("plant", width=max(width, pot), height=height, pot=pot, habit=habit, seed=int(rng.integers(VARIANTS)))


def picture(rng: np.random.Generator) -> Shape:
    """A framed picture."""
    width, ratio = metres(rng, 0.3, 1.0), float(rng.uniform(0.65, 1.4))
    mount = float(rng.choice([0.0, 0.05, 0.08]))
    return shape_of(
        "picture", width=width, height=round(width * ratio, 3), depth=metres(rng, 0.018, 0.035), frame=metres(rng, 0.015, 0.05), mount=mount
    )


def table_lamp(rng: np.random.Generator) -> Shape:
    """A lamp for a nightstand or a desk."""
    return shape_of(
        "table_lamp",
        width=metres(rng, 0.2, 0.32),
        height=metres(rng, 0.36, 0.55),
        belly=metres(rng, 0.15, 0.36),
        taper=metres(rng, 0.5, 0.95),
    )


def floor_lamp(rng: np.random.Generator) -> Shape:
    return shape_of("floor_lamp", width=metres(rng, 0.34, 0.5), height=metres(rng, 1.4, 1.75), taper=metres(rng, 0.5, 0.95))
