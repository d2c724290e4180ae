"""Whatever stands in an inbound topic, posting, projecting and publishing go on (law 6)."""

import os
import subprocess
import sys
from random import Random

import msgspec
import psycopg
import pytest

from contraflow.dead_letters import list_dead_letters, redrive
from contraflow.embedded import PairAddresses
from ledger.facts import encode_fact
from ledger.journal import heads, read_events
from projections.advance import catch_up
from projections.journal_reader import JournalReader
from projections.projection import PROJECTIONS
from projections.schema import ensure_schemas
from streams.kafka import RECORD_BYTES_MAX
from streams.partitioner import partition_of
from streams.publication import Outgoing
from streams.publishing import DEAD_LETTERS, EVENT_STREAMS
from streams.row_publication import ROW_STREAMS
from tests.integration.test_posting import Site
from tests.unit.ledger.builders import payment

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# No compression makes it short enough for an index.
LONG = "".join(Random(1).choices(LETTERS, k=9_000))
ASTRAL = "".join(chr(0x10000 + number * 7919 % 60_000) for number in range(512))
EVENT = b'{"object":"event","id":"evt_1","type":"a.b","created":1,"data":{"object":{"id":"x"}}}'


@pytest.fixture
def site(pair: PairAddresses, postgres_dsn: str, topic_prefix: str) -> Site:
    return Site(pair, postgres_dsn, topic_prefix)


def fact(key: str, **more: object) -> bytes:
    fields: dict[str, object] = {
        "type": "payment.succeeded",
        "key": key,
        "source": "stripe",
        "account": "acct_1",
        "effective_at": "2026-01-05",
        "amounts": {"gross": ["5", "USD"]},
    }
    return msgspec.json.encode({**fields, **more})


def poisons() -> list[bytes]:
    settled = {"gross": ["5", "USD"], "fee": ["1", "USD"]}
    days = ("99999-01-01", "0000-00-00", "-1", "x" * 3_000, "2026-W01-1", "0001-01-01", "9999-12-31")
    dated = ("payout.paid", "bank.line.booked", "payment.succeeded")
    return [
        b"",
        b"[" * 100_000,
        b'"\\ud800"',
        b"9" * 10_000,
        fact("nul\0"),
        fact("payment", links={"payment": LONG}),
        fact("references", links={"payment": LONG[:1800], "charge": LONG[1800:3600]}),
        fact("payout", type="payout.paid", links={"payout": LONG}),
        fact("source", type="settlement.recorded", links={"source": LONG}, amounts=settled),
        fact("word", type="bank.line.booked", attributes={"text": f"{LONG.upper()} STRIPE"}),
        fact(ASTRAL),
        fact(ASTRAL[1:], type="bank.line.booked", attributes={"text": "STRIPE"}),
        fact(ASTRAL[2:], type="payout.paid"),
        fact("links at their most", links={"payment": ASTRAL[:256], "charge": ASTRAL[256:]}),
        fact("large", metadata={"a": LONG * 400}),
        fact("many links", links={f"l{number}": "y" for number in range(100_000)}),
        fact("long name", amounts={LONG * 100: ["1", "usd"]}),
        fact("nothing", links={"": "", "payment": ""}, attributes={"": ""}, references=["", ""]),
        fact("itself", needs="itself", references=["itself"]),
        *(fact(f"most {number}", amounts={"gross": [str(2**128 - 1), "ZZZ"]}) for number in range(3)),
        *(fact(f"{kind} {day}", type=kind, effective_at=day, attributes={"value_date": day, "arrival_date": day})
          for kind in dated for day in days),
        # A chain that is told from its end.
        *(fact(f"c{at}", type="event.observed", needs=f"r{at - 1}", references=[f"r{at}"]) for at in range(300, 0, -1)),
        fact("c0", type="event.observed", references=["r0"]),
        # A reference that is on record before the fact that waits brings it again.
        fact("first", references=["shared"]),
        fact("waits", needs="wanted", references=["shared"]),
        fact("wanted", references=["wanted"]),
    ]  # fmt: skip


def test_poison_stops_nobody(site: Site) -> None:
    with site.posting():
        for poison in poisons():
            site.send(poison)
        site.send(fact("h1"), account="a\0b")
        for source in (b"x\0", b"unheard of"):
            headers: list[tuple[str, str | bytes | None]] = [("source", source)]
            site.producer.produce(site.kafka.topic("inbound.facts"), b"from " + source, b"main", headers=headers)
        site.send(b"junk", attempts="9" * 18)
        site.send(EVENT, source="stripe", context='{"a":"\\u0000"}')
        site.send(EVENT, source="stripe", received_at_us="9" * 18)
        site.send(EVENT, source="stripe", account="a" * 100_000)
        site.tell(range(10))
        site.settled(lambda: site.count_payments(range(10)) == 10)
    with psycopg.connect(site.dsn, autocommit=True) as connection:
        connection.execute("SELECT count(*) FROM ledger.journal WHERE body IS NOT NULL")
        ensure_schemas(connection)
        published: list[Outgoing] = [record for _, _, record in DEAD_LETTERS.publish(connection)]
        for book in heads(connection):
            for projection in PROJECTIONS.values():
                catch_up(connection, projection, book, JournalReader(connection))
            events = read_events(connection, book)
            for stream in EVENT_STREAMS:
                published += stream.publish(book, events, {})[0]
            for rows in ROW_STREAMS:
                published += rows.publish(connection, book, 0, {})[0]
        largest = max(len(record.value or b"") + len(record.key or b"") for record in published)
        assert largest < RECORD_BYTES_MAX - 64 * 1024
        again = [row.dead_letter_id for row in list_dead_letters(connection, limit=1_000)]
        assert redrive(connection, site.kafka, again) > 0
        with site.posting():
            site.settled(lambda: not list_dead_letters(connection, status="redriven"))


def test_a_header_name_that_is_no_text(site: Site) -> None:
    site.send(fact("before"))
    assert site.producer.flush(30) == 0
    told = subprocess.run(
        [sys.executable, "-c", _ODD_HEADER, site.kafka.bootstrap_servers, site.kafka.topic("inbound.facts")],
        env={**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"},
        timeout=60,
        check=False,
    )
    assert told.returncode == 0
    with site.posting():
        site.tell(range(3))
        site.settled(lambda: site.count_payments(range(3)) == 3)
    with psycopg.connect(site.dsn) as connection:
        assert [row.code for row in list_dead_letters(connection)] == ["header_malformed"]


def test_a_record_beside_its_partition_waits_for_a_redrive(site: Site) -> None:
    beside = 1 - partition_of("main", site.kafka.partitions)
    body = encode_fact(payment(1))
    site.producer.produce(site.kafka.topic("inbound.facts"), body, b"main", beside)
    with site.posting(), psycopg.connect(site.dsn, autocommit=True) as connection:
        site.tell(range(2, 4))
        site.settled(lambda: site.count_payments(range(2, 4)) == 2 and bool(list_dead_letters(connection)))
        [letter] = list_dead_letters(connection)
        assert (letter.code, letter.book, site.count()) == ("partition_wrong", "main", 2)
        assert redrive(connection, site.kafka, [letter.dead_letter_id]) == 1
        site.settled(lambda: site.count() == 3)
        site.settled(lambda: not list_dead_letters(connection, status="redriven"))


_ODD_HEADER = """
import asyncio, sys
from aiokafka import AIOKafkaProducer

class Odd(str):
    def encode(self, *_):
        return b"\\xff\\xfe"

async def tell():
    async with AIOKafkaProducer(bootstrap_servers=sys.argv[1]) as producer:
        await producer.send_and_wait(sys.argv[2], b"x", key=b"main", headers=[(Odd("a"), b"x")])

asyncio.run(tell())
"""
