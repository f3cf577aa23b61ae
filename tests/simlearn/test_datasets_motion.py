"""Readers of videos of actions and of drives: miniatures in the official layouts, and the real samples where they are there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from written_videos import number_of, write_video

from scenes.errors import UserError
from simlearn.datasets import DATASETS
from simlearn.datasets.actions import ActionVideos
from simlearn.datasets.clips_with_audio import ClipsWithAudio
from simlearn.datasets.hmdb51 import HMDB51
from simlearn.datasets.kitti_odometry import KittiOdometry
from simlearn.datasets.root import data_root
from simlearn.datasets.surveillance_fights import SurveillanceFights
from simlearn.datasets.ucf101 import UCF101
from simlearn.datasets.weizmann import Weizmann
from training.learner import Footage

NAMES = ("kitti_odometry", "weizmann", "ucf101", "hmdb51", "surveillance_fights", "clips_with_audio")


@pytest.mark.parametrize("name", NAMES)
def test_missing_data_is_named_with_the_folder_and_the_remedy(name, tmp_path):
    for root in (tmp_path, None):
        finding = DATASETS[name].found(root)
        assert not finding.present
        assert "SIMLEARN_DATA" in str(finding)
    assert str(tmp_path) in str(DATASETS[name].found(tmp_path))


@pytest.mark.realdata
@pytest.mark.parametrize("name", NAMES)
def test_real_samples_are_found(name):
    finding = DATASETS[name].found(data_root())
    if not finding.present:
        pytest.skip(str(finding))
    assert "missing" not in str(finding)


def avi(path: Path, first: int = 0) -> None:
    write_video(path, codec="mjpeg", frames=4, first=first)


def listed(videos: ActionVideos) -> list[tuple[str, int, str]]:
    return [(video.path.name, video.label, video.group) for video in videos.videos]


def test_weizmann_is_split_by_person(tmp_path):
    for person in ("daria", "eli", "ido", "ira", "lena"):
        avi(tmp_path / "weizmann" / "bend" / f"{person}_bend.avi")
    for name in ("daria_walk", "lena_walk1", "lena_walk2"):
        avi(tmp_path / "weizmann" / "walk" / f"{name}.avi")
    (tmp_path / "weizmann" / "masks").mkdir()
    train, test = Weizmann(tmp_path, "train"), Weizmann(tmp_path, "test")
    assert train.class_names == ("bend", "walk")
    assert listed(train) == [
        ("daria_bend.avi", 0, "daria"),
        ("eli_bend.avi", 0, "eli"),
        ("ido_bend.avi", 0, "ido"),
        ("daria_walk.avi", 1, "daria"),
    ]
    assert [name for name, _, _ in listed(test)] == ["ira_bend.avi", "lena_bend.avi", "lena_walk1.avi", "lena_walk2.avi"]
    with pytest.raises(UserError, match="known are train, test"):
        Weizmann(tmp_path, "val")


def write_ucf101(root: Path) -> Path:
    folder = root / "ucf101"
    for action in ("Archery", "Biking"):
        for group, clip in ((1, 1), (1, 2), (8, 1)):
            avi(folder / "UCF-101" / action / f"v_{action}_g{group:02d}_c{clip:02d}.avi")
    return folder


def test_ucf101_with_and_without_its_lists(tmp_path):
    folder = write_ucf101(tmp_path)
    assert len(UCF101(tmp_path, "train")) == 6
    with pytest.raises(UserError, match="no official lists"):
        UCF101(tmp_path, "test")
    assert "6 training videos, no test videos" in str(DATASETS["ucf101"].found(tmp_path))
    lists = folder / "ucfTrainTestlist"
    lists.mkdir()
    (lists / "classInd.txt").write_text("1 Archery\n2 Biking\n")
    (lists / "trainlist01.txt").write_text(
        "Archery/v_Archery_g08_c01.avi 1\r\nBiking/v_Biking_g08_c01.avi 2\nBiking/v_Biking_g09_c01.avi 2\n"
    )
    (lists / "testlist01.txt").write_text("".join(f"{a}/v_{a}_g01_c0{c}.avi\n" for a in ("Archery", "Biking") for c in (1, 2)))
    train = UCF101(tmp_path, "train")
    assert listed(train) == [("v_Archery_g08_c01.avi", 0, "Archery/v_Archery_g08"), ("v_Biking_g08_c01.avi", 1, "Biking/v_Biking_g08")]
    assert train.missing == ["UCF-101/Biking/v_Biking_g09_c01.avi"]
    assert [label for _, label, _ in listed(UCF101(tmp_path, "test"))] == [0, 0, 1, 1]
    assert "2 training and 4 test videos; 1 listed files are missing" in str(DATASETS["ucf101"].found(tmp_path))
    with pytest.raises(UserError, match="trainlist02"):
        UCF101(tmp_path, "train", fold=2)
    (lists / "testlist01.txt").write_text("Rowing/v_Rowing_g01_c01.avi\n")
    avi(folder / "UCF-101/Rowing/v_Rowing_g01_c01.avi")
    with pytest.raises(UserError, match=r"Rowing.*not in classInd"):
        UCF101(tmp_path, "test")


def test_hmdb51_reads_marks_and_names_with_odd_letters(tmp_path):
    folder, odd = tmp_path / "hmdb51", "Hit_The_Driver_300+_Yards!!!_golf_f_nm_np1_fr_med_0.avi"
    for action, name in (("golf", odd), ("golf", "B_golf_1.avi"), ("golf", "C_golf_2.avi"), ("swing_baseball", "D_swing_baseball_0.avi")):
        avi(folder / action / name)
    assert len(HMDB51(tmp_path, "train")) == 4
    lists = folder / "testTrainMulti_7030_splits"
    lists.mkdir()
    (lists / "golf_test_split1.txt").write_text(f"{odd} 1 \nB_golf_1.avi 2 \nC_golf_2.avi 0 \n")
    (lists / "swing_baseball_test_split1.txt").write_text("D_swing_baseball_0.avi 1 \ngone_swing_baseball_1.avi 2 \n")
    train, test = HMDB51(tmp_path, "train"), HMDB51(tmp_path, "test")
    assert train.class_names == ("golf", "swing_baseball")
    assert [(label, group) for _, label, group in listed(train)] == [(0, "Hit_The_Driver_300+_Yards!!!"), (1, "D")]
    assert [name for name, _, _ in listed(test)] == ["B_golf_1.avi"]
    assert test.missing == ["swing_baseball/gone_swing_baseball_1.avi"]
    (lists / "golf_test_split1.txt").write_text("B_golf_1.avi\n")
    with pytest.raises(UserError, match="line 1 does not end with"):
        HMDB51(tmp_path, "train")


def test_surveillance_fights_are_cut_once(tmp_path):
    for k in range(5):
        avi_like = tmp_path / "surveillance_fights"
        write_video(avi_like / "fight" / f"fi{k:03d}.mp4", frames=4)
        write_video(avi_like / "noFight" / f"nofi{k:03d}.mp4", frames=4)
    train, test = SurveillanceFights(tmp_path, "train"), SurveillanceFights(tmp_path, "test")
    assert [name for name, label, _ in listed(train) if label == 1] == ["fi000.mp4", "fi001.mp4", "fi002.mp4"]
    assert [name for name, label, _ in listed(test) if label == 0] == ["nofi003.mp4", "nofi004.mp4"]
    assert train.fingerprint() != test.fingerprint()


def test_videos_with_classes_give_them_with_every_stretch(tmp_path):
    avi(tmp_path / "weizmann" / "bend" / "a_bend.avi", first=10)
    avi(tmp_path / "weizmann" / "walk" / "a_walk.avi", first=20)
    avi(tmp_path / "weizmann" / "walk" / "b_walk.avi", first=30)
    train = Weizmann(tmp_path, "train")
    stretches = train.stretches(Footage(length=2, stride=2), every=1, classes=train.classes)
    items = [stretches[i] for i in range(len(stretches))]
    assert [(int(item["label"]), number_of(item["rgb"][1].numpy())) for item in items] == [(0, 12), (0, 13), (1, 22), (1, 23)]


def test_a_folder_of_videos(tmp_path):
    write_video(tmp_path / "clips_with_audio" / "a" / "x.mp4", frames=10, clicks_at=[0.1])
    (tmp_path / "clips_with_audio" / "readme.txt").write_text("no video")
    assert len(ClipsWithAudio(tmp_path)) == 1
    assert ClipsWithAudio(tmp_path).stretches(Footage(length=5, fps=25), sound=True)[0]["audio"].shape == (3200,)
    assert "1 video" in str(DATASETS["clips_with_audio"].found(tmp_path))


def write_odometry(root: Path, name: str = "03", camera: str = "image_2", frames: tuple[int, ...] = (0, 1, 2, 3, 4, 5)) -> Path:
    """A car that drives 2 m a frame along z and, from frame 3 on, has turned right by 90 degrees. f = 100 px, 80 x 40 px."""
    folder = root / "kitti" / "odometry"
    sequence = folder / "sequences" / name
    (sequence / camera).mkdir(parents=True)
    for number in frames:
        picture = np.full((40, 80) if camera == "image_0" else (40, 80, 3), 10 * number, np.uint8)
        Image.fromarray(picture).save(sequence / camera / f"{number:06d}.png")
    (sequence / "calib.txt").write_text("P0: 100 0 39.5 0 0 100 19.5 0 0 0 1 0\nP2: 100 0 39.5 50 0 100 19.5 0 0 0 1 0\n")
    (folder / "poses").mkdir(exist_ok=True)
    ahead, right = "1 0 0 {x} 0 1 0 0 0 0 1 {z}", "0 0 1 {x} 0 1 0 0 -1 0 0 {z}"
    lines = [(ahead if k < 3 else right).format(x=0 if k < 3 else 2 * (k - 2), z=min(2 * k, 4)) for k in range(6)]
    (folder / "poses" / f"{name}.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_odometry_poses_are_those_of_the_camera_that_is_read(tmp_path):
    write_odometry(tmp_path)
    pairs = KittiOdometry(tmp_path, footage=Footage(length=2, stride=2))
    assert len(pairs) == 4
    straight = pairs[0]
    torch.testing.assert_close(straight["pose"][0], torch.eye(4))
    torch.testing.assert_close(straight["pose"][1][:3, 3], torch.tensor([0.0, 0.0, 4.0]))
    assert straight["rgb"].shape == (2, 3, 40, 80)
    assert [int(picture[0, 0, 0]) for picture in straight["rgb"]] == [0, 20]
    # 100 px focal length with its principal point in the middle; camera 2 is half a metre to the left of camera 0.
    torch.testing.assert_close(straight["K"], torch.tensor([[100.0, 0, 40], [0, 100, 20], [0, 0, 1]]))
    # Frame 2's camera 0 is at z = 4, x = 0, camera 2 at x = -0.5. Frame 4's camera 0 is at x = 4 and looks along x, so its camera 2,
    # half a metre to its left, is at z = 4.5.
    torch.testing.assert_close(pairs[2]["pose"][1][:3, 3], torch.tensor([4.5, 0.0, 0.5]))
    torch.testing.assert_close(pairs[2]["pose"][1][:3, 2], torch.tensor([1.0, 0.0, 0.0]))


def test_odometry_reduces_images_with_their_intrinsics_and_repeats_grey(tmp_path):
    write_odometry(tmp_path, camera="image_0", frames=(0, 1, 3, 4, 5, 7))
    frames = KittiOdometry(tmp_path, footage=Footage(length=2), short_px=20)
    assert len(frames) == 3  # 0-1, 3-4, 4-5; frame 7 has no pose
    item = frames[0]
    assert item["rgb"].shape == (2, 3, 20, 40)
    torch.testing.assert_close(item["K"], torch.tensor([[50.0, 0, 20], [0, 50, 10], [0, 0, 1]]))


def test_odometry_is_split_by_sequence_and_names_what_is_missing(tmp_path):
    folder = write_odometry(tmp_path, "09")
    with pytest.raises(UserError, match=r"sequences 00, 01.*split 'train'"):
        KittiOdometry(tmp_path)
    write_odometry(tmp_path, "00")
    assert len(KittiOdometry(tmp_path)) == len(KittiOdometry(tmp_path, "test")) == 6
    assert "6 training frames with poses of sequences 00; 6 test frames" in str(DATASETS["kitti_odometry"].found(tmp_path))
    write_odometry(tmp_path, "01")
    (folder / "poses" / "01.txt").write_text("1 2 3\n")
    assert "01.txt has lines without twelve" in KittiOdometry(tmp_path).missing[0]
    with pytest.raises(UserError, match="no 9 frames, each 1 after"):
        KittiOdometry(tmp_path, footage=Footage(length=9))


@pytest.mark.realdata
def test_a_real_car_drives_forward():
    root = data_root()
    if root is None or not DATASETS["kitti_odometry"].found(root).present:
        pytest.skip("no real data")
    pairs = KittiOdometry(root, footage=Footage(length=2))
    moves = torch.stack([pairs[i]["pose"][1][:3, 3] for i in range(0, len(pairs), 10)])
    assert (moves[:, 2] > 0.3).all()
    assert (moves[:, :2].abs() < 0.25 * moves[:, 2:]).all()
    assert pairs[0]["rgb"].shape[:2] == (2, 3)
