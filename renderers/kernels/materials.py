# mypy: ignore-errors
"""Materials as kernels read them."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS

wp.set_module_options(KERNEL_OPTIONS)


@wp.struct
class MaterialRow:
    """A `scenes.scene.Material` as kernels read it. `texture_size` 0: no texture. `texels_per_metre` at mip level 0."""

    color: wp.vec3
    emission: wp.vec3
    roughness: wp.float32
    metallic: wp.float32
    texels_per_metre: wp.float32
    texture_offset: wp.int32
    texture_size: wp.int32
    texture_levels: wp.int32
