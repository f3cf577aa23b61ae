"""Repair renders what is broken, and only that; what it puts in place is the very file that was there, or nothing changes."""

import fcntl
import os
import shutil

import pytest
import tiny_world
from spoiling import flip, manifest, place_of

from scenes.errors import UserError
from simlearn.repair import repair
from simlearn.verify import verify

FIRST, SECOND, THIRD = (f"shards/scene_{k:06d}.h5" for k in range(3))


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    out = tmp_path_factory.mktemp("repair") / "data"
    tiny_world.make(out)
    return out


@pytest.fixture
def root(sound, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(sound, tmp_path / "data")


def repaired(root):
    return repair(root, verify(root, progress=False), progress=False)


def test_flipped_missing_truncated_and_linked_shards_come_back_byte_for_byte(sound, root, tmp_path):
    """All kinds of damage in turn; shards that are whole are not touched, nor is what a link points to."""
    elsewhere = tmp_path / "elsewhere.h5"
    shutil.copy(root / SECOND, elsewhere)
    untouched = (root / FIRST).stat()

    def flipped():
        flip(root / SECOND, place_of(root / SECOND, "flow_forward", 2) + 3)

    def missing():
        (root / THIRD).unlink()

    def truncated():
        os.truncate(root / THIRD, 3000)

    def linked():
        (root / SECOND).unlink()
        (root / SECOND).symlink_to(elsewhere)

    def abandoned():
        (root / ".repair-old/shards").mkdir(parents=True)
        (root / ".repair-old/shards/half.h5").write_bytes(b"of a repair that was killed")

    for spoils in ((flipped, missing), (linked, truncated, abandoned)):
        for spoil in spoils:
            spoil()
        assert {f.shard for f in verify(root, progress=False) if f.broken} == {SECOND, THIRD}
        assert repaired(root) == []
        assert tiny_world.contents(root) == tiny_world.contents(sound)
        assert not (root / SECOND).is_symlink()
    assert (root / FIRST).stat().st_ino == untouched.st_ino
    assert (root / FIRST).stat().st_mtime_ns == untouched.st_mtime_ns
    assert elsewhere.read_bytes() == (sound / SECOND).read_bytes()
    assert sorted(path.name for path in root.iterdir()) == ["manifest.json", "shards"]


def test_what_comes_out_different_replaces_nothing_and_says_why(root):
    """As if another version had made the data set: the manifest lists a file that today's code does not write."""
    flip(root / SECOND, place_of(root / SECOND, "depth", 0))
    damaged = (root / SECOND).read_bytes()
    manifest(root, lambda d: d | {"versions": d["versions"] | {"numpy": "1.0"}, "shards": [s | {"sha256": "0" * 64} for s in d["shards"]]})
    findings = [f for f in repaired(root) if f.shard == SECOND]
    assert (root / SECOND).read_bytes() == damaged
    said = findings[-1].message
    assert "rendered anew it comes out different" in said
    assert "numpy 1.0, now" in said
    assert "checksum differs" in findings[0].message
    assert sorted(path.name for path in root.iterdir()) == ["manifest.json", "shards"]


def test_nothing_broken_needs_nothing(root, monkeypatch):
    monkeypatch.setattr("simlearn.repair.rendered", None)
    assert repaired(root) == []
    (root / "shards/notes.txt").write_text("")
    (finding,) = repaired(root)
    assert "does not list: notes.txt" in finding.message


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d | {"format_version": 1}, r"written in version 1 of the format.*repair it with the program that made it \(commit "),
        (
            lambda d: d | {"config": d["config"] | {"settings": {"texture_folder": "/etc"}}},
            r"texture_folder=/etc, and repair follows no path",
        ),
        (lambda d: d | {"config": d["config"] | {"settings": {"texture_folder": ".."}}}, "repair follows no path"),
        (
            lambda d: d | {"config": d["config"] | {"family": "no such"}},
            "cannot be rendered from its manifest.*unknown scene family 'no such'",
        ),
        (
            lambda d: d | {"commit": "abc", "config": d["config"] | {"family_config": d["config"]["family_config"] | {"balls": "9"}}},
            "cannot be rendered from its manifest.*made by commit abc, now",
        ),
    ],
)
def test_what_cannot_be_rendered_is_refused_before_anything_changes(root, change, sentence):
    os.truncate(root / SECOND, 3000)
    manifest(root, change)
    with pytest.raises(UserError, match=sentence):
        repaired(root)
    assert (root / SECOND).stat().st_size == 3000
    assert sorted(path.name for path in root.iterdir()) == ["manifest.json", "shards"]


def test_a_data_set_that_is_being_written_is_left_alone(root):
    os.truncate(root / SECOND, 3000)
    descriptor = os.open(root, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(UserError, match="another process"):
            repaired(root)
    finally:
        os.close(descriptor)
