"""Seconds that the KITTI "Eigen" protocols take on made-up predictions for all images of their list.

    python -m bench.depth_protocol [--benchmarks kitti_eigen ...] [--images 697] [--forms stack png npy] [--json FILE]

The data set is made up too, in the official layout and at KITTI's sizes: scans of 120,000 points of which about 20,000 fall on the picture,
annotated depth of 375x1242. All images share one scan, one depth map and (as png and npy) one prediction by hard links, so the files are in
the page cache; everything is decoded, projected and measured anew for each image. Seconds on the clock grow with what else runs on the
machine, processor seconds do so less. Predictions: `stack`, one file of disparities 192x640;
`png`, depth of 375x1242 in 16 bits; `npy`, the same as float32. Two threads at most.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.machine import heading
from simlearn.benchmarks import BENCHMARKS
from simlearn.benchmarks.kitti_eigen import SPLITS
from simlearn.benchmarks.pictures import thicken
from simlearn.datasets.kitti_raw import Frame, KittiRaw, eigen_depth
from simlearn.datasets.root import VARIABLE
from simlearn.evaluate import evaluate
from simlearn.formats import kitti

DAY, DRIVE = "2011_09_26", "2011_09_26_drive_0002_sync"
HEIGHT, WIDTH = 375, 1242
NETWORK_SIZE = (192, 640)
BEAMS, TURN = 64, 1875
THREADS = 2
NAME = "{:010d}{}"
FORMS = ("stack", "png", "npy")
EIGEN = tuple(name for name in BENCHMARKS if name.startswith("kitti_eigen"))


def scan() -> NDArray[np.float32]:
    """Velodyne points [BEAMS * TURN, 4] of a flat street with walls on both sides and far ahead: x forward, y left, z up."""
    up, round_ = np.meshgrid(np.radians(np.linspace(2, -24.8, BEAMS)), np.linspace(-np.pi, np.pi, TURN, endpoint=False), indexing="ij")
    rays = np.stack([np.cos(up) * np.cos(round_), np.cos(up) * np.sin(round_), np.sin(up)], axis=-1).reshape(-1, 3)
    with np.errstate(divide="ignore"):
        reach = np.minimum(np.where(rays[:, 2] < 0, -1.73 / rays[:, 2], np.inf), np.minimum(8 / abs(rays[:, 1]), 60 / abs(rays[:, 0])))
    return np.hstack([rays * reach[:, None], np.zeros((len(rays), 1))]).astype("<f4")


def make_data(root: Path, images: int) -> None:
    """A miniature KITTI raw with annotated depth and both lists under root."""
    day = root / "kitti" / "raw" / DAY
    scans = day / DRIVE / "velodyne_points" / "data"
    truths = root / "kitti" / "data_depth_annotated" / "val" / DRIVE / "proj_depth" / "groundtruth" / "image_02"
    scans.mkdir(parents=True)
    truths.mkdir(parents=True)
    lens = f"721.5 0 {WIDTH / 2} 0 0 721.5 172.85 0 0 0 1 0"
    (day / "calib_cam_to_cam.txt").write_text(f"S_rect_02: {WIDTH} {HEIGHT}\nR_rect_00: 1 0 0 0 1 0 0 0 1\nP_rect_02: {lens}\n")
    (day / "calib_velo_to_cam.txt").write_text("R: 0 -1 0 0 0 -1 1 0 0\nT: 0 -0.08 -0.27\n")
    points = scan()
    points.tofile(scans / NAME.format(0, ".bin"))
    gathered = thicken(depth_of(root, points))
    (truths / NAME.format(0, ".png")).write_bytes(kitti.encode_depth(gathered, np.isfinite(gathered)))
    link(scans / NAME.format(0, ".bin"), images)
    link(truths / NAME.format(0, ".png"), images)
    for split in SPLITS:
        place = root / "kitti" / "splits" / split
        place.mkdir(parents=True)
        count = min(images, SPLITS[split])
        (place / "test_files.txt").write_text("".join(f"{DAY}/{DRIVE} {number:010d} l\n" for number in range(count)))


def depth_of(root: Path, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """The true depth of the made-up scan."""
    frame = Frame(DRIVE, "image_02", 0)
    return eigen_depth(points, KittiRaw(root, [frame]).calibration(frame).matrices, HEIGHT, WIDTH)


def link(first: Path, count: int) -> None:
    """The same file under the numbers 1 .. count - 1."""
    for number in range(1, count):
        first.with_name(NAME.format(number, first.suffix)).hardlink_to(first)


def make_predictions(folder: Path, form: str, images: int, seed: int = 0) -> Path:
    """What --predictions is to name: a folder, or the file of all."""
    height, width = NETWORK_SIZE if form == "stack" else (HEIGHT, WIDTH)
    depth = np.random.default_rng(seed).uniform(5, 50, (height, width)).astype(np.float32)
    if form == "stack":
        stack = np.lib.format.open_memmap(folder / "disps.npy", mode="w+", dtype=np.float32, shape=(images, height, width))
        stack[:] = 1 / depth
        stack.flush()
        return folder / "disps.npy"
    first = folder / form / DRIVE / "image_02" / NAME.format(0, f".{form}")
    first.parent.mkdir(parents=True)
    if form == "png":
        first.write_bytes(kitti.encode_depth(depth, np.ones(depth.shape, dtype=bool)))
    else:
        np.save(first, depth)
    link(first, images)
    return folder / form


def measure(benchmark: str, form: str, images: int, work: Path) -> dict[str, Any]:
    """Seconds of one evaluation, everything from the list to the written rows."""
    count = min(images, SPLITS[BENCHMARKS[benchmark].split])
    with tempfile.TemporaryDirectory(dir=work) as place:
        predictions = make_predictions(Path(place), form, count)
        started, used = time.perf_counter(), time.process_time()
        rows = evaluate(benchmark, None, Path(place) / "results.jsonl", predictions=predictions, strict=True)
        seconds, processor = time.perf_counter() - started, time.process_time() - used
    assert rows[0].n == count
    return {"benchmark": benchmark, "form": form, "images": count, "seconds": round(seconds, 2), "processor_seconds": round(processor, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmarks", nargs="+", default=EIGEN, choices=EIGEN)
    parser.add_argument("--forms", nargs="+", default=FORMS, choices=FORMS)
    parser.add_argument("--images", type=int, default=max(SPLITS.values()))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(min(torch.get_num_threads(), THREADS))
    found = heading()
    with tempfile.TemporaryDirectory(prefix="depth-protocol-") as folder:
        work = Path(folder)
        make_data(work / "data", arguments.images)
        os.environ[VARIABLE] = str(work / "data")
        on_picture = int(np.isfinite(depth_of(work / "data", scan())).sum())
        found |= {"points": BEAMS * TURN, "points_on_picture": on_picture, "measured": []}
        for benchmark in arguments.benchmarks:
            for form in arguments.forms:
                found["measured"].append(measure(benchmark, form, arguments.images, work))
    print(json.dumps(found, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
