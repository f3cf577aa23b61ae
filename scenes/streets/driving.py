"""Ways and speeds of vehicles: lanes, turns at junctions, and the camera of the car that records.

Statistics follow KITTI's odometry poses at 10 frames a second: 0.93 m a frame in the median (5-95 %: 0.31-1.51), 0.16 degrees of yaw in
the median, above 1 degree in 19 % of the frames, turns of 2-3.5 degrees; jitter of 2 cm sideways, 1 cm up, 0.15 degrees in pitch and roll.
"""

from __future__ import annotations

import numpy as np

from scenes.geometry import compose
from scenes.streets.curve import Curve, Float, rounded
from scenes.streets.network import Junction, Network
from scenes.trajectories import sway, turned

EASING_M = 1.2  # how softly a car enters a turn


def lane_offset(net: Network, lane: int, direction: int) -> float:
    """Offset from the main street's middle of lane 0, 1, ... (from the middle outwards) driven in a direction (1: growing arc length)."""
    return -net.hand * direction * (lane + 0.5) * net.main.section.lane


def lane(net: Network, number: int, direction: int) -> Curve:
    """The way along a lane of the main street from end to end; its arc length 0 is at the main street's 0."""
    street = net.main
    offset = lane_offset(net, number, direction)
    s = np.arange(street.low, street.high + 0.5, 1.0)
    points = street.curve.at(s, offset)
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    zero = float(np.interp(0.0, s, arc))
    return Curve(points, -zero) if direction > 0 else Curve(points[::-1], zero - float(arc[-1]))


def turn(net: Network, junction: Junction, side: int) -> tuple[Curve, float]:
    """The way from the main street's right lane into an arm, and the arc length of the turn's middle on it."""
    inward, out = -net.hand * 0.5 * net.main.section.lane, -net.hand * 0.5 * junction.cross.lane
    # In the junction's frame the way comes along y = inward and leaves along x = leave.
    leave = -side * out
    near = side * net.hand < 0  # the turn around the near corner runs beside its kerb
    radius = min(junction.radius + net.main.section.half - abs(inward), 10.0) if near else max(10.0, junction.radius + 5.0)
    before = np.array([[x, inward] for x in np.arange(net.main.low - junction.at, leave - radius, 1.0)])
    angle = np.linspace(0, np.pi / 2, 12)
    arc = np.stack([leave - radius + radius * np.sin(angle), inward + side * radius * (1 - np.cos(angle))], axis=1)
    start = inward + side * radius
    after = np.array([[leave, start + side * k] for k in np.arange(1.0, 95.0)])
    approach = net.main.curve.at(junction.at + before[:, 0], inward)
    points = np.concatenate([approach, junction.place(np.concatenate([arc, after]))])
    smooth = rounded(points, EASING_M)
    nearest = int(np.argmin(np.linalg.norm(smooth - junction.place(arc[6:7]), axis=1)))
    curve = Curve(smooth)
    return curve, float(curve.arc[nearest])


def progress(rng: np.random.Generator, count: int, start: float, speed: float) -> Float:
    """Arc lengths [count], one for each frame, at about `speed` metres a frame with gentle changes."""
    pace = speed * (1 + 0.06 * np.tanh(sway(rng, count, amplitude=1.0, period_frames=40.0)))
    return start + np.concatenate([[0.0], np.cumsum(pace[1:])])


def camera_poses(rng: np.random.Generator, way: Curve, s: Float, *, height: float, pitch: float, offset: float) -> Float:
    """Camera-to-world poses [N, 4, 4] of a camera on a car at arc lengths `s` [N] of its way.

    It is `height` above the road, `offset` to the left of the way, and looks down by `pitch` radians.
    """
    heading = way.heading(s)
    place = way.at(s, offset + sway(rng, len(s), amplitude=0.012, period_frames=18.0))
    z = height + sway(rng, len(s), amplitude=0.008, period_frames=7.0)
    shake = [np.radians(sway(rng, len(s), amplitude=a, period_frames=8.0)) for a in (0.12, 0.12, 0.1)]
    poses = []
    for k in range(len(s)):
        forward = np.array([np.cos(heading[k]), np.sin(heading[k]), 0.0])
        right = np.array([forward[1], -forward[0], 0.0])
        level = np.stack([right, (0.0, 0.0, -1.0), forward], axis=1)
        wobble = turned((1, 0, 0), -pitch + shake[0][k]) @ turned((0, 0, 1), shake[1][k]) @ turned((0, 1, 0), shake[2][k])
        poses.append(compose(level @ wobble, (place[k, 0], place[k, 1], z[k])))
    return np.stack(poses)


def car_poses(way: Curve, s: Float, offset: float = 0.0, z: float = 0.0) -> Float:
    """Object poses [N, 4, 4] of a thing whose front (-y) points along its way."""
    heading, place = way.heading(s), way.at(s, offset)
    return np.stack([compose(turned((0, 0, 1), float(h) + np.pi / 2), (p[0], p[1], z)) for h, p in zip(heading, place, strict=True)])
