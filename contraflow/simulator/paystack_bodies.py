"""Paystack's objects as its interface writes them (https://paystack.com/docs/api); amounts are hundredths."""

from contraflow.simulator.gateway_scene import iso
from contraflow.simulator.hook import Json

DOMAIN = "test"


def transaction(
    number: int, reference: str, amount: int, currency: str, fee: int | None, words: Json, at_s: int, **more: object
) -> Json:
    """A transaction that succeeded, unless `more` says otherwise; a `fee` of None is one that is not told yet."""
    return {
        "id": number,
        "domain": DOMAIN,
        "status": "success",
        "reference": reference,
        "receipt_number": None,
        "amount": amount,
        "message": None,
        "gateway_response": "Successful",
        "channel": "card",
        "currency": currency,
        "ip_address": None,
        "metadata": {**words, "custom_fields": []},
        "fees": fee,
        "fees_split": None,
        "paid_at": iso(at_s + 40),
        "created_at": iso(at_s),
        "authorization": {"authorization_code": f"AUTH_{reference[-6:]}", "brand": "visa", "reusable": True},
        "customer": {"id": number % 90_000, "customer_code": f"CUS_{reference[-6:]}", "email": "borrower@example.com"},
        "plan": None,
        "split": {},
        "subaccount": {},
        "requested_amount": amount,
        **more,
    }


def refund(number: int, of: Json, amount: int, status: str, at_s: int, **more: object) -> Json:
    """A refund as its list shows it."""
    return {
        "id": number,
        "integration": 100_000,
        "domain": DOMAIN,
        "transaction": of["id"],
        "dispute": None,
        "settlement": None,
        "amount": amount,
        "deducted_amount": amount if status == "processed" else 0,
        "fully_deducted": int(status == "processed"),
        "currency": of["currency"],
        "channel": "card",
        "status": status,
        "refunded_by": "shop@example.com",
        "refunded_at": iso(at_s + 3_600),
        "expected_at": iso(at_s + 7 * 86_400),
        "customer_note": "Refund",
        "merchant_note": "Refund",
        "createdAt": iso(at_s),
        "updatedAt": iso(at_s + 3_600),
        **more,
    }


def refund_told(of: Json, amount: int, status: str) -> Json:
    """A refund as its webhook tells it: without its id and without any time."""
    return {
        "event": f"refund.{status}",
        "data": {
            "status": status,
            "transaction_reference": of["reference"],
            "refund_reference": None,
            "amount": str(amount),
            "currency": of["currency"],
            "processor": "instant-transfer",
            "customer": {"first_name": "A", "last_name": "Borrower", "email": "borrower@example.com"},
            "integration": 100_000,
            "domain": DOMAIN,
        },
    }


def dispute(number: int, of: Json, amount: int, status: str, resolution: str | None, at_s: int) -> Json:
    """A dispute about a transaction."""
    ended = resolution is not None
    return {
        "id": number,
        "refund_amount": amount,
        "currency": of["currency"],
        "status": status,
        "resolution": resolution,
        "domain": DOMAIN,
        "transaction": of,
        "transaction_reference": None,
        "category": "chargeback",
        "bin": None,
        "last4": None,
        "dueAt": iso(at_s + 9 * 86_400),
        "resolvedAt": iso(at_s + 9_000) if ended else None,
        "createdAt": iso(at_s),
        "updatedAt": iso(at_s + 9_000 if ended else at_s),
    }


def transfer(number: int, reference: str, amount: int, currency: str, status: str, fee: int, at_s: int) -> Json:
    """A transfer out of the balance to somebody."""
    return {
        "id": number,
        "integration": 100_000,
        "domain": DOMAIN,
        "status": status,
        "amount": amount,
        "currency": currency,
        "reference": reference,
        "source": "balance",
        "reason": "Loan disbursement",
        "transfer_code": f"TRF_{reference[-8:]}",
        "recipient": {"recipient_code": f"RCP_{reference[-6:]}", "type": "nuban", "currency": currency},
        "fee_charged": fee if status == "success" else 0,
        "failures": None,
        "transferred_at": None,
        "createdAt": iso(at_s),
        "updatedAt": iso(at_s + 600),
    }


def settlement(number: int, currency: str, processed: int, fees: int, kept_back: int, status: str, at_s: int) -> Json:
    """A settlement to our bank; what is kept back of it are refunds and lost disputes."""
    return {
        "id": number,
        "domain": DOMAIN,
        "status": status,
        "currency": currency,
        "integration": 100_000,
        "total_amount": processed - fees,
        "effective_amount": processed - fees - kept_back,
        "total_fees": fees,
        "total_processed": processed,
        "deductions": kept_back or None,
        "settlement_date": iso(at_s - at_s % 86_400),
        "settled_by": None,
        "createdAt": iso(at_s),
        "updatedAt": iso(at_s + 28_800),
    }
