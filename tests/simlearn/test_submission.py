"""Archives for evaluation servers: complete, with the right bytes, or refused with a sentence."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from scenes.errors import UserError
from simlearn.benchmarks import kitti_depth_prediction
from simlearn.benchmarks.depth_maps import Disparity
from simlearn.benchmarks.predictions import Unusable
from simlearn.formats.kitti import encode_depth
from simlearn.submission import SUBMISSIONS, Submission, write_submission

NAME = "kitti_depth_prediction"


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def full(metres: float) -> np.ndarray:
    return np.full((352, 1216), metres, np.float32)


@pytest.fixture
def three(monkeypatch):
    """The server's test with its first three images only."""
    entries = dict(list(kitti_depth_prediction.SUBMISSION.entries.items())[:3])
    monkeypatch.setattr(kitti_depth_prediction, "SUBMISSION", replace(kitti_depth_prediction.SUBMISSION, entries=entries))


@pytest.mark.parametrize("name", list(SUBMISSIONS))
def test_every_submission_says_what_it_is_and_has_no_path_twice(name):
    submission = SUBMISSIONS[name]
    assert isinstance(submission, Submission)
    assert submission.title.endswith(".")
    assert submission.__doc__ == submission.title
    assert all(not path.startswith(("/", ".")) for path in submission.entries)


def test_kitti_wants_500_names_of_ten_digits():
    names = list(kitti_depth_prediction.SUBMISSION.entries)
    assert (len(names), names[0], names[-1]) == (500, "0000000000.png", "0000000499.png")


def test_values_are_256_times_metres_rounded_and_never_0():
    depth = full(10)
    depth[0, :6] = [10.0019, 10.0021, 0.001, 80, 255.999, 300]  # 10.0019 x 256 = 2560.49
    values = pixels(kitti_depth_prediction.encode(depth, 1.0))
    assert (values.dtype, values.shape) == (np.uint16, (352, 1216))
    assert values[0, :7].tolist() == [2560, 2561, 1, 20480, 65535, 65535, 2560]


def test_disparity_is_resized_before_it_is_inverted():
    disparity = np.array([[0.1, 0.2]], np.float32).repeat(2, 0)
    values = pixels(kitti_depth_prediction.encode(Disparity(disparity), 5.4))
    assert values[0, [0, 1215]].tolist() == [54 * 256, 27 * 256]
    assert values[9, 607] == pytest.approx(5.4 / 0.15 * 256, abs=20)  # resized as depth it would be 40.5 m
    assert values[9, 607] != pytest.approx(40.5 * 256, abs=500)


def test_unusable_predictions():
    for wrong, why in ((full(np.nan), "without a prediction"), (full(0), "not positive"), (Disparity(full(-1)), "negative")):
        with pytest.raises(Unusable, match=why):
            kitti_depth_prediction.encode(wrong, 1.0)


@pytest.mark.usefixtures("three")
def test_the_archive_holds_all_files_at_its_root_and_repeats(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number:010d}.png").write_bytes(encode_depth(full(number + 1)))
    assert write_submission(NAME, folder, tmp_path / "a.zip") == 3
    write_submission(NAME, folder, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["0000000000.png", "0000000001.png", "0000000002.png"]
        assert [pixels(archive.read(name))[5, 5] for name in archive.namelist()] == [256, 512, 768]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "b.zip", "mine"]


@pytest.mark.usefixtures("three")
def test_one_file_of_all_disparities(tmp_path):
    np.save(tmp_path / "disps.npy", np.stack([np.full((6, 20), d, np.float32) for d in (0.1, 0.2, 0.5)]))
    write_submission(NAME, tmp_path / "disps.npy", tmp_path / "a.zip", scale=2.0)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert [pixels(archive.read(name))[0, 0] for name in archive.namelist()] == [20 * 256, 10 * 256, 4 * 256]
    np.save(tmp_path / "disps.npy", np.ones((2, 6, 20), np.float32))
    with pytest.raises(UserError, match="holds 2 predictions, the list has 3"):
        write_submission(NAME, tmp_path / "disps.npy", tmp_path / "a.zip")


@pytest.mark.usefixtures("three")
def test_an_incomplete_folder_is_refused_and_nothing_written(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "0000000000.png").write_bytes(encode_depth(full(1)))
    (folder / "0000000001.png").write_bytes(encode_depth(full(1))[:99])
    with pytest.raises(UserError, match=r"2 of 3 predictions.*0000000001 \(cannot be read.*0000000002 \(no file"):
        write_submission(NAME, folder, tmp_path / "out.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_bad_names_are_refused_with_a_remedy(tmp_path):
    with pytest.raises(UserError, match="kitti_depth_prediction"):
        write_submission("kitti_depth", tmp_path, tmp_path / "a.zip")
    with pytest.raises(UserError, match=r"ends in \.zip"):
        write_submission(NAME, tmp_path, tmp_path / "a.tar")
    with pytest.raises(UserError, match="not a folder"):
        write_submission(NAME, tmp_path / "nowhere", tmp_path / "a.zip")
