"""Which data trains which pretext: the first that can, units first, and a reason for each that is left out."""

from __future__ import annotations

import pytest
import tiny_world
from written_videos import write_video

from renderers.frame import LABELS
from scenes.errors import UserError
from simlearn.assignment import GROUPS, UNITS, assign
from simlearn.datasets.root import data_root
from training.pretexts import PRETEXTS


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("places")
    tiny_world.make(folder / "worlds", scenes=1, frames=2, width=48, height=36)
    for name in ("silent", "loud"):
        write_video(folder / name / "v.mp4", frames=110, size=(48, 40), clicks_at=[0.5] if name == "loud" else None)
    return {name: str(folder / name) for name in ("worlds", "silent", "loud")}


def assigned(pretexts: list[str], data: list[str], backbone: str = "resnet18"):
    return assign(pretexts, data, backbone=backbone, width=2)


def test_each_takes_the_first_that_can_train_it(places):
    names = ["rotation", "game_engine", "frame_order", "audio_visual"]
    done = assigned(names, [places["worlds"], places["silent"], places["loud"]])
    assert done.data == {
        "rotation": places["worlds"],
        "game_engine": places["worlds"],
        "frame_order": places["silent"],  # the worlds have two frames each
        "audio_visual": places["loud"],
    }
    assert done.left_out == {}
    done = assigned(names, [places["worlds"], places["silent"], f"image={places['silent']}", f"clip={places['loud']}", places["loud"]])
    assert done.data == {
        "rotation": places["silent"],
        "game_engine": places["worlds"],
        "frame_order": places["loud"],
        "audio_visual": places["loud"],
    }


def test_groups_leave_out_what_does_not_fit_and_say_why(places, capsys):
    done = assigned(["image"], [places["worlds"]])
    assert "rotation" in done.data
    assert "game_engine" in done.data
    assert {PRETEXTS[name].unit for name in done.data} <= {"image", "labelled_frame"}
    assert "names the reference" in done.left_out["supervised"]
    assert "data set with labels" in done.left_out["semi_supervised"]
    done = assigned(["video", "rotation"], [places["silent"]])
    assert "frame_order" in done.data
    assert done.data["rotation"] == places["silent"]
    assert "no video with sound" in done.left_out["audio_visual"]
    done.show()
    said = capsys.readouterr().err
    assert f"trained on {places['silent']}: rotation, " in said
    assert "audio_visual is left out: " in said


def test_what_is_named_must_fit(places, tmp_path):
    with pytest.raises(UserError, match="'audio_visual' needs clips with sound, which rendered data sets lack"):
        assigned(["audio_visual"], [places["worlds"]])
    with pytest.raises(UserError, match=r"nowhere.* is not a folder"):
        assigned(["rotation"], [str(tmp_path / "nowhere")])
    with pytest.raises(UserError, match="no --data was given for its unit, image"):
        assigned(["rotation"], [f"clip={places['silent']}"])
    with pytest.raises(UserError, match="rotation: trains networks that read images, r3d18 reads clips"):
        assigned(["rotation"], [places["silent"]], backbone="r3d18")
    with pytest.raises(UserError, match="known are"):
        assigned(["rotatoin"], [places["silent"]])
    with pytest.raises(UserError, match="none of the pretexts can be trained on"):
        assigned(["image"], [places["silent"]], backbone="r3d18")


def test_groups_cover_all_units():
    assert sorted(GROUPS["image"] + GROUPS["video"]) == sorted(UNITS)


@pytest.mark.realdata
def test_real_samples_train_everything_but_what_needs_a_world():
    root = data_root()
    if root is None or not all(
        (root / name).is_dir() for name in ("weizmann", "surveillance_fights", "tiny-imagenet-200", "kitti/odometry")
    ):
        pytest.skip("no real data")
    done = assigned(["all"], ["tiny_imagenet", "weizmann", "surveillance_fights", "kitti_odometry"])
    by_unit = {PRETEXTS[name].unit: source for name, source in done.data.items()}
    assert by_unit["image"] == "tiny_imagenet"
    assert by_unit["clip_audio"] == "surveillance_fights"
    assert done.data["semi_supervised"] == "tiny_imagenet"
    assert "simlearn generate" in done.left_out["game_engine"]
    rendered = {name for name in PRETEXTS if set(PRETEXTS[name].labels) & (set(LABELS) - {"rgb"})}
    assert set(done.left_out) == rendered | {"supervised"}
