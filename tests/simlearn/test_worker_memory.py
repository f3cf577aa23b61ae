"""Freed memory between what is kept goes back to the system."""

import ctypes

import numpy as np
import pytest

from bench.memory import usage
from simlearn.workers import TRIM_EVERY, answer


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc")
def test_gaps_are_given_back_after_some_tasks():
    blocks = [np.ones(60_000, dtype=np.uint8) for _ in range(1000)]
    kept = blocks[::50]
    del blocks
    before = usage().resident
    for task in range(TRIM_EVERY):
        assert answer(abs, task) == ("done", task)
    assert usage().resident < before - 40  # of 58.8 MB
    assert all(block.all() for block in kept)
