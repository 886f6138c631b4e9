"""How gunicorn serves the webapp. ``GUNICORN_CMD_ARGS`` overrides any of it."""

from pathlib import Path
from typing import Any

bind = "0.0.0.0:8080"
workers = 1
worker_class = "gthread"
# A thread waits while the service behind answers, and goes on waiting when the client has left:
# with few of them, a slow tenth of the calls would hold up all others. Keep
# webapp.upstream.POOL_SIZE at least this.
threads = 64
# Longer than Envoy keeps an idle connection (an hour): if the server closed first, a request
# that is already on its way would be lost.
keepalive = 3900
graceful_timeout = 5
# The heartbeat file must not need a writable root file system.
shared_memory = Path("/dev/shm")  # noqa: S108
worker_tmp_dir = str(shared_memory) if shared_memory.is_dir() else None
# No second way in, and no socket file in a home directory that cannot be written.
control_socket_disable = True
accesslog = "-"
access_log_format = (
    'method=%(m)s host="%({host}i)s" path="%({raw_uri}e)s" status=%(s)s bytes=%(B)s us=%(D)s'
)


def pre_request(_worker: Any, req: Any) -> None:
    """Keep the first of a repeated ``x-*`` header: the value that is forwarded.

    WSGI joins repeated headers by commas, after which a list and one value that has a comma in
    it cannot be told apart. Names are in upper case here.
    """
    seen = set()
    kept = []
    for name, value in req.headers:
        if name.startswith("X-"):
            if name in seen:
                continue
            seen.add(name)
        kept.append((name, value))
    req.headers = kept
