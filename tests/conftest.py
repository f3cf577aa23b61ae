"""A shell's background jobs ignore Ctrl-C, and so would all programs that the tests start and interrupt."""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
