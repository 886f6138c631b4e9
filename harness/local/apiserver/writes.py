"""Create, update, patch and delete: the checks a request passes on its way into the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from harness.local.apiserver import applying
from harness.local.apiserver.documents import apply_patch, normalise
from harness.local.apiserver.listing import at_version, current
from harness.local.apiserver.options import DeleteOptions, WriteOptions
from harness.local.apiserver.ownership import (
    APPLY,
    UPDATE,
    Owner,
    after_update,
    owners_of,
    record,
)
from harness.local.apiserver.statuses import Refusal, bad_request, invalid
from harness.local.apiserver.targets import Target
from harness.local.store import Conflict, Object, Resource, Store, kinds
from harness.local.store.errors import Cause
from harness.local.store.store import copied, timestamp

KEPT_NAMESPACES: Final = frozenset({"default", "kube-system", "kube-public"})

_UNCONDITIONAL: Final = "Invalid value: 0x0: must be specified for an update"

Judge = Callable[[Resource, str, dict[str, Any], Object | None, WriteOptions], Sequence[str]]
"""Resource, version, the new object (pruned in place), the old one, options → warnings."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write left in the store, and what to warn the client of."""

    object: Object
    warnings: Sequence[str] = ()
    created: bool = False


class Writer:
    """Writes on behalf of clients. Everything is synchronous: no other write comes between."""

    def __init__(self, store: Store, judge: Judge, now: Callable[[], datetime]) -> None:
        self._store = store
        self._judge = judge
        self._now = now

    def create(self, target: Target, document: dict[str, Any], options: WriteOptions) -> Written:
        """POST: a new object."""
        metadata = normalise(target, document)
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
        metadata = normalise(target, document)
        old = current(self._store, target)
        if target.resource in kinds.ISTIO and not metadata.get("resourceVersion"):
            # Custom resources have no unconditional update (k8s.io/apiextensions-apiserver,
            # AllowUnconditionalUpdate); the words are those of the registry's Store.Update.
            raise invalid(
                target.resource,
                target.name or "",
                [Cause("metadata.resourceVersion", _UNCONDITIONAL)],
            )
        return self._store_update(target, document, old, options)

    def patch(self, target: Target, media: str, patch: Any, options: WriteOptions) -> Written:
        """PATCH with any patch but server-side apply's."""
        old = current(self._store, target)
        seen = at_version(target.resource, target.version, old)
        document = apply_patch(target.resource, media, seen, patch)
        normalise(target, document)
        # Left empty, it is the stored one's (ValidateObjectMetaAccessorUpdate): kubectl apply
        # empties it for who applied the output of `kubectl get -o yaml` before.
        if document["metadata"].get("uid") not in (None, "", old["metadata"]["uid"]):
            raise self._conflict(target, "the patch names another object's uid")
        return self._store_update(target, document, old, options)

    def apply(self, target: Target, wanted: dict[str, Any], options: WriteOptions) -> Written:
        """PATCH with server-side apply: create the object, or bring my fields up to date."""
        metadata = normalise(target, wanted)
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
        grace = options.grace
        if grace is None:
            grace = old.get("spec", {}).get("terminationGracePeriodSeconds") or 0
        return self._store.delete(
            target.resource,
            namespace,
            name,
            grace_seconds=grace,
            propagation=options.propagation,
            uid=options.uid,
            resource_version=options.resource_version,
            dry_run=options.dry_run,
        )

    def _store_update(
        self, target: Target, document: dict[str, Any], old: Object, options: WriteOptions,
        *, attribute: bool = True,
    ) -> Written:  # fmt: skip
        if target.subresource == "status":
            return self._store_status(target, document, old, options)
        if "status" in target.resource.subresources:
            document.pop("status", None)
        warnings = self._judge(target.resource, target.version, document, old, options)
        if attribute:
            self._attribute(target, document, old, options)
        updated = self._store.update(target.resource, document, dry_run=options.dry_run)
        return Written(updated, warnings)

    def _store_status(
        self, target: Target, document: dict[str, Any], old: Object, options: WriteOptions
    ) -> Written:
        """Only the status is taken, so only the status is judged, on the object as it is."""
        judged = copied(old)
        judged.pop("status", None)
        if "status" in document:
            judged["status"] = document["status"]
        warnings = self._judge(target.resource, target.version, judged, old, options)
        document = {**judged, "metadata": document["metadata"]}
        updated = self._store.update_status(target.resource, document, dry_run=options.dry_run)
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

    def _conflict(self, target: Target, why: str) -> Conflict:
        resource = target.resource
        return Conflict(
            f'Operation cannot be fulfilled on {resource.group_plural} "{target.name}": {why}',
            group=resource.group,
            kind=resource.plural,
            name=target.name or "",
        )
