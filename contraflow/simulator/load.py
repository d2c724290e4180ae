"""Load: single payments for benches, as the gateway tells them and as facts, each distinct and cheap to make."""

import random
from collections.abc import Iterator
from itertools import count
from typing import Final, Literal

from contraflow.simulator.charge import Charge
from contraflow.simulator.identifiers import new_id
from contraflow.simulator.payment_intent import PaymentIntent
from contraflow.simulator.purchase import LANES, Customer, new_customer, new_purchase
from contraflow.simulator.webhook import Webhook
from ledger.facts import Fact, encode_fact
from ledger.money import Money

_CREATED_S: Final = 1_794_787_200  # 2026-11-16, a fixed time: the same seed gives the same bytes
_DOLLARS: Final = ("USD",)


def stripe_payment_event(
    rng: random.Random,
    *,
    type: Literal["charge.succeeded", "payment_intent.succeeded"] = "charge.succeeded",
    lane: str = "usd",
    created_s: int = _CREATED_S,
    customer: Customer | None = None,
) -> bytes:
    """A whole event body of one new paid payment, about 3 to 4 KB, as the gateway sends it.

    Args:
        rng: draws ids and amount; every call makes another payment.
        type: which of the two tellings.
        lane: one of `LANES`, the currency paid and settled in.
        created_s: Unix time of the event.
        customer: who pays; a new one by default, one shared makes it quicker.
    """
    payer = customer or new_customer(rng, created_s)
    purchase = new_purchase(rng, rng.randrange(10**6), LANES[lane], payer, created_s)
    row_id = new_id(rng, "txn_3", 23)
    charge = Charge(purchase.charge_id, purchase, "succeeded", created_s, purchase.amount_minor, 0, row_id)
    told = (
        charge
        if type == "charge.succeeded"
        else PaymentIntent(purchase, "succeeded", (charge,), received_minor=purchase.amount_minor)
    )
    return Webhook(new_id(rng, "evt_3", 23), type, created_s, purchase.payment_id, told).body


def payment_fact(
    number: int,
    *,
    run: str = "load",
    accounts: int = 1,
    currencies: tuple[str, ...] = _DOLLARS,
    source: str = "stripe",
    effective_at: str = "2026-11-16T12:00:00Z",
) -> Fact:
    """The `payment.succeeded` fact with this number: the same number and run give the same fact and key.

    Args:
        number: from 0; another number is another payment.
        run: keeps the keys of one bench apart from those of another.
        accounts: over how many accounts at the source the payments are spread, in turn.
        currencies: ISO codes, in turn.
        source: the gateway it claims to come from, which chooses the posting rule.
        effective_at: RFC 3339.
    """
    account = f"acct_{run}_{number % accounts:06d}"
    payment = f"pi_{run}_{number:010d}"
    charge = f"ch_{run}_{number:010d}"
    base = f"{source}/{account}"
    return Fact(
        type="payment.succeeded",
        key=f"{base}/{payment}/succeeded",
        source=source,
        account=account,
        effective_at=effective_at,
        amounts={"gross": Money(str(499 + number * 7_919 % 24_500), currencies[number % len(currencies)])},
        links={"payment": payment, "charge": charge},
        references=(f"{base}/{payment}", f"{base}/{charge}"),
        status="succeeded",
        delivery=f"evt_{run}_{number:010d}",
        metadata={"order_id": f"order-{number:06d}"},
    )


def canonical_fact(number: int, *, run: str = "load", accounts: int = 1, source: str = "stripe") -> bytes:
    """As `payment_fact`, encoded as a record of the topic ``inbound.facts``: canonical JSON, about 400 bytes."""
    return encode_fact(payment_fact(number, run=run, accounts=accounts, source=source))


def canonical_facts(*, run: str = "load") -> Iterator[bytes]:
    """As `canonical_fact` for 0, 1, 2 and so on, at half the cost: one is encoded, the others are filled in."""
    first = canonical_fact(0, run=run).replace(b"%", b"%%")
    form = (
        first.replace(b"_%010d" % 0, b"_%(number)010d")
        .replace(b"order-%06d" % 0, b"order-%(number)06d")
        .replace(b'"499"', b'"%(amount)d"')
    )
    for number in count():
        yield form % {b"number": number, b"amount": 499 + number * 7_919 % 24_500}
