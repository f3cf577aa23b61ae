"""The tiny world seen by a stereo camera that is tilted sideways, with the labels `distance` and `rgb_right`."""

import dataclasses

import numpy as np
import tiny_world

from renderers.frame import DEFAULT_LABELS, Frame
from renderers.renderer import RENDERERS
from scenes import geometry
from scenes.families import FAMILIES
from scenes.scene import Trajectory
from simlearn.generate import GenerateConfig, generate

BASELINE_M, TILT_DEG = 0.25, 1.5
LABELS = (*DEFAULT_LABELS, "distance", "rgb_right")
Config = tiny_world.Config


def sample(config, streams):
    scene = tiny_world.sample(config, streams)
    tilted = geometry.compose(geometry.rotation_z(np.radians(TILT_DEG)), np.zeros(3))  # about the camera's z axis, the line of sight
    motion = Trajectory(scene.camera_motion.poses @ tilted)
    return dataclasses.replace(
        scene, family="equipped", camera_motion=motion, stereo_baseline_m=BASELINE_M, metadata={"room_type": "living"}
    )  # fmt: skip


class EquippedRenderer:
    """`tiny_world.TinyRenderer` for each eye."""

    def __init__(self, scene, *, device="cpu"):
        shift = geometry.compose(np.eye(3), (BASELINE_M, 0.0, 0.0))
        beside = dataclasses.replace(scene, camera_motion=Trajectory(scene.camera_motion.poses @ shift))
        self.left, self.right = (tiny_world.TinyRenderer(each, device=device) for each in (scene, beside))

    def render(self, time, labels=DEFAULT_LABELS):
        frame = self.left.render(time)
        camera = frame.camera
        rays = camera.unproject(camera.pixel_centres(), np.ones((camera.height, camera.width)))
        everything = {
            **frame.labels,
            "distance": (frame["depth"] * np.linalg.norm(rays, axis=-1)).astype(np.float32),
            "rgb_right": self.right.render(time)["rgb"],
        }
        return Frame(labels={name: everything[name] for name in labels}, camera=camera, pose=frame.pose, time=time)


def make(out, **overrides):
    """Generate a small data set of this world, quietly."""
    tiny_world.register()
    for registry, target in ((FAMILIES, "equipped_world"), (RENDERERS, "equipped_world:EquippedRenderer")):
        if "equipped" not in registry:
            registry.add("equipped", target)
    chosen = {"scenes": 1, "frames": 3, "width": 48, "height": 36, "seed": 5, "workers": 1, "labels": LABELS} | overrides
    return generate(GenerateConfig(family="equipped", renderer="equipped", out=out, **chosen), progress=False)
