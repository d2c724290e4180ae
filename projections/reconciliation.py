"""Reconciliation: every payout against the bank lines that pay it and against what it says it is made of.

A batch first keeps what it tells, then judges anew whatever that can change: the payouts and lines it speaks of, those
that share a name with them, and those of the same currency and amount. Everything judged is a function of the rows
kept, so neither the order of telling nor the cut into batches shows in an item.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, LiteralString

import msgspec
import psycopg

from ledger.events import Recorded
from projections import reconciliation_rows as rows
from projections.payout_matching import BankLine, Match, Payout, match, words_of
from projections.reconciliation_facts import PayoutFact, Told, learn, read
from projections.reconciliation_item import Contents, Item, line_item, payout_item
from projections.tables import tables_of

_RANK: Final = {"payout.paid": 4, "payout.initiated": 3, "payout.failed": 2, "payout.canceled": 1}


class _Touched(msgspec.Struct):
    """What must be judged anew, with the last position that touched it."""

    payouts: dict[str, int] = {}
    lines: dict[str, int] = {}

    def payout(self, payout: str, position: int) -> None:
        self.payouts[payout] = max(self.payouts.get(payout, 0), position)

    def line(self, line: str, position: int) -> None:
        self.lines[line] = max(self.lines.get(line, 0), position)


class Reconciliation:
    """The projection `reconciliation`."""

    name: LiteralString = "reconciliation"

    def tables_sql(self) -> LiteralString:
        """DDL of ``item`` and of what it is judged by."""
        return tables_of(self.name)

    def apply(self, cursor: psycopg.Cursor[Any], book: str, events: Sequence[Recorded]) -> None:
        """Keep what the batch tells and judge what it touches."""
        told = read(events)
        touched = _Touched()
        spoken_of = _Touched()
        # Contents before payments: a payment told touches the payouts whose contents are there, this batch's as well.
        _keep_contents(cursor, book, told, touched)
        _keep_payments(cursor, book, told, touched)
        _keep_payouts(cursor, book, told, spoken_of)
        _keep_lines(cursor, book, told, spoken_of)
        if not (touched.payouts or spoken_of.payouts or spoken_of.lines):
            return
        world = _World(cursor, book)
        world.spread(spoken_of, touched)
        items = world.judge(touched)
        rows.keep_items(cursor, book, sorted(items, key=lambda item: (item[0].kind, item[0].item)))


def payout_of(facts: Sequence[PayoutFact]) -> Payout:
    """What the facts of one payout, one or more in any order, add up to."""
    best = max(facts, key=lambda fact: (_RANK[fact.type], fact.effective_at, fact.key))
    arrival_on = max(fact.arrival_on for fact in facts) or best.effective_on
    traces = {trace for fact in facts for trace in fact.trace_ids}
    return Payout(
        payout=best.payout,
        source=best.key.partition("/")[0],
        currency=best.currency,
        amount_minor=best.amount_minor,
        amounts_told=tuple(sorted({(fact.currency, fact.amount_minor) for fact in facts})),
        arrival_on=date.fromisoformat(arrival_on),
        automatic=all(fact.automatic != "false" for fact in facts),
        told=tuple(sorted({fact.type for fact in facts})),
        names=tuple(sorted(traces | set(words_of(best.payout)))),
    )


class _World:
    """The payouts and lines around what a batch speaks of, complete where matching needs it."""

    def __init__(self, cursor: psycopg.Cursor[Any], book: str) -> None:
        self._cursor = cursor
        self._book = book
        self._payouts: dict[str, Payout] = {}
        self._lines: dict[str, BankLine] = {}

    def spread(self, spoken_of: _Touched, touched: _Touched) -> None:
        """Load what can change and mark it in `touched`, which may already name payouts whose contents changed."""
        self._load(payouts={*spoken_of.payouts, *touched.payouts}, lines=spoken_of.lines)
        self._load_named()
        near = self._sharing_names(spoken_of)
        at_amount: dict[rows.Bucket, int] = {}
        for name, position in near.payouts.items():
            for bucket in self._payouts[name].amounts_told:
                at_amount[bucket] = max(at_amount.get(bucket, 0), position)
        for name, position in near.lines.items():
            bucket = _bucket(self._lines[name])
            at_amount[bucket] = max(at_amount.get(bucket, 0), position)
        # Every payout and line seen so far can be matched by amount: all its rivals must be known, touched or not.
        seen = {_bucket(payout) for payout in self._payouts.values()} | {_bucket(line) for line in self._lines.values()}
        self._load(buckets=seen | at_amount.keys())
        self._load_named()
        for name, payout in self._payouts.items():
            position = max(near.payouts.get(name, 0), at_amount.get(_bucket(payout), 0))
            if position:
                touched.payout(name, position)
        for name, line in self._lines.items():
            position = max(near.lines.get(name, 0), at_amount.get(_bucket(line), 0) if line.gateway else 0)
            if position:
                touched.line(name, position)

    def judge(self, touched: _Touched) -> list[tuple[Item, int]]:
        """The items of everything touched, with their positions."""
        matches = match(self._payouts.values(), self._lines.values())
        paying: dict[str, list[tuple[BankLine, Match]]] = {}
        for line in sorted(self._lines):
            found = matches.get(line)
            if found is not None and found.payout:
                paying.setdefault(found.payout, []).append((self._lines[line], found))
        known = [payout for payout in touched.payouts if payout in self._payouts]
        contents = rows.contents_of(self._cursor, self._book, known) if known else {}
        items = [
            (
                payout_item(self._payouts[payout], paying.get(payout, []), contents.get(payout, Contents())),
                touched.payouts[payout],
            )
            for payout in known
        ]
        return items + [
            (line_item(self._lines[line], matches.get(line)), position)
            for line, position in touched.lines.items()
            if self._lines[line].gateway
        ]

    def _sharing_names(self, spoken_of: _Touched) -> _Touched:
        """What is spoken of, what shares a name with it, and the other payouts that such a line could mean."""
        near = _Touched(dict(spoken_of.payouts), dict(spoken_of.lines))
        lines_named = _by_name(self._lines)
        for payout, position in spoken_of.payouts.items():
            for name in self._payouts[payout].names:
                for line in lines_named.get(name, ()):
                    near.line(line, position)
        payouts_named = _by_name(self._payouts)
        for line, position in near.lines.items():
            for name in self._lines[line].names:
                for payout in payouts_named.get(name, ()):
                    near.payout(payout, position)
        return near

    def _load(
        self,
        payouts: Iterable[str] = (),
        lines: Iterable[str] = (),
        buckets: Iterable[rows.Bucket] = (),
        payout_names: Iterable[str] = (),
        line_names: Iterable[str] = (),
    ) -> bool:
        """Load what is asked for; true when something new came."""
        before = len(self._payouts) + len(self._lines)
        for payout in rows.payouts_where(self._cursor, self._book, ids=payouts, names=line_names, buckets=buckets):
            self._payouts[payout.payout] = payout
        for line in rows.lines_where(self._cursor, self._book, ids=lines, names=payout_names, buckets=buckets):
            self._lines[line.line] = line
        return len(self._payouts) + len(self._lines) > before

    def _load_named(self) -> None:
        """Load lines that name a loaded payout and payouts that a loaded line names, until there are no more."""
        while True:
            payout_names = {name for payout in self._payouts.values() for name in payout.names}
            line_names = {name for line in self._lines.values() for name in line.names}
            if not self._load(payout_names=payout_names, line_names=line_names):
                return


def _bucket(one: Payout | BankLine) -> rows.Bucket:
    return one.currency, one.amount_minor


def _by_name(ones: Mapping[str, Payout | BankLine]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, one in ones.items():
        for name in one.names:
            found.setdefault(name, []).append(key)
    return found


def _keep_payments(cursor: psycopg.Cursor[Any], book: str, told: Told, touched: _Touched) -> None:
    if not told.payments:
        return
    for source, payout in rows.keep_payments(cursor, book, told.payments):
        touched.payout(payout, told.payments[source])


def _keep_contents(cursor: psycopg.Cursor[Any], book: str, told: Told, touched: _Touched) -> None:
    if told.contents:
        new = rows.keep_contents(cursor, book, [content for content, _ in told.contents.values()])
        for key in new:
            content, position = told.contents[key]
            if content.payout:
                touched.payout(content.payout, position)
    if told.content_payouts:
        linked = rows.link_contents(cursor, book, {key: payout for key, (payout, _) in told.content_payouts.items()})
        for key in linked:
            payout, position = told.content_payouts[key]
            touched.payout(payout, position)


def _keep_payouts(cursor: psycopg.Cursor[Any], book: str, told: Told, spoken_of: _Touched) -> None:
    if not told.payout_facts and not told.payout_repeats:
        return
    repeated = {key for key, _, _ in told.payout_repeats}
    facts = {fact.key: fact for fact in rows.payout_facts(cursor, book, told.payout_touched, repeated)}
    facts = told.payout_facts | facts
    for payout, position in told.payout_touched.items():
        spoken_of.payout(payout, position)
    for key, position, attributes in told.payout_repeats:
        if key in facts:
            learn(facts[key], attributes)
            spoken_of.payout(facts[key].payout, position)
    rows.keep_payout_facts(cursor, book, [facts[key] for key in sorted(facts)])
    by_payout: dict[str, list[PayoutFact]] = {}
    for fact in facts.values():
        by_payout.setdefault(fact.payout, []).append(fact)
    rows.keep_payouts(cursor, book, [payout_of(by_payout[payout]) for payout in sorted(by_payout)])


def _keep_lines(cursor: psycopg.Cursor[Any], book: str, told: Told, spoken_of: _Touched) -> None:
    if told.lines:
        rows.keep_lines(cursor, book, [told.lines[key][0] for key in sorted(told.lines)])
        for key, (_, position) in told.lines.items():
            spoken_of.line(key, position)
