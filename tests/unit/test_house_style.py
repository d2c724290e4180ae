"""The house style, kept by a test and not by taste: CONTRIBUTING.md says why each rule is there.

Every rule is a function from a file to complaints, applied to every file of the repository (those that git tracks or
would track) and to violations planted for it.
"""

import ast
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("connectors", "streams", "ledger", "projections", "api", "contraflow")

LINES_MAX = 400
CODE_SUFFIXES = frozenset({".py", ".sql", ".html", ".js", ".css", ".sh"})

# Names that say where odds and ends went, and not what the file is about.
FORBIDDEN_WORDS = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"})

# Written with classes and escapes, so that the patterns do not match themselves.
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:roo[t]|wor[k]|far[m]|hom[e]/\w+|User[s]/\w+)/[\w.]")
REGISTRY_HOST = re.compile(
    # Hosts by their beginnings: the index, the files, the central Java repository, packages, images, crates, modules.
    r"\bpyp[i]\.|pythonhoste[d]\.|\brepo1?\.mave[n]|\bnpmj[s]\.|yarnpk[g]\.|\bdocke[r]\.io|\bghc[r]\.|\bqua[y]\.io"
    r"|\bcrate[s]\.io|proxy\.golan[g]|anacond[a]\.org|rubygem[s]\.|artifactor[y]|https?://[^\s\"']+(?:/simple/|/maven2)"
    r"|https?://[^\s\"']+\.(?:whl|tgz|tar\.gz|jar)\b",
    re.IGNORECASE,
)


def too_long(path: PurePosixPath, text: str) -> list[str]:
    """A file past the limit has two nouns in it. Data and prose may be as long as they need."""
    lines = len(text.splitlines())
    return [f"{path}: {lines} lines, at most {LINES_MAX}"] if path.suffix in CODE_SUFFIXES and lines > LINES_MAX else []


def odds_and_ends(path: PurePosixPath, text: str) -> list[str]:
    """A file and a folder are named after one noun of the field."""
    words = {word for part in path.parts for word in re.split(r"[._-]", part.lower())}
    return [f"{path}: a name with {word!r} in it says nothing" for word in sorted(words & FORBIDDEN_WORDS)]


def undocumented(path: PurePosixPath, text: str) -> list[str]:
    """A module opens with what it is and why."""
    if path.suffix != ".py" or (ast.get_docstring(ast.parse(text)) or "").strip():
        return []
    return [f"{path}: no module docstring"]


def tied_to_a_place(path: PurePosixPath, text: str) -> list[str]:
    """Nothing in the repository knows the machine it was written on or the registry packages come from."""
    return [
        f"{path}:{number}: {what} {found.group()!r}"
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in (("machine path", MACHINE_PATH), ("registry host", REGISTRY_HOST))
        if (found := pattern.search(line))
    ]


def floating(path: PurePosixPath, text: str) -> list[str]:
    """The room that decides about money has no floats: none annotated, none made."""
    if path.suffix != ".py" or path.parts[0] != "ledger":
        return []
    tree = ast.parse(text)
    found = {node.lineno for annotation in annotations(tree) for node in ast.walk(annotation) if names_float(node)}
    found |= {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and names_float(node.func)}
    return [f"{path}:{line}: float in ledger/" for line in sorted(found)]


def annotations(tree: ast.AST) -> list[ast.expr]:
    found: list[ast.expr | None] = []
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(annotation=annotation) | ast.arg(annotation=annotation):
                found.append(annotation)
            case ast.FunctionDef(returns=returns) | ast.AsyncFunctionDef(returns=returns):
                found.append(returns)
    return [annotation for annotation in found if annotation is not None]


def names_float(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name == "float"
        case ast.Constant(value=str(quoted)):
            return re.search(r"\bfloat\b", quoted) is not None
    return False


RULES: list[Callable[[PurePosixPath, str], list[str]]] = [
    too_long,
    odds_and_ends,
    undocumented,
    tied_to_a_place,
    floating,
]


@cache
def files() -> dict[PurePosixPath, str]:
    """Path from the root -> text, of every text file that git tracks or would track; of every file without git."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout.split("\0")
        paths = [ROOT / name for name in listed if name]
    else:
        paths = [path for room in (*ROOMS, "tests", "docs") for path in (ROOT / room).rglob("*")]
    texts = {}
    for path in paths:
        if path.is_file() and b"\0" not in (content := path.read_bytes()) and "__pycache__" not in path.parts:
            texts[PurePosixPath(path.relative_to(ROOT).as_posix())] = content.decode("utf-8", errors="replace")
    return texts


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(rule: Callable[[PurePosixPath, str], list[str]]) -> None:
    assert len(files()) > len(ROOMS), "hardly a file found: the rules would be kept by nobody"
    complaints = [complaint for path, text in sorted(files().items()) for complaint in rule(path, text)]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_typed_and_introduces_itself(room: str) -> None:
    assert (ROOT / room / "py.typed").is_file()
    assert ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (too_long, "ledger/book.py", "\n" * 401),
        (too_long, "projections/balances.sql", "--\n" * 401),
        (odds_and_ends, "streams/utils.py", ""),
        (odds_and_ends, "streams/kafka_helpers.py", ""),
        (odds_and_ends, "ledger/common/money.py", ""),
        (odds_and_ends, "contraflow/process-manager.sh", ""),
        (undocumented, "ledger/book.py", "import os\n"),
        (undocumented, "ledger/__init__.py", ""),
        (undocumented, "ledger/book.py", '"""   """\n'),
        (tied_to_a_place, "Makefile", "cp /" + "root/x y"),
        (tied_to_a_place, "docs/a.md", "see `/" + "work/main`"),
        (tied_to_a_place, "docs/a.md", "/" + "home/ada/contraflow"),
        (tied_to_a_place, "constraints.txt", "x @ https://files.python" + "hosted.org/x.whl"),
        (tied_to_a_place, "contraflow/embedded/jars.py", '"""D."""\nURL = "https://repo1' + ".mav" + 'en.org/x"'),
        (tied_to_a_place, "docs/a.md", "get https://example.com/a/kafka" + ".jar"),
        (floating, "ledger/money.py", "def f(amount: float) -> int: ..."),
        (floating, "ledger/money.py", "def f() -> 'float | None': ..."),
        (floating, "ledger/money.py", "async def f() -> dict[str, float]: ..."),
        (floating, "ledger/sql/rows.py", "rate: float = 1"),
        (floating, "ledger/money.py", "x = float('1.1')"),
    ],
)
def test_a_planted_violation_is_noticed(rule: Callable[[PurePosixPath, str], list[str]], path: str, text: str) -> None:
    assert len(rule(PurePosixPath(path), text)) == 1


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (too_long, "ledger/book.py", "\n" * 400),
        (too_long, "docs/reference.md", "\n" * 4000),
        (odds_and_ends, "ledger/commonwealth.py", ""),
        (undocumented, "ledger/book.py", '"""Decides."""'),
        (
            tied_to_a_place,
            "docs/a.md",
            "/var/lib/postgresql ../shared/samples https://example.com/home/of/others/x ~/x",
        ),
        (floating, "ledger/money.py", "floats_refused: int = 0"),
        (floating, "connectors/stripe.py", "rate: float"),
    ],
)
def test_what_is_allowed_is_allowed(rule: Callable[[PurePosixPath, str], list[str]], path: str, text: str) -> None:
    assert rule(PurePosixPath(path), text) == []
