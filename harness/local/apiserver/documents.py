"""Documents of requests: patched, and checked against the path they were sent to. Pure."""

from __future__ import annotations

from typing import Any, Final

from harness.local.apiserver import patches, strategic
from harness.local.apiserver.statuses import Refusal, bad_request
from harness.local.apiserver.targets import Target
from harness.local.store import Object, Resource, kinds
from harness.local.store.store import copied

JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_PATCH: Final = "application/strategic-merge-patch+json"
APPLY_PATCHES: Final = ("application/apply-patch+yaml", "application/apply-patch+json")


def apply_patch(resource: Resource, media: str, document: Object, patch: Any) -> dict[str, Any]:
    """The patched document; Refusal 415 for an unknown patch, 422 for one that does not apply.

    422, too, if the result is nested deeper than a request may be: what is stored is walked by
    recursion.
    """
    try:
        if media == JSON_PATCH:
            result = patches.json_patch(document, patch)
        elif media == MERGE_PATCH:
            result = patches.merge_patch(document, patch)
        elif media == STRATEGIC_PATCH and resource not in kinds.ISTIO:
            result = strategic.strategic_merge(resource, document, patch)
        else:
            accepted = [JSON_PATCH, MERGE_PATCH, *APPLY_PATCHES]
            if resource not in kinds.ISTIO:
                accepted.append(STRATEGIC_PATCH)
            raise Refusal(
                415,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types "
                f"include: {', '.join(accepted)}",
            )
        patches.size_of(result)
    except patches.PatchError as error:
        raise Refusal(
            422,
            "Invalid",
            f"the server rejected our request due to an error in our request: {error}",
        ) from error
    if not isinstance(result, dict):
        raise bad_request("the patch leaves something that is not an object")
    return copied(result)  # type: ignore[no-any-return]


def normalise(target: Target, document: dict[str, Any]) -> dict[str, Any]:
    """Check what the document says of itself against the path; return its metadata."""
    kind, api_version = document.get("kind"), document.get("apiVersion")
    if kind not in (None, "", target.resource.kind):
        raise bad_request(
            f"{target.resource.kind} in version {target.version!r} cannot be handled as a "
            f"{target.resource.kind}: the object provided is a {str(kind)[:100]}"
        )
    if api_version not in (None, "", target.api_version):
        raise bad_request(
            f"the API version in the data ({str(api_version)[:100]}) does not match the expected "
            f"API version ({target.api_version})"
        )
    document["kind"], document["apiVersion"] = target.resource.kind, target.api_version
    metadata = document.setdefault("metadata", {})
    if metadata is None:
        metadata = document["metadata"] = {}
    if not isinstance(metadata, dict):
        raise bad_request("metadata must be an object")
    for field in ("name", "namespace", "generateName", "resourceVersion", "uid"):
        if not isinstance(metadata.get(field), str | None):
            raise bad_request(
                f"metadata.{field} must be a string, not {str(metadata[field])[:100]!r}"
            )
    if target.name is not None:
        if metadata.get("name") not in (None, "", target.name):
            raise bad_request(
                f"the name of the object ({metadata['name'][:253]}) does not match the name on "
                f"the URL ({target.name})"
            )
        metadata["name"] = target.name
    if target.resource.namespaced:
        if metadata.get("namespace") not in (None, "", target.namespace):
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the "
                "request"
            )
        metadata["namespace"] = target.namespace
    else:
        metadata.pop("namespace", None)
    return metadata
