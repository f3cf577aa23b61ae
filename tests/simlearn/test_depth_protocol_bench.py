"""The timing of the Eigen protocols measures what it says, on three images."""

from __future__ import annotations

import numpy as np
import pytest

from bench.depth_protocol import EIGEN, FORMS, depth_of, make_data, measure, scan
from simlearn.datasets.root import VARIABLE


@pytest.fixture
def work(tmp_path, monkeypatch):
    make_data(tmp_path / "data", 3)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "data"))
    return tmp_path


def test_made_up_scans_are_as_large_as_kittis(work):
    points = scan()
    assert points.shape == (120_000, 4)
    assert np.isfinite(points).all()
    assert points[:, 2].min() == pytest.approx(-1.73, abs=1e-3)
    depth = depth_of(work / "data", points)
    assert 15_000 < np.isfinite(depth).sum() < 25_000  # KITTI's own six frames have 17,107 to 20,209


def test_every_protocol_takes_every_form_of_predictions(work):
    for benchmark in EIGEN:
        for form in FORMS:
            found = measure(benchmark, form, 3, work)
            assert (found["benchmark"], found["form"], found["images"]) == (benchmark, form, 3)
            assert found["seconds"] > 0
    assert sorted(path.name for path in work.iterdir()) == ["data"]
