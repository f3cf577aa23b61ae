"""A data set as a picture or a film, or (`simlearn.view3d`) in three dimensions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from renderers.frame import check_labels
from renderers.object_labels import Objects
from scenes.errors import UserError
from simlearn.colorize import Picture, Scale, colorize, scale_of
from simlearn.exporters.things import are_things
from simlearn.manifest import Manifest
from simlearn.provenance import whole_file
from simlearn.shards import ShardReader

CAPTION_PX, GAP_PX, BACKGROUND = 22, 4, 200


def view(
    data: str | Path,
    out: str | Path | None = None,
    *,
    show: bool = False,
    labels: Sequence[str] = (),
    scenes: int | Sequence[int] = 4,
    frames: Sequence[int] = (),
    boxes: bool = False,
) -> Path | None:
    """Write a contact sheet (.png), a film (.mp4) or a recording for the 3D viewer (.rrd), as `out` ends, or `show` that viewer.

    scenes: how many from the first, or which. frames: times in each clip; none means the first in a sheet and all elsewhere. boxes:
    around the things that can be seen; recordings always have them.
    """
    if out is None and not show:
        raise UserError("nothing to write and nothing to show: give --out with a .png, .mp4 or .rrd file, or --show for the 3D viewer")
    if show or Path(str(out)).suffix == ".rrd":
        from simlearn.view3d import record

        return record(data, None if out is None else Path(out), show=show, labels=labels, scenes=scenes, frames=frames)
    out = Path(str(out))
    if out.suffix == ".png":
        return contact_sheet(data, out, labels=labels, scenes=scenes, frames=frames or (0,), boxes=boxes)
    if out.suffix == ".mp4":
        return movie(data, out, labels=labels, scenes=scenes, frames=frames, boxes=boxes)
    raise UserError(
        f"{out} is neither a .png nor an .mp4 nor an .rrd: the ending chooses between a contact sheet, a film and a 3D recording"
    )


def contact_sheet(
    data: str | Path,
    out: str | Path,
    *,
    labels: Sequence[str] = (),
    scenes: int | Sequence[int] = 4,
    frames: Sequence[int] = (0,),
    tile_width: int = 200,
    boxes: bool = False,
) -> Path:
    """Write a PNG: a row for each of `frames` (times in the clip) of the scenes, a column for each label (default all)."""
    root, out = Path(data), Path(out)
    names, shards = chosen(root, labels, scenes)
    rows = []
    for shard in shards:
        with ShardReader(shard) as reader:
            for time in times(reader, frames):
                around = _Boxes(reader, time) if boxes else None
                rows.append([_tile(colorize(name, reader.read(name, time)), tile_width, around) for name in names])
    captions = [caption_strip(name, tile_width) for name in names]
    sheet = join([join(captions, axis=1), *(join(row, axis=1) for row in rows)], axis=0)
    save(out, lambda temporary: Image.fromarray(sheet).save(temporary, format="PNG"))
    return out


def movie(
    data: str | Path,
    out: str | Path,
    *,
    labels: Sequence[str] = (),
    scenes: int | Sequence[int] = 4,
    frames: Sequence[int] = (),
    tile_width: int = 320,
    fps: int = 8,
    boxes: bool = False,
) -> Path:
    """Write an MP4: the clips of the scenes one after another, all labels side by side in a captioned grid."""
    root, out = Path(data), Path(out)
    names, shards = chosen(root, labels, scenes)
    pictures = (picture for shard in shards for picture in _clip(shard, names, frames, tile_width, boxes))
    save(out, lambda temporary: _encode(temporary, pictures, fps))
    return out


def caption_strip(text: str, width: int) -> Picture:
    """White strip [CAPTION_PX, width, 3] with the text in black, smaller where it would not fit."""
    strip = Image.new("RGB", (width, CAPTION_PX), "white")
    size = 15
    while size > 6 and ImageFont.load_default(size).getlength(text) > width - 4:
        size -= 1
    ImageDraw.Draw(strip).text((2, CAPTION_PX // 2), text, fill="black", font=ImageFont.load_default(size), anchor="lm")
    return np.asarray(strip)


def join(pictures: Sequence[Picture], axis: int) -> Picture:
    """Pictures below (axis 0) or beside (1) each other with a grey gap; those that are smaller are filled up with grey."""
    other = 1 - axis
    extent = max(picture.shape[other] for picture in pictures)
    parts: list[Picture] = []
    for picture in pictures:
        padding = [(0, 0), (0, 0), (0, 0)]
        padding[other] = (0, extent - picture.shape[other])
        padding[axis] = (GAP_PX if parts else 0, 0)
        parts.append(np.pad(picture, padding, constant_values=BACKGROUND))
    return np.concatenate(parts, axis=axis)


def chosen(root: Path, labels: Sequence[str], scenes: int | Sequence[int]) -> tuple[tuple[str, ...], list[Path]]:
    """Labels and shards that were asked for; no labels means all, a number of scenes the first ones. UserError for what is not there."""
    manifest = Manifest.load_complete(root)
    names = check_labels(labels or manifest.labels)
    absent = [name for name in names if name not in manifest.labels]
    if absent:
        raise UserError(f"{root} was made without {', '.join(absent)}: it has {', '.join(manifest.labels)}")
    wanted = range(min(scenes, len(manifest.shards))) if isinstance(scenes, int) else scenes
    if not wanted:
        raise UserError(f"{scenes} scenes make an empty picture: ask for at least 1")
    unknown = [scene for scene in wanted if not 0 <= scene < len(manifest.shards)]
    if unknown:
        raise UserError(f"there is no scene {unknown[0]}: {root} has the scenes 0 ... {len(manifest.shards) - 1}")
    return names, [root / manifest.shards[scene].name for scene in wanted]


def times(reader: ShardReader, frames: Sequence[int]) -> Sequence[int]:
    """The frames that were asked for, all if none; UserError for one that the clip has not."""
    for time in frames:
        if not 0 <= time < reader.frames:
            raise UserError(f"there is no frame {time}: clips of {reader.path.parent.parent} have the frames 0 ... {reader.frames - 1}")
    return frames or range(reader.frames)


def things_seen(reader: ShardReader, objects: Objects) -> NDArray[np.intp]:
    """Rows of the things, not walls or roads, that a frame shows."""
    countable = np.array(are_things(str(reader.attributes["label_space"])))
    return np.flatnonzero(countable[objects.semantic] & (objects.visible_pixels > 0))


class _Boxes:
    """Boxes around what is visible of the things in a frame, the nearest drawn last."""

    def __init__(self, reader: ShardReader, time: int) -> None:
        objects, instances = reader.objects(time), reader.scene().instances
        rows = things_seen(reader, objects)
        self._rows = rows[np.argsort(-objects.pose[rows, 2, 3], kind="stable")]
        self._boxes, self._width = objects.box_2d_visible, reader.width
        self._names = [instance.category for instance in instances]

    def draw(self, picture: Picture) -> Picture:
        """The picture, of any size, with the boxes and, where there is room, what they hold."""
        image = Image.fromarray(picture)
        pen, scale, font = ImageDraw.Draw(image), image.width / self._width, ImageFont.load_default(10)
        for row in self._rows:
            left, top, right, bottom = (float(edge) * scale for edge in self._boxes[row])
            color = tuple(colorize("instance", np.array([[row + 1]]))[0, 0].tolist())
            pen.rectangle((left, top, max(right - 1, left), max(bottom - 1, top)), outline=color)
            if font.getlength(self._names[row]) < right - left - 3 and bottom - top > 14:
                pen.text((left + 2, top + 1), self._names[row], fill=color, font=font, stroke_width=1, stroke_fill="black")
        return np.asarray(image)


def _tile(picture: Picture, width: int, boxes: _Boxes | None = None) -> Picture:
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    resampling = Image.Resampling.NEAREST if width >= picture.shape[1] else Image.Resampling.BOX
    tile = np.asarray(Image.fromarray(picture).resize((width, height), resampling))
    return tile if boxes is None else boxes.draw(tile)


def _clip(shard: Path, names: Sequence[str], frames: Sequence[int], tile_width: int, boxes: bool) -> Iterator[Picture]:
    columns = _columns(len(names))
    with ShardReader(shard) as reader:
        scales = {name: _clip_scale(reader, name) for name in names}
        for time in times(reader, frames):
            around = _Boxes(reader, time) if boxes else None
            pictures = {name: colorize(name, reader.read(name, time), scales[name]) for name in names}
            tiles = [
                join([caption_strip(name, tile_width), _tile(picture, tile_width, around)], axis=0) for name, picture in pictures.items()
            ]
            yield join([join(tiles[i : i + columns], axis=1) for i in range(0, len(tiles), columns)], axis=0)


def _columns(count: int) -> int:
    """Columns of a roughly square grid of `count` tiles that leaves few places empty."""
    square = int(np.ceil(np.sqrt(count)))
    return min(range(square, square + 3), key=lambda columns: -count % columns) if count > 3 else count


def _clip_scale(reader: ShardReader, name: str) -> Scale | None:
    if name != "depth" and not name.startswith("flow"):
        return None
    return scale_of(name, [reader.read(name, time)[::4, ::4] for time in range(reader.frames)])


def _encode(path: Path, pictures: Iterator[Picture], fps: int) -> None:
    import av

    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = None
        for picture in pictures:
            picture = _even(picture)
            if stream is None:
                stream = container.add_stream("libx264" if "libx264" in av.codecs_available else "mpeg4", rate=fps)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.bit_rate = 8_000_000
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def _even(picture: NDArray[np.uint8]) -> Picture:
    """4:2:0 video needs even sides."""
    height, width = picture.shape[:2]
    return np.ascontiguousarray(np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge"))


def save(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file whole; UserError where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as temporary:
            write(temporary)
    except OSError as error:
        raise UserError(f"cannot write {path} ({error}): choose a place you may write to with --out") from error
