"""Damaged shards of a data set, rendered anew: what is put in place has the checksum that the manifest lists, or nothing is replaced."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from scenes.errors import UserError
from simlearn import provenance
from simlearn.generate import GenerateConfig, rendered
from simlearn.manifest import FORMAT_VERSION, Manifest
from simlearn.progress import FrameProgress
from simlearn.stores import LocalStore
from simlearn.verify import Finding, check_shard

SCRATCH = ".repair-"


def repair(root: str | Path, findings: Iterable[Finding], *, workers: int = 1, progress: bool = True) -> list[Finding]:
    """Render the shards that `findings` (of `simlearn.verify`) call broken, and return the findings that remain.

    Only these scenes are rendered, beside the data set; a file takes a shard's place when it is, byte for byte, the one that the manifest
    lists. Where it is not, because the code or a package has changed since, the old file stays and a finding says so.
    Raises UserError for a data set that cannot be rendered from its manifest, and while another process writes to it.
    """
    root, findings = Path(root), list(findings)
    broken = {finding.shard for finding in findings if finding.broken}
    if not broken:
        return findings
    store = LocalStore(root)
    with store.locked(), _scratch(root) as scratch:
        manifest = Manifest.load(root)
        records = {record.scene: record for record in manifest.shards if record.name in broken}
        config = _config(root, manifest, scratch, workers)
        remaining = [finding for finding in findings if finding.shard not in broken]
        total = sum(record.frames for record in records.values())
        with FrameProgress("repair", total, enabled=progress) as bar, contextlib.closing(rendered(config, list(records))) as made:
            for found in made:
                record = records[found.scene]
                if found.sha256 == record.sha256:
                    _put(scratch / found.name, root / record.name)
                    remaining += check_shard(root, manifest, record, record.frames)
                else:
                    (scratch / found.name).unlink()
                    text = f"rendered anew it comes out different, so the old file was left as it is: {_difference(manifest)}"
                    remaining += [f for f in findings if f.shard == record.name] + [Finding(shard=record.name, message=text)]
                bar.advance(found.frames, found.bytes)
    return remaining


@contextlib.contextmanager
def _scratch(root: Path) -> Iterator[Path]:
    """A folder on the file system of the data set; what a killed repair left is removed first."""
    for leftover in root.glob(f"{SCRATCH}*"):
        if not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=root) as folder:
        yield Path(folder)


def _config(root: Path, manifest: Manifest, out: Path, workers: int) -> GenerateConfig:
    if manifest.format_version != FORMAT_VERSION:
        raise UserError(
            f"{root} was written in version {manifest.format_version} of the format, and this program writes version {FORMAT_VERSION}: "
            f"repair it with the program that made it (commit {manifest.commit}), or generate it anew"
        )
    for name, value in _settings(manifest):
        if "/" in value or "\\" in value or Path(value).exists():
            raise UserError(
                f"{root} was made with {name}={value}, and repair follows no path that a file names: "
                "delete the damaged shards and run the `simlearn generate` command of the data set again with --resume"
            )
    try:
        return GenerateConfig.of_manifest(manifest.config, out, workers=workers)
    except UserError as error:
        raise UserError(f"{root} cannot be rendered from its manifest ({error}): {_difference(manifest)}") from error


def _settings(manifest: Manifest) -> Iterator[tuple[str, str]]:
    for table in ("settings", "renderer_settings"):
        yield from ((str(name), str(value)) for name, value in manifest.config.get(table, {}).items())


def _difference(manifest: Manifest) -> str:
    """What the data set was made by, as far as it is not what runs now."""
    then = {"commit": manifest.commit, **manifest.versions}
    now: Mapping[str, str] = {"commit": provenance.commit(), **provenance.versions()}
    changed = [
        f"{name} {then.get(name, 'absent')}, now {now.get(name, 'absent')}" for name in {**then, **now} if then.get(name) != now.get(name)
    ]
    if not changed:
        return "code and packages are those that it was made by, so the manifest or the machine must differ"
    return f"it was made by {'; '.join(changed)}"


def _put(new: Path, place: Path) -> None:
    """Move a file, which is safe on disk, to its place; what was there under the name (a link too) is replaced."""
    os.replace(new, place)
    provenance.sync_folder(place.parent)
