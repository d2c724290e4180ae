"""PayPal's interface: tokens, the report of transactions, disputes and events (https://developer.paypal.com/docs/api)."""

import base64
from collections.abc import Sequence
from urllib.parse import unquote_plus, urlencode

from contraflow.simulator.asking import Asked, Reply, found, newest_first, page_of, within
from contraflow.simulator.gateway_day import GatewayDay
from contraflow.simulator.gateway_scene import Row
from contraflow.simulator.hook import Json
from contraflow.simulator.paypal_bodies import summary
from contraflow.simulator.tokens import Tokens

TOKEN_PATH = "/v1/oauth2/token"  # noqa: S105 - an address


class PayPalDesk:
    """Answers for one played day to whoever holds a token."""

    def __init__(self, day: GatewayDay, client_id: str, client_secret: str) -> None:
        self._day = day
        self.tokens = Tokens(client_id, client_secret)

    def answer(self, asked: Asked, now_s: int) -> Reply:
        """As PayPal: the report counts its pages, other lists hand out the address of the next one."""
        if asked.path == TOKEN_PATH:
            return self.tokens.grant(asked, _client(asked), now_s)
        if not self.tokens.is_good(asked, now_s):
            return Reply.of({"error": "invalid_token", "error_description": "Token signature verification failed"}, 401)
        match asked.path.strip("/").split("/"):
            case ["v1", "reporting", "transactions"]:
                return self._report(asked)
            case ["v1", "customer", "disputes"]:
                rows = self._window("disputes", asked, "update_time_after", "update_time_before")
                return _linked([Row(row.at_s, summary(row.body)) for row in rows], asked, "items")
            case ["v1", "customer", "disputes", named]:
                return _one(found(self._rows("disputes"), "dispute_id", named))
            case ["v1", "notifications", "webhooks-events"]:
                return _linked(self._window("events", asked, "start_time", "end_time"), asked, "events")
        return _one(None)

    def _report(self, asked: Asked) -> Reply:
        rows = self._window("transactions", asked, "start_date", "end_date")
        number = int(asked.query.get("page", "1"))
        shown, pages = page_of(newest_first(rows), number, int(asked.query.get("page_size", "100")))
        told = {"account_number": self._day.account, "page": number, "total_items": len(rows), "total_pages": pages}
        return Reply.of({"transaction_details": shown, **told})

    def _window(self, name: str, asked: Asked, since: str, until: str) -> list[Row]:
        return within(self._rows(name), asked.query.get(since, ""), asked.query.get(until, ""))

    def _rows(self, name: str) -> Sequence[Row]:
        return self._day.lists.get(name, ())


def _client(asked: Asked) -> tuple[str, str]:
    given = asked.headers.get("authorization", "").removeprefix("Basic ")
    name, _, password = base64.b64decode(given).decode("utf-8", "replace").partition(":")
    return unquote_plus(name), unquote_plus(password)


def _linked(rows: Sequence[Row], asked: Asked, field: str) -> Reply:
    number = int(asked.query.get("next_page", "1"))
    shown, pages = page_of(newest_first(rows), number, int(asked.query.get("page_size", "10")))
    links = []
    if number < pages:
        query = urlencode({**asked.query, "next_page": str(number + 1)})
        links.append({"rel": "next", "href": f"https://api-m.paypal.com{asked.path}?{query}", "method": "GET"})
    return Reply.of({field: shown, "links": links})


def _one(body: Json | None) -> Reply:
    if body is None:
        return Reply.of({"name": "RESOURCE_NOT_FOUND", "message": "The specified resource does not exist."}, 404)
    return Reply.of(body)
