"""The command that asks a trained network about pictures."""

from __future__ import annotations

from pathlib import Path

from tyro.conf import Positional

from scenes.errors import UserError
from simlearn.commands.app import app


@app.command
def predict(
    source: Positional[Path],
    /,
    *,
    checkpoint: Path,
    out: Path,
    task: str = "",
    files: tuple[str, ...] = (),
    focal: tuple[float, ...] = (),
    step: int = 1,
    longest: int = 2048,
    overwrite: bool = False,
) -> None:
    """Write depth, normals, flow and other maps of pictures or a video, as files. Repeat an interrupted call to continue it.

    Examples: simlearn predict photos --checkpoint runs/streets --task depth --out depths

        simlearn predict drive.mp4 --checkpoint runs/flow --out flows --files npy colour

    Args:
        source: A picture, a folder of pictures, or a video.
        checkpoint: Run folder of `simlearn train` whose network answers for every pixel.
        out: Folder for the files, a subfolder for each kind.
        task: depth, normal, contour, semantic, flow: what the network can tell; by default the first.
        files: Kinds of files: npy, colour (pictures; of a video also an MP4), kitti (16-bit PNG of depth and flow), flo, grey, ids.
        focal: Camera of the pictures, in pixels: one focal length, or FX FY CX CY. Depth is in metres with it, else to scale.
        step: For flow: from each picture to the one so many later.
        longest: For flow: pictures with a longer side than this are reduced to it, and the flow enlarged.
        overwrite: Predict also what is there already.
    """
    from simlearn.predict import camera, predict

    if len(focal) not in (0, 1, 4):
        raise UserError(f"--focal takes one number or four (FX FY CX CY), not {len(focal)}")
    K = camera(focal, source) if focal else None
    done = predict(checkpoint, source, out, task=task, files=files, K=K, step=step, longest_px=longest, overwrite=overwrite)
    print(f"{out}: {done}")
