"""Rows of the transaction report: everything that moved the balance, told under the ids that webhooks use.

A capture, a sale, a refund and an item of a payout have the id of their transaction, so a row meets them. Withdrawals,
fees, conversions and holds are told by rows alone. The fee of a row is negative where PayPal took it. A row that
succeeded, and one that succeeded and was reversed later (``V``) or refunded in part (``F``), moved the balance; what
took it back is a row of its own. A pending or denied row moved nothing, except that a withdrawal leaves the balance
when it is made, and that a hold which is pending holds.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from connectors.errors import TranslationError
from connectors.json_fields import JsonObject, expanded, text
from connectors.paypal_amounts import negated, optional_money, required_money, size
from connectors.paypal_envelope import PayPalEnvelope, callers_words, instant_of, plain_id
from connectors.paypal_manifest import MANIFEST
from connectors.paypal_payouts import BACK, transfer_step
from connectors.paypal_settlement import conversion_leg, settlement_fact
from connectors.paypal_transaction_codes import Kind, kind_of
from ledger.facts import Fact
from ledger.money import Money


class Row(msgspec.Struct, frozen=True):
    """A row, read.

    Attributes:
        info: its ``transaction_info``.
        id: of the transaction.
        status: ``S``, ``V``, ``F``, ``P`` or ``D``.
        gross: signed: negative where it left the balance.
        fee: positive where PayPal took it.
        reference: the transaction that it refers to, or empty.
        at: when it was made.
    """

    info: JsonObject
    id: str
    status: str
    kind: Kind
    gross: Money
    fee: Money
    reference: str
    at: str

    @property
    def is_out(self) -> bool:
        """Whether it took from the balance."""
        return self.gross.amount.startswith("-")

    @property
    def moved(self) -> bool:
        """Whether it moved the balance for good."""
        return self.status in ("S", "V", "F")


def transaction_facts(envelope: PayPalEnvelope, listed: JsonObject) -> list[Fact]:
    """What a row tells: what happened, then its settlement; none for a status that nobody has mapped."""
    info = expanded(listed, "transaction_info") or listed
    row_id = plain_id(info.get("transaction_id"))
    if not row_id:
        raise TranslationError("field_missing", "transaction_info.transaction_id is missing")
    status = text(info, "transaction_status").upper()
    kind = kind_of(text(info, "transaction_event_code").upper())
    if status not in MANIFEST.statuses["transaction"] or kind == "none":
        return []
    gross = required_money(info, "transaction_amount")
    fee = optional_money(info, "fee_amount", gross.currency)
    row = Row(
        info,
        row_id,
        status,
        kind,
        gross,
        negated(fee) if fee else Money("0", gross.currency),
        plain_id(info.get("paypal_reference_id"))
        if text(info, "paypal_reference_id_type").upper() in ("", "TXN")
        else "",
        instant_of(info, "transaction_initiation_date", "transaction_updated_date"),
    )
    return _READERS[kind](envelope, row)


def _payment(envelope: PayPalEnvelope, row: Row) -> list[Fact]:
    if row.is_out:
        return _transfer(envelope, row)
    transition = {"P": "pending", "D": "failed"}.get(row.status, "succeeded")
    kept = (envelope.reference(row.id),) if row.moved else ()
    fact = _fact(envelope, row, f"payment.{transition}", f"{row.id}/{transition}", {"payment": row.id}, kept)
    return [fact, *_settled(envelope, row, "payment")]


def _transfer(envelope: PayPalEnvelope, row: Row) -> list[Fact]:
    """Money that we sent: an item of a payout, or a payment of ours to somebody."""
    if not row.is_out:
        return _payment(envelope, row)
    if row.moved:
        steps: tuple[str, ...] = ("pending", "succeeded")
    elif row.status == "P":
        # An item of a payout that waits for its receiver has left the balance.
        steps = ("pending",) if row.kind == "transfer" else ("initiated",)
    else:
        steps = ("failed", *BACK)
    facts = [
        transfer_step(
            envelope,
            row.info,
            row.id,
            step,
            size(row.gross),
            effective_at=row.at,
            status=row.status,
            # What a payment of ours bought, nobody told.
            links={"transaction": row.id} | ({"category": "purchase"} if row.kind == "payment" else {}),
            attributes=_attributes(row),
            undone=row.status == "D",
        )
        for step in steps
    ]
    return [*facts, *_settled(envelope, row, "transfer")]


def _transfer_return(envelope: PayPalEnvelope, row: Row) -> list[Fact]:
    """A transfer that came back; whether it had arrived before, the row does not say."""
    if row.is_out or not row.reference or not row.moved:
        return _other(envelope, row)
    facts = [
        transfer_step(
            envelope,
            row.info,
            row.reference,
            step,
            row.gross,
            effective_at=row.at,
            status=row.status,
            links={"transaction": row.reference},
            attributes=_attributes(row),
        )
        for step in BACK
    ]
    return [*facts, *_settled(envelope, row, "transfer")]


def _refund(envelope: PayPalEnvelope, row: Row) -> list[Fact]:
    if not row.is_out:
        return _other(envelope, row)
    transition = {"P": "pending", "D": "failed"}.get(row.status, "succeeded")
    reference = envelope.reference(row.id)
    fact = _fact(
        envelope,
        row,
        f"refund.{transition}",
        f"{row.id}/{transition}",
        {"refund": row.id, "payment": row.reference},
        (reference,) if row.moved else (),
        reference if transition == "failed" else "",
    )
    return [fact, *_settled(envelope, row, "refund")]


def _reversal(envelope: PayPalEnvelope, row: Row) -> list[Fact]:
    """PayPal took a payment back, or gave back what it had taken."""
    if not row.moved:
        return []
    if row.is_out:
        links = {"payment": row.reference or row.id}
        fact = _fact(envelope, row, "payment.reversed", f"{row.id}/reversed", links)
    else:
        links = {"dispute": row.id, "payment": row.reference}
        fact = _fact(envelope, row, "dispute.funds_reinstated", f"{row.id}/funds_reinstated", links)
    return [fact, *_settled(envelope, row, "reversal")]


def _hold(envelope: PayPalEnvelope, row: Row) -> list[Fact]:
    """Money that PayPal holds or lets go, also while it is pending; one that is denied undoes what it did before."""
    denied = row.status == "D"
    reference = envelope.reference(row.id)
    transition = "held" if row.is_out != denied else "released"
    links = {"reserve": row.id, "category": row.kind, "payment": row.reference}
    known, needs = ((), reference) if denied else ((reference,), "")
    fact = _fact(envelope, row, f"reserve.{transition}", f"{row.id}/{transition}", links, known, needs)
    return [fact, *_settled(envelope, row, row.kind)]


def _payout(envelope: PayPalEnvelope, row: Row) -> list[Fact]:
    """A withdrawal to our bank: it leaves the balance at once and arrives days later."""
    if not row.is_out:
        return _payout_return(envelope, row)
    reference = envelope.reference(row.id)
    if row.status == "D":
        return [_fact(envelope, row, "payout.failed", f"{row.id}/failed", {"payout": row.id}, (), reference)]
    fact = _fact(envelope, row, "payout.paid", f"{row.id}/paid", {"payout": row.id}, (reference,))
    return [fact, *_settled(envelope, row, "payout", payout=row.id)]


def _payout_return(envelope: PayPalEnvelope, row: Row) -> list[Fact]:
    if row.is_out:
        return _other(envelope, row)
    if not row.moved:
        return []
    payout = row.reference or row.id
    fact = _fact(envelope, row, "payout.failed", f"{payout}/failed", {"payout": payout})
    return [fact, *_settled(envelope, row, "payout", payout=payout)]


def _conversion(envelope: PayPalEnvelope, row: Row) -> list[Fact]:
    if not row.moved:
        return []
    return [
        conversion_leg(
            envelope,
            row.reference or row.id,
            row.gross,
            effective_at=row.at,
            status=row.status,
            links={"transaction": row.id},
            attributes=_attributes(row),
        )
    ]


def _other(envelope: PayPalEnvelope, row: Row) -> list[Fact]:
    category = row.kind if row.kind in ("fee", "deposit") else "other"
    return _settled(envelope, row, category)


def _fact(
    envelope: PayPalEnvelope,
    row: Row,
    fact_type: str,
    transition: str,
    links: dict[str, str],
    references: tuple[str, ...] = (),
    needs: str = "",
) -> Fact:
    return envelope.fact(
        fact_type,
        transition,
        effective_at=row.at,
        amounts={"gross": size(row.gross)},
        links={**links, "order": _order(row.info)},
        status=row.status,
        attributes=_attributes(row),
        metadata=callers_words(row.info),
        references=references,
        needs=needs,
    )


def _settled(envelope: PayPalEnvelope, row: Row, category: str, *, payout: str = "") -> list[Fact]:
    if not row.moved:
        return []
    return [
        settlement_fact(
            envelope,
            row.id,
            row.gross,
            row.fee,
            category=category,
            effective_at=row.at,
            status=row.status,
            links={"payout": payout},
            attributes=_attributes(row),
        )
    ]


def _attributes(row: Row) -> dict[str, str]:
    return {
        "transaction_event_code": text(row.info, "transaction_event_code"),
        "reference": text(row.info, "paypal_reference_id"),
        "reference_type": text(row.info, "paypal_reference_id_type"),
        "trace_id": text(row.info, "bank_reference_id"),
        # What a withdrawal consists of, PayPal does not say.
        "automatic": "false" if row.kind == "payout" else "",
    }


def _order(info: JsonObject) -> str:
    return plain_id(info.get("paypal_reference_id")) if text(info, "paypal_reference_id_type").upper() == "ODR" else ""


_READERS: Final[dict[Kind, Callable[[PayPalEnvelope, Row], list[Fact]]]] = {
    "payment": _payment,
    "transfer": _transfer,
    "transfer_return": _transfer_return,
    "refund": _refund,
    "reversal": _reversal,
    "hold": _hold,
    "dispute_hold": _hold,
    "payout": _payout,
    "payout_return": _payout_return,
    "conversion": _conversion,
    "fee": _other,
    "deposit": _other,
    "other": _other,
}
