"""Acting as somebody else: the local cluster has one user, and says so instead of obeying."""

from __future__ import annotations

import pytest
from apiserver_world import World, config_map

from harness.local.apiserver.gate import admit_client
from harness.local.apiserver.statuses import Refusal
from harness.local.store import kinds

REMEDY = (
    "not supported by the local cluster, which has one user: leave --as, --as-group, --as-uid and "
    "--as-user-extra out, or use a full cluster for it: make e2e CLUSTER=kind, or "
    "CLUSTER=context:NAME"
)


@pytest.mark.parametrize(
    "arguments",
    [
        ("auth", "can-i", "create", "pods", "--as=bob"),
        ("auth", "whoami", "--as=bob"),
        ("get", "pods", "--as=bob", "--as-group=readers", "--as-uid=7"),
        ("delete", "configmap", "kept", "--as=system:serviceaccount:default:bob"),
        ("create", "configmap", "other", "--as=bob"),
    ],
)
def test_kubectl_as_somebody_else_is_told_to_leave_it_out(
    world: World, arguments: tuple[str, ...]
) -> None:
    world.apply(config_map("kept"))
    told = world.kubectl(*arguments, code=1)
    assert REMEDY in told.err
    assert "Impersonate-" in told.err
    assert "yes" not in told.out
    names = [each["metadata"]["name"] for each in world.store.list(kinds.CONFIG_MAPS, "default")]
    assert names == ["kept"]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Impersonate-User", "bob"),
        ("Impersonate-Group", "readers"),
        ("Impersonate-Uid", "7"),
        ("impersonate-extra-scopes", "view"),
        ("Impersonate-User", ""),
    ],
)
def test_each_header_of_impersonation_is_refused_with_a_status(
    world: World, header: str, value: str
) -> None:
    answer = world.request("GET", "/api/v1/namespaces/default/pods", headers={header: value})
    assert answer.status_code == 400
    status = answer.json()
    assert (status["kind"], status["reason"]) == ("Status", "BadRequest")
    assert status["message"].lower() == f"{header}: {value!r}: {REMEDY}".lower()


def test_who_has_no_token_is_told_that_first() -> None:
    headers = {"Host": "localhost:1", "Impersonate-User": "bob"}
    with pytest.raises(Refusal) as refused:
        admit_client(headers, "token")
    assert refused.value.code == 401


def test_a_long_name_is_cut(world: World) -> None:
    headers = {"Impersonate-User": "x" * 4000}
    answer = world.request("GET", "/api/v1/pods", headers=headers)
    assert len(answer.json()["message"]) < 500
