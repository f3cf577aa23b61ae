"""Path tracing: physically based light with bounces, soft shadows and glossy reflections; the quality beside the fast direct light."""

from renderers.path.tracer import PathTracer

__all__ = ["PathTracer"]
