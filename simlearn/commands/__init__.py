"""The commands of the command line, in the order in which `simlearn --help` lists them.

Each is a thin wrapper around one public function; heavy imports wait until a command runs.
"""

from simlearn.commands.app import app
from simlearn.commands.data import export, generate, info, scene, verify, view, worlds
from simlearn.commands.learning import compare, demo, evaluate, report, train
from simlearn.commands.paired import compare_results
from simlearn.commands.prediction import predict
from simlearn.commands.submit import submit

__all__ = [
    "app",
    "compare",
    "compare_results",
    "demo",
    "evaluate",
    "export",
    "generate",
    "info",
    "predict",
    "report",
    "scene",
    "submit",
    "train",
    "verify",
    "view",
    "worlds",
]
