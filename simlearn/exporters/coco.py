"""The layout of COCO: pictures, and one JSON file for all of them with every visible instance of every frame.

    images/scene_000017/0003.png              8-bit colour
    annotations/instances.json                `images`, `annotations` (one for each visible instance and frame), `categories`
    annotations/panoptic.json                 one annotation for each frame, with `segments_info`
    annotations/panoptic/scene_000017/0003.png segment ids, R + 256 G + 65536 B; 0 is nothing

Categories are the classes of the data set's label space but for class 0 ("no label"); `isthing` is 0 for what is no countable object
(walls, road, sky). In panoptic.json a thing's segment id is its instance id, and everything of a class of stuff is one segment.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from scenes.semantics import class_names, semantic_id
from simlearn.exporters.target import Export, exporting
from simlearn.exporters.things import are_things
from simlearn.formats.image import encode_jpeg, encode_png
from simlearn.shards import ShardReader

PICTURES = {"png": encode_png, "jpg": encode_jpeg}
PIECES = "annotations/.pieces"
INSTANCES, PANOPTIC = "annotations/instances.json", "annotations/panoptic.json"
STUFF = 65536  # a class of stuff is the segment STUFF + class id, beyond all instance ids
Tables = Mapping[str, list[str]]


def export(
    data: str | Path, out: str | Path, *, labels: Iterable[str] = (), images: str = "png", progress: bool = True
) -> Path:  # fmt: skip
    """Pictures ("png", or "jpg" of quality 95) with instance masks as RLE, boxes, categories and panoptic segments.

    Annotations wait on disk scene by scene and are joined at the end, so memory does not grow with the data set. Interrupted exports
    continue when run again; `out` appears when all is there. Raises UserError for a data set that is incomplete, damaged, or without rgb
    or instance, and when pycocotools is not installed.
    """
    if images not in PICTURES:
        raise UserError(f"images are written as {' or '.join(PICTURES)}, not as {images!r}")
    _check_installed()
    needs, options = ("rgb", "instance"), {"images": images}
    with exporting(data, out, "coco", needs=needs, uses=("semantic",), labels=labels, options=options, progress=progress) as job:
        if job.missing(INSTANCES):
            spaces = {_write_scene(job, scene, reader, images, first) for (scene, reader), first in _numbered(job)}
            if len(spaces) != 1:
                raise UserError(f"{data} mixes the label spaces {', '.join(sorted(spaces))}: the coco format knows one list of categories")
            _join(job, spaces.pop())
        shutil.rmtree(job.folder / PIECES, ignore_errors=True)
    return Path(out)


def _check_installed() -> None:
    try:
        import pycocotools  # noqa: F401
    except ImportError as error:
        raise UserError("the coco format needs pycocotools: pip install simlearn[export]") from error


def _numbered(job: Export) -> Iterator[tuple[tuple[int, ShardReader], int]]:
    """Every scene with the image id of its first frame; ids count from 1."""
    first = 1
    for scene, reader in job.scenes():
        yield (scene, reader), first
        first += reader.frames


def _write_scene(job: Export, scene: int, reader: ShardReader, images: str, first: int) -> str:
    """Write a scene's pictures and its piece of the annotations; returns its label space."""
    folder, piece = f"scene_{scene:06d}", f"{PIECES}/scene_{scene:06d}.json"
    world = reader.scene()
    segments = Segments([semantic_id(thing.category, world.label_space) for thing in world.instances], world.label_space)
    tables: dict[str, list[str]] = {"images": [], "annotations": [], "panoptic": []}
    missing = job.missing(piece)
    for frame in job.frames(reader):
        name = f"{folder}/{frame:04d}"
        job.write(f"images/{name}.{images}", partial(_picture, reader, frame, images))
        if missing:
            size = {"width": reader.camera.width, "height": reader.camera.height}
            tables["images"].append(_text({"id": first + frame, "file_name": f"{name}.{images}", **size}))
            instance = _instance(reader, frame, len(world.instances))
            tables["annotations"] += [_text({"image_id": first + frame, **a}) for a in segments.annotations(instance)]
            picture, infos = segments.panoptic(instance, reader.read("semantic", frame) if job.has("semantic") else None)
            job.write(f"annotations/panoptic/{name}.png", partial(encode_png, picture))
            tables["panoptic"].append(_text({"image_id": first + frame, "file_name": f"{name}.png", "segments_info": infos}))
    if missing:
        job.write(piece, json.dumps({name: len(lines) for name, lines in tables.items()}).encode() + b"\n" + _lines(tables))
    return world.label_space


def _instance(reader: ShardReader, frame: int, count: int) -> NDArray[np.uint16]:
    instance: NDArray[np.uint16] = reader.read("instance", frame)
    if instance.max() > count:
        raise UserError(f"frame {frame} of {reader.path} shows instance {instance.max()} of {count}: it is damaged, generate it anew")
    return instance


def _picture(reader: ShardReader, frame: int, images: str) -> bytes:
    return PICTURES[images](reader.read("rgb", frame))


def _text(entry: Any) -> str:
    return json.dumps(entry, separators=(",", ":"))


def _lines(tables: Tables) -> bytes:
    return "".join(f"{line}\n" for lines in tables.values() for line in lines).encode()


class Segments:
    """What the instance ids of a scene mean: `classes` are the class ids of the instances 1, 2, ... in a label space."""

    def __init__(self, classes: Iterable[int], label_space: str) -> None:
        self._things = np.array(are_things(label_space))
        self._classes = np.array([0, *classes], dtype=np.int64)
        ids = np.arange(len(self._classes))
        self._segments = np.where(self._things[self._classes], ids, STUFF + self._classes) * (self._classes > 0)

    def annotations(self, instance: NDArray[np.uint16]) -> Iterator[dict[str, Any]]:
        """Annotations, but for their ids and image, of the instances in ids [H, W], in the order of their ids.

        segmentation: compressed RLE; bbox: left, top, width, height in pixels; area: pixels.
        """
        from pycocotools import mask

        columns = np.asfortranarray(instance)  # RLE runs down the columns
        for number in np.unique(instance):
            if number == 0 or not self._classes[number]:
                continue
            code = mask.encode((columns == number).view(np.uint8))
            yield {
                "category_id": int(self._classes[number]),
                "segmentation": {"size": code["size"], "counts": code["counts"].decode("ascii")},
                "bbox": mask.toBbox(code).tolist(),
                "area": int(mask.area(code)),
                "iscrowd": 0,
                "instance_id": int(number),
            }

    def panoptic(self, instance: NDArray[np.uint16], semantic: NDArray[np.uint8] | None) -> tuple[NDArray[np.uint8], list[dict[str, Any]]]:
        """(segment ids as colours uint8 [H, W, 3], segments_info) of ids [H, W]; `semantic` tells the class where there is none."""
        segments = self._segments[instance]
        if semantic is not None:
            segments = np.where(instance == 0, (STUFF + semantic.astype(np.int64)) * (semantic > 0), segments)
        found, positions, areas = np.unique(segments, return_inverse=True, return_counts=True)
        boxes = _boxes(positions.reshape(segments.shape), len(found))
        infos = [
            {
                "id": int(segment),
                "category_id": int(segment - STUFF if segment >= STUFF else self._classes[segment]),
                "area": int(area),
                "bbox": box,
                "iscrowd": 0,
            }
            for segment, area, box in zip(found, areas, boxes, strict=True)
            if segment
        ]
        return np.stack([segments & 255, segments >> 8 & 255, segments >> 16], axis=-1).astype(np.uint8), infos


def _boxes(positions: NDArray[np.intp], count: int) -> list[list[int]]:
    """[left, top, width, height] around each of the values 0 ... count - 1 of an image [H, W]."""
    from scipy.ndimage import find_objects

    slices = find_objects(positions + 1, max_label=count)
    return [[x.start, y.start, x.stop - x.start, y.stop - y.start] for y, x in slices]


def _join(job: Export, label_space: str) -> None:
    """Write both annotation files from the pieces of all scenes, line by line."""
    info = {"description": f"rendered by simlearn, classes of {label_space}"}
    names, things = class_names(label_space), are_things(label_space)
    categories = [{"id": k, "name": names[k], "supercategory": label_space, "isthing": int(things[k])} for k in range(1, len(names))]
    head = f'{{"info":{_text(info)},"licenses":[],"categories":{_text(categories)}'
    for name, table in ((PANOPTIC, "panoptic"), (INSTANCES, "annotations")):
        with job.create(name) as path, path.open("w", encoding="ascii") as file:
            file.write(f'{head},"images":[')
            file.writelines(_separated(_table(job, "images")))
            file.write('\n],"annotations":[')
            lines = _table(job, table)
            file.writelines(_separated(lines if table == "panoptic" else _with_ids(lines)))
            file.write("\n]}\n")


def _table(job: Export, name: str) -> Iterator[str]:
    for record in job.manifest.shards:
        with (job.folder / f"{PIECES}/scene_{record.scene:06d}.json").open(encoding="ascii") as file:
            for table, count in json.loads(next(file)).items():
                for _ in range(count):
                    line = next(file)
                    if table == name:
                        yield line.rstrip("\n")


def _with_ids(lines: Iterable[str]) -> Iterator[str]:
    """Annotations numbered from 1; COCO's evaluation takes id 0 for no match."""
    for number, line in enumerate(lines, start=1):
        yield f'{{"id":{number},{line[1:]}'


def _separated(lines: Iterable[str]) -> Iterator[str]:
    for position, line in enumerate(lines):
        yield f",\n{line}" if position else f"\n{line}"
