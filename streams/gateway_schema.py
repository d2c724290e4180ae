"""Migrations of the schema `gateways`: numbered SQL files, each applied once, one process at a time."""

import re
from importlib.resources import files
from typing import Any, Final

import psycopg

_LOCK: Final = 0x636F6E7472610002  # the number only has to be ours


def migrate_gateways(connection: psycopg.Connection[Any]) -> list[int]:
    """Apply what is missing; returns the numbers applied. Safe when several processes start at once."""
    applied = []
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute("CREATE SCHEMA IF NOT EXISTS gateways")
        connection.execute("CREATE TABLE IF NOT EXISTS gateways.migrations (number integer PRIMARY KEY)")
        done = {row[0] for row in connection.execute("SELECT number FROM gateways.migrations")}
        for number, sql in _migrations():
            if number not in done:
                connection.execute(sql.encode())
                connection.execute("INSERT INTO gateways.migrations VALUES (%s)", (number,))
                applied.append(number)
    return applied


def _migrations() -> list[tuple[int, str]]:
    found = []
    for file in files("streams").joinpath("sql").iterdir():
        match = re.fullmatch(r"([0-9]{4})_[a-z_]+\.sql", file.name)
        if match:
            found.append((int(match[1]), file.read_text()))
    return sorted(found)
