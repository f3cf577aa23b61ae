"""HDF5 datasets from strangers: taken only if their data lie in the file itself, all of them, and take no more memory than they should.

An HDF5 file can name other files (external links, external storage, virtual datasets) and declare shapes that it does not fill.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

LARGEST_CHUNK = 2**30  # bytes; an image of 8192 x 8192 with four float32 channels
LARGEST_RATIO = 4096  # bytes in memory for each in the file, of what is read whole; scene JSON has about 5, poses 1


def set_attributes(item: h5py.HLObject, values: Mapping[str, Any]) -> None:
    """Attach attributes, texts as UTF-8 of fixed length: those of variable length lie in a heap without a checksum."""
    for name, value in values.items():
        item.attrs[name] = fixed_texts([value])[0] if isinstance(value, str) else value


def fixed_texts(texts: Sequence[str]) -> NDArray[Any]:
    """Texts as UTF-8, all of the length of the longest, as HDF5 stores them."""
    encoded = [text.encode() for text in texts]
    return np.array(encoded, dtype=h5py.string_dtype("utf-8", max(map(len, encoded), default=0) or 1))


def attributes_of(item: h5py.HLObject, names: Container[str] | None = None) -> dict[str, Any]:
    """Attributes (of these names only) but those of variable length: HDF5 may search for ever in a damaged heap."""
    attributes = item.attrs
    wanted = [name for name in attributes if names is None or name in names]
    found = {name: attributes[name] for name in wanted if attributes.get_id(name).dtype.kind != "O"}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in found.items()}


def is_here(group: h5py.Group, name: str) -> bool:
    """Whether the group holds something of this name itself, not a link to elsewhere."""
    return isinstance(group.get(name, getlink=True), h5py.HardLink)


def dataset_in(group: h5py.Group, name: str, dtype: str, shape: Sequence[int | None]) -> h5py.Dataset:
    """The dataset of this name, dtype and shape (None: any length); ValueError if its chunks are too large, or not all in the file."""
    dataset = group[name] if is_here(group, name) else None
    if not isinstance(dataset, h5py.Dataset) or dataset.is_virtual or dataset.external:
        raise ValueError(f"{name} is missing, or lies outside the file")
    fits = dataset.shape is not None and len(dataset.shape) == len(shape)
    if not fits or dataset.dtype != dtype or any(b not in (None, a) for a, b in zip(dataset.shape, shape, strict=True)):
        raise ValueError(f"{name} is {dataset.dtype} {dataset.shape}")
    chunk = dataset.chunks or dataset.shape
    if math.prod(chunk) * dataset.dtype.itemsize > LARGEST_CHUNK:
        raise ValueError(f"{name} would take {math.prod(chunk) * dataset.dtype.itemsize} bytes")
    expected = math.prod(-(-a // b) for a, b in zip(dataset.shape, chunk, strict=True)) if dataset.size else 0
    found = dataset.id.get_num_chunks() if dataset.chunks else int(dataset.id.get_storage_size() >= dataset.nbytes > 0)
    if found != expected:
        raise ValueError(f"{name} has {found} of {expected} chunks")
    return dataset


def whole_dataset_in(group: h5py.Group, name: str, dtype: str, shape: Sequence[int | None]) -> h5py.Dataset:
    """As `dataset_in`, for what is read at once."""
    dataset = dataset_in(group, name, dtype, shape)
    if dataset.nbytes > LARGEST_RATIO * dataset.id.get_storage_size():
        raise ValueError(f"{name} would take {dataset.nbytes} bytes")
    return dataset
