"""Stripe's interface as far as a payout makes us ask it: the balance transactions of one payout, behind the last id.

Lists of payments are not here: of the payment that nobody tells, a payout's contents are all that is ever seen.
https://docs.stripe.com/api/balance_transactions/list
"""

from typing import Final

from contraflow.simulator.asking import Asked, Reply
from contraflow.simulator.balance_transaction import BalanceTransaction
from contraflow.simulator.day import Day

# Stripe may answer with fewer rows than were asked for; a day is small and its paging should show.
_ROWS_MAX: Final = 25


class StripeDesk:
    """Answers for one played day to whoever knows the secret key."""

    def __init__(self, day: Day, key: str) -> None:
        self._key = key
        self._account = day.account
        self._contents: dict[str, list[BalanceTransaction]] = {}
        for page in day.pages:
            self._contents.setdefault(page.payout, []).extend(page.rows)

    def answer(self, asked: Asked, now_s: int) -> Reply:
        """As Stripe: ``object``, ``data``, ``has_more``."""
        if asked.headers.get("authorization") != f"Bearer {self._key}":
            return _failed("invalid_request_error", "api_key_expired", 401)
        if asked.path == "/v1/account":
            return Reply.of({"id": self._account, "object": "account"})
        if asked.path != "/v1/balance_transactions" or asked.query.get("payout") not in self._contents:
            return _failed("invalid_request_error", "resource_missing", 404)
        rows = self._contents[asked.query["payout"]]
        if last := asked.query.get("starting_after", ""):
            rows = rows[[row.id for row in rows].index(last) + 1 :]
        size = min(int(asked.query.get("limit", "10")), _ROWS_MAX)
        expanded = "data.source" in asked.query.get("expand[]", "")
        page = {
            "object": "list",
            "data": [row.as_json(False, expanded=expanded) for row in rows[:size]],
            "has_more": len(rows) > size,
            "url": asked.path,
        }
        return Reply.of(page)


def _failed(kind: str, code: str, status: int) -> Reply:
    return Reply.of({"error": {"type": kind, "code": code, "message": code}}, status)
