"""The benchmark in a tiny configuration: what it writes is complete and consistent, and a peer that is missing is only skipped."""

import json
import multiprocessing
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from bench import contenders, cuda, memory, render, scaling
from bench.chart import draw_rates
from bench.contenders import ALL_CORES, ONE_PROCESS, REFERENCE, Contender
from bench.crew import Crew, Skipped
from bench.interleave import measure
from bench.standard_room import standard_room
from renderers.raster import RasterRenderer
from scenes.errors import UserError

SLEEPER = Contender(name="sleeper", make="bench_contender:sleeper", package="numpy")


@pytest.fixture(scope="module")
def document():
    plan = render.Plan(sizes=((64, 48),), rounds=1, window_seconds=0.1, frames=4, only=("no shadows", "cycles"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contenders, "_CYCLES", replace(contenders._CYCLES, python=""))
        patch.setattr(render, "usable_cores", lambda: 1)
        return render.run(plan)


def test_the_document_says_what_was_measured_where(document):
    assert json.loads(json.dumps(document)) == document
    assert {"date", "commit", "machine", "versions", "triangles", "labels", "first_frame_seconds"} <= document.keys()
    assert document["triangles"] == 172284
    assert document["machine"]["cores"] >= 1
    assert {"warp-lang", "pybullet"} <= document["versions"].keys()
    assert set(document["sections"]) == {ONE_PROCESS, ALL_CORES}
    assert set(document["sections"][ONE_PROCESS]["64x48"]) == {REFERENCE, "TinyRenderer rgb depth mask, no shadows"}


def test_ratios_are_those_of_the_rates(document):
    for sizes in document["sections"].values():
        entries = sizes["64x48"]
        reference = entries[REFERENCE]
        assert reference["reference_is"] == reference["reference_is_by_cpu"] == 1.0
        for name, entry in entries.items():
            assert entry["frames_per_second"] > 0
            assert entry["reference_is"] == pytest.approx(reference["frames_per_second"] / entry["frames_per_second"])
            assert entry["reference_is_by_cpu"] == pytest.approx(entry["cpu_ms"] / reference["cpu_ms"])
            assert entry["lower_quartile"] <= entry["frames_per_second"] <= entry["upper_quartile"]
            assert entry["ours"] == name.startswith("raster")


def test_missing_peers_are_named_with_a_reason(document):
    assert "Cycles 1 spp + passes" in document["skipped"]
    assert all(document["skipped"].values())


def test_the_chart_is_a_picture(document, tmp_path):
    draw_rates(document, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def sleepers(tmp_path, monkeypatch):
    """A contender that sleeps 10 ms a frame; the crew's processes find it on their path."""
    (tmp_path / "bench_contender.py").write_text(
        "import time\ndef sleeper(scene, *, threads, milliseconds=10):\n    return lambda t: time.sleep(milliseconds / 1000)\n"
        "def broken(scene, *, threads):\n    import no_such_package\n"
        "def dies(scene, *, threads):\n    raise SystemExit('out of luck')\n"
    )
    monkeypatch.setattr("bench.crew.ROOT", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "bench").symlink_to(contenders.__file__.rsplit("/", 1)[0])
    for package in ("scenes", "renderers"):
        (tmp_path / package).symlink_to(sys.modules[package].__path__[0])
    return SLEEPER


def test_rates_are_those_of_a_contender_of_known_speed(sleepers):
    fast, slow, pair = (
        replace(sleepers, name=n, options={"milliseconds": m}, processes=p) for n, m, p in (("f", 10, 1), ("s", 40, 1), ("p", 20, 2))
    )
    size = {"width": 8, "height": 6, "frames": 3}
    with Crew(fast, **size) as a, Crew(slow, **size) as b, Crew(pair, **size) as c:
        start = time.perf_counter()
        rates = measure({"f": a, "s": b, "p": c}, rounds=4, window_seconds=0.08)
        assert time.perf_counter() - start < 10
    assert 60 < rates["f"].frames_per_second <= 100
    assert 20 < rates["s"].frames_per_second <= 25
    assert 60 < rates["p"].frames_per_second <= 100  # two processes at once
    assert rates["f"].cores < 0.5


def test_a_contender_that_cannot_start_says_why(sleepers):
    for function, reason in (("broken", "no_such_package"), ("dies", "out of luck")):
        with pytest.raises(Skipped, match=reason):
            Crew(replace(sleepers, make=f"bench_contender:{function}"), width=8, height=6, frames=3)
    with pytest.raises(Skipped, match="cannot be started"):
        Crew(replace(sleepers, python="/no/such/python"), width=8, height=6, frames=3)


def test_balls_behind_the_camera_change_no_pixel():
    plain = standard_room(2, 64, 48)
    more = scaling.with_balls_behind(plain, 3)
    assert len(more.instances) == len(plain.instances) + 3
    ours, theirs = (RasterRenderer(scene).render(1) for scene in (plain, more))
    for name in ours.labels:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


def test_both_series_are_measured_and_drawn(tmp_path):
    plan = scaling.Plan(sizes=((16, 12), (32, 24), (64, 48)), balls=(0, 1), size=(32, 24), rounds=1, frames=2)
    document = scaling.run(plan)
    assert document["pixels"]["pixels"] == [192, 768, 3072]
    assert np.diff(document["triangles_outside_the_view"]["triangles"]).tolist() == [20480]
    scaling.draw(document, tmp_path / "curve.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["curve-pixels.png", "curve-triangles.png"]


def test_growth_counts_from_the_settled_scene(monkeypatch, capsys):
    curve = [memory.Usage(resident, resident + 50) for resident in (100.0, 150.0, 160.0, 155.0, 170.5, 165.0, 190.0)]
    monkeypatch.setattr(memory, "usage_after_scenes", lambda _: iter(curve))
    document = memory.run(memory.Plan(scenes=7, settled_after=3, every=2))
    growths = tuple(document[f"{what}growth_mb"] for what in ("", "level_", "peak_"))
    assert growths == (30.0, 20.0, 30.0)
    assert (document["level_mb"], document["peak_mb"]) == (177.5, 240.0)
    assert document["resident_mb"] == [used.resident for used in curve]
    assert capsys.readouterr().out.count("\n") == 1


def test_the_memory_of_a_worker_is_measured_and_the_worker_ended():
    children = multiprocessing.active_children()
    used = list(memory.usage_after_scenes(memory.Plan(family="flying", scenes=2, frames=1)))
    assert len(used) == 2
    assert all(100 < usage.resident <= usage.peak < 4000 for usage in used)
    assert multiprocessing.active_children() == children


def test_batches_of_cameras_are_counted_in_frames():
    document = cuda.run(cuda.GpuPlan(device="cpu", sizes=((16, 12),), batches=(1, 3), rounds=1, frames=2))
    assert [entry["cameras"] for entry in document["rates"]] == [1, 3]
    for entry in document["rates"]:
        assert entry["frames_per_second"] * entry["seconds_a_batch"] == pytest.approx(entry["cameras"])
    assert np.array_equal(cuda.cameras(2, 2)[1].poses, cuda.cameras(5, 2)[1].poses)


def test_a_machine_without_a_gpu_says_so(monkeypatch, capsys):
    monkeypatch.setattr(cuda.wp, "is_cuda_available", lambda: False)
    with pytest.raises(UserError, match="no CUDA device"):
        cuda.run(cuda.GpuPlan())
    assert render.main(["--device", "cuda"]) == 2
    assert "no CUDA device" in capsys.readouterr().err
