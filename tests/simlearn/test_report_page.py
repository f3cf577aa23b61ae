"""The page: self-contained, well-formed, escaped, complete, and honest about what is missing."""

import base64
import json
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
import tiny_world
from report_inputs import invented_rows, row, write_inputs, write_pictures, write_run

from scenes.errors import UserError
from simlearn.report import write_report
from simlearn.report.plots import running_mean
from simlearn.report.runs import find_runs
from simlearn.results import append

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
VOID = {"meta", "img", "source", "br", "link", "input", "hr"}
LINKS = ("src", "href", "srcset", "action", "data", "poster")


class Page(HTMLParser):
    """Checks balance while reading; keeps tags with attributes, and the text outside style and script."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.words = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> at line {self.getpos()[0]}"

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(root):
    return Page(write_report(root, root / "index.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = write_inputs(tmp_path_factory.mktemp("report") / "run")
    tiny_world.make(root / "train", scenes=2)
    return root


@pytest.fixture(scope="module")
def page(root):
    return page_of(root)


def test_nothing_is_fetched(page):
    for _, attributes in page.tags:
        for name in LINKS:
            assert (attributes.get(name) or "#").startswith(("data:image/", "#")), attributes[name][:80]


def test_no_address_outside_the_page(root, page):
    html = (root / "index.html").read_text()
    assert page.all("link") == []
    assert all(bad not in html for bad in ("http://", "https://", "@import", "url("))


def test_images_are_whole_and_described(page):
    images = page.all("img")
    assert len(images) > 20
    for image in images:
        kind, payload = image["src"].split(";base64,")
        start = {"data:image/png": b"\x89PNG", "data:image/jpeg": b"\xff\xd8"}[kind]
        assert base64.b64decode(payload, validate=True).startswith(start)
        assert len(image["alt"]) > 10


def test_every_benchmark_protocol_method_and_seed_count_is_there(page):
    for result in invented_rows():
        names = {"random": "random initialisation", "constant": "constant prediction", "row_prior": "row-wise prior"}
        assert result.benchmark in page.text
        assert result.protocol in page.text
        assert names.get(result.method, result.method) in page.text
    assert "one seed" in page.text
    assert "0123456789ab" in page.text


def test_pictures_carry_method_seed_and_their_own_title(page):
    assert "game_engine, seed 0. frame 1: image, truth, prediction" in page.text
    assert page.text.index("random initialisation, seed 0. frame 0") < page.text.index("game_engine, seed 0. frame 0")


def test_every_label_of_the_rendered_frames_is_shown(page):
    captions = {image["alt"].split(" of ")[0] for image in page.all("img")}
    assert {"rgb", "depth", "normal", "flow_forward", "occluded_backward", "valid"} <= captions


def test_commands_to_repeat_it(root, page):
    results, network = root / "results.jsonl", "--backbone resnet18 --width 32"
    lines = [
        f"simlearn generate --family tiny --scenes 2 --frames 3 --size 48x36 --seed 5 --renderer tiny --out {root / 'train'}",
        f"simlearn train --pretext game_engine --data train {network} --budget samples=12800 --batch-size 64 --lr 0.001 --seed 1 "
        f"--out {root / 'runs/game_engine_1'}",
        f"simlearn evaluate --benchmark kitti_depth --checkpoint random {network} --seed 2 --out {results}",
        f"simlearn evaluate --benchmark tiny_imagenet --checkpoint runs/rotation_1 --out {results}",
        f"simlearn report {root}",
    ]
    for line in lines:
        assert page.text.count(line) == 1, line
    assert "--checkpoint constant" not in page.text


def test_the_same_input_gives_the_same_bytes(root, page, tmp_path):  # noqa: ARG001
    assert write_report(root, tmp_path / "again.html").read_bytes() == (root / "index.html").read_bytes()


def test_markup_in_names_is_escaped(tmp_path):
    evil = "<script>alert(1)</script>"
    append(tmp_path / "results.jsonl", [row(method=evil, benchmark='"><b>', config={"x": "</pre><i>"}), row()])
    write_run(tmp_path / "runs" / "one", pretext=evil, seed=0, steps=5)
    page = page_of(tmp_path)
    assert len(page.all("script")) == 1
    assert page.all("b") == [{}] * len(page.all("b"))
    assert page.all("i") == []
    assert evil in page.text


@pytest.mark.parametrize("seeds", [1, 3])
def test_results_alone_make_a_page_that_names_what_is_missing(tmp_path, seeds):
    rendered = {"benchmark": "rendered", "data": {"name": "heldout", "fingerprint": "1"}}
    append(tmp_path / "results.jsonl", [row(seed=seed, value=30.0 + seed, **rendered) for seed in range(seeds)])
    text = page_of(tmp_path).text
    assert "Nothing here was measured on real data" in text
    assert "SIMLEARN_DATA" in text
    assert "No training curves were found" in text
    assert "No rendered data set was found" in text
    assert "No pictures of predictions were found" in text


def test_runs_alone_make_a_page(tmp_path):
    write_run(tmp_path / "runs" / "game_engine_0", pretext="game_engine", seed=0, steps=20)
    text = page_of(tmp_path).text
    assert "No benchmark was measured yet" in text
    assert "Nothing here was measured on real data" not in text


def test_damaged_parts_are_named_and_the_rest_is_shown(tmp_path):
    append(tmp_path / "results.jsonl", [row()])
    write_run(tmp_path / "runs" / "torn", pretext="game_engine", seed=0, steps=5)
    (tmp_path / "runs" / "torn" / "run.json").write_text('{"config": ')
    tiny_world.make(tmp_path / "train", scenes=1)
    next((tmp_path / "train" / "shards").iterdir()).write_bytes(b"no shard")
    (tmp_path / "heldout").mkdir()
    (tmp_path / "heldout" / "manifest.json").write_text("[]")
    write_pictures(tmp_path / "pictures", "kitti_depth", {"random": 1}, items=1)
    (tmp_path / "pictures" / "kitti_depth__random__seed0__1.png").write_bytes(b"no picture")
    text = page_of(tmp_path).text
    assert "The run torn could not be read in full" in text
    assert "The manifest of the data set heldout could not be read" in text
    assert "No frames can be shown" in text
    assert "kitti_depth__random__seed0__1.png is not a readable image" in text


def test_a_malformed_line_is_named(tmp_path):
    append(tmp_path / "results.jsonl", [row()])
    with (tmp_path / "results.jsonl").open("a") as file:
        file.write('{"benchmark": "x"}\n')
    with pytest.raises(UserError, match="line 2"):
        write_report(tmp_path, tmp_path / "index.html")
    assert not (tmp_path / "index.html").exists()


def test_nothing_to_report(tmp_path):
    with pytest.raises(UserError, match="simlearn demo"):
        write_report(tmp_path, tmp_path / "index.html")
    with pytest.raises(UserError, match="not a folder"):
        write_report(tmp_path / "absent", tmp_path / "index.html")


def test_a_place_that_cannot_be_written(tmp_path):
    append(tmp_path / "results.jsonl", [row()])
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_report(tmp_path, tmp_path / "file" / "index.html")
    with pytest.raises(UserError, match="cannot be written"):
        write_report(tmp_path, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "results.jsonl"]


def test_curves_skip_gaps_and_know_their_axis(tmp_path):
    run = tmp_path / "runs" / "a_0"
    run.mkdir(parents=True)
    (run / "metrics.csv").write_text("step,samples,lr,loss,note\n1,64,0.1,4.0,x\n2,128,0.1,,x\n3,192,0.1,2.0,x\n")
    (run / "run.json").write_text(json.dumps({"pretext": "a"}))
    ((found,), problems) = find_runs(tmp_path)
    assert problems == []
    assert list(found.curves) == ["loss"]
    np.testing.assert_array_equal(found.curves["loss"], [[64.0, 192.0], [4.0, 2.0]])


def test_running_mean_by_hand():
    np.testing.assert_allclose(running_mean(np.array([4.0, 2.0, 6.0, 0.0]), 2), [4.0, 3.0, 4.0, 3.0])


CLICK_AND_LIST = """
<script>
const lists = [];
for (const column of [2, 2, 0]) {
  const table = document.querySelectorAll("table.sortable")[0];
  table.tHead.rows[0].cells[column].querySelector("button").click();
  lists.push([...table.tBodies[0].rows].map(row => row.cells[0].textContent + " " + row.cells[column].dataset.sort).join(";"));
}
document.body.innerHTML = "<pre>" + lists.join("|") + "</pre>";
</script>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium on the machine")
def test_tables_sort_in_a_browser(tmp_path):
    values = {"random": 30.0, "game_engine": 100.0, "rotation": 9.5}
    rows = [row(method=method, value=value) for method, value in values.items()]
    append(tmp_path / "results.jsonl", [*rows, row(method="supervised", metric="other", value=1.0)])
    html = write_report(tmp_path, tmp_path / "index.html").read_text()
    (tmp_path / "clicked.html").write_text(html.replace("</body>", CLICK_AND_LIST + "</body>"))
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [CHROMIUM, *options, "--dump-dom", f"file://{tmp_path / 'clicked.html'}"]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    down, up, by_name = (
        [entry.strip().split(" ")[0] for entry in text.split(";")] for text in dom.split("<pre>")[1].split("</pre>")[0].split("|")
    )
    assert down == ["game_engine", "random", "rotation", "supervised"]  # as numbers, not as text; what is missing stays last
    assert up == ["rotation", "random", "game_engine", "supervised"]
    assert by_name == ["game_engine", "random", "rotation", "supervised"]
