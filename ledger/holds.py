"""Open holds: what is reserved and not posted yet, and when it expires."""

import msgspec

from ledger.entries import Line


class OpenHold(msgspec.Struct, frozen=True, gc=False):
    """What is left of a hold.

    Attributes:
        key: of the command that placed it.
        lines: what may still be captured.
        expires_at_us: the clock at or after this instant releases it; 0 for never.
    """

    key: str
    lines: tuple[Line, ...]
    expires_at_us: int
