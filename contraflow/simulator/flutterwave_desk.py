"""Flutterwave's interfaces, versions 3 and 4: ``status``, ``message``, ``data``, and pages counted in ``meta``."""

from collections.abc import Sequence

from contraflow.simulator.asking import Asked, Reply, found, newest_first, page_of, within
from contraflow.simulator.gateway_day import GatewayDay
from contraflow.simulator.gateway_scene import Row
from contraflow.simulator.hook import Json
from contraflow.simulator.tokens import Tokens

_V3_LISTS = ("transactions", "refunds", "transfers", "chargebacks", "settlements")
_V4_LISTS = ("charges", "refunds", "transfers", "chargebacks", "settlements")
TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address


class FlutterwaveV3Desk:
    """Answers for one played day to whoever knows the secret key."""

    def __init__(self, day: GatewayDay, key: str) -> None:
        self._day = day
        self._key = key

    def answer(self, asked: Asked, now_s: int) -> Reply:
        """As version 3 (https://developer.flutterwave.com/v3.0/reference)."""
        if asked.headers.get("authorization") != f"Bearer {self._key}":
            return _failed("Invalid authorization key", 401)
        match asked.path.strip("/").split("/"):
            case [kind] if kind in _V3_LISTS:
                rows = within(self._rows(kind), asked.query.get("from", ""), asked.query.get("to", ""))
                if reference := asked.query.get("flw_ref", ""):
                    rows = [row for row in rows if row.body["flw_ref"] == reference]
                return _page(rows, int(asked.query.get("page", "1")), 10)
            case ["transactions", "verify_by_reference"]:
                return _one(found(self._rows("transactions"), "tx_ref", asked.query.get("tx_ref", "")))
            case ["transactions", number, "verify"]:
                return _one(found(self._rows("transactions"), "id", number))
            case ["settlements", number]:
                return self._settlement(number)
            case [kind, number] if kind in _V3_LISTS:
                return _one(found(self._rows(kind), "id", number))
        return _failed("Not found", 404)

    def _settlement(self, number: str) -> Reply:
        settlement = found(self._rows("settlements"), "id", number)
        if settlement is None:
            return _one(None)
        contents = newest_first(self._rows(f"settlement/{number}"))
        return _one({**settlement, "transactions": contents})

    def _rows(self, name: str) -> Sequence[Row]:
        return self._day.lists.get(name, ())


class FlutterwaveV4Desk:
    """Answers for one played day to whoever holds a token; transfers go on behind a cursor."""

    def __init__(self, day: GatewayDay, client_id: str, client_secret: str) -> None:
        self._day = day
        self.tokens = Tokens(client_id, client_secret)

    def answer(self, asked: Asked, now_s: int) -> Reply:
        """As version 4 (https://developer.flutterwave.com/reference)."""
        if asked.path == TOKEN_PATH:
            client = asked.form.get("client_id", ""), asked.form.get("client_secret", "")
            return self.tokens.grant(asked, client, now_s)
        if not self.tokens.is_good(asked, now_s):
            return Reply.of({"status": "failed", "error": {"type": "UNAUTHORIZED", "code": "10401"}}, 401)
        size = int(asked.query.get("size", "10"))
        match asked.path.strip("/").split("/"):
            case ["transfers"]:
                return _behind(self._rows("transfers"), asked.query.get("next", ""), size)
            case [kind] if kind in _V4_LISTS:
                rows = within(self._rows(kind), asked.query.get("from", ""), asked.query.get("to", ""))
                return _page(rows, int(asked.query.get("page", "1")), size)
            case [kind, named] if kind in _V4_LISTS:
                return _one(found(self._rows(kind), "id", named))
        return _failed("Not found", 404)

    def _rows(self, name: str) -> Sequence[Row]:
        return self._day.lists.get(name, ())


def _page(rows: Sequence[Row], number: int, size: int) -> Reply:
    shown, pages = page_of(newest_first(rows), number, size)
    meta = {"page_info": {"total": len(rows), "current_page": number, "total_pages": pages}}
    return Reply.of({"status": "success", "message": "Fetched", "meta": meta, "data": shown})


def _behind(rows: Sequence[Row], cursor: str, size: int) -> Reply:
    """The rows behind a cursor, which is the number of the next page in disguise."""
    number = int(cursor.removeprefix("cur_")) if cursor else 1
    shown, pages = page_of(newest_first(rows), number, min(size, 2))
    following = f"cur_{number + 1}" if number < pages else ""
    meta = {"cursor": {"next": following, "previous": "", "limit": size, "total": len(rows), "has_more_items": False}}
    return Reply.of({"status": "success", "message": "Fetched", "meta": meta, "data": shown})


def _one(body: Json | None) -> Reply:
    if body is None:
        return _failed("No transaction was found for this id", 400)
    return Reply.of({"status": "success", "message": "Fetched", "data": body})


def _failed(message: str, status: int) -> Reply:
    return Reply.of({"status": "error", "message": message, "data": None}, status)
