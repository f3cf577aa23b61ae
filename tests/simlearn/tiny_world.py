"""A scene family and a renderer small enough to check by eye: balls over a square floor under an open sky, ray-cast in float64.

Written independently of the product's renderers: labels come from analytic intersections, so it also serves as their reference.
"""

import os
import re
import time as clock
from dataclasses import dataclass

import numpy as np

from renderers.frame import DEFAULT_LABELS, LABELS, Frame, check_labels
from renderers.renderer import RENDERERS
from scenes import geometry
from scenes.camera import Camera
from scenes.distributions import Uniform
from scenes.families import FAMILIES
from scenes.scene import FamilyConfig, Instance, Material, Scene, Shape, Trajectory
from scenes.semantics import semantic_id
from simlearn.generate import GenerateConfig, generate


@dataclass(frozen=True, kw_only=True)
class Config(FamilyConfig):
    """`floor_m` is the floor's half side; `balls` how many there are, every second one moving and turning."""

    floor_m: Uniform = Uniform(3.0, 4.0)
    balls: int = 4


def sample(config, streams):
    rng = streams.generator("layout")
    half = config.floor_m.sample(rng)
    times = np.arange(-1, config.frames + 1)
    eye, target = np.array([0.0, -2.5, 1.6]), np.array([0.2, 1.0, 0.4])
    sweep = rng.uniform(-0.1, 0.1, 3)
    camera = np.stack([geometry.look_at(eye + t * sweep, target + 0.5 * t * sweep) for t in times])
    instances = [_instance("floor", "floor", Shape.of("floor", half=half), Trajectory.still(np.eye(4)))]
    for k in range(config.balls):
        radius, centre, velocity = rng.uniform(0.2, 0.5), rng.uniform([-1.2, -0.5, 0.3], [1.2, 2.0, 1.2]), rng.uniform(-0.1, 0.1, 3)
        poses = np.stack([geometry.compose(geometry.rotation_z(0.2 * t), centre + t * velocity) for t in times])
        motion = Trajectory(poses) if k % 2 else Trajectory.still(poses[1])
        instances.append(_instance(f"ball{k}", "ball", Shape.of("ball", radius=radius), motion))
    return Scene(
        family="tiny",
        seed=streams.seed,
        index=streams.index,
        frames=config.frames,
        label_space="nyu40",
        camera=Camera.from_fov(width=config.width, height=config.height, horizontal_fov_deg=70),
        camera_motion=Trajectory(camera),
        instances=tuple(instances),
        materials=(Material(color=tuple(rng.uniform(0.2, 0.9, 3).tolist())),),
    )


def _instance(name, category, shape, motion):
    return Instance(name=name, category=category, shape=shape, materials=(0,), motion=motion)


class TinyRenderer:
    """Frames of a tiny scene. Environment: TINY_DELAY_S slows each frame down, TINY_DIE kills the process at that scene's index,
    TINY_FAIL raises there."""

    def __init__(self, scene, *, device="cpu"):
        if os.environ.get("TINY_DIE") == str(scene.index):
            os.kill(os.getpid(), 9)
        if os.environ.get("TINY_FAIL") == str(scene.index):
            raise ZeroDivisionError("broken on purpose")
        assert device == "cpu"
        self.scene = scene

    def render(self, time, labels=DEFAULT_LABELS):
        clock.sleep(float(os.environ.get("TINY_DELAY_S", "0")))
        scene, camera = self.scene, self.scene.camera
        pose = scene.camera_motion.at(time)
        rays = camera.unproject(camera.pixel_centres(), np.ones((camera.height, camera.width)))
        depth, instance, normal = self.cast(pose[:3, 3], rays @ pose[:3, :3].T, time)
        valid = instance > 0
        arrays = {"valid": valid, "instance": instance.astype(np.uint16), "depth": depth.astype(np.float32)}
        arrays["normal"] = (normal @ pose[:3, :3]).astype(np.float32)
        ids = np.array([0] + [semantic_id(i.category, scene.label_space) for i in scene.instances], dtype=np.uint8)
        arrays["semantic"] = ids[instance]
        arrays["contour"] = contour(instance)
        shade = 0.3 + 0.7 * np.abs(normal[..., 2:])
        arrays["rgb"] = np.where(valid[..., None], 255 * shade * scene.materials[0].color, (120, 160, 220)).astype(np.uint8)
        points = pose[:3, 3] + (rays @ pose[:3, :3].T) * np.where(valid, depth, 1.0)[..., None]
        for name, step in (("forward", 1), ("backward", -1)):
            arrays |= {f"{k}_{name}": v for k, v in self.motion(points, instance, time, time + step).items()}
        names = check_labels(labels)
        for name in names:
            assert arrays[name].dtype == LABELS[name].dtype, name
        return Frame(labels={n: arrays[n] for n in names}, camera=camera, pose=pose, time=time)

    def cast(self, origin, rays, time):
        """Depth along `rays` [..., 3] (camera z where their camera z is 1), instance id and world normal of the nearest hit."""
        best, ids, normals = np.full(rays.shape[:-1], np.inf), np.zeros(rays.shape[:-1], dtype=int), np.zeros(rays.shape)
        for k, thing in enumerate(self.scene.instances):
            parameters, centre = dict(thing.shape.parameters), thing.motion.at(time)[:3, 3]
            with np.errstate(divide="ignore", invalid="ignore"):
                if thing.shape.kind == "floor":
                    t = -origin[2] / rays[..., 2]
                    place = origin + rays * t[..., None]
                    hit = (t > 0) & (np.abs(place[..., :2]) <= parameters["half"]).all(-1)
                    normal = np.broadcast_to([0.0, 0.0, 1.0], rays.shape)
                else:
                    offset = origin - centre
                    a, b, c = (rays * rays).sum(-1), rays @ offset, offset @ offset - parameters["radius"] ** 2
                    t = (-b - np.sqrt(b * b - a * c)) / a
                    hit = (b * b > a * c) & (t > 0)
                    normal = (offset + rays * np.nan_to_num(t)[..., None]) / parameters["radius"]
            nearer = hit & (t < best)
            best, ids = np.where(nearer, t, best), np.where(nearer, k + 1, ids)
            normals = np.where(nearer[..., None], normal, normals)
        return best, ids, normals

    def motion(self, points, instance, now, then):
        scene, camera = self.scene, self.scene.camera
        moved = points.copy()
        for k, thing in enumerate(scene.instances):
            mine = instance == k + 1
            local = geometry.transform(geometry.invert(thing.motion.at(now)), points[mine])
            moved[mine] = geometry.transform(thing.motion.at(then), local)
        pose = scene.camera_motion.at(then)
        seen = geometry.transform(geometry.invert(pose), moved)
        valid = instance > 0
        pixels = camera.project(seen)
        inside = (seen[..., 2] > 0) & (pixels >= 0).all(-1) & (pixels < (camera.width, camera.height)).all(-1)
        first, _, _ = self.cast(pose[:3, 3], moved - pose[:3, 3], then)  # the point itself is at 1
        flow = np.where(valid[..., None], pixels - camera.pixel_centres(), 0)
        hidden = valid & inside & (first < 1 - 1e-6)
        return {"flow": flow.astype(np.float32), "occluded": hidden, "out_of_frame": valid & ~inside}


def contour(instance):
    padded = np.pad(instance, 1, mode="edge")
    centre = padded[1:-1, 1:-1]
    return (centre != padded[:-2, 1:-1]) | (centre != padded[2:, 1:-1]) | (centre != padded[1:-1, :-2]) | (centre != padded[1:-1, 2:])


def register():
    for registry, target in ((FAMILIES, "tiny_world"), (RENDERERS, "tiny_world:TinyRenderer")):
        if "tiny" not in registry:
            registry.add("tiny", target)


def make(out, **overrides):
    """Generate a small data set of the tiny family, quietly."""
    register()
    chosen = {"scenes": 3, "frames": 3, "width": 48, "height": 36, "seed": 5, "workers": 1} | overrides
    return generate(GenerateConfig(family="tiny", renderer="tiny", out=out, **chosen), progress=False)


def contents(folder):
    """{path inside the folder: bytes} of all its files; without the commit, which may change while the tests run."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    if "manifest.json" in files:
        files["manifest.json"] = re.sub(rb'"commit": "[^"]*"', b"", files["manifest.json"])
    return files
