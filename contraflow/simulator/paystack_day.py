"""A day at Paystack: naira and cedis, a split, refunds told without their ids, settlements by list alone.

Trouble: payments of which no webhook comes, one whose webhook lacks the fee, a refund that fails after it was
processed, disputes won and lost, transfers that fail or come back, a settlement that reaches the bank short.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from contraflow.simulator import paystack_bodies as bodies
from contraflow.simulator.gateway_day import GatewayDay, played
from contraflow.simulator.gateway_scene import DAY_S, HOUR_S, OPEN_S, GatewayScene, caller_words, day_of, part
from contraflow.simulator.hook import Json
from contraflow.simulator.payday import BankLine
from contraflow.simulator.truth import Break

ACCOUNT: Final = "lender-ng"
BALANCE, IN_TRANSIT, DISPUTED, TRANSFERS = "1100", "1110", "1120", "1140"
CUSTOMERS, FEES, DISPUTE_LOSSES = "7000", "8000", "8100"
SHORT_MINOR: Final = 500


@dataclass(slots=True)
class _Sale:
    """One payment under way: what was told of it, and what a settlement will pay for it."""

    number: int
    body: Json
    at_s: int
    fee_minor: int
    shared_minor: int = 0
    kept_back_minor: int = 0

    @property
    def amount_minor(self) -> int:
        amount: int = self.body["amount"]
        return amount

    @property
    def currency(self) -> str:
        currency: str = self.body["currency"]
        return currency

    @property
    def reference(self) -> str:
        reference: str = self.body["reference"]
        return reference


Life = Callable[[GatewayScene, _Sale], None]


def play_paystack(rng: random.Random, payments: int, day_start_s: int) -> GatewayDay:
    """Play a day with so many payments."""
    scene = GatewayScene("paystack", ACCOUNT, rng, day_start_s)
    sales = [_sale(scene, number) for number in range(payments)]
    lives: list[Life] = [_SPECIAL[number] if number < len(_SPECIAL) else _paid for number in range(payments)]
    for sale, life in zip(sales, lives, strict=True):
        if life is _untold:
            scene.untold.add(sale.reference)
        life(scene, sale)
    _transfers(scene)
    # The last few payments are settled another day, and pay for the transfers.
    settled = [sale for sale in sales[:-3] if scene.statuses[sale.reference] not in ("failed", "initiated")]
    _settle(scene, [sale for sale in settled if sale.currency == "NGN"], "NGN", SHORT_MINOR)
    _settle(scene, [sale for sale in settled if sale.currency == "GHS"], "GHS", 0)
    ordinary = [sale.reference for sale, life in zip(sales, lives, strict=True) if life is _paid]
    return played(scene, [rng.choice(ordinary)])


def _sale(scene: GatewayScene, number: int) -> _Sale:
    rng = scene.rng
    currency = "GHS" if number % 5 == 4 else "NGN"
    amount = rng.randrange(2_000, 90_000) * 100 + rng.choice((0, 0, 50))
    fee = part(amount, 15_000) + 10_000 if currency == "NGN" else part(amount, 19_500)
    fee = min(fee, 200_000)
    at_s = scene.day_start_s + rng.randrange(OPEN_S)
    reference = f"ps-{rng.randrange(16**10):010x}-{number:04d}"
    words = caller_words(rng, number)
    return _Sale(number, bodies.transaction(scene.number(10), reference, amount, currency, fee, words, at_s), at_s, fee)


def _pay(scene: GatewayScene, sale: _Sale, *, fee_told: bool = True, shown: Json | None = None) -> None:
    """The money comes; `shown` is how the list shows the payment in the end, where that is not how it was told."""
    told = sale.body if fee_told else {**sale.body, "fees": None}
    scene.tell("charge.success", {"event": "charge.success", "data": told}, sale.at_s + 40, sale.reference)
    scene.show("transactions", sale.at_s, {**sale.body, **(shown or {})})
    scene.tally.entry((BALANCE, CUSTOMERS, sale.amount_minor, sale.currency))
    kept = [(FEES, BALANCE, sale.fee_minor, sale.currency)]
    if sale.shared_minor:
        kept.append((CUSTOMERS, BALANCE, sale.shared_minor, sale.currency))
    scene.tally.entry(*kept)
    scene.statuses[sale.reference] = "succeeded"


def _paid(scene: GatewayScene, sale: _Sale) -> None:
    _pay(scene, sale)


def _untold(scene: GatewayScene, sale: _Sale) -> None:
    """Paid, and no webhook of it is ever sent."""
    _pay(scene, sale)


def _paid_without_fee(scene: GatewayScene, sale: _Sale) -> None:
    """The webhook does not know the fee; it is fetched."""
    _pay(scene, sale, fee_told=False)


def _shared(scene: GatewayScene, sale: _Sale) -> None:
    """A part goes to a partner's subaccount; the fee is ours."""
    sale.shared_minor = part(sale.amount_minor, 300_000)
    ours = sale.amount_minor - sale.fee_minor - sale.shared_minor
    sale.body["fees_split"] = {
        "paystack": sale.fee_minor,
        "integration": ours,
        "subaccount": sale.shared_minor,
        "params": {"bearer": "account", "transaction_charge": "", "percentage_charge": "30"},
    }
    sale.body["subaccount"] = {"id": 37_614, "subaccount_code": "ACCT_partner1", "business_name": "A partner"}
    _pay(scene, sale)


def _failed(scene: GatewayScene, sale: _Sale) -> None:
    """Declined: Paystack sends no webhook, only the list says so."""
    told = {"status": "failed", "gateway_response": "Declined", "fees": None, "paid_at": None}
    scene.show("transactions", sale.at_s, {**sale.body, **told})
    scene.statuses[sale.reference] = "failed"


def _abandoned(scene: GatewayScene, sale: _Sale) -> None:
    told = {"status": "abandoned", "gateway_response": "The transaction was not completed", "fees": None}
    scene.show("transactions", sale.at_s, {**sale.body, **told, "paid_at": None})
    scene.statuses[sale.reference] = "initiated"


def _refunded(scene: GatewayScene, sale: _Sale) -> None:
    _pay(scene, sale, shown={"status": "reversed"})
    _give_back(scene, sale, sale.amount_minor)
    scene.statuses[sale.reference] = "reversed"


def _refunded_twice(scene: GatewayScene, sale: _Sale) -> None:
    """Two refunds of one sum: only their list tells them apart."""
    _pay(scene, sale)
    for _ in range(2):
        _give_back(scene, sale, sale.amount_minor // 4)
    scene.statuses[sale.reference] = "partially_refunded"


def _refund_failed(scene: GatewayScene, sale: _Sale) -> None:
    """The customer's bank sends a refund back that was called processed."""
    _pay(scene, sale)
    amount, at_s = sale.amount_minor // 3, sale.at_s + 2 * HOUR_S
    for status in ("processed", "failed"):
        scene.tell(f"refund.{status}", bodies.refund_told(sale.body, amount, status), at_s, sale.reference)
    scene.show("refunds", at_s, bodies.refund(scene.number(7), sale.body, amount, "failed", at_s))
    scene.tally.entry((CUSTOMERS, BALANCE, amount, sale.currency))
    scene.tally.entry((BALANCE, CUSTOMERS, amount, sale.currency))


def _give_back(scene: GatewayScene, sale: _Sale, amount: int, dispute: int = 0) -> None:
    at_s = sale.at_s + 2 * HOUR_S
    for status in ("pending", "processed"):
        scene.tell(f"refund.{status}", bodies.refund_told(sale.body, amount, status), at_s, sale.reference)
    more = {"dispute": dispute} if dispute else {}
    scene.show("refunds", at_s, bodies.refund(scene.number(7), sale.body, amount, "processed", at_s, **more))
    scene.tally.entry((CUSTOMERS, BALANCE, amount, sale.currency))
    sale.kept_back_minor += amount


def _dispute(scene: GatewayScene, sale: _Sale, resolution: str) -> int:
    _pay(scene, sale)
    number, at_s = scene.number(7), sale.at_s + HOUR_S
    opened = bodies.dispute(number, sale.body, sale.amount_minor, "awaiting-merchant-feedback", None, at_s)
    ended = bodies.dispute(number, sale.body, sale.amount_minor, "resolved", resolution, at_s)
    scene.tell("charge.dispute.create", {"event": "charge.dispute.create", "data": opened}, at_s, sale.reference)
    scene.tell("charge.dispute.resolve", {"event": "charge.dispute.resolve", "data": ended}, at_s + 9, sale.reference)
    scene.show("disputes", at_s, ended)
    return number


def _dispute_won(scene: GatewayScene, sale: _Sale) -> None:
    _dispute(scene, sale, "declined")


def _dispute_lost(scene: GatewayScene, sale: _Sale) -> None:
    """Lost, and paid by a refund that names the dispute."""
    number = _dispute(scene, sale, "merchant-accepted")
    _give_back(scene, sale, sale.amount_minor, number)
    scene.tally.entry((DISPUTED, CUSTOMERS, sale.amount_minor, sale.currency))
    scene.tally.entry((DISPUTE_LOSSES, DISPUTED, sale.amount_minor, sale.currency))
    scene.statuses[sale.reference] = "reversed"


_SPECIAL: Final[tuple[Life, ...]] = (
    *(_untold, _paid_without_fee, _shared, _failed, _paid, _refunded, _refunded_twice, _refund_failed),
    *(_dispute_won, _untold, _dispute_lost, _abandoned),
)


def _transfers(scene: GatewayScene) -> None:
    """Disbursements out of the balance: they arrive, fail, or come back after they arrived."""
    for number, status in enumerate(("success", "success", "failed", "reversed")):
        amount, fee = scene.rng.randrange(100, 900) * 1_000, 2_500
        at_s = scene.day_start_s + 10 * HOUR_S + 600 * number
        reference = f"disb-{scene.rng.randrange(16**12):012x}"
        body = bodies.transfer(scene.number(8), reference, amount, "NGN", status, fee, at_s)
        if status == "reversed":
            arrived = {**body, "status": "success"}
            scene.tell("transfer.success", {"event": "transfer.success", "data": arrived}, at_s + 600, reference)
        if number != 1:  # of the second nobody hears; the list has it
            scene.tell(f"transfer.{status}", {"event": f"transfer.{status}", "data": body}, at_s + 700, reference)
        scene.show("transfers", at_s, body)
        scene.tally.entry((TRANSFERS, BALANCE, amount, "NGN"))
        if status == "failed":
            scene.tally.entry((BALANCE, TRANSFERS, amount, "NGN"))
            continue
        scene.tally.entry((CUSTOMERS, TRANSFERS, amount, "NGN"))
        if status == "reversed":  # the arrival is undone, then the sum is back in the balance
            scene.tally.entry((TRANSFERS, CUSTOMERS, amount, "NGN"))
            scene.tally.entry((BALANCE, TRANSFERS, amount, "NGN"))
        else:
            scene.tally.entry((FEES, BALANCE, fee, "NGN"))


def _settle(scene: GatewayScene, sales: list[_Sale], currency: str, short_minor: int) -> None:
    """One settlement of all these payments; the bank receives it, now and then a little short."""
    number, at_s = scene.number(9), scene.day_start_s + DAY_S + HOUR_S
    processed = sum(sale.amount_minor for sale in sales)
    kept = sum(sale.fee_minor + sale.shared_minor for sale in sales)
    kept_back = sum(sale.kept_back_minor for sale in sales)
    body = bodies.settlement(number, currency, processed, kept, kept_back, "success", at_s)
    scene.show("settlements", at_s, body)
    for sale in sales:
        scene.show(f"settlement/{number}", sale.at_s, sale.body)
    amount: int = body["effective_amount"]
    scene.tally.entry((IN_TRANSIT, BALANCE, amount, currency))
    scene.payouts[str(number)] = "matched"
    if short_minor:
        scene.payouts[str(number)] = "broken"
        scene.breaks.append(Break(str(number), "amount_differs", currency, difference_minor=-short_minor))
    # The cedi bank names no settlement: its line is known by its sum.
    text = f"NIP/PAYSTACK PAYMENTS LTD/STL {number}" if currency == "NGN" else "PAYSTACK GH settlement"
    line = BankLine(amount - short_minor, currency.lower(), day_of(at_s), "", "Paystack", text)
    scene.book_line(line, IN_TRANSIT)
