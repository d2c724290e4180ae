"""Polled: wait until every gateway account of the settings was read up to the present and nothing waits to be fetched.

By place and never by guess: what stands in the inbound topics has been heard, every stream's place lies behind the
moment at which the waiting began, and no fetch is wanted any more. What is fetched may want more, so all of it has to
be true at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from contraflow.gateway_settings import GatewayAccount
from contraflow.settings import Settings
from contraflow.settling import NotSettled, inbound_ends
from contraflow.wiring import postgres_dsn

POLL_S = 0.2
SAY_EVERY_S = 2.0


def wait_polled(
    settings: Settings, *, wait_s: float = 120.0, progress: Callable[[str], None] | None = None
) -> dict[str, int]:
    """Wait; returns how many things were read of each account, by name.

    Raises NotSettled after `wait_s` seconds, naming what is missing, and at once for an account that is paused.
    """
    began_s = int(time.time())
    deadline_s = time.monotonic() + wait_s
    said_at_s = time.monotonic()
    with psycopg.connect(postgres_dsn(settings), autocommit=True, application_name="contraflow-polled") as connection:
        while missing := _missing(connection, settings, began_s):
            now_s = time.monotonic()
            if now_s > deadline_s:
                raise NotSettled(f"polling did not get there within {wait_s:g} s: {missing}; the log says why")
            if progress is not None and now_s - said_at_s >= SAY_EVERY_S:
                said_at_s = now_s
                progress(f"polling: {missing}")
            time.sleep(POLL_S)
        rows = connection.execute(
            "SELECT name, sum(items)::bigint FROM gateways.readings WHERE name = ANY(%s) GROUP BY name",
            (list(settings.gateways),),
        ).fetchall()
    return dict(rows)


def _missing(connection: psycopg.Connection[Any], settings: Settings, began_s: int) -> str:
    """What is not there yet, for people; empty when everything is."""
    unheard = _unheard(connection, settings)
    if unheard:
        return f"{unheard:,} records not heard yet"
    unread, waiting = _unread(connection, settings.gateways, began_s), _waiting(connection, settings)
    if not unread and not waiting:
        return ""
    return f"{unread} lists and {waiting} objects to read"


def _unheard(connection: psycopg.Connection[Any], settings: Settings) -> int:
    prefix = settings.topic_prefix
    topics = {f"{prefix}inbound.{account.gateway}" for account in settings.gateways.values()}
    rows = connection.execute("SELECT topic, partition, next_offset FROM gateways.offsets")
    heard = {(topic, number): following for topic, number, following in rows}
    return sum(
        max(end - heard.get((topic, number), 0), 0)
        for (topic, number), end in inbound_ends(settings).items()
        if topic in topics
    )


def _unread(connection: psycopg.Connection[Any], accounts: Mapping[str, GatewayAccount], began_s: int) -> int:
    """How many lists were not read up to the present; raises NotSettled when one stands still."""
    rows = connection.execute(
        "SELECT name, stream, reason FROM gateways.pauses WHERE name = ANY(%s)", (list(accounts),)
    ).fetchall()
    if rows:
        name, stream, reason = rows[0]
        raise NotSettled(f"polling of {name} {stream} is paused: {reason}".replace("  ", " "))
    rows = connection.execute(
        "SELECT name, stream, coalesce((place->>'read_s')::bigint, 0) FROM gateways.places"
        " WHERE name = ANY(%s) AND coalesce((place->>'until_s')::bigint, 0) = 0",
        (list(accounts),),
    ).fetchall()
    read = {(name, stream) for name, stream, read_s in rows if read_s + _every_s(accounts[name], stream) >= began_s}
    wanted = {(name, stream) for name, account in accounts.items() for stream in _polled(account)}
    return len(wanted - read)


def _waiting(connection: psycopg.Connection[Any], settings: Settings) -> int:
    return sum(
        connection.execute(
            "SELECT count(*) FROM gateways.fetches"
            " WHERE gateway = %s AND account = %s AND book = %s AND wanted > fetched",
            (account.gateway, account.account, account.book),
        ).fetchall()[0][0]
        for account in settings.gateways.values()
    )


def _polled(account: GatewayAccount) -> list[str]:
    manifest = account.connector.manifest
    assert manifest is not None
    return [
        stream.name
        for stream in manifest.streams
        if not stream.by_id and (account.streams is None or stream.name in account.streams)
    ]


def _every_s(account: GatewayAccount, stream: str) -> int:
    manifest = account.connector.manifest
    assert manifest is not None
    return account.every_s.get(stream, manifest.stream(stream).every_s)
