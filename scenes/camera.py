"""Camera intrinsics: image size, focal lengths, principal point and the model of the lens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import UserError
from scenes.projections import MODELS, Projection


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A camera without its pose. Focal lengths and principal point in pixels; pixel centres at half-integers.

    `model` names an entry of `MODELS`, and `coefficients` are its parameters in the order given there; missing ones are zero.
    - "pinhole": u = fx x / z + cx, v = fy y / z + cy.
    - "brown_conrady": (k1, k2, p1, p2, k3), radial and tangential distortion, OpenCV's formula.
    - "fisheye": (k1, k2, k3, k4), Kannala-Brandt, OpenCV's `fisheye` formula, also beyond 90 degrees off the axis; without coefficients
      it is equidistant, fx and fy are then pixels per radian. Straight behind the camera maps to a circle, of which `project` gives the
      point to the right.
    - "equirectangular": u = fx longitude + cx, v = fy latitude + cy in radians, longitude = atan2(x, z), latitude = atan2(y, hypot(x, z)),
      so the left and right borders of a full panorama are the same line.

    `project` and `rays` are inverse to each other. Polynomial lenses fold back beyond `limit`: points beyond it project to NaN, pixels
    without a preimage within it (or beyond the sphere's extent) have NaN rays, and so see nothing.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    model: str = "pinhole"
    coefficients: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise UserError(f"an image of {self.width}x{self.height} pixels is empty: give a size of at least 1x1, for example 320x240")
        if not (self.fx > 0 and self.fy > 0):
            raise UserError(f"focal lengths must be positive, not fx={self.fx}, fy={self.fy}")
        if self.model not in MODELS:
            raise UserError(f"unknown camera model {self.model!r}: choose one of {', '.join(MODELS)}")
        names, given = MODELS[self.model].coefficients, tuple(float(c) for c in self.coefficients)
        if len(given) > len(names):
            takes = f"takes only ({', '.join(names)})" if names else "takes none"
            raise UserError(f"{len(given)} coefficients for a {self.model} camera, which {takes}: leave out the others")
        numbers = (self.fx, self.fy, self.cx, self.cy, *given)
        if not np.isfinite(numbers).all():
            raise UserError(f"camera intrinsics must be finite numbers, not {numbers}")
        object.__setattr__(self, "coefficients", given + (0.0,) * (len(names) - len(given)))

    @classmethod
    def from_fov(cls, *, width: int, height: int, horizontal_fov_deg: float) -> Camera:
        """Pinhole, square pixels, centred principal point; the field of view is that between the left and right image borders."""
        if not 0 < horizontal_fov_deg < 180:
            raise UserError(f"a pinhole camera sees between 0 and 180 degrees, not {horizontal_fov_deg}: use Camera.fisheye to see more")
        focal = 0.5 * width / np.tan(np.radians(horizontal_fov_deg) / 2)
        return cls(width=width, height=height, fx=float(focal), fy=float(focal), cx=width / 2, cy=height / 2)

    @classmethod
    def fisheye(cls, width: int, height: int, fov_deg: float) -> Camera:
        """Equidistant, square pixels, centred; the circle of the field of view touches the borders of the shorter image side."""
        if not 0 < fov_deg <= 360:
            raise UserError(f"a fisheye camera sees more than 0 and at most 360 degrees, not {fov_deg}")
        focal = min(width, height) / float(np.radians(fov_deg))
        return cls(width=width, height=height, fx=focal, fy=focal, cx=width / 2, cy=height / 2, model="fisheye")

    @classmethod
    def panorama(cls, width: int, height: int) -> Camera:
        """Everything around the camera, equirectangular: the image's centre looks along +z, its top is -y (up)."""
        fx, fy = width / (2 * float(np.pi)), height / float(np.pi)
        return cls(width=width, height=height, fx=fx, fy=fy, cx=width / 2, cy=height / 2, model="equirectangular")

    def scaled(self, width: int, height: int) -> Camera:
        """The same view in an image of another size (not a crop)."""
        x, y = width / self.width, height / self.height
        return replace(self, width=width, height=height, fx=self.fx * x, fy=self.fy * y, cx=self.cx * x, cy=self.cy * y)

    @property
    def is_pinhole(self) -> bool:
        """Whether straight lines stay straight: no distortion, or one whose coefficients are all zero."""
        return self.model == "pinhole" or (self.model == "brown_conrady" and not any(self.coefficients))

    @property
    def is_wide(self) -> bool:
        """Whether rays may point 90 degrees off the axis and beyond, so that depth (camera z) may be zero or negative."""
        return self._projection.wide

    @cached_property
    def limit(self) -> float:
        """What projects validly, +inf where all does (brown_conrady: all in front of the camera).

        brown_conrady: the largest undistorted radius hypot(x / z, y / z); fisheye: the largest angle off the axis, radians, at most pi.
        """
        return self._projection.limit(self.coefficients)

    @property
    def K(self) -> NDArray[np.float64]:
        """Intrinsic matrix float64 [3, 3]; it takes plane coordinates (after distortion; for panoramas the angles) to pixels."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Pixels (u, v) float64 [..., 2] of camera-frame points [..., 3]; NaN beyond `limit`.

        For z <= 0, pinhole gives the meaningless mirror image (check z), brown_conrady NaN.
        """
        points = np.asarray(points, dtype=np.float64)
        return self._projection.project(points, self.coefficients, self.limit) * (self.fx, self.fy) + (self.cx, self.cy)

    def rays(self, pixels: ArrayLike) -> NDArray[np.float64]:
        """Directions float64 [..., 3] in the camera frame of the rays through pixels (u, v) [..., 2]; NaN where the lens sees nothing.

        pinhole and brown_conrady: z = 1. fisheye and equirectangular: unit length.
        """
        plane = (np.asarray(pixels, dtype=np.float64) - (self.cx, self.cy)) / (self.fx, self.fy)
        return self._projection.rays(plane, self.coefficients, self.limit)

    def unproject(self, pixels: ArrayLike, depth: ArrayLike) -> NDArray[np.float64]:
        """Camera-frame points float64 [..., 3] of pixels (u, v) [..., 2] at depth (camera z, metres) [...].

        Raises UserError for fisheye and equirectangular cameras, for which camera z does not fix a point.
        """
        if self.is_wide:
            raise UserError(f"depth (camera z) does not fix the points a {self.model} camera sees: use points_at_distance with distances")
        return self.rays(pixels) * np.asarray(depth, dtype=np.float64)[..., None]

    def points_at_distance(self, pixels: ArrayLike, distance: ArrayLike) -> NDArray[np.float64]:
        """Camera-frame points float64 [..., 3] of pixels (u, v) [..., 2] at a Euclidean distance (metres) [...]; any model."""
        rays = self.rays(pixels)
        if not self.is_wide:
            rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
        return rays * np.asarray(distance, dtype=np.float64)[..., None]

    def pixel_centres(self) -> NDArray[np.float64]:
        """(u, v) of every pixel centre, float64 [H, W, 2]."""
        u, v = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        return np.stack([u, v], axis=-1)

    @property
    def _projection(self) -> Projection:
        return MODELS[self.model]
