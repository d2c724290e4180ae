"""hledger journals become commands of the bulk interface (https://hledger.org/hledger.html#journal).

Our own small reader. What would change the journal from elsewhere (includes, aliases, rules, virtual postings) is
refused with its line; comments and market prices are left out. Directives that say how amounts are written hold for the
whole file, so that its order does not matter; two that contradict each other are refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from connectors.commodities import Commodities, decimal_text
from connectors.hledger_balances import Asserted, Move, Running, expectations
from connectors.hledger_directives import LEFT_OUT, read_style
from connectors.hledger_posting import STATUS, posting_of, posting_tags
from connectors.hledger_syntax import Styles, day_of, tags_of
from connectors.journal_accounts import JournalAccounts
from connectors.journal_commands import (
    REFERENCE_FIELD,
    Command,
    Expectation,
    JournalCommands,
    LeftOut,
    merged,
    open_account,
    post,
    with_keys,
)
from connectors.journal_faults import BadLine, Faults
from connectors.journal_options import JournalOptions
from connectors.journal_transaction import Balanced, Balancing, Posting, Quantity, balance, sums

_HEADER: Final = re.compile(
    r"(?P<date>[0-9][0-9./-]*)(?:=(?P<second>[0-9./-]+))?(?:[ \t]+(?P<status>[*!])(?=[ \t]|$|\())?"
    r"(?:[ \t]*\((?P<code>[^()]*)\))?(?P<description>[^;]*)(?:;(?P<comment>.*))?"
)


def hledger_commands(text: str, options: JournalOptions | None = None) -> JournalCommands:
    """Read a journal; raises `JournalRefused` with every fault when it cannot be loaded as it stands."""
    return _Reader(text, options or JournalOptions()).read()


@dataclass(slots=True)
class _Block:
    """An unindented line and the indented ones below it, each with its number."""

    line: int
    head: str
    below: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Entry:
    """A transaction that was read; `order` is its place in the file."""

    day: str
    order: int
    line: int
    description: str
    metadata: dict[str, str]
    postings: list[Posting] = field(default_factory=list)
    asserted: dict[int, Asserted] = field(default_factory=dict)
    balanced: Balanced | None = None


class _Reader:
    def __init__(self, text: str, options: JournalOptions) -> None:
        self.faults = Faults(options.file)
        self.options = options
        self.commodities = Commodities(options.commodities)
        self.styles = Styles()
        self.accounts = JournalAccounts(options.account_types)
        self.blocks = _blocks(text, self.faults)
        self.entries: list[_Entry] = []
        self.left_out: list[LeftOut] = []
        self.year: int | None = None

    def read(self) -> JournalCommands:
        for block in self.blocks:
            with self.faults.at(block.line):
                read_style(block.head, [text for _, text in block.below], self.styles)
        for block in self.blocks:
            with self.faults.at(block.line):
                self._block(block)
        self._settle()
        self.faults.check()
        commands = self._commands()
        self.faults.check()
        return commands

    def _block(self, block: _Block) -> None:
        head = block.head
        if head[0].isdigit():
            self._transaction(block)
            return
        word, _, rest = head.partition(" ")
        if head[0] in "~=":
            kind = "periodic" if head[0] == "~" else "auto posting"
            raise BadLine("not_supported", f"{kind} rules are not supported: write the transactions out")
        if word == "account":
            self.accounts.declare(block.line, rest, [text for _, text in block.below])
        elif re.fullmatch(r"Y\s*[0-9]{4}", head.rstrip()) or (word == "year" and rest.strip().isdecimal()):
            self.year = int(re.sub(r"[^0-9]", "", head))
        elif word in LEFT_OUT:
            self.left_out.append(LeftOut(block.line, "price" if word == "P" else word))
        elif word not in ("commodity", "decimal-mark", "D"):
            raise BadLine("not_supported", f"{word[:40]!r} could change what the journal says: not supported")

    def _transaction(self, block: _Block) -> None:
        match = _HEADER.fullmatch(block.head)
        if match is None:
            raise BadLine("syntax", f"{block.head[:60]!r} does not begin a transaction")
        day = day_of(match["date"], self.year)
        metadata = dict(tags_of(match["comment"] or ""))
        if match["second"]:
            metadata.setdefault("date2", day_of(match["second"], int(day[:4])))
        if match["status"]:
            metadata.setdefault("status", STATUS[match["status"]])
        if match["code"]:
            metadata.setdefault(REFERENCE_FIELD, match["code"])
        description = metadata.pop("contraflow-description", "") or match["description"].strip()
        entry = _Entry(day, len(self.entries), block.line, description, metadata)
        faults = len(self.faults)
        for line, text in block.below:
            with self.faults.at(line):
                if text.startswith(";"):
                    if entry.postings:
                        entry.postings[-1].notes |= posting_tags(text[1:])
                    else:
                        metadata |= dict(tags_of(text[1:]))
                    continue
                posting, asserted = posting_of(text, line, self.styles, self.commodities)
                entry.postings.append(posting)
                if asserted:
                    entry.asserted[line] = asserted
        entry.description = metadata.pop("contraflow-description", "") or description
        if len(self.faults) == faults:
            self.entries.append(entry)

    def _settle(self) -> None:
        """Fill and balance the transactions by date: an assignment needs the balance of its day."""
        running = Running()
        balancing = self._balancing()
        for entry in sorted(self.entries, key=lambda entry: (entry.day, entry.order)):
            with self.faults.at(entry.line):
                for posting in entry.postings:
                    asserted = entry.asserted.get(posting.line)
                    if posting.units is None and asserted is not None and asserted.quantity is not None:
                        missing = running.missing(asserted)
                        posting.units = Quantity(missing, asserted.quantity.commodity, asserted.quantity.digits)
                        posting.weight = posting.units
                    if posting.units is not None:
                        running.take(posting.account, posting.units)
                _infer_price(entry.postings)
                entry.balanced = balance(entry.postings, balancing)
                for posting in entry.postings:
                    if posting.units is None:
                        _take_elided(running, posting, entry.postings)
                if not entry.balanced.lines:
                    self.left_out.append(LeftOut(entry.line, "transaction that moves nothing"))

    def _balancing(self) -> Balancing:
        digits: dict[str, int] = {}
        for entry in self.entries:
            for posting in entry.postings:
                if posting.units:
                    name = posting.units.commodity
                    digits[name] = max(digits.get(name, 0), posting.units.digits)
        for name, declared in self.styles.digits.items():
            with self.faults.at(0):
                digits[self.commodities.canonical(name)] = declared

        def tolerance(_: Sequence[Posting], commodity: str) -> Fraction:
            return Fraction(1, 2 * 10 ** digits[commodity]) if commodity in digits else Fraction(0)

        conversion = self.options.conversion_account or "equity:conversion"
        return Balancing(
            self.commodities, tolerance, lambda _, taken: taken.value, conversion, self.options.rounding_account
        )

    def _commands(self) -> JournalCommands:
        prefix = self.options.key_prefix
        entries = [(entry, entry.balanced) for entry in self.entries if entry.balanced]
        lines_of: dict[str, int] = {}
        for entry, balanced in entries:
            for account in [p.account for p in entry.postings] + [account for account, _, _ in balanced.lines]:
                lines_of.setdefault(account, entry.line)
        added = {self.options.conversion_account or "equity:conversion", self.options.rounding_account}
        opens: list[Command] = []
        names: dict[str, str] = {}
        taken: dict[str, str] = {}
        for account in sorted({*lines_of, *self.accounts.declared}):
            with self.faults.at(self.accounts.line_of(account) or lines_of.get(account, 0)):
                names[account] = name = self.accounts.book_name(account)
                if name in taken:
                    raise BadLine("account_twice", f"accounts {taken[name]!r} and {account!r} are both {name!r}")
                taken[name] = account
                if name in self.options.existing_accounts:
                    continue
                kind = self.accounts.type_of(account, "equity" if account in added else "")
                opens.append(open_account(prefix, name, kind, (), self.accounts.metadata_of(account)))
        self.faults.check()
        posts: list[tuple[int, Command]] = []
        keyed: list[Command] = []
        moves: list[Move] = []
        for entry, balanced in entries:
            for (account, minor, code), origin in zip(balanced.lines, balanced.origins, strict=True):
                moves.append(Move(entry.day, entry.order, origin, account, minor, code))
            with self.faults.at(entry.line):
                if balanced.lines:
                    lines = [(names[account], minor, code) for account, minor, code in balanced.lines]
                    metadata = merged(balanced.metadata, entry.metadata)
                    posts.append((entry.line, post(entry.day, lines, entry.description, metadata)))
        with self.faults.at(0):
            keyed = with_keys(prefix, posts)
        asserted = [(entry.day, entry.order, each) for entry, _ in entries for each in entry.asserted.values()]
        expected: list[Expectation] = []
        with self.faults.at(0):
            expected = expectations(asserted, moves, self.commodities, names)
        return JournalCommands(self.options.file, (*opens, *keyed), tuple(expected), tuple(self.left_out))


def _take_elided(running: Running, elided: Posting, postings: Sequence[Posting]) -> None:
    for commodity, value in sums(p.weight for p in postings if p.weight).items():
        running.take(elided.account, Quantity(-value, commodity))


def _infer_price(postings: Sequence[Posting]) -> None:
    """Two commodities without a price that do not balance are an exchange of one for the other, as hledger has it."""
    if any(posting.units is None or "price" in posting.notes for posting in postings):
        return
    left = {name: value for name, value in sums(p.units for p in postings if p.units).items() if name}
    if len(left) != 2 or not all(left.values()):
        return
    (first, given), (second, taken) = left.items()
    if (given > 0) == (taken > 0):
        return
    turned = [p for p in postings if p.units and p.units.commodity == first]
    for posting in turned:
        assert posting.units is not None
        posting.weight = Quantity(posting.units.value * -taken / given, second)
        if len(turned) == 1:
            posting.notes["price"] = f"@@ {decimal_text(abs(taken))} {second}"


def _blocks(text: str, faults: Faults) -> list[_Block]:
    """The text without comments of its own, in blocks."""
    blocks: list[_Block] = []
    aside = 0
    open_block = False
    for line, row in enumerate(text.split("\n"), start=1):
        row = row.rstrip()
        if aside:
            aside = 0 if row == "end comment" else aside
            continue
        if row == "comment" or row.startswith("comment "):
            aside = line
            open_block = False
        elif not row.strip():
            open_block = False
        elif row[0] in " \t":
            if open_block:
                blocks[-1].below.append((line, row.strip()))
            elif not row.strip().startswith(";"):
                faults.add(line, "syntax", "an indented line that belongs to nothing")
        elif row[0] in ";#*":
            open_block = False
        else:
            blocks.append(_Block(line, row))
            open_block = True
    if aside:
        faults.add(aside, "syntax", "a comment that has no end comment")
    return blocks
