"""The command door: commands go in, answers come out in the same order, whoever decides them.

There is one door and three ways through it. While a pipeline posts, commands are records in `inbound.commands` and its
writer decides them. While none does, this process is the writer itself, over PostgreSQL, or in memory for trying out.
The answers are the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from contraflow.command_lines import CommandBatch
from contraflow.settings import Settings

if TYPE_CHECKING:
    from ledger.answers import Answer

Say = Callable[[str], None]
Answers = Callable[[Iterable[CommandBatch]], Iterator["list[Answer]"]]

ANSWER_WAIT_S = 60.0


@contextlib.contextmanager
def command_door(settings: Settings, book: str, say: Say, *, in_memory: bool = False) -> Iterator[Answers]:
    """A function from batches to their answers: one list of answers a batch, or several batches' after one another.

    Raises what the servers, the store and the pipeline raise; what was answered until then is true.
    """
    from contraflow.servers import readable_postgres, running_servers
    from ledger.accounts import load_chart
    from ledger.rules import load_rules

    chart, rules = load_chart(settings.chart_file), load_rules(settings.rules_file)
    if in_memory:
        from ledger.ledger import Ledger
        from ledger.memory_store import MemoryStore

        yield _decided_by(Ledger.open(MemoryStore(), book, chart=chart, rules=rules))
        return
    servers = running_servers(settings)
    if servers is not None and servers.kafka is not None and _posting_runs(servers):
        say(f"A pipeline is running: sending to inbound.commands of book {book}")
        with _through_pipeline(servers, book) as answers:
            yield answers
        return
    from contraflow.wiring import postgres_dsn
    from ledger.ledger import Ledger
    from ledger.store import Store

    with (
        readable_postgres(settings, say, "write to it") as writable,
        Store.open(postgres_dsn(writable)) as store,
    ):
        yield _decided_by(Ledger.open(store, book, chart=chart, rules=rules))


def _posting_runs(settings: Settings) -> bool:
    from contraflow.health import posting_runs

    return posting_runs(settings)


if TYPE_CHECKING:
    from ledger.ledger import Ledger


def _decided_by(ledger: Ledger) -> Answers:
    def answers(batches: Iterable[CommandBatch]) -> Iterator[list[Answer]]:
        for batch in batches:
            if batch.lines:
                yield ledger.apply(batch.commands)

    return answers


@contextlib.contextmanager
def _through_pipeline(settings: Settings, book: str) -> Iterator[Answers]:
    from contraflow.wiring import kafka_config, postgres_dsn
    from ledger.commands import Malformed
    from streams.command_record import encode_commands
    from streams.command_sender import CommandSender

    def records(batches: Iterable[CommandBatch]) -> Iterator[tuple[bytes, bool]]:
        for batch in batches:
            told = (line.command if isinstance(line.command, Malformed) else line.raw for line in batch.lines)
            yield encode_commands(told) if batch.lines else b"", batch.waits

    with CommandSender(kafka_config(settings), postgres_dsn(settings), book, wait_s=ANSWER_WAIT_S) as sender:
        yield lambda batches: sender.answers(records(batches))
