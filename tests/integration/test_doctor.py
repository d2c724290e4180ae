"""The doctor: all well on a sound installation, and each ill named with its cure."""

from __future__ import annotations

import socket

import psycopg
import pytest
from psycopg import sql

from contraflow.doctor import Check, run_checks
from contraflow.embedded import PairAddresses
from contraflow.settings import Settings, load_settings


@pytest.fixture
def sound(pair: PairAddresses, postgres_dsn: str, tmp_path, free_port) -> Settings:
    return load_settings(
        kafka=pair.bootstrap_servers, postgres=postgres_dsn, data_dir=tmp_path / "data", api_port=free_port()
    )


def findings(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in run_checks(settings)}


def test_all_well(sound):
    found = findings(sound)
    assert [check for check in found.values() if not check.ok] == []
    assert set(found) == {
        *("python", "packages", "environment", "data directory", "disk space", "api port", "servers"),
        *("kafka", "postgres", "durability", "clock"),
    }
    assert "fsync=on" in found["durability"].detail


def test_each_ill_is_named_with_its_cure(sound, postgres_dsn, tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("CONTRAFLOW_PARTITONS", "8")
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        database = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(database))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        found = findings(
            sound.model_copy(
                update={
                    "data_dir": tmp_path / "a file" / "below",
                    "api_port": taken.getsockname()[1],
                    "replication_factor": 9,
                }
            )
        )
    ill = {name for name, check in found.items() if not check.ok}
    assert ill == {"environment", "data directory", "api port", "kafka", "durability"}
    assert all(found[name].advice for name in ill)
    assert "CONTRAFLOW_PARTITONS" in found["environment"].detail


def test_servers_that_do_not_answer(sound, free_port, monkeypatch):
    monkeypatch.setattr("contraflow.doctor.WAIT_S", 1.0)
    unreachable = load_settings(
        kafka=f"127.0.0.1:{free_port()}",
        postgres=f"postgresql://ledger:s3cr3t@127.0.0.1:{free_port()}/ledger",
        data_dir=sound.data_dir,
    )
    found = findings(unreachable)
    assert not found["kafka"].ok
    assert not found["postgres"].ok
    assert "s3cr3t" not in str(found)
    assert "CONTRAFLOW_POSTGRES" in found["postgres"].advice
