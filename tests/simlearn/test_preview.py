"""The sheet of inputs and pseudo labels."""

import numpy as np
import tiny_world
from PIL import Image

from simlearn.cli import main
from simlearn.preview import COLUMNS, TILE_PX


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
