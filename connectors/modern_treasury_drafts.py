"""Drafts of one payment order: when its history must be read, and how the history counts them.

A body about an order does not say how often the order was drafted before. Its history does: the events of one order in
the order in which they happened, with a ``redrafted`` before each new draft. Only where two drafts have the same mark
(`modern_treasury_orders.mark`) does the number matter: the second ``completed`` is then told under a key of its own.
Whatever webhooks told of the second draft before was a repeat of the first, so that the sum is right in the end.
"""

from collections.abc import Iterator

from connectors.errors import TranslationError
from connectors.json_fields import JsonObject, rows, text
from connectors.modern_treasury_orders import mark, state_of, transaction_ids, transitions


def needs_history(event: str, order: JsonObject) -> bool:
    """Whether an order was drafted before, as far as its body shows it, or hides the return that it tells of."""
    if event == "redrafted" or len(set(transaction_ids(order))) > 1:
        return True
    if text(order, "status") == "returned" and not order.get("current_return"):
        return True
    kinds = [text(number, "reference_number_type") for number in rows(order, "reference_numbers")]
    return any(kinds.count(kind) > 1 for kind in set(kinds) if kind)


def counted(history: list[tuple[str, JsonObject]]) -> Iterator[str]:
    """For each event of one order, oldest first, how often its transitions happened under their mark so far.

    Args:
        history: the event's name and the order as it was then.

    Yields:
        ``completed=2,sent=2``: what happened for more than the first time; empty for nothing.
    """
    draft = 0
    drafts: dict[tuple[str, str], set[int]] = {}
    for event, order in history:
        draft += event == "redrafted"
        more = []
        try:
            named = mark(order)
        except TranslationError:  # reported where the event itself is translated
            yield ""
            continue
        for transition in transitions(state_of(event, order)):
            happened = drafts.setdefault((transition, named), set())
            happened.add(draft)
            if len(happened) > 1:
                more.append(f"{transition}={len(happened)}")
        yield ",".join(sorted(more))
