"""Objects as Flutterwave writes them, small and of our own making, and what tells them."""

import json
from typing import Any

from connectors import CONNECTORS, Telling
from connectors.connector import answered
from connectors.exchange import Answer, Call, Want
from connectors.polling import start_by_id
from ledger.facts import Fact, check_fact

ACCOUNT = "acct_1"
AT = "2026-01-05T10:00:00.000Z"


def transaction(**more: Any) -> dict[str, Any]:
    return {
        "id": 1001,
        "tx_ref": "order-1001",
        "flw_ref": "FLW-1001",
        "amount": 1000,
        "currency": "NGN",
        "charged_amount": 1000,
        "app_fee": 14,
        "merchant_fee": 0,
        "amount_settled": 986,
        "status": "successful",
        "payment_type": "card",
        "created_at": AT,
        "meta": {"loan_id": "L-1"},
        **more,
    }


def flat_transaction(**more: Any) -> dict[str, Any]:
    return {
        "id": 1001,
        "txRef": "order-1001",
        "flwRef": "FLW-1001",
        "orderRef": "URF-1001",
        "createdAt": AT,
        "amount": 1000,
        "charged_amount": 1000,
        "status": "successful",
        "currency": "NGN",
        "appfee": 14,
        "merchantfee": 0,
        "customer": {"id": 7},
        "entity": {"card_last4": "2950"},
        "event.type": "CARD_TRANSACTION",
        **more,
    }


def refund(**more: Any) -> dict[str, Any]:
    return {
        "id": 501,
        "tx_id": 1001,
        "flw_ref": "FLW-1001",
        "amount_refunded": 400,
        "status": "completed",
        "destination": "payment_source",
        "created_at": AT,
        **more,
    }


def flat_refund(**more: Any) -> dict[str, Any]:
    return {
        "id": 501,
        "AmountRefunded": 400,
        "status": "completed",
        "FlwRef": "FLW-1001",
        "settlement_id": "NEW",
        "meta": "{}",
        "createdAt": AT,
        "updatedAt": AT,
        "TransactionId": 1001,
        **more,
    }


def transfer(**more: Any) -> dict[str, Any]:
    return {
        "id": 301,
        "account_number": "0690000031",
        "bank_code": "044",
        "full_name": "Somebody",
        "created_at": AT,
        "currency": "NGN",
        "debit_currency": "NGN",
        "amount": 300,
        "fee": 10.75,
        "status": "SUCCESSFUL",
        "reference": "payout-301",
        "meta": {"loan_id": "L-1", "beneficiary_name": "Somebody"},
        "requires_approval": 0,
        "is_approved": 1,
        **more,
    }


def chargeback(**more: Any) -> dict[str, Any]:
    return {
        "id": 77,
        "amount": 250,
        "flw_ref": "FLW-1001",
        "status": "initiated",
        "stage": "new",
        "due_date": "2026-01-20T10:00:00.000Z",
        "settlement_id": None,
        "created_at": AT,
        "transaction_id": 1001,
        "tx_ref": "order-1001",
        **more,
    }


def settlement(**more: Any) -> dict[str, Any]:
    return {
        "id": 41,
        "account_id": 9,
        "due_date": "2026-01-07T10:00:00.000Z",
        "processed_date": None,
        "status": "completed",
        "currency": "NGN",
        "gross_amount": 1000,
        "app_fee": 14,
        "merchant_fee": 0,
        "chargeback": 0,
        "refund": 0,
        "stampduty_charge": 0,
        "net_amount": 986,
        "transaction_count": 1,
        "disburse_ref": "RV3E18675549F6A0",
        "destination": "account",
        "meta": [1001],
        "created_at": AT,
        **more,
    }


def settled_row(**more: Any) -> dict[str, Any]:
    return {
        "id": 1001,
        "tx_ref": "order-1001",
        "flw_ref": "FLW-1001",
        "charged_amount": 1000,
        "app_fee": 14,
        "merchant_fee": 0,
        "stampduty_charge": 0,
        "settlement_amount": 986,
        "status": "successful",
        "transaction_date": "2026-01-05",
        "currency": "NGN",
        "subaccount_settlement": 0,
        **more,
    }


def charge(**more: Any) -> dict[str, Any]:
    return {
        "id": "chg_1001",
        "amount": 1000,
        "fees": [{"type": "vat", "amount": 1.05}, {"type": "app", "amount": 14}, {"type": "merchant", "amount": 0}],
        "currency": "NGN",
        "customer_id": "cus_1",
        "settled": False,
        "settlement_id": [],
        "meta": {"loan_id": "L-1"},
        "payment_method_details": {"type": "card"},
        "reference": "order1001",
        "status": "succeeded",
        "processor_response": {"type": "approved", "code": "00"},
        "created_datetime": AT,
        **more,
    }


def charge_refund(**more: Any) -> dict[str, Any]:
    return {
        "id": "rfd_501",
        "amount_refunded": 400,
        "meta": {},
        "reason": "duplicate",
        "status": "succeeded",
        "charge_id": "chg_1001",
        "created_datetime": AT,
        **more,
    }


def charge_transfer(**more: Any) -> dict[str, Any]:
    return {
        "id": "trf_301",
        "type": "bank",
        "source_currency": "NGN",
        "destination_currency": "NGN",
        "amount": 300,
        "reference": "payout301",
        "status": "SUCCESSFUL",
        "fee": {"currency": "NGN", "value": 10},
        "debit_information": {"currency": "NGN", "actual_debit_amount": 300, "rate_used": 1, "vat": 0.75},
        "meta": {},
        "created_datetime": AT,
        **more,
    }


def charge_chargeback(**more: Any) -> dict[str, Any]:
    return {
        "id": "chb_77",
        "charge_id": "chg_1001",
        "amount": 250,
        "stage": "new",
        "status": "initiated",
        "type": "local",
        "due_datetime": "2026-01-20T10:00:00.000Z",
        "created_datetime": AT,
        "updated_datetime": AT,
        **more,
    }


def charge_settlement(**more: Any) -> dict[str, Any]:
    return {
        "id": "stm_41",
        "net_amount": 984.95,
        "gross_amount": 1000,
        "currency": "NGN",
        "meta": {},
        "status": "completed",
        "due_datetime": "2026-01-07T10:00:00.000Z",
        "fees": [{"type": "app", "amount": 14}],
        "destination": "bank",
        "charge_count": "1",
        "created_datetime": AT,
        **more,
    }


def event(event_type: str, data: object, **more: Any) -> dict[str, Any]:
    """A webhook of version 4."""
    return {"webhook_id": "wbk_1", "timestamp": 1767607200000, "type": event_type, "data": data, **more}


def answer(data: object, **more: Any) -> bytes:
    return json.dumps({"status": "success", "message": "fetched", "data": data, **more}).encode()


def told(source: str, body: object, **context: str) -> list[Fact]:
    """The facts of a body, each held to its contract."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    facts = CONNECTORS[source].translate(raw, Telling(source, ACCOUNT, "delivery_1", context))
    for fact in facts:
        check_fact(fact)
    return facts


def polled(source: str, stream: str, row: object) -> list[Fact]:
    return told(source, row, via="poll", stream=stream)


def fetched(source: str, wants: list[Want] | tuple[Want, ...], served: dict[str, object]) -> list[Fact]:
    """What wanted objects tell, and what those make us want; `served` is the vendor's data by path."""
    connector = CONNECTORS[source]
    facts: list[Fact] = []
    assert connector.page_call is not None and connector.read_page is not None
    for want in wants:
        place = start_by_id(want)
        call: Call = connector.page_call(place)
        page = connector.read_page(place, Answer(200, {}, answer(served[call.path])))
        for item in page.items:
            whole = answered(place, item)
            facts += told(source, whole.raw, **whole.context)
        facts += fetched(source, page.wants, served)
    return facts
