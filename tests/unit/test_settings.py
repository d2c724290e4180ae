"""Settings: where they come from, what is refused, and that no secret ever shows."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
from confluent_kafka import Producer

from contraflow import settings as settings_module
from contraflow.settings import SettingsInvalid, load_settings, unknown_variables
from contraflow.settings_page import settings_page
from contraflow.wiring import kafka_config

REPO = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("CONTRAFLOW_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings_module, "SECRETS_DIR", tmp_path / "no-secrets")


def test_nothing_set_means_everything_embedded():
    found = load_settings()
    assert found.is_embedded
    assert (found.kafka, found.postgres, found.book, found.partitions, found.api_port) == (None, None, "main", 4, 8440)
    assert found.data_dir.is_absolute()
    assert found.data_dir.name == "contraflow"
    assert found.kafka_security.protocol == "PLAINTEXT"


def test_environment_outweighs_secrets_file_outweighs_toml(monkeypatch, tmp_path):
    (tmp_path / "contraflow.toml").write_text('book = "toml"\ntopic_prefix = "toml."\napi_port = 1\n')
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "contraflow_book").write_text("secret")
    (secrets / "contraflow_topic_prefix").write_text("secret.")
    (secrets / "another_programs_secret").write_text("x")
    monkeypatch.setattr(settings_module, "SECRETS_DIR", secrets)
    monkeypatch.setenv("CONTRAFLOW_BOOK", "env")
    found = load_settings()
    assert (found.book, found.topic_prefix, found.api_port) == ("env", "secret.", 1)
    assert load_settings(book="argument").book == "argument"


def test_named_toml_file(monkeypatch, tmp_path):
    (tmp_path / "mine.toml").write_text(
        '[endpoints.shop]\naccount = "acct_1"\nsecrets = ["whsec_a", "whsec_b"]\n'
        '[banks."de89 3704 0044 0532 0130 00"]\nbook = "branch"\n'
    )
    monkeypatch.setenv("CONTRAFLOW_CONFIG", str(tmp_path / "mine.toml"))
    found = load_settings()
    assert [secret.get_secret_value() for secret in found.endpoints["shop"].secrets] == ["whsec_a", "whsec_b"]
    assert (found.endpoints["shop"].gateway, found.endpoints["shop"].book) == ("stripe", "main")
    account = found.bank_account("DE89370400440532013000")
    assert account is not None
    assert account.book == "branch"
    assert found.bank_account("DE00") is None


def test_nested_environment(monkeypatch):
    monkeypatch.setenv("CONTRAFLOW_ENDPOINTS__SHOP__ACCOUNT", "acct_1")
    monkeypatch.setenv("CONTRAFLOW_ENDPOINTS__SHOP__SECRETS", '["whsec_a"]')
    monkeypatch.setenv("CONTRAFLOW_BANKS__GB29NWBK60161331926819__BOOK", "branch")
    monkeypatch.setenv("CONTRAFLOW_KAFKA", "")
    found = load_settings()
    assert found.endpoints["shop"].account == "acct_1"
    assert found.bank_account("gb29 nwbk 6016 1331 9268 19") is not None
    assert found.kafka is None


def test_security_reaches_both_clients(monkeypatch):
    for name, value in {
        "PROTOCOL": "SASL_SSL",
        "SASL_MECHANISM": "SCRAM-SHA-512",
        "USERNAME": "ledger",
        "PASSWORD": "hunter2",
    }.items():
        monkeypatch.setenv(f"CONTRAFLOW_KAFKA_SECURITY__{name}", value)
    config = kafka_config(load_settings(kafka="broker:9093"))
    table = config.librdkafka()
    assert {
        name: table[name] for name in ("security.protocol", "sasl.mechanism", "sasl.username", "sasl.password")
    } == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "ledger",
        "sasl.password": "hunter2",
    }
    Producer({**table, "bootstrap.servers": "127.0.0.1:1", "log_level": 0})
    ours = config.aiokafka()
    assert isinstance(ours["ssl_context"], ssl.SSLContext)
    assert ours["ssl_context"].check_hostname
    assert (ours["sasl_mechanism"], ours["sasl_plain_username"]) == ("SCRAM-SHA-512", "ledger")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"book": "a/b"}, "CONTRAFLOW_BOOK: use 1 to 100 letters"),
        ({"book": ""}, "CONTRAFLOW_BOOK"),
        ({"topic_prefix": "a b"}, "CONTRAFLOW_TOPIC_PREFIX: use up to 100 letters"),
        ({"topic_prefix": ".."}, "CONTRAFLOW_TOPIC_PREFIX"),
        ({"partitions": 0}, "CONTRAFLOW_PARTITIONS: Input should be greater than or equal to 1 (given: 0)"),
        ({"kafka": "localhost"}, "CONTRAFLOW_KAFKA: 'localhost' is not host:port"),
        ({"kafka": "a:9092,b:99999"}, "'b:99999' is not host:port"),
        ({"postgres": "not a dsn"}, "CONTRAFLOW_POSTGRES: not a connection string"),
        ({"api_port": "http"}, "CONTRAFLOW_API_PORT: Input should be a valid integer"),
        ({"log_format": "xml"}, "CONTRAFLOW_LOG_FORMAT: Input should be 'console' or 'json' (given: 'xml')"),
        ({"webhook_body_bytes_max": 2**21}, "CONTRAFLOW_WEBHOOK_BODY_BYTES_MAX"),
        ({"endpoints": {"a/b": {"account": "x", "secrets": ["s"]}}}, "endpoint name 'a/b'"),
        ({"endpoints": {"shop": {"account": "x", "secrets": []}}}, "CONTRAFLOW_ENDPOINTS__SHOP__SECRETS"),
        ({"endpoints": {"shop": {"account": "x", "secrets": [" "]}}}, "an empty secret would accept forged events"),
        ({"endpoints": {"shop": {"account": "x", "secrets": ["s"], "gateway": "acme"}}}, "SHOP__GATEWAY"),
        ({"banks": {"DE 1": {"book": "branch"}, "de1": {"book": "branch"}}}, "two entries name the same bank"),
        ({"kafka_security": {"protocol": "SASL_SSL", "username": "u"}}, "needs sasl_mechanism, password as well"),
        ({"kafka_security": {"username": "u", "password": "p"}}, "would be ignored with protocol PLAINTEXT"),
        ({"kafka_security": {"protocol": "SSL", "ca_file": "/no/such"}}, "ca_file /no/such is not a file"),
    ],
)
def test_refused_with_name_and_reason(values, said):
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(**values)
    assert said in str(refused.value)


def test_files_that_cannot_be_read(monkeypatch, tmp_path):
    (tmp_path / "contraflow.toml").write_text("book = \n")
    with pytest.raises(SettingsInvalid, match=r"contraflow\.toml cannot be read"):
        load_settings()
    (tmp_path / "contraflow.toml").write_text('bok = "main"\n')
    with pytest.raises(SettingsInvalid, match="CONTRAFLOW_BOK: no such setting"):
        load_settings()
    monkeypatch.setenv("CONTRAFLOW_CONFIG", str(tmp_path / "absent.toml"))
    with pytest.raises(SettingsInvalid, match="which is not a file"):
        load_settings()
    monkeypatch.delenv("CONTRAFLOW_CONFIG")
    (tmp_path / "contraflow.toml").unlink()
    monkeypatch.setenv("CONTRAFLOW_ENDPOINTS", "not json")
    with pytest.raises(SettingsInvalid, match="endpoints"):
        load_settings()


def test_secrets_never_show(tmp_path):
    hidden = "s3cr3t"
    found = load_settings(
        postgres=f"postgresql://u:{hidden}@db:5432/ledger",
        endpoints={"shop": {"account": "acct_1", "secrets": [hidden]}},
        kafka_security={
            "protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "username": "u",
            "password": hidden,
        },
    )
    for shown in (repr(found), str(found), found.model_dump_json(), repr(found.kafka_security)):
        assert hidden not in shown
    for wrong in (
        {"postgres": f"postgresql://u:{hidden}%zz@db/ledger"},
        {"postgres": f"password='{hidden} host"},
        {"endpoints": {"shop": {"secrets": hidden}}},
        {"endpoints": {"shop": hidden}},
        {"kafka_security": {"protocol": "SSL", "password": hidden, "username": hidden}},
        {"kafka_security": hidden},
        {"postgress": f"postgresql://u:{hidden}@db/ledger"},
    ):
        with pytest.raises(SettingsInvalid) as refused:
            load_settings(**wrong)
        assert hidden not in str(refused.value)
        assert refused.value.__cause__ is None
        assert refused.value.__suppress_context__


def test_misspelt_variables_are_found(monkeypatch):
    monkeypatch.setenv("CONTRAFLOW_PARTITONS", "8")
    monkeypatch.setenv("CONTRAFLOW_TEST_INFRA", "embedded")
    monkeypatch.setenv("CONTRAFLOW_KAFKA_SECURITY__PROTOCOL", "PLAINTEXT")
    assert unknown_variables() == ["CONTRAFLOW_PARTITONS"]
    assert load_settings().partitions == 4


def test_reference_page_is_the_model():
    page = REPO / "docs" / "reference" / "settings.md"
    assert page.read_text() == settings_page(), "python -m contraflow.settings_page > docs/reference/settings.md"
