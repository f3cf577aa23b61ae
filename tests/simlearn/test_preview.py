"""The sheet of inputs and pseudo labels."""

import numpy as np
import tiny_world
from PIL import Image

from simlearn.cli import main
from simlearn.preview import COLUMNS, TILE_PX, _sheet, _tile


def test_a_sheet_shows_every_sample_in_a_row_of_its_own(tmp_path, capsys):
    tiny_world.make(tmp_path / "data", scenes=2, frames=1, width=96, height=72)
    try:
        main(
            [
                "train",
                "--pretext",
                "game_engine",
                "--data",
                str(tmp_path / "data"),
                "--out",
                str(tmp_path / "run"),
                "--width",
                "8",
                "--preview",
            ]
        )
    except SystemExit as ended:
        assert ended.code == 0  # noqa: PT017
    assert capsys.readouterr().out.strip() == str(tmp_path / "run" / "preview.png")
    sheet = np.asarray(Image.open(tmp_path / "run" / "preview.png"))
    columns = 7  # input; normals, depth and contours, each with its prediction
    assert columns < COLUMNS
    assert sheet.shape[1] == columns * TILE_PX + (columns - 1) * 4
    rows = np.flatnonzero((sheet[:, :TILE_PX] == 255).all(axis=(1, 2)))  # white of the captions' upper edge
    assert len(set(rows // (TILE_PX + 20))) >= 2
    assert sheet[30 : 30 + TILE_PX // 2, :TILE_PX].std() > 10, "the input is a picture"


def test_frames_of_a_clip_side_by_side_keep_their_shape():
    strip = np.arange(48 * 144 * 3).reshape(48, 144, 3).astype(np.uint8)
    assert _tile(strip).shape == (TILE_PX, 3 * TILE_PX, 3)
    assert _tile(strip.transpose(1, 0, 2)).shape == (TILE_PX, TILE_PX, 3)
    assert _sheet([("a strip", strip), ("a square", strip[:, :48])], 1).shape[1] == 4 * TILE_PX + 4
