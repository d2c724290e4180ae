"""Our requests under Stripe's own specification: stripe-mock refuses every parameter that Stripe does not document.

It is Stripe's program. It keeps nothing: each list holds one row of Stripe's own fixtures, each object exists. What
stands in brackets after a name (`created[gte]`) and what may be expanded it does not check.
"""

import json
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from connectors import CONNECTORS
from connectors.exchange import Call, Place
from streams.gateway import Credentials, Gateway
from tests.stand_ins.asking import SINCE_S, UNTIL_S, account, asked, places, refusal, shown, told
from tests.stand_ins.programs import free_port, running, stripe_mock

pytestmark = pytest.mark.stand_ins

STRIPE = CONNECTORS["stripe"]
KEY = "sk_test_123"
IDS = {
    "payout_contents": ["po_123"],
    "payment_intent": ["pi_123"],
    "charge": ["ch_123"],
    "refund": ["re_123"],
    "dispute": ["dp_123"],
    "payout": ["po_123"],
    "transfer": ["tr_123"],
    "balance_transaction": ["txn_123"],
}
PLACES = list(places(STRIPE, IDS, {"*": "txn_123", "payout_contents": "txn_123"}))
# What the one row of each list, or the object, tells; the plan of the fixtures' event moves no money.
FACTS = {
    "balance_transactions": ["settlement.recorded"],
    "payouts": ["payout.initiated"],
    "events": ["event.observed"],
    "payment_intents": ["payment.initiated"],
    "charges": ["payment.authorized"],
    "refunds": ["refund.succeeded"],
    "disputes": ["dispute.opened"],
    "transfers": ["transfer.succeeded", "transfer.reversed"],
    "payout_contents": ["settlement.recorded"],
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    program, port = stripe_mock(), free_port()
    log = tmp_path_factory.mktemp("stripe-mock") / "log"
    with running([program, "-http-addr", f"127.0.0.1:{port}"], port, log) as url:
        yield account(STRIPE, url, Credentials(api_key=KEY))


@pytest.mark.parametrize("place", PLACES, ids=shown)
def test_every_request_of_ours_is_one_that_stripe_documents_and_its_answer_tells_facts(
    shop: Gateway, place: Place
) -> None:
    assert STRIPE.page_call is not None
    [answer] = asked(shop, STRIPE.page_call(place))
    assert answer.status == 200
    [facts] = told(STRIPE, place, answer)
    assert not isinstance(facts, str), f"refused: {facts}"
    assert [fact.type for fact in facts] == (FACTS.get(place.stream) or FACTS[f"{place.stream}s"])
    if place.id and place.stream != "payout_contents":
        assert place.id in facts[0].key, "the object that was asked for"


def test_every_stream_is_asked(shop: Gateway) -> None:
    assert {place.stream for place in PLACES} == {stream.name for stream in shop.manifest.streams}


@pytest.mark.parametrize(
    "query", [(("since", "1700000000"),), (("created", "yesterday"),), (("limit", "many"),)], ids=str
)
def test_a_parameter_that_stripe_does_not_document_is_refused(
    shop: Gateway, query: tuple[tuple[str, str], ...]
) -> None:
    assert refusal(shop, Call("payouts", "/v1/payouts", query)).follow == "rejected"


@pytest.mark.parametrize(
    ("place", "field", "kind"),
    [
        (Place("balance_transactions", since_s=SINCE_S, until_s=UNTIL_S), "source", "application_fee"),
        (Place("payout_contents", id="po_123"), "source", "application_fee"),
        (Place("balance_transaction", id="txn_123"), "source", "application_fee"),
        (Place("payouts", since_s=SINCE_S, until_s=UNTIL_S), "destination", "bank_account"),
    ],
    ids=lambda each: shown(each) if isinstance(each, Place) else each,
)
def test_what_we_expand_comes_expanded(shop: Gateway, place: Place, field: str, kind: str) -> None:
    assert STRIPE.page_call is not None and STRIPE.read_page is not None
    call = STRIPE.page_call(place)
    plain = replace(call, query=tuple(pair for pair in call.query if pair[0] != "expand[]"))
    for asked_for, expanded in ((call, True), (plain, False)):
        [answer] = asked(shop, asked_for)
        [item] = STRIPE.read_page(place, answer).items
        found = json.loads(item.raw)[field]
        assert isinstance(found, dict) == expanded
        assert not expanded or found["object"] == kind


def test_what_is_not_there_is_told_in_the_shape_that_we_read(shop: Gateway) -> None:
    outcome = refusal(shop, Call("payout", "/v1/payouts_of_nobody/po_123"))
    assert (outcome.follow, outcome.code) == ("skip", "invalid_request_error")


def test_a_key_that_is_none_is_refused_as_credentials(shop: Gateway) -> None:
    stranger = account(STRIPE, shop.base_url, Credentials(api_key="stolen"))
    outcome = refusal(stranger, Call("payouts", "/v1/payouts"))
    assert outcome.follow == "credentials_expired"
