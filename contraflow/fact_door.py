"""The fact door: facts of our own go in through the pipeline where one posts, or this process is the writer itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from contraflow.settings import Settings

if TYPE_CHECKING:
    from ledger.facts import Fact

Say = Callable[[str], None]

BATCH_FACTS_MAX = 1_000


def tell_facts(settings: Settings, book: str, facts: Sequence[Fact], say: Say) -> int:
    """Tell a book facts; returns how many. A running pipeline decides them a moment later, else they are decided now.

    Raises what the servers and the store raise; telling all of them again is right, what is told twice is posted once.
    """
    from contraflow.health import posting_runs
    from contraflow.servers import readable_postgres, running_servers
    from contraflow.wiring import kafka_config, postgres_dsn
    from ledger.accounts import load_chart
    from ledger.facts import encode_fact
    from ledger.ledger import Ledger
    from ledger.rules import load_rules
    from ledger.store import Store
    from streams.intake import Told, ingest

    if not facts:
        return 0
    servers = running_servers(settings)
    if servers is not None and servers.kafka is not None and posting_runs(servers):
        say(f"A pipeline is running: sending to inbound.facts of book {book}")
        return ingest(kafka_config(servers), [Told(encode_fact(fact), book, "facts", "") for fact in facts])
    with (
        readable_postgres(settings, say, "write to it") as writable,
        Store.open(postgres_dsn(writable)) as store,
    ):
        ledger = Ledger.open(store, book, chart=load_chart(settings.chart_file), rules=load_rules(settings.rules_file))
        for begin in range(0, len(facts), BATCH_FACTS_MAX):
            ledger.facts(facts[begin : begin + BATCH_FACTS_MAX])
    return len(facts)
