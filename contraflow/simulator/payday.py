"""Payday: the gateway pays its balances out, one failing on the way, and the bank books what arrives.

Dollars leave in several payouts, every other currency in one. Three things go wrong, each in a payout of its own: one
contains a payment that nobody was told of, one reaches the bank a little short, one is said to be paid and then fails,
so that its money goes out again in a new payout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

from contraflow.simulator.balance_transaction import BalanceTransaction, Page, pages_of
from contraflow.simulator.identifiers import new_id, trace_number
from contraflow.simulator.payout import Payout
from contraflow.simulator.purchase import Purchase
from contraflow.simulator.scene import Scene
from contraflow.simulator.truth import Break

USD_PAYOUTS: Final = 3
# These banks repeat the payout's id as end-to-end reference; the others only print the trace in the text.
_END_TO_END: Final = frozenset({"eur", "jpy"})
# Told in the old API version, which knows no trace ids.
_OLD: Final = frozenset({"jpy"})
_HOUR_S: Final = 3_600
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class BankLine:
    """One booked line of a bank account.

    Attributes:
        amount_minor: minor units of `currency` (lower case), credits above zero.
        end_to_end: end-to-end reference, empty when none was provided.
        party: name of the other side.
        text: remittance information.
    """

    amount_minor: int
    currency: str
    booked: date
    end_to_end: str
    party: str
    text: str


@dataclass(frozen=True, slots=True)
class Payday:
    """What payday left behind.

    Attributes:
        states: ``matched`` or ``broken`` by payout id.
    """

    pages: tuple[Page, ...]
    lines: tuple[BankLine, ...]
    states: dict[str, str]
    breaks: tuple[Break, ...]


def hold_payday(scene: Scene, purchases: Sequence[Purchase], missing: Purchase) -> Payday:
    """Pay out everything that the purchases left on the gateway balances."""
    batches = _batches(scene, purchases)
    missing_batch = next(number for number, batch in enumerate(batches) if missing in batch.purchases)
    usd = [number for number in range(USD_PAYOUTS) if number != missing_batch]
    scene.rng.shuffle(usd)
    short_batch = usd[0]
    failing_batch = scene.rng.choice([usd[1], USD_PAYOUTS])  # the other payout of dollars, or the one of euros

    pages: list[Page] = []
    lines: list[BankLine] = []
    states: dict[str, str] = {}
    breaks: list[Break] = []
    for number, batch in enumerate(batches):
        created_s = scene.day_start_s + 22 * _HOUR_S + 60 * number
        payout, row = _start(scene, batch.rows, created_s)
        pages += pages_of(payout.id, [*batch.rows, row], expanded=batch.currency == "eur")
        payout = _arrive(scene, payout)
        states[payout.id] = "matched"
        shortfall_minor = 0
        if number == missing_batch:
            breaks.append(
                Break(payout.id, "payment_missing", payout.currency.upper(), missing.payment_id, missing.charge_id)
            )
        if number == short_batch:
            shortfall_minor = scene.rng.randrange(2, 10)
            breaks.append(
                Break(payout.id, "amount_differs", payout.currency.upper(), difference_minor=-shortfall_minor)
            )
        if number == failing_batch:
            breaks.append(Break(payout.id, "payout_failed", payout.currency.upper()))
            returned = _fail(scene, payout)
            again, row = _start(scene, [returned], returned.created_s + 12 * _HOUR_S)
            pages += pages_of(again.id, [returned, row])
            again = _arrive(scene, again)
            states[again.id] = "matched"
            lines.append(_bank_line(scene, again, 0))
        else:
            lines.append(_bank_line(scene, payout, shortfall_minor))
    states |= {item.payout: "broken" for item in breaks}
    return Payday(tuple(pages), tuple(lines), states, tuple(breaks))


@dataclass(frozen=True, slots=True)
class _Batch:
    currency: str
    purchases: list[Purchase]
    rows: list[BalanceTransaction]


def _batches(scene: Scene, purchases: Sequence[Purchase]) -> list[_Batch]:
    """Dollars cut by the order of purchase, then euros, then the rest; all movements of a purchase stay together."""
    by_currency: dict[str, list[Purchase]] = {}
    for purchase in purchases:
        if scene.rows.get(purchase.number):
            by_currency.setdefault(purchase.lane.settles_in, []).append(purchase)
    usd = by_currency.pop("usd")
    cuts = [len(usd) * part // USD_PAYOUTS for part in range(USD_PAYOUTS + 1)]
    groups = [("usd", usd[cuts[part] : cuts[part + 1]]) for part in range(USD_PAYOUTS)]
    groups.append(("eur", by_currency.pop("eur")))
    groups += sorted(by_currency.items())
    return [
        _Batch(currency, members, [row for purchase in members for row in scene.rows[purchase.number]])
        for currency, members in groups
    ]


def _start(scene: Scene, rows: Sequence[BalanceTransaction], created_s: int) -> tuple[Payout, BalanceTransaction]:
    amount_minor = sum(row.net_minor for row in rows)
    assert amount_minor > 0, f"a payout must pay out something, not {amount_minor} minor units"
    currency = rows[0].currency
    arrival_s = created_s - created_s % _DAY_S + _DAY_S
    payout_id, row_id = new_id(scene.rng, "po_1", 23), new_id(scene.rng, "txn_1", 23)
    payout = Payout(payout_id, amount_minor, currency, "pending", created_s, arrival_s, row_id)
    row = BalanceTransaction(row_id, "payout", "payout", -amount_minor, currency, 0, payout, created_s, "STRIPE PAYOUT")
    _tell(scene, payout, "payout.created", created_s)
    on_its_way = replace(payout, status="in_transit")
    _tell(scene, on_its_way, "payout.updated", created_s + _HOUR_S, previous={"status": "pending"})
    return on_its_way, row


def _arrive(scene: Scene, payout: Payout) -> Payout:
    at_s = payout.arrival_s + 6 * _HOUR_S
    paid = replace(payout, status="paid", trace=trace_number(scene.rng))
    scene.tally.payout(payout.amount_minor, payout.currency)
    _tell(scene, paid, "payout.paid", at_s)
    if payout.currency not in _OLD:
        before = {"reconciliation_status": "in_progress"}
        _tell(scene, replace(paid, reconciled=True), "payout.reconciliation_completed", at_s + 60, previous=before)
    return paid


def _fail(scene: Scene, payout: Payout) -> BalanceTransaction:
    """The bank sends a payout back that was already called paid; its money is on the gateway balance again."""
    at_s, row_id = payout.arrival_s + 9 * _HOUR_S, new_id(scene.rng, "txn_1", 23)
    failed = replace(payout, status="failed", failure_transaction_id=row_id)
    scene.tally.payout(-payout.amount_minor, payout.currency)
    _tell(scene, failed, "payout.failed", at_s)
    return BalanceTransaction(
        row_id,
        "payout_failure",
        "payout_reversal",
        payout.amount_minor,
        payout.currency,
        0,
        failed,
        at_s,
        "STRIPE PAYOUT (failed)",
    )


def _bank_line(scene: Scene, payout: Payout, shortfall_minor: int) -> BankLine:
    amount_minor = payout.amount_minor - shortfall_minor
    scene.tally.bank_line(amount_minor, payout.currency, of_gateway=True)
    named = payout.currency in _END_TO_END
    return BankLine(
        amount_minor=amount_minor,
        currency=payout.currency,
        booked=datetime.fromtimestamp(payout.arrival_s, UTC).date(),
        end_to_end=payout.id if named else "",
        party="STRIPE PAYMENTS EUROPE LTD" if payout.currency == "eur" else "STRIPE INC",
        text="Daily settlement" if named else f"STRIPE PAYOUT {payout.trace}",
    )


def _tell(scene: Scene, payout: Payout, type: str, at_s: int, *, previous: Mapping[str, object] | None = None) -> None:
    scene.tell(type, payout, at_s, payout.id, old=payout.currency in _OLD, previous=previous)
