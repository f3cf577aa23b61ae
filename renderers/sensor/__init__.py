"""What a camera records of exact radiance, and a depth camera of exact depth. Labels never depend on it.

The fast path, a perfect camera, is `Sensor`: one fused kernel. Every other effect is a pure function on torch tensors in a module of its
own (`lens`, `exposure`, `bayer`, `photosites`, `jpeg`, `structured_light`); `renderers.sensor.model.SensorModel` puts them in order.
"""

from renderers.sensor.development import KNEE, Sensor, byte_table, linear_to_srgb, tone_curve

__all__ = ["KNEE", "Sensor", "byte_table", "linear_to_srgb", "tone_curve"]
