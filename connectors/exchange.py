"""What passes between the engine and a connector: requests and answers as values.

A connector builds a `Call` and reads an `Answer`; only the engine holds the HTTP client that turns one into the other.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from connectors.errors import TranslationError

ID_CHARS_MAX: Final = 512  # of what is wanted; it stands in an index
MARK_CHARS_MAX: Final = 16_384


class WebhookRequest(msgspec.Struct, frozen=True):
    """A request that came in.

    Attributes:
        headers: by lower-case name; a header that came more than once is joined by commas.
        raw: the body, untouched.
        path: path and query of the request.
    """

    headers: Mapping[str, str]
    raw: bytes
    path: str = ""


class Keys(msgspec.Struct, frozen=True):
    """What proves an endpoint's requests. Never logged: no value shows in its repr.

    Attributes:
        secrets: several while one is being replaced; empty ones never match.
        certificates: PEM by address, for schemes that sign with a certificate (see `Connector.key_urls`).
        tolerance_s: overrides the scheme's own.
    """

    secrets: tuple[str, ...]
    certificates: Mapping[str, bytes] = {}
    tolerance_s: int | None = None

    def __repr__(self) -> str:
        return f"Keys({len(self.secrets)} secrets, {len(self.certificates)} certificates)"


class Verified(msgspec.Struct, frozen=True):
    """What a verified request says outside its body.

    Attributes:
        delivery: the sender's id of this delivery, or empty.
        context: what the headers say and translation needs, for example ``{"topic": "payment_order"}``. The same for
            every repeat of a delivery.
    """

    delivery: str = ""
    context: Mapping[str, str] = {}


class Call(msgspec.Struct, frozen=True):
    """A request to make, without base address and authorization.

    Attributes:
        operation: what rate limits and circuit breakers count it under: a stream's or an operation's name.
        path: begins with a slash.
        query: in the order in which it is written.
        key: idempotency key of a call that writes, or empty; the call carries it where its `Operation` says.
    """

    operation: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: bytes = b""
    key: str = ""

    @property
    def is_repeatable(self) -> bool:
        """Whether making the call again cannot do anything twice."""
        return self.method in ("GET", "HEAD") or bool(self.key)


class Answer(msgspec.Struct, frozen=True):
    """What the vendor answered: `headers` by lower-case name, `at_s` the Unix time at which it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    at_s: int = 0


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where reading a stream stands; saved once Kafka has acknowledged everything before it (see `connectors.polling`).

    Attributes:
        stream: its name.
        since_s, until_s: the window, Unix time in seconds, end excluded; `until_s` is 0 before the window is opened.
        page: the vendor's own mark of the next page in this window, empty for the first.
        id: what is read, for a stream by id.
        read_s: up to when everything was read, Unix time in seconds; 0 when nothing was.
    """

    stream: str
    since_s: int = 0
    until_s: int = 0
    page: str = ""
    id: str = ""
    read_s: int = 0


class Item(msgspec.Struct, frozen=True):
    """One thing told, which becomes one inbound record; what cannot be translated is one dead letter and no more.

    Attributes:
        raw: its bytes exactly as the vendor wrote them.
        delivery: the vendor's id of it, or empty.
        context: what its bytes do not say; the same whenever it is read again.
    """

    raw: bytes
    delivery: str = ""
    context: Mapping[str, str] = {}


class Want(msgspec.Struct, frozen=True, order=True):
    """Something that must be fetched before what was told is complete or may be believed: a stream by id and the id."""

    stream: str
    id: str

    @property
    def is_keepable(self) -> bool:
        """False for an id that no database would keep and no vendor gives: it came from outside and may be anything."""
        return 0 < len(self.id) <= ID_CHARS_MAX and self.id.isprintable()


class Page(msgspec.Struct, frozen=True):
    """An answer, read: its items in order, the mark of the next page (empty at the end), and what they make us want."""

    items: tuple[Item, ...]
    next: str = ""
    wants: tuple[Want, ...] = ()

    @property
    def is_keepable(self) -> bool:
        """False when the mark of the next page could not be kept as a place."""
        return len(self.next) <= MARK_CHARS_MAX and (not self.next or self.next.isprintable())


def json_rows(raw: bytes, *fields: str) -> list[bytes]:
    """The exact bytes of each element of the JSON array under `fields` (none: the body is the array).

    Raises:
        TranslationError: ``page_malformed``: there is no such array.
    """
    try:
        inner = raw
        for field in fields:
            inner = bytes(msgspec.json.decode(inner, type=dict[str, msgspec.Raw])[field])
        return [bytes(row) for row in msgspec.json.decode(inner, type=list[msgspec.Raw])]
    except (ValueError, KeyError, RecursionError) as error:
        raise TranslationError(
            "page_malformed", f"the answer has no list under {'.'.join(fields) or 'its top'}"
        ) from error
