"""What would be posted for a fact, as T-accounts, without posting it."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from ledger.book import Book, Decided, Known
from ledger.conversion import with_source
from ledger.entries import Line
from ledger.errors import BrokenLaw, PostingError
from ledger.events import EntryPosted, FactObserved
from ledger.fact_hold_decisions import decide_hold
from ledger.facts import Fact, differing_field, name_digest, reference_digest
from ledger.limits import NOTHING
from ledger.periods import in_open_period
from ledger.restrictions import flags_of, sums_of


class TAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account in one currency: what the entry puts on each side, and the balance before and after it.

    Attributes:
        debits, credits: of the entry's lines, in minor units, in their order.
        before, after: debits less credits, in minor units.
    """

    account: str
    name: str
    currency: str
    debits: tuple[str, ...]
    credits: tuple[str, ...]
    before: str
    after: str


class WhatIf(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the book would decide.

    Attributes:
        position: for ``repeated`` and ``key_reused`` where the key was decided.
        effective_at: when it would count; not the fact's own date when that lies in a closed period.
        needs: for ``parked`` what it would wait for.
        hold: what it would do to a hold: ``place``, ``capture``, ``release``; and `held` the lines that stay held.
    """

    decision: Literal["posted", "observed", "parked", "refused", "repeated"]
    rule: str = ""
    accounts: tuple[TAccount, ...] = ()
    lines: tuple[Line, ...] = ()
    flags: tuple[str, ...] = ()
    effective_at: str = ""
    position: int = 0
    code: str = ""
    field: str = ""
    detail: str = ""
    needs: str = ""
    hold: str = ""
    held: tuple[Line, ...] = ()


def what_if(book: Book, fact: Fact, known: Mapping[bytes, Known]) -> WhatIf:
    """Decide `fact` without moving the book.

    Args:
        known: what the store knows of ``Book.questions([fact])``.
    """
    if book.rules is None:
        raise BrokenLaw(f"book {book.id!r} is not open")
    first = known.get(name_digest(fact.key))
    if first is not None:
        field = differing_field(first.fact, fact)
        if field:
            detail = f"key {fact.key!r} was told before at position {first.position} with another {field}"
            return WhatIf(decision="refused", code="key_reused", field=field, detail=detail, position=first.position)
        return WhatIf(decision="repeated", position=first.position)
    needed = known.get(reference_digest(fact.needs)) if fact.needs else None
    if fact.needs and needed is None:
        if fault := book.fault(fact):
            return WhatIf(decision="refused", code=fault.code, field=fault.field, detail=str(fault))
        return WhatIf(decision="parked", needs=fact.needs)
    whole = with_source(fact, needed.fact) if needed is not None else fact
    try:
        posting = book.rules.post(whole)
    except PostingError as error:
        return WhatIf(decision="refused", code=error.code, field=error.field, detail=str(error))
    for line in posting.lines if posting is not None else ():
        if line.account not in book.accounts:
            detail = f"account {line.account!r} is not in the chart"
            return WhatIf(decision="refused", code="account_unknown", field="account", detail=detail)
    clause = book.rules.hold_of(whole)
    event: EntryPosted | FactObserved
    if clause is not None:
        event = decide_hold(book, fact, posting, clause, 0, Decided(told=known))
    elif posting is not None:
        flags = flags_of(book, posting.lines)
        event = EntryPosted(fact=fact, rule=posting.rule, lines=posting.lines, flags=flags)
    else:
        event = FactObserved(fact=fact)
    step = event.hold_step
    hold, held = (step.step, step.left) if step is not None else ("", ())
    if isinstance(event, FactObserved):
        rule = step.rule if step is not None else ""
        return WhatIf(
            decision="observed", rule=rule, effective_at=fact.effective_at, flags=event.flags, hold=hold, held=held
        )
    return WhatIf(
        decision="posted",
        rule=event.rule,
        accounts=t_accounts(book, event.lines),
        lines=event.lines,
        flags=event.flags,
        effective_at=in_open_period(event, book.closings).fact.effective_at,
        hold=hold,
        held=held,
    )


def t_accounts(book: Book, lines: Sequence[Line]) -> tuple[TAccount, ...]:
    """The lines by account and currency, in the order in which the entry first names them."""
    accounts = []
    for (code, currency), (debits, credits) in sums_of(lines).items():
        posted = book.balances.get((code, currency), NOTHING)
        mine = [line for line in lines if (line.account, line.currency) == (code, currency)]
        accounts.append(
            TAccount(
                account=code,
                name=book.accounts[code].name,
                currency=currency,
                debits=tuple(line.amount for line in mine if line.side == "debit"),
                credits=tuple(line.amount for line in mine if line.side == "credit"),
                before=str(posted[0] - posted[1]),
                after=str(posted[0] + debits - posted[1] - credits),
            )
        )
    return tuple(accounts)
