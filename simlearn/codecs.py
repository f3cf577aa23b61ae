"""How a label is stored in a shard: its array as integers that compress well, and back, with a stated bound on the error.

A codec turns one frame of one label into an array that HDF5 compresses as one chunk, and says in the dataset's attributes how to turn it
back, so a reader needs no table but the file. None of it is lossy beyond its `max_error`; +inf (no surface), NaN and 0 survive exactly.

Measured on rendered rooms | houses | flying | streets, 320x240, KB a frame (of raw) and ms on one slow core to write / to read:

    rgb      109 |  96 | 116 |  97 (230)   1.8 / 0.4    as LZ4HC 121 KB, 4.5 / 0.2; horizontal differences 81 KB, but 1.3 ms to read
    depth     48 |  55 |  73 |  46 (307)   2.6 / 0.4    lossless 100; as plain float32 160
    flow      35 |  38 |  70 |  44 (614)   2.5 / 0.6    each; lossless about 250; as plain float32 440
    normal    12 |  11 |  35 |  28 (922)   0.8 / 0.2    as plain float32 22 | 22 | 62 | 52

Differences to the pixel on the left are nearly as small as two-dimensional ones and take a third of the time to undo.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

import h5py
import hdf5plugin
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from renderers.frame import LABELS, Label
from scenes.errors import UserError
from simlearn.enclosed import attributes_of

Array = NDArray[Any]

_SHUFFLED = dict(hdf5plugin.Blosc2(cname="zstd", clevel=3, filters=hdf5plugin.Blosc2.SHUFFLE))
_DENSE = dict(hdf5plugin.Zstd(clevel=3))
_QUICK = dict(hdf5plugin.Zstd(clevel=1))

OFFSET = 128  # added to differences, so that small ones of either sign have the same high bytes
NOT_A_NUMBER = np.int32(-(2**31))
_EXPONENT = np.uint32(0x7F800000)
_MAGNITUDE = np.uint32(0x7FFFFFFF)


class Codec(Protocol):
    """One way to store a label. Fields are its parameters, which the file holds as attributes of the same names."""

    name: ClassVar[str]

    def stored(self, label: Label, height: int, width: int) -> tuple[str, tuple[int, ...]]:
        """dtype and shape of one stored frame."""
        ...

    def filters(self) -> dict[str, Any]:
        """Compression, as arguments of h5py's create_dataset."""
        ...

    def encode(self, array: Array) -> Array:
        """One frame of a label, [H, W] or [H, W, C] as the label table says, as it is stored."""
        ...

    def decode(self, stored: Array, label: Label, width: int) -> Array:
        """The label of width `width` again, [H, W] or [H, W, C], its memory in any order; `stored` may be overwritten."""
        ...

    @property
    def max_error(self) -> str:
        """How far a decoded value may be from the original, in words."""
        ...


@dataclass(frozen=True)
class Plain:
    """The array itself."""

    name: ClassVar[str] = "plain"
    max_error: ClassVar[str] = "0"

    def stored(self, label: Label, height: int, width: int) -> tuple[str, tuple[int, ...]]:
        return label.dtype, label.shape(height, width)

    def filters(self) -> dict[str, Any]:
        return _DENSE

    def encode(self, array: Array) -> Array:
        return array

    def decode(self, stored: Array, label: Label, width: int) -> Array:  # noqa: ARG002
        return stored


@dataclass(frozen=True)
class PackedBits:
    """Eight pixels of a mask in a byte, the leftmost in the highest bit; uint8 [H, ceil(W / 8)]."""

    name: ClassVar[str] = "packed_bits"
    max_error: ClassVar[str] = "0"

    def stored(self, label: Label, height: int, width: int) -> tuple[str, tuple[int, ...]]:  # noqa: ARG002
        return "uint8", (height, -(-width // 8))

    def filters(self) -> dict[str, Any]:
        return _QUICK

    def encode(self, array: Array) -> Array:
        return np.packbits(array, axis=-1)

    def decode(self, stored: Array, label: Label, width: int) -> Array:  # noqa: ARG002
        return np.unpackbits(stored, axis=-1, count=width).view(bool)


@dataclass(frozen=True)
class Scaled:
    """Values in [-1, 1] as multiples of `step`; int16 of the label's own shape."""

    step: float = 1 / 32767
    name: ClassVar[str] = "scaled"

    @property
    def max_error(self) -> str:
        return f"{self.step / 2:.3g}"

    def stored(self, label: Label, height: int, width: int) -> tuple[str, tuple[int, ...]]:
        return "int16", label.shape(height, width)

    def filters(self) -> dict[str, Any]:
        return _QUICK

    def encode(self, array: Array) -> Array:
        return np.rint(np.clip(array, -1, 1) * np.float32(1 / self.step)).astype(np.int16)

    def decode(self, stored: Array, label: Label, width: int) -> Array:  # noqa: ARG002
        array = stored.astype(np.float32)
        array *= np.float32(self.step)
        return array


@dataclass(frozen=True)
class FixedPoint:
    """Multiples of `step` (a power of two); of each the difference to its left neighbour, plus 128; int32 [H, W] or [C, H, W].

    NaN is kept; what exceeds 2^31 steps is set to that.
    """

    step: float
    name: ClassVar[str] = "fixed_point"

    @property
    def max_error(self) -> str:
        return f"{self.step / 2:.3g} (beyond {self.step * 2**31:.3g}: clamped)"

    def stored(self, label: Label, height: int, width: int) -> tuple[str, tuple[int, ...]]:
        return "int32", _channels_first(label, height, width)

    def filters(self) -> dict[str, Any]:
        return _SHUFFLED

    def encode(self, array: Array) -> Array:
        planes = np.moveaxis(array, -1, 0) if array.ndim == 3 else array
        with np.errstate(over="ignore"):  # what becomes infinite is clamped like all that is huge
            scaled = np.multiply(planes, np.float32(1 / self.step), dtype=np.float32)
        steps = np.clip(np.rint(scaled, out=scaled), -2147483520, 2147483520)  # the largest float32 below 2^31
        if np.isnan(steps.sum(dtype=np.float64)):
            unknown = np.isnan(steps)
            return _differences(np.where(unknown, NOT_A_NUMBER, np.where(unknown, 0, steps).astype(np.int32)))
        return _differences(steps.astype(np.int32))

    def decode(self, stored: Array, label: Label, width: int) -> Array:  # noqa: ARG002
        steps = _sums(stored)
        array = steps.astype(np.float32)
        array *= np.float32(self.step)
        if steps.min(initial=0) == NOT_A_NUMBER:
            array[steps == NOT_A_NUMBER] = np.nan
        return np.moveaxis(array, 0, -1) if label.channels else array


@dataclass(frozen=True)
class RoundedFloat:
    """Floats whose mantissa is rounded to `mantissa_bits`.

    Of their bits, as integers in the floats' order, the difference to the left neighbour, plus 128; int32 [H, W] or [C, H, W]. 23 bits
    is all of float32, so nothing is lost.
    """

    mantissa_bits: int = 17
    name: ClassVar[str] = "rounded_float"

    @property
    def max_error(self) -> str:
        return "0" if self._dropped == 0 else f"{2.0 ** -(self.mantissa_bits + 1):.3g} of the value"

    @property
    def _dropped(self) -> int:
        return 23 - self.mantissa_bits

    def stored(self, label: Label, height: int, width: int) -> tuple[str, tuple[int, ...]]:
        return "int32", _channels_first(label, height, width)

    def filters(self) -> dict[str, Any]:
        return _SHUFFLED

    def encode(self, array: Array) -> Array:
        planes = np.ascontiguousarray(np.moveaxis(array, -1, 0) if array.ndim == 3 else array)
        bits = self._rounded(planes.view(np.uint32)).view(np.int32)
        return _differences(_ordered(bits) >> self._dropped)

    def _rounded(self, bits: NDArray[np.uint32]) -> NDArray[np.uint32]:
        if self._dropped == 0:
            return bits
        keep = np.uint32(0xFFFFFFFF << self._dropped & 0xFFFFFFFF)
        rounded = (bits + np.uint32(1 << self._dropped - 1)) & keep
        finite = (bits & _EXPONENT) != _EXPONENT
        overflown = finite & ((rounded & _EXPONENT) == _EXPONENT)  # the largest floats would round to infinity
        rounded = np.where(overflown, bits & keep, rounded)
        unknown = ~finite & ((bits & _MAGNITUDE) != _EXPONENT)
        return np.where(unknown, np.uint32(0x7FC00000), rounded)

    def decode(self, stored: Array, label: Label, width: int) -> Array:  # noqa: ARG002
        bits = _sums(stored)
        bits <<= self._dropped
        if bits.min(initial=0) < 0:
            bits = _ordered(bits) & np.int32(-(1 << self._dropped))
        array = bits.view(np.float32)
        return np.moveaxis(array, 0, -1) if label.channels else array


@dataclass(frozen=True)
class Jpeg:
    """A JPEG file of `quality`, filled up with zeros; uint8 [3 H W + 65536]."""

    quality: int = 95
    name: ClassVar[str] = "jpeg"
    max_error: ClassVar[str] = "that of JPEG"

    def stored(self, label: Label, height: int, width: int) -> tuple[str, tuple[int, ...]]:  # noqa: ARG002
        return "uint8", (3 * height * width + 65536,)

    def filters(self) -> dict[str, Any]:
        return _QUICK

    def encode(self, array: Array) -> Array:
        file = io.BytesIO()
        Image.fromarray(array).save(file, format="JPEG", quality=self.quality)
        stored = np.zeros(array.size + 65536, dtype=np.uint8)
        stored[: file.tell()] = np.frombuffer(file.getbuffer(), dtype=np.uint8)
        return stored

    def decode(self, stored: Array, label: Label, width: int) -> Array:  # noqa: ARG002
        with Image.open(io.BytesIO(stored.data), formats=("JPEG",)) as picture:
            return np.array(picture)


CODECS: dict[str, type[Any]] = {codec.name: codec for codec in (Plain, PackedBits, Scaled, FixedPoint, RoundedFloat, Jpeg)}
_PARAMETERS = {"codec", *(field.name for codec in CODECS.values() for field in fields(codec))}
PIXELS, METRES, COLOUR = FixedPoint(step=2**-8), FixedPoint(step=2**-14), FixedPoint(step=2**-14)
COMPACT: dict[str, Codec] = {
    "depth": RoundedFloat(),
    "distance": RoundedFloat(),
    "sensor_depth": RoundedFloat(),
    "normal": Scaled(),
    "shading_normal": Scaled(),
    "flow_forward": PIXELS,
    "flow_backward": PIXELS,
    "disparity": PIXELS,
    "scene_flow": METRES,
    "object_point": METRES,
    "albedo": COLOUR,
}


def lossless(label: Label) -> Codec:
    """The codec that loses nothing."""
    if label.dtype == "bool":
        return PackedBits()
    return RoundedFloat(mantissa_bits=23) if label.dtype == "float32" else Plain()


def choose(labels: tuple[str, ...], wishes: Mapping[str, str]) -> dict[str, Codec]:
    """The codec of each label: by default lossless but for floats, whose error is far below what they measure.

    `wishes`: label (or "all", or "rgb" for both eyes) -> "lossless", "compact" or, of colour images, "jpeg" or "jpeg:QUALITY".
    Raises UserError for a label that is not there and a wish that does not fit.
    """
    unknown = [name for name in wishes if name not in (*labels, "all")]
    if unknown:
        raise UserError(f"codec of {unknown[0]!r}: known are all, {', '.join(labels)}")
    general = dict.fromkeys(labels, wishes.get("all", "compact"))
    eyes = {"rgb_right": wishes["rgb"]} if "rgb" in wishes and "rgb_right" in labels else {}
    asked = {**general, **eyes, **{name: wish for name, wish in wishes.items() if name != "all"}}
    return {name: _chosen(LABELS[name], wish) for name, wish in asked.items()}


def _chosen(label: Label, wish: str) -> Codec:
    kind, colon, quality = wish.partition(":")
    if kind == "jpeg" and label.unit == "sRGB" and (quality.isdecimal() and 1 <= int(quality) <= 100 if colon else True):
        return Jpeg(int(quality) if colon else Jpeg.quality)
    if wish == "compact":
        return COMPACT.get(label.name, lossless(label))
    if wish == "lossless":
        return lossless(label)
    known = "lossless, compact" + (", jpeg or jpeg:QUALITY with 1 to 100" if label.unit == "sRGB" else "")
    raise UserError(f"codec {label.name}={wish} does not fit: known are {known}")


def describe(codec: Codec) -> dict[str, Any]:
    """Attributes of a dataset that say how to decode it."""
    return {"codec": codec.name, **vars(codec), "max_error": codec.max_error}


def codec_of(dataset: h5py.Dataset) -> Codec:
    """The codec that a dataset's attributes name; those of version 1 have none and are plain. KeyError for an unknown one."""
    attributes = attributes_of(dataset, _PARAMETERS)
    kind = CODECS[attributes.get("codec", Plain.name)]
    return kind(**{name: attributes[name].item() for name in (f.name for f in fields(kind))})


def _channels_first(label: Label, height: int, width: int) -> tuple[int, ...]:
    return (label.channels, height, width) if label.channels else (height, width)


def _differences(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """Each value less its left neighbour (the first as it is), plus OFFSET; modulo 2^32, so nothing overflows."""
    differences = np.empty_like(values)
    differences[..., 0] = values[..., 0]
    np.subtract(values[..., 1:], values[..., :-1], out=differences[..., 1:])
    differences += OFFSET
    return differences


def _sums(differences: NDArray[np.int32]) -> NDArray[np.int32]:
    """Undoes `_differences`, in place."""
    differences -= OFFSET
    return np.cumsum(differences, axis=-1, dtype=np.int32, out=differences)


def _ordered(bits: NDArray[np.int32]) -> NDArray[np.int32]:
    """Bits of floats as integers in the floats' order, and back: those of negative numbers run the other way."""
    return np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits)
