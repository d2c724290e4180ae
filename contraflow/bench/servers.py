"""Servers for a bench: those that the settings name, or an embedded pair in a directory that is thrown away."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from contraflow.servers import own_servers
from contraflow.settings import Settings


@contextmanager
def bench_servers(settings: Settings, progress: Callable[[str], None]) -> Iterator[Settings]:
    """Settings that name both servers; embedded data lies in a temporary directory, the user's own is not touched."""
    with tempfile.TemporaryDirectory(prefix="contraflow-bench-") as folder:
        own = settings.model_copy(update={"data_dir": Path(folder)})
        with own_servers(own, progress) as (resolved, _):
            yield resolved
