"""Who is measured: what is called, with which options, in how many processes with how many threads each."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bench.peers.cycles import PYTHON_VARIABLE
from renderers.renderer import RENDERERS

REFERENCE = "raster, all labels"  # what ratios refer to
ONE_PROCESS, ALL_CORES = "one process, one thread", "all cores"


@dataclass(frozen=True, kw_only=True)
class Contender:
    """`make` is "module:function", called with (scene, threads=threads, **options) in each process; its result renders one time.

    `ours` says whose it is. `package` is the distribution whose version matters. `python` is the interpreter, empty where none is named.
    """

    name: str
    make: str
    package: str
    options: Mapping[str, Any] = field(default_factory=dict)
    ours: bool = False
    python: str = sys.executable
    processes: int = 1
    threads: int = 1


_RASTER = Contender(name=REFERENCE, make="bench.ours:frames", package="warp-lang", ours=True)
_CYCLES = Contender(
    name="Cycles 1 spp + passes", make="bench.peers.cycles:rgb_and_passes", package="bpy", python=os.environ.get(PYTHON_VARIABLE, "")
)
_TINY = Contender(
    name="TinyRenderer rgb depth mask", make="bench.peers.tiny_renderer:rgb_depth_mask", package="pybullet", options={"shadows": True}
)
_EMBREE = Contender(name="Embree primary rays alone", make="bench.peers.embree:primary_rays", package="open3d-cpu")
_OPENGL = Contender(name="pyrender rgb depth mask", make="bench.peers.opengl:rgb_depth_mask", package="pyrender")
_MITSUBA = Contender(name="Mitsuba scalar 1 spp rgb", make="bench.peers.mitsuba:frames", package="mitsuba", options={"aovs": False})


def _without_shadows(tiny: Contender) -> Contender:
    return replace(tiny, name=f"{tiny.name}, no shadows", options={"shadows": False})


def _with_aovs(mitsuba: Contender) -> Contender:
    return replace(mitsuba, name=f"{mitsuba.name} + AOVs", options={"aovs": True})


def _tuned(cycles: Contender) -> Contender:
    return replace(cycles, name="Cycles 1 spp, direct, kept", options={"tuned": True})


def one_process() -> list[Contender]:
    """Each has one process and one thread."""
    others = [
        replace(_RASTER, name=f"{name}, all labels", options={"renderer": name}) for name in ("embree", "bvh", "path") if name in RENDERERS
    ]
    few = replace(_RASTER, name="raster, rgb depth instance", options={"labels": ("rgb", "depth", "instance")})
    return [
        _RASTER,
        few,
        *others,
        _TINY,
        _without_shadows(_TINY),
        _EMBREE,
        _OPENGL,
        _MITSUBA,
        _with_aovs(_MITSUBA),
        _CYCLES,
        _tuned(_CYCLES),
    ]


def all_cores(cores: int) -> list[Contender]:
    """Each may use all cores: in processes of one thread each, in threads of one process, or both ways where it can."""
    in_processes = [replace(c, processes=cores) for c in (_RASTER, _TINY, _without_shadows(_TINY), _EMBREE)]
    in_threads = [replace(c, threads=cores) for c in (_RASTER, _EMBREE, _OPENGL, _MITSUBA, _with_aovs(_MITSUBA), _CYCLES, _tuned(_CYCLES))]
    named = [replace(c, name=f"{c.name}, {cores} threads") for c in in_threads]
    return [in_processes[0], named[0], *(replace(c, name=f"{c.name}, {cores} processes") for c in in_processes[1:]), *named[1:]]
