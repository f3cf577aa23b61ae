"""Folders of pictures: what is bad is left out by name, what is odd is read right, and nothing stops a long training."""

import shutil
import warnings

import numpy as np
import pytest
from PIL import Image

from scenes.errors import UserError
from simlearn.datasets.pictures import Pictures, PictureWarning, read_picture


def gradient(width=48, height=40):
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([across, down, 255 - down], axis=-1).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Good, odd and bad files, some of them in a folder below."""
    place = tmp_path / "pictures"
    (place / "below").mkdir(parents=True)
    colour = Image.fromarray(gradient())
    colour.save(place / "a_good.png")
    colour.convert("L").save(place / "b_grey.png")
    colour.convert("CMYK").save(place / "c_cmyk.jpg", quality=95)
    colour.convert("P").save(place / "d_animated.gif", save_all=True, append_images=[Image.new("P", (48, 40))])
    Image.fromarray((np.arange(40 * 48).reshape(40, 48) * 30).astype(np.uint16)).save(place / "below" / "e_sixteen_bits.png")
    colour.save(place / "below" / "f_good.webp", lossless=True)
    (place / "g_empty.jpg").touch()
    (place / "h_text.png").write_text("not a picture")
    colour.resize((48, 20)).save(place / "i_flat.png")
    (place / "notes.txt").write_text("no picture either, and not called one")
    return place


def test_good_and_odd_files_are_read_and_bad_ones_named(folder):
    with pytest.warns(
        PictureWarning, match=r"3 of 9 pictures .*g_empty\.jpg \(empty\).*h_text\.png \(not an image\).*i_flat\.png \(48x20"
    ) as said:
        pictures = Pictures.of_folder(folder)
    assert len(said) == 1
    assert sorted(path.name[0] for path in pictures.paths) == list("abcdef")
    items = {path.name[0]: pictures[k]["rgb"].numpy() for k, path in enumerate(pictures.paths)}
    truth = gradient().transpose(2, 0, 1)
    assert all(item.shape == (3, 40, 48) and item.dtype == np.uint8 for item in items.values())
    for exact in "af":
        np.testing.assert_array_equal(items[exact], truth)
    assert np.abs(items["c"].astype(int) - truth).mean() < 4
    assert np.abs(items["d"].astype(int) - truth).mean() < 20  # a palette of 256 colours
    np.testing.assert_array_equal(items["b"][0], items["b"][2])
    sixteen = items["e"][0].astype(int)
    assert (sixteen.min(), sixteen.max()) == (0, 255)
    assert (np.diff(sixteen.ravel()) >= 0).all()


def test_a_picture_that_breaks_off_is_replaced_by_the_next_and_named_once(tmp_path):
    rng = np.random.default_rng(0)
    for name in "abc":
        Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(tmp_path / f"{name}.jpg")
    data = (tmp_path / "b.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(data[: len(data) // 2])
    pictures = Pictures.of_folder(tmp_path)
    with pytest.warns(PictureWarning, match=r"b\.jpg is left out .*truncated"):
        replacement = pictures[1]["rgb"]
    np.testing.assert_array_equal(replacement, pictures[2]["rgb"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pictures[1]


def test_photographs_are_upright_and_large_ones_reduced(tmp_path):
    picture = Image.fromarray(gradient(60, 40))
    exif = picture.getexif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees to see it upright
    picture.save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_picture(tmp_path / "turned.png"), np.rot90(gradient(60, 40), -1).transpose(2, 0, 1))
    Image.fromarray(gradient(2000, 1000)).save(tmp_path / "large.jpg")
    large = read_picture(tmp_path / "large.jpg")
    assert large.shape == (3, 320, 640)
    assert np.abs(large[0, 100].astype(float) - np.linspace(0, 255, 640)).max() < 6


def test_links_do_not_lead_out_and_an_empty_folder_is_a_sentence(tmp_path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    Image.fromarray(gradient()).save(outside / "secret.png")
    (inside / "link.png").symlink_to(outside / "secret.png")
    with pytest.raises(UserError, match="holds no picture to train on: give another folder"):
        Pictures.of_folder(inside)
    shutil.copy(outside / "secret.png", inside / "own.png")
    assert len(Pictures.of_folder(inside)) == 1
