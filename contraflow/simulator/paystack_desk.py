"""Paystack's interface: lists by numbered pages, single objects, and a bearer key (https://paystack.com/docs/api)."""

from collections.abc import Sequence

from contraflow.simulator.asking import Asked, Reply, found, newest_first, page_of, within
from contraflow.simulator.gateway_day import GatewayDay
from contraflow.simulator.gateway_scene import Row
from contraflow.simulator.hook import Json

_LISTS = {
    "transaction": "transactions",
    "refund": "refunds",
    "settlement": "settlements",
    "transfer": "transfers",
    "dispute": "disputes",
}


class PaystackDesk:
    """Answers for one played day to whoever knows the secret key."""

    def __init__(self, day: GatewayDay, key: str) -> None:
        self._day = day
        self._key = key

    def answer(self, asked: Asked, now_s: int) -> Reply:
        """As Paystack: ``status``, ``message``, ``data``, and ``meta`` for lists."""
        if asked.headers.get("authorization") != f"Bearer {self._key}":
            return Reply.of({"status": False, "message": "Invalid key", "code": "invalid_Key"}, 401)
        match asked.path.strip("/").split("/"):
            case [kind] if kind in _LISTS:
                return self._list(kind, asked)
            case ["settlement", number, "transactions"]:
                return _page(self._rows(f"settlement/{number}"), asked)
            case ["transaction" | "transfer" as kind, "verify", reference]:
                return _one(found(self._rows(_LISTS[kind]), "reference", reference), kind)
            case [kind, number] if kind in _LISTS:
                return _one(found(self._rows(_LISTS[kind]), "id", number), kind)
        return Reply.of({"status": False, "message": "Endpoint not found", "code": "not_found"}, 404)

    def _list(self, kind: str, asked: Asked) -> Reply:
        rows = self._rows(_LISTS[kind])
        if transaction := asked.query.get("transaction", ""):
            rows = [row for row in rows if str(row.body["transaction"]) == transaction]
        return _page(within(rows, asked.query.get("from", ""), asked.query.get("to", "")), asked)

    def _rows(self, name: str) -> Sequence[Row]:
        return self._day.lists.get(name, ())


def _page(rows: Sequence[Row], asked: Asked) -> Reply:
    number, size = int(asked.query.get("page", "1")), int(asked.query.get("perPage", "50"))
    shown, pages = page_of(newest_first(rows), number, size)
    meta = {"total": len(rows), "skipped": 0, "perPage": size, "page": number, "pageCount": pages}
    return Reply.of({"status": True, "message": "Retrieved", "data": shown, "meta": meta})


def _one(body: Json | None, kind: str) -> Reply:
    if body is None:
        told = {"status": False, "message": f"{kind.capitalize()} not found", "code": f"{kind}_not_found"}
        return Reply.of(told, 404)
    return Reply.of({"status": True, "message": "Retrieved", "data": body})
