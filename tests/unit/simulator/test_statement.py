"""Bank statements add up and keep the standard's schema."""

from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from contraflow.simulator import Statement, play_day

SCHEMA = Path(__file__).parents[4] / "shared" / "samples" / "statements" / "xsd" / "camt.053.001.08.xsd"
NAMES = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}
STATEMENTS = {statement.currency: statement for statement in play_day(3).statements}


def signed(element: etree._Element) -> Decimal:
    amount = Decimal(element.findtext("c:Amt", namespaces=NAMES) or "")
    return amount if element.findtext("c:CdtDbtInd", namespaces=NAMES) == "CRDT" else -amount


def test_one_statement_per_currency_account() -> None:
    assert STATEMENTS.keys() == {"USD", "EUR", "JPY", "KWD"}
    assert len({statement.account for statement in STATEMENTS.values()}) == 4


@pytest.mark.parametrize("currency", STATEMENTS)
def test_opening_and_lines_make_the_closing_balance(currency: str) -> None:
    statement = STATEMENTS[currency]
    root = etree.fromstring(statement.body)
    balances = {
        balance.findtext("c:Tp/c:CdOrPrtry/c:Cd", namespaces=NAMES): signed(balance)
        for balance in root.iterfind(".//c:Bal", NAMES)
    }
    lines = [signed(entry) for entry in root.iterfind(".//c:Ntry", NAMES)]
    assert balances["OPBD"] + sum(lines) == balances["CLBD"]
    assert len(lines) == len(statement.lines)
    assert {amount.get("Ccy") for amount in root.iterfind(".//c:Amt", NAMES)} == {currency}
    digits = {"JPY": 0, "KWD": -3}.get(currency, -2)
    exponents = {Decimal(amount.text or "").as_tuple().exponent for amount in root.iterfind(".//c:Amt", NAMES)}
    assert exponents == {digits}


def test_lines_name_the_payout_in_two_styles_and_others_name_no_gateway() -> None:
    lines = [line for statement in STATEMENTS.values() for line in statement.lines]
    by_reference = [line for line in lines if line.end_to_end.startswith("po_")]
    by_text = [line for line in lines if line.text.startswith("STRIPE PAYOUT ")]
    others = [line for line in lines if line not in by_reference and line not in by_text]
    assert by_reference
    assert by_text
    assert not set(map(id, by_reference)) & set(map(id, by_text))
    assert len(others) == 5
    assert not any("STRIPE" in f"{line.text}{line.end_to_end}".upper() or "po_" in line.text for line in others)


@pytest.mark.skipif(not SCHEMA.is_file(), reason="the schema camt.053.001.08.xsd is not beside this repository")
@pytest.mark.parametrize("currency", STATEMENTS)
def test_valid_against_the_schema(currency: str) -> None:
    statement: Statement = STATEMENTS[currency]
    etree.XMLSchema(etree.parse(SCHEMA)).assertValid(etree.fromstring(statement.body))
