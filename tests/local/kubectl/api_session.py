"""A plain HTTPS client of a local cluster's API, as its kubeconfig allows."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import requests
import yaml


class Api:
    """Sends requests with the cluster's token, trusting the cluster's CA only."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = folder / "ca.pem"
        authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
        self.server: str = cluster["server"]
        self.headers = {"Authorization": f"Bearer {user['token']}"}
        self.authority = str(authority)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = self.authority
        self.session.headers.update(self.headers)

    def close(self) -> None:
        """Close the connections kept."""
        self.session.close()

    def send(self, method: str, path: str, **more: Any) -> requests.Response:
        """One request; ``more`` as requests takes it."""
        return self.session.request(method, self.server + path, timeout=20, **more)
