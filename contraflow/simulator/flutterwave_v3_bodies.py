"""Flutterwave's objects, version 3 (https://developer.flutterwave.com/v3.0/docs); amounts are major units as numbers.

Refunds and chargebacks say no currency: it is that of their payment.
"""

from contraflow.simulator.gateway_scene import iso, major_number
from contraflow.simulator.hook import Json


def transaction(number: int, reference: str, minor: int, currency: str, fee: int, words: Json, at_s: int) -> Json:
    """A transaction that succeeded, as it is verified; amounts given in minor units."""
    return {
        "id": number,
        "tx_ref": reference,
        "flw_ref": f"FLW-MOCK-{number}",
        "device_fingerprint": "N/A",
        "amount": major_number(minor),
        "currency": currency,
        "charged_amount": major_number(minor),
        "app_fee": major_number(fee),
        "merchant_fee": 0,
        "processor_response": "Approved by Financial Institution",
        "auth_model": "PIN",
        "narration": "Loan repayment",
        "status": "successful",
        "payment_type": "card",
        "created_at": iso(at_s),
        "account_id": 74_843,
        "amount_settled": major_number(minor - fee),
        "card": {"type": "MASTERCARD", "country": "NIGERIA NG", "expiry": "08/30"},
        "customer": {"id": number % 90_000, "name": "A Borrower", "email": "borrower@example.com"},
        "meta": words,
    }


def told(payment: Json) -> Json:
    """The webhook of a payment; nothing in it is proved."""
    hidden = ("meta", "amount_settled", "merchant_fee")
    return {
        "event": "charge.completed",
        "data": {name: value for name, value in payment.items() if name not in hidden},
        "event.type": "CARD_TRANSACTION",
    }


def flat(payment: Json) -> Json:
    """The webhook of the older interface, flat and in camel case, which is still sent."""
    return {
        "id": payment["id"],
        "txRef": payment["tx_ref"],
        "flwRef": payment["flw_ref"],
        "orderRef": f"URF_{payment['id']}",
        "paymentPlan": None,
        "createdAt": payment["created_at"],
        "amount": payment["amount"],
        "charged_amount": payment["charged_amount"],
        "status": payment["status"],
        "currency": payment["currency"],
        "appfee": payment["app_fee"],
        "merchantfee": 0,
        "customer": {"id": 5, "fullName": "A Borrower", "email": "borrower@example.com"},
        "entity": {"card6": "553188", "card_last4": "2950"},
        "event.type": "CARD_TRANSACTION",
    }


def refund(number: int, of: Json, minor: int, status: str, settlement: str, at_s: int) -> Json:
    """A refund as its list shows it."""
    return {
        "id": number,
        "account_id": 74_843,
        "tx_id": of["id"],
        "flw_ref": of["flw_ref"],
        "wallet_id": 74_639,
        "amount_refunded": major_number(minor),
        "status": status,
        "destination": "payment_source",
        "meta": {"source": "availablebalance"},
        "settlement_id": settlement,
        "created_at": iso(at_s),
    }


def refund_told(shown: Json) -> Json:
    """The webhook of a refund, which has no event."""
    return {
        "id": shown["id"],
        "AmountRefunded": shown["amount_refunded"],
        "status": shown["status"],
        "FlwRef": shown["flw_ref"],
        "destination": shown["destination"],
        "settlement_id": "NEW",
        "meta": "{}",
        "createdAt": shown["created_at"],
        "updatedAt": shown["created_at"],
        "AccountId": 74_843,
        "TransactionId": shown["tx_id"],
    }


def chargeback(number: int, of: Json, minor: int, status: str, settlement: int | None, at_s: int) -> Json:
    """A chargeback about a transaction."""
    return {
        "id": number,
        "amount": major_number(minor),
        "flw_ref": of["flw_ref"],
        "status": status,
        "stage": "new" if status == "initiated" else "second",
        "comment": "Unauthorised",
        "meta": {"uploaded_proof": None},
        "due_date": iso(at_s + 6 * 86_400),
        "settlement_id": settlement,
        "created_at": iso(at_s),
        "transaction_id": of["id"],
        "tx_ref": of["tx_ref"],
    }


def transfer(number: int, reference: str, minor: int, currency: str, fee: int, status: str, at_s: int) -> Json:
    """A transfer out of the wallet; the fee is in the wallet's currency."""
    return {
        "id": number,
        "account_number": "0690000031",
        "bank_code": "044",
        "full_name": "A Borrower",
        "created_at": iso(at_s),
        "currency": currency,
        "debit_currency": currency,
        "amount": major_number(minor),
        "fee": major_number(fee),
        "status": status,
        "reference": reference,
        "meta": {"loan_id": f"LN-{number % 100_000:05d}"},
        "narration": "Loan disbursement",
        "complete_message": "Successful" if status == "SUCCESSFUL" else "DISBURSE FAILED",
        "requires_approval": 0,
        "is_approved": 1,
        "bank_name": "ACCESS BANK NIGERIA",
    }


def settlement(number: int, trace: str, sums: Json, currency: str, count: int, at_s: int) -> Json:
    """A settlement to our bank account; `sums` are its totals in minor units."""
    return {
        "id": number,
        "account_id": 74_843,
        "merchant_name": "Northwind Lending",
        "settlement_account": "0240772011",
        "bank_code": "058",
        "transaction_date": iso(at_s - 86_400),
        "due_date": iso(at_s),
        "processed_date": iso(at_s),
        "status": "completed",
        "is_local": True,
        "currency": currency,
        **{name: major_number(minor) for name, minor in sums.items()},
        "transaction_count": count,
        "disburse_ref": trace,
        "destination": "account",
        "created_at": iso(at_s),
    }


def settled(payment: Json) -> Json:
    """A payment among the contents of a settlement."""
    return {
        "id": payment["id"],
        "tx_ref": payment["tx_ref"],
        "flw_ref": payment["flw_ref"],
        "charged_amount": payment["charged_amount"],
        "app_fee": payment["app_fee"],
        "merchant_fee": 0,
        "stampduty_charge": 0,
        "settlement_amount": payment["amount_settled"],
        "status": "successful",
        "transaction_date": payment["created_at"],
        "currency": payment["currency"],
        "subaccount_settlement": 0,
    }
