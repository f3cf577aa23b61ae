"""AlexNet, VGG and C3D against the published networks, written out again with plain functions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from training.backbones import Backbone, build_backbone
from training.seeds import seeded


def built(name: str, **options: int) -> Backbone:
    with seeded(0):
        return build_backbone(name, **{"width": 8, **options}).eval()


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def weights(backbone: Backbone) -> list[tuple[Tensor, Tensor]]:
    values = list(backbone.state_dict().values())
    return list(zip(values[::2], values[1::2], strict=True))


def test_alexnets_cells_are_torchvisions_and_one_more_at_the_end() -> None:
    """With torchvision's arithmetic, which drops what doesn't fill a window; far from the right and lower edge nothing differs."""
    backbone, images = built("alexnet"), noise(1, 3, 224, 224)
    w = weights(backbone)
    x1 = F.conv2d(images, *w[0], stride=4, padding=2).relu()
    x2 = F.conv2d(F.max_pool2d(x1, 3, 2), *w[1], padding=2).relu()
    x3 = F.conv2d(F.max_pool2d(x2, 3, 2), *w[2], padding=1).relu()
    x5 = F.conv2d(F.conv2d(x3, *w[3], padding=1).relu(), *w[4], padding=1).relu()
    maps = backbone.forward_stages(images)
    assert [maps[stage].shape[-1] - x.shape[-1] for stage, x in (("conv1", x1), ("conv2", x2), ("conv3", x3), ("conv5", x5))] == [1] * 4
    torch.testing.assert_close(maps["conv1"][..., :55, :55], x1)
    torch.testing.assert_close(maps["conv2"][..., :24, :24], x2[..., :24, :24])
    torch.testing.assert_close(maps["conv5"][..., :9, :9], x5[..., :9, :9])
    assert not torch.allclose(maps["conv5"][..., :13, :13], x5)


def test_vgg_is_a_chain_of_convolutions_and_whole_poolings() -> None:
    backbone, images = built("vgg16", num_classes=4), noise(1, 3, 64, 96)
    w, x = weights(backbone), images
    for depth in (2, 2, 3, 3, 3):
        for _ in range(depth):
            x = F.conv2d(x, *w.pop(0), padding=1).relu()
        last, x = x, F.max_pool2d(x, 2)
    torch.testing.assert_close(backbone(images), last)
    x = F.adaptive_avg_pool2d(x, 7).flatten(1)
    x = F.linear(F.linear(F.linear(x, *w[0]).relu(), *w[1]).relu(), *w[2])
    torch.testing.assert_close(backbone.classify(images), x)


def test_c3d_is_the_published_chain_for_its_16_frames_of_112_pixels() -> None:
    """Its fifth pooling makes 4x4 cells of 7x7, which the classifier reads one by one."""
    backbone, clips = built("c3d", width=4, num_classes=5), noise(1, 3, 16, 112, 112)
    w, x = weights(backbone), clips
    for depth, time in ((1, 1), (1, 2), (2, 2), (2, 2)):
        for _ in range(depth):
            x = F.conv3d(x, *w.pop(0), padding=1).relu()
        x = F.max_pool3d(x, (time, 2, 2))
    for _ in range(2):
        x = F.conv3d(x, *w.pop(0), padding=1).relu()
    torch.testing.assert_close(backbone(clips), x)
    x = F.max_pool3d(x, 2, padding=(0, 0, 0), ceil_mode=True)
    assert x.shape == (1, 32, 1, 4, 4)
    for layer in range(3):
        x = F.linear(x.flatten(1), *w[layer])
        x = x.relu() if layer < 2 else x
    torch.testing.assert_close(backbone.classify(clips), x)


def test_full_width_c3d_has_the_papers_parameters() -> None:
    """27.7 million in the convolutions, 50.3 in the classifier with 487 classes (Sports-1M): 78 million in all (Tran et al. 2015)."""
    with torch.device("meta"):
        whole, trunk = build_backbone("c3d", num_classes=487), build_backbone("c3d")
    assert sum(p.numel() for p in trunk.parameters()) == sum(
        27 * a * b + b for a, b in ((3, 64), (64, 128), (128, 256), (256, 256), (256, 512), (512, 512), (512, 512), (512, 512))
    )
    assert sum(p.numel() for p in whole.parameters()) == 27_655_936 + (8192 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 487
