# mypy: ignore-errors
# ruff: noqa: ARG001, F811
"""Writing labels of neighbouring pixels: one value, or LANES of them (`renderers.kernels.lanes`), from `pixel` on and before `end`."""

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS
from renderers.kernels.lanes import LANES, LaneInts, Lanes, Lanes3

wp.set_module_options(KERNEL_OPTIONS)

_COUNT = f"const int count = end - pixel < {LANES} ? end - pixel : {LANES};"


def _line(kind, parts, value):
    """Native code that lines up `parts` values of each lane k and copies those before `end`."""
    return f"""{_COUNT} {kind} line[{parts} * {LANES}];
        _Pragma("clang loop unroll(full)") for (int k = 0; k < {LANES}; ++k)
            for (int i = 0; i < {parts}; ++i) line[{parts} * k + i] = {value};
        if (count == {LANES}) memcpy(out.data + pixel, line, sizeof(line));
        else memcpy(out.data + pixel, line, sizeof({kind}) * {parts} * count);"""


@wp.func_native(_line("float", 1, "value.c[k]"))
def store(out: wp.array(dtype=wp.float32), pixel: int, end: int, value: Lanes): ...


@wp.func
def store(out: wp.array(dtype=wp.float32), pixel: int, end: int, value: float):
    out[pixel] = value


@wp.func_native(_line("float", 3, "value.data[i][k]"))
def store(out: wp.array(dtype=wp.vec3), pixel: int, end: int, value: Lanes3): ...


@wp.func
def store(out: wp.array(dtype=wp.vec3), pixel: int, end: int, value: wp.vec3):
    out[pixel] = value


@wp.func_native(_line("float", 2, "i == 0 ? x.c[k] : y.c[k]"))
def store_pair(out: wp.array(dtype=wp.vec2), pixel: int, end: int, x: Lanes, y: Lanes): ...


@wp.func
def store_pair(out: wp.array(dtype=wp.vec2), pixel: int, end: int, x: float, y: float):
    out[pixel] = wp.vec2(x, y)


@wp.func_native(_line("wp::uint8", 1, "value.c[k]"))
def store(out: wp.array(dtype=wp.uint8), pixel: int, end: int, value: LaneInts): ...


@wp.func
def store(out: wp.array(dtype=wp.uint8), pixel: int, end: int, value: int):
    out[pixel] = wp.uint8(value)


@wp.func_native(_line("wp::uint16", 1, "value.c[k]"))
def store(out: wp.array(dtype=wp.uint16), pixel: int, end: int, value: LaneInts): ...


@wp.func
def store(out: wp.array(dtype=wp.uint16), pixel: int, end: int, value: int):
    out[pixel] = wp.uint16(value)


@wp.func_native(_line("bool", 1, "value.c[k] != 0"))
def store(out: wp.array(dtype=wp.bool), pixel: int, end: int, value: LaneInts): ...


@wp.func
def store(out: wp.array(dtype=wp.bool), pixel: int, end: int, value: int):
    """Writes a label of the pixels from `pixel` on and before `end`."""
    out[pixel] = value != 0
