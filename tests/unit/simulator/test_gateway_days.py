"""The gateways' days beside Stripe's: seeded, understood by their connectors, true in whatever order they are told."""

import random
from collections import Counter
from datetime import date, timedelta

import pytest

from connectors import CONNECTORS, Telling
from connectors.connector import answered
from connectors.exchange import Answer, Place, Want
from connectors.polling import after, start_by_id
from contraflow.simulator.asking import Asked
from contraflow.simulator.day import ACCOUNT
from contraflow.simulator.desks import accesses, stripe_access
from contraflow.simulator.gateway_day import GatewayDay
from contraflow.simulator.world import GATEWAYS, World, play_world
from ledger.events import EntryPosted, FactRefused
from ledger.facts import Fact
from tests.unit.connectors.test_simulated_day import balances
from tests.unit.ledger.builders import Desk
from tests.unit.simulator.read_day import ReadDay, facts

DAY = date(2026, 11, 16)
START_S = 1_794_787_200
NOW_S = START_S + 4 * 86_400
IN_TRANSIT = {"paystack": "1110", "flutterwave_v3": "1210", "flutterwave_v4": "1210", "paypal": "1310"}


@pytest.fixture(scope="module")
def world() -> World:
    return play_world(1, 60, gateway_date=DAY)


def day_of(world: World, gateway: str) -> GatewayDay:
    return next(day for day in world.gateways if day.gateway == gateway)


def reading(day: GatewayDay) -> ReadDay:
    """The day with whoever answers for it, asked with the right credentials."""
    [access] = accesses([day])
    given = access.credentials
    if access.token_path:
        headers = access.desk.tokens.authorization(NOW_S)  # type: ignore[attr-defined]
    elif "api_key" in given:
        headers = {"authorization": f"Bearer {given['api_key']}"}
    else:
        import base64

        pair = f"{given['username']}:{given['password']}"
        headers = {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return ReadDay(day, access.desk, headers, NOW_S)


def posted(tellings: list[list[Fact]]) -> tuple[dict[tuple[str, str], int], int]:
    """Balances without the bank's side, and entries."""
    desk = Desk()
    for told in tellings:
        desk.tell(*told)
    assert not any(isinstance(recorded.event(), FactRefused) for recorded in desk.events)
    return balances(desk), sum(isinstance(recorded.event(), EntryPosted) for recorded in desk.events)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_told_in_any_order_and_twice_the_day_comes_out_as_it_was_played(world: World, gateway: str) -> None:
    day = day_of(world, gateway)
    read = reading(day)
    told = [facts(each) for each in read.heard() + read.asked(START_S)]
    assert read.refused == []
    again = told * 2
    random.Random(5).shuffle(again)
    right = {
        (account, currency): minor
        for account, by_currency in day.truth.balances.items()
        for currency, minor in by_currency.items()
    }
    for line in day.lines:  # the bank tells these by statements
        right["6000", line.currency.upper()] -= line.amount_minor
        right[IN_TRANSIT[gateway], line.currency.upper()] = (
            right.get((IN_TRANSIT[gateway], line.currency.upper()), 0) + line.amount_minor
        )
    right = {place: minor for place, minor in right.items() if minor}
    assert posted(told) == posted(again) == (right, day.truth.entries - len(day.lines))


@pytest.mark.parametrize("gateway", [name for name in GATEWAYS if name != "paypal"])
def test_webhooks_alone_do_not_tell_everything(world: World, gateway: str) -> None:
    """What nobody sends is found by polling alone, or the day would prove nothing about it."""
    day = day_of(world, gateway)
    paid = {fact.links.get("payment") for each in reading(day).heard() for fact in facts(each)}
    assert day.untold and not day.untold & paid


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_words_of_the_caller_reach_the_facts(world: World, gateway: str) -> None:
    read = reading(day_of(world, gateway))
    found: Counter[str] = Counter()
    for each in read.heard() + read.asked(START_S):
        for fact in facts(each):
            found.update(fact.metadata.keys())
    assert found["loan_id"] or found["custom_id"]


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    one, same, other = (play_world(seed, 60, gateway_date=DAY) for seed in (3, 3, 4))
    assert (one.gateways, one.statements, one.truth) == (same.gateways, same.statements, same.truth)
    for mine, others in zip(one.gateways, other.gateways, strict=True):
        assert mine.lists != others.lists and (not mine.hooks or mine.hooks != others.hooks)


def test_another_date_changes_dates_and_no_amount() -> None:
    one, later = (play_world(3, 60, gateway_date=DAY + timedelta(days=days)) for days in (0, 40))
    assert one.truth == later.truth
    assert one.gateways[0].lists != later.gateways[0].lists


def test_the_truth_of_the_world_is_that_of_its_days(world: World) -> None:
    assert set(world.truth.trial_balance.values()) == {0}
    assert world.truth.entries == world.stripe.truth.entries + sum(day.truth.entries for day in world.gateways)
    assert {each.reason for each in world.truth.breaks} == {"payment_missing", "amount_differs", "payout_failed"}
    broken = {payout for payout, state in world.truth.payouts.items() if state == "broken"}
    assert broken == {each.payout for each in world.truth.breaks}
    assert [day.gateway for day in world.gateways] == list(GATEWAYS)


def test_statements_carry_every_line_of_the_gateways(world: World) -> None:
    lines = Counter(line for day in world.gateways for line in day.lines)
    assert Counter(line for statement in world.statements for line in statement.lines) == lines
    for statement in world.statements:
        booked = sum(line.amount_minor for line in statement.lines)
        assert statement.opening_minor + booked == statement.closing_minor


def test_days_have_their_trouble(world: World) -> None:
    for day in world.gateways:
        told = day.truth.totals
        assert told["payments_untold"] >= 1
        if day.gateway == "paypal":
            assert not day.hooks
            continue
        assert told["webhooks_doubled"] and told["webhooks_late"]
        assert [hook.late for hook in day.hooks] == sorted(hook.late for hook in day.hooks)
        created = [hook.created_s for hook in day.prompt]
        assert created != sorted(created)


def test_stripe_answers_for_the_contents_of_its_payouts(world: World) -> None:
    """Fetched page by page, as a payout that was paid makes us, they tell what the pages of the day tell."""
    connector, access = CONNECTORS["stripe"], stripe_access(world.stripe)
    assert connector.page_call is not None and connector.read_page is not None
    headers = {"authorization": f"Bearer {access.credentials['api_key']}"}
    desk = Desk()
    for webhook in world.stripe.webhooks:
        desk.tell(*connector.translate(webhook.body, Telling("stripe", ACCOUNT, "digest")))
    for payout in world.stripe.truth.payouts:
        place: Place | None = start_by_id(Want("payout_contents", payout))
        while place is not None:
            call = connector.page_call(place)
            reply = access.desk.answer(Asked(call.method, call.path, dict(call.query), headers), NOW_S)
            page = connector.read_page(place, Answer(reply.status, {}, reply.body))
            for item in page.items:
                whole = answered(place, item)
                desk.tell(*connector.translate(whole.raw, Telling("stripe", ACCOUNT, "digest", dict(whole.context))))
            place = after(connector.manifest.stream(place.stream), place, page.next) if connector.manifest else None
    for statement in world.stripe.statements:
        desk.tell(*CONNECTORS["camt053"].translate(statement.body, Telling("camt053", statement.account, "digest")))
    right = {
        (account, currency): minor
        for account, by_currency in world.stripe.truth.balances.items()
        for currency, minor in by_currency.items()
        if minor
    }
    assert balances(desk) == right
    posted_entries = sum(isinstance(recorded.event(), EntryPosted) for recorded in desk.events)
    assert posted_entries == world.stripe.truth.entries
