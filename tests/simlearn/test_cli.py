"""The program as a user meets it: one sentence on stderr, exit status 2, nothing half-written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simlearn.cli import main


def run(*arguments, **environment):
    command = [sys.executable, "-m", "simlearn.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=300)


def fails_with_a_sentence(capsys, *arguments):
    """The sentence on stderr."""
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments])
    error = capsys.readouterr().err
    assert exit_.value.code == 2, error
    assert "Traceback" not in error
    assert error.startswith("simlearn: ")
    assert error.count("\n") == 1, error
    return error


def generate(out, **options):
    flags = {"family": "rooms", "scenes": 1, "frames": 1, "size": "32x24", "workers": 1, **options}
    return ["generate", "--out", out, *(x for name, value in flags.items() for x in (f"--{name}", value))]


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"family": "room"}, "rooms"),
        ({"size": "0x24"}, "320x240"),
        ({"scenes": 0}, "at least 1"),
        ({"frames": 0}, "at least 1"),
        ({"renderer": "rastr"}, "raster"),
        ({"set": "no_such_setting=1"}, "known are"),
    ],
)
def test_generate_refuses_bad_input_and_writes_nothing(tmp_path, capsys, options, remedy):
    error = fails_with_a_sentence(capsys, *generate(tmp_path / "out", **options))
    assert remedy in error
    assert not (tmp_path / "out").exists()


def test_generate_into_an_unwritable_place(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    fails_with_a_sentence(capsys, *generate(tmp_path / "file" / "out"))


@pytest.mark.parametrize("command", ["verify", "info", "export", "view", "train"])
def test_a_missing_or_empty_data_folder(tmp_path, capsys, command):
    extra = {
        "export": ["--out", tmp_path / "o"],
        "view": ["--out", tmp_path / "o.png"],
        "train": ["--pretext", "game_engine", "--out", tmp_path / "o"],
    }.get(command, [])
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (tmp_path / "missing", empty):
        data = ["--data", folder] if command == "train" else [folder]
        error = fails_with_a_sentence(capsys, command, *data, *extra)
        assert str(folder) in error
    assert not (tmp_path / "o").exists()


def test_unknown_names_list_the_known_ones(tmp_path, capsys):
    assert "game_engine" in fails_with_a_sentence(capsys, "train", "--pretext", "game_engin", "--data", tmp_path, "--out", tmp_path / "run")
    assert "tiny_imagenet" in fails_with_a_sentence(
        capsys, "evaluate", "--benchmark", "tiny_imagenett", "--checkpoint", "random", "--out", tmp_path / "r.jsonl"
    )


def test_a_real_data_folder_that_is_not_there(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SIMLEARN_DATA", str(tmp_path / "nowhere"))
    error = fails_with_a_sentence(capsys, "evaluate", "--benchmark", "camvid", "--checkpoint", "random", "--out", tmp_path / "r.jsonl")
    assert "SIMLEARN_DATA" in error
    assert not (tmp_path / "r.jsonl").exists()


def test_a_misspelt_command_names_the_commands():
    finished = run("generat")
    assert finished.returncode == 2
    assert "generate" in finished.stderr


def test_info_for_programs():
    finished = run("info", "--json")
    assert finished.returncode == 0, finished.stderr
    facts = json.loads(finished.stdout)
    assert {"families", "renderers", "pretexts", "backbones", "datasets", "benchmarks", "export_formats", "found"} <= facts.keys()
    assert "rooms" in facts["families"]
    assert all(facts["families"].values()), "every family says what it is"


def test_help_of_every_command_names_its_flags():
    listing = run("--help").stdout
    for command in ("generate", "train", "evaluate", "compare", "report", "export", "verify", "view", "info", "demo"):
        assert command in listing


def test_data_set_from_the_command_line_to_export(tmp_path):
    data, numpy_out = tmp_path / "data", tmp_path / "numpy"
    assert run(*generate(data, scenes=2, frames=2)).returncode == 0
    assert run("verify", data).returncode == 0
    assert json.loads(run("info", data, "--json").stdout)["complete"] is True
    assert run("export", data, "--format", "numpy", "--out", numpy_out).returncode == 0
    assert len(list(Path(numpy_out).glob("*.npz"))) == 4
