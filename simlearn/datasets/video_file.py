"""One video file: which frames it has and when they are shown, any of them decoded, and its sound.

Frames are numbered in the order in which they are shown, from 0, also where they are stored in another order (B-frames). Their times come
from the container, so a varying frame rate is right; files whose container does not tell them (AVI, and streams without time stamps) have
frame k at k / rate, and are decoded from the start. Marks that a video be shown turned are not obeyed.
MP3 sound of AVI files, which do not tell the encoder's delay, comes about 25 ms late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray
from scipy.signal import resample_poly

from training.learner import AUDIO_RATE

BLOCK_S = 20
"""Sound is decoded in pieces of so many seconds; each is the same whatever was read before it."""
MARGIN_S = 1
"""So much sound is decoded before and after a piece, which settles decoders and the resampling filter."""
GAP_S = 0.05
"""Sound whose time stamps are less than this apart from where the last frame ended goes on without a gap."""
LOST_FRAMES = 2
"""Some encoders announce a frame or two more than there are; the last one is then shown longer. More missing is damage."""


class VideoError(Exception):
    """Why a video cannot be used, in a few words."""


@dataclass(frozen=True)
class VideoFile:
    """`times`: when each frame is shown, float64 [N], seconds from the first. `keys`: numbers of frames at which decoding can begin.

    `stamps`: the container's own times int64 [N], in its units; None where it tells none. `start`: the first frame's time in seconds on the
    container's clock. `sound`: whether there is a sound track.
    """

    path: Path
    width: int
    height: int
    times: NDArray[np.float64]
    rate: float
    keys: NDArray[np.int64]
    stamps: NDArray[np.int64] | None
    start: float
    sound: bool

    @classmethod
    def scan(cls, path: Path) -> VideoFile:
        """Reads through the packets of a file (once, while it is not changed) and decodes none; VideoError for what is no video."""
        about = path.stat()
        if about.st_size == 0:
            raise VideoError("empty")
        return cls._scan(path, about.st_size, about.st_mtime_ns)

    @classmethod
    @lru_cache(maxsize=20_000)
    def _scan(cls, path: Path, size: int, changed: int) -> VideoFile:
        del size, changed
        with _opened(path) as container:
            if not container.streams.video:
                raise VideoError("has no pictures")
            stream = container.streams.video[0]
            packets = [
                (p.pts, bool(p.is_keyframe))
                for p in container.demux(stream)
                # In AVI files a packet of one byte stands for a frame that came packed with the one before.
                if p.size > 1 and not p.is_discard
            ]
            if not packets or not stream.width or not stream.height:
                raise VideoError("has no pictures")
            told = "avi" not in container.format.name and all(pts is not None for pts, _ in packets)
            rate = float(stream.average_rate or stream.guessed_rate or 25)
            sound = bool(container.streams.audio)
            unit, size_px = float(stream.time_base or 0), (stream.width, stream.height)
        if not told or len({pts for pts, _ in packets}) < len(packets):
            return cls(path, *size_px, np.arange(len(packets)) / rate, rate, np.zeros(1, dtype=np.int64), None, 0.0, sound)
        packets.sort()
        stamps = np.array([pts for pts, _ in packets], dtype=np.int64)
        times = (stamps - stamps[0]) * unit
        if len(stamps) > 1:
            rate = (len(stamps) - 1) / times[-1]
        return cls(path, *size_px, times, rate, np.flatnonzero([key for _, key in packets]), stamps, stamps[0] * unit, sound)

    def __len__(self) -> int:
        return len(self.times)

    @property
    def seconds(self) -> float:
        """Until the last frame ends."""
        return float(self.times[-1] + 1 / self.rate)

    def size_px(self, short_px: int) -> tuple[int, int]:
        """(width, height) when the shorter side is reduced to short_px; never enlarged."""
        scale = min(1.0, short_px / min(self.width, self.height))
        return round(self.width * scale), round(self.height * scale)

    def frames(self, numbers: Sequence[int] | NDArray[np.int64], short_px: int) -> NDArray[np.uint8]:
        """The frames of these numbers, which ascend: uint8 [len(numbers), 3, h, w], the shorter side at most short_px.

        Decoding begins at the last key frame before the first of them and ends with the last. VideoError when the file is damaged there.
        """
        width, height = self.size_px(short_px)
        pictures = np.empty((len(numbers), height, width, 3), dtype=np.uint8)
        painter, done, held, last = VideoReformatter(), 0, None, -1
        for number, frame in self._decoded(int(numbers[0])):
            until = int(np.searchsorted(numbers, number))
            if until > done:  # the one before is shown until this one takes its place
                pictures[done:until] = _picture(painter, frame if held is None else held, width, height)
            done, after = until, int(np.searchsorted(numbers, number, side="right"))
            if after > done:
                pictures[done:after] = _picture(painter, frame, width, height)
            done, held, last = after, frame, number
            if done == len(numbers):
                break
        if done < len(numbers):
            if numbers[-1] - last > LOST_FRAMES:
                raise VideoError(f"breaks off after {last + 1} of {len(self)} frames")
            pictures[done:] = _picture(painter, held, width, height)
        return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))

    def _decoded(self, first: int) -> Iterator[tuple[int, Any]]:
        """(number, decoded frame) from the last key frame at or before `first`, or from an earlier frame, on."""
        key = int(self.keys[self.keys <= first].max(initial=0))
        with _opened(self.path) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1  # files are decoded side by side by the processes of a loader
            if key and self.stamps is not None:
                container.seek(int(self.stamps[key]), stream=stream)
            frames = self._numbered(container.decode(stream))
            head = next(frames, None)
            if head is None or head[0] > key:  # the container's index is coarser than its key frames
                container.seek(int(self.stamps[0]) if self.stamps is not None else 0, stream=stream)
                frames = self._numbered(container.decode(stream))
            else:
                yield head
            yield from frames

    def _numbered(self, frames: Iterator[Any]) -> Iterator[tuple[int, Any]]:
        for count, frame in enumerate(frames):
            if self.stamps is None:
                yield count, frame
            elif frame.pts is not None and frame.pts >= self.stamps[0]:
                yield int(np.searchsorted(self.stamps, frame.pts, side="right")) - 1, frame

    def sound_block(self, block: int) -> NDArray[np.float32]:
        """Mono sound float32 [BLOCK_S * AUDIO_RATE] in [-1, 1] from block * BLOCK_S seconds after the first frame on; else silence."""
        first = block * BLOCK_S - MARGIN_S
        rate, native = self._native_sound(first, BLOCK_S + 2 * MARGIN_S)
        resampled = resample_poly(native, AUDIO_RATE, rate) if rate != AUDIO_RATE else native
        inside = resampled[MARGIN_S * AUDIO_RATE : (MARGIN_S + BLOCK_S) * AUDIO_RATE]
        return np.clip(inside, -1, 1).astype(np.float32)

    def _native_sound(self, first: int, seconds: int) -> tuple[int, NDArray[np.float32]]:
        """(samples a second, mono float32 [seconds of them]) from `first` seconds after the first frame on."""
        with _opened(self.path) as container:
            stream = container.streams.audio[0]
            rate = stream.rate
            native = np.zeros(seconds * rate, dtype=np.float32)
            floats = av.AudioResampler(format="fltp")
            begin = self.start + first
            if first > MARGIN_S:
                container.seek(round((begin - MARGIN_S) * av.time_base))
            ended = -len(native)
            for frame in container.decode(stream):
                if frame.sample_rate != rate:
                    raise VideoError("has sound of a changing sampling rate")
                at = ended if frame.time is None else round((frame.time - begin) * rate)
                at = ended if abs(at - ended) < GAP_S * rate else at
                values = np.concatenate([part.to_ndarray().mean(0) for part in floats.resample(frame)])
                ended = at + len(values)
                _place(native, values, at)
                if ended >= len(native):
                    break
        return rate, native


def _place(target: NDArray[np.float32], values: NDArray[np.float32], at: int) -> None:
    """Writes values at a position, which may be negative; what falls outside is dropped."""
    low, high = max(at, 0), min(at + len(values), len(target))
    if low < high:
        target[low:high] = values[low - at : high - at]


def _picture(painter: VideoReformatter, frame: Any, width: int, height: int) -> NDArray[np.uint8]:
    picture = painter.reformat(frame, width=width, height=height, format="rgb24", interpolation=Interpolation.AREA)
    return picture.to_ndarray()  # type: ignore[return-value]


def write_video(path: Path, pictures: Iterable[NDArray[np.uint8]], rate: float) -> None:
    """An MP4 (H.264) of pictures uint8 [H, W, 3] of one size, `rate` a second; a last odd row or column is repeated, as the format asks."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = None
        for picture in pictures:
            even = np.pad(picture, ((0, picture.shape[0] % 2), (0, picture.shape[1] % 2), (0, 0)), mode="edge")
            if stream is None:
                stream = container.add_stream("libx264", rate=Fraction(rate).limit_denominator(1001))
                stream.height, stream.width, stream.pix_fmt = even.shape[0], even.shape[1], "yuv420p"
                stream.options = {"crf": "18"}
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode(None))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A container to read; what goes wrong in it becomes a VideoError."""
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            yield container
    except (av.FFmpegError, OSError, ValueError) as error:
        raise VideoError(_reason(error)) from error


def _reason(error: BaseException) -> str:
    return "not a video" if isinstance(error, av.error.InvalidDataError) else str(error).split("\n")[0] or type(error).__name__
