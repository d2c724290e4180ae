"""Matching lines to payouts and judging the result, without a database."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.payout_matching import BankLine, Match, Payout, gateway_named, match, words_of
from projections.reconciliation_item import Contents, MissingPayment, line_item, payout_item


def a_payout(number: int, amount: int = 970, day: int = 8, told: tuple[str, ...] = ("payout.paid",), **more) -> Payout:
    fields = {
        "payout": f"po_{number}",
        "source": "stripe",
        "currency": "USD",
        "amount_minor": amount,
        "amounts_told": (("USD", amount),),
        "arrival_on": date(2026, 1, day),
        "automatic": True,
        "told": told,
        "names": (f"PO_{number}",),
    }
    return Payout(**{**fields, **more})


def a_line(number, amount: int = 970, day: int = 8, names: tuple[str, ...] = (), gateway: str = "stripe") -> BankLine:
    return BankLine(f"line_{number}", "DE1", "st_1", "USD", amount, date(2026, 1, day), gateway, names)


WHOLE = Contents(rows=2, net_minor={"USD": 970})


def test_a_name_wins_over_every_amount() -> None:
    found = match([a_payout(1), a_payout(2, 960)], [a_line(1, 970, names=("PO_2",)), a_line(2, 970)])
    assert found == {"line_1": Match("po_2", "name"), "line_2": Match("po_1", "amount")}


@pytest.mark.parametrize(("day", "matched"), [(7, False), (8, True), (13, True), (14, False)])
def test_by_amount_the_value_date_lies_within_five_days_after_arrival(day, matched) -> None:
    assert ("line_1" in match([a_payout(1, day=8)], [a_line(1, day=day)])) is matched


def test_a_line_that_could_be_two_payouts_is_ambiguous_until_one_is_named() -> None:
    payouts, line = [a_payout(1), a_payout(2)], a_line(1)
    assert match(payouts, [line]) == {"line_1": Match("", "ambiguous")}
    named = a_line(2, names=("PO_1",))
    assert match(payouts, [line, named])["line_1"] == Match("po_2", "amount")


def test_certainty_spreads() -> None:
    """Equal payouts on following days: the first line can only be the first payout, then the second only the second."""
    found = match([a_payout(1, day=8), a_payout(2, day=9)], [a_line(1, day=8), a_line(2, day=9)])
    assert found == {"line_1": Match("po_1", "amount"), "line_2": Match("po_2", "amount")}


def test_a_line_of_somebody_else_is_matched_by_trace_only() -> None:
    payout = a_payout(1, names=("PO_1", "TRACE000001"))
    assert match([payout], [a_line(1, gateway="")]) == {}
    assert match([payout], [a_line(1, 5, names=("TRACE000001",), gateway="")]) == {"line_1": Match("po_1", "name")}


def test_a_payout_that_failed_takes_no_line_by_amount() -> None:
    assert match([a_payout(1, told=("payout.failed", "payout.paid"))], [a_line(1)]) == {}


def test_names_are_ids_and_traces_whatever_the_case() -> None:
    words = words_of("Stripe payout po_1AbC trace: 091000015123456, settlement 2026 Jan")
    assert words == ("091000015123456", "PO_1ABC")


@pytest.mark.parametrize(
    ("texts", "gateway"),
    [
        (("by stripe",), "stripe"),
        (("", "x po_1"), "stripe"),
        (("NIP/Paystack Payments/STL", ""), "paystack"),
        (("FLW settlement",), "flutterwave"),
        (("PAYPAL *TRANSFER",), "paypal"),
        (("Modern Treasury",), ""),
        (("STRIP", "POE"), ""),
    ],
)
def test_the_gateway_that_a_line_names(texts, gateway) -> None:
    assert gateway_named(*texts) == gateway


def test_by_amount_a_line_pays_payouts_of_its_own_gateway_alone() -> None:
    payouts = [a_payout(1), a_payout(2, source="paypal")]
    assert match(payouts, [a_line(1, gateway="paypal")]) == {"line_1": Match("po_2", "amount")}
    assert match(payouts[:1], [a_line(1, gateway="paypal")]) == {}


@pytest.mark.parametrize(
    ("payout", "lines", "contents", "state", "reasons", "waiting_for"),
    [
        (a_payout(1), [a_line(1)], WHOLE, "matched", (), []),
        (a_payout(1), [], WHOLE, "expected", (), ["bank_line"]),
        (a_payout(1), [a_line(1)], Contents(), "expected", (), ["contents"]),
        (a_payout(1, automatic=False), [a_line(1)], Contents(), "matched", (), []),
        (a_payout(1, told=("payout.initiated",)), [a_line(1)], WHOLE, "expected", (), ["payout_paid"]),
        (a_payout(1), [a_line(1, 965)], WHOLE, "broken", ("amount_differs",), []),
        (a_payout(1), [a_line(1), a_line(2)], WHOLE, "broken", ("amount_differs",), []),
        (a_payout(1), [a_line(1)], Contents(2, {"USD": 900}), "broken", ("contents_differ",), []),
        (a_payout(1), [a_line(1)], Contents(2, {"EUR": 970}), "broken", ("contents_differ",), []),
        (
            a_payout(1),
            [a_line(1)],
            Contents(2, {"USD": 970}, (MissingPayment("txn_1", "ch_1", "970", "USD"),)),
            "broken",
            ("payment_missing",),
            [],
        ),
        (a_payout(1, told=("payout.failed", "payout.paid")), [], WHOLE, "broken", ("payout_failed",), []),
        (a_payout(1, told=("payout.failed", "payout.paid")), [a_line(1), a_line(2, -970)], WHOLE, "broken",
         ("payout_failed",), []),
        (a_payout(1, told=("payout.canceled",)), [], Contents(), "matched", (), []),
        (a_payout(1, told=("payout.canceled",)), [a_line(1)], Contents(), "broken", ("amount_differs",), []),
        (a_payout(1, -970), [a_line(1, -970)], Contents(1, {"USD": -970}), "matched", (), []),
    ],
)  # fmt: skip
def test_judging_a_payout(payout, lines, contents, state, reasons, waiting_for) -> None:
    item = payout_item(payout, [(line, Match("po_1", "name")) for line in lines], contents)
    assert (item.state, item.reasons, item.evidence["waiting_for"]) == (state, reasons, waiting_for)


def test_the_evidence_names_the_line_and_the_differences() -> None:
    missing = MissingPayment("txn_1", "ch_1", "500", "USD")
    item = payout_item(a_payout(1), [(a_line(1, 965), Match("po_1", "name"))], Contents(2, {"USD": 960}, (missing,)))
    assert item.reasons == ("amount_differs", "payment_missing", "contents_differ")
    assert item.evidence["bank_lines"][0]["line"] == "line_1"
    assert item.evidence["bank_lines"][0]["matched_by"] == "name"
    assert item.evidence["bank_difference"] == {"USD": "-5"}
    assert item.evidence["contents"]["difference"] == {"USD": "-10"}
    assert item.evidence["contents"]["missing"][0]["source"] == "ch_1"


def test_judging_a_line() -> None:
    assert line_item(a_line(1), None).reasons == ("payout_unknown",)
    assert line_item(a_line(1), Match("", "ambiguous")).reasons == ("payout_ambiguous",)
    absorbed = line_item(a_line(1), Match("po_1", "amount"))
    assert (absorbed.state, absorbed.payout, absorbed.reasons) == ("absorbed", "po_1", ())


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 6)), max_size=5),
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 9), st.sampled_from([(), ("PO_0",), ("PO_1", "PO_2")])), max_size=5
    ),
    st.randoms(use_true_random=False),
)
def test_matching_does_not_depend_on_the_order_and_pays_no_payout_twice_by_amount(payouts, lines, rng) -> None:
    some_payouts = [a_payout(number, amount, day) for number, (amount, day) in enumerate(payouts)]
    some_lines = [a_line(number, amount, day, names) for number, (amount, day, names) in enumerate(lines)]
    found = match(some_payouts, some_lines)
    by_amount = [one.payout for one in found.values() if one.by == "amount"]
    assert len(by_amount) == len(set(by_amount))
    assert not set(by_amount) & {one.payout for one in found.values() if one.by == "name"}
    rng.shuffle(some_payouts)
    rng.shuffle(some_lines)
    assert match(some_payouts, some_lines) == found


def test_evidence_stays_short_however_many_lines_name_a_payout() -> None:
    lines = [(a_line(number, 1), Match("po_1", "name")) for number in range(970)]
    item = payout_item(a_payout(1), lines, WHOLE)
    assert (item.state, len(item.evidence["bank_lines"]), item.evidence["bank_lines_told"]) == ("matched", 100, 970)
