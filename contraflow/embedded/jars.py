"""The class path of the embedded Kafka: every locked jar, verified, downloaded where it is missing.

jgo fetches by Maven coordinate in pure Python: no Maven, no Java. A jar reaches its final name only after its
SHA-256 was checked, so a download that broke off leaves nothing behind, and a file damaged later is fetched again.
All jars are hashed on every start (45 MB, about 0.1 s): cheaper than a broker that fails in a strange place.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contraflow.embedded.errors import EmbeddedNotInstalled, JarsUnavailable
from contraflow.embedded.lockfile import KAFKA_VERSION, LockedJar, read_lock

if TYPE_CHECKING:
    from concurrent.futures import Future

ATTEMPTS_MAX = 3
CONNECTIONS_MAX = 6


def class_path(jars_dir: Path, progress: Callable[[str], None], maven_repository: str | None = None) -> list[Path]:
    """All jars of Kafka in `jars_dir`, downloading what is missing or damaged.

    Raises JarsUnavailable when a jar cannot be had, EmbeddedNotInstalled without jgo.
    """
    jars = read_lock()
    missing = [jar for jar in jars if not jar.is_file(jars_dir / jar.file_name)]
    if missing:
        _download(missing, jars_dir, progress, maven_repository)
    return [jars_dir / jar.file_name for jar in jars]


def default_jars_dir(data_dir: Path) -> Path:
    """The user's cache directory where it can be written, else a folder of the data directory."""
    import platformdirs

    cache = Path(platformdirs.user_cache_dir("contraflow", appauthor=False)) / "jars"
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return data_dir / "jars"
    return cache if os.access(cache, os.W_OK | os.X_OK) else data_dir / "jars"


def _download(
    missing: list[LockedJar], jars_dir: Path, progress: Callable[[str], None], maven_repository: str | None
) -> None:
    try:
        from jgo.maven import MavenContext

        from contraflow.embedded.repositories import jar_repositories
    except ImportError as error:
        raise EmbeddedNotInstalled(
            f"{error.name} is not installed: pip install 'contraflow[embedded]', or set CONTRAFLOW_KAFKA"
        ) from error
    total_mb = sum(jar.size_bytes for jar in missing) / 1e6
    progress(f"Downloading Kafka {KAFKA_VERSION}: {len(missing)} jars, {total_mb:.0f} MB, to {jars_dir}")
    try:
        jars_dir.mkdir(parents=True, exist_ok=True)
        incoming = Path(tempfile.mkdtemp(prefix=".incoming-", dir=jars_dir))
    except OSError as error:
        raise JarsUnavailable(f"the jar cache {jars_dir} cannot be written: {error}") from error
    meter = _Meter(total_mb, progress)
    try:
        context = MavenContext(repo_cache=incoming, remote_repos=jar_repositories(maven_repository), timeout=30)
        with ThreadPoolExecutor(CONNECTIONS_MAX) as pool:
            waiting: list[Future[None]] = [pool.submit(_fetch, jar, context, jars_dir, meter) for jar in missing]
            try:
                for future in waiting:
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _fetch(jar: LockedJar, context: Any, jars_dir: Path, meter: _Meter) -> None:
    """Download one jar, verify it, move it to its place. `context` is jgo's MavenContext, which ships no types."""
    group, artifact, version = jar.coordinate.split(":")
    wanted = context.project(group, artifact).at_version(version).artifact()
    reason = ""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        wanted.cached_path.unlink(missing_ok=True)
        try:
            arrived = wanted.resolve()
        except (OSError, RuntimeError) as error:  # requests' exceptions are OSErrors, jgo raises RuntimeError
            reason = str(error)
        else:
            if jar.is_file(arrived):
                arrived.replace(jars_dir / jar.file_name)
                meter.add(jar.size_bytes)
                return
            reason = (
                f"{arrived.stat().st_size} bytes arrived that are not the locked {jar.size_bytes} (SHA-256 differs)"
            )
        if attempt < ATTEMPTS_MAX:
            time.sleep(attempt)
    raise JarsUnavailable(
        f"{jar.coordinate} could not be fetched in {ATTEMPTS_MAX} attempts: {reason}. "
        "Check the network, or name a repository that you can reach in CONTRAFLOW_MAVEN_REPOSITORY."
    )


class _Meter:
    """Says how far the download is, at most once a second."""

    def __init__(self, total_mb: float, progress: Callable[[str], None]) -> None:
        self._total_mb = total_mb
        self._progress = progress
        self._done_mb = 0.0
        self._said_at_s = time.monotonic()
        self._lock = threading.Lock()

    def add(self, size_bytes: int) -> None:
        with self._lock:
            self._done_mb += size_bytes / 1e6
            now_s = time.monotonic()
            if now_s - self._said_at_s >= 1 or self._done_mb >= self._total_mb - 1e-9:
                self._said_at_s = now_s
                self._progress(f"Downloading Kafka: {self._done_mb:.0f} of {self._total_mb:.0f} MB")
