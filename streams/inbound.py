"""The inbound record: what intake writes into `inbound.<source>` and posting reads from it.

Key: the book. Value: the bytes as they were received, cards masked (law 11). Headers: who told it, when it came, and
the digest of the original bytes, by which the same delivery is known again. A producer that already speaks our facts
needs no headers: what is missing is taken from the topic, the record's timestamp and its bytes.
"""

import re
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from streams.errors import BodyTooLarge, InboundError
from streams.kafka import RECORD_BYTES_MAX

BODY_BYTES_MAX: Final = 1024 * 1024  # of one event, told over HTTP
FILE_BYTES_MAX: Final = RECORD_BYTES_MAX - 64 * 1024  # of one file, ingested; the rest is for key and headers
HEADERS_BYTES_MAX: Final = 32 * 1024
TOPIC_STEM: Final = "inbound."
ATTEMPTS_MAX: Final = 999_999
RECEIVED_AT_US_MAX: Final = 253_402_300_799_999_999  # the last microsecond of the year 9999

# A book's name stands in keys, event ids (`<book>/<position>`), HTTP paths and under seals.
BOOK_NAME: Final = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_BOOK: Final = re.compile(BOOK_NAME)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_context_decoder: Final = msgspec.json.Decoder(dict[str, str])

# confluent-kafka's type says either, librdkafka gives a list, in which a name may stand twice.
Headers = Sequence[tuple[str, str | bytes | None]] | dict[str, str | bytes | None]


_BYTES_PER_CHAR_MAX: Final = 6  # of a control character in JSON; in UTF-8 alone it is 4


class InboundRecord(msgspec.Struct, frozen=True, gc=False):
    """One thing told to one book. A struct, because posting makes one for every record it reads.

    Attributes:
        source: the connector that understands it: ``stripe``, ``camt053``, ``facts``.
        account: the endpoint's account at the source, or empty.
        received_at_us: microseconds since 1970 in UTC.
        digest: SHA-256 of the original bytes in hexadecimal, before masking.
        delivery: the sender's id of this delivery, or empty.
        context: what the bytes do not say, for example ``{"payout": "po_1"}``.
        attempts: how often it was given to posting before; above 0 after a redrive.
        body: the bytes, cards masked.
    """

    book: str
    source: str
    account: str
    received_at_us: int
    digest: str
    delivery: str
    context: Mapping[str, str]
    attempts: int
    body: bytes

    def __repr__(self) -> str:
        """Without the body: what was told stands in no log."""
        return f"InboundRecord(book={self.book!r}, source={self.source!r}, digest={self.digest!r})"

    @property
    def topic(self) -> str:
        """Its topic, without the installation's prefix."""
        return TOPIC_STEM + self.source

    def key(self) -> bytes:
        """The key in Kafka: the book."""
        return self.book.encode()

    def headers(self) -> list[tuple[str, bytes]]:
        """The headers in Kafka, all of them UTF-8 text."""
        return [
            ("source", self.source.encode()),
            ("account", self.account.encode()),
            ("received_at_us", b"%d" % self.received_at_us),
            ("digest", self.digest.encode()),
            ("delivery", self.delivery.encode()),
            ("context", msgspec.json.encode(self.context, order="sorted")),
            ("attempts", b"%d" % self.attempts),
        ]


def build_inbound(
    original: bytes,
    masked: bytes,
    *,
    book: str,
    source: str,
    account: str,
    delivery: str = "",
    context: Mapping[str, str] | None = None,
    received_at_us: int | None = None,
    bytes_max: int = BODY_BYTES_MAX,
) -> InboundRecord:
    """The record for bytes that were just received; `masked` is what may be kept of `original`.

    Raises:
        BodyTooLarge: more than `bytes_max` bytes.
        InboundError: no bytes, a book that is not a book's name, or headers that posting would not read.
    """
    check_book(book)
    if not original:
        raise InboundError("body_empty", "the body is empty: there is nothing to record")
    if len(original) > bytes_max or len(masked) > bytes_max:
        raise BodyTooLarge(
            "body_too_large", f"the body has {len(original)} bytes, at most {bytes_max} can be recorded: split it"
        )
    record = InboundRecord(
        book=book,
        source=source,
        account=account,
        received_at_us=time.time_ns() // 1000 if received_at_us is None else received_at_us,
        digest=digest_of(original),
        delivery=delivery,
        context=dict(context or {}),
        attempts=0,
        body=masked,
    )
    _check_headers(record)
    return record


def parse_inbound(
    topic: str, key: bytes | None, value: bytes | None, headers: Headers | None, timestamp_ms: int
) -> InboundRecord:
    """Read a record of an inbound topic.

    Args:
        topic: its name, with or without the installation's prefix.
        timestamp_ms: the record's timestamp in Kafka, milliseconds since 1970; taken when no header says it.

    Raises:
        InboundError: no book, no body or a header that cannot be read; the record belongs to the dead letters.
    """
    book = _book_of(key or b"")
    if not value:
        raise InboundError("body_empty", "the value is empty: there is nothing to record")
    if len(value) > RECORD_BYTES_MAX:  # a broker bounds what is compressed, and not what that becomes
        raise InboundError("body_too_large", f"the value has {len(value)} bytes, at most {RECORD_BYTES_MAX}")
    received_at_us = min(max(timestamp_ms, 0) * 1000, RECEIVED_AT_US_MAX)
    if not headers:
        return InboundRecord(
            book, topic.rpartition(TOPIC_STEM)[2], "", received_at_us, digest_of(value), "", {}, 0, value
        )
    pairs = headers.items() if isinstance(headers, dict) else headers
    found = {name: _text(name, content) for name, content in pairs if content is not None}
    digest = found.get("digest", "") or digest_of(value)
    if not _DIGEST.fullmatch(digest):
        raise InboundError("header_malformed", f"header digest: {digest[:80]!r} is not a SHA-256 in hexadecimal")
    record = InboundRecord(
        book,
        found.get("source") or topic.rpartition(TOPIC_STEM)[2],
        found.get("account", ""),
        _number("received_at_us", found.get("received_at_us", ""), received_at_us, RECEIVED_AT_US_MAX),
        digest,
        found.get("delivery", ""),
        _context(found.get("context", "")),
        _number("attempts", found.get("attempts", ""), 0, ATTEMPTS_MAX),
        value,
    )
    _check_headers(record)
    return record


def digest_of(original: bytes) -> str:
    """The name under which a delivery is known again: SHA-256 of the original bytes in hexadecimal."""
    return sha256(original).hexdigest()


def check_book(book: str) -> None:
    """Raise `InboundError` unless `book` is a book's name: letters, digits, ``. _ -``, 1 to 100 characters."""
    if not _BOOK.fullmatch(book):
        raise InboundError(
            "book_malformed",
            f"book {book[:120]!r} is not a name: 1 to 100 letters, digits, '.', '_' or '-', a letter or digit first",
        )


def _check_headers(record: InboundRecord) -> None:
    """Raise `InboundError` for headers that are too long, or that PostgreSQL could not keep beside the body."""
    text = "".join((record.source, record.account, record.delivery, *record.context, *record.context.values()))
    # What is short in characters is short in bytes, names, numbers and JSON's quotes included: no need to encode it.
    if len(text) * _BYTES_PER_CHAR_MAX > HEADERS_BYTES_MAX // 2 or len(record.context) > HEADERS_BYTES_MAX // 64:
        headers_bytes = sum(len(name) + len(value) for name, value in record.headers())
        if headers_bytes > HEADERS_BYTES_MAX:
            raise InboundError(
                "headers_too_large",
                f"account, delivery and context have {headers_bytes} bytes, at most {HEADERS_BYTES_MAX}",
            )
    if "\0" in text:
        raise InboundError("header_malformed", "source, account, delivery and context must not contain NUL")


@lru_cache(maxsize=4096)  # a batch is thousands of records of a few books
def _book_of(key: bytes | str) -> str:
    book = _text("key", key)
    check_book(book)
    return book


def _context(text: str) -> Mapping[str, str]:
    if text in ("", "{}"):
        return {}
    try:
        return _context_decoder.decode(text)
    except msgspec.DecodeError as error:
        raise InboundError("header_malformed", f"header context: {error}") from error


def _text(name: str, content: str | bytes) -> str:
    if isinstance(content, str):
        return content
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InboundError("header_malformed", f"{name} is not UTF-8: {content[:40]!r}") from error


def _number(name: str, text: str, otherwise: int, most: int) -> int:
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        raise InboundError("header_malformed", f"header {name}: {text[:40]!r} is not a number from 0 to {most}")
    return int(text)
