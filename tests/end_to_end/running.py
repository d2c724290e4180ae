"""A running pipeline to send to and to ask: all four parts as processes of their own, watched as `up` watches them.

Nothing is known by waiting a while. `settle` returns when everything that stood in the inbound topics is posted and
every projection stands at the heads of the books, so whatever is asked afterwards is the end of the story.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import psycopg
from pydantic import SecretStr

from contraflow.embedded import PairAddresses
from contraflow.embedded.port import free_ports
from contraflow.parts import needed_parts
from contraflow.pipeline import Pipeline, api_url
from contraflow.settings import Settings, WebhookEndpoint, load_settings
from contraflow.settling import NotSettled, wait_settled
from contraflow.simulator import SIGNATURE_HEADER, sign
from contraflow.wiring import kafka_config, postgres_dsn
from ledger.verification import verify_ledger
from projections.projection import PROJECTIONS
from projections.rebuild import compare
from streams.intake import Told, ingest
from tests.infra import TEST_OPTIONS, fresh_database

ACCOUNT = "acct_e2e"
SECRET = "whsec_end_to_end"
PAGE_ROWS = 500
Balances = dict[tuple[str, str], int]


class RunningPipeline:
    """Use `running`. Every book has the webhook endpoint of its own name, all with one secret."""

    def __init__(self, pipeline: Pipeline, said: list[str]) -> None:
        self.pipeline = pipeline
        self.said = said
        self.settings = pipeline.settings
        self.kafka = kafka_config(pipeline.settings)
        self.dsn = postgres_dsn(pipeline.settings)
        self.url = api_url(pipeline.settings)
        # The API is on this machine: proxies of the environment would only be in the way.
        self.http = httpx.Client(base_url=self.url, timeout=20, trust_env=False)

    def post(self, body: bytes, book: str = "main", **headers: str) -> httpx.Response:
        """One signed webhook."""
        signature = {SIGNATURE_HEADER: sign(body, SECRET, int(time.time()))}
        return self.http.post(f"/webhooks/stripe/{book}", content=body, headers={**signature, **headers})

    def tell(self, bodies: Sequence[bytes], book: str = "main") -> None:
        """Signed webhooks in this order, each of them taken."""
        for body in bodies:
            answer = self.post(body, book)
            assert answer.status_code == 200, answer.text

    def ingest(self, told: Sequence[Told]) -> None:
        assert ingest(self.kafka, told) == len(told)

    def settle(self, wait_s: float = 90) -> dict[str, int]:
        """The head of every book, which every projection has reached; servers may be away meanwhile."""
        deadline_s = time.monotonic() + wait_s
        while True:
            left_s = max(deadline_s - time.monotonic(), 0.1)
            try:
                return wait_settled(self.settings, wait_s=left_s)
            except psycopg.OperationalError:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.2)
            except NotSettled as error:
                raise AssertionError(f"{error}\n" + "\n".join(self.said[-20:])) from error

    def published(self, stream: str, wait_s: float = 60) -> dict[str, int]:
        """The head of every book, once `stream` was sent up to it."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:

            def positions() -> tuple[dict[str, int], dict[str, int]]:
                heads = dict(connection.execute("SELECT book, head FROM ledger.books").fetchall())
                rows = connection.execute(
                    "SELECT book, position FROM ledger.publications JOIN ledger.books USING (book_id)"
                    " WHERE stream = %s",
                    (stream,),
                )
                return heads, dict(rows.fetchall())

            def all_sent() -> bool:
                heads, sent = positions()
                return heads == sent

            until(all_sent, wait_s, f"{stream} published up to the heads of the books")
            return positions()[0]

    def get(self, path: str, **query: Any) -> Any:
        """What the API answers, with everything settled before."""
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, limit=PAGE_ROWS, **query, **cursor)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    def balances(self, book: str = "main") -> Balances:
        """Debits minus credits in minor units, those that are not zero."""
        found = {
            (row["account"], row["debits"]["currency"]): int(row["debits"]["amount"]) - int(row["credits"]["amount"])
            for row in self.pages(f"/books/{book}/balances")
        }
        return {place: minor for place, minor in found.items() if minor}

    def payments(self, book: str = "main") -> dict[str, str]:
        return {row["payment"]: row["status"] for row in self.pages(f"/books/{book}/payments")}

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(statement, values).fetchall()  # type: ignore[call-overload,no-any-return]

    def dead_letters(self, book: str = "main") -> list[tuple[Any, ...]]:
        return self.query("SELECT code, detail FROM ledger.dead_letters WHERE book = %s", book)

    def assert_sound(self) -> None:
        """The books keep every law, and every projection is what a fold of the journal gives."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            reports = verify_ledger(connection)
        assert [finding for report in reports for finding in report.findings] == []
        for name in PROJECTIONS:
            compared = compare(self.dsn, name)
            assert compared.equal, compared.difference
            assert compared.positions == {report.book: report.events for report in reports}


@contextlib.contextmanager
def running(
    data_dir: Path,
    *,
    pair: PairAddresses | None = None,
    topic_prefix: str = "",
    books: Sequence[str] = ("main",),
    account: str = ACCOUNT,
    gateway: str = "stripe",
    partitions: int = 4,
    **more: Any,
) -> Iterator[RunningPipeline]:
    """A pipeline on `pair`, or on an embedded pair of its own in `data_dir`; all of it is gone after the block."""
    said: list[str] = []
    settings = settings_of(
        data_dir,
        pair=pair,
        topic_prefix=topic_prefix,
        books=books,
        account=account,
        gateway=gateway,
        partitions=partitions,
        **more,
    )
    with Pipeline.running(settings, needed_parts(settings), said.append) as pipeline:
        pipeline.wait_ready()
        site = RunningPipeline(pipeline, said)
        with pipeline.watched(), site.http:
            yield site


@contextlib.contextmanager
def running_beside(pair: PairAddresses, data_dir: Path, **more: Any) -> Iterator[RunningPipeline]:
    """A pipeline on the session's servers, with a database and topic names of its own."""
    name = f"e2e_{uuid.uuid4().hex[:10]}"
    with fresh_database(pair.postgres_dsn, name) as dsn:
        addresses = PairAddresses(pair.bootstrap_servers, dsn)
        with running(data_dir, pair=addresses, topic_prefix=f"{name}.", **more) as site:
            yield site


def settings_of(
    data_dir: Path,
    *,
    pair: PairAddresses | None,
    topic_prefix: str,
    books: Sequence[str],
    account: str,
    gateway: str,
    partitions: int,
    more_endpoints: Mapping[str, WebhookEndpoint] | None = None,
    **more: Any,
) -> Settings:
    servers: Mapping[str, Any] = (
        {} if pair is None else {"kafka": pair.bootstrap_servers, "postgres": SecretStr(pair.postgres_dsn)}
    )
    endpoint: dict[str, Any] = {"gateway": gateway, "account": account, "secrets": [SecretStr(SECRET)]}
    return load_settings(
        data_dir=data_dir,
        topic_prefix=topic_prefix,
        partitions=partitions,
        kafka_heap_mb=TEST_OPTIONS.heap_mb,
        api_port=free_ports(1)[0],
        log_level="warning",
        endpoints={book: WebhookEndpoint(book=book, **endpoint) for book in books} | dict(more_endpoints or {}),
        **servers,
        **more,
    )


def until(check: Callable[[], bool], wait_s: float, what: str) -> None:
    """Wait for a state of things that must come."""
    deadline_s = time.monotonic() + wait_s
    while not check():
        assert time.monotonic() < deadline_s, f"not within {wait_s:g} s: {what}"
        time.sleep(0.05)
