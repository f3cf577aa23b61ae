"""Everything that runs on the device, in NVIDIA Warp: one source for the CPU and for CUDA.

These modules are written in Warp's language: Python's syntax, where `int(0)` declares a variable that changes and annotations are Warp
types. So the type checker leaves them out, and the linter's advice on needless casts and nested conditions is off.
"""
