"""Compatibility of contracts: whether readers of the older schema can read records of the newer one, and the reverse.

A field may be added as long as nobody has to send it. It may not vanish, change its type or become required, and a
list of allowed words may not lose one; for what we publish it may not gain one either, because readers that know the
words of the older contract would not know it.
"""

from typing import Any, Final

Schema = dict[str, Any]

# What constrains a value besides its structure; any change of these is a change of the contract.
_FIXED: Final = ("const", "format", "pattern", "minItems", "maxItems", "minimum", "maximum", "minLength", "maxLength")


def incompatibilities(older: Schema, newer: Schema, *, inbound: bool = False) -> list[str]:
    """What in `newer` breaks somebody who relies on `older`; empty when nothing does.

    Args:
        older, newer: JSON Schemas as `streams.contracts.json_schema` makes them.
        inbound: true for records that others send us, whose lists of words may grow.
    """
    return _compare(older, newer, older, newer, "", inbound)


def _compare(
    older: Any, newer: Any, old_root: Schema, new_root: Schema, path: str, inbound: bool, depth: int = 0
) -> list[str]:
    assert depth < 50, f"{path}: a schema that contains itself cannot be compared"
    older, newer = _resolved(older, old_root), _resolved(newer, new_root)
    if not isinstance(older, dict) or not isinstance(newer, dict):
        return [] if older == newer else [f"{path or 'record'}: {older} became {newer}"]
    found = []
    here = path or "record"
    if older.get("type") != newer.get("type"):
        found.append(f"{here}: type {older.get('type')} became {newer.get('type')}")
    found += [
        f"{here}: {name} {older.get(name)} became {newer.get(name)}"
        for name in _FIXED
        if older.get(name) != newer.get(name)
    ]
    found += _words(older.get("enum"), newer.get("enum"), here, inbound)
    found += _properties(older, newer, old_root, new_root, path, inbound, depth)
    for name in ("items", "additionalProperties"):
        old, new = older.get(name, True), newer.get(name, True)
        found += _compare(old, new, old_root, new_root, f"{path}[]", inbound, depth + 1)
    for name in ("prefixItems", "anyOf"):
        olds, news = older.get(name, []), newer.get(name, [])
        if len(olds) != len(news):
            found.append(f"{here}: {len(olds)} {name} became {len(news)}")
        for number, (old, new) in enumerate(zip(olds, news, strict=False)):
            found += _compare(old, new, old_root, new_root, f"{path}[{number}]", inbound, depth + 1)
    return found


def _properties(
    older: Schema, newer: Schema, old_root: Schema, new_root: Schema, path: str, inbound: bool, depth: int
) -> list[str]:
    found = []
    olds, news = older.get("properties", {}), newer.get("properties", {})
    for name, old in olds.items():
        where = f"{path}.{name}".lstrip(".")
        if name not in news:
            found.append(f"{where}: removed")
        else:
            found += _compare(old, news[name], old_root, new_root, where, inbound, depth + 1)
    was_required, is_required = set(older.get("required", ())), set(newer.get("required", ()))
    found += [f"{path}.{name}".lstrip(".") + ": became required" for name in sorted(is_required - was_required)]
    if not inbound:
        found += [
            f"{path}.{name}".lstrip(".") + ": is no longer always there"
            for name in sorted(was_required - is_required)
            if name in news
        ]
    return found


def _words(olds: list[Any] | None, news: list[Any] | None, here: str, inbound: bool) -> list[str]:
    if olds is None and news is None:
        return []
    if olds is None or news is None:
        return [f"{here}: a list of allowed words {'appeared' if olds is None else 'vanished'}"]
    found = [f"{here}: word {word!r} removed" for word in olds if word not in news]
    if not inbound:
        found += [f"{here}: word {word!r} added" for word in news if word not in olds]
    return found


def _resolved(schema: Any, root: Schema) -> Any:
    while isinstance(schema, dict) and "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema
