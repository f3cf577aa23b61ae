"""`simlearn predict`: which pictures are asked about, what is written, and what is said of those that cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from scenes.errors import UserError
from simlearn.datasets.video_file import VideoFile, write_video
from simlearn.formats import flo, kitti
from simlearn.predict import Shot, camera, paired, predict
from simlearn.trained import Trained
from training.checkpoint import MODEL_FILE, save_learner
from training.dense import build_dense
from training.seeds import seeded

CAMERA = np.array([[80.0, 0, 48], [0, 80, 32], [0, 0, 1]])


def run_of(folder: Path, task: str, **options: Any) -> Path:
    folder.mkdir()
    with seeded(0):
        learner = build_dense(task, {"size": "tiny", **options})
    save_learner(folder / MODEL_FILE, learner, {})
    return folder


@pytest.fixture(scope="module")
def flow_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_of(tmp_path_factory.mktemp("runs") / "flow", "flow")


@pytest.fixture(scope="module")
def maps_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_of(tmp_path_factory.mktemp("runs") / "maps", "dense", crop={"size": 64}, semantic=1.0, semantic_classes=5)


def pixels(seed: int, height: int = 64, width: int = 96) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    for i, name in enumerate(("a.png", "b.png", "more/c.png")):
        Image.fromarray(pixels(i)).save(folder / name)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def ask(run: Path, source: Path, out: Path, **options: Any) -> Any:
    return predict(run, source, out, progress=False, **options)


def test_flow_of_consecutive_pictures_in_every_format(flow_run: Path, pictures: Path, tmp_path: Path) -> None:
    done = ask(flow_run, pictures, tmp_path / "out", files=("kitti", "flo", "npy", "colour"))
    assert done.written == ["a", "b"]
    expected = Trained.open(flow_run).pair(pixels(1), pixels(2))["flow"]
    assert np.array_equal(np.load(tmp_path / "out/npy/b.npy"), expected)
    assert np.array_equal(flo.decode((tmp_path / "out/flo/b.flo").read_bytes())[0], expected)
    stored, known = kitti.decode_flow((tmp_path / "out/kitti/b.png").read_bytes())
    assert known.all()
    assert np.abs(stored - expected).max() <= 1 / 128
    assert Image.open(tmp_path / "out/colour/b.png").size == (96, 64)


def test_depth_in_metres_needs_the_camera_and_keeps_folders(maps_run: Path, pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--focal"):
        ask(maps_run, pictures, tmp_path / "out", task="depth", files=("kitti",))
    ask(maps_run, pictures, tmp_path / "out", task="depth", files=("kitti", "npy"), K=CAMERA)
    assert names(tmp_path / "out") == [
        f"{kind}/{name}"
        for kind, ending in (("kitti", ".png"), ("npy", ".npy"))
        for name in (f"a{ending}", f"b{ending}", f"more/c{ending}")
    ]
    depth = np.load(tmp_path / "out/npy/more/c.npy")
    assert np.array_equal(depth, Trained.open(maps_run).maps(pixels(2), K=CAMERA)["depth"])
    stored, known = kitti.decode_depth((tmp_path / "out/kitti/more/c.png").read_bytes())
    assert np.abs(stored - depth)[known].max() <= 1 / 256


def test_classes_are_ids_and_contours_grey(maps_run: Path, pictures: Path, tmp_path: Path) -> None:
    ask(maps_run, pictures / "a.png", tmp_path / "out", task="semantic")
    ids = np.asarray(Image.open(tmp_path / "out/ids/a.png"))
    assert ids.shape == (64, 96)
    assert ids.max() < 5
    ask(maps_run, pictures / "a.png", tmp_path / "out", task="contour")
    assert np.asarray(Image.open(tmp_path / "out/grey/a.png")).shape == (64, 96)
    with pytest.raises(UserError, match="choose among npy, colour"):
        ask(maps_run, pictures, tmp_path / "out", task="normal", files=("kitti",))


def test_what_cannot_be_used_is_named_and_the_rest_is_written(maps_run: Path, flow_run: Path, pictures: Path, tmp_path: Path) -> None:
    (pictures / "b.png").write_bytes(b"")
    Image.fromarray(pixels(5, 8, 8)).save(pictures / "speck.png")
    Image.fromarray(pixels(6)[..., 0]).save(pictures / "grey.png")
    Image.fromarray(pixels(6)[..., 0].astype(np.uint16) * 200).save(pictures / "sixteen.png")
    done = ask(maps_run, pictures, tmp_path / "out", task="depth")
    assert done.written == ["a", "grey", "more/c", "sixteen"]
    assert done.left_out == {"b": "not an image", "speck": "8x8, smaller than 16 pixels"}
    assert "2 left out: b (not an image), speck" in str(done)
    Image.fromarray(pixels(7, 70, 96)).save(pictures / "grey.png")
    done = ask(flow_run, pictures, tmp_path / "flow")
    assert done.left_out["a"] == "its partner b: not an image"
    assert done.left_out["grey"] == "the next picture has another size"


def test_pictures_named_as_kittis_are_paired_by_their_names() -> None:
    shots = [Shot(name, lambda: pixels(0)) for name in ("000000_10", "000000_11", "000001_10", "000001_11", "000002_10")]
    assert [(a.name, b.name) for a, b in paired(shots, 1)] == [("000000_10", "000000_11"), ("000001_10", "000001_11")]
    assert [(a.name, b.name) for a, b in paired([Shot(name, lambda: pixels(0)) for name in "abcd"], 2)] == [("a", "c"), ("b", "d")]


def test_an_interrupted_call_goes_on_and_the_same_again_changes_nothing(flow_run: Path, pictures: Path, tmp_path: Path) -> None:
    ask(flow_run, pictures, tmp_path / "out")
    before = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in names(tmp_path / "out")}
    (tmp_path / "out/kitti/b.png").unlink()
    done = ask(flow_run, pictures, tmp_path / "out")
    assert (done.written, done.there) == (["b"], ["a"])
    after = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in names(tmp_path / "out")}
    assert before["kitti/a.png"] == after["kitti/a.png"]
    assert ask(flow_run, pictures, tmp_path / "out", overwrite=True).written == ["a", "b"]


def test_a_video_gives_a_video_of_one_scale_of_colours(maps_run: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    write_video(film, [pixels(i, 63, 97) for i in range(20)], 12.5)
    scanned = VideoFile.scan(film)
    assert (len(scanned), scanned.width, scanned.height) == (20, 98, 64)
    assert scanned.rate == pytest.approx(12.5)
    done = ask(maps_run, film, tmp_path / "out", task="depth")
    assert done.written[-1] == "frame_000019"
    with av.open(str(tmp_path / "out/colour.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 20
    assert ask(maps_run, film, tmp_path / "out", task="depth").there == done.written


def test_large_pictures_are_reduced_and_their_flow_enlarged(flow_run: Path) -> None:
    network = Trained.open(flow_run)
    first, second = pixels(0, 128, 256), pixels(1, 128, 256)
    whole, reduced = network.pair(first, second)["flow"], network.pair(first, second, longest_px=128)["flow"]
    assert whole.shape == reduced.shape == (128, 256, 2)
    small = network.pair(*(np.asarray(Image.fromarray(rgb).resize((128, 64), Image.Resampling.BILINEAR)) for rgb in (first, second)))[
        "flow"
    ]
    assert np.abs(reduced.mean((0, 1)) - 2 * small.mean((0, 1))).max() < 0.5


def test_sources_without_pictures_are_told_in_a_sentence(maps_run: Path, flow_run: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "films").mkdir()
    (tmp_path / "films/drive.mp4").write_bytes(b"no video")
    for source, words in (
        ("nowhere", "does not exist"),
        ("empty", "holds no pictures"),
        ("films", "drive.mp4"),
        ("films/drive.mp4", "cannot be read"),
    ):
        with pytest.raises(UserError, match=words):
            ask(maps_run, tmp_path / source, tmp_path / "out")
    with pytest.raises(UserError, match="flow needs two"):
        ask(flow_run, pictures / "a.png", tmp_path / "out")
    Image.fromarray(pixels(0)).save(pictures / "a.bmp")
    with pytest.raises(UserError, match="several pictures named a"):
        ask(maps_run, pictures, tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--out"):
        ask(maps_run, pictures / "b.png", tmp_path / "file" / "out")
    assert camera((80.0,), pictures / "b.png").tolist() == CAMERA.tolist()
    with pytest.raises(UserError, match="positive"):
        camera((-1.0,), pictures)
