"""The DDL of the projections, read from `projections/sql/<name>.sql`."""

from functools import cache
from importlib.resources import files
from typing import LiteralString


@cache
def tables_of(name: str) -> LiteralString:
    """The DDL of one projection; the file is shipped with the package, so it is as trusted as a literal."""
    return files("projections").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
