"""Commands about holds: place, capture, release. A hold ends once: captured, released or expired."""

from ledger.command_events import HoldExpired, HoldPlaced, HoldReleased
from ledger.commands import Capture, Hold, Release
from ledger.entry_decisions import allowed_lines, entry, part_asked
from ledger.errors import CommandError
from ledger.events import EntryPosted
from ledger.facts import closing_digest, command_digest
from ledger.holds import OpenHold
from ledger.restrictions import check_accounts, check_limits
from ledger.session import Session
from ledger.times import instant_us

US_PER_S = 1_000_000
EXPIRES_AFTER_S_MAX = 100 * 366 * 86_400


def hold(session: Session, command: Hold) -> HoldPlaced:
    """A hold; refused for what would refuse its entry, and when it has expired before it begins."""
    lines = allowed_lines(session, command)
    check_limits(session.book, lines, holding=True)
    date = session.effective(command.effective_at, False)
    return HoldPlaced(
        command=command, lines=lines, effective_at=date.at, expires_at_us=_expires_at_us(session, command)
    )


def capture(session: Session, command: Capture) -> EntryPosted:
    """The entry of a hold or of a part of it; refused when the hold has ended or has less left."""
    position, found = _open_hold(session, command.hold)
    part = part_asked(command, found.lines, "capture_exceeds_hold")
    check_accounts(session.book, part)
    date = session.effective(command.effective_at, command.post_to_open_period)
    return entry(session, command, "command.capture", part, date, hold=position)


def release(session: Session, command: Release) -> HoldReleased:
    """Give back what is left; refused when the hold has ended."""
    position, found = _open_hold(session, command.hold)
    return HoldReleased(command=command, hold=position, lines=found.lines)


def _open_hold(session: Session, key: str) -> tuple[int, OpenHold]:
    position, event = session.event_at(command_digest(key))
    if not isinstance(event, HoldPlaced):
        raise CommandError("hold_unknown", "hold", key, f"there is no hold with the key {key!r}")
    found = session.book.holds.get(position)
    if found is not None:
        return position, found
    ended_at, end = session.event_at(closing_digest(key))
    code, how = (
        ("hold_captured", "captured")
        if isinstance(end, EntryPosted)
        else ("hold_expired", "expired")
        if isinstance(end, HoldExpired)
        else ("hold_released", "released")
    )
    raise CommandError(code, "hold", key, f"hold {key!r} was {how} at position {ended_at}", ended_at)


def _expires_at_us(session: Session, command: Hold) -> int:
    if command.expires_at and command.expires_after_s:
        detail = "say expires_at or expires_after_s, not both"
        raise CommandError("expiry_ambiguous", "expires_at", command.expires_at, detail)
    if command.expires_after_s > EXPIRES_AFTER_S_MAX:
        detail = f"a hold lasts at most {EXPIRES_AFTER_S_MAX} seconds, or for ever"
        raise CommandError("expires_at_malformed", "expires_after_s", str(command.expires_after_s), detail)
    if command.expires_after_s:
        return session.time_us + command.expires_after_s * US_PER_S
    if not command.expires_at:
        return 0
    at_us = instant_us(command.expires_at)
    if at_us is None or at_us <= 0:
        detail = "a time is written 2026-01-31T09:30:00Z"
        raise CommandError("expires_at_malformed", "expires_at", command.expires_at, detail)
    if at_us <= session.time_us:
        detail = "a hold expires after the book's time, this one would before it begins"
        raise CommandError("expires_in_the_past", "expires_at", command.expires_at, detail)
    return at_us
