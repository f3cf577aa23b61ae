"""Between numpy and Warp: uploads with plain types, and rows of kernel structs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.kernels.common import mat34
from scenes.errors import UserError


def is_cpu(device: str) -> bool:
    """Whether a device is the CPU; UserError for one that this machine lacks."""
    try:
        return bool(wp.get_device(device).is_cpu)
    except (RuntimeError, ValueError) as error:
        known = ", ".join(d.alias for d in wp.get_devices())
        raise UserError(f"this machine has no device {device!r}: use one of {known}") from error


def upload(values: Any, dtype: Any, device: str) -> wp.array:
    """A Warp array of `values` on a device. On the CPU it shares the memory of a numpy array that has the right type already."""
    if is_cpu(device):
        host = np.ascontiguousarray(values, dtype=_numpy_type(dtype))
        shared: wp.array = wp.array(host, dtype=dtype, device=device, copy=False)
        return shared
    array: wp.array = wp.array(values, dtype=dtype, device=device)
    return array


@lru_cache(maxsize=64)
def _numpy_type(dtype: Any) -> Any:
    """The numpy type of a Warp scalar, of the scalars of a vector or matrix, or of a kernel struct."""
    if hasattr(dtype, "numpy_dtype"):
        return dtype.numpy_dtype()
    return np.dtype(wp.dtype_to_numpy(getattr(dtype, "_wp_scalar_type_", dtype)))


def upload_poses(poses: NDArray[np.floating], device: str) -> wp.array:
    """mat34 [...] of rigid poses [..., 4, 4] or [..., 3, 4], rounded to float32."""
    return upload(np.ascontiguousarray(poses[..., :3, :], dtype=np.float32), mat34, device)


def struct_rows(struct: Any, count: int) -> NDArray[Any]:
    """A numpy record array [count], zeroed, laid out as a kernel struct."""
    return np.zeros(count, dtype=struct.numpy_dtype())
