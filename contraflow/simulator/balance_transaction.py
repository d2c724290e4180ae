"""Balance transaction: one movement of the gateway balance, in the currency in which it settles."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol

import msgspec

ROWS_MAX: Final = 100
# The exchange rate is the one number that is no integer; a Decimal keeps it exact in the JSON.
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


class Source(Protocol):
    """The object behind a movement: a charge, refund, dispute or payout."""

    @property
    def id(self) -> str:
        """The object's id."""
        ...

    def as_json(self, old: bool) -> dict[str, Any]:
        """The object as the gateway writes it."""
        ...


@dataclass(frozen=True, slots=True)
class BalanceTransaction:
    """One row.

    Attributes:
        type, category: the gateway's type and reporting category.
        amount_minor, fee_minor: signed, in minor units of `currency` (lower case).
        rate_ppm: the exchange rate in millionths; 0 when nothing was converted.
    """

    id: str
    type: str
    category: str
    amount_minor: int
    currency: str
    fee_minor: int
    source: Source
    created_s: int
    description: str
    rate_ppm: int = 0

    @property
    def net_minor(self) -> int:
        """What the balance gains."""
        return self.amount_minor - self.fee_minor

    def as_json(self, old: bool, *, expanded: bool = False) -> dict[str, Any]:
        """The row; `expanded` writes its source whole instead of by id."""
        fee_details = []
        if self.fee_minor:
            fee_details.append(
                {
                    "amount": self.fee_minor,
                    "application": None,
                    "currency": self.currency,
                    "description": "Dispute fee" if self.type == "adjustment" else "Stripe processing fees",
                    "type": "stripe_fee",
                }
            )
        return {
            "id": self.id,
            "object": "balance_transaction",
            "amount": self.amount_minor,
            "available_on": self.created_s - self.created_s % 86_400 + 86_400,
            "balance_type": "payments",
            "created": self.created_s,
            "currency": self.currency,
            "description": self.description,
            "exchange_rate": Decimal(self.rate_ppm).scaleb(-6).normalize() if self.rate_ppm else None,
            "fee": self.fee_minor,
            "fee_details": fee_details,
            "net": self.net_minor,
            "reporting_category": self.category,
            "source": self.source.as_json(old) if expanded else self.source.id,
            "status": "available",
            "type": self.type,
        }


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list of balance transactions that a payout pays out.

    Attributes:
        payout: the payout's id; the page itself does not name it, so whoever ingests it must.
        number: from 1.
        rows: newest first, at most `ROWS_MAX`.
        expanded: the rows carry their sources whole.
    """

    payout: str
    number: int
    rows: tuple[BalanceTransaction, ...]
    has_more: bool
    expanded: bool

    @property
    def context(self) -> dict[str, str]:
        """What ingesting must say beside the bytes."""
        return {"payout": self.payout}

    @property
    def body(self) -> bytes:
        """The page as the gateway answers it."""
        page = {
            "object": "list",
            "data": [row.as_json(False, expanded=self.expanded) for row in self.rows],
            "has_more": self.has_more,
            "url": "/v1/balance_transactions",
        }
        return msgspec.json.format(_encoder.encode(page), indent=2)


def pages_of(payout: str, rows: Sequence[BalanceTransaction], *, expanded: bool = False) -> list[Page]:
    """The pages of one payout's rows, newest first."""
    newest_first = sorted(rows, key=lambda row: (row.created_s, row.id), reverse=True)
    cuts = range(0, len(newest_first), ROWS_MAX)
    return [
        Page(payout, number, tuple(newest_first[cut : cut + ROWS_MAX]), number < len(cuts), expanded)
        for number, cut in enumerate(cuts, start=1)
    ]
