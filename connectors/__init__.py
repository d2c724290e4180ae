"""Speaks to the outside: one file per gateway, bank format or accounting system.

A connector verifies a signature over the raw bytes, translates raw bytes into facts and says how to poll and call. It
holds no Kafka and no database, and of our own code it knows money and facts alone.
"""

from typing import Final

from connectors.camt053 import CAMT053
from connectors.canonical_facts import CANONICAL_FACTS
from connectors.connector import Connector, Telling
from connectors.errors import ConnectorError, SignatureError, TranslationError
from connectors.flutterwave_v3 import FLUTTERWAVE_V3
from connectors.flutterwave_v4 import FLUTTERWAVE_V4
from connectors.modern_treasury import MODERN_TREASURY
from connectors.paypal import PAYPAL
from connectors.paystack import PAYSTACK
from connectors.stripe import STRIPE

# Every source that may be named in a topic `inbound.<source>`.
CONNECTORS: Final[dict[str, Connector]] = {
    each.source: each
    for each in (
        STRIPE,
        PAYSTACK,
        FLUTTERWAVE_V3,
        FLUTTERWAVE_V4,
        PAYPAL,
        MODERN_TREASURY,
        CAMT053,
        CANONICAL_FACTS,
    )
}

__all__ = ["CONNECTORS", "Connector", "ConnectorError", "SignatureError", "Telling", "TranslationError"]
