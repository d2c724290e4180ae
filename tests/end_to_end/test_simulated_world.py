"""A simulated day at all gateways: told by webhooks, found by polling, and the API says what the simulator knows.

Then everything is told again in another order, and somebody forges what can be forged: nothing changes.
"""

import asyncio
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from contraflow.demo_settings import gateway_accounts, gateway_endpoints
from contraflow.embedded import PairAddresses
from contraflow.polled import wait_polled
from contraflow.simulator import ACCOUNT, Hook, Site, Target, Webhook, World, play_world, send_webhooks
from contraflow.simulator.desks import accesses, stripe_access
from contraflow.simulator.world import DAYS_AGO
from streams.intake import Told
from tests.end_to_end.running import SECRET, RunningPipeline, running_beside
from tests.end_to_end.test_simulated_day import BOOK, assert_true, entries


@dataclass
class Played:
    """The world, who plays it, and the pipeline that it is told to."""

    world: World
    gateways: Site
    site: RunningPipeline

    def send(self, webhooks: Sequence[Webhook | Hook]) -> None:
        targets = {
            endpoint.gateway: Target(
                f"{self.site.url}/webhooks/{endpoint.gateway}/{name}", endpoint.secrets[0].get_secret_value()
            )
            for name, endpoint in self.site.settings.endpoints.items()
        }
        sendings = asyncio.run(send_webhooks(webhooks, targets, timeout_s=30))
        assert sendings.sent == len(webhooks), sendings.problems

    def settle(self) -> dict[str, int]:
        wait_polled(self.site.settings)
        return self.site.settle()


@pytest.fixture(scope="module")
def played(pair: PairAddresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Told once, in its own order."""
    date = datetime.now(UTC).date() - timedelta(days=DAYS_AGO)
    world = play_world(seed=7, payments=60, gateway_date=date)
    opened = (stripe_access(world.stripe), *accesses(world.gateways))
    gateways = Site({access.gateway: access.desk for access in opened})
    gateways.misbehave()
    with (
        gateways.open() as url,
        running_beside(
            pair,
            tmp_path_factory.mktemp("world"),
            books=(BOOK,),
            account=ACCOUNT,
            more_endpoints=gateway_endpoints(world.gateways, opened, BOOK),
            gateways=gateway_accounts(world.gateways, opened, url, BOOK),
        ) as site,
    ):
        found = Played(world, gateways, site)
        found.send([*world.stripe.prompt, *(hook for day in world.gateways for hook in day.prompt)])
        site.ingest(statements(world))
        found.send([*world.stripe.late, *(hook for day in world.gateways for hook in day.late)])
        found.settle()
        yield found


def statements(world: World) -> list[Told]:
    return [Told(each.body, BOOK, "camt053", "") for each in world.all_statements]


def test_the_api_says_what_is_true_of_all_gateways(played: Played) -> None:
    assert played.site.settings.endpoints[BOOK].secrets[0].get_secret_value() == SECRET
    assert_true(played.site, played.world)
    assert entries(played.site) == played.world.truth.entries
    played.site.assert_sound()


def test_what_no_webhook_told_was_found_and_the_gateways_had_their_moods(played: Played) -> None:
    payments = played.site.payments(BOOK)
    for day in played.world.gateways:
        untold = day.untold & day.truth.payments.keys()
        assert untold
        assert {payment: payments[payment] for payment in untold} == {
            payment: day.truth.payments[payment] for payment in untold
        }
    assert played.gateways.faulted.total() == 7
    assert played.gateways.desks["paypal"].tokens.granted >= 1  # type: ignore[attr-defined]


def test_all_of_it_again_in_another_order_and_a_forgery_change_nothing(played: Played) -> None:
    site, world = played.site, played.world
    before = (site.balances(BOOK), site.payments(BOOK), entries(site))
    again: list[Webhook | Hook] = [*world.stripe.webhooks, *(hook for day in world.gateways for hook in day.hooks)]
    random.Random(5).shuffle(again)
    # Whoever saw one webhook of Flutterwave's version 3 knows its secret; a payment that it claims is asked for.
    claimed = {"event": "charge.completed", "data": {"id": 1, "tx_ref": "x", "amount": 9_000_000, "currency": "NGN"}}
    body = json.dumps({**claimed, "data": {**claimed["data"], "status": "successful"}}).encode()  # type: ignore[dict-item]
    again.append(Hook("flutterwave_v3", "forged", "charge.completed", 0, "1", body, {}))
    site.ingest(statements(world)[::-1])
    played.send(again)
    played.settle()
    assert (site.balances(BOOK), site.payments(BOOK), entries(site)) == before
    assert_true(site, world)
