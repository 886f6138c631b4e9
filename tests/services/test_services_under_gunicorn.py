"""Each service as its image starts it: the Dockerfile's CMD in the service's folder."""

from __future__ import annotations

import re
import runpy
import sys
from contextlib import ExitStack

import forum.users
import pytest
import webapp.upstream
from shop_gunicorn import HEALTH, SERVICES, UnixConnection, command, serve
from shop_upstream import serve_upstream

from harness.waiting import Pending, wait_until

PORTS = {"catalog": 3000, "webapp": 8080, "forum": 8080}
POOLS = {"webapp": webapp.upstream.POOL_SIZE, "forum": forum.users.POOL_SIZE}
GIVEN_UP = 40
"""Calls that hang at once. Eight clients that leave after 0.5 s each call that waits 2 s have
8 x 2 / 0.5 = 32 hanging at most; these are some more."""


@pytest.mark.parametrize("service", PORTS)
def test_it_starts_answers_and_stops(service: str) -> None:
    with serve(service) as served:
        # An idle kept connection must not hold the end up.
        idle = UnixConnection(served.socket_path)
        idle.request("GET", HEALTH[service])
        assert idle.getresponse().read()
        assert served.terminate() == 0
        idle.close()
        written = [path.name for path in served.home.rglob("*")]
        log = served.log.read_text()
    assert written == [], "a read-only root file system has no place for these"
    assert "Traceback" not in log


@pytest.mark.parametrize("service", PORTS)
def test_one_log_line_per_request_tells_host_path_status_and_size(service: str) -> None:
    with serve(service) as served:
        answer = served.request("/nowhere?q=%0A1", headers={"Host": "shop.example"})
        assert answer.status == 404
        assert served.terminate() == 0
        lines = [line for line in served.log.read_text().splitlines() if "nowhere" in line]
    assert len(lines) == 1
    assert re.fullmatch(
        r'method=GET host="shop\.example" path="/nowhere\?q=%0A1" status=404 bytes=9 us=\d+',
        lines[0],
    )


def test_a_configuration_that_is_wrong_ends_the_service_with_the_reason() -> None:
    with (
        pytest.raises(AssertionError, match="CATALOG_SERVICE_PORT is 'http'"),
        serve("webapp", {"CATALOG_SERVICE_PORT": "http"}),
    ):
        raise AssertionError("started all the same")


@pytest.mark.parametrize("service", PORTS)
def test_the_server_s_configuration(service: str) -> None:
    configuration = runpy.run_path(str(SERVICES / service / "gunicorn.conf.py"))
    assert configuration["bind"] == f"0.0.0.0:{PORTS[service]}"
    assert configuration["workers"] == 1, "items and faults are the memory of one process"
    # A service behind Envoy must not be the first to close an idle connection.
    assert configuration["keepalive"] > 3600
    if service in POOLS:
        assert POOLS[service] >= configuration["threads"]


@pytest.mark.parametrize("service", PORTS)
def test_the_image(service: str) -> None:
    dockerfile = (SERVICES / service / "Dockerfile").read_text()
    assert command(service) == [
        "gunicorn",
        "--config",
        "gunicorn.conf.py",
        f"{service}:create_app()",
    ]
    assert re.findall(r"^EXPOSE (\d+)$", dockerfile, re.MULTILINE) == [str(PORTS[service])]
    users = re.findall(r"^USER (\d+):\d+$", dockerfile, re.MULTILINE)
    assert users, "runAsNonRoot needs a numeric user"
    assert "0" not in users
    ignored = (SERVICES / service / ".dockerignore").read_text().splitlines()
    assert {"*", f"!{service}", "!requirements.txt", "!gunicorn.conf.py"} <= set(ignored)


@pytest.mark.parametrize("service", PORTS)
def test_the_image_installs_what_the_tests_ran(service: str) -> None:
    def versions(text: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9-]+==\S+)", text, re.MULTILINE))

    shipped = (SERVICES / service / "requirements.txt").read_text()
    tested = (SERVICES.parent / "requirements" / "run.txt").read_text()
    assert versions(shipped) <= versions(tested)
    wanted = (SERVICES / service / "requirements.in").read_text().split()
    assert {line.partition("==")[0] for line in versions(shipped)} >= set(wanted)
    assert shipped.count("--hash=sha256:") >= len(versions(shipped))


@pytest.mark.parametrize("service", PORTS)
def test_a_service_imports_only_what_its_image_has(service: str) -> None:
    allowed = {service, *(SERVICES / service / "requirements.in").read_text().split()}
    allowed |= {"werkzeug", "urllib3"}  # come with flask and requests
    for path in (SERVICES / service / service).rglob("*.py"):
        for module in re.findall(r"^(?:from|import) (\w+)", path.read_text(), re.MULTILINE):
            is_stdlib = module in sys.stdlib_module_names
            assert is_stdlib or module in allowed, f"{path} imports {module}"


def test_calls_that_hang_do_not_hold_up_the_shop() -> None:
    with serve_upstream() as catalog, ExitStack() as opened:
        host, _, port = catalog.url.removeprefix("http://").partition(":")
        catalog.silent = True
        environment = {
            "CATALOG_SERVICE_HOST": host,
            "CATALOG_SERVICE_PORT": port,
            # Longer than the wait below: none of the calls may end before the last one hangs.
            "UPSTREAM_READ_SECONDS": "60",
        }
        served = opened.enter_context(serve("webapp", environment))
        for _ in range(GIVEN_UP):
            call = UnixConnection(served.socket_path)
            opened.callback(call.close)
            call.request("GET", "/api/catalog")

        def all_hang() -> None:
            if len(catalog.asked) < GIVEN_UP:
                raise Pending(f"{len(catalog.asked)} of {GIVEN_UP} calls reached the catalog")

        wait_until("calls that hang", all_hang, seconds=30)
        assert served.request(HEALTH["webapp"]).status == 200
