"""Imports point one way: scenes <- renderers <- training <- simlearn."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "scenes": {"scenes"},
    "renderers": {"scenes", "renderers"},
    "training": {"scenes.geometry", "scenes.errors", "scenes.registry", "scenes.randomness", "renderers.frame", "training"},
    "simlearn": {"scenes", "renderers", "training", "simlearn"},
}


def imported_modules(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative imports hide the layer they reach into"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] in {*MAY_IMPORT, "bench", "tests"}}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_package_imports_nothing_above_it(package):
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        for name in imported_modules(path):
            allowed = any(name == a or name.startswith(a + ".") for a in MAY_IMPORT[package])
            assert allowed, f"{path.relative_to(ROOT)} imports {name}; {package} may import only {sorted(MAY_IMPORT[package])}"


def test_the_check_sees_an_upward_import(tmp_path):
    culprit = tmp_path / "culprit.py"
    culprit.write_text("def late():\n    from simlearn.cli import main\n")
    assert imported_modules(culprit) == {"simlearn.cli.main"}
