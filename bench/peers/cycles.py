"""Blender's Cycles on the CPU at one sample a pixel, with the passes z, normal, object index and vector (its optical flow).

Its module `bpy` exists for one version of Python only, so it runs with an interpreter of its own, named by SIMLEARN_BENCH_BPY:

    python3.11 -m venv bpy && bpy/bin/pip install bpy==5.0.1 trimesh scipy && export SIMLEARN_BENCH_BPY=$PWD/bpy/bin/python
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.affinity import cores_seen
from scenes import geometry
from scenes.scene import Instance, Material, PointLight, Scene, Trajectory
from scenes.shapes import build
from scenes.textures import build as build_texture

PYTHON_VARIABLE = "SIMLEARN_BENCH_BPY"
_BLENDER_FROM_CV = np.diag([1.0, -1.0, -1.0, 1.0])  # its camera: x right, y up, looking along -z
_WATTS_PER_INTENSITY = 4 * np.pi * np.pi  # Blender's point light of P watts has the radiant intensity P / (4 pi^2) W/sr


def rgb_and_passes(scene: Scene, *, threads: int, samples: int = 1, tuned: bool = False) -> Callable[[int], Any]:
    """Nothing is written or read back. `tuned` keeps the scene in memory between frames and leaves out bounces; else Blender's defaults."""
    with cores_seen(threads):
        import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    target = bpy.context.scene
    _settings(bpy, target, scene, threads, samples)
    if tuned:
        target.render.use_persistent_data, target.cycles.max_bounces = True, 0
    materials = [_material(bpy, k, material) for k, material in enumerate(scene.materials)]
    for k, instance in enumerate(scene.instances):
        thing = _mesh(bpy, scene, instance, materials[instance.materials[0]])
        thing.pass_index = k + 1
        target.collection.objects.link(thing)
        _animate(thing, instance.motion, np.eye(4))
    for k, light in enumerate(scene.lights):
        if isinstance(light, PointLight):
            target.collection.objects.link(_light(bpy, k, light))
    target.camera = _camera(bpy, scene)
    target.collection.objects.link(target.camera)
    _animate(target.camera, scene.camera_motion, _BLENDER_FROM_CV)

    def render(time: int) -> Any:
        target.frame_set(time + 1)
        return bpy.ops.render.render(write_still=False)

    with cores_seen(threads):
        render(0)
    return render


def _settings(bpy: Any, target: Any, scene: Scene, threads: int, samples: int) -> None:
    target.render.engine = "CYCLES"
    target.render.resolution_x, target.render.resolution_y, target.render.resolution_percentage = (
        scene.camera.width,
        scene.camera.height,
        100,
    )
    target.render.threads_mode, target.render.threads = "FIXED", threads
    target.cycles.device, target.cycles.samples = "CPU", samples
    target.cycles.use_denoising = target.cycles.use_adaptive_sampling = False
    target.frame_start, target.frame_end = 0, scene.frames + 1
    layer = target.view_layers[0]
    layer.use_pass_z = layer.use_pass_normal = layer.use_pass_object_index = layer.use_pass_vector = True
    target.world = bpy.data.worlds.new("sky")
    target.world.color = scene.sky.horizon


def _animate(thing: Any, motion: Trajectory, from_cv: np.ndarray) -> None:
    """Poses as keyframes: the scene's time t is Blender's frame t + 1."""
    thing.rotation_mode = "QUATERNION"
    for k, pose in enumerate(motion.poses):
        turned = pose @ from_cv
        thing.location, thing.rotation_quaternion = turned[:3, 3], geometry.quaternion_from_rotation(turned[:3, :3])
        if motion.moves:
            thing.keyframe_insert("location", frame=k)
            thing.keyframe_insert("rotation_quaternion", frame=k)


def _camera(bpy: Any, scene: Scene) -> Any:
    lens = bpy.data.cameras.new("camera")
    lens.sensor_fit, lens.sensor_width = "HORIZONTAL", 36.0
    lens.lens = 36.0 * scene.camera.fx / scene.camera.width
    lens.clip_start = 0.01
    return bpy.data.objects.new("camera", lens)


def _light(bpy: Any, k: int, light: PointLight) -> Any:
    lamp = bpy.data.lights.new(f"light {k}", "POINT")
    strength = float(np.mean(light.intensity))
    lamp.color, lamp.energy, lamp.shadow_soft_size = np.array(light.intensity) / strength, strength * _WATTS_PER_INTENSITY, 0.0
    made = bpy.data.objects.new(f"light {k}", lamp)
    made.location = light.position
    return made


def _mesh(bpy: Any, scene: Scene, instance: Instance, look: Any) -> Any:
    mesh, texture = build(instance.shape), scene.materials[instance.materials[0]].texture
    made = bpy.data.meshes.new(instance.name)
    made.from_pydata(mesh.vertices.tolist(), [], mesh.faces.tolist())
    uvs = mesh.uvs[mesh.faces.ravel()] / (texture.metres if texture else 1.0)
    made.uv_layers.new(name="uv").data.foreach_set("uv", uvs.ravel().astype(np.float32))
    made.materials.append(look)
    made.update()
    return bpy.data.objects.new(instance.name, made)


def _material(bpy: Any, k: int, material: Material) -> Any:
    made = bpy.data.materials.new(f"material {k}")
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    nodes.clear()
    surface, output = nodes.new("ShaderNodeBsdfDiffuse"), nodes.new("ShaderNodeOutputMaterial")
    surface.inputs["Color"].default_value = (*material.color, 1.0)
    links.new(surface.outputs["BSDF"], output.inputs["Surface"])
    if material.texture:
        picture = nodes.new("ShaderNodeTexImage")
        tint = np.array(material.color) ** (1 / 2.2)
        picture.image = _image(bpy, k, build_texture(material.texture) / 255.0 * tint)
        links.new(picture.outputs["Color"], surface.inputs["Color"])
    return made


def _image(bpy: Any, k: int, pixels: np.ndarray) -> Any:
    image = bpy.data.images.new(f"texture {k}", pixels.shape[1], pixels.shape[0])
    rgba = np.concatenate([pixels, np.ones((*pixels.shape[:2], 1))], axis=2)
    image.pixels.foreach_set(rgba.astype(np.float32).ravel())
    return image
