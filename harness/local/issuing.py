"""Has the credentials made by a forked child, beside the imports of the cluster's process.

The library that makes keys and certificates takes a tenth of the API's start to import, and is
not needed again.
"""

from __future__ import annotations

import json
import os
import traceback
from typing import NoReturn

from harness.local.credentials import Credentials


class Issuing:
    """Credentials on their way. Start it before there are threads: it forks."""

    def __init__(self) -> None:
        self._readable, writable = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            _tell(writable)
        os.close(writable)

    def wait(self) -> Credentials:
        """The credentials; RuntimeError if the child failed (it has said why) or was killed."""
        with os.fdopen(self._readable) as told:
            text = told.read()
        code = os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])
        if code:
            how = f"ended with exit code {code}" if code > 0 else f"was killed by signal {-code}"
            raise RuntimeError(f"the credentials could not be made: their process {how}")
        ca, certificate, key, token = json.loads(text)
        return Credentials(ca.encode(), certificate.encode(), key.encode(), token)


def _tell(descriptor: int) -> NoReturn:
    """Be the child, to its end."""
    code = 1
    try:
        from harness.local.certificates import issue

        made = issue()
        texts = (made.ca.decode(), made.certificate.decode(), made.key.decode(), made.token)
        with os.fdopen(descriptor, "w") as told:
            json.dump(texts, told)
        code = 0
    except Exception:
        # Said here, and by the exit code to the parent: nothing may get out of a forked child into
        # what was the parent's stack.
        traceback.print_exc()
    finally:
        os._exit(code)
