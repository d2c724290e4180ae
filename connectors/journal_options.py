"""What a caller says about a plain-text journal that the journal itself does not."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from connectors.commodities import Commodity

_NOTHING: Mapping[str, str] = MappingProxyType({})


class JournalOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of all readers and writers of journals.

    Attributes:
        file: the journal's name in faults.
        commodities: by their name in the journal; ISO 4217 currencies and the signs ``$``, ``€``, ``£`` need none.
        account_types: ``asset`` .. ``expense`` by account name, for it and the accounts below it, where the journal
            does not tell.
        existing_accounts: those that the book has already; they are not opened again.
        conversion_account: against which each side of a price or a cost is balanced; by format when empty.
        rounding_account: takes what a journal's tolerance forgives; such entries are refused when empty.
        key_prefix: begins the key of every command, so that two journals never share one.
    """

    file: str = "journal"
    commodities: Mapping[str, Commodity] = {}
    account_types: Mapping[str, str] = _NOTHING
    existing_accounts: frozenset[str] = frozenset()
    conversion_account: str = ""
    rounding_account: str = ""
    key_prefix: str = "journal"
