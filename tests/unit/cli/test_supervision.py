"""Supervision, with small processes in the place of parts: started again, stopped in order, nothing left."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from contraflow.stop_request import StopRequest
from contraflow.supervision import PartOrder, Supervisor

WAIT_S = 15.0
ROOT = Path(__file__).resolve().parents[3]


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


# Reads its line, and ends when its input does or on SIGTERM.
PATIENT = "import os\nos.read(0, 9999)\nwhile os.read(0, 9999): pass\n"
STUBBORN = (
    "import signal, time, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)\n"
)


def eventually(check: Callable[[], bool], what: str, tick: Callable[[], None] = lambda: None) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not check():
        assert time.monotonic() < deadline_s, f"not within {WAIT_S} s: {what}"
        tick()
        time.sleep(0.02)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervise(said: list[str]) -> Iterator[Callable[..., Supervisor]]:
    started: list[Supervisor] = []

    def start(*orders: PartOrder, restart_wait_s: float = 0.05) -> Supervisor:
        supervisor = Supervisor(orders, said.append, restart_wait_s=restart_wait_s)
        started.append(supervisor)
        supervisor.start()
        return supervisor

    yield start
    for supervisor in started:
        supervisor.stop()


def gone(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def test_a_part_that_is_killed_is_started_again_and_said(supervise: Callable[..., Supervisor], said: list[str]) -> None:
    supervisor = supervise(PartOrder("posting", python(PATIENT)), PartOrder("api", python(PATIENT)))
    before = supervisor.pids
    os.kill(before["posting"], signal.SIGKILL)
    eventually(
        lambda: supervisor.pids.get("posting", before["posting"]) != before["posting"], "a new one", supervisor.tick
    )
    assert supervisor.pids["api"] == before["api"], "only the dead one"
    assert supervisor.restarts_by_part == {"posting": 1, "api": 0}
    assert said[0].startswith("posting was ended by SIGKILL; it is started again in 0.05 s")
    assert said[1] == f"posting started again, process {supervisor.pids['posting']}"


def test_the_wait_doubles_while_a_part_keeps_ending(supervise: Callable[..., Supervisor], said: list[str]) -> None:
    supervisor = supervise(PartOrder("broken", python("raise SystemExit(7)")), restart_wait_s=0.02)
    eventually(lambda: supervisor.restarts >= 4, "four restarts", supervisor.tick)
    waits = [line.rpartition(" in ")[2] for line in said if "ended with exit code 7" in line]
    assert waits[:4] == ["0.02 s", "0.04 s", "0.08 s", "0.16 s"]


def test_a_part_gets_its_line_and_then_an_open_input(tmp_path: Path, supervise: Callable[..., Supervisor]) -> None:
    told = tmp_path / "told"
    code = f"import os\nopen({str(told)!r} + '.new', 'wb').write(os.read(0, 9999))\n"
    code += f"os.rename({str(told)!r} + '.new', {str(told)!r})\nwhile os.read(0, 9999): pass\n"
    supervisor = supervise(PartOrder("api", python(code), handed=b'{"secret": "hush"}'))
    eventually(told.exists, "the line arrived")
    assert told.read_bytes() == b'{"secret": "hush"}\n'
    supervisor.tick()
    assert supervisor.restarts == 0


def test_parts_are_stopped_stage_by_stage(tmp_path: Path, supervise: Callable[..., Supervisor]) -> None:
    log = tmp_path / "log"

    def order(name: str, stage: int) -> PartOrder:
        code = (
            "import os, signal, sys, time\n"
            "def end(*_):\n"
            f"    os.write(os.open({str(log)!r}, os.O_WRONLY|os.O_APPEND|os.O_CREAT), b'{name}\\n'); sys.exit(0)\n"
            "signal.signal(signal.SIGTERM, end)\n"
            f"open({str(tmp_path / name)!r}, 'w').close()\n"
            "while True: time.sleep(1)\n"
        )
        return PartOrder(name, python(code), stop_stage=stage)

    supervisor = supervise(order("posting", 1), order("api", 0), order("last", 2))
    eventually(lambda: all((tmp_path / name).exists() for name in ("posting", "api", "last")), "all run")
    pids = supervisor.pids
    supervisor.stop()
    assert log.read_text().split() == ["api", "posting", "last"]
    assert supervisor.pids == {}
    assert all(gone(pid) for pid in pids.values())
    supervisor.stop()


def test_a_part_that_ignores_sigterm_is_killed_and_said(
    supervise: Callable[..., Supervisor], said: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    supervisor = supervise(PartOrder("projecting", python(STUBBORN), stop_wait_s=0.3))
    seen = ""

    def is_up() -> bool:
        nonlocal seen
        seen += capfd.readouterr().out
        return "up" in seen

    eventually(is_up, "it ignores SIGTERM")
    pid = supervisor.pids["projecting"]
    started_s = time.monotonic()
    supervisor.stop()
    assert 0.2 < time.monotonic() - started_s < 5
    assert gone(pid)
    assert said == ["projecting did not end within 0.3 s after SIGTERM; it was killed"]


def test_what_a_dead_part_started_is_cleared_away(tmp_path: Path, supervise: Callable[..., Supervisor]) -> None:
    child = tmp_path / "child"
    code = (
        "import os, subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(child)!r} + '.new', 'w').write(str(p.pid)); os.rename({str(child)!r} + '.new', {str(child)!r})\n"
        "while os.read(0, 9999): pass\n"
    )
    supervisor = supervise(PartOrder("api", python(code)), restart_wait_s=30)
    eventually(child.exists, "the part has a child")
    pid = int(child.read_text())
    assert not gone(pid)
    os.kill(supervisor.pids["api"], signal.SIGKILL)
    eventually(lambda: gone(pid), "the child is gone", supervisor.tick)


def test_parts_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from contraflow.supervision import PartOrder, Supervisor\n"
        f"argv = [sys.executable, '-S', '-c', {PATIENT!r}]\n"
        "supervisor = Supervisor([PartOrder('a', argv), PartOrder('b', argv)], print)\n"
        "supervisor.start()\n"
        "print(*supervisor.pids.values(), flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        pids = [int(word) for word in supervisor.stdout.readline().split()]
        assert len(pids) == 2
        assert not any(gone(pid) for pid in pids)
        supervisor.kill()
    eventually(lambda: all(gone(pid) for pid in pids), "the parts noticed")


def test_a_signal_interrupts_a_start_and_is_only_noted_after_it() -> None:
    with StopRequest.listening() as stop:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        assert stop()
        signal.raise_signal(signal.SIGINT)  # stopping is under way
        assert stop.signal_name == "SIGTERM"
    with StopRequest.listening() as stop:
        stop.hold()
        assert not stop()
        signal.raise_signal(signal.SIGINT)
        assert stop.signal_name == "SIGINT"
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
