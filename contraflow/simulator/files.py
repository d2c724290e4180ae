"""Files: a played day written into a folder, for `contraflow ingest` and for people to read.

    webhooks.jsonl       one delivery a line: event, type, late, repeat, headers, body (the exact text that is signed)
    pages/*.json         balance-transaction list pages, as the gateway answers them
    statements/*.xml     camt.053 files
    index.json           for each page and statement: path, source, account, context; in the order to ingest them
    truth.json           what the books must say in the end

The recorded signatures were made at the time of the event, so an intake refuses them as too old; they are there to be
looked at. `read_webhooks` gives the deliveries back.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from contraflow.simulator.day import Day
from contraflow.simulator.sending import webhook_headers

WEBHOOKS_FILE: Final = "webhooks.jsonl"
INDEX_FILE: Final = "index.json"
TRUTH_FILE: Final = "truth.json"


def write_day(day: Day, folder: Path, *, secret: str = "whsec_simulator") -> None:  # noqa: S107 - not a secret of anybody
    """Write the day; the folder is made when it is not there, files of the same names are replaced."""
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    (folder / "statements").mkdir(exist_ok=True)
    with (folder / WEBHOOKS_FILE).open("w", encoding="utf-8", newline="\n") as file:
        for webhook in day.webhooks:
            body = webhook.body
            delivery = {
                "event": webhook.event_id,
                "type": webhook.type,
                "late": webhook.late,
                "repeat": webhook.repeat,
                "headers": webhook_headers(body, secret, webhook.created_s),
                "body": body.decode(),
            }
            file.write(json.dumps(delivery, ensure_ascii=False) + "\n")
    index: list[dict[str, Any]] = []
    for page in day.pages:
        path = f"pages/{page.payout}.{page.number}.json"
        (folder / path).write_bytes(page.body)
        index.append({"path": path, "source": "stripe", "account": day.account, "context": page.context})
    for statement in day.statements:
        path = f"statements/{statement.statement_id}.xml"
        (folder / path).write_bytes(statement.body)
        index.append({"path": path, "source": "camt053", "account": statement.account, "context": {}})
    (folder / INDEX_FILE).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    (folder / TRUTH_FILE).write_bytes(day.truth.as_json())


def read_webhooks(path: Path) -> Iterator[tuple[dict[str, str], bytes]]:
    """Headers and exact body of each delivery in a ``webhooks.jsonl``."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            delivery = json.loads(line)
            yield delivery["headers"], delivery["body"].encode()
