"""A day at a payment gateway: made up from a seed, with its trouble and its truth.

The same arguments give the same bytes. Nothing here reads a clock, opens a file or speaks to anybody.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from contraflow.simulator import giving_back, paying
from contraflow.simulator.balance_transaction import Page
from contraflow.simulator.identifiers import new_id
from contraflow.simulator.payday import BankLine, hold_payday
from contraflow.simulator.paying import Life
from contraflow.simulator.purchase import LANES, Customer, Purchase, new_customer, new_purchase
from contraflow.simulator.scene import Scene
from contraflow.simulator.statement import Statement, write_statement
from contraflow.simulator.trouble import deliver
from contraflow.simulator.truth import Truth, by_account
from contraflow.simulator.webhook import Webhook

PAYMENTS_MIN: Final = 60
ACCOUNT: Final = "acct_1NorthwindGoods"
_OPEN_S: Final = 64_000  # purchases happen between midnight and this second of the day
_CARD_IN_TEXT: Final = "Phone order, card 4242 4242 4242 4242"  # a test number that belongs to nobody


@dataclass(frozen=True, slots=True)
class Day:
    """A played day.

    Attributes:
        account: the gateway account that all of it happens at.
        webhooks: in the order of delivery, late ones last.
        pages: balance-transaction list pages; each knows its payout.
        statements: one bank statement file per currency account.
        truth: what the books must say in the end.
    """

    seed: int
    date: date
    account: str
    webhooks: tuple[Webhook, ...]
    pages: tuple[Page, ...]
    statements: tuple[Statement, ...]
    truth: Truth

    @property
    def prompt(self) -> tuple[Webhook, ...]:
        """The webhooks to deliver before pages and statements."""
        return tuple(webhook for webhook in self.webhooks if not webhook.late)

    @property
    def late(self) -> tuple[Webhook, ...]:
        """The webhooks to deliver after pages and statements."""
        return tuple(webhook for webhook in self.webhooks if webhook.late)


# A life, its lane, how often it happens in 200 purchases. Each happens at least once; what is left is simply paid.
_SPECIAL: Final[tuple[tuple[Life, str, int], ...]] = (
    (paying.missing, "usd", 0),
    (giving_back.refund_failed, "usd", 1),
    (giving_back.dispute_won, "usd", 1),
    (giving_back.dispute_lost, "usd", 1),
    (giving_back.dispute_open, "gbp>usd", 1),
    (giving_back.inquiry, "usd", 1),
    (paying.failed, "usd", 7),
    (paying.failed, "eur", 2),
    (paying.paid_after_failure, "usd", 6),
    (paying.captured, "usd", 8),
    (paying.captured_partly, "usd", 4),
    (paying.captured_partly, "eur", 1),
    (paying.authorized, "usd", 3),
    (paying.released, "usd", 2),
    (paying.abandoned, "usd", 4),
    (paying.initiated, "eur", 3),
    (paying.pending, "eur", 2),
    (paying.debited, "eur", 4),
    (giving_back.refunded, "usd", 7),
    (giving_back.refunded, "gbp>usd", 1),
    (giving_back.refunded_partly, "usd", 5),
    (giving_back.refunded_partly, "eur", 2),
    (giving_back.refunded_partly, "chf>eur", 1),
    (giving_back.refunded_partly, "jpy", 1),
    (giving_back.refunded_twice, "usd", 2),
    (giving_back.refunded_slowly, "usd", 2),
    (paying.paid, "gbp>usd", 4),
    (paying.paid, "jpy>usd", 1),
    (paying.paid, "chf>eur", 2),
    (paying.paid, "isk>usd", 1),
    (paying.paid, "jpy", 8),
    (paying.paid, "kwd", 0),
    (paying.paid, "eur", 22),
)
_MANUAL: Final = frozenset({paying.captured, paying.captured_partly, paying.authorized, paying.released})
_DEBIT: Final = frozenset({paying.pending, paying.debited})
# Lives that an old integration leads without a payment intent: it only makes charges.
_INTENTLESS: Final = frozenset({paying.paid, paying.failed, paying.captured, giving_back.refunded})


def play_day(
    seed: int,
    payments: int = 200,
    date: date = date(2026, 11, 16),
    *,
    account: str = ACCOUNT,
    doubled_share: float = 0.08,
    late_share: float = 0.02,
    old_share: float = 0.2,
) -> Day:
    """Play one day.

    Args:
        seed: same seed and sizes, same bytes.
        payments: how many purchases are made; at least `PAYMENTS_MIN`, or `ValueError`.
        date: the day; payouts reach the bank on the next one, a failed payout's money on the one after.
        account: id of the gateway account.
        doubled_share, late_share: how many of the webhooks come twice, and how many too late.
        old_share: how many purchases are told in the shapes of the old API version.
    """
    if payments < PAYMENTS_MIN:
        raise ValueError(f"a day has at least {PAYMENTS_MIN} payments, so that each trouble fits in; not {payments}")
    rng = random.Random(f"{seed} {payments} {date} {account} {doubled_share} {late_share} {old_share}")
    day_start_s = int(datetime(date.year, date.month, date.day, tzinfo=UTC).timestamp())
    scene = Scene(rng, day_start_s)
    purchases, lives = _plan(rng, payments, day_start_s, old_share)
    missing = purchases[lives.index(paying.missing)]
    for purchase, life in zip(purchases, lives, strict=True):
        life(scene, purchase)
    payday = hold_payday(scene, purchases, missing)
    statements = _statements(scene, payday.lines, date)
    events = len(scene.webhooks)
    _tell_the_rest(scene, purchases, account)
    webhooks = deliver(
        rng,
        scene.webhooks,
        doubled_share=doubled_share,
        late_share=late_share,
        late_subjects=_late_subjects(rng, purchases, lives, payday.states),
    )
    truth = Truth(
        balances=by_account(scene.tally.balances),
        payments=dict(sorted(scene.statuses.items())),
        payouts=payday.states,
        breaks=payday.breaks,
        missing=(missing.payment_id,),
        entries=scene.tally.entries,
        totals=_totals(lives, webhooks, payday.states, payday.lines, events),
    )
    return Day(seed, date, account, webhooks, payday.pages, statements, truth)


def _plan(rng: random.Random, payments: int, day_start_s: int, old_share: float) -> tuple[list[Purchase], list[Life]]:
    roles = [(life, lane) for life, lane, per_200 in _SPECIAL for _ in range(max(1, per_200 * payments // 200))]
    roles += [(paying.paid, "usd")] * (payments - len(roles))
    rng.shuffle(roles)
    created_s = sorted(day_start_s + rng.randrange(_OPEN_S) for _ in roles)
    customers = [new_customer(rng, day_start_s) for _ in range(max(20, payments // 8))]
    purchases: list[Purchase] = []
    for number, (life, lane) in enumerate(roles):
        old = rng.random() < old_share
        purchase = new_purchase(
            rng,
            number,
            LANES[lane],
            rng.choice(customers),
            created_s[number],
            old=old,
            with_intent=not (old and life in _INTENTLESS and rng.random() < 0.3),
            method="sepa_debit" if life in _DEBIT else "card",
            manual=life in _MANUAL,
            description=_CARD_IN_TEXT if number % 97 == 11 else "",
        )
        purchases.append(purchase)
    return purchases, [life for life, _ in roles]


def _statements(scene: Scene, payout_lines: Sequence[BankLine], day: date) -> tuple[Statement, ...]:
    """One statement per currency, with lines that have nothing to do with the gateway."""
    next_day = day + timedelta(days=1)
    order = scene.rng.randrange(1_000, 10_000)
    others = [
        BankLine(-320_000, "usd", next_day, f"RENT-{next_day:%Y-%m}", "Harbour Estates LLC", "Rent for the warehouse"),
        BankLine(scene.rng.randrange(5_000, 90_000), "usd", next_day, "", "Dunja Horvat", f"Invoice {order} thank you"),
        BankLine(-scene.rng.randrange(900, 4_000), "eur", next_day, "", "Northern Power", "Electricity"),
        BankLine(
            scene.rng.randrange(5_000, 90_000), "eur", next_day, f"INV-{order}", "Jonas Brandt", f"Invoice {order}"
        ),
        BankLine(-scene.rng.randrange(300, 900), "jpy", next_day, "", "North Bank", "Account fee"),
    ]
    for line in others:
        scene.tally.bank_line(line.amount_minor, line.currency, of_gateway=False)
    lines = [*payout_lines, *others]
    currencies = dict.fromkeys(line.currency for line in lines)
    last_day = day + timedelta(days=2)
    return tuple(
        write_statement(scene.rng, currency, [line for line in lines if line.currency == currency], day, last_day)
        for currency in currencies
    )


class _Told:
    """An object that no connector knows."""

    def __init__(self, **words: Any) -> None:
        self._words = words

    def as_json(self, old: bool) -> dict[str, Any]:
        return self._words


def _tell_the_rest(scene: Scene, purchases: Sequence[Purchase], account: str) -> None:
    """Events that mean nothing to a ledger, of which a gateway sends many."""
    seen: set[str] = set()
    for purchase in purchases:
        customer: Customer = purchase.customer
        if customer.id not in seen and len(seen) < 200:
            seen.add(customer.id)
            scene.tell("customer.created", customer, purchase.created_s - 1, customer.id, old=purchase.old)
    end_s = scene.day_start_s + 86_000
    method = _Told(id=new_id(scene.rng, "pm_1", 23), object="payment_method", type="card", livemode=False, metadata={})
    product = _Told(id=new_id(scene.rng, "prod_", 14), object="product", active=True, livemode=False, metadata={})
    funds = [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}]
    balance = _Told(object="balance", available=funds, livemode=False, pending=funds)
    scene.tell("payment_method.attached", method, end_s, "payment_method")
    scene.tell("product.created", product, end_s + 1, "product")
    scene.tell("balance.available", balance, end_s + 2, "balance")
    scene.tell("v2.core.account.updated", _Told(), end_s + 3, account)


def _late_subjects(
    rng: random.Random, purchases: Sequence[Purchase], lives: Sequence[Life], payouts: dict[str, str]
) -> frozenset[str]:
    """One ordinary payment and one good payout of which nothing is heard until everybody else is done."""
    ordinary = [purchase for purchase, life in zip(purchases, lives, strict=True) if life is paying.paid]
    good = [payout for payout, state in payouts.items() if state == "matched"]
    return frozenset({rng.choice(ordinary).payment_id, rng.choice(good)})


def _totals(
    lives: Sequence[Life],
    webhooks: Sequence[Webhook],
    payouts: dict[str, str],
    lines: Sequence[BankLine],
    told_events: int,
) -> dict[str, int]:
    counted = Counter(life.__name__ for life in lives)
    return {
        "payments": len(lives),
        **{f"payments_{name}": count for name, count in sorted(counted.items())},
        "payouts": len(payouts),
        "bank_lines_of_gateway": len(lines),
        "events": sum(not webhook.repeat for webhook in webhooks),
        "events_unknown": sum(not webhook.repeat for webhook in webhooks) - told_events,
        "webhooks": len(webhooks),
        "webhooks_doubled": sum(webhook.repeat for webhook in webhooks),
        "webhooks_late": sum(webhook.late for webhook in webhooks),
    }
