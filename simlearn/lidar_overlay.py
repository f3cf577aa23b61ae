"""Velodyne scans drawn on the photographs they belong to, and how well the two agree: a look at a projection, and a number.

    python -m simlearn.lidar_overlay --out DIR        one PNG for each KITTI object frame under $SIMLEARN_DATA, and the numbers

Each PNG is the dimmed photograph with every point of the scan in the colour of its depth, near red, far blue. Where a projection is right,
colours change where things do: at the outlines of cars, trunks and poles.

The number: an *edge point* of a scan is the nearer one of two neighbours along a laser's turn whose distances differ by more than a fifth.
Its score is the rank, 0 to 1, that the strongest horizontal change of brightness within 1 px of it has among all pixels of the photograph
from the scan's uppermost point down. By chance it would be the same wherever the scan is moved to.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, maximum_filter1d, sobel

from simlearn.benchmarks.pictures import thicken
from simlearn.colorize import Picture, colorize
from simlearn.datasets.kitti import SCANS, KittiObject, project_scan, read_calibration, read_scan
from simlearn.datasets.root import data_root
from simlearn.outcomes import guarded

DIM = 0.45
JUMP = 1.2
"""Ratio of distances, from which on neighbours belong to different things."""
NEIGHBOURS_DEG = 0.5
"""Between the directions of neighbours along a turn, at most; the scanner's own steps are 0.09 to 0.35 degrees."""
SHIFTS = (0, -16, -8, -4, 4, 8, 16)
ROTATIONS_DEG = (1.0, -1.0)
Float = NDArray[np.float64]


def overlay(rgb: Picture, depth: NDArray[np.float32]) -> Picture:
    """The photograph [H, W, 3], dimmed, under a sparse depth [H, W] in metres, +inf where there is none; points are 3x3 pixels large."""
    grown = thicken(depth)
    colours = colorize("depth", grown)
    dimmed = np.rint(DIM * rgb).astype(np.uint8)
    return np.where(np.isfinite(grown)[..., None], colours, dimmed)


def edge_points(points: Float) -> NDArray[np.bool_]:
    """Which of a scan's points [N, 3], in the order in which the scanner gave them, are edge points: see the module's text."""
    distance = np.maximum(np.linalg.norm(points, axis=1), 1e-6)
    round_, up = np.degrees(np.arctan2(points[:, 1], points[:, 0])), np.degrees(np.arcsin(points[:, 2] / distance))
    together = (np.abs(np.diff(round_)) < NEIGHBOURS_DEG) & (np.abs(np.diff(up)) < NEIGHBOURS_DEG)
    found = np.zeros(len(points), dtype=bool)
    found[:-1] |= together & (distance[1:] > JUMP * distance[:-1])
    found[1:] |= together & (distance[:-1] > JUMP * distance[1:])
    return found


def brightness_ranks(rgb: Picture, top: int = 0) -> Float:
    """float64 [H, W], 0 .. 1: the rank among the rows from `top` on of the strongest horizontal change within 1 px."""
    grey = gaussian_filter(np.asarray(rgb, dtype=np.float64).mean(axis=-1), 1.0)
    change = maximum_filter1d(np.abs(sobel(grey, axis=1)), 3, axis=1)
    ordered = np.sort(change[top:], axis=None)
    return np.searchsorted(ordered, change) / ordered.size


def agreement(
    ranks: Float, scan: ArrayLike, calibration: dict[str, Float], *, shift_px: tuple[float, float] = (0, 0), turn_deg: float = 0.0
) -> float:
    """Mean score of a scan's edge points, its projection moved by (right, down) and the scan turned about the vertical.

    `ranks`: `brightness_ranks` of the photograph.
    """
    points = np.asarray(scan, dtype=np.float64)[:, :3]
    points = points[points[:, 0] > 0]
    pixels = project_scan((points @ about_up(turn_deg).T)[edge_points(points)], calibration)[0]
    columns, rows = np.round(pixels + np.asarray(shift_px)).astype(np.int64).T
    inside = (columns >= 0) & (columns < ranks.shape[1]) & (rows >= 0) & (rows < ranks.shape[0])
    return float(ranks[rows[inside], columns[inside]].mean())


def about_up(degrees: float) -> Float:
    """The rotation about the Velodyne's z."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])


def agreements(data: KittiObject, index: int) -> dict[str, float]:
    """The score of a frame as projected ("0 px"), and moved and turned out of place."""
    name, sample = data.names[index], data[index]
    path = next(path for kind in SCANS if (path := data.folder / kind / f"{name}.bin").exists())
    scan, calibration = read_scan(path), read_calibration(data.folder / "calib" / f"{name}.txt")
    ranks = brightness_ranks(sample["rgb"], top=int(np.flatnonzero(sample["valid"].any(axis=1))[0]))
    moved = {f"{shift} px": agreement(ranks, scan, calibration, shift_px=(shift, 0)) for shift in SHIFTS}
    return moved | {f"{turn:g} deg": agreement(ranks, scan, calibration, turn_deg=turn) for turn in ROTATIONS_DEG}


def write(data: KittiObject, out: Path) -> dict[str, dict[str, float]]:
    """Write a PNG of every frame to the folder `out`, and print and give back the scores, by frame."""
    out.mkdir(parents=True, exist_ok=True)
    scores = {}
    for index, name in enumerate(data.names):
        sample = data[index]
        Image.fromarray(overlay(sample["rgb"], sample["depth"])).save(out / f"{name}.png")
        scores[name] = agreements(data, index)
        print(f"{out / name}.png: {_listed(scores[name])}")
    means = {place: float(np.mean([score[place] for score in scores.values()])) for place in scores[data.names[0]]}
    print(f"mean of {len(scores)}: {_listed(means)}")
    return scores


def _listed(scores: dict[str, float]) -> str:
    return ", ".join(f"{place} {value:.3f}" for place, value in scores.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    arguments = parser.parse_args()
    sys.exit(guarded(lambda: write(KittiObject(data_root()), arguments.out)))


if __name__ == "__main__":
    main()
