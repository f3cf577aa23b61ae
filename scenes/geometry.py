"""The conventions of the whole project, and the few functions that embody them.

- World: metres, right-handed, z up.
- Camera: OpenCV axes, x right, y down, z forward. A *pose* is camera-to-world (or object-to-world), 4x4 float64, rigid.
- Quaternions are (w, x, y, z), unit length, w >= 0.
- Pixels: (u, v) = (column, row). The centre of the top-left pixel is (0.5, 0.5); a centred principal point is (W/2, H/2).
- `depth` is camera z in metres; `distance` is the Euclidean length of the ray. No hit: +inf. Cameras that see 90 degrees off their axis
  and beyond (fisheye, panorama) have points whose depth is zero or negative: there a pixel and its distance fix a point, depth does not.
- `normal`: unit, camera frame, faces the camera (n . ray < 0).
- `flow_forward` at time t: projection at t+1 minus pixel centre at t, in pixels (du, dv), for every visible surface point, also
  where the target is occluded or out of frame. `flow_backward`: the same towards t-1. Sign: target minus source, both directions.
- Times are frame indices. A clip of T frames has poses at the times -1, 0, ..., T, so that flow is valid at both ends.
- The label of a pixel is that of the surface under the pixel's centre ray; labels are never blended.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float64 = NDArray[np.float64]


def compose(rotation: ArrayLike, translation: ArrayLike) -> Float64:
    """Build a pose float64 [4, 4] from a rotation [3, 3] and a translation [3] in metres."""
    pose = np.eye(4)
    pose[:3, :3] = rotation
    pose[:3, 3] = translation
    return pose


def invert(pose: ArrayLike) -> Float64:
    """Inverse of rigid poses, float64 [..., 4, 4]."""
    pose = np.asarray(pose, dtype=np.float64)
    inverse = np.zeros_like(pose)
    rotation = np.swapaxes(pose[..., :3, :3], -1, -2)
    inverse[..., :3, :3] = rotation
    inverse[..., :3, 3] = -np.einsum("...ij,...j->...i", rotation, pose[..., :3, 3])
    inverse[..., 3, 3] = 1.0
    return inverse


def transform(pose: ArrayLike, points: ArrayLike) -> Float64:
    """Apply a pose [4, 4] to points [..., 3]."""
    pose = np.asarray(pose, dtype=np.float64)
    return np.asarray(points, dtype=np.float64) @ pose[:3, :3].T + pose[:3, 3]


def rotation_z(angle_rad: float) -> Float64:
    """Rotation about the world's up axis, counter-clockwise seen from above, float64 [3, 3]."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def look_at(eye: ArrayLike, target: ArrayLike, roll_rad: float = 0.0) -> Float64:
    """Camera pose at `eye` whose z axis points at `target` and whose image is upright (world z up), turned by `roll_rad` about its axis.

    Raises ValueError when eye and target coincide. Looking straight up or down keeps world y as the image's up direction.
    """
    eye = np.asarray(eye, dtype=np.float64)
    forward = np.asarray(target, dtype=np.float64) - eye
    length = np.linalg.norm(forward)
    if length < 1e-9:
        raise ValueError("look_at: eye and target coincide")
    forward = forward / length
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 1.0 - 1e-9 else np.array([0.0, 1.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(roll_rad), np.sin(roll_rad)
    return compose(np.stack([c * right + s * down, c * down - s * right, forward], axis=1), eye)


def quaternion_from_rotation(rotation: ArrayLike) -> Float64:
    """Quaternion (w, x, y, z), w >= 0, of a rotation matrix [3, 3] (Shepperd's method: the largest component is found first)."""
    m = np.asarray(rotation, dtype=np.float64)
    squares = np.array([1 + np.trace(m), *(1 + 2 * m[i, i] - np.trace(m) for i in range(3))])
    k = int(np.argmax(squares))
    q = np.empty(4)
    q[k] = np.sqrt(squares[k]) / 2
    if k == 0:
        q[1:] = np.array([m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]]) / (4 * q[0])
    else:
        i, j, l = (k - 1, k % 3, (k + 1) % 3)
        q[0] = (m[l, j] - m[j, l]) / (4 * q[k])
        q[j + 1] = (m[j, i] + m[i, j]) / (4 * q[k])
        q[l + 1] = (m[l, i] + m[i, l]) / (4 * q[k])
    return q if q[0] >= 0 else -q


def rotation_from_quaternion(quaternion: ArrayLike) -> Float64:
    """Rotation matrix [3, 3] of a quaternion (w, x, y, z), normalised first."""
    w, x, y, z = np.asarray(quaternion, dtype=np.float64) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def interpolate(first: ArrayLike, second: ArrayLike, fraction: float) -> Float64:
    """Pose between two poses: translation linear, rotation by spherical interpolation; fraction 0 gives `first`, 1 `second`, exactly."""
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if fraction == 0.0:
        return first
    if fraction == 1.0:
        return second
    a, b = quaternion_from_rotation(first[:3, :3]), quaternion_from_rotation(second[:3, :3])
    cosine = float(a @ b)
    if cosine < 0:
        b, cosine = -b, -cosine
    angle = np.arccos(min(cosine, 1.0))
    if angle < 1e-8:
        weights = (1 - fraction, fraction)
    else:
        weights = (np.sin((1 - fraction) * angle) / np.sin(angle), np.sin(fraction * angle) / np.sin(angle))
    rotation = rotation_from_quaternion(weights[0] * a + weights[1] * b)
    return compose(rotation, (1 - fraction) * first[:3, 3] + fraction * second[:3, 3])
