"""The command that packs predictions for an evaluation server."""

from __future__ import annotations

from pathlib import Path

from simlearn.commands.app import app


@app.command
def submit(*, benchmark: str, predictions: Path, out: Path, scale: float = 1.0) -> None:
    """Pack predictions as the archive that a benchmark's evaluation server takes; refused when one is missing or of no use.

    Example: simlearn submit --benchmark kitti_depth_prediction --predictions depths --out depth.zip

    Args:
        benchmark: Server's test (see `simlearn info`, submissions).
        predictions: Folder of prediction files, as for `simlearn evaluate --predictions`, or one file of all of them.
        out: Archive to write, *.zip.
        scale: What predictions are multiplied by to be in the server's unit (of disparity: metres are scale / disparity).
    """
    from simlearn.evaluate import Narrator
    from simlearn.submission import write_submission

    print(f"{out}: {write_submission(benchmark, predictions, out, scale=scale, say=Narrator(benchmark))} files")
