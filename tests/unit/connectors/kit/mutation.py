"""Requests that differ from a signed one in one place, from a seed."""

import os
import random
from collections.abc import Iterator

from connectors.exchange import WebhookRequest
from tests.unit.connectors.kit.case import Case

MUTATIONS = int(os.environ.get("CONTRAFLOW_MUTATIONS", "300"))


def mutated(case: Case, request: WebhookRequest, *, body: bool, seed: int) -> Iterator[WebhookRequest]:
    """`MUTATIONS` requests, each with a byte of the body or of a signed header changed, removed or added."""
    rng = random.Random(seed)
    made = 0
    while made < MUTATIONS:
        parts = [*case.signed_headers, *(["body"] if body else [])]
        part = rng.choice(parts)
        if part == "body":
            raw = _changed(rng, request.raw)
            if raw == request.raw:
                continue
            changed = WebhookRequest(request.headers, raw, request.path)
        else:
            original = request.headers[part]
            value = _changed(rng, original.encode("latin-1")).decode("latin-1")
            if case.same_header(part, value, original):
                continue
            changed = WebhookRequest({**request.headers, part: value}, request.raw, request.path)
        made += 1
        yield changed


def _changed(rng: random.Random, original: bytes) -> bytes:
    changed = bytearray(original)
    at = rng.randrange(len(changed))
    match rng.choice(("change", "remove", "add", "flip")):
        case "change":
            changed[at] = rng.randrange(256)
        case "flip":
            changed[at] ^= 1 << rng.randrange(8)
        case "remove":
            del changed[at]
        case "add":
            changed.insert(at, rng.randrange(256))
    return bytes(changed)
