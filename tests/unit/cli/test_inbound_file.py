"""What a file holds is told by its content; what is not recognised is refused with the place and the reason."""

import json
from datetime import date

import msgspec
import pytest

from contraflow.inbound_file import NotRecognised, pieces_of
from contraflow.simulator import canonical_fact, play_day, play_world
from contraflow.simulator.hook import written

DAY = play_day(7, 60, date(2026, 11, 16))
WORLD = play_world(7, 60, gateway_date=date(2026, 11, 16))


def test_an_event_is_one_record_with_its_exact_bytes() -> None:
    body = DAY.webhooks[0].body
    (piece,) = pieces_of(body)
    assert (piece.kind, piece.source, piece.raw) == ("stripe event", "stripe", body)
    assert piece.delivery == DAY.webhooks[0].event_id


def test_lines_of_events_are_a_record_each() -> None:
    lines = [msgspec.json.format(webhook.body, indent=-1) for webhook in DAY.webhooks[:5]]
    pieces = pieces_of(b"\n".join(lines) + b"\n\n")
    assert [piece.raw for piece in pieces] == lines
    assert {piece.source for piece in pieces} == {"stripe"}


def test_an_event_names_its_account_where_it_has_one() -> None:
    (piece,) = pieces_of(b'{"object":"event","id":"evt_1","type":"charge.failed","account":"acct_9"}')
    assert piece.account == "acct_9"


def test_a_page_of_balance_transactions() -> None:
    (piece,) = pieces_of(DAY.pages[0].body)
    assert (piece.kind, piece.source) == ("balance-transaction page", "stripe")


def test_webhooks_of_the_other_gateways() -> None:
    for day in WORLD.gateways:
        for hook in day.hooks:
            (piece,) = pieces_of(hook.body)
            assert (piece.kind, piece.source, piece.raw) == ("webhook", day.gateway, hook.body), hook.type


def test_answers_of_the_other_gateways() -> None:
    """Each list as its gateway answers it; what the answers are made of stands in `docs/how-to/connect-*`."""
    frames = {
        "paystack": lambda rows: {"status": True, "message": "Retrieved", "data": rows},
        "flutterwave_v3": lambda rows: {"status": "success", "message": "Fetched", "data": rows},
        "flutterwave_v4": lambda rows: {"status": "success", "message": "Fetched", "data": rows},
        "paypal": lambda rows: {"transaction_details": rows},
        "modern_treasury": lambda rows: rows,
    }
    for day in WORLD.gateways:
        for name, rows in day.lists.items():
            if day.gateway == "paypal" and name != "transactions":
                continue
            raw = written(frames[day.gateway]([row.body for row in rows]))
            (piece,) = pieces_of(raw)
            assert (piece.kind, piece.source, piece.raw) == ("answer", day.gateway, raw), name


def test_rows_of_paypal_by_themselves() -> None:
    (day,) = [day for day in WORLD.gateways if day.gateway == "paypal"]
    for name, kind in (("transactions", "answer"), ("events", "webhook"), ("disputes", "answer")):
        (piece,) = pieces_of(written(day.lists[name][0].body))
        assert (piece.kind, piece.source) == (kind, "paypal")


def test_a_statement_names_its_bank_account() -> None:
    for statement in DAY.statements:
        (piece,) = pieces_of(b"\xef\xbb\xbf" + statement.body)
        assert (piece.kind, piece.source, piece.account) == ("camt.053 statement", "camt053", statement.account)
        assert piece.raw.endswith(statement.body), "the bytes are sent as they are"


def test_facts_alone_and_line_by_line() -> None:
    facts = [canonical_fact(number) for number in range(3)]
    assert [piece.source for piece in pieces_of(facts[0])] == ["facts"]
    assert [piece.raw for piece in pieces_of(b"\n".join(facts))] == facts


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"hello", "neither XML nor JSON"),
        (b"[1,2]", "a JSON list"),
        (b'{"a":1,"b":2}', "a JSON object with a, b"),
        (b'{"object":"list","data":[{"object":"charge"}]}', "a Stripe list of charge"),
        (b"<html></html>", "not a camt.053 statement"),
        (b'{"object":"event","id":"evt_1"}\n{"a":1}', "line 2"),
        (b'{"object":"event","id":"evt_1"}\n{broken', "line 2"),
        (b"\x00\x01\x02", "neither XML nor JSON"),
    ],
)
def test_what_is_none_of_these_is_refused_with_the_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(NotRecognised, match=reason):
        pieces_of(raw)


def test_a_fact_is_not_taken_for_an_event() -> None:
    fact = json.loads(canonical_fact(1))
    assert "object" not in fact
