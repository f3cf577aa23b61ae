# mypy: ignore-errors
# ruff: noqa: F811
"""Numbers of neighbouring pixels side by side: one formula for a pixel, and for LANES pixels at a time in a CPU's vector registers.

Each function here takes plain numbers (float, int, vec3) or lanes of them (Lanes, LaneInts, Lanes3), so that functions built on
them with arguments of type `Any` serve both. A module that imports `add`, `sub`, ... computes on lanes with + - ...: Warp looks for
functions of those names. Lanes exist on the CPU alone, where Warp's own code is scalar; the snippets are written for Clang, which
compiles it. A lane gets exactly the bits that a plain number would. Conditions are ints, true where not 0.
"""

from typing import Any

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, mat34, rotate

wp.set_module_options(KERNEL_OPTIONS)

LANES = 16
Lanes = wp.types.vector(length=LANES, dtype=wp.float32)
LaneInts = wp.types.vector(length=LANES, dtype=wp.int32)
LaneSums = wp.types.vector(length=LANES, dtype=wp.uint64)
Lanes3 = wp.types.matrix(shape=(3, LANES), dtype=wp.float32)

# Letters of types in signatures, and how snippets read, write and return them; `i` is the part of a Lanes3.
_TYPES = {"f": float, "i": int, "v": wp.vec3, "F": Lanes, "I": LaneInts, "U": LaneSums, "V": Lanes3}
_VALUE = {"f": "{0}", "i": "{0}", "v": "{0}.c[i]", "F": "*(F*){0}.c", "I": "*(I*){0}.c", "U": "*(U*){0}.c", "V": "*(F*){0}.data[i]"}
_SPREAD = {"f": " - (F){}", "v": " - (F){}", "i": " - (I){}"}
_RESULT = {
    "F": f"wp::vec_t<{LANES}, wp::float32> r;",
    "I": f"wp::vec_t<{LANES}, wp::int32> r;",
    "U": f"wp::vec_t<{LANES}, wp::uint64> r;",
    "V": f"wp::mat_t<3, {LANES}, wp::float32> r;",
}
VECTORS = "".join(
    f"typedef {scalar} {name} __attribute__((vector_size({size * LANES}), aligned({size}), may_alias)); "
    for name, scalar, size in (("F", "float", 4), ("I", "int", 4), ("U", "unsigned long long", 8))
)


def lanewise(expression, signature):
    """Native code that returns an expression of x, y, z: arguments a, b, c. signature: a letter for each, a space, one for the result."""
    arguments, result = signature.split(" ")
    if result not in _RESULT:
        names = "".join(f"auto {x} = {a}; " for x, a, _ in zip("xyz", "abc", arguments, strict=False))
        return f"{names} return {expression};"
    names = "".join(
        f"auto {x} = {_VALUE[kind].format(a)}{_SPREAD.get(kind, '')}; " for x, a, kind in zip("xyz", "abc", arguments, strict=False)
    )
    parts = 3 if result == "V" else 1
    place = _VALUE[result].format("r")
    return f"{VECTORS} {_RESULT[result]} for (int i = 0; i < {parts}; ++i) {{ {names} {place} = {expression}; }} return r;"


def gathered(value, result):
    """Native code that returns values, of lane `k` and part `i`, that depend on index.c[k]; where that is the same in all, one is read."""
    parts = f"for (int i = 0; i < {3 if result == 'V' else 1}; ++i)"
    place, zero = ("r.data[i][k]" if result == "V" else "r.c[k]"), ("(I){}" if result == "I" else "(F){}")
    return f"""{VECTORS} {_RESULT[result]}
        I same = *(I*)index.c == index.c[0];
        if (__builtin_reduce_and(same)) {{
            const int k = 0;
            {parts} {_VALUE[result].format("r")} = {value} - {zero};
            return r;
        }}
        _Pragma("clang loop unroll(full)") for (int k = 0; k < {LANES}; ++k) {parts} {place} = {value};
        return r;"""


def _function(expression, *signatures):
    """A Warp function with a native overload for each signature."""

    def overload(signature):
        kinds, code = [_TYPES[letter] for letter in signature.replace(" ", "")], lanewise(expression, signature)
        if len(kinds) == 2:

            @wp.func_native(code)
            def native(a: kinds[0]) -> kinds[1]: ...
        elif len(kinds) == 3:

            @wp.func_native(code)
            def native(a: kinds[0], b: kinds[1]) -> kinds[2]: ...
        else:

            @wp.func_native(code)
            def native(a: kinds[0], b: kinds[1], c: kinds[2]) -> kinds[3]: ...

        return native

    first, *others = [overload(signature) for signature in signatures]
    for other in others:
        first.add_overload(other)
    return first


_NUMBERS, _WHOLE, _PLACES = ("FF F", "Ff F", "fF F"), ("II I", "Ii I", "iI I"), ("VV V", "Vv V", "vV V")
add = _function("x + y", *_NUMBERS, *_WHOLE, *_PLACES, "UU U")
sub = _function("x - y", *_NUMBERS, *_WHOLE, *_PLACES)
mul = _function("x * y", *_NUMBERS, *_WHOLE, "VF V", "Vf V", "vF V")
div = _function("x / y", *_NUMBERS)
floordiv = _function("x / y", "Ii I")  # of what is not negative
bit_and = _function("x & y", *_WHOLE)
bit_or = _function("x | y", *_WHOLE)
lshift = _function("x << y", *_WHOLE)
rshift = _function("x >> y", *_WHOLE)

minimum = _function("x < y ? x : y", "ff f", "ii i", "FF F", "Ff F", "II I", "Ii I")
maximum = _function("x > y ? x : y", "ff f", "ii i", "FF F", "Ff F", "II I", "Ii I")
below = _function("x < y", "ff i", "ii i", "FF I", "Ff I", "fF I", "II I", "Ii I", "iI I")
unequal = _function("x != y", "ii i", "II I", "Ii I")
where = _function("x != 0 ? y : z", *"iff f,iii i,ivv v,IFF F,IFf F,IfF F,Iff F,III I,IIi I,IiI I,Iii I,IVV V,IVv V,IvV V".split(","))
tinted = _function("x * y", "VV V", "vV V")  # part by part
gray = _function("x", "F V")  # all parts the same
root = _function("__builtin_elementwise_sqrt(x)", "F F")
floored = _function("__builtin_elementwise_floor(x)", "F F")
absolute = _function("__builtin_elementwise_abs(x)", "F F")
whole = _function("__builtin_convertvector(x, I)", "F I")  # the number without its fraction
real = _function("__builtin_convertvector(x, F)", "I F")
bits_of = _function("(I)x", "F I")
of_bits = _function("(F)x", "I F")
triple = _function("i == 0 ? x : i == 1 ? y : z", "FFF V", "Fff V")


@wp.func_native(lanewise("*(F*)a.data[b]", " F"))
def part(a: Lanes3, b: int) -> Lanes: ...


@wp.func
def part(a: wp.vec3, b: int):
    return a[b]


@wp.func_native(lanewise(" + ".join(f"*(F*)a.data[{j}] * *(F*)b.data[{j}]" for j in range(3)), " F"))
def dot(a: Lanes3, b: Lanes3) -> Lanes: ...


@wp.func_native(lanewise(" + ".join(f"*(F*)a.data[{j}] * b.c[{j}]" for j in range(3)), " F"))
def dot(a: Lanes3, b: wp.vec3) -> Lanes: ...


@wp.func
def dot(a: wp.vec3, b: wp.vec3):
    return wp.dot(a, b)


@wp.func_native(
    lanewise(
        "*(F*)a.data[(i + 1) % 3] * *(F*)b.data[(i + 2) % 3] - *(F*)a.data[(i + 2) % 3] * *(F*)b.data[(i + 1) % 3]",
        " V",
    )
)
def cross(a: Lanes3, b: Lanes3) -> Lanes3: ...


@wp.func
def cross(a: wp.vec3, b: wp.vec3):
    return wp.cross(a, b)


@wp.func_native(lanewise(" + ".join(f"a.data[i][{j}] * *(F*)b.data[{j}]" for j in range(3)), " V"))
def turned(a: mat34, b: Lanes3) -> Lanes3: ...


@wp.func
def turned(a: mat34, b: wp.vec3):
    """Rigid transform of a direction."""
    return rotate(a, b)


@wp.func
def length(v: Any):
    return root(dot(v, v))


@wp.func
def unit(v: Any):
    return v * (1.0 / length(v))


@wp.func_native(VECTORS + "return __builtin_reduce_max(*(I*)x.c);")
def largest(x: LaneInts) -> int: ...


@wp.func
def largest(x: int):
    """The largest of all lanes."""
    return x


@wp.func_native(VECTORS + "return __builtin_reduce_or(*(I*)condition.c) != 0;")
def anywhere(condition: LaneInts) -> bool: ...


@wp.func
def anywhere(condition: int):
    """Whether a condition holds in any lane."""
    return condition != 0


@wp.func
def tinted(a: wp.vec3, b: wp.vec3):
    return wp.cw_mul(a, b)


@wp.func
def gray(x: float):
    return wp.vec3(x, x, x)


@wp.func
def triple(x: float, y: float, z: float):
    return wp.vec3(x, y, z)


@wp.func
def root(x: float):
    return wp.sqrt(x)


@wp.func
def floored(x: float):
    return wp.floor(x)


@wp.func
def absolute(x: float):
    return wp.abs(x)


@wp.func
def whole(x: float):
    return int(x)


@wp.func
def real(x: int):
    return float(x)


@wp.func
def bits_of(x: float):
    return wp.cast(x, wp.int32)


@wp.func
def of_bits(x: int):
    return wp.cast(x, wp.float32)
