"""The documentation is held against the code: links, file names, names of tests, tables, examples in Python.

Blocks that need a store or a running pipeline are run in `tests/integration/test_docs.py` and
`tests/end_to_end/test_docs.py`. Each check is also shown a page with a fault planted in it.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
import typer.main

from contraflow.cli.app import app
from ledger.accounts import load_chart
from ledger.events import EVENT_TYPES
from ledger.rules import load_rules
from tests.pages import ROOT, Block, blocks, blocks_of, pages, prose
from tests.unit.test_rooms import DOORS

LANGUAGES = {"python", "sh", "sql", "json", "toml", "console", "text", ""}
NEEDS = {"python": {"", "up"}, "sh": {"demo", "up"}, "sql": {"store"}}
ROOMS = (*DOORS, "tests", "docs")
ADR_HEADINGS = ["Context", "Decision", "Evidence", "Consequence"]

LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(rf"(?<![\w/.])((?:{'|'.join(ROOMS)})/[\w./-]*\w)(::\w+)?")
PYTEST = re.compile(r"pytest((?:\s+[\w/.]+)+)(?:\s+-k \"?([\w ]+)\"?)?")
COMMAND = re.compile(r"(?:^|[$(`] ?|\.venv/bin/|\| )contraflow((?: [a-z][a-z-]*)+)", re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The names under which the headings of a page can be reached."""
    titles = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def dead_links(page: str, text: str) -> Iterator[str]:
    for target in LINK.findall(prose(text)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        if not file.exists():
            yield f"{page}: {target} leads nowhere"
        elif anchor and anchor not in anchors(file.read_text(encoding="utf-8")):
            yield f"{page}: {target}: there is no such heading"


def dead_names(page: str, text: str) -> Iterator[str]:
    """Files and tests that a page names and that do not exist; links are looked at elsewhere."""
    for path, test in PATH.findall(LINK.sub("", text)):
        file = ROOT / path
        if not file.exists() and not list(ROOT.glob(f"{path}.*")):
            yield f"{page}: there is no {path}"
        elif test and f"def {test[2:]}(" not in file.read_text(encoding="utf-8"):
            yield f"{page}: {path} has no {test[2:]}"


def dead_selections(page: str, text: str) -> Iterator[str]:
    """pytest commands whose files or words select nothing."""
    for named, words in PYTEST.findall(text):
        paths = [ROOT / name for name in named.split() if name.startswith("tests")]
        files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("test_*.py"))]
        tests = " ".join(re.findall(r"def (test_\w+)", "\n".join(file.read_text(encoding="utf-8") for file in files)))
        if not tests:
            yield f"{page}: pytest{named} runs nothing"
        for word in set(words.split()) - {"or", "and", "not"}:
            if word not in tests + " ".join(file.stem for file in files):
                yield f"{page}: pytest{named} -k {word} selects nothing"


def dead_commands(page: str, text: str) -> Iterator[str]:
    root: Any = typer.main.get_command(app)
    for found in COMMAND.findall(text):
        group = root
        for word in found.split():
            if not hasattr(group, "commands"):
                break
            if word not in group.commands:
                yield f"{page}: there is no command {'contraflow' + found!r}"
                break
            group = group.commands[word]


def section(page: str, title: str) -> str:
    """What stands under a heading of the second level."""
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", pages()[page], re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no heading {title!r}"
    return found[1]


CHECKS = [dead_links, dead_names, dead_selections, dead_commands]
PLANTED = [
    (dead_links, "[x](nowhere.md)"),
    (dead_links, "[x](README.md#no-such-heading)"),
    (dead_names, "see `ledger/no_such_file.py`"),
    (dead_names, "`tests/unit/test_docs.py::test_that_is_not_there`"),
    (dead_selections, "`pytest tests/unit/ledger -k nothing_is_called_that`"),
    (dead_commands, "run `contraflow fly`"),
    (dead_commands, "$ contraflow dead bury"),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_nothing_that_a_page_names_is_missing(check: Any) -> None:
    assert [complaint for page, text in pages().items() for complaint in check(page, text)] == []


@pytest.mark.parametrize(("check", "text"), PLANTED)
def test_a_planted_fault_is_noticed(check: Any, text: str) -> None:
    assert len(list(check("README.md", text))) == 1


def test_every_page_can_be_reached_from_the_map() -> None:
    seen: set[str] = set()
    waiting = ["docs/README.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen and page in pages():
            seen.add(page)
            folder = (ROOT / page).parent
            for target in LINK.findall(prose(pages()[page])):
                file = (folder / target.partition("#")[0]).resolve()
                if not target.startswith("http") and file.is_relative_to(ROOT):
                    waiting.append(str(file.relative_to(ROOT)))
    assert set(pages()) - seen == set()


def test_every_block_says_what_it_is() -> None:
    for block in blocks():
        assert block.language in LANGUAGES, block.where
        assert block.needs in NEEDS.get(block.language, {""}), f"{block.where}: {block.language} needs {block.needs!r}"
        if block.language == "json":
            json.loads(block.text)
        if block.language == "toml":
            tomllib.loads(block.text)


def test_blocks_are_found_with_what_they_need() -> None:
    text = "a\n\n<!-- needs: up -->\n```sh\none\n```\n\n1. list\n\n   ```text\n   two\n   ```\n"
    assert list(blocks_of("p", text)) == [Block("p", 4, "sh", "one\n", "up"), Block("p", 10, "text", "two\n", "")]


@pytest.mark.parametrize("page", sorted({block.page for block in blocks("python", needs="")}))
def test_python_runs_as_it_stands(page: str) -> None:
    """The blocks of one page share their names, like a reader who types them one after the other."""
    names: dict[str, Any] = {"__name__": page}
    for block in blocks("python", needs=""):
        if block.page == page:
            exec(compile("\n" * block.line + block.text, str(ROOT / page), "exec"), names)


def test_every_decision_is_listed_and_whole() -> None:
    decisions = sorted(page for page in pages() if re.match(r"docs/adr/\d", page))
    assert [int(page.split("/")[2][:4]) for page in decisions] == list(range(1, len(decisions) + 1))
    listed = re.findall(r"^\| (\d{4}) \| \[(.+)\]\((.+)\) \|$", pages()["docs/adr/README.md"], re.MULTILINE)
    assert [f"docs/adr/{file}" for _, _, file in listed] == decisions
    for (number, title, _), page in zip(listed, decisions, strict=True):
        assert pages()[page].startswith(f"# {int(number)}. {title}\n")
        assert re.findall(r"^## (.+)$", pages()[page], re.MULTILINE) == ADR_HEADINGS


def test_the_rooms_of_the_architecture_page_are_those_that_are_kept() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| ?([^|]*) ?\|$", section("docs/architecture.md", "The rooms"), re.MULTILINE
    )
    assert {room: tuple(re.findall(r"`([\w.]+)`", row)) for room, row in rows} == DOORS


def test_the_worked_seal_is_what_any_language_computes() -> None:
    """From the page alone: its table, its bodies, its own function, its seals."""
    page = "docs/reference/seals.md"
    rows = re.findall(r"^\| (\d) \| `(\w+)` \| (\d+) \| (\d+) \|$", pages()[page], re.MULTILINE)
    bodies = [block.text.rstrip("\n").encode() for block in blocks("json") if block.page == page]
    seals = re.findall(r"^seal\(([12])\) = ([0-9a-f]{64})$", pages()[page], re.MULTILINE)
    assert len(rows) == len(bodies) == len(seals) == 2
    names: dict[str, Any] = {}
    for block in blocks("python", needs=""):
        if block.page == page:
            exec(block.text, names)
    seal = bytes(32)
    for (position, type_name, recorded_at_us, size_bytes), body, (number, told) in zip(
        rows, bodies, seals, strict=True
    ):
        assert (position, int(size_bytes)) == (number, len(body))
        head = b"main\n" + position.encode() + b"\n" + type_name.encode() + b"\n" + recorded_at_us.encode() + b"\n"
        by_hand = sha256(seal + head + body).digest()
        seal = names["extend"](seal, "main", int(position), type_name, int(recorded_at_us), body)
        assert seal == by_hand
        assert seal.hex() == told


def test_the_worked_seal_is_what_a_book_makes() -> None:
    from ledger.accounts import Chart
    from ledger.book import Book
    from ledger.events import decode_event
    from ledger.rules import RuleSet

    page = "docs/reference/seals.md"
    bodies = [block.text.rstrip("\n").encode() for block in blocks("json") if block.page == page]
    told = dict(re.findall(r"^seal\(([12])\) = ([0-9a-f]{64})$", pages()[page], re.MULTILINE))
    opening, posted = decode_event("BookOpened", bodies[0]), decode_event("EntryPosted", bodies[1])
    book = Book("main")
    chart: Chart = opening.chart  # type: ignore[union-attr]
    assert book.open(chart, RuleSet(opening.rules), 1767607200000000).events[0].body == bodies[0]  # type: ignore[union-attr]
    assert book.seal.hex() == told["1"]
    decided = book.decide([posted.fact], {}, 1767607200000042)  # type: ignore[union-attr]
    assert decided.events[0].body == bodies[1]
    assert book.seal.hex() == told["2"]


def test_the_rules_and_accounts_that_ship_are_all_told() -> None:
    page = section("docs/reference/posting-rules.md", "What the rules that ship post")
    rules = load_rules().document["rules"]
    rows = re.findall(r"^\| `([\w.]+)` \| `([\w.]+)`(.*) \| (.+) \|$", page, re.MULTILINE)
    assert [row[0] for row in rows] == [rule["name"] for rule in rules]
    for (_, fact_type, condition, lines), rule in zip(rows, rules, strict=True):
        assert fact_type == rule["when"]["type"]
        assert ("`" + rule["when"].get("source", "") + "`" in condition) == ("source" in rule["when"])
        words = json.dumps(rule["when"].get("where", []))
        assert set(re.findall(r'"([\w.]+)"', words)) <= set(re.findall(r"[\w.]+", condition)) | _CONDITION_WORDS
        told = [f"{side} {line['account']} `{line[side]}`" for line in rule["lines"] for side in line if side in _SIDES]
        assert lines == "; ".join(told)
    chart = section("docs/reference/posting-rules.md", "The chart")
    codes = re.findall(r"^\| (\d{4}) \| ([\w ]+) \|", chart, re.MULTILINE)
    assert codes == [(account.code, account.name) for account in load_chart().accounts]


_SIDES = ("debit", "credit")
_CONDITION_WORDS = {"field", "any_of", "has", "equals", "in", "contains", "starts_with"}


def test_every_event_type_and_table_of_the_store_is_told() -> None:
    page = section("docs/reference/event-store.md", "What to read")
    types = re.findall(r"^\| `(\w+)` \| [^|]+ \| `", page, re.MULTILINE)
    assert types == list(EVENT_TYPES)
    for name, cls in EVENT_TYPES.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        assert set(re.findall(r"`(\w+)`", row)) == {name, *cls.__struct_fields__}
    sql = "\n".join(file.read_text() for file in sorted((ROOT / "ledger/sql").glob("*.sql")))
    tables = section("docs/reference/event-store.md", "Tables")
    told = re.findall(r"^\| `(\w+)` \| [^|]+ \| .*`", tables, re.MULTILINE)
    assert set(told) == {*re.findall(r"CREATE TABLE ledger\.(\w+)", sql), "migrations"}


def test_every_table_of_polling_is_told() -> None:
    sql = "\n".join(file.read_text() for file in sorted((ROOT / "streams/sql").glob("*.sql")))
    told = re.findall(
        r"^\| `(\w+)` \|", section("docs/reference/connectors.md", "What polling remembers"), re.MULTILINE
    )
    assert told == re.findall(r"CREATE TABLE gateways\.(\w+)", sql)


def test_every_metric_is_told_and_no_other() -> None:
    import prometheus_client

    from api.metrics import Metrics

    for module in ("projecting_metrics", "polling_metrics"):
        __import__(f"streams.{module}")
    families = [*Metrics().registry.collect(), *prometheus_client.REGISTRY.collect()]
    real = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in families
        if family.name.startswith("contraflow_")
    }
    told = re.findall(r"^\| `(contraflow_\w+)` \| \w+ \|", pages()["docs/reference/telemetry.md"], re.MULTILINE)
    assert set(told) == real
