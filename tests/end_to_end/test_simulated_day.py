"""A simulated day through webhooks, pages and statements: the API says what the simulator knows to be true.

Asked over HTTP alone, as any user would. Then the whole day is told again, in another order, and nothing changes.
"""

import asyncio
import dataclasses
import json
import random
from collections.abc import Iterator, Sequence

import pytest

from contraflow.embedded import PairAddresses
from contraflow.simulator import ACCOUNT, Day, Webhook, World, play_day, send_day
from streams.intake import Told
from tests.end_to_end.running import SECRET, RunningPipeline, running_beside

BOOK = "day"


@pytest.fixture(scope="module")
def day() -> Day:
    return play_day(seed=77, payments=120)


@pytest.fixture(scope="module")
def site(pair: PairAddresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPipeline]:
    folder = tmp_path_factory.mktemp("day")
    with running_beside(pair, folder, books=(BOOK,), account=ACCOUNT) as running:
        yield running


@pytest.fixture(scope="module")
def told_once(site: RunningPipeline, day: Day) -> dict[str, int]:
    """The heads after the day was told in its own order."""
    send(site, day, day.prompt)
    site.ingest(documents(day))
    send(site, day, day.late)
    return site.settle()


def send(site: RunningPipeline, day: Day, webhooks: Sequence[Webhook]) -> None:
    sendings = asyncio.run(send_day(day, site.url, SECRET, endpoint=BOOK, webhooks=webhooks, timeout_s=30))
    assert sendings.sent == len(webhooks), sendings.problems
    assert sendings.refused == sendings.given_up == 0


def documents(day: Day) -> list[Told]:
    pages = [Told(page.body, BOOK, "stripe", day.account, context=page.context) for page in day.pages]
    return pages + [Told(statement.body, BOOK, "camt053", "") for statement in day.statements]


def assert_true(site: RunningPipeline, day: Day | World) -> None:
    """Every answer of the API against the truth."""
    truth = day.truth
    right = {
        (account, currency): minor
        for account, by_currency in truth.balances.items()
        for currency, minor in by_currency.items()
        if minor
    }
    assert site.balances(BOOK) == right
    assert site.payments(BOOK) == truth.payments
    for missing in truth.missing:
        assert site.http.get(f"/books/{BOOK}/payments/{missing}").status_code == 404
    items = list(site.pages(f"/books/{BOOK}/reconciliation"))
    broken = {(item["item"], reason) for item in items if item["state"] == "broken" for reason in item["reasons"]}
    assert broken == {(each.payout, each.reason) for each in truth.breaks}
    assert {item["item"]: item["state"] for item in items if item["kind"] == "payout"} == truth.payouts
    trial = site.get(f"/books/{BOOK}/trial-balance")
    assert trial["balanced"] is True
    assert {row["currency"] for row in trial["currencies"]} >= {currency for _, currency in right}
    for row in trial["currencies"]:
        assert row["debits"] == row["credits"], row
    assert site.dead_letters(BOOK) == []


def entries(site: RunningPipeline) -> int:
    rows = site.query(
        "SELECT count(*) FROM ledger.events JOIN ledger.books USING (book_id) WHERE book = %s AND type = 'EntryPosted'",
        BOOK,
    )
    return int(rows[0][0])


def test_the_api_says_what_is_true(site: RunningPipeline, day: Day, told_once: dict[str, int]) -> None:
    assert_true(site, day)
    assert entries(site) == day.truth.entries
    site.assert_sound()


def test_answers_carry_the_position_and_wait_for_it(site: RunningPipeline, day: Day, told_once: dict[str, int]) -> None:
    head = told_once[BOOK]
    for path in ("balances", "balances/1000", "payments", "reconciliation", "trial-balance", "accounts/1000/entries"):
        answer = site.http.get(f"/books/{BOOK}/{path}", headers={"Contraflow-Min-Position": f"{BOOK}={head}"})
        assert (answer.status_code, answer.headers["Contraflow-Position"]) == (200, f"{BOOK}={head}"), path
        ahead = site.http.get(f"/books/{BOOK}/{path}", headers={"Contraflow-Min-Position": f"{BOOK}={head + 1}"})
        assert ahead.status_code == 412, path


def test_entries_and_events_of_the_api_are_those_of_the_book(
    site: RunningPipeline, day: Day, told_once: dict[str, int]
) -> None:
    positions = []
    after: int | None = 0
    while after is not None:
        page = site.get(f"/books/{BOOK}/events", after=after, limit=500)
        positions += [(event["position"], event["type"]) for event in page["items"]]
        after = page["next_after"]
    assert [position for position, _ in positions] == list(range(1, told_once[BOOK] + 1))
    assert sum(name == "EntryPosted" for _, name in positions) == day.truth.entries
    sums: dict[tuple[str, str], int] = {}
    for account in {account for account, _ in site.balances(BOOK)}:
        for line in site.pages(f"/books/{BOOK}/accounts/{account}/entries", order="oldest"):
            place = (account, line["amount"]["currency"])
            sign = 1 if line["side"] == "debit" else -1
            sums[place] = sums.get(place, 0) + sign * int(line["amount"]["amount"])
    assert {place: minor for place, minor in sums.items() if minor} == site.balances(BOOK)
    _, first_told = next(item for item in enumerate(positions) if item[1][1] == "EntryPosted")
    raw = site.http.get(f"/books/{BOOK}/events/{first_told[0]}/raw")
    assert raw.status_code == 200
    assert b"4242 4242 4242 4242" not in raw.content


def test_the_whole_day_again_in_another_order_changes_nothing(
    site: RunningPipeline, day: Day, told_once: dict[str, int]
) -> None:
    before = (site.balances(BOOK), site.payments(BOOK), entries(site))
    again = [dataclasses.replace(webhook, late=False) for webhook in day.webhooks]
    random.Random(5).shuffle(again)
    site.ingest(documents(day)[::-1])
    send(site, day, again)
    heads = site.settle()
    assert (site.balances(BOOK), site.payments(BOOK), entries(site)) == before
    # The same bytes are the same delivery: not even a sighting is added.
    assert heads == told_once
    assert_true(site, day)


def test_the_same_events_in_other_bytes_are_only_further_sightings(
    site: RunningPipeline, day: Day, told_once: dict[str, int]
) -> None:
    """As when a gateway writes its JSON anew: another digest, the same facts."""
    before = (site.balances(BOOK), site.payments(BOOK), entries(site))
    site.tell([json.dumps(json.loads(webhook.body)).encode() for webhook in day.webhooks[::4]], BOOK)
    heads = site.settle()
    assert heads[BOOK] > told_once[BOOK]
    assert (site.balances(BOOK), site.payments(BOOK), entries(site)) == before
    assert_true(site, day)
    site.assert_sound()
