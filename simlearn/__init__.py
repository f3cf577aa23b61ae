"""The product's surface: it composes scenes, renderers and training into commands, data sets, benchmarks and a report."""

from importlib.util import find_spec as _find_spec
from pathlib import Path as _Path


def _refuse_shadowed_packages() -> None:
    """Raise ImportError when another `scenes`, `renderers` or `training` (a user's own training.py, say) would be imported for ours."""
    home = _Path(__file__).resolve().parent.parent
    for name in ("scenes", "renderers", "training"):
        spec = _find_spec(name)
        origin = _Path(spec.origin).resolve() if spec and spec.origin else None
        if origin != home / name / "__init__.py":
            found = origin or next(iter(spec.submodule_search_locations or ()), "nothing") if spec else "nothing"
            remedy = "rename that file or folder, or start Python elsewhere"
            raise ImportError(f"simlearn needs its own package {name!r} in {home}, but Python finds {found}: {remedy}")


_refuse_shadowed_packages()
