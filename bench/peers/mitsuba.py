"""Mitsuba 3, variant scalar_rgb: direct light with shadows at one sample a pixel, alone or with the AOVs depth, normal and shape index.

The AOVs cost ten times the image (their integrator is slow at one sample a pixel, whatever is asked of it), so both are of interest.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from scenes import geometry
from scenes.scene import Instance, Material, PointLight, Scene
from scenes.shapes import build
from scenes.textures import build as build_texture

_MITSUBA_FROM_CV = np.diag([-1.0, -1.0, 1.0, 1.0])  # its camera: x left, y up, z forward


def frames(scene: Scene, *, threads: int, aovs: bool, samples: int = 1) -> Callable[[int], Any]:
    """The geometry is that of time 0, built once: nothing moves but the camera."""
    drjit, mitsuba = importlib.import_module("drjit"), importlib.import_module("mitsuba")
    drjit.set_thread_count(threads)
    mitsuba.set_variant("scalar_rgb")
    direct = {"type": "direct", "bsdf_samples": 0}
    with_aovs = {"type": "aov", "aovs": "z:depth,n:geo_normal,i:shape_index", "image": direct}
    lights = {f"light{k}": _light(light) for k, light in enumerate(scene.lights) if isinstance(light, PointLight)}
    world = mitsuba.load_dict(
        {
            "type": "scene",
            "integrator": with_aovs if aovs else direct,
            "sensor": _sensor(scene, samples),
            "sky": {"type": "constant", "radiance": {"type": "rgb", "value": list(scene.sky.horizon)}},
            **lights,
            **{f"instance{k}": _mesh(mitsuba, scene, instance) for k, instance in enumerate(scene.instances)},
        }
    )
    parameters = mitsuba.traverse(world)

    def render(time: int) -> Any:
        parameters["sensor.to_world"] = mitsuba.ScalarTransform4f(scene.camera_motion.at(time) @ np.linalg.inv(_MITSUBA_FROM_CV))
        parameters.update()
        return mitsuba.render(world, spp=samples)

    return render


def _light(light: PointLight) -> dict[str, Any]:
    return {"type": "point", "position": list(light.position), "intensity": {"type": "rgb", "value": list(light.intensity)}}


def _sensor(scene: Scene, samples: int) -> dict[str, Any]:
    camera = scene.camera
    return {
        "type": "perspective",
        "fov": float(np.degrees(2 * np.arctan(camera.width / (2 * camera.fx)))),
        "fov_axis": "x",
        "near_clip": 0.01,
        "film": {"type": "hdrfilm", "width": camera.width, "height": camera.height, "rfilter": {"type": "box"}},
        "sampler": {"type": "independent", "sample_count": samples},
    }


def _mesh(mitsuba: Any, scene: Scene, instance: Instance) -> Any:
    mesh, material = build(instance.shape), scene.materials[instance.materials[0]]
    properties = mitsuba.Properties()
    properties["bsdf"] = mitsuba.load_dict({"type": "diffuse", "reflectance": _reflectance(mitsuba, material)})
    made = mitsuba.Mesh(instance.name, len(mesh.vertices), len(mesh.faces), properties, True, True)
    values = mitsuba.traverse(made)
    pose = instance.motion.at(0)
    values["vertex_positions"] = geometry.transform(pose, mesh.vertices).astype(np.float32).ravel()
    values["vertex_normals"] = (mesh.normals @ pose[:3, :3].T).astype(np.float32).ravel()
    values["vertex_texcoords"] = mesh.uvs.ravel() / (material.texture.metres if material.texture else 1.0)
    values["faces"] = mesh.faces.astype(np.uint32).ravel()
    values.update()
    return made


def _reflectance(mitsuba: Any, material: Material) -> dict[str, Any]:
    if material.texture is None:
        return {"type": "rgb", "value": [float(c) for c in material.color]}
    picture = (build_texture(material.texture) / 255.0) ** 2.2 * material.color
    return {"type": "bitmap", "bitmap": mitsuba.Bitmap(picture.astype(np.float32)), "raw": True}
