"""A network's own depth (and normals), with nothing fitted on the tested data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.benchmarks.dense_probe import DepthFrame
from simlearn.benchmarks.source import Source
from simlearn.trained import Trained
from training.learner import Learner


def predicts_depth(learner: Any) -> bool:
    """Whether a learner (its class or an instance) tells depth by itself."""
    return "depth" in learner.maps


def load_heads(source: Source) -> Trained:
    """The source's network with its heads; UserError when it predicts no depth."""
    learner: Learner = source.load_heads()
    if not predicts_depth(learner):
        raise UserError(f"{source.method} has no depth head, so it cannot be measured without a probe: use the benchmarks with one")
    return Trained(learner)


def predict_depth(
    network: Trained, frames: Sequence[DepthFrame], size: tuple[int, int], say: Callable[[str], None]
) -> list[NDArray[np.float32]]:
    """Depth float32 [H, W] of each frame, in metres where its camera is known and the network tells metres, else to scale."""
    predicted = []
    for i, frame in enumerate(frames):
        predicted.append(network.maps(frame.rgb, size=size, K=frame.K)["depth"])
        say(f"depth of {i + 1}/{len(frames)} frames")
    return predicted


def predict_normals(network: Trained, frame: DepthFrame, size: tuple[int, int]) -> NDArray[np.float32] | None:
    """Normals float32 [H, W, 3] (not normalised) of a frame; None for a network without them."""
    return network.maps(frame.rgb, size=size, K=frame.K).get("normal")
