"""The shard: one scene's frames with all labels in one HDF5 file.

One scene a file, because the scene is the unit of work, of determinism and of loss: a worker writes a file without talking to
anyone, a crash costs one scene, and the bytes do not depend on who rendered its neighbours.

Layout (T frames; label arrays as in `renderers.frame.LABELS`, one chunk a frame, so that one label of one frame is read alone):

    /<label>      [T, H, W] or [T, H, W, C]
    /K            float64 [3, 3]       intrinsics, pixels; the lens (model and coefficients) is in scene_json
    /pose         float64 [T, 4, 4]    camera-to-world
    /time         int64 [T]            frame index
    /scene_json   uint8 [N]            UTF-8 text from which `Scene.from_json` restores the scene (lens, objects, poses at -1 ... T)
    attributes    format, format_version, family, seed, index, frames, width, height, label_space

Chunks are compressed without loss (Zstandard; flow by Blosc2) and carry a Fletcher-32 checksum, so a damaged chunk is an error and
never a wrong label. Files hold no time stamps: the same scene and the same library versions give the same bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import hdf5plugin
import numpy as np
from numpy.typing import NDArray

from renderers.frame import LABELS, Frame, Label, check_labels
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Scene
from simlearn.provenance import whole_file

FORMAT = "simlearn-shard"
FORMAT_VERSION = 1

# Measured on rendered rooms at 320x240, KB a frame (of raw) and ms to compress on one slow core: rgb 119 (230) 2.0; depth 111 (307) 1.5,
# 200 without the byte planes; normal 31 (922) 1.7, 57 with them, as flat faces repeat exactly; each flow 421 (614) 2.7 by
# bit planes, 462 by byte planes; all else together 9. Higher levels take twice the time for 2 to 4 %.
ZSTANDARD = dict(hdf5plugin.Zstd(clevel=3))
BYTE_PLANES = {**ZSTANDARD, "shuffle": True}
BIT_PLANES = dict(hdf5plugin.Blosc2(cname="zstd", clevel=1, filters=hdf5plugin.Blosc2.BITSHUFFLE))
COMPRESSION = {"depth": BYTE_PLANES, "instance": BYTE_PLANES, "flow_forward": BIT_PLANES, "flow_backward": BIT_PLANES}


def _create_label(file: h5py.File, label: Label, frames: int, height: int, width: int) -> h5py.Dataset:
    shape = label.shape(height, width)
    dataset = file.create_dataset(
        label.name,
        shape=(frames, *shape),
        dtype=label.dtype,
        chunks=(1, *shape),
        fletcher32=True,
        track_times=False,
        **COMPRESSION.get(label.name, ZSTANDARD),
    )
    dataset.attrs["unit"] = label.unit
    dataset.attrs["meaning"] = label.meaning
    return dataset


def as_numpy(array: Any) -> NDArray[Any]:
    """A label as numpy, also from a tensor on a GPU."""
    return np.asarray(array.cpu() if hasattr(array, "cpu") else array)


def write_shard(path: Path, scene: Scene, frames: Iterable[Frame], labels: Iterable[str]) -> tuple[str, int]:
    """Write the frames of times 0 ... T-1 and return (sha256, size in bytes) of the file, which appears under `path` only when whole.

    Raises UserError when the disk refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as temporary:
            _write(temporary, scene, frames, check_labels(labels))
            with temporary.open("rb") as file:
                digest, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)  # HDF5 adds a page of detail to the system's sentence
        raise UserError(
            f"cannot write {path} ({reason}): free some space or make the folder writable, then run again with --resume"
        ) from error
    return digest, size


def _write(path: Path, scene: Scene, frames: Iterable[Frame], labels: tuple[str, ...]) -> None:
    height, width, count = scene.camera.height, scene.camera.width, scene.frames
    with h5py.File(path, "w", libver=("v110", "v110"), locking=False) as file:
        file.attrs.update({"format": FORMAT, "format_version": FORMAT_VERSION, "frames": count, "width": width, "height": height})
        file.attrs.update({name: getattr(scene, name) for name in ("family", "seed", "index", "label_space")})
        text = np.frombuffer(scene.to_json().encode(), dtype=np.uint8)
        checked = {"fletcher32": True, "track_times": False}
        file.create_dataset("scene_json", data=text, chunks=text.shape, **checked, **ZSTANDARD)
        file.create_dataset("K", data=scene.camera.K, chunks=(3, 3), **checked)
        file.create_dataset("time", data=np.arange(count, dtype=np.int64), chunks=(count,), **checked)
        datasets = {name: _create_label(file, LABELS[name], count, height, width) for name in labels}
        times, poses = [], []
        for time, frame in enumerate(frames):
            times.append(frame.time)
            poses.append(frame.pose)
            for name, dataset in datasets.items():
                dataset[time] = _checked(LABELS[name], as_numpy(frame[name]), height, width)
        assert times == list(range(count)), f"frames of times {times} instead of 0 ... {count - 1}"
        file.create_dataset("pose", data=np.stack(poses).astype(np.float64), chunks=(count, 4, 4), **checked)


def _checked(label: Label, array: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    expected = label.shape(height, width)
    if array.shape != expected or array.dtype != label.dtype:
        raise TypeError(f"the renderer gave {label.name} as {array.dtype} {array.shape}, the label table says {label.dtype} {expected}")
    return array


class ShardReader:
    """Random access to the frames of one shard; use it as a context manager or keep it open.

    Raises UserError, naming the file, for one that is missing, truncated, damaged, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._named():
            self._file = h5py.File(path, "r", locking=False)
        try:
            with self._named():
                self.attributes: dict[str, Any] = dict(self._file.attrs)
                if self.attributes.get("format") != FORMAT or self.attributes.get("format_version") != FORMAT_VERSION:
                    raise UserError(
                        f"{path} is not a shard of version {FORMAT_VERSION}: read it with the version of simlearn that wrote it"
                    )
                self.frames = int(self.attributes["frames"])
                self.labels = tuple(name for name in LABELS if name in self._file)
                self._datasets = {name: self._file[name] for name in self.labels}
                self.K: NDArray[np.float64] = self._file["K"][()]
                self.poses: NDArray[np.float64] = self._file["pose"][()]
                self.times: NDArray[np.int64] = self._file["time"][()]
        except BaseException:
            self.close()
            raise

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise UserError(f"shard {self.path} is missing: {REMEDY}") from error
        except (OSError, RuntimeError, KeyError) as error:
            raise UserError(f"shard {self.path} is truncated or damaged ({error}): {REMEDY}") from error

    def scene(self) -> Scene:
        """The scene that was rendered."""
        with self._named():
            text = self._file["scene_json"][()].tobytes().decode()
        return Scene.from_json(text)

    def read(self, label: str, frame: int) -> NDArray[Any]:
        """One label of one frame, as the label table says: [H, W] or [H, W, C]."""
        if label not in self._datasets:
            raise UserError(f"{self.path} has no label {label!r}: it holds {', '.join(self.labels)}")
        if not 0 <= frame < self.frames:
            raise IndexError(f"frame {frame} of {self.path}, which has {self.frames}")
        dataset = self._datasets[label]
        array = np.empty(dataset.shape[1:], dtype=LABELS[label].dtype)
        try:
            dataset.read_direct(array, np.s_[frame])
        except (OSError, RuntimeError) as error:
            raise UserError(f"{label} of frame {frame} in shard {self.path} is damaged ({error}): {REMEDY}") from error
        return array

    def frame(self, frame: int, labels: Iterable[str] | None = None) -> Frame:
        """One frame with the labels asked for (all by default)."""
        names = self.labels if labels is None else check_labels(labels)
        return Frame(
            labels={name: self.read(name, frame) for name in names},
            camera=self.camera,
            pose=self.poses[frame],
            time=int(self.times[frame]),
        )

    @cached_property
    def camera(self) -> Camera:
        """The scene's camera, with the model of its lens, of which `K` says nothing."""
        return self.scene().camera

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> ShardReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


REMEDY = "delete it and run the `simlearn generate` command again with --resume, or fetch it from an intact copy"
