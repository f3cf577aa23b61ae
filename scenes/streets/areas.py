"""Kinds of surroundings: how wide the streets are, what lines them, how fast one drives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scenes.distributions import Choice, Distribution, LogUniform, Normal, Uniform
from scenes.streets.network import Section

Weights = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Area:
    """Distributions of a kind of surroundings. Lengths in metres, `speed` in metres a frame at 10 frames a second.

    `buildings`, `boundaries` (of front gardens), `parked` and `driving` weigh pieces of the catalogue; `gap` is what is left between two
    buildings; `trees`, `lamps` are distances along the street; `furniture` and `walkers` are numbers in 100 m of one side;
    `traffic` is the mean number of vehicles on the road in 100 m. `zebras`, `bus_stops` are the probabilities of one on the main street,
    `lights` that of traffic lights where streets cross; `cyclists` is how many ride near the camera. With `fields` the empty plots are
    fields of `field` metres along the street.
    """

    lanes: int = 1
    lane: Distribution = Uniform(2.75, 3.2)
    parking: Distribution = Choice((0.0, 2.1), (0.4, 0.6))
    pavement: Distribution = Uniform(1.5, 2.6)
    garden: Distribution = Uniform(3.0, 8.0)
    marking: Distribution = Choice(("none", "centre"))
    buildings: Weights
    gap: Distribution = Uniform(1.0, 7.0)
    empty: float = 0.1
    boundaries: Weights
    trees: Distribution = Uniform(9.0, 18.0)
    tree_lined: float = 0.5
    garden_trees: float = 0.7
    lamps: Distribution | None = Uniform(20.0, 32.0)
    furniture: Distribution = Uniform(1.0, 5.0)
    parked: Weights
    occupancy: Distribution = Uniform(0.2, 0.9)
    walkers: Distribution = LogUniform(0.4, 3.0)
    driving: Weights
    traffic: Distribution = LogUniform(0.4, 3.0)
    speed: Distribution = Normal(0.88, 0.25, 0.1, 1.4)
    junctions: Distribution = Choice((0, 1, 2), (0.3, 0.5, 0.2))
    paved: bool = False
    zebras: float = 0.2
    bus_stops: float = 0.15
    lights: float = 0.0
    cyclists: Distribution = Choice((0, 1, 2), (0.3, 0.45, 0.25))
    fields: bool = False
    field: Distribution = Uniform(30.0, 110.0)

    def section(self, rng: np.random.Generator) -> Section:
        """A street's cross section."""

        def draw(distribution: Distribution) -> float:
            return round(float(distribution.sample(rng)), 2)

        return Section(
            lanes=self.lanes,
            lane=draw(self.lane),
            parking=draw(self.parking),
            pavement=draw(self.pavement),
            garden=draw(self.garden),
            marking=str(self.marking.sample(rng)),
        )


_CARS = {"hatchback": 4.0, "saloon": 2.0, "estate": 3.0, "suv": 3.0, "van": 1.0}

AREAS: dict[str, Area] = {
    "residential": Area(
        buildings={"detached_house": 5.0, "terraced_house": 2.0, "apartment_block": 0.4},
        boundaries={"hedge": 4.0, "fence": 2.5, "garden_wall": 2.5, "none": 2.0},
        parked=_CARS,
        driving={**_CARS, "bicycle": 1.0},
    ),
    "town": Area(
        lane=Uniform(2.9, 3.4),
        pavement=Uniform(2.4, 4.2),
        garden=Choice((0.0, 0.0, 1.5)),
        marking=Choice(("centre",)),
        buildings={"terraced_house": 3.0, "shop": 3.0, "apartment_block": 2.5, "office_block": 0.6, "church": 0.15},
        gap=Choice((0.0, 0.0, 0.0, 3.5)),
        empty=0.04,
        boundaries={"none": 1.0},
        trees=Uniform(8.0, 14.0),
        tree_lined=0.45,
        garden_trees=0.1,
        lamps=Uniform(15.0, 24.0),
        furniture=Uniform(4.0, 10.0),
        parked={**_CARS, "van": 2.0, "truck": 0.3},
        occupancy=Uniform(0.4, 0.95),
        walkers=LogUniform(1.5, 9.0),
        driving={**_CARS, "van": 1.5, "truck": 0.5, "bus": 0.5, "bicycle": 1.2, "motorcycle": 0.5},
        traffic=LogUniform(0.8, 4.0),
        speed=Normal(0.82, 0.32, 0.0, 1.4),
        paved=True,
        zebras=0.6,
        bus_stops=0.4,
        lights=0.7,
    ),
    "country": Area(
        lane=Uniform(3.0, 3.6),
        parking=Choice((0.0,)),
        pavement=Choice((0.0,)),
        garden=Uniform(8.0, 16.0),
        marking=Choice(("centre", "full", "none"), (0.4, 0.45, 0.15)),
        buildings={"detached_house": 3.0, "warehouse": 0.7, "church": 0.15},
        gap=Uniform(8.0, 25.0),
        empty=0.72,
        boundaries={"hedge": 2.5, "fence": 1.5, "none": 6.0},
        trees=Uniform(8.0, 18.0),
        tree_lined=0.4,
        garden_trees=1.0,
        lamps=None,
        parked={**_CARS},
        walkers=LogUniform(0.05, 0.3),
        driving={**_CARS, "truck": 1.5, "motorcycle": 0.5},
        traffic=LogUniform(0.5, 3.0),
        speed=Normal(1.35, 0.45, 0.5, 2.7),
        junctions=Choice((0, 1), (0.65, 0.35)),
        zebras=0.0,
        bus_stops=0.0,
        cyclists=Choice((0, 1), (0.75, 0.25)),
        fields=True,
    ),
    "commercial": Area(
        lanes=2,
        lane=Uniform(3.1, 3.5),
        parking=Choice((0.0,)),
        pavement=Uniform(2.0, 3.5),
        garden=Uniform(3.0, 12.0),
        marking=Choice(("full",)),
        buildings={"office_block": 3.0, "warehouse": 2.5, "apartment_block": 2.0, "shop": 1.0},
        gap=Uniform(4.0, 18.0),
        empty=0.12,
        boundaries={"hedge": 1.5, "fence": 1.5, "none": 4.0},
        tree_lined=0.6,
        garden_trees=0.5,
        parked={**_CARS, "van": 2.0},
        walkers=LogUniform(0.2, 1.5),
        driving={**_CARS, "van": 2.0, "truck": 1.5, "bus": 0.7, "motorcycle": 0.4},
        traffic=LogUniform(1.5, 6.0),
        speed=Normal(1.15, 0.35, 0.1, 2.0),
        bus_stops=0.3,
        lights=0.8,
    ),
}
