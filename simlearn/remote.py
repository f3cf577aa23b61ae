"""A data set at a URL that fsspec knows: object stores (S3, Google Cloud Storage, Azure) and file systems of other machines.

Owns: that what is there is whole and what was written, however often the network fails. Does not own credentials: those are where the
tools of that store look for them, and FSSPEC_* variables or ~/.config/fsspec hold the rest.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import functools
import hashlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from scenes.errors import UserError
from simlearn.lease import LEASE, Lease
from simlearn.provenance import TEMPORARY
from simlearn.stores import Writer, file_facts

Value = TypeVar("Value")

JOURNAL = "journal"
PART_LINES = 512
PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
# Where a file is either the old or the whole new one; elsewhere it is uploaded to a temporary name and moved.
OBJECT_STORES = frozenset(("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "memory"))
LASTING = (FileNotFoundError, PermissionError, FileExistsError, IsADirectoryError, NotADirectoryError)
SCRATCH = "simlearn-upload-"
SCRATCH_AGE_S = 60.0


class RemoteStore:
    """The `Store` at a URL such as s3://bucket/folder.

    The journal is a folder of text files with up to PART_LINES lines each, the last of which is rewritten as it grows: object stores
    cannot append.
    """

    def __init__(self, url: str) -> None:
        protocol, _, path = url.partition("://")
        self.url = f"{protocol}://{path.rstrip('/')}"
        self._lease: Lease | None = None
        self._part, self._lines = 0, list[str]()
        self._unwritten, self._write_at = False, 0.0

    def __str__(self) -> str:
        return self.url

    def __reduce__(self) -> tuple[type[RemoteStore], tuple[str]]:
        return RemoteStore, (self.url,)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One that was killed holds the place for `lease.STALE_S` more."""
        with Lease(self) as self._lease:
            try:
                self._sweep()
                yield
            finally:
                if not self._lease.lost:
                    self._write_journal()
                    self._sweep()
                self._lease = None

    def is_empty(self) -> bool:
        fs, root = self._place

        def nothing() -> bool:
            fs.invalidate_cache()
            return not any(set(files) - {LEASE, ""} for _, _, files in fs.walk(root))  # "" marks a folder that is there for itself

        return self._tried("list", nothing)

    def sizes(self, folder: str) -> Mapping[str, int]:
        fs, root = self._place

        def listing() -> dict[str, int]:
            fs.invalidate_cache()
            return {path[len(root) + 1 :]: int(info["size"]) for path, info in fs.find(self._path(folder), detail=True).items()}

        return self._tried("list", listing)

    def size(self, name: str) -> int | None:
        return self.sizes(name).get(name)

    def read(self, name: str) -> str | None:
        fs, _ = self._place

        def content() -> str | None:
            try:
                return fs.cat_file(self._path(name)).decode("utf-8", errors="replace")
            except FileNotFoundError:
                return None

        return self._tried(f"read {name} in", content)

    def write(self, name: str, text: str) -> None:
        def put(path: Path) -> None:
            path.write_text(text, encoding="utf-8")

        self.publish(name, put)

    def create(self, name: str, text: str) -> bool:
        """Write a text file that is not there yet; False when it is there already."""
        fs, _ = self._place
        path = self._path(name)

        def put() -> None:
            self._make_folder(path)
            try:
                fs.pipe_file(path, text.encode("utf-8"), mode="create")
            except FileExistsError:
                pass
            except OSError as error:
                # of stores that do not say which condition failed, that do it for somebody else just now, that know no conditions
                if error.errno not in (errno.EINVAL, errno.EBUSY, errno.ENOSYS):
                    raise

        self._tried("write to", put)
        if self.read(name) is None:
            self.write(name, text)
        return self.read(name) == text

    def remove(self, name: str) -> None:
        self._check_lease()
        fs, _ = self._place

        def delete() -> None:
            with contextlib.suppress(FileNotFoundError):
                fs.rm_file(self._path(name))

        self._tried(f"remove {name} from", delete)

    def publish(self, name: str, write: Writer) -> tuple[str, int]:
        self._check_lease()
        with _scratch() as path:
            try:
                write(path)
            except OSError as error:
                reason = os.strerror(error.errno) if error.errno else str(error)
                raise UserError(
                    f"cannot write {path} ({reason}): free some space there, or set TMPDIR to a folder of another disk"
                ) from error
            facts = file_facts(path)
            self._tried(f"write {name} to", lambda: self._upload(path, self._path(name), facts))
        return facts

    def append(self, entry: str) -> None:
        """A kill may lose what was appended in the last moments: writing takes a tenth of the time at most."""
        self._check_lease()
        if not self._lines:
            self._part = 1 + max((_number(name) for name in self.sizes(JOURNAL)), default=-1)
        self._lines.append(entry)
        self._unwritten = True
        started = time.monotonic()
        if started >= self._write_at or len(self._lines) == PART_LINES:
            self._write_journal()
            self._write_at = time.monotonic() + 9 * (time.monotonic() - started)

    def journal(self) -> list[str]:
        parts = sorted(self.sizes(JOURNAL), key=_number)
        return [line for part in parts for line in (self.read(part) or "").splitlines()]

    def forget_journal(self) -> None:
        self._lines, self._unwritten = [], False
        for part in self.sizes(JOURNAL):
            self.remove(part)
        self._forget_folder(JOURNAL)

    def _write_journal(self) -> None:
        if self._unwritten:
            self.write(f"{JOURNAL}/{self._part:06d}.jsonl", "".join(f"{line}\n" for line in self._lines))
            self._unwritten = False
        if len(self._lines) == PART_LINES:
            self._lines = []

    @functools.cached_property
    def _place(self) -> tuple[Any, str]:
        """File system and path of the data set there."""
        try:
            import fsspec
        except ImportError as error:
            raise UserError(f"{self.url} needs a package that is missing ({error}): pip install simlearn[remote]") from error
        try:
            fs, root = fsspec.core.url_to_fs(self.url)
        except ImportError as error:
            raise UserError(
                f"{self.url} needs a package that is missing ({error}): install it (pip install simlearn[remote] is enough for s3)"
            ) from error
        except Exception as error:
            if isinstance(error, ValueError) or _is_foreign(error):
                raise UserError(
                    f"cannot use {self.url} ({error}): choose a folder or a URL such as s3://bucket/folder with --out"
                ) from error
            raise
        if not root.strip("/"):
            raise UserError(f"{self.url} names no folder: choose a URL such as s3://bucket/folder with --out")
        return fs, root

    @functools.cached_property
    def _puts_whole_files(self) -> bool:
        protocol = self._place[0].protocol
        return not OBJECT_STORES.isdisjoint((protocol,) if isinstance(protocol, str) else protocol)

    def _path(self, name: str) -> str:
        return f"{self._place[1]}/{name}"

    def _make_folder(self, path: str) -> None:
        if not self._puts_whole_files:  # object stores have none, and s3fs would make a bucket
            self._place[0].makedirs(path.rpartition("/")[0], exist_ok=True)

    def _forget_folder(self, name: str) -> None:
        if not self._puts_whole_files:
            with contextlib.suppress(OSError):
                self._place[0].rmdir(self._path(name))

    def _upload(self, source: Path, path: str, facts: tuple[str, int]) -> None:
        fs, _ = self._place
        self._make_folder(path)
        folder, _, name = path.rpartition("/")
        landing = path if self._puts_whole_files else f"{folder}/.{name}{TEMPORARY}{secrets.token_hex(8)}"
        try:
            fs.put_file(str(source), landing)
            self._verify(landing, source, facts)
            if landing != path:
                fs.mv(landing, path)
        finally:
            if landing != path:
                with contextlib.suppress(FileNotFoundError):
                    fs.rm_file(landing)

    def _verify(self, path: str, source: Path, facts: tuple[str, int]) -> None:
        """OSError unless the file there is the one here: by the store's own MD5 where it tells one, else by reading it back."""
        fs, _ = self._place
        fs.invalidate_cache()
        try:
            info = fs.info(path)
        except FileNotFoundError:
            raise OSError("nothing arrived") from None
        if info["size"] != facts[1]:
            raise OSError(f"{info['size']} of {facts[1]} bytes arrived")
        with source.open("rb") as file:
            if hashlib.file_digest(file, "md5").hexdigest() in _told_md5(info):
                return
        if hashlib.sha256(fs.cat_file(path)).hexdigest() != facts[0]:
            raise OSError("what arrived is not what was sent")

    def _sweep(self) -> None:
        """Deletes uploads that a killed generator has not moved to their names."""
        if not self._puts_whole_files:
            for name in [name for name in self.sizes("") if name.rpartition("/")[2].startswith(".") and TEMPORARY in name]:
                self.remove(name)

    def _check_lease(self) -> None:
        if self._lease is not None:
            self._lease.check()

    def _tried(self, action: str, call: Callable[[], Value]) -> Value:
        """Result of `call`, repeated after failures that may pass; UserError for the others and for those that do not."""
        for pause in (*PAUSES_S, None):
            try:
                return call()
            except Exception as error:
                if not _is_foreign(error):
                    raise
                remedy = _remedy(error)
                if remedy or pause is None:
                    remedy = remedy or "look after the network and the address, then run again with --resume"
                    raise UserError(f"cannot {action} {self.url} ({_said(error)}): {remedy}") from error
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")


def _is_foreign(error: Exception) -> bool:
    """Whether it comes from the system or from the library of a store, rather than from a mistake here."""
    return isinstance(error, OSError) or (type(error).__module__ != "builtins" and not isinstance(error, UserError))


def _remedy(error: Exception) -> str:
    """What the user can do about a failure that will not pass by itself; empty for one that may."""
    if isinstance(error, PermissionError) or "Credential" in type(error).__name__:
        return (
            "give credentials that may read, list, write and delete there, where the tools of that store look for them "
            "(for s3 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile)"
        )
    if isinstance(error, FileNotFoundError):
        return "create the bucket first, or choose another place with --out"
    return "choose another place with --out" if isinstance(error, LASTING) else ""


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _told_md5(info: Mapping[str, Any]) -> set[str]:
    """Hexadecimal MD5 of a file's content as stores tell it; an S3 ETag is one unless the file came in parts or is encrypted by a key."""
    told = {str(info.get("ETag", "")).strip('"')}
    encoded = [info.get("md5Hash"), info.get("content_md5")]
    return told | {base64.b64decode(value).hex() for value in encoded if isinstance(value, str)}


def _number(part: str) -> int:
    stem = Path(part).stem
    return int(stem) if stem.isdigit() else -1


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """A file name in a temporary folder of its own, which is deleted in the end."""
    _sweep_scratch()
    with tempfile.TemporaryDirectory(prefix=SCRATCH) as folder, _held(Path(folder)):
        yield Path(folder) / "file"


@functools.cache
def _sweep_scratch() -> None:
    """Once in each process: deletes the scratch folders of killed ones."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"):
        with contextlib.suppress(OSError):  # somebody else's, in use, or just gone
            if time.time() - folder.stat().st_mtime > SCRATCH_AGE_S:  # a younger one may not be held yet
                with _held(folder):
                    shutil.rmtree(folder)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Marks a folder as in use until the block or the process ends; BlockingIOError where it is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
