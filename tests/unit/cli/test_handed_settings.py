"""A part gets exactly its supervisor's settings, secrets included, whatever stands in its own surroundings."""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.config import Part, Receive
from contraflow.embedded import PairAddresses
from contraflow.gateway_settings import GatewayAccount
from contraflow.handed_settings import read_settings, write_settings
from contraflow.kafka_security import KafkaSecurity
from contraflow.parts import PARTS, needed_parts, part_orders
from contraflow.servers import resolved
from contraflow.settings import BankAccount, Settings, WebhookEndpoint, load_settings
from contraflow.wiring import kafka_config, polling_config, postgres_dsn, webhook_receiver


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        data_dir=tmp_path,
        kafka="broker-1:9093,broker-2:9093",
        kafka_security=KafkaSecurity(
            protocol="SASL_SSL", sasl_mechanism="SCRAM-SHA-256", username="ledger", password=SecretStr("hush-kafka")
        ),
        postgres=SecretStr("postgresql://ledger:hush-postgres@db/contraflow"),
        topic_prefix="prod.",
        endpoints={"shop": WebhookEndpoint(account="acct_1", secrets=[SecretStr("whsec_hush")], book="main")},
        gateways={
            "shop": GatewayAccount(
                gateway="stripe",
                account="acct_1",
                environment="live",
                api_key=SecretStr("sk_hush"),
                headers={"x-tenant": SecretStr("hush-tenant")},
                since=date(2026, 1, 5),
            )
        },
        banks={"DE53 5001": BankAccount(book="bank")},
    )


def test_a_round_trip_loses_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRAFLOW_TOPIC_PREFIX", "other.")
    monkeypatch.setenv("CONTRAFLOW_ENDPOINTS", '{"more": {"account": "acct_2", "secrets": ["x"]}}')
    line = write_settings(settings)
    assert b"\n" not in line
    read = read_settings(line)
    assert read.model_dump() == settings.model_dump()
    assert postgres_dsn(read) == "postgresql://ledger:hush-postgres@db/contraflow"
    assert kafka_config(read) == kafka_config(settings)
    assert kafka_config(read).security.password == "hush-kafka"


def test_secrets_stand_neither_in_arguments_nor_in_a_repr(settings: Settings) -> None:
    orders = part_orders(settings)
    assert [order.name for order in orders] == list(PARTS)
    for order in orders:
        assert "hush" not in " ".join(order.argv)
        assert b"hush-postgres" in order.handed
    assert "hush" not in repr(orders)
    assert "hush" not in repr(settings)
    assert "hush" not in repr(kafka_config(settings))
    assert "hush" not in repr(polling_config(settings))
    assert "hush" not in repr(polling_config(settings).gateways[0].credentials)


def test_what_brings_something_in_is_stopped_before_the_others(settings: Settings) -> None:
    stages = {order.name: order.stop_stage for order in part_orders(settings)}
    brings = {"api", "polling"}
    assert all(stages[first] < stages[name] for first in brings for name in PARTS if name not in brings)


def test_polling_is_a_part_where_somebody_can_be_polled(settings: Settings) -> None:
    without_key = settings.gateways["shop"].model_copy(update={"api_key": None})
    assert needed_parts(settings) == list(PARTS)
    assert "polling" not in needed_parts(settings.model_copy(update={"gateways": {"shop": without_key}}))


def test_named_servers_stay_and_missing_ones_are_filled_in(tmp_path: Path) -> None:
    found = PairAddresses("127.0.0.1:1", "postgresql://embedded")
    nothing = resolved(load_settings(data_dir=tmp_path, kafka=None, postgres=None, replication_factor=3), found)
    assert (nothing.kafka, postgres_dsn(nothing), nothing.replication_factor) == (
        "127.0.0.1:1",
        "postgresql://embedded",
        1,
    )
    mine = load_settings(data_dir=tmp_path, kafka=None, postgres=SecretStr("postgresql://mine"))
    assert postgres_dsn(resolved(mine, found)) == "postgresql://mine"


def test_a_forged_webhook_is_refused_in_the_words_of_the_api() -> None:
    from api.config import SignatureRefused
    from contraflow.simulator import sign

    receive = webhook_receiver(
        WebhookEndpoint(account="acct_1", secrets=[SecretStr("whsec_old"), SecretStr("whsec_new")], book="main"), 300
    )

    def check(body: bytes, header: str | None, now_s: int) -> list[Part]:
        headers = {} if header is None else {"stripe-signature": header}
        return list(asyncio.run(received(receive, headers, body, now_s)))

    assert check(b"{}", sign(b"{}", "whsec_old", 1_000), 1_000) == [Part(b"{}")]
    assert check(b"{}", sign(b"{}", "whsec_new", 1_000), 1_299) == [Part(b"{}")]
    for body, header, code in (
        (b"{ }", sign(b"{}", "whsec_new", 1_000), "bad_signature"),
        (b"{}", sign(b"{}", "whsec_other", 1_000), "bad_signature"),
        (b"{}", sign(b"{}", "whsec_new", 1), "timestamp_out_of_tolerance"),
        (b"{}", None, "header_missing"),
    ):
        with pytest.raises(SignatureRefused) as refused:
            check(body, header, 1_000)
        assert refused.value.code == code
        assert "whsec" not in str(refused.value)


async def received(receive: Receive, headers: dict[str, str], body: bytes, now_s: int) -> Sequence[Part]:
    return await receive(headers, body, "/webhooks/stripe/shop", now_s)


def test_an_endpoint_names_a_gateway_that_sends_webhooks() -> None:
    with pytest.raises(ValueError, match=r"use one of .*stripe"):
        WebhookEndpoint(gateway="camt053", account="a", secrets=[SecretStr("s")], book="main")
