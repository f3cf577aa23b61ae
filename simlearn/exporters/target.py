"""What all exporters share: the data set that is read, and the folder that is absent until it is whole.

An exporter is a layout and a function for each frame:

    def export(data, out, *, labels=(), progress=True):
        with exporting(data, out, "name", needs=("rgb",), uses=("depth", "valid"), labels=labels, progress=progress) as job:
            for scene, reader in job.scenes():
                for frame in job.frames(reader):
                    _write_frame(job, scene, reader, frame)
        return Path(out)

    def _write_frame(job, scene, reader, frame):
        job.write(f"rgb/{scene:04d}_{frame:04d}.png", lambda: png(reader.read("rgb", frame)))
        if job.has("depth", "valid"):
            ...

File names are made of scene and frame numbers, never of text that comes with the data.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from renderers.frame import LABELS, check_labels
from scenes.errors import UserError
from simlearn.manifest import MANIFEST, Manifest
from simlearn.progress import FrameProgress
from simlearn.provenance import TEMPORARY, sync_folder, whole_file
from simlearn.shards import ShardReader

SOURCE = ".source"
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EXDEV, errno.EMLINK, errno.ENOSYS)
THREADS = 4  # encoders release the interpreter's lock, and a file takes milliseconds to be safe on a disk


@dataclass(frozen=True, kw_only=True)
class Export:
    """One export under way. `labels` are those to be written: held by the data set, known to the format, chosen by the user."""

    data: Path
    folder: Path
    manifest: Manifest
    labels: tuple[str, ...]
    format: str
    pinhole: bool
    _bar: FrameProgress
    _pool: ThreadPoolExecutor
    _pending: list[Future[int]] = field(default_factory=list)

    def has(self, *labels: str) -> bool:
        """Whether all these labels are to be written."""
        return set(labels) <= set(self.labels)

    def scenes(self) -> Iterator[tuple[int, ShardReader]]:
        """Number and open shard of every scene, in order. Raises UserError for a lens that the format cannot describe."""
        for record in self.manifest.shards:
            with ShardReader(self.data / record.name) as reader:
                if self.pinhole and not reader.camera.is_pinhole:
                    raise UserError(
                        f"scene {record.scene} of {self.data} is seen through a {reader.camera.model} lens, the {self.format} format knows "
                        "only pinhole cameras: export it as numpy"
                    )
                yield record.scene, reader
                self._finish()

    def frames(self, reader: ShardReader) -> Iterator[int]:
        """The frame numbers of a scene; the files written for a frame are on the disk before the next one begins."""
        for frame in range(reader.frames):
            yield frame
            self._bar.advance(1, self._finish())

    def write(self, name: str, content: Callable[[], bytes] | bytes, *also: str) -> None:
        """Make `name` (relative, with /) a file with this content, unless it is there from an interrupted export.

        A function is called, on another thread, only when the file is needed; the scene's reader is open until it has returned.
        `also` are further names of the same content: the same file on disks that know hard links, else copies.
        """
        if any(self.missing(each) for each in (name, *also)):
            self._pending.append(self._pool.submit(self._write, name, content, also))

    def missing(self, name: str) -> bool:
        """Whether `name` is still to be written."""
        return not self._path(name).exists()

    @contextmanager
    def create(self, name: str) -> Iterator[Path]:
        """Yield a temporary path; what is written there becomes the file `name`, whole, when the block ends well."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as temporary:
            yield temporary

    def _path(self, name: str) -> Path:
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts:
            raise ValueError(f"{name!r} does not name a file inside the export")
        return self.folder / pure

    def _write(self, name: str, content: Callable[[], bytes] | bytes, also: tuple[str, ...]) -> int:
        if self.missing(name):
            made = content if isinstance(content, bytes) else content()
            with self.create(name) as temporary:
                temporary.write_bytes(made)
        for other in filter(self.missing, also):
            with self.create(other) as temporary:
                _link(self._path(name), temporary)
        return self._path(name).stat().st_size

    def _finish(self) -> int:
        """Wait for the files under way; their size in bytes."""
        size = sum(future.result() for future in self._pending)
        self._pending.clear()
        return size


def check_count(count: int, most: int, what: str, format: str) -> None:
    """UserError when a data set holds more than the file names of a format have room for."""
    if count > most:
        remedy = "generate smaller data sets, or export as numpy"
        raise UserError(f"{count} {what} are more than the {most} that the {format} format has numbers for: {remedy}")


def _link(path: Path, name: Path) -> None:
    try:
        os.link(path, name)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        shutil.copyfile(path, name)


@contextmanager
def exporting(
    data: str | Path,
    out: str | Path,
    format: str,
    *,
    needs: Iterable[str] = (),
    uses: Iterable[str] = tuple(LABELS),
    labels: Iterable[str] = (),
    companions: Mapping[str, str] | None = None,
    pinhole: bool = False,
    options: Mapping[str, object] | None = None,
    progress: bool = True,
) -> Iterator[Export]:
    """Export the complete data set `data` to the folder `out`, which appears when the block ends well.

    needs: labels without which the format makes no sense; uses: further ones it has a place for; labels: the user's choice of them, all
    that the data set holds by default. companions: for a label the one without which it cannot be written, taken along with it.
    options: the exporter's own settings, which an interrupted export must share to be continued.
    Raises UserError for a data set that is incomplete, damaged or lacks a label, and when the disk refuses.
    """
    data, out, needs = Path(data), Path(out), check_labels(needs)
    manifest = Manifest.load_complete(data)
    chosen = _chosen(data, manifest, format, needs, check_labels((*needs, *uses)), check_labels(labels), companions or {})
    what = repr((format, chosen, sorted((options or {}).items())))
    with (
        partial_folder(data, out, what) as folder,
        FrameProgress("export", manifest.frames, enabled=progress) as bar,
        ThreadPoolExecutor(THREADS, thread_name_prefix="export") as pool,
    ):
        job = Export(
            data=data, folder=folder, manifest=manifest, labels=chosen, format=format, pinhole=pinhole, _bar=bar, _pool=pool
        )  # fmt: skip
        yield job
        job._finish()


def _chosen(
    data: Path,
    manifest: Manifest,
    format: str,
    needs: tuple[str, ...],
    known: tuple[str, ...],
    wanted: tuple[str, ...],
    companions: Mapping[str, str],
) -> tuple[str, ...]:
    homeless = [name for name in wanted if name not in known]
    if homeless:
        raise UserError(f"the {format} format has no place for {', '.join(homeless)}: it holds {', '.join(known)}")
    named = (*needs, *(wanted or (name for name in known if name in manifest.labels)))
    chosen = check_labels((*named, *(companions[name] for name in named if name in companions)))
    absent = [name for name in chosen if name not in manifest.labels]
    if absent:
        every = " ".join(check_labels((*manifest.labels, *absent)))
        raise UserError(
            f"{data} was made without {', '.join(absent)}, which the export as {format} needs: "
            f"make it anew by `simlearn generate --labels {every}` and the other options it was made with"
        )
    return chosen


@contextmanager
def partial_folder(data: Path, out: Path, what: str = "") -> Iterator[Path]:
    """Yield the folder `out` + ".partial" to write to; it becomes `out` when the block ends well, and stays for a next try otherwise.

    `what` tells exports of the same data set apart. Raises UserError when `out` is not empty or cannot be written, when the partial folder
    belongs to another export, and when another process is writing to it.
    """
    partial = out.with_name(out.name + ".partial")
    source = hashlib.sha256((data / MANIFEST).read_bytes() + what.encode()).hexdigest()
    if _is_marked(out, source):  # whole, but killed before the last line below
        (out / SOURCE).unlink()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is not an empty folder: choose a new folder with --out")
    try:
        partial.mkdir(parents=True, exist_ok=True)
        mark = partial / SOURCE
        if not mark.exists() and any(partial.iterdir()):
            raise UserError(f"{partial} is not ours to write to: choose another folder with --out, or remove it")
        with mark.open("a+") as lock:
            _claim(partial, lock.fileno())
            lock.seek(0)
            if (found := lock.read()) not in ("", source):
                raise UserError(
                    f"{partial} is left over from exporting another data set, or this one in another way: "
                    "remove it, or choose another folder with --out"
                )
            if not found:
                lock.write(source)
                lock.flush()
            for leftover in partial.rglob(f".*{TEMPORARY}*"):
                leftover.unlink(missing_ok=True)
            try:
                yield partial
            except BaseException:
                _remove_if_unused(partial, mark)
                raise
            os.replace(partial, out)
            sync_folder(out.parent)
            (out / SOURCE).unlink()
    except OSError as error:
        raise UserError(f"cannot write to {partial} ({error}): free some space or choose another folder, then export again") from error


def _is_marked(folder: Path, source: str) -> bool:
    return (folder / SOURCE).is_file() and (folder / SOURCE).read_text(errors="replace") == source


def _remove_if_unused(partial: Path, mark: Path) -> None:
    if list(partial.iterdir()) == [mark]:
        mark.unlink()
        partial.rmdir()


def _claim(partial: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UserError(f"another export is writing to {partial}: wait for it, or choose another folder with --out") from error
