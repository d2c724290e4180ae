"""The undo log of a book's memory: what a linked chain changed is taken back exactly when one of its commands fails.

Values that are put are never changed in place, so the old one is enough to go back.
"""

from collections.abc import Callable
from typing import Any, Final

_ABSENT: Final = object()


class Undo:
    """Changes to dictionaries and attributes, each with its way back."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        """Nothing to take back yet."""
        self._steps: list[Callable[[], object]] = []

    @property
    def mark(self) -> int:
        """Where we are now, for `rollback`."""
        return len(self._steps)

    def put(self, mapping: dict[Any, Any], key: object, value: object) -> None:
        """Set `mapping[key]`."""
        old = mapping.get(key, _ABSENT)
        mapping[key] = value
        self.then(lambda: mapping.pop(key) if old is _ABSENT else mapping.__setitem__(key, old))

    def remove(self, mapping: dict[Any, Any], key: object) -> None:
        """Remove `key`, which may be absent."""
        if key in mapping:
            old = mapping.pop(key)
            self.then(lambda: mapping.__setitem__(key, old))

    def assign(self, owner: object, name: str, value: object) -> None:
        """Set an attribute."""
        old = getattr(owner, name)
        setattr(owner, name, value)
        self.then(lambda: setattr(owner, name, old))

    def then(self, back: Callable[[], object]) -> None:
        """Remember how to take one change back."""
        self._steps.append(back)

    def rollback(self, mark: int = 0) -> None:
        """Take back everything after `mark`, the last change first."""
        while len(self._steps) > mark:
            self._steps.pop()()

    def keep(self) -> None:
        """Forget the ways back: what was changed stays."""
        self._steps.clear()


class Forward(Undo):
    """For what cannot fail any more: a command on its own, and a replay. Changes have no way back."""

    __slots__ = ()

    def put(self, mapping: dict[Any, Any], key: object, value: object) -> None:
        """Set `mapping[key]`."""
        mapping[key] = value

    def remove(self, mapping: dict[Any, Any], key: object) -> None:
        """Remove `key`, which may be absent."""
        mapping.pop(key, None)

    def assign(self, owner: object, name: str, value: object) -> None:
        """Set an attribute."""
        setattr(owner, name, value)

    def then(self, back: Callable[[], object]) -> None:
        """Nothing is taken back."""
