"""CSV journals: rows of one key are one entry, in any order; what contradicts itself is refused with its line."""

import random

import pytest

from connectors.csv_journal import csv_commands
from connectors.errors import JournalRefused
from connectors.journal_options import JournalOptions
from tests.unit.connectors.journal_book import one, opens, posts

HEAD = "key,date,description,account,debit,credit,currency,reference,type,metadata.order"
GOOD = "\ufeff" + "\n".join(
    [
        HEAD,
        '1,2024-01-02,"Lunch, ""late""",expenses:food,10.50,,USD,R1,,77',
        "1,,,assets:bank,,10.5,USD,,,",
        "2,2024/1/3,,1000,5,,JPY,,asset,",
        "2,,,assets:bank,,5,JPY,,,",
        "3,2024-01-04,,1000,0,,JPY,,,",
        "",
        "3,2024-01-04,,assets:bank,,0,JPY,,,",
        "",
    ]
)


def faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(JournalRefused) as caught:
        csv_commands(text)
    return [(fault.line, fault.code) for fault in caught.value.faults]


def test_rows_of_a_key_become_a_post() -> None:
    journal = csv_commands(GOOD)
    assert posts(journal) == [
        {
            "command": "post",
            "key": "1",
            "effective_at": "2024-01-02",
            "description": 'Lunch, "late"',
            "reference": "R1",
            "lines": [["assets:bank", "credit", "1050", "USD"], ["expenses:food", "debit", "1050", "USD"]],
            "metadata": {"order": "77"},
        },
        {
            "command": "post",
            "key": "2",
            "effective_at": "2024-01-03",
            "lines": [["1000", "debit", "5", "JPY"], ["assets:bank", "credit", "5", "JPY"]],
        },
    ]
    assert {name: each["type"] for name, each in opens(journal).items()} == {
        "1000": "asset",
        "assets:bank": "asset",
        "expenses:food": "expense",
    }
    assert [(each.line, each.what) for each in journal.left_out] == [(6, "entry that moves nothing")]


def test_the_order_of_the_rows_does_not_matter() -> None:
    head, *rows = GOOD.splitlines()
    for seed in range(30):
        random.Random(seed).shuffle(rows)
        assert csv_commands("\n".join([head, *rows])).json_lines() == csv_commands(GOOD).json_lines(), seed


def test_accounts_that_the_book_has_need_no_type() -> None:
    text = "key,date,account,debit,credit,currency\n1,2024-01-02,1000,1,,USD\n1,,2000,,1,USD\n"
    journal = csv_commands(text, JournalOptions(existing_accounts=frozenset({"1000", "2000"})))
    assert one(journal)["lines"] == [["1000", "debit", "100", "USD"], ["2000", "credit", "100", "USD"]]
    assert not opens(journal)


ROW = "1,2024-01-02,,assets:a,1,,USD,,,\n"
OTHER = "1,2024-01-02,,assets:b,,1,USD,,,\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (1, "columns")),
        ("key,date,account,debit,currency\n", (1, "columns")),
        (f"{HEAD},colour\n", (1, "columns")),
        (f"{HEAD},date\n", (1, "columns")),
        (f"{HEAD}\n{ROW}", (2, "entry_unbalanced")),
        (f"{HEAD}\n{ROW}{OTHER.replace('USD', 'EUR')}", (2, "entry_unbalanced")),
        (f"{HEAD}\n{ROW}1,2024-01-03,,assets:b,,1,USD,,,\n", (3, "rows_contradict")),
        (f"{HEAD}\n{ROW}1,,,x,,1,USD,,expense,\n1,,,x,,1,USD,,asset,\n", (4, "account_type_contradicted")),
        (f"{HEAD}\n{ROW}{OTHER.replace(',1,', ',-1,')}", (3, "amount_malformed")),
        (f"{HEAD}\n{ROW}1,,,assets:b,1,1,USD,,,\n", (3, "amount_malformed")),
        (f"{HEAD}\n{ROW}1,,,assets:b,,,USD,,,\n", (3, "amount_malformed")),
        (f'{HEAD}\n{ROW}1,,,assets:b,,"1,000",USD,,,\n', (3, "amount_malformed")),
        (f"{HEAD}\n{ROW}1,,,assets:b,,1.001,USD,,,\n", (3, "amount_not_representable")),
        (f"{HEAD}\n{ROW}1,,,assets:b,,1,BTC,,,\n", (3, "commodity_unknown")),
        (f"{HEAD}\n{ROW}1,,,assets:b,,1,USD,,\n", (3, "syntax")),
        (f'{HEAD}\n{ROW}1,,,"assets:b,,1,USD,,,\n', (3, "syntax")),
        (f"{HEAD}\n{ROW},,,assets:b,,1,USD,,,\n", (3, "field_missing")),
        (f"{HEAD}\n{ROW.replace('2024-01-02', '')}{OTHER.replace('2024-01-02', '')}", (2, "field_missing")),
        (f"{HEAD}\n{ROW.replace('2024-01-02', '2024-02-30')}{OTHER}", (2, "date_malformed")),
        (f"{HEAD}\n{ROW}{OTHER.replace('assets', 'things')}", (3, "account_type_unknown")),
        (f"{HEAD}\n{ROW}{OTHER}".replace("\n1,", f"\n{'k' * 257},"), (2, "too_large")),
    ],
)  # fmt: skip
def test_what_must_be_refused(text: str, expected: tuple[int, str]) -> None:
    assert expected in faults(text)
