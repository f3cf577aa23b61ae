"""Trained networks asked for maps of whole pictures."""

import numpy as np
import pytest
import torch

from scenes.errors import UserError
from simlearn.trained import Trained, to_size
from training.backbones import build_backbone
from training.dense import build_dense
from training.pretexts import build_pretext
from training.seeds import seeded


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def labels_network() -> Trained:
    with seeded(0, "test"):
        return Trained(build_pretext("game_engine", build_backbone("resnet18", width=4)))


def test_maps_have_the_size_of_the_picture(labels_network: Trained) -> None:
    found = labels_network.maps(picture(70, 101))
    assert {name: value.shape for name, value in found.items()} == {"depth": (70, 101), "normal": (70, 101, 3), "contour": (70, 101)}
    assert all(value.dtype == np.float32 and np.isfinite(value).all() for value in found.values())


def test_metres_follow_the_focal_length(labels_network: Trained) -> None:
    """The network tells depth of a camera with a focal length of 64; the picture is read at 128 of 256 pixels, so 512 are 256 there."""
    rgb = picture(256, 256)
    K = np.array([[512.0, 0, 128], [0, 512, 128], [0, 0, 1]])
    plain, metric = labels_network.maps(rgb)["depth"], labels_network.maps(rgb, K=K)["depth"]
    np.testing.assert_allclose(metric, plain * 256 / 64, rtol=1e-6)


def test_flow_of_two_pictures_of_any_size() -> None:
    with seeded(0, "test"):
        network = Trained(build_dense("flow", {"size": "tiny"}))
    found = network.pair(picture(70, 101), picture(70, 101, 1))
    assert found["flow"].shape == (70, 101, 2)
    assert found["sure"].shape == (70, 101)
    with pytest.raises(UserError, match="101x70 and 100x70"):
        network.pair(picture(70, 101), picture(70, 100))
    with pytest.raises(UserError, match="predicts flow, sure, not depth"):
        network.needs("depth")


def test_depth_is_resized_as_its_logarithm() -> None:
    found = to_size("depth", torch.tensor([[1.0, 4.0]]), 1, 4)
    np.testing.assert_allclose(found, [[1, 4**0.25, 4**0.75, 4]], rtol=1e-5)
