"""Generating a data set: scenes sampled, rendered and written by worker processes, resumable after any interruption."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenes.errors import UserError
from simlearn import provenance
from simlearn.codecs import choose
from simlearn.engines import ENGINES
from simlearn.manifest import MANIFEST, SHARDS, Manifest, ShardRecord, shard_name
from simlearn.progress import FrameProgress, human_bytes, human_time
from simlearn.recipe import Recipe
from simlearn.shards import write_shard
from simlearn.stores import LocalStore, Store, store_at


@dataclass(frozen=True, kw_only=True)
class GenerateConfig(Recipe):
    """What to generate (the recipe, `scenes`, `codecs`, `objects`) and how (the rest); only the former decides the bytes.

    out: folder or URL that fsspec knows. codecs: see `simlearn.codecs.choose`. objects: whether to store pose, boxes and visibility of
    every instance in every frame, for renderers that know them. engine: `local` processes or `ray`, at `address` if that is given.
    """

    out: str | Path
    scenes: int = 16
    codecs: Mapping[str, str] = field(default_factory=dict)
    objects: bool = True
    workers: int = 1
    resume: bool = False
    engine: str = "local"
    address: str = ""

    def __post_init__(self) -> None:
        for name in ("scenes", "workers"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} must be at least 1, not {getattr(self, name)}")
        super().__post_init__()
        choose(self.labels, self.codecs)
        ENGINES.target(self.engine)  # says which there are
        if self.address and self.engine == "local":
            raise UserError("the local engine has no address: add --engine ray")

    @property
    def store(self) -> Store:
        return store_at(self.out)

    def resolved(self) -> dict[str, Any]:
        """All that decides the bytes of the data set, JSON-able, with every default of the family written out."""
        family = {f.name: repr(getattr(self.family_config(), f.name)) for f in dataclasses.fields(self.family_config())}
        form = {"scenes": self.scenes, "codecs": dict(sorted(self.codecs.items())), "objects": self.objects}
        return {**self.facts(), "device": self.device, **form, "family_config": family}

    @classmethod
    def of_manifest(cls, config: Mapping[str, Any], out: str | Path, **how: Any) -> GenerateConfig:
        """The configuration that `resolved` wrote to a manifest; UserError when today's code resolves it otherwise."""
        names = {f.name for f in dataclasses.fields(cls) if f.init}
        known: dict[str, Any] = {name: tuple(value) if name == "labels" else value for name, value in config.items() if name in names}
        restored = cls(**known, out=out, **how)
        _check_same(config, restored.resolved(), str(out))
        return restored


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What `generate` did. `frames`, `bytes` and `rejected` are those of the whole data set, `rendered` the frames of this run."""

    root: str
    scenes: int
    frames: int
    bytes: int
    rejected: Mapping[str, int]
    rendered: int
    seconds: float

    def __str__(self) -> str:
        remark = _most_frequent(Counter(self.rejected), shown=5)
        return f"{self.root}: {self.scenes} scenes, {self.frames} frames, {human_bytes(self.bytes)}" + (f"; {remark}" if remark else "")


@dataclass(frozen=True, kw_only=True)
class SceneTask:
    """One scene to render, in a form that travels to a worker."""

    config: GenerateConfig
    index: int

    def __str__(self) -> str:
        return f"scene {self.index} of {self.config.out}"


def render_scene(task: SceneTask) -> ShardRecord:
    """Sample, render and write one scene; the whole work of a worker."""
    config = task.config
    config.register()
    scene = config.sample(task.index)
    renderer = config.renderer_of(scene)
    frames = (renderer.render(time, config.labels) for time in range(scene.frames))
    objects = getattr(renderer, "objects", None) if config.objects else None
    codecs = choose(config.labels, config.codecs)
    name = shard_name(task.index)
    digest, size = config.store.publish(name, lambda path: write_shard(path, scene, frames, codecs, objects))
    rejected = {str(cause): int(count) for cause, count in sorted(dict(scene.metadata.get("rejected", {})).items())}
    return ShardRecord(name=name, scene=task.index, frames=scene.frames, sha256=digest, bytes=size, rejected=rejected)


def generate(config: GenerateConfig, *, progress: bool = True) -> Summary:
    """Write the data set at `config.out`, or finish it (`config.resume`); the same seed gives the same bytes for any number of workers.

    Raises UserError for a place that cannot be used and KeyboardInterrupt on Ctrl-C; what was finished stays, for `resume`.
    """
    store = config.store
    with store.locked():
        manifest = _open(config, store)
        done = {record.scene: record for record in manifest.shards}
        bar = FrameProgress("generate", config.scenes * config.frames, done=manifest.frames, enabled=progress)
        if not manifest.complete:
            with bar:
                _render_missing(config, store, done, bar)
            sizes = store.sizes(SHARDS)
            _check_arrived(config, [record for record in done.values() if sizes.get(record.name) != record.bytes])
            manifest = dataclasses.replace(manifest, shards=tuple(done[i] for i in range(config.scenes)), complete=True)
            manifest.save(store)
        return Summary(
            root=str(config.out),
            scenes=config.scenes,
            frames=manifest.frames,
            bytes=manifest.bytes,
            rejected=manifest.rejected,
            rendered=bar.rendered,
            seconds=bar.seconds,
        )


def _render_missing(config: GenerateConfig, store: Store, done: dict[int, ShardRecord], bar: FrameProgress) -> None:
    begun = bool(done)
    rejected: Counter[str] = Counter()
    try:
        with contextlib.closing(rendered(config, [i for i in range(config.scenes) if i not in done])) as records:
            for record in records:
                store.append(record.to_json())
                done[record.scene] = record
                rejected.update(record.rejected)
                bar.remark = _most_frequent(rejected)
                bar.advance(record.frames, record.bytes)
    except KeyboardInterrupt:
        print(f"{len(done)} of {config.scenes} scenes are finished in {config.out}: go on with --resume", file=sys.stderr)
        raise
    except UserError:
        if not begun and not done and not store.sizes(SHARDS):
            store.remove(MANIFEST)  # settings that no scene can be made with leave nothing behind
        raise


def rendered(config: GenerateConfig, scenes: Sequence[int]) -> Generator[ShardRecord, None, None]:
    """Render scenes by the engine of the configuration; records come in order of completion. Shards that are there are replaced."""
    store = config.store
    if isinstance(store, LocalStore):  # a worker may stand in another folder
        config = dataclasses.replace(config, out=store.root.absolute())
    tasks = (SceneTask(config=config, index=index) for index in scenes)
    with contextlib.closing(ENGINES[config.engine](render_scene, tasks, min(config.workers, len(scenes)), config.address)) as records:
        for record in records:
            if isinstance(store, LocalStore):  # others have been asked by the worker, and take long to answer
                _check_arrived(config, [] if record.is_whole(store) else [record])
            yield record


def _check_arrived(config: GenerateConfig, missing: Sequence[ShardRecord]) -> None:
    if missing:
        raise UserError(
            f"{len(missing)} shards that workers have written are not in {config.out}, the first is {missing[0].name}: "
            "choose a folder that all machines share, or a URL, with --out"
        )


def _most_frequent(rejected: Counter[str], shown: int = 2) -> str:
    """For example "left out 12 (plate 7, lamp restless 3, ...)"."""
    if not rejected:
        return ""
    causes = [f"{cause} {count}" for cause, count in rejected.most_common(shown)] + ["..."] * (len(rejected) > shown)
    return f"left out {sum(rejected.values())} ({', '.join(causes)})"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a data set will take. seconds: on `workers` workers; free: bytes left at the place, None where that is not known."""

    scenes: int
    frames: int
    bytes: int
    seconds: float
    workers: int
    free: int | None

    def __str__(self) -> str:
        size = f"{human_bytes(self.bytes)} ({human_bytes(self.bytes / self.frames)} a frame)"
        room = (
            "" if self.free is None else f"; {human_bytes(self.free)} are free there" + (": TOO LITTLE" if self.free < self.bytes else "")
        )
        return f"{self.scenes} scenes, {self.frames} frames: about {size} and {human_time(self.seconds)} on {self.workers} workers{room}"


def estimate(config: GenerateConfig, *, sampled: int = 3) -> Estimate:
    """Size and time of a data set from its first scenes, rendered into a temporary folder; `config.out` is not touched."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        trial = dataclasses.replace(config, out=folder)
        count = min(sampled, config.scenes)
        render_scene(SceneTask(config=trial, index=0))  # what is loaded once would count for each scene otherwise
        started = time.monotonic()
        records = [render_scene(SceneTask(config=trial, index=index)) for index in range(count)]
        seconds = (time.monotonic() - started) / count
    size = sum(record.bytes for record in records) / count
    place = None if "://" in str(config.out) else next(p for p in (Path(config.out), *Path(config.out).absolute().parents) if p.exists())
    return Estimate(
        scenes=config.scenes,
        frames=config.scenes * config.frames,
        bytes=round(size * config.scenes),
        seconds=seconds * -(-config.scenes // config.workers),
        workers=config.workers,
        free=shutil.disk_usage(place).free if place else None,
    )


def _open(config: GenerateConfig, store: Store) -> Manifest:
    """The manifest to work on: a new one in an empty place, or with `resume` that of the interrupted run."""
    resolved, out = config.resolved(), config.out
    if store.read(MANIFEST) is None:
        if not store.is_empty():
            raise UserError(f"{out} is not empty and holds no data set: choose a new folder with --out, or empty this one")
        manifest = Manifest(config=resolved)
        manifest.save(store)
        return manifest
    manifest = Manifest.load(store)
    if not config.resume:
        remedy = "choose another folder" if manifest.complete else "finish it with --resume, or choose another folder"
        raise UserError(f"{out} already holds {'a' if manifest.complete else 'an unfinished'} data set: {remedy}")
    _check_same(manifest.config, resolved, str(out))
    if not manifest.complete and (manifest.commit, manifest.versions) != (provenance.commit(), provenance.versions()):
        print(f"simlearn: {out} was begun by another version of the code or its packages; scenes may differ in detail", file=sys.stderr)
    sizes = store.sizes(SHARDS)
    kept = tuple(record for record in manifest.shards if sizes.get(record.name) == record.bytes)
    return dataclasses.replace(manifest, shards=kept, complete=manifest.complete and len(kept) == len(manifest.shards))


def _check_same(old: Mapping[str, Any], new: Mapping[str, Any], out: str) -> None:
    for key in (*new, *(key for key in old if key not in new)):
        if new.get(key) != old.get(key):
            raise UserError(
                f"{out} was begun with {key} {old.get(key)!r}, not {new.get(key)!r}: "
                "resume it with the same settings, or choose another folder"
            )
