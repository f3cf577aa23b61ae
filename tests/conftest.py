"""Settings that must hold before anything else is imported."""

import os
import signal

# A shell's background jobs ignore Ctrl-C, and so would all programs that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: threads of each would only wait for one another
    os.environ.setdefault("OMP_NUM_THREADS", "1")
