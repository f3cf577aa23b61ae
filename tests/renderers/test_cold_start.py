"""Worker processes that start together with nothing compiled yet."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PROGRAM = """
import hashlib
from render_worlds import random_world
from renderers.raster import RasterRenderer
frame = RasterRenderer(random_world(3, width=64, height=48)).render(0)
print(hashlib.sha256(b"".join(frame[name].tobytes() for name in frame.labels)).hexdigest())
"""


def test_two_processes_with_a_cold_kernel_cache_agree(tmp_path):
    environment = {**os.environ, "WARP_CACHE_PATH": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])])}
    running = [
        subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=300) for process in running]
    assert [process.returncode for process in running] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert len(answers[0][0].strip()) == 64
    assert answers[0][1] == ""  # nothing is printed beside
