"""Answers: what became of each command, in the order in which they came."""

from typing import Literal

import msgspec


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer; a repeated command gets its first answer again, marked `repeated`.

    Attributes:
        position: of the event that the command became; for a refusal of the `CommandRefused`, for a query the position
            at which its figures are true.
        code, field, value, detail: why it was refused: stable reason code, field at fault, its value, one sentence.
        amount: minor units of an entry or hold of two lines, for example after ``at_most``.
        figures: what a query asked for, or what each account of a split got, minor units as decimal strings.
    """

    command: str
    key: str
    decision: Literal["accepted", "refused"]
    position: int = 0
    repeated: bool = False
    code: str = ""
    field: str = ""
    value: str = ""
    detail: str = ""
    amount: str = ""
    figures: dict[str, str] = {}


def encode_answer(answer: Answer) -> bytes:
    """One line of JSON, keys sorted."""
    return msgspec.json.encode(answer, order="sorted")
