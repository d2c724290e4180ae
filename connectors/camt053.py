"""camt.053: bank statements of ISO 20022, versions 02 and later, translated into bank facts.

Read leniently, because real files break their own schema, and checked where it matters: a statement whose opening
balance and booked entries do not make its closing balance is refused whole. Names and accounts of counterparties are
not carried (law 11); the remittance text is, because matching needs it.
"""

from collections import Counter, defaultdict
from typing import Final

import msgspec
from lxml import etree

from connectors.camt053_document import amount, child, children, day, local_name, parse, signed, text
from connectors.camt053_entries import Line, path_part, statement_lines
from connectors.connector import Connector, Telling
from connectors.errors import TranslationError
from ledger.facts import LINK_CHARS_MAX, Fact
from ledger.money import Money

_TYPES: Final = {"BOOK": "bank.line.booked", "PDNG": "bank.line.pending"}
_OTHER_MESSAGES: Final = {
    "BkToCstmrAcctRpt": "camt.052, an intraday report: its lines come again in the statement",
    "BkToCstmrDbtCdtNtfctn": "camt.054, a notification: its lines come again in the statement",
}
_OPENING: Final = ("OPBD", "PRCD")
_CLOSING: Final = ("CLBD",)


def translate(raw: bytes, telling: Telling) -> list[Fact]:
    """A ``bank.statement.received`` for each statement in the file, each followed by its lines."""
    message = _message(parse(raw))
    statements = children(message, "Stmt")
    if not statements:
        raise TranslationError("statement_missing", "the file has no Stmt")
    facts: list[Fact] = []
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for number, element in enumerate(statements, start=1):
        statement = _read_statement(element, message, f"statement {number}")
        lines = statement_lines(
            element, statement.name, statement.currency, seen[statement.account], f"statement {number}"
        )
        check = _check_balances(statement, lines)
        facts.append(_statement_fact(statement, lines, check, telling))
        facts += [_line_fact(statement, line, telling) for line in lines]
    return facts


CAMT053: Final = Connector(
    source="camt053",
    translate=translate,
    plain_fields=frozenset(
        {
            "Id",
            "IBAN",
            "MsgId",
            "AcctSvcrRef",
            "AcctOwnrTxId",
            "NtryRef",
            "EndToEndId",
            "InstrId",
            "TxId",
            "PmtInfId",
            "ClrSysRef",
            "UETR",
            "MndtId",
            "ChqNb",
            "Ref",
            "ElctrncSeqNb",
            "LglSeqNb",
            "Amt",
            "TtlAmt",
            "Sum",
            "TtlNetNtryAmt",
            "XchgRate",
        }
    ),
)


class _Statement(msgspec.Struct, frozen=True):
    """What a ``Stmt`` says about itself; balances are signed minor units with currency, or None."""

    account: str
    id: str
    name: str  # its id and sequence number, as parts of a key
    page: str  # "<number>" when it is one page of several, else empty
    currency: str
    opening: tuple[int, str] | None
    closing: tuple[int, str] | None
    opening_date: str
    closing_date: str
    created: str


def _message(root: etree._Element) -> etree._Element:
    candidates: list[etree._Element] = [root, *root]
    for element in candidates:
        name = local_name(element)
        if name == "BkToCstmrStmt":
            return element
        if name in _OTHER_MESSAGES:
            raise TranslationError("unsupported_message", _OTHER_MESSAGES[name])
    raise TranslationError("not_camt053", "the file has no BkToCstmrStmt: it is not a camt.053 statement")


def _read_statement(element: etree._Element, message: etree._Element, where: str) -> _Statement:
    account = (text(element, "Acct", "Id", "IBAN") or text(element, "Acct", "Id", "Othr", "Id")).replace(" ", "")
    if not account:
        raise TranslationError("account_missing", f"{where}: Acct has neither an IBAN nor another id")
    statement_id = text(element, "Id") or text(message, "GrpHdr", "MsgId")
    if not statement_id:
        raise TranslationError("statement_id_missing", f"{where}: neither Stmt/Id nor GrpHdr/MsgId is there")
    page = _page(element, message)
    sequence = text(element, "ElctrncSeqNb") or text(element, "LglSeqNb") or "-"
    opening, opening_date = _balance(element, _OPENING, where)
    closing, closing_date = _balance(element, _CLOSING, where)
    created = day(element, "CreDtTm", where) or day(message, "CreDtTm", where)
    header = child(message, "GrpHdr")
    if not created and header is not None:
        created = day(header, "CreDtTm", where)
    known = opening or closing
    return _Statement(
        account=account,
        id=statement_id,
        name=f"{path_part(statement_id)}/{path_part(sequence)}",
        page=page,
        currency=text(element, "Acct", "Ccy") or (known[1] if known else ""),
        opening=opening,
        closing=closing,
        opening_date=opening_date,
        closing_date=closing_date,
        created=created,
    )


def _page(element: etree._Element, message: etree._Element) -> str:
    """Which page this is when the statement has several; a page says its own number and whether it is the last."""
    pages = child(element, "StmtPgntn")
    if pages is None:
        pages = child(message, "GrpHdr", "MsgPgntn")
    if pages is None:
        return ""
    number = text(pages, "PgNb")
    is_whole = number.lstrip("0") in {"", "1"} and text(pages, "LastPgInd") in {"true", "1", ""}
    return "" if is_whole else path_part(number or "1")


def _balance(element: etree._Element, codes: tuple[str, ...], where: str) -> tuple[tuple[int, str] | None, str]:
    """The first balance of the first code that is there: signed minor units and currency, and its date."""
    balances = children(element, "Bal")
    for code in codes:
        for balance in balances:
            if (text(balance, "Tp", "CdOrPrtry", "Cd") or text(balance, "Tp", "Cd")) != code:
                continue
            amount_element = child(balance, "Amt")
            if amount_element is None:
                raise TranslationError("amount_missing", f"{where}, balance {code}: Amt is missing")
            minor, currency = amount(amount_element, f"{where}, balance {code}", text(element, "Acct", "Ccy"))
            return (signed(minor, balance, f"{where}, balance {code}"), currency), day(balance, "Dt", where)
    return None, ""


def _check_balances(statement: _Statement, lines: list[Line]) -> str:
    """Whether opening + booked lines = closing: ``passed``, or why that cannot be asked; refuses when it is not so."""
    if statement.opening is None or statement.closing is None:
        return "no opening balance" if statement.opening is None else "no closing balance"
    booked = [line for line in lines if line.status == "BOOK"]
    currencies = {statement.opening[1], statement.closing[1], *(line.currency for line in booked)}
    difference = statement.opening[0] + sum(line.amount_minor for line in booked) - statement.closing[0]
    if len(currencies) == 1 and difference == 0:
        return "passed"
    if statement.page:
        return "one page of several"  # banks repeat the balances of the whole statement on every page
    if len(currencies) > 1:
        detail = f"balances and entries are in {', '.join(sorted(currencies))}"
    else:
        detail = f"off by {difference} minor units of {statement.closing[1]}"
    raise TranslationError("statement_does_not_add_up", f"opening and booked entries do not make closing: {detail}")


def _statement_fact(statement: _Statement, lines: list[Line], check: str, telling: Telling) -> Fact:
    amounts = {}
    for name, balance in (("opening", statement.opening), ("closing", statement.closing)):
        if balance is not None:
            amounts[name] = Money.of(*balance)
    # Of undated statements without lines nothing says when; they carry no money either.
    last_day = max((line.booking_date or line.value_date for line in lines), default="1970-01-01")
    attributes = {
        "opening_date": statement.opening_date,
        "closing_date": statement.closing_date,
        "entries": str(len(lines)),
        "balance_check": check,
        "page": statement.page,
    }
    page = f"/page-{statement.page}" if statement.page else ""
    return Fact(
        type="bank.statement.received",
        key=f"camt053/{path_part(statement.account)}/statement/{statement.name}{page}",
        source="camt053",
        account=statement.account,
        effective_at=statement.closing_date or statement.opening_date or statement.created or last_day,
        amounts=amounts,
        links={"statement": statement.id[:LINK_CHARS_MAX]},
        delivery=telling.delivery,
        attributes={name: value for name, value in attributes.items() if value},
    )


def _line_fact(statement: _Statement, line: Line, telling: Telling) -> Fact:
    fact_type = _TYPES.get(line.status, "event.observed")
    transition = fact_type.rpartition(".")[2]
    attributes = {
        "booking_date": line.booking_date,
        "value_date": line.value_date,
        # Not a link: a bank may tell one line again in another statement, which is no contradiction.
        "statement": statement.id,
        **line.attributes,
    }
    return Fact(
        type=fact_type,
        key=f"camt053/{path_part(statement.account)}/{line.key}/{transition}",
        source="camt053",
        account=statement.account,
        effective_at=line.value_date or line.booking_date,
        amounts={} if fact_type == "event.observed" else {"gross": Money.of(line.amount_minor, line.currency)},
        status=line.status,
        delivery=telling.delivery,
        attributes={name: value for name, value in attributes.items() if value},
    )
