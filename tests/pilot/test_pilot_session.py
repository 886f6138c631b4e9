"""One proxy's stream as a state machine: what is sent, when, and what its answers mean."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest, DiscoveryResponse
from google.rpc.status_pb2 import Status

from harness.local.pilot.ads.kinds import Kind
from harness.local.pilot.ads.session import Session, Verdict
from harness.local.pilot.translate import Resource, Resources

CLUSTER, ENDPOINT, LISTENER, ROUTE = Kind


def resources(
    clusters: Mapping[str, int], endpoints: Mapping[str, int] = {}, routes: Mapping[str, int] = {}
) -> Resources:
    """Resources by name; the number stands for their content."""
    return Resources(
        {n: Resource.of(n, Cluster(name=n, alt_stat_name=str(v))) for n, v in clusters.items()},
        {
            n: Resource.of(
                n,
                ClusterLoadAssignment(
                    cluster_name=n, policy={"overprovisioning_factor": {"value": v + 1}}
                ),
            )
            for n, v in endpoints.items()
        },
        {"l": Resource.of("l", Listener(name="l"))},
        {
            n: Resource.of(n, RouteConfiguration(name=n, response_headers_to_remove=[str(v)]))
            for n, v in routes.items()
        },
    )


class Envoy:
    """The other side: subscribes, answers every response, knows what it was given."""

    def __init__(self, wanted: Resources) -> None:
        self.session = Session()
        self.session.want(wanted)
        self.log: list[tuple[Kind, list[str]]] = []
        self.nonces: dict[Kind, str] = {}
        self.names: dict[Kind, list[str]] = {}

    def subscribe(self, kind: Kind, *names: str) -> None:
        self.names[kind] = list(names)
        request = DiscoveryRequest(
            type_url=kind.value, resource_names=names, response_nonce=self.nonces.get(kind, "")
        )
        self.session.receive(request)

    def start(self) -> Envoy:
        self.subscribe(CLUSTER)
        self.run()
        self.subscribe(ENDPOINT, "a", "b")
        self.run()
        self.subscribe(LISTENER)
        self.run()
        self.subscribe(ROUTE, "r")
        return self.run()

    def receive(self) -> list[DiscoveryResponse]:
        responses = self.session.due()
        for response in responses:
            kind = Kind(response.type_url)
            self.log.append((kind, [_name(kind, r) for r in response.resources]))
        return responses

    def answer(self, response: DiscoveryResponse, error: str = "") -> object:
        kind = Kind(response.type_url)
        self.nonces[kind] = response.nonce
        request = DiscoveryRequest(
            type_url=kind.value,
            response_nonce=response.nonce,
            resource_names=self.names.get(kind, []),
        )
        if error:
            request.error_detail.CopyFrom(Status(message=error))
        else:
            request.version_info = response.version_info
        return self.session.receive(request)

    def run(self) -> Envoy:
        """Accept everything until nothing more comes."""
        while responses := self.receive():
            for response in responses:
                self.answer(response)
        return self

    def take_log(self) -> list[tuple[Kind, list[str]]]:
        log, self.log = self.log, []
        return log


def _name(kind: Kind, packed: object) -> str:
    message = {
        CLUSTER: Cluster,
        ENDPOINT: ClusterLoadAssignment,
        LISTENER: Listener,
        ROUTE: RouteConfiguration,
    }[kind]()
    packed.Unpack(message)  # type: ignore[attr-defined]
    return str(message.cluster_name if kind is ENDPOINT else message.name)


START = resources({"a": 1, "b": 1}, {"a": 1, "b": 1}, {"r": 1})


def test_a_proxy_gets_everything_once_and_is_in_sync() -> None:
    envoy = Envoy(START)
    assert not envoy.session.in_sync
    envoy.start()
    assert envoy.take_log() == [
        (CLUSTER, ["a", "b"]),
        (ENDPOINT, ["a", "b"]),
        (LISTENER, ["l"]),
        (ROUTE, ["r"]),
    ]
    assert envoy.session.in_sync
    assert envoy.session.due() == []


def test_only_what_changed_is_sent_and_the_same_content_has_the_same_version() -> None:
    envoy = Envoy(START).start()
    envoy.take_log()
    envoy.session.want(resources({"a": 1, "b": 1}, {"a": 1, "b": 2}, {"r": 1}))
    (response,) = envoy.receive()
    assert envoy.take_log() == [(ENDPOINT, ["b"])]
    assert not envoy.session.in_sync
    envoy.answer(response)
    assert envoy.session.in_sync
    envoy.session.want(resources({"a": 1, "b": 1}, {"a": 1, "b": 3}, {"r": 1}))
    (other,) = envoy.receive()
    envoy.answer(other)
    envoy.session.want(resources({"a": 1, "b": 1}, {"a": 1, "b": 2}, {"r": 1}))
    (again,) = envoy.receive()
    assert again.version_info == response.version_info != other.version_info
    assert again.nonce != response.nonce


def test_a_new_cluster_comes_with_its_endpoints_before_the_route_that_needs_it() -> None:
    envoy = Envoy(START).start()
    envoy.take_log()
    envoy.session.want(resources({"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 1, "c": 1}, {"r": 2}))
    envoy.receive()
    assert envoy.take_log() == [
        (CLUSTER, ["a", "b", "c"]),
        (ENDPOINT, ["c"]),
        (ROUTE, ["r"]),
    ]


def test_a_changed_cluster_gets_its_endpoints_again() -> None:
    envoy = Envoy(START).start()
    envoy.take_log()
    envoy.session.want(resources({"a": 1, "b": 2}, {"a": 1, "b": 1}, {"r": 1}))
    envoy.receive()
    assert envoy.take_log() == [(CLUSTER, ["a", "b"]), (ENDPOINT, ["b"])]


def test_a_cluster_goes_only_after_the_routes_were_replaced_and_acknowledged() -> None:
    envoy = Envoy(START).start()
    envoy.take_log()
    envoy.session.want(resources({"a": 1}, {"a": 1}, {"r": 2}))
    (response,) = envoy.receive()
    assert envoy.take_log() == [(ROUTE, ["r"])]
    envoy.answer(response)
    (removal,) = envoy.receive()
    assert envoy.take_log() == [(CLUSTER, ["a"])]
    assert not envoy.session.in_sync
    envoy.answer(removal)
    assert envoy.session.in_sync


def test_a_cluster_stays_while_the_new_routes_are_rejected() -> None:
    envoy = Envoy(START).start()
    envoy.session.want(resources({"a": 1}, {"a": 1}, {"r": 2}))
    (response,) = envoy.receive()
    envoy.answer(response, "no")
    assert envoy.receive() == []
    assert not envoy.session.in_sync


def test_a_rejection_stands_until_the_resource_is_accepted_or_gone() -> None:
    envoy = Envoy(START).start()
    envoy.session.want(resources({"a": 1, "b": 1}, {"a": 1, "b": 1}, {"r": 2}))
    (response,) = envoy.receive()
    answer = envoy.answer(response, "bad domain")
    assert (answer.verdict, answer.message) == (Verdict.REJECTED, "bad domain")  # type: ignore[attr-defined]
    assert [r.name for r in answer.resources] == ["r"]  # type: ignore[attr-defined]
    assert envoy.session.rejection == "bad domain"
    assert envoy.receive() == [], "what was rejected is not sent again"
    envoy.session.want(resources({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"r": 2}))
    envoy.run()
    assert envoy.session.rejection == "bad domain", "another type's acceptance is not this one's"
    envoy.session.want(resources({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"r": 1}))
    (response,) = envoy.receive()
    accepted = envoy.answer(response)
    assert [r.name for r in accepted.cleared] == ["r"]  # type: ignore[attr-defined]
    assert envoy.session.rejection == ""
    assert envoy.session.in_sync


def test_a_rejection_of_something_removed_is_forgotten() -> None:
    envoy = Envoy(START).start()
    envoy.session.want(resources({"a": 1, "b": 1}, {"a": 1, "b": 1}, {"r": 2}))
    (response,) = envoy.receive()
    envoy.answer(response, "bad domain")
    envoy.session.want(resources({"a": 1, "b": 1}, {"a": 1, "b": 1}))
    assert envoy.session.rejection == ""


def test_answers_to_two_responses_under_way_are_told_apart() -> None:
    envoy = Envoy(START).start()
    envoy.session.want(resources({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"r": 1}))
    (first,) = envoy.receive()
    envoy.session.want(resources({"a": 1, "b": 1}, {"a": 2, "b": 2}, {"r": 1}))
    (second,) = envoy.receive()
    envoy.answer(first, "no")
    assert envoy.session.rejection == "no"
    envoy.answer(second)
    assert envoy.session.rejection == "no"
    assert not envoy.session.in_sync


def test_what_is_newly_subscribed_is_sent_even_if_it_was_sent_before() -> None:
    envoy = Envoy(START).start()
    envoy.take_log()
    envoy.subscribe(ENDPOINT, "a")
    assert envoy.receive() == []
    envoy.subscribe(ENDPOINT, "a", "b")
    envoy.receive()
    assert envoy.take_log() == [(ENDPOINT, ["b"])]


def test_a_type_that_is_not_served_is_refused() -> None:
    with pytest.raises(ValueError, match="Secret"):
        Session().receive(DiscoveryRequest(type_url="type.googleapis.com/x.Secret"))


def test_a_gateway_without_listeners_is_told_so() -> None:
    envoy = Envoy(Resources({}, {}, {}, {}))
    envoy.subscribe(LISTENER)
    (response,) = envoy.receive()
    assert (len(response.resources), bool(response.version_info)) == (0, True)
