"""Who may drive the cluster: one CA, one server certificate and one token.

Made anew at every start (``harness.local.issuing``), and nothing is kept: the keys live in
memory (the certificate chain passes through a private temporary file, because ssl loads from
files only) and in the 0600 kubeconfig.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ADDRESS: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Credentials:
    """PEM texts and the bearer token of one cluster; not printed by repr."""

    ca: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)
    token: str = field(repr=False)

    def server_context(self) -> ssl.SSLContext:
        """TLS for the server's side. Client certificates are not asked for: the token decides."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with tempfile.TemporaryDirectory(prefix="apiserver-") as directory:
            chain = Path(directory) / "chain.pem"
            _write_private(chain, self.certificate + self.key)
            context.load_cert_chain(chain)
        return context

    def kubeconfig(self, port: int, context: str) -> dict[str, Any]:
        """The kubeconfig for the server at ``port``; cluster, user and context share a name."""
        cluster = {
            "server": f"https://{ADDRESS}:{port}",
            "certificate-authority-data": base64.b64encode(self.ca).decode(),
        }
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": context, "cluster": cluster}],
            "users": [{"name": context, "user": {"token": self.token}}],
            "contexts": [
                {
                    "name": context,
                    "context": {"cluster": context, "user": context, "namespace": "default"},
                }
            ],
            "current-context": context,
        }

    def write_kubeconfig(self, path: Path, port: int, context: str) -> None:
        """Write the kubeconfig, readable by its owner only, replacing ``path`` in one step.

        As JSON, which is YAML: the API need not wait for a YAML library.
        """
        text = json.dumps(self.kubeconfig(port, context), indent=2) + "\n"
        beside = path.with_name(f".{path.name}.new")
        beside.unlink(missing_ok=True)
        _write_private(beside, text.encode())
        beside.replace(path)


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
