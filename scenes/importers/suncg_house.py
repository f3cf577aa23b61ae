"""Reading SUNCG (Song et al. 2017) in its official layout: `house/<id>/house.json`, `room/<id>/`, `object/<model>/`, `texture/`.

Categories come from `metadata/ModelCategoryMapping.csv` (column nyuv2_40class). Files are y up; transforms are column-major.
"""

from __future__ import annotations

import csv
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from scenes.geometry import compose
from scenes.importers.collection import Collection
from scenes.importers.files import AssetWarning, beside, existing, leads_out
from scenes.importers.meshes import UPWARDS, import_mesh, soup_of
from scenes.importers.mtl import linear
from scenes.scene import Material, Shape, Trajectory
from scenes.semantics import NYU40
from scenes.textures.images import texture_of

Node = dict[str, Any]
Float = NDArray[np.float64]
OBJECT_FACES = 400_000  # a few models are that fine
_SPELLINGS = {"refridgerator": "refrigerator", "void": "unlabelled", "tv": "television", "nightstand": "night_stand"}
_ROOM_PARTS = {"Floor": ("f", "floor"), "Ceiling": ("c", "ceiling"), "Walls": ("w", "wall")}


def house_ids(root: Path) -> tuple[str, ...]:
    """Ids of all houses, sorted; UserError where there is none."""
    ids = tuple(sorted(file.parent.name for file in (root / "house").glob("*/house.json")))
    if not ids:
        raise UserError(f"{root} is not a SUNCG folder: expected house/<id>/house.json beside room/, object/ and texture/")
    return ids


@lru_cache(maxsize=4)
def categories(root: Path) -> Mapping[str, str]:
    """NYU40 class name by model id; empty, with a warning, where the table is missing."""
    path = root / "metadata" / "ModelCategoryMapping.csv"
    if not path.is_file():
        warnings.warn(f"{path} is not there, so all objects count as otherprop: take it from the SUNCG toolbox", AssetWarning, stacklevel=2)
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        table = csv.DictReader(file)
        if not {"model_id", "nyuv2_40class"} <= set(table.fieldnames or ()):
            raise UserError(f"{path} lacks the columns model_id and nyuv2_40class: take it from the SUNCG toolbox")
        return {row["model_id"]: nyu40_name(row["nyuv2_40class"]) for row in table}


def nyu40_name(name: str) -> str:
    """A class as `scenes.semantics` spells it; "otherprop" for what is no NYU40 class."""
    plain = name.strip().lower().replace(" ", "_").replace("-", "_")
    plain = _SPELLINGS.get(plain, plain)
    return plain if plain in NYU40 else "otherprop"


@dataclass
class House:
    """A house while it is read. `things` gathers what is visible, `remarks` what was left out or mended."""

    root: Path
    name: str
    document: dict[str, Any]
    things: Collection = field(default_factory=Collection)
    remarks: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, root: Path, name: str) -> House:
        """The house without its meshes; UserError when house.json is broken."""
        path = existing(root / "house" / name / "house.json")
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            levels = document["levels"]
            assert all(isinstance(node["type"], str) for level in levels for node in level["nodes"])
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AssertionError) as error:
            raise UserError(f"{path} is no SUNCG house ({type(error).__name__}: {error}): copy it again") from error
        return cls(root, name, document)

    @property
    def metres(self) -> float:
        return float(self.document.get("scaleToMeters", 1.0))

    def nodes(self, level: int) -> list[Node]:
        """Valid nodes of a level (as in the toolbox, others are skipped)."""
        return [node for node in self.document["levels"][level]["nodes"] if node.get("valid", 1)]

    def bounds(self, node: Node) -> Float | None:
        """Lowest and highest corner [2, 3] of a node in the world, metres, z up; None where the file does not say."""
        box = node.get("bbox") or {}
        if len(box.get("min", ())) != 3 or len(box.get("max", ())) != 3:
            return None
        corners = self.metres * np.array([box["min"], box["max"]], dtype=np.float64) @ UPWARDS["y"].T
        return np.stack([corners.min(axis=0), corners.max(axis=0)])

    def add(self, node: Node) -> None:
        """Reads the meshes of a node into `things`; what is missing becomes a remark."""
        kind = node["type"]
        if kind == "Room":
            for part, (letter, category) in _ROOM_PARTS.items():
                if not node.get(f"hide{part}", 0):
                    self._add_mesh(node, self._room_file(node, letter), category, f"{node.get('id')}_{category}")
        elif kind == "Ground":
            self._add_mesh(node, self._room_file(node, "f"), "floor", "ground")
        elif kind == "Object":
            model = str(node.get("modelId"))
            file = self.root / "object" / model / f"{model}{'_0' if node.get('state') else ''}.obj"
            known = categories(self.root)
            if known and model not in known:
                self.remarks.append(f"object {model} has no line in ModelCategoryMapping.csv: counts as otherprop")
            category = known.get(model, "otherprop")
            self._add_mesh(node, file, category, category)
        elif kind == "Box":
            self._add_box(node)

    def _room_file(self, node: Node, letter: str) -> Path:
        return self.root / "room" / self.name / f"{node.get('modelId')}{letter}.obj"

    def _add_mesh(self, node: Node, file: Path, category: str, name: str) -> None:
        try:
            scale, pose = self._placed(node)
            if leads_out(self.root, file.absolute()):
                raise UserError(f"its model {node.get('modelId')!r} leads out of {self.root}")
            asset = import_mesh(file, scale=scale, up="y", origin="file", max_faces=OBJECT_FACES, warn=False)
            digest = str(dict(asset.shape.parameters)["digest"])
            materials = self._painted(asset.materials, soup_of(file.as_posix(), digest)[0].part("").materials, node)
        except UserError as error:
            self.remarks.append(f"left out node {node.get('id')} ({node['type'].lower()}): {error}")
            return
        self.remarks += [f"{file}: {remark}" for remark in asset.remarks if "texture" in remark or "library" in remark]
        self.things.add(name, category, asset.shape, materials, Trajectory.still(pose))

    def _add_box(self, node: Node) -> None:
        try:
            scale, pose = self._placed(node)
            x, y, z = (abs(float(d) * s) for d, s in zip(np.asarray(node["dimensions"])[[0, 2, 1]], scale, strict=True))
            (material,) = self._painted((Material(color=(0.7, 0.7, 0.7)),), ("box_0",), node)
        except (UserError, KeyError, IndexError, TypeError, ValueError) as error:
            self.remarks.append(f"left out box {node.get('id')}: {error}")
            return
        self.things.add("box", "otherstructure", Shape.of("box", x=x, y=y, z=z), (material,), Trajectory.still(pose))

    def _placed(self, node: Node) -> tuple[tuple[float, float, float], Float]:
        """(metres of a unit of the mesh along x, y, z after its turn upwards, negative where mirrored; rigid pose in the world)."""
        values = np.asarray(node.get("transform", np.eye(4).ravel()), dtype=np.float64)
        if values.shape != (16,) or not np.isfinite(values).all():
            raise UserError("its transform is not 16 finite numbers")
        up = np.eye(4)
        up[:3, :3] = UPWARDS["y"]
        matrix = up @ values.reshape(4, 4).T @ up.T
        linear = self.metres * matrix[:3, :3]
        lengths = np.linalg.norm(linear, axis=0)
        if lengths.min() < 1e-9:
            raise UserError("its transform has no volume")
        if np.linalg.det(linear) < 0:
            lengths = lengths * (-1, 1, 1)
        left, _, right = np.linalg.svd(linear / lengths)
        rotation = left @ right
        if np.abs(rotation - linear / lengths).max() > 1e-3:
            self.remarks.append(f"node {node.get('id')} is sheared: placed without the shear")
        x, y, z = (round(float(k), 6) for k in lengths)
        return (x, y, z), compose(rotation, self.metres * matrix[:3, 3])

    def _painted(self, own: tuple[Material, ...], names: tuple[str, ...], node: Node) -> tuple[Material, ...]:
        """Materials of a mesh with those that the node gives instead: its k-th entry is for the material whose name ends in _k."""
        given = node.get("materials") or []
        painted = []
        for k, (material, name) in enumerate(zip(own, names, strict=False)):
            ending = re.search(r"_(\d+)(\.\d+)?$", name)
            number = int(ending[1]) if ending else k
            painted.append(self._repainted(material, given[number]) if number < len(given) else material)
        return tuple(painted)

    def _repainted(self, material: Material, entry: Mapping[str, Any]) -> Material:
        color, name = str(entry.get("diffuse", "")), str(entry.get("texture", ""))
        if name:
            found = next((file for end in ("", ".png", ".jpg") if (file := beside(self.root / "texture", name + end))), None)
            try:
                if found is None:
                    raise UserError(f"texture {name!r} is not there")
                return replace(material, color=(1.0, 1.0, 1.0), texture=texture_of(found))
            except UserError as error:
                self.remarks.append(f"{error}: shown in plain colour")
        if re.fullmatch(r"#[0-9a-fA-F]{6}", color):
            return replace(material, color=linear(int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)), texture=None)
        return material
