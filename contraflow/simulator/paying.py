"""How a payment is made: the lives of purchases up to the money being there, or not.

Each life tells its webhooks, moves the gateway balance, and writes down the status in which the payment must end.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from contraflow.simulator.charge import Charge
from contraflow.simulator.identifiers import new_id
from contraflow.simulator.payment_intent import PaymentIntent
from contraflow.simulator.purchase import Purchase
from contraflow.simulator.refund import Refund
from contraflow.simulator.scene import Scene

Life = Callable[[Scene, Purchase], None]


def paid(scene: Scene, purchase: Purchase) -> None:
    """Charged at once: the everyday payment."""
    begin(scene, purchase)
    succeed(scene, purchase)


def missing(scene: Scene, purchase: Purchase) -> None:
    """Paid, and in the payout, but not one webhook of it ever comes."""
    row_id, created_s = new_id(scene.rng, "txn_3", 23), purchase.created_s + 3
    charge = Charge(purchase.charge_id, purchase, "succeeded", created_s, purchase.amount_minor, 0, row_id)
    fee_minor = purchase.lane.fee_minor(purchase.lane.settled_minor(purchase.amount_minor))
    scene.move(
        purchase,
        "charge",
        "charge",
        purchase.amount_minor,
        charge,
        created_s,
        transaction_id=row_id,
        fee_minor=fee_minor,
    )


def paid_after_failure(scene: Scene, purchase: Purchase) -> None:
    """The first card is declined, the second is not."""
    begin(scene, purchase)
    failed_charge = _decline(scene, purchase)
    succeed(scene, purchase, wait_s=95, before=(failed_charge,))


def failed(scene: Scene, purchase: Purchase) -> None:
    """Declined, and never tried again."""
    begin(scene, purchase)
    _decline(scene, purchase)
    scene.statuses[purchase.payment_id] = "failed"


def initiated(scene: Scene, purchase: Purchase) -> None:
    """The customer was asked to confirm, and has not answered."""
    begin(scene, purchase)
    asked = PaymentIntent(purchase, "requires_action")
    _tell(scene, purchase, "payment_intent.requires_action", asked, purchase.created_s + 2)
    scene.statuses[purchase.payment_id] = "initiated"


def abandoned(scene: Scene, purchase: Purchase) -> None:
    """Cancelled before any charge."""
    begin(scene, purchase)
    _cancel(scene, purchase, purchase.created_s + 900, ())
    scene.statuses[purchase.payment_id] = "canceled"


def authorized(scene: Scene, purchase: Purchase) -> None:
    """Authorised; the capture comes another day."""
    begin(scene, purchase)
    _authorize(scene, purchase)
    scene.statuses[purchase.payment_id] = "authorized"


def released(scene: Scene, purchase: Purchase) -> None:
    """Authorised, then given back uncaptured: the old API version calls that a refund, yet no money ever moved."""
    begin(scene, purchase)
    at_s = purchase.created_s + 2_400
    charge = _let_go(scene, _authorize(scene, purchase), purchase.amount_minor, at_s)
    if purchase.old:
        _tell(scene, purchase, "charge.refunded", charge, at_s, previous={"amount_refunded": 0, "refunded": False})
    _cancel(scene, purchase, at_s, (charge,))
    scene.statuses[purchase.payment_id] = "canceled"


def captured(scene: Scene, purchase: Purchase) -> None:
    """Authorised, then captured whole."""
    begin(scene, purchase)
    _capture(scene, purchase, purchase.amount_minor)


def captured_partly(scene: Scene, purchase: Purchase) -> None:
    """Authorised, then captured in part; the rest is given back to the card."""
    begin(scene, purchase)
    _capture(scene, purchase, purchase.amount_minor * 2 // 3)


def pending(scene: Scene, purchase: Purchase) -> None:
    """A bank debit on its way."""
    begin(scene, purchase)
    _debit(scene, purchase)
    scene.statuses[purchase.payment_id] = "pending"


def debited(scene: Scene, purchase: Purchase) -> None:
    """A bank debit on its way, and then there."""
    begin(scene, purchase)
    _debit(scene, purchase)
    succeed(scene, purchase, wait_s=3_600)


def begin(scene: Scene, purchase: Purchase) -> None:
    """The payment intent is created; a charge without one begins with itself."""
    if purchase.intent_id:
        created = PaymentIntent(purchase, "requires_payment_method")
        _tell(scene, purchase, "payment_intent.created", created, purchase.created_s)


def succeed(scene: Scene, purchase: Purchase, *, wait_s: int = 3, before: tuple[Charge, ...] = ()) -> Charge:
    """The money is there, told by the charge and by its intent: one fact, two webhooks, sometimes three."""
    at_s, row_id = purchase.created_s + wait_s, new_id(scene.rng, "txn_3", 23)
    charge = Charge(purchase.charge_id, purchase, "succeeded", at_s, purchase.amount_minor, 0, row_id)
    _take(scene, charge, purchase.amount_minor, at_s)
    rowless = scene.rng.random() < 0.15
    _tell(scene, purchase, "charge.succeeded", replace(charge, transaction_id="") if rowless else charge, at_s)
    if purchase.intent_id:
        intent = PaymentIntent(purchase, "succeeded", (*before, charge), received_minor=purchase.amount_minor)
        _tell(scene, purchase, "payment_intent.succeeded", intent, at_s)
    if rowless:
        _tell(scene, purchase, "charge.updated", charge, at_s + 4, previous={"balance_transaction": None})
    scene.statuses[purchase.payment_id] = "succeeded"
    return charge


def _take(scene: Scene, charge: Charge, amount_minor: int, at_s: int) -> None:
    purchase = charge.purchase
    fee_minor = purchase.lane.fee_minor(purchase.lane.settled_minor(amount_minor))
    type_: Final = "payment" if purchase.method == "sepa_debit" else "charge"
    scene.move(
        purchase, type_, "charge", amount_minor, charge, at_s, transaction_id=charge.transaction_id, fee_minor=fee_minor
    )
    scene.tally.payment(amount_minor, purchase.currency)


def _decline(scene: Scene, purchase: Purchase) -> Charge:
    at_s = purchase.created_s + 3
    # An intent may be charged again under another id; without an intent the charge is the payment.
    charge_id = new_id(scene.rng, "ch_3", 23) if purchase.intent_id else purchase.charge_id
    charge = Charge(charge_id, purchase, "failed", at_s)
    _tell(scene, purchase, "charge.failed", charge, at_s)
    if purchase.intent_id:
        intent = PaymentIntent(purchase, "requires_payment_method", (charge,))
        _tell(scene, purchase, "payment_intent.payment_failed", intent, at_s)
    return charge


def _cancel(scene: Scene, purchase: Purchase, at_s: int, charges: tuple[Charge, ...]) -> None:
    canceled = PaymentIntent(purchase, "canceled", charges, canceled_at_s=at_s)
    _tell(scene, purchase, "payment_intent.canceled", canceled, at_s)


def _authorize(scene: Scene, purchase: Purchase) -> Charge:
    at_s = purchase.created_s + 3
    charge = Charge(purchase.charge_id, purchase, "succeeded", at_s)
    _tell(scene, purchase, "charge.succeeded", charge, at_s)
    if purchase.intent_id:
        intent = PaymentIntent(purchase, "requires_capture", (charge,), capturable_minor=purchase.amount_minor)
        _tell(scene, purchase, "payment_intent.amount_capturable_updated", intent, at_s)
    return charge


def _capture(scene: Scene, purchase: Purchase, amount_minor: int) -> None:
    held = _authorize(scene, purchase)
    at_s, row_id = purchase.created_s + 1_800, new_id(scene.rng, "txn_3", 23)
    charge = replace(held, captured_minor=amount_minor, transaction_id=row_id)
    charge = _let_go(scene, charge, purchase.amount_minor - amount_minor, at_s)
    _take(scene, charge, amount_minor, at_s)
    before = {"amount_captured": 0, "balance_transaction": None, "captured": False}
    _tell(scene, purchase, "charge.captured", charge, at_s, previous=before)
    if purchase.intent_id:
        intent = PaymentIntent(purchase, "succeeded", (charge,), received_minor=amount_minor)
        _tell(scene, purchase, "payment_intent.succeeded", intent, at_s)
    scene.statuses[purchase.payment_id] = "succeeded"


def _let_go(scene: Scene, charge: Charge, amount_minor: int, at_s: int) -> Charge:
    """What was held and is not captured; only the old API version writes it down, as a refund without a movement."""
    if not charge.purchase.old or not amount_minor:
        return charge
    refund = Refund(new_id(scene.rng, "re_3", 23), charge.purchase, amount_minor, "succeeded", at_s, "")
    return replace(charge, refunded_minor=amount_minor, refunds=(refund,))


def _debit(scene: Scene, purchase: Purchase) -> None:
    at_s = purchase.created_s + 2
    charge = Charge(purchase.charge_id, purchase, "pending", at_s, purchase.amount_minor)
    _tell(scene, purchase, "charge.pending", charge, at_s)
    _tell(scene, purchase, "payment_intent.processing", PaymentIntent(purchase, "processing", (charge,)), at_s)


def _tell(
    scene: Scene,
    purchase: Purchase,
    type: str,
    told: PaymentIntent | Charge,
    at_s: int,
    *,
    previous: Mapping[str, object] | None = None,
) -> None:
    scene.tell(type, told, at_s, purchase.payment_id, old=purchase.old, previous=previous)
