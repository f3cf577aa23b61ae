"""Pictures from a user's image files (also those inside .glb files), cut or stretched to a square and turned so that v points upwards."""

from __future__ import annotations

import io
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from scenes.errors import UserError
from scenes.importers.files import checked, digest_of, existing
from scenes.scene import Texture

LARGEST = 512  # texels along a side
FITS = ("stretch", "mirror")


def image(resolution: int, path: str, digest: str, entry: int = -1, fit: str = "stretch") -> NDArray[np.uint8]:
    """The picture of a file, sRGB uint8 [N, N, 3], N = `resolution`.

    `entry` is the number of an image stored in a glTF file, -1 for an image file. `fit`: "stretch" shows the whole picture once in the
    square, as the texture coordinates of a mesh expect; "mirror" cuts out the middle square and puts it together with its mirror images,
    so that it repeats without a seam. UserError when the file is missing, broken, or no longer has `digest`.
    """
    if fit not in FITS:
        raise UserError(f"unknown fit {fit!r} of an image: known are {', '.join(FITS)}")
    picture = _opened(str(checked(path, digest)), digest, entry)
    if fit == "stretch":
        pixels = np.asarray(picture.resize((resolution, resolution), Image.Resampling.BOX))
        return np.ascontiguousarray(pixels[::-1])
    side, half = min(picture.size), max(resolution // 2, 1)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    tile = np.asarray(picture.resize((half, half), Image.Resampling.BOX, box=(left, top, left + side, top + side)))[::-1]
    row = np.concatenate([tile, tile[:, ::-1]], axis=1)
    return np.ascontiguousarray(np.concatenate([row, row[::-1]]))


def texture_of(path: str | Path, *, entry: int = -1, fit: str = "stretch", metres: float = 1.0) -> Texture:
    """The recipe of an image file's picture at a power of two of at most `LARGEST` texels; UserError for what is no readable image."""
    name, digest = Path(path).as_posix(), digest_of(path)
    picture = _opened(name, digest, entry)
    side = max(picture.size) if fit == "stretch" else 2 * min(picture.size)
    resolution = min(LARGEST, 1 << max(int(side).bit_length() - 1, 2))
    where: dict[str, int] = {} if entry < 0 else {"entry": entry}
    style: dict[str, str] = {} if fit == "stretch" else {"fit": fit}
    return Texture.of("image", metres=metres, resolution=resolution, path=name, digest=digest, **where, **style)


def mean_color(texture: Texture) -> NDArray[np.float64]:
    """Mean linear RGB [3] of the picture of a texture."""
    from scenes.textures import build

    encoded = build(texture).astype(np.float64)[::4, ::4].reshape(-1, 3) / 255
    return np.asarray(np.mean(np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4), axis=0))


@lru_cache(maxsize=16)
def _opened(path: str, digest: str, entry: int) -> Image.Image:  # noqa: ARG001 (the digest tells contents apart)
    """The decoded picture in RGB. `digest` only tells contents apart."""
    source: Path | io.BytesIO = existing(path)
    if entry >= 0:
        from scenes.importers.gltf import image_bytes

        source = io.BytesIO(image_bytes(Path(path), entry))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(source) as file:
                file.draft("RGB", (2 * LARGEST, 2 * LARGEST))
                file.thumbnail((4 * LARGEST, 4 * LARGEST)) if max(file.size) > 8 * LARGEST else file.load()
                return _eight_bits(file)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise UserError(f"image {path} is too large ({error}): make it smaller than {Image.MAX_IMAGE_PIXELS} pixels") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise UserError(f"{path} is not a readable image ({error}): replace it by a whole .png or .jpg, or remove it") from error


def _eight_bits(picture: Image.Image) -> Image.Image:
    """RGB with 8 bits a channel; deeper pictures are scaled, transparency is ignored."""
    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture, dtype=np.float64)
        top = 65535.0 if picture.mode.startswith("I") else max(float(np.nanmax(values)), 1e-12)
        return Image.fromarray((255 * np.clip(np.nan_to_num(values) / top, 0, 1)).astype(np.uint8)).convert("RGB")
    return picture.convert("RGB")
