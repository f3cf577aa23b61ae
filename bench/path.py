"""The path tracer beside Mitsuba 3: seconds an image on the standard room, and whether both converge to one image.

    python -m bench.path [--quick] [--json FILE]

Both trace the same geometry with as many samples (16) and segments (4), in turn and on all cores; the median time counts. Mitsuba runs its
scalar_rgb variant. They meet twice: with textured surfaces that have a diffuse and a glossy part (its `principled`), and Lambertian ones
(its `diffuse`). Converged images are compared on a box with red and green walls and a lamp, which both describe exactly.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.machine import heading
from bench.standard_room import standard_room
from renderers.path import PathTracer
from renderers.sensor import linear_to_srgb
from scenes import geometry
from scenes.camera import Camera
from scenes.scene import Instance, Material, Mesh, PointLight, Scene, Shape, Sky, Trajectory
from scenes.shapes import build
from scenes.textures import build as build_texture

SAMPLES, DEPTH = 16, 4
PAIRS = {"principled": 0.04, "diffuse": 0.0}  # Mitsuba's reflectance, and which of ours comes nearest: with a specular lobe or without
_MITSUBA_FROM_CV = np.diag([-1.0, -1.0, 1.0, 1.0])  # its cameras look along z with x to the left and y up


def cornell_box(size: int = 128) -> Scene:
    """A box of 2 m, open in front, with red and green sides, a lamp under the ceiling and two blocks; all surfaces are Lambertian."""
    white, red, green = Material(color=(0.73, 0.73, 0.73)), Material(color=(0.63, 0.06, 0.05)), Material(color=(0.14, 0.45, 0.09))
    lamp = Material(color=(0, 0, 0), emission=(17.0, 12.0, 5.0))
    slab, side = Shape.of("box", x=2.4, y=2.4, z=0.2), Shape.of("box", x=0.2, y=2.0, z=2.0)
    parts = [
        ("floor", slab, 0, (0, 0, -0.1), 0.0),
        ("ceiling", slab, 0, (0, 0, 2.1), 0.0),
        ("back", Shape.of("box", x=2.0, y=0.2, z=2.0), 0, (0, 1.1, 1.0), 0.0),
        ("left", side, 1, (-1.1, 0, 1.0), 0.0),
        ("right", side, 2, (1.1, 0, 1.0), 0.0),
        ("lamp", Shape.of("box", x=0.5, y=0.4, z=0.02), 3, (0, 0, 1.97), 0.0),
        ("tall block", Shape.of("box", x=0.6, y=0.6, z=1.2), 0, (-0.35, 0.35, 0.6), 0.3),
        ("low block", Shape.of("box", x=0.6, y=0.6, z=0.6), 0, (0.35, -0.3, 0.3), -0.3),
    ]
    instances = tuple(
        Instance(
            name=name,
            category="otherprop",
            shape=shape,
            materials=(material,),
            motion=Trajectory.still(geometry.compose(geometry.rotation_z(turn), at)),
        )
        for name, shape, material, at, turn in parts
    )
    black = (0.0, 0.0, 0.0)
    return Scene(
        family="cornell_box",
        seed=0,
        index=0,
        frames=1,
        label_space="nyu40",
        camera=Camera.from_fov(width=size, height=size, horizontal_fov_deg=40),
        camera_motion=Trajectory.still(geometry.look_at((0, -3.9, 1.0), (0, 0, 1.0))),
        instances=instances,
        materials=(white, red, green, lamp),
        sky=Sky(zenith=black, horizon=black, ground=black),
    )


class Mitsuba:
    """A scene at one time in Mitsuba's scalar_rgb variant. Raises ImportError without mitsuba.

    Points, emissive surfaces and a uniform sky (the horizon's radiance) are carried over; `bsdf` is "principled" or "diffuse".
    """

    def __init__(self, scene: Scene, *, bsdf: str, depth: int, time: float = 0) -> None:
        import mitsuba

        mitsuba.set_variant("scalar_rgb")
        self._mitsuba, self._bsdf = mitsuba, bsdf
        self._folder = tempfile.TemporaryDirectory()
        world: dict[str, Any] = {"type": "scene", "integrator": {"type": "path", "max_depth": depth, "rr_depth": 1000}}
        world["sensor"] = self._camera(scene, time)
        if any(scene.sky.horizon):
            world["sky"] = {"type": "constant", "radiance": self._rgb(scene.sky.horizon)}
        for k, light in enumerate(scene.lights):
            assert isinstance(light, PointLight)
            world[f"light{k}"] = {"type": "point", "position": list(light.position), "intensity": self._rgb(light.intensity)}
        for k, instance in enumerate(scene.instances):
            world[f"shape{k}"] = self._shape(f"{k}.ply", instance, scene.materials[instance.materials[0]], time)
        self._scene = mitsuba.load_dict(world)

    def render(self, samples: int, seed: int = 0) -> NDArray[np.float32]:
        """Linear radiance float32 [H, W, 3]."""
        return np.array(self._mitsuba.render(self._scene, spp=samples, seed=seed), dtype=np.float32)[..., :3]

    def _rgb(self, value: tuple[float, float, float]) -> dict[str, Any]:
        return {"type": "rgb", "value": list(value)}

    def _transform(self, pose: NDArray[np.float64]) -> Any:
        return self._mitsuba.ScalarTransform4f(pose.tolist())

    def _camera(self, scene: Scene, time: float) -> dict[str, Any]:
        camera = scene.camera
        return {
            "type": "perspective",
            "fov_axis": "x",
            "fov": float(np.degrees(2 * np.arctan(camera.width / 2 / camera.fx))),
            "near_clip": 0.001,
            "to_world": self._transform(scene.camera_motion.at(time) @ _MITSUBA_FROM_CV),
            "film": {"type": "hdrfilm", "width": camera.width, "height": camera.height, "rfilter": {"type": "box"}},
            "sampler": {"type": "independent"},
        }

    def _shape(self, name: str, instance: Instance, material: Material, time: float) -> dict[str, Any]:
        path = Path(self._folder.name) / name
        _write_ply(path, build(instance.shape), instance.motion.at(time))
        shape: dict[str, Any] = {"type": "ply", "filename": str(path), "bsdf": self._material(material)}
        if any(material.emission):
            shape["emitter"] = {"type": "area", "radiance": self._rgb(material.emission)}
        return shape

    def _material(self, material: Material) -> dict[str, Any]:
        color: dict[str, Any] = self._rgb(material.color)
        if material.texture:
            picture = np.clip(build_texture(material.texture)[::-1] / 255.0, 0, 1) ** 2.2 * np.asarray(material.color)
            bitmap = self._mitsuba.Bitmap(picture.astype(np.float32))
            repeats = np.diag([1 / material.texture.metres, 1 / material.texture.metres, 1.0, 1.0])
            color = {"type": "bitmap", "bitmap": bitmap, "raw": True, "to_uv": self._transform(repeats)}
        if self._bsdf == "diffuse":
            return {"type": "twosided", "nested": {"type": "diffuse", "reflectance": color}}
        inner = {"type": "principled", "base_color": color, "roughness": material.roughness, "metallic": material.metallic}
        return {"type": "twosided", "nested": inner}


def _write_ply(path: Path, mesh: Mesh, pose: NDArray[np.float64]) -> None:
    """Binary PLY of a mesh in the world frame, with normals and texture coordinates."""
    points, normals = geometry.transform(pose, mesh.vertices), mesh.normals @ pose[:3, :3].T
    rows = np.hstack([points, normals, mesh.uvs]).astype("<f4")
    faces = np.empty(len(mesh.faces), dtype=[("n", "u1"), ("corners", "<i4", 3)])
    faces["n"], faces["corners"] = 3, mesh.faces
    names = "\n".join(f"property float {name}" for name in ("x", "y", "z", "nx", "ny", "nz", "u", "v"))
    head = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(rows)}\n{names}\nelement face {len(faces)}\n"
    path.write_bytes(head.encode() + b"property list uchar int vertex_indices\nend_header\n" + rows.tobytes() + faces.tobytes())


def psnr(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Peak signal-to-noise ratio in dB of two linear images, both clipped to [0, 1] and sRGB-encoded."""
    x, y = (linear_to_srgb(np.clip(image, 0.0, 1.0)) for image in (a, b))
    return float(-10 * np.log10(np.mean((x - y) ** 2)))


def measure(contenders: dict[str, Callable[[int], Any]], rounds: int) -> dict[str, dict[str, float]]:
    """Median seconds of each contender over `rounds` interleaved images, after one to warm up: by the clock, and of all cores together.

    The latter hardly changes when other programs want the cores too.
    """
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for step in range(rounds + 1):
        for name, render in contenders.items():
            clock, processor = time.perf_counter(), time.process_time()
            render(step)
            measured[name].append((time.perf_counter() - clock, time.process_time() - processor))
    medians = {name: np.median(times[1:], axis=0) for name, times in measured.items()}
    return {name: {"seconds": float(clock), "processor_seconds": float(processor)} for name, (clock, processor) in medians.items()}


def room_seconds(rounds: int) -> dict[str, dict[str, float]]:
    """Seconds an image of the standard room at 320x240; of another time each for us, so that placing what moves counts too."""
    scene = standard_room(8, 320, 240)
    contenders: dict[str, Callable[[int], Any]] = {}
    for bsdf, dielectric in PAIRS.items():
        tracer = PathTracer(scene, samples=SAMPLES, max_depth=DEPTH, dielectric=dielectric)
        peer = Mitsuba(scene, bsdf=bsdf, depth=DEPTH)
        contenders[f"ours, {bsdf}"] = lambda step, tracer=tracer: tracer.radiance(step % scene.frames)
        contenders[f"Mitsuba scalar_rgb, {bsdf}"] = lambda step, peer=peer: peer.render(SAMPLES, step)
    return measure(contenders, rounds)


def cornell_agreement(samples: int) -> dict[str, float]:
    """PSNR of our image against Mitsuba's at `samples` each, of Mitsuba's against another of its own, and the ratio of mean radiances."""
    scene = cornell_box()
    ours = PathTracer(scene, samples=samples, max_depth=DEPTH, dielectric=0.0).radiance(0)
    peer = Mitsuba(scene, bsdf="diffuse", depth=DEPTH)
    theirs, again = peer.render(samples, 1), peer.render(samples, 2)
    return {
        "samples": samples,
        "psnr_db": psnr(ours, theirs),
        "psnr_of_mitsuba_with_itself_db": psnr(again, theirs),
        "mean_ratio": float(ours.mean() / theirs.mean()),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.path", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and samples: about a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, with date, machine and commit")
    options = parser.parse_args(arguments)
    try:
        import mitsuba  # noqa: F401
    except ImportError as error:
        print(f"skipped, for there is nothing to compare with: {error} (pip install mitsuba)")
        return 0
    seconds = room_seconds(3 if options.quick else 7)
    print(
        f"standard room, 320x240, {SAMPLES} samples, {DEPTH} segments: seconds by the clock and of all cores, and how much faster ours is"
    )
    for name, row in seconds.items():
        ours = seconds[f"ours, {name.rsplit(' ', 1)[1]}"]
        print(f"{name:30s}" + "".join(f" {row[key]:8.2f} {row[key] / ours[key]:6.2f}x" for key in row))
    agreement = cornell_agreement(256 if options.quick else 2048)
    print("\nbox with coloured walls, {samples} samples: PSNR {psnr_db:.1f} dB, means' ratio {mean_ratio:.4f}".format(**agreement))
    print("Mitsuba against itself with another seed: {psnr_of_mitsuba_with_itself_db:.1f} dB".format(**agreement))
    if options.json:
        options.json.write_text(json.dumps({**heading(), "seconds": seconds, "box": agreement}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
