"""Materials of a scene: every role that a slot of a shape names ("wood", "fabric", "asphalt") has one function that draws its material."""

from __future__ import annotations

from scenes.errors import UserError
from scenes.palette import buildings, fittings, houses, indoor, land, outdoors, traffic
from scenes.palette.scheme import Role, Scheme
from scenes.randomness import Streams
from scenes.scene import Material

ROLES: dict[str, Role] = {
    **indoor.ROLES,
    **fittings.ROLES,
    **houses.ROLES,
    **outdoors.ROLES,
    **traffic.ROLES,
    **buildings.ROLES,
    **land.ROLES,
}


class Palette:
    """Materials of one scene. The same (role, group) gives the same material; purposes do not disturb each other."""

    def __init__(self, streams: Streams, tint: float) -> None:
        self._streams = streams.child("palette")
        self.scheme = Scheme.draw(self._streams.generator("scheme"), tint)

    def material(self, role: str, group: str) -> Material:
        """The material of a role ("wood", "fabric", ...) for the things of a group."""
        if role not in ROLES:
            raise UserError(f"no material is known for the role {role!r}: add a function of that name to scenes/palette")
        return ROLES[role](self.scheme, self._streams.generator(f"{role}/{group}"))
