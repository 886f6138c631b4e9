"""Settings of all tests; imports nothing that the chapter's own run would have to install."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without job control starts background commands with Ctrl-C ignored, and every
    # process started from here would inherit that: the tests of Ctrl-C would test the shell.
    signal.signal(signal.SIGINT, signal.default_int_handler)
