"""What the accounts of an entry allow: open or closed, which currencies, how far their limits go.

The same rules refuse a command and flag a fact: what happened outside is posted all the same, and says what it broke.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ledger.entries import Line, imbalance
from ledger.errors import CommandError, PostingError
from ledger.limits import NOTHING, Limit, left_to_credit, left_to_debit
from ledger.money import AMOUNT_MINOR_MAX

if TYPE_CHECKING:
    from ledger.book import Book

Sums = Mapping[tuple[str, str], tuple[int, int]]
_AMOUNT: Final = re.compile(r"[1-9][0-9]{0,38}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def check_lines(lines: Sequence[Line]) -> None:
    """Raise `CommandError` unless the lines are an entry: two or more, amounts above zero, balanced per currency."""
    if len(lines) < 2:
        raise CommandError("lines_too_few", "lines", str(len(lines)), "an entry has two or more lines")
    check_amounts(lines)
    off = imbalance(lines)
    if off:
        told = ", ".join(f"{minor} {currency}" for currency, minor in sorted(off.items()))
        raise CommandError("entry_unbalanced", "lines", told, f"debits less credits are {told} in minor units, not 0")


def check_amounts(lines: Sequence[Line]) -> None:
    """Raise `CommandError` unless every amount is one above zero, and every currency a code."""
    for number, line in enumerate(lines):
        if not _AMOUNT.fullmatch(line.amount) or int(line.amount) > AMOUNT_MINOR_MAX:
            field = f"lines[{number}].amount"
            if line.amount == "0":
                raise CommandError("amount_zero", field, "0", "every line is above zero")
            detail = "an amount is a decimal string of minor units between 1 and 2^128-1"
            raise CommandError("amount_malformed", field, line.amount, detail)
        if not _CURRENCY.fullmatch(line.currency):
            detail = "a currency is a three-letter upper-case ISO 4217 code"
            raise CommandError("currency_malformed", f"lines[{number}].currency", line.currency, detail)


def check_accounts(book: "Book", lines: Sequence[Line], field: str = "lines") -> None:
    """Raise `CommandError` unless every account is there, open and takes the currency; `field` holds them."""
    for number, line in enumerate(lines):
        fault = account_fault_of(book, line)
        if fault == "account_unknown":
            detail = f"account {line.account!r} is not in the chart"
            raise CommandError(fault, f"{field}[{number}].account", line.account, detail)
        if fault == "account_closed":
            detail = f"account {line.account!r} is closed"
            raise CommandError(fault, f"{field}[{number}].account", line.account, detail)
        if fault:
            detail = f"account {line.account!r} takes {', '.join(book.accounts[line.account].currencies)} only"
            raise CommandError(fault, f"{field}[{number}].currency", line.currency, detail)


def check_limits(book: "Book", lines: Sequence[Line], *, holding: bool = False) -> None:
    """Raise `CommandError` when posting (or holding) the lines would go past a limit or past 2^128-1."""
    for (account, currency), (debits, credits) in sums_of(lines).items():
        posted = book.balances.get((account, currency), NOTHING)
        held = book.held.get((account, currency), NOTHING)
        if max(posted[0] + held[0] + debits, posted[1] + held[1] + credits) > AMOUNT_MINOR_MAX:
            detail = f"the sums of account {account!r} in {currency} would pass 2^128-1"
            raise CommandError("balance_too_large", "lines", account, detail)
        over = _over(book, account, currency, debits, credits, holding)
        if over:
            raise CommandError(
                "limit_exceeded",
                "lines",
                account,
                f"account {account!r} would be {over} minor units of {currency} past its limit",
            )


def check_known(book: "Book", lines: Sequence[Line]) -> None:
    """Raise `PostingError` when a fact would move an account that is not in the chart: there is nothing to flag."""
    for line in lines:
        if line.account not in book.accounts:
            raise PostingError("account_unknown", "account", f"account {line.account[:80]!r} is not in the chart")


def flags_told(book: "Book", lines: Sequence[Line]) -> tuple[str, ...]:
    """What a fact breaks that a command would be refused for: it has happened outside.

    Raises:
        PostingError: an account is not in the chart.
    """
    check_known(book, lines)
    watched = book.watched
    if watched and any(line.account in watched for line in lines):
        return flags_of(book, lines)
    return ()


def flags_of(book: "Book", lines: Sequence[Line], *, holding: bool = False) -> tuple[str, ...]:
    """What the lines of a fact break when they are posted (or held), as ``code/account/currency``, sorted."""
    flags = set()
    for line in lines:
        fault = account_fault_of(book, line)
        if fault:
            flags.add(f"{fault}/{line.account}/{line.currency}")
    for (account, currency), (debits, credits) in sums_of(lines).items():
        if _over(book, account, currency, debits, credits, holding):
            flags.add(f"limit_exceeded/{account}/{currency}")
    return tuple(sorted(flags))


def at_most(book: "Book", debited: Line, credited: Line, balancing: str) -> int:
    """The most of two lines' amount that limits leave, and balancing where asked for; 0 or less when nothing is."""
    amount_minor = int(debited.amount)
    for line, left, kind, asked in (
        (debited, left_to_debit, "debits_must_not_exceed_credits", balancing in ("debit", "both")),
        (credited, left_to_credit, "credits_must_not_exceed_debits", balancing in ("credit", "both")),
    ):
        account = book.accounts[line.account]
        posted = book.balances.get((line.account, line.currency), NOTHING)
        held = book.held.get((line.account, line.currency), NOTHING)
        own = left(account.limit(line.currency), account.normal_side, posted, held)
        balanced = left(Limit(kind), account.normal_side, posted, held) if asked else None  # type: ignore[arg-type]
        amount_minor = min(each for each in (amount_minor, own, balanced) if each is not None)
    return amount_minor


def sums_of(lines: Sequence[Line]) -> dict[tuple[str, str], tuple[int, int]]:
    """Debits and credits that lines add to each account and currency, in minor units."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for line in lines:
        debits, credits = sums.get((line.account, line.currency), NOTHING)
        minor = int(line.amount)
        added = (debits + minor, credits) if line.side == "debit" else (debits, credits + minor)
        sums[line.account, line.currency] = added
    return sums


def account_fault_of(book: "Book", line: Line) -> str:
    """The reason code for which the account does not take the line, or an empty string."""
    account = book.accounts.get(line.account)
    if account is None:
        return "account_unknown"
    if account.closed:
        return "account_closed"
    if account.currencies and line.currency not in account.currencies:
        return "currency_not_allowed"
    return ""


def _over(book: "Book", account: str, currency: str, debits: int, credits: int, holding: bool) -> int:
    """By how many minor units the account would be past its limit; 0 when it is not or does not get worse by this."""
    named = book.accounts[account]
    limit = named.limit(currency)
    if limit is None:
        return 0
    posted = book.balances.get((account, currency), NOTHING)
    held = book.held.get((account, currency), NOTHING)
    more_debits = debits if holding else debits - credits
    more_credits = credits if holding else credits - debits
    for left, more in (
        (left_to_debit(limit, named.normal_side, posted, held), more_debits),
        (left_to_credit(limit, named.normal_side, posted, held), more_credits),
    ):
        if left is not None and more > 0 and more > left:
            return more - max(left, 0)
    return 0
