"""Where the embedded Kafka's jars come from. No address is written here.

In this order: the setting `maven_repository`; jgo's own configuration file (`[repositories]`) over jgo's default,
the central repository; and what Maven's `settings.xml` names as the mirror of the central repository takes its
place, as Maven itself would do it.
"""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from pathlib import Path


def jar_repositories(maven_repository: str | None) -> dict[str, str]:
    """Name -> base URL of the repositories to ask, first one first."""
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL

    if maven_repository is not None:
        return {"configured": maven_repository.rstrip("/")}
    repositories: dict[str, str] = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    mirror = central_mirror(Path(os.environ.get("MAVEN_SETTINGS", Path.home() / ".m2" / "settings.xml")))
    if mirror is not None:
        repositories["central"] = mirror
    return repositories


def central_mirror(settings_xml: Path) -> str | None:
    """The URL of the first mirror of `central` in a Maven `settings.xml`; None when there is none or no such file."""
    if not settings_xml.is_file():
        return None
    # The user's own file, which Maven would read as well; expat refuses entity expansion beyond its limits.
    root = ET.parse(settings_xml).getroot()  # noqa: S314
    for mirror in root.iterfind("{*}mirrors/{*}mirror"):
        mirrored = {name.strip() for name in mirror.findtext("{*}mirrorOf", "").split(",")}
        if "!central" not in mirrored and mirrored & {"*", "central", "external:*"}:
            return mirror.findtext("{*}url", "").strip().rstrip("/") or None
    return None
