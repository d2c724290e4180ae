"""Balance assertions and assignments of an hledger journal.

hledger checks an assertion after its posting, by date and within a day in the order of the file. A book knows days, so
an assertion becomes the balance at the end of its day: what it names plus what the same day still moves below it. As
the order of the file is no fact of the day, it also holds when the day ends with just what it names.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from connectors.commodities import Commodities
from connectors.journal_commands import Expectation, balance_query
from connectors.journal_transaction import Quantity, minor_of


@dataclass(frozen=True, slots=True)
class Asserted:
    """What stands after the equals sign of a posting.

    Attributes:
        quantity: None for a bare zero, which says nothing of any one commodity.
        sole: ``==``: nothing but this commodity is in the account.
        inclusive: ``=*``: with the accounts below it.
    """

    account: str
    line: int
    quantity: Quantity | None
    sole: bool
    inclusive: bool

    def covers(self, account: str) -> bool:
        """True for an account whose postings count."""
        return account == self.account or (self.inclusive and account.startswith(self.account + ":"))


@dataclass(frozen=True, slots=True)
class Move:
    """A line of an entry in its place: day, order of its transaction, line of its posting in the file (0: the last)."""

    day: str
    order: int
    line: int
    account: str
    minor: int
    code: str


class Running:
    """Balances so far, while transactions are taken by date: what balance assignments are filled from."""

    def __init__(self) -> None:
        """Empty accounts."""
        self._balances: dict[tuple[str, str], Fraction] = {}

    def take(self, account: str, quantity: Quantity) -> None:
        """Count one posting."""
        key = (account, quantity.commodity)
        self._balances[key] = self._balances.get(key, Fraction(0)) + quantity.value

    def missing(self, asserted: Asserted) -> Fraction:
        """What the account lacks of what is asserted."""
        assert asserted.quantity is not None
        wanted = asserted.quantity
        found = sum(
            value
            for (a, commodity), value in self._balances.items()
            if commodity == wanted.commodity and asserted.covers(a)
        )
        return wanted.value - found


def expectations(
    asserted: Iterable[tuple[str, int, Asserted]],
    moves: Sequence[Move],
    commodities: Commodities,
    names: dict[str, str],
) -> list[Expectation]:
    """What the book must answer for each assertion.

    Args:
        asserted: with the day and the order of its transaction in the file.
        moves: every line of the journal.
        names: accounts of the journal -> accounts of the book.
    """
    moved: dict[str, set[str]] = {}
    by_day: dict[str, list[Move]] = {}
    for move in moves:
        moved.setdefault(move.account, set()).add(move.code)
        by_day.setdefault(move.day, []).append(move)
    names_moved = sorted(moved)
    found = []
    for day, order, each in sorted(asserted, key=lambda item: (item[0], item[2].line)):
        accounts = [account for account in names_moved if each.covers(account)] or [each.account]
        codes: dict[str, int] = {}
        if each.sole:
            codes |= dict.fromkeys(sorted({code for account in accounts for code in moved.get(account, ())}), 0)
        if each.quantity is not None:
            codes[commodities.of(each.quantity.commodity).code] = minor_of(each.quantity, commodities, each.line)
        for code, minor in codes.items():
            later = sum(
                move.minor
                for move in by_day.get(day, ())
                if move.code == code
                and each.covers(move.account)
                and (move.order > order or (move.order == order and (move.line > each.line or not move.line)))
            )
            ranges = tuple(dict.fromkeys([(minor + later, minor + later), (minor, minor)]))
            queries = tuple(balance_query(names.get(account, account), code, day) for account in accounts)
            text = f"{each.account} has {minor} minor units of {code} on {day}"
            found.append(Expectation(each.line, text, queries, ranges))
    return found
