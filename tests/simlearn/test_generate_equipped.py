"""Data sets seen through other lenses, by sensors and two eyes, from the command line to the reader."""

import numpy as np
import pytest

from renderers.frame import LABELS
from simlearn.commands import generate
from simlearn.datasets.synthetic import SyntheticDataset
from simlearn.shards import ShardReader
from simlearn.verify import verify


def made(out, *, labels, setting, **more):
    generate(family="rooms", out=out, scenes=1, frames=2, size="64x48", workers=1, labels=labels, set=setting, **more)
    assert verify(out, progress=False) == []
    return ShardReader(out / "shards" / "scene_000000.h5")


def test_every_label_reaches_the_reader_and_the_sensor_changes_no_other(tmp_path):
    plain = made(tmp_path / "plain", labels=tuple(LABELS), setting=("stereo_baseline_m=0.1", "depth_sensor=structured_light"))
    noisy = made(
        tmp_path / "noisy", labels=tuple(LABELS), setting=("stereo_baseline_m=0.1", "depth_sensor=structured_light", "sensor=phone")
    )
    with plain, noisy:
        assert plain.labels == tuple(LABELS)
        for name in LABELS:
            same = np.array_equal(plain.read(name, 1), noisy.read(name, 1), equal_nan=True)
            assert same == (name not in ("rgb", "rgb_right")), name
        frame = plain.frame(1)
        seen = frame["valid"]
        np.testing.assert_allclose(frame["disparity"][seen], plain.camera.fx * 0.1 / frame["depth"][seen], atol=1e-3 + 1 / 512)
    item = SyntheticDataset(tmp_path / "plain", labels=("object_point", "disparity"))[0]
    assert item["object_point"].shape == (3, 48, 64)


@pytest.mark.parametrize("lens", ["distorted", "panorama"])
def test_lenses_survive_the_disk(tmp_path, lens):
    with made(
        tmp_path / "d", labels=("rgb", "distance", "instance", "valid", "flow_forward"), setting=(f"lens={lens}",), renderer="embree"
    ) as r:
        assert r.camera == r.scene().camera
        assert r.camera.model == {"distorted": "brown_conrady", "panorama": "equirectangular"}[lens]
        assert r.frame(0)["valid"].any()


def test_traced_pictures_have_rasterised_labels(tmp_path):
    with (
        made(tmp_path / "path", labels=("rgb", "depth", "valid"), setting=(), renderer="path", render=("samples=4",)) as traced,
        made(tmp_path / "raster", labels=("rgb", "depth", "valid"), setting=()) as fast,
    ):
        assert (traced.read("depth", 0) == fast.read("depth", 0)).mean() > 0.999
        bright, plain = (r.read("rgb", 0).astype(float).mean() for r in (traced, fast))
        assert 0.3 < bright / plain < 3
