"""A day at Flutterwave, version 4: naira and dollars, signed webhooks without fees, transfers in other currencies.

Trouble: payments of which no webhook comes, chargebacks won and lost, a transfer paid out of another currency, a fee in
a third one, a transfer that comes back, a settlement that is called paid and then fails.
"""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from contraflow.simulator import flutterwave_v4_bodies as bodies
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
    iso,
    major_number,
    part,
)
from contraflow.simulator.hook import Json
from contraflow.simulator.identifiers import new_id
from contraflow.simulator.payday import BankLine
from contraflow.simulator.truth import Break

ACCOUNT: Final = "lender-v4"
CONVERSION: Final = "9000"
KES_PER_USD_PPM: Final = 129_350_000

Life = Callable[[GatewayScene, Sale], None]


def play_flutterwave_v4(rng: random.Random, payments: int, day_start_s: int) -> GatewayDay:
    """Play a day with so many payments."""
    scene = GatewayScene("flutterwave_v4", ACCOUNT, rng, day_start_s)
    sales = [_sale(scene, number) for number in range(payments)]
    lives: list[Life] = [_SPECIAL[number] if number < len(_SPECIAL) else _paid for number in range(payments)]
    for sale, life in zip(sales, lives, strict=True):
        if life is _untold:
            scene.untold.add(sale.id)
        life(scene, sale)
    _transfers(scene)
    # The last few payments are settled another day; what was refunded was never settled.
    settled = [sale for sale in sales[:-2] if "settles" in sale.marks]
    _settle(scene, [sale for sale in settled if sale.currency == "NGN"], "NGN", fails_first=True)
    _settle(scene, [sale for sale in settled if sale.currency == "USD"], "USD", fails_first=False)
    ordinary = [sale.id for sale, life in zip(sales, lives, strict=True) if life is _paid]
    return played(scene, [rng.choice(ordinary)])


def _sale(scene: GatewayScene, number: int) -> Sale:
    rng = scene.rng
    currency = "USD" if number % 3 == 2 else "NGN"
    minor = rng.randrange(100_000, 9_000_000) if currency == "NGN" else rng.randrange(2_000, 90_000)
    app = part(minor, 20_000)
    fees = {"vat": part(app, 75_000), "app": app, "merchant": 0}
    at_s = scene.day_start_s + rng.randrange(OPEN_S)
    named = new_id(rng, "chg_", 10)
    body = bodies.charge(named, f"fw4{named[-8:]}", minor, currency, fees, caller_words(rng, number), at_s)
    return Sale(number, body, at_s, currency, minor, sum(fees.values()))


def _tell(scene: GatewayScene, kind: str, data: Json, at_s: int, subject: str) -> None:
    named = new_id(scene.rng, "wbk_", 12)
    scene.tell(kind, bodies.event(named, kind, at_s, data), at_s, subject)


def _pay(scene: GatewayScene, sale: Sale, *, settles: bool = True) -> None:
    _tell(scene, "charge.completed", bodies.told(sale.body), sale.at_s + 30, sale.id)
    scene.show("charges", sale.at_s, sale.body)
    paid(scene, sale)
    if settles:
        sale.marks["settles"] = 1


def _paid(scene: GatewayScene, sale: Sale) -> None:
    _pay(scene, sale)


def _untold(scene: GatewayScene, sale: Sale) -> None:
    """Paid, and no webhook of it is ever sent."""
    _pay(scene, sale)


def _failed(scene: GatewayScene, sale: Sale) -> None:
    sale.body |= {"status": "failed", "fees": [], "processor_response": {"type": "declined", "code": "51"}}
    _tell(scene, "charge.completed", bodies.told(sale.body), sale.at_s + 30, sale.id)
    scene.show("charges", sale.at_s, sale.body)
    scene.statuses[sale.id] = "failed"


def _refunded(share: int) -> Life:
    def life(scene: GatewayScene, sale: Sale) -> None:
        _pay(scene, sale, settles=False)
        minor, at_s = sale.amount_minor // share, sale.at_s + HOUR_S
        body = bodies.refund(new_id(scene.rng, "rfd_", 10), sale.body, minor, "succeeded", at_s)
        _tell(scene, "refund.completed", body, at_s, sale.id)
        scene.show("refunds", at_s, body)
        refunded(scene, sale, minor)
        scene.statuses[sale.id] = "refunded" if share == 1 else "partially_refunded"

    return life


def _charged_back(status: str) -> Life:
    def life(scene: GatewayScene, sale: Sale) -> None:
        _pay(scene, sale, settles=False)
        at_s = sale.at_s + HOUR_S
        body = bodies.chargeback(new_id(scene.rng, "chb_", 10), sale.body, sale.amount_minor, status, at_s)
        _tell(scene, "chargeback.created", {**body, "status": "initiated"}, at_s, sale.id)
        scene.show("chargebacks", at_s, body)
        charged_back(scene, sale, sale.amount_minor, status)

    return life


_SPECIAL: Final[tuple[Life, ...]] = (
    *(_untold, _refunded(1), _failed, _paid, _refunded(4), _charged_back("won"), _charged_back("lost"), _untold),
)


def _transfers(scene: GatewayScene) -> None:
    """At home with its fee and tax; out of dollars; with a fee in dollars; failed; arrived and come back."""
    at_s = scene.day_start_s + 12 * HOUR_S
    home = {"currency": "NGN", "rate_used": 1}

    def send(
        number: int,
        minor: int,
        sent_in: str,
        debit: Json,
        fee: tuple[str, int],
        kind: str = "transfer.disburse",
        status: str = "SUCCESSFUL",
        **more: object,
    ) -> None:
        named, made_s = new_id(scene.rng, "trf_", 10), at_s + 600 * number
        body = bodies.transfer(named, minor, sent_in, debit, fee, status, made_s, **more)
        _tell(scene, kind, body, made_s + 120, named)
        scene.show("transfers", made_s, body)

    minor = scene.rng.randrange(100, 900) * 1_000
    send(0, minor, "NGN", {**home, "actual_debit_amount": major_number(minor), "vat": major_number(75)}, ("NGN", 1_000))
    transferred(scene, minor, "NGN", arrived=True, came_back=False)
    scene.tally.entry((FEES, BALANCE, 1_075, "NGN"))

    paid_minor = scene.rng.randrange(10_000, 40_000)
    sent_minor = paid_minor * KES_PER_USD_PPM // 1_000_000
    debit = {
        "currency": "USD",
        "actual_debit_amount": major_number(paid_minor),
        "rate_used": Decimal(KES_PER_USD_PPM).scaleb(-6).normalize(),
        "vat": 0,
    }
    send(1, sent_minor, "KES", debit, ("USD", 150))
    transferred(scene, sent_minor, "KES", arrived=True, came_back=False)
    scene.tally.entry(
        (BALANCE, CONVERSION, sent_minor, "KES"), (CONVERSION, BALANCE, paid_minor, "USD"), (FEES, BALANCE, 150, "USD")
    )

    minor = scene.rng.randrange(100, 900) * 1_000
    send(2, minor, "NGN", {**home, "actual_debit_amount": major_number(minor), "vat": 0}, ("USD", 35))
    transferred(scene, minor, "NGN", arrived=True, came_back=False)
    scene.tally.entry((FEES, BALANCE, 35, "USD"))

    minor = scene.rng.randrange(100, 900) * 1_000
    send(3, minor, "NGN", home, ("NGN", 0), status="FAILED")
    transferred(scene, minor, "NGN", arrived=False, came_back=True)

    minor = scene.rng.randrange(100, 900) * 1_000
    came_back = {
        "reversal_datetime": iso(at_s + 9_000),
        "initial_status": "SUCCESSFUL",
        "reconciliation_status": "REVERSED",
        "reconciliation_type": "D",
    }
    whole = {**home, "actual_debit_amount": major_number(minor), "vat": 0}
    send(4, minor, "NGN", whole, ("NGN", 1_000), "transfer.reversal", "FAILED", reversal=came_back)
    transferred(scene, minor, "NGN", arrived=True, came_back=True)
    scene.tally.entry((FEES, BALANCE, 1_000, "NGN"))


def _settle(scene: GatewayScene, sales: list[Sale], currency: str, *, fails_first: bool) -> None:
    """One settlement of these payments; a first attempt may be called paid and fail, and its money is paid again."""
    at_s = scene.day_start_s + DAY_S + 3 * HOUR_S
    gross, fees = sum(sale.amount_minor for sale in sales), sum(sale.kept_minor for sale in sales)
    sums = gross, fees, gross - fees
    if fails_first:
        named = new_id(scene.rng, "stm_", 10)
        body = bodies.settlement(named, sums, currency, "completed", len(sales), at_s)
        _tell(scene, "settlement.completed", body, at_s, named)
        scene.show("settlements", at_s, {**body, "status": "failed"})
        scene.tally.entry((IN_TRANSIT, BALANCE, gross - fees, currency))
        scene.tally.entry((BALANCE, IN_TRANSIT, gross - fees, currency))
        scene.payouts[named] = "broken"
        scene.breaks.append(Break(named, "payout_failed", currency))
        at_s += 6 * HOUR_S
    named = new_id(scene.rng, "stm_", 10)
    body = bodies.settlement(named, sums, currency, "completed", len(sales), at_s)
    _tell(scene, "settlement.completed", body, at_s, named)
    scene.show("settlements", at_s, body)
    for sale in sales:
        sale.body |= {"settled": True, "settlement_id": [named]}
    scene.tally.entry((IN_TRANSIT, BALANCE, gross - fees, currency))
    scene.payouts[named] = "matched"
    text = f"FLUTTERWAVE INC {named}"
    scene.book_line(BankLine(gross - fees, currency.lower(), day_of(at_s), "", "Flutterwave", text), IN_TRANSIT)
