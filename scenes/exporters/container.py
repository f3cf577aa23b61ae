"""The container of glTF 2.0: arrays become accessors in one binary buffer behind a JSON header."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

_COMPONENTS = {"float32": 5126, "uint32": 5125}
_KINDS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963


class Container:
    """A header with named lists and the binary buffer they point into; every `add` returns the number of what was added."""

    def __init__(self) -> None:
        self.header: dict[str, Any] = {"asset": {"version": "2.0", "generator": "simlearn"}}
        self._parts: list[bytes] = []
        self._length = 0

    def add(self, name: str, entry: dict[str, Any]) -> int:
        """Appends an entry to one of the header's lists ("nodes", "meshes", ...)."""
        entries: list[dict[str, Any]] = self.header.setdefault(name, [])
        entries.append(entry)
        return len(entries) - 1

    def add_bytes(self, content: bytes, **view: int) -> int:
        """Appends bytes to the buffer as a buffer view, aligned to 4."""
        number = self.add("bufferViews", {"buffer": 0, "byteOffset": self._length, "byteLength": len(content), **view})
        padded = content + bytes(-len(content) % 4)
        self._parts.append(padded)
        self._length += len(padded)
        return number

    def add_array(self, values: NDArray[Any], *, target: int | None = None, bounds: bool = False) -> int:
        """Appends an array [N] or [N, K], float32 or uint32, as an accessor."""
        values = np.ascontiguousarray(values)
        flat = values.reshape(len(values), -1)
        view = self.add_bytes(values.astype(values.dtype.newbyteorder("<")).tobytes(), **({"target": target} if target else {}))
        entry: dict[str, Any] = {
            "bufferView": view,
            "componentType": _COMPONENTS[values.dtype.name],
            "count": len(values),
            "type": _KINDS[flat.shape[1]],
        }
        if bounds:
            entry |= {"min": flat.min(axis=0).tolist(), "max": flat.max(axis=0).tolist()}
        return self.add("accessors", entry)

    def to_bytes(self) -> bytes:
        """The whole .glb file."""
        text = json.dumps({**self.header, "buffers": [{"byteLength": self._length}]}, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        head = struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + self._length)
        return b"".join([head, struct.pack("<I4s", len(text), b"JSON"), text, struct.pack("<I4s", self._length, b"BIN\0"), *self._parts])
