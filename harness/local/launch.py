"""Starts the cluster's process.

Most of its start is importing. A fifth of that would go to the garbage collector looking through
objects that stay for good, and a tenth of a second to the machine's list of certificate
authorities, which aiohttp's client reads when it is imported (``aiohttp.connector``) and which
nothing here ever trusts: what leaves the cluster leaves it through Envoy.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from harness.local.issuing import Issuing
from harness.local.options import Options

AUTHORITIES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Where OpenSSL looks for them, SSL_CTX_set_default_verify_paths(3)."""


def launch(options: Options) -> int:
    """Import the API server, then run the cluster to its end; returns its exit code.

    The garbage collector is put on again when the other rooms are imported, too.
    """
    gc.disable()
    issuing = Issuing()
    with _no_authorities():
        from harness.local.process import run
    return run(options, issuing)


@contextmanager
def _no_authorities() -> Iterator[None]:
    """OpenSSL's default certificate authorities are none; the environment is put back after."""
    kept = {name: os.environ.get(name) for name in AUTHORITIES}
    os.environ.update(dict.fromkeys(AUTHORITIES, os.devnull))
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
