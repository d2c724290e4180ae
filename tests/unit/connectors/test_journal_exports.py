"""Exports: what is written reads back as the same book, whatever its names, texts and amounts are."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.account_names import beancount_names, hledger_names
from connectors.beancount_export import beancount_text
from connectors.beancount_journal import beancount_commands
from connectors.commodities import Commodity
from connectors.errors import ExportRefused
from connectors.hledger_export import hledger_text
from connectors.hledger_journal import hledger_commands
from connectors.journal_commands import JournalCommands
from connectors.journal_options import JournalOptions
from connectors.journal_rows import AccountRow, EntryRow
from tests.unit.connectors.journal_book import Balances, balances_of, opens, posts, rows
from tests.unit.connectors.journal_samples import BEANCOUNT, HLEDGER
from tests.unit.connectors.journal_strategies import beancount_journals, books

OPTIONS = JournalOptions(commodities={"HOOL": Commodity("XHO", 3)})
Write = Callable[[list[AccountRow], list[EntryRow], Balances, JournalOptions], str]
Read = Callable[[str, JournalOptions], JournalCommands]
FORMATS: dict[str, tuple[Write, Read]] = {
    "beancount": (beancount_text, beancount_commands),
    "hledger": (hledger_text, hledger_commands),
}


def comparable(journal: JournalCommands) -> tuple[dict[str, str], list[object], Balances]:
    """Types of accounts that something moves, entries, balances: what must come back."""
    return {name: each["type"] for name, each in opens(journal).items()}, posts(journal), balances_of(journal)


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize(("source", "read"), [(BEANCOUNT, beancount_commands), (HLEDGER, hledger_commands)])
def test_a_journal_comes_back_through_either_format(source: str, read: Read, target: str) -> None:
    first = read(source, OPTIONS)
    write, read_again = FORMATS[target]
    text = write(*rows(first), OPTIONS)
    again = read_again(text, OPTIONS)
    assert comparable(again) == comparable(first)
    assert not again.failed(again.own_figures())
    told = {query["account"] for each in again.expectations for query in each.queries}
    assert {account for account, _ in balances_of(first)} - told <= {"Equity:Conversions", "equity:conversion"}
    assert write(*rows(again), OPTIONS) == text


def test_prices_are_written_as_prices_where_they_say_the_same() -> None:
    text = beancount_text(*rows(beancount_commands(BEANCOUNT, OPTIONS)), OPTIONS)
    assert "Assets:Bank  10.00 EUR @ 1.2345 USD" in text
    assert "Assets:Stock  2.000 HOOL @ 70 USD" in text
    assert "Assets:Stock  1.000 HOOL @@ 71.5 USD" in text
    assert text.count("Equity:Conversions  ") == 2  # those of the lump, which no price tells


def test_a_price_that_contradicts_the_lines_is_not_written() -> None:
    accounts = [AccountRow(code=code, type=kind) for code, kind in (("1", "asset"), ("Equity:Conversions", "equity"))]
    lines = (
        ("1", "debit", "1000", "EUR"),
        ("1", "credit", "1200", "USD"),
        ("Equity:Conversions", "credit", "1000", "EUR"),
        ("Equity:Conversions", "debit", "1200", "USD"),
    )
    for price, written in (("@ 1.2 USD", True), ("@ 1.3 USD", False), ("@ 1.2 BEANS", False), ("1.2", False)):
        entry = EntryRow(effective_at="2024-01-01", lines=lines, metadata={"line-1-price": price})
        text = beancount_text(accounts, [entry])
        assert (" @ 1.2 USD\n" in text) is written
        again = beancount_commands(text)
        assert sorted(map(tuple, posts(again)[0]["lines"])) == sorted(lines)


def test_the_conversion_account_keeps_its_own_name() -> None:
    """A book that took its journal from hledger is written for Beancount line by line: the accounts differ."""
    first = hledger_commands("2024-01-01 x\n  assets:a  1 EUR @ $2\n  assets:b\n")
    again = beancount_commands(beancount_text(*rows(first)))
    assert balances_of(again) == balances_of(first)


@pytest.mark.parametrize("write", [beancount_text, hledger_text])
def test_what_cannot_be_written_is_refused(write: Callable[..., str]) -> None:
    lines = (("1", "debit", "1", "XHO"), ("1", "credit", "1", "XHO"))
    entry = EntryRow(effective_at="2024-01-01", lines=lines)
    with pytest.raises(ExportRefused, match=r"commodity_unknown.*'XHO'"):
        write([AccountRow(code="1", type="asset")], [entry])
    with pytest.raises(ExportRefused, match=r"account_unknown.*'1'"):
        write([], [entry], {}, OPTIONS)


def test_names_that_beancount_has_not() -> None:
    codes = ["1000", "assets:bank", "Assets:Bank", "assets", "a b:ü", "über", "ASSETS:ßig", "assets:bank-2", "_"]
    names = beancount_names([AccountRow(code=code, type="asset") for code in codes])
    assert names == {
        "1000": "Assets:1000",
        "Assets:Bank": "Assets:Bank",
        "assets:bank": "Assets:Bank-2",
        "assets:bank-2": "Assets:Bank-2-2",
        "assets": "Assets:Assets",
        "a b:ü": "Assets:A-b:Ü",
        "über": "Assets:Über",
        "ASSETS:ßig": "Assets:Xßig",
        "_": "Assets:X-",
    }
    assert beancount_names([AccountRow(code="Assets:Bank", type="equity")]) == {"Assets:Bank": "Equity:Assets:Bank"}


def test_names_that_hledger_has_not() -> None:
    codes = ["1000", "assets:bank", "a  b", "(a)", "a;b", "é:ü", "a ;b"]
    names = hledger_names([AccountRow(code=code, type="asset") for code in codes])
    assert names == {
        "1000": "1000",
        "assets:bank": "assets:bank",
        "é:ü": "é:ü",
        "a  b": "a b",
        "(a)": "X-a-",
        "a;b": "a-b",
        "a ;b": "a -b",
    }


@pytest.mark.parametrize("target", FORMATS)
@settings(deadline=None, max_examples=150)
@given(book=books())
def test_any_book_comes_back(target: str, book: tuple[list[AccountRow], list[EntryRow], Balances]) -> None:
    write, read = FORMATS[target]
    accounts, entries, balances = book
    text = write(accounts, entries, balances, OPTIONS)
    journal = read(text, OPTIONS)
    assert not journal.failed(journal.own_figures())
    assert balances_of(journal) == {key: minor for key, minor in balances.items() if minor}
    assert {name: (each["type"], each.get("metadata", {})) for name, each in opens(journal).items()} == {
        row.code: (row.type, row.metadata) for row in accounts
    }
    by_key = {each["key"]: each for each in posts(journal)}
    assert len(by_key) == len(entries)
    for entry in entries:
        found = by_key[entry.key]
        assert tuple(map(tuple, found["lines"])) == entry.lines
        assert found["effective_at"] == entry.effective_at
        assert found.get("description", "") == entry.description
        assert found.get("reference", "") == entry.reference
        assert found.get("metadata", {}) == entry.metadata


@settings(deadline=None, max_examples=200)
@given(journal=beancount_journals(), seed=st.integers(0, 2**32))
def test_any_journal_in_any_order_has_the_same_balances(journal: tuple[list[str], Balances], seed: int) -> None:
    directives, balances = journal
    expected = beancount_commands("\n".join(directives))
    random.Random(seed).shuffle(directives)
    shuffled = beancount_commands("\n".join(directives))
    assert balances_of(shuffled) == balances_of(expected) == balances
    assert shuffled.json_lines() == expected.json_lines()
    assert not shuffled.failed(shuffled.own_figures())
    for write, read in FORMATS.values():
        again = read(write(*rows(shuffled), OPTIONS), OPTIONS)
        assert balances_of(again) == balances
        assert comparable(again)[1] == posts(expected)
