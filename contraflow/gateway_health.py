"""Health of the gateway accounts: what each heard last, how far behind it is, what is wrong. From PostgreSQL alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from contraflow.gateway_settings import GatewayAccount
    from contraflow.settings import Settings


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """One polled stream.

    Attributes:
        behind_s: how far behind the present what was read ends; None before the first poll.
        failure: the last failure since it was read, or empty.
    """

    stream: str
    behind_s: int | None
    items: int
    read_at: str
    failure: str
    paused: str


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """One account; times are RFC 3339 in UTC, or empty."""

    name: str
    gateway: str
    account: str
    paused: str
    last_webhook_at: str
    last_answer_at: str
    waiting_fetches: int
    skipped: int
    gaps: int
    refused_signatures: int
    open_breakers: list[str] = field(default_factory=list)
    streams: list[StreamHealth] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether nobody has to look."""
        stuck = any(stream.failure or stream.paused for stream in self.streams)
        return not (self.paused or self.open_breakers or self.gaps or stuck)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "well": self.is_well}


@dataclass(frozen=True, slots=True)
class Gap:
    """A fact that polling saw and no webhook told in time."""

    gateway: str
    account: str
    key: str
    type: str
    effective_at: str
    seen_at: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """An object that was not there, or an item that no record may carry."""

    account: str
    stream: str
    id: str
    code: str
    at: str


def account_health(connection: psycopg.Connection[Any], settings: Settings, now_us: int) -> list[AccountHealth]:
    """Every configured account, in the order of the settings; the schema `gateways` is there."""
    return [_health(connection, name, each, settings, now_us) for name, each in settings.gateways.items()]


def gaps(connection: psycopg.Connection[Any], settings: Settings, now_us: int, limit: int = 1000) -> list[Gap]:
    """What polling saw more than `gap_after_s` ago and no webhook has told, oldest first."""
    rows = connection.execute(
        "SELECT gateway, account, key, type, effective_at, seen_at_us FROM gateways.untold WHERE seen_at_us < %s"
        " ORDER BY seen_at_us, key LIMIT %s",
        (now_us - settings.gap_after_s * 1_000_000, limit),
    )
    return [Gap(gateway, account, key, kind, at, _time(seen)) for gateway, account, key, kind, at, seen in rows]


def skipped(connection: psycopg.Connection[Any], limit: int = 1000) -> list[Skipped]:
    """What was passed over, newest first."""
    rows = connection.execute(
        "SELECT name, stream, id, code, at_us FROM gateways.skipped ORDER BY skipped_id DESC LIMIT %s", (limit,)
    )
    return [Skipped(name, stream, what, code, _time(at_us)) for name, stream, what, code, at_us in rows]


def resume(connection: psycopg.Connection[Any], name: str) -> list[str]:
    """End the pauses of an account and its streams; returns what was paused."""
    rows = connection.execute("DELETE FROM gateways.pauses WHERE name = %s RETURNING stream", (name,))
    return sorted(row[0] or "the account" for row in rows)


def _health(
    connection: psycopg.Connection[Any], name: str, account: GatewayAccount, settings: Settings, now_us: int
) -> AccountHealth:
    who = account.gateway, account.account

    def one(query: str, *values: object) -> tuple[Any, ...]:
        return connection.execute(query.encode(), values).fetchone() or (None, None)

    paused = dict(connection.execute("SELECT stream, reason FROM gateways.pauses WHERE name = %s", (name,)).fetchall())
    heard = one("SELECT webhook_at_us, answer_at_us FROM gateways.heard WHERE gateway = %s AND account = %s", *who)
    breakers = connection.execute("SELECT operation FROM gateways.breakers WHERE name = %s ORDER BY 1", (name,))
    return AccountHealth(
        name=name,
        gateway=account.gateway,
        account=account.account,
        paused=paused.get("", "") or ("" if not account.missing() else f"no {', '.join(account.missing())}"),
        last_webhook_at=_time(heard[0]),
        last_answer_at=_time(heard[1]),
        waiting_fetches=one(
            "SELECT count(*) FROM gateways.fetches WHERE gateway = %s AND account = %s AND wanted > fetched", *who
        )[0],
        skipped=one("SELECT count(*) FROM gateways.skipped WHERE name = %s", name)[0],
        gaps=one(
            "SELECT count(*) FROM gateways.untold WHERE gateway = %s AND account = %s AND seen_at_us < %s",
            *who,
            now_us - settings.gap_after_s * 1_000_000,
        )[0],
        refused_signatures=one(
            "SELECT coalesce(sum(refused), 0)::bigint FROM gateways.refused_signatures"
            " WHERE gateway = %s AND account = %s",
            *who,
        )[0],
        open_breakers=[row[0] for row in breakers],
        streams=list(_streams(connection, name, account, paused, now_us)),
    )


def _streams(
    connection: psycopg.Connection[Any], name: str, account: GatewayAccount, paused: dict[str, str], now_us: int
) -> Iterator[StreamHealth]:
    manifest = account.connector.manifest
    assert manifest is not None
    rows = connection.execute(
        "SELECT stream, items, read_at_us, failure FROM gateways.readings WHERE name = %s", (name,)
    )
    readings = {row[0]: row[1:] for row in rows}
    rows = connection.execute(
        "SELECT stream, coalesce((place->>'since_s')::bigint, 0) FROM gateways.places WHERE name = %s", (name,)
    )
    places = dict(rows.fetchall())
    for stream in manifest.streams:
        if stream.by_id and stream.name not in readings:
            continue
        if not stream.by_id and account.streams is not None and stream.name not in account.streams:
            continue
        items, read_at_us, failure = readings.get(stream.name, (0, None, ""))
        since_s = places.get(stream.name)
        behind_s = None if since_s is None else max(now_us // 1_000_000 - since_s - stream.overlap_s, 0)
        yield StreamHealth(stream.name, behind_s, items, _time(read_at_us), failure, paused.get(stream.name, ""))


def _time(at_us: int | None) -> str:
    return "" if at_us is None else datetime.fromtimestamp(at_us / 1_000_000, UTC).isoformat(timespec="seconds")
