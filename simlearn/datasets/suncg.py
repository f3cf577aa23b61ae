"""SUNCG: 45,622 furnished houses as scenes that can be rendered.

Where to get it: no longer distributed by its authors; the toolbox with the table of classes is at https://github.com/shurans/SUNCGtoolbox.
Licence: SUNCG's terms of use, non-commercial research; cite Song et al. 2017. Expected under `$SIMLEARN_DATA` (any houses will do):

    suncg/house/<id>/house.json                    levels, rooms and objects with their transforms
    suncg/room/<id>/fr_0rm_0{f,c,w}.obj            floor, ceiling and walls of each room
    suncg/object/<model>/<model>.obj               models
    suncg/texture/*.jpg
    suncg/metadata/ModelCategoryMapping.csv        NYU40 class of each model

A house comes as a scene around one of its rooms, through which the camera walks; which room is a matter of the seed. What is missing in it
is named in the scene's metadata. To render many: simlearn generate --family suncg --set path=...
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from scenes.errors import UserError
from scenes.importers import suncg
from scenes.importers.suncg_house import House, house_ids
from scenes.randomness import Streams
from simlearn.datasets.root import Finding, locate

FOLDERS = ("suncg", "SUNCG")
LOOKED_AT = 20  # houses whose models `found` looks for


class SUNCG:
    """Houses, by id; indexable, a sample is {"scene": Scene, "name": str, the house's id}.

    `config` gives picture size, frames and the like (`scenes.importers.suncg.Config`); its path is set here. `seed`: of the random choices.
    """

    def __init__(self, root: Path | None, *, config: suncg.Config | None = None, seed: int = 0) -> None:
        self.folder = locate(root, "SUNCG", FOLDERS, ("house", "object"))
        self.names = house_ids(self.folder)
        self.config, self.seed = replace(config or suncg.Config(), path=self.folder.as_posix()), seed

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """UserError for a house that is damaged or in which no walk is found."""
        position = range(len(self))[index]
        House.read(self.folder, self.names[position])
        scene = suncg.sample(self.config, Streams(self.seed, position))
        if scene.metadata["house"] != self.names[position]:
            raise UserError(f"no walk was found in house {self.names[position]} of {self.folder}: take another seed or a smaller reach_m")
        return {"scene": scene, "name": self.names[position]}

    def missing_models(self, most: int | None = None) -> list[str]:
        """Models that the first `most` houses name and object/ lacks, sorted."""
        named = set()
        for name in self.names[:most]:
            house = House.read(self.folder, name)
            levels = range(len(house.document["levels"]))
            named |= {str(node.get("modelId")) for level in levels for node in house.nodes(level) if node["type"] == "Object"}
        return sorted(model for model in named if not (self.folder / "object" / model).is_dir())

    def fingerprint(self) -> str:
        """First 16 hex digits of the SHA-256 over names and contents of the houses' files; the models are not read."""
        digest = hashlib.sha256()
        for name in self.names:
            digest.update(name.encode() + b"\0" + hashlib.sha256((self.folder / "house" / name / "house.json").read_bytes()).digest())
        return digest.hexdigest()[:16]


def found(root: Path | None) -> Finding:
    """What there is of SUNCG under root, by its first 20 houses."""
    try:
        houses = SUNCG(root)
        missing = houses.missing_models(LOOKED_AT)
    except UserError as error:
        return Finding(present=False, text=str(error))
    models = sum(1 for path in (houses.folder / "object").iterdir() if path.is_dir())
    text = f"{len(houses)} houses, {models} models"
    if missing:
        text += f"; {len(missing)} models of the first {min(LOOKED_AT, len(houses))} houses are missing, the first is {missing[0]}"
    if not (houses.folder / "metadata" / "ModelCategoryMapping.csv").is_file():
        text += "; metadata/ModelCategoryMapping.csv is missing, so objects have no classes"
    return Finding(present=True, folder=houses.folder, text=text)
