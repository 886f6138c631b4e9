"""Create, update, patch and delete: the checks a request passes on its way into the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from harness.local.apiserver import applying, patches, strategic
from harness.local.apiserver.listing import at_version
from harness.local.apiserver.options import WriteOptions, parse_dry_run
from harness.local.apiserver.ownership import (
    APPLY,
    UPDATE,
    Owner,
    after_update,
    owners_of,
    record,
)
from harness.local.apiserver.statuses import Refusal, bad_request
from harness.local.apiserver.targets import Target
from harness.local.store import Conflict, Object, Resource, Store, kinds
from harness.local.store.store import copied, timestamp

JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_PATCH: Final = "application/strategic-merge-patch+json"
APPLY_PATCHES: Final = ("application/apply-patch+yaml", "application/apply-patch+json")
KEPT_NAMESPACES: Final = frozenset({"default", "kube-system", "kube-public"})

_FINALIZERS: Final = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}
"""What keeps an owner until its dependents are freed or gone (metav1.DeletionPropagation)."""

Judge = Callable[[Resource, str, dict[str, Any], Object | None, WriteOptions], Sequence[str]]
"""Resource, version, the new object (pruned in place), the old one, options → warnings."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write left in the store, and what to warn the client of."""

    object: Object
    warnings: Sequence[str] = ()
    created: bool = False


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """metav1.DeleteOptions. ``grace`` in seconds, None for the kind's own."""

    grace: int | None = None
    propagation: str = ""
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False

    @classmethod
    def parse(cls, query: Mapping[str, str], body: Mapping[str, Any]) -> DeleteOptions:
        """From query and body, the query first; Refusal 400 for malformed values."""
        grace: Any = query.get("gracePeriodSeconds") or body.get("gracePeriodSeconds")
        if isinstance(grace, str):
            grace = int(grace) if grace.isascii() and grace.isdigit() and len(grace) < 10 else -1
        if grace is not None and (not isinstance(grace, int) or grace < 0):
            raise bad_request("gracePeriodSeconds must be a whole number of seconds, 0 or more")
        dry_run: Any = query.get("dryRun") or (body.get("dryRun") or [""])
        conditions = body.get("preconditions") or {}
        propagation = query.get("propagationPolicy") or body.get("propagationPolicy") or ""
        if propagation not in ("", "Background", "Foreground", "Orphan"):
            raise bad_request(
                f'propagationPolicy: Unsupported value: "{propagation}": supported values: '
                '"Foreground", "Background", "Orphan", "nil"'
            )
        if not isinstance(conditions, Mapping):
            raise bad_request("preconditions must be an object")
        return cls(
            grace=grace,
            propagation=propagation,
            uid=conditions.get("uid"),
            resource_version=conditions.get("resourceVersion"),
            dry_run=parse_dry_run(str(dry_run if isinstance(dry_run, str) else dry_run[0])),
        )


class Writer:
    """Writes on behalf of clients. Everything is synchronous: no other write comes between."""

    def __init__(self, store: Store, judge: Judge, now: Callable[[], datetime]) -> None:
        self._store = store
        self._judge = judge
        self._now = now

    def create(self, target: Target, document: dict[str, Any], options: WriteOptions) -> Written:
        """POST: a new object."""
        metadata = _normalise(target, document)
        if metadata.get("resourceVersion"):
            raise bad_request("resourceVersion should not be set on objects to be created")
        if "status" in target.resource.subresources:
            document.pop("status", None)
        warnings = self._judge(target.resource, target.version, document, None, options)
        metadata.pop("managedFields", None)
        self._attribute(target, document, None, options)
        created = self._store.create(
            target.resource, document, target.namespace or "", dry_run=options.dry_run
        )
        return Written(created, warnings, created=True)

    def update(self, target: Target, document: dict[str, Any], options: WriteOptions) -> Written:
        """PUT: the whole object, or its status."""
        _normalise(target, document)
        old = self.current(target)
        return self._store_update(target, document, old, options)

    def patch(self, target: Target, media: str, patch: Any, options: WriteOptions) -> Written:
        """PATCH with any patch but server-side apply's."""
        old = self.current(target)
        seen = at_version(target.resource, target.version, old)
        document = apply_patch(target.resource, media, seen, patch)
        _normalise(target, document)
        if document["metadata"].get("uid") != old["metadata"]["uid"]:
            raise self._conflict(target, "the patch names another object's uid")
        return self._store_update(target, document, old, options)

    def apply(self, target: Target, wanted: dict[str, Any], options: WriteOptions) -> Written:
        """PATCH with server-side apply: create the object, or bring my fields up to date."""
        metadata = _normalise(target, wanted)
        if metadata.get("managedFields"):
            raise bad_request("metadata.managedFields must be nil")
        if "status" in target.resource.subresources and target.subresource != "status":
            wanted.pop("status", None)
        me = self._owner(target, options, APPLY)
        old = self._store.find(target.resource, target.namespace or "", target.name or "")
        if old is None:
            warnings = self._judge(target.resource, target.version, wanted, None, options)
            document = applying.apply_fields(
                target.resource, {"metadata": {}}, wanted, (), me, force=True
            )
            created = self._store.create(
                target.resource, document, target.namespace or "", dry_run=options.dry_run
            )
            return Written(created, warnings, created=True)
        seen = at_version(target.resource, target.version, old)
        document = applying.apply_fields(
            target.resource, seen, wanted, owners_of(old), me, force=options.force
        )
        return self._store_update(target, document, old, options, attribute=False)

    def delete(self, target: Target, options: DeleteOptions) -> Object:
        """DELETE: the object's last state, or its state with the deletion marked."""
        namespace, name = target.namespace or "", target.name or ""
        if target.resource is kinds.NAMESPACES and name in KEPT_NAMESPACES:
            raise Refusal(
                403,
                "Forbidden",
                f'namespaces "{name}" is forbidden: this namespace may not be deleted',
                {"name": name, "kind": "namespaces"},
            )
        old = self._store.get(target.resource, namespace, name)
        finalizer = _FINALIZERS.get(options.propagation)
        if finalizer and not options.dry_run:
            self._hold(target, old, finalizer)
        grace = options.grace
        if grace is None:
            grace = old.get("spec", {}).get("terminationGracePeriodSeconds") or 0
        return self._store.delete(
            target.resource,
            namespace,
            name,
            grace_seconds=grace,
            uid=options.uid,
            resource_version=options.resource_version,
            dry_run=options.dry_run,
        )

    def current(self, target: Target) -> Object:
        """The object a request names."""
        return self._store.get(target.resource, target.namespace or "", target.name or "")

    def _store_update(
        self, target: Target, document: dict[str, Any], old: Object, options: WriteOptions,
        *, attribute: bool = True,
    ) -> Written:  # fmt: skip
        if target.subresource == "status":
            updated = self._store.update_status(target.resource, document, dry_run=options.dry_run)
            return Written(updated)
        if "status" in target.resource.subresources:
            document.pop("status", None)
        warnings = self._judge(target.resource, target.version, document, old, options)
        if attribute:
            self._attribute(target, document, old, options)
        updated = self._store.update(target.resource, document, dry_run=options.dry_run)
        return Written(updated, warnings)

    def _owner(self, target: Target, options: WriteOptions, operation: str) -> Owner:
        return Owner(
            manager=options.manager or "unknown",
            operation=operation,
            api_version=target.api_version,
            time=timestamp(self._now()),
            fields=frozenset(),
            subresource=target.subresource or "",
        )

    def _attribute(
        self, target: Target, document: dict[str, Any], old: Object | None, options: WriteOptions
    ) -> None:
        """Note in managedFields who set what. A client may edit the list itself, or clear it."""
        given = document["metadata"].get("managedFields")
        if old is not None and given is None:
            document["metadata"]["managedFields"] = old["metadata"].get("managedFields") or []
        elif given == [{}]:
            document["metadata"]["managedFields"] = []
            if old is not None:
                record(document, [])
                return
        owners = owners_of(document)
        me = self._owner(target, options, UPDATE)
        record(document, after_update(target.resource, document, old, owners, me))

    def _hold(self, target: Target, old: Object, finalizer: str) -> None:
        """Keep the object until the garbage collector has dealt with its dependents."""
        finalizers = old["metadata"].get("finalizers") or ()
        if finalizer not in finalizers:
            held = copied(old)
            held["metadata"]["finalizers"] = [*finalizers, finalizer]
            self._store.update(target.resource, held)

    def _conflict(self, target: Target, why: str) -> Conflict:
        resource = target.resource
        return Conflict(
            f'Operation cannot be fulfilled on {resource.group_plural} "{target.name}": {why}',
            group=resource.group,
            kind=resource.plural,
            name=target.name or "",
        )


def apply_patch(resource: Resource, media: str, document: Object, patch: Any) -> dict[str, Any]:
    """The patched document; Refusal 415 for an unknown patch, 422 for one that does not apply."""
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
    except patches.PatchError as error:
        raise Refusal(
            422,
            "Invalid",
            f"the server rejected our request due to an error in our request: {error}",
        ) from error
    if not isinstance(result, dict):
        raise bad_request("the patch leaves something that is not an object")
    return copied(result)  # type: ignore[no-any-return]


def _normalise(target: Target, document: dict[str, Any]) -> dict[str, Any]:
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
        if not isinstance(metadata.get(field) or "", str):
            raise bad_request(f"metadata.{field} must be a string")
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
