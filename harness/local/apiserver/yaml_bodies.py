"""Request bodies in YAML, as server-side apply sends them."""

from __future__ import annotations

from typing import Any

import yaml

from harness.local.apiserver.statuses import bad_request


class _Loader(yaml.SafeLoader):
    """JSON's types only, and no aliases: a few lines of them can expand to gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not accepted; write the values out, or send JSON")
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse_yaml(body: bytes) -> Any:
    """The document; Refusal 400 if it is malformed."""
    try:
        # _Loader is a SafeLoader.
        return yaml.load(body.decode("utf-8"), Loader=_Loader)  # noqa: S506
    except RecursionError as error:
        raise bad_request("the request body is nested too deeply") from error
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise bad_request(f"the request body is not valid YAML: {error}") from error
