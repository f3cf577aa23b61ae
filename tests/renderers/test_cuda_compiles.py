"""Every kernel that a GPU would run compiles for one, also where there is none."""

import importlib
import pkgutil

import pytest
import warp as wp

from renderers import kernels

CPU_ALONE = "lanes"  # kernels by lanes are for the CPU; each has a twin for single pixels


def _kernels(value):
    if isinstance(value, wp.Kernel):
        return [value]
    return [k for part in value for k in _kernels(part)] if isinstance(value, list | tuple) else []


def _modules():
    """Name -> Warp module of all kernels but those by lanes."""
    found = {}
    for part in pkgutil.iter_modules(kernels.__path__):
        module = importlib.import_module(f"{kernels.__name__}.{part.name}")
        for name, value in vars(module).items():
            if CPU_ALONE not in name.lower():
                found |= {k.module: f"{part.name} {name}" for k in _kernels(value) if k.module not in found}
    return {name: module for module, name in found.items()}


MODULES = _modules()


def test_the_kernels_are_found():
    assert {"motion write_motion_pixels", "surface write_surface_pixels", "shading shade_pixels"} <= MODULES.keys()
    assert len(MODULES) >= 12


@pytest.mark.skipif(not hasattr(wp, "compile_aot_module"), reason="this version of Warp cannot compile ahead of time")
@pytest.mark.parametrize("name", MODULES)
def test_a_module_compiles_for_cuda(tmp_path, name):
    wp.compile_aot_module(MODULES[name], device=None, arch=90, module_dir=str(tmp_path), use_ptx=True)
    compiled = [path for path in tmp_path.iterdir() if path.suffix == ".ptx"]
    assert compiled
    assert ".entry" in compiled[0].read_text()
