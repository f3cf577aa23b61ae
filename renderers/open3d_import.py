"""Open3D with the system library it needs: its wheel links libusb-1.0, which a bare system lacks."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
from functools import cache
from typing import Any

from scenes.errors import UserError


@cache
def open3d() -> Any:
    """The open3d module. Where the system has no libusb-1.0, the one of the `libusb-package` wheel is loaded first."""
    if ctypes.util.find_library("usb-1.0") is None:
        try:
            package = importlib.import_module("libusb_package")
            ctypes.CDLL(str(package.get_library_path()), mode=ctypes.RTLD_GLOBAL)
        except (ImportError, OSError) as error:
            raise UserError(f"Open3D needs libusb-1.0 ({error}): pip install libusb-package, or install the system's libusb") from error
    try:
        return importlib.import_module("open3d")
    except ImportError as error:
        raise UserError(f"Open3D cannot be imported ({error}): pip install open3d-cpu, or open3d where that has no wheel") from error
