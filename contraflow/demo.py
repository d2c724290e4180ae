"""The demo: one simulated day through the whole, real pipeline, then what is in the books against what is true.

Webhooks go signed over HTTP to the real endpoint, balance-transaction pages and bank statements through the inbound
topics, late webhooks last. The data lives in a directory of its own below the data directory and every run has a book
of its own, so that nothing of the user's is touched and a second run starts from nothing. What the demo shows is judged
by the simulator, which made the day up and therefore knows the truth.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from contraflow.embedded.port import free_ports, is_free
from contraflow.kafka_security import KafkaSecurity
from contraflow.parts import needed_parts
from contraflow.pipeline import Pipeline, api_url
from contraflow.servers import Say
from contraflow.settings import Settings, WebhookEndpoint
from contraflow.settling import wait_settled
from contraflow.wiring import kafka_config

if TYPE_CHECKING:
    from contraflow.simulator import Day, Sendings, Webhook

ENDPOINT: Final = "demo"
SETTLE_WAIT_S: Final = 120.0
PROGRESS_EVERY_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class DemoDay:
    """A day that was sent and has settled.

    Attributes:
        pipeline: still running.
        position: of the book, reached by every projection.
        sent_s, settled_s: seconds that sending took, and settling after it.
    """

    day: Day
    pipeline: Pipeline
    book: str
    webhooks: int
    doubled: int
    problems: tuple[str, ...]
    pages: int
    statements: int
    position: int
    sent_s: float
    settled_s: float


@contextlib.contextmanager
def demo_day(settings: Settings, *, payments: int, seed: int, say: Say) -> Iterator[DemoDay]:
    """Play a day, send it, wait until it has settled; everything is stopped at the end of the block.

    Raises ValueError for a day that is too small; NotReady and NotSettled when the pipeline does not get there.
    """
    from contraflow.simulator import play_day

    day = play_day(seed, payments)
    ours = demo_settings(settings, day.account)
    book = ours.book
    say(f"Demo: a day of {payments} payments, seed {seed}, book {book}; data in {ours.data_dir}")
    with Pipeline.running(ours, needed_parts(ours), say) as pipeline:
        pipeline.wait_ready()
        with pipeline.watched():
            say(f"The pipeline runs; API at {api_url(ours)}")
            started_s = time.monotonic()
            prompt = _send(day, day.prompt, pipeline, "webhooks", say)
            say(f"Ingesting {len(day.pages)} balance-transaction pages and {len(day.statements)} bank statements")
            _ingest(day, pipeline.settings)
            late = _send(day, day.late, pipeline, "late webhooks", say)
            sent_s = time.monotonic() - started_s
            heads = wait_settled(pipeline.settings, wait_s=SETTLE_WAIT_S, progress=say)
            yield DemoDay(
                day=day,
                pipeline=pipeline,
                book=book,
                webhooks=prompt.sent + late.sent,
                doubled=prompt.doubled + late.doubled,
                problems=prompt.problems + late.problems,
                pages=len(day.pages),
                statements=len(day.statements),
                position=heads.get(book, 0),
                sent_s=sent_s,
                settled_s=time.monotonic() - started_s - sent_s,
            )


def demo_settings(settings: Settings, account: str) -> Settings:
    """Settings of a pipeline that has nothing in common with the user's but the programs."""
    data_dir = settings.data_dir / "demo"
    book = f"demo-{_next_run(data_dir)}"
    endpoint = WebhookEndpoint(
        gateway="stripe", account=account, secrets=[SecretStr(f"whsec_{secrets.token_urlsafe(24)}")], book=book
    )
    return settings.model_copy(
        update={
            "data_dir": data_dir,
            "kafka": None,
            "kafka_security": KafkaSecurity(),
            "postgres": None,
            "topic_prefix": "",
            "replication_factor": 1,
            "book": book,
            "api_host": "127.0.0.1",
            "api_port": settings.api_port if is_free(settings.api_port) else free_ports(1)[0],
            "endpoints": {ENDPOINT: endpoint},
            "gateways": {},
            # What the parts tell would stand between people and the story; --debug shows all of it.
            "log_level": "debug" if settings.log_level == "debug" else "warning",
            "banks": {},
        }
    )


def _next_run(data_dir: Path) -> int:
    """The number of this run, counted beside the data that it belongs to."""
    data_dir.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    data_dir.mkdir(mode=0o711, exist_ok=True)
    counter = data_dir / "runs"
    try:
        number = int(counter.read_text()) + 1
    except (FileNotFoundError, ValueError):
        number = 1
    counter.write_text(str(number))
    return number


def _send(day: Day, webhooks: tuple[Webhook, ...], pipeline: Pipeline, what: str, say: Say) -> Sendings:
    from contraflow.simulator import send_day

    settings = pipeline.settings
    say(f"Sending {len(webhooks):,} {what} over HTTP")
    said_at_s = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal said_at_s
        if time.monotonic() - said_at_s >= PROGRESS_EVERY_S:
            said_at_s = time.monotonic()
            say(f"  {done:,} of {total:,}")

    secret = settings.endpoints[ENDPOINT].secrets[0].get_secret_value()

    async def send() -> Sendings:
        asyncio.get_running_loop().set_exception_handler(_tell_unless_interrupted)
        return await send_day(day, api_url(settings), secret, endpoint=ENDPOINT, webhooks=webhooks, progress=progress)

    return asyncio.run(send())


def _tell_unless_interrupted(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An interrupt that hits a task reaches us as well: asyncio need not complain that nobody awaited it."""
    if not isinstance(context.get("exception"), KeyboardInterrupt):
        loop.default_exception_handler(context)


def _ingest(day: Day, settings: Settings) -> None:
    from streams.intake import Told, ingest

    told = [Told(page.body, settings.book, "stripe", day.account, context=page.context) for page in day.pages]
    told += [Told(statement.body, settings.book, "camt053", "") for statement in day.statements]
    ingest(kafka_config(settings), told)
