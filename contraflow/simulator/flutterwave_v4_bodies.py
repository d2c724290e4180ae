"""Flutterwave's objects, version 4 (https://developer.flutterwave.com/reference); amounts are major units."""

from contraflow.simulator.gateway_scene import iso, major_number
from contraflow.simulator.hook import Json


def charge(named: str, reference: str, minor: int, currency: str, fees: dict[str, int], words: Json, at_s: int) -> Json:
    """A charge that succeeded, as it is fetched; amounts given in minor units."""
    return {
        "id": named,
        "amount": major_number(minor),
        "fees": [{"type": kind, "amount": major_number(fee)} for kind, fee in fees.items()],
        "currency": currency,
        "customer_id": f"cus_{named[-8:]}",
        "settled": False,
        "settlement_id": [],
        "meta": words,
        "payment_method_details": {"type": "card", "card": {"network": "visa"}},
        "redirect_url": "https://lender.example/done",
        "reference": reference,
        "status": "succeeded",
        "processor_response": {"type": "approved", "code": "00"},
        "created_datetime": iso(at_s),
    }


def event(named: str, kind: str, at_s: int, data: Json) -> Json:
    """A webhook."""
    return {"webhook_id": named, "timestamp": at_s * 1000, "type": kind, "data": data}


def told(payment: Json) -> Json:
    """A charge as its webhook tells it: without its fees."""
    hidden = ("fees", "settled", "settlement_id", "redirect_url")
    return {name: value for name, value in payment.items() if name not in hidden}


def refund(named: str, of: Json, minor: int, status: str, at_s: int) -> Json:
    """A refund; its currency is its charge's."""
    return {
        "id": named,
        "amount_refunded": major_number(minor),
        "meta": {},
        "reason": "duplicate",
        "status": status,
        "charge_id": of["id"],
        "created_datetime": iso(at_s),
    }


def chargeback(named: str, of: Json, minor: int, status: str, at_s: int) -> Json:
    """A chargeback about a charge; its currency is the charge's."""
    return {
        "id": named,
        "charge_id": of["id"],
        "amount": major_number(minor),
        "stage": "new",
        "status": status,
        "type": "local",
        "due_datetime": iso(at_s + 6 * 86_400),
        "created_datetime": iso(at_s),
        "updated_datetime": iso(at_s + 7_200),
    }


def transfer(
    named: str, minor: int, sent_in: str, debit: Json, fee: tuple[str, int], status: str, at_s: int, **more: object
) -> Json:
    """A transfer to somebody; `debit` is what left the wallet, `fee` may be in a third currency."""
    fee_in, fee_minor = fee
    return {
        "id": named,
        "type": "bank",
        "source_currency": debit["currency"],
        "destination_currency": sent_in,
        "amount": {"value": major_number(minor), "applies_to": "destination_currency"},
        "reference": f"disb4{named[-8:]}",
        "status": status,
        "fee": {"currency": fee_in, "value": major_number(fee_minor)},
        "debit_information": debit,
        "meta": {"loan_id": f"LN-{named[-5:]}"},
        "created_datetime": iso(at_s),
        **more,
    }


def settlement(named: str, sums: tuple[int, int, int], currency: str, status: str, count: int, at_s: int) -> Json:
    """A settlement to our bank; `sums` are gross, fees and net in minor units."""
    gross, fees, net = sums
    return {
        "id": named,
        "net_amount": major_number(net),
        "gross_amount": major_number(gross),
        "currency": currency,
        "meta": {},
        "status": status,
        "due_datetime": iso(at_s),
        "fees": [{"type": "app", "amount": major_number(fees)}],
        "destination": "bank",
        "charge_count": str(count),
        "created_datetime": iso(at_s - 3_600),
    }
