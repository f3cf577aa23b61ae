"""A data set as a picture or a film."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from renderers.frame import check_labels
from scenes.errors import UserError
from simlearn.colorize import Picture, Scale, colorize, scale_of
from simlearn.manifest import Manifest
from simlearn.provenance import whole_file
from simlearn.shards import ShardReader

CAPTION_PX, GAP_PX, BACKGROUND = 22, 4, 200


def view(data: str | Path, out: str | Path, *, labels: Sequence[str] = (), scenes: int = 4) -> Path:
    """Write a contact sheet (.png) or a film (.mp4) of the first `scenes` scenes; the ending of `out` decides."""
    out = Path(out)
    if out.suffix == ".png":
        return contact_sheet(data, out, labels=labels, scenes=scenes)
    if out.suffix == ".mp4":
        return movie(data, out, labels=labels, scenes=scenes)
    raise UserError(f"{out} is neither a .png nor an .mp4: the ending chooses between a contact sheet and a film")


def contact_sheet(
    data: str | Path, out: str | Path, *, labels: Sequence[str] = (), scenes: int = 4, frames: Sequence[int] = (0,), tile_width: int = 200
) -> Path:
    """Write a PNG: a row for each of `frames` (times in the clip) of the first scenes, a column for each label (default all)."""
    root, out = Path(data), Path(out)
    manifest, names = _chosen(root, labels)
    rows = []
    for record in manifest.shards[: _positive(scenes)]:
        with ShardReader(root / record.name) as reader:
            for time in frames:
                if not 0 <= time < reader.frames:
                    raise UserError(f"there is no frame {time}: clips of {root} have the frames 0 ... {reader.frames - 1}")
                rows.append([_tile(colorize(name, reader.read(name, time)), tile_width) for name in names])
    captions = [caption_strip(name, tile_width) for name in names]
    sheet = join([join(captions, axis=1), *(join(row, axis=1) for row in rows)], axis=0)
    _save(out, lambda temporary: Image.fromarray(sheet).save(temporary, format="PNG"))
    return out


def movie(data: str | Path, out: str | Path, *, labels: Sequence[str] = (), scenes: int = 4, tile_width: int = 320, fps: int = 8) -> Path:
    """Write an MP4: the clips of the first scenes one after another, all labels side by side in a captioned grid."""
    root, out = Path(data), Path(out)
    manifest, names = _chosen(root, labels)
    shards = [root / record.name for record in manifest.shards[: _positive(scenes)]]
    pictures = (picture for shard in shards for picture in _clip(shard, names, tile_width))
    _save(out, lambda temporary: _encode(temporary, pictures, fps))
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


def _chosen(root: Path, labels: Sequence[str]) -> tuple[Manifest, tuple[str, ...]]:
    manifest = Manifest.load_complete(root)
    names = check_labels(labels or manifest.labels)
    absent = [name for name in names if name not in manifest.labels]
    if absent:
        raise UserError(f"{root} was made without {', '.join(absent)}: it has {', '.join(manifest.labels)}")
    return manifest, names


def _positive(scenes: int) -> int:
    if scenes < 1:
        raise UserError(f"{scenes} scenes make an empty picture: ask for at least 1")
    return scenes


def _tile(picture: Picture, width: int) -> Picture:
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return np.asarray(
        Image.fromarray(picture).resize((width, height), Image.Resampling.NEAREST if width >= picture.shape[1] else Image.Resampling.BOX)
    )


def _clip(shard: Path, names: Sequence[str], tile_width: int) -> Iterator[Picture]:
    columns = _columns(len(names))
    with ShardReader(shard) as reader:
        scales = {name: _clip_scale(reader, name) for name in names}
        for time in range(reader.frames):
            tiles = [
                join([caption_strip(name, tile_width), _tile(colorize(name, reader.read(name, time), scales[name]), tile_width)], axis=0)
                for name in names
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


def _save(path: Path, write: Callable[[Path], None]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as temporary:
            write(temporary)
    except OSError as error:
        raise UserError(f"cannot write {path} ({error}): choose a place you may write to with --out") from error
