"""The server that plays the gateways: it checks who asks, pages, and misbehaves when it is told to."""

import base64
from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from connectors import CONNECTORS
from connectors.errors import SignatureError
from connectors.exchange import Keys, WebhookRequest
from contraflow.simulator.asking import Asked
from contraflow.simulator.desks import Access, accesses
from contraflow.simulator.site import DOWN, TOO_MANY, Site
from contraflow.simulator.tokens import Tokens
from contraflow.simulator.world import World, play_world

DAY = date(2026, 11, 16)
LISTS = {
    "paystack": "/transaction",
    "flutterwave_v3": "/transactions",
    "flutterwave_v4": "/charges",
    "paypal": "/v1/reporting/transactions",
    "modern_treasury": "/api/payment_orders",
}


@pytest.fixture(scope="module")
def world() -> World:
    return play_world(1, 60, gateway_date=DAY)


@pytest.fixture(scope="module")
def opened(world: World) -> dict[str, Access]:
    return {access.gateway: access for access in accesses(world.gateways)}


@pytest.fixture
def site(opened: dict[str, Access]) -> Iterator[Site]:
    found = Site({name: access.desk for name, access in opened.items()})
    with found.open():
        yield found


def client(site: Site, access: Access) -> httpx.Client:
    """Authorized as the gateway wants it, with a token where it hands those out."""
    given, base = access.credentials, f"{site.url}/{access.gateway}"
    if access.token_path:
        form = {"grant_type": "client_credentials"}
        pair = given["client_id"], given["client_secret"]
        if access.gateway == "paypal":
            answer = httpx.post(base + access.token_path, data=form, auth=pair, trust_env=False)
        else:
            form |= {"client_id": pair[0], "client_secret": pair[1]}
            answer = httpx.post(base + access.token_path, data=form, trust_env=False)
        assert answer.json()["expires_in"] > 0
        authorization = f"Bearer {answer.json()['access_token']}"
    elif "api_key" in given:
        authorization = f"Bearer {given['api_key']}"
    else:
        pair_text = f"{given['username']}:{given['password']}"
        authorization = f"Basic {base64.b64encode(pair_text.encode()).decode()}"
    return httpx.Client(base_url=base, headers={"authorization": authorization}, trust_env=False)


@pytest.mark.parametrize("gateway", LISTS)
def test_lists_answer_whoever_knows_the_credentials(site: Site, opened: dict[str, Access], gateway: str) -> None:
    path = LISTS[gateway]
    assert httpx.get(f"{site.url}/{gateway}{path}", trust_env=False).status_code == 401
    assert site.refused[gateway] == 1
    with client(site, opened[gateway]) as asking:
        answer = asking.get(path)
        assert answer.status_code == 200
        assert len(answer.content) > 1_000
        assert asking.get("/nothing/of/this/name").status_code in (400, 404)


def test_a_fault_is_met_once(site: Site, opened: dict[str, Access]) -> None:
    site.fault("paystack", "/refund", TOO_MANY, DOWN)
    with client(site, opened["paystack"]) as asking:
        answers = [asking.get("/refund") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 503, 200]
    assert answers[0].headers["retry-after"] == "1"
    assert site.faulted["paystack"] == 2


def test_tokens_expire() -> None:
    tokens = Tokens("client", "secret", lifetime_s=20)
    form = {"grant_type": "client_credentials"}
    assert tokens.grant(Asked("POST", "/token", form=form), ("client", "wrong"), 100).status == 401
    assert tokens.grant(Asked("POST", "/token", form=form), ("client", "secret"), 100).status == 200
    asked = Asked("GET", "/charges", headers=tokens.authorization(100))
    assert tokens.is_good(asked, 119) and not tokens.is_good(asked, 120)


def test_every_webhook_is_proved_to_its_endpoint_and_to_no_other(world: World) -> None:
    for day in world.gateways:
        connector = CONNECTORS[day.gateway]
        for hook in day.hooks[:5]:
            headers = {name.lower(): value for name, value in hook.headers_for("a secret").items()}
            assert connector.verify is not None
            connector.verify(WebhookRequest(headers, hook.body), Keys(("a secret",)), 0)
            with pytest.raises(SignatureError):
                connector.verify(WebhookRequest(headers, hook.body), Keys(("another",)), 0)


def test_credentials_show_nowhere(opened: dict[str, Access]) -> None:
    for access in opened.values():
        assert not any(value in repr(access) for name, value in access.credentials.items() if name != "username")
