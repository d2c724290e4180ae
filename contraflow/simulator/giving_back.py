"""How money goes back: the lives of purchases that end in a refund or a dispute.

A refund that fails and a dispute that is won put the money back; their balance transactions say so as well.
"""

from collections.abc import Mapping

from contraflow.simulator.balance_transaction import BalanceTransaction
from contraflow.simulator.charge import Charge
from contraflow.simulator.dispute import Dispute
from contraflow.simulator.identifiers import new_id
from contraflow.simulator.paying import begin, succeed
from contraflow.simulator.purchase import Purchase
from contraflow.simulator.refund import Refund
from contraflow.simulator.scene import Scene

_DISPUTE_FEE_MINOR = {"usd": 1_500, "eur": 2_000}


def refunded(scene: Scene, purchase: Purchase) -> None:
    """Paid, then given back whole."""
    begin(scene, purchase)
    _give_back(scene, succeed(scene, purchase), purchase.amount_minor, 5_000)
    scene.statuses[purchase.payment_id] = "refunded"


def refunded_partly(scene: Scene, purchase: Purchase) -> None:
    """Paid, then given back in part."""
    begin(scene, purchase)
    _give_back(scene, succeed(scene, purchase), _part_minor(purchase), 5_000)
    scene.statuses[purchase.payment_id] = "partially_refunded"


def refunded_twice(scene: Scene, purchase: Purchase) -> None:
    """Paid, then given back in two parts that make the whole."""
    begin(scene, purchase)
    charge = _give_back(scene, succeed(scene, purchase), _part_minor(purchase), 4_000)
    _give_back(scene, charge, purchase.amount_minor - _part_minor(purchase), 6_000)
    scene.statuses[purchase.payment_id] = "refunded"


def refunded_slowly(scene: Scene, purchase: Purchase) -> None:
    """Paid, then given back by a refund that is pending for a while."""
    begin(scene, purchase)
    _give_back(scene, succeed(scene, purchase), purchase.amount_minor, 5_000, slow=True)
    scene.statuses[purchase.payment_id] = "refunded"


def refund_failed(scene: Scene, purchase: Purchase) -> None:
    """Paid, then given back, but the customer's bank returns it: the money is ours to owe again."""
    begin(scene, purchase)
    charge = _give_back(scene, succeed(scene, purchase), purchase.amount_minor, 5_000)
    last, at_s, row_id = charge.refunds[-1], purchase.created_s + 8_000, new_id(scene.rng, "txn_3", 23)
    failure = Refund(last.id, purchase, last.amount_minor, "failed", last.created_s, last.transaction_id, row_id)
    scene.move(purchase, "refund_failure", "refund_failure", last.amount_minor, failure, at_s, transaction_id=row_id)
    scene.tally.refund(-last.amount_minor, purchase.currency)
    previous = {"status": "succeeded", "failure_balance_transaction": None}
    types = ("charge.refund.updated",) if purchase.old else ("refund.updated", "refund.failed")
    for type_ in types:
        changed = None if type_ == "refund.failed" else previous
        scene.tell(type_, failure, at_s, purchase.payment_id, old=purchase.old, previous=changed)


def dispute_won(scene: Scene, purchase: Purchase) -> None:
    """Paid, disputed, won: the money and the dispute fee come back."""
    dispute = _dispute(scene, purchase)
    at_s, withdrawal = purchase.created_s + 12_000, dispute.transactions[0]
    row = _dispute_row(scene, dispute, dispute.amount_minor, -withdrawal.fee_minor, at_s, "dispute_reversal")
    won = _later(dispute, "won", (withdrawal, row))
    scene.tally.withdrawal(-dispute.amount_minor, purchase.currency)
    _tell(scene, won, "charge.dispute.funds_reinstated", at_s)
    _tell(scene, won, "charge.dispute.closed", at_s)
    scene.statuses[purchase.payment_id] = "succeeded"


def dispute_lost(scene: Scene, purchase: Purchase) -> None:
    """Paid, disputed, lost."""
    dispute = _dispute(scene, purchase)
    lost = _later(dispute, "lost", dispute.transactions)
    scene.tally.dispute_lost(dispute.amount_minor, purchase.currency)
    _tell(scene, lost, "charge.dispute.closed", purchase.created_s + 12_000)
    scene.statuses[purchase.payment_id] = "reversed"


def dispute_open(scene: Scene, purchase: Purchase) -> None:
    """Paid, then disputed; nobody has decided yet."""
    _dispute(scene, purchase)
    scene.statuses[purchase.payment_id] = "disputed"


def inquiry(scene: Scene, purchase: Purchase) -> None:
    """Paid, then the customer's bank only asks, and is content with the answer: no money moves."""
    begin(scene, purchase)
    succeed(scene, purchase)
    asked = Dispute(
        _dispute_id(scene, purchase),
        purchase,
        purchase.amount_minor,
        "warning_needs_response",
        purchase.created_s + 7_000,
    )
    _tell(scene, asked, "charge.dispute.created", asked.created_s)
    _tell(scene, _later(asked, "warning_closed", ()), "charge.dispute.closed", asked.created_s + 4_000)
    scene.statuses[purchase.payment_id] = "succeeded"


def _part_minor(purchase: Purchase) -> int:
    # Whole steps: the gateway wants some currencies' last digits to be zero.
    step_minor = purchase.lane.step_minor
    return purchase.amount_minor // 3 // step_minor * step_minor


def _give_back(scene: Scene, charge: Charge, amount_minor: int, wait_s: int, *, slow: bool = False) -> Charge:
    purchase, at_s = charge.purchase, charge.purchase.created_s + wait_s
    refund_id, row_id = new_id(scene.rng, "re_3", 23), new_id(scene.rng, "txn_3", 23)
    first = Refund(refund_id, purchase, amount_minor, "pending" if slow else "succeeded", at_s, row_id)
    done = Refund(refund_id, purchase, amount_minor, "succeeded", at_s, row_id)
    type_ = "payment_refund" if purchase.method == "sepa_debit" else "refund"
    scene.move(purchase, type_, "refund", -amount_minor, done, at_s, transaction_id=row_id)
    scene.tally.refund(amount_minor, purchase.currency)

    def refunded_by(refund: Refund) -> Charge:
        total_minor = charge.refunded_minor + amount_minor
        return Charge(
            charge.id,
            purchase,
            charge.status,
            charge.created_s,
            charge.captured_minor,
            total_minor,
            charge.transaction_id,
            (*charge.refunds, refund),
        )

    def tell(type: str, told: Refund | Charge, later_s: int, previous: Mapping[str, object] | None = None) -> None:
        scene.tell(type, told, at_s + later_s, purchase.payment_id, old=purchase.old, previous=previous)

    if not purchase.old:
        tell("refund.created", first, 0)
    changed: dict[str, object] = {"amount_refunded": charge.refunded_minor, "refunded": False}
    tell("charge.refunded", refunded_by(first), 0, changed)
    if slow:
        tell("charge.refund.updated" if purchase.old else "refund.updated", done, 1_200, {"status": "pending"})
    elif scene.rng.random() < 0.5:
        tell("charge.refund.updated" if purchase.old else "refund.updated", done, 600, {"receipt_number": None})
    return refunded_by(done)


def _dispute(scene: Scene, purchase: Purchase) -> Dispute:
    begin(scene, purchase)
    succeed(scene, purchase)
    at_s = purchase.created_s + 7_000
    bare = Dispute(_dispute_id(scene, purchase), purchase, purchase.amount_minor, "needs_response", at_s)
    fee_minor = _DISPUTE_FEE_MINOR[purchase.lane.settles_in]
    row = _dispute_row(scene, bare, -purchase.amount_minor, fee_minor, at_s, "dispute")
    dispute = _later(bare, "needs_response", (row,))
    scene.tally.withdrawal(purchase.amount_minor, purchase.currency)
    _tell(scene, dispute, "charge.dispute.created", at_s)
    _tell(scene, dispute, "charge.dispute.funds_withdrawn", at_s)
    _tell(scene, _later(dispute, "under_review", (row,)), "charge.dispute.updated", at_s + 1_500)
    return dispute


def _dispute_id(scene: Scene, purchase: Purchase) -> str:
    return new_id(scene.rng, "dp_1" if purchase.old else "du_1", 23)


def _dispute_row(
    scene: Scene, dispute: Dispute, charged_minor: int, fee_minor: int, at_s: int, category: str
) -> BalanceTransaction:
    return scene.move(
        dispute.purchase,
        "adjustment",
        category,
        charged_minor,
        dispute,
        at_s,
        transaction_id=new_id(scene.rng, "txn_1", 23),
        fee_minor=fee_minor,
        description=f"Chargeback {'withdrawal' if charged_minor < 0 else 'reversal'} for {dispute.purchase.charge_id}",
    )


def _later(dispute: Dispute, status: str, transactions: tuple[BalanceTransaction, ...]) -> Dispute:
    return Dispute(dispute.id, dispute.purchase, dispute.amount_minor, status, dispute.created_s, transactions)


def _tell(scene: Scene, dispute: Dispute, type: str, at_s: int) -> None:
    previous = {"status": "needs_response"} if type.endswith((".updated", ".closed")) else None
    scene.tell(type, dispute, at_s, dispute.purchase.payment_id, old=dispute.purchase.old, previous=previous)
