"""Videos: the frame that was asked for, at the right time, with the sound that belongs to it; what is bad is named."""

from __future__ import annotations

import pickle
import warnings

import av
import numpy as np
import pytest
from written_videos import number_of, numbered, write_video

from scenes.errors import UserError
from simlearn.datasets import videos as module
from simlearn.datasets.root import data_root
from simlearn.datasets.video_file import VideoError, VideoFile
from simlearn.datasets.videos import Videos, VideoWarning
from training.learner import AUDIO_RATE, Footage

CONTAINERS = [("mp4", "libx264"), ("mkv", "libx264"), ("mov", "mpeg4"), ("avi", "mpeg4"), ("avi", "mjpeg")]


@pytest.mark.parametrize(("ending", "codec"), CONTAINERS)
def test_every_frame_is_found_by_its_number_wherever_decoding_begins(tmp_path, ending, codec):
    path = write_video(tmp_path / f"v.{ending}", codec=codec)
    file = VideoFile.scan(path)
    if (ending, codec) != ("avi", "mjpeg"):
        with av.open(str(path)) as container:  # else the test would show nothing about them
            assert any(packet.pts != packet.dts for packet in container.demux(video=0) if packet.size)
    assert len(file) == 60
    assert file.rate == pytest.approx(25)
    np.testing.assert_allclose(file.times, np.arange(60) / 25, atol=1.1e-3)
    rng = np.random.default_rng(0)
    for first in [0, 59, 47, 48, 11, 12, *rng.integers(0, 58, 4)]:
        wanted = [first, min(59, first + 2)]
        assert [number_of(picture) for picture in file.frames(wanted, 128)] == wanted
    whole = file.frames(range(60), 128)
    assert [number_of(picture) for picture in whole] == list(range(60))
    np.testing.assert_array_equal(file.frames([31, 40], 128), whole[[31, 40]])


def test_open_groups_of_pictures_are_no_trap(tmp_path):
    """Frames that lead a key frame, and need the one before, come out whole too."""
    path = tmp_path / "open.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=25, options={"x264-params": "open-gop=1:keyint=10:min-keyint=10:scenecut=0:bframes=3"}
        )
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for k in range(50):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(k, 64, 48), format="rgb24")))
        container.mux(stream.encode(None))
    file = VideoFile.scan(path)
    whole = file.frames(range(50), 128)
    assert [number_of(picture) for picture in whole] == list(range(50))
    for k in range(50):
        np.testing.assert_array_equal(file.frames([k], 128)[0], whole[k])


def test_varying_frame_rate_by_number_and_by_time(tmp_path):
    times = np.concatenate([np.arange(10) / 10, 1 + np.arange(40) / 40])
    path = write_video(tmp_path / "v.mp4", frames=50, times=times.tolist())
    np.testing.assert_allclose(VideoFile.scan(path).times, times, atol=1e-4)
    by_number = Videos([path], "test", Footage(length=5, stride=9), every=1)
    assert [number_of(p) for p in by_number[3]["rgb"].numpy()] == [3, 12, 21, 30, 39]
    by_time = Videos([path], "test", Footage(length=8, stride=1, fps=4), every=1)
    assert len(by_time) == 1
    assert [number_of(p) for p in by_time[0]["rgb"].numpy()] == [0, 2, 5, 7, 10, 20, 30, 40]
    assert len(Videos([path], "test", Footage(length=4, stride=2, fps=4), every=1)) == 2


@pytest.mark.parametrize(
    ("ending", "sound_codec", "rate"), [("mp4", "aac", 44_100), ("mkv", "pcm_s16le", 22_050), ("avi", "pcm_s16le", 16_000)]
)
def test_a_click_lands_at_its_time(tmp_path, ending, sound_codec, rate):
    times = [0.5, 1.3, 2.1]
    codec = "mpeg4" if ending == "avi" else "libx264"
    path = write_video(tmp_path / f"v.{ending}", codec=codec, clicks_at=times, sound_codec=sound_codec, sound_rate=rate)
    data = Videos([path], "test", Footage(length=15, fps=25), sound=True, every=5)
    heard = 0
    for index in range(len(data)):
        item, start = data[index], data.locate(index)[1] * 5 / 25
        assert number_of(item["rgb"][0].numpy()) == index * 5
        assert item["audio"].shape == (round(15 / 25 * AUDIO_RATE),)
        for click in times:
            if start + 0.02 < click < start + 0.57:
                at = round((click - start) * AUDIO_RATE)
                loud = np.flatnonzero(item["audio"].abs().numpy() > 0.25)
                assert np.abs(loud - at).min() < 0.002 * AUDIO_RATE, (index, click, loud / AUDIO_RATE + start)
                assert (np.abs(loud - at) < 0.012 * AUDIO_RATE).any()
                heard += 1
    assert heard >= 6


def test_sound_is_the_same_from_memory_and_from_disk_across_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("simlearn.datasets.video_file.BLOCK_S", 2)
    monkeypatch.setattr(module, "BLOCK_S", 2)
    times = [0.9, 1.99, 2.5, 4.01, 5.2]
    path = write_video(tmp_path / "v.mp4", frames=150, clicks_at=times)
    footage = Footage(length=25, fps=25)
    disk = Videos([path], "test", footage, sound=True, every=10)
    kept = Videos([path], "test", footage, sound=True, every=10, keep_below=1 << 30)
    for index in reversed(range(len(disk))):
        one, other = disk[index], kept[index]
        assert all(np.array_equal(one[key], other[key]) for key in ("rgb", "audio"))
        loud = np.flatnonzero(one["audio"].abs().numpy() > 0.3) / AUDIO_RATE + index * 0.4
        expected = [t for t in times if index * 0.4 + 0.01 < t < index * 0.4 + 0.98]
        assert all(np.abs(loud - t).min() < 0.003 for t in expected)
        assert all(min(abs(s - t) for t in times) < 0.012 for s in loud)


def test_what_is_bad_is_left_out_by_name(tmp_path):
    write_video(tmp_path / "a_good.mp4", clicks_at=[0.5])
    write_video(tmp_path / "below/b_good.avi", codec="mpeg4", clicks_at=[], sound_codec="pcm_s16le")
    (tmp_path / "c_empty.mp4").touch()
    (tmp_path / "d_text.avi").write_text("not a video " * 100)
    write_video(tmp_path / "e_short.mp4", frames=7, clicks_at=[])
    write_video(tmp_path / "f_small.mp4", size=(48, 24), clicks_at=[])
    write_video(tmp_path / "g_silent.mp4")
    data = (tmp_path / "a_good.mp4").read_bytes()
    (tmp_path / "h_cut.mp4").write_bytes(data[: len(data) // 2])
    footage = Footage(length=8, fps=25)
    with pytest.warns(VideoWarning, match=r"6 of 8 videos .*c_empty\.mp4 \(empty\), d_text\.avi \(not a video\), e_short\.mp4 \(0\.3 s"):
        found = Videos.of_folder(tmp_path, footage, sound=True)
    assert [file.path.name for file in found.files] == ["a_good.mp4", "b_good.avi"]
    assert found.left_out[tmp_path / "g_silent.mp4"] == "no sound"
    assert "smaller than 32" in found.left_out[tmp_path / "f_small.mp4"]
    with pytest.warns(VideoWarning, match="5 of 8"):
        assert len(Videos.of_folder(tmp_path, footage).files) == 3
    with pytest.raises(UserError, match=r"holds no video to train on \(g_silent\.mp4 .*too short\)\): give another"):
        Videos([tmp_path / "g_silent.mp4"], "here", Footage(length=100))


def test_a_video_that_turns_out_to_be_damaged_is_replaced_and_named_once(tmp_path):
    for k, name in enumerate("abc"):
        write_video(tmp_path / f"{name}.mp4", frames=40, first=50 * k, key_every=5)
    data = bytearray((tmp_path / "b.mp4").read_bytes())
    begin = data.index(b"mdat") + 4
    data[begin + 200 : begin + 200 + (len(data) - begin) // 2] = bytes((len(data) - begin) // 2)
    (tmp_path / "b.mp4").write_bytes(data)
    videos = Videos.of_folder(tmp_path, Footage(length=4), keep_below=1 << 30)
    number = len(videos) // 3
    with pytest.warns(VideoWarning, match=r"b\.mp4 is left out"):
        item = videos[number + 4]
    assert [number_of(picture) for picture in item["rgb"].numpy()] == [104, 105, 106, 107]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [number_of(picture) for picture in videos[2 * number - 1]["rgb"].numpy()] == [136, 137, 138, 139]
        assert [number_of(picture) for picture in videos[0]["rgb"].numpy()] == [0, 1, 2, 3]


def test_large_pictures_are_reduced_and_copies_work_elsewhere(tmp_path):
    path = write_video(tmp_path / "v.mp4", size=(320, 256))
    videos = pickle.loads(pickle.dumps(Videos([path], "test", Footage(length=3, stride=4), short_px=64)))
    item = videos[1]["rgb"].numpy()
    assert item.shape == (3, 3, 64, 80)
    assert [number_of(picture) for picture in item] == [2, 6, 10]


def test_file_that_is_no_video_is_a_short_sentence(tmp_path):
    (tmp_path / "x.mp4").write_bytes(b"\0" * 5000)
    with pytest.raises(VideoError, match="not a video"):
        VideoFile.scan(tmp_path / "x.mp4")


@pytest.mark.realdata
def test_real_videos_are_read_to_their_ends_and_anywhere():
    root = data_root()
    if root is None:
        pytest.skip("no real data")
    paths = [
        *sorted((root / "hmdb51").rglob("*.avi")),
        *sorted((root / "ucf101").rglob("*.avi")),
        *(root / "clips_with_audio").glob("*.mp4"),
    ]
    paths += sorted((root / "surveillance_fights").rglob("*.mp4"))[::13]
    assert paths
    for path in paths:
        file = VideoFile.scan(path)
        whole = file.frames(range(len(file)), 64)
        for numbers in ([len(file) - 3, len(file) - 1], [len(file) // 2]):
            np.testing.assert_array_equal(file.frames(numbers, 64), whole[numbers], err_msg=str(path))
        moved = np.abs(np.diff(whole.astype(int), axis=0)).mean((1, 2, 3))
        assert (moved > 0).mean() > 0.5, path
