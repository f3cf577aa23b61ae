"""The reading benchmark: every contender gives the same tensors of the same frames, and cold means from the disk."""

import json
from pathlib import Path

import tiny_world
import torch

from bench import reading
from simlearn.datasets.shuffled import Shuffled
from simlearn.datasets.synthetic import SyntheticDataset


def test_contenders_read_the_same_and_are_compared(tmp_path, capsys):
    tiny_world.make(tmp_path / "data", scenes=2, labels=reading.LABELS)
    data = SyntheticDataset(tmp_path / "data", reading.LABELS)
    (tmp_path / "files").mkdir()
    found = list(reading.contenders(tmp_path / "data", tmp_path / "files"))
    first, *others = found
    for contender in others:
        source = Shuffled(data) if "Shuffled" in contender.name else None
        for k in range(len(data) + 1):
            truth = source[k] if source else first.read(k)
            read = contender.read(k)
            for name in reading.LABELS:
                assert torch.equal(read[name], truth[name]), contender.name
                assert read[name].is_contiguous()
    assert len({(item["scene"], item["time"]) for item in map(first.read, range(len(data)))}) == len(data)

    quick = ["--rounds", "2", "--seconds", "0.01", "--json", str(tmp_path / "figures.json")]
    assert reading.main(["--data", str(tmp_path / "data"), *quick]) == 0
    document = json.loads((tmp_path / "figures.json").read_text())
    assert {"date", "commit", "machine"} <= document.keys()
    for section in ("warm", "cold"):
        results = document["sections"][section]
        assert list(results) == [contender.name for contender in found]
        ours = results[reading.REFERENCE]
        assert ours["reference_is"] == 1
        for entry in results.values():
            assert entry["reference_is"] == round(ours["frames_per_second"] / entry["frames_per_second"], 2)
    images = document["sections"]["warm"]["PNG (Pillow) + npy, random frames"]
    assert images["kb_per_frame"] == round(sum(path.stat().st_size for path in (tmp_path / "files").iterdir()) / 6e3, 1)
    assert "ours is" in capsys.readouterr().out
    assert not list(Path(tmp_path).glob("reading-*"))


def test_a_missing_data_set_is_a_sentence(tmp_path, capsys):
    assert reading.main(["--data", str(tmp_path / "nowhere")]) == 2
    assert "is not a folder" in capsys.readouterr().err
