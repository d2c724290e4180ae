"""PayPal's transaction event codes: what a row of the report means.

The first three characters are a group, whose meaning holds for a code that is not named here
(https://developer.paypal.com/docs/transaction-search/transaction-event-codes). Some codes are used in both directions,
so that the sign of a row decides with its code.
"""

from typing import Final, Literal

Kind = Literal[
    "payment",
    "transfer",
    "fee",
    "conversion",
    "deposit",
    "payout",
    "payout_return",
    "refund",
    "reversal",
    "transfer_return",
    "dispute_hold",
    "hold",
    "none",
    "other",
]

_CODES: Final[dict[str, Kind]] = {
    "T0001": "transfer",  # mass payments: what the Payouts interface sends
    "T0303": "deposit",
    "T1101": "payout_return",  # reversal of a withdrawal to the bank
    "T1104": "deposit",  # reversal of a deposit from the bank
    "T1105": "hold",  # release of a general hold, also of the one for a batch of payouts
    "T1106": "reversal",  # by PayPal
    "T1107": "refund",
    "T1108": "fee",
    "T1109": "fee",
    "T1110": "dispute_hold",
    "T1111": "dispute_hold",
    "T1112": "reversal",
    "T1114": "transfer_return",
    "T1115": "transfer_return",
    "T1116": "reversal",
    "T1118": "reversal",
    "T1201": "reversal",  # chargeback
    "T1202": "reversal",  # chargeback reversed
    "T1205": "reversal",  # chargeback reimbursed
    "T1207": "reversal",  # representment rejected
    "T1208": "reversal",  # chargeback cancelled
    "T2109": "other",
    "T2110": "other",
}
_GROUPS: Final[dict[str, Kind]] = {
    "T00": "payment",
    "T01": "fee",
    "T02": "conversion",
    "T03": "deposit",
    "T04": "payout",
    "T13": "none",  # authorizations: nothing moves
    "T15": "hold",
    "T21": "hold",
    "T30": "payment",
    "T98": "none",  # for display only
}


def kind_of(code: str) -> Kind:
    """What a code means; ``other`` for a movement that nobody has mapped."""
    return _CODES.get(code) or _GROUPS.get(code[:3], "other")
