"""Where people cross the main street."""

from __future__ import annotations

from scenes.furnishing.layout import Box
from scenes.streets.areas import Area
from scenes.streets.lining import place
from scenes.streets.paving import ZEBRA_M, Dropped
from scenes.streets.site import Site

_TRIES, _CLEAR_M = 4, 3.0  # kept free of parked cars on either side


def zebras(site: Site, area: Area) -> None:
    """Perhaps a crossing before the camera, between side streets, with lowered kerbs."""
    rng, main = site.rng("zebras"), site.net.main
    if rng.uniform() > area.zebras or main.section.pavement <= 0:
        return
    half = ZEBRA_M / 2
    for _ in range(_TRIES):
        at = float(rng.uniform(9.0, 60.0))
        if all(any(low + half + 1 < at < high - half - 1 for low, high in main.stretches(side)) for side in (1, -1)):
            x, y, heading = place(main, at, 0.0)
            site.zebras.append(at)
            site.reserved.append(Box(x, y, half + _CLEAR_M, main.section.reach, heading, -1.0, 4.0))
            site.dropped += [Dropped(street=main.name, side=side, low=at - half, high=at + half) for side in (1, -1)]
            return
    site.rejected["crossing"] += 1
