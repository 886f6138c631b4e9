"""Random requests over HTTPS against a simple model of what the Kubernetes API promises.

The model knows names, contents, resourceVersions, uids and generations, and the events that a
watch opened before the first request must bring, in order, and no others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Final

import requests
from api_session import Api
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

OPERATIONS: Final = 10_000
STEPS: Final = 100
COLOURS: Final = ("blue", "green", "red")
KINDS: Final = {
    "ConfigMap": ("v1", "/api/v1/namespaces/default/configmaps"),
    "VirtualService": (
        "networking.istio.io/v1",
        "/apis/networking.istio.io/v1/namespaces/default/virtualservices",
    ),
}
kind_names = st.sampled_from(sorted(KINDS))
object_names = st.sampled_from(("a", "b", "c"))
colours = st.sampled_from(COLOURS)
numbers = st.integers(0, 2)


@dataclass(frozen=True, slots=True)
class Held:
    """What the model expects of one object."""

    colour: str
    number: int
    uid: str
    version: str
    generation: int | None


def content(kind: str, number: int) -> dict[str, Any]:
    """The part of an object that is not metadata."""
    if kind == "ConfigMap":
        return {"data": {"number": str(number)}}
    route = {"route": [{"destination": {"host": f"n{number}.example.com"}}]}
    return {"spec": {"hosts": ["shop.example.com"], "http": [route]}}


def document(kind: str, name: str, colour: str, number: int) -> dict[str, Any]:
    """An object as a client writes it."""
    metadata: dict[str, Any] = {"name": name, "labels": {"colour": colour}}
    return {
        "apiVersion": KINDS[kind][0],
        "kind": kind,
        "metadata": metadata,
        **content(kind, number),
    }


def refused(response: requests.Response, code: int, reason: str) -> None:
    """The answer is a Status that says so."""
    said = response.json()
    assert (response.status_code, said["kind"], said["reason"]) == (code, "Status", reason), said


def test_ten_thousand_random_operations_agree_with_the_model(api: Api) -> None:
    operations = 0

    class Requests(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.held: dict[tuple[str, str], Held] = {}
            self.stale: dict[tuple[str, str], str] = {}
            self.events: dict[str, list[tuple[str, str, str]]] = {kind: [] for kind in KINDS}
            self.watches: dict[str, requests.Response] = {}
            for kind, (_, path) in KINDS.items():
                found = api.send("GET", path).json()
                for left in found["items"]:
                    api.send("DELETE", f"{path}/{left['metadata']['name']}")
                since = api.send("GET", path).json()["metadata"]["resourceVersion"]
                query = {"watch": "true", "resourceVersion": since, "timeoutSeconds": "60"}
                self.watches[kind] = api.send("GET", path, params=query, stream=True)

        def note(self, event: str, kind: str, name: str, obj: dict[str, Any]) -> None:
            self.events[kind].append((event, name, obj["metadata"]["resourceVersion"]))

        def learn(self, event: str, kind: str, name: str, held: Held, obj: dict[str, Any]) -> None:
            """Check the answer against the model's next state, and keep it."""
            metadata = obj["metadata"]
            assert metadata["labels"] == {"colour": held.colour}
            field, value = next(iter(content(kind, held.number).items()))
            assert obj[field] == value
            assert metadata.get("generation") == held.generation
            key = (kind, name)
            if event == "MODIFIED":
                before = self.held[key]
                assert metadata["uid"] == before.uid
                if (before.colour, before.number) == (held.colour, held.number):
                    assert metadata["resourceVersion"] == before.version
                    return
                assert int(metadata["resourceVersion"]) > int(before.version)
                self.stale[key] = before.version
            self.held[key] = replace(held, uid=metadata["uid"], version=metadata["resourceVersion"])
            self.note(event, kind, name, obj)

        @rule(kind=kind_names, name=object_names, colour=colours, number=numbers)
        def create(self, kind: str, name: str, colour: str, number: int) -> None:
            nonlocal operations
            operations += 1
            wanted = document(kind, name, colour, number)
            answer = api.send("POST", KINDS[kind][1], json=wanted)
            if (kind, name) in self.held:
                refused(answer, 409, "AlreadyExists")
                return
            assert answer.status_code == 201, answer.text
            generation = 1 if kind == "VirtualService" else None
            held = Held(colour, number, "", "", generation)
            self.learn("ADDED", kind, name, held, answer.json())

        @rule(kind=kind_names, name=object_names, colour=colours, number=numbers, old=st.booleans())
        def update(self, kind: str, name: str, colour: str, number: int, old: bool) -> None:
            nonlocal operations
            operations += 1
            key = (kind, name)
            known = self.held.get(key)
            wanted = document(kind, name, colour, number)
            is_stale = old and key in self.stale and known is not None
            wanted["metadata"]["resourceVersion"] = (
                self.stale[key] if is_stale else known.version if known else "1"
            )
            answer = api.send("PUT", f"{KINDS[kind][1]}/{name}", json=wanted)
            if known is None:
                refused(answer, 404, "NotFound")
            elif is_stale:
                refused(answer, 409, "Conflict")
            else:
                assert answer.status_code == 200, answer.text
                self.learn(
                    "MODIFIED", kind, name, self.changed(known, colour, number), answer.json()
                )

        @rule(kind=kind_names, name=object_names, colour=colours, number=numbers)
        def patch(self, kind: str, name: str, colour: str, number: int) -> None:
            nonlocal operations
            operations += 1
            known = self.held.get((kind, name))
            body = {"metadata": {"labels": {"colour": colour}}, **content(kind, number)}
            answer = api.send(
                "PATCH",
                f"{KINDS[kind][1]}/{name}",
                data=json.dumps(body),
                headers={"Content-Type": "application/merge-patch+json"},
            )
            if known is None:
                refused(answer, 404, "NotFound")
                return
            assert answer.status_code == 200, answer.text
            self.learn("MODIFIED", kind, name, self.changed(known, colour, number), answer.json())

        @rule(kind=kind_names, name=object_names, another=st.booleans())
        def delete(self, kind: str, name: str, another: bool) -> None:
            nonlocal operations
            operations += 1
            known = self.held.get((kind, name))
            body = {"preconditions": {"uid": "another"}} if another else {}
            path = f"{KINDS[kind][1]}/{name}"
            answer = api.send("DELETE", path, json=body)
            if known is None:
                refused(answer, 404, "NotFound")
            elif another:
                refused(answer, 409, "Conflict")
            else:
                assert answer.status_code == 200, answer.text
                del self.held[kind, name]
                self.stale.pop((kind, name), None)
                self.events[kind].append(("DELETED", name, ""))

        @rule(kind=kind_names, name=object_names)
        def get(self, kind: str, name: str) -> None:
            nonlocal operations
            operations += 1
            answer = api.send("GET", f"{KINDS[kind][1]}/{name}")
            known = self.held.get((kind, name))
            if known is None:
                refused(answer, 404, "NotFound")
                return
            seen = answer.json()
            assert seen["metadata"]["resourceVersion"] == known.version
            assert seen["metadata"]["uid"] == known.uid

        @rule(kind=kind_names, colour=colours)
        def list_by_label(self, kind: str, colour: str) -> None:
            nonlocal operations
            operations += 1
            answer = api.send("GET", KINDS[kind][1], params={"labelSelector": f"colour={colour}"})
            names = [each["metadata"]["name"] for each in answer.json()["items"]]
            assert names == sorted(
                name
                for (of, name), held in self.held.items()
                if of == kind and held.colour == colour
            )

        @staticmethod
        def changed(known: Held, colour: str, number: int) -> Held:
            generation = known.generation
            if generation is not None and number != known.number:
                generation += 1
            return replace(known, colour=colour, number=number, generation=generation)

        def teardown(self) -> None:
            try:
                for kind, (_, path) in KINDS.items():
                    made = api.send("POST", path, json=document(kind, "last", "red", 0)).json()
                    self.note("ADDED", kind, "last", made)
                    self.compare(kind)
            finally:
                for watch in self.watches.values():
                    watch.close()

        def compare(self, kind: str) -> None:
            """What the watch brought, up to the object made last, is what happened."""
            seen: list[tuple[str, str, str]] = []
            for line in self.watches[kind].iter_lines(chunk_size=None):
                event = json.loads(line)
                metadata = event["object"]["metadata"]
                version = "" if event["type"] == "DELETED" else metadata["resourceVersion"]
                seen.append((event["type"], metadata["name"], version))
                if metadata["name"] == "last":
                    break
            assert seen == self.events[kind]

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Requests,
        settings=settings(
            max_examples=OPERATIONS // STEPS + 10,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert operations >= OPERATIONS
