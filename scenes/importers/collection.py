"""Things gathered into a scene: instances with distinct names that share materials."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from scenes.scene import Instance, Material, Shape, Trajectory


@dataclass
class Collection:
    """Instances and the materials they index; `add` keeps names distinct and equal materials single."""

    instances: list[Instance] = field(default_factory=list)
    _materials: dict[Material, int] = field(default_factory=dict)
    _names: Counter[str] = field(default_factory=Counter)

    @property
    def materials(self) -> tuple[Material, ...]:
        return tuple(self._materials)

    def add(self, name: str, category: str, shape: Shape, materials: tuple[Material, ...], motion: Trajectory) -> Instance:
        """One more thing, with a material for each slot of its shape; a name that is taken gets a number."""
        self._names[name] += 1
        distinct = name if self._names[name] == 1 else f"{name}_{self._names[name]}"
        slots = tuple(self._materials.setdefault(material, len(self._materials)) for material in materials)
        self.instances.append(Instance(name=distinct, category=category, shape=shape, materials=slots, motion=motion))
        return self.instances[-1]
