"""Every role's material is one that light can fall on, and its texture can be painted."""

from __future__ import annotations

import numpy as np
import pytest

from scenes import shapes, textures
from scenes.errors import UserError
from scenes.palette import ROLES, Palette
from scenes.randomness import Streams
from scenes.scene import Texture


@pytest.mark.parametrize("role", sorted(ROLES))
def test_materials_are_physical_and_their_textures_exist(role):
    palette, painted = Palette(Streams(4, 2), 0.5), set()
    for k in range(40):
        material = palette.material(role, str(k))
        assert all(0 <= c <= 1 for c in material.color)
        assert 0 < material.roughness <= 1
        assert 0 <= material.metallic <= 1
        assert all(e >= 0 for e in material.emission)
        if isinstance(material.texture, Texture):
            kind = (material.texture.kind, tuple(name for name, _ in material.texture.parameters))
            if kind not in painted:  # building each variant would take minutes; a wrong name or parameter shows on the first
                picture = textures.build(material.texture)
                assert picture.dtype == np.uint8
                painted.add(kind)


def test_every_slot_of_every_shape_has_a_material():
    own = [kind for kind in shapes.SHAPES if shapes.SHAPES.target(kind).startswith("scenes.shapes.")]
    missing = {role for kind in own for role in shapes.roles(kind)} - set(ROLES) - {"surface", "ground"}  # given by who places them
    assert missing == set()


def test_the_same_role_and_group_give_the_same_material():
    one, other = Palette(Streams(4, 2), 0.5), Palette(Streams(4, 2), 0.5)
    other.material("wood", "table")
    assert one.material("fabric", "sofa") == other.material("fabric", "sofa")
    with pytest.raises(UserError, match="unobtainium"):
        one.material("unobtainium", "sofa")
