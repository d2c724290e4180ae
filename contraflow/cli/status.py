"""`contraflow status`: what runs, how far everything has got, what lags behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from contraflow.cli.options import Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table

if TYPE_CHECKING:
    from contraflow.health import Health


def status(context: typer.Context, output: Output = None, debug: Debug = False) -> None:
    """Show parts, positions and lag of every projection, topics and health.

    Works beside a running pipeline and without one; then only what PostgreSQL knows can be shown.
    """
    terminal, settings = prepare(context)

    from contraflow.health import read_health
    from contraflow.pipeline import read_parts
    from contraflow.servers import readable_postgres

    with readable_postgres(settings, terminal.say) as readable:
        health = read_health(readable)
    parts = living_parts(read_parts(settings.data_dir))
    terminal.answer({"parts": parts, **health.as_json()}, _tables(health, parts))


def living_parts(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of `parts.json` with whether each still runs; none when their supervisor is gone."""
    import psutil

    if not content or not psutil.pid_exists(int(content["supervisor_pid"])):
        return []
    restarts = content["restarts"]
    return [
        {"part": name, "pid": pid, "runs": psutil.pid_exists(pid), "restarts": restarts.get(name, 0)}
        for name, pid in content["pids"].items()
    ]


def _tables(health: Health, parts: list[dict[str, Any]]) -> list[Table]:
    figures = ("position", "lag", "partitions", "records", "waiting", "pid", "restarts")
    return [
        Table.of(
            "Health",
            {
                "Kafka": health.kafka,
                "PostgreSQL": health.postgres,
                "API": health.api,
                "open dead letters": health.dead_letters_open,
            },
        ),
        Table("Parts", ("part", "pid", "runs", "restarts"), [tuple(part.values()) for part in parts], figures),
        Table("Books", ("book", "position"), health.books.items(), figures),
        Table(
            "Projections",
            ("projection", "book", "position", "lag"),
            [(each.name, each.book, each.position, each.lag) for each in health.projections],
            figures,
        ),
        Table(
            "Publishing",
            ("topic", "book", "position", "lag"),
            [(each.name, each.book, each.position, each.lag) for each in health.publishing],
            figures,
        ),
        Table(
            "Topics",
            ("topic", "partitions", "records", "waiting"),
            [(each.topic, each.partitions, each.records, each.waiting) for each in health.topics],
            figures,
        ),
    ]
