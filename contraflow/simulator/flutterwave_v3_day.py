"""A day at Flutterwave, version 3: naira and shillings, webhooks that prove nothing, refunds without a currency.

Trouble: payments of which no webhook comes, the flat webhooks of the older interface, a refund that fails, chargebacks
won, lost and open, transfers that do not arrive and one that only the list tells.
"""

import random
from collections.abc import Callable
from typing import Final

from contraflow.simulator import flutterwave_v3_bodies as bodies
from contraflow.simulator.flutterwave_sale import (
    BALANCE,
    FEES,
    IN_TRANSIT,
    Sale,
    charged_back,
    paid,
    refunded,
    transferred,
)
from contraflow.simulator.gateway_day import GatewayDay, played
from contraflow.simulator.gateway_scene import (
    DAY_S,
    HOUR_S,
    OPEN_S,
    GatewayScene,
    caller_words,
    day_of,
    major_number,
    part,
)
from contraflow.simulator.payday import BankLine

ACCOUNT: Final = "lender"

Life = Callable[[GatewayScene, Sale], None]


def play_flutterwave_v3(rng: random.Random, payments: int, day_start_s: int) -> GatewayDay:
    """Play a day with so many payments."""
    scene = GatewayScene("flutterwave_v3", ACCOUNT, rng, day_start_s)
    settlements = {"NGN": scene.number(6), "KES": scene.number(6)}
    sales = [_sale(scene, number) for number in range(payments)]
    lives: list[Life] = [_SPECIAL[number] if number < len(_SPECIAL) else _paid for number in range(payments)]
    for sale, life in zip(sales, lives, strict=True):
        sale.marks["settlement"] = settlements[sale.currency]
        if life is _untold:
            scene.untold.add(sale.id)
        life(scene, sale)
    _transfers(scene)
    # The last few payments are settled another day, and pay for the transfers.
    for currency, number in settlements.items():
        _settle(
            scene, [sale for sale in sales[:-3] if sale.currency == currency and "paid" in sale.marks], currency, number
        )
    ordinary = [sale.id for sale, life in zip(sales, lives, strict=True) if life is _paid]
    return played(scene, [rng.choice(ordinary)])


def _sale(scene: GatewayScene, number: int) -> Sale:
    rng = scene.rng
    currency = "KES" if number % 4 == 3 else "NGN"
    minor = rng.randrange(50_000, 5_000_000)
    fee = part(minor, 14_000 if currency == "NGN" else 29_000)
    at_s = scene.day_start_s + rng.randrange(OPEN_S)
    reference = f"fw3-{rng.randrange(16**8):08x}-{number:04d}"
    body = bodies.transaction(scene.number(9), reference, minor, currency, fee, caller_words(rng, number), at_s)
    return Sale(number, body, at_s, currency, minor, fee)


def _pay(scene: GatewayScene, sale: Sale) -> None:
    # Every third webhook comes in the older shape.
    told = bodies.flat(sale.body) if sale.number % 3 == 1 else bodies.told(sale.body)
    scene.tell("charge.completed", told, sale.at_s + 30, sale.id)
    scene.show("transactions", sale.at_s, sale.body)
    paid(scene, sale)
    sale.marks["paid"] = 1


def _paid(scene: GatewayScene, sale: Sale) -> None:
    _pay(scene, sale)


def _untold(scene: GatewayScene, sale: Sale) -> None:
    """Paid, and no webhook of it is ever sent."""
    _pay(scene, sale)


def _surcharged(scene: GatewayScene, sale: Sale) -> None:
    """The customer bears the fee."""
    sale.surcharge_minor = sale.kept_minor
    sale.body["charged_amount"] = major_number(sale.amount_minor + sale.surcharge_minor)
    sale.body["amount_settled"] = major_number(sale.amount_minor)
    _pay(scene, sale)


def _failed(scene: GatewayScene, sale: Sale) -> None:
    """Declined: told by a webhook, which has to be fetched like any other."""
    sale.body |= {"status": "failed", "processor_response": "Insufficient Funds", "amount_settled": None}
    scene.tell("charge.completed", bodies.told(sale.body), sale.at_s + 30, sale.id)
    scene.show("transactions", sale.at_s, sale.body)
    scene.statuses[sale.id] = "failed"


def _refunded_partly(scene: GatewayScene, sale: Sale) -> None:
    _pay(scene, sale)
    _give_back(scene, sale, sale.amount_minor // 3)
    scene.statuses[sale.id] = "partially_refunded"


def _refunded(scene: GatewayScene, sale: Sale) -> None:
    _pay(scene, sale)
    _give_back(scene, sale, sale.amount_minor)
    scene.statuses[sale.id] = "refunded"


def _give_back(scene: GatewayScene, sale: Sale, minor: int) -> None:
    number, at_s = scene.number(5), sale.at_s + HOUR_S
    body = bodies.refund(number, sale.body, minor, "completed", str(sale.marks["settlement"]), at_s)
    scene.tell("refund", bodies.refund_told(body), at_s, sale.id)
    scene.show("refunds", at_s, body)
    refunded(scene, sale, minor)
    sale.taken_minor += minor


def _refund_failed(scene: GatewayScene, sale: Sale) -> None:
    """A refund that never reached the customer and never left the balance."""
    _pay(scene, sale)
    at_s = sale.at_s + HOUR_S
    body = bodies.refund(scene.number(5), sale.body, sale.amount_minor // 2, "failed", "NEW", at_s)
    scene.tell("refund", bodies.refund_told(body), at_s, sale.id)
    scene.show("refunds", at_s, body)


def _charged_back(status: str) -> Life:
    def life(scene: GatewayScene, sale: Sale) -> None:
        _pay(scene, sale)
        at_s = sale.at_s + 2 * HOUR_S
        settlement = sale.marks["settlement"] if status == "lost" else None
        body = bodies.chargeback(scene.number(5), sale.body, sale.amount_minor, status, settlement, at_s)
        opened = {**body, "status": "initiated", "settlement_id": None}
        scene.tell("chargeback", {"event": "chargeback.created", "data": opened}, at_s, sale.id)
        scene.show("chargebacks", at_s, body)
        charged_back(scene, sale, sale.amount_minor, status)
        if status == "lost":
            sale.taken_minor += sale.amount_minor

    return life


_SPECIAL: Final[tuple[Life, ...]] = (
    *(_untold, _surcharged, _failed, _paid, _refunded_partly, _refund_failed, _refunded, _untold),
    *(_charged_back("won"), _charged_back("lost"), _charged_back("initiated")),
)


def _transfers(scene: GatewayScene) -> None:
    """Two that arrive, of which one is told by the list alone, and two that do not."""
    for number, status in enumerate(("SUCCESSFUL", "SUCCESSFUL", "FAILED", "FAILED")):
        minor, fee = scene.rng.randrange(100, 900) * 1_000, 1_075
        at_s = scene.day_start_s + 11 * HOUR_S + 300 * number
        named = scene.number(7)
        body = bodies.transfer(named, f"disb3-{named}", minor, "NGN", fee, status, at_s)
        if number != 1:
            told = {"event": "transfer.completed", "event.type": "Transfer", "data": body}
            scene.tell("transfer.completed", told, at_s + 60, str(named))
        scene.show("transfers", at_s, body)
        arrived = status == "SUCCESSFUL"
        transferred(scene, minor, "NGN", arrived=arrived, came_back=not arrived)
        if arrived:
            scene.tally.entry((FEES, BALANCE, fee, "NGN"))


def _settle(scene: GatewayScene, sales: list[Sale], currency: str, number: int) -> None:
    """One settlement of all these payments, which the bank names by Flutterwave's own reference."""
    at_s = scene.day_start_s + DAY_S + 2 * HOUR_S
    refunds = [sale.taken_minor for sale in sales]
    charged = sum(sale.amount_minor + sale.surcharge_minor for sale in sales)
    fees = sum(sale.kept_minor for sale in sales)
    net = charged - fees - sum(refunds)
    sums = {
        "gross_amount": charged,
        "app_fee": fees,
        "merchant_fee": 0,
        "chargeback": 0,
        "refund": sum(refunds),
        "stampduty_charge": 0,
        "net_amount": net,
    }
    trace = f"RV{scene.rng.randrange(16**12):012X}"
    scene.show("settlements", at_s, bodies.settlement(number, trace, sums, currency, len(sales), at_s))
    for sale in sales:
        scene.show(f"settlement/{number}", sale.at_s, bodies.settled(sale.body))
    scene.tally.entry((IN_TRANSIT, BALANCE, net, currency))
    scene.payouts[str(number)] = "matched"
    scene.book_line(BankLine(net, currency.lower(), day_of(at_s), trace, "Flutterwave", "FLW settlement"), IN_TRANSIT)
