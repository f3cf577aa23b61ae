"""Ways to spoil a data set: single bytes, or labels that are false though file and manifest agree."""

import dataclasses
import hashlib
import json

import h5py
import numpy as np

from simlearn.shards import ShardReader, write_shard


def manifest(root, change):
    """Rewrite the manifest's document."""
    path = root / "manifest.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def relist(root, name):
    """Make the manifest agree with a shard."""
    data = (root / name).read_bytes()
    facts = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    manifest(root, lambda d: d | {"shards": [s | facts if s["name"] == name else s for s in d["shards"]]})


def falsify(root, name, label, change, time=1):
    """Write a shard anew with one label of one frame changed, and make the manifest agree."""
    path = root / name
    with ShardReader(path) as reader:
        scene, codecs = reader.scene(), {label: reader.codec(label) for label in reader.labels}
        frames = [reader.frame(t) for t in range(reader.frames)]
        objects = [reader.objects(t) for t in range(reader.frames)] if reader.has_objects else None
    arrays = frames[time].labels
    false = np.ascontiguousarray(change(arrays)).astype(arrays[label].dtype)
    frames[time] = dataclasses.replace(frames[time], labels={**arrays, label: false})
    path.unlink()
    write_shard(path, scene, frames, codecs, None if objects is None else objects.__getitem__)
    relist(root, name)


def falsify_objects(root, name, label, change, time=1):
    """Change what a shard says of the objects at a time in place, and make the manifest agree."""
    with h5py.File(root / name, "r+") as file:
        dataset = file["objects"][label]
        dataset[time] = change(dataset[time])
    relist(root, name)


def flip(path, position, bits=1):
    """Change a byte of a file."""
    data = bytearray(path.read_bytes())
    data[position] ^= bits
    path.write_bytes(data)


def place_of(path, label, frame):
    """Where a file has the bytes of a label of a frame."""
    with h5py.File(path) as file:
        return file[label].id.get_chunk_info(frame).byte_offset
