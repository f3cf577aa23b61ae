"""Files that a scene refers to: are they there, are they the same as when they were imported, and how much is in them."""

from __future__ import annotations

import hashlib
import json
import re
import struct
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from scenes.errors import UserError

_BLOCK = 1 << 22
_SHARED = ("images", "texture", "textures", "materials", "meshes")


class AssetWarning(UserWarning):
    """Something in a user's file that was mended, guessed or left out; the message names the file."""


def existing(path: str | Path) -> Path:
    """The path of a file that can be read; UserError otherwise."""
    path = Path(path)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "not there"
        raise UserError(f"file {path} is {found}: check the path (a relative one starts at the folder the program runs in)")
    return path


def leads_out(folder: Path, name: str | Path) -> bool:
    """Whether a name that a file in `folder` gives, its links followed, leads to files that are not this collection's.

    A collection's are those in the folder, and in folders beside or above it that bear the names ShapeNet (../images), SUNCG
    (../../texture) and robots (../meshes) give them.
    """
    try:
        home = folder.resolve()
        place = (home / name).resolve()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL byte, links in a circle
        return True
    shared = [above / word for above in home.parents[:2] for word in _SHARED]
    return not any(place.is_relative_to(allowed) for allowed in (home, *shared))


def enclosed(folder: Path, name: str) -> Path:
    """The path of the file that another one in `folder` calls `name`; UserError if it `leads_out` of there."""
    if leads_out(folder, name):
        raise UserError(f"file {name} lies outside of {folder}, where it is named: put it beside the file that names it")
    return folder / name


def digest_of(path: str | Path) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a file's contents; of a .gltf file together with its external buffers."""
    path = existing(path)
    sha = hashlib.sha256()
    for source in (path, *_buffers(path)):
        with source.open("rb") as file:
            while block := file.read(_BLOCK):
                sha.update(block)
    return sha.hexdigest()[:16]


def checked(path: str, digest: str) -> Path:
    """The path, if the file is there and its contents still have `digest`; UserError otherwise."""
    source = existing(path)
    if digest_of(source) != digest:
        raise UserError(f"file {path} has changed since the scene was made: restore the old file or sample the scene again")
    return source


def gltf_header(path: Path) -> dict[str, Any]:
    """The JSON part of a .gltf or .glb file; UserError where there is none."""
    try:
        if path.suffix.lower() == ".gltf":
            header = json.loads(path.read_bytes())
        else:
            with path.open("rb") as file:
                magic, version, _, length, kind = struct.unpack("<4sIIII", file.read(20))
                if magic != b"glTF" or version != 2 or kind != 0x4E4F534A:
                    raise UserError(f"{path} is not a binary glTF 2.0 file: export it again as .glb")
                header = json.loads(file.read(length))
    except (struct.error, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is broken or cut off ({error}): export or copy it again") from error
    if not isinstance(header, dict):
        raise UserError(f"{path} is not a glTF file: its JSON is no object")
    return header


def _buffers(path: Path) -> list[Path]:
    if path.suffix.lower() != ".gltf":
        return []
    uris = [str(buffer.get("uri", "")) for buffer in gltf_header(path).get("buffers", [])]
    return [existing(enclosed(path.parent, unquote(uri))) for uri in uris if uri and not uri.startswith("data:")]


def face_count(path: Path) -> int:
    """How many faces a mesh file announces, in a bounded amount of memory: from its header, or for OBJ and ASCII STL by counting lines.

    Polygons count once. 0 when nothing can be told; reading the file then says what is wrong.
    """
    kind = path.suffix.lower()
    if kind in (".glb", ".gltf"):
        return _gltf_faces(gltf_header(path))
    with path.open("rb") as file:
        head = file.read(4096)
    if kind == ".ply":
        match = re.search(rb"element\s+face\s+(\d+)", head)
        return int(match[1]) if match else 0
    if kind == ".stl":
        announced = struct.unpack("<I", head[80:84])[0] if len(head) >= 84 else 0
        return announced if path.stat().st_size == 84 + 50 * announced else _occurrences(path, b"endfacet")
    return _occurrences(path, b"\nf ")


def _occurrences(path: Path, mark: bytes) -> int:
    total, tail = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            text = tail + block
            total += text.count(mark)
            tail = text[-(len(mark) - 1) :]
    return total


def _gltf_faces(header: dict[str, Any]) -> int:
    """Triangles of all nodes: a mesh that is placed twice counts twice."""
    try:
        accessors = header.get("accessors", [])
        sizes = [sum(accessors[_corners(p)]["count"] // 3 for p in mesh["primitives"]) for mesh in header.get("meshes", [])]
        return sum(sizes[node["mesh"]] for node in header.get("nodes", []) if "mesh" in node)
    except (KeyError, IndexError, TypeError):
        return 0


def _corners(primitive: dict[str, Any]) -> int:
    return int(primitive["indices"] if "indices" in primitive else primitive["attributes"]["POSITION"])


def beside(folder: Path, name: str) -> Path | None:
    """The file that another one in `folder` calls `name`: there, in other letter case, or by its last name only; None if there is none.

    Where a name `leads_out` of the folder, only its last part counts.
    """
    relative = name.replace("\\", "/").lstrip("/")
    for candidate in (relative, relative.rsplit("/", 1)[-1]):
        path = folder / candidate
        if leads_out(folder, candidate):
            continue
        if path.is_file():
            return path
        if path.parent.is_dir():
            same = [other for other in sorted(path.parent.iterdir()) if other.name.lower() == path.name.lower() and other.is_file()]
            if same and not leads_out(folder, same[0].absolute()):
                return same[0]
    return None
