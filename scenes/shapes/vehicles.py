"""Cars and vans."""

from __future__ import annotations

from dataclasses import dataclass

from scenes.errors import UserError
from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.vehicle_body import SLOTS, Body, fittings, glasshouse, lower_body

MIRROR_REACH = 0.1


@dataclass(frozen=True)
class CarStyle:
    """Lengths as fractions of the length, heights as fractions of the height."""

    bonnet: float
    boot: float
    roof: float
    nose: float
    belt: float
    tail: float
    windows: tuple[tuple[float, float], ...]
    rear_header: float
    cladding: bool = False


_DOORS = ((-0.8, 0.0), (0.05, 0.8))
STYLES = {
    "hatchback": CarStyle(0.235, 0.025, 0.41, 0.5, 0.63, 0.65, _DOORS, 0.07),
    "saloon": CarStyle(0.25, 0.125, 0.27, 0.5, 0.635, 0.69, _DOORS, 0.06),
    "estate": CarStyle(0.24, 0.02, 0.47, 0.5, 0.63, 0.65, ((-0.8, -0.12), (-0.07, 0.4), (0.46, 0.82)), 0.05),
    "suv": CarStyle(0.23, 0.025, 0.41, 0.54, 0.635, 0.645, ((-0.8, -0.1), (-0.05, 0.42), (0.48, 0.8)), 0.06, True),
}


@made_of(*SLOTS)
def car(
    width: float = 2.0,
    depth: float = 4.3,
    height: float = 1.48,
    bonnet: float = 1.0,
    boot: float = 1.0,
    roof_length: float = 1.0,
    windscreen_rake: float = 60.0,
    ground_clearance: float = 0.17,
    wheel_diameter: float = 0.64,
    style: str = "hatchback",
) -> Mesh:
    """A passenger car: "hatchback", "saloon", "estate" or "suv". `width` is over the mirrors, the body is 0.2 m narrower.

    `bonnet`, `boot` and `roof_length` are relative to what is usual for the style; `windscreen_rake` in degrees from the vertical.
    """
    if style not in STYLES:
        raise UserError(f"unknown car style {style!r}: known are {', '.join(STYLES)}")
    s = STYLES[style]
    half = depth / 2
    body = Body(
        length=depth,
        half_width=width / 2 - MIRROR_REACH,
        height=height,
        clearance=ground_clearance,
        wheel_radius=wheel_diameter / 2,
        bonnet=bonnet * s.bonnet * depth,
        boot=boot * s.boot * depth,
        roof=roof_length * s.roof * depth,
        rake_deg=windscreen_rake,
        nose=s.nose * height,
        belt=s.belt * height,
        tail=s.tail * height,
        axles=(-half + 0.2 * depth, half - 0.19 * depth),
        side_windows=s.windows,
        rear_header=s.rear_header,
        cladding=s.cladding,
    )
    return _built(body, width)


def _built(body: Body, width: float) -> Mesh:
    layers = lower_body(body), glasshouse(body), fittings(body)
    slots = [[part for layer in layers for part in layer[k]] for k in range(len(SLOTS))]
    return standing((width, body.length, body.height), *slots)
