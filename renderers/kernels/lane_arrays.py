# mypy: ignore-errors
# ruff: noqa: F401, F811
"""Reading and writing arrays by lanes (`renderers.kernels.lanes`), and what kernels need to handle pixels of a row by lanes."""

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, PINHOLE, Eye, mat34, pixel_ray, rotate
from renderers.kernels.lanes import LANES, LaneInts, Lanes, Lanes3, add, dot, gathered, lanewise, mul, real, sub, triple
from renderers.kernels.materials import MaterialRow

wp.set_module_options(KERNEL_OPTIONS)


@wp.func_native(gathered("values.data[index.c[k] + shift]", "F"))
def take(values: wp.array(dtype=wp.float32), index: LaneInts, shift: int) -> Lanes: ...


@wp.func
def take(values: wp.array(dtype=wp.float32), index: int, shift: int):
    """values[index + shift]."""
    return values[index + shift]


@wp.func_native(lanewise("__builtin_shufflevector(*(F*)(values.data + start), *(I*)index.c)", " F"))
def take_near(values: wp.array(dtype=wp.float32), start: int, index: LaneInts) -> Lanes: ...


@wp.func
def take_near(values: wp.array(dtype=wp.float32), start: int, index: int):
    """values[start + index] for an index below LANES; of lanes, all LANES values from there on are read."""
    return values[start + index]


@wp.func_native(gathered("values.data[index.c[k]]", "I"))
def take(values: wp.array(dtype=wp.int32), index: LaneInts) -> LaneInts: ...


@wp.func
def take(values: wp.array(dtype=wp.int32), index: int):
    return values[index]


@wp.func_native(gathered("values.data[index.c[k]].c[i]", "V"))
def take(values: wp.array(dtype=wp.vec3), index: LaneInts) -> Lanes3: ...


@wp.func
def take(values: wp.array(dtype=wp.vec3), index: int):
    return values[index]


@wp.func_native(gathered("values.data[index.c[k]].c[element]", "F"))
def take_element(values: wp.array(dtype=wp.vec2), index: LaneInts, element: int) -> Lanes: ...


@wp.func
def take_element(values: wp.array(dtype=wp.vec2), index: int, element: int):
    """values[index][element]."""
    return values[index][element]


@wp.func_native(gathered("values.data[index.c[k]].c[element]", "I"))
def take_element(values: wp.array(dtype=wp.vec3i), index: LaneInts, element: int) -> LaneInts: ...


@wp.func
def take_element(values: wp.array(dtype=wp.vec3i), index: int, element: int):
    return values[index][element]


@wp.func_native(gathered("values.data[index.c[k]].data[row][i]", "V"))
def _matrix_row(values: wp.array(dtype=mat34), index: LaneInts, row: int) -> Lanes3: ...


@wp.func
def turned_by(poses: wp.array(dtype=mat34), index: int, v: wp.vec3):
    """v as rigid transform poses[index] turns it."""
    return rotate(poses[index], v)


@wp.func
def turned_by(poses: wp.array(dtype=mat34), index: LaneInts, v: Lanes3):
    return triple(dot(_matrix_row(poses, index, 0), v), dot(_matrix_row(poses, index, 1), v), dot(_matrix_row(poses, index, 2), v))


@wp.struct
class MaterialLanes:
    """MaterialRow of several points."""

    color: Lanes3
    emission: Lanes3
    roughness: Lanes
    metallic: Lanes
    texels_per_metre: Lanes
    texture_offset: LaneInts
    texture_size: LaneInts
    texture_levels: LaneInts


def _field(name, kind, letter):
    @wp.func_native(gathered(f"rows.data[index.c[k]].{name}" + (".c[i]" if letter == "V" else ""), letter))
    def field(rows: wp.array(dtype=MaterialRow), index: LaneInts) -> kind: ...

    return field


_color, _emission = _field("color", Lanes3, "V"), _field("emission", Lanes3, "V")
_roughness, _metallic = _field("roughness", Lanes, "F"), _field("metallic", Lanes, "F")
_texels_per_metre = _field("texels_per_metre", Lanes, "F")
_offset, _size, _levels = (_field(f"texture_{name}", LaneInts, "I") for name in ("offset", "size", "levels"))


@wp.func
def take_material(rows: wp.array(dtype=MaterialRow), index: int):
    return rows[index]


@wp.func
def take_material(rows: wp.array(dtype=MaterialRow), index: LaneInts):
    material = MaterialLanes()
    material.color = _color(rows, index)
    material.emission = _emission(rows, index)
    material.roughness = _roughness(rows, index)
    material.metallic = _metallic(rows, index)
    material.texels_per_metre = _texels_per_metre(rows, index)
    material.texture_offset = _offset(rows, index)
    material.texture_size = _size(rows, index)
    material.texture_levels = _levels(rows, index)
    return material


@wp.func
def pixel_from(column: int):
    return column


@wp.func_native(lanewise("column + (I){" + ", ".join(map(str, range(LANES))) + "}", " I"))
def pixels_from(column: int) -> LaneInts:
    """The columns of LANES neighbouring pixels."""
    ...


@wp.func
def rays_through(eye: Eye, row: int, column: int):
    return pixel_ray(eye, row, column)


@wp.func
def rays_through(eye: Eye, row: int, column: LaneInts):
    ray = triple((real(column) + 0.5 - eye.cx) * eye.per_fx, (float(row) + 0.5 - eye.cy) * eye.per_fy, 1.0)
    if eye.model != PINHOLE:
        ray = take(eye.rays[row], column)
    return ray
