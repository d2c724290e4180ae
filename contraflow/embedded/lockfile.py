"""The jars of the embedded Kafka, by coordinate, size and SHA-256.

Locked, so that everybody runs the same broker, a first start asks for no POM at all, and a download that was cut or
changed on its way is noticed. `python -m contraflow.embedded.lockfile` resolves the two coordinates below anew and
rewrites the lock.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

# 4.4.0 cannot be resolved: its kafka-tools-api was not in the central repository (seen 2026-11-20).
KAFKA_VERSION = "4.3.1"
# The binding has to match the slf4j-api that this Kafka asks for (1.7.36).
ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
LOCK_PATH = Path(__file__).with_name("jars.lock")


@dataclass(frozen=True, slots=True)
class LockedJar:
    """One jar: Maven coordinate `group:artifact:version`, size in bytes, SHA-256 as lower-case hex."""

    coordinate: str
    size_bytes: int
    sha256: str

    @property
    def file_name(self) -> str:
        """The jar's name in a Maven repository and in our cache."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def is_file(self, path: Path) -> bool:
        """Whether `path` holds exactly this jar."""
        try:
            if path.stat().st_size != self.size_bytes:
                return False
            with path.open("rb") as jar:
                return hashlib.file_digest(jar, "sha256").hexdigest() == self.sha256
        except OSError:
            return False


def read_lock(path: Path = LOCK_PATH) -> list[LockedJar]:
    """The locked jars, in class path order."""
    jars = []
    for line in path.read_text(encoding="ascii").splitlines():
        if line and not line.startswith("#"):
            sha256, size_bytes, coordinate = line.split()
            jars.append(LockedJar(coordinate, int(size_bytes), sha256))
    return jars


def resolve_lock() -> list[LockedJar]:
    """Resolve the roots and all they need (compile and runtime), download the jars and measure them."""
    from jgo.maven import MavenContext

    from contraflow.embedded.repositories import jar_repositories

    with tempfile.TemporaryDirectory(prefix="contraflow-lock-") as scratch:
        context = MavenContext(repo_cache=Path(scratch), remote_repos=jar_repositories(None), timeout=30)
        roots = [context.create_dependency(root) for root in ROOTS]
        direct, transitive = context.resolver.resolve(roots)
        needed = [*direct, *(dep for dep in transitive if dep.scope in ("compile", "runtime") and not dep.optional)]
        jars = []
        for dependency in needed:
            body = dependency.artifact.resolve().read_bytes()
            coordinate = f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}"
            jars.append(LockedJar(coordinate, len(body), hashlib.sha256(body).hexdigest()))
        return jars


def write_lock(jars: list[LockedJar], path: Path = LOCK_PATH) -> None:
    """Write the lock: one line a jar, `sha256 size coordinate`."""
    lines = ["# Written by: python -m contraflow.embedded.lockfile"]
    lines += [f"{jar.sha256} {jar.size_bytes:>9} {jar.coordinate}" for jar in jars]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    locked = resolve_lock()
    write_lock(locked)
    print(f"{len(locked)} jars, {sum(jar.size_bytes for jar in locked):,} bytes -> {LOCK_PATH}", file=sys.stderr)
