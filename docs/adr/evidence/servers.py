"""The PostgreSQL that the measurements of this folder write to: the one given, or an embedded one thrown away."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from contraflow.embedded.postgres import EmbeddedPostgres


@contextlib.contextmanager
def postgres(dsn: str | None) -> Iterator[str]:
    """Connection string of `dsn`, or of a server in a temporary folder; commits reach the disk (fsync on)."""
    if dsn:
        yield dsn
        return
    with tempfile.TemporaryDirectory(prefix="contraflow-evidence-") as folder:
        Path(folder).chmod(0o711)
        server = EmbeddedPostgres(Path(folder) / "postgres", Path(folder) / "postgres.log")
        try:
            server.launch(lambda line: print(line, file=sys.stderr))
            server.wait_ready()
            yield server.dsn
        finally:
            server.stop()
