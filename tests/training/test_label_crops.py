from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from sphere_world import pixel_rays
from torch import Tensor

from scenes.errors import UserError
from training.crops import CropConfig, Window, contours, crop_frame, crop_intrinsics, draw_window


def plane_frame(height: int = 60, width: int = 90) -> dict[str, Tensor]:
    """The plane 0.3 x - 0.2 y - z = -4 seen by a camera whose principal point is off the centre."""
    K = torch.tensor([[80.0, 0, 41], [0, 84.0, 33], [0, 0, 1]])
    normal = F.normalize(torch.tensor([0.3, -0.2, -1.0]), dim=0)
    ray = pixel_rays(K, height, width)
    depth = 4 * normal[2] / (ray * normal[:, None, None]).sum(0)
    return {"depth": depth, "normal": normal[:, None, None].expand(3, height, width).clone(), "K": K}


def normals_from_depth(depth: Tensor, K: Tensor) -> Tensor:
    """Finite differences of the unprojected points, towards the camera."""
    points = pixel_rays(K, *depth.shape) * depth
    across, down = points[:, 1:-1, 2:] - points[:, 1:-1, :-2], points[:, 2:, 1:-1] - points[:, :-2, 1:-1]
    return F.normalize(torch.linalg.cross(down, across, dim=0), dim=0)


@settings(max_examples=40, deadline=None)
@given(top=st.integers(0, 28), left=st.integers(0, 58), flip=st.booleans())
def test_depth_normals_and_intrinsics_of_a_crop_describe_one_plane(top: int, left: int, flip: bool) -> None:
    """The normals found anew from the crop's depth and intrinsics are its normal labels."""
    crop = crop_frame(plane_frame(), Window(top=top, left=left, height=32, width=32, flip=flip, size=32))
    found = normals_from_depth(crop["depth"], crop["K"])
    assert (found * crop["normal"][:, 1:-1, 1:-1]).sum(0).min() > 0.9999  # float32 differences of depth


def test_a_flip_negates_normal_x_and_flow_u_and_mirrors_the_principal_point() -> None:
    frame = plane_frame()
    frame["flow_forward"] = torch.stack([torch.full((60, 90), 3.0), torch.full((60, 90), 5.0)])
    shape = {"top": 4, "left": 7, "height": 32, "width": 32, "size": 64}
    plain, mirrored = (crop_frame(frame, Window(flip=flip, **shape)) for flip in (False, True))
    assert torch.equal(mirrored["normal"][0], -plain["normal"][0].flip(-1))
    assert torch.equal(mirrored["normal"][1:], plain["normal"][1:].flip(-1))
    assert mirrored["flow_forward"][:, 0, 0].tolist() == [-6.0, 10.0]
    assert plain["flow_forward"][:, 0, 0].tolist() == [6.0, 10.0]
    assert float(mirrored["K"][0, 2]) == 64 - float(plain["K"][0, 2]) == 64 - (41 - 7) * 2
    assert torch.equal(frame["normal"], plane_frame()["normal"]), "the data set's own labels must stay as they were"


def test_intrinsics_of_a_crop_project_points_to_where_their_pixels_went() -> None:
    K = plane_frame()["K"]
    window = Window(top=10, left=20, height=24, width=48, flip=False, size=96)
    point = torch.tensor([0.1, 0.05, 2.0])
    u, v = (K @ point)[:2] / point[2]
    expected = torch.stack([(u - 20) * 2, (v - 10) * 4])
    assert torch.allclose((crop_intrinsics(K, window) @ point)[:2] / point[2], expected, atol=1e-5)


def test_labels_are_picked_never_blended_and_rgb_follows_them() -> None:
    """Every pixel's colour names its own position; after an enlarging crop, labels and colours must name the same source pixels."""
    instance = torch.arange(64 * 64, dtype=torch.int32).view(64, 64)
    rgb = torch.stack([torch.arange(64).expand(64, 64), torch.arange(64)[:, None].expand(64, 64), torch.zeros(64, 64)]).to(torch.uint8)
    crop = crop_frame({"rgb": rgb, "instance": instance}, Window(top=8, left=16, height=32, width=32, flip=True, size=32))
    assert torch.equal(crop["instance"], instance[8:40, 16:48].flip(-1))
    assert torch.equal(crop["rgb"], rgb[:, 8:40, 16:48].flip(-1))
    large = crop_frame({"instance": instance}, Window(top=0, left=0, height=40, width=40, flip=False, size=64))
    assert set(large["instance"].unique().tolist()) <= set(instance.flatten().tolist())


def test_shrinking_averages_colours_instead_of_skipping_pixels() -> None:
    stripes = ((torch.arange(128) % 2) * 255).to(torch.uint8).expand(3, 128, 128).contiguous()
    crop = crop_frame({"rgb": stripes}, Window(top=0, left=0, height=128, width=128, flip=False, size=32))
    assert (crop["rgb"][:, 4:-4, 4:-4].float() - 127.5).abs().max() <= 2


def test_contours_of_a_crop_have_no_gaps_where_resizing_would_tear_them() -> None:
    instance = torch.ones(128, 128, dtype=torch.int32)
    instance[31:97, 31:97] = 2
    frame = {"instance": instance, "contour": contours(instance)}
    crop = crop_frame(frame, Window(top=0, left=0, height=128, width=128, flip=False, size=32))
    closed = contours(crop["instance"])
    assert torch.equal(crop["contour"], closed)
    assert int(closed.sum()) == 60 + 64  # the inner and the outer ring of a square of 16 x 16


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6), height=st.integers(20, 300), width=st.integers(20, 300), low=st.floats(0.05, 1))
def test_windows_lie_within_the_frame_and_have_the_area_asked_for(seed: int, height: int, width: int, low: float) -> None:
    config = CropConfig(area=(low, 1.0))
    window = draw_window(height, width, config, torch.Generator().manual_seed(seed))
    assert window.top >= 0
    assert window.left >= 0
    assert window.top + window.height <= height
    assert window.left + window.width <= width
    square = min(height, width) ** 2
    slack = 2 * min(height, width)  # rounding of both sides to whole pixels
    assert window.height * window.width <= square + slack
    clipped = window.height == height or window.width == width
    assert clipped or window.height * window.width >= low * square - slack


def test_bad_crops_are_refused() -> None:
    for bad in ({"size": 50}, {"area": (0.5, 0.2)}, {"area": (0.0, 1.0)}, {"aspect": (0.0, 1.0)}):
        with pytest.raises(UserError):
            CropConfig(**bad)
