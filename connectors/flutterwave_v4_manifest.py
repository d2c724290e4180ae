"""Flutterwave, version 4, as data: addresses, streams and status words (https://developer.flutterwave.com/reference)."""

from typing import Final

from connectors.flutterwave_amounts import UNITS
from connectors.flutterwave_statuses import STATUSES
from connectors.manifest import Auth, BaseUrls, Manifest, Operation, RateLimit, SignatureScheme, Stream

DAY_S: Final = 24 * 3600
_TOKENS: Final = "https://idp.flutterwave.com/realms/flutterwave/protocol/openid-connect/token"

SCHEME: Final = SignatureScheme("flutterwave-signature", "hmac", hash="sha256", encoding="base64")

MANIFEST: Final = Manifest(
    name="flutterwave_v4",
    title="Flutterwave v4",
    version="4",
    capabilities=frozenset({"webhook", "poll", "fetch"}),
    units=UNITS,
    # Pages of the vendor disagree on the live address; the settings outweigh it.
    urls=BaseUrls(
        sandbox="https://developersandbox-api.flutterwave.com",
        live="https://f4bexperience.flutterwave.com",
    ),
    auth=Auth("client_credentials", token_urls=BaseUrls(_TOKENS, _TOKENS), client="form", margin_s=60),
    signatures=(SCHEME,),
    streams=(
        # Each list reaches back for as long as its objects change.
        Stream("charges", page_size=50, overlap_s=DAY_S),
        Stream("refunds", page_size=50, every_s=1800, overlap_s=14 * DAY_S),
        Stream("settlements", page_size=50, every_s=3600, overlap_s=14 * DAY_S),
        Stream("transfers", page_size=50, overlap_s=7 * DAY_S),
        Stream("chargebacks", page_size=50, every_s=6 * 3600, overlap_s=120 * DAY_S),
        Stream("charge", by_id=True, page_size=1),
        Stream("refund", by_id=True, page_size=1),
        Stream("transfer", by_id=True, page_size=1),
        Stream("chargeback", by_id=True, page_size=1),
        Stream("settlement", by_id=True, page_size=1),
        Stream("payment_of", by_id=True, page_size=1),
    ),
    # Flutterwave answers 429 and publishes no numbers.
    limits=(RateLimit(5),),
    operations=(
        Operation("pay", "header", "X-Idempotency-Key", look_up="charge"),
        Operation("refund", "header", "X-Idempotency-Key", look_up="refund"),
        Operation("transfer", "header", "X-Idempotency-Key", look_up="transfer"),
    ),
    statuses=STATUSES,
)
