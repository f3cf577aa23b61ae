"""The `raster` renderer: rasterised visibility and direct light; the fast path."""

from __future__ import annotations

from renderers.rendering import SceneRenderer
from renderers.visibility.raster import RasterVisibility, check_camera
from scenes.scene import Scene


class RasterRenderer(SceneRenderer):
    """Exact labels and direct light with shadows by rasterisation, for pinhole cameras, on the CPU or a GPU."""

    def __init__(self, scene: Scene, *, device: str = "cpu", threads: int = 1) -> None:
        check_camera(scene.camera)
        super().__init__(scene, RasterVisibility, device=device, threads=threads)
