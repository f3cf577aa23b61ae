"""Robots and furniture described in URDF: the visual shapes of all links, each link one instance, at given joint positions.

Visuals: box, sphere, cylinder, capsule and mesh (STL, OBJ, GLB, PLY) with their origins, colours and textures; joints: fixed, revolute,
continuous, prismatic, with `mimic`; floating and planar joints stay at zero. Units are metres and radians (wiki.ros.org/urdf/XML).
"""

from __future__ import annotations

import hashlib
import warnings
import xml.etree.ElementTree as xml
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import UserError
from scenes.geometry import compose, transform
from scenes.importers import meshes
from scenes.importers.collection import Collection
from scenes.importers.files import AssetWarning, digest_of, enclosed, existing
from scenes.importers.mtl import linear
from scenes.importers.soup import Soup, joined
from scenes.scene import Material, Mesh, Shape, Trajectory
from scenes.shapes import parts, primitives
from scenes.shapes.assembly import made_of
from scenes.textures.images import texture_of
from scenes.trajectories import turned

Float = NDArray[np.float64]
PLAIN = Material(color=(0.6, 0.6, 0.6), roughness=0.6)


@dataclass(frozen=True)
class _Link:
    """The visible triangles of a link in its own frame, one material for each slot, what was left out, and the files it is made of."""

    soup: Soup | None
    materials: tuple[Material, ...]
    remarks: tuple[str, ...]
    files: tuple[Path, ...]


@made_of("surface")
def urdf_link(path: str, digest: str, link: str) -> Mesh:
    """All visuals of a link in the frame of the link. UserError when the file or a mesh it names is missing or has changed."""
    found = _link(existing(path).as_posix(), link)
    if _digest(Path(path), found) != digest:
        raise UserError(f"file {path} or a mesh of its link {link!r} has changed since the scene was made: restore it or sample again")
    assert found.soup is not None
    return meshes.mend(found.soup, np.eye(3), f"link {link!r} of {path}", footprint=False)[0]


def link_materials(shape: Shape) -> tuple[Material, ...]:
    """Materials, one for each slot, of a shape made from a link."""
    parameters = dict(shape.parameters)
    return _link(str(parameters["path"]), str(parameters["link"])).materials


urdf_link.own_materials = link_materials  # type: ignore[attr-defined]


def import_urdf(
    path: str | Path,
    into: Collection,
    *,
    joints: Mapping[str, float] | None = None,
    pose: ArrayLike | None = None,
    category: str = "otherprop",
    warn: bool = True,
) -> tuple[str, ...]:
    """Adds the links that can be seen to `into`, named "robot/link"; returns what was left out, which is also warned about.

    joints: positions by joint name, radians or metres, zero for the others. pose: of the root link in the world, [4, 4].
    Raises UserError for a file that is no URDF or whose links are not a tree, and for joints that it lacks.
    """
    name = existing(path).as_posix()
    robot = _parsed(name)
    title = robot.get("name") or Path(name).stem
    remarks: list[str] = []
    for link, place in link_poses(name, joints or {}).items():
        found = _link(name, link)
        remarks += [f"link {link!r}: {remark}" for remark in found.remarks]
        if found.soup is not None:
            shape = Shape.of("urdf_link", path=name, digest=_digest(Path(name), found), link=link)
            world = np.eye(4) if pose is None else np.asarray(pose, dtype=np.float64)
            into.add(f"{title}/{link}", category, shape, found.materials, Trajectory.still(world @ place))
    for remark in remarks if warn else ():
        warnings.warn(f"{name}: {remark}", AssetWarning, stacklevel=2)
    return tuple(remarks)


def link_poses(path: str | Path, joints: Mapping[str, float]) -> dict[str, Float]:
    """Pose [4, 4] of every link in the frame of the root link, in the order of the file's tree."""
    robot = _parsed(Path(path).as_posix())
    links = [str(link.get("name")) for link in robot.findall("link")]
    below = {_end(joint, "child"): joint for joint in robot.findall("joint")}
    known = {str(joint.get("name")) for joint in below.values()}
    if unknown := set(joints) - known:
        raise UserError(f"{path} has no joint {', '.join(sorted(unknown))}: it has {', '.join(sorted(known)) or 'none'}")
    poses = {link: np.eye(4) for link in links if link not in below}
    if len(poses) != 1:
        raise UserError(f"{path} is no tree of links: it has {len(poses)} links without a parent joint, but should have one")
    while True:
        next_ones = [link for link in links if link not in poses and _end(below[link], "parent") in poses]
        if not next_ones:
            break
        for link in next_ones:
            joint = below[link]
            poses[link] = poses[_end(joint, "parent")] @ _origin(joint) @ _moved(joint, _position(joint, joints))
    if len(poses) < len(links):
        raise UserError(f"{path} is no tree of links: {', '.join(sorted(set(links) - set(poses)))} cannot be reached from the root")
    return poses


@lru_cache(maxsize=16)
def _parsed(path: str) -> xml.Element:
    try:
        robot = xml.fromstring(existing(path).read_bytes())
    except xml.ParseError as error:
        raise UserError(f"{path} is broken: it is no XML ({error}); expand xacro files before importing them") from error
    if robot.tag != "robot" or robot.find("link") is None:
        raise UserError(f"{path} is not a URDF file: it has no <robot> with <link>s")
    return robot


def _end(joint: xml.Element, which: str) -> str:
    end = joint.find(which)
    return "" if end is None else str(end.get("link"))


def _numbers(text: str | None, default: tuple[float, ...]) -> Float:
    try:
        values = np.array((text or "").split(), dtype=np.float64)
    except ValueError as error:
        raise UserError(f"a URDF file has {text!r} where {len(default)} numbers are expected: mend it") from error
    return values if len(values) == len(default) else np.array(default)


def _origin(element: xml.Element) -> Float:
    """Pose [4, 4] of an <origin xyz rpy>: rotations about the fixed axes x, y, z, in this order."""
    origin = element.find("origin")
    if origin is None:
        return np.eye(4)
    roll, pitch, yaw = _numbers(origin.get("rpy"), (0.0, 0.0, 0.0))
    rotation = turned((0, 0, 1), float(yaw)) @ turned((0, 1, 0), float(pitch)) @ turned((1, 0, 0), float(roll))
    return compose(rotation, _numbers(origin.get("xyz"), (0.0, 0.0, 0.0)))


def _position(joint: xml.Element, joints: Mapping[str, float]) -> float:
    """Position of a joint, which may mimic another one."""
    mimic = joint.find("mimic")
    if mimic is None or str(joint.get("name")) in joints:
        return float(joints.get(str(joint.get("name")), 0.0))
    multiplier, offset = _numbers(mimic.get("multiplier"), (1.0,)), _numbers(mimic.get("offset"), (0.0,))
    return float(multiplier[0] * joints.get(str(mimic.get("joint")), 0.0) + offset[0])


def _moved(joint: xml.Element, position: float) -> Float:
    axis_element = joint.find("axis")
    axis = _numbers(axis_element.get("xyz") if axis_element is not None else None, (1.0, 0.0, 0.0))
    axis = axis / max(float(np.linalg.norm(axis)), 1e-12)
    if joint.get("type") in ("revolute", "continuous"):
        return compose(turned(axis, position), (0, 0, 0))
    if joint.get("type") == "prismatic":
        return compose(np.eye(3), position * axis)
    return np.eye(4)


def _digest(path: Path, link: _Link) -> str:
    return hashlib.sha256(" ".join([digest_of(path), *(digest_of(file) for file in link.files)]).encode()).hexdigest()[:16]


@lru_cache(maxsize=256)
def _link(path: str, name: str) -> _Link:
    robot = _parsed(path)
    element = next((link for link in robot.findall("link") if link.get("name") == name), None)
    if element is None:
        raise UserError(f"{path} has no link {name!r}: it has {', '.join(str(link.get('name')) for link in robot.findall('link'))}")
    soups: list[Soup] = []
    materials: list[Material] = []
    remarks: list[str] = []
    files: list[Path] = []
    for visual in element.findall("visual"):
        try:
            soup, own = _visual(Path(path), visual, files)
        except UserError as error:
            remarks.append(f"left out a visual: {error}")
            continue
        painted = _paint(Path(path), robot, visual, remarks)
        names = tuple(str(len(materials) + k) for k in range(len(own)))
        soups.append(replace(soup, materials=names, names=("",)))
        materials += own if painted is None else [painted] * len(own)
    return _Link(joined(soups) if soups else None, tuple(materials), tuple(remarks), tuple(files))


def _visual(path: Path, visual: xml.Element, files: list[Path]) -> tuple[Soup, list[Material]]:
    """A visual in the frame of its link, and its own materials."""
    geometry = next(iter(visual.find("geometry") or ()), None)
    if geometry is None:
        raise UserError("it has no geometry")
    if geometry.tag == "mesh":
        file = _located(path, str(geometry.get("filename")))
        asset = meshes.import_mesh(file, scale=1.0, up="z", origin="file", warn=False)
        soup, _ = meshes.soup_of(file.as_posix(), digest_of(file))
        soup, own = soup.part(""), list(asset.materials)
        if soup.colors is not None and len(own) != len(soup.materials):
            soup, own = replace(soup, colors=None), own[:1]
        scale = _numbers(geometry.get("scale"), (1.0, 1.0, 1.0))
        faces = soup.faces[:, ::-1] if np.prod(scale) < 0 else soup.faces
        normals = None if soup.normals is None else soup.normals / scale
        soup = replace(soup, vertices=soup.vertices * scale, faces=faces, normals=normals)
        files.append(file)
    else:
        soup, own = _solid(geometry), [PLAIN]
    pose = _origin(visual)
    normals = None if soup.normals is None else soup.normals @ pose[:3, :3].T
    return replace(soup, vertices=transform(pose, soup.vertices), normals=normals, parts=np.zeros_like(soup.parts)), own


def _solid(geometry: xml.Element) -> Soup:
    """A box, sphere, cylinder or capsule around the origin, the last two along z."""
    radius, length = (float(_numbers(geometry.get(key), (0.0,))[0]) for key in ("radius", "length"))
    if geometry.tag == "box":
        mesh = primitives.box(*(float(k) for k in _numbers(geometry.get("size"), (0.0, 0.0, 0.0))))
    elif geometry.tag == "sphere":
        mesh = primitives.sphere(radius)
    elif geometry.tag == "cylinder":
        mesh = primitives.cylinder(radius, length)
    elif geometry.tag == "capsule":
        angle = np.linspace(-np.pi / 2, np.pi / 2, 17)
        along = np.sin(angle) * radius + np.where(angle < 0, -length / 2, length / 2)
        profile = np.stack([np.cos(angle) * radius, along], axis=1)
        profile[[0, -1], 0] = 0.0
        part = parts.lathe(profile, 24)
        return _of(part.vertices, part.faces, part.uvs, part.normals)
    else:
        raise UserError(f"a <{geometry.tag}> is not a geometry of URDF: use box, sphere, cylinder, capsule or mesh")
    return _of(mesh.vertices, mesh.faces, mesh.uvs, mesh.normals)


def _of(vertices: ArrayLike, faces: ArrayLike, uvs: ArrayLike, normals: ArrayLike) -> Soup:
    corners = np.asarray(faces, dtype=np.int64)
    nought = np.zeros(len(corners), dtype=np.int64)
    points, across, out = (np.asarray(array, dtype=np.float64) for array in (vertices, uvs, normals))
    return Soup(vertices=points, faces=corners, slots=nought, parts=nought, materials=("",), names=("",), uvs=across, normals=out)


def _located(path: Path, filename: str) -> Path:
    """A file that the URDF names, relative to it or in a package; UserError for one that lies elsewhere.

    A package is the URDF's own folder (if that is urdf/, the one above), or a folder with a package.xml above it or beside one above it.
    """
    name = filename.removeprefix("file://")
    if not name.startswith("package://"):
        return existing(enclosed(path.parent, name))
    package, _, rest = name.removeprefix("package://").partition("/")
    own = path.absolute().parent
    near = (own, own.parent) if own.name == "urdf" else (own,)
    for folder in (own, *own.parents):
        home = folder if folder.name == package else folder / package
        is_package = home in near or (package not in ("", ".", "..") and (home / "package.xml").is_file())
        if is_package and (home / rest).is_file():
            return enclosed(home, rest)
    raise UserError(f"file {filename} is not there: put the package folder {package!r}, with its package.xml, above the URDF file")


def _paint(path: Path, robot: xml.Element, visual: xml.Element, remarks: list[str]) -> Material | None:
    """The material that a visual is given, by itself or by name; None where it has none."""
    entry = visual.find("material")
    if entry is None:
        return None
    if entry.find("color") is None and entry.find("texture") is None:
        entry = next((other for other in robot.findall("material") if other.get("name") == entry.get("name")), entry)
    color, texture = entry.find("color"), entry.find("texture")
    rgba = _numbers(color.get("rgba") if color is not None else None, (1.0, 1.0, 1.0, 1.0))
    if texture is not None:
        try:
            return replace(PLAIN, color=linear(rgba[:3]), texture=texture_of(_located(path, str(texture.get("filename")))))
        except UserError as error:
            remarks.append(f"{error}: shown in plain colour")
    return replace(PLAIN, color=linear(rgba[:3])) if color is not None else None
