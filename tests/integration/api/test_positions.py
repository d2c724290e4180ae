"""An answer says at which position it is true, and a caller can ask for one and wait for it."""

import threading
import time

import httpx
import psycopg
import pytest

from projections.advance import catch_up
from projections.journal_reader import JournalReader
from projections.projection import PROJECTIONS
from tests.integration.api.conftest import Site
from tests.unit.ledger.builders import payment

READS = (
    "balances",
    "balances/1000",
    "trial-balance",
    "accounts/1000/entries",
    "entries/2",
    "payments",
    "payments/pi_1",
    "reconciliation",
    "reconciliation/po_1",
    "events",
    "events/2",
    "events/2/raw",
)


def head(site: Site, book: str = "main") -> int:
    with psycopg.connect(site.dsn) as connection:
        row = connection.execute("SELECT head FROM ledger.books WHERE book = %s", (book,)).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("read", READS)
def test_every_read_names_its_position_and_can_be_had_again_for_nothing(
    site: Site, client: httpx.Client, read: str
) -> None:
    path = f"/books/main/{read}"
    answer = client.get(path)
    assert answer.headers["contraflow-position"] == f"main={head(site)}"
    unchanged = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert client.get(path, headers={"If-None-Match": '"other"'}).content == answer.content
    bare = client.head(path)
    assert (bare.status_code, bare.content) == (200, b"")
    assert bare.headers["content-length"] == str(len(answer.content))
    reached = {"Contraflow-Min-Position": answer.headers["contraflow-position"]}
    assert client.get(path, headers=reached).content == answer.content


@pytest.mark.parametrize("read", ["balances/1000", "entries/2", "payments", "reconciliation", "events/2/raw"])
def test_a_position_that_is_not_reached_is_a_412_within_the_wait(site: Site, client: httpx.Client, read: str) -> None:
    at = head(site)
    asked = {"Contraflow-Min-Position": f"main={at + 1}"}
    for wait_s, headers in ((0, asked), (1, {**asked, "Prefer": "wait=1"})):
        started_s = time.monotonic()
        answer = client.get(f"/books/main/{read}", headers=headers)
        took_s = time.monotonic() - started_s
        assert (answer.status_code, answer.json()["code"]) == (412, "position_not_reached")
        assert answer.headers["contraflow-position"] == f"main={at}" and answer.headers["retry-after"]
        assert wait_s <= took_s < wait_s + 2


@pytest.mark.parametrize("text", ["", "main", "main=x", "main=-1", f"main={2**63}", "other=1", "main=1;other=2"])
def test_a_malformed_position_is_a_400(client: httpx.Client, text: str) -> None:
    answer = client.get("/books/main/balances", headers={"Contraflow-Min-Position": text})
    assert (answer.status_code, answer.json()["code"]) == (400, "min_position_malformed")


def test_a_projection_that_is_behind_says_so_and_a_waiter_gets_the_answer_when_it_catches_up(site: Site) -> None:
    book = "waited"
    site.tell(payment(1), book=book)
    reached = site.tell(payment(2), book=book, project=False)
    with site.client() as client:
        behind = client.get(f"/books/{book}/balances/1000")
        assert behind.headers["contraflow-position"] == f"{book}={reached - 1}"
        # The store is never behind itself.
        assert client.get(f"/books/{book}/events").headers["contraflow-position"] == f"{book}={reached}"

        answers: list[httpx.Response] = []

        def wait() -> None:
            headers = {"Contraflow-Min-Position": f"{book}={reached}", "Prefer": "wait=20"}
            answers.append(client.get(f"/books/{book}/balances/1000", headers=headers))

        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(0.7)
        assert not answers, "it answered before the projection was there"
        moved_s = time.monotonic()
        with psycopg.connect(site.dsn) as connection:
            catch_up(connection, PROJECTIONS["balances"], book, JournalReader(connection))
        waiter.join(15)
        assert time.monotonic() - moved_s < 5
    assert answers[0].headers["contraflow-position"] == f"{book}={reached}"
    assert answers[0].json()["balances"][0]["entries"] == 2


def test_a_waiter_on_the_event_log_hears_of_the_append(site: Site) -> None:
    book = "appended"
    at = site.tell(payment(1), book=book)
    answers: list[httpx.Response] = []

    def wait() -> None:
        with site.client() as client:
            headers = {"Contraflow-Min-Position": f"{book}={at + 1}", "Prefer": "wait=20"}
            answers.append(client.get(f"/books/{book}/events", params={"after": at}, headers=headers))

    waiter = threading.Thread(target=wait)
    waiter.start()
    time.sleep(0.3)
    site.tell(payment(2), book=book)
    waiter.join(15)
    assert [event["position"] for event in answers[0].json()["items"]] == [at + 1]


def test_too_many_waiters_are_told_to_come_again(site: Site) -> None:
    headers = {"Contraflow-Min-Position": f"main={2**62}", "Prefer": "wait=3"}
    codes: list[str] = []

    def wait() -> None:
        with site.client() as client:
            codes.append(client.get("/books/main/balances", headers=headers).json()["code"])

    waiters = [threading.Thread(target=wait) for _ in range(60)]
    for waiter in waiters:
        waiter.start()
    time.sleep(1.5)
    with site.client() as client:
        assert client.get("/books/main/balances").status_code == 200, "those who wait hold no connection"
    for waiter in waiters:
        waiter.join(20)
    assert set(codes) == {"position_not_reached", "too_many_waiting"}


def test_a_rebuild_under_readers_is_not_noticed(site: Site) -> None:
    from projections.rebuild import rebuild

    stop = threading.Event()
    statuses: set[int] = set()
    bodies: set[bytes] = set()

    def ask() -> None:
        with site.client() as client:
            while not stop.is_set():
                answer = client.get("/books/main/balances/1000")
                statuses.add(answer.status_code)
                bodies.add(answer.content)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(3):
            assert rebuild(site.dsn, "balances").equal
    finally:
        stop.set()
        for asker in askers:
            asker.join(20)
    assert statuses == {200} and len(bodies) == 1
