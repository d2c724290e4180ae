"""The rooms keep their doors: every import of ours is one that the table in `docs/architecture.md` allows.

Read from the syntax tree, so that a lazy import inside a function, a relative one, one for type checkers only and one
by name (`importlib.import_module("ledger.store")`) count like any other. Each rule is also shown a violation planted
for it: a guard that cannot bark guards nothing.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# room -> what of ours it may import besides itself; `ledger.money` opens that module alone, `ledger` the whole room
DOORS: dict[str, tuple[str, ...]] = {
    "connectors": ("ledger.money", "ledger.facts"),
    "streams": ("connectors", "ledger", "projections"),
    "ledger": (),
    "projections": ("ledger",),
    "api": ("projections", "ledger", "streams.intake"),
    "contraflow": ("connectors", "streams", "ledger", "projections", "api"),
}

KAFKA = ("confluent_kafka", "faust", "mode", "aiokafka")
DATABASE = ("psycopg", "psycopg_pool", "eventsourcing")
HTTP = ("httpx", "fastapi", "starlette", "granian", "aiohttp")

# room -> libraries whose work is another room's: only `streams` moves, only `ledger` and `projections` keep
FOREIGN: dict[str, tuple[str, ...]] = {
    "connectors": KAFKA + DATABASE,
    "ledger": KAFKA + HTTP,
    "projections": KAFKA + HTTP,
    "api": KAFKA,
}

OURS = frozenset(DOORS) | {"tests"}


@dataclass(frozen=True)
class Import:
    """One imported dotted name and the line that asks for it."""

    target: str
    line: int


def within(target: str, door: str) -> bool:
    return target == door or target.startswith(door + ".")


def imports(source: str, package: str) -> Iterator[Import]:
    """Every name that the source imports; `package` is the dotted package that relative imports start from."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                for name in names:
                    yield Import(name.name, node.lineno)
            case ast.ImportFrom(module=module, names=names, level=level):
                parents = package.split(".")
                start = parents[: max(0, len(parents) - level + 1)] if level else []
                origin = ".".join([*start, *([module] if module else [])])
                for name in names:
                    yield Import(f"{origin}.{name.name}" if origin else name.name, node.lineno)
            case ast.Call(func=func, args=[ast.Constant(value=str(target)), *_]) if called(func) in {
                "import_module",
                "__import__",
            }:
                yield Import(target.lstrip("."), node.lineno)


def called(func: ast.expr) -> str:
    match func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def violations(source: str, package: str, where: str = "planted") -> list[str]:
    """The imports of `source`, a module in `package`, that its room's row does not name; one sentence each."""
    room = package.split(".", maxsplit=1)[0]
    doors = (room, *DOORS[room])
    found = []
    for item in imports(source, package):
        first = item.target.split(".")[0]
        if first in OURS and not any(within(item.target, door) for door in doors):
            found.append(f"{where}:{item.line}: {room} imports {item.target}; it may import {', '.join(doors)}")
        if first in FOREIGN.get(room, ()):
            found.append(f"{where}:{item.line}: {room} imports {first}, which is the work of another room")
    return found


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", DOORS)
def test_a_room_imports_only_what_its_row_names(room: str) -> None:
    paths = modules(room)
    assert paths, f"no modules in {room}/: was the room moved?"
    found: list[str] = []
    for path in paths:
        package = ".".join(path.parent.relative_to(ROOT).parts)
        found += violations(path.read_text(encoding="utf-8"), package, str(path.relative_to(ROOT)))
    assert not found, "\n".join(found)


def test_no_room_outside_the_table() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "docs"}
    assert rooms == set(DOORS), "a package at the root is a room: give it a row in DOORS and in docs/architecture.md"


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("ledger", "import streams"),
        ("ledger", "import connectors.stripe as s"),
        ("ledger", "from projections import balances"),
        ("ledger", "def f():\n    from api import app\n"),
        ("ledger", "class C:\n    def f(self):\n        import contraflow.settings\n"),
        ("ledger", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from streams.topics import Topic\n"),
        ("ledger", "try:\n    import api\nexcept ImportError:\n    pass\n"),
        ("ledger.rules", "from ...streams import topics"),
        ("ledger.rules", "from ....streams import topics"),
        ("ledger", "import importlib\nimportlib.import_module('streams.topics')"),
        ("ledger", "__import__('api')"),
        ("ledger", "import confluent_kafka"),
        ("ledger", "import httpx"),
        ("connectors", "import ledger"),
        ("connectors", "from ledger import store"),
        ("connectors", "from ledger import money, book"),
        ("connectors", "from ledger.moneybox import x"),
        ("connectors", "from streams import intake"),
        ("connectors", "import psycopg"),
        ("connectors", "from faust import App"),
        ("streams", "from contraflow.settings import Settings"),
        ("streams", "from api import app"),
        ("projections", "from connectors import stripe"),
        ("projections", "from ledger import money\nfrom streams import topics"),
        ("projections", "import faust"),
        ("api", "from streams import posting"),
        ("api", "from streams.posting import Writer"),
        ("api", "import streams"),
        ("api", "import connectors"),
        ("api.routes", "from contraflow import settings"),
        ("contraflow", "from tests.integration import pair"),
    ],
)
def test_a_planted_violation_is_noticed(package: str, source: str) -> None:
    assert len(violations(source, package)) == 1


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("ledger", "from . import money\nfrom .money import Money\nfrom ledger.facts import Fact\nimport psycopg"),
        ("ledger.rules", "from .. import money\nfrom ..facts import Fact"),
        ("connectors", "from ledger import money\nfrom ledger.money import Money\nimport ledger.facts\nimport httpx"),
        ("streams", "import connectors.stripe, ledger.store\nfrom projections import balances\nimport faust"),
        ("projections", "from ledger.entries import Entry\nimport psycopg"),
        ("api", "from streams import intake\nfrom streams.intake import accept\nimport fastapi, projections"),
        ("contraflow", "import api, connectors, ledger, projections, streams"),
        ("ledger", "import streams_of_others\nimport apiary"),
    ],
)
def test_an_open_door_is_open(package: str, source: str) -> None:
    assert violations(source, package) == []
