# mypy: ignore-errors
"""Filtered look-up of stored textures (`renderers.texture_store`) in kernels."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS

wp.set_module_options(KERNEL_OPTIONS)


@wp.func
def level_offset(offset: int, size: int, level: int):
    """Where a mip level starts: sizes fall by a factor of 4, so levels 0 ... l-1 hold (size^2 - (size >> l)^2) * 4 / 3 texels."""
    reduced = size >> level
    return offset + (size * size - reduced * reduced) // 3 * 4


@wp.func
def gather(texels: wp.array(dtype=wp.uint64), offset: int, size: int, s: float, t: float, share: float):
    """Sum of the four texels around (s, t), in texels of this level, with weights that sum to int(share). The picture repeats."""
    left = wp.floor(s - 0.5)
    top = wp.floor(t - 0.5)
    fx = s - 0.5 - left
    fy = t - 0.5 - top
    mask = size - 1
    x0 = int(left) & mask
    x1 = (x0 + 1) & mask
    y0 = offset + (int(top) & mask) * size
    y1 = offset + ((int(top) + 1) & mask) * size
    lower = share * fy
    w3 = int(lower * fx)
    w2 = int(lower - lower * fx)
    w1 = int((share - lower) * fx)
    w0 = int(share) - w1 - w2 - w3
    total = texels[y0 + x0] * wp.uint64(w0) + texels[y0 + x1] * wp.uint64(w1)
    return total + texels[y1 + x0] * wp.uint64(w2) + texels[y1 + x1] * wp.uint64(w3)


@wp.func
def decode(total: wp.uint64):
    """Linear colour of a sum of texels whose weights sum to 2048."""
    scale = 1.0 / (1023.0 * 2048.0)
    lane = wp.uint64(2097151)
    r = float(wp.uint32(total & lane)) * scale
    g = float(wp.uint32((total >> wp.uint64(21)) & lane)) * scale
    b = float(wp.uint32(total >> wp.uint64(42))) * scale
    return wp.vec3(r * r, g * g, b * b)


@wp.func
def sample_texture(
    texels: wp.array(dtype=wp.uint64), offset: int, size: int, levels: int, texels_per_metre: float, uv: wp.vec2, footprint: float
):
    """Linear colour averaged over about `footprint` metres at `uv` (metres): trilinear between mip levels."""
    span = wp.max(footprint * texels_per_metre, 1.0)
    bits = wp.cast(span, wp.int32)
    fine = (bits >> 23) - 127
    mantissa = wp.cast((bits & 8388607) | 1065353216, wp.float32) - 1.0
    blend = mantissa * (1.3465 - 0.3465 * mantissa)  # log2(1 + mantissa) to 1 %
    if fine >= levels - 1:
        fine = levels - 1
        blend = 0.0
    scale = texels_per_metre / float(1 << fine)
    s = uv[0] * scale
    t = uv[1] * scale
    coarse_share = wp.floor(2048.0 * blend)
    total = gather(texels, level_offset(offset, size, fine), size >> fine, s, t, 2048.0 - coarse_share)
    if coarse_share > 0.0:
        total += gather(texels, level_offset(offset, size, fine + 1), size >> (fine + 1), s * 0.5, t * 0.5, coarse_share)
    return decode(total)
