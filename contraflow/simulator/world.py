"""A day at all gateways at once: one book, one bank, one truth.

Stripe's day is `contraflow.simulator.day`; the other gateways are played beside it, a few days before the present, so
that lists which reach back for some weeks only still show them. Everything but their dates follows from the seed.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from contraflow.simulator.day import Day, play_day
from contraflow.simulator.flutterwave_v3_day import play_flutterwave_v3
from contraflow.simulator.flutterwave_v4_day import play_flutterwave_v4
from contraflow.simulator.gateway_day import GatewayDay
from contraflow.simulator.modern_treasury_day import play_modern_treasury
from contraflow.simulator.paypal_day import play_paypal
from contraflow.simulator.paystack_day import play_paystack
from contraflow.simulator.statement import COLLECTION_ACCOUNTS, Statement, write_statement
from contraflow.simulator.truth import Truth, by_account

GATEWAY_PAYMENTS_MIN: Final = 16
DAYS_AGO: Final = 4  # the bank's last line of the day is booked before the present

_PLAYED: Final[dict[str, Callable[[random.Random, int, int], GatewayDay]]] = {
    "paystack": play_paystack,
    "flutterwave_v3": play_flutterwave_v3,
    "flutterwave_v4": play_flutterwave_v4,
    "paypal": play_paypal,
    "modern_treasury": play_modern_treasury,
}
GATEWAYS: Final = tuple(_PLAYED)


@dataclass(frozen=True, slots=True)
class World:
    """Everything that happens on the simulated day.

    Attributes:
        stripe: Stripe's day, with its pages and statements.
        gateways: the days of the other gateways.
        statements: of the bank accounts that the other gateways pay to.
        truth: what the one book must say in the end, Stripe's part included.
    """

    stripe: Day
    gateways: tuple[GatewayDay, ...]
    statements: tuple[Statement, ...]
    truth: Truth

    @property
    def all_statements(self) -> tuple[Statement, ...]:
        """Every bank statement."""
        return (*self.stripe.statements, *self.statements)


def play_world(
    seed: int, payments: int = 200, *, gateways: Sequence[str] = GATEWAYS, gateway_date: date = date(2026, 11, 16)
) -> World:
    """Play one day everywhere.

    Args:
        seed: same seed and sizes, same days; the same bytes for the same dates.
        payments: of Stripe's day; the others have a tenth each, and `GATEWAY_PAYMENTS_MIN` at least.
        gateways: which of `GATEWAYS` beside Stripe.
        gateway_date: the day of the other gateways.
    """
    stripe = play_day(seed, payments)
    day_start_s = int(datetime(gateway_date.year, gateway_date.month, gateway_date.day, tzinfo=UTC).timestamp())
    count = max(GATEWAY_PAYMENTS_MIN, payments // 10)
    days = tuple(_PLAYED[name](random.Random(f"{seed} {count} {name}"), count, day_start_s) for name in gateways)
    return World(stripe, days, _statements(seed, days, gateway_date), _truth(stripe.truth, days))


def _statements(seed: int, days: Sequence[GatewayDay], first_day: date) -> tuple[Statement, ...]:
    """One statement for each currency in which a gateway paid out."""
    rng = random.Random(f"{seed} {first_day} statements")
    lines = [line for day in days for line in day.lines]
    return tuple(
        write_statement(
            rng,
            currency,
            [line for line in lines if line.currency == currency],
            first_day,
            first_day + timedelta(days=2),
            account=COLLECTION_ACCOUNTS[currency],
        )
        for currency in sorted({line.currency for line in lines})
    )


def _truth(stripe: Truth, days: Sequence[GatewayDay]) -> Truth:
    truths = [stripe, *(day.truth for day in days)]
    balances: Counter[tuple[str, str]] = Counter()
    payments: dict[str, str] = {}
    payouts: dict[str, str] = {}
    for truth in truths:
        for account, by_currency in truth.balances.items():
            for currency, amount_minor in by_currency.items():
                balances[account, currency] += amount_minor
        assert not payments.keys() & truth.payments.keys(), "two gateways gave one id to two payments"
        assert not payouts.keys() & truth.payouts.keys(), "two gateways gave one id to two payouts"
        payments |= truth.payments
        payouts |= truth.payouts
    return Truth(
        balances=by_account(balances),
        payments=dict(sorted(payments.items())),
        payouts=dict(sorted(payouts.items())),
        breaks=tuple(each for truth in truths for each in truth.breaks),
        missing=stripe.missing,
        entries=sum(truth.entries for truth in truths),
        totals=dict(stripe.totals),
    )
