"""Pretext families by name: one file and one line here add a method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scenes.errors import UserError
from scenes.registry import Registry
from training.backbones.base import Backbone, Input
from training.learner import Unit
from training.pretexts.base import Pretext

PRETEXTS = Registry(
    "pretext",
    {
        "game_engine": "training.pretexts.game_engine:GameEngine",
        "game_engine_flow": "training.pretexts.game_engine_flow:GameEngineFlow",
        "clustering": "training.pretexts.clustering:Clustering",
        "instance_contrast": "training.pretexts.instance_contrast:InstanceContrast",
        "rotation": "training.pretexts.rotation:Rotation",
        "relative_patch": "training.pretexts.relative_patch:RelativePatch",
        "jigsaw": "training.pretexts.jigsaw:Jigsaw",
        "inpainting": "training.pretexts.inpainting:Inpainting",
        "super_resolution": "training.pretexts.super_resolution:SuperResolution",
        "colorization": "training.pretexts.colorization:Colorization",
        "audio_visual": "training.pretexts.audio_visual:AudioVisual",
        "ego_motion": "training.pretexts.ego_motion:EgoMotion",
        "supervised": "training.pretexts.supervised:Supervised",
        "semi_supervised": "training.pretexts.semi_supervised:SemiSupervised",
        "weakly_supervised": "training.pretexts.weakly_supervised:WeaklySupervised",
        "video_colorization": "training.pretexts.video_colorization:VideoColorization",
        "video_prediction": "training.pretexts.video_prediction:VideoPrediction",
        "rgb_flow": "training.pretexts.rgb_flow:RgbFlow",
        "frame_order": "training.pretexts.frame_order:FrameOrder",
        "clip_order": "training.pretexts.clip_order:ClipOrder",
        "cubic_puzzle": "training.pretexts.cubic_puzzle:CubicPuzzle",
        "video_rotation": "training.pretexts.video_rotation:VideoRotation",
        "motion_masks": "training.pretexts.motion_masks:MotionMasks",
        "edges": "training.pretexts.edges:Edges",
        "relative_depth": "training.pretexts.relative_depth:RelativeDepth",
    },
)

DEMAND: tuple[Unit, ...] = ("image", "labelled_frame", "clip", "pair", "clip_audio")
"""Data units by what they ask of the data."""


def parts_of(name: str) -> dict[str, type[Pretext]]:
    """The classes that a name stands for: one for a registered pretext, several for a combination ("game_engine+rotation:0.3").

    UserError for an unknown name.
    """
    return {part: PRETEXTS[part] for part in (piece.strip().partition(":")[0] for piece in name.split("+"))}


def unit_of(name: str) -> Unit:
    """The data unit of a pretext, or the most demanding one of a combination's parts: its samples serve the others too."""
    return max((method.unit for method in parts_of(name).values()), key=DEMAND.index)


def inputs_of(name: str) -> tuple[Input, ...]:
    """What the backbones read around which it can be trained."""
    methods = list(parts_of(name).values())
    return tuple(kind for kind in methods[0].inputs if all(kind in method.inputs for method in methods))


def build_pretext(name: str, backbone: Backbone, config: Mapping[str, Any] | object | None = None) -> Pretext:
    """The named pretext around `backbone`. `config`: the method's Config, a (nested) mapping of its fields, or None for its defaults.

    A name such as "game_engine+rotation:0.3" combines several (`training.pretexts.combined`); `config` then maps each part's name to its
    own, or is a CombinedConfig or its fields. Heads draw their initial weights from torch's global generator (wrap the call in
    `training.seeds.seeded`).
    """
    if "+" in name:
        return _combination(name, backbone, config)
    method: type[Pretext] = PRETEXTS[name]
    if config is None or isinstance(config, Mapping):
        config = method.Config.from_dict(config or {})
    if not isinstance(config, method.Config):
        raise UserError(f"pretext {name!r} takes a {method.Config.__qualname__}, not a {type(config).__qualname__}")
    if backbone.input not in method.inputs:
        raise UserError(
            f"pretext {name!r} trains networks that read {' or '.join(method.inputs)}s, {backbone.name} reads {backbone.input}s: "
            "choose another backbone"
        )
    pretext = method(backbone, config)
    pretext.name = name
    return pretext


def _combination(name: str, backbone: Backbone, config: Mapping[str, Any] | object | None) -> Pretext:
    from training.pretexts.combined import Combined, CombinedConfig

    if config is None or (isinstance(config, Mapping) and "weights" not in config):
        config = CombinedConfig.parse(name, config or {})
    elif isinstance(config, Mapping):
        config = CombinedConfig.from_dict(config)
    if not isinstance(config, CombinedConfig):
        raise UserError(f"pretext {name!r} takes a CombinedConfig, not a {type(config).__qualname__}")
    parts = {part: build_pretext(part, backbone, config.options.get(part)) for part in config.weights}
    pretext = Combined(backbone, config, parts, unit_of(name))
    pretext.name = name
    return pretext
