"""The reference page of commands says every command, field and reason code that there is, and its answers are real."""

import re
from pathlib import Path

import msgspec

from ledger import commands
from ledger.answers import Answer, encode_answer
from ledger.commands import Malformed, decode_command
from ledger.ledger import Ledger
from ledger.memory_store import MemoryStore

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
STRUCTS = [
    found
    for found in vars(commands).values()
    if isinstance(found, type) and issubclass(found, msgspec.Struct) and found.__struct_config__.tag
]


def reason_codes() -> set[str]:
    """Every literal that is raised as a `CommandError`, wherever it stands."""
    found = set()
    for path in (ROOT / "ledger").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'CommandError\(\s*"([a-z_]+)"', source))
        found |= set(
            re.findall(r'"(hold_(?:captured|released|expired)|\w+_exceeds_\w+|account_(?:closed|unknown))"', source)
        )
    return found


def test_every_command_and_field_stands_on_the_page() -> None:
    assert len(STRUCTS) == 18
    for struct in STRUCTS:
        assert f"`{struct.__struct_config__.tag}`" in PAGE
        for name in struct.__struct_fields__:
            assert f"`{name}`" in PAGE, f"{struct.__name__}.{name}"


def test_every_reason_code_stands_on_the_page() -> None:
    codes = reason_codes()
    assert len(codes) > 30
    assert not [code for code in sorted({*codes, Malformed().code}) if f"`{code}`" not in PAGE]


def test_every_field_of_an_answer_stands_on_the_page() -> None:
    assert not [name for name in Answer.__struct_fields__ if f"`{name}`" not in PAGE]


def test_the_commands_on_the_page_get_the_answers_on_the_page() -> None:
    asked, answered = [block.strip().splitlines() for block in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)]
    answers = Ledger.open(MemoryStore(), "main").apply([line.encode() for line in asked])
    assert [msgspec.json.decode(encode_answer(answer)) for answer in answers] == [
        msgspec.json.decode(line) for line in answered
    ]


def test_every_tag_is_read() -> None:
    for struct in STRUCTS:
        read = decode_command(msgspec.json.encode({"command": struct.__struct_config__.tag, "key": "k"}))
        assert not (isinstance(read, Malformed) and read.field == "command")
