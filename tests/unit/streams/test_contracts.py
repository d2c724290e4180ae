"""The committed contracts are those of the code, and no change may break a reader of the released ones.

`released_schemas/` holds the schemas as they were released last; it changes only with a release, by a copy.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from streams.compatibility import Schema, incompatibilities
from streams.contracts import asyncapi, json_schema, rendered
from streams.records import RECORD_TYPES
from streams.topics import TOPICS

RELEASED = Path(__file__).parent / "released_schemas"


@pytest.mark.parametrize("path", sorted(rendered()), ids=lambda path: path.name)
def test_the_committed_file_is_what_the_code_says(path: Path) -> None:
    assert path.read_text() == rendered()[path], f"{path.name} is stale: run `python -m streams.contracts`"


@pytest.mark.parametrize("record_type", RECORD_TYPES)
def test_a_schema_is_a_schema(record_type: str) -> None:
    Draft202012Validator.check_schema(json_schema(record_type))


@pytest.mark.parametrize("record_type", sorted(path.stem for path in RELEASED.glob("*.json")))
def test_readers_of_the_released_contract_still_can(record_type: str) -> None:
    released = json.loads((RELEASED / f"{record_type}.json").read_text())
    assert record_type in RECORD_TYPES, "a record type that was released cannot vanish"
    assert incompatibilities(released, json_schema(record_type), inbound=record_type == "inbound_fact") == []


def test_every_record_type_has_a_released_contract() -> None:
    assert {path.stem for path in RELEASED.glob("*.json")} == set(RECORD_TYPES)


def drop(schema: Schema) -> None:
    del schema["properties"]["rule"]
    schema["required"].remove("rule")


def rename(schema: Schema) -> None:
    schema["properties"]["posting_rule"] = schema["properties"].pop("rule")
    schema["required"] = [name.replace("rule", "posting_rule") for name in schema["required"]]


def retype(schema: Schema) -> None:
    schema["properties"]["position"]["type"] = "string"


def retype_below(schema: Schema) -> None:
    schema["$defs"]["EntryFact"]["properties"]["key"]["type"] = "integer"


def retype_in_a_line(schema: Schema) -> None:
    schema["$defs"]["Line"]["prefixItems"][2]["type"] = "integer"


def require(schema: Schema) -> None:
    schema["properties"]["memo"] = {"type": "string"}
    schema["required"].append("memo")


def no_longer_require(schema: Schema) -> None:
    schema["required"].remove("rule")


def add_word(schema: Schema) -> None:
    schema["$defs"]["Line"]["prefixItems"][1]["enum"].append("memo")


def reformat(schema: Schema) -> None:
    del schema["properties"]["recorded_at"]["format"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (drop, ["rule: removed"]),
        (rename, ["rule: removed", "posting_rule: became required"]),
        (retype, ["position: type integer became string"]),
        (retype_below, ["fact.key: type string became integer"]),
        (retype_in_a_line, ["lines[][2]: type string became integer"]),
        (require, ["memo: became required"]),
        (no_longer_require, ["rule: is no longer always there"]),
        (add_word, ["lines[][1]: word 'memo' added"]),
        (reformat, ["recorded_at: format date-time became None"]),
    ],
)
def test_an_incompatible_change_is_refused(change: Callable[[Schema], None], says: list[str]) -> None:
    older = json_schema("entry")
    newer = copy.deepcopy(older)
    change(newer)
    assert incompatibilities(older, newer) == says


def test_a_new_field_that_nobody_must_send_is_fine() -> None:
    older = json_schema("entry")
    newer = copy.deepcopy(older)
    newer["properties"]["memo"] = {"type": "string"}
    newer["description"] = "told better"
    assert incompatibilities(older, newer) == []


def test_what_others_send_may_know_more_words_but_not_fewer() -> None:
    older = json_schema("inbound_fact")
    newer = copy.deepcopy(older)
    newer["properties"]["type"]["enum"].append("payment.reviewed")
    assert incompatibilities(older, newer, inbound=True) == []
    assert incompatibilities(newer, older, inbound=True) == ["type: word 'payment.reviewed' removed"]


def test_asyncapi_names_every_topic_and_resolves() -> None:
    document = asyncapi()
    assert {channel["address"] for channel in document["channels"].values()} == {topic.name for topic in TOPICS}
    found: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            found.extend(reference for name, reference in value.items() if name == "$ref")
            for each in value.values():
                collect(each)
        elif isinstance(value, list):
            for each in value:
                collect(each)

    collect(document)
    assert found
    docs = Path(__file__).parents[3] / "docs" / "reference"
    for reference in found:
        if reference.startswith("#/"):
            target: Any = document
            for part in reference[2:].split("/"):
                target = target[part]
        else:
            assert (docs / reference).is_file()
