"""One running API, and the book that it reads: filled as posting and projecting would, but step by step."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from contraflow.embedded import PairAddresses
from contraflow.embedded.port import free_ports
from ledger.accounts import load_chart
from ledger.batch import RawRecord
from ledger.facts import Fact
from ledger.money import Money
from ledger.rules import load_rules
from ledger.store import Store
from projections.advance import catch_up
from projections.journal_reader import JournalReader
from projections.projection import PROJECTIONS
from projections.schema import ensure_schemas
from streams.kafka import KafkaConfig
from streams.topics import INPUT_TOPICS, ensure_topics
from tests.infra import fresh_database
from tests.integration.api.api_process import api_process
from tests.unit.ledger.builders import NOW_US, payment, refund, settlement

RAW_BODY = b"<script>alert('raw')</script>\x00\xff"


@dataclass
class Site:
    """A store with projections, and the API that answers from them."""

    url: str
    dsn: str
    kafka: KafkaConfig

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=20)

    def tell(self, *facts: Fact, book: str = "main", project: bool = True) -> int:
        """Decide and append; returns the head."""
        with Store.open(self.dsn) as store:
            lease = store.take([book])[book]
            loaded = store.load(book)
            if not loaded.version:
                store.open_book(lease, loaded, load_chart(), load_rules(), NOW_US)
            known = store.known(lease, loaded.questions(facts))
            at = loaded.version
            decided = loaded.decide(facts, known, NOW_US)
            store.append([store.prepare(lease, loaded, decided, [_raw(book, at + 1, loaded.version)])])
        if project:
            self.project(book)
        return loaded.version

    def project(self, book: str = "main") -> None:
        with psycopg.connect(self.dsn) as connection:
            for projection in PROJECTIONS.values():
                catch_up(connection, projection, book, JournalReader(connection))


def _raw(book: str, first: int, last: int) -> RawRecord:
    return RawRecord(
        digest=hashlib.sha256(f"{book}{first}".encode()).digest(),
        source="stripe",
        account="acct_1",
        received_at_us=NOW_US,
        topic="inbound.stripe",
        partition=0,
        record_offset=first,
        context={},
        body=RAW_BODY,
        first_position=first,
        last_position=last,
    )


def _bank_line(key: str, text: str, amount: int) -> Fact:
    return Fact(
        type="bank.line.booked",
        key=f"camt053/DE00/{key}",
        source="camt053",
        account="DE00",
        effective_at="2026-01-07",
        amounts={"gross": Money.of(amount, "USD")},
        links={"statement": "s1"},
        attributes={"text": text, "value_date": "2026-01-07"},
    )


def _payout(name: str, amount: int) -> Fact:
    return Fact(
        type="payout.paid",
        key=f"stripe/acct_1/{name}/paid",
        source="stripe",
        account="acct_1",
        effective_at="2026-01-06T10:00:00Z",
        amounts={"gross": Money.of(amount, "USD")},
        links={"payout": name},
        references=(f"stripe/acct_1/{name}",),
        attributes={"arrival_date": "2026-01-07", "automatic": "true"},
    )


def facts() -> list[Fact]:
    """Payments 1 to 30, among them a refunded, a half refunded and a Japanese one; payouts and bank lines."""
    return [
        *(payment(number, 1000 + number) for number in range(1, 29)),
        payment(29, 500, "JPY", links={"payment": "pi_29", "charge": "ch_29"}),
        payment(30, 12_345, "KWD"),
        refund(1, 1001),
        refund(2, 1),
        settlement(3, 1003, 59),
        payment(1, 1001, delivery="evt_again"),
        refund(4, 10, status="failed"),
        _payout("po_1", 5000),
        _bank_line("line-1", "STRIPE po_unheard", 700),
    ]


@pytest.fixture(scope="package")
def site(pair: PairAddresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    kafka = KafkaConfig(pair.bootstrap_servers, topic_prefix="api-tests.", partitions=2, replication_factor=1)
    ensure_topics(kafka, INPUT_TOPICS)
    log: Path = tmp_path_factory.mktemp("api") / "api.log"
    (port,) = free_ports(1)
    with fresh_database(pair.postgres_dsn, "api_tests") as dsn:
        with Store.open(dsn):
            pass
        with psycopg.connect(dsn) as connection:
            ensure_schemas(connection)
        with api_process(kafka.bootstrap_servers, dsn, kafka.topic_prefix, port, log) as url:
            site = Site(url, dsn, kafka)
            site.tell(*facts())
            yield site
        # A fault that a test did not look for is still a fault.
        assert "request failed" not in log.read_text(), log.read_text()


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    with site.client() as client:
        yield client
