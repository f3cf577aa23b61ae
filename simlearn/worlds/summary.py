"""All scenes of a family in a few numbers and sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simlearn.worlds.facts import SceneFacts, quantiles

FRAMES = 20  # of a scene, whose rendering its sampling is compared with
LEAST_CLEARANCE_M, FEWEST_VISIBLE = 0.1, 5
DARK_MEAN, BRIGHT_MEAN, MOST_EXTREME = 25.0, 235.0, 0.5  # mean sRGB of a usable frame; share of near-black or blown-out pixels


@dataclass(frozen=True, kw_only=True)
class Summary:
    """`problems` names every scene that is not sound; ratios are of CPU seconds; `classes` are shares of all pixels.

    Lists of three are the smallest value, the median and the largest; `steps_m` and `yaw_deg` the `QUANTILES` of the camera's motion.
    """

    scenes: int
    problems: list[str]
    distinct_layouts: int
    objects: list[float]
    triangles: list[float]
    visible: list[float]
    clearance_m: list[float]
    brightness: list[float]
    displacement_px: list[float]
    steps_m: list[float]
    yaw_deg: list[float]
    classes: dict[str, float]
    rejected: dict[str, int]
    sampling_s: list[float]
    set_up_s: list[float]
    rendering_s: list[float]
    sampling_to_rendering: float

    def lines(self) -> list[str]:
        """What to print: `a ... b ... c` are the smallest value, the median and the largest."""
        sound = f"{self.scenes - len({p.split(':')[0] for p in self.problems})} of {self.scenes} scenes sound"
        spread = [
            ("objects a scene", self.objects, "{:.0f}"),
            ("triangles", self.triangles, "{:.0f}"),
            ("visible instances (fewest in a frame)", self.visible, "{:.0f}"),
            ("camera clearance, m", self.clearance_m, "{:.2f}"),
            ("mean brightness of frames", self.brightness, "{:.0f}"),
            ("median displacement, px", self.displacement_px, "{:.1f}"),
            ("CPU s to sample", self.sampling_s, "{:.2f}"),
            ("CPU s to set a renderer up", self.set_up_s, "{:.2f}"),
            ("CPU s to render a frame with all labels", self.rendering_s, "{:.3f}"),
        ]
        values = [f"  {name}: {' ... '.join(style.format(v) for v in spread_)}" for name, spread_, style in spread]
        cost = f"  sampling costs {self.sampling_to_rendering:.2f} of rendering {FRAMES} frames of a scene, the renderer's set-up included"
        return [sound, *values, cost, f"  distinct layouts: {self.distinct_layouts}", *(f"  PROBLEM {p}" for p in self.problems)]


def summarise(facts: Sequence[SceneFacts]) -> Summary:
    """The summary of one or more scenes."""
    pixels: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for f in facts:
        pixels.update(f.classes)
        rejected.update(f.rejected)
    total = sum(pixels.values())
    rendering = float(np.sum([f.set_up_s + FRAMES * f.rendering_s for f in facts]))
    return Summary(
        scenes=len(facts),
        problems=[problem for f in facts for problem in problems(f)],
        distinct_layouts=len({f.layout for f in facts}),
        objects=_spread([f.objects for f in facts]),
        triangles=_spread([f.triangles for f in facts]),
        visible=_spread([f.visible for f in facts]),
        clearance_m=_spread([f.clearance_m for f in facts]),
        brightness=_spread([b for f in facts for b in f.brightness]),
        displacement_px=_spread([f.median_displacement_px for f in facts]),
        steps_m=quantiles([v for f in facts for v in f.steps_m]),
        yaw_deg=quantiles([abs(v) for f in facts for v in f.yaw_deg]),
        classes={name: round(n / total, 5) for name, n in pixels.most_common()},
        rejected=dict(rejected.most_common()),
        sampling_s=_spread([f.sampling_s for f in facts]),
        set_up_s=_spread([f.set_up_s for f in facts]),
        rendering_s=_spread([f.rendering_s for f in facts]),
        sampling_to_rendering=round(float(np.sum([f.sampling_s for f in facts]) / rendering), 3),
    )


def problems(facts: SceneFacts) -> list[str]:
    """Why a scene is not sound: "scene 3: ...", none for a sound one."""
    found = []
    if facts.clearance_m < LEAST_CLEARANCE_M:
        found.append(f"the camera comes within {facts.clearance_m:.3f} m of a surface")
    if facts.visible < FEWEST_VISIBLE:
        found.append(f"a frame shows {facts.visible} instances")
    if min(facts.brightness) < DARK_MEAN or facts.dark > MOST_EXTREME:
        found.append(f"a frame is near-black (mean {min(facts.brightness):.0f}, {facts.dark:.0%} of the pixels black)")
    if max(facts.brightness) > BRIGHT_MEAN or facts.blown > MOST_EXTREME:
        found.append(f"a frame is blown out (mean {max(facts.brightness):.0f}, {facts.blown:.0%} of the pixels white)")
    return [f"scene {facts.index}: {text}" for text in found]


def _spread(values: Sequence[float]) -> list[float]:
    """Smallest, median, largest."""
    return [round(float(v), 4) for v in (np.min(values), np.median(values), np.max(values))]
