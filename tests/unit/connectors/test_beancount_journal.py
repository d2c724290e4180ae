"""Beancount journals: what is read, how it balances, and everything that must be refused, with its line."""

import random
from textwrap import dedent

import pytest

from connectors.beancount_journal import beancount_commands
from connectors.commodities import Commodity
from connectors.errors import JournalRefused
from connectors.journal_commands import JournalCommands
from connectors.journal_options import JournalOptions
from tests.unit.connectors.journal_book import balances_of, one, opens, posts

OPEN = """\
2020-01-01 open Assets:Bank
2020-01-01 open Assets:Cash USD
2020-01-01 open Assets:Stock
2020-01-01 open Equity:Opening
2020-01-01 open Expenses:Food
"""
LINES = OPEN.count("\n")
HOOL = JournalOptions(file="a.beancount", commodities={"HOOL": Commodity("XHO", 3)})


def read(text: str, options: JournalOptions = HOOL) -> JournalCommands:
    return beancount_commands(OPEN + dedent(text), options)


def faults(text: str, options: JournalOptions = HOOL) -> list[tuple[int, str]]:
    """Line after the opening ones, and code, of every fault."""
    with pytest.raises(JournalRefused) as caught:
        read(text, options)
    return [(fault.line - LINES if fault.line else 0, fault.code) for fault in caught.value.faults]


def test_a_transaction_becomes_a_post() -> None:
    command = one(
        read(
            """\
            2020-01-02 ! "Shop" "Lunch \\"to go\\"" #trip #work ^bill-7
              note: "at noon"
              Assets:Cash   -1,010.50 USD
                check: 12
              ! Expenses:Food
            """
        )
    )
    assert command.pop("key").startswith("journal/2020-01-02/")
    assert command == {
        "command": "post",
        "effective_at": "2020-01-02",
        "description": 'Lunch "to go"',
        "lines": [["Assets:Cash", "credit", "101050", "USD"], ["Expenses:Food", "debit", "101050", "USD"]],
        "metadata": {
            "status": "pending",
            "payee": "Shop",
            "tags": "trip work",
            "links": "bill-7",
            "note": "at noon",
            "line-1-check": "12",
            "line-2-flag": "!",
        },
    }


def test_accounts_are_opened_first_and_closed_last() -> None:
    journal = read("2021-01-01 close Assets:Cash\n2020-01-02 txn\n  Assets:Cash  1 USD\n  Equity:Opening  -1 USD\n")
    names = [command["command"] for command in journal.commands]
    assert names == ["open_account"] * 5 + ["post", "close_account"]
    assert opens(journal)["Assets:Cash"] == {
        "command": "open_account",
        "key": "journal/open/Assets:Cash",
        "account": "Assets:Cash",
        "type": "asset",
        "currencies": ["USD"],
    }


@pytest.mark.parametrize(
    ("postings", "expected"),
    [
        ("Assets:Bank 10.00 USD\n Assets:Cash", {("Assets:Cash", "USD"): -1000}),
        ("Assets:Bank 1 USD\n Assets:Bank 2 EUR\n Equity:Opening", {("Equity:Opening", "EUR"): -200}),
        ("Assets:Bank (1 + 2*3 - 4/8) USD\n Equity:Opening", {("Assets:Bank", "USD"): 650}),
        ("Assets:Bank -(-5) USD\n Equity:Opening", {("Assets:Bank", "USD"): 500}),
        ("Assets:Bank 12000 JPY\n Equity:Opening", {("Assets:Bank", "JPY"): 12000}),
        ("Assets:Bank 1.234 KWD\n Equity:Opening", {("Equity:Opening", "KWD"): -1234}),
        (f"Assets:Bank {2**128 - 1} JPY\n Equity:Opening", {("Assets:Bank", "JPY"): 2**128 - 1}),
        ("Assets:Bank 10 EUR @ 1.2 USD\n Assets:Cash", {("Assets:Cash", "USD"): -1200, ("Assets:Bank", "EUR"): 1000}),
        ("Assets:Bank 10 EUR @ 1.2345 USD\n Assets:Cash -12.35 USD", {("Equity:Conversions", "USD"): 1235}),
        ("Assets:Bank -10 EUR @@ 12 USD\n Assets:Cash 12.00 USD", {("Equity:Conversions", "EUR"): 1000}),
        ("Assets:Stock 1.5 HOOL {100 USD}\n Assets:Cash", {("Assets:Stock", "XHO"): 1500}),
        ("Assets:Stock 2 HOOL {{150 USD}}\n Assets:Cash", {("Assets:Cash", "USD"): -15000}),
        ("Assets:Stock 2 HOOL {70 # 10 USD, 2019-05-01, \"lot\"}\n Assets:Cash", {("Assets:Cash", "USD"): -15000}),
        ("Assets:Stock -1 HOOL {1 USD} @ 9 USD\n Assets:Cash", {("Assets:Cash", "USD"): 100}),
        # the other amounts of the currency tell the digits to which the left-out one is rounded
        ("Assets:Bank 10 EUR @ 1.2345 USD\n Assets:Cash -12.00 USD\n Equity:Opening", {("Equity:Opening", "USD"): -34}),
    ],
)  # fmt: skip
def test_amounts(postings: str, expected: dict[tuple[str, str], int]) -> None:
    balances = balances_of(read(f"2020-01-02 *\n {postings}\n"))
    assert {key: balances.get(key) for key in expected} == expected
    for currency in {currency for _, currency in balances}:
        assert sum(minor for (_, code), minor in balances.items() if code == currency) == 0


def test_a_rate_stays_in_the_metadata() -> None:
    command = one(read('2020-01-02 *\n Assets:Stock 2 HOOL {70 USD, "a"} @ 71.50 USD\n Assets:Cash\n'))
    assert command["metadata"] == {"line-1-cost": '{70 USD, "a"}', "line-1-price": "@ 71.5 USD"}
    assert command["lines"][2:] == [
        ["Equity:Conversions", "debit", "14000", "USD"],
        ["Equity:Conversions", "credit", "2000", "XHO"],
    ]


def test_a_pad_fills_up_to_the_next_assertion() -> None:
    journal = read(
        """\
        2020-01-02 pad Assets:Bank Equity:Opening
        2020-01-03 *
          Assets:Bank  5.00 USD
          Assets:Cash
        2020-01-04 balance Assets:Bank  105.00 USD
        2020-01-04 balance Assets:Bank  7.00 EUR
        """
    )
    assert balances_of(journal)["Equity:Opening", "USD"] == -10000
    assert balances_of(journal)["Assets:Bank", "EUR"] == 700
    assert not journal.failed(journal.own_figures())


def test_an_assertion_counts_what_stands_below_and_before_its_day() -> None:
    journal = beancount_commands(
        """\
2020-01-01 open Assets:A
2020-01-01 open Assets:A:B
2020-01-01 open Assets:AB
2020-01-01 open Equity:O
2020-01-02 *
  Assets:A    1 USD
  Assets:A:B  2 USD
  Assets:AB   4 USD
  Equity:O
2020-01-03 *
  Assets:A    8 USD
  Equity:O
2020-01-03 balance Assets:A  3 USD
2020-01-04 balance Assets:A  11.00 USD
2020-01-04 balance Assets:A  11.01 USD
2020-01-04 balance Assets:A  11 ~ 0.03 USD
"""
    )
    assert not journal.failed(journal.own_figures())
    first = next(each for each in journal.expectations if each.line == 13)
    assert [query["account"] for query in first.queries] == ["Assets:A", "Assets:A:B"]
    assert {query["as_of"] for query in first.queries} == {"2020-01-02"}
    assert {each.line: each.ranges for each in journal.expectations} == {
        13: ((300, 300),),
        14: ((1099, 1101),),
        15: ((1100, 1102),),
        16: ((1097, 1103),),
    }


@pytest.mark.parametrize("told", ["2.99 USD", "3.03 USD", "3 EUR", "4 USD"])
def test_an_assertion_that_does_not_hold_is_told_with_its_line(told: str) -> None:
    entry = "2020-01-02 *\n Assets:Bank 3.01 USD\n Equity:Opening\n"
    journal = read(f"2020-01-03 balance Assets:Bank {told}\n{entry}")
    (fault,) = journal.failed(journal.own_figures())
    assert (fault.file, fault.line, fault.code) == ("a.beancount", LINES + 1, "balance_differs")


JOURNAL = """\
option "operating_currency" "USD"
option "inferred_tolerance_default" "*:0.001"
2020-01-01 open Assets:Bank
2020-01-01 open Assets:Euro EUR
2020-01-01 open Equity:Opening
2020-01-01 open Income:Work
2020-01-02 pad Assets:Bank Equity:Opening
2020-01-03 balance Assets:Bank  100.00 USD
2020-01-03 * "one"
  Income:Work  -50.00 USD
  Assets:Bank
2020-01-03 * "one"
  Income:Work  -50.00 USD
  Assets:Bank
2020-01-04 * "two"
  Assets:Euro  10 EUR @ 1.1 USD
  Assets:Bank
2020-01-05 balance Assets:Bank  189 USD
2020-01-05 balance Assets:Euro  10 EUR
2020-01-06 close Assets:Euro
2020-01-07 price EUR 1.2 USD
"""


def test_the_order_of_the_file_does_not_matter() -> None:
    directives = [block.strip("\n") for block in JOURNAL.replace("\n2", "\n\0002").replace("\no", "\n\0o").split("\0")]
    expected = beancount_commands(JOURNAL)
    assert not expected.failed(expected.own_figures())
    assert len({each["key"] for each in posts(expected)}) == 4
    for seed in range(50):
        random.Random(seed).shuffle(directives)
        shuffled = beancount_commands("\n".join(directives) + "\n")
        assert shuffled.json_lines() == expected.json_lines(), seed
        assert not shuffled.failed(shuffled.own_figures()), seed
        assert [e.queries for e in shuffled.expectations] == [e.queries for e in expected.expectations]


def test_what_moves_no_money_is_told_as_left_out() -> None:
    journal = read(
        """\
        2020-01-02 price EUR 1.1 USD
        2020-01-02 commodity HOOL
          name: "Hooli"
        2020-01-02 note Assets:Bank "called"
        2020-01-02 *
          Assets:Bank  0 USD
          Assets:Cash
        * heading of an outline
        ; comment
        """
    )
    assert not posts(journal)
    assert [(each.line - LINES, each.what) for each in journal.left_out] == [
        (1, "price"),
        (2, "commodity"),
        (4, "note"),
        (5, "transaction that moves nothing"),
    ]


def test_tolerance_goes_to_the_rounding_account_or_is_refused() -> None:
    text = (
        'option "inferred_tolerance_default" "USD:0.05"\n2020-01-02 *\n Assets:Bank 10.00 USD\n Assets:Cash -9.96 USD\n'
    )
    assert faults(text) == [(2, "entry_not_exact")]
    assert balances_of(read('option "account_rounding" "Rounding"\n' + text))["Equity:Rounding", "USD"] == -4


@pytest.mark.parametrize(
    ("tolerance", "expected"),
    [("0.005", -2789), ("0.02", -2789), ("0.05", -2790), ("0.5", -2800), ("5", -3000), ("0.12345", None)],
)
def test_a_left_out_amount_is_rounded_as_its_tolerance_is_written(tolerance: str, expected: int | None) -> None:
    entry = f"2020-01-02 *\n Assets:Bank 23 EUR @ 1.2125 USD{CASH}\n"
    text = f'option "inferred_tolerance_default" "USD:{tolerance}"\n{entry}'
    if expected is None:
        assert faults(text) == [(4, "amount_not_representable")]
        return
    journal = read(text)
    assert balances_of(journal)["Assets:Cash", "USD"] == expected


def test_roots_have_other_names_by_option() -> None:
    journal = beancount_commands(
        'option "name_assets" "Aktiva"\n2020-01-01 open Aktiva:Bank\n2020-01-01 open Equity:Überträge\n'
    )
    assert {name: each["type"] for name, each in opens(journal).items()} == {
        "Aktiva:Bank": "asset",
        "Equity:Überträge": "equity",
    }


def test_accounts_that_the_book_has_are_not_opened_again() -> None:
    journal = read("", JournalOptions(existing_accounts=frozenset({"Assets:Bank", "Equity:Opening"})))
    assert set(opens(journal)) == {"Assets:Cash", "Assets:Stock", "Expenses:Food"}


CASH = "\n Assets:Cash"
BAD = {
    "unbalanced": ("2020-01-02 *\n Assets:Bank 1.00 USD\n Assets:Cash -1.01 USD", 1, "entry_unbalanced"),
    "unbalanced price": ("2020-01-02 *\n Assets:Bank 1 EUR @ 2 USD\n Assets:Cash -2.01 USD", 1, "entry_unbalanced"),
    "one posting": ("2020-01-02 *\n Assets:Bank 1.00 USD", 1, "entry_unbalanced"),
    "two left out": ("2020-01-02 *\n Assets:Bank 1 USD\n Assets:Cash\n Equity:Opening", 4, "amounts_missing"),
    "too many digits": ("2020-01-02 *\n Assets:Bank 1.001 USD" + CASH, 2, "amount_not_representable"),
    "rest without end": ("2020-01-02 *\n Assets:Bank 10 EUR @ 1.23456 USD" + CASH, 3, "amount_not_representable"),
    "too large": (f"2020-01-02 *\n Assets:Bank {2**128} JPY" + CASH, 2, "amount_not_representable"),
    "unknown commodity": ("2020-01-02 *\n Assets:Bank 1 BEANS" + CASH, 2, "commodity_unknown"),
    "three letters, not ISO": ("2020-01-02 *\n Assets:Bank 1 BTC" + CASH, 2, "commodity_unknown"),
    "code of another": ("2020-01-02 *\n Assets:Bank 1 XHO" + CASH, 2, "commodity_unknown"),
    "no currency": ("2020-01-02 *\n Assets:Bank 1" + CASH, 2, "amount_incomplete"),
    "no number": ("2020-01-02 *\n Assets:Bank USD" + CASH, 2, "amount_incomplete"),
    "no price": ("2020-01-02 *\n Assets:Bank 1 EUR @\n Assets:Cash -1 USD", 2, "amount_incomplete"),
    "negative price": ("2020-01-02 *\n Assets:Bank 1 EUR @ -1 USD" + CASH, 2, "price_negative"),
    "negative cost": ("2020-01-02 *\n Assets:Stock 1 HOOL {-1 USD}" + CASH, 2, "price_negative"),
    "lot by inventory": ("2020-01-02 *\n Assets:Stock -1 HOOL {}" + CASH, 2, "cost_not_given"),
    "lot by date": ("2020-01-02 *\n Assets:Stock -1 HOOL {2019-01-01}" + CASH, 2, "cost_not_given"),
    "merged lot": ("2020-01-02 *\n Assets:Stock -1 HOOL {*}" + CASH, 2, "cost_not_given"),
    "cost without currency": ("2020-01-02 *\n Assets:Stock 1 HOOL {5}" + CASH, 2, "amount_incomplete"),
    "endless division": ("2020-01-02 *\n Assets:Bank 10/3 USD" + CASH, 2, "number_malformed"),
    "division by zero": ("2020-01-02 *\n Assets:Bank 10/0 USD" + CASH, 2, "number_malformed"),
    "wrong groups": ("2020-01-02 *\n Assets:Bank 1,00 USD" + CASH, 2, "number_malformed"),
    "deep expression": (f"2020-01-02 *\n Assets:Bank {'(' * 99}1{')' * 99} USD" + CASH, 2, "number_malformed"),
    "never opened": ("2020-01-02 *\n Assets:Bank 1 USD\n Assets:Nowhere", 3, "account_not_open"),
    "not yet open": ("2019-12-31 *\n Assets:Bank 1 USD\n Equity:Opening", 2, "account_not_open"),
    "opened twice": ("2020-01-02 open Assets:Bank", 1, "account_twice"),
    "zero of a currency not allowed": ("2020-01-02 *\n Assets:Cash 0 EUR\n Assets:Bank", 1, "currency_not_allowed"),
    "closed": ("2020-01-02 close Assets:Bank\n2020-01-03 *\n Assets:Bank 1 USD" + CASH, 3, "account_closed"),
    "closed twice": ("2020-01-02 close Assets:Bank\n2020-01-03 close Assets:Bank", 2, "account_closed"),
    "closed unopened": ("2020-01-02 close Assets:Nowhere", 1, "account_not_open"),
    "balance of nothing": ("2020-01-02 balance Assets:Nowhere 1 USD", 1, "account_not_open"),
    "currency not allowed": ("2020-01-02 *\n Assets:Cash 1 EUR\n Equity:Opening", 1, "currency_not_allowed"),
    "no root": ("2020-01-02 open Things:Bank", 1, "account_name"),
    "small letter": ("2020-01-02 open Assets:bank", 1, "account_name"),
    "pad unused": ("2020-01-02 pad Assets:Bank Equity:Opening", 1, "pad_unused"),
    "pad with a currency not allowed": (
        "2020-01-02 pad Assets:Bank Assets:Cash\n2020-01-03 balance Assets:Bank 1 EUR",
        1,
        "currency_not_allowed",
    ),
    "pad of a pad": (
        "2020-01-02 pad Assets:Bank Assets:Cash\n2020-01-02 pad Assets:Cash Equity:Opening\n"
        "2020-01-03 balance Assets:Bank 1 USD\n2020-01-03 balance Assets:Cash 1 USD",
        1,
        "pad_nested",
    ),
    "include": ('include "other.beancount"', 1, "not_supported"),
    "plugin": ('plugin "beancount.plugins.auto"', 1, "not_supported"),
    "pushmeta": ("pushmeta a: 1", 1, "syntax"),
    "pushtag without end": ("pushtag #a", 1, "syntax"),
    "unknown option": ('option "inserted" "1"', 1, "not_supported"),
    "tolerance from cost": ('option "infer_tolerance_from_cost" "TRUE"', 1, "not_supported"),
    "unknown directive": ("2020-01-02 spend Assets:Bank", 1, "not_supported"),
    "no such day": ("2020-02-30 open Assets:Other", 1, "date_malformed"),
    "year zero": ("0000-02-01 open Assets:Other", 1, "date_malformed"),
    "three texts": ('2020-01-02 * "a" "b" "c"', 1, "syntax"),
    "metadata twice": ("2020-01-02 *\n ab: 1\n ab: 2\n Assets:Bank 1 USD" + CASH, 3, "metadata_twice"),
    "no sentence": ("hello world!", 1, "not_supported"),
    "no letters": ("$$$", 1, "syntax"),
    "an open string": ('2020-01-02 * "a', 1, "syntax"),
    "indented alone": ("\n  Assets:Bank 1 USD", 2, "syntax"),
    "after the amount": ("2020-01-02 *\n Assets:Bank 1 USD EUR" + CASH, 2, "syntax"),
    "other day": (
        '2020-01-02 *\n contraflow-effective-at: "2020-01-03T00:00:00Z"\n Assets:Bank 1 USD' + CASH,
        1,
        "date_contradicted",
    ),
    "long description": (f'2020-01-02 * "{"a" * 2001}"\n Assets:Bank 1 USD' + CASH, 1, "too_large"),
    "long account": (f"2020-01-02 open Assets:{'A' * 130}", 1, "account_name"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_must_be_refused(name: str) -> None:
    text, line, code = BAD[name]
    assert (line, code) in faults(text)
    assert (line, code) in faults(text + "\n")


def test_all_faults_are_told_at_once() -> None:
    assert faults(
        "2020-01-02 *\n Assets:Bank 1 BEANS\n Assets:Cash 1,0 USD\n2020-01-02 open Assets:Bank\n"
        "2020-01-03 *\n Assets:Bank 1 USD\n Assets:Cash 1 USD\n"
    ) == [(2, "commodity_unknown"), (3, "number_malformed"), (4, "account_twice"), (5, "entry_unbalanced")]


def test_a_given_key_stands_once() -> None:
    text = '2020-01-02 *\n contraflow-key: "k"\n Assets:Bank 1 USD\n Assets:Cash\n'
    assert one(read(text))["key"] == "k"
    assert faults(text * 2) == [(5, "key_twice")]


@pytest.mark.parametrize(
    "given",
    [
        {"HOOL": Commodity("HO", 2)},
        {"HOOL": Commodity("XHO", 31)},
        {"HOOL": Commodity("USD", 4)},
        {"HOOL": Commodity("XHO", 2), "BEANS": Commodity("XHO", 2)},
    ],
)
def test_a_mapping_that_cannot_be_is_refused(given: dict[str, Commodity]) -> None:
    with pytest.raises(ValueError, match=r"commodit|currency"):
        read("", JournalOptions(commodities=given))
