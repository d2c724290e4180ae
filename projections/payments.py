"""Payments: one row a payment with its status, everything told about it, and the provider's ids that lead to it.

A payment is named by the link ``payment`` of its facts. Each batch loads the timelines of the payments it touches in
one query, adds to them, and writes every touched row back in one statement.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Final, LiteralString

import msgspec
import psycopg

from ledger.events import Recorded
from projections.appended import Appended, Row
from projections.bodies import decode_body
from projections.columns import numbers, texts
from projections.payment_status import Sighting, payment_state
from projections.tables import tables_of

_KINDS: Final = {
    "EntryPosted": "posted",
    "FactObserved": "observed",
    "FactParked": "parked",
    "FactRefused": "refused",
}
_REFERENCE_LINKS: Final = ("charge", "refund", "dispute")


class Told(msgspec.Struct):
    """What a batch says: sightings and references by payment, and repeats whose payment is that of `of`."""

    sightings: dict[str, list[Sighting]] = {}
    references: dict[tuple[str, str], int] = {}
    repeats: "list[tuple[int, Sighting, dict[str, str]]]" = []


class Payments:
    """The projection `payments`."""

    name: LiteralString = "payments"

    def tables_sql(self) -> LiteralString:
        """DDL of ``payment``, ``timeline`` and ``reference``."""
        return tables_of(self.name)

    def apply(self, cursor: psycopg.Cursor[Any], book: str, events: Sequence[Recorded]) -> None:
        """Add the batch to the timelines and fold the touched payments anew."""
        told = read(events)
        attach_repeats(told, _payments_at(cursor, book, told))
        if not told.sightings:
            return
        earlier = _timelines(cursor, book, sorted(told.sightings))
        _write_timelines(cursor, book, told)
        # What nothing was told of before has no row either: it is appended, which costs the server half of an upsert.
        _append_payments(cursor, book, {name: new for name, new in told.sightings.items() if name not in earlier})
        _write_payments(cursor, book, {name: old + told.sightings[name] for name, old in earlier.items()})
        _write_references(cursor, book, told, earlier)


def read(events: Iterable[Recorded]) -> Told:
    """The sightings among `events`; a repeat that does not name its payment itself stays in `repeats`."""
    told = Told()
    for recorded in events:
        kind = _KINDS.get(recorded.type)
        if kind is not None:
            fact = decode_body(_fact_decoder, recorded.body).fact
            payment = fact.links.get("payment")
            if payment:
                add(told, payment, _sighting(recorded, kind, fact), fact.links)
        elif recorded.type == "FactRepeated":
            repeat = decode_body(_repeat_decoder, recorded.body)
            told.repeats.append((repeat.of, _sighting(recorded, "repeated", repeat), repeat.links))
    return told


def add(told: Told, payment: str, sighting: Sighting, links: dict[str, str]) -> None:
    """Put one sighting under its payment, and the ids it links to."""
    told.sightings.setdefault(payment, []).append(sighting)
    if sighting.kind != "refused":
        for name in _REFERENCE_LINKS:
            if name in links and (reference := links[name]) and reference != payment:
                # Repeats are attached after everything else, so the first to come here need not be the earliest.
                known_at = told.references.get((reference, payment), sighting.position)
                told.references[reference, payment] = min(known_at, sighting.position)


def _sighting(recorded: Recorded, kind: str, fact: "_Fact") -> Sighting:
    amount, currency = fact.amounts.get("gross", (None, ""))
    thing = fact.type.partition(".")[0]
    return Sighting(
        # In the order of the fields: named ones cost twice as much, and this is done for every event.
        recorded.position,
        kind,
        fact.type,
        fact.key,
        fact.source,
        fact.account,
        fact.effective_at,
        recorded.recorded_at_us,
        int(amount) if amount is not None else None,
        currency,
        fact.status,
        fact.delivery,
        # Without the link the key names the object: everything before its transition.
        "" if thing == "payment" else fact.links.get(thing) or fact.key.rpartition("/")[0],
    )


def attach_repeats(told: Told, payments: dict[int, tuple[str, str]]) -> None:
    """Put repeats under the payment of their first telling: in the batch, or in `payments` by its position."""
    payments |= {
        sighting.position: (payment, sighting.object)
        for payment, sightings in told.sightings.items()
        for sighting in sightings
    }
    for of, sighting, links in told.repeats:
        payment, thing = payments.get(of) or (links.get("payment", ""), sighting.object)
        if payment:
            add(told, payment, msgspec.structs.replace(sighting, object=thing), {**links, "payment": payment})


def _payments_at(cursor: psycopg.Cursor[Any], book: str, told: Told) -> dict[int, tuple[str, str]]:
    """Payment and object of the first tellings that the batch repeats, by position."""
    if not told.repeats:
        return {}
    cursor.execute(
        "SELECT position, payment, object FROM timeline WHERE book = %s AND position = ANY(%s::bigint[])",
        (book, numbers(sorted({of for of, _, _ in told.repeats}))),
    )
    return {position: (payment, thing) for position, payment, thing in cursor}


def _timelines(cursor: psycopg.Cursor[Any], book: str, payments: list[str]) -> dict[str, list[Sighting]]:
    cursor.execute(_LOAD, {"book": book, "payments": texts(payments)})
    found: dict[str, list[Sighting]] = {}
    for payment, *row in cursor:
        row[8] = None if row[8] is None else int(row[8])
        found.setdefault(payment, []).append(Sighting(*row))
    for sightings in found.values():
        sightings.sort(key=attrgetter("position"))
    return found


def _write_timelines(cursor: psycopg.Cursor[Any], book: str, told: Told) -> None:
    rows = [(row.position, payment, row) for payment, sightings in told.sightings.items() for row in sightings]
    rows.sort(key=itemgetter(0))
    _TIMELINE.write(cursor, [_timeline_row(book, payment, row) for _, payment, row in rows])


def _timeline_row(book: str, payment: str, row: Sighting) -> Row:
    return (
        book,
        f"{row.position}",
        payment,
        row.kind,
        row.type,
        row.key,
        row.source,
        row.account,
        row.effective_at,
        f"{row.recorded_at_us}",
        None if row.amount_minor is None else f"{row.amount_minor}",
        row.currency,
        row.status,
        row.delivery,
        row.object,
    )


def _append_payments(cursor: psycopg.Cursor[Any], book: str, timelines: dict[str, list[Sighting]]) -> None:
    _PAYMENT.write(cursor, [_payment_row(book, name, timelines[name]) for name in sorted(timelines)])


def _payment_row(book: str, name: str, sightings: list[Sighting]) -> Row:
    state = payment_state(sightings)
    return (
        book,
        name,
        state.source,
        state.account,
        state.status,
        state.currency,
        f"{state.amount_minor}",
        f"{state.refunded_minor}",
        state.effective_at,
        f"{len(sightings)}",
        f"{max([sighting.position for sighting in sightings])}",
    )


def _write_payments(cursor: psycopg.Cursor[Any], book: str, timelines: dict[str, list[Sighting]]) -> None:
    if not timelines:
        return
    names = sorted(timelines)
    states = [payment_state(timelines[name]) for name in names]
    cursor.execute(
        _WRITE,
        {
            "book": book,
            "payments": texts(names),
            "sources": texts([state.source for state in states]),
            "accounts": texts([state.account for state in states]),
            "statuses": texts([state.status for state in states]),
            "currencies": texts([state.currency for state in states]),
            "amounts": numbers([state.amount_minor for state in states]),
            "refunded": numbers([state.refunded_minor for state in states]),
            "effective": texts([state.effective_at for state in states]),
            "sightings": numbers([len(timelines[name]) for name in names]),
            "positions": numbers([max([sighting.position for sighting in timelines[name]]) for name in names]),
        },
    )


def _write_references(cursor: psycopg.Cursor[Any], book: str, told: Told, earlier: dict[str, list[Sighting]]) -> None:
    keys = sorted(told.references)
    _REFERENCE.write(
        cursor,
        [(book, *key, f"{told.references[key]}") for key in keys if key[1] not in earlier],
    )
    keys = [key for key in keys if key[1] in earlier]
    if not keys:
        return
    cursor.execute(
        "INSERT INTO reference (book, reference, payment, position)"
        " SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::bigint[]) ON CONFLICT DO NOTHING",
        (
            book,
            texts([reference for reference, _ in keys]),
            texts([payment for _, payment in keys]),
            numbers([told.references[key] for key in keys]),
        ),
    )


class _Fact(msgspec.Struct, kw_only=True, gc=False):
    """The part of a fact that a timeline shows."""

    type: str
    key: str
    source: str
    account: str
    effective_at: str
    amounts: dict[str, tuple[str, str]] = {}
    links: dict[str, str] = {}
    status: str = ""
    delivery: str = ""


class _Repeat(_Fact, kw_only=True, gc=False):
    """A `FactRepeated`: a fact without amounts, and the position of its first telling."""

    of: int


class _WithFact(msgspec.Struct, gc=False):
    """Any event that carries a whole fact."""

    fact: _Fact


_fact_decoder: Final = msgspec.json.Decoder(_WithFact)
_repeat_decoder: Final = msgspec.json.Decoder(_Repeat)

# Sorted here: asked for their order the server reads whole books along the primary key rather than sort a few rows.
_LOAD: Final = """
SELECT payment, position, kind, type, key, source, account, effective_at, recorded_at_us, amount, currency, status,
    delivery, object
FROM timeline
WHERE book = %(book)s AND payment = ANY(%(payments)s::text[])
"""

_TIMELINE: Final = Appended(
    "timeline",
    {
        "book": "text",
        "position": "bigint",
        "payment": "text",
        "kind": "text",
        "type": "text",
        "key": "text",
        "source": "text",
        "account": "text",
        "effective_at": "text",
        "recorded_at_us": "bigint",
        "amount": "numeric",
        "currency": "text",
        "status": "text",
        "delivery": "text",
        "object": "text",
    },
)

_PAYMENT: Final = Appended(
    "payment",
    {
        "book": "text",
        "payment": "text",
        "source": "text",
        "account": "text",
        "status": "text",
        "currency": "text",
        "amount": "numeric",
        "refunded": "numeric",
        "effective_at": "text",
        "sightings": "bigint",
        "position": "bigint",
    },
)

_REFERENCE: Final = Appended(
    "reference", {"book": "text", "reference": "text", "payment": "text", "position": "bigint"}
)

_WRITE: Final = """
INSERT INTO payment (
    book, payment, source, account, status, currency, amount, refunded, effective_at, sightings, position
)
SELECT %(book)s, payment, source, account, status, currency, amount, refunded, effective_at,
    sightings, position
FROM unnest(
    %(payments)s::text[], %(sources)s::text[], %(accounts)s::text[], %(statuses)s::text[], %(currencies)s::text[],
    %(amounts)s::numeric[], %(refunded)s::numeric[], %(effective)s::text[],
    %(sightings)s::bigint[], %(positions)s::bigint[]
) AS folded (
    payment, source, account, status, currency, amount, refunded, effective_at, sightings, position
)
ON CONFLICT (book, payment) DO UPDATE SET
    source = excluded.source,
    account = excluded.account,
    status = excluded.status,
    currency = excluded.currency,
    amount = excluded.amount,
    refunded = excluded.refunded,
    effective_at = excluded.effective_at,
    sightings = excluded.sightings,
    position = excluded.position
"""
