"""How far the labels of a frame are from those of `reference_labels`, in figures that tests bound."""

from __future__ import annotations

import numpy as np
from reference_labels import Reference, Seen
from render_worlds import away_from_edges, centre_rays

from renderers.frame import Frame

DIRECTIONS = {"forward": (1, False), "backward": (-1, False), "right": (0, True)}
_BORDER_PX, _PLANE_M = 1e-2, 1e-4  # nearer to the image's border or to the camera's plane, rounding decides what is out of frame


def surface_errors(frame: Frame, reference: Reference) -> tuple[dict[str, float], Seen, np.ndarray]:
    """Figures of the labels of one time, what the reference sees, and where both see the same surface, bool [H, W].

    *_off: pixels whose 3 x 3 neighbours show one surface.
    """
    seen, depth = reference.seen(frame.time), frame["depth"].astype(np.float64)
    off = away_from_edges(frame["instance"].astype(int), depth) & away_from_edges(seen.instance, seen.depth)
    agree = frame["instance"] == seen.instance
    with np.errstate(invalid="ignore"):
        relative = np.where(agree & seen.valid, np.abs(depth / seen.depth - 1), 0.0)
    shown = relative[off & seen.valid] if (off & seen.valid).any() else np.zeros(1)
    same = agree & seen.valid & (relative < 1e-4)
    lengths = np.linalg.norm(centre_rays(reference.camera), axis=-1)
    figures = {
        "ids_off": _share(~agree, off),
        "ids_all": _share(~agree, np.ones_like(off)),
        "valid": float((frame["valid"] != (frame["instance"] > 0)).sum()),
        "depth_median": float(np.median(shown)),
        "depth_999": float(np.quantile(shown, 0.999)),
        "depth_elsewhere": _share(relative > 1e-4, agree & seen.valid),
        "distance": _largest(frame["distance"] / np.where(frame["valid"], depth * lengths, 1.0) - 1, frame["valid"]),
        "normal": _share(np.abs(frame["normal"] - seen.normal).max(-1) > 1e-4, same),  # at seams either facet may be met
        "object_point": _largest(np.linalg.norm(frame["object_point"] - seen.object_point, axis=-1) / seen.depth, same),
    }
    return figures, seen, same


def motion_errors(frame: Frame, reference: Reference, direction: str, seen: Seen, same: np.ndarray) -> dict[str, float]:
    """Figures of the labels that relate a frame to another eye; occluded_steady: where the reference says the same of all 3 x 3 pixels."""
    step, right = DIRECTIONS[direction]
    cam, time = reference.camera, frame.time
    carried = reference.carried(seen, time, time + step)
    place = reference.in_camera(carried, time + step, right)
    with np.errstate(all="ignore"):
        target = cam.project(place)
        flow = target - cam.pixel_centres()
        margin = np.minimum(target, (cam.width, cam.height) - target).min(-1)
    outside = (margin < 0) | (place[..., 2] <= 0)
    clear = same & ((np.abs(margin) > _BORDER_PX) | (place[..., 2] < 0)) & (np.abs(place[..., 2]) > _PLANE_M)
    inside = clear & ~outside
    ours = np.stack([-frame["disparity"], np.zeros_like(frame["disparity"])], axis=-1) if right else frame[f"flow_{direction}"]
    hidden, occluded = reference.hidden(carried, seen.face, time + step, right), frame[f"occluded_{direction}"]
    figures = {
        "flow_px": _largest(np.linalg.norm(ours - flow, axis=-1), inside),
        "out_of_frame": float((frame[f"out_of_frame_{direction}"] != outside)[clear].sum()),
        "occluded_and_out": float((occluded & (frame[f"out_of_frame_{direction}"] | ~frame["valid"])).sum()),
        "occluded_steady": _share(occluded != hidden, inside & _steady(hidden, inside)),
        "occluded_all": _share(occluded != hidden, inside),
        "hidden": _share(hidden, inside),
    }
    if direction == "forward":
        moved = (carried - seen.world) @ reference.pose(time)[:3, :3]
        figures["scene_flow"] = _largest(np.linalg.norm(frame["scene_flow"] - moved, axis=-1) / seen.depth, same)
    return {f"{direction} {name}": value for name, value in figures.items()}


def label_errors(frame: Frame, reference: Reference) -> dict[str, float]:
    """All figures; directions to the second eye where the scene has one."""
    figures, seen, same = surface_errors(frame, reference)
    for direction in DIRECTIONS:
        if direction != "right" or reference.scene.stereo_baseline_m:
            figures |= motion_errors(frame, reference, direction, seen, same)
    return figures


def _share(wrong: np.ndarray, among: np.ndarray) -> float:
    """Wrong pixels as a share of the image: where few pixels are among those asked for, one wrong one says little."""
    return float((wrong & among).sum() / wrong.size)


def _largest(values: np.ndarray, among: np.ndarray) -> float:
    return float(np.abs(values[among]).max()) if among.any() else 0.0


def _steady(answer: np.ndarray, among: np.ndarray) -> np.ndarray:
    """bool [H, W]: all of the 3 x 3 pixels around that are `among` have the same answer."""
    rows, columns = np.ogrid[: answer.shape[0], : answer.shape[1]]
    yes, no = np.zeros_like(answer), np.zeros_like(answer)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            place = np.clip(rows + dy, 0, answer.shape[0] - 1), np.clip(columns + dx, 0, answer.shape[1] - 1)
            yes |= answer[place] & among[place]
            no |= ~answer[place] & among[place]
    return yes != no
