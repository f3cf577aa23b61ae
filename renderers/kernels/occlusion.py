# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""Whether what an eye sees around the image of a point hides that point."""

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS

wp.set_module_options(KERNEL_OPTIONS)

# Surfaces nearer than the point by less than this fraction are taken for the point's own surface. Rounding reaches 1e-6 head-on and grows
# with the inverse sine of the grazing angle; the thinnest things in a room (a rug of 5 mm seen from 10 m) differ by 5e-4.
SAME_DEPTH = wp.constant(1.0e-4)
# How many triangles the way from a seen one to the point may cross; it is no longer than a pixel's diagonal.
MOST_STEPS = wp.constant(16)


@wp.struct
class Geometry:
    """What triangles are made of and belong to.

    across: the triangles beyond the edges from each corner to the next, -1 for none. part: which connected surface a triangle is of.
    """

    triangles: wp.array(dtype=wp.vec3i)
    across: wp.array(dtype=wp.vec3i)
    triangle_part: wp.array(dtype=wp.int32)
    triangle_instance: wp.array(dtype=wp.int32)


@wp.struct
class Views:
    """S views as kernels read them: triangle [S * pixels], points [S * vertices], planes [S * faces].

    Flat arrays, so that lanes of pixels, each in a row and view of its own, are read by one index.
    """

    triangle: wp.array(dtype=wp.int32)
    points: wp.array(dtype=wp.vec3)
    planes: wp.array(dtype=wp.vec3)
    pixels: wp.int32
    vertices: wp.int32
    faces: wp.int32


@wp.func
def surface_on_ray(start: int, ray: wp.vec3, first: int, points: wp.array(dtype=wp.vec3), geometry: Geometry):
    """(triangle, nearness) where a ray from the eye meets the surface that triangle `start` is of, followed across edges towards the ray.

    triangle: -1 if the surface ends or folds back before the ray, or the way is too long. points [first + ...] are in the eye's frame.
    """
    t = start
    previous = int(-1)
    for _step in range(MOST_STEPS):
        corner = geometry.triangles[t]
        a = points[first + corner[0]]
        b = points[first + corner[1]]
        c = points[first + corner[2]]
        n = wp.cross(b - a, c - a)
        facing = wp.dot(n, ray)
        # On which side of the planes through the eye and each edge the ray lies; negative: beyond the edge.
        side = wp.vec3(wp.dot(ray, wp.cross(a, b - a)), wp.dot(ray, wp.cross(b, c - b)), wp.dot(ray, wp.cross(c, a - c)))
        if facing < 0.0:
            side = -side
        if side[0] >= 0.0 and side[1] >= 0.0 and side[2] >= 0.0:
            return t, facing / wp.dot(n, a)
        beyond = geometry.across[t]
        following = int(-1)
        least = float(0.0)
        for k in range(3):
            if side[k] < 0.0 and beyond[k] == previous and previous >= 0:
                return -1, 0.0
            if side[k] < least:
                least = side[k]
                following = beyond[k]
        if following < 0:
            return -1, 0.0
        previous = t
        t = following
    return -1, 0.0


@wp.func
def hides(seen: wp.vec4i, own: int, ray: wp.vec3, nearness: float, near: float, view: int, views: Views, geometry: Geometry):
    """Whether a surface that the four pixels around a point show meets the ray before it; the point is of triangle `own`, at `nearness`.

    Exact for all surfaces of which one of these pixels shows a triangle on the point's side of any fold. What is cut off at depth `near`
    does not count.
    """
    last = int(-1)
    for k in range(4):
        t = seen[k]
        if t >= 0 and t != own and t != last:
            last = t
            reached, w = surface_on_ray(t, ray, view * views.vertices, views.points, geometry)
            if reached >= 0 and reached != own and w > nearness * (1.0 + SAME_DEPTH) and w * near <= ray[2]:
                return True
    return False
