"""The entries of a camt.053 statement, as lines with a key that a second telling meets again.

A line's key is, in this order, the account servicer's reference, the entry's number in its statement, or a digest of
what the entry says. Banks reuse references, so the booking date and the amount stand in the key as well. Equal entries
of one day are legal and are counted: the second has ``/2`` at the end.
"""

from collections import Counter
from hashlib import sha256
from typing import Final
from urllib.parse import quote

import msgspec
from lxml import etree

from connectors.camt053_document import amount, child, children, day, local_name, signed, text
from connectors.errors import TranslationError

_NO_REFERENCE: Final = frozenset({"", "NOTPROVIDED", "NOT PROVIDED", "NONREF", "NOREF", "NONE"})
_TEXT_CHARS_MAX: Final = 500
_NAME_CHARS_MAX: Final = 80


class Line(msgspec.Struct, frozen=True):
    """One movement on a bank account.

    Attributes:
        key: what names it within its account.
        amount_minor: signed, credit positive.
        currency: ISO 4217 code.
        status: ``BOOK``, ``PDNG``, ``INFO`` or another word of the bank.
        booking_date: ISO date or empty.
        value_date: ISO date or empty; one of the two dates is there.
        attributes: references and remittance text.
    """

    key: str
    amount_minor: int
    currency: str
    status: str
    booking_date: str
    value_date: str
    attributes: dict[str, str]


def statement_lines(
    statement: etree._Element, statement_name: str, currency: str, seen: Counter[str], where: str
) -> list[Line]:
    """All lines of one ``Stmt``, in its order.

    Args:
        statement: the ``Stmt`` element.
        statement_name: account-wide name of the statement, for entries that have only a number in it.
        currency: the account's currency where an amount names none, or empty.
        seen: how often each key was used by this file and account; counted on.
        where: what the statement is called in errors.
    """
    lines: list[Line] = []
    for number, entry in enumerate(children(statement, "Ntry"), start=1):
        lines += _entry_lines(entry, statement_name, currency, seen, f"{where}, entry {number}")
    return lines


def path_part(text: str) -> str:
    """A text as one part of a key: percent-encoded, or a digest when that would be too long."""
    quoted = quote(text, safe="")
    return quoted if len(quoted) <= _NAME_CHARS_MAX else f"sha256-{sha256(text.encode()).hexdigest()[:32]}"


def _entry_lines(
    entry: etree._Element, statement_name: str, currency: str, seen: Counter[str], where: str
) -> list[Line]:
    amount_element = child(entry, "Amt")
    if amount_element is None:
        raise TranslationError("amount_missing", f"{where}: Amt is missing")
    amount_minor, currency = amount(amount_element, where, currency)
    amount_minor = signed(amount_minor, entry, where)
    booking_date, value_date = day(entry, "BookgDt", where), day(entry, "ValDt", where)
    if not booking_date and not value_date:
        raise TranslationError("date_missing", f"{where}: neither BookgDt nor ValDt is there")
    status = text(entry, "Sts", "Cd") or text(entry, "Sts") or "BOOK"
    details = [each for part in children(entry, "NtryDtls") for each in children(part, "TxDtls")]
    shared = _attributes(entry, details[0] if len(details) == 1 else None)
    key = _entry_key(entry, statement_name, amount_minor, currency, booking_date, value_date, shared)
    seen[key] += 1
    if seen[key] > 1:
        key = f"{key}/{seen[key]}"
    parts = _split(details, entry, amount_minor, currency, where)
    if not parts:
        return [Line(key, amount_minor, currency, status, booking_date, value_date, shared)]
    return [
        Line(f"{key}/tx-{number}", part_minor, currency, status, booking_date, value_date, _attributes(entry, detail))
        for number, (part_minor, detail) in enumerate(parts, start=1)
    ]


def _split(
    details: list[etree._Element], entry: etree._Element, amount_minor: int, currency: str, where: str
) -> list[tuple[int, etree._Element]]:
    """The parts of a batch, or nothing when they do not explain its amount to the last unit."""
    parts: list[tuple[int, etree._Element]] = []
    for detail in details if len(details) > 1 else ():
        element = child(detail, "Amt")
        if element is None:
            element = child(detail, "AmtDtls", "TxAmt", "Amt")
        if element is None:
            return []
        part_minor, part_currency = amount(element, where, currency)
        if part_currency != currency or part_minor == 0:
            return []
        parts.append((signed(part_minor, detail if child(detail, "CdtDbtInd") is not None else entry, where), detail))
    return parts if sum(part_minor for part_minor, _ in parts) == amount_minor else []


def _entry_key(
    entry: etree._Element,
    statement_name: str,
    amount_minor: int,
    currency: str,
    booking_date: str,
    value_date: str,
    attributes: dict[str, str],
) -> str:
    dated = f"{booking_date or value_date}/{amount_minor}{currency}"
    if servicer_reference := _reference(entry, "AcctSvcrRef"):
        return f"line/{path_part(servicer_reference)}/{dated}"
    if entry_reference := _reference(entry, "NtryRef"):
        return f"entry/{statement_name}/{path_part(entry_reference)}/{dated}"
    said = "\x1f".join([dated, value_date, *(f"{name}={value}" for name, value in sorted(attributes.items()))])
    return f"hash/{sha256(said.encode()).hexdigest()[:32]}"


def _attributes(entry: etree._Element, detail: etree._Element | None) -> dict[str, str]:
    """References and texts of an entry and one of its details; no names, no addresses, no accounts of others."""
    code = child(entry, "BkTxCd")
    domain = child(code, "Domn") if code is not None else None
    words = []
    if domain is not None:
        words = [text(domain, "Cd"), text(domain, "Fmly", "Cd"), text(domain, "Fmly", "SubFmlyCd")]
    elif code is not None:
        words = [text(code, "Prtry", "Cd")]
    found = {
        "account_servicer_ref": _reference(entry, "AcctSvcrRef"),
        "entry_ref": _reference(entry, "NtryRef"),
        "bank_code": "-".join(word for word in words if word),
        "reversal": "true" if text(entry, "RvslInd") in {"true", "1"} else "",
    }
    texts = []
    if detail is not None:
        found["end_to_end_id"] = _reference(detail, "Refs", "EndToEndId")
        found["instruction_id"] = _reference(detail, "Refs", "InstrId")
        found["transaction_id"] = _reference(detail, "Refs", "TxId")
        found["message_id"] = _reference(detail, "Refs", "MsgId")
        found["return_reason"] = text(detail, "RtrInf", "Rsn", "Cd")
        remittance = child(detail, "RmtInf")
        for part in remittance if remittance is not None else ():
            texts.append(text(part) if local_name(part) == "Ustrd" else text(part, "CdtrRefInf", "Ref"))
        texts.append(text(detail, "AddtlTxInf"))
    texts.append(text(entry, "AddtlNtryInf"))
    found["text"] = " ".join(dict.fromkeys(each for each in texts if each))[:_TEXT_CHARS_MAX]
    return {name: value for name, value in found.items() if value}


def _reference(element: etree._Element, *path: str) -> str:
    """A reference, or empty for the words that banks write where there is none."""
    found = text(element, *path)
    return "" if found.upper() in _NO_REFERENCE else found
