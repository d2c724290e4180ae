"""Gateway accounts in the settings: where credentials may come from, what is refused, and that nothing shows."""

import json
import traceback
from pathlib import Path
from typing import Any

import pytest

from contraflow.settings import Settings, SettingsInvalid, load_settings
from contraflow.wiring import gateway_of, polled_accounts

SHOP = {"gateway": "stripe", "account": "acct_1", "environment": "sandbox"}


def loaded(**fields: Any) -> Settings:
    return load_settings(gateways={"shop": {**SHOP, **fields}}, kafka="k:1", postgres="postgresql://db/x")


def test_several_accounts_of_one_gateway_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, account in (("SHOP", "acct_1"), ("OTHER", "acct_2")):
        monkeypatch.setenv(f"CONTRAFLOW_GATEWAYS__{name}__GATEWAY", "stripe")
        monkeypatch.setenv(f"CONTRAFLOW_GATEWAYS__{name}__ACCOUNT", account)
        monkeypatch.setenv(f"CONTRAFLOW_GATEWAYS__{name}__ENVIRONMENT", "live")
        monkeypatch.setenv(f"CONTRAFLOW_GATEWAYS__{name}__API_KEY", f"sk_{name}")
    settings = load_settings()
    assert gateway_of(settings, "shop").credentials.api_key == "sk_SHOP"
    assert gateway_of(settings, "other").account == "acct_2"


def test_credentials_from_a_mounted_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("sk_from_file\n")
    settings = loaded(api_key_file=str(file))
    assert list(polled_accounts(settings)) == ["shop"]
    assert gateway_of(settings, "shop").credentials.api_key == "sk_from_file"
    file.unlink()
    with pytest.raises(SettingsInvalid, match="API_KEY_FILE: cannot be used: No such file"):
        gateway_of(settings, "shop")
    file.write_text("  \n")
    with pytest.raises(SettingsInvalid, match="is empty"):
        gateway_of(settings, "shop")


def test_the_secrets_directory_fills_in_what_the_environment_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "contraflow_gateways").write_text(json.dumps({"shop": {"api_key": "sk_mounted"}}))
    for name, value in SHOP.items():
        monkeypatch.setenv(f"CONTRAFLOW_GATEWAYS__SHOP__{name.upper()}", value)
    settings = load_settings(_secrets_dir=tmp_path)
    assert gateway_of(settings, "shop").credentials.api_key == "sk_mounted"


def test_without_credentials_an_account_is_known_and_not_polled() -> None:
    assert polled_accounts(loaded()) == {}


def test_streams_and_pauses_are_chosen_and_the_date_is_midnight_in_utc() -> None:
    gateway = gateway_of(
        loaded(api_key="sk_1", streams=["payouts"], every_s={"payouts": 60}, since="2026-01-05"), "shop"
    )
    assert [(stream.name, stream.every_s) for stream in gateway.streams] == [("payouts", 60)]
    assert gateway.since_s == 1_767_571_200
    assert gateway.stream("charge").by_id


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"gateway": "camt053"}, "use one of"),
        ({"environment": "production"}, "'sandbox' or 'live'"),
        ({"api_key": "a", "api_key_file": "/x"}, "both set"),
        ({"api_key": " "}, "is empty"),
        ({"client_id": "hush-id"}, "Stripe needs api_key as well"),
        ({"base_url": "http://api.example.com"}, "in the clear"),
        ({"base_url": "ftp://127.0.0.1"}, "use an address"),
        ({"base_url": "https://me:hush@api.example.com"}, "do not belong"),
        ({"token_url": "http://10.0.0.1/token"}, "in the clear"),
        ({"streams": ["charge"]}, "not a stream of Stripe"),
        ({"every_s": {"payouts": 0}}, "one second or more"),
        ({"account": "a/b"}, "pattern"),
        ({"colour": "hush"}, "no such setting"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name_and_without_its_value(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingsInvalid, match=reason) as raised:
        loaded(**{"api_key": "sk_hush", **fields} if "client_id" not in fields else fields)
    told = "".join(traceback.format_exception(raised.value))
    assert "CONTRAFLOW_GATEWAYS__SHOP" in told
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8080/", "http://localhost:1", "http://[::1]:1", "https://x.example"]
)
def test_addresses_of_stand_ins_and_https(address: str) -> None:
    assert gateway_of(loaded(api_key="sk", base_url=address), "shop").base == address.rstrip("/")


def test_one_account_has_one_name() -> None:
    with pytest.raises(SettingsInvalid, match="a and b are the same account of stripe"):
        load_settings(gateways={"a": SHOP, "b": SHOP})
