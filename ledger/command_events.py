"""The events that commands become. Each carries its command whole: a repeated key is compared with it, by field."""

from typing import Any

import msgspec

from ledger.accounts import Account
from ledger.commands import (
    AdoptRules,
    Clock,
    CloseAccount,
    ClosePeriod,
    Hold,
    OpenAccount,
    Recordable,
    Release,
    ReopenAccount,
    ReopenPeriod,
    SetLimit,
    SetMetadata,
)
from ledger.entries import Line


class AccountOpened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An account joins the chart."""

    command: OpenAccount
    account: Account


class AccountClosed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Commands no longer post to the account."""

    command: CloseAccount
    account: str


class AccountReopened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Commands post to the account again."""

    command: ReopenAccount
    account: str


class LimitSet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The limit of an account in a currency is another from here on."""

    command: SetLimit
    account: str


class MetadataSet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The metadata of an account is another from here on."""

    command: SetMetadata
    account: str


class HoldPlaced(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An entry is reserved, not posted.

    Attributes:
        lines: what is held; less than the command asked for when it said ``at_most``.
        expires_at_us: the book's clock at or after this instant releases it; 0 for never.
    """

    command: Hold
    lines: tuple[Line, ...]
    effective_at: str
    expires_at_us: int = 0


class HoldReleased(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What was left of a hold is given back.

    Attributes:
        hold: position of its `HoldPlaced`.
        lines: what was left.
    """

    command: Release
    hold: int
    lines: tuple[Line, ...]


class HoldExpired(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """As `HoldReleased`, by the clock.

    Attributes:
        clock: position of the `ClockMoved`.
    """

    hold: int
    clock: int
    lines: tuple[Line, ...]


class ClockMoved(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The book was told the time."""

    command: Clock
    at_us: int


class TrialLine(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One row of a trial balance: ``["1000","USD","1250","0"]``, debits and credits in minor units."""

    account: str
    currency: str
    debits: str
    credits: str


class PeriodClosed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The book is closed up to a date, with what stood in it: every entry that counts on that date or before."""

    command: ClosePeriod
    through: str
    trial_balance: tuple[TrialLine, ...]


class PeriodReopened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The book is open again from a date on."""

    command: ReopenPeriod
    since: str


class RulesAdopted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Facts decided from here on are posted by these rules."""

    command: AdoptRules
    rules: dict[str, Any]


class CommandRefused(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A command was refused; its key is free.

    Attributes:
        code, field, value, detail: as in the answer.
        of: for ``key_reused`` the position of the command it contradicts.
    """

    command: Recordable
    code: str
    field: str
    value: str = ""
    detail: str = ""
    of: int = 0


CommandEvent = (
    AccountOpened
    | AccountClosed
    | AccountReopened
    | LimitSet
    | MetadataSet
    | HoldPlaced
    | HoldReleased
    | HoldExpired
    | ClockMoved
    | PeriodClosed
    | PeriodReopened
    | RulesAdopted
    | CommandRefused
)
COMMAND_EVENTS: tuple[type[Any], ...] = (
    AccountOpened,
    AccountClosed,
    AccountReopened,
    LimitSet,
    MetadataSet,
    HoldPlaced,
    HoldReleased,
    HoldExpired,
    ClockMoved,
    PeriodClosed,
    PeriodReopened,
    RulesAdopted,
    CommandRefused,
)
