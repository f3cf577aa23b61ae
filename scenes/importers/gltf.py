"""glTF 2.0 (.glb and .gltf): geometry through trimesh, materials and embedded images from the file's JSON."""

from __future__ import annotations

import base64
import io
import json
import struct
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import trimesh

from scenes.errors import UserError
from scenes.importers.files import enclosed, gltf_header
from scenes.importers.soup import Soup, joined
from scenes.scene import Color, Material
from scenes.textures.images import mean_color, texture_of

Header = dict[str, Any]


def read(path: Path) -> Soup:
    """Triangles of all nodes in the frame of the scene; material names are the numbers of the file's materials, "" for none.

    Names of meshes and nodes are replaced by numbers before trimesh reads the file, and found again afterwards: names in files are neither
    complete nor distinct. Images are taken out, so they are neither decoded here nor able to stop the geometry from being read.
    """
    header = gltf_header(path)
    compressed = {"KHR_draco_mesh_compression", "EXT_meshopt_compression"} & set(header.get("extensionsRequired", []))
    if compressed:
        raise UserError(f"{path} needs {', '.join(sorted(compressed))}, which is not supported: export it again without compression")
    nodes = [str(node.get("name", f"node_{k}")) for k, node in enumerate(header.get("nodes", []))]
    resolver = trimesh.resolvers.FilePathResolver(str(path))
    scene = trimesh.load_scene(io.BytesIO(_plain(path, header)), file_type=path.suffix[1:].lower(), resolver=resolver, process=False)
    soups = []
    for frame in sorted(scene.graph.nodes_geometry, key=lambda f: _order(f, str(scene.graph[f][1]))):
        pose, name = scene.graph[frame]
        mesh = scene.geometry[name]
        if isinstance(mesh, trimesh.Trimesh):
            soups.append(_soup(mesh, np.asarray(pose), nodes[int(frame[1:].split("_")[0])]))
    if not soups:
        raise UserError(f"{path} has no triangles: export it with its meshes")
    return joined(soups)


def _order(frame: str, geometry: str) -> tuple[int, tuple[int, ...]]:
    """Nodes, then their primitives, by number: trimesh ends the frames of further primitives with a random word."""
    return int(frame[1:].split("_")[0]), tuple(int(k) for k in geometry[1:].split("_"))


def _soup(mesh: trimesh.Trimesh, pose: np.ndarray, node: str) -> Soup:
    visual: Any = mesh.visual
    normals = None
    material = getattr(visual, "material", None)
    linear = pose[:3, :3]
    if "vertex_normals" in mesh._cache.cache:  # what the file gives; asking for the property would compute them
        normals = np.asarray(mesh.vertex_normals) @ np.linalg.pinv(linear)
    faces = np.asarray(mesh.faces, dtype=np.int64)
    if np.linalg.det(linear) < 0:
        faces = faces[:, ::-1]
    uv = getattr(visual, "uv", None)
    return Soup(
        vertices=np.asarray(mesh.vertices, dtype=np.float64) @ linear.T + pose[:3, 3],
        faces=faces,
        slots=np.zeros(len(faces), dtype=np.int64),
        parts=np.zeros(len(faces), dtype=np.int64),
        materials=(str(getattr(material, "name", "") or ""),),
        names=(node,),
        uvs=None if uv is None else np.asarray(uv, dtype=np.float64),
        normals=normals,
        colors=np.asarray(visual.vertex_colors[:, :3] / 255.0) if visual.kind == "vertex" else None,
    )


def _plain(path: Path, header: Header) -> bytes:
    """The file with numbers for names, and materials that are nothing but a name."""
    header = {k: v for k, v in header.items() if k not in ("images", "textures", "samplers", "animations", "skins", "cameras")}
    header["materials"] = [{"name": str(k)} for k in range(len(header.get("materials", [])))]
    header["meshes"] = [{**mesh, "name": f"m{k}"} for k, mesh in enumerate(header.get("meshes", []))]
    dropped = ("camera", "skin", "extensions")
    header["nodes"] = [{**{a: b for a, b in node.items() if a not in dropped}, "name": f"n{k}"} for k, node in enumerate(header["nodes"])]
    text = json.dumps(header).encode()
    if path.suffix.lower() == ".gltf":
        return text
    text += b" " * (-len(text) % 4)
    body = path.read_bytes()
    rest = body[20 + struct.unpack("<I", body[12:16])[0] :]
    return struct.pack("<4sII", b"glTF", 2, 20 + len(text) + len(rest)) + struct.pack("<I4s", len(text), b"JSON") + text + rest


def materials(path: Path, names: tuple[str, ...]) -> tuple[tuple[Material, ...], list[str]]:
    """Materials by the numbers that `read` gives as their names, and remarks about what is missing."""
    header, remarks = gltf_header(path), list[str]()
    default = Material(color=(0.8, 0.8, 0.8), roughness=0.8)
    found = tuple(_material(path, header, header["materials"][int(name)], remarks) if name else default for name in names)
    if any(header["materials"][int(name)].get("alphaMode", "OPAQUE") == "BLEND" for name in names if name):
        remarks.append("its transparent materials are shown opaque")
    return found, remarks


def _material(path: Path, header: Header, entry: Header, remarks: list[str]) -> Material:
    extensions = entry.get("extensions", {})
    old = extensions.get("KHR_materials_pbrSpecularGlossiness")
    surface = entry.get("pbrMetallicRoughness", {})
    base = old if old is not None else surface
    factor = base.get("diffuseFactor" if old is not None else "baseColorFactor", [1.0, 1.0, 1.0, 1.0])
    picture = base.get("diffuseTexture" if old is not None else "baseColorTexture")
    if picture and (picture.get("texCoord", 0) != 0 or "KHR_texture_transform" in picture.get("extensions", {})):
        remarks.append("a texture with coordinates of its own (a second set, or a transform) is placed by the first set")
    rough, metal = _roughness(path, header, surface, remarks) if old is None else (1.0 - float(old.get("glossinessFactor", 1.0)), 0.0)
    strength = float(extensions.get("KHR_materials_emissive_strength", {}).get("emissiveStrength", 1.0))
    return Material(
        color=_color(factor),
        texture=_texture(path, header, picture, remarks),
        roughness=round(min(max(rough, 0.02), 1.0), 3),
        metallic=round(min(max(metal, 0.0), 1.0), 3),
        emission=_color([strength * e for e in entry.get("emissiveFactor", [0.0] * 3)], None),
    )


def _color(values: list[float], most: float | None = 1.0) -> Color:
    r, g, b = (round(float(v), 4) for v in np.clip(np.nan_to_num(values[:3]), 0.0, most))
    return (r, g, b)


def _roughness(path: Path, header: Header, surface: Header, remarks: list[str]) -> tuple[float, float]:
    """(roughness, metallic); a picture of both (green and blue) counts with its mean."""
    rough, metal = float(surface.get("roughnessFactor", 1.0)), float(surface.get("metallicFactor", 1.0))
    texture = _texture(path, header, surface.get("metallicRoughnessTexture"), remarks)
    if texture is not None:
        _, green, blue = mean_color(texture)
        # The channels are plain numbers, not sRGB; the square root undoes most of the decoding.
        return rough * float(green) ** 0.4545, metal * float(blue) ** 0.4545
    return rough, metal


def _texture(path: Path, header: Header, info: Header | None, remarks: list[str]) -> Any:
    """The texture that a material's entry points to, or None."""
    if info is None:
        return None
    try:
        number = int(header["textures"][info["index"]]["source"])
        uri = str(header["images"][number].get("uri", ""))
        if uri and not uri.startswith("data:"):
            return texture_of(enclosed(path.parent, unquote(uri)))
        return texture_of(path, entry=number)
    except UserError as error:
        remarks.append(f"{error}: shown in plain colour")
    except (KeyError, IndexError, TypeError):
        remarks.append("a texture is of a kind that is not supported: shown in plain colour")
    return None


def image_bytes(path: Path, number: int) -> bytes:
    """The encoded image that is stored in the file under a number; UserError when there is none."""
    header = gltf_header(path)
    try:
        entry = header["images"][number]
        uri = str(entry.get("uri", ""))
        if uri.startswith("data:"):
            return base64.b64decode(uri.partition(",")[2])
        view = header["bufferViews"][entry["bufferView"]]
        start, length = int(view.get("byteOffset", 0)), int(view["byteLength"])
        return _buffer(path, header, int(view["buffer"]))[start : start + length]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise UserError(f"{path} has no image number {number} that can be read: export it again with its textures") from error


def _buffer(path: Path, header: Header, number: int) -> bytes:
    uri = str(header["buffers"][number].get("uri", ""))
    if uri.startswith("data:"):
        return base64.b64decode(uri.partition(",")[2])
    if uri:
        return enclosed(path.parent, unquote(uri)).read_bytes()
    body = path.read_bytes()
    return body[28 + struct.unpack("<I", body[12:16])[0] :]
