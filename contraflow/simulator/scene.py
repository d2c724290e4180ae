"""Scene: what has happened so far on the simulated day, written down by everything that happens."""

import random
from collections.abc import Mapping

from contraflow.simulator.balance_transaction import BalanceTransaction, Source
from contraflow.simulator.identifiers import new_id
from contraflow.simulator.purchase import Purchase
from contraflow.simulator.truth import Tally
from contraflow.simulator.webhook import Told, Webhook


class Scene:
    """The day's record while it is being played.

    Attributes:
        rng: the one source of chance.
        day_start_s: midnight UTC of the day, Unix time.
        webhooks: every event in the order of telling.
        rows: by purchase number, the balance transactions of that purchase.
        statuses: payment id to status.
        tally: the expected balances.
    """

    def __init__(self, rng: random.Random, day_start_s: int) -> None:
        self.rng = rng
        self.day_start_s = day_start_s
        self.webhooks: list[Webhook] = []
        self.rows: dict[int, list[BalanceTransaction]] = {}
        self.statuses: dict[str, str] = {}
        self.tally = Tally()

    def tell(
        self,
        type: str,
        told: Told,
        created_s: int,
        subject: str,
        *,
        old: bool = False,
        previous: Mapping[str, object] | None = None,
    ) -> None:
        """An event happens and will be delivered."""
        event_id = new_id(self.rng, "evt_3", 23)
        self.webhooks.append(Webhook(event_id, type, created_s, subject, told, old=old, previous=previous))

    def move(
        self,
        purchase: Purchase,
        type: str,
        category: str,
        charged_minor: int,
        source: Source,
        created_s: int,
        *,
        transaction_id: str,
        fee_minor: int = 0,
        description: str = "",
    ) -> BalanceTransaction:
        """The gateway balance moves by `charged_minor` of the purchase's currency (signed), minus a fee."""
        lane = purchase.lane
        sign = -1 if charged_minor < 0 else 1
        row = BalanceTransaction(
            id=transaction_id,
            type=type,
            category=category,
            amount_minor=sign * lane.settled_minor(abs(charged_minor)),
            currency=lane.settles_in,
            fee_minor=fee_minor,
            source=source,
            created_s=created_s,
            description=description or purchase.description,
            rate_ppm=lane.rate_ppm,
        )
        self.rows.setdefault(purchase.number, []).append(row)
        self.tally.settlement(row, charged_minor, lane.currency)
        return row
