"""Stored events and snapshots of an earlier version are read for ever; texts in here are never changed."""

import msgspec
import pytest

from ledger.book import Book
from ledger.errors import BrokenLaw
from ledger.events import EntryPosted, Recorded, decode_event, encode_event
from ledger.snapshot import BookSnapshot, decode_snapshot, encode_snapshot, state_digest
from ledger.upcasting import upcast
from tests.unit.ledger.builders import NOW_US

# As version 1 of each type was written; a fact's entry, parked and released, refused, told again.
VERSION_1 = [
    (
        "BookOpened",
        '{"chart":{"accounts":[{"clearing":true,"code":"1000","name":"Stripe","normal_side":"debit","type":"asset"},'
        '{"code":"7000","name":"Customer funds","normal_side":"credit","type":"liability"}]},'
        '"rules":{"rules":[{"lines":[{"account":"1000","debit":"gross"},{"account":"7000","credit":"gross"}],'
        '"name":"pay","when":{"type":"payment.succeeded"}}],"version":1}}',
    ),
    (
        "EntryPosted",
        '{"fact":{"account":"acct_1","amounts":{"gross":["1250","USD"]},"delivery":"evt_1",'
        '"effective_at":"2026-01-05T10:00:00Z","key":"stripe/acct_1/pi_1/succeeded","links":{"payment":"pi_1"},'
        '"references":["stripe/acct_1/pi_1"],"source":"stripe","type":"payment.succeeded"},'
        '"lines":[["1000","debit","1250","USD"],["7000","credit","1250","USD"]],"rule":"pay@1"}',
    ),
    (
        "FactRepeated",
        '{"account":"acct_1","delivery":"evt_2","effective_at":"2026-01-05T10:00:01Z",'
        '"key":"stripe/acct_1/pi_1/succeeded","links":{"charge":"ch_1"},"of":2,"source":"stripe",'
        '"type":"payment.succeeded"}',
    ),
    (
        "FactParked",
        '{"fact":{"account":"acct_1","amounts":{"gross":["50","USD"]},"effective_at":"2026-01-06",'
        '"key":"stripe/acct_1/re_1/failed","needs":"stripe/acct_1/re_1","source":"stripe","type":"refund.failed"},'
        '"needs":"stripe/acct_1/re_1"}',
    ),
    (
        "FactObserved",
        '{"fact":{"account":"acct_1","effective_at":"2026-01-06","key":"k3","source":"stripe","type":"event.observed"}}',
    ),
    (
        "FactRefused",
        '{"code":"account_unknown","detail":"account \'5555\' is not in the chart","fact":{"account":"acct_1",'
        '"effective_at":"2026-01-06","key":"k4","source":"stripe","type":"payment.succeeded"},"field":"account"}',
    ),
    (
        "AccountOpened",
        '{"account":{"code":"a:b","limits":{"*":{"kind":"overdraft","overdraft":"500"}},"name":"a:b",'
        '"normal_side":"debit","type":"asset"},"command":{"account":"a:b","command":"open_account","key":"o1",'
        '"limits":{"*":{"kind":"overdraft","overdraft":"500"}},"type":"asset"}}',
    ),
    (
        "HoldPlaced",
        '{"command":{"command":"hold","expires_after_s":10,"key":"h1","lines":[["a:b","debit","60","USD"],'
        '["7000","credit","60","USD"]]},"effective_at":"2026-01-06","expires_at_us":1767607210000000,'
        '"lines":[["a:b","debit","60","USD"],["7000","credit","60","USD"]]}',
    ),
    (
        "EntryPosted",
        '{"command":{"amount":"20","command":"capture","hold":"h1","key":"c1","rest":"keep"},"fact":{"account":"main",'
        '"effective_at":"2026-01-06","key":"c1","source":"command","type":"command.capture"},"hold":8,'
        '"lines":[["a:b","debit","20","USD"],["7000","credit","20","USD"]],"rule":"command.capture@0"}',
    ),
    ("ClockMoved", '{"at_us":1767607210000000,"command":{"at":"2026-01-05T10:00:10Z","command":"clock","key":"t1"}}'),
    ("HoldExpired", '{"clock":10,"hold":8,"lines":[["a:b","debit","40","USD"],["7000","credit","40","USD"]]}'),
    (
        "EntryPosted",
        '{"command":{"amount":"5","command":"reverse","entry":"c1","key":"r1"},"fact":{"account":"main",'
        '"effective_at":"2026-01-06","key":"r1","source":"command","type":"command.reverse"},'
        '"left":[["a:b","debit","15","USD"],["7000","credit","15","USD"]],'
        '"lines":[["a:b","credit","5","USD"],["7000","debit","5","USD"]],"reverses":9,"rule":"command.reverse@0"}',
    ),
    (
        "PeriodClosed",
        '{"command":{"command":"close_period","key":"p1","through":"2026-01-31"},"through":"2026-01-31",'
        '"trial_balance":[["1000","USD","1250","0"],["7000","USD","5","1270"],["a:b","USD","20","5"]]}',
    ),
    (
        "CommandRefused",
        '{"code":"limit_exceeded","command":{"command":"post","key":"x","lines":[["7000","debit","1","USD"],'
        '["a:b","credit","1","USD"]]},"detail":"no","field":"lines","value":"a:b"}',
    ),
]


def replayed() -> Book:
    book = Book("main")
    for position, (type_name, body) in enumerate(VERSION_1, start=1):
        book.apply(Recorded("main", position, type_name, NOW_US + position, body.encode()))
    return book


@pytest.mark.parametrize(("type_name", "body"), VERSION_1)
def test_a_body_of_version_1_is_read_and_would_be_written_the_same(type_name: str, body: str) -> None:
    assert encode_event(decode_event(type_name, body.encode())) == body.encode()


def test_a_history_of_version_1_leads_to_the_book_it_led_to() -> None:
    book = replayed()
    assert book.balances == {("1000", "USD"): [1250, 0], ("7000", "USD"): [5, 1270], ("a:b", "USD"): [20, 5]}
    assert not book.held
    assert (book.clock_us, book.closings[0].through) == (1767607210000000, "2026-01-31")
    assert book.seal.hex() == "edc185e2045b3ff3c47699cb448f36ca653887a21defc509914f13ba0f4415bb"
    assert state_digest(book) == "f7438222162314807f3ed3aa2d25d2a5605e1047ccd749e9f411164b18b39da9"


def test_a_snapshot_from_before_there_were_commands_is_read() -> None:
    """As the first version kept it: not compressed, sums as rows of text, accounts by their codes."""
    book = replayed()
    document = {
        "book": "main",
        "position": book.version,
        "recorded_at_us": book.recorded_at_us,
        "seal": book.seal,
        "accounts": book.accounts,
        "rules": book.rules.document if book.rules else {},
        "balances": [(*key, str(sums[0]), str(sums[1])) for key, sums in sorted(book.balances.items())],
        "parked": [],
    }
    again = decode_snapshot(msgspec.msgpack.encode(document)).restore()
    assert (again.held, again.holds, again.reversed, again.clock_us, again.closings) == ({}, {}, {}, 0, ())
    assert (again.balances, again.accounts, again.seal) == (book.balances, book.accounts, book.seal)


def test_a_snapshot_keeps_sums_of_any_size() -> None:
    book = replayed()
    book.balances |= {("1000", "EUR"): [2**128 - 1, 1], ("1000", "JPY"): [2**63 - 1, 2**63], ("7000", "EUR"): [0, 0]}
    book.held = {("a:b", "USD"): [2**64, 3]}
    again = decode_snapshot(encode_snapshot(BookSnapshot.take(book))).restore()
    assert state_digest(again) == state_digest(book)


STEPS = {
    "EntryPosted": (
        lambda body: {**body, "rule": body.pop("rule_name")},
        lambda body: {**body, "released": body.get("released", 0)},
    )
}


@pytest.mark.parametrize(
    ("old", "version"), [({"rule_name": "r@1"}, None), ({"rule_name": "r@1"}, 1), ({}, 2), ({}, 3)]
)
def test_an_older_body_climbs_every_step_from_its_own(old: dict, version: int | None) -> None:
    body = msgspec.json.decode(VERSION_1[1][1])
    del body["rule"]
    body |= old if old else {"rule": "r@1"}
    body |= {"v": version} if version else {}
    event = msgspec.json.decode(upcast("EntryPosted", msgspec.json.encode(body), STEPS), type=EntryPosted)
    assert event.rule == "r@1"


@pytest.mark.parametrize("version", [0, 4, "1"])
def test_a_version_that_is_not_known_is_a_broken_law(version: object) -> None:
    with pytest.raises(BrokenLaw, match="version"):
        upcast("EntryPosted", msgspec.json.encode({"v": version}), STEPS)


def test_a_type_without_steps_keeps_its_bytes() -> None:
    assert upcast("FactParked", b"anything", STEPS) == b"anything"
