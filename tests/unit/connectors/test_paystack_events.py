"""Single bodies of Paystack: other shapes of the same thing, splits, references, metadata, what is observed."""

from typing import Any

import pytest

from connectors import CONNECTORS, Telling, TranslationError
from connectors.manifest import Manifest
from ledger.facts import differing_field
from tests.unit.connectors import paystack_bodies as b
from tests.unit.connectors.paystack_bodies import facts, types

MANIFEST = CONNECTORS["paystack"].manifest


def amounts(body: Any) -> list[dict[str, str]]:
    return [{name: f"{money.amount} {money.currency}" for name, money in f.amounts.items()} for f in facts(body)]


def test_webhook_row_answer_and_settlement_tell_the_same() -> None:
    payment = b.transaction()
    told = [
        facts(b.event("charge.success", payment)),
        facts(payment, b.telling("transactions")),
        facts(payment, b.telling("settlement_transactions", settlement="9")),
        facts(b.answer(payment)),
        facts(b.answer([payment])),
        facts([payment]),
        facts({**payment, "id": str(payment["id"]), "amount": "10000", "fees": "250", "currency": "ngn"}),
        facts({**payment, "amount": 10000.0, "status": "Success"}),
    ]
    for each in told:
        assert [fact.key for fact in each] == [fact.key for fact in told[0]]
        assert [differing_field(first, fact) for first, fact in zip(told[0], each, strict=True)] == ["", ""]
    assert told[2][1].links["payout"] == "9"


def test_a_webhook_and_the_row_of_a_refund_tell_the_same() -> None:
    [hook] = facts(b.refund_told("processed"))
    [row] = facts(b.refund(), b.telling("payment_refunds", payment="order-1", number="1"))
    [expanded] = facts(b.refund(transaction={"id": 4_000_000_001, "reference": "order-1"}))
    [named] = facts(b.refund(transaction_reference="order-1"))
    assert {each.key for each in (hook, row, expanded, named)} == {
        "paystack/acct_1/order-1/refund/2000-NGN/1/succeeded"
    }
    assert all(differing_field(hook, each) == "" for each in (row, expanded, named))
    assert (row.links["refund_id"], row.links["charge"], row.effective_at) == (
        "1",
        "4000000001",
        "2026-01-07T08:00:00Z",
    )
    assert hook.effective_at == "unknown", "the webhook says no time: it counts on the day of its recording"


@pytest.mark.parametrize(
    ("status", "types_told"),
    [
        ("success", ["payment.succeeded", "settlement.recorded"]),
        ("reversed", ["payment.succeeded", "settlement.recorded", "payment.reversed"]),
        ("failed", ["payment.failed"]),
        ("timeout", ["payment.failed"]),
        ("abandoned", ["payment.initiated"]),
        ("ongoing", ["payment.initiated"]),
        ("pending", ["payment.pending"]),
        ("queued", ["payment.pending"]),
        ("processing", ["payment.pending"]),
        ("blessed", ["event.observed"]),
        (None, ["event.observed"]),
    ],
)
def test_transactions_by_status(status: str | None, types_told: list[str]) -> None:
    found = facts(b.transaction(status=status), b.telling("transactions"))
    assert [fact.type for fact in found] == types_told
    assert {fact.status for fact in found} == {status or ""}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("refund", b.refund()),
        ("dispute", b.dispute()),
        ("transfer", b.transfer()),
        ("settlement", b.settlement()),
    ],
)
def test_every_mapped_status_of_a_row_is_told(kind: str, body: dict[str, Any]) -> None:
    assert isinstance(MANIFEST, Manifest)
    for word in MANIFEST.statuses[kind]:
        status, _, resolution = word.partition("/")
        told = facts(
            {**body, "status": status, "resolution": resolution or None}
            if kind == "dispute"
            else {**body, "status": status}
        )
        assert told and "event.observed" not in [fact.type for fact in told], word


def test_statuses_that_webhooks_do_not_repeat_come_from_the_event() -> None:
    assert types(b.event("charge.success", b.transaction(status=None))) == ["payment.succeeded", "settlement.recorded"]
    assert types(b.event("refund.needs-attention", {**b.refund_told("x")["data"], "status": None})) == [
        "refund.pending"
    ]
    assert types(b.event("transfer.reversed", b.transfer(status="")))[-1] == "transfer.reversed"
    assert types(b.event("charge.dispute.create", b.dispute(status=None))) == ["event.observed"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"fees_split": {"paystack": 250, "integration": 1750, "subaccount": 8000, "params": {"bearer": "account"}}},
            {"shares": "8000 NGN", "borne": "0 NGN", "net": "1750 NGN"},
        ),
        (
            {"fees_split": '{"integration":"2000","subaccount":"7750","params":{"bearer":"subaccount"}}'},
            {"shares": "7750 NGN", "borne": "250 NGN", "net": "2000 NGN"},
        ),
        (
            {
                "split": {
                    "split_code": "SPL_1",
                    "formula": {"bearer_type": "all"},
                    "shares": {
                        "paystack": 250,
                        "integration": 750,
                        "subaccounts": [{"amount": 4000, "fees": 100}, {"amount": 5000, "fees": 0}],
                    },
                }
            },
            {"shares": "9000 NGN", "borne": "100 NGN", "net": "750 NGN"},
        ),
    ],
)
def test_splits(more: dict[str, Any], expected: dict[str, str]) -> None:
    assert amounts(b.event("charge.success", b.transaction(**more)))[1] == {
        "gross": "10000 NGN",
        "fee": "250 NGN",
        **expected,
    }


@pytest.mark.parametrize(
    "more",
    [
        {"fees": None},
        {"fees": ""},
        {"subaccount": {"subaccount_code": "ACCT_1"}},
        {"split": {"id": 7}},
        {"split_code": "SPL_1"},
        {"fees_split": {"paystack": 250}},
    ],
)
def test_what_is_not_told_of_a_fee_or_a_split_is_not_guessed(more: dict[str, Any]) -> None:
    assert types(b.transaction(**more)) == ["payment.succeeded"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"fees_split": {"paystack": 250, "integration": 1750, "subaccount": 8001}}, "net_does_not_add_up"),
    ],
)
def test_a_fee_or_split_that_cannot_be_is_observed_beside_the_payment(more: dict[str, Any], code: str) -> None:
    payment, observed = facts(b.transaction(**more))
    assert (payment.type, observed.type, observed.status) == ("payment.succeeded", "event.observed", code)
    with pytest.raises(TranslationError):
        facts(b.transaction(fees=12.5))


@pytest.mark.parametrize(
    ("fees", "fee", "told"), [(19500, 195, None), (19550, 196, "195.5"), (19450, 194, "194.5"), (1, 0, "0.01")]
)
def test_parts_of_a_franc_in_a_fee_are_rounded_and_told(fees: int, fee: int, told: str | None) -> None:
    payment, recorded = facts(b.transaction(currency="XOF", amount=1000000, fees=fees))
    assert payment.amounts["gross"].amount == "10000"
    assert recorded.amounts["fee"].amount == str(fee)
    assert recorded.amounts["net"].amount == str(10000 - fee)
    assert recorded.attributes.get("fee_told") == told


def test_a_fee_of_more_francs_than_can_be_is_refused() -> None:
    with pytest.raises(TranslationError, match="amount_too_large"):
        facts(b.transaction(currency="XOF", amount=100, fees=10**41 + 1))


def test_parts_of_a_franc_in_what_is_settled_are_rounded_and_told() -> None:
    settlement = b.settlement(currency="XOF", total_amount=980450, effective_amount=970450)
    paid, kept_back = facts(settlement)
    assert paid.amounts["gross"].amount == "9704"
    assert paid.attributes["effective_amount_told"] == "9704.5"
    assert paid.attributes["total_amount_told"] == "9804.5"
    assert kept_back.amounts["net"].amount == "-100"


def test_parts_of_a_franc_in_what_a_transfer_costs_are_rounded_and_told() -> None:
    recorded = facts(b.transfer(currency="XOF", amount=300000, fee_charged=2550))[-1]
    assert (recorded.amounts["fee"].amount, recorded.attributes["fee_told"]) == ("26", "25.5")


@pytest.mark.parametrize(
    ("currency", "amount", "expected"),
    [
        *((code, 1250, f"1250 {code}") for code in ("NGN", "GHS", "ZAR", "KES", "USD", "EGP")),
        ("XOF", 125000, "1250 XOF"),
        ("RWF", 125000, "1250 RWF"),
        ("NGN", 2**64 + 1, f"{2**64 + 1} NGN"),
    ],
)
def test_hundredths(currency: str, amount: int, expected: str) -> None:
    assert amounts(b.transaction(currency=currency, amount=amount, fees=None)) == [{"gross": expected}]


@pytest.mark.parametrize(
    ("reference", "part"),
    [
        ("re4lyvq3s3", "re4lyvq3s3"),
        ("a=b.c-d_e", "a=b.c-d_e"),
        (1976435206, "1976435206"),
        ("dispute:1", None),
        ("a/b", None),
        ("é", None),
        ("x" * 300, None),
    ],
)
def test_references(reference: Any, part: str | None) -> None:
    fact = facts(b.transaction(reference=reference))[0]
    assert fact.links["payment"] == str(reference)[:256]
    middle = fact.key.removeprefix("paystack/acct_1/").removesuffix("/succeeded")
    assert middle == part if part else middle.startswith("sha256-")
    assert fact.references == (f"paystack/acct_1/{middle}",)


def test_a_reference_is_the_id_where_there_is_none() -> None:
    assert facts(b.transaction(reference=None))[0].links == {"payment": "4000000001", "charge": "4000000001"}


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"a": "b", "n": 7, "nested": {"x": 1}, "none": None}, {"a": "b", "n": "7"}),
        ({"gift": True, "used": False, "kg": 1.5, "big": 1e300}, {"gift": "true", "used": "false", "kg": "1.5"}),
        ('{"a":"b","custom_fields":[{"variable_name":"c","value":"d"},7,{"value":"e"}]}', {"a": "b", "c": "d"}),
        ({"custom_fields": [{"display_name": "Cart", "variable_name": "cart", "value": 8393}]}, {"cart": "8393"}),
        ("order 7", {"metadata": "order 7"}),
        ("{not json", {"metadata": "{not json"}),
        ("", {}),
        (None, {}),
        (0, {}),
        ([], {}),
    ],
)
def test_metadata(metadata: Any, expected: dict[str, str]) -> None:
    assert facts(b.transaction(metadata=metadata))[0].metadata == expected


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("customeridentification.success", {"customer_id": "9", "customer_code": "CUS_1"}),
        ("dedicatedaccount.assign.success", {"customer": {"customer_code": "CUS_1"}, "dedicated_account": {"id": 1}}),
        ("invoice.payment_failed", {"invoice_code": "INV_1", "transaction": {}}),
        ("paymentrequest.pending", {"id": 7, "request_code": "PRQ_1", "amount": 5, "status": "pending"}),
        ("paymentrequest.success", {"id": 7, "request_code": "PRQ_1", "amount": 5, "status": "success", "paid": True}),
        ("subscription.create", {"subscription_code": "SUB_1", "status": "active", "amount": 5}),
        ("direct_debit.authorization.created", {"authorization_code": "AUTH_1", "active": False}),
        ("bank.transfer.rejected", {"reference": "order-1", "amount": 5}),
        ("something.of.tomorrow", {"id": 1}),
        ("something.of.tomorrow", None),
        ("something.of.tomorrow", "text"),
        ("something.of.tomorrow", [1, {"id": 2}]),
        ("charge.dispute.create", b.dispute(refund_amount=None, transaction=7)),
        ("charge.dispute.resolve", b.dispute(status="resolved", resolution="word-of-tomorrow")),
    ],
)
def test_what_moves_no_money_is_observed(event: str, data: Any) -> None:
    found = facts(b.event(event, data))
    assert {fact.type for fact in found} == {"event.observed"}
    assert {fact.attributes["event"] for fact in found} == {event}
    assert [fact.key for fact in facts(b.event(event, data))] == [fact.key for fact in found]


def test_rows_of_other_lists_are_no_payments() -> None:
    for row in (
        {
            "id": 7,
            "request_code": "PRQ_1",
            "amount": 5,
            "currency": "NGN",
            "status": "success",
            "paid_at": "2026-01-05",
        },
        {"id": 7, "subscription_code": "SUB_1", "status": "active", "amount": 5},
        {"balance": 1000, "currency": "NGN"},
        {"id": 7, "dispute": 3, "customer_email": "x"},
        {},
    ):
        assert types(b.answer([row])) == ["event.observed"]


def test_a_settlement_of_a_subaccount_is_not_ours() -> None:
    assert types(b.settlement(subaccount={"id": 5, "subaccount_code": "ACCT_1"})) == ["event.observed"]
    assert types(b.settlement(subaccount=None)) == ["payout.paid"]
    assert types(b.settlement(total_amount=None, effective_amount=None)) == ["event.observed"]


@pytest.mark.parametrize(("domain", "live"), [("live", "true"), ("test", "false"), (None, None), ("word", None)])
def test_test_mode_is_told(domain: Any, live: str | None) -> None:
    assert facts(b.transaction(domain=domain))[0].attributes.get("livemode") == live


def test_what_webhooks_say_of_our_own_context_is_not_needed_for_rows() -> None:
    """A row of a stream is what the stream lists, whatever fields it has."""
    odd = {"id": 1, "status": "processed", "amount": 5, "currency": "NGN", "transaction": 9, "transfer_code": "TRF_1"}
    assert types(odd, b.telling("payment_refunds", payment="order-1", number="1")) == ["refund.succeeded"]
    assert types(odd, Telling("paystack", "acct_1"))[0] == "event.observed"


def test_disputes_ask_for_another_sum() -> None:
    first, second = facts(b.dispute())[0], facts(b.dispute(refund_amount="1500"))[0]
    assert (first.key, second.key) == (
        "paystack/acct_1/dispute:1/opened/2000-NGN",
        "paystack/acct_1/dispute:1/opened/1500-NGN",
    )
    assert facts(b.dispute(transaction=7, transaction_reference="order-7"))[0].links == {
        "dispute": "1",
        "payment": "order-7",
        "charge": "7",
    }
