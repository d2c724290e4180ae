"""Modern Treasury's objects (https://docs.moderntreasury.com/platform/reference); amounts are minor units."""

from contraflow.simulator.gateway_scene import day_of, iso
from contraflow.simulator.hook import Json

_INSTANT = "%Y-%m-%dT%H:%M:%SZ"
INTERNAL_ACCOUNT = "0aa00000-0000-4000-8000-0000000000aa"


def order(
    named: str, direction: str, kind: str, minor: int, status: str, words: Json, at_s: int, **more: object
) -> Json:
    """A payment order: ``credit`` sends, ``debit`` pulls."""
    return {
        "id": named,
        "object": "payment_order",
        "type": kind,
        "subtype": None,
        "amount": minor,
        "currency": "USD",
        "direction": direction,
        "priority": "normal",
        "description": "Loan",
        "status": status,
        "reconciliation_status": "unreconciled",
        "effective_date": str(day_of(at_s)),
        "originating_account_id": INTERNAL_ACCOUNT,
        "receiving_account_id": f"0bb{named[3:]}",
        "receiving_account_type": "external_account",
        "counterparty_id": f"0cc{named[3:]}",
        "transaction_ids": [],
        "reference_numbers": [],
        "current_return": None,
        "metadata": words,
        "live_mode": True,
        "created_at": iso(at_s, _INSTANT),
        "updated_at": iso(at_s + 1_200, _INSTANT),
        **more,
    }


def returned(named: str, of: Json, kind: str, code: str, reason: str, at_s: int) -> Json:
    """A return of an order or a receipt, as the other bank told it."""
    return {
        "id": named,
        "object": "return",
        "type": "ach",
        "amount": of["amount"],
        "currency": "USD",
        "code": code,
        "reason": reason,
        "role": "receiving",
        "status": "completed",
        "returnable_id": of["id"],
        "returnable_type": kind,
        "current_return": None,
        "transaction_id": None,
        "reconciliation_status": "unreconciled",
        "live_mode": True,
        "created_at": iso(at_s, _INSTANT),
        "updated_at": iso(at_s, _INSTANT),
    }


def reversal(named: str, of: Json, at_s: int) -> Json:
    """Our taking back of an order."""
    return {
        "id": named,
        "object": "reversal",
        "payment_order_id": of["id"],
        "reason": "duplicate",
        "status": "completed",
        "transaction_ids": [],
        "metadata": {},
        "live_mode": True,
        "created_at": iso(at_s, _INSTANT),
        "updated_at": iso(at_s, _INSTANT),
    }


def receipt(named: str, minor: int, kind: str, words: Json, at_s: int) -> Json:
    """Money that somebody sent to our account."""
    return {
        "id": named,
        "object": "incoming_payment_detail",
        "type": kind,
        "amount": minor,
        "currency": "USD",
        "direction": "credit",
        "status": "completed",
        "as_of_date": str(day_of(at_s)),
        "internal_account_id": INTERNAL_ACCOUNT,
        "virtual_account_id": None,
        "transaction_id": None,
        "metadata": words,
        "live_mode": True,
        "created_at": iso(at_s, _INSTANT),
        "updated_at": iso(at_s, _INSTANT),
    }


def transaction(named: str, minor: int, direction: str, kind: str, at_s: int, *, posted: bool = True) -> Json:
    """A line of the bank's statement as Modern Treasury reads it; ``credit`` is money in."""
    return {
        "id": named,
        "object": "transaction",
        "type": kind,
        "amount": minor,
        "currency": "USD",
        "direction": direction,
        "posted": posted,
        "reconciled": posted,
        "as_of_date": str(day_of(at_s)),
        "as_of_time": None,
        "vendor_id": f"bank-{named[:8]}",
        "vendor_code": "455" if direction == "debit" else "142",
        "vendor_code_type": "bai2",
        "internal_account_id": INTERNAL_ACCOUNT,
        "discarded_at": None,
        "metadata": {},
        "live_mode": True,
        "created_at": iso(at_s, _INSTANT),
        "updated_at": iso(at_s, _INSTANT),
    }


def expected(named: str, minor: int, at_s: int) -> Json:
    """A payment that is expected and has not come."""
    return {
        "id": named,
        "object": "expected_payment",
        "type": "ach",
        "amount_lower_bound": minor,
        "amount_upper_bound": minor,
        "currency": "USD",
        "direction": "credit",
        "status": "unreconciled",
        "transaction_id": None,
        "metadata": {},
        "live_mode": True,
        "created_at": iso(at_s, _INSTANT),
        "updated_at": iso(at_s, _INSTANT),
    }


def event(named: str, name: str, data: Json, at_s: int) -> Json:
    """An event as its list repeats it."""
    return {
        "id": named,
        "object": "event",
        "resource": data["object"],
        "entity_id": data["id"],
        "event_name": name,
        "event_time": iso(at_s, _INSTANT),
        "data": data,
        "live_mode": True,
        "created_at": iso(at_s, _INSTANT),
        "updated_at": iso(at_s, _INSTANT),
    }
