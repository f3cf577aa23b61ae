"""Generating a data set: scenes sampled, rendered and written by worker processes, resumable after any interruption."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from renderers.frame import DEFAULT_LABELS, check_labels
from renderers.renderer import RENDERERS
from scenes.errors import UserError
from scenes.families import FAMILIES
from scenes.randomness import Streams
from scenes.scene import FamilyConfig
from simlearn import provenance
from simlearn.manifest import MANIFEST, SHARDS, Journal, Manifest, ShardRecord, shard_name
from simlearn.progress import FrameProgress
from simlearn.settings import family_config, renderer_settings
from simlearn.shards import write_shard
from simlearn.workers import run_tasks


@dataclass(frozen=True, kw_only=True)
class GenerateConfig:
    """What to generate (`family` ... `labels`) and how (`out`, `workers`, `resume`); only the former decides the bytes.

    No `labels` means all that the renderer makes of any scene.
    `settings` overrides fields of the family's Config, values as text ("3", "2..5", "a|b"); `renderer_settings` the renderer's own.
    """

    family: str
    out: Path
    scenes: int = 16
    frames: int = 8
    width: int = 320
    height: int = 240
    seed: int = 0
    renderer: str = "raster"
    device: str = "cpu"
    labels: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    renderer_settings: Mapping[str, str] = field(default_factory=dict)
    workers: int = 1
    resume: bool = False

    def __post_init__(self) -> None:
        for name in ("scenes", "frames", "workers"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.seed < 0:
            raise UserError(f"the seed must not be negative: {self.seed}")
        object.__setattr__(self, "out", Path(self.out))
        wanted = self.labels or getattr(RENDERERS[self.renderer], "LABELS", DEFAULT_LABELS)
        object.__setattr__(self, "labels", check_labels(wanted))
        self.family_config()
        renderer_settings(self.renderer, self.renderer_settings)

    def family_config(self) -> FamilyConfig:
        """The family's own configuration with the settings applied."""
        return family_config(self.family, self.settings, frames=self.frames, width=self.width, height=self.height)

    def resolved(self) -> dict[str, Any]:
        """All that decides the bytes of the data set, JSON-able, with every default of the family written out."""
        names = ("family", "scenes", "frames", "width", "height", "seed", "renderer", "device")
        family = {f.name: repr(getattr(self.family_config(), f.name)) for f in dataclasses.fields(self.family_config())}
        plain: dict[str, Any] = {name: getattr(self, name) for name in names}
        settings = {name: dict(sorted(getattr(self, name).items())) for name in ("settings", "renderer_settings")}
        return {**plain, "labels": list(self.labels), **settings, "family_config": family}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What `generate` did. `frames` and `bytes` are those of the whole data set, `rendered` the frames of this run."""

    root: Path
    scenes: int
    frames: int
    bytes: int
    rendered: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class SceneTask:
    """One scene to render, in a form that travels to a worker. `plugins` are registered there: (family target, renderer target)."""

    config: GenerateConfig
    index: int
    plugins: tuple[str, str]

    def __str__(self) -> str:
        return f"scene {self.index} of {self.config.out}"


def render_scene(task: SceneTask) -> ShardRecord:
    """Sample, render and write one scene; the whole work of a worker."""
    config = task.config
    for registry, name, target in zip((FAMILIES, RENDERERS), (config.family, config.renderer), task.plugins, strict=True):
        if name not in registry:
            registry.add(name, target)
    scene = FAMILIES[config.family].sample(config.family_config(), Streams(config.seed, task.index))
    renderer = RENDERERS[config.renderer](scene, device=config.device, **renderer_settings(config.renderer, config.renderer_settings))
    frames = (renderer.render(time, config.labels) for time in range(scene.frames))
    name = shard_name(task.index)
    digest, size = write_shard(config.out / name, scene, frames, config.labels)
    return ShardRecord(name=name, scene=task.index, frames=scene.frames, sha256=digest, bytes=size)


def generate(config: GenerateConfig, *, progress: bool = True) -> Summary:
    """Write the data set at `config.out`, or finish it (`config.resume`); the same seed gives the same bytes for any number of workers.

    Raises UserError for a folder that cannot be used and KeyboardInterrupt on Ctrl-C; what was finished stays, for `resume`.
    """
    with _locked_folder(config.out):
        manifest = _open(config)
        done = {record.scene: record for record in manifest.shards}
        bar = FrameProgress("generate", config.scenes * config.frames, done=manifest.frames, enabled=progress)
        if not manifest.complete:
            with bar:
                _render_missing(config, done, bar)
            manifest = dataclasses.replace(manifest, shards=tuple(done[i] for i in range(config.scenes)), complete=True)
            manifest.save(config.out)
        return Summary(
            root=config.out,
            scenes=config.scenes,
            frames=manifest.frames,
            bytes=manifest.bytes,
            rendered=bar.rendered,
            seconds=bar.seconds,
        )


def _render_missing(config: GenerateConfig, done: dict[int, ShardRecord], bar: FrameProgress) -> None:
    plugins = (FAMILIES.target(config.family), RENDERERS.target(config.renderer))
    tasks = (SceneTask(config=config, index=i, plugins=plugins) for i in range(config.scenes) if i not in done)
    workers = min(config.workers, config.scenes - len(done))
    try:
        with Journal(config.out) as journal, contextlib.closing(run_tasks(render_scene, tasks, workers)) as records:
            for record in records:
                journal.append(record)
                done[record.scene] = record
                bar.advance(record.frames, record.bytes)
    except KeyboardInterrupt:
        print(f"{len(done)} of {config.scenes} scenes are finished in {config.out}: go on with --resume", file=sys.stderr)
        raise
    finally:
        provenance.remove_leftovers(config.out / SHARDS)


def _open(config: GenerateConfig) -> Manifest:
    """The manifest to work on: a new one in an empty folder, or with `resume` that of the interrupted run."""
    resolved, out = config.resolved(), config.out
    provenance.remove_leftovers(out, MANIFEST)
    if not (out / MANIFEST).exists():
        if any(out.iterdir()):
            raise UserError(f"{out} is not empty and holds no data set: choose a new folder with --out, or empty this one")
        manifest = Manifest(config=resolved)
        manifest.save(out)
        return manifest
    manifest = Manifest.load(out)
    if not config.resume:
        remedy = "choose another folder" if manifest.complete else "finish it with --resume, or choose another folder"
        raise UserError(f"{out} already holds {'a' if manifest.complete else 'an unfinished'} data set: {remedy}")
    _check_same(manifest, resolved, out)
    provenance.remove_leftovers(out / SHARDS)
    kept = tuple(record for record in manifest.shards if record.is_whole(out))
    return dataclasses.replace(manifest, shards=kept, complete=manifest.complete and len(kept) == len(manifest.shards))


def _check_same(manifest: Manifest, resolved: Mapping[str, Any], out: Path) -> None:
    old = manifest.config
    for key in (*resolved, *(key for key in old if key not in resolved)):
        if resolved.get(key) != old.get(key):
            raise UserError(
                f"{out} was begun with {key} {old.get(key)!r}, not {resolved.get(key)!r}: "
                "resume it with the same settings, or choose another folder"
            )
    if not manifest.complete and (manifest.commit, manifest.versions) != (provenance.commit(), provenance.versions()):
        print(f"simlearn: {out} was begun by another version of the code or its packages; scenes may differ in detail", file=sys.stderr)


@contextlib.contextmanager
def _locked_folder(out: Path) -> Iterator[None]:
    """Create the folder and hold it against a second generator; the lock ends with the process, however that ends."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.W_OK | os.X_OK):
            raise PermissionError(f"{out} is not writable")
        descriptor = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise UserError(f"cannot write to {out} ({error.strerror or error}): choose a folder you may write with --out") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(f"another process is generating into {out}: wait for it, or choose another folder") from error
        yield
    finally:
        os.close(descriptor)
