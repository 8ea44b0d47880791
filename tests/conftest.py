"""What all tests need."""

from __future__ import annotations

import signal

# A job that a shell starts in the background ignores Ctrl-C, and so do its children: a test of it would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)
