"""Modern Treasury's interface: bare arrays, the mark of the next page in a header, basic authorization.

https://docs.moderntreasury.com/platform/reference/cursor-pagination
"""

import base64
from collections.abc import Sequence
from typing import Final

from contraflow.simulator.asking import Asked, Reply, found, newest_first, page_of, within
from contraflow.simulator.gateway_day import GatewayDay
from contraflow.simulator.gateway_scene import Row

# The names of the bounds by which each list is asked.
_LISTS: Final = {
    "payment_orders": ("effective_date_start", "effective_date_end"),
    "transactions": ("as_of_date_start", "as_of_date_end"),
    "incoming_payment_details": ("as_of_date_start", "as_of_date_end"),
    "expected_payments": ("created_at_lower_bound", "created_at_upper_bound"),
    "events": ("event_time_start", "event_time_end"),
    "returns": ("", ""),
}


class ModernTreasuryDesk:
    """Answers for one played day to whoever knows the organization's key."""

    def __init__(self, day: GatewayDay, organization: str, key: str) -> None:
        self._day = day
        self._authorization = f"Basic {base64.b64encode(f'{organization}:{key}'.encode()).decode()}"

    def answer(self, asked: Asked, now_s: int) -> Reply:
        """As Modern Treasury."""
        if asked.headers.get("authorization") != self._authorization:
            return _failed("unauthorized", 401)
        match asked.path.strip("/").split("/"):
            case ["api", "ping"]:
                return Reply.of({"ping": "pong"})
            case ["api", kind] if kind in _LISTS:
                return self._list(kind, asked)
            case ["api", kind, named]:
                body = found(self._rows(kind), "id", named)
                return _failed("resource_not_found", 404) if body is None else Reply.of(body)
        return _failed("not_found", 404)

    def _list(self, kind: str, asked: Asked) -> Reply:
        since, until = _LISTS[kind]
        rows: Sequence[Row] = within(self._rows(kind), asked.query.get(since, ""), asked.query.get(until, ""))
        if entity := asked.query.get("entity_id", ""):
            rows = [row for row in self._rows(kind) if row.body["entity_id"] == entity]
        number = int(asked.query.get("after_cursor", "1"))
        shown, pages = page_of(newest_first(rows), number, int(asked.query.get("per_page", "25")))
        return Reply.of(shown, X_After_Cursor=str(number + 1) if number < pages else "")

    def _rows(self, name: str) -> Sequence[Row]:
        return self._day.lists.get(name, ())


def _failed(code: str, status: int) -> Reply:
    return Reply.of({"errors": {"code": code, "message": code}}, status)
