"""hledger journals: what is read, how it balances, and everything that must be refused, with its line."""

import random
from textwrap import dedent

import pytest

from connectors.commodities import Commodity
from connectors.errors import JournalRefused
from connectors.hledger_journal import hledger_commands
from connectors.journal_commands import JournalCommands
from connectors.journal_options import JournalOptions
from tests.unit.connectors.journal_book import balances_of, one, opens, posts

HOOL = JournalOptions(file="a.journal", commodities={"HOOL": Commodity("XHO", 3), "green points": Commodity("XGP", 0)})


def read(text: str, options: JournalOptions = HOOL) -> JournalCommands:
    return hledger_commands(dedent(text), options)


def faults(text: str, options: JournalOptions = HOOL) -> list[tuple[int, str]]:
    """Line and code of every fault."""
    with pytest.raises(JournalRefused) as caught:
        read(text, options)
    return [(fault.line, fault.code) for fault in caught.value.faults]


def test_a_transaction_becomes_a_post() -> None:
    command = one(
        read(
            """\
            2024/1/2=1/5 * (INV 7) Shop | lunch  ; trip:rome, work:
                ; place: at the corner
                assets:petty cash   $-1,010.50  ; check:12
                ! expenses:food
            """
        )
    )
    assert command.pop("key").startswith("journal/2024-01-02/")
    assert command == {
        "command": "post",
        "effective_at": "2024-01-02",
        "description": "Shop | lunch",
        "reference": "INV 7",
        "lines": [["assets:petty cash", "credit", "101050", "USD"], ["expenses:food", "debit", "101050", "USD"]],
        "metadata": {
            "trip": "rome",
            "work": "",
            "place": "at the corner",
            "date2": "2024-01-05",
            "status": "cleared",
            "line-1-check": "12",
            "line-2-status": "pending",
        },
    }


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("$10", ("USD", 1000)),
        ("-$10", ("USD", -1000)),
        ("$-10.5", ("USD", -1050)),
        ("+10.50 USD", ("USD", 1050)),
        ("EUR 10,50", ("EUR", 1050)),
        ("€10,5", ("EUR", 1050)),
        ("1,234,567.89 EUR", ("EUR", 123456789)),
        ("1.234.567,89 EUR", ("EUR", 123456789)),
        ("1,234,567 JPY", ("JPY", 1234567)),
        ("1.234 KWD", ("KWD", 1234)),
        ("0,123 KWD", ("KWD", 123)),
        ('"HOOL" 1.5', ("XHO", 1500)),
        ('3 "green points"', ("XGP", 3)),
        (".5 EUR", ("EUR", 50)),
        ("5. EUR", ("EUR", 500)),
    ],
)
def test_amounts(amount: str, expected: tuple[str, int]) -> None:
    balances = balances_of(read(f"2024-01-02 x\n  assets:a  {amount}\n  equity:b\n"))
    assert balances == {("assets:a", expected[0]): expected[1], ("equity:b", expected[0]): -expected[1]}


@pytest.mark.parametrize(
    ("directive", "amount", "expected"),
    [
        ("decimal-mark .", "1,000 USD", 100000),
        ("decimal-mark ,", "1.000 USD", 100000),
        ("commodity $1,000.00", "$1,000", 100000),
        ("commodity 1.000,00 USD", "1.000 USD", 100000),
        ("commodity USD\n  format 1 000. USD", "x", 0),
        ("D $1,000.00", "1,000", 100000),
        ("D $1000.00", "7", 700),
    ],
)
def test_directives_say_how_amounts_are_written_wherever_they_stand(directive: str, amount: str, expected: int) -> None:
    entry = f"2024-01-02 x\n  assets:a  {amount}\n  equity:b\n"
    if not expected:
        assert faults(f"{entry}{directive}\n")
        return
    assert balances_of(read(f"{entry}{directive}\n"))["assets:a", "USD"] == expected
    assert balances_of(read(f"{directive}\n{entry}"))["assets:a", "USD"] == expected


@pytest.mark.parametrize(
    ("postings", "expected"),
    [
        ("assets:a  10 EUR @ $1.2\n  assets:b", {("assets:b", "USD"): -1200, ("equity:conversion", "EUR"): -1000}),
        ("assets:a  -10 EUR @@ $12\n  assets:b", {("assets:b", "USD"): 1200, ("equity:conversion", "USD"): -1200}),
        ("assets:a  10 EUR\n  assets:b  $-12", {("equity:conversion", "USD"): 1200}),
        ("assets:a  1 EUR\n  assets:a  $2\n  assets:b", {("assets:b", "USD"): -200, ("assets:b", "EUR"): -100}),
        ("assets:a  3 HOOL @ $33.333\n  assets:b  $-100.00", {("equity:conversion", "USD"): 10000}),
        ("assets:a  0\n  assets:c  $5\n  assets:b", {("assets:b", "USD"): -500}),
    ],
)  # fmt: skip
def test_prices_go_through_the_conversion_account(postings: str, expected: dict[tuple[str, str], int]) -> None:
    balances = balances_of(read(f"2024-01-02 x\n  {postings}\n"))
    assert {key: balances.get(key) for key in expected} == expected
    for currency in {currency for _, currency in balances}:
        assert sum(minor for (_, code), minor in balances.items() if code == currency) == 0


def test_a_rate_stays_in_the_metadata() -> None:
    assert one(read("2024-01-02 x\n  assets:a  10 EUR @ $1.20\n  assets:b\n"))["metadata"] == {
        "line-1-price": "@ 1.2 USD"
    }
    assert one(read("2024-01-02 x\n  assets:a  10 EUR\n  assets:b  $-12\n"))["metadata"] == {
        "line-1-price": "@@ 12 USD"
    }


def test_types_come_from_directives_options_and_names() -> None:
    options = JournalOptions(account_types={"1000": "asset", "lent": "asset"})
    journal = read(
        """\
        account bank  ; type:A, contact:x
        account bank:fees
          ; type:X
        2024-01-02 x
          bank:fees:card  $1
          bank:giro       $1
          1000            $1
          lent:ada        $1
          Liabilities:l   $1
          revenues
        """,
        options,
    )
    assert {name: each["type"] for name, each in opens(journal).items()} == {
        "1000": "asset",
        "bank": "asset",
        "bank:fees": "expense",
        "bank:fees:card": "expense",
        "bank:giro": "asset",
        "lent:ada": "asset",
        "Liabilities:l": "liability",
        "revenues": "income",
    }
    assert opens(journal)["bank"]["metadata"] == {"contact": "x"}


ASSERTED = """\
2024-01-02 first
  assets:a     $10 = $10
  equity:b
2024-01-02 second
  assets:a:sub  $5
  assets:a      $1 = $11
  assets:a      $2 =* $18
  equity:b      = $-18
2024-01-03 third
  assets:a      1 EUR == 1 EUR
  assets:a      $-13 = $0
  equity:b
"""


def test_assertions_are_of_the_end_of_their_day() -> None:
    journal = read(ASSERTED.replace("  assets:a      1 EUR == 1 EUR\n", ""))
    assert not journal.failed(journal.own_figures())
    assert [(each.line, each.ranges, len(each.queries)) for each in journal.expectations] == [
        (2, ((1300, 1300), (1000, 1000)), 1),
        (6, ((1300, 1300), (1100, 1100)), 1),
        (7, ((1800, 1800),), 2),
        (8, ((-1800, -1800),), 1),
        (10, ((0, 0),), 1),
    ]
    assert {query["as_of"] for query in journal.expectations[0].queries} == {"2024-01-02"}


def test_a_sole_assertion_speaks_of_every_currency() -> None:
    text = "2024-01-02 x\n  assets:a  1 EUR\n  assets:a  $1 {} \n  equity:b\n"
    holds = read(text.format("= $1"))
    assert not holds.failed(holds.own_figures())
    for told in ("== $1", "== 0"):
        fails = read(text.format(told))
        assert {fault.line for fault in fails.failed(fails.own_figures())} == {3}
    both = read("2024-01-02 x\n  assets:a  1 EUR\n  equity:b\n2024-01-03 x\n  assets:a  -1 EUR == 0\n  equity:b\n")
    assert both.expectations
    assert not both.failed(both.own_figures())


@pytest.mark.parametrize("told", ["= $9.99", "= 10 EUR", "=* $9"])
def test_an_assertion_that_does_not_hold_is_told_with_its_line(told: str) -> None:
    journal = read(f"2024-01-02 x\n  assets:a  $10 {told}\n  equity:b\n")
    (fault,) = journal.failed(journal.own_figures())
    assert (fault.file, fault.line, fault.code) == ("a.journal", 2, "balance_differs")


def test_assignments_are_filled_by_date() -> None:
    journal = read(
        """\
        2024-01-03 later
          assets:a   = $30
          equity:b
        2024-01-02 sooner
          assets:a   $4
          assets:a   = $10
          equity:b
        """
    )
    assert [each["lines"][0][2] for each in posts(journal)] == ["400", "2000"]
    assert balances_of(journal)["assets:a", "USD"] == 3000


JOURNAL = """\
account assets:bank  ; type:A

commodity $1,000.00

2024-01-01 opening
  assets:bank  $1,000 = $1,000
  equity:opening

2024-01-02 twice
  expenses:food  $10
  assets:bank    = $990

2024-01-03 same
  expenses:food  $10
  assets:bank

2024-01-03 same
  expenses:food  $10
  assets:bank

2024-01-04 change
  assets:euro  10 EUR @ $1.1
  assets:bank  = $959

P 2024-01-05 EUR $1.2
"""


def test_the_order_of_the_file_does_not_matter() -> None:
    blocks = JOURNAL.split("\n\n")
    expected = read(JOURNAL)
    assert not expected.failed(expected.own_figures())
    assert len({each["key"] for each in posts(expected)}) == 5
    for seed in range(50):
        random.Random(seed).shuffle(blocks)
        shuffled = read("\n\n".join(blocks) + "\n")
        assert shuffled.json_lines() == expected.json_lines(), seed
        assert not shuffled.failed(shuffled.own_figures()), seed


def test_comments_are_skipped_and_prices_told_as_left_out() -> None:
    journal = read(
        """\
        ; one
        # two
        * three
        comment
        2024-01-02 not this
          a  1
        end comment
        P 2024-01-02 EUR $1.1
        payee Shop

        2024-01-02 nothing
          assets:a  0 = $0
        """
    )
    assert not posts(journal)
    assert [(each.line, each.what) for each in journal.left_out] == [
        (8, "price"),
        (9, "payee"),
        (11, "transaction that moves nothing"),
    ]


def test_a_default_year() -> None:
    assert one(read("Y2024\n1/2 x\n  assets:a  $1\n  equity:b\n"))["effective_at"] == "2024-01-02"


B = "\n  equity:b"
BAD = {
    "unbalanced": ("2024-01-02 x\n  assets:a  $1\n  equity:b  $-1.01", 1, "entry_unbalanced"),
    "same sign, two commodities": ("2024-01-02 x\n  assets:a  $1\n  equity:b  1 EUR", 1, "entry_unbalanced"),
    "three commodities": ("2024-01-02 x\n  assets:a  $1\n  assets:a  -1 EUR\n  equity:b  1 GBP", 1, "entry_unbalanced"),
    "one posting": ("2024-01-02 x\n  assets:a  $1.00", 1, "entry_unbalanced"),
    "two left out": ("2024-01-02 x\n  assets:a  $1\n  equity:b\n  equity:c", 4, "amounts_missing"),
    "too many digits": ("2024-01-02 x\n  assets:a  $1.001" + B, 2, "amount_not_representable"),
    "rest without end": ("2024-01-02 x\n  assets:a  10 EUR @ $1.23456" + B, 3, "amount_not_representable"),
    "ambiguous": ("2024-01-02 x\n  assets:a  $1,000" + B, 2, "number_ambiguous"),
    "ambiguous directive": ("commodity $1,000", 1, "number_ambiguous"),
    "marks": ("2024-01-02 x\n  assets:a  $1,00,0.00.0" + B, 2, "number_malformed"),
    "groups": ("2024-01-02 x\n  assets:a  $1,00,000" + B, 2, "number_malformed"),
    "two marks": ("decimal-mark .\ndecimal-mark ,", 2, "directives_contradict"),
    "two styles": ("commodity $1.00\ncommodity $1.000", 2, "directives_contradict"),
    "two defaults": ("D $1.00\nD 1.00 EUR", 2, "directives_contradict"),
    "unknown commodity": ("2024-01-02 x\n  assets:a  1 BEANS" + B, 2, "commodity_unknown"),
    "a yen or a yuan": ("2024-01-02 x\n  assets:a  ¥100" + B, 2, "commodity_unknown"),
    "no commodity": ("2024-01-02 x\n  assets:a  1" + B, 2, "commodity_missing"),
    "assertion of zero": ("2024-01-02 x\n  assets:a  $1 = 0" + B, 2, "commodity_missing"),
    "exponent": ("2024-01-02 x\n  assets:a  1E3 EUR" + B, 2, "commodity_unknown"),
    "two commodities": ("2024-01-02 x\n  assets:a  $1 EUR" + B, 2, "amount_malformed"),
    "two signs": ("2024-01-02 x\n  assets:a  -$-1" + B, 2, "amount_malformed"),
    "negative price": ("2024-01-02 x\n  assets:a  1 EUR @ $-1" + B, 2, "price_negative"),
    "virtual": ("2024-01-02 x\n  (assets:a)  $1", 2, "virtual_posting"),
    "balanced virtual": ("2024-01-02 x\n  [assets:a]  $1\n  [equity:b]", 2, "virtual_posting"),
    "lot": ("2024-01-02 x\n  assets:a  1 EUR {$1}" + B, 2, "not_supported"),
    "virtual price": ("2024-01-02 x\n  assets:a  1 EUR (@) $1" + B, 2, "not_supported"),
    "price of an assertion": ("2024-01-02 x\n  assets:a  1 EUR = 1 EUR @ $1" + B, 2, "not_supported"),
    "sole assignment": ("2024-01-02 x\n  assets:a  == $1" + B, 2, "not_supported"),
    "posting date": ("2024-01-02 x\n  assets:a  $1  ; date:2024-01-03" + B, 2, "posting_date"),
    "bracketed date": ("2024-01-02 x\n  assets:a  $1\n  ; [2024-01-03=01-04]" + B, 3, "posting_date"),
    "include": ("include other.journal", 1, "not_supported"),
    "alias": ("alias a = b", 1, "not_supported"),
    "apply": ("apply account a\n", 1, "not_supported"),
    "periodic": ("~ monthly\n  assets:a  $1" + B, 1, "not_supported"),
    "auto": ("= expenses\n  assets:a  *0.1" + B, 1, "not_supported"),
    "time log": ("i 2024-01-02 10:00:00 work", 1, "not_supported"),
    "no date": ("2024-1 x", 1, "date_malformed"),
    "no such day": ("2024-02-30 x\n  assets:a  $1" + B, 1, "date_malformed"),
    "no year": ("1/2 x\n  assets:a  $1" + B, 1, "date_malformed"),
    "no type": ("2024-01-02 x\n  things:a  $1" + B, 1, "account_type_unknown"),
    "wrong type": ("account things  ; type:Q", 1, "account_type_unknown"),
    "declared twice": ("account assets\naccount assets", 2, "account_twice"),
    "two for one": ("account assets:x  ; contraflow-account:assets%3Ay\naccount assets:y", 2, "account_twice"),
    "empty part": ("2024-01-02 x\n  assets::a  $1" + B, 1, "account_name"),
    "comment without end": ("comment\n2024-01-02 x", 1, "syntax"),
    "indented alone": ("Y2024\n\n  assets:a  $1", 3, "syntax"),
    "after the amount": ("2024-01-02 x\n  assets:a  1 EUR )" + B, 2, "syntax"),
    "expression": ("2024-01-02 x\n  assets:a  $1 / 2" + B, 2, "amount_malformed"),
    "metadata": ("2024-01-02 x\n  ; contraflow-metadata:1\n  assets:a  $1" + B, 1, "metadata_malformed"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_must_be_refused(name: str) -> None:
    text, line, code = BAD[name]
    assert (line, code) in faults(text)
    assert (line, code) in faults(text + "\n")


def test_all_faults_are_told_at_once() -> None:
    assert faults(
        "2024-01-02 x\n  assets:a  1 BEANS\n  (b)  $1\ninclude x\n2024-01-03 y\n  assets:a  $1\n  equity:b  $1\n"
    ) == [(2, "commodity_unknown"), (3, "virtual_posting"), (4, "not_supported"), (5, "entry_unbalanced")]
