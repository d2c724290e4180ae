"""Scene of a gateway: what has happened at it so far, written down by everything that happens.

The webhooks go out; the rows stay at the gateway, whose lists and objects show them to whoever asks; the tally is what
the books must say. An event whose webhook is never sent stands in the rows alone.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from contraflow.simulator.hook import Hook, Json, written
from contraflow.simulator.identifiers import derived_uuid
from contraflow.simulator.payday import BankLine
from contraflow.simulator.truth import Break, Tally

DAY_S: Final = 86_400
HOUR_S: Final = 3_600
OPEN_S: Final = 64_000  # purchases happen between midnight and this second of the day


@dataclass(frozen=True, slots=True)
class Row:
    """One object as the gateway shows it, with the Unix time by which its list is asked."""

    at_s: int
    body: Json


@dataclass
class GatewayScene:
    """One gateway's day while it is being played.

    Attributes:
        day_start_s: midnight UTC of the day, Unix time.
        hooks: every event that is told, in the order of telling.
        lists: name of a list -> its rows.
        tally: the expected balances.
        statuses: payment id -> status in which it must end.
        payouts: payout id -> state in which it must end.
        lines: what the bank books of this gateway.
        untold: payments of which no webhook is sent, so that polling must find them.
    """

    gateway: str
    account: str
    rng: random.Random
    day_start_s: int
    hooks: list[Hook] = field(default_factory=list)
    lists: dict[str, list[Row]] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    statuses: dict[str, str] = field(default_factory=dict)
    payouts: dict[str, str] = field(default_factory=dict)
    breaks: list[Break] = field(default_factory=list)
    lines: list[BankLine] = field(default_factory=list)
    untold: set[str] = field(default_factory=set)

    def tell(
        self, type: str, body: object, at_s: int, subject: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        """An event happens; it is delivered, unless its subject is one that nobody hears of."""
        if subject in self.untold:
            return
        event_id = f"{self.gateway}-{len(self.hooks):05d}"
        self.hooks.append(Hook(self.gateway, event_id, type, at_s, subject, written(body), headers or {}))

    def show(self, name: str, at_s: int, body: Json) -> None:
        """The gateway keeps an object and shows it in the list `name`."""
        self.lists.setdefault(name, []).append(Row(at_s, body))

    def book_line(self, line: BankLine, in_transit: str) -> None:
        """The bank books what a gateway sent; the money comes out of the account `in_transit`."""
        self.lines.append(line)
        self.tally.entry(("6000", in_transit, line.amount_minor, line.currency))

    def number(self, digits: int) -> int:
        """A number of so many digits that no other object of the day has."""
        while True:
            found = self.rng.randrange(10 ** (digits - 1), 10**digits)
            if found not in self._numbers:
                self._numbers.add(found)
                return found

    def uuid(self) -> str:
        """An identifier as Modern Treasury makes them."""
        return derived_uuid(f"{self.rng.randrange(16**16):016x}")

    def __post_init__(self) -> None:
        self._numbers: set[int] = set()


def caller_words(rng: random.Random, number: int) -> Json:
    """What a lender writes into the metadata of a payment."""
    return {
        "loan_id": f"LN-{number:05d}",
        "member_id": f"MB-{rng.randrange(10_000):04d}",
        "payment_type": rng.choice(("repayment", "contribution", "fee")),
    }


def iso(at_s: int, form: str = "%Y-%m-%dT%H:%M:%S.000Z") -> str:
    """A time as text, UTC."""
    return datetime.fromtimestamp(at_s, UTC).strftime(form)


def day_of(at_s: int) -> date:
    """The day of a time, UTC."""
    return datetime.fromtimestamp(at_s, UTC).date()


def major_number(minor: int, digits: int = 2) -> int | Decimal:
    """Minor units as the JSON number of major units that has no more digits than it needs."""
    whole, rest = divmod(minor, 10**digits)
    return Decimal(minor).scaleb(-digits).normalize() if rest else whole


def part(amount_minor: int, ppm: int) -> int:
    """So many millionths of an amount, rounded half up."""
    return (amount_minor * ppm + 500_000) // 1_000_000


def late(hook: Hook) -> Hook:
    """The same delivery after everything else."""
    return replace(hook, late=True)
