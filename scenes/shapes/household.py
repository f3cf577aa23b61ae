"""Things of the household that stand in halls, on tables and on floors."""

from __future__ import annotations

import numpy as np

from scenes.geometry import rotation_z
from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.lofted import loft, oval, stacked
from scenes.shapes.parts import Part, cylinder, join, lathe, tube


def _coat(width: float, length: float, fall: float) -> Part:
    """A coat that hangs by its collar from the origin, its back to +y: shoulders, body with folds, two sleeves."""
    fold = 1 + 0.07 * np.cos(5 * np.linspace(0, 2 * np.pi, 28, endpoint=False))[:, None]
    levels = [
        (0.5, 0.62, -length),
        (0.46, 0.6, -0.75 * length),
        (0.4, 0.55, -0.4 * length),
        (0.42, 0.5, -0.16 * length),
        (0.3, 0.4, -0.06 * length),
        (0.12, 0.3, 0.0),
    ]
    body = loft(stacked([(oval(2 * a * width, b * fall, 28) * (fold if k < 3 else 1.0), z) for k, (a, b, z) in enumerate(levels)]), 80)
    sleeves = [
        tube(
            [(s * 0.3 * width, 0, -0.1 * length), (s * 0.46 * width, -0.02, -0.3 * length), (s * 0.5 * width, -0.03, -0.62 * length)],
            0.24 * fall,
            10,
        )
        for s in (-1, 1)
    ]
    return join([body, *sleeves])


@made_of("wood", "metal", "coat")
def coat_rack(
    width: float = 0.56,
    height: float = 1.75,
    foot: float = 0.24,
    pole: float = 0.021,
    coat_length: float = 0.85,
    coats: int = 2,
    hooks: int = 6,
) -> Mesh:
    """A stand with `hooks` around the top of a pole `pole` thick on a round foot of radius `foot`; `coats` of them are in use."""
    r = width / 2
    base = lathe([(0, 0), (foot, 0), (foot, 0.02), (0.3 * foot, 0.045), (0, 0.045)], 28)
    stem = cylinder(pole, height - 0.05, (0, 0, 0.03), segments=14)
    cap = lathe([(0, -0.02), (1.6 * pole, -0.02), (1.9 * pole, 0.01), (pole, 0.04), (0, 0.045)], 16, (0, 0, height - 0.045))
    out = min(r - 0.02, 0.16)
    parts, worn = [], []
    for k in range(int(hooks)):
        turn = rotation_z(2 * np.pi * k / hooks)
        low = height - 0.06 - 0.07 * (k % 2)
        parts.append(
            tube([(0, 0, low - 0.08), (0.6 * out, 0, low - 0.06), (out, 0, low), (0.92 * out, 0, low + 0.035)], 0.007, 6).turned(turn)
        )
        if k * coats // hooks != (k + 1) * coats // hooks:
            coat = _coat(0.3, min(coat_length * (1 - 0.15 * (k % 2)), low - 0.25), 0.2)
            worn.append(coat.turned(rotation_z(np.pi / 2)).moved(0.75 * out, 0, low - 0.03).turned(turn))
    if not worn:
        worn = [cylinder(pole * 1.3, 0.1, (0, 0, 0.6 * height), segments=12)]
    return standing((width, width, height), [base, stem, cap], parts, worn)
