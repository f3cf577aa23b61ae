"""Writes tiny files in the official layouts of the formats that are imported."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from scenes import shapes
from scenes.scene import Shape

Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])  # z up to y up
COLORS = ("0.7 0.5 0.3", "0.25 0.35 0.6", "0.85 0.85 0.8", "0.3 0.5 0.3")


def write_picture(path: Path, size: tuple[int, int] = (48, 32), seed: int = 0) -> Path:
    """A random picture with large blocks of colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    blocks = np.random.default_rng(seed).integers(90, 250, (4, 4, 3), dtype=np.uint8)
    Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST).save(path)
    return path


def write_obj(
    path: Path, pieces: Sequence[tuple[str, np.ndarray, np.ndarray]], *, textures: dict[str, str] | None = None, objects: bool = False
) -> Path:
    """An OBJ with its MTL of pieces (material, vertices [V, 3] as they are to stand in the file, faces [F, 3]); u, v are x, y."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines, count = [f"mtllib {path.stem}.mtl"], 0
    for name, vertices, faces in pieces:
        lines += [f"o {name}"] if objects else []
        lines += [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in vertices] + [f"vt {x:.4f} {y:.4f}" for x, y, _ in vertices]
        lines += [f"usemtl {name}", *(f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in np.asarray(faces) + 1 + count)]
        count += len(vertices)
    path.write_text("\n".join(lines) + "\n")
    entries = []
    for k, name in enumerate(dict.fromkeys(name for name, _, _ in pieces)):
        picture = (textures or {}).get(name)
        entries += [f"newmtl {name}", f"Kd {COLORS[k % len(COLORS)]}", *([f"map_Kd {picture}"] if picture else [])]
    path.with_suffix(".mtl").write_text("\n".join(entries) + "\n")
    return path


def shape_pieces(shape: Shape) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """The slots of a shape as pieces material_0, material_1, ..., y up."""
    mesh = shapes.build(shape)
    vertices = mesh.vertices.astype(np.float64) @ Y_UP.T
    return [(f"material_{k}", vertices, mesh.faces[mesh.slots == k]) for k in range(int(mesh.slots.max()) + 1)]


def slab(x: float, y: float, z: float, at: tuple[float, float, float], name: str = "material_0") -> tuple[str, np.ndarray, np.ndarray]:
    """A box with edges x, y, z (z up) whose bottom centre is `at`, y up."""
    mesh = shapes.build(Shape.of("box", x=x, y=y, z=z))
    return name, (mesh.vertices + np.array(at) + (0, 0, z / 2)) @ Y_UP.T, mesh.faces


def column_major(x: float, y: float, z: float, yaw: float = 0.0, scale: Sequence[float] = (1.0, 1.0, 1.0)) -> list[float]:
    """SUNCG's 16 numbers for a thing at (x, y, z), z up, turned by yaw about the vertical."""
    matrix = np.eye(4)
    c, s = np.cos(yaw), np.sin(yaw)
    matrix[:3, :3] = Y_UP @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.diag(scale) @ Y_UP.T
    matrix[:3, 3] = Y_UP @ (x, y, z)
    return [float(k) for k in matrix.T.ravel()]


def _bbox(low: Sequence[float], high: Sequence[float]) -> dict[str, list[float]]:
    corners = np.array([low, high]) @ Y_UP.T
    return {"min": corners.min(axis=0).tolist(), "max": corners.max(axis=0).tolist()}


SUNCG_OBJECTS = {
    "317": ("bed", Shape.of("bed", width=1.6, depth=2.1, height=0.9)),
    "42": ("table", Shape.of("table", width=1.2, depth=0.8, height=0.74)),
    "77": ("chair", Shape.of("chair", width=0.45, depth=0.5, height=0.9)),
    "90": ("bookshelf", Shape.of("bookshelf", width=0.9, depth=0.3, height=1.8)),
}


def write_suncg(root: Path, *, missing: bool = False) -> Path:
    """A house of two rooms (4 x 5 m and 3 x 5 m with a doorway between) with four kinds of objects; `missing` adds one without a file."""
    name = "0004d52d1aeeb8ae6de39d6bd993e992"
    for k in range(3):
        write_picture(root / "texture" / f"wood_{k}.png", seed=k)
    for model, (_, shape) in SUNCG_OBJECTS.items():
        write_obj(root / "object" / model / f"{model}.obj", shape_pieces(shape))
    rows = [("1", model, kind, kind, "0", kind, "", "") for model, (kind, _) in SUNCG_OBJECTS.items()]
    (root / "metadata").mkdir()
    with (root / "metadata" / "ModelCategoryMapping.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            ["index model_id fine_grained_class coarse_grained_class empty_struct_obj nyuv2_40class wnsynsetid wnsynsetkey".split(), *rows]
        )
    folder = root / "room" / name
    for k, (x, width) in enumerate(((0.0, 4.0), (3.55, 3.0))):
        model, wood = f"fr_0rm_{k}", {"material_0": f"../../texture/wood_{k}.png"}
        write_obj(folder / f"{model}f.obj", [slab(width, 5.0, 0.02, (x, 0.0, -0.02))], textures=wood)
        write_obj(folder / f"{model}c.obj", [slab(width, 5.0, 0.02, (x, 0.0, 2.6))])
        sides = [slab(width + 0.1, 0.1, 2.6, (x, y, 0.0)) for y in (-2.55, 2.55)]
        outer = -1 if k == 0 else 1
        sides.append(slab(0.1, 5.2, 2.6, (x + outer * (width / 2 + 0.05), 0.0, 0.0)))
        if k == 0:  # the wall between, with a doorway
            sides += [slab(0.1, 2.1, 2.6, (2.05, y, 0.0)) for y in (-1.5, 1.5)] + [slab(0.1, 0.9, 0.5, (2.05, 0.0, 2.1))]
        write_obj(folder / f"{model}w.obj", sides)
    room = {"type": "Room", "valid": 1, "nodeIndices": [], "roomTypes": ["Bedroom"]}
    nodes = [
        {**room, "id": "0_0", "modelId": "fr_0rm_0", "bbox": _bbox((-2, -2.5, 0), (2, 2.5, 2.6))},
        {**room, "id": "0_1", "modelId": "fr_0rm_1", "bbox": _bbox((2.05, -2.5, 0), (5.05, 2.5, 2.6)), "roomTypes": ["Office"]},
        _object("0_2", "317", column_major(-1.1, 1.3, 0.0)),
        _object("0_3", "42", column_major(-1.2, -1.7, 0.0, yaw=0.3), materials=[{"name": "top", "diffuse": "#ff0000"}]),
        _object("0_4", "77", column_major(-0.6, -0.9, 0.0, yaw=2.0, scale=(1.0, 1.0, 1.2))),
        _object("0_5", "90", column_major(1.0, 2.2, 0.0, scale=(-1.0, 1.0, 1.0)), isMirrored=1),
        _object("0_6", "42", column_major(3.8, 1.9, 0.0)),
        _object("0_7", "77", column_major(3.8, 1.2, 0.0), materials=[{"name": "seat", "texture": "wood_2"}]),
        {"id": "0_8", "type": "Box", "valid": 1, "dimensions": [0.6, 0.8, 0.4], "transform": column_major(4.4, -1.9, 0.4)},
        {"id": "0_9", "type": "Object", "valid": 0, "modelId": "317", "transform": column_major(0, 0, 0)},
    ]
    if missing:
        nodes.append(_object("0_10", "s__666", column_major(0.5, 0.5, 0.0)))
    document = {"version": "suncg@1.0.0", "id": name, "up": [0, 1, 0], "front": [0, 0, 1], "scaleToMeters": 1}
    levels = [{"id": "0", "bbox": _bbox((-2, -2.5, 0), (5, 2.5, 2.6)), "nodes": nodes}]
    path = root / "house" / name / "house.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({**document, "levels": levels}))
    return root


def _object(node: str, model: str, transform: list[float], **more: object) -> dict[str, object]:
    return {"id": node, "type": "Object", "valid": 1, "modelId": model, "state": 0, "transform": transform, **more}


SHAPENET = {
    "03001627": [Shape.of("chair", width=0.45, depth=0.5, height=0.9), Shape.of("stool", width=0.4, height=0.45)],
    "04379243": [Shape.of("table", width=1.1, depth=0.7, height=0.7)],
    "04256520": [Shape.of("sofa", width=1.7, depth=0.85, height=0.8, seats=2)],
    "03797390": [Shape.of("mug")],
    "03938244": [Shape.of("cushion", width=0.4, height=0.15)],
    "02876657": [Shape.of("vase", width=0.1, height=0.3)],
}


def write_shapenet(root: Path) -> Path:
    """ShapeNetCore with a few of our own shapes, normalised as there: y up, front -z, centred, the bounding box's diagonal 1."""
    for synset, models in SHAPENET.items():
        for k, shape in enumerate(models):
            pieces = []
            mesh = shapes.build(shape)
            low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
            for name, vertices, faces in shape_pieces(shape):
                centred = vertices - (low + high) / 2 @ Y_UP.T
                pieces.append((name, centred / np.linalg.norm(high - low) * (-1, 1, -1), faces))
            folder = root / synset / f"{k:032x}"
            write_picture(folder / "images" / "texture0.jpg", seed=k)
            write_obj(folder / "models" / "model_normalized.obj", pieces, textures={"material_0": "../images/texture0.jpg"})
    names = {"03001627": "chair", "04379243": "table", "04256520": "sofa,couch,lounge", "03797390": "mug"}
    (root / "taxonomy.json").write_text(
        json.dumps([{"synsetId": s, "name": n, "children": [], "numInstances": 1} for s, n in names.items()])
    )
    return root


def write_layout(path: Path) -> Path:
    """A SceneNet bedroom of 4 x 4 m whose objects are named as theirs are."""
    walls = [slab(4.2, 0.1, 2.6, (0.0, y, 0.0), "wall") for y in (-2.05, 2.05)] + [
        slab(0.1, 4.0, 2.6, (x, 0.0, 0.0), "wall") for x in (-2.05, 2.05)
    ]
    floor, ceiling = slab(4.0, 4.0, 0.1, (0.0, 0.0, -0.1), "floor"), slab(4.0, 4.0, 0.1, (0.0, 0.0, 2.6), "ceiling")
    bed = [
        (f"bed.00{k}", v + Y_UP @ (-1.0, 0.9, 0.0), f)
        for k, (_, v, f) in enumerate(shape_pieces(Shape.of("bed", width=1.5, depth=2.0, height=0.9)))
    ]
    shelf = slab(0.9, 0.3, 1.6, (1.4, 1.8, 0.0), "Book-shelf1")
    return write_obj(path, [floor, ceiling, *walls, *bed, shelf], objects=True)
