"""Upcasting: stored bodies of an earlier version become bodies of today's, on reading.

A stored event is never rewritten (law 8). A field that may be absent needs no step: its default is what the old body
meant. When a field changes its name or meaning, a step is added to its type here, and the encoder writes the new number
as ``v``; a body without ``v`` is of version 1. Step number n makes version n + 1 out of version n.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from ledger.errors import BrokenLaw

Step = Callable[[dict[str, Any]], dict[str, Any]]

# type name -> steps, oldest first; empty: every type is still at version 1.
STEPS: Final[dict[str, Sequence[Step]]] = {}


def upcast(type_name: str, body: bytes, steps: Mapping[str, Sequence[Step]] = STEPS) -> bytes:
    """The body in today's version; the same bytes for a type without steps.

    Raises:
        BrokenLaw: the body is of a version that this code does not know.
        msgspec.DecodeError: the body is no JSON object.
    """
    ladder = steps.get(type_name)
    if not ladder:
        return body
    document = msgspec.json.decode(body, type=dict[str, Any])
    version = document.pop("v", 1)
    if not isinstance(version, int) or not 1 <= version <= len(ladder) + 1:
        raise BrokenLaw(f"a {type_name} of version {version!r}; this code knows 1 to {len(ladder) + 1}")
    for step in ladder[version - 1 :]:
        document = step(document)
    return msgspec.json.encode(document, order="sorted")
