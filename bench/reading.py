"""Frames per second read at random from a data set beside the same frames as PNG and npy files, in one interleaved run.

    python -m bench.reading [--scenes N] [--data DIR] [--json FILE]

Every contender gives the same tensors, rgb uint8 [3, H, W], depth float32 [H, W] and flow_forward float32 [2, H, W], one frame after the
other, in one thread. Warm: the files are in the page cache. Cold: their pages are dropped before each round, as they would be in a data set
larger than memory; the bytes that then came from the disk are counted. Frames come in a random order, or as `Shuffled` reads them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from bench.crew import Window
from bench.interleave import Rate
from bench.machine import heading
from scenes.errors import UserError
from simlearn.datasets.shuffled import Shuffled
from simlearn.datasets.synthetic import SyntheticDataset
from simlearn.generate import GenerateConfig, generate

LABELS = ("rgb", "depth", "flow_forward")
REFERENCE = "simlearn, random frames"

_FEWEST = 8

Tensors = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`data`: a data set of 320x240 with at least `LABELS`; None makes one of `scenes` rooms."""

    data: Path | None = None
    scenes: int = 16
    frames: int = 16
    rounds: int = 12
    seconds: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A way to read. read(k): the k-th frame of its order, an endless one; files: all that it reads."""

    name: str
    read: Callable[[int], Tensors]
    files: tuple[Path, ...]

    @property
    def stored_kb(self) -> float:
        """What all frames take on the disk, KB."""
        return sum(path.stat().st_size for path in self.files) / 1e3


class Files:
    """Frames as PNG (rgb) and npy (depth, flow) files: `FOLDER/000012_rgb.png`, `FOLDER/000012_depth.npy`, ..."""

    def __init__(self, folder: Path, decode: Callable[[Path], NDArray[np.uint8]]) -> None:
        self._folder, self._decode = folder, decode

    @staticmethod
    def write(data: SyntheticDataset, folder: Path) -> tuple[Path, ...]:
        """All frames of a data set, laid out [H, W, C] as such files are."""
        for index in range(len(data)):
            item, stem = data[index], folder / f"{index:06d}"
            Image.fromarray(item["rgb"].permute(1, 2, 0).numpy()).save(f"{stem}_rgb.png")
            np.save(f"{stem}_depth.npy", item["depth"].numpy())
            np.save(f"{stem}_flow_forward.npy", np.ascontiguousarray(item["flow_forward"].permute(1, 2, 0).numpy()))
        os.sync()  # only what is on the disk can be dropped from the page cache
        return tuple(sorted(folder.iterdir()))

    def __getitem__(self, index: int) -> Tensors:
        stem = self._folder / f"{index:06d}"
        rgb = torch.from_numpy(self._decode(Path(f"{stem}_rgb.png"))).permute(2, 0, 1).contiguous()
        flow = torch.from_numpy(np.load(f"{stem}_flow_forward.npy")).permute(2, 0, 1).contiguous()
        return {"rgb": rgb, "depth": torch.from_numpy(np.load(f"{stem}_depth.npy")), "flow_forward": flow}


def by_pillow(path: Path) -> NDArray[np.uint8]:
    """uint8 [H, W, 3]."""
    with Image.open(path) as picture:
        return np.array(picture)


def by_opencv(path: Path) -> NDArray[np.uint8]:
    """uint8 [H, W, 3]."""
    import cv2

    picture: Any = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    return picture  # type: ignore[no-any-return]


def contenders(data: Path, folder: Path) -> Iterator[Contender]:
    """Ours and theirs; `folder` takes the files of theirs."""
    wide = SyntheticDataset(data, LABELS, open_shards=256)
    shards = tuple(wide.root / shard.name for shard in wide.shards)
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(wide)).tolist()

    def at_random(source: Any) -> Callable[[int], Tensors]:
        return lambda k: source[order[k % len(order)]]

    yield Contender(name=REFERENCE, read=at_random(wide), files=shards)
    narrow = SyntheticDataset(data, LABELS, open_shards=1)
    yield Contender(name="simlearn, random frames, a file opened for each", read=at_random(narrow), files=shards)
    yield Contender(name="simlearn, Shuffled", read=Shuffled(wide).__getitem__, files=shards)
    files = Files.write(wide, folder)
    yield Contender(name="PNG (Pillow) + npy, random frames", read=at_random(Files(folder, by_pillow)), files=files)
    try:
        import cv2

        cv2.setNumThreads(1)
    except ImportError:
        print("skipped PNG (OpenCV) + npy: install opencv-python-headless")
    else:
        yield Contender(name="PNG (OpenCV) + npy, random frames", read=at_random(Files(folder, by_opencv)), files=files)


def drop_pages(files: Iterable[Path]) -> None:
    """Takes files out of the page cache."""
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def disk_bytes() -> int:
    """Bytes that this process has had read from disks so far; 0 where /proc does not tell."""
    path = Path("/proc/self/io")
    lines = path.read_text().splitlines() if path.exists() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith("read_bytes"))


class Reading:
    """Rounds of about so many seconds of one contender, each going on in its order where the last one ended."""

    def __init__(self, contender: Contender, *, cold: bool, seconds: float) -> None:
        self.contender, self._cold = contender, cold
        self._next, self._count = 0, _FEWEST
        self._count = max(_FEWEST, round(_FEWEST * seconds / self._round().seconds))
        self.windows: list[Window] = []
        self._fetched = 0

    def add_round(self) -> None:
        fetched = disk_bytes()
        self.windows.append(self._round())
        self._fetched += disk_bytes() - fetched

    def _round(self) -> Window:
        if self._cold:
            drop_pages(self.contender.files)
        cpu, start = time.process_time(), time.perf_counter()
        for k in range(self._next, self._next + self._count):
            self.contender.read(k)
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
        self._next += self._count
        return Window(frames=self._count, seconds=seconds, cpu_seconds=cpu_seconds)

    def result(self) -> dict[str, Any]:
        frames = sum(window.frames for window in self.windows)
        return Rate.of(self.windows).to_json() | {"fetched_kb_per_frame": round(self._fetched / frames / 1e3, 1)}


def measure(found: Iterable[Contender], *, cold: bool, plan: Plan) -> dict[str, dict[str, Any]]:
    """Results by name from rounds in rotating order."""
    readings = [Reading(contender, cold=cold, seconds=plan.seconds) for contender in found]
    for step in range(plan.rounds):
        for k in np.roll(np.arange(len(readings)), step).tolist():
            readings[k].add_round()
    return {reading.contender.name: reading.result() for reading in readings}


def run(plan: Plan) -> dict[str, Any]:
    """The measurement as a JSON-able document; prints the tables."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="reading-", dir=plan.data and plan.data.parent) as scratch:
        data = plan.data or Path(scratch) / "rooms"
        if plan.data is None:
            config = GenerateConfig(family="rooms", scenes=plan.scenes, frames=plan.frames, labels=LABELS, out=data, objects=False)
            generate(config)
        folder = Path(scratch) / "files"
        folder.mkdir()
        found = list(contenders(data, folder))
        frames = len(SyntheticDataset(data, LABELS))
        document = heading() | {"frames": frames, "labels": list(LABELS), "reference": REFERENCE, "sections": {}}
        for section, cold in (("warm", False), ("cold", True)):
            results = measure(found, cold=cold, plan=plan)
            ours = results[REFERENCE]
            for contender in found:
                entry = results[contender.name]
                entry["kb_per_frame"] = round(contender.stored_kb / frames, 1)
                entry["reference_is"] = round(ours["frames_per_second"] / entry["frames_per_second"], 2)
                entry["reference_is_by_cpu"] = round(entry["cpu_ms"] / ours["cpu_ms"], 2)
            document["sections"][section] = results
            _show(section, results)
    return document


def _show(section: str, results: Mapping[str, Mapping[str, Any]]) -> None:
    columns = {"frames/s": 9, "quartiles": 15, "CPU ms": 7, "ours is": 8, "by CPU": 7, "KB/frame": 9, "fetched": 8}
    print(f"\n{section:50s}", *(f"{name:>{width}s}" for name, width in columns.items()))
    for name, entry in results.items():
        spread = f"{entry['lower_quartile']:.0f} - {entry['upper_quartile']:.0f}"
        figures = f"{entry['frames_per_second']:9.0f} {spread:>15s} {entry['cpu_ms']:7.2f}"
        ratios = f"{entry['reference_is']:7.2f}x {entry['reference_is_by_cpu']:6.2f}x"
        print(f"{name:50s} {figures} {ratios} {entry['kb_per_frame']:9.0f} {entry['fetched_kb_per_frame']:8.0f}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.reading", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=Plan.scenes, help="rooms to render for it")
    parser.add_argument("--frames", type=int, default=Plan.frames, help="frames of each")
    parser.add_argument("--data", type=Path, metavar="DIR", help="a data set that is there already")
    parser.add_argument("--rounds", type=int, default=Plan.rounds, help="rounds of each contender")
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="of each round")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, with date, machine and commit")
    options = parser.parse_args(arguments)
    try:
        settings = {name: value for name, value in vars(options).items() if name != "json"}
        document = run(Plan(**settings))
    except UserError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    if options.json:
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
