"""SceneNet RGB-D: rendered walks through furnished rooms, with depth, instances, classes and camera poses.

Where to get it: https://robotvault.bitbucket.io/scenenet-rgbd.html (val.tar.gz, train_*.tar.gz, scenenet_rgbd_val.pb, train protobufs).
Licence: GPL, as its code's page says; cite McCormac et al. 2017. Expected under `$SIMLEARN_DATA`, any trajectories:

    scenenet_rgbd/val/<render_path>/photo/%d.jpg        320x240 colour; frames 0, 25, ..., 7475
    scenenet_rgbd/val/<render_path>/depth/%d.png        uint16, millimetres along the ray (not along z), 0 for none
    scenenet_rgbd/val/<render_path>/instance/%d.png     uint16, instance ids, 0 for none
    scenenet_rgbd/scenenet_rgbd_val.pb                  `scenenet.Trajectories`: instances with WordNet ids, views with poses
    scenenet_rgbd/train/..., scenenet_rgbd_train_%d.pb  the same (also in train_protobufs/)

(Images may also lie in data/val, as in the official examples.) The camera sees 60 degrees across and 45 down, so pixels are not square;
pictures of ours with an intrinsics.txt beside have what it says. The pose is that half-way through the exposure, the two points of a view
being where the camera is and what it looks at, and the world's up its y. Poses are given in our world, where z is up: x and z of SceneNet
are our x and -y. Classes are NYU40's, by the English name of an instance, its WordNet id or what its name ends in (windsorchair); otherprop
for what else has a name, 0 for what has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.importers.synsets import KINDS
from scenes.semantics import NYU40, has_class, semantic_id
from simlearn.datasets.root import Finding, fingerprint, locate, read_grey, read_rgb
from simlearn.exporters.scenenet import Y_UP
from simlearn.exporters.scenenet_messages import messages
from simlearn.exporters.wordnet import wordnet_id

FOLDERS = ("scenenet_rgbd", "SceneNetRGBD", "SceneNet_RGBD")
SPLITS = ("train", "val")
PLACES = ("", "data", "train_protobufs")
PARTS = {"photo": "jpg", "depth": "png", "instance": "png"}
FOV_DEG = (60.0, 45.0)
CLASS_OF = {wordnet_id(name, number, "nyu40"): number for number, name in reversed(list(enumerate(NYU40))) if number}
_ENDINGS = {
    "chair": "chair bench pew recliner stool seat settle",
    "sofa": "sofa couch settee loveseat chesterfield chaiselongue",
    "bed": "bed beds bunk",
    "desk": "desk",
    "table": "table",
    "cabinet": "cabinet cupboard verticalfile",
    "dresser": "dresser drawer",
    "night_stand": "nightstand",
    "bookshelf": "bookshelf bookcase",
    "shelves": "shelf rack",
    "lamp": "lamp chandelier lantern lightbulb",
    "floor_mat": "rug mat carpet",
    "picture": "painting picture",
    "window": "window windowframe windowsill pane",
    "door": "door doorframe",
    "television": "television screen monitor display displaypanel",
    "refrigerator": "refrigerator",
    "sink": "sink washbasin",
    "toilet": "toilet toiletbowl",
    "pillow": "pillow",
    "curtain": "curtain",
    "shower_curtain": "showercurtain",
    "mirror": "mirror",
    "books": "book binder",
    "towel": "towel",
    "otherfurniture": "furniture piano stove washer dishwasher lectern wardrobe",
}
ENDINGS = sorted(((word, name) for name, words in _ENDINGS.items() for word in words.split()), key=lambda pair: -len(pair[0]))
CLASS_OF[wordnet_id("otherprop", NYU40.index("otherprop"), "nyu40")] = NYU40.index("otherprop")  # shared with whiteboards, as decoration
PARSED_AT_MOST = 200 << 20  # bytes of messages that `found` reads, a few seconds


@dataclass(frozen=True)
class _Walk:
    """A trajectory whose pictures are there; `message`: `scenenet.Trajectory`."""

    folder: Path
    render_path: str
    message: Any

    @cached_property
    def classes(self) -> NDArray[np.uint8]:
        """NYU40 class by instance id, uint8 [65536]."""
        table = np.zeros(1 << 16, dtype=np.uint8)
        for thing in self.message.instances:
            if 0 < thing.instance_id < len(table):
                table[thing.instance_id] = nyu40(thing.semantic_english, thing.semantic_wordnet_id)
        return table

    def camera(self, height: int, width: int) -> Camera:
        path = self.folder / "intrinsics.txt"
        if not path.exists():
            return camera(height, width)
        values = path.read_text().split()
        try:
            fx, fy, cx, cy = map(float, values)
        except ValueError as error:
            raise UserError(f"{path} is not the four numbers fx fy cx cy: restore the file") from error
        return Camera(width=width, height=height, fx=fx, fy=fy, cx=cx, cy=cy)


class SceneNetRGBD:
    """Indexable, walk by walk in time order.

    A sample is {"rgb": uint8 [H, W, 3], "depth": float32 [H, W] in metres along z, +inf where there is none, "valid": bool [H, W],
    "instance": uint16 [H, W], "semantic": uint8 [H, W] (NYU40), "pose": float64 [4, 4] camera to world, "K": float64 [3, 3], "name": str}.
    `missing` names the walks without a folder and the frames without one of their pictures; they are left out.
    """

    def __init__(self, root: Path | None, split: str) -> None:
        _check(split)
        self.folder, self.split = locate(root, "SceneNet RGB-D", FOLDERS, ()), split
        self.walks, self.missing = list[_Walk](), list[str]()
        self._frames = list[tuple[_Walk, Any]]()
        for walk in self._walks():
            self.walks.append(walk)
            there = {part: {path.stem for path in (walk.folder / part).glob(f"*.{end}")} for part, end in PARTS.items()}
            whole = set.intersection(*there.values())
            self._frames += [(walk, view) for view in walk.message.views if str(view.frame_num) in whole]
            listed = {str(view.frame_num) for view in walk.message.views}
            self.missing += [f"{walk.render_path}/{number}" for number in sorted(listed - whole, key=int)]
        if not self._frames:
            raise UserError(f"{self.folder} holds no complete frame of {split}: unpack {split}.tar.gz beside the .pb files")

    def _walks(self) -> Iterator[_Walk]:
        bases = [self.folder / place / self.split for place in ("", "data")]
        for path in message_files(self.folder, self.split):
            for message in _parsed(path).trajectories:
                folder = next((base / message.render_path for base in bases if (base / message.render_path).is_dir()), None)
                if folder is not None and message.render_path:
                    yield _Walk(folder, message.render_path, message)
                else:
                    self.missing.append(message.render_path)

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> dict[str, Any]:
        walk, view = self._frames[index]
        rgb, stored, instance = read_rgb(self._path(index, "photo")), *(read_grey(self._path(index, p)) for p in ("depth", "instance"))
        if not rgb.shape[:2] == stored.shape == instance.shape:
            raise UserError(
                f"{self._path(index, 'photo')} is {rgb.shape[:2]}, depth {stored.shape}, instances {instance.shape}: unpack them again"
            )
        lens = walk.camera(*rgb.shape[:2])
        lengths = np.linalg.norm(lens.rays(lens.pixel_centres()), axis=-1)
        millimetres = stored.astype(np.float64)
        depth = np.where(millimetres > 0, millimetres / 1000 / lengths, np.inf).astype(np.float32)
        K = np.array([[lens.fx, 0, lens.cx], [0, lens.fy, lens.cy], [0, 0, 1]])
        return {
            "rgb": rgb,
            "depth": depth,
            "valid": np.isfinite(depth),
            "instance": instance.astype(np.uint16),
            "semantic": walk.classes[instance],
            "pose": pose(view, f"frame {view.frame_num} of {walk.render_path}"),
            "K": K,
            "name": f"{walk.render_path}/{view.frame_num}",
        }

    def _path(self, index: int, part: str) -> Path:
        walk, view = self._frames[index]
        return walk.folder / part / f"{view.frame_num}.{PARTS[part]}"

    def fingerprint(self) -> str:
        return fingerprint([self._path(k, part) for k in range(len(self)) for part in PARTS], self.folder)


def _check(split: str) -> None:
    if split not in SPLITS:
        raise UserError(f"SceneNet RGB-D has no split {split!r}: known are {', '.join(SPLITS)}")


def message_files(folder: Path, split: str) -> list[Path]:
    """The trajectory files of a split; UserError where there is none."""
    files = [path for place in PLACES for path in sorted((folder / place).glob(f"scenenet_rgbd_{split}*.pb"))]
    if not files:
        raise UserError(f"{folder} lacks scenenet_rgbd_{split}.pb (train: scenenet_rgbd_train_0.pb ...): put the protobuf files there")
    return files


def _parsed(path: Path) -> Any:
    whole = messages().Trajectories()
    from google.protobuf.message import DecodeError

    try:
        whole.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise UserError(f"{path} cannot be read ({error}): it is cut short or no trajectory file, get it again") from error
    return whole


def nyu40(english: str, wnid: str) -> int:
    """NYU40 class of an instance by its name and WordNet id (eight digits), 0 where it has neither."""
    if not english and not wnid:
        return 0
    name = english.split(",")[0].strip().lower().replace(" ", "_")
    if name and has_class(name, "nyu40"):
        return semantic_id(name, "nyu40")
    if wnid in KINDS:
        return NYU40.index(KINDS[wnid].category)
    if wnid in CLASS_OF:
        return CLASS_OF[wnid]
    plain = name.replace("_", "").replace("-", "")
    ending = next((category for word, category in ENDINGS if plain.endswith(word)), "otherprop")
    return NYU40.index(ending)


def camera(height: int, width: int) -> Camera:
    """The pinhole camera of the data set for pictures of that size."""
    fx, fy = (side / 2 / np.tan(np.radians(angle) / 2) for side, angle in zip((width, height), FOV_DEG, strict=True))
    return Camera(width=width, height=height, fx=float(fx), fy=float(fy), cx=width / 2, cy=height / 2)


def pose(view: Any, name: str) -> NDArray[np.float64]:
    """Camera to world, float64 [4, 4], in our world; `name` is for the UserError of a view that looks nowhere, or straight up or down."""
    ends = [
        [[getattr(point, axis) for axis in "xyz"] for point in (end.camera, end.lookat)] for end in (view.shutter_open, view.shutter_close)
    ]
    eye, target = np.mean(np.array(ends, dtype=np.float64), axis=0)
    forward = target - eye
    right = np.cross(forward, (0.0, 1.0, 0.0))
    if not np.isfinite(right).all() or np.linalg.norm(right) < 1e-9:
        raise UserError(f"the view of {name} has no direction, or looks straight up or down: get the .pb file again")
    forward, right = forward / np.linalg.norm(forward), right / np.linalg.norm(right)
    axes = np.stack([right, np.cross(forward, right), forward], axis=1)
    return geometry.compose(Y_UP.T @ axes, Y_UP.T @ eye)


def found(root: Path | None) -> Finding:
    """What there is of SceneNet RGB-D under root. Message files of more than 200 MB are not read for it."""
    texts, complaints = [], []
    try:
        folder = locate(root, "SceneNet RGB-D", FOLDERS, ())
    except UserError as error:
        return Finding(present=False, text=str(error))
    for split in SPLITS:
        try:
            texts.append(_account(folder, root, split))
        except UserError as error:
            complaints.append(str(error))
    return Finding(present=bool(texts), folder=folder if texts else None, text="; ".join(texts or complaints[-1:]))


def _account(folder: Path, root: Path | None, split: str) -> str:
    files = message_files(folder, split)
    if sum(path.stat().st_size for path in files) > PARSED_AT_MOST:
        count = sum(1 for place in ("", "data") for _ in (folder / place / split).glob("*/*/photo"))
        return f"{count} folders of {split} trajectories and {len(files)} files of messages"
    data = SceneNetRGBD(root, split)
    absent = f", {len(data.missing)} trajectories or frames are missing, the first is {data.missing[0]}" if data.missing else ""
    return f"{len(data)} frames of {len(data.walks)} {split} trajectories{absent}"
