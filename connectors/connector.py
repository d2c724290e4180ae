"""What every connector is: a manifest and pure functions, from raw bytes to facts and from a place to a request.

Intake, posting, polling and retranslation treat all sources alike through this record; the registry is
`connectors.CONNECTORS`. No function here reads a clock, a socket or a file.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from connectors.card_masking import mask_cards
from connectors.exchange import Answer, Call, Item, Keys, Page, Place, Verified, Want, WebhookRequest
from connectors.manifest import Manifest
from connectors.outcome import Outcome, classify
from ledger.facts import Fact

# The one context entry that connectors must not make themselves: `poll` or `fetch` for bytes that answered our own
# call. Everything else came from outside.
VIA: Final = "via"
STREAM: Final = "stream"


class Telling(msgspec.Struct, frozen=True):
    """What intake knew besides the bytes; it travels beside them as Kafka headers.

    Attributes:
        source: name of the connector, for example ``stripe``.
        account: the endpoint's account at the source, or empty when the bytes themselves name it.
        delivery: digest or delivery id of these bytes, or empty.
        context: what the sender added, for example ``{"payout": "po_1"}`` for a page of one payout's contents.
    """

    source: str
    account: str
    delivery: str = ""
    context: dict[str, str] = {}

    @property
    def is_answer(self) -> bool:
        """Whether these bytes answered our own authorized call: to be believed whatever a webhook may claim."""
        return self.context.get(VIA) in ("poll", "fetch")

    @property
    def stream(self) -> str:
        """The stream that the bytes are an item of, empty for a webhook or a file."""
        return self.context.get(STREAM, "")


class Connector(msgspec.Struct, frozen=True):
    """One source of facts. Whoever has no webhook, no stream or no account to call leaves the functions for it out.

    Attributes:
        source: its name in topics and settings; the manifest's name where there is one.
        translate: raw bytes and telling to facts, in the order in which they were told; raises `TranslationError` and
            nothing else. The same bytes always give the same facts.
        plain_fields: fields that hold ids or amounts, which card masking leaves alone (see `mask_cards`).
        manifest: what it is as data; None for formats without a vendor behind them.
        verify: request, keys and Unix time in seconds; returns what the headers say or raises `SignatureError`.
        key_urls: addresses of the certificates that `verify` needs for this request, each checked against the
            vendor's hosts; raises `SignatureError` for any other.
        split: the parts of a webhook's body that holds several things; absent where a body is one thing.
        wants: what a recorded body makes us fetch, by telling: bodies that may not be believed name their object here.
        page_call: the request of the page at a place whose window is open.
        read_page: the answer to it; raises `TranslationError` when it is no page.
        classify: what may follow a call, by its answer.
    """

    source: str
    translate: Callable[[bytes, Telling], list[Fact]]
    plain_fields: frozenset[str]
    manifest: Manifest | None = None
    verify: Callable[[WebhookRequest, Keys, int], Verified] | None = None
    key_urls: Callable[[WebhookRequest], tuple[str, ...]] | None = None
    split: Callable[[bytes], list[bytes]] | None = None
    wants: Callable[[bytes, Telling], list[Want]] | None = None
    page_call: Callable[[Place], Call] | None = None
    read_page: Callable[[Place, Answer], Page] | None = None
    classify: Callable[[Call, Answer], Outcome] = classify

    def mask(self, raw: bytes) -> bytes:
        """The bytes as they may be stored: card numbers masked, everything else identical (law 11)."""
        return mask_cards(raw, self.plain_fields)

    def can(self, capability: str) -> bool:
        """Whether the manifest claims it."""
        return self.manifest is not None and capability in self.manifest.capabilities

    def received(self, request: WebhookRequest, verified: Verified) -> list[Item]:
        """The items of a verified webhook, each to be recorded."""
        parts = [request.raw] if self.split is None else self.split(request.raw)
        context = {name: value for name, value in verified.context.items() if name not in (VIA, STREAM)}
        return [Item(part, verified.delivery, context) for part in parts]


def answered(place: Place, item: Item) -> Item:
    """An item of a page with what translation may rely on: that we asked for it, in which stream and for which id."""
    context = {**item.context, VIA: "fetch" if place.id else "poll", STREAM: place.stream}
    return Item(item.raw, item.delivery, {**context, "of": place.id} if place.id else context)
