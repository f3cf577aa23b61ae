"""What things in a room are made of: a scene's colours, and a material for every role a shape's slots name."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import numpy as np

from scenes.randomness import Streams
from scenes.scene import Color, Material, Texture

TEXTURE_SEEDS = 16  # variants of each pattern; colours vary freely on top, so pictures are shared between scenes
PAINTING_SEEDS = 40

# Linear colours that multiply the tan "wood" pictures.
_WOODS = (
    (0.92, 0.86, 0.8),
    (0.78, 0.66, 0.55),
    (0.62, 0.45, 0.32),
    (0.42, 0.26, 0.16),
    (0.24, 0.15, 0.1),
    (0.85, 0.72, 0.5),
    (0.55, 0.5, 0.46),
)


def linear(hue: float, saturation: float, value: float) -> Color:
    """Linear RGB of an HSV colour that is meant as seen on a screen (sRGB)."""
    encoded = np.array(colorsys.hsv_to_rgb(hue % 1.0, saturation, value))
    rgb = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return (round(float(rgb[0]), 4), round(float(rgb[1]), 4), round(float(rgb[2]), 4))


class Palette:
    """Materials of one scene. The same (role, group) gives the same material; purposes do not disturb each other."""

    def __init__(self, streams: Streams, tint: float) -> None:
        self._streams = streams.child("palette")
        rng = self._streams.generator("scheme")
        self._woods = tuple(_WOODS[int(k)] for k in rng.choice(len(_WOODS), 2, replace=False))
        self._hues = (float(rng.uniform()), float(rng.uniform()))
        self._wall_hue = float(
            rng.choice([rng.uniform(0.05, 0.17), rng.uniform(0.25, 0.45), rng.uniform(0.52, 0.66), rng.uniform(0.9, 1.05)])
        )
        self._tint = tint
        self._trim_white = bool(rng.uniform() < 0.8)
        self._roles: dict[str, Callable[[np.random.Generator], Material]] = {
            name.removeprefix("_role_"): getattr(self, name) for name in dir(self) if name.startswith("_role_")
        }

    def material(self, role: str, group: str) -> Material:
        """The material of a role ("wood", "fabric", ...) for the things of a group."""
        return self._roles[role](self._streams.generator(f"{role}/{group}"))

    def _texture(self, rng: np.random.Generator, kind: str, metres: float, **parameters: int) -> Texture:
        return Texture.of(kind, metres=metres, seed=int(rng.integers(TEXTURE_SEEDS)), **parameters)

    def _accent(self, rng: np.random.Generator, saturation: tuple[float, float], value: tuple[float, float]) -> Color:
        hue = self._hues[int(rng.integers(2))] + float(rng.normal(0, 0.03))
        return linear(hue, float(rng.uniform(*saturation)), float(rng.uniform(*value)))

    # Surfaces of the room

    def _role_wall(self, rng: np.random.Generator) -> Material:
        strength = 0.2 if 0.2 < self._wall_hue < 0.5 else 0.32  # greens look stronger than they are
        saturation, value = strength * self._tint, 0.94 - 0.16 * self._tint + float(rng.normal(0, 0.005))
        return Material(color=linear(self._wall_hue, saturation, value), texture=self._texture(rng, "plaster", 2.0), roughness=0.9)

    def _role_accent_wall(self, rng: np.random.Generator) -> Material:
        kind = str(rng.choice(["plaster", "stripes", "dots", "bricks", "wood"], p=[0.5, 0.15, 0.15, 0.12, 0.08]))
        if kind == "plaster":
            color = linear(self._hues[0], float(rng.uniform(0.12, 0.4)), float(rng.uniform(0.5, 0.85)))
        elif kind == "bricks":
            color = linear(0.04, float(rng.uniform(0.0, 0.5)), float(rng.uniform(0.75, 1.0)))
        elif kind == "wood":
            color = self._woods[1]
        else:
            color = linear(self._wall_hue, float(rng.uniform(0.0, 0.2)), float(rng.uniform(0.85, 0.98)))
        metres = {
            "plaster": 2.0,
            "stripes": float(rng.uniform(0.5, 1.2)),
            "dots": float(rng.uniform(0.6, 1.2)),
            "bricks": 0.96,
            "wood": 1.2,
        }
        return Material(color=color, texture=self._texture(rng, kind, round(metres[kind], 2)), roughness=0.9)

    def _role_ceiling(self, rng: np.random.Generator) -> Material:
        return Material(color=linear(0.1, 0.02, float(rng.uniform(0.92, 0.98))), texture=self._texture(rng, "plaster", 2.5), roughness=0.95)

    def _role_floor(self, rng: np.random.Generator) -> Material:
        kind = str(rng.choice(["planks", "parquet", "tiles", "carpet", "concrete", "marble"], p=[0.46, 0.12, 0.14, 0.16, 0.06, 0.06]))
        metres = {"planks": 1.3, "parquet": 1.2, "tiles": 1.6, "carpet": 1.0, "concrete": 2.0, "marble": 2.0}[kind]
        if kind in ("planks", "parquet"):
            color = _WOODS[int(rng.integers(len(_WOODS)))]
            return Material(color=color, texture=self._texture(rng, kind, metres), roughness=float(rng.uniform(0.35, 0.7)))
        if kind == "carpet":
            color = linear(float(rng.uniform()), float(rng.uniform(0.0, 0.3)), float(rng.uniform(0.45, 0.85)))
            return Material(color=color, texture=self._texture(rng, kind, metres), roughness=1.0)
        color = linear(float(rng.uniform(0.04, 0.14)), float(rng.uniform(0.0, 0.25)), float(rng.uniform(0.55, 0.95)))
        return Material(color=color, texture=self._texture(rng, kind, metres), roughness=float(rng.uniform(0.25, 0.6)))

    def _role_trim(self, rng: np.random.Generator) -> Material:
        if self._trim_white:
            return Material(color=linear(0.1, 0.03, 0.93), roughness=0.5)
        return self._role_wood(rng)

    def _role_radiator(self, rng: np.random.Generator) -> Material:
        return Material(color=linear(0.1, 0.03, float(rng.uniform(0.86, 0.95))), roughness=0.4)

    def _role_door(self, rng: np.random.Generator) -> Material:
        return Material(color=linear(0.1, 0.04, 0.9), roughness=0.5) if rng.uniform() < 0.5 else self._wooden(rng, 0)

    def _role_sky(self, rng: np.random.Generator) -> Material:
        level = float(rng.uniform(0.8, 1.2))
        return Material(color=(0.02, 0.02, 0.02), emission=(0.9 * level, 0.97 * level, 1.1 * level))

    def _role_land(self, rng: np.random.Generator) -> Material:
        shade = np.array(linear(float(rng.uniform(0.1, 0.42)), float(rng.uniform(0.08, 0.3)), float(rng.uniform(0.6, 0.85))))
        r, g, b = (round(float(k), 4) for k in shade)
        return Material(color=(0.02, 0.02, 0.02), emission=(r, g, b))

    # Furniture

    def _wooden(self, rng: np.random.Generator, which: int) -> Material:
        return Material(color=self._woods[which], texture=self._texture(rng, "wood", 0.8), roughness=float(rng.uniform(0.4, 0.7)))

    def _role_wood(self, rng: np.random.Generator) -> Material:
        draw = rng.uniform()
        if draw < 0.8:
            return self._wooden(rng, 0 if draw < 0.55 else 1)
        return Material(color=linear(0.1, 0.03, float(rng.choice([0.93, 0.9, 0.25]))), roughness=0.45)

    def _role_front(self, rng: np.random.Generator) -> Material:
        draw = rng.uniform()
        if draw < 0.55:
            return self._wooden(rng, 0 if draw < 0.4 else 1)
        if draw < 0.8:
            return Material(color=linear(0.1, 0.03, float(rng.uniform(0.85, 0.95))), roughness=0.4)
        return Material(color=self._accent(rng, (0.15, 0.5), (0.45, 0.8)), roughness=0.5)

    def _role_back(self, rng: np.random.Generator) -> Material:
        return Material(color=linear(0.1, 0.05, float(rng.uniform(0.5, 0.9))), roughness=0.8)

    def _role_base(self, rng: np.random.Generator) -> Material:
        return self._role_wood(rng) if rng.uniform() < 0.6 else self._role_metal(rng)

    def _role_metal(self, rng: np.random.Generator) -> Material:
        r, g, b = linear(float(rng.uniform(0.08, 0.14)), float(rng.choice([0.03, 0.03, 0.35])), float(rng.choice([0.2, 0.6, 0.8])))
        return Material(color=(r, g, b), roughness=0.35, metallic=0.4)

    def _role_plastic(self, rng: np.random.Generator) -> Material:
        return Material(color=linear(0.6, 0.05, float(rng.uniform(0.12, 0.25))), roughness=0.4)

    def _role_seat(self, rng: np.random.Generator) -> Material:
        return self._role_fabric(rng) if rng.uniform() < 0.75 else self._role_leather(rng)

    def _role_fabric(self, rng: np.random.Generator) -> Material:
        if rng.uniform() < 0.18:
            return self._role_leather(rng)
        muted = rng.uniform() < 0.45
        color = (
            linear(0.1, float(rng.uniform(0.0, 0.18)), float(rng.uniform(0.35, 0.88)))
            if muted
            else self._accent(rng, (0.25, 0.6), (0.35, 0.8))
        )
        return Material(color=color, texture=self._texture(rng, "weave", 0.22), roughness=0.95)

    def _role_leather(self, rng: np.random.Generator) -> Material:
        color = linear(float(rng.uniform(0.03, 0.08)), float(rng.uniform(0.1, 0.6)), float(rng.uniform(0.2, 0.55)))
        return Material(color=color, texture=self._texture(rng, "concrete", 0.6), roughness=0.45)

    def _role_mattress(self, rng: np.random.Generator) -> Material:
        return Material(color=linear(0.1, 0.03, float(rng.uniform(0.88, 0.96))), texture=self._texture(rng, "weave", 0.3), roughness=0.95)

    def _role_linen(self, rng: np.random.Generator) -> Material:
        color = linear(0.1, 0.03, 0.94) if rng.uniform() < 0.6 else self._accent(rng, (0.05, 0.3), (0.75, 0.95))
        return Material(color=color, texture=self._texture(rng, "plaster", 0.7), roughness=0.95)

    def _role_blanket(self, rng: np.random.Generator) -> Material:
        kind = str(rng.choice(["weave", "gingham", "stripes", "dots", "carpet"], p=[0.4, 0.18, 0.18, 0.12, 0.12]))
        color = self._accent(rng, (0.15, 0.55), (0.45, 0.9)) if kind in ("weave", "carpet") else linear(self._hues[0], 0.06, 0.93)
        metres = {"weave": 0.3, "gingham": 0.9, "stripes": 1.1, "dots": 0.7, "carpet": 0.5}[kind]
        return Material(color=color, texture=self._texture(rng, kind, metres), roughness=0.95)

    def _role_curtain(self, rng: np.random.Generator) -> Material:
        kind = str(rng.choice(["weave", "stripes", "plaster"], p=[0.5, 0.15, 0.35]))
        color = self._accent(rng, (0.1, 0.45), (0.5, 0.92)) if rng.uniform() < 0.6 else linear(0.1, 0.06, float(rng.uniform(0.75, 0.95)))
        return Material(color=color, texture=self._texture(rng, kind, 0.4 if kind == "weave" else 0.8), roughness=0.95)

    def _role_rug(self, rng: np.random.Generator) -> Material:
        kind = str(rng.choice(["kilim", "berber", "carpet", "stripes", "gingham"], p=[0.4, 0.2, 0.2, 0.12, 0.08]))
        if kind in ("kilim", "stripes", "gingham"):
            return Material(color=(0.85, 0.83, 0.8), texture=self._texture(rng, kind, float(rng.choice([0.7, 1.0, 1.4]))), roughness=1.0)
        color = linear(0.1, 0.08, 0.92) if kind == "berber" else self._accent(rng, (0.1, 0.6), (0.35, 0.85))
        return Material(color=color, texture=self._texture(rng, kind, 1.0), roughness=1.0)

    def _role_rug_border(self, rng: np.random.Generator) -> Material:
        return Material(color=self._accent(rng, (0.2, 0.6), (0.25, 0.7)), texture=self._texture(rng, "carpet", 0.6), roughness=1.0)

    # Small things

    def _role_ceramic(self, rng: np.random.Generator) -> Material:
        plain = rng.uniform() < 0.35
        color = (
            linear(0.1, 0.04, 0.93) if plain else linear(float(rng.uniform()), float(rng.uniform(0.2, 0.75)), float(rng.uniform(0.35, 0.9)))
        )
        return Material(color=color, roughness=0.25)

    def _role_pot(self, rng: np.random.Generator) -> Material:
        return self._role_ceramic(rng) if rng.uniform() < 0.6 else Material(color=linear(0.05, 0.55, 0.7), roughness=0.9)

    def _role_soil(self, rng: np.random.Generator) -> Material:
        return Material(color=linear(0.07, 0.45, 0.25), texture=self._texture(rng, "carpet", 0.3), roughness=1.0)

    def _role_leaf(self, rng: np.random.Generator) -> Material:
        color = linear(float(rng.uniform(0.22, 0.38)), float(rng.uniform(0.45, 0.75)), float(rng.uniform(0.4, 0.75)))
        return Material(color=color, texture=self._texture(rng, "foliage", 0.3), roughness=0.6)

    def _role_spines(self, rng: np.random.Generator) -> Material:
        return Material(color=(0.95, 0.93, 0.9), texture=self._texture(rng, "spines", 1.0), roughness=0.6)

    def _role_paper(self, rng: np.random.Generator) -> Material:
        return Material(color=linear(0.12, 0.1, float(rng.uniform(0.85, 0.93))), roughness=0.9)

    def _role_canvas(self, rng: np.random.Generator) -> Material:
        return Material(color=(0.92, 0.92, 0.92), texture=Texture.of("painting", seed=int(rng.integers(PAINTING_SEEDS))), roughness=0.7)

    def _role_dial(self, rng: np.random.Generator) -> Material:
        return Material(color=linear(0.1, 0.02, float(rng.choice([0.95, 0.95, 0.2]))), roughness=0.5)

    def _role_mount(self, rng: np.random.Generator) -> Material:
        return Material(color=linear(0.12, 0.03, float(rng.uniform(0.85, 0.96))), roughness=0.9)

    def _role_frame(self, rng: np.random.Generator) -> Material:
        draw = rng.uniform()
        if draw < 0.4:
            return self._wooden(rng, int(rng.integers(2)))
        return Material(color=linear(0.12, 0.05 if draw < 0.85 else 0.5, float(rng.choice([0.1, 0.93, 0.7]))), roughness=0.4)

    def _role_screen(self, rng: np.random.Generator) -> Material:
        if rng.uniform() < 0.35:
            return Material(color=(0.012, 0.012, 0.014), roughness=0.15)
        return Material(color=(1.0, 1.0, 1.0), texture=Texture.of("screen", seed=int(rng.integers(TEXTURE_SEEDS))), roughness=0.2)

    def _role_shade(self, rng: np.random.Generator) -> Material:
        color = linear(0.1, float(rng.uniform(0.03, 0.35)), float(rng.uniform(0.8, 0.95)))
        r, g, b = (round(0.35 * k, 4) for k in color)
        return Material(color=color, texture=self._texture(rng, "weave", 0.2), roughness=0.95, emission=(r, g, b))

    def _role_bulb(self, rng: np.random.Generator) -> Material:
        warm = float(rng.uniform(0.6, 0.95))
        return Material(color=(0.9, 0.9, 0.9), roughness=0.5, emission=(2.5, 2.3, round(2.4 * warm, 4)))

    def _role_ball(self, rng: np.random.Generator) -> Material:
        kind = str(rng.choice(["stripes", "checker", "dots"]))
        color = linear(float(rng.uniform()), float(rng.uniform(0.4, 0.85)), float(rng.uniform(0.6, 0.95)))
        texture = Texture.of("checker", metres=0.4) if kind == "checker" else self._texture(rng, kind, 0.3)
        return Material(color=color, texture=texture, roughness=0.5)

    def _role_cardboard(self, rng: np.random.Generator) -> Material:
        return Material(color=linear(0.09, 0.42, float(rng.uniform(0.6, 0.75))), texture=self._texture(rng, "plaster", 0.5), roughness=0.9)

    def _role_tape(self, rng: np.random.Generator) -> Material:
        return Material(color=linear(0.1, 0.3, float(rng.uniform(0.6, 0.85))), roughness=0.3)
