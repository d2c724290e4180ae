"""Load on a running pipeline: payments told without a pause, as webhooks and as facts, until told to stop.

What was answered with 200, and what Kafka acknowledged, is remembered: it has to be in the books exactly once. What was
not is sent again, as a gateway does, so that in the end everything was told.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import httpx
import msgspec

from contraflow.simulator import SIGNATURE_HEADER, canonical_fact, payment_fact, sign, stripe_payment_event
from streams.errors import IntakeUnavailable
from streams.intake import Told, ingest
from tests.end_to_end.running import ACCOUNT, SECRET, RunningPipeline

FACTS_A_BATCH = 20
TAKEN_WAIT_S = 90.0


class Load:
    """What was told to one book: key of the fact -> minor units of US dollars."""

    def __init__(self, site: RunningPipeline, book: str, pause_s: float) -> None:
        self.site = site
        self.book = book
        self.told: dict[str, int] = {}
        self.answers: Counter[str] = Counter()
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._failures: list[Exception] = []
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name=f"load-{book}-{work.__name__}")
            for work in (self._post_webhooks, self._send_facts)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def ask_to_stop(self) -> None:
        self._stop.set()

    def stop(self) -> None:
        """Everything begun is told to its end."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        assert self._failures == []

    def wait_for(self, count: int, wait_s: float = 60) -> None:
        """Until `count` more payments were taken."""
        goal = len(self.told) + count
        deadline_s = time.monotonic() + wait_s
        while len(self.told) < goal:
            assert time.monotonic() < deadline_s, f"only {len(self.told)} of {goal} were taken: {self.answers}"
            time.sleep(0.02)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - told to the test when it stops this load
            self._failures.append(error)

    def _post_webhooks(self) -> None:
        rng = random.Random(self.book)
        with httpx.Client(base_url=self.site.url, timeout=15, trust_env=False) as http:
            while not self._stop.is_set():
                body = stripe_payment_event(rng, type="payment_intent.succeeded")
                intent = msgspec.json.decode(body)["data"]["object"]
                deadline_s = time.monotonic() + TAKEN_WAIT_S
                while not self._taken(http, body):
                    assert time.monotonic() < deadline_s, f"not taken within {TAKEN_WAIT_S:g} s: {self.answers}"
                    time.sleep(0.1)
                self.told[f"stripe/{ACCOUNT}/{intent['id']}/succeeded"] = intent["amount_received"]
                time.sleep(self._pause_s)

    def _taken(self, http: httpx.Client, body: bytes) -> bool:
        headers = {SIGNATURE_HEADER: sign(body, SECRET, int(time.time()))}
        try:
            answer = http.post(f"/webhooks/stripe/{self.book}", content=body, headers=headers)
        except httpx.TransportError as error:
            self.answers[type(error).__name__] += 1
            return False
        self.answers[str(answer.status_code)] += 1
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200

    def _send_facts(self) -> None:
        number = 0
        while not self._stop.is_set():
            numbers = range(number, number + FACTS_A_BATCH)
            batch = [Told(canonical_fact(each, run=self.book), self.book, "facts", "") for each in numbers]
            deadline_s = time.monotonic() + TAKEN_WAIT_S
            while not self._acknowledged(batch):
                assert time.monotonic() < deadline_s, f"not acknowledged within {TAKEN_WAIT_S:g} s: {self.answers}"
            for each in numbers:
                fact = payment_fact(each, run=self.book)
                self.told[fact.key] = int(fact.amounts["gross"].amount)
            number += FACTS_A_BATCH
            time.sleep(self._pause_s * FACTS_A_BATCH)

    def _acknowledged(self, batch: Sequence[Told]) -> bool:
        try:
            ingest(self.site.kafka, batch, wait_s=30)
        except IntakeUnavailable:
            self.answers["IntakeUnavailable"] += 1
            return False
        return True


@contextlib.contextmanager
def load_on(site: RunningPipeline, *books: str, pause_s: float = 0.02) -> Iterator[list[Load]]:
    """Load on each of these books for the length of the block."""
    loads = [Load(site, book, pause_s) for book in books]
    for load in loads:
        load.start()
    try:
        yield loads
    finally:
        for load in loads:
            load.ask_to_stop()
        for load in loads:
            load.stop()


def assert_told_once(site: RunningPipeline, load: Load) -> None:
    """Whatever was acknowledged is an entry of the book, each once, and nothing else is."""
    rows = site.query(
        "SELECT body::jsonb->'fact'->>'key', count(*) FROM ledger.events JOIN ledger.books USING (book_id)"
        " WHERE book = %s AND type = 'EntryPosted' GROUP BY 1",
        load.book,
    )
    posted = dict(rows)
    assert {key: count for key, count in posted.items() if count != 1} == {}
    assert posted.keys() == load.told.keys(), (
        f"{len(load.told.keys() - posted.keys())} lost, {len(posted.keys() - load.told.keys())} invented"
    )
    told_minor = sum(load.told.values())
    assert site.balances(load.book) == {("1000", "USD"): told_minor, ("7000", "USD"): -told_minor}
    assert site.dead_letters(load.book) == []
