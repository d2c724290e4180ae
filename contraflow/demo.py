"""The demo: one simulated day at all gateways through the whole, real pipeline, then the books against what is true.

Webhooks go signed over HTTP to the real endpoints, the bank's statements through the inbound topics, late webhooks
last. The gateways are a real server on loopback that the part `polling` reads: it finds what no webhook told, and
fetches what webhooks only point at, such as the contents of Stripe's payouts. PayPal tells everything there: its
webhooks are signed with a certificate from PayPal's own hosts, and no other host may hand one out, not even in a demo.

The data lives in a directory of its own below the data directory and every run has a book of its own, so that nothing
of the user's is touched and a second run starts from nothing. What the demo shows is judged by the simulator, which
made the day up and therefore knows the truth.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from contraflow.demo_settings import demo_settings
from contraflow.parts import needed_parts
from contraflow.pipeline import Pipeline, api_url
from contraflow.polled import wait_polled
from contraflow.servers import Say
from contraflow.settings import Settings
from contraflow.settling import wait_settled
from contraflow.wiring import kafka_config

if TYPE_CHECKING:
    from contraflow.simulator import Hook, Sendings, Site, Statement, Webhook, World

SETTLE_WAIT_S: Final = 120.0
PROGRESS_EVERY_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class DemoDay:
    """A day that was sent and has settled.

    Attributes:
        site: the server that played the gateways.
        pipeline: still running.
        polled: things read by polling, by gateway.
        position: of the book, reached by every projection.
        sent_s, polled_s, settled_s: seconds that sending took, waiting for polling after it, and settling after that.
    """

    world: World
    site: Site
    pipeline: Pipeline
    book: str
    webhooks: int
    doubled: int
    problems: tuple[str, ...]
    statements: int
    polled: dict[str, int]
    position: int
    sent_s: float
    polled_s: float
    settled_s: float


@contextlib.contextmanager
def demo_day(settings: Settings, *, payments: int, seed: int, say: Say) -> Iterator[DemoDay]:
    """Play a day, send it, wait until it was polled and has settled; everything is stopped at the end of the block.

    Raises ValueError for a day that is too small; NotReady and NotSettled when the pipeline does not get there.
    """
    from contraflow.simulator import Site, play_world
    from contraflow.simulator.desks import accesses, stripe_access
    from contraflow.simulator.world import DAYS_AGO

    world = play_world(seed, payments, gateway_date=datetime.now(UTC).date() - timedelta(days=DAYS_AGO))
    opened = (stripe_access(world.stripe), *accesses(world.gateways))
    site = Site({access.gateway: access.desk for access in opened})
    site.misbehave()
    with contextlib.ExitStack() as stack:
        ours = demo_settings(settings, world, opened, stack.enter_context(site.open()))
        book = ours.book
        say(f"Demo: a day of {payments} payments at Stripe and {_others(world)}")
        say(f"Seed {seed}, book {book}; data in {ours.data_dir}")
        pipeline = stack.enter_context(Pipeline.running(ours, needed_parts(ours), say))
        pipeline.wait_ready()
        with pipeline.watched():
            say(f"The pipeline runs; API at {api_url(ours)}; the gateways answer at {site.url}")
            started_s = time.monotonic()
            gateways = [hook for day in world.gateways for hook in day.prompt]
            prompt = _send([*world.stripe.prompt, *gateways], pipeline, "webhooks", say)
            statements = world.all_statements
            say(f"Ingesting {len(statements)} bank statements")
            _ingest(statements, pipeline.settings)
            gateways = [hook for day in world.gateways for hook in day.late]
            late = _send([*world.stripe.late, *gateways], pipeline, "late webhooks", say)
            sent_s = time.monotonic() - started_s
            say("Polling the gateways for what no webhook told")
            polled = wait_polled(pipeline.settings, wait_s=SETTLE_WAIT_S, progress=say)
            polled_s = time.monotonic() - started_s - sent_s
            heads = wait_settled(pipeline.settings, wait_s=SETTLE_WAIT_S, progress=say)
            yield DemoDay(
                world=world,
                site=site,
                pipeline=pipeline,
                book=book,
                webhooks=prompt.sent + late.sent,
                doubled=prompt.doubled + late.doubled,
                problems=prompt.problems + late.problems,
                statements=len(statements),
                polled={ours.gateways[name].gateway: items for name, items in polled.items()},
                position=heads.get(book, 0),
                sent_s=sent_s,
                polled_s=polled_s,
                settled_s=time.monotonic() - started_s - sent_s - polled_s,
            )


def gateway_title(gateway: str) -> str:
    """Its name for people."""
    from connectors import CONNECTORS

    manifest = CONNECTORS[gateway].manifest
    return manifest.title if manifest is not None else gateway


def _others(world: World) -> str:
    return ", ".join(f"{day.truth.totals['payments']} at {gateway_title(day.gateway)}" for day in world.gateways)


def _send(webhooks: Sequence[Webhook | Hook], pipeline: Pipeline, what: str, say: Say) -> Sendings:
    from contraflow.simulator import Target, send_webhooks

    settings = pipeline.settings
    say(f"Sending {len(webhooks):,} {what} over HTTP")
    said_at_s = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal said_at_s
        if time.monotonic() - said_at_s >= PROGRESS_EVERY_S:
            said_at_s = time.monotonic()
            say(f"  {done:,} of {total:,}")

    targets = {
        endpoint.gateway: Target(
            f"{api_url(settings)}/webhooks/{endpoint.gateway}/{name}", endpoint.secrets[0].get_secret_value()
        )
        for name, endpoint in settings.endpoints.items()
    }

    async def send() -> Sendings:
        asyncio.get_running_loop().set_exception_handler(_tell_unless_interrupted)
        return await send_webhooks(webhooks, targets, progress=progress)

    return asyncio.run(send())


def _tell_unless_interrupted(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An interrupt that hits a task reaches us as well: asyncio need not complain that nobody awaited it."""
    if not isinstance(context.get("exception"), KeyboardInterrupt):
        loop.default_exception_handler(context)


def _ingest(statements: Sequence[Statement], settings: Settings) -> None:
    from streams.intake import Told, ingest

    ingest(kafka_config(settings), [Told(each.body, settings.book, "camt053", "") for each in statements])
