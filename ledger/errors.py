"""The exception tree of the ledger.

::

    LedgerError
    ├── MoneyError            an amount or currency that is not money: reject the input
    ├── FactError             bytes that are not a fact: reject the input
    ├── ChartError            a chart of accounts that cannot be loaded: reject the file
    ├── RulesError            posting rules that cannot be loaded: reject the file
    ├── PostingError          a fact for which no balanced entry can be made: dead letter, the line goes on
    ├── AllocationError       shares that cannot be made of an amount: reject the input
    ├── CommandError          a command that the book refuses; answered, never raised to a caller
    └── StoreError
        ├── Fenced            another writer owns the book now: discard memory, reload or leave
        └── BrokenLaw         the stored history contradicts itself: stop, alert, never go on

The class tells a caller what to do: reject, set aside, hand over, or stop.
"""


class LedgerError(Exception):
    """Any failure of the ledger that has a name."""


class MoneyError(LedgerError, ValueError):
    """An amount or a currency that is not money."""


class FactError(LedgerError, ValueError):
    """Bytes that are not a fact."""


class ChartError(LedgerError, ValueError):
    """A chart of accounts that cannot be loaded."""


class RulesError(LedgerError, ValueError):
    """Posting rules that cannot be loaded."""


class PostingError(LedgerError, ValueError):
    """A fact for which no balanced entry can be made.

    Attributes:
        code: stable reason code, for example ``amount_missing``.
        field: the field of the fact or rule that is at fault.
    """

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class AllocationError(LedgerError, ValueError):
    """Shares that cannot be made of an amount."""


class CommandError(LedgerError, ValueError):
    """A command that the book refuses; it ends in an answer, callers never see it raised.

    Attributes:
        code: stable reason code, for example ``account_unknown``.
        field: the field at fault.
        value: what stood in it.
        of: position of the event it contradicts, 0 when there is none.
    """

    def __init__(self, code: str, field: str, value: str, message: str, of: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.value = value
        self.of = of


class StoreError(LedgerError):
    """The event store could not do what was asked."""


class Fenced(StoreError):
    """Another writer owns this book now; what this one holds in memory is stale."""


class BrokenLaw(StoreError):
    """The stored history contradicts itself; going on would spread the damage."""
