"""The jar cache against a repository that breaks off, lies, or is not there; a real HTTP server on loopback."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contraflow.embedded import JarsUnavailable, jars
from contraflow.embedded.jars import class_path
from contraflow.embedded.lockfile import KAFKA_VERSION, ROOTS, LockedJar, read_lock, write_lock
from contraflow.embedded.repositories import central_mirror, jar_repositories

BODY = b"PK" + bytes(range(256)) * 40
JAR = LockedJar("org.example:tool:1.0", len(BODY), hashlib.sha256(BODY).hexdigest())


class Repository:
    """Serves one jar; `answers` says how, one after the other: whole, cut (half of it), other (changed), absent."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.asked: list[str] = []
        repository = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not self.path.endswith(".jar"):
                    self.send_error(404)
                    return
                repository.asked.append(self.path)
                answer = repository.answers.pop(0)
                if answer == "absent":
                    self.send_error(404)
                    return
                body = BODY if answer != "other" else BODY.replace(b"PK", b"KP")
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if answer == "cut" else body)

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/repo/"


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    monkeypatch.setattr(jars, "read_lock", lambda: [JAR])
    monkeypatch.setattr(jars.time, "sleep", lambda _: None)
    served = Repository()
    thread = threading.Thread(target=served.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served
    served.server.shutdown()
    thread.join()
    served.server.server_close()


def test_downloaded_once_then_kept(repository, tmp_path):
    repository.answers = ["whole"]
    said: list[str] = []
    found = class_path(tmp_path, said.append, repository.url)
    assert found == [tmp_path / "tool-1.0.jar"]
    assert found[0].read_bytes() == BODY
    assert repository.asked == ["/repo/org/example/tool/1.0/tool-1.0.jar"]
    assert "1 jars" in said[0]
    assert class_path(tmp_path, said.append, repository.url) == found
    assert len(repository.asked) == 1
    assert list(tmp_path.iterdir()) == found, "nothing is left beside it"


@pytest.mark.parametrize("first", ["cut", "other", "absent"])
def test_a_bad_download_is_noticed_and_repeated(repository, tmp_path, first):
    repository.answers = [first, "whole"]
    (found,) = class_path(tmp_path, print, repository.url)
    assert found.read_bytes() == BODY


@pytest.mark.parametrize("damage", [BODY[:100], BODY.replace(b"PK", b"KP"), b""])
def test_a_damaged_cache_is_repaired(repository, tmp_path, damage):
    (tmp_path / JAR.file_name).write_bytes(damage)
    repository.answers = ["whole"]
    (found,) = class_path(tmp_path, print, repository.url)
    assert found.read_bytes() == BODY


@pytest.mark.parametrize("answer", ["cut", "other", "absent"])
def test_a_repository_that_never_delivers(repository, tmp_path, answer):
    repository.answers = [answer] * jars.ATTEMPTS_MAX
    with pytest.raises(JarsUnavailable, match=r"org\.example:tool:1\.0 could not be fetched in 3 attempts"):
        class_path(tmp_path, print, repository.url)
    assert list(tmp_path.iterdir()) == [], "a jar that was not verified never gets a place"


def test_a_repository_that_is_not_there(repository, tmp_path, free_port):
    with pytest.raises(JarsUnavailable, match="CONTRAFLOW_MAVEN_REPOSITORY"):
        class_path(tmp_path, print, f"http://127.0.0.1:{free_port()}")


def test_the_lock_is_whole_and_reads_back(tmp_path):
    locked = read_lock()
    assert [jar.coordinate for jar in locked[: len(ROOTS)]] == list(ROOTS)
    assert len({jar.file_name for jar in locked}) == len(locked), "one flat folder holds them all"
    assert f"org.apache.kafka:kafka-clients:{KAFKA_VERSION}" in {jar.coordinate for jar in locked}
    write_lock(locked, tmp_path / "lock")
    assert read_lock(tmp_path / "lock") == locked


def test_a_mirror_in_mavens_settings_takes_the_place_of_central(tmp_path, monkeypatch):
    settings = tmp_path / "settings.xml"
    mirror = "<mirror><mirrorOf>{}</mirrorOf><url>https://jars.example/maven/</url></mirror>"
    namespace = "http://maven.apache.org/SETTINGS/1.2.0"
    for covered, expected in (
        ("*", "https://jars.example/maven"),
        ("other, central", "https://jars.example/maven"),
        ("*,!central", None),
        ("other", None),
    ):
        settings.write_text(f'<settings xmlns="{namespace}"><mirrors>{mirror.format(covered)}</mirrors></settings>')
        assert central_mirror(settings) == expected
    settings.write_text(f"<settings><mirrors>{mirror.format('central')}</mirrors></settings>")
    monkeypatch.setenv("MAVEN_SETTINGS", str(settings))
    assert jar_repositories(None)["central"] == "https://jars.example/maven"
    assert jar_repositories("https://mine.example/m2/") == {"configured": "https://mine.example/m2"}
    assert central_mirror(Path("/no/such/settings.xml")) is None
