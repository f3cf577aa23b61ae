"""Mesh files as shapes: `import_mesh` looks at a file once and returns its recipe, materials and what was wrong with it.

The recipe (`Shape.of("mesh_file", ...)`) names the file, the digest of its contents and how it is placed, so a scene stays small JSON;
building it reads the file again. Formats: OBJ (with MTL), GLB and glTF, PLY, STL.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scenes.errors import UserError
from scenes.geometry import rotation_z
from scenes.importers import gltf, mtl, obj, plain, repair
from scenes.importers.files import AssetWarning, checked, digest_of, existing, face_count
from scenes.importers.soup import Soup
from scenes.scene import Material, Mesh, Parameter, Shape, Vector
from scenes.shapes.assembly import made_of

FORMATS = (".obj", ".glb", ".gltf", ".ply", ".stl")
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "foot": 0.3048}
UPWARDS = {
    "x": np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
    "y": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]),
    "z": np.eye(3),
}
ORIGINS = ("footprint", "file")
MAX_FACES = 200_000
MAX_SLOTS = 256  # slots are uint8
COLORS = 16  # that coloured vertices are reduced to
PLAUSIBLE_M = (0.01, 30.0)  # the longest edge of the bounding box of a thing whose file does not say its unit


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A thing from a file: its recipe, one material for each slot, its size (x, y, z) in metres, and what was mended or guessed."""

    shape: Shape
    materials: tuple[Material, ...]
    size: Vector
    remarks: tuple[str, ...]


@made_of("surface")
def mesh_file(
    path: str,
    digest: str,
    up: str = "z",
    scale: float | tuple[float, ...] = 1.0,
    turn_deg: float = 0.0,
    part: str = "",
    origin: str = "footprint",
    uvs: str = "file",
) -> Mesh:
    """The triangles of a file, mended, in metres with z up.

    `up` is the file's axis that points upwards; `scale` the metres of a unit of the file, or three of them along x, y, z after the
    turn upwards (negative ones mirror); then it is turned by `turn_deg` about z. `part` names an object, group or node, "" for all.
    `origin`: "footprint" puts the centre of the bounding box's bottom at the origin, "file" leaves the origin where the file has it.
    `uvs`: "file", or "metres" for texture coordinates along the surface instead of the file's.
    UserError when the file is missing or its contents no longer have `digest`.
    """
    return _mended(path, digest, up, scale, turn_deg, part, origin, uvs)[0]


def import_mesh(
    path: str | Path,
    *,
    unit: str = "auto",
    up: str = "auto",
    turn_deg: float = 0.0,
    height: float | None = None,
    scale: float | tuple[float, ...] | None = None,
    part: str = "",
    origin: str = "footprint",
    uvs: str = "file",
    max_faces: int = MAX_FACES,
    warn: bool = True,
) -> Asset:
    """A mesh file as an asset; what is doubtful becomes an `AssetWarning` that names the file (and is listed in `Asset.remarks`).

    unit: "m", "cm", "mm", "inch", "foot", or "auto": metres, unless the size would be implausible. height: instead of a unit, the height in
    metres that the thing is to have. scale: instead of both, metres of a unit of the file. up: "x", "y", "z", or "auto": y for OBJ and
    glTF, z for PLY and STL. turn_deg: counter-clockwise seen from above, so that the front faces -y. Raises UserError when the file is
    missing, broken or empty, or announces more than `max_faces` faces (found before it is read).
    """
    source = existing(path)
    kind = source.suffix.lower()
    if kind not in FORMATS:
        raise UserError(f"{path} is not a mesh file that can be read: known are {', '.join(FORMATS)}")
    announced = face_count(source)
    if announced > max_faces:
        raise UserError(f"{path} has {announced} faces, more than {max_faces}: reduce it in a mesh editor, or allow more with max_faces")
    digest = digest_of(source)
    axis = up if up != "auto" else ("y" if kind in (".obj", ".glb", ".gltf") else "z")
    if axis not in UPWARDS or origin not in ORIGINS or unit not in ("auto", *UNITS):
        raise UserError(
            f"unknown up={up!r}, origin={origin!r} or unit={unit!r}: known are {(*UPWARDS, 'auto')}, {ORIGINS}, {('auto', *UNITS)}"
        )
    name = source.as_posix()
    metres, remarks = (scale, []) if scale is not None else _metres(name, digest, axis, unit, height, part)
    placing: dict[str, Parameter] = {"up": axis, "scale": metres, "turn_deg": float(turn_deg), "part": part, "origin": origin, "uvs": uvs}
    defaults = {"up": "z", "scale": 1.0, "turn_deg": 0.0, "part": "", "origin": "footprint", "uvs": "file"}
    shape = Shape.of("mesh_file", path=name, digest=digest, **{k: v for k, v in placing.items() if v != defaults[k]})
    mesh, found = _mended(name, digest, axis, metres, float(turn_deg), part, origin, uvs)
    materials, more = _materials(name, digest, part)
    x, y, z = (float(k) for k in mesh.vertices.max(axis=0) - mesh.vertices.min(axis=0))
    asset = Asset(shape=shape, materials=materials, size=(x, y, z), remarks=(*remarks, *found.sentences(), *more))
    for remark in asset.remarks if warn else ():
        warnings.warn(f"{name}: {remark}", AssetWarning, stacklevel=2)
    return asset


@lru_cache(maxsize=512)
def materials_of(shape: Shape) -> tuple[Material, ...]:
    """Materials, one for each slot, of a shape made from a file."""
    parameters = dict(shape.parameters)
    return _materials(str(parameters["path"]), str(parameters["digest"]), str(parameters.get("part", "")))[0]


mesh_file.own_materials = materials_of  # type: ignore[attr-defined]


def parts_of(path: str | Path) -> tuple[str, ...]:
    """Names of the objects, groups or nodes of a mesh file."""
    source = existing(path)
    return soup_of(source.as_posix(), digest_of(source))[0].names


def _metres(name: str, digest: str, axis: str, unit: str, height: float | None, part: str) -> tuple[float, list[str]]:
    """Metres of a unit of the file, and a remark if that had to be guessed."""
    soup = _part(name, digest, part)
    solid, _, _ = repair.solid_faces(soup.vertices, soup.faces)
    if not solid.any():
        raise UserError(f"{name} has no face with an area: export it with its surfaces")
    used = soup.vertices[soup.faces[solid]].reshape(-1, 3) @ UPWARDS[axis].T
    extents = used.max(axis=0) - used.min(axis=0)
    if height is not None:
        return height / max(float(extents[2]), 1e-12), []
    if unit != "auto":
        return UNITS[unit], []
    longest = float(extents.max())
    if Path(name).suffix.lower() in (".glb", ".gltf") or PLAUSIBLE_M[0] <= longest <= PLAUSIBLE_M[1]:
        return 1.0, []
    guess = "mm" if longest > PLAUSIBLE_M[1] else "m"
    return UNITS[guess], [f"is {longest:.4g} units large and does not say of which unit: read as {guess}; if that is wrong, give the unit"]


@lru_cache(maxsize=64)
def soup_of(name: str, digest: str) -> tuple[Soup, tuple[str, ...]]:
    """(triangles as the file has them, names of material libraries). UserError for whatever keeps a reader from its work."""
    path = checked(name, digest)
    kind = path.suffix.lower()
    try:
        if kind == ".obj":
            soup, libraries = obj.read(path)
        else:
            soup, libraries = (gltf.read(path) if kind in (".glb", ".gltf") else plain.read(path)), ()
    except UserError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # the parsers of trimesh raise all kinds of errors for broken files
        raise UserError(f"{name} is broken or cut off ({type(error).__name__}: {error}): export or copy it again") from error
    if not len(soup.faces):
        raise UserError(f"{name} has no faces: export it with its surfaces")
    return soup, libraries


def _part(name: str, digest: str, part: str) -> Soup:
    whole, _ = soup_of(name, digest)
    if part and part not in whole.names:
        raise UserError(f"{name} has no part {part!r}: it has {', '.join(sorted(whole.names)[:20])}")
    return whole.part(part)


@lru_cache(maxsize=64)
def _mended(
    path: str, digest: str, up: str, scale: float | tuple[float, ...], turn_deg: float, part: str, origin: str, uvs: str
) -> tuple[Mesh, repair.Findings]:
    soup = _part(path, digest, part)
    factors = np.broadcast_to(np.asarray(scale, dtype=np.float64), (3,))
    linear = rotation_z(np.radians(turn_deg)) @ np.diag(factors) @ UPWARDS[up]
    soup = soup if uvs == "file" else replace(soup, uvs=None)
    return mend(soup, linear, path, footprint=origin == "footprint")


def mend(soup: Soup, linear: NDArray[np.float64], owner: str, *, footprint: bool) -> tuple[Mesh, repair.Findings]:
    """The mesh of a file's triangles after the map `linear` [3, 3], mended, and what was wrong; with `footprint` it is put on the origin.

    Raises UserError, naming the owner, when no face has an area.
    """
    solid, undefined, flat = repair.solid_faces(soup.vertices, soup.faces)
    if not solid.any():
        raise UserError(f"{owner} has no face with an area: export it with its surfaces")
    vertices, faces = soup.vertices @ linear.T, soup.faces[solid]
    faces = faces[:, ::-1] if np.linalg.det(linear) < 0 else faces
    vertices = np.nan_to_num(vertices, nan=0.0, posinf=0.0, neginf=0.0)
    faces, found = repair.outward(vertices, faces)
    normals = None if soup.normals is None else soup.normals @ np.linalg.inv(linear)
    rows, faces, normals = repair.fitting_normals(vertices, faces, normals)
    vertices = vertices[rows]
    if footprint:
        low, high = vertices.min(axis=0), vertices.max(axis=0)
        vertices = vertices - ((low + high)[0] / 2, (low + high)[1] / 2, low[2])
    uvs = _box_uvs(vertices, normals) if soup.uvs is None else np.nan_to_num(soup.uvs[rows, :2])
    mesh = Mesh(
        vertices=vertices.astype(np.float32),
        faces=faces.astype(np.int32),
        uvs=uvs.astype(np.float32),
        slots=_slots(soup)[solid].astype(np.uint8),
        normals=normals.astype(np.float32),
    )
    return mesh, replace(found, undefined=undefined, flat=flat)


def _box_uvs(vertices: NDArray[np.float64], normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Texture coordinates in metres for meshes without any: each vertex seen along the axis that its normal is closest to."""
    axis = np.abs(normals).argmax(axis=1)
    across, along = np.array([1, 0, 0])[axis], np.array([2, 2, 1])[axis]
    rows = np.arange(len(vertices))
    return np.stack([vertices[rows, across], vertices[rows, along]], axis=1)


def _painted(soup: Soup) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(slot [F], sRGB [K, 3]) of a mesh with coloured vertices: the mean colours of its faces, reduced to at most `COLORS`."""
    assert soup.colors is not None
    colors = np.nan_to_num(soup.colors[soup.faces].mean(axis=1), nan=0.6)
    row = Image.fromarray((255 * np.clip(colors, 0, 1) + 0.5).astype(np.uint8)[None])
    reduced = row.quantize(COLORS)
    used, slots = np.unique(np.asarray(reduced)[0], return_inverse=True)
    palette = np.asarray(reduced.getpalette(), dtype=np.float64).reshape(-1, 3) / 255
    return slots.reshape(-1), palette[used]


def _slots(soup: Soup) -> NDArray[np.int64]:
    """int64 [F]: the slot of each face; a file with too many materials shows the last of those that fit instead of the others."""
    if soup.colors is not None and len(soup.materials) == 1:
        return _painted(soup)[0]
    return np.minimum(soup.slots, MAX_SLOTS - 1)


def _materials(path: str, digest: str, part: str) -> tuple[tuple[Material, ...], tuple[str, ...]]:
    """(one material for each slot, remarks)."""
    whole, libraries = soup_of(path, digest)
    soup, kind = whole.part(part), Path(path).suffix.lower()
    if soup.colors is not None and len(soup.materials) == 1:
        return tuple(Material(color=mtl.linear(color), roughness=0.8) for color in _painted(soup)[1]), ()
    if kind == ".obj":
        found, remarks = mtl.materials(Path(path), libraries, soup.materials)
    elif kind in (".glb", ".gltf"):
        found, remarks = gltf.materials(Path(path), soup.materials)
    else:
        found, remarks = (mtl.DEFAULT,), []
    if len(found) > MAX_SLOTS:
        remarks.append(f"has {len(found)} materials, of which the first {MAX_SLOTS} are used")
    return found[:MAX_SLOTS], tuple(dict.fromkeys(remarks))
