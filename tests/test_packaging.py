"""The distribution: four packages of one parent, versions that agree, a user's own module that shadows ours is named."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_a_users_own_training_module_is_named_with_the_remedy(tmp_path):
    (tmp_path / "training.py").write_text("answer = 42\n")
    run = subprocess.run([sys.executable, "-c", "import simlearn"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode != 0
    assert str(tmp_path / "training.py") in run.stderr
    assert "rename" in run.stderr


def test_tool_versions_agree_with_pre_commit():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]
    pinned = dict(line.split("==") for line in extras if "==" in line)
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    for tool in ("ruff", "mypy"):
        named = set(re.findall(rf"name: {tool}[^(]*\(([\d.]+)\)", hooks))
        assert named == {pinned[tool]}


def test_every_registered_name_can_be_imported():
    from renderers.renderer import RENDERERS
    from scenes.families import FAMILIES
    from simlearn.benchmarks import BENCHMARKS
    from simlearn.datasets import DATASETS
    from simlearn.exporters import EXPORTERS
    from training.backbones import BACKBONES
    from training.pretexts import PRETEXTS

    for registry in (FAMILIES, RENDERERS, BACKBONES, PRETEXTS, DATASETS, BENCHMARKS, EXPORTERS):
        assert len(registry) > 0
        for name in registry:
            assert registry[name] is not None


def test_nothing_in_the_sources_reads_pickles():
    for path in [p for package in ("scenes", "renderers", "training", "simlearn") for p in (ROOT / package).rglob("*.py")]:
        text = path.read_text()
        assert not re.search(r"pickle\.(load|Unpickler)", text), path
        assert "allow_pickle=True" not in text, path
        assert "weights_only=False" not in text, path
