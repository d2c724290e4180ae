"""A book as a dictionary: what the commands of a journal leave in it, and the rows that an export is written from."""

from typing import Any

from connectors.journal_commands import Command, JournalCommands
from connectors.journal_rows import AccountRow, EntryRow

Balances = dict[tuple[str, str], int]


def balances_of(journal: JournalCommands) -> Balances:
    """Debits less credits by account and currency; only those that are not zero."""
    found: Balances = {}
    for command in journal.commands:
        for account, side, amount, currency in command.get("lines", ()):
            minor = int(amount) if side == "debit" else -int(amount)
            found[account, currency] = found.get((account, currency), 0) + minor
    return {key: minor for key, minor in found.items() if minor}


def posts(journal: JournalCommands) -> list[Command]:
    return [command for command in journal.commands if command["command"] == "post"]


def opens(journal: JournalCommands) -> dict[str, Command]:
    return {each["account"]: each for each in journal.commands if each["command"] == "open_account"}


def one(journal: JournalCommands) -> Command:
    (command,) = posts(journal)
    return command


def rows(journal: JournalCommands) -> tuple[list[AccountRow], list[EntryRow], Balances]:
    closed = {each["account"] for each in journal.commands if each["command"] == "close_account"}
    accounts = [
        AccountRow(
            code=code,
            type=each["type"],
            currencies=tuple(each.get("currencies", ())),
            metadata=each.get("metadata", {}),
            closed=code in closed,
        )
        for code, each in opens(journal).items()
    ]
    entries = [EntryRow(**_entry(command)) for command in posts(journal)]
    return accounts, entries, balances_of(journal)


def _entry(command: Command) -> dict[str, Any]:
    fields = {name: value for name, value in command.items() if name != "command"}
    return {**fields, "lines": tuple(tuple(line) for line in command["lines"])}
