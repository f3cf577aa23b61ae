"""What plain chains of convolutions, AlexNet, VGG and C3D, are made of."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


def convolution(dimensions: int, inputs: int, outputs: int, size: int, *, stride: int = 1, padding: int, normed: bool) -> list[nn.Module]:
    """A convolution over 2 or 3 dimensions with its ReLU and perhaps a batch normalisation between them.

    Initial weights keep the variance of what comes in (He et al. 2015): without normalisation a long chain of others learns nothing.
    """
    convolve, norm = {2: (nn.Conv2d, nn.BatchNorm2d), 3: (nn.Conv3d, nn.BatchNorm3d)}[dimensions]
    layer = convolve(inputs, outputs, size, stride, padding)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return [layer, *([norm(outputs)] if normed else []), nn.ReLU()]


def stages_along(layers: nn.Sequential, ends: Mapping[int, str], x: Tensor) -> dict[str, Tensor]:
    """What the layers with these indices give; layers behind the last of them are not computed."""
    maps = {}
    for i in range(max(ends) + 1):
        x = layers[i](x)
        if i in ends:
            maps[ends[i]] = x
    return maps


def dense_layers(inputs: int, hidden: int, num_classes: int, *, dropout_first: bool) -> nn.Sequential | None:
    """Three linear layers with dropout before the first two, or after them: the indices of torchvision's AlexNet, or of its VGG.

    None without classes.
    """
    if not num_classes:
        return None
    first, second, last = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, num_classes)
    if dropout_first:
        return nn.Sequential(nn.Dropout(), first, nn.ReLU(), nn.Dropout(), second, nn.ReLU(), last)
    return nn.Sequential(first, nn.ReLU(), nn.Dropout(), second, nn.ReLU(), nn.Dropout(), last)
