"""Inbound file: what is in a file somebody hands over, told by its content and never by its name.

| content | becomes |
|---|---|
| a Stripe event, or one a line | one record each for `inbound.stripe` |
| a Stripe list of balance transactions | one record for `inbound.stripe`; its payout is said beside it |
| a webhook, answer or page of another gateway, or one a line | one record each for `inbound.<gateway>` |
| a canonical fact, or one a line | one record each for `inbound.facts` |
| camt.053 XML | one record for `inbound.camt053` |

Pure: bytes in, what to send out. Whether the content is any good is for posting to decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import msgspec

from contraflow.gateway_body import gateway_body

Kind = Literal["stripe event", "balance-transaction page", "webhook", "answer", "fact", "camt.053 statement"]

_ACCOUNT: Final = re.compile(
    rb"<(?:\w+:)?Acct>\s*<(?:\w+:)?Id>\s*(?:<(?:\w+:)?IBAN>|<(?:\w+:)?Othr>\s*<(?:\w+:)?Id>)\s*([^<\s]+)"
)


class NotRecognised(Exception):
    """The content is none of what can be ingested."""


@dataclass(frozen=True, slots=True)
class InboundPiece:
    """One record to send.

    Attributes:
        account: the account that the content itself names, or empty.
        delivery: the sender's id of it, or empty.
    """

    raw: bytes
    kind: Kind
    source: str
    account: str = ""
    delivery: str = ""


def pieces_of(raw: bytes) -> list[InboundPiece]:
    """The records in the content of one file, in its order.

    Raises:
        NotRecognised: says what was found instead, with the line for JSON lines.
    """
    text = raw.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        raise NotRecognised("the file is empty")
    if text.startswith(b"<"):
        return [_statement(raw, text)]
    try:
        return [replace(_of_object(msgspec.json.decode(text)), raw=raw)]
    except msgspec.DecodeError as error:
        if b"\n" not in text:
            raise NotRecognised(f"neither XML nor JSON: {error}") from error
    return list(_of_lines(text))


def _of_lines(text: bytes) -> Iterator[InboundPiece]:
    for number, line in enumerate(text.split(b"\n"), start=1):
        if line.strip():
            try:
                yield replace(_of_object(msgspec.json.decode(line)), raw=line.strip())
            except (msgspec.DecodeError, NotRecognised) as error:
                raise NotRecognised(f"line {number}: {error}") from error


def _of_object(value: Any) -> InboundPiece:
    """The piece for a JSON value, without its bytes."""
    found = gateway_body(value)
    if found is not None:
        return InboundPiece(b"", found.kind, found.source, "", found.delivery)
    if not isinstance(value, dict):
        raise NotRecognised(f"a JSON {type(value).__name__} where an object was expected; give one object a line")
    match value.get("object"):
        case "event" | "v2.core.event":
            account = value.get("account")
            return InboundPiece(
                b"", "stripe event", "stripe", account if isinstance(account, str) else "", str(value.get("id", ""))
            )
        case "list":
            return _page(value)
    if {"type", "key", "source"} <= value.keys():
        return InboundPiece(b"", "fact", "facts", str(value.get("account", "")), str(value.get("delivery", "")))
    shown = ", ".join(sorted(value)[:6])
    raise NotRecognised(f"a JSON object with {shown or 'no fields'}: nothing of a gateway that we know, nor a fact")


def _page(value: dict[str, Any]) -> InboundPiece:
    rows = value.get("data")
    others = {str(row.get("object")) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()
    if not isinstance(rows, list) or others - {"balance_transaction"}:
        raise NotRecognised(f"a Stripe list of {', '.join(sorted(others)) or 'nothing'}, not of balance transactions")
    return InboundPiece(b"", "balance-transaction page", "stripe")


def _statement(raw: bytes, text: bytes) -> InboundPiece:
    head = text[:4096]
    if b"camt.053" not in head and b"BkToCstmrStmt" not in head:
        raise NotRecognised("XML, but not a camt.053 statement (no BkToCstmrStmt in it)")
    found = _ACCOUNT.search(text)
    return InboundPiece(raw, "camt.053 statement", "camt053", found[1].decode(errors="replace") if found else "")
