"""Maps of anybody's pictures and videos by a trained network: depth, normals, contours, classes, optical flow, as files.

Owns: which pictures a source holds, which of them make a pair, and the files that come out, each whole or not there. Does not own: the
network (`simlearn.trained`) and the formats (`simlearn.formats`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.colorize import Scale, colorize, scale_of
from simlearn.datasets.pictures import ENDINGS as PICTURES
from simlearn.datasets.pictures import SHOWN, Unreadable, picture_paths, read_picture, reason
from simlearn.datasets.root import read_rgb
from simlearn.datasets.video_file import VideoError, VideoFile, write_video
from simlearn.datasets.videos import ENDINGS as VIDEOS
from simlearn.formats import flo, kitti
from simlearn.formats.image import encode_png
from simlearn.progress import FrameProgress
from simlearn.provenance import whole_file
from simlearn.trained import LONGEST_PX, Trained

SMALLEST_PX = 16
CHUNK = 16
FIRST, SECOND = "_10", "_11"
"""KITTI's ends of names of two pictures that make a pair."""
Rgb = NDArray[np.uint8]


@dataclass(frozen=True)
class Shot:
    """One picture. `read` gives uint8 [H, W, 3], or raises `Unusable`."""

    name: str
    read: Callable[[], Rgb]


class Unusable(Exception):
    """Why a picture cannot be used, in a few words."""


@dataclass(kw_only=True)
class Predicted:
    """What a run has done: names written now, names that were there before, and names left out with the reasons."""

    written: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        words = [f"{len(self.written)} written"]
        words += [f"{len(self.there)} were there"] if self.there else []
        if self.left_out:
            named = ", ".join(f"{name} ({why})" for name, why in list(self.left_out.items())[:SHOWN])
            words.append(f"{len(self.left_out)} left out: {named}{', ...' if len(self.left_out) > SHOWN else ''}")
        return "; ".join(words)


def _depth_kitti(value: NDArray[Any]) -> bytes:
    return kitti.encode_depth(value.astype(np.float32))


def _bare(value: NDArray[Any]) -> bytes:
    return encode_png((value * 255).round().astype(np.uint8))


FILES: Mapping[str, Mapping[str, tuple[str, Callable[[NDArray[Any]], bytes]]]] = {
    "depth": {"kitti": (".png", _depth_kitti)},
    "flow": {"kitti": (".png", kitti.encode_flow), "flo": (".flo", flo.encode)},
    "contour": {"grey": (".png", _bare)},
    "sure": {"grey": (".png", _bare)},
    "semantic": {"ids": (".png", encode_png)},
}
"""Kinds of files that only some tasks have: their endings, and what writes them. All tasks have `npy`, all without `grey` `colour`."""
ENDINGS = {"npy": ".npy", "colour": ".png"}
DEFAULTS = {"flow": ("kitti", "colour"), "contour": ("grey",), "semantic": ("ids", "colour"), "sure": ("grey",)}


def predict(
    run: str | Path,
    source: Path,
    out: Path,
    *,
    task: str = "",
    files: Sequence[str] = (),
    K: NDArray[np.float64] | None = None,
    step: int = 1,
    longest_px: int = LONGEST_PX,
    overwrite: bool = False,
    progress: bool = True,
) -> Predicted:
    """Write `out`/<kind>/<name><ending> for the pictures of `source` (a picture, a folder of them or a video), of each kind of `files`.

    `task`: what of the run's network (its first by default); of flow, a file is for a picture and the one `step` later, and has the name
    of the first; pictures named as KITTI's, *_10 and *_11, are paired by that. K: the pictures' camera, float64 [3, 3], pixels, without
    which depth is to scale. Colours of a video also become `out`/colour.mp4. What is there already stays, unless `overwrite`; an
    interrupted call goes on when it is repeated. Pictures that cannot be used are left out and named; UserError when there is none at all.
    """
    network = Trained.open(run)
    task = task or network.tasks[0]
    network.needs(task)
    kinds = _kinds(task, files, known_camera=K is not None)
    shots, rate = shots_of(source)
    work = paired(shots, step) if task in network.learner.pair_maps else [(shot,) for shot in shots]
    if not work:
        raise UserError(f"{source} holds {len(shots)} pictures, none of them {step} apart: flow needs two")
    job = _Job(network, task, kinds, K, longest_px, out, one_scale=rate is not None)
    done = Predicted()
    try:
        with FrameProgress("predict", len(work), enabled=progress) as bar:
            for group in work:
                bar.advance(1, job.run(group, done, overwrite=overwrite))
        if rate is not None and "colour" in kinds:
            names = (group[0].name for group in work if group[0].name not in done.left_out)
            with whole_file(out / "colour.mp4") as temporary:
                write_video(temporary, (read_rgb(job.path(name, "colour")) for name in names), rate)
    except OSError as error:
        raise UserError(f"{out} cannot be written ({error.strerror or error}): give --out a place with room to write to") from error
    if not done.written and not done.there:
        raise UserError(f"nothing of {source} can be used: {done}")
    return done


@dataclass
class _Job:
    """What is to be made of every picture or pair. With `one_scale` all have the colours' scale of the first."""

    network: Trained
    task: str
    kinds: tuple[str, ...]
    K: NDArray[np.float64] | None
    longest_px: int
    out: Path
    one_scale: bool
    scale: Scale | None = None

    def path(self, name: str, kind: str) -> Path:
        return self.out / kind / f"{name}{FILES.get(self.task, {}).get(kind, (ENDINGS.get(kind),))[0]}"

    def run(self, group: Sequence[Shot], done: Predicted, *, overwrite: bool) -> int:
        """Writes the files of one picture or pair, and into `done` what became of it; how many bytes."""
        name = group[0].name
        ready = not overwrite and all(self.path(name, kind).exists() for kind in self.kinds)
        scaled = self.scale is not None or not self.one_scale
        if ready and scaled:
            done.there.append(name)
            return 0
        try:
            value = self._answer([self._read(shot, group) for shot in group])
        except Unusable as problem:
            done.left_out[name] = str(problem)
            return 0
        if not self.one_scale or self.scale is None:
            self.scale = scale_of(self._label, [value])
        if ready:
            done.there.append(name)
            return 0
        size = 0
        for kind in self.kinds:
            data, path = self._encoded(kind, value), self.path(name, kind)
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as temporary:
                temporary.write_bytes(data)
            size += len(data)
        done.written.append(name)
        return size

    @staticmethod
    def _read(shot: Shot, group: Sequence[Shot]) -> Rgb:
        try:
            return shot.read()
        except Unusable as problem:
            raise Unusable(str(problem) if shot is group[0] else f"its partner {shot.name}: {problem}") from problem

    @property
    def _label(self) -> str:
        return "flow_forward" if self.task == "flow" else self.task

    def _encoded(self, kind: str, value: NDArray[Any]) -> bytes:
        if kind == "npy":
            buffer = BytesIO()
            np.save(buffer, value)
            return buffer.getvalue()
        if kind == "colour":
            return encode_png(colorize(self._label, value, self.scale))
        return FILES[self.task][kind][1](value)

    def _answer(self, pictures: Sequence[Rgb]) -> NDArray[Any]:
        """The task's map of one picture or two, at their size; Unusable when two differ in size."""
        if len({picture.shape for picture in pictures}) > 1:
            raise Unusable("the next picture has another size")
        if len(pictures) == 2:
            return self.network.pair(pictures[0], pictures[1], longest_px=self.longest_px)[self.task]
        found = self.network.maps(pictures[0], K=self.K)[self.task]
        return found.argmax(-1).astype(np.uint8) if self.task == "semantic" else found


def camera(numbers: Sequence[float], source: Path) -> NDArray[np.float64]:
    """K [3, 3] of fx, fy, cx, cy in pixels, or of one focal length and the middle of the source's first usable picture."""
    if min(numbers[:2]) <= 0:
        raise UserError(f"a focal length of {min(numbers[:2])} pixels is none: it must be positive")
    if len(numbers) == 1:
        height, width = _first_size(shots_of(source)[0])
        numbers = (numbers[0], numbers[0], width / 2, height / 2)
    fx, fy, cx, cy = numbers
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])


def _first_size(shots: Sequence[Shot]) -> tuple[int, int]:
    for shot in shots:
        try:
            height, width = shot.read().shape[:2]
        except Unusable:
            continue
        return height, width
    raise UserError(f"none of {len(shots)} pictures can be used")


def _kinds(task: str, files: Sequence[str], *, known_camera: bool) -> tuple[str, ...]:
    known = (*FILES.get(task, {}), "npy", *(() if "grey" in FILES.get(task, {}) else ("colour",)))
    kinds = tuple(dict.fromkeys(files)) or DEFAULTS.get(task, ("npy", "colour"))
    for kind in kinds:
        if kind not in known:
            raise UserError(f"there are no files {kind!r} of {task}: choose among {', '.join(known)}")
    if task == "depth" and "kitti" in kinds and not known_camera:
        raise UserError("KITTI's files hold metres, which take the camera: give --focal FX FY CX CY in pixels, or --files npy colour")
    return kinds


def paired(shots: Sequence[Shot], step: int) -> list[tuple[Shot, ...]]:
    """Each with the one `step` later; where names end as KITTI's do, every *_10 with its *_11."""
    if step < 1:
        raise UserError(f"step must be at least 1, not {step}")
    names = {shot.name: shot for shot in shots}
    if shots and all(name.endswith((FIRST, SECOND)) for name in names):
        firsts = [name for name in names if name.endswith(FIRST) and name.removesuffix(FIRST) + SECOND in names]
        return [(names[name], names[name.removesuffix(FIRST) + SECOND]) for name in firsts]
    return list(zip(shots, shots[step:], strict=False))


def shots_of(source: Path) -> tuple[list[Shot], float | None]:
    """The pictures of a file, a folder (in the order of their names) or a video, and its frames a second; UserError when there are none."""
    if not source.exists():
        raise UserError(f"{source} does not exist: name a picture, a folder of pictures or a video")
    if source.is_file():
        if source.suffix.lower() in VIDEOS:
            return _frames_of(source)
        return [Shot(source.stem, partial(_read, source))], None
    paths = sorted(picture_paths(source))
    if not paths:
        films = [path.name for path in sorted(source.iterdir()) if path.suffix.lower() in VIDEOS]
        hint = f"; it has videos, name one of them: {', '.join(films[:SHOWN])}" if films else f" ({', '.join(sorted(PICTURES))})"
        raise UserError(f"{source} holds no pictures{hint}")
    names = [path.relative_to(source).with_suffix("").as_posix() for path in paths]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"{source} has several pictures named {twice} with different endings: their maps would overwrite each other")
    return [Shot(name, partial(_read, path)) for name, path in zip(names, paths, strict=True)], None


def _read(path: Path) -> Rgb:
    try:
        picture = read_picture(path, shorter_px=None)
    except Unreadable as error:
        raise Unusable(reason(error)) from error
    height, width = picture.shape[1:]
    if min(height, width) < SMALLEST_PX:
        raise Unusable(f"{width}x{height}, smaller than {SMALLEST_PX} pixels")
    return np.ascontiguousarray(picture.transpose(1, 2, 0))


def _frames_of(path: Path) -> tuple[list[Shot], float]:
    try:
        video = VideoFile.scan(path)
    except VideoError as error:
        raise UserError(f"{path} cannot be read ({error}): give another video, or pictures") from error
    frames = _Chunks(video)
    return [Shot(f"frame_{number:06d}", partial(frames.read, number)) for number in range(len(video))], video.rate


class _Chunks:
    """Frames of a video by number; asked for in order, each is decoded about once."""

    def __init__(self, video: VideoFile) -> None:
        self.video = video
        self._chunks: dict[int, NDArray[np.uint8]] = {}

    def read(self, number: int) -> Rgb:
        chunk = number // CHUNK
        if chunk not in self._chunks:
            last = min((chunk + 1) * CHUNK, len(self.video))
            try:
                found = self.video.frames(np.arange(chunk * CHUNK, last), max(self.video.width, self.video.height))
            except VideoError as error:
                raise Unusable(str(error)) from error
            self._chunks = {k: v for k, v in self._chunks.items() if k == chunk - 1} | {chunk: found}
        return np.ascontiguousarray(self._chunks[chunk][number % CHUNK].transpose(1, 2, 0))
