"""Exports hold the frames, nothing else, and are whole or absent."""

import numpy as np
import pytest
import tiny_world

from renderers.frame import DEFAULT_LABELS, LABELS
from scenes.errors import UserError
from scenes.families import FAMILIES
from scenes.randomness import Streams
from simlearn.exporters import EXPORTERS
from simlearn.exporters import numpy as exporter

MOTION = [f"{kind}_{direction}" for kind in ("flow", "occluded", "out_of_frame") for direction in ("forward", "backward")]
KEYS = [
    "rgb",
    "depth",
    "normal",
    "instance",
    "semantic",
    "contour",
    *MOTION,
    "valid",
    "K",
    "pose",
    "scene",
    "time",
    "lens",
    "lens_coefficients",
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp("exporters") / "data"
    tiny_world.make(out, frames=11)
    return out


@pytest.mark.parametrize("compress", [False, True])
def test_numpy_files_hold_the_rendered_frames(root, tmp_path, compress):
    EXPORTERS["numpy"](root, tmp_path / "out", compress=compress, progress=False)
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == [f"scene_{s:06d}_frame_{t:04d}.npz" for s in range(3) for t in range(11)]
    config = FAMILIES["tiny"].Config(frames=11, width=48, height=36)
    for scene in range(3):
        world = FAMILIES["tiny"].sample(config, Streams(5, scene))
        for time in (0, 10):
            frame = tiny_world.TinyRenderer(world).render(time)
            with np.load(tmp_path / "out" / f"scene_{scene:06d}_frame_{time:04d}.npz", allow_pickle=False) as file:
                assert sorted(file) == sorted(KEYS)
                for name in DEFAULT_LABELS:
                    label = LABELS[name]
                    assert file[name].dtype == label.dtype
                    assert file[name].tobytes() == frame[name].tobytes(), name
                    assert file[name].shape == label.shape(36, 48)
                np.testing.assert_array_equal(file["pose"], world.camera_motion.at(time))
                np.testing.assert_array_equal(file["K"], world.camera.K)
                assert file["pose"].dtype == np.float64
                assert (file["scene"], file["time"]) == (scene, time)


def test_an_interrupted_export_is_absent_and_continues(root, tmp_path, monkeypatch):
    out, partial = tmp_path / "out", tmp_path / "out.partial"
    written = []

    def stops_at_the_fifth(arrays, **options):
        if len(written) == 5:
            (partial / ".file.npz.tmp-123").write_bytes(b"half")
            raise KeyboardInterrupt
        written.append((arrays["scene"], arrays["time"]))
        return original(arrays, **options)

    original = exporter._encoded
    monkeypatch.setattr(exporter, "_encoded", stops_at_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        EXPORTERS["numpy"](root, out, progress=False)
    assert not out.exists()
    with pytest.raises(UserError, match="or this one in another way"):
        EXPORTERS["numpy"](root, out, compress=True, progress=False)
    monkeypatch.setattr(exporter, "_encoded", lambda a, **k: written.append((a["scene"], a["time"])) or original(a, **k))
    EXPORTERS["numpy"](root, out, progress=False)
    assert len(written) == len(set(written)) == 33, "finished frames were written again"
    assert not partial.exists()
    EXPORTERS["numpy"](root, tmp_path / "straight", progress=False)
    assert tiny_world.contents(out) == tiny_world.contents(tmp_path / "straight")


def test_unusable_folders_are_sentences(root, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    with pytest.raises(UserError, match="not an empty folder"):
        EXPORTERS["numpy"](root, tmp_path / "full", progress=False)
    with pytest.raises(UserError, match="cannot write to"):
        EXPORTERS["numpy"](root, tmp_path / "full" / "file" / "deeper", progress=False)
    with pytest.raises(UserError, match="holds no data set"):
        EXPORTERS["numpy"](tmp_path, tmp_path / "out", progress=False)
    tiny_world.make(tmp_path / "depths", scenes=1, labels=("depth",))
    with pytest.raises(UserError, match=r"was made without rgb.*generate --labels rgb depth"):
        EXPORTERS["numpy"](tmp_path / "depths", tmp_path / "out", labels=("rgb",), progress=False)
    with pytest.raises(UserError, match="unknown export format 'nunpy': did you mean 'numpy'"):
        EXPORTERS["nunpy"]


def test_the_partial_folder_of_another_data_set_is_refused(root, tmp_path):
    partial = tmp_path / "out.partial"
    partial.mkdir()
    (partial / ".source").write_text("another data set")
    with pytest.raises(UserError, match="left over from exporting another"):
        EXPORTERS["numpy"](root, tmp_path / "out", progress=False)
