"""A network's own depth (and normals), with nothing fitted on the tested data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from scenes.errors import UserError
from simlearn.benchmarks.dense_probe import DepthFrame, log_depth_to_size
from simlearn.benchmarks.features import as_tensor, device
from simlearn.benchmarks.source import Source
from training.images import to_input
from training.pretexts import Pretext


def predicts_depth(pretext: Any) -> bool:
    """Whether a pretext (its class or an instance) has a depth head of its own."""
    return "depth" in pretext.maps


@torch.inference_mode()
def frame_maps(pretext: Pretext, rgb: NDArray[np.uint8], size: tuple[int, int]) -> dict[str, Tensor]:
    """What the heads say of one picture resized to size (width, height): {name: float [C, h, w] or [h, w]}."""
    image = to_input(as_tensor(rgb, size)[None].to(device()))
    return {name: value[0] for name, value in pretext.predict_maps(image).items()}  # type: ignore[operator]


def load_heads(source: Source) -> Pretext:
    """The source's network with its heads, on the device; UserError when it predicts no depth."""
    pretext = source.load_heads()
    if not predicts_depth(pretext):
        raise UserError(f"{source.method} has no depth head, so it cannot be measured without a probe: use the benchmarks with one")
    return pretext.eval().to(device())


def predict_depth(
    pretext: Pretext, frames: Sequence[DepthFrame], size: tuple[int, int], say: Callable[[str], None]
) -> list[NDArray[np.float32]]:
    """Depth float32 [H, W] of each frame to scale (not metres: the camera's focal length is not given to the network)."""
    predicted = []
    for i, frame in enumerate(frames):
        height, width = frame.depth.shape
        predicted.append(log_depth_to_size(frame_maps(pretext, frame.rgb, size)["depth"].clamp(min=1e-6).log(), height, width))
        say(f"depth of {i + 1}/{len(frames)} frames")
    return predicted


def predict_normals(pretext: Pretext, frame: DepthFrame, size: tuple[int, int]) -> NDArray[np.float32] | None:
    """Normals float32 [H, W, 3] (not normalised) of a frame; None for a network without them."""
    maps = frame_maps(pretext, frame.rgb, size)
    return normals_to_size(maps["normal"], *frame.depth.shape) if "normal" in maps else None


def normals_to_size(normal: Tensor, height: int, width: int) -> NDArray[np.float32]:
    """float [3, h, w] -> float32 [H, W, 3], resized bilinearly."""
    resized = F.interpolate(normal.float()[None], (height, width), mode="bilinear", align_corners=False)[0]
    return resized.permute(1, 2, 0).cpu().numpy()
