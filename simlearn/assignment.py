"""Which data trains which pretext, where several of both are given; and which pretexts are left out, with the reason."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from rich.console import Console

from scenes.errors import UserError
from simlearn.benchmarks.source import RANDOM, SUPERVISED
from simlearn.datasets.pictures import PictureWarning
from simlearn.datasets.videos import VideoWarning
from simlearn.sources import Supply, supply
from simlearn.train import new_learner
from training.backbones import build_backbone
from training.learner import Unit
from training.pretexts import PRETEXTS, inputs_of, parts_of, unit_of

UNITS = get_args(Unit)
GROUPS = {"all": UNITS, "image": ("image", "labelled_frame"), "video": ("pair", "clip", "clip_audio")}
"""Pretexts that can be named together, by their data unit."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """`data` of each pretext that is to be trained, and why the others of the groups are `left_out`."""

    data: dict[str, str]
    left_out: dict[str, str]

    def show(self) -> None:
        """Says it on stderr."""
        console = Console(stderr=True, highlight=False)
        for source in dict.fromkeys(self.data.values()):
            names = ", ".join(name for name, its in self.data.items() if its == source)
            console.print(f"trained on {source}: {names}", markup=False, soft_wrap=True)
        for name, reason in self.left_out.items():
            console.print(f"{name} is left out: {reason}", markup=False, soft_wrap=True)


def assign(pretexts: Sequence[str], data: Sequence[str | Path], *, backbone: str, width: int) -> Assignment:
    """For each pretext the first source that can train it.

    `pretexts`: names, and groups of them (all, image, video). `data`: sources as of `simlearn.sources.supply`; UNIT=SOURCE is asked before
    the others, and only for pretexts of that unit. A pretext of a group that nothing fits is left out; for one that is named UserError.
    """
    entries = [_entry(str(source)) for source in data]
    named = [name for name in pretexts if name not in GROUPS]
    for name in named:
        parts_of(name)
    grouped = [unit for name in pretexts if name in GROUPS for unit in GROUPS[name]]
    names = [*named, *(name for name in PRETEXTS if name not in named and PRETEXTS[name].unit in grouped)]
    supplies: dict[str, Supply | UserError] = {}
    chosen, left_out = dict[str, str](), dict[str, str]()
    for name in names:
        fitting, reason = _choose(name, entries, supplies, backbone, width)
        if fitting is not None:
            chosen[name] = fitting
        elif name in named:
            raise UserError(f"{name}: {reason}")
        else:
            left_out[name] = reason
    if not chosen:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise UserError(f"none of the pretexts can be trained on {', '.join(map(str, data))} ({reasons})")
    return Assignment(data=chosen, left_out=left_out)


def _entry(text: str) -> tuple[str, str]:
    """(unit or "", source)."""
    unit, separator, source = text.partition("=")
    return (unit, source) if separator and unit in UNITS else ("", text)


def _choose(
    name: str, entries: Sequence[tuple[str, str]], supplies: dict[str, Supply | UserError], backbone: str, width: int
) -> tuple[str | None, str]:
    """(the first source that fits, or None; why the others do not)."""
    if name in (RANDOM, SUPERVISED):
        return None, f"{name!r} names the reference that each benchmark trains on its own labels"
    reads = build_backbone(backbone, width=width).input
    if reads not in inputs_of(name):
        return None, f"trains networks that read {' or '.join(inputs_of(name))}s, {backbone} reads {reads}s"
    own = [source for unit, source in entries if unit == unit_of(name)]
    reasons = []
    for source in [*own, *(source for unit, source in entries if not unit)]:
        reason = _unfit(name, source, supplies, backbone, width)
        if not reason:
            return source, ""
        reasons.append(reason)
    return None, "; ".join(dict.fromkeys(reasons)) or f"no --data was given for its unit, {unit_of(name)}"


def _unfit(name: str, source: str, supplies: dict[str, Supply | UserError], backbone: str, width: int) -> str:
    """Why a source cannot train a pretext, "" if it can: found out by reading a sample."""
    if source not in supplies:
        try:
            supplies[source] = supply(source)
        except UserError as error:
            supplies[source] = error
    there = supplies[source]
    if isinstance(there, UserError):
        return str(there)
    try:
        with warnings.catch_warnings():
            for kind in (PictureWarning, VideoWarning):  # said when it is trained on
                warnings.simplefilter("ignore", kind)
            learner = new_learner(name, there, backbone=backbone, width=width, seed=0)
            dataset, _ = there.open(learner, keep=False)
            learner.check(dataset[0])
    except UserError as error:
        return str(error)
    return ""
