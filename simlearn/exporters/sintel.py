"""The layout of MPI Sintel, a folder a scene in each kind of data; frames count from 1.

training/clean/scene_000017/frame_0001.png        8-bit colour; training/final holds the same pictures (hard links)
training/flow/scene_000017/frame_0001.flo         flow to the next frame, 1e10 where it is not known; none for the last frame
training/occlusions/scene_000017/frame_0001.png   255 where the point is not seen in the next frame, hidden or out of it, else 0
training/outofframe/scene_000017/frame_0001.png   255 where it is out of the next frame
training/invalid/scene_000017/frame_0001.png      255 where the flow is not known
training/depth/scene_000017/frame_0001.dpt        camera z in metres, float32, +inf where there is no surface
training/camdata_left/scene_000017/frame_0001.cam intrinsics and world-to-camera, the centre of the top-left pixel being (0, 0)
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from simlearn.exporters.motion import COMPANIONS, hidden, indexed_intrinsics, known_flow, world_to_camera
from simlearn.exporters.target import Export, exporting
from simlearn.formats import flo, sintel
from simlearn.formats.image import encode_png
from simlearn.shards import ShardReader

UNSEEN = ("occluded_forward", "out_of_frame_forward")


def export(data: str | Path, out: str | Path, *, labels: Iterable[str] = (), progress: bool = True) -> Path:
    """Sintel's folders: pictures, flow, occlusions, depth and cameras of every scene.

    Interrupted exports continue when run again; `out` appears when all is there. Raises UserError for a data set that is incomplete,
    damaged, without rgb, or seen through a lens that is no pinhole.
    """
    uses = ("depth", "flow_forward", *UNSEEN, "valid")
    with exporting(
        data, out, "sintel", needs=("rgb",), uses=uses, labels=labels, companions=COMPANIONS, pinhole=True, progress=progress
    ) as job:
        for scene, reader in job.scenes():
            for frame in job.frames(reader):
                place = f"scene_{scene:06d}/frame_{frame + 1:04d}"
                _write_view(job, reader, frame, place)
                if frame + 1 < reader.frames:
                    _write_motion(job, reader, frame, place)
    return Path(out)


def _write_view(job: Export, reader: ShardReader, frame: int, place: str) -> None:
    """What is known of one frame alone."""
    job.write(f"training/clean/{place}.png", lambda: encode_png(reader.read("rgb", frame)), f"training/final/{place}.png")
    if job.has("depth"):
        job.write(f"training/depth/{place}.dpt", lambda: sintel.encode_depth(reader.read("depth", frame)))
    camera = sintel.encode_camera(indexed_intrinsics(reader.K), world_to_camera(reader.poses[frame])[:3])
    job.write(f"training/camdata_left/{place}.cam", camera)


def _write_motion(job: Export, reader: ShardReader, frame: int, place: str) -> None:
    """Flow to the next frame and what cannot be seen there."""
    if job.has("flow_forward"):
        job.write(f"training/flow/{place}.flo", lambda: flo.encode(*known_flow(reader, frame, "forward")))
        job.write(f"training/invalid/{place}.png", lambda: encode_png(~known_flow(reader, frame, "forward")[1]))
    if job.has(*UNSEEN):
        job.write(f"training/occlusions/{place}.png", lambda: encode_png(hidden(reader, frame, "forward")))
        job.write(f"training/outofframe/{place}.png", lambda: encode_png(reader.read("out_of_frame_forward", frame)))
