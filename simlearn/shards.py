"""The shard: one scene's frames with all labels in one HDF5 file. `docs/format.md` specifies it for readers without this code.

One scene a file, because the scene is the unit of work, of determinism and of loss: a worker writes a file without talking to
anyone, a crash costs one scene, and the bytes do not depend on who rendered its neighbours.

Layout (T frames, I instances; one chunk a frame, so that one label of one frame is read alone):

    /<label>          [T, ...]             as its codec stores it (`simlearn.codecs`); attributes codec, its parameters, unit, meaning
    /K                float64 [3, 3]       intrinsics, pixels; the lens (model and coefficients) is in scene_json
    /pose             float64 [T, 4, 4]    camera-to-world
    /time             int64 [T]            frame index
    /objects/<label>  [T, I, ...]          as `renderers.object_labels` says, but pose is world-from-object; semantic, box_3d: [I, ...]
    /objects/name, /objects/category       UTF-8 strings of fixed length [I]
    /scene_json       uint8 [N]            UTF-8 text from which `Scene.from_json` restores the scene (lens, objects, poses at -1 ... T)
    attributes        format, format_version, family, seed, index, frames, width, height, label_space

Every chunk carries a Fletcher-32 checksum, so a damaged one is an error and never a wrong label. Files hold no time stamps: the same
scene and the same library versions give the same bytes.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import hdf5plugin
import numpy as np
from numpy.typing import NDArray

from renderers.frame import LABELS, Frame, Label, check_labels
from renderers.object_labels import OBJECT_LABELS, Objects
from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Scene
from simlearn.codecs import Codec, codec_of, describe
from simlearn.enclosed import attributes_of, dataset_in, fixed_texts, is_here, set_attributes, whole_dataset_in

FORMAT = "simlearn-shard"
FORMAT_VERSION = 2
READABLE = (1, 2)  # version 1 had no codecs and no objects

_DENSE = {"fletcher32": True, "track_times": False, "shuffle": True, **hdf5plugin.Zstd(clevel=3)}
_STATIC = ("semantic", "box_3d")  # what does not change from frame to frame
_POSES_IN_CHUNK = 16  # most things stand still, so poses of several frames together take little more than those of one

Damage = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError)


def as_numpy(array: Any) -> NDArray[Any]:
    """A label as numpy, also from a tensor on a GPU."""
    return np.asarray(array.cpu() if hasattr(array, "cpu") else array)


def write_shard(
    path: Path,
    scene: Scene,
    frames: Iterable[Frame],
    codecs: Mapping[str, Codec],
    objects: Callable[[int], Objects] | None = None,
) -> None:
    """Write the frames of times 0 ... T-1 with the labels that `codecs` names.

    `objects` describes the instances at a time, if they are wanted. Raises OSError when the disk refuses.
    """
    height, width, count = scene.camera.height, scene.camera.width, scene.frames
    with _new_file(path) as file:
        set_attributes(file, {"format": FORMAT, "format_version": FORMAT_VERSION, "frames": count, "width": width, "height": height})
        set_attributes(file, {name: getattr(scene, name) for name in ("family", "seed", "index", "label_space")})
        text = np.frombuffer(scene.to_json().encode(), dtype=np.uint8)
        checked = {"fletcher32": True, "track_times": False}
        file.create_dataset("scene_json", data=text, chunks=text.shape, **checked, **hdf5plugin.Zstd(clevel=3))
        file.create_dataset("K", data=scene.camera.K, chunks=(3, 3), **checked)
        file.create_dataset("time", data=np.arange(count, dtype=np.int64), chunks=(count,), **checked)
        datasets = {name: _create_label(file, LABELS[name], codec, count, height, width) for name, codec in codecs.items()}
        table = None if objects is None else _ObjectTable(file, scene)
        times, poses = [], []
        for time, frame in enumerate(frames):
            times.append(frame.time)
            poses.append(frame.pose)
            for name, dataset in datasets.items():
                dataset[time] = codecs[name].encode(_checked(LABELS[name], as_numpy(frame[name]), height, width))
            if table is not None and objects is not None:
                table.add(objects(frame.time), frame.time)
        assert times == list(range(count)), f"frames of times {times} instead of 0 ... {count - 1}"
        file.create_dataset("pose", data=np.stack(poses).astype(np.float64), chunks=(count, 4, 4), **checked)
        if table is not None:
            table.write()


@contextmanager
def _new_file(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file that is made in memory and then written at once: HDF5 crashes its process when it meets a full disk."""
    form = {"libver": ("v110", "v110"), "locking": False, "driver": "core", "backing_store": False, "block_size": 2**20}
    with h5py.File(path, "w", **form) as file:
        yield file
        file.flush()
        content = file.id.get_file_image()
    path.write_bytes(content)


def _create_label(file: h5py.File, label: Label, codec: Codec, frames: int, height: int, width: int) -> h5py.Dataset:
    dtype, shape = codec.stored(label, height, width)
    options = {"fletcher32": True, "track_times": False, **codec.filters()}
    dataset = file.create_dataset(label.name, shape=(frames, *shape), dtype=dtype, chunks=(1, *shape), **options)
    set_attributes(dataset, {"unit": label.unit, "meaning": label.meaning, **describe(codec)})
    return dataset


def _checked(label: Label, array: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    expected = label.shape(height, width)
    if array.shape != expected or array.dtype != label.dtype:
        raise TypeError(f"the renderer gave {label.name} as {array.dtype} {array.shape}, the label table says {label.dtype} {expected}")
    return array


class _ObjectTable:
    """Collects what is said of the instances, frame by frame."""

    def __init__(self, file: h5py.File, scene: Scene) -> None:
        self._group, self._scene = file.create_group("objects"), scene
        self._rows: dict[str, list[NDArray[Any]]] = {name: [] for name in OBJECT_LABELS}

    def add(self, objects: Objects, time: int) -> None:
        for name, rows in self._rows.items():
            rows.append(self._poses(time) if name == "pose" else getattr(objects, name))

    def _poses(self, time: int) -> NDArray[np.float64]:
        poses = [instance.motion.at(time) for instance in self._scene.instances]
        return np.stack(poses) if poses else np.empty((0, 4, 4))

    def write(self) -> None:
        for name in ("name", "category"):
            texts = [getattr(instance, name) for instance in self._scene.instances]
            packed = {**_DENSE, "chunks": (len(texts),)} if texts else {"track_times": False}
            self._group.create_dataset(name, data=fixed_texts(texts), **packed)
        for name, label in OBJECT_LABELS.items():
            rows = self._rows[name]
            data = rows[0] if name in _STATIC else np.stack(rows)
            chunks = data.shape if name in _STATIC else (min(len(rows), _POSES_IN_CHUNK if name == "pose" else 1), *data.shape[1:])
            packed = _DENSE if data.size else {"track_times": False}
            dataset = self._group.create_dataset(name, data=data.astype(label.dtype), chunks=chunks if data.size else None, **packed)
            meaning = "world-from-object, rigid" if name == "pose" else label.meaning
            set_attributes(dataset, {"unit": label.unit, "meaning": meaning})


@dataclass(frozen=True)
class _Stored:
    """The dataset of a label, and what it takes to read and to understand a frame of it."""

    dataset: h5py.Dataset
    codec: Codec
    dtype: str
    shape: tuple[int, ...]

    def read(self, frame: int) -> NDArray[Any]:
        """One frame as it is stored. h5py's own way to select it takes 0.1 ms, longer than to read a mask."""
        stored = np.empty(self.shape, self.dtype)
        place = self.dataset.id.get_space()
        place.select_hyperslab((frame, *(0 for _ in self.shape)), (1, *self.shape))
        self.dataset.id.read(h5py.h5s.create_simple(self.shape), place, stored)
        return stored


class ShardReader:
    """Random access to the frames of one shard; use it as a context manager or keep it open.

    Raises UserError, naming the file, for one that is missing, truncated, damaged, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._named():
            if not stat.S_ISREG(path.lstat().st_mode):
                raise UserError(f"shard {path} is a link or no file at all: put the file itself there")
            self._file = h5py.File(path, "r", locking=False, rdcc_nbytes=0)
        try:
            with self._named():
                self.attributes: dict[str, Any] = attributes_of(self._file)
                if self.attributes.get("format_version") == 1:  # its texts have variable length, and are in the scene too
                    self.attributes |= {"format": FORMAT, **{name: getattr(self.scene(), name) for name in ("family", "label_space")}}
                _check_version(path, self.attributes)
                self.frames, self.width, self.height = (int(self.attributes[name]) for name in ("frames", "width", "height"))
                names = set(self._file)
                self.labels = tuple(name for name in LABELS if name in names and is_here(self._file, name))
                self._stored: dict[str, _Stored] = {}  # of labels that were asked for
                self.K: NDArray[np.float64] = whole_dataset_in(self._file, "K", "float64", (3, 3))[()]
                self.poses: NDArray[np.float64] = whole_dataset_in(self._file, "pose", "float64", (self.frames, 4, 4))[()]
                self.times: NDArray[np.int64] = whole_dataset_in(self._file, "time", "int64", (self.frames,))[()]
        except BaseException:
            self.close()
            raise

    @contextmanager
    def _named(self, what: str = "") -> Iterator[None]:
        try:
            yield
        except UserError:
            raise
        except FileNotFoundError as error:
            raise UserError(f"shard {self.path} is missing: {REMEDY}") from error
        except Damage as error:
            state = "damaged" if what else "truncated or damaged"
            raise UserError(f"{what}shard {self.path} is {state} ({error}): {REMEDY}") from error

    def scene(self) -> Scene:
        """The scene that was rendered."""
        with self._named():
            text = whole_dataset_in(self._file, "scene_json", "uint8", (None,))[()].tobytes().decode()
        return Scene.from_json(text)

    def codec(self, label: str) -> Codec:
        """How a label is stored."""
        return self._found(label).codec

    def stored_bytes(self, label: str) -> int:
        """Compressed size of all frames of a label."""
        return int(self._found(label).dataset.id.get_storage_size())

    def _found(self, label: str) -> _Stored:
        if label not in self.labels:
            raise UserError(f"{self.path} has no label {label!r}: it holds {', '.join(self.labels)}")
        if label not in self._stored:
            with self._named(f"{label} in "):
                codec = codec_of(self._file[label])
                dtype, shape = codec.stored(LABELS[label], self.height, self.width)
                self._stored[label] = _Stored(dataset_in(self._file, label, dtype, (self.frames, *shape)), codec, dtype, shape)
        return self._stored[label]

    def read(self, label: str, frame: int) -> NDArray[Any]:
        """One label of one frame, as the label table says: [H, W] or [H, W, C]."""
        return np.ascontiguousarray(self._read(label, frame))

    def planes(self, label: str, frame: int) -> NDArray[Any]:
        """One label of one frame with its channels first, as torch has it: [H, W] or [C, H, W]."""
        array = self._read(label, frame)
        return np.ascontiguousarray(np.moveaxis(array, -1, 0) if array.ndim == 3 else array)

    def _read(self, label: str, frame: int) -> NDArray[Any]:
        """As `read`, its memory in any order."""
        found = self._found(label)
        if not 0 <= frame < self.frames:
            raise IndexError(f"frame {frame} of {self.path}, which has {self.frames}")
        with self._named(f"{label} of frame {frame} in "):
            array = found.codec.decode(found.read(frame), LABELS[label], self.width)
            if array.shape != LABELS[label].shape(self.height, self.width):
                raise ValueError(f"it is {array.shape}")
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

    @property
    def has_objects(self) -> bool:
        """Whether the shard says where each instance is (`objects`)."""
        return is_here(self._file, "objects")

    def objects(self, frame: int) -> Objects:
        """Poses, boxes and visibility of all instances in one frame."""
        if not self.has_objects:
            raise UserError(f"{self.path} was made without objects: generate them too")
        if not 0 <= frame < self.frames:
            raise IndexError(f"frame {frame} of {self.path}, which has {self.frames}")
        with self._named(f"objects of frame {frame} in "):
            rows = {name: data[()] if name in _STATIC else data[frame] for name, data in self._objects.items()}
        rows["pose"] = geometry.invert(self.poses[frame]) @ rows["pose"]
        return Objects(**rows, width=self.width, height=self.height)

    @cached_property
    def _objects(self) -> dict[str, h5py.Dataset]:
        group = self._file["objects"]
        count = whole_dataset_in(group, "semantic", "uint8", (None,)).shape
        lengths = {name: count if name in _STATIC else (self.frames, *count) for name in OBJECT_LABELS}
        return {name: dataset_in(group, name, label.dtype, (*lengths[name], *label.shape)) for name, label in OBJECT_LABELS.items()}

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


def _check_version(path: Path, attributes: Mapping[str, Any]) -> None:
    name, version = attributes.get("format"), attributes.get("format_version")
    if name != FORMAT:
        raise UserError(f"{path} is not a shard of a data set: point to a folder made by `simlearn generate`")
    if version not in READABLE:
        raise UserError(f"{path} is a shard of version {version}, this program reads {READABLE[0]} to {READABLE[-1]}: update simlearn")


REMEDY = "render it anew with `simlearn verify DIR --repair`, or fetch it from an intact copy"
