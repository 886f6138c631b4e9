"""How gunicorn serves the catalog. ``GUNICORN_CMD_ARGS`` overrides any of it."""

from pathlib import Path

bind = "0.0.0.0:3000"
# One worker: the items and the faults are the memory of one process.
workers = 1
worker_class = "gthread"
# Threads, not cores: a request held up by the fault `latency` occupies one.
threads = 16
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
