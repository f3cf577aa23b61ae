"""What the formats of others want to know of cameras and motion, in their conventions.

KITTI, Virtual KITTI, MPI Sintel and FlyingThings3D take pixel indices as coordinates: the centre of the top-left pixel is (0, 0) and a
centred principal point is ((W - 1) / 2, (H - 1) / 2). Ours is half a pixel more in both. Flow, being a difference, is the same in both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes import geometry
from scenes.scene import Scene
from simlearn.invariants import reproject
from simlearn.shards import ShardReader

STEPS = {"forward": 1, "backward": -1}
COMPANIONS = {"flow_forward": "valid", "flow_backward": "valid"}  # without it the sky would have the flow 0
Flow = NDArray[np.float32]
Mask = NDArray[np.bool_]


def indexed_intrinsics(K: NDArray[np.float64]) -> NDArray[np.float64]:
    """K [3, 3] for programs that take pixel indices as coordinates."""
    return K - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])


def world_to_camera(pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """Extrinsics [4, 4] of a camera-to-world pose."""
    return geometry.invert(pose)


def known_flow(reader: ShardReader, frame: int, direction: str) -> tuple[Flow, Mask]:
    """(flow float32 [H, W, 2], bool [H, W] where it is known): not where nothing is hit, nor for points that pass behind the camera.

    Those are out of the frame and have the flow 0 (`renderers.frame.LABELS`), which is no motion of theirs; a data set without
    out_of_frame cannot tell them. `direction` is "forward" or "backward".
    """
    flow = reader.read(f"flow_{direction}", frame)
    known: Mask = reader.read("valid", frame) & np.isfinite(flow).all(axis=-1)
    if f"out_of_frame_{direction}" in reader.labels:
        known &= ~(reader.read(f"out_of_frame_{direction}", frame) & (flow == 0).all(axis=-1))
    return flow, known


def hidden(reader: ShardReader, frame: int, direction: str) -> Mask:
    """bool [H, W]: the point under the pixel is not seen at the other time, "forward", "backward", or by the other eye, "right"."""
    mask: Mask = reader.read(f"occluded_{direction}", frame) | reader.read(f"out_of_frame_{direction}", frame)
    return mask


def knows_disparity_then(reader: ShardReader, scene: Scene) -> bool:
    """Whether a data set holds what `disparity_then` is made of."""
    return scene.stereo_baseline_m > 0 and {"depth", "instance", "valid"} <= set(reader.labels)


def disparity_then(reader: ShardReader, scene: Scene, frame: int, direction: str) -> tuple[NDArray[np.float32], Mask]:
    """(disparity in px, float32 [H, W], that the point under each pixel has one frame later or earlier; where it is known).

    It is f b / z of the point carried along by its object; not known where nothing is hit or the point is then behind the camera.
    """
    moved = reproject(reader.frame(frame, ("depth", "instance", "valid")), scene, STEPS[direction])
    known: Mask = moved[..., 2] > 0
    disparity = scene.camera.fx * scene.stereo_baseline_m / np.where(known, moved[..., 2], 1.0)
    return disparity.astype(np.float32), known
