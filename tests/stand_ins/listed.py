"""Lists of four vendors as they answer page by page, for a server that only knows requests and answers.

What is to be in the book afterwards is not written down here: it is what the rows tell when they are translated one by
one, without any polling.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from connectors import CONNECTORS
from connectors.connector import Telling, answered
from connectors.exchange import Answer, Item, Place
from streams.gateway import Credentials, Gateway
from tests.stand_ins.asking import ACCOUNT
from tests.stand_ins.wiremock import WireMock, asking, telling
from tests.unit.connectors import flutterwave_bodies as flutterwave
from tests.unit.connectors import modern_treasury_bodies as treasury
from tests.unit.connectors import paypal_bodies as paypal
from tests.unit.connectors import paystack_bodies as paystack

Row = dict[str, Any]
CLIENT = Credentials(client_id="client", client_secret="hush")
TOKEN_PATH = "/token"


@dataclass(frozen=True)
class Listed:
    """A vendor's list.

    Attributes:
        row: the row of a number; different numbers tell different facts.
        page: the body and headers of page `number` of `pages`, counted from 1.
        mark: name of the parameter that asks for a page, and its value for a page; empty where it must be absent.
        refusal: body of an answer that refuses our credentials.
    """

    source: str
    stream: str
    path: str
    credentials: Credentials
    row: Callable[[int], Row]
    page: Callable[[Sequence[Row], int, int], tuple[object, dict[str, str]]]
    mark: Callable[[int], tuple[str, str]]
    refusal: Row

    def gateway(self, url: str, since_s: int, **more: Any) -> Gateway:
        """The account, whose one list is read once a day."""
        connector = CONNECTORS[self.source]
        assert connector.manifest is not None
        stream = replace(connector.manifest.stream(self.stream), every_s=86_400)
        fields: dict[str, Any] = {"credentials": self.credentials, "streams": (stream,), "since_s": since_s, **more}
        return Gateway(
            "shop", connector, ACCOUNT, "main", "sandbox", base_url=url, token_url=f"{url}{TOKEN_PATH}", **fields
        )

    @property
    def hands_out_tokens(self) -> bool:
        manifest = CONNECTORS[self.source].manifest
        assert manifest is not None
        return manifest.auth.kind == "client_credentials"

    def asking(self, number: int, **headers: str) -> dict[str, Any]:
        """WireMock's pattern of the request for a page."""
        name, value = self.mark(number)
        return asking(self.path, {name: value}, **headers)

    def tell(self, server: WireMock, pages: Sequence[Sequence[Row]], **more: Any) -> None:
        """Let the server answer with these pages, and with a token where one is asked for; `more` as in `telling`."""
        for number, rows in enumerate(pages, start=1):
            body, headers = self.page(rows, number, len(pages))
            server.answers(self.asking(number), telling(body, headers, **more))
        if self.hands_out_tokens:
            server.answers(asking(TOKEN_PATH, method="POST"), telling(granted(1)))

    def rows(self, count: int) -> list[Row]:
        return [self.row(number) for number in range(1, count + 1)]

    def keys(self, rows: Sequence[Row]) -> set[str]:
        """The keys of all facts that these rows tell."""
        connector = CONNECTORS[self.source]
        assert connector.read_page is not None
        body, headers = self.page(rows, 1, 1)
        place = Place(self.stream, since_s=1, until_s=2)
        items: Sequence[Item] = connector.read_page(place, Answer(200, headers, json.dumps(body).encode())).items
        said = [answered(place, item) for item in items]
        return {
            fact.key
            for item in said
            for fact in connector.translate(item.raw, Telling(self.source, ACCOUNT, item.delivery, dict(item.context)))
        }


def granted(number: int, lifetime_s: int = 3600) -> Row:
    """What the token endpoint hands out."""
    return {"access_token": f"access_{number}", "token_type": "Bearer", "expires_in": lifetime_s}


def _uuid(kind: str, number: int) -> str:
    return f"{kind}0000000-0000-4000-8000-{number:012}"


LISTS = [
    Listed(
        "paystack",
        "transactions",
        "/transaction",
        Credentials(api_key="sk_test"),
        row=lambda number: paystack.transaction(number, fees=number),
        page=lambda rows, number, pages: (paystack.answer(list(rows), page=number, pageCount=pages), {}),
        mark=lambda number: ("page", str(number)),
        refusal={"status": False, "message": "Invalid key", "type": "validation_error", "code": "invalid_Key"},
    ),
    Listed(
        "flutterwave_v4",
        "charges",
        "/charges",
        CLIENT,
        row=lambda number: flutterwave.charge(id=f"chg_{number}", reference=f"order{number}"),
        page=lambda rows, number, pages: (
            {
                "status": "success",
                "message": "fetched",
                "data": list(rows),
                "meta": {"page_info": {"total": 1, "current_page": number, "total_pages": pages}},
            },
            {},
        ),
        mark=lambda number: ("page", str(number)),
        refusal={"status": "failed", "error": {"type": "UNAUTHORIZED", "code": "10401", "message": "expired"}},
    ),
    Listed(
        "paypal",
        "transactions",
        "/v1/reporting/transactions",
        CLIENT,
        row=lambda number: paypal.row(transaction_id=f"TXN{number}"),
        page=lambda rows, number, pages: (
            {"transaction_details": list(rows), "page": number, "total_items": 1, "total_pages": pages},
            {},
        ),
        mark=lambda number: ("page", str(number)),
        refusal={"error": "invalid_token", "error_description": "Token signature verification failed"},
    ),
    Listed(
        "modern_treasury",
        "transactions",
        "/api/transactions",
        Credentials(username="org_1", password="hush"),
        row=lambda number: treasury.transaction(id=_uuid("d", number), vendor_id=f"bank-{number}"),
        page=lambda rows, number, pages: (list(rows), {"X-After-Cursor": f"cursor_{number}" if number < pages else ""}),
        mark=lambda number: ("after_cursor", f"cursor_{number - 1}" if number > 1 else ""),
        refusal={"errors": {"code": "unauthorized", "message": "Unauthorized"}},
    ),
]
