"""The tiny world with a second eye and with labels of its objects, analytic like the rest of it: only balls and a floor."""

import dataclasses

import numpy as np
import tiny_world

from renderers.frame import DEFAULT_LABELS, Frame
from renderers.object_labels import Objects
from renderers.renderer import RENDERERS
from scenes import geometry
from scenes.families import FAMILIES
from simlearn.generate import GenerateConfig, generate

BASELINE_M = 0.3
LABELS = (*DEFAULT_LABELS, "rgb_right", "disparity", "occluded_right", "out_of_frame_right")
Config = tiny_world.Config


def sample(config, streams):
    return dataclasses.replace(tiny_world.sample(config, streams), family="tiny_stereo", stereo_baseline_m=BASELINE_M)


class StereoRenderer(tiny_world.TinyRenderer):
    def render(self, time, labels=LABELS):
        frame = super().render(time)
        arrays, camera = dict(frame.labels), frame.camera
        valid, depth = arrays["valid"], np.where(arrays["valid"], arrays["depth"], 1.0).astype(np.float64)
        disparity = camera.fx * BASELINE_M / depth
        arrays["disparity"] = np.where(valid, disparity, 0).astype(np.float32)
        arrays["rgb_right"] = 255 - arrays["rgb"]
        outside = valid & (camera.pixel_centres()[..., 0] < disparity)
        eye = geometry.transform(frame.pose, [BASELINE_M, 0, 0])
        points = geometry.transform(frame.pose, camera.unproject(camera.pixel_centres(), depth))
        nearest, _, _ = self.cast(eye, points - eye, time)
        arrays["out_of_frame_right"] = outside
        arrays["occluded_right"] = valid & ~outside & (nearest < 1 - 1e-6)
        return Frame(labels={name: arrays[name] for name in labels}, camera=camera, pose=frame.pose, time=time)

    def objects(self, time):
        scene, camera = self.scene, self.scene.camera
        to_camera = geometry.invert(scene.camera_motion.at(time))
        instance = super().render(time, ("instance",))["instance"]
        rows = [self._object(thing, to_camera @ thing.motion.at(time), instance == k) for k, thing in enumerate(scene.instances, 1)]
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return Objects(**columns, width=camera.width, height=camera.height)

    def _object(self, thing, pose, mask):
        camera, parameters = self.scene.camera, dict(thing.shape.parameters)
        size = 2 * np.array([parameters["radius"]] * 3 if "radius" in parameters else [parameters["half"]] * 2 + [0.0])
        directions = np.stack(np.meshgrid(*[np.linspace(-1, 1, 21)] * 3), axis=-1).reshape(-1, 3)
        surface = directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-9) if "radius" in parameters else directions
        seen = geometry.transform(pose, surface * size / 2)
        pixels = camera.project(seen[seen[:, 2] > 0.05])
        box = np.array([*pixels.min(0), *pixels.max(0)])
        size_px, cut = box[2:] - box[:2], np.clip(box, 0, [camera.width, camera.height] * 2)
        inside = np.prod(cut[2:] - cut[:2]) / np.prod(size_px)
        rows, columns = np.nonzero(mask) if mask.any() else (np.array([np.nan]),) * 2
        return {
            "semantic": np.uint8(0),
            "pose": pose,
            "box_3d": np.array([0, 0, 0, *size]),
            "box_2d_visible": np.float32([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]),
            "box_2d_amodal": box.astype(np.float32),
            "visible_pixels": np.int32(mask.sum()),
            "amodal_pixels": np.int32(max(mask.sum(), 1)),
            "visibility": np.float32(1),
            "truncation": np.float32(1 - inside),
        }


def make(out, **overrides):
    """Generate a small data set with a second eye, quietly, every label without loss."""
    for registry, target in ((FAMILIES, "tiny_stereo"), (RENDERERS, "tiny_stereo:StereoRenderer")):
        if "tiny_stereo" not in registry:
            registry.add("tiny_stereo", target)
    chosen = {"scenes": 2, "frames": 3, "width": 48, "height": 36, "seed": 5, "labels": LABELS, "codecs": {"all": "lossless"}} | overrides
    return generate(GenerateConfig(family="tiny_stereo", renderer="tiny_stereo", out=out, **chosen), progress=False)
