"""The user that runs PostgreSQL when we are root, which PostgreSQL refuses.

The data directory and the virtual environment may lie below a folder that only root may enter (`/root` is 0700).
Opening such folders to everybody would change the machine for good, so the server is given one Linux capability
instead: to read, or where its own files need it to reach, past file permissions. It holds it while it runs, and
nothing on disk changes.
"""

from __future__ import annotations

import os
import pwd
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from contraflow.embedded.errors import ServiceUserUnusable

# Numbers of <linux/capability.h>.
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """Name, ids and, where it has to look past permissions, one capability number."""

    name: str
    uid: int
    gid: int
    capability: int | None

    @property
    def ids(self) -> tuple[int, int]:
        """User and group id."""
        return self.uid, self.gid


def service_user(data: Path, programs: Path) -> ServiceUser | None:
    """Who runs the PostgreSQL of `data` with the binaries in `programs`: None means ourselves.

    The owner of existing data, else the first of CANDIDATES that this machine knows. Raises ServiceUserUnusable.
    """
    if os.geteuid() != 0:
        return None
    entry = _owner(data) or _first_candidate()
    if _is_open(programs / "postgres") and all(_is_open(folder) for folder in data.absolute().parents):
        return ServiceUser(entry.pw_name, entry.pw_uid, entry.pw_gid, None)
    executable = all((programs / name).stat().st_mode & stat.S_IXOTH for name in ("postgres", "initdb"))
    wanted = CAP_DAC_READ_SEARCH if executable else CAP_DAC_OVERRIDE
    for capability in (wanted, CAP_DAC_OVERRIDE):
        if _may_pass_on(capability):
            return ServiceUser(entry.pw_name, entry.pw_uid, entry.pw_gid, capability)
    raise ServiceUserUnusable(
        f"PostgreSQL refuses to run as root, and the user {entry.pw_name!r} may not enter {data} or {programs}. "
        "Run as an ordinary user, or let CONTRAFLOW_DATA_DIR and the virtual environment lie where everybody may enter."
    )


def _owner(data: Path) -> pwd.struct_passwd | None:
    if not data.exists() or data.stat().st_uid == 0:
        return None
    uid = data.stat().st_uid
    try:
        return pwd.getpwuid(uid)
    except KeyError as error:
        raise ServiceUserUnusable(
            f"{data} belongs to user id {uid}, which this machine does not know. Create that user, or change the owner "
            "of the directory and of everything in it."
        ) from error


def _first_candidate() -> pwd.struct_passwd:
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return entry
    raise ServiceUserUnusable(
        f"PostgreSQL refuses to run as root, and this machine has none of the users {', '.join(CANDIDATES)}. "
        "Run as an ordinary user."
    )


def _is_open(path: Path) -> bool:
    """Whether everybody may enter all folders above `path` and enter or run `path` itself."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents) if each.exists())


def _may_pass_on(capability: int) -> bool:
    """Whether this process holds the capability and its bounding set lets a child keep it."""
    if sys.platform != "linux":
        return False
    held = {}
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("CapPrm", "CapBnd"):
            held[name] = int(value.strip(), 16)
    return all(held.get(name, 0) >> capability & 1 for name in ("CapPrm", "CapBnd"))
