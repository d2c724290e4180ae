"""Flutterwave: what is believed, what is fetched, what money is, in both versions."""

import json
from typing import Any

import pytest

from connectors import CONNECTORS, SignatureError, Telling, TranslationError
from connectors.exchange import Answer, Call, Keys, Place, Want, WebhookRequest
from connectors.flutterwave_statuses import STATUSES
from ledger.facts import Fact, differing_field
from tests.unit.connectors import flutterwave_bodies as bodies
from tests.unit.connectors.flutterwave_bodies import fetched, polled, told
from tests.unit.connectors.kit import AT_S
from tests.unit.connectors.test_flutterwave_v4_kit import sign

V3, V4 = "flutterwave_v3", "flutterwave_v4"
REFERENCE = "flutterwave/acct_1/"


def wants(source: str, body: object, **context: str) -> list[Want]:
    find = CONNECTORS[source].wants
    assert find is not None
    return find(json.dumps(body).encode(), Telling(source, bodies.ACCOUNT, "", context))


def one(facts: list[Fact], fact_type: str) -> Fact:
    [found] = [fact for fact in facts if fact.type == fact_type]
    return found


@pytest.mark.parametrize(
    "body",
    [
        {"event": "charge.completed", "event.type": "CARD_TRANSACTION", "data": bodies.transaction()},
        {"event": "charge.completed", "data": bodies.transaction(id="1001")},
        bodies.flat_transaction(),
        {"event": "charge.completed", "data": {"id": 1001, "status": "successful"}},
    ],
    ids=["enveloped", "id as text", "flat", "bare"],
)
def test_every_shape_of_an_unproved_charge_is_fetched_and_the_answer_booked(body: dict[str, Any]) -> None:
    assert {fact.type for fact in told(V3, body)} == {"event.observed"}
    found = wants(V3, body)
    assert found == [Want("transaction", "1001")]
    facts = fetched(V3, found, {"/transactions/1001/verify": bodies.transaction(amount=900, charged_amount=900)})
    assert one(facts, "payment.succeeded").amounts["gross"].amount == "90000", "the answer is believed, not the body"


def test_an_answer_without_a_status_is_an_answer() -> None:
    charge = {"id": "chg_1", "amount": 5, "currency": "NGN", "status": "succeeded", "created_datetime": 1737476774}
    facts = told(V4, {"message": "Charge fetched", "data": charge}, via="fetch", stream="charge")
    assert [fact.key for fact in facts] == [REFERENCE + "chg_1/succeeded"]


def test_a_forged_body_moves_nothing_whatever_it_says() -> None:
    for body in (
        bodies.transaction(),
        bodies.transfer(),
        bodies.settlement(),
        bodies.refund(currency="NGN"),
        bodies.chargeback(currency="NGN", status="lost"),
        bodies.settled_row(),
        json.loads(bodies.answer(bodies.transaction())),
        json.loads(bodies.answer([bodies.transaction(), bodies.settlement()])),
        {"via": "fetch", **bodies.transaction()},
    ):
        assert {fact.type for fact in told(V3, body)} == {"event.observed"}


def test_verified_context_cannot_say_that_a_webhook_was_our_own_call() -> None:
    connector = CONNECTORS[V3]
    request = WebhookRequest({"verif-hash": "s"}, json.dumps(bodies.transaction()).encode())
    assert connector.verify is not None
    [item] = connector.received(request, connector.verify(request, Keys(("s",)), AT_S))
    assert item.context == {}


def test_a_flat_refund_is_fetched_and_then_its_payment_for_the_currency() -> None:
    body = bodies.flat_refund()
    assert {fact.type for fact in told(V3, body)} == {"event.observed"}
    served = {"/refunds/501": bodies.refund(), "/transactions/1001/verify": bodies.transaction(currency="KES")}
    facts = fetched(V3, wants(V3, body), served)
    refund = one(facts, "refund.succeeded")
    assert (refund.key, refund.amounts["gross"].amount, refund.amounts["gross"].currency) == (
        REFERENCE + "refund-501/succeeded",
        "40000",
        "KES",
    )
    assert refund.links == {"refund": "501", "payment": "1001"}


def test_a_refund_of_version_4_reads_its_charge() -> None:
    body = bodies.event("refund.completed", bodies.charge_refund())
    facts = fetched(V4, wants(V4, body), {"/charges/chg_1001": bodies.charge(currency="RWF")})
    assert one(facts, "refund.succeeded").amounts["gross"].amount == "400"


def test_the_answer_must_be_the_payment_that_was_asked_for() -> None:
    of = "kind=refund&id=501&payment=1001&amount=400&status=completed"
    with pytest.raises(TranslationError) as refused:
        told(V3, bodies.transaction(id=1002), via="fetch", stream="payment_of", of=of)
    assert refused.value.code == "object_kind_differs"


def test_a_chargeback_hook_names_a_reference_and_is_asked_by_it() -> None:
    body = {"event": "chargeback.initiated", "data": {"flw_ref": "Shop/FLW1001", "status": "initiated"}}
    [want] = wants(V3, body)
    place = Place(want.stream, id=want.id)
    connector = CONNECTORS[V3]
    assert connector.page_call is not None and connector.read_page is not None
    assert connector.page_call(place) == Call(
        "chargebacks_of", "/chargebacks", (("flw_ref", "Shop/FLW1001"), ("page", "1"))
    )
    page = connector.read_page(place, Answer(200, {}, bodies.answer([bodies.chargeback(status="lost")])))
    facts = fetched(V3, page.wants, {"/transactions/1001/verify": bodies.transaction()})
    assert [fact.type for fact in facts if fact.type.startswith("dispute")] == ["dispute.opened", "dispute.lost"]
    assert one(facts, "dispute.lost").amounts["gross"].amount == "25000"


@pytest.mark.parametrize("named", ["../../transfers", "1/verify", "a b", "..", "%2e", 1.5, True, -1, [1], {"x": 1}])
def test_nobody_outside_chooses_what_path_we_ask(named: object) -> None:
    for body in ({"event": "transfer.completed", "data": {"id": named, "status": "NEW"}}, bodies.flat_refund(id=named)):
        assert wants(V3, body) == []


def test_webhook_list_row_and_fetched_object_are_one_fact() -> None:
    tellings = [
        one(polled(V3, "transactions", bodies.transaction(id="1001", customer_name="x")), "payment.succeeded"),
        one(told(V3, bodies.answer(bodies.transaction()), via="fetch"), "payment.succeeded"),
        one(told(V3, bodies.flat_transaction(), via="fetch", stream="transaction"), "payment.succeeded"),
    ]
    assert len({fact.key for fact in tellings}) == 1
    assert not any(differing_field(tellings[0], each) for each in tellings)
    fees = [
        one(polled(V3, "transactions", bodies.transaction()), "settlement.recorded"),
        *told(V3, bodies.settled_row(), via="fetch", stream="settlement_contents", payout="41"),
    ]
    assert len({fact.key for fact in fees}) == 1 and not differing_field(*fees)
    assert fees[1].links["payout"] == "41"
    hook, row = bodies.event("charge.completed", bodies.charge()), bodies.charge()
    for first, second in zip(told(V4, hook), polled(V4, "charges", row), strict=True):
        assert first.key == second.key and not differing_field(first, second)


def test_a_fee_is_rounded_half_to_even_and_kept_as_told() -> None:
    for told_fee, fee in (
        ("26.875", "2688"),
        ("10.625", "1062"),
        ("10.635", "1064"),
        ("10.75", "1075"),
        ("0.001", "0"),
    ):
        facts = polled(V3, "transfers", bodies.transfer(fee=told_fee))
        recorded = one(facts, "settlement.recorded")
        assert recorded.amounts["fee"].amount == fee
        assert recorded.attributes.get("fee_told", "") == ("" if told_fee == "10.75" else told_fee)


@pytest.mark.parametrize(
    ("stream", "row"),
    [
        ("transactions", bodies.transaction(amount="10.005")),
        ("transactions", bodies.transaction(currency="UGX", amount=10.5)),
        ("transfers", bodies.transfer(amount=1.001)),
        ("settlements", bodies.settlement(net_amount=1.001)),
        ("refunds", bodies.refund(currency="NGN", amount_refunded=1.001)),
    ],
)
def test_what_is_owed_sent_or_paid_is_never_rounded(stream: str, row: dict[str, Any]) -> None:
    with pytest.raises(TranslationError) as refused:
        polled(V3, stream, row)
    assert refused.value.code == "amount_not_convertible"


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [
        ("NGN", 43.4, "4340"),
        ("ngn", "43.40", "4340"),
        ("XAF", 1500, "1500"),
        ("XOF", 1500.0, "1500"),
        ("UGX", "1500.00", "1500"),
        ("RWF", 1e3, "1000"),
        ("KES", 0.01, "1"),
        ("KWD", 1.234, "1234"),
        ("USD", 12345678901234.56, "1234567890123456"),
    ],
)
def test_amounts_have_the_digits_of_their_currency(currency: str, amount: object, minor: str) -> None:
    raw = json.dumps(bodies.transaction(currency=currency, amount=amount, charged_amount=amount, app_fee=None))
    payment = one(told(V3, raw.encode(), via="fetch", stream="transaction"), "payment.succeeded")
    assert (payment.amounts["gross"].amount, payment.amounts["gross"].currency) == (minor, currency.upper())


def test_what_flutterwave_keeps_adds_up() -> None:
    row = bodies.transaction(amount=3500, charged_amount=3549, app_fee=49, amount_settled=3450)
    facts = polled(V3, "transactions", row)
    fee, surcharge = [fact for fact in facts if fact.type == "settlement.recorded"]
    amounts = {name: money.minor for name, money in fee.amounts.items()}
    assert amounts == {"gross": 354900, "fee": 4900, "net": 345000, "deductions": 5000}
    assert surcharge.amounts["gross"].minor == 4900


def test_metadata_is_the_callers_and_nobody_elses() -> None:
    for meta in (
        {"loan_id": "L-1", "n": 7, "originatorname": "X", "__CheckoutInitAddress": "https://x", "deep": {"a": 1}},
        [{"metaname": "loan_id", "metavalue": "L-1"}, {"metaname": "n", "metavalue": 7}],
        [{"loan_id": "L-1", "mobile_number": "0810"}, {"n": 7, "beneficiary_name": "X"}],
        '{"loan_id": "L-1", "n": 7}',
    ):
        assert polled(V3, "transactions", bodies.transaction(meta=meta))[0].metadata == {"loan_id": "L-1", "n": "7"}
    mine = {"account": "loan-7", "customer_name": "mine to say", "bank_reference": "R1"}
    assert polled(V3, "transactions", bodies.transaction(meta=mine))[0].metadata == mine
    for meta in (None, [], "", "{}", "not json", 7):
        assert polled(V3, "transactions", bodies.transaction(meta=meta))[0].metadata == {}


def test_no_person_is_carried() -> None:
    customer = {"id": 7, "name": "Yolanda Aglae", "email": "yolanda@example.com", "phone_number": "0902620185"}
    row = bodies.transaction(customer=customer, customer_email="yolanda@example.com", narration="Yolanda Aglae")
    shown = repr([*polled(V3, "transactions", row), *polled(V3, "transfers", bodies.transfer(full_name="Yolanda"))])
    for word in ("yolanda", "Yolanda", "0902620185", "0690000031"):
        assert word not in shown


@pytest.mark.parametrize("kind", sorted(STATUSES))
def test_every_status_is_told_in_either_case_and_moves_what_it_should(kind: str) -> None:
    made, stream = {
        "payment": (bodies.transaction, "transactions"),
        "refund": (bodies.refund, "refunds"),
        "chargeback": (bodies.chargeback, "chargebacks"),
        "transfer": (bodies.transfer, "transfers"),
        "settlement": (bodies.settlement, "settlements"),
    }[kind]
    for word, state in STATUSES[kind].items():
        extra = {"currency": "NGN"}
        lower, upper = (polled(V3, stream, made(status=each, **extra)) for each in (word, word.upper()))
        assert [(fact.type, fact.key) for fact in lower] == [(fact.type, fact.key) for fact in upper]
        types = {fact.type.partition(".")[2] for fact in lower if fact.type != "settlement.recorded"}
        expected = {
            "succeeded": {"payment": "succeeded", "refund": "succeeded", "settlement": "paid", "chargeback": "won"},
            "reversed": {"chargeback": "lost"},
        }.get(state, {})
        if kind in expected:
            assert expected[kind] in types
        if state != "succeeded" and kind in ("payment", "refund"):
            assert "succeeded" not in types
        if kind == "transfer":
            assert ("succeeded" in types) == (state == "succeeded") and ("failed" in types) == (state == "failed")


def test_unknown_kinds_and_events_are_kept_and_move_nothing() -> None:
    for body in (
        {"event": "subscription.cancelled", "data": {"id": 3, "status": "deactivated"}},
        {"Otp": "1", "MaskedPAN": "5399****"},
        {"event": "singlebillpayment.status", "data": {"customer": "x", "amount": 100}},
        {"event": 7, "data": None},
        bodies.event("virtual_account.created", {"id": "van_1"}),
        bodies.event("charge.completed", {}),
        bodies.event("banana", bodies.charge() | {"id": "ban_1", "status": "peeled"}),
    ):
        for source in (V3, V4):
            assert {fact.type for fact in told(source, body)} == {"event.observed"}


def test_a_list_where_the_page_says_object_loses_nothing() -> None:
    both = [bodies.transaction(), bodies.transaction(id=1002)]
    assert wants(V3, {"event": "charge.completed", "data": both}) == [
        Want("transaction", "1001"),
        Want("transaction", "1002"),
    ]
    assert len(told(V3, {"event": "charge.completed", "data": both})) == 2
    facts = told(V4, bodies.event("charge.completed", [bodies.charge(), bodies.charge(id="chg_2")]))
    assert [fact.links["payment"] for fact in facts if fact.type == "payment.succeeded"] == ["chg_1001", "chg_2"]
    read = CONNECTORS[V3].read_page
    assert read is not None
    assert len(read(Place("transaction", id="1001"), Answer(200, {}, bodies.answer(both))).items) == 2


def test_a_refund_whose_currency_nobody_can_tell_does_not_go_unnoticed() -> None:
    for row in (
        bodies.refund(tx_id=None),
        bodies.refund(tx_id="../1"),
        bodies.refund(amount_refunded=None),
        bodies.chargeback(transaction_id=None),
    ):
        with pytest.raises(TranslationError) as refused:
            polled(V3, "chargebacks" if "stage" in row else "refunds", row)
        assert refused.value.code in ("field_missing", "id_malformed")


def test_times_in_every_form() -> None:
    for at in (
        "2026-01-05T10:00:00.000Z",
        "2026-01-05T10:00:00.123456789Z",
        "2026-01-05 10:00:00",
        "2026-01-05T11:00:00+01:00",
        1767607200,
        1767607200123,
        1767607200.123,
        "1767607200",
        "1767607200123",
    ):
        facts = polled(V3, "transactions", bodies.transaction(created_at=at))
        assert facts[0].effective_at == "2026-01-05T10:00:00Z", at
    for at in (None, "", "N/A"):
        assert polled(V3, "transactions", bodies.transaction(created_at=at))[0].effective_at == "untold"
    [payout] = polled(V3, "settlements", bodies.settlement(processed_date="0000-00-00", due_date=None))
    assert payout.effective_at == "2026-01-05T10:00:00Z", "a time that only explains refuses nothing"


def test_sum_and_currency_may_be_missing_while_nothing_is_agreed() -> None:
    for row in (bodies.transaction(status="pending", amount=None), bodies.charge(status="failed", currency=None)):
        assert {fact.type for fact in polled(V3, "transactions", row)} == {"event.observed"}
    with pytest.raises(TranslationError):
        polled(V3, "transactions", bodies.transaction(currency=None))


def test_a_header_alone_is_compared_and_several_secrets_are_valid() -> None:
    verify = CONNECTORS[V3].verify
    assert verify is not None
    request = WebhookRequest({"verif-hash": "new"}, b"{}")
    verify(request, Keys(("old", "new")), AT_S)
    for headers, code in (
        ({}, "header_missing"),
        ({"verif-hash": ""}, "header_missing"),
        ({"verif-hash": "ne"}, "bad_signature"),
        ({"verif-hash": "new,new"}, "bad_signature"),
        ({"verif-hash": "n" * 5000}, "header_malformed"),
    ):
        with pytest.raises(SignatureError) as refused:
            verify(WebhookRequest(headers, b"{}"), Keys(("old", "new", "")), AT_S)
        assert refused.value.code == code


def test_a_proved_webhook_says_its_own_id() -> None:
    verify = CONNECTORS[V4].verify
    assert verify is not None
    for body, delivery in ((bodies.event("x.y", {}), "wbk_1"), ({"id": "wbk_2", "type": "x"}, "wbk_2"), ([], "")):
        raw = json.dumps(body).encode()
        request = sign(raw, "secret", AT_S)
        assert verify(request, Keys(("secret",)), AT_S).delivery == delivery


@pytest.mark.parametrize("source", [V3, V4])
def test_what_follows_an_answer_that_says_it_failed(source: str) -> None:
    classify = CONNECTORS[source].classify
    read, write = Call("x", "/x"), Call("x", "/x", method="POST")
    absent = b'{"status":"error","message":"No transaction was found for this id","data":null}'
    for status in (200, 400, 404):
        assert classify(read, Answer(status, {}, absent)).follow == "skip"
    down = b'{"status":"error","message":"An error occurred. Please contact support","data":null}'
    assert classify(read, Answer(503, {}, down)).follow == "retry"
    assert classify(write, Answer(503, {}, down)).follow == "look_up"
    failed = b'{"status":"failed","error":{"type":"REQUEST_NOT_VALID","code":"10400","message":"Request is not valid"}}'
    assert classify(read, Answer(400, {}, failed)).code == "10400"
    assert classify(read, Answer(200, {}, bodies.answer([]))).follow == "ok"
    assert classify(read, Answer(400, {}, b"<html>")).follow == "rejected"
