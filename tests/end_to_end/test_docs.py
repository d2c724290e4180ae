"""The documentation's commands run as they stand, against the pipelines that the pages speak of.

The README and the tutorial need a demo that was kept up; the how-to pages need `contraflow up` with an endpoint `shop`.
Only the port differs from the pages. Where a page says `sleep 3`, the test waits until everything told is remembered.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from contraflow.embedded import PairAddresses
from contraflow.embedded.port import free_ports
from contraflow.servers import running_servers
from contraflow.settings import Settings, load_settings
from contraflow.settling import wait_settled
from tests.infra import fresh_database
from tests.pages import ROOT, Block, blocks

PORT_OF_THE_PAGES = "127.0.0.1:8440"
ENDPOINT = {"account": "acct_1032D82eZvKYlo2C", "secrets": ["whsec_the_signing_secret_of_this_endpoint"]}
START_WAIT_S = 150.0
BLOCK_WAIT_S = 120.0


@dataclass(frozen=True)
class Site:
    """A pipeline in a process of its own, and what a terminal beside it has in its environment."""

    folder: Path
    port: int
    environment: Mapping[str, str]
    settings: Settings

    def run(self, block: Block) -> str:
        """Everything that the block prints; fails when one of its commands does."""
        text = block.text.replace(PORT_OF_THE_PAGES, f"127.0.0.1:{self.port}")
        if block.language == "python":
            return self._run(block, [sys.executable, "-c", text])
        said = ""
        for part in re.split(r"^sleep 3$", text, flags=re.MULTILINE):
            if said:
                wait_settled(self.settings, wait_s=60)
            said += self._run(block, ["bash", "-euo", "pipefail", "-c", part]) + "\n"
        return said

    def _run(self, block: Block, command: list[str]) -> str:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=BLOCK_WAIT_S,
            cwd=self.folder,
            env=dict(self.environment),
            check=False,
        )
        assert done.returncode == 0, f"{block.where}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`contraflow demo --keep` with data of its own, once it has said that it stays up."""
    folder = tmp_path_factory.mktemp("demo")
    (port,) = free_ports(1)
    settings = {"CONTRAFLOW_DATA_DIR": str(folder / "data"), "CONTRAFLOW_API_PORT": str(port)}
    with _started(["demo", "--keep"], folder, settings, "Staying up"):
        beside = {**settings, "CONTRAFLOW_DATA_DIR": str(folder / "data" / "demo"), "CONTRAFLOW_BOOK": "demo-1"}
        yield _site(folder, port, beside)


@pytest.fixture(scope="module")
def up(pair: PairAddresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`contraflow up` on the session's servers, with the endpoint of the how-to pages."""
    folder = tmp_path_factory.mktemp("up")
    (port,) = free_ports(1)
    with fresh_database(pair.postgres_dsn, "docs_up") as dsn:
        settings = {
            "CONTRAFLOW_DATA_DIR": str(folder / "data"),
            "CONTRAFLOW_API_PORT": str(port),
            "CONTRAFLOW_KAFKA": pair.bootstrap_servers,
            "CONTRAFLOW_POSTGRES": dsn,
            "CONTRAFLOW_TOPIC_PREFIX": "docs.",
            "CONTRAFLOW_ENDPOINTS": json.dumps({"shop": ENDPOINT}),
        }
        with _started(["up"], folder, settings, "Running:"):
            yield _site(folder, port, settings)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("page", sorted({block.page for block in blocks(needs="demo")}))
def test_pages_about_the_demo(page: str, demo: Site) -> None:
    said = [demo.run(block) for block in blocks(needs="demo") if block.page == page]
    assert all(text.strip() for text in said)


def test_the_tutorial_tells_the_truth(demo: Site) -> None:
    """Its figures are those that a reader sees."""
    api = f"http://127.0.0.1:{demo.port}/books/demo-1"
    broken = httpx.get(f"{api}/reconciliation?state=broken", trust_env=False).json()["items"]
    assert (len(broken), sum(item["item"].startswith("po_") for item in broken)) == (6, 3)
    (short,) = [item for item in broken if item["reasons"] == ["amount_differs"] and item["item"].startswith("po_")]
    assert short["amount"] == {"amount": "500122", "currency": "USD", "exponent": 2}
    assert short["evidence"]["bank_difference"] == {"USD": "-7"}
    assert [line["amount"] for line in short["evidence"]["bank_lines"]] == ["500115"]
    assert [line["matched_by"] for line in short["evidence"]["bank_lines"]] == ["name"]
    balances = httpx.get(f"{api}/balances/1010", trust_env=False).json()["balances"]
    left = {row["balance"]["currency"]: row["balance"]["amount"] for row in balances}
    assert left == {"EUR": "0", "JPY": "0", "KWD": "0", "USD": "7"}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("page", sorted({block.page for block in blocks(needs="up")}))
def test_pages_about_a_running_pipeline(page: str, up: Site) -> None:
    said = [up.run(block) for block in blocks(needs="up") if block.page == page]
    assert all(text.strip() for text in said)


def _site(folder: Path, port: int, settings: dict[str, str]) -> Site:
    environment = _environment(settings)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CONTRAFLOW_")]:
            patch.delenv(name)
        for name, value in settings.items():
            patch.setenv(name, value)
        found = running_servers(load_settings())
    assert found is not None, "no servers run in the data directory"
    return Site(folder, port, environment, found)


@contextlib.contextmanager
def _started(arguments: list[str], folder: Path, settings: dict[str, str], ready: str) -> Iterator[None]:
    log = folder / "contraflow.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "contraflow", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=_environment(settings),
        )
        try:
            deadline_s = time.monotonic() + START_WAIT_S
            while ready not in log.read_text(errors="replace"):
                assert process.poll() is None, f"contraflow ended with {process.returncode}\n{log.read_text()}"
                assert time.monotonic() < deadline_s, f"not ready in time\n{log.read_text()[-4000:]}"
                time.sleep(0.2)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def _environment(settings: dict[str, str]) -> dict[str, str]:
    """The environment of a terminal with the virtual environment on its path, and no other settings of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONTRAFLOW_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "PATH": path, "PYTHONPATH": str(ROOT), "no_proxy": "127.0.0.1", **settings}
