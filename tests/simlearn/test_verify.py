"""Verification finds nothing wrong with sound data, and names what was falsified."""

import shutil

import numpy as np
import pytest
import tiny_world
from spoiling import falsify, flip, manifest, place_of, relist

from scenes.errors import UserError
from simlearn.invariants import contour_of
from simlearn.shards import ShardReader
from simlearn.verify import verify

SHARD = "shards/scene_000001.h5"


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    out = tmp_path_factory.mktemp("verify") / "data"
    tiny_world.make(out, width=64, height=48)
    return out


@pytest.fixture
def root(sound, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(sound, tmp_path / "data")


def test_sound_data_has_no_findings(sound):
    assert verify(sound, progress=False) == []


def distance(arrays):
    rows, columns = np.indices(arrays["depth"].shape)
    focal = 32 / np.tan(np.radians(35))
    return arrays["depth"] * np.sqrt(1 + ((columns + 0.5 - 32) / focal) ** 2 + ((rows + 0.5 - 24) / focal) ** 2)


@pytest.mark.parametrize(
    ("label", "change", "caught_in"),
    [
        ("flow_forward", lambda a: -a["flow_forward"], "flow_forward"),
        ("flow_backward", lambda a: a["flow_backward"][..., ::-1], "flow_backward"),
        ("flow_forward", lambda a: a["flow_forward"] + 0.5 * a["valid"][..., None], "flow_forward"),
        ("flow_forward", lambda a: np.where(a["valid"][..., None], a["flow_forward"], 3), "flow_forward"),
        ("depth", distance, "flow_forward"),
        ("depth", lambda a: np.where(np.isfinite(a["depth"]), a["depth"], 0), "depth"),
        ("valid", lambda a: np.ones_like(a["valid"]), "depth"),
        ("normal", lambda a: -a["normal"], "normal"),
        ("normal", lambda a: 0.99 * a["normal"], "normal"),
        ("instance", lambda a: np.roll(a["instance"], 1, axis=1), "instance"),
        ("instance", lambda a: a["instance"] + a["valid"], "semantic"),
        ("semantic", lambda a: a["semantic"] + a["valid"], "semantic"),
        ("contour", lambda a: ~a["contour"], "contour"),
        ("occluded_backward", lambda a: a["valid"], "occluded_backward"),
        ("out_of_frame_backward", lambda a: a["valid"] & ~a["out_of_frame_backward"], "out_of_frame_backward"),
    ],
)
def test_falsified_labels_are_named(root, label, change, caught_in):
    falsify(root, SHARD, label, change)
    findings = verify(root, progress=False)
    assert {(f.shard, f.frame) for f in findings} == {(SHARD, 1)}
    assert caught_in in {f.label for f in findings}
    assert f"{SHARD}, frame 1, {caught_in}: " in " ".join(map(str, findings))


def test_flow_of_moving_objects_is_checked_with_their_poses(root):
    """Flow as if the moving ball stood still is wrong on that ball alone."""

    def frozen(arrays):
        return np.where((arrays["instance"] == 3)[..., None], arrays["flow_forward"] + 1, arrays["flow_forward"])

    with ShardReader(root / SHARD) as reader:
        pixels = int((reader.read("instance", 1) == 3).sum())
    assert pixels > 20
    falsify(root, SHARD, "flow_forward", frozen)
    (finding,) = verify(root, progress=False)
    assert finding.message.startswith(f"{pixels} vectors differ from the reprojection")


def test_a_flipped_byte_is_named(root):
    flip(root / SHARD, place_of(root / SHARD, "depth", 2) + 5)
    findings = verify(root, progress=False)
    assert {f.shard for f in findings} == {SHARD}
    assert "checksum" in findings[0].message
    assert findings[0].broken
    assert [(f.label, f.frame) for f in findings[1:]] == [("depth", 2)]


def errors_of(path, right):
    """What is refused when all of a shard is read; what is not refused must be `right`."""
    said = []
    try:
        with ShardReader(path) as reader:
            for (name, t), array in right.items():
                try:
                    np.testing.assert_array_equal(reader.read(name, t), array)
                except UserError as error:
                    said.append(str(error))
    except UserError as error:
        said.append(str(error))
    return said


def test_a_flipped_byte_anywhere_is_found_and_never_read_as_a_label(root):
    """Whatever part of the file it hits, verification names the shard, and the reader gives the right values or an error."""
    path, whole = root / SHARD, (root / SHARD).read_bytes()
    with ShardReader(path) as reader:
        right = {(name, t): reader.read(name, t) for name in reader.labels for t in range(3)}
    rng = np.random.default_rng(4)
    said = []
    for position in (*range(0, 4096, 127), *rng.integers(0, len(whole), 20)):
        flip(path, position, 1 << int(rng.integers(8)))
        said += errors_of(path, right)
        path.write_bytes(whole)
    assert len(said) > 20
    assert all(str(path) in text for text in said)
    for position in (0, len(whole) // 2, len(whole) - 1):
        flip(path, position)
        assert [f.shard for f in verify(root, progress=False) if f.broken] == [SHARD]
        path.write_bytes(whole)


def test_missing_truncated_and_foreign_files_are_named(root):
    whole = (root / SHARD).read_bytes()
    (root / SHARD).write_bytes(whole[: len(whole) // 2])
    (root / "shards" / "scene_000002.h5").unlink()
    (root / "shards" / "notes.txt").write_text("")
    said = "\n".join(map(str, verify(root, progress=False)))
    assert f"{SHARD}: its checksum differs" in said
    assert "truncated or damaged" in said
    assert "shards/scene_000002.h5: is missing" in said
    assert "does not list: notes.txt" in said


def test_an_unfinished_data_set_is_a_finding_and_no_data_set_an_error(root, tmp_path):
    manifest(root, lambda d: d | {"complete": False, "shards": []})
    assert "not complete, 0 of 3 scenes" in str(verify(root, progress=False)[0])
    with pytest.raises(UserError, match="holds no data set"):
        verify(tmp_path)


def test_contour_by_hand():
    ids = np.array([[1, 1, 2], [1, 1, 1], [3, 1, 1]])
    expected = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]], dtype=bool)
    np.testing.assert_array_equal(contour_of(ids), expected)


def test_a_shard_of_another_scene_is_found(root):
    shutil.copy(root / "shards/scene_000002.h5", root / SHARD)
    relist(root, SHARD)
    assert [str(f) for f in verify(root, progress=False)] == [f"{SHARD}: its index is 2, not 1"]


def test_as_many_frames_are_checked_as_are_asked_for(root):
    falsify(root, SHARD, "flow_forward", lambda a: -a["flow_forward"])
    assert verify(root, frames_per_scene=2, progress=False) == []
    assert len(verify(root, frames_per_scene=3, progress=False)) == 1
