"""What a batch of events says that matters to reconciliation, decoded once each.

A parked fact was told as well: a payout that failed before it was paid waits in the book for ever, and a content row
that waits for its payment still belongs to its payout.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec

from ledger.events import Recorded
from projections.bodies import decode_body
from projections.entries import effective_day
from projections.payout_matching import BankLine, gateway_named, words_of

_TOLD: Final = frozenset({"EntryPosted", "FactObserved", "FactParked"})
_PAYOUT_TYPES: Final = frozenset({"payout.initiated", "payout.paid", "payout.failed", "payout.canceled"})


class PayoutFact(msgspec.Struct):
    """One fact about a payout; later tellings of it may add an arrival day and trace ids."""

    key: str
    payout: str
    type: str
    amount_minor: int
    currency: str
    effective_at: str
    effective_on: str
    arrival_on: str
    automatic: str
    trace_ids: set[str]


class Content(msgspec.Struct, frozen=True):
    """One movement of the gateway's balance; payout is empty until somebody told which."""

    key: str
    transaction: str
    payout: str
    category: str
    source: str
    net_minor: int
    currency: str


class Told(msgspec.Struct):
    """What a batch says, each with the position of its first telling in the batch (of payouts: the last).

    Attributes:
        payout_facts: by key.
        payout_touched: payout -> last position.
        payout_repeats: further tellings: key, position, attributes.
        lines, contents: by key.
        content_payouts: content key -> payout, learned by a further telling.
        payments: ids under which payments that succeeded were told.
    """

    payout_facts: dict[str, PayoutFact] = {}
    payout_touched: dict[str, int] = {}
    payout_repeats: list[tuple[str, int, dict[str, str]]] = []
    lines: dict[str, tuple[BankLine, int]] = {}
    contents: dict[str, tuple[Content, int]] = {}
    content_payouts: dict[str, tuple[str, int]] = {}
    payments: dict[str, int] = {}


def read(events: Iterable[Recorded]) -> Told:
    """Sort a batch by what it is about; anything else is passed over."""
    told = Told()
    for recorded in events:
        if recorded.type in _TOLD:
            fact = decode_body(_fact_decoder, recorded.body).fact
            position = recorded.position
            if fact.type == "payment.succeeded":
                if recorded.type != "FactParked":
                    _told_payment(told, fact.links, position)
            elif fact.type == "settlement.recorded":
                told.contents.setdefault(fact.key, (_content(fact), position))
            elif fact.type in _PAYOUT_TYPES:
                payout = _payout_fact(fact, recorded.recorded_at_us)
                told.payout_facts.setdefault(fact.key, payout)
                told.payout_touched[payout.payout] = position
            elif fact.type == "bank.line.booked":
                told.lines.setdefault(fact.key, (_line(fact, recorded.recorded_at_us), position))
        elif recorded.type == "FactRepeated":
            repeat = decode_body(_repeat_decoder, recorded.body)
            if repeat.type == "payment.succeeded":
                _told_payment(told, repeat.links, recorded.position)
            elif repeat.type == "settlement.recorded" and repeat.links.get("payout"):
                told.content_payouts.setdefault(repeat.key, (repeat.links["payout"], recorded.position))
            elif repeat.type in _PAYOUT_TYPES:
                told.payout_repeats.append((repeat.key, recorded.position, repeat.attributes))
    return told


def learn(fact: PayoutFact, attributes: dict[str, str]) -> None:
    """Add what a telling says beside the money: the latest arrival day, every trace id; any order, same result."""
    fact.arrival_on = max(fact.arrival_on, _day_or_none(attributes.get("arrival_date", "")))
    if attributes.get("automatic") == "false":
        fact.automatic = "false"
    if attributes.get("trace_id"):
        fact.trace_ids.update(words_of(attributes["trace_id"]))


def _told_payment(told: Told, links: dict[str, str], position: int) -> None:
    for name in ("charge", "payment"):
        reference = links.get(name)
        if reference:
            told.payments.setdefault(reference, position)


def _payout_fact(fact: "_Fact", recorded_at_us: int) -> PayoutFact:
    amount, currency = fact.amounts.get("gross", ("0", ""))
    payout = PayoutFact(
        key=fact.key,
        payout=fact.links.get("payout") or fact.key.rpartition("/")[0],
        type=fact.type,
        amount_minor=int(amount),
        currency=currency,
        effective_at=fact.effective_at,
        effective_on=effective_day(fact.effective_at, recorded_at_us),
        arrival_on="",
        automatic="",
        trace_ids=set(),
    )
    learn(payout, fact.attributes)
    return payout


def _line(fact: "_Fact", recorded_at_us: int) -> BankLine:
    amount, currency = fact.amounts.get("gross", ("0", ""))
    texts = (fact.attributes.get("end_to_end_id", ""), fact.attributes.get("text", ""))
    day = _day_or_none(fact.attributes.get("value_date", "")) or effective_day(fact.effective_at, recorded_at_us)
    return BankLine(
        line=fact.key,
        account=fact.account,
        statement=fact.links.get("statement", ""),
        currency=currency,
        amount_minor=int(amount),
        value_on=date.fromisoformat(day),
        gateway=gateway_named(*texts),
        names=words_of(*texts, fact.attributes.get("account_servicer_ref", "")),
    )


def _content(fact: "_Fact") -> Content:
    gross, currency = fact.amounts.get("gross", ("0", ""))
    fee, _ = fact.amounts.get("fee", ("0", ""))
    net, currency = fact.amounts.get("net", (str(int(gross) - int(fee)), currency))
    return Content(
        key=fact.key,
        transaction=fact.links.get("transaction") or fact.key,
        payout=fact.links.get("payout", ""),
        category=fact.links.get("category", ""),
        source=fact.links.get("source", ""),
        net_minor=int(net),
        currency=currency,
    )


def _day_or_none(text: str) -> str:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return ""


class _Fact(msgspec.Struct, kw_only=True, gc=False):
    """The part of a fact that reconciliation reads."""

    type: str
    key: str
    account: str
    effective_at: str
    amounts: dict[str, tuple[str, str]] = {}
    links: dict[str, str] = {}
    attributes: dict[str, str] = {}


class _WithFact(msgspec.Struct, gc=False):
    """Any event that carries a whole fact."""

    fact: _Fact


_fact_decoder: Final = msgspec.json.Decoder(_WithFact)
_repeat_decoder: Final = msgspec.json.Decoder(_Fact)
