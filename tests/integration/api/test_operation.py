"""Health, readiness, telemetry and the documentation page, with everything there and with PostgreSQL gone."""

import re
import threading
from pathlib import Path

import httpx
import psycopg
import pytest

from contraflow.embedded import PairAddresses
from contraflow.embedded.port import free_ports
from tests.infra import fresh_database
from tests.integration.api.api_process import api_process
from tests.integration.api.conftest import Site


def test_alive_and_ready(client: httpx.Client) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {"status": "ready"}


def test_telemetry_counts_routes_and_not_paths(client: httpx.Client) -> None:
    client.get("/books/main/payments/pi_secret_name")
    client.get("/no/such/secret_path")
    text = client.get("/metrics").text
    assert 'contraflow_http_requests_total{method="GET",route="/books/{book}/payments/{payment}",status="404"}' in text
    assert "secret" not in text


def test_the_documentation_page_needs_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    local = [link for link in links if link.startswith("/")]
    assert len(local) == 2 and not re.search(r"(?:https?:)?//", " ".join(links))
    for link in local:
        asset = client.get(link)
        assert asset.status_code == 200 and len(asset.content) > 100_000
        assert asset.headers["content-type"].startswith(("text/javascript", "text/css"))
    assert "default-src 'none'" in page.headers["content-security-policy"]
    document = client.get(re.findall(r"url: '([^']+)'", page.text)[0]).json()
    assert "/books/{book}/balances/{account}" in document["paths"]


def test_without_postgres_every_read_is_a_503_and_comes_back_by_itself(
    site: Site, pair: PairAddresses, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    with (
        fresh_database(pair.postgres_dsn, "api_empty") as dsn,
        api_process(pair.bootstrap_servers, dsn, "x.", port, tmp_path / "log") as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        # A database in which the pipeline never ran.
        for path in ("/books", "/books/main/balances", "/books/main/payments/x", "/books/main/events/1/raw"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "schema_missing"), path
        ready = client.get("/ready").json()
        assert ready["code"] == "not_ready" and "ledger.books" in ready["errors"][0]["detail"]
        # Connections that break under us.
        with psycopg.connect(pair.postgres_dsn, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'api_empty'")
        codes = {client.get("/books").json()["code"] for _ in range(20)}
        assert codes <= {"schema_missing", "postgres_unavailable"} and "schema_missing" in codes
        assert client.get("/health").status_code == 200


def test_a_server_that_is_not_there_is_a_503(pair: PairAddresses, tmp_path: Path) -> None:
    closed, port = free_ports(2)
    dsn = f"postgresql://nobody:sesame@127.0.0.1:{closed}/none"
    with (
        api_process(pair.bootstrap_servers, dsn, "x.", port, tmp_path / "log") as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        answer = client.get("/books/main/balances")
        assert (answer.status_code, answer.json()["code"]) == (503, "postgres_unavailable")
        ready = client.get("/ready")
        assert ready.status_code == 503 and "sesame" not in ready.text + answer.text
    assert "sesame" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("path", ["/books/main/balances", "/books/main/payments/pi_1"])
def test_many_at_once_all_get_their_answer(site: Site, path: str) -> None:
    statuses: list[int] = []

    def ask() -> None:
        with site.client() as client:
            statuses.extend(client.get(path).status_code for _ in range(5))

    askers = [threading.Thread(target=ask) for _ in range(24)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(60)
    assert statuses == [200] * 120
