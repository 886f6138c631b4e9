"""A download is whole and verified, or it is not there; whatever the server does."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from harness.istio.fetch import DownloadFailed, fetch
from tests.unit.istio.conftest import SCRIPT, Mirror, archive


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


def test_a_file_arrives_whole_and_executable(mirror: Mirror, cache: Path) -> None:
    url = mirror.publish("/kind", SCRIPT)
    target = fetch(url, f"{url}.sha256", cache / "kind")
    assert target.read_bytes() == SCRIPT
    assert target.stat().st_mode & 0o777 == 0o755
    assert kept(cache) == ["kind"]


def test_one_member_of_an_archive_is_unpacked(mirror: Mirror, cache: Path) -> None:
    url = mirror.publish("/a.tar.gz", archive())
    assert fetch(url, f"{url}.sha256", cache / "i", member="istioctl").read_bytes() == SCRIPT
    assert kept(cache) == ["i"]


def test_a_wrong_checksum_names_both_and_keeps_nothing(mirror: Mirror, cache: Path) -> None:
    url = mirror.publish("/kind", SCRIPT)
    mirror.files["/kind"] = SCRIPT + b"rm -rf\n"
    with pytest.raises(DownloadFailed, match=r"has SHA-256 [0-9a-f]{64}, but .* says [0-9a-f]{64}"):
        fetch(url, f"{url}.sha256", cache / "kind")
    assert kept(cache) == []
    assert mirror.asked.count("/kind") == 1, "a wrong checksum is not tried again"


def test_what_was_there_stays_when_the_new_one_is_bad(mirror: Mirror, cache: Path) -> None:
    url = mirror.publish("/kind", SCRIPT)
    fetch(url, f"{url}.sha256", cache / "kind")
    mirror.files["/kind"] = b"bad"
    with pytest.raises(DownloadFailed):
        fetch(url, f"{url}.sha256", cache / "kind")
    assert (cache / "kind").read_bytes() == SCRIPT


def test_a_truncated_file_is_refused(mirror: Mirror, cache: Path) -> None:
    url = mirror.publish("/kind", SCRIPT * 1000)
    mirror.cut.add("/kind")
    with pytest.raises(DownloadFailed, match="broke off"):
        fetch(url, f"{url}.sha256", cache / "kind")
    assert kept(cache) == []


def test_a_missing_file_says_404_once(mirror: Mirror, cache: Path) -> None:
    url = mirror.publish("/kind", SCRIPT)
    del mirror.files["/kind"]
    with pytest.raises(DownloadFailed, match="404") as caught:
        fetch(url, f"{url}.sha256", cache / "kind")
    assert "platform" in caught.value.remedy
    assert mirror.asked.count("/kind") == 1


def test_a_page_instead_of_a_checksum_is_refused(mirror: Mirror, cache: Path) -> None:
    url = mirror.publish("/kind", SCRIPT)
    mirror.files["/kind.sha256"] = b"<html>please log in</html>"
    with pytest.raises(DownloadFailed, match="holds no SHA-256"):
        fetch(url, f"{url}.sha256", cache / "kind")
    assert "/kind" not in mirror.asked


def test_no_network_is_an_error_with_a_remedy(cache: Path, mirror: Mirror) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/kind"
        with pytest.raises(DownloadFailed, match=r"could not be fetched: .*refused") as caught:
            fetch(url, f"{url}.sha256", cache / "kind")
    assert "HTTPS_PROXY" in caught.value.remedy
    assert caught.value.exit_code == 3
    assert kept(cache) == []


def test_a_server_that_fails_for_a_moment_is_asked_again(mirror: Mirror, cache: Path) -> None:
    url = mirror.publish("/kind", SCRIPT)
    mirror.failing["/kind"] = 2
    assert fetch(url, f"{url}.sha256", cache / "kind").read_bytes() == SCRIPT


def test_a_server_that_goes_on_failing_is_given_up(mirror: Mirror, cache: Path) -> None:
    url = mirror.publish("/kind", SCRIPT)
    mirror.failing["/kind"] = 9
    with pytest.raises(DownloadFailed, match="HTTP status 503"):
        fetch(url, f"{url}.sha256", cache / "kind")
    assert mirror.failing["/kind"] == 6


def test_the_proxy_of_the_environment_is_used(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.publish("/kind", SCRIPT)
    monkeypatch.setenv("http_proxy", mirror.url)
    url = "http://releases.invalid/kind"
    assert fetch(url, f"{url}.sha256", cache / "kind").read_bytes() == SCRIPT
    assert mirror.asked == [f"{url}.sha256", url]


@pytest.mark.parametrize(
    ("content", "words"),
    [(archive(name="other"), "holds no file istioctl"), (b"no archive", "no sound .tar.gz")],
)
def test_an_archive_without_the_member(
    mirror: Mirror, cache: Path, content: bytes, words: str
) -> None:
    url = mirror.publish("/a.tar.gz", content)
    with pytest.raises(DownloadFailed, match=words):
        fetch(url, f"{url}.sha256", cache / "i", member="istioctl")
    assert kept(cache) == []


def test_a_folder_that_cannot_be_written(mirror: Mirror, tmp_path: Path) -> None:
    url = mirror.publish("/kind", SCRIPT)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        fetch(url, f"{url}.sha256", tmp_path / "file" / "kind")
