"""The layout of Flying Chairs: pairs of pictures and the flow between them.

    data/00001_img1.ppm, data/00001_img2.ppm   8-bit colour, frames t and t + 1 of a scene
    data/00001_flow.flo                        float32 flow from the first to the second, 1e10 where it is not known
    FlyingChairs_train_val.txt                 a line for each pair: 1 for training, 2 for validation

A scene of T frames gives T - 1 pairs, numbered through from 1. Whole scenes are for validation, the last 5 % of them (at least one of two),
so that no scene is in both parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from simlearn.exporters.motion import known_flow
from simlearn.exporters.target import Export, check_count, exporting
from simlearn.formats import flo
from simlearn.formats.image import encode_ppm
from simlearn.manifest import Manifest
from simlearn.shards import ShardReader

NEEDS = ("rgb", "flow_forward", "valid")
MOST_PAIRS = 99999
SPLIT = "FlyingChairs_train_val.txt"
TRAINING, VALIDATION = 1, 2
VALIDATION_SHARE = 0.05


def export(data: str | Path, out: str | Path, *, labels: Iterable[str] = (), progress: bool = True) -> Path:
    """Pairs of pictures with the flow between them as .flo, and a split into training and validation.

    Interrupted exports continue when run again; `out` appears when all is there. Raises UserError for a data set that is incomplete,
    damaged, without rgb, flow_forward or valid, or of more than 99999 pairs, which the file names have no room for.
    """
    with exporting(data, out, "flyingchairs", needs=NEEDS, uses=(), labels=labels, progress=progress) as job:
        pairs = [max(record.frames - 1, 0) for record in job.manifest.shards]
        check_count(sum(pairs), MOST_PAIRS, "pairs", "flyingchairs")
        first = 1
        for _, reader in job.scenes():
            for frame in job.frames(reader):
                _write_frame(job, reader, frame, first)
            first += max(reader.frames - 1, 0)
        job.write(SPLIT, "".join(f"{part}\n" * count for part, count in zip(_parts(job.manifest), pairs, strict=True)).encode())
    return Path(out)


def _write_frame(job: Export, reader: ShardReader, frame: int, first: int) -> None:
    """The picture as the second of one pair and the first of the next, and the flow of the latter."""
    names = [f"data/{first + frame - 1:05d}_img2.ppm"] if frame else []
    if frame + 1 < reader.frames:
        names.append(f"data/{first + frame:05d}_img1.ppm")
        job.write(f"data/{first + frame:05d}_flow.flo", lambda: flo.encode(*known_flow(reader, frame, "forward")))
    if names:
        job.write(names[0], lambda: encode_ppm(reader.read("rgb", frame)), *names[1:])


def _parts(manifest: Manifest) -> list[int]:
    """Training or validation for each scene."""
    count = len(manifest.shards)
    validation = max(1, round(VALIDATION_SHARE * count)) if count > 1 else 0
    return [VALIDATION if position >= count - validation else TRAINING for position in range(count)]
