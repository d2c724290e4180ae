"""Reads ISO 20022 XML safely and by local names.

Banks send version 02 to 13, a wrong namespace or none, so names are compared without their namespace. A document type
definition is refused before anything in it can be expanded or fetched.
"""

import re
from datetime import date
from typing import Final

from lxml import etree

from connectors.errors import TranslationError
from ledger.money import from_major

FILE_BYTES_MAX: Final = 10 * 1024 * 1024
TEXT_CHARS_MAX: Final = 500

_CURRENCY: Final = re.compile(r"[A-Za-z]{3}")
_AMOUNT: Final = re.compile(r"[0-9]{1,39}(\.[0-9]{0,30})?")


def parse(raw: bytes, bytes_max: int = FILE_BYTES_MAX) -> etree._Element:
    """The root element of an XML file without a document type definition, at most `bytes_max` bytes long."""
    if len(raw) > bytes_max:
        raise TranslationError("too_large", f"the file has {len(raw)} bytes, at most {bytes_max}")
    if b"<!DOCTYPE" in raw:
        raise TranslationError("dtd_refused", "the file has a document type definition, which a statement never needs")
    # No entities, no network, no DTD, libxml2's own limits on depth and size kept: the file comes from outside.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=False,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise TranslationError("xml_malformed", f"not XML{f', line {line}' if line else ''}") from error
    document = root.getroottree().docinfo
    if document.internalDTD is not None or document.doctype:  # in an encoding that hides it from the check above
        raise TranslationError("dtd_refused", "the file has a document type definition, which a statement never needs")
    return root


def local_name(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """The direct children of a local name."""
    return [child for child in element if local_name(child) == name]


def child(element: etree._Element, *path: str) -> etree._Element | None:
    """The first element down a path of local names, or None."""
    for name in path:
        found = next((each for each in element if local_name(each) == name), None)
        if found is None:
            return None
        element = found
    return element


def text(element: etree._Element, *path: str) -> str:
    """The text down a path of local names, without blanks around it, at most 500 characters; empty when missing."""
    found = child(element, *path)
    return " ".join((found.text or "").split())[:TEXT_CHARS_MAX] if found is not None else ""


def day(element: etree._Element, name: str, where: str) -> str:
    """The ISO date of a choice ``Dt`` or ``DtTm`` below `name`, as the bank wrote it; empty when missing."""
    found = child(element, name)
    if found is None:
        return ""
    written = text(found, "Dt") or text(found, "DtTm") or (text(element, name) if len(found) == 0 else "")
    if not written:
        return ""
    try:
        return date.fromisoformat(written[:10]).isoformat()
    except ValueError as error:
        raise TranslationError("date_malformed", f"{where}: {name} is not a date") from error


def amount(element: etree._Element, where: str, currency_default: str = "") -> tuple[int, str]:
    """Minor units and currency of an ``Amt`` element; digits that the currency cannot hold are refused."""
    currency = element.get("Ccy", "").strip() or currency_default
    if not _CURRENCY.fullmatch(currency):
        raise TranslationError("currency_malformed", f"{where}: Ccy is not a three-letter currency code")
    written = (element.text or "").strip()
    if not _AMOUNT.fullmatch(written):
        raise TranslationError("amount_malformed", f"{where}: Amt is not a decimal number without a sign")
    try:
        return from_major(written, currency.upper()), currency.upper()
    except ValueError as error:  # MoneyError: too many digits, or too large
        raise TranslationError("amount_malformed", f"{where}: {error}") from error


def signed(amount_minor: int, element: etree._Element, where: str) -> int:
    """The amount with the sign of the element's ``CdtDbtInd``: credit positive, debit negative."""
    match text(element, "CdtDbtInd"):
        case "CRDT":
            return amount_minor
        case "DBIT":
            return -amount_minor
    raise TranslationError("direction_malformed", f"{where}: CdtDbtInd is neither CRDT nor DBIT")
