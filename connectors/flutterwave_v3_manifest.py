"""Flutterwave, version 3, as data: addresses, streams and status words (https://developer.flutterwave.com/v3.0/docs)."""

from typing import Final

from connectors.flutterwave_amounts import UNITS
from connectors.flutterwave_statuses import STATUSES
from connectors.manifest import Auth, BaseUrls, Manifest, Operation, RateLimit, SignatureScheme, Stream

DAY_S: Final = 24 * 3600

# The header repeats the secret hash of the dashboard. It signs nothing: whoever saw one delivery can forge the next.
SCHEME: Final = SignatureScheme("verif-hash", "shared_secret")

MANIFEST: Final = Manifest(
    name="flutterwave_v3",
    title="Flutterwave v3",
    version="3",
    capabilities=frozenset({"webhook", "poll", "fetch"}),
    units=UNITS,
    # One host; the secret key decides between test and live mode.
    urls=BaseUrls(sandbox="https://api.flutterwave.com/v3", live="https://api.flutterwave.com/v3"),
    auth=Auth("bearer"),
    signatures=(SCHEME,),
    streams=(
        # Lists are asked by day of creation; each reaches back for as long as its objects change.
        Stream("transactions", page_size=10, every_s=900, overlap_s=DAY_S),
        Stream("refunds", page_size=10, every_s=1800, overlap_s=14 * DAY_S),
        Stream("settlements", page_size=20, every_s=3600, overlap_s=14 * DAY_S),
        Stream("transfers", page_size=10, overlap_s=7 * DAY_S),
        Stream("chargebacks", page_size=10, every_s=6 * 3600, overlap_s=120 * DAY_S),
        Stream("transaction", by_id=True, page_size=1),
        Stream("transaction_by_reference", by_id=True, page_size=1),
        Stream("refund", by_id=True, page_size=1),
        Stream("transfer", by_id=True, page_size=1),
        Stream("chargebacks_of", by_id=True, page_size=10),
        Stream("settlement_contents", by_id=True, page_size=1),
        Stream("payment_of", by_id=True, page_size=1),
    ),
    # Flutterwave answers 429 and publishes no numbers.
    limits=(RateLimit(5),),
    operations=(
        Operation("pay", "field", "tx_ref", look_up="transaction_by_reference"),
        Operation("refund", "none", look_up="transaction"),
        Operation("transfer", "field", "reference"),
    ),
    statuses=STATUSES,
)
