"""How a camera moved between two frames: from its poses, mirrored, as three numbers, and from a network's six.

Poses are camera to world with OpenCV axes (x right, y down, z forward). The motion of a pair is the pose of the second camera in the
first one's frame: float [..., 4, 4], metres.
"""

from __future__ import annotations

import torch
from torch import Tensor

FORWARD, SIDEWAYS, YAW = range(3)
QUANTITIES = ("forward", "sideways", "yaw")
UNITS = ("m", "m", "°")


def relative_pose(poses: Tensor) -> Tensor:
    """Poses float [..., 2, 4, 4] -> motion [..., 4, 4], in double precision: of cameras far from the origin, float32 loses millimetres."""
    first, second = poses.double().unbind(-3)
    return invert(first) @ second


def invert(pose: Tensor) -> Tensor:
    """The inverse of rigid poses [..., 4, 4]."""
    turned = pose[..., :3, :3].mT
    upper = torch.cat([turned, -turned @ pose[..., :3, 3:]], -1)
    return torch.cat([upper, pose[..., 3:, :]], -2)


def mirror(motion: Tensor) -> Tensor:
    """What the motion [..., 4, 4] is in pictures flipped left to right: x changes sign, and with it turns about y and z."""
    signs = torch.tensor([-1.0, 1.0, 1.0, 1.0], dtype=motion.dtype, device=motion.device)
    return motion * signs[:, None] * signs


def planar(motion: Tensor) -> Tensor:
    """Motion [..., 4, 4] -> [..., 3]: metres forward (z), metres to the right (x), and yaw in degrees, positive to the right.

    Yaw is the angle by which the viewing direction turns about the camera's y axis.
    """
    yaw = torch.rad2deg(torch.atan2(motion[..., 0, 2], motion[..., 2, 2]))
    return torch.stack([motion[..., 2, 3], motion[..., 0, 3], yaw], -1)


def motion_of(vector: Tensor) -> Tensor:
    """float [..., 6], a translation and a rotation vector (axis times angle in radians) -> motion [..., 4, 4]."""
    x, y, z = vector[..., 3:].unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))
    upper = torch.cat([torch.linalg.matrix_exp(cross), vector[..., :3, None]], -1)
    return torch.cat([upper, upper.new_tensor([[0, 0, 0, 1]]).expand(*upper.shape[:-2], 1, 4)], -2)
