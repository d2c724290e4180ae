"""A gateway's day, played: its webhooks in the order of delivery, what it shows, what the bank books, and its truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from contraflow.simulator.gateway_scene import GatewayScene, Row, day_of
from contraflow.simulator.hook import Hook
from contraflow.simulator.payday import BankLine
from contraflow.simulator.trouble import deliver
from contraflow.simulator.truth import Truth, by_account

DOUBLED_SHARE: Final = 0.1
LATE_SHARE: Final = 0.04


@dataclass(frozen=True, slots=True)
class GatewayDay:
    """One gateway's day.

    Attributes:
        gateway: the connector that speaks to it.
        account: the account at it that all of it happens at.
        date: the day, UTC; the bank books on the next one and the one after.
        hooks: in the order of delivery, late ones last; empty for a gateway that is polled alone.
        lists: what its lists show, by name; rows in no order.
        lines: what the bank books.
        truth: its part of what the books must say.
        untold: payments that only polling finds.
    """

    gateway: str
    account: str
    date: date
    hooks: tuple[Hook, ...]
    lists: dict[str, tuple[Row, ...]]
    lines: tuple[BankLine, ...]
    truth: Truth
    untold: frozenset[str]

    @property
    def prompt(self) -> tuple[Hook, ...]:
        """The webhooks to deliver before the bank statements."""
        return tuple(hook for hook in self.hooks if not hook.late)

    @property
    def late(self) -> tuple[Hook, ...]:
        """The webhooks to deliver after them."""
        return tuple(hook for hook in self.hooks if hook.late)


def played(scene: GatewayScene, late_subjects: Sequence[str] = ()) -> GatewayDay:
    """The day of a scene that is over, with its trouble on the wire."""
    hooks = deliver(
        scene.rng,
        scene.hooks,
        doubled_share=DOUBLED_SHARE,
        late_share=LATE_SHARE,
        late_subjects=frozenset(late_subjects),
    )
    truth = Truth(
        balances=by_account(scene.tally.balances),
        payments=dict(sorted(scene.statuses.items())),
        payouts=dict(sorted(scene.payouts.items())),
        breaks=tuple(scene.breaks),
        missing=(),
        entries=scene.tally.entries,
        totals={
            "payments": len(scene.statuses),
            "payouts": len(scene.payouts),
            "webhooks": len(hooks),
            "webhooks_doubled": sum(hook.repeat for hook in hooks),
            "webhooks_late": sum(hook.late for hook in hooks),
            "payments_untold": len(scene.untold & scene.statuses.keys()),
            "bank_lines_of_gateway": len(scene.lines),
        },
    )
    return GatewayDay(
        scene.gateway,
        scene.account,
        day_of(scene.day_start_s),
        hooks,
        {name: tuple(rows) for name, rows in scene.lists.items()},
        tuple(scene.lines),
        truth,
        frozenset(scene.untold),
    )
