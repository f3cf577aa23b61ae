"""Pictures and integer images: PNG and PPM, without loss, and JPEG.

PNG: uint8 [H, W] (with a palette: colours for the values), uint8 [H, W, 3], uint16 [H, W] and uint16 [H, W, 3]; PPM ("P6"): uint8
[H, W, 3]. All values come back as they were. JPEG: uint8 [H, W, 3], quality 95 without chroma subsampling, with losses of about 1.5 grey
levels on average.
"""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError

# Of a rendered 1242x375 street: level 2 takes 42 ms for 611 KB, level 6 (the library's own choice) 143 ms for 553 KB.
COMPRESSION = 2
SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 1 << 28


def encode_png(array: NDArray[Any], palette: NDArray[np.uint8] | None = None) -> bytes:
    """PNG of an array as the module describes; bool is written as 0 and 255. palette: uint8 [N, 3], N <= 256, makes an indexed image."""
    if array.dtype == bool:
        array = array.astype(np.uint8) * 255
    if array.dtype == np.uint16 and array.ndim == 3:
        return _encode_rgb48(array)
    picture = _pillow(array)
    if palette is not None:
        picture.putpalette(palette.tobytes())
    return _saved(picture, "PNG", compress_level=COMPRESSION)


def encode_ppm(array: NDArray[np.uint8]) -> bytes:
    """Binary PPM of uint8 [H, W, 3]."""
    return _saved(_pillow(array), "PPM")


def encode_jpeg(array: NDArray[np.uint8]) -> bytes:
    """JPEG of uint8 [H, W, 3]."""
    return _saved(_pillow(array), "JPEG", quality=95, subsampling=0)


def decode_image(data: bytes) -> NDArray[Any]:
    """The array in a PNG, PPM or JPEG file; of an indexed image the indices."""
    from PIL import Image, UnidentifiedImageError

    if data[:8] == SIGNATURE and data[24:26] == b"\x10\x02":  # Pillow would cut the 16 bits of colours to 8
        return _decode_rgb48(data)
    try:
        picture = Image.open(io.BytesIO(data), formats=("PNG", "PPM", "JPEG"))
        return np.asarray(picture.convert("L") if picture.mode == "1" else picture)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"not a readable PNG, PPM or JPEG image ({error}): fetch the file again") from error


def _pillow(array: NDArray[Any]) -> Any:
    from PIL import Image

    if array.dtype not in (np.uint8, np.uint16) or array.ndim not in (2, 3) or not array.size:
        raise ValueError(f"no image file holds {array.dtype} {array.shape}")
    return Image.fromarray(np.ascontiguousarray(array))


def _saved(picture: Any, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def _encode_rgb48(array: NDArray[np.uint16]) -> bytes:
    import av

    context: Any = av.CodecContext.create("png", "w")
    context.height, context.width = array.shape[:2]
    context.pix_fmt, context.time_base, context.thread_count = "rgb48be", Fraction(1), 1
    context.options = {"pred": "up", "compression_level": str(COMPRESSION)}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(array), format="rgb48le").reformat(format="rgb48be")
    return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))


def _decode_rgb48(data: bytes) -> NDArray[np.uint16]:
    import av

    width, height = (int.from_bytes(data[start : start + 4], "big") for start in (16, 20))
    if not 0 < width * height <= MOST_PIXELS:
        raise UserError(f"an image of {width}x{height} pixels is not to be believed: fetch the file again")
    context: Any = av.CodecContext.create("png", "r")
    context.options = {"err_detect": "crccheck+explode"}  # a damaged file is an error, never a picture with guessed rows
    try:
        frames = [*context.decode(av.Packet(data)), *context.decode(None)]
    except av.FFmpegError as error:
        raise UserError(f"not a readable PNG image ({error}): fetch the file again") from error
    if len(frames) != 1:
        raise UserError("not a readable PNG image (it holds no picture): fetch the file again")
    decoded: NDArray[np.uint16] = frames[0].to_ndarray(format="rgb48le")
    return decoded
