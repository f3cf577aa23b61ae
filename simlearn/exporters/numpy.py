"""One .npz a frame with the raw label arrays; numpy alone reads it.

`scene_000017_frame_0003.npz`: sorting the names gives time order within a scene. Keys: the data set's labels with the dtype and shape
([H, W] or [H, W, C]) that `renderers.frame.LABELS` gives, K float64 [3, 3] (pixels), pose float64 [4, 4] (camera-to-world), scene and
time int64 [], and what K says nothing of: lens (text []) and lens_coefficients float64 [N], as of `scenes.camera.Camera`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from simlearn.exporters.target import exporting
from simlearn.shards import ShardReader


def frame_name(scene: int, time: int) -> str:
    """File name of a frame."""
    return f"scene_{scene:06d}_frame_{time:04d}.npz"


def export(data: str | Path, out: str | Path, *, labels: Iterable[str] = (), compress: bool = False, progress: bool = True) -> Path:
    """One .npz a frame with the raw label arrays, intrinsics and camera pose.

    Interrupted exports continue when run again; `out` appears when all frames are there. `compress` makes files about a third the size
    and the export ten times slower. Raises UserError for a data set that is incomplete, damaged, or lacks a label.
    """
    with exporting(data, out, "numpy", labels=labels, options={"compress": compress}, progress=progress) as job:
        for scene, reader in job.scenes():
            for frame in job.frames(reader):
                name = frame_name(scene, frame)
                if job.missing(name):
                    job.write(name, _encoded(_arrays(reader, frame, scene, job.labels), compress=compress))
    return Path(out)


def _arrays(reader: ShardReader, frame: int, scene: int, labels: tuple[str, ...]) -> dict[str, Any]:
    return {
        **{name: reader.read(name, frame) for name in labels},
        "K": reader.K,
        "pose": reader.poses[frame],
        "scene": np.int64(scene),
        "time": np.int64(reader.times[frame]),
        "lens": np.array(reader.camera.model),
        "lens_coefficients": np.array(reader.camera.coefficients, dtype=np.float64),
    }


def _encoded(arrays: dict[str, Any], *, compress: bool) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if compress else np.savez)(file, allow_pickle=False, **arrays)
    return file.getvalue()
