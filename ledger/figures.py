"""Figures: what a query is answered with, in minor units on the normal side of the account."""

from collections.abc import Callable, Sequence

from ledger.accounts import Account
from ledger.book import Book
from ledger.commands import AvailableQuery, HeldQuery, PostedQuery, Query
from ledger.errors import CommandError
from ledger.limits import NOTHING
from ledger.past import Past
from ledger.times import is_day


def figures_of(book: Book, query: Query, past: Callable[[], Past]) -> dict[str, str]:
    """What `query` asks: of the book as it stands, or of its past when it names a date or a position.

    Raises:
        CommandError: the account, date or position is none of this book.
    """
    account = book.accounts.get(query.account)
    if account is None:
        detail = f"account {query.account!r} is not in the chart"
        raise CommandError("account_unknown", "account", query.account, detail)
    if query.at_position > book.version:
        detail = f"the book's last position is {book.version}"
        raise CommandError("position_unknown", "at_position", str(query.at_position), detail)
    if query.as_of and not is_day(query.as_of):
        raise CommandError("date_malformed", "as_of", query.as_of, "a date is written 2026-01-31")
    key = (query.account, query.currency)
    if query.as_of or query.at_position:
        before = past()
        posted = before.posted(key, query.as_of, query.at_position) if not isinstance(query, HeldQuery) else NOTHING
        held = before.held(key, query.as_of, query.at_position) if not isinstance(query, PostedQuery) else NOTHING
        return figures(account, query, posted, held)
    return figures(account, query, book.balances.get(key, NOTHING), book.held.get(key, NOTHING))


def figures(account: Account, query: Query, posted: Sequence[int], held: Sequence[int]) -> dict[str, str]:
    """Figures from posted and held debits and credits.

    ``held`` is what open holds may take away: the credits of an account whose balance stands on the debit side, the
    debits of one whose balance stands on the credit side. ``available`` is posted less held.
    """
    side, other = (0, 1) if account.normal_side == "debit" else (1, 0)
    balance = posted[side] - posted[other]
    if isinstance(query, PostedQuery):
        return {"posted": str(balance)}
    if isinstance(query, HeldQuery):
        return {"held": str(held[other])}
    if isinstance(query, AvailableQuery):
        return {"available": str(balance - held[other])}
    return {
        "posted": str(balance),
        "held": str(held[other]),
        "available": str(balance - held[other]),
        "posted_debits": str(posted[0]),
        "posted_credits": str(posted[1]),
        "held_debits": str(held[0]),
        "held_credits": str(held[1]),
    }
