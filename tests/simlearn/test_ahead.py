"""Work done ahead by other processes: in order, bounded, with its errors, and no process left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scenes.errors import UserError
from simlearn.ahead import Ahead
from simlearn.workers import WorkerDied, WorkerError

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for left-over processes in /proc")


class Square:
    """Squares numbers; notes each in the file `path` if there is one, and does what `mishaps` says at others."""

    def __init__(self, path="", slow=-1, **mishaps):
        self.path, self.slow, self.mishaps = path, slow, mishaps

    def __call__(self, number):
        if self.path:
            with open(self.path, "a") as file:
                file.write(f"{number}\n")
        if number == self.mishaps.get("refuse"):
            raise UserError("scene 3 cannot be made: choose another seed")
        if number == self.mishaps.get("fail"):
            raise ZeroDivisionError("broken on purpose")
        if number == self.mishaps.get("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        if number == self.slow:
            time.sleep(0.3)
        return number * number


def children(parent):
    """Worker processes of a process that are running."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text()
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[1]) == parent and "spawn_main" in command:
            found.add(int(folder.name))
    return found


def test_results_come_in_the_order_asked_for():
    ahead = Ahead(Square(slow=2), workers=3, depth=6)
    assert [ahead.get(n, n) for n in range(9)] == [n * n for n in range(9)]
    assert [ahead.get(n, 9) for n in (11, 9, 14, 9)] == [121, 81, 196, 81]
    assert [ahead.get(n, n) for n in (12, 40, 41, 3, 5, 2)] == [144, 1600, 1681, 9, 25, 4]  # jumps, both ways
    ahead.close()


def test_errors_belong_to_their_numbers():
    ahead = Ahead(Square(refuse=3, fail=5), workers=2, depth=6)
    assert [ahead.get(n, n) for n in range(3)] == [0, 1, 4]
    for _ in range(2):
        with pytest.raises(UserError, match=r"^scene 3 cannot be made: choose another seed$"):
            ahead.get(3, 3)
    assert ahead.get(4, 4) == 16
    with pytest.raises(WorkerError, match=r"(?s)scene 5 of the stream failed.*test_ahead\.py.*broken on purpose"):
        ahead.get(5, 5)
    ahead.close()


def test_a_dying_worker_is_named_and_leaves_nothing():
    before = children(os.getpid())
    ahead = Ahead(Square(die=4), workers=2, depth=3)
    with pytest.raises(WorkerDied, match=r"worker process died \(killed by SIGKILL.*scene 4 of the stream: run again, with fewer"):
        [ahead.get(number, number) for number in range(9)]
    assert children(os.getpid()) == before
    assert ahead.get(9, 9) == 81  # whoever goes on gets new ones
    ahead.close()


def test_no_more_is_begun_than_there_is_room_for(tmp_path):
    asked, depth = tmp_path / "asked", 4
    ahead = Ahead(Square(str(asked)), workers=2, depth=depth)
    for number in range(8):
        assert ahead.get(number, number) == number * number
        time.sleep(0.03)
        begun = [int(line) for line in asked.read_text().split()]
        assert len(set(begun)) == len(begun)
        assert number <= max(begun) < number + depth
    assert len(begun) > 9, "nothing was done ahead"
    ahead.close()


def test_memory_of_a_number_is_its_own_until_it_is_done(tmp_path):
    """A jump forward waits for work under way, which may still be writing where later work would write."""
    asked = tmp_path / "asked"
    ahead = Ahead(Square(str(asked), slow=1), workers=2, depth=4)
    assert ahead.get(0, 0) == 0
    while "1\n" not in asked.read_text():
        time.sleep(0.01)
    assert ahead.get(3, 3) == 9
    assert not any(1 in owed for owed in ahead._workers.values())
    ahead.close()


def test_closing_and_dropping_end_the_workers():
    before = children(os.getpid())
    closed, dropped = (Ahead(Square(), workers=1, depth=3) for _ in range(2))
    assert closed.get(2, 2) == dropped.get(2, 2) == 4
    assert len(children(os.getpid()) - before) == 2
    closed.close()
    del dropped
    assert children(os.getpid()) == before
    assert closed.get(3, 3) == 9
    closed.close()


PROGRAM = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import itertools
from simlearn.ahead import Ahead
from test_ahead import Square
if __name__ == "__main__":
    ahead = Ahead(Square(), workers=2, depth=4)
    for number in itertools.count():
        print(ahead.get(number, number), flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_program(tmp_path, number):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, str(program)], start_new_session=True, **pipes)
    assert process.stdout.readline() == "0\n"
    left = children(process.pid)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: to the workers too
    else:
        process.kill()
    _, said = process.communicate(timeout=30)  # returns when no process holds the pipes any more
    assert said.count("Traceback") == (number == signal.SIGINT), said
    assert "leaked" not in said
    assert left
    deadline = time.monotonic() + 10
    while any(alive(worker) for worker in left):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
