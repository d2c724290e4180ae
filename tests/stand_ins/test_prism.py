"""Requests of four vendors' connectors under prism, a mock server that refuses what an OpenAPI document does not allow.

It checks types, bounds, patterns and authorization of each request, and holds the examples with which it answers, which
are the bodies of our own tests, against the document as well.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from msgspec.structs import replace

from connectors import CONNECTORS
from connectors.connector import Connector
from connectors.exchange import Call, Place
from connectors.manifest import Auth
from streams.gateway import Credentials, Gateway
from streams.gateway_schema import migrate_gateways
from tests.stand_ins.asking import account, asked, places, refusal, shown, told
from tests.stand_ins.documented import document, undocumented, with_examples
from tests.stand_ins.programs import free_port, prism, running
from tests.unit.connectors import flutterwave_bodies as flutterwave
from tests.unit.connectors import modern_treasury_bodies as treasury
from tests.unit.connectors import paypal_bodies as paypal
from tests.unit.connectors import paystack_bodies as paystack

pytestmark = pytest.mark.stand_ins

KEY = Credentials(api_key="sk_test")
CLIENT = Credentials(client_id="client", client_secret="hush")
UUID = treasury.ORDER
PAGES = {"page_info": {"total": 1, "current_page": 1, "total_pages": 1}}


@dataclass(frozen=True)
class Vendor:
    """One vendor: how it is asked, and what its mock server answers.

    Attributes:
        ids, marks: as in `places`.
        answers: the examples, by the document's names of its answers.
    """

    source: str
    credentials: Credentials
    ids: Mapping[str, Sequence[str]]
    marks: Mapping[str, str]
    answers: Mapping[str, Any]

    @property
    def connector(self) -> Connector:
        return CONNECTORS[self.source]

    @property
    def places(self) -> list[Place]:
        return list(places(self.connector, self.ids, self.marks))


def v3(data: object) -> dict[str, Any]:
    return {"status": "success", "message": "fetched", "data": data, "meta": PAGES}


def token(lifetime_s: int) -> dict[str, Any]:
    return {"access_token": "access_1", "token_type": "Bearer", "expires_in": lifetime_s}


PAYMENT_OF = urlencode({"kind": "refund", "id": "501", "payment": "1001", "amount": "400", "status": "completed"})
CHARGE_OF = urlencode({"kind": "refund", "id": "rfd_501", "payment": "chg_1001", "amount": "4", "status": "succeeded"})
CREATED = urlencode({"created_at": flutterwave.AT})
FOLLOWED = "page_size=50&next_page_token=abc123"
VENDORS = [
    Vendor(
        "paystack",
        KEY,
        ids={
            "payment": ["order-1"],
            "refunded_payment": ["reference:order-1", "id:4000000001"],
            "payment_refunds": ["4000000001:order-1"],
            "settlement_transactions": ["1"],
            "refund": ["1"],
            "transfer": ["wage-1"],
            "dispute": ["1"],
        },
        marks={"*": "2", "settlement_transactions": "2"},
        answers={
            "transactions": paystack.answer([paystack.transaction()], total=1, perPage=100, page=1, pageCount=1),
            "refunds": paystack.answer([paystack.refund()]),
            "settlements": paystack.answer([paystack.settlement()], total=1, perPage=100, page=1, pageCount=1),
            "transfers": paystack.answer([paystack.transfer()], total=1, perPage=100, page=1, pageCount=1),
            "disputes": paystack.answer([paystack.dispute()], total=1, perPage=100, page=1, pageCount=1),
            "transaction": paystack.answer(paystack.transaction()),
            "refund": paystack.answer(paystack.refund()),
            "transfer": paystack.answer(paystack.transfer()),
            "dispute": paystack.answer(paystack.dispute()),
        },
    ),
    Vendor(
        "flutterwave_v3",
        KEY,
        ids={
            "transaction": ["1001"],
            "transaction_by_reference": ["order-1001", "order 7/b&c"],
            "refund": ["501"],
            "transfer": ["301"],
            "chargebacks_of": ["FLW-1001"],
            "settlement_contents": ["41"],
            "payment_of": [f"{PAYMENT_OF}&{CREATED}"],
        },
        marks={"*": "2", "chargebacks_of": "2"},
        answers={
            "transactions": v3([flutterwave.transaction()]),
            "refunds": v3([flutterwave.refund()]),
            "settlements": v3([flutterwave.settlement()]),
            "transfers": v3([flutterwave.transfer()]),
            "chargebacks": v3([flutterwave.chargeback()]),
            "transaction": v3(flutterwave.transaction()),
            "refund": v3(flutterwave.refund()),
            "settlement": v3(flutterwave.settlement(transactions=[flutterwave.settled_row()])),
            "transfer": v3(flutterwave.transfer()),
        },
    ),
    Vendor(
        "flutterwave_v4",
        CLIENT,
        ids={
            "charge": ["chg_1001"],
            "refund": ["rfd_501"],
            "transfer": ["trf_301"],
            "chargeback": ["chb_77"],
            "settlement": ["stm_41"],
            "payment_of": [f"{CHARGE_OF}&{CREATED}"],
        },
        marks={"*": "2", "transfers": "trf_300"},
        answers={
            "token": token(600),
            "charges": v3([flutterwave.charge()]),
            "refunds": v3([flutterwave.charge_refund()]),
            "settlements": v3([flutterwave.charge_settlement()]),
            "transfers": v3([flutterwave.charge_transfer()]),
            "chargebacks": v3([flutterwave.charge_chargeback()]),
            "charge": v3(flutterwave.charge()),
            "refund": v3(flutterwave.charge_refund()),
            "settlement": v3(flutterwave.charge_settlement()),
            "transfer": v3(flutterwave.charge_transfer()),
            "chargeback": v3(flutterwave.charge_chargeback()),
        },
    ),
    Vendor(
        "paypal",
        CLIENT,
        ids={
            "order": ["ORD1"],
            "authorization": ["AUTH1"],
            "capture": ["CAP1"],
            "refund": ["REF1"],
            "dispute": ["PP-D-1"],
            "payout_batch": ["BATCH1"],
            "payout_item": ["ITEM1"],
            "sale": ["SALE1"],
            "payment": ["PAY-1"],
        },
        marks={
            "transactions": "2",
            "transactions_again": "2",
            "disputes": FOLLOWED,
            "events": FOLLOWED,
            "payout_batch": "2",
        },
        answers={
            "token": token(32_400),
            "report": paypal.page(paypal.row()),
            "disputes": {"items": [paypal.dispute()], "links": []},
            "events": {"events": [paypal.event("PAYMENT.CAPTURE.COMPLETED", paypal.capture())], "links": []},
            "order": paypal.order(paypal.capture()),
            "authorization": paypal.authorization(),
            "capture": paypal.capture(),
            "refund": paypal.refund(),
            "dispute": paypal.dispute(),
            "payout_batch": paypal.batch(items=[paypal.item()], total_items=1, total_pages=1),
            "payout_item": paypal.item(),
            "sale": paypal.sale(),
            "payment": {"id": "PAY-1", "state": "approved", "create_time": paypal.AT, "transactions": []},
        },
    ),
    Vendor(
        "modern_treasury",
        Credentials(username="org_1", password="hush"),
        ids={
            "payment_order": [UUID],
            "payment_order_events": [UUID],
            "incoming_payment_detail": [treasury.RECEIPT],
            "paper_item": [treasury.RECEIPT],
            "reversal_failed": [UUID],
            "return_failed": [treasury.RECEIPT],
        },
        marks={"*": "cursor_1", "payment_order_events": "cursor_1"},
        answers={
            "payment_orders": [treasury.order()],
            "transactions": [treasury.transaction()],
            "incoming_payment_details": [treasury.receipt()],
            "expected_payments": [treasury.expected()],
            "returns": [treasury.returned()],
            "events": [treasury.read_back("completed", treasury.order())],
            "payment_order": treasury.order(),
            "incoming_payment_detail": treasury.receipt(),
            "paper_item": treasury.paper_item(),
        },
    ),
]
BY_SOURCE = {vendor.source: vendor for vendor in VENDORS}
PLACES = [(vendor.source, place) for vendor in VENDORS for place in vendor.places]
described = cache(document)


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """By source the address of its mock server, which runs from the first question on."""
    program = prism()
    with ExitStack() as stack:

        @cache
        def url(source: str) -> str:
            folder, port = tmp_path_factory.mktemp(source), free_port()
            path = with_examples(document(source), BY_SOURCE[source].answers, folder)
            order = [*program, "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), str(path)]
            return stack.enter_context(running(order, port, folder / "log"))

        yield url


def with_key(source: str, url: str, credentials: Credentials | None = None) -> Gateway:
    """The account; one that needs a token has one already."""
    vendor = BY_SOURCE[source]
    connector = vendor.connector
    assert connector.manifest is not None
    if connector.manifest.auth.kind != "client_credentials":
        return account(connector, url, credentials or vendor.credentials)
    has_token = replace(connector, manifest=replace(connector.manifest, auth=Auth("bearer")))
    return account(has_token, url, credentials or Credentials(api_key="access_1"))


@pytest.mark.parametrize(
    ("source", "place"),
    PLACES,
    ids=[f"{source}-{shown(place)}-{number}" for number, (source, place) in enumerate(PLACES)],
)
def test_every_request_is_documented_and_its_answer_is_read(
    urls: Callable[[str], str], source: str, place: Place
) -> None:
    connector = BY_SOURCE[source].connector
    assert connector.page_call is not None and connector.read_page is not None
    call = connector.page_call(place)
    assert undocumented(described(source), call) == set()
    [answer] = asked(with_key(source, urls(source)), call)
    assert answer.status == 200
    page = connector.read_page(place, answer)
    found = told(connector, place, answer)
    assert not [code for code in found if isinstance(code, str)]
    assert page.wants or any(found), "neither a fact nor something to fetch"


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.source)
def test_every_stream_is_asked(vendor: Vendor) -> None:
    manifest = vendor.connector.manifest
    assert manifest is not None
    assert {place.stream for place in vendor.places} == {stream.name for stream in manifest.streams}


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("paystack", Call("x", "/transaction", (("perPage", "101"),))),
        ("paystack", Call("x", "/transaction", (("from", "1700000000"),))),
        ("paystack", Call("x", "/settlement/one/transactions")),
        ("flutterwave_v3", Call("x", "/transactions", (("from", "2026-01-05T10:00:00Z"),))),
        ("flutterwave_v3", Call("x", "/transactions/verify_by_reference")),
        ("flutterwave_v4", Call("x", "/charges", (("size", "500"),))),
        ("flutterwave_v4", Call("x", "/charges/1001")),
        ("paypal", Call("x", "/v1/reporting/transactions", (("start_date", "2026-01-05T10:00:00Z"),))),
        ("paypal", Call("x", "/v1/customer/disputes", (("page_size", "51"),))),
        ("paypal", Call("x", "/v1/customer/disputes", (("update_time_after", "2026-01-05"),))),
        ("modern_treasury", Call("x", "/api/transactions", (("as_of_date_start", "2026-01-05T10:00:00Z"),))),
        ("modern_treasury", Call("x", "/api/payment_orders/1")),
    ],
    ids=str,
)
def test_what_is_not_documented_is_refused(urls: Callable[[str], str], source: str, call: Call) -> None:
    assert refusal(with_key(source, urls(source)), call).follow == "rejected"


def test_names_that_are_not_documented_are_noticed() -> None:
    call = Call("x", "/transaction", (("perPage", "50"), ("since", "1")))
    assert undocumented(described("paystack"), call) == {"since"}
    with pytest.raises(LookupError):
        undocumented(described("paystack"), Call("x", "/transactions"))


@pytest.mark.parametrize("source", list(BY_SOURCE))
def test_without_credentials_nothing_is_answered(urls: Callable[[str], str], source: str) -> None:
    vendor = BY_SOURCE[source]
    assert vendor.connector.page_call is not None and vendor.connector.manifest is not None
    nobody = replace(vendor.connector, manifest=replace(vendor.connector.manifest, auth=Auth("none")))
    refused = refusal(account(nobody, urls(source), Credentials()), vendor.connector.page_call(vendor.places[0]))
    assert refused.follow == "credentials_expired"


@pytest.mark.parametrize(("source", "path"), [("paypal", "/v1/oauth2/token"), ("flutterwave_v4", "/token")])
def test_tokens_are_asked_for_as_documented(
    urls: Callable[[str], str], source: str, path: str, postgres_dsn: str
) -> None:
    vendor, url = BY_SOURCE[source], urls(source)
    connector = vendor.connector
    assert connector.page_call is not None
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        migrate_gateways(connection)
    shop = account(connector, url, CLIENT, token_url=url + path)
    answers = asked(shop, *(connector.page_call(place) for place in vendor.places[:3]), dsn=postgres_dsn)
    assert [answer.status for answer in answers] == [200, 200, 200]
    with psycopg.connect(postgres_dsn) as connection:
        kept = connection.execute("SELECT access_token, renewed FROM gateways.tokens").fetchall()
    assert kept == [("access_1", 1)]
