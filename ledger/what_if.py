"""What would be posted for a fact, as T-accounts, without posting it."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from ledger.book import Book, Known
from ledger.conversion import with_source
from ledger.entries import Line
from ledger.errors import BrokenLaw, PostingError
from ledger.events import EntryPosted
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
    try:
        posting = book.rules.post(with_source(fact, needed.fact) if needed is not None else fact)
    except PostingError as error:
        return WhatIf(decision="refused", code=error.code, field=error.field, detail=str(error))
    if posting is None:
        return WhatIf(decision="observed", effective_at=fact.effective_at)
    for line in posting.lines:
        if line.account not in book.accounts:
            detail = f"account {line.account!r} is not in the chart"
            return WhatIf(decision="refused", code="account_unknown", field="account", detail=detail)
    entry = in_open_period(EntryPosted(fact=fact, rule=posting.rule, lines=posting.lines), book.closings)
    return WhatIf(
        decision="posted",
        rule=posting.rule,
        accounts=t_accounts(book, posting.lines),
        lines=posting.lines,
        flags=flags_of(book, posting.lines),
        effective_at=entry.fact.effective_at,
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
