"""What every connector is: one pure function from raw bytes to facts, and the names of fields that stay readable.

Intake, posting and retranslation treat all sources alike through this record; the registry is `connectors.CONNECTORS`.
"""

from collections.abc import Callable

import msgspec

from connectors.card_masking import mask_cards
from ledger.facts import Fact


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


class Connector(msgspec.Struct, frozen=True):
    """One source of facts.

    Attributes:
        source: its name in topics and keys.
        translate: raw bytes and telling to facts, in the order in which they were told; raises `TranslationError` and
            nothing else. The same bytes always give the same facts.
        plain_fields: fields that hold ids or amounts, which card masking leaves alone (see `mask_cards`).
    """

    source: str
    translate: Callable[[bytes, Telling], list[Fact]]
    plain_fields: frozenset[str]

    def mask(self, raw: bytes) -> bytes:
        """The bytes as they may be stored: card numbers masked, everything else identical (law 11)."""
        return mask_cards(raw, self.plain_fields)
