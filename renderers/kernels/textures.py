# mypy: ignore-errors
# ruff: noqa: F401, F811
"""Filtered look-up of stored textures (`renderers.texture_store`) in kernels, for one point or for lanes of them."""

from typing import Any

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS
from renderers.kernels.lanes import (
    LANES,
    VECTORS,
    LaneInts,
    Lanes3,
    LaneSums,
    add,
    anywhere,
    below,
    bit_and,
    bit_or,
    bits_of,
    div,
    floordiv,
    floored,
    lanewise,
    lshift,
    maximum,
    minimum,
    mul,
    of_bits,
    real,
    rshift,
    sub,
    tinted,
    where,
    whole,
)

wp.set_module_options(KERNEL_OPTIONS)


@wp.func
def level_offset(offset: Any, size: Any, level: Any):
    """Where a mip level starts: sizes fall by a factor of 4, so levels 0 ... l-1 hold (size^2 - (size >> l)^2) * 4 / 3 texels."""
    reduced = size >> level
    return offset + (size * size - reduced * reduced) // 3 * 4


@wp.func
def spread(texel: wp.uint32):
    """The channels of a texel, 10 bits each, moved to 21 bits each."""
    t = wp.uint64(texel)
    return (t & wp.uint64(1023)) | ((t & wp.uint64(1047552)) << wp.uint64(11)) | ((t & wp.uint64(1072693248)) << wp.uint64(22))


@wp.func
def weighted(texels: wp.array(dtype=wp.uint32), upper: int, lower: int, left: int, right: int, w0: int, w1: int, w2: int, w3: int):
    """Sum of four texels, channels 21 bits apart: in the row that starts at `upper` those at left and right (w0, w1), and in that at
    `lower` (w2, w3)."""
    total = spread(texels[upper + left]) * wp.uint64(w0) + spread(texels[upper + right]) * wp.uint64(w1)
    return total + spread(texels[lower + left]) * wp.uint64(w2) + spread(texels[lower + right]) * wp.uint64(w3)


@wp.func_native(f"""
    {VECTORS} typedef unsigned W __attribute__((vector_size({4 * LANES}), aligned(4), may_alias));
    wp::vec_t<{LANES}, wp::uint64> r;
    W texel[4];
    const W weight[4] = {{*(W*)w0.c, *(W*)w1.c, *(W*)w2.c, *(W*)w3.c}};
    _Pragma("clang loop unroll(full)") for (int k = 0; k < {LANES}; ++k) {{
        texel[0][k] = texels.data[upper.c[k] + left.c[k]];
        texel[1][k] = texels.data[upper.c[k] + right.c[k]];
        texel[2][k] = texels.data[lower.c[k] + left.c[k]];
        texel[3][k] = texels.data[lower.c[k] + right.c[k]];
    }}
    U total = (U){{}};
    for (int i = 0; i < 3; ++i) {{
        W sum = (W){{}};
        for (int j = 0; j < 4; ++j) sum += (texel[j] >> (10 * i) & 1023) * weight[j];
        total |= __builtin_convertvector(sum, U) << (21 * i);
    }}
    *(U*)r.c = total;
    return r;""")
def weighted(
    texels: wp.array(dtype=wp.uint32),
    upper: LaneInts,
    lower: LaneInts,
    left: LaneInts,
    right: LaneInts,
    w0: LaneInts,
    w1: LaneInts,
    w2: LaneInts,
    w3: LaneInts,
) -> LaneSums: ...


@wp.func
def gather(texels: wp.array(dtype=wp.uint32), offset: Any, size: Any, s: Any, t: Any, share: Any):
    """Sum of the four texels around (s, t), in texels of this level, with weights that sum to int(share). The picture repeats."""
    left = floored(s - 0.5)
    top = floored(t - 0.5)
    fx = s - 0.5 - left
    fy = t - 0.5 - top
    mask = size - 1
    x0 = whole(left) & mask
    x1 = (x0 + 1) & mask
    y0 = offset + (whole(top) & mask) * size
    y1 = offset + ((whole(top) + 1) & mask) * size
    lower = share * fy
    w3 = whole(lower * fx)
    w2 = whole(lower - lower * fx)
    w1 = whole((share - lower) * fx)
    w0 = whole(share) - w1 - w2 - w3
    return weighted(texels, y0, y1, x0, x1, w0, w1, w2, w3)


@wp.func
def decode(total: wp.uint64):
    """Square roots of the linear colour of a sum of texels whose weights sum to 2048."""
    scale = 1.0 / (1023.0 * 2048.0)
    lane = wp.uint64(2097151)
    r = float(wp.uint32(total & lane)) * scale
    g = float(wp.uint32((total >> wp.uint64(21)) & lane)) * scale
    b = float(wp.uint32(total >> wp.uint64(42))) * scale
    return wp.vec3(r, g, b)


@wp.func_native(
    lanewise(
        "(__builtin_convertvector(__builtin_convertvector(*(U*)total.c >> (21 * i) & 2097151, I), F) * (1.0f / (1023.0f * 2048.0f)))", " V"
    )
)
def decode(total: LaneSums) -> Lanes3: ...


@wp.func
def filtered(texels: wp.array(dtype=wp.uint32), offset: Any, size: Any, levels: Any, texels_per_metre: Any, u: Any, v: Any, footprint: Any):
    """Linear colour averaged over about `footprint` metres at (u, v) metres.

    Between the footprints of two mip levels they are blended; near one of them it alone is read.
    """
    bits = bits_of(maximum(footprint * texels_per_metre, 1.0))
    mantissa = of_bits((bits & 8388607) | 1065353216) - 1.0
    octave = mantissa * (1.3465 - 0.3465 * mantissa)  # log2(1 + mantissa) to 1 %
    blend = octave
    fine = (bits >> 23) - 127 + whole(blend)
    last = maximum(levels - 1, 0)
    coarse_share = where(below(fine, last), floored(2048.0 * (blend - floored(blend))), 0.0)
    fine = minimum(fine, last)
    scale = texels_per_metre / real(1 << fine)
    s = u * scale
    t = v * scale
    total = gather(texels, level_offset(offset, size, fine), maximum(size >> fine, 1), s, t, 2048.0 - coarse_share)
    if anywhere(below(0.0, coarse_share)):
        fine = minimum(fine + 1, last)
        total = total + gather(texels, level_offset(offset, size, fine), maximum(size >> fine, 1), s * 0.5, t * 0.5, coarse_share)
    root_of_color = decode(total)
    return tinted(root_of_color, root_of_color)


@wp.func
def sample_texture(
    texels: wp.array(dtype=wp.uint32), offset: int, size: int, levels: int, texels_per_metre: float, uv: wp.vec2, footprint: float
):
    """Linear colour averaged over about `footprint` metres at `uv` (metres)."""
    return filtered(texels, offset, size, levels, texels_per_metre, uv[0], uv[1], footprint)
