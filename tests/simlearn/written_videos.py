"""Videos written for tests: every frame carries its number as a pattern of bright and dark fields, and clicks sound at known times."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

ROWS, COLUMNS = 2, 4
TICKS = 90_000
"""Units of a second in which frames are timed."""


def numbered(number: int, width: int, height: int) -> np.ndarray:
    """uint8 [height, width, 3] with the eight bits of a number."""
    bits = [(number >> k) & 1 for k in range(ROWS * COLUMNS)]
    fields = np.array([40 + 170 * bit for bit in bits], np.uint8).reshape(ROWS, COLUMNS)
    rows, columns = np.arange(height) * ROWS // height, np.arange(width) * COLUMNS // width
    return np.repeat(fields[rows][:, columns][..., None], 3, axis=2)


def number_of(rgb: np.ndarray) -> int:
    """Of a frame uint8 [3, h, w]."""
    height, width = rgb.shape[1:]
    centres = [(int((r + 0.5) * height / ROWS), int((c + 0.5) * width / COLUMNS)) for r in range(ROWS) for c in range(COLUMNS)]
    return sum(int(rgb[:, y, x].mean() > 125) << k for k, (y, x) in enumerate(centres))


def clicks(times: Sequence[float], seconds: float, rate: int) -> np.ndarray:
    """float32 [1, S]: a tone of 5 ms at each of the times."""
    at = np.arange(round(seconds * rate)) / rate
    sound = sum((np.where((at >= t) & (at < t + 0.005), 0.8 * np.sin(2 * np.pi * 2000 * (at - t)), 0) for t in times), np.zeros(len(at)))
    return sound.astype(np.float32)[None]


def write_video(
    path: Path,
    *,
    frames: int = 60,
    times: Sequence[float] | None = None,
    fps: int = 25,
    codec: str = "libx264",
    size: tuple[int, int] = (64, 48),
    clicks_at: Sequence[float] | None = None,
    sound_rate: int = 44_100,
    sound_codec: str = "aac",
    key_every: int = 12,
    b_frames: int = 2,
    first: int = 0,
) -> Path:
    """A video whose frame k shows k + first (below 256) at times[k] seconds (k / fps by default); with `clicks_at` it has sound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = [k / fps for k in range(frames)] if times is None else times
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size = key_every
        if codec != "mjpeg":
            stream.max_b_frames = b_frames
        stream.bit_rate = 4_000_000
        if times is not None:
            stream.time_base = stream.codec_context.time_base = Fraction(1, TICKS)
        track = None if clicks_at is None else container.add_stream(sound_codec, rate=sound_rate, layout="mono")
        for k, when in enumerate(shown):
            frame = av.VideoFrame.from_ndarray(numbered(k + first, *size), format="rgb24")
            frame.pts = k if times is None else round(when * TICKS)
            frame.time_base = Fraction(1, fps if times is None else TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if track is not None:
            sound = clicks(clicks_at or (), shown[-1] + 1 / fps, sound_rate)
            wanted = "s16" if sound_codec.startswith("pcm") else "fltp"
            block = av.AudioFrame.from_ndarray((sound * 32767).astype(np.int16) if wanted == "s16" else sound, format=wanted, layout="mono")
            block.sample_rate, block.pts = sound_rate, 0
            container.mux(track.encode(block))
            container.mux(track.encode(None))
    return path
