"""A day at PayPal, told by polling alone: the report of transactions, the list of events, disputes.

PayPal signs webhooks with a certificate that comes from its own hosts; a simulator has none that may be believed, so
its events are read from their list, where PayPal keeps them for a month.

Trouble: payments that stand in the report alone, conversions, disputes won and lost with what is held for them, a
payout to somebody that comes back, a withdrawal that the bank returns.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from contraflow.simulator import paypal_bodies as bodies
from contraflow.simulator.gateway_day import GatewayDay, played
from contraflow.simulator.gateway_scene import DAY_S, HOUR_S, OPEN_S, GatewayScene, caller_words, day_of, part
from contraflow.simulator.payday import BankLine
from contraflow.simulator.truth import Break

ACCOUNT: Final = "2WSC6PDTGSDX4"
BALANCE, IN_TRANSIT, HELD, TRANSFERS = "1300", "1310", "1320", "1340"
CUSTOMERS, FEES, DISPUTE_LOSSES, CONVERSION = "7000", "8000", "8100", "9000"
USD_PER_EUR_PPM: Final = 1_082_500
_LETTERS: Final = "0123456789ABCDEFGHJKLMNPRSTUVWXY"


@dataclass(slots=True)
class _Sale:
    """One payment; amounts in minor units."""

    number: int
    id: str
    order: str
    at_s: int
    currency: str
    amount_minor: int
    fee_minor: int
    words: str


Life = Callable[[GatewayScene, _Sale], None]


def play_paypal(rng: random.Random, payments: int, day_start_s: int) -> GatewayDay:
    """Play a day with so many payments."""
    scene = GatewayScene("paypal", ACCOUNT, rng, day_start_s)
    for number in range(payments):
        sale = _sale(scene, number)
        life = _SPECIAL[number] if number < len(_SPECIAL) else _paid
        if life is _untold:
            scene.untold.add(sale.id)
        life(scene, sale)
    _transfers(scene)
    _withdraw(scene)
    return played(scene)


def _sale(scene: GatewayScene, number: int) -> _Sale:
    rng = scene.rng
    currency = "EUR" if number % 5 == 3 else "USD"
    minor = rng.randrange(1_000, 60_000)
    fee = part(minor, 34_900) + (49 if currency == "USD" else 39)
    words = caller_words(rng, number)
    said = f"{words['loan_id']}/{words['member_id']}/{words['payment_type']}"
    at_s = scene.day_start_s + rng.randrange(OPEN_S)
    return _Sale(number, _named(scene), _named(scene), at_s, currency, minor, fee, said)


def _named(scene: GatewayScene) -> str:
    """An identifier as PayPal makes them: 17 letters and digits."""
    return "".join(scene.rng.choices(_LETTERS, k=17))


def _tell(scene: GatewayScene, kind: str, resource_type: str, resource: dict[str, object], at_s: int, of: str) -> None:
    """An event happens; it is kept in the list of events, unless nobody is to hear of its subject."""
    if of not in scene.untold:
        scene.show("events", at_s, bodies.event(f"WH-{_named(scene)}", kind, resource_type, resource, at_s))


def _pay(scene: GatewayScene, sale: _Sale) -> None:
    net_minor, at_s = sale.amount_minor - sale.fee_minor, sale.at_s
    usd_minor, converted = 0, None
    if sale.currency != "USD":
        usd_minor = part(net_minor, USD_PER_EUR_PPM)
        converted = {
            "receivable_amount": bodies.money(usd_minor, "USD"),
            "exchange_rate": {"source_currency": sale.currency, "target_currency": "USD", "value": "1.0825"},
        }
    amounts = sale.amount_minor, sale.fee_minor, sale.currency
    told = bodies.capture(sale.id, sale.order, *amounts, sale.words, "COMPLETED", at_s, converted)
    _tell(scene, "PAYMENT.CAPTURE.COMPLETED", "capture", told, at_s + 5, sale.id)
    words = {"custom_field": sale.words}
    _row(scene, bodies.row(sale.id, "T0006", sale.amount_minor, -sale.fee_minor, sale.currency, at_s, **words), at_s)
    scene.tally.entry((BALANCE, CUSTOMERS, sale.amount_minor, sale.currency))
    scene.tally.entry((FEES, BALANCE, sale.fee_minor, sale.currency))
    if usd_minor:
        for minor, currency in ((-net_minor, sale.currency), (usd_minor, "USD")):
            _row(scene, bodies.row(_named(scene), "T0200", minor, 0, currency, at_s + 1, of=sale.id), at_s + 1)
            scene.tally.entry((BALANCE, CONVERSION, minor, currency))
    scene.statuses[sale.id] = "succeeded"


def _row(scene: GatewayScene, body: dict[str, object], at_s: int) -> None:
    scene.show("transactions", at_s, body)


def _paid(scene: GatewayScene, sale: _Sale) -> None:
    _pay(scene, sale)


def _untold(scene: GatewayScene, sale: _Sale) -> None:
    """In the report, and in no event."""
    _pay(scene, sale)


def _denied(scene: GatewayScene, sale: _Sale) -> None:
    amounts = sale.amount_minor, sale.fee_minor, sale.currency
    told = bodies.capture(sale.id, sale.order, *amounts, sale.words, "DECLINED", sale.at_s)
    _tell(scene, "PAYMENT.CAPTURE.DENIED", "capture", told, sale.at_s + 5, sale.id)
    scene.statuses[sale.id] = "failed"


def _refunded(share: int) -> Life:
    def life(scene: GatewayScene, sale: _Sale) -> None:
        _pay(scene, sale)
        named, at_s = _named(scene), sale.at_s + HOUR_S
        minor = sale.amount_minor // share
        fee = part(minor, 34_900)
        told = bodies.refund(named, sale.id, minor, fee, sale.currency, at_s)
        _tell(scene, "PAYMENT.CAPTURE.REFUNDED", "refund", told, at_s + 5, sale.id)
        _row(scene, bodies.row(named, "T1107", -minor, fee, sale.currency, at_s, of=sale.id), at_s)
        scene.tally.entry((CUSTOMERS, BALANCE, minor, sale.currency))
        scene.tally.entry((BALANCE, FEES, fee, sale.currency))
        scene.statuses[sale.id] = "refunded" if share == 1 else "partially_refunded"

    return life


def _disputed(outcome: str) -> Life:
    def life(scene: GatewayScene, sale: _Sale) -> None:
        """The funds are held while PayPal decides; a lost dispute takes them, and a fee."""
        _pay(scene, sale)
        named, at_s, minor = f"PP-D-{scene.number(6)}", sale.at_s + HOUR_S, sale.amount_minor
        opened = bodies.dispute(named, sale.id, minor, sale.currency, "", at_s)
        ended = bodies.dispute(named, sale.id, minor, sale.currency, outcome, at_s)
        _tell(scene, "CUSTOMER.DISPUTE.CREATED", "dispute", opened, at_s, sale.id)
        _tell(scene, "CUSTOMER.DISPUTE.RESOLVED", "dispute", ended, at_s + 2 * HOUR_S, sale.id)
        scene.show("disputes", at_s + 2 * HOUR_S, ended)
        for code, held, later_s in (("T1110", -minor, 60), ("T1111", minor, 2 * HOUR_S)):
            body = bodies.row(_named(scene), code, held, 0, sale.currency, at_s + later_s, of=sale.id)
            _row(scene, body, at_s + later_s)
            scene.tally.entry((BALANCE, HELD, held, sale.currency))
        if outcome == "RESOLVED_SELLER_FAVOUR":
            return
        gone_s = at_s + 2 * HOUR_S + 60
        _row(scene, bodies.row(_named(scene), "T1201", -minor, 0, sale.currency, gone_s, of=sale.id), gone_s)
        _row(scene, bodies.row(_named(scene), "T0106", -2_000, 0, sale.currency, gone_s, of=sale.id), gone_s)
        scene.tally.entry((CUSTOMERS, BALANCE, minor, sale.currency))
        scene.tally.entry((FEES, BALANCE, 2_000, sale.currency))
        scene.tally.entry((DISPUTE_LOSSES, CUSTOMERS, minor, sale.currency))
        scene.statuses[sale.id] = "reversed"

    return life


_SPECIAL: Final[tuple[Life, ...]] = (
    *(_untold, _refunded(1), _denied, _paid, _refunded(3), _disputed("RESOLVED_SELLER_FAVOUR")),
    *(_disputed("RESOLVED_BUYER_FAVOUR"), _untold),
)


def _transfers(scene: GatewayScene) -> None:
    """Payouts to borrowers: two that arrive and one that comes back."""
    at_s = scene.day_start_s + 13 * HOUR_S
    for number in range(3):
        named, minor, fee = _named(scene), scene.rng.randrange(2_000, 9_000), 25
        _row(scene, bodies.row(named, "T0001", -minor, -fee, "USD", at_s + number), at_s + number)
        scene.tally.entry((TRANSFERS, BALANCE, minor, "USD"))
        scene.tally.entry((CUSTOMERS, TRANSFERS, minor, "USD"))
        scene.tally.entry((FEES, BALANCE, fee, "USD"))
        if number == 2:
            back_s = at_s + 5 * HOUR_S
            _row(scene, bodies.row(_named(scene), "T1114", minor, 0, "USD", back_s, of=named), back_s)
            scene.tally.entry((BALANCE, TRANSFERS, minor, "USD"))
            scene.tally.entry((TRANSFERS, CUSTOMERS, minor, "USD"))


def _withdraw(scene: GatewayScene) -> None:
    """Two withdrawals to the bank, of which it returns the first; PayPal does not say what they are made of."""
    held = scene.tally.balances[BALANCE, "USD"]
    for number, minor in enumerate((held // 3, held // 2)):
        named, at_s = _named(scene), scene.day_start_s + DAY_S + number * HOUR_S
        trace = f"{scene.number(10)}"
        _row(scene, bodies.row(named, "T0400", -minor, 0, "USD", at_s, bank_reference_id=trace), at_s)
        scene.tally.entry((IN_TRANSIT, BALANCE, minor, "USD"))
        if number == 0:
            back_s = at_s + 6 * HOUR_S
            _row(scene, bodies.row(_named(scene), "T1101", minor, 0, "USD", back_s, of=named), back_s)
            scene.tally.entry((BALANCE, IN_TRANSIT, minor, "USD"))
            scene.payouts[named] = "broken"
            scene.breaks.append(Break(named, "payout_failed", "USD"))
            continue
        scene.payouts[named] = "matched"
        line = BankLine(minor, "usd", day_of(at_s + DAY_S), "", "PayPal", f"PAYPAL TRANSFER {trace}")
        scene.book_line(line, IN_TRANSIT)
