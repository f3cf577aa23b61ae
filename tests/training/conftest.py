from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Networks this small run faster so, by far when other tests run beside them."""
    torch.set_num_threads(1)
