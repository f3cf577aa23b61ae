"""Miniatures of picture data sets whose files are binary, in the official layout and bytes."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import h5py
import numpy as np
from PIL import Image


def save(path: Path, array: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def picture(seed: int, height: int = 40, width: int = 50) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def write_stl10(root: Path) -> dict[str, np.ndarray]:
    """Four training images, three for testing, five without labels; returns them as [N, 96, 96, 3]."""
    folder = root / "stl10_binary"
    folder.mkdir()
    written = {}
    for split, count in (("train", 4), ("test", 3), ("unlabeled", 5)):
        images = written[split] = np.stack([picture(k, 96, 96) for k in range(count)])
        body = bytearray()
        for image in images:
            for channel in range(3):
                for column in range(96):
                    body += image[:, column, channel].tobytes()
        (folder / f"{split}_X.bin").write_bytes(body)
    (folder / "train_y.bin").write_bytes(bytes([1, 10, 2, 1]))
    (folder / "test_y.bin").write_bytes(bytes([3, 3, 10]))
    (folder / "class_names.txt").write_text("airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n")
    (folder / "fold_indices.txt").write_text("0 2 \n1 3 \n")
    return written


def element(kind: int, data: bytes) -> bytes:
    """A data element of MATLAB's level 5 format: type, size, data, filled up to a multiple of eight bytes."""
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matlab5(arrays: dict[str, np.ndarray]) -> bytes:
    """uint8 arrays as MATLAB 5 writes them, compressed; values are in column-major order."""
    body = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<HH", 0x0100, 0x4D49)
    for name, array in arrays.items():
        flags, sizes = element(6, struct.pack("<II", 9, 0)), element(5, struct.pack(f"<{array.ndim}i", *array.shape))
        matrix = element(14, flags + sizes + element(1, name.encode()) + element(2, array.tobytes(order="F")))
        packed = zlib.compress(matrix)
        body += struct.pack("<II", 15, len(packed)) + packed
    return body


def write_cropped(root: Path, split: str, labels: list[int]) -> np.ndarray:
    x = np.stack([picture(k, 32, 32) for k in range(len(labels))], axis=-1)
    (root / "svhn").mkdir(exist_ok=True)
    (root / "svhn" / f"{split}_32x32.mat").write_bytes(matlab5({"X": x, "y": np.array(labels, dtype=np.uint8)[:, None]}))
    return x


def write_numbers(root: Path, split: str, pictures: list[list[tuple[int, ...]]]) -> None:
    """pictures: boxes (left, top, width, height, label) each, as MATLAB 7.3 stores a struct array: references throughout."""
    folder = root / "svhn" / split
    for number in range(1, len(pictures) + 1):
        save(folder / f"{number}.png", picture(number, 30 + number, 60))
    with h5py.File(folder / "digitStruct.mat", "w", userblock_size=512) as file:
        names = file.create_dataset("digitStruct/name", (len(pictures), 1), dtype=h5py.ref_dtype)
        boxes = file.create_dataset("digitStruct/bbox", (len(pictures), 1), dtype=h5py.ref_dtype)
        for k, digits in enumerate(pictures):
            text = file.create_dataset(f"#refs#/n{k}", data=np.array([[ord(c)] for c in f"{k + 1}.png"], dtype=np.uint16))
            names[k, 0], group = text.ref, file.create_group(f"#refs#/b{k}")
            boxes[k, 0] = group.ref
            for field, key in enumerate(("left", "top", "width", "height", "label")):
                if len(digits) == 1:
                    group[key] = np.array([[float(digits[0][field])]])
                    continue
                member = group.create_dataset(key, (len(digits), 1), dtype=h5py.ref_dtype)
                for d, digit in enumerate(digits):
                    member[d, 0] = file.create_dataset(f"#refs#/v{k}{d}{key}", data=np.array([[float(digit[field])]])).ref
    with (folder / "digitStruct.mat").open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(124) + struct.pack("<HH", 0x0200, 0x4D49))
