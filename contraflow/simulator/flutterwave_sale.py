"""Flutterwave, both versions: a payment under way, and how payments, chargebacks and transfers move the accounts."""

from dataclasses import dataclass, field
from typing import Final

from contraflow.simulator.gateway_scene import GatewayScene
from contraflow.simulator.hook import Json

BALANCE, IN_TRANSIT, DISPUTED, TRANSFERS = "1200", "1210", "1220", "1240"
CUSTOMERS, FEES, DISPUTE_LOSSES = "7000", "8000", "8100"
PAID: Final = "paid"


@dataclass(slots=True)
class Sale:
    """One payment.

    Attributes:
        body: as it is verified or fetched.
        amount_minor: what the merchant asked for.
        kept_minor: all that Flutterwave keeps of it.
        surcharge_minor: what the customer was charged on top.
        taken_minor: refunds and lost chargebacks, which its settlement takes back.
    """

    number: int
    body: Json
    at_s: int
    currency: str
    amount_minor: int
    kept_minor: int
    surcharge_minor: int = 0
    taken_minor: int = 0
    marks: dict[str, int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Under which the payment is known."""
        return str(self.body["id"])

    @property
    def net_minor(self) -> int:
        """What its settlement pays for it, before what is taken back."""
        return self.amount_minor + self.surcharge_minor - self.kept_minor


def paid(scene: GatewayScene, sale: Sale) -> None:
    """The balance gains the amount and loses what Flutterwave keeps; a surcharge pays for that."""
    scene.tally.entry((BALANCE, CUSTOMERS, sale.amount_minor, sale.currency))
    scene.tally.entry((FEES, BALANCE, sale.kept_minor, sale.currency))
    scene.tally.entry((BALANCE, FEES, sale.surcharge_minor, sale.currency))
    scene.statuses[sale.id] = "succeeded"


def refunded(scene: GatewayScene, sale: Sale, minor: int) -> None:
    """A refund left the balance."""
    scene.tally.entry((CUSTOMERS, BALANCE, minor, sale.currency))


def refund_failed(scene: GatewayScene, sale: Sale, minor: int) -> None:
    """A refund came back."""
    scene.tally.entry((BALANCE, CUSTOMERS, minor, sale.currency))


def charged_back(scene: GatewayScene, sale: Sale, minor: int, end: str) -> None:
    """A chargeback was opened, and ended: ``won``, ``lost``, or not yet."""
    scene.tally.entry((DISPUTED, BALANCE, minor, sale.currency))
    if end == "won":
        scene.tally.entry((BALANCE, DISPUTED, minor, sale.currency))
    elif end == "lost":
        scene.tally.entry((DISPUTE_LOSSES, DISPUTED, minor, sale.currency))
    scene.statuses[sale.id] = {"won": "succeeded", "lost": "reversed"}.get(end, "disputed")


def transferred(scene: GatewayScene, minor: int, currency: str, *, arrived: bool, came_back: bool) -> None:
    """A transfer left the balance, arrived or not, and may have come back."""
    scene.tally.entry((TRANSFERS, BALANCE, minor, currency))
    if arrived:
        scene.tally.entry((CUSTOMERS, TRANSFERS, minor, currency))
    if came_back:
        scene.tally.entry((BALANCE, TRANSFERS, minor, currency))
        if arrived:
            scene.tally.entry((TRANSFERS, CUSTOMERS, minor, currency))
