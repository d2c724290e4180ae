"""Statement: a camt.053 file, version 08, for one bank account; opening balance plus lines is the closing balance."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from lxml import etree

from contraflow.simulator.payday import BankLine
from ledger.money import major

_NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """One account of the shop at its bank.

    Attributes:
        number: an IBAN, or another number where the country has none.
        opening_minor: balance before the day, in minor units.
    """

    number: str
    is_iban: bool
    opening_minor: int


BANK_ACCOUNTS: Final = {
    "usd": BankAccount("0002407718", False, 1_250_000),
    "eur": BankAccount("DE53500105170000240771", True, 845_210),
    "jpy": BankAccount("0240771", False, 3_300_000),
    "kwd": BankAccount("KW47NORT0000000000000000240771", True, 410_500),
}

# Where the gateways beside Stripe pay to.
COLLECTION_ACCOUNTS: Final = {
    "usd": BankAccount("0002407726", False, 310_000),
    "eur": BankAccount("DE26500105170000240772", True, 92_040),
    "ngn": BankAccount("0240772011", False, 98_000_000),
    "ghs": BankAccount("0240772029", False, 4_100_000),
    "kes": BankAccount("0240772037", False, 7_700_000),
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement file.

    Attributes:
        account: the account's number, as connectors name it.
        currency: upper case.
        opening_minor, closing_minor: balances in minor units.
        lines: as booked.
        body: the file.
    """

    account: str
    currency: str
    statement_id: str
    opening_minor: int
    closing_minor: int
    lines: tuple[BankLine, ...]
    body: bytes


def write_statement(
    rng: random.Random,
    currency: str,
    lines: Sequence[BankLine],
    first_day: date,
    last_day: date,
    *,
    account: BankAccount | None = None,
) -> Statement:
    """The statement of an account in `currency` (lower case) over the days given; lines come in booking order.

    Without `account` it is the currency's in `BANK_ACCOUNTS`.
    """
    account, upper = account or BANK_ACCOUNTS[currency], currency.upper()
    booked = tuple(sorted(lines, key=lambda line: line.booked))
    closing_minor = account.opening_minor + sum(line.amount_minor for line in booked)
    # Part of the id is drawn, so that two played days of one date are two statements.
    statement_id = f"{last_day:%Y%m%d}-{upper}-{rng.randrange(16**8):08x}"
    root = etree.Element(f"{{{_NAMESPACE}}}Document", nsmap={None: _NAMESPACE})  # type: ignore[dict-item]  # stubs forget the default
    message = _child(root, "BkToCstmrStmt")
    header = _child(message, "GrpHdr")
    _child(header, "MsgId", f"M{statement_id}")
    _child(header, "CreDtTm", f"{last_day}T23:30:00Z")
    paging = _child(header, "MsgPgntn")
    _child(paging, "PgNb", "1")
    _child(paging, "LastPgInd", "true")
    element = _child(message, "Stmt")
    _child(element, "Id", statement_id)
    _child(element, "ElctrncSeqNb", f"{last_day:%y%j}")
    _child(element, "CreDtTm", f"{last_day}T23:30:00Z")
    period = _child(element, "FrToDt")
    _child(period, "FrDtTm", f"{first_day}T00:00:00Z")
    _child(period, "ToDtTm", f"{last_day}T23:59:59Z")
    _write_account(element, account, upper)
    _write_balance(element, "OPBD", account.opening_minor, upper, first_day)
    _write_balance(element, "CLBD", closing_minor, upper, last_day)
    for number, line in enumerate(booked, start=1):
        _write_line(element, line, number, f"{rng.randrange(16**16):016X}")
    body = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return Statement(account.number, upper, statement_id, account.opening_minor, closing_minor, booked, body)


def _write_account(parent: etree._Element, account: BankAccount, currency: str) -> None:
    element = _child(parent, "Acct")
    identity = _child(element, "Id")
    if account.is_iban:
        _child(identity, "IBAN", account.number)
    else:
        _child(_child(identity, "Othr"), "Id", account.number)
    _child(element, "Ccy", currency)
    _child(_child(element, "Ownr"), "Nm", "Northwind Goods Ltd")


def _write_balance(parent: etree._Element, code: str, amount_minor: int, currency: str, day: date) -> None:
    element = _child(parent, "Bal")
    _child(_child(_child(element, "Tp"), "CdOrPrtry"), "Cd", code)
    _write_amount(element, amount_minor, currency)
    _child(_child(element, "Dt"), "Dt", day.isoformat())


def _write_line(parent: etree._Element, line: BankLine, number: int, servicer_ref: str) -> None:
    credit, currency = line.amount_minor >= 0, line.currency.upper()
    entry = _child(parent, "Ntry")
    _child(entry, "NtryRef", str(number))
    _write_amount(entry, line.amount_minor, currency)
    _child(_child(entry, "Sts"), "Cd", "BOOK")
    _child(_child(entry, "BookgDt"), "Dt", line.booked.isoformat())
    _child(_child(entry, "ValDt"), "Dt", line.booked.isoformat())
    _child(entry, "AcctSvcrRef", servicer_ref)
    domain = _child(_child(entry, "BkTxCd"), "Domn")
    _child(domain, "Cd", "PMNT")
    family = _child(domain, "Fmly")
    _child(family, "Cd", "RCDT" if credit else "ICDT")
    _child(family, "SubFmlyCd", "ESCT")
    details = _child(_child(entry, "NtryDtls"), "TxDtls")
    references = _child(details, "Refs")
    _child(references, "EndToEndId", line.end_to_end or "NOTPROVIDED")
    _write_amount(details, line.amount_minor, currency)
    party = _child(_child(details, "RltdPties"), "Dbtr" if credit else "Cdtr")
    _child(_child(party, "Pty"), "Nm", line.party)
    _child(_child(details, "RmtInf"), "Ustrd", line.text)


def _write_amount(parent: etree._Element, amount_minor: int, currency: str) -> None:
    _child(parent, "Amt", major(abs(amount_minor), currency)).set("Ccy", currency)
    _child(parent, "CdtDbtInd", "CRDT" if amount_minor >= 0 else "DBIT")


def _child(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{_NAMESPACE}}}{name}")
    element.text = text
    return element
