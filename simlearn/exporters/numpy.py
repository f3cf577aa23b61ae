"""One .npz a frame with the raw label arrays; numpy alone reads it.

`scene_000017_frame_0003.npz`: sorting the names gives time order within a scene. Keys: every label of `renderers.frame.LABELS` with its
dtype and shape ([H, W] or [H, W, C]), K float64 [3, 3] (pixels), pose float64 [4, 4] (camera-to-world), scene and time int64 [].
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from renderers.frame import DEFAULT_LABELS
from scenes.errors import UserError
from simlearn.exporters.target import partial_folder
from simlearn.manifest import Manifest
from simlearn.progress import FrameProgress
from simlearn.provenance import whole_file
from simlearn.shards import ShardReader


def frame_name(scene: int, time: int) -> str:
    """File name of a frame."""
    return f"scene_{scene:06d}_frame_{time:04d}.npz"


def export(data: str | Path, out: str | Path, *, compress: bool = False, progress: bool = True) -> Path:
    """One .npz a frame with the raw label arrays, intrinsics and camera pose.

    Interrupted exports continue when run again; `out` appears when all frames are there. `compress` makes files about a third the size
    and the export ten times slower. Raises UserError for a data set that is incomplete, damaged, or lacks a label.
    """
    data, out = Path(data), Path(out)
    manifest = Manifest.load_complete(data)
    absent = [name for name in DEFAULT_LABELS if name not in manifest.labels]
    if absent:
        raise UserError(f"{data} was made without {', '.join(absent)}: the numpy format holds all labels, generate them too")
    with partial_folder(data, out) as folder, FrameProgress("export", manifest.frames, enabled=progress) as bar:
        for record in manifest.shards:
            with ShardReader(data / record.name) as reader:
                for frame in range(reader.frames):
                    path = folder / frame_name(record.scene, int(reader.times[frame]))
                    if not path.exists():
                        _write(path, _arrays(reader, frame, record.scene), compress=compress)
                    bar.advance(1, path.stat().st_size)
    return out


def _arrays(reader: ShardReader, frame: int, scene: int) -> dict[str, Any]:
    return {
        **{name: reader.read(name, frame) for name in DEFAULT_LABELS},
        "K": reader.K,
        "pose": reader.poses[frame],
        "scene": np.int64(scene),
        "time": np.int64(reader.times[frame]),
    }


def _write(path: Path, arrays: dict[str, Any], *, compress: bool) -> None:
    save = np.savez_compressed if compress else np.savez
    with whole_file(path) as temporary, temporary.open("wb") as file:
        save(file, allow_pickle=False, **arrays)
