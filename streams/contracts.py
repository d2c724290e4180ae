"""The contracts of our topics, written down: a JSON Schema (2020-12) per record type and one AsyncAPI document.

Both are made from the structs of `streams.records` and the list in `streams.topics`, and stand in the repository so
that a change is seen in review. ``python -m streams.contracts`` writes them anew; a test fails when they are stale, and
another one refuses a change that would break a reader (`streams.compatibility`).
"""

import json
import re
from pathlib import Path
from typing import Any, Final

import msgspec

from ledger.facts import FACT_TYPES
from streams.records import RECORD_TYPES
from streams.topics import DAY_MS, FOR_EVER, TOPICS, Topic

_GENERATED: Final = re.compile(r"(<!-- topics -->\n).*?(<!-- end -->)", re.DOTALL)
SCHEMAS: Final = Path(__file__).parent / "schemas"
REFERENCE: Final = Path(__file__).parent.parent / "docs" / "reference"
ASYNCAPI: Final = REFERENCE / "asyncapi.json"
TOPICS_PAGE: Final = REFERENCE / "topics.md"
CONTRACTS_VERSION: Final = "1.0.0"  # of the contracts, not of the software

# Header -> what it says. Every published record carries these.
HEADERS: Final = {
    "book": "the book",
    "position": "its position in the book, decimal; in inbound.dead the id of the dead letter",
    "previous": "position of that book's preceding record in this topic, 0 for the first",
    "event_id": "<book>/<position>, with a suffix for manifests and dead letters; unique in ledger topics",
    "type": "record type: the name of its schema",
    "content_hash": "SHA-256 of the value, hexadecimal",
}
INBOUND_HEADERS: Final = {
    "source": "connector that understands the value; the topic's last word when missing",
    "account": "account at the source; may be empty",
    "received_at_us": "microseconds since 1970, decimal; the record's timestamp when missing",
    "digest": "SHA-256 of the bytes before card masking, hexadecimal; of the value when missing",
    "delivery": "the sender's id of this delivery; may be empty",
    "context": "JSON object of strings: what the bytes do not say",
    "attempts": "how often it was given to posting before, decimal; 0 when missing",
}


def json_schema(record_type: str) -> dict[str, Any]:
    """The JSON Schema of a record type, complete in itself."""
    struct = RECORD_TYPES[record_type]
    (reference,), components = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    root = components.pop(reference["$ref"].rpartition("/")[2])
    if record_type == "inbound_fact":
        root["properties"]["type"]["enum"] = sorted(FACT_TYPES)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:contraflow:{record_type}",
        **root,
        **({"$defs": dict(sorted(components.items()))} if components else {}),
    }
    plain: dict[str, Any] = _plain(schema)
    return plain


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document: channels are topics, messages are record types, seen from the reader's side."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Contraflow topics",
            "version": CONTRACTS_VERSION,
            "description": "Topics of one installation; its prefix, if any, stands before every address.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_identifier(topic.name): _channel(topic) for topic in TOPICS},
        "operations": {_identifier(topic.name): _operation(topic) for topic in TOPICS},
        "components": {
            "messages": {name: _message(name) for name in RECORD_TYPES} | {"inbound_raw": _raw_message()},
            "messageTraits": {
                "published": {"headers": _headers(HEADERS, tuple(HEADERS))},
                "inbound": {"headers": _headers(INBOUND_HEADERS, ())},
            },
        },
    }


def rendered() -> dict[Path, str]:
    """File -> the text that has to stand in it."""
    files = {SCHEMAS / f"{name}.json": json_schema(name) for name in RECORD_TYPES}
    texts = {path: json.dumps(document, indent=2) + "\n" for path, document in {**files, ASYNCAPI: asyncapi()}.items()}
    return texts | {TOPICS_PAGE: _GENERATED.sub(lambda found: found[1] + _table() + found[2], TOPICS_PAGE.read_text())}


def write() -> None:
    """Write all files anew."""
    for path, text in rendered().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _table() -> str:
    """The topics as a table for the reference page."""
    lines = ["| topic | key | kept | record types | what stands in it |", "|---|---|---|---|---|"]
    for topic in TOPICS:
        days = f"{topic.retention_ms // DAY_MS} days" if topic.retention_ms != FOR_EVER else "for ever"
        kept = "compacted: the last of a key" if topic.cleanup == "compact" else days
        types = ", ".join(f"`{name}`" for name in topic.record_types) or "the source's own bytes"
        lines.append(f"| `{topic.name}` | {topic.key} | {kept} | {types} | {topic.purpose} |")
    return "\n".join(lines) + "\n"


def _channel(topic: Topic) -> dict[str, Any]:
    retention = {} if topic.retention_ms == FOR_EVER else {"retention.ms": topic.retention_ms}
    return {
        "address": topic.name,
        "description": topic.purpose,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _message_names(topic)},
        "bindings": {
            "kafka": {
                "bindingVersion": "0.5.0",
                "topicConfiguration": {"cleanup.policy": [topic.cleanup], **retention},
            }
        },
    }


def _operation(topic: Topic) -> dict[str, Any]:
    channel = f"#/channels/{_identifier(topic.name)}"
    return {
        "action": "receive" if topic.name != "inbound.dead" and topic.name.startswith("inbound.") else "send",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in _message_names(topic)],
    }


def _message_names(topic: Topic) -> tuple[str, ...]:
    return topic.record_types or ("inbound_raw",)


def _message(record_type: str) -> dict[str, Any]:
    trait = "inbound" if record_type.startswith("inbound") else "published"
    topic = next(topic for topic in TOPICS if record_type in topic.record_types)
    return {
        "name": record_type,
        "contentType": "application/json",
        "traits": [{"$ref": f"#/components/messageTraits/{trait}"}],
        "bindings": {"kafka": {"bindingVersion": "0.5.0", "key": {"type": "string", "description": topic.key}}},
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"../../streams/schemas/{record_type}.json"},
        },
    }


def _raw_message() -> dict[str, Any]:
    return {
        "name": "inbound_raw",
        "summary": "the bytes as the source sent them, cards masked",
        "contentType": "application/octet-stream",
        "traits": [{"$ref": "#/components/messageTraits/inbound"}],
        "bindings": {"kafka": {"bindingVersion": "0.5.0", "key": {"type": "string", "description": "book"}}},
    }


def _headers(names: dict[str, str], required: tuple[str, ...]) -> dict[str, Any]:
    properties = {name: {"type": "string", "description": says} for name, says in names.items()}
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def _identifier(name: str) -> str:
    return re.sub(r"\.(\w)", lambda found: found[1].upper(), name)


def _plain(value: Any) -> Any:
    """The same, with the first paragraphs of docstrings as descriptions, on one line each."""
    if isinstance(value, dict):
        return {name: _text(each) if name == "description" else _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _text(description: Any) -> Any:
    if not isinstance(description, str):
        return _plain(description)
    return " ".join(re.split(r"\n\s*Attributes:", description)[0].split())


if __name__ == "__main__":
    write()
