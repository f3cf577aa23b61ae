"""Scenes as files that other programs open: GLB for any viewer or modeller, JSON that loads back as the same scene.

It owns turning a scene into a file's bytes. It does not own writing data sets (`simlearn.exporters`) nor rendering.
"""

from __future__ import annotations

from scenes.exporters.gltf import glb_bytes, write_glb

__all__ = ["glb_bytes", "write_glb"]
