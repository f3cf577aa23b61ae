"""Where a data set is written: files by name, each of them whole or absent, and a journal of what is finished."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scenes.errors import UserError
from simlearn.provenance import remove_leftovers, whole_file

JOURNAL = "journal.jsonl"

Writer = Callable[[Path], None]


class Store(Protocol):
    """A place for one data set. It travels to other processes and machines, which write to the same place.

    Raises UserError, naming the remedy, when the place refuses.
    """

    def locked(self) -> AbstractContextManager[None]:
        """Makes the place and holds it against a second generator; sweeps away what a killed one left half written."""
        ...

    def is_empty(self) -> bool:
        """Whether there is nothing at all."""
        ...

    def size(self, name: str) -> int | None:
        """Size in bytes, None for what is not there."""
        ...

    def sizes(self, folder: str) -> Mapping[str, int]:
        """Size in bytes of each file in a folder, by its name in the place; empty for a folder that is not there."""
        ...

    def read(self, name: str) -> str | None:
        """Content of a text file, None for what is not there."""
        ...

    def write(self, name: str, text: str) -> None:
        """Write a text file."""
        ...

    def remove(self, name: str) -> None:
        """Delete a file if it is there."""
        ...

    def publish(self, name: str, write: Writer) -> tuple[str, int]:
        """Call write(path of a file on this machine), put that file under `name`, and return its (sha256, size in bytes)."""
        ...

    def append(self, entry: str) -> None:
        """Add a line to the journal; it is safe when this returns."""
        ...

    def journal(self) -> list[str]:
        """Lines of the journal; one that a crash has torn may be among them."""
        ...

    def forget_journal(self) -> None:
        """Delete the journal."""
        ...


def store_at(place: str | Path) -> Store:
    """The store at a folder or a URL (s3://bucket/folder, gs://..., memory://...)."""
    if "://" in str(place):
        from simlearn.remote import RemoteStore

        return RemoteStore(str(place))
    return LocalStore(Path(place))


def file_facts(path: Path) -> tuple[str, int]:
    """(sha256, size in bytes) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


@dataclass(frozen=True)
class LocalStore:
    """A folder of a file system that all who write to it share."""

    root: Path

    def __str__(self) -> str:
        return str(self.root)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """The lock ends with the process, however that ends."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not os.access(self.root, os.W_OK | os.X_OK):
                raise PermissionError(f"{self.root} is not writable")
            if (self.root / "shards").is_symlink():
                raise UserError(f"{self.root / 'shards'} is a link, which may lead anywhere: put the folder itself there")
            descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise UserError(f"cannot write to {self.root} ({error.strerror or error}): choose a folder you may write with --out") from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UserError(f"another process is generating into {self.root}: wait for it, or choose another folder") from error
            try:
                self._sweep()
                yield
            finally:
                self._sweep()
        finally:
            os.close(descriptor)

    def _sweep(self) -> None:
        for folder in (self.root, self.root / "shards"):
            remove_leftovers(folder)

    def is_empty(self) -> bool:
        return not any(path.is_file() or path.is_symlink() for path in self.root.rglob("*"))

    def size(self, name: str) -> int | None:
        try:
            return (self.root / name).stat().st_size
        except OSError:
            return None

    def sizes(self, folder: str) -> Mapping[str, int]:
        try:
            with os.scandir(self.root / folder) as entries:
                return {f"{folder}/{entry.name}": entry.stat().st_size for entry in entries if entry.is_file()}
        except FileNotFoundError:
            return {}

    def read(self, name: str) -> str | None:
        try:
            return (self.root / name).read_text(encoding="utf-8", errors="replace")  # what is no text is no JSON either
        except FileNotFoundError:
            return None

    def write(self, name: str, text: str) -> None:
        with self._explained(name), whole_file(self.root / name) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    def publish(self, name: str, write: Writer) -> tuple[str, int]:
        path = self.root / name
        with self._explained(name):
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as temporary:
                write(temporary)
                return file_facts(temporary)

    def append(self, entry: str) -> None:
        with self._explained(JOURNAL), (self.root / JOURNAL).open("a+", encoding="utf-8") as file:
            if file.tell() and not self._ends_line():
                file.write("\n")  # ends a line that a crash has torn
            file.write(entry + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _ends_line(self) -> bool:
        with (self.root / JOURNAL).open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def journal(self) -> list[str]:
        return (self.read(JOURNAL) or "").splitlines()

    def forget_journal(self) -> None:
        self.remove(JOURNAL)

    @contextlib.contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)  # HDF5 adds a page of detail to the system's sentence
            raise UserError(
                f"cannot write {self.root / name} ({reason}): free some space or make the folder writable, then run again with --resume"
            ) from error
