"""Features on disk: used when whole and of the very same thing, made anew otherwise, never more than the limit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import save_file

from simlearn.benchmarks.feature_cache import FeatureCache, Features, Key, weights_digest
from training.backbones import build_backbone

KEY = Key({"weights": "abc", "data": "def", "stages": ["b", "a"]})
STAGES = {"b": torch.arange(12.0).reshape(4, 3), "a": torch.full((4, 2), 0.5)}


class Maker:
    """Counts how often features are made."""

    def __init__(self, features: Features | None = None) -> None:
        self.made, self.features = 0, features or Features(STAGES, {2: "h.png is damaged"})

    def __call__(self) -> Features:
        self.made += 1
        return self.features


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def cache(tmp_path, said) -> FeatureCache:
    return FeatureCache(tmp_path / "features", say=said.append)


def check(features: Features) -> None:
    assert list(features.stages) == ["b", "a"], "stages keep the network's order"
    for stage, values in STAGES.items():
        assert torch.equal(features.stages[stage], values)
    assert features.left_out == {2: "h.png is damaged"}


def test_the_second_time_is_read_and_another_key_is_not(cache):
    make = Maker()
    check(cache.get(KEY, 4, make))
    check(cache.get(KEY, 4, make))
    assert make.made == 1
    for other in ({"weights": "abd"}, {"data": "deg"}, {"grid": 3}):
        cache.get(Key({**KEY.facts, **other}), 4, make)
    assert make.made == 4
    assert len(list(cache.folder.iterdir())) == 4


def test_without_a_folder_nothing_is_kept(tmp_path):
    make = Maker()
    for _ in range(2):
        check(FeatureCache(None).get(KEY, 4, make))
    assert make.made == 2
    assert list(tmp_path.iterdir()) == []


def cut(path):
    path.write_bytes(path.read_bytes()[:-5])


def empty(path):
    path.write_bytes(b"")


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def foreign(path):
    save_file({"b": torch.zeros(4, 3), "a": torch.zeros(4, 2)}, path)


def foreign_note(path):
    save_file({"b": torch.zeros(4, 3), "a": torch.zeros(4, 2)}, path, metadata={"simlearn_features": "[1, 2]"})


def swapped(path):
    FeatureCache(path.parent).get(Key({"weights": "another"}), 4, Maker())
    (path.parent / Key({"weights": "another"}).file).replace(path)


@pytest.mark.parametrize("spoil", [cut, empty, flip_a_bit, foreign, foreign_note, swapped])
def test_what_is_not_whole_or_not_ours_is_made_anew_and_replaced(spoil, cache, said):
    cache.get(KEY, 4, Maker())
    path = cache.folder / KEY.file
    spoil(path)
    again = Maker()
    check(cache.get(KEY, 4, again))
    assert again.made == 1
    assert any("made anew" in text for text in said)
    check(cache.get(KEY, 4, again))
    assert again.made == 1, "the replacement is whole"


def test_a_file_of_fewer_pictures_is_not_used(cache):
    cache.get(KEY, 4, Maker(Features({"b": torch.zeros(3, 3), "a": torch.zeros(3, 2)}, {})))
    again = Maker()
    check(cache.get(KEY, 4, again))
    assert again.made == 1


def test_the_least_recently_used_go_first_and_other_files_stay(tmp_path, said):
    one = 4 * 1000 * 4
    cache = FeatureCache(tmp_path, limit_bytes=5 * one, say=said.append)
    keys = [Key({"number": number}) for number in range(5)]
    for number, key in enumerate(keys[:4]):
        cache.get(key, 4, Maker(Features({"a": torch.zeros(4, 1000)}, {})))
        os.utime(tmp_path / key.file, (1000 + number, 1000 + number))
    (tmp_path / "mine.txt").write_text("not features")
    (tmp_path / ".features-x.safetensors.tmp-1").write_text("left by a killed process")
    os.utime(tmp_path / ".features-x.safetensors.tmp-1", (0, 0))
    cache.get(keys[0], 4, Maker())  # now the most recently used
    cache.get(keys[4], 4, Maker(Features({"a": torch.zeros(4, 1000)}, {})))
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"mine.txt", *(keys[number].file for number in (0, 2, 3, 4))}
    assert sum(path.stat().st_size for path in tmp_path.glob("*.safetensors")) < 5 * one


def test_what_is_larger_than_a_quarter_of_the_limit_is_not_kept(tmp_path, said):
    cache = FeatureCache(tmp_path, limit_bytes=3 * 4 * 1000 * 4, say=said.append)
    cache.get(KEY, 4, Maker(Features({"a": torch.zeros(4, 1000)}, {})))
    assert list(tmp_path.iterdir()) == []
    assert "more than a quarter" in said[-1]


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path, said):
    (tmp_path / "features").write_text("a file where the folder should be")
    check(FeatureCache(tmp_path / "features", say=said.append).get(KEY, 4, Maker()))
    assert "cannot be written" in said[-1]


def test_a_killed_writer_leaves_nothing_that_is_read(tmp_path):
    """A process that writes without end is killed; whatever it leaves, the cache answers with whole features."""
    program = (
        "import sys, torch; from pathlib import Path\n"
        "from simlearn.benchmarks.feature_cache import FeatureCache, Features, Key\n"
        "features = Features({'a': torch.arange(4 * 300000, dtype=torch.float32).reshape(4, -1)}, {})\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    FeatureCache(Path(sys.argv[1]), say=str)._keep(Path(sys.argv[1]) / Key({'k': 1}).file, Key({'k': 1}), features)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    time.sleep(0.15)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    truth = Features({"a": torch.arange(4 * 300000, dtype=torch.float32).reshape(4, -1)}, {})
    found = FeatureCache(tmp_path, say=str).get(Key({"k": 1}), 4, Maker(truth))
    assert torch.equal(found.stages["a"], truth.stages["a"])
    visible = [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert [path.name for path in visible] == [Key({"k": 1}).file]


def test_weights_have_a_digest_that_sees_every_value():
    torch.manual_seed(0)
    first, second = build_backbone("resnet18", width=2), build_backbone("resnet18", width=2)
    digest = weights_digest(first)
    assert digest != weights_digest(second)
    second.load_state_dict(first.state_dict())
    assert weights_digest(second) == digest
    with torch.no_grad():
        second.state_dict()["layer4.1.bn2.running_mean"][1] += 1e-6
    assert weights_digest(second) != digest
