"""A day at Modern Treasury: loans sent and repayments pulled through our own bank account, and what comes back.

The bank's statement is what Modern Treasury reads of it, so no statement file names this account.

Trouble: orders of which no webhook comes, orders returned, reversed and failed after they were sent, a debit returned,
an order that the bank has not booked.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from contraflow.simulator import modern_treasury_bodies as bodies
from contraflow.simulator.gateway_day import GatewayDay, played
from contraflow.simulator.gateway_scene import DAY_S, HOUR_S, OPEN_S, GatewayScene, caller_words
from contraflow.simulator.hook import Json

ACCOUNT: Final = "org-northwind"
EXECUTED, SENT, BANK, CUSTOMERS = "2000", "2010", "6000", "7000"


@dataclass(slots=True)
class _Deal:
    """One order or receipt under way; the amount in cents."""

    number: int
    id: str
    at_s: int
    amount_minor: int
    words: Json
    kind: str


Life = Callable[[GatewayScene, _Deal], None]


def play_modern_treasury(rng: random.Random, payments: int, day_start_s: int) -> GatewayDay:
    """Play a day with so many orders and receipts."""
    scene = GatewayScene("modern_treasury", ACCOUNT, rng, day_start_s)
    deals = [_deal(scene, number) for number in range(payments)]
    lives: list[Life] = [_life(number) for number in range(payments)]
    for deal, life in zip(deals, lives, strict=True):
        if life in (_untold, _receipt_untold):
            scene.untold.add(deal.id)
        life(scene, deal)
    expected = bodies.expected(scene.uuid(), 12_500, day_start_s + HOUR_S)
    _tell(scene, "created", expected, day_start_s + HOUR_S, expected["id"])
    scene.show("expected_payments", day_start_s + HOUR_S, expected)
    ordinary = [deal.id for deal, life in zip(deals, lives, strict=True) if life is _sent]
    return played(scene, [rng.choice(ordinary)])


def _deal(scene: GatewayScene, number: int) -> _Deal:
    rng = scene.rng
    at_s = scene.day_start_s + rng.randrange(OPEN_S)
    words = caller_words(rng, number)
    return _Deal(number, scene.uuid(), at_s, rng.randrange(2_000, 500_000), words, rng.choice(("ach", "wire", "rtp")))


def _tell(scene: GatewayScene, event: str, data: Json, at_s: int, of: str) -> None:
    """A webhook, and the list of events that has it whether it was delivered or not."""
    topic = data["object"]
    headers = {"X-Topic": topic, "X-Webhook-ID": scene.uuid()}
    scene.tell(f"{topic}.{event}", {"event": event, "data": data}, at_s, of, headers=headers)
    scene.show("events", at_s, bodies.event(scene.uuid(), event, data, at_s))


def _order(scene: GatewayScene, deal: _Deal, direction: str, *events: tuple[str, str], **more: object) -> Json:
    """An order goes through `events`, each with the status that it has then; its list shows the last one."""
    kind = deal.kind if direction == "credit" else "ach"
    whole: Json = {}
    for step, (event, status) in enumerate(events):
        last = more if step == len(events) - 1 else {}
        whole = bodies.order(deal.id, direction, kind, deal.amount_minor, status, deal.words, deal.at_s, **last)
        _tell(scene, event, whole, deal.at_s + 600 * step, deal.id)
    scene.show("payment_orders", deal.at_s, whole)
    return whole


_ON_ITS_WAY: Final = (("approved", "approved"), ("finish_processing", "sent"))
_COMPLETED: Final = (*_ON_ITS_WAY, ("completed", "completed"))


def _bank(scene: GatewayScene, deal: _Deal, direction: str, later_s: int = DAY_S) -> None:
    """The bank books it."""
    at_s = deal.at_s + later_s
    body = bodies.transaction(scene.uuid(), deal.amount_minor, direction, "ach", at_s)
    _tell(scene, "created", body, at_s, deal.id)
    scene.show("transactions", at_s, body)
    gained = deal.amount_minor if direction == "credit" else -deal.amount_minor
    scene.tally.entry((BANK, EXECUTED, gained, "USD"))


def _send(scene: GatewayScene, deal: _Deal) -> None:
    scene.tally.entry((CUSTOMERS, SENT, deal.amount_minor, "USD"))
    scene.tally.entry((SENT, EXECUTED, deal.amount_minor, "USD"))


def _sent(scene: GatewayScene, deal: _Deal) -> None:
    """A loan is paid out."""
    _order(scene, deal, "credit", *_COMPLETED)
    _send(scene, deal)
    _bank(scene, deal, "debit")


def _untold(scene: GatewayScene, deal: _Deal) -> None:
    """A loan of which no webhook is ever sent."""
    _sent(scene, deal)


def _unbooked(scene: GatewayScene, deal: _Deal) -> None:
    """Executed, and the bank has only announced its line: it stays on the clearing account."""
    _order(scene, deal, "credit", *_COMPLETED)
    _send(scene, deal)
    at_s = deal.at_s + DAY_S
    body = bodies.transaction(scene.uuid(), deal.amount_minor, "debit", "ach", at_s, posted=False)
    _tell(scene, "created", body, at_s, deal.id)
    scene.show("transactions", at_s, body)


def _failed(scene: GatewayScene, deal: _Deal) -> None:
    """Sent, and then it could not be executed."""
    _order(scene, deal, "credit", *_ON_ITS_WAY, ("failed", "failed"), vendor_failure_reason="account closed")
    scene.tally.entry((CUSTOMERS, SENT, deal.amount_minor, "USD"))
    scene.tally.entry((SENT, CUSTOMERS, deal.amount_minor, "USD"))


def _returned(scene: GatewayScene, deal: _Deal) -> None:
    """The receiver's bank sends a loan back."""
    back = _came_back(scene, deal, "credit", "R03", "No account")
    _send(scene, deal)
    scene.tally.entry((EXECUTED, CUSTOMERS, deal.amount_minor, "USD"))
    _bank(scene, deal, "debit")
    _bank(scene, deal, "credit", DAY_S + HOUR_S)
    scene.show("returns", deal.at_s + HOUR_S, back)


def _came_back(scene: GatewayScene, deal: _Deal, direction: str, code: str, reason: str) -> Json:
    """An order is completed, then returned; the return is told by itself as well."""
    bare = bodies.order(deal.id, direction, "ach", deal.amount_minor, "returned", deal.words, deal.at_s)
    back = bodies.returned(scene.uuid(), bare, "payment_order", code, reason, deal.at_s + HOUR_S)
    _order(scene, deal, direction, *_COMPLETED, ("returned", "returned"), current_return=back)
    _tell(scene, "completed", back, deal.at_s + HOUR_S, deal.id)
    return back


def _reversed(scene: GatewayScene, deal: _Deal) -> None:
    """We take a loan back that was sent twice."""
    order = _order(scene, deal, "credit", *_COMPLETED, ("reversed", "reversed"))
    _tell(scene, "completed", bodies.reversal(scene.uuid(), order, deal.at_s + HOUR_S), deal.at_s + HOUR_S, deal.id)
    _send(scene, deal)
    scene.tally.entry((EXECUTED, CUSTOMERS, deal.amount_minor, "USD"))
    _bank(scene, deal, "debit")
    _bank(scene, deal, "credit", DAY_S + HOUR_S)


def _pulled(scene: GatewayScene, deal: _Deal) -> None:
    """A repayment is debited."""
    _order(scene, deal, "debit", *_COMPLETED)
    scene.tally.entry((EXECUTED, CUSTOMERS, deal.amount_minor, "USD"))
    _bank(scene, deal, "credit")
    scene.statuses[deal.id] = "succeeded"


def _pull_returned(scene: GatewayScene, deal: _Deal) -> None:
    """The borrower's bank returns a debit."""
    back = _came_back(scene, deal, "debit", "R01", "Insufficient funds")
    scene.tally.entry((EXECUTED, CUSTOMERS, deal.amount_minor, "USD"))
    scene.tally.entry((CUSTOMERS, EXECUTED, deal.amount_minor, "USD"))
    _bank(scene, deal, "credit")
    _bank(scene, deal, "debit", DAY_S + HOUR_S)
    scene.show("returns", deal.at_s + HOUR_S, back)
    scene.statuses[deal.id] = "reversed"


def _receipt(scene: GatewayScene, deal: _Deal) -> None:
    """A borrower sends a repayment."""
    body = bodies.receipt(deal.id, deal.amount_minor, deal.kind, deal.words, deal.at_s)
    _tell(scene, "created", {**body, "status": "pending"}, deal.at_s, deal.id)
    _tell(scene, "completed", body, deal.at_s + 900, deal.id)
    scene.show("incoming_payment_details", deal.at_s, body)
    scene.tally.entry((EXECUTED, CUSTOMERS, deal.amount_minor, "USD"))
    _bank(scene, deal, "credit", 1_800)
    scene.statuses[deal.id] = "succeeded"


def _receipt_untold(scene: GatewayScene, deal: _Deal) -> None:
    """A repayment of which no webhook is ever sent."""
    _receipt(scene, deal)


_SPECIAL: Final[tuple[Life, ...]] = (
    *(_untold, _pulled, _returned, _receipt, _failed, _pull_returned, _reversed, _receipt_untold, _unbooked, _sent),
)


def _life(number: int) -> Life:
    return _SPECIAL[number] if number < len(_SPECIAL) else (_sent, _pulled, _receipt)[number % 3]
