"""A follower that rests between folds: nothing is folded late, and a record counts once every follower committed it."""

import asyncio
import time
from collections.abc import Iterator

import psycopg
import pytest

from ledger.schema import migrate
from projections.advance import position_of
from projections.projection import PROJECTIONS
from projections.schema import ensure_schemas
from streams.journal_publication import JournalStream
from streams.projecting import hand_to_all
from streams.projecting_follower import ProjectionFollower
from streams.projecting_writer import ProjectionWriter, ReceivedRecord
from tests.integration.test_projections import store
from tests.unit.projections.stories import history, payment

LOOK_EVERY_S = 60.0  # nothing here comes from the store
WAIT_S = 20.0


@pytest.fixture
def prepared(postgres_dsn: str) -> Iterator[str]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        migrate(connection)
        ensure_schemas(connection)
    yield postgres_dsn


def test_what_comes_during_a_rest_is_folded_after_it(prepared: str) -> None:
    events = history([payment(number, "succeeded") for number in range(40)], "resting")
    with psycopg.connect(prepared, autocommit=True) as connection:
        store(connection, events)
    records = [
        ReceivedRecord("t", 0, event.position, b"resting", record.value)
        for event in events
        for record in JournalStream().publish("resting", [event], {})[0]
    ]

    async def follow() -> tuple[list[int], int]:
        acknowledged: list[int] = []
        all_of_them = asyncio.Event()
        followers = [
            ProjectionFollower(ProjectionWriter(prepared, PROJECTIONS[name]), LOOK_EVERY_S, 2**26, rests=rests)
            for name, rests in (("balances", False), ("payments", True))
        ]
        running = [asyncio.create_task(follower.run()) for follower in followers]
        for record in records:

            async def acknowledge(offset: int = record.offset) -> None:
                acknowledged.append(offset)
                if len(acknowledged) == len(records):
                    all_of_them.set()

            await hand_to_all(followers, record, acknowledge)
            await asyncio.sleep(0.005)
        await asyncio.wait_for(all_of_them.wait(), WAIT_S)
        for follower in followers:
            follower.stop()
        await asyncio.gather(*running)
        return acknowledged, len(records)

    acknowledged, sent = asyncio.run(follow())
    assert sorted(acknowledged) == list(range(1, sent + 1)), "each once, and not before both committed it"
    with psycopg.connect(prepared, autocommit=True) as connection:
        assert {position_of(connection, name, "resting") for name in ("balances", "payments")} == {sent}


def test_a_record_is_not_acknowledged_while_one_follower_has_not_folded_it(prepared: str) -> None:
    events = history([payment(1, "succeeded")], "waiting")
    with psycopg.connect(prepared, autocommit=True) as connection:
        store(connection, events)
    (record,) = JournalStream().publish("waiting", events, {})[0]

    async def follow() -> bool:
        acknowledged = asyncio.Event()
        works, stands_still = (
            ProjectionFollower(ProjectionWriter(prepared, PROJECTIONS[name]), LOOK_EVERY_S, 2**26)
            for name in ("balances", "payments")
        )

        async def acknowledge() -> None:
            acknowledged.set()

        running = asyncio.create_task(works.run())
        await hand_to_all([works, stands_still], ReceivedRecord("t", 0, 1, None, record.value), acknowledge)
        await asyncio.to_thread(_wait_until_folded, prepared, "balances", "waiting")
        early = acknowledged.is_set()
        late = asyncio.create_task(stands_still.run())
        await asyncio.wait_for(acknowledged.wait(), WAIT_S)
        for follower in (works, stands_still):
            follower.stop()
        await asyncio.gather(running, late)
        return early

    assert asyncio.run(follow()) is False


def _wait_until_folded(dsn: str, name: str, book: str) -> None:
    deadline_s = time.monotonic() + WAIT_S
    with psycopg.connect(dsn, autocommit=True) as connection:
        while not position_of(connection, name, book):
            assert time.monotonic() < deadline_s, "it was not folded"
            time.sleep(0.02)
