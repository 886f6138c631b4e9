"""Where the webapp finds its services, and by which proxy."""

from __future__ import annotations

import json

import pytest
from shop_upstream import ITEM, Upstream
from webapp import Settings, create_app
from webapp.settings import Service, proxy_for

PROXY = "http://127.0.0.1:15001"


def test_defaults_are_the_chapter_s_names() -> None:
    settings = Settings.from_environ({})
    assert settings.catalog == Service("http://catalog.istioinaction")
    assert settings.forum == Service("http://forum.istioinaction")
    assert settings.read_timeout > settings.connect_timeout > 0


@pytest.mark.parametrize(("port", "url"), [("80", "http://shop"), ("8080", "http://shop:8080")])
def test_the_default_port_is_not_in_the_host(port: str, url: str) -> None:
    settings = Settings.from_environ({"CATALOG_SERVICE_HOST": "shop", "CATALOG_SERVICE_PORT": port})
    assert settings.catalog.url == url


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "tcp://10.0.0.1:80", "٨"])
def test_a_port_that_is_none_is_named(port: str) -> None:
    with pytest.raises(ValueError, match=r"FORUM_SERVICE_PORT is .*must be a port, 1 to 65535"):
        Settings.from_environ({"FORUM_SERVICE_PORT": port})


def test_time_outs_are_configurable() -> None:
    settings = Settings.from_environ(
        {"UPSTREAM_CONNECT_SECONDS": "0.5", "UPSTREAM_READ_SECONDS": "3"}
    )
    assert (settings.connect_timeout, settings.read_timeout) == (0.5, 3.0)


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", "inf", "3601"])
def test_a_time_out_that_is_none_is_named(seconds: str) -> None:
    with pytest.raises(ValueError, match=r"UPSTREAM_READ_SECONDS is .*must be seconds"):
        Settings.from_environ({"UPSTREAM_READ_SECONDS": seconds})


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"http_proxy": PROXY}, PROXY),
        ({"HTTP_PROXY": PROXY}, PROXY),
        ({"http_proxy": PROXY, "HTTP_PROXY": "http://other"}, PROXY),
        ({"all_proxy": PROXY}, PROXY),
        ({"https_proxy": PROXY}, None),
        ({"http_proxy": PROXY, "no_proxy": "localhost,127.0.0.1"}, PROXY),
        ({"http_proxy": PROXY, "no_proxy": "catalog.istioinaction"}, None),
        ({"http_proxy": PROXY, "no_proxy": ".istioinaction"}, None),
        ({"http_proxy": PROXY, "NO_PROXY": "istioinaction"}, None),
        ({"http_proxy": PROXY, "no_proxy": "*"}, None),
    ],
)
def test_proxy_variables_mean_what_they_mean_to_requests(
    environ: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only what is given counts, not what this process happens to have.
    monkeypatch.setenv("http_proxy", "http://not.me")
    monkeypatch.setenv("no_proxy", "not.me")
    assert proxy_for("http://catalog.istioinaction", environ) == proxy
    assert Settings.from_environ(environ).catalog.proxy == proxy


def test_no_proxy_may_be_a_network() -> None:
    environ = {"http_proxy": PROXY, "no_proxy": "127.0.0.0/8"}
    assert proxy_for("http://127.0.0.1:3000", environ) is None
    assert proxy_for("http://10.0.0.1", environ) == PROXY


@pytest.mark.parametrize(
    ("port", "host"), [("80", "catalog.istioinaction"), ("81", "catalog.istioinaction:81")]
)
def test_a_proxy_is_told_the_whole_url_and_the_bare_host(
    upstream: Upstream, port: str, host: str
) -> None:
    upstream.body = json.dumps([ITEM]).encode()
    environ = {"http_proxy": upstream.url, "CATALOG_SERVICE_PORT": port}
    client = create_app(Settings.from_environ(environ)).test_client()
    assert client.get("/api/catalog").json == [ITEM]
    assert upstream.last.target == f"http://{host}/items"
    assert upstream.last.headers["Host"] == host


def test_the_process_s_proxy_is_used_only_as_the_settings_say(
    upstream: Upstream, other_upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", other_upstream.url)
    upstream.body = json.dumps([ITEM]).encode()
    service = Service(upstream.url)
    assert create_app(Settings(service, service)).test_client().get("/api/catalog").json == [ITEM]
    assert upstream.last.target == "/items"
    assert not other_upstream.asked
