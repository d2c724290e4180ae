"""Values within a JSON document that nobody knows the form of: what stands at a path, and whether a text is unfit."""

import re
from typing import Final

import msgspec

VALUE_CHARS_MAX: Final = 80
_STEP: Final = re.compile(r"\[([0-9]+)\]|([^.\[\]]+)")


def value_at(document: object, path: str) -> str:
    """What stands at a path such as ``lines[1][2]``, as text of at most 80 characters; empty when nothing does.

    A step that names no member, such as ``[...]`` for any key of a mapping, ends the path: the whole mapping is shown.
    """
    found: object = document
    for number, name in _STEP.findall(path):
        if number and isinstance(found, list) and int(number) < len(found):
            found = found[int(number)]
        elif name and isinstance(found, dict) and name in found:
            found = found[name]
        elif name == "...":
            break
        else:
            return ""
    shown = found if isinstance(found, str) else msgspec.json.encode(found, order="sorted").decode()
    return shown[:VALUE_CHARS_MAX]


def holds_zero(document: object) -> bool:
    """Whether a text in a document holds the character zero."""
    waiting = [document]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str) and "\x00" in each:
            return True
        if isinstance(each, dict):
            waiting.extend((*each.keys(), *each.values()))
        elif isinstance(each, list):
            waiting.extend(each)
    return False
