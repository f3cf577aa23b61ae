"""Pictures of labels: colours mean what they are said to mean, sheets and films hold the frames."""

import av
import numpy as np
import pytest
import tiny_world
from PIL import Image

from renderers.frame import DEFAULT_LABELS
from scenes.errors import UserError
from simlearn.colorize import colorize, scale_of
from simlearn.shards import ShardReader
from simlearn.view import CAPTION_PX, GAP_PX, contact_sheet, join, movie, view


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp("view") / "data"
    tiny_world.make(out, scenes=2)
    return out


def test_near_is_red_far_is_blue_nothing_is_black():
    near, far, nothing = colorize("depth", np.array([[1.0, 8.0, np.inf]], dtype=np.float32), (1.0, 8.0))[0].astype(int)
    assert near[0] > near[2] + 50
    assert far[2] > far[0]
    assert nothing.tolist() == [0, 0, 0]


def test_normals_of_a_wall_ahead_and_of_the_floor():
    wall, floor, sky = colorize("normal", np.array([[[0, 0, -1], [0, -1, 0], [0, 0, 0]]], dtype=np.float32))[0].tolist()
    assert wall == [128, 128, 255]
    assert floor == [128, 255, 128]
    assert sky == [0, 0, 0]


def test_flow_directions_are_the_promised_hues():
    flow = np.array([[[9, 0], [0, 9], [-9, 0], [0, -9], [0, 0]]], dtype=np.float32)
    right, down, left, up, still = colorize("flow_forward", flow, (0, 9))[0].tolist()
    assert right == [255, 0, 0]
    assert left == [0, 255, 255]
    assert down == [128, 255, 0]
    assert up == [128, 0, 255]
    assert still == [255, 255, 255]


def test_ids_keep_their_colour_and_differ():
    ids = np.arange(60, dtype=np.uint16)[None]
    colors = colorize("instance", ids)[0]
    assert len({tuple(c) for c in colors.tolist()}) == 60
    np.testing.assert_array_equal(colorize("instance", ids[:, ::-1])[0], colors[::-1])
    classes = colorize("semantic", np.arange(41, dtype=np.uint8)[None])[0]
    assert len({tuple(c) for c in classes.tolist()}) == 41
    assert classes[15].tolist() == [192, 128, 128]  # the VOC table's colour of class 15


def test_scale_is_shared_by_several_pictures():
    near, far = np.full((4, 4), 1.0), np.full((4, 4), 5.0)
    assert scale_of("depth", [near, far]) == (1.0, 5.0)
    empty = np.full((2, 2), np.inf)
    assert (colorize("depth", empty) == 0).all()
    with pytest.raises(UserError, match="no colours for label 'dept'"):
        colorize("dept", near)


def test_the_sheet_shows_every_label_of_every_frame(root, tmp_path):
    contact_sheet(root, tmp_path / "sheet.png", frames=(0, 2), tile_width=48)
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (CAPTION_PX + 4 * (36 + GAP_PX), 13 * (48 + GAP_PX) - GAP_PX, 3)
    with ShardReader(root / "shards" / "scene_000001.h5") as reader:
        for column, name in enumerate(DEFAULT_LABELS):
            top, left = CAPTION_PX + 3 * (36 + GAP_PX) + GAP_PX, column * (48 + GAP_PX)
            np.testing.assert_array_equal(sheet[top : top + 36, left : left + 48], colorize(name, reader.read(name, 2)))
    captions = sheet[:CAPTION_PX]
    for column in range(13):
        assert (captions[:, column * (48 + GAP_PX) :][:, :48] < 128).any(), "a caption is empty"


def test_the_film_has_every_frame_of_every_clip(root, tmp_path):
    movie(root, tmp_path / "film.mp4", labels=("rgb", "valid", "depth"), scenes=2, tile_width=96)
    with av.open(str(tmp_path / "film.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(frames) == 6
    with ShardReader(root / "shards" / "scene_000001.h5") as reader:
        rgb = np.asarray(Image.fromarray(reader.read("rgb", 0)).resize((96, 72), Image.Resampling.NEAREST))
    top = CAPTION_PX + GAP_PX
    assert np.abs(frames[3][top : top + 72, :96].astype(int) - rgb).mean() < 12, "the fourth picture is not the second clip's first frame"


def test_the_ending_chooses_and_wrong_requests_are_sentences(root, tmp_path):
    assert view(root, tmp_path / "a.png", labels=("rgb",), scenes=1).read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(UserError, match=r"neither a \.png nor an \.mp4 nor an \.rrd"):
        view(root, tmp_path / "a.gif")
    with pytest.raises(UserError, match="unknown label rbg"):
        view(root, tmp_path / "a.png", labels=("rbg",))
    with pytest.raises(UserError, match="at least 1"):
        view(root, tmp_path / "a.png", scenes=0)
    with pytest.raises(UserError, match="no frame 7"):
        contact_sheet(root, tmp_path / "a.png", frames=(7,))
    with pytest.raises(UserError, match=r"no scene 2: .* has the scenes 0 \.\.\. 1"):
        view(root, tmp_path / "a.png", scenes=(1, 2))
    with pytest.raises(UserError, match="nothing to write and nothing to show"):
        view(root)
    with pytest.raises(UserError, match="without objects"):
        view(root, tmp_path / "b.png", boxes=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png"]


def test_join_pads_with_grey():
    joined = join([np.zeros((2, 3, 3), np.uint8), np.zeros((1, 2, 3), np.uint8)], axis=0)
    assert joined.shape == (3 + GAP_PX, 3, 3)
    assert (joined[-1, 2] == 200).all()
