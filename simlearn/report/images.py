"""Pictures as data URIs, so that a page needs no file beside it."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from scenes.errors import UserError

MAX_WIDTH = 1400
JPEG_QUALITY = 85
PNG_LIMIT_BYTES = 120_000
PNG_LIMIT_PIXELS = 150_000


@dataclass(frozen=True)
class Picture:
    """An image of the page. `light` and `dark` are data URIs (the second "" when one serves both), width and height in CSS pixels."""

    light: str
    alt: str
    caption: str
    width: int
    height: int
    dark: str = ""


def data_uri(payload: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(payload).decode('ascii')}"


def encode(image: Image.Image, *, max_width: int = MAX_WIDTH) -> tuple[str, int, int]:
    """(data URI, width, height): PNG where that is small, else JPEG; wider images are scaled down."""
    image = image.convert("RGB")
    if image.width > max_width:
        image = image.resize((max_width, max(1, round(image.height * max_width / image.width))), Image.Resampling.LANCZOS)
    if image.width * image.height <= PNG_LIMIT_PIXELS:
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        if buffer.tell() <= PNG_LIMIT_BYTES:
            return data_uri(buffer.getvalue(), "png"), image.width, image.height
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return data_uri(buffer.getvalue(), "jpeg"), image.width, image.height


def from_file(path: Path, *, alt: str, caption: str, max_width: int = MAX_WIDTH) -> Picture:
    """A picture file, the title that it carries added to the caption. Raises UserError for one that cannot be decoded."""
    try:
        with Image.open(path) as image:
            title = image.info.get("Title", "")
            uri, width, height = encode(image, max_width=max_width)
    except (UnidentifiedImageError, OSError) as error:
        raise UserError(f"{path} is not a readable image ({error}): delete it or measure again with simlearn evaluate") from error
    return Picture(uri, alt, f"{caption}. {title}" if title else caption, width, height)
