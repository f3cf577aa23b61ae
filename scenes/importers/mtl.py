"""Wavefront MTL: materials by name, with their textures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from scenes.errors import UserError
from scenes.importers.files import beside
from scenes.scene import Color, Material
from scenes.textures.images import texture_of

Entry = dict[str, list[str]]
DEFAULT = Material(color=(0.6, 0.6, 0.6), roughness=0.7)


def linear(encoded: Iterable[float]) -> Color:
    """Linear RGB of sRGB values in [0, 1], which are clipped to it."""
    value = np.clip(np.nan_to_num(np.array([*encoded], dtype=np.float64)), 0.0, 1.0)
    r, g, b = (round(float(k), 4) for k in np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4))
    return (r, g, b)


def read(path: Path) -> dict[str, Entry]:
    """The statements of each material: {name: {key in lower case: words}}."""
    found: dict[str, Entry] = {}
    entry: Entry = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if len(words) < 2 or words[0].startswith("#"):
            continue
        if words[0].lower() == "newmtl":
            entry = found.setdefault(line.strip().partition(" ")[2].strip(), {})
        else:
            entry[words[0].lower()] = words[1:]
    return found


def materials(path: Path, libraries: tuple[str, ...], names: tuple[str, ...]) -> tuple[tuple[Material, ...], list[str]]:
    """Materials of an OBJ file by the names it uses, and remarks about what is missing."""
    remarks: list[str] = []
    entries: dict[str, Entry] = {}
    for library in libraries:
        file = beside(path.parent, library)
        if file is None:
            remarks.append(f"its material library {library!r} is not there, so its materials are grey")
        else:
            entries |= read(file)
    unknown = [name for name in names if name and entries and name not in entries]
    if unknown:
        remarks.append(f"no library describes its material{'s' * (len(unknown) > 1)} {', '.join(map(repr, unknown))}: shown grey")
    found = tuple(_material(entries[name], path.parent, remarks) if name in entries else DEFAULT for name in names)
    if any(_number(entries[name], "d", 1.0) < 1 or _number(entries[name], "tr", 0.0) > 0 for name in names if name in entries):
        remarks.append("its transparent materials are shown opaque")
    return found, remarks


def _material(entry: Entry, folder: Path, remarks: list[str]) -> Material:
    """Kd and Ke are taken as they look on a screen (sRGB). Phong's exponent n becomes a GGX width alpha = sqrt(2 / (n + 2))."""
    color = linear(_triple(entry, "kd", 0.6))
    texture = None
    if "map_kd" in entry:
        name = _file_name(entry["map_kd"])
        try:
            file = beside(folder, name)
            if file is None:
                raise UserError(f"its texture {name!r} is not there")
            texture = texture_of(file)
            color = color if any(color) else (1.0, 1.0, 1.0)
        except UserError as error:
            remarks.append(f"{error}: shown in plain colour")
    shiny = max(_triple(entry, "ks", 0.0)) > 0.05 and _number(entry, "ns", 0.0) > 1
    alpha = (2 / (_number(entry, "ns", 0.0) + 2)) ** 0.5
    roughness = _number(entry, "pr", max(alpha**0.5, 0.15) if shiny else 0.85)
    return Material(
        color=color,
        texture=texture,
        roughness=round(min(max(roughness, 0.02), 1.0), 3),
        metallic=round(min(max(_number(entry, "pm", 0.0), 0.0), 1.0), 3),
        emission=linear(_triple(entry, "ke", 0.0)),
    )


def _number(entry: Entry, key: str, default: float) -> float:
    try:
        return float(entry[key][-1])
    except (KeyError, ValueError):
        return default


def _triple(entry: Entry, key: str, default: float) -> list[float]:
    try:
        values = [float(word) for word in entry.get(key, [])[:3]]
    except ValueError:
        values = []
    return values if len(values) == 3 else (values * 3 or [default] * 3)


def _file_name(words: list[str]) -> str:
    """The name after the options of a map statement, such as `-s 1 1 1` or `-bm 0.5`; names may contain blanks."""
    start = 0
    while start < len(words) - 1 and words[start].startswith("-"):
        start += 1
        while start < len(words) - 1 and (words[start].replace(".", "", 1).lstrip("-").isdigit() or words[start] in ("on", "off")):
            start += 1
    return " ".join(words[start:])
