"""pyrender, OpenGL 3.3 on whatever EGL finds; without a GPU that is Mesa's llvmpipe. Two passes: rgb with depth, then the instance mask."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

from scenes.scene import Material, PointLight, Scene
from scenes.shapes import build
from scenes.textures import build as build_texture

_GL_FROM_CV = np.diag([1.0, -1.0, -1.0, 1.0])


def rgb_depth_mask(scene: Scene, *, threads: int) -> Callable[[int], None]:
    """Textures and point lights, no shadows (pyrender has none for point lights)."""
    os.environ["LP_NUM_THREADS"] = str(threads if threads > 1 else 0)  # 0 draws in the caller's thread
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
    import pyrender

    camera = scene.camera
    world = pyrender.Scene(bg_color=(0.5, 0.5, 0.5), ambient_light=(0.2, 0.2, 0.2))
    materials = [_material(pyrender, material) for material in scene.materials]
    nodes = [
        world.add(_mesh(pyrender, scene, k, materials[instance.materials[0]]), pose=instance.motion.at(0))
        for k, instance in enumerate(scene.instances)
    ]
    for light in scene.lights:
        if isinstance(light, PointLight):
            pose = np.eye(4)
            pose[:3, 3] = light.position
            world.add(pyrender.PointLight(color=np.ones(3), intensity=float(np.mean(light.intensity))), pose=pose)
    eye = world.add(pyrender.IntrinsicsCamera(camera.fx, camera.fy, camera.cx, camera.cy, znear=0.05, zfar=30.0))
    renderer = pyrender.OffscreenRenderer(camera.width, camera.height)
    colours = {node: (k + 1 & 255, k + 1 >> 8, 0) for k, node in enumerate(nodes)}

    def draw(time: int) -> None:
        world.set_pose(eye, scene.camera_motion.at(time) @ _GL_FROM_CV)
        for node, instance in zip(nodes, scene.instances, strict=True):
            if instance.motion.moves:
                world.set_pose(node, instance.motion.at(time))
        renderer.render(world)
        renderer.render(world, flags=pyrender.RenderFlags.SEG, seg_node_map=colours)

    return draw


def _material(pyrender, material: Material):
    picture = build_texture(material.texture) if material.texture else None
    return pyrender.MetallicRoughnessMaterial(
        baseColorFactor=(*material.color, 1.0),
        baseColorTexture=None if picture is None else pyrender.Texture(source=picture, source_channels="RGB"),
        roughnessFactor=material.roughness,
        metallicFactor=material.metallic,
    )


def _mesh(pyrender, scene: Scene, k: int, look):
    instance = scene.instances[k]
    mesh, texture = build(instance.shape), scene.materials[instance.materials[0]].texture
    return pyrender.Mesh(
        [
            pyrender.Primitive(
                positions=mesh.vertices,
                normals=mesh.normals,
                texcoord_0=mesh.uvs / (texture.metres if texture else 1.0),
                indices=mesh.faces.astype(np.uint32),
                material=look,
            )
        ]
    )
