"""How a lens maps directions to an image plane of focal length 1: one `Projection` for each camera model.

Every model maps camera-frame points float64 [..., 3] to plane coordinates (a, b) float64 [..., 2] and back to rays; `Camera` scales
the plane coordinates to pixels: u = fx * a + cx, v = fy * b + cy. Polynomial lenses fold back beyond some radius, so each has a *limit*,
the largest radius (Brown-Conrady: of the undistorted point on z = 1) or angle off the axis (fisheye, radians) up to which it is one-to-one;
what lies beyond, in either direction of the mapping, is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Coefficients = tuple[float, ...]

_EDGE = 1 + 1e-12  # room for rounding, so that what projects exactly to the border of the valid region comes back from it
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, kw_only=True)
class Projection:
    """A camera model. `coefficients` names its parameters in their order; all zero is the lens without distortion.

    limit(coefficients) is the limit that `project` and `rays` take as their last argument.
    project(points [..., 3], coefficients, limit) gives plane coordinates [..., 2].
    rays(plane [..., 2], coefficients, limit) gives directions [..., 3]: of length 1 where `wide`, else with z = 1.
    `wide`: it may see 90 degrees off its axis and more, where camera z says nothing about how far a point is.
    """

    coefficients: tuple[str, ...] = ()
    wide: bool = False
    limit: Callable[[Coefficients], float] = lambda _: np.inf
    project: Callable[[Float64, Coefficients, float], Float64]
    rays: Callable[[Float64, Coefficients, float], Float64]


def _odd_polynomial(coefficients: Coefficients, r: Float64) -> tuple[Float64, Float64]:
    """r (1 + c1 r^2 + c2 r^4 + ...) and its derivative."""
    squared, factor, slope = r * r, np.zeros_like(r), np.zeros_like(r)
    for power, c in reversed(list(enumerate((1.0, *coefficients)))):
        factor, slope = factor * squared + c, slope * squared + (2 * power + 1) * c
    return r * factor, slope


def _first_root(polynomial: list[float]) -> float:
    """Smallest positive root of 1 + p1 r + p2 r^2 + ..., or inf. Its reciprocals are the roots of the reversed, hence monic, polynomial."""
    roots = np.roots([1.0, *polynomial])
    reciprocals = roots.real[(roots.imag == 0) & (roots.real > 0)]
    return float(1 / reciprocals.max()) if len(reciprocals) else np.inf


def _turning_point(coefficients: Coefficients) -> float:
    """Where the odd polynomial stops growing: the first root of its derivative, or inf."""
    return _first_root([c for power, k in enumerate(coefficients) for c in (0.0, (2 * power + 3) * k)])


def _invert_odd_polynomial(coefficients: Coefficients, target: Float64, limit: float) -> Float64:
    """r in [0, limit] where the odd polynomial is `target` >= 0, to rounding, by bracketed Newton steps; NaN where there is none."""
    finite = np.isfinite(target)
    low, high = np.zeros_like(target), np.full_like(target, limit if np.isfinite(limit) else 1.0)
    while np.isinf(limit) and (short := finite & (_odd_polynomial(coefficients, high)[0] < target)).any():
        high[short] *= 2
    valid = finite & (target <= _odd_polynomial(coefficients, high)[0] * _EDGE)
    r = np.where(valid, np.minimum(target, high), 0.0)
    settled = ~valid
    for _ in range(200):
        value, slope = _odd_polynomial(coefficients, r)
        low, high = np.where(value < target, r, low), np.where(value > target, r, high)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = (value - target) / slope
        settled |= (value == target) | (np.abs(step) <= 2 * _EPS * r) | (high - low <= 2 * _EPS * high)
        if settled.all():
            break
        newton = r - step
        r = np.where(settled, r, np.where((newton > low) & (newton < high), newton, (low + high) / 2))
    return np.where(valid, r, np.nan)


def _with_unit_z(plane: Float64) -> Float64:
    """Rays [..., 3] with z = 1 through points of the plane; all NaN where the point is."""
    rays = np.concatenate([plane, np.ones((*plane.shape[:-1], 1))], axis=-1)
    rays[np.isnan(plane).any(axis=-1)] = np.nan
    return rays


@np.errstate(divide="ignore", invalid="ignore")
def _project_pinhole(points: Float64, _: Coefficients, __: float) -> Float64:
    """(x / z, y / z): mirrored behind the camera, inf or NaN at z = 0."""
    return points[..., :2] / points[..., 2:3]


def _pinhole_rays(plane: Float64, _: Coefficients, __: float) -> Float64:
    return _with_unit_z(plane)


def _distort(plane: Float64, coefficients: Coefficients) -> tuple[Float64, Float64]:
    """Brown and Conrady's distortion of points [..., 2], and its symmetric Jacobian as [..., 3], (xx, xy, yy).

    OpenCV's formula ("Camera Calibration and 3D Reconstruction"): with r^2 = x^2 + y^2 and k = 1 + k1 r^2 + k2 r^4 + k3 r^6,
    x' = x k + 2 p1 x y + p2 (r^2 + 2 x^2), y' = y k + p1 (r^2 + 2 y^2) + 2 p2 x y.
    """
    k1, k2, p1, p2, k3 = coefficients
    x, y = plane[..., 0], plane[..., 1]
    squared = x * x + y * y
    factor = 1 + squared * (k1 + squared * (k2 + squared * k3)) + 2 * (p2 * x + p1 * y)
    growth = 2 * (k1 + squared * (2 * k2 + squared * (3 * k3)))
    distorted = np.stack([x * factor + p2 * squared, y * factor + p1 * squared], axis=-1)
    xx, yy = factor + x * x * growth + 4 * p2 * x, factor + y * y * growth + 4 * p1 * y
    return distorted, np.stack([xx, x * y * growth + 2 * (p1 * x + p2 * y), yy], axis=-1)


def _brown_conrady_limit(coefficients: Coefficients) -> float:
    """Radius of a disc about the axis in which the distortion's Jacobian is positive definite.

    The distortion is the gradient of a potential, so it is one-to-one there. The eigenvalues of the radial part's Jacobian are k (above)
    and the slope of r k; those of the tangential part are at least -6 |p| r. Without tangential part no larger disc would do.
    """
    k1, k2, p1, p2, k3 = coefficients
    tangential = -6 * float(np.hypot(p1, p2))
    return min(_first_root([tangential, 3 * k1, 0.0, 5 * k2, 0.0, 7 * k3]), _first_root([tangential, k1, 0.0, k2, 0.0, k3]))


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def _project_brown_conrady(points: Float64, coefficients: Coefficients, limit: float) -> Float64:
    plane = points[..., :2] / points[..., 2:3]
    seen = (points[..., 2] > 0) & (np.hypot(plane[..., 0], plane[..., 1]) <= limit * _EDGE)
    return np.where(seen[..., None], _distort(plane, coefficients)[0], np.nan)


def _brown_conrady_rays(plane: Float64, coefficients: Coefficients, limit: float) -> Float64:
    """The radial part is inverted along the radius; where there is a tangential part too, that is where the solution is sought from."""
    k1, k2, p1, p2, k3 = coefficients
    target, tangential = plane.reshape(-1, 2), float(np.hypot(p1, p2))
    length = np.linalg.norm(target, axis=-1)
    reach = float(_odd_polynomial((k1, k2, k3), np.array(limit))[0]) if tangential and np.isfinite(limit) else np.inf
    radius = _invert_odd_polynomial((k1, k2, k3), np.minimum(length, reach), limit)
    point = target * np.divide(radius, length, out=np.ones_like(length), where=length > 0)[:, None]
    if tangential:
        point[length > reach + 3 * tangential * limit**2] = np.nan  # the tangential part moves no point further than that
        point = _solve_distortion(point, target, coefficients, limit)
    return _with_unit_z(point.reshape(plane.shape))


def _newton_step(residual: Float64, jacobian: Float64) -> Float64:
    """Solution [N, 2] of the symmetric systems with matrices (xx, xy, yy) [N, 3]; inf or NaN where one is singular."""
    (xx, xy, yy), (dx, dy) = jacobian.T, residual.T
    return (np.stack([yy * dx - xy * dy, xx * dy - xy * dx]) / (xx * yy - xy * xy)).T


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def _solve_distortion(start: Float64, target: Float64, coefficients: Coefficients, limit: float) -> Float64:
    """Undistorted points [N, 2] by damped Newton steps from `start` that never leave the disc; NaN where they do not arrive."""
    point, scale = start.copy(), np.ones((len(start), 1))
    value, jacobian = _distort(point, coefficients)
    error = np.linalg.norm(value - target, axis=-1)
    enough = 4 * _EPS * (1 + np.linalg.norm(target, axis=-1))
    for _ in range(60):
        on_the_way = np.flatnonzero(error > enough)
        if not len(on_the_way):
            break
        goal = target[on_the_way]
        candidate = point[on_the_way] - scale[on_the_way] * _newton_step(value[on_the_way] - goal, jacobian[on_the_way])
        new_value, new_jacobian = _distort(candidate, coefficients)
        new_error = np.linalg.norm(new_value - goal, axis=-1)
        better = (new_error < error[on_the_way]) & (np.linalg.norm(candidate, axis=-1) <= limit)
        moved, stuck = on_the_way[better], on_the_way[~better]
        point[moved], value[moved], jacobian[moved], error[moved] = (a[better] for a in (candidate, new_value, new_jacobian, new_error))
        scale[moved], scale[stuck] = np.minimum(1.0, 2 * scale[moved]), scale[stuck] / 2
    return np.where((error <= 1e3 * enough)[:, None], point, np.nan)


def _off_axis(points: Float64) -> Float64:
    """Angle to the optical axis, [0, pi] radians; NaN for the camera's own centre."""
    side = np.hypot(points[..., 0], points[..., 1])
    return np.where((side > 0) | (points[..., 2] != 0), np.arctan2(side, points[..., 2]), np.nan)


def _fisheye_limit(coefficients: Coefficients) -> float:
    return min(_turning_point(coefficients), float(np.pi))


def _project_fisheye(points: Float64, coefficients: Coefficients, limit: float) -> Float64:
    """Kannala and Brandt (2006) as in OpenCV's fisheye: theta_d (x, y) / r with theta_d = theta (1 + k1 theta^2 + ... + k4 theta^8)."""
    theta = _off_axis(points)
    distorted = np.where(theta <= limit * _EDGE, _odd_polynomial(coefficients, theta)[0], np.nan)
    azimuth = np.arctan2(points[..., 1], points[..., 0])
    return distorted[..., None] * np.stack([np.cos(azimuth), np.sin(azimuth)], axis=-1)


def _fisheye_rays(plane: Float64, coefficients: Coefficients, limit: float) -> Float64:
    theta = _invert_odd_polynomial(coefficients, np.hypot(plane[..., 0], plane[..., 1]), limit)
    azimuth = np.arctan2(plane[..., 1], plane[..., 0])
    return np.stack([np.sin(theta) * np.cos(azimuth), np.sin(theta) * np.sin(azimuth), np.cos(theta)], axis=-1)


def _project_equirectangular(points: Float64, _: Coefficients, __: float) -> Float64:
    """(longitude, latitude) in radians: (atan2(x, z), atan2(y, hypot(x, z)))."""
    x, y, z = np.moveaxis(points, -1, 0)
    angles = np.stack([np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))], axis=-1)
    return np.where(points.any(axis=-1, keepdims=True), angles, np.nan)


def _equirectangular_rays(plane: Float64, _: Coefficients, __: float) -> Float64:
    inside = (np.abs(plane) <= (np.pi * _EDGE, np.pi / 2 * _EDGE)).all(axis=-1, keepdims=True)
    longitude, latitude = np.moveaxis(np.where(inside, plane, np.nan), -1, 0)
    return np.stack([np.sin(longitude) * np.cos(latitude), np.sin(latitude), np.cos(longitude) * np.cos(latitude)], axis=-1)


MODELS: dict[str, Projection] = {
    "pinhole": Projection(project=_project_pinhole, rays=_pinhole_rays),
    "brown_conrady": Projection(
        coefficients=("k1", "k2", "p1", "p2", "k3"),
        limit=_brown_conrady_limit,
        project=_project_brown_conrady,
        rays=_brown_conrady_rays,
    ),
    "fisheye": Projection(
        coefficients=("k1", "k2", "k3", "k4"), wide=True, limit=_fisheye_limit, project=_project_fisheye, rays=_fisheye_rays
    ),
    "equirectangular": Projection(wide=True, project=_project_equirectangular, rays=_equirectangular_rays),
}
