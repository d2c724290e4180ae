"""Evidence for ADR 0005: what looking keys up costs, per batch and one by one, and what their index weighs.

    python docs/adr/evidence/keys.py [--keys 200000] [--batch 2000] [--dsn postgresql://...]

Fills a table with `--keys` digests and one with the same keys as text, then asks for a batch, half of it known.
"""

import argparse
import json
import time

import psycopg
from servers import postgres

from ledger.facts import name_digest


def key(number: int) -> str:
    return f"stripe/acct_1032D82eZvKYlo2C/pi_{number:024d}/succeeded"


def fill(connection: psycopg.Connection, keys: int) -> None:
    connection.execute("CREATE TEMP TABLE by_digest (book_id integer, name bytea, position bigint)")
    connection.execute("CREATE TEMP TABLE by_text (book_id integer, name text, position bigint)")
    with connection.cursor() as cursor:
        with cursor.copy("COPY by_digest FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(("int4", "bytea", "int8"))
            for number in range(keys):
                copy.write_row((1, name_digest(key(number)), number))
        with cursor.copy("COPY by_text FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(("int4", "text", "int8"))
            for number in range(keys):
                copy.write_row((1, key(number), number))
    for table in ("by_digest", "by_text"):
        connection.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (book_id, name)")
        connection.execute(f"ANALYZE {table}")


def size(connection: psycopg.Connection, table: str, keys: int) -> float:
    row = connection.execute("SELECT pg_indexes_size(%s::regclass)", (table,)).fetchone()
    assert row is not None
    return float(row[0]) / keys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=2_000)
    parser.add_argument("--dsn")
    chosen = parser.parse_args()
    with postgres(chosen.dsn) as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        fill(connection, chosen.keys)
        asked = [name_digest(key(chosen.keys - chosen.batch // 2 + number)) for number in range(chosen.batch)]
        started_s = time.perf_counter()
        found = connection.execute(
            "SELECT name, position FROM by_digest WHERE book_id = 1 AND name = ANY(%s)", (asked,), binary=True
        ).fetchall()
        batch_s = time.perf_counter() - started_s
        assert len(found) == chosen.batch // 2
        started_s = time.perf_counter()
        for digest in asked:
            connection.execute("SELECT position FROM by_digest WHERE book_id = 1 AND name = %s", (digest,)).fetchone()
        single_s = time.perf_counter() - started_s
        figures = {
            "batch_us_per_key": batch_s / chosen.batch * 1e6,
            "single_us_per_key": single_s / chosen.batch * 1e6,
            "index_bytes_per_digest": size(connection, "by_digest", chosen.keys),
            "index_bytes_per_text": size(connection, "by_text", chosen.keys),
        }
    print(json.dumps({name: round(value, 1) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
