"""Requests made up from the served OpenAPI documents, sound and unsound: never a 5xx."""

from __future__ import annotations

import contextlib
from typing import Any, Final

import pytest
import schemathesis
from api_session import Api
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

EXAMPLES: Final = 6
"""Of each operation, sound and unsound alike. Plain pytest draws others every time."""
DOCUMENTS: Final = ("api/v1", "apis/apps/v1", "apis/networking.istio.io/v1", "apis/batch/v1")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_request_makes_the_server_fail(api: Api, document: str) -> None:
    served = api.send("GET", f"/openapi/v3/{document}").json()
    tried = 0
    for found in schemathesis.openapi.from_dict(served).get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
                database=None,
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def sent(case: Any) -> None:
                nonlocal tried
                tried += 1
                answer = case.call(
                    base_url=api.server, session=api.session, verify=api.authority, timeout=20
                )
                assert answer.status_code < 500, answer.text

            # Where every request is sound, because nothing is demanded of it, none is unsound.
            with contextlib.suppress(*([] if mode is GenerationMode.POSITIVE else [Unsatisfiable])):
                sent()
    assert tried > EXAMPLES
    assert api.send("GET", "/readyz").text == "ok"


def test_a_path_with_a_line_feed_names_nothing(api: Api) -> None:
    answer = api.send("GET", "/api/v1/namespaces/a%0Ab")
    assert (answer.status_code, answer.json()["reason"]) == (404, "NotFound")
