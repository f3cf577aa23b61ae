"""COCO's layout, read by pycocotools and OpenCV."""

import contextlib
import copy
import io
import json
import tracemalloc
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import tiny_world
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from scenes.errors import UserError
from scenes.semantics import class_names
from simlearn.exporters import EXPORTERS, coco
from simlearn.shards import ShardReader

SCENES, FRAMES, WIDTH, HEIGHT = 3, 2, 53, 37


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp("coco") / "data"
    tiny_world.make(out, scenes=SCENES, frames=FRAMES, width=WIDTH, height=HEIGHT)
    return out


@pytest.fixture(scope="module")
def exported(root, tmp_path_factory):
    return EXPORTERS["coco"](root, tmp_path_factory.mktemp("exported") / "out", progress=False)


@pytest.fixture(scope="module")
def dataset(exported):
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(exported / "annotations/instances.json"))


@pytest.fixture
def frames(root):
    """(image id, scene, time, function that reads a label) of every frame."""
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(ShardReader(root / f"shards/scene_{scene:06d}.h5")) for scene in range(SCENES)]
        yield [
            (1 + FRAMES * scene + time, scene, time, lambda label, reader=reader, time=time: reader.read(label, time))
            for scene, reader in enumerate(readers)
            for time in range(FRAMES)
        ]


def test_masks_are_the_instances_to_the_pixel(dataset, frames):
    assert sorted(dataset.imgs) == [number for number, *_ in frames]
    for number, _, _, read in frames:
        instance, semantic = read("instance"), read("semantic")
        annotations = dataset.loadAnns(dataset.getAnnIds(imgIds=[number]))
        assert [a["instance_id"] for a in annotations] == [i for i in np.unique(instance) if i]
        for annotation in annotations:
            mask = dataset.annToMask(annotation).astype(bool)
            np.testing.assert_array_equal(mask, instance == annotation["instance_id"])
            rows, columns = np.nonzero(mask)
            left, top = columns.min(), rows.min()
            assert annotation["bbox"] == [left, top, columns.max() + 1 - left, rows.max() + 1 - top]
            assert annotation["area"] == mask.sum()
            assert annotation["iscrowd"] == 0
            assert set(semantic[mask]) == {annotation["category_id"]}
    assert sorted(dataset.anns) == list(range(1, len(dataset.anns) + 1))


def test_categories_tell_things_from_stuff(dataset):
    names = {c["id"]: c["name"] for c in dataset.loadCats(dataset.getCatIds())}
    assert names == dict(enumerate(class_names("nyu40")[1:], start=1))
    assert {c["name"] for c in dataset.dataset["categories"] if not c["isthing"]} == {"wall", "floor", "ceiling", "otherstructure"}


def test_truth_against_itself_is_perfect(dataset):
    with contextlib.redirect_stdout(io.StringIO()):
        results = dataset.loadRes([{**copy.deepcopy(a), "score": 0.9} for a in dataset.dataset["annotations"]])
        for kind in ("segm", "bbox"):
            evaluation = COCOeval(dataset, results, kind)
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
            assert evaluation.stats[0] == 1.0


def test_pictures(exported, dataset, frames):
    for number, scene, time, read in frames:
        image = dataset.imgs[number]
        assert image["file_name"] == f"scene_{scene:06d}/{time:04d}.png"
        assert (image["width"], image["height"]) == (WIDTH, HEIGHT)
        picture = cv2.imread(str(exported / "images" / image["file_name"]), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(picture[..., ::-1], read("rgb"))


def test_panoptic_segments_cover_what_is_seen(exported, frames):
    document = json.loads((exported / "annotations/panoptic.json").read_text())
    things = {c["id"]: c["isthing"] for c in document["categories"]}
    for (_, _, _, read), annotation in zip(frames, document["annotations"], strict=True):
        b, g, r = cv2.split(cv2.imread(str(exported / "annotations/panoptic" / annotation["file_name"])).astype(int))
        ids, instance = r + 256 * g + 65536 * b, read("instance")
        np.testing.assert_array_equal(ids == 0, instance == 0)
        assert {s["id"] for s in annotation["segments_info"]} == set(np.unique(ids)) - {0}
        for segment in annotation["segments_info"]:
            mask = ids == segment["id"]
            assert segment["area"] == mask.sum()
            assert set(read("semantic")[mask]) == {segment["category_id"]}
            left, top, width, height = segment["bbox"]
            assert mask[top : top + height, left : left + width].sum() == mask.sum()
            if things[segment["category_id"]]:
                np.testing.assert_array_equal(mask, instance == segment["id"])


def test_sky_is_a_segment_and_classes_of_stuff_are_one():
    """Cityscapes ids: road 7, sky 23, car 26. Two pieces of road are one segment; what no instance covers is of its semantic class."""
    segments = coco.Segments([7, 26, 7], "cityscapes")
    instance, semantic = np.array([[1, 2, 3], [0, 0, 1]], dtype=np.uint16), np.array([[7, 26, 7], [23, 0, 7]], dtype=np.uint8)
    picture, infos = segments.panoptic(instance, semantic)
    ids = picture.astype(int) @ (1, 256, 65536)
    np.testing.assert_array_equal(ids, [[65536 + 7, 2, 65536 + 7], [65536 + 23, 0, 65536 + 7]])
    assert [(i["id"], i["category_id"], i["area"], i["bbox"]) for i in infos] == [
        (2, 26, 1, [1, 0, 1, 1]),
        (65543, 7, 3, [0, 0, 3, 2]),
        (65559, 23, 1, [0, 1, 1, 1]),
    ]
    assert [a["instance_id"] for a in segments.annotations(instance)] == [1, 2, 3]


def test_joining_takes_no_memory(tmp_path):
    """Pieces of 40 scenes with 20 MB of annotations in all."""
    (tmp_path / coco.PIECES).mkdir(parents=True)
    line = json.dumps({"image_id": 1, "counts": "a" * 1000})
    for scene in range(40):
        head = json.dumps({"images": 1, "annotations": 500, "panoptic": 1})
        text = "\n".join([head, f'{{"id":{scene}}}', *[line] * 500, f'{{"image_id":{scene}}}']) + "\n"
        (tmp_path / coco.PIECES / f"scene_{scene:06d}.json").write_text(text)

    @contextlib.contextmanager
    def create(name):
        yield tmp_path / name

    shards = [SimpleNamespace(scene=scene) for scene in range(40)]
    tracemalloc.start()
    coco._join(SimpleNamespace(folder=tmp_path, manifest=SimpleNamespace(shards=shards), create=create), "nyu40")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6
    document = json.loads((tmp_path / coco.INSTANCES).read_text())
    assert len(document["images"]) == 40
    assert [a["id"] for a in document["annotations"]] == list(range(1, 20_001))


def test_jpeg_pictures_and_wrong_settings(root, tmp_path):
    out = EXPORTERS["coco"](root, tmp_path / "out", images="jpg", progress=False)
    with ShardReader(root / "shards/scene_000000.h5") as reader:
        picture = cv2.imread(str(out / "images/scene_000000/0001.jpg"))[..., ::-1].astype(float)
        assert np.abs(picture - reader.read("rgb", 1)).mean() < 3
    with pytest.raises(UserError, match="written as png or jpg, not as 'webp'"):
        EXPORTERS["coco"](root, tmp_path / "other", images="webp", progress=False)


def test_ids_beyond_the_scene_are_a_sentence(root, tmp_path, monkeypatch):
    read = ShardReader.read
    monkeypatch.setattr(ShardReader, "read", lambda self, label, frame: read(self, label, frame) + (label == "instance") * np.uint16(9))
    with pytest.raises(UserError, match=r"shows instance 1\d of 5"):
        EXPORTERS["coco"](root, tmp_path / "out", progress=False)
