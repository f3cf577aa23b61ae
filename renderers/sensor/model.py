"""A scene's camera and depth camera: every effect of `scenes.sensor`, in the order in which light, charge and numbers meet them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import warp as wp

from renderers.sensor import lens, structured_light
from renderers.sensor.bayer import SMALLEST_SIDE, demosaic, mosaic
from renderers.sensor.development import Sensor
from renderers.sensor.exposure import exposure_plan
from renderers.sensor.jpeg import compress
from renderers.sensor.photosites import deviates, digitise, shot_noise
from scenes.errors import UserError
from scenes.randomness import Streams
from scenes.scene import Scene

ImageAt = Callable[[float], torch.Tensor]


class SensorModel:
    """Records pictures of one scene; `device` is where its tensors live ("cpu", "cuda:0").

    Noise depends on the scene's seed and index, the time and the eye alone. It is drawn on the CPU: the same on every device.
    """

    def __init__(self, scene: Scene, device: str) -> None:
        self._scene, self._settings, self._device = scene, scene.sensor, device
        self._development = Sensor(device)
        self._streams = Streams(scene.seed, scene.index).child("sensor")
        _check_camera(scene)
        vignetting = self._settings.vignetting
        self._gain = lens.vignetting_gain(scene.camera, vignetting, device) if vignetting else None

    def record(self, radiance_at: ImageAt, time: int, depth_at: ImageAt | None = None, *, eye: str = "left") -> torch.Tensor:
        """The picture uint8 [H, W, 3] at a frame time.

        radiance_at, depth_at: exact radiance, float32 [H, W, 3], and depth, float32 [H, W], at any time within a frame of `time`; both may
        reuse their memory. Depth is asked for only when the aperture is open. `eye` names the view of a stereo pair.

        Order: lens and exposure time act on light; exposure and colour response make it signal; photosites, converter and mosaic act on
        single values, so noise is spread by the demosaicing as in a real camera; then white balance, tone curve, sRGB, JPEG.
        """
        light = self._gather(radiance_at, depth_at, time) * self._scene.exposure
        rgb = self._develop(self._white_balanced(self._read_out(light, f"{eye} {time}")))
        return compress(rgb, self._settings.jpeg_quality) if self._settings.jpeg_quality else rgb

    def sensor_depth(self, depth: torch.Tensor, time: int, *, albedo: torch.Tensor | None = None, eye: str = "left") -> torch.Tensor:
        """What the scene's depth sensor measures of exact `depth`: float32 [H, W], metres, 0 where it measures nothing.

        albedo: float32 [H, W, 3], linear; its mean stands for the reflectance in infrared, which colour does not tell.
        """
        sensor, camera = self._scene.depth_sensor, self._scene.camera
        if sensor is None:
            raise UserError("the scene has no depth sensor: set its depth_sensor to a DepthSensor to have sensor_depth")
        shift = deviates(self._streams.generator(f"depth shift {eye} {time}"), (*depth.shape, 2), depth.device)
        noise = deviates(self._streams.generator(f"depth noise {eye} {time}"), depth.shape, depth.device)
        found = structured_light.shifted_lookup(depth, sensor.shift_noise_px * shift)
        measured = found
        if sensor.disparity_step_px or sensor.disparity_noise_px:
            focal = sensor.focal_length_px or camera.fx
            noise = sensor.disparity_noise_px * noise
            measured = structured_light.measured_depth(found, focal * sensor.baseline_m, sensor.disparity_step_px, noise)
        seen = (measured >= sensor.min_depth_m) & (measured <= sensor.max_depth_m)
        if sensor.shadows:
            seen &= ~structured_light.projector_shadow(depth, camera.fx * sensor.baseline_m)
        cosine = structured_light.incidence_cosine(depth, camera)
        seen &= cosine >= math.cos(math.radians(sensor.max_incidence_deg))
        if albedo is not None and sensor.min_return > 0:
            seen &= albedo.mean(-1) * cosine / depth**2 >= sensor.min_return
        return torch.where(seen, measured, 0.0)

    def _gather(self, radiance_at: ImageAt, depth_at: ImageAt | None, time: int) -> torch.Tensor:
        """Light on the photosites over the exposure time, float32 [H, W, 3], before `Scene.exposure`."""
        times, weights = exposure_plan(self._settings, time, self._scene.camera.height)
        if len(times) == 1:
            light = self._through_lens(radiance_at, depth_at, times[0])
        else:
            light = torch.zeros((), device=self._device)
            for instant, rows in zip(times, weights, strict=True):
                share = torch.from_numpy(rows).to(self._device)[:, None, None]
                light = light + share * self._through_lens(radiance_at, depth_at, instant)
        return light if self._gain is None else light * self._gain

    def _through_lens(self, radiance_at: ImageAt, depth_at: ImageAt | None, time: float) -> torch.Tensor:
        """Radiance at an instant with the blur and fringes of the lens."""
        sensor, camera = self._settings, self._scene.camera
        radiance = radiance_at(float(time))
        if sensor.aperture_m > 0:
            if depth_at is None:
                raise ValueError("an open aperture needs depth_at")
            circle = lens.circle_of_confusion(depth_at(float(time)), camera.fx, sensor.aperture_m, sensor.focus_distance_m)
            radiance = lens.defocus(radiance, circle)
        return lens.lateral_chromatic_aberration(radiance, (camera.cx, camera.cy), sensor.chromatic_aberration_px)

    def _read_out(self, light: torch.Tensor, moment: str) -> torch.Tensor:
        """The sensor's signal, float32 [H, W, 3] in units of exposed radiance, before white balance."""
        sensor = self._settings
        signal = self._scaled(light, sensor.channel_response)
        if sensor.bayer:
            signal = mosaic(signal, sensor.bayer)
        if sensor.full_well_electrons or sensor.adc_bits:
            signal = (signal / sensor.white_level).clamp(0.0, 1.0)
        if sensor.full_well_electrons:
            shot, read = (self._streams.generator(f"{kind} noise {moment}") for kind in ("shot", "read"))
            electrons = shot_noise(signal * sensor.full_well_electrons, deviates(shot, signal.shape, signal.device))
            electrons = electrons.clamp_max(sensor.full_well_electrons)
            electrons = electrons + sensor.read_noise_electrons * deviates(read, signal.shape, signal.device)
            signal = electrons / sensor.full_well_electrons
        if sensor.adc_bits:
            signal = digitise(signal, sensor.adc_bits, sensor.black_level)
        if sensor.full_well_electrons or sensor.adc_bits:
            signal = signal * sensor.white_level
        return demosaic(signal, sensor.bayer, sensor.demosaic) if sensor.bayer else signal

    def _white_balanced(self, signal: torch.Tensor) -> torch.Tensor:
        return self._scaled(signal, self._settings.white_balance)

    def _scaled(self, image: torch.Tensor, gains: tuple[float, float, float]) -> torch.Tensor:
        return image * torch.tensor(gains, dtype=torch.float32, device=image.device)

    def _develop(self, exposed: torch.Tensor) -> torch.Tensor:
        """sRGB bytes by the kernel of the perfect camera, so that an effect of zero strength changes no bit."""
        rgb = torch.empty(exposed.shape, dtype=torch.uint8, device=exposed.device)
        shared: tuple[Any, Any] = wp.from_torch(exposed.contiguous(), dtype=wp.vec3), wp.from_torch(rgb)
        self._development.develop(shared[0], 1.0, shared[1])
        return rgb


def _check_camera(scene: Scene) -> None:
    """UserError where the scene's camera cannot have an effect that is asked for."""
    camera, sensor = scene.camera, scene.sensor
    if sensor.bayer and min(camera.width, camera.height) < SMALLEST_SIDE:
        raise UserError(
            f"a colour mosaic needs at least {SMALLEST_SIDE}x{SMALLEST_SIDE} pixels, not {camera.width}x{camera.height}: "
            "render a larger image or set bayer to None"
        )
    if sensor.aperture_m > 0 and camera.is_wide:
        raise UserError(f"a {camera.model} camera has no plane of focus: set the sensor's aperture_m to 0")
    if scene.depth_sensor and not camera.is_pinhole:
        raise UserError(f"a depth sensor matches rectified images, not those of a {camera.model} camera: use a pinhole camera or none")
