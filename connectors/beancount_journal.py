"""Beancount journals become commands of the bulk interface (https://beancount.github.io/docs).

Our own small reader. It covers what moves money and what says when it counts; whatever else could change a balance
(plugins, includes, lots found by inventory) is refused with its line, and what cannot is told as left out. Tolerances,
pads and assertions are read as Beancount reads them, with one difference: a book holds whole minor units, so an amount
that has none is refused instead of carried on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from connectors.beancount_pads import Assertion, Lines, Pad, padded, under
from connectors.beancount_posting import commodity_of, flag_of, posting_of
from connectors.beancount_settings import EVERY, BeancountSettings, rounded
from connectors.beancount_syntax import Directive, Row, day_of, directives, number_of, string_of
from connectors.commodities import Commodities
from connectors.journal_commands import (
    ACCOUNT_FIELD,
    Command,
    Expectation,
    JournalCommands,
    LeftOut,
    balance_query,
    close_account,
    merged,
    open_account,
    post,
    with_keys,
)
from connectors.journal_faults import BadLine, Faults
from connectors.journal_options import JournalOptions
from connectors.journal_transaction import Balancing, Posting, Quantity, balance, minor_of

_LEFT_OUT: Final = frozenset({"price", "note", "document", "event", "query", "custom", "commodity"})
_BOOKINGS: Final = frozenset({"STRICT", "STRICT_WITH_SIZE", "NONE", "AVERAGE", "FIFO", "LIFO", "HIFO"})


def beancount_commands(text: str, options: JournalOptions | None = None) -> JournalCommands:
    """Read a journal; raises `JournalRefused` with every fault when it cannot be loaded as it stands."""
    return _Reader(text, options or JournalOptions()).read()


@dataclass(slots=True)
class _Opened:
    """An account of the journal; `name` is what it is in the book."""

    day: str
    line: int
    name: str
    codes: tuple[str, ...]
    metadata: dict[str, str]
    closed: str = ""


@dataclass(slots=True)
class _Entry:
    """A transaction that was read; its lines are those of the journal's account names."""

    day: str
    line: int
    description: str
    metadata: dict[str, str]
    postings: list[Posting] = field(default_factory=list)
    lines: Lines = ()


class _Reader:
    def __init__(self, text: str, options: JournalOptions) -> None:
        self.faults = Faults(options.file)
        self.options = options
        self.commodities = Commodities(options.commodities)
        self.directives: list[Directive] = []
        for directive in directives(text):
            if isinstance(directive, BadLine):
                self.faults.add(directive.line, directive.code, str(directive))
            else:
                self.directives.append(directive)
        self.settings = BeancountSettings()
        self.opened: dict[str, _Opened] = {}
        self.entries: list[_Entry] = []
        self.assertions: list[Assertion] = []
        self.pads: list[Pad] = []
        self.closings: list[tuple[str, int, str]] = []
        self.left_out: list[LeftOut] = []
        self.tags: dict[str, int] = {}

    def read(self) -> JournalCommands:
        for directive in self.directives:  # wherever they stand, options hold for the whole file
            if (word := directive.head.peek("word")) and word.text == "option":
                with self.faults.at(directive.head.line):
                    self.settings.read(directive.head)
                directive.head.at = 0
        for directive in self.directives:
            with self.faults.at(directive.head.line):
                self._directive(directive)
        for tag, line in self.tags.items():
            self.faults.add(line, "syntax", f"pushtag {tag} is never taken back")
        balancing = self._balancing()
        for entry in self.entries:
            with self.faults.at(entry.line):
                self._settle(entry, balancing)
        self._check_references()
        self.faults.check()  # a transaction that is missing would look like something wrong with a pad
        filled = padded([(e.day, e.line, e.lines) for e in self.entries], self.assertions, self.pads, self.faults)
        for pad, lines in filled:
            with self.faults.at(pad.line):
                self._check_currencies((account, code) for account, _, code in lines)
        self.faults.check()
        commands = self._commands(filled, balancing)
        self.faults.check()
        return commands

    def _directive(self, directive: Directive) -> None:
        head = directive.head
        token = head.take("date", "word", what="a date or a keyword")
        if token.kind == "word":
            if token.text in ("pushtag", "poptag"):
                tag = head.take("tag", what="a tag").text[1:]
                if token.text == "pushtag":
                    self.tags[tag] = head.line
                elif tag in self.tags:
                    del self.tags[tag]
                else:
                    raise BadLine("syntax", f"poptag {tag} without its pushtag")
            elif token.text != "option":
                raise BadLine("not_supported", f"{token.text} could change what the journal says: not supported")
            return
        day = day_of(token)
        flag = flag_of(head)
        word = "" if flag else head.take("word", what="a directive").text
        if flag or word == "txn":
            self._transaction(day, flag or "*", directive)
        elif word == "open":
            self._open(day, directive)
        elif word == "close":
            self._close(day, head)
        elif word == "balance":
            self._assertion(day, head)
        elif word == "pad":
            self.pads.append(Pad(day, head.line, self._account(head), self._account(head)))
            head.end()
        elif word in _LEFT_OUT:
            self.left_out.append(LeftOut(head.line, word))
        else:
            raise BadLine("not_supported", f"a directive {word!r} is not of the language")

    def _account(self, row: Row) -> str:
        name = row.take("account", what="an account").text
        self.settings.type_of(name)
        return name

    def _open(self, day: str, directive: Directive) -> None:
        head = directive.head
        name = self._account(head)
        codes: list[str] = []
        while head.peek("name"):
            codes.append(self.commodities.of(commodity_of(head, self.commodities)).code)
            if not head.sign(","):
                break
        if booking := head.peek("string"):
            head.at += 1
            if string_of(booking) not in _BOOKINGS:
                raise BadLine("syntax", f"booking {string_of(booking)!r} is none of the language")
        head.end()
        metadata = _metadata(directive.rows)
        if name in self.opened:
            raise BadLine("account_twice", f"account {name!r} is opened in line {self.opened[name].line} already")
        self.opened[name] = _Opened(day, head.line, metadata.pop(ACCOUNT_FIELD, name), tuple(codes), metadata)

    def _close(self, day: str, head: Row) -> None:
        name = self._account(head)
        head.end()
        self.closings.append((day, head.line, name))

    def _assertion(self, day: str, head: Row) -> None:
        name = self._account(head)
        value, digits = number_of(head)
        slack = self.settings.multiplier * 2 / 10**digits if digits else Fraction(0)
        if head.sign("~"):
            slack, _ = number_of(head)
            if slack < 0:
                raise BadLine("number_malformed", "a tolerance is not below zero")
        commodity = commodity_of(head, self.commodities)
        head.end()
        minor = minor_of(Quantity(value, commodity), self.commodities, head.line)
        money = self.commodities.of(commodity)
        slack_minor = int(slack * 10**money.digits)
        span = (minor - slack_minor, minor + slack_minor)
        self.assertions.append(Assertion(day, head.line, name, money.code, minor, *span))

    def _transaction(self, day: str, flag: str, directive: Directive) -> None:
        head = directive.head
        texts = []
        while token := head.peek("string"):
            head.at += 1
            texts.append(string_of(token))
        if len(texts) > 2:
            raise BadLine("syntax", "a transaction has a payee and a narration, no third text")
        above = next((n for n, row in enumerate(directive.rows) if not row.peek("key", "tag", "link")), None)
        own, below = directive.rows[:above], directive.rows[above:] if above is not None else []
        notes = [row for row in own if row.peek("key")]
        marks = [row for row in own if not row.peek("key")]
        told = {"status": "pending" if flag == "!" else "", "flag": flag if flag not in ("!", "*") else ""}
        told |= {"payee": texts[0] if len(texts) == 2 else ""}
        told |= self._tags_and_links([head, *marks])
        metadata = {name: value for name, value in told.items() if value} | _metadata(notes)
        entry = _Entry(day, head.line, texts[-1] if texts else "", metadata)
        faults = len(self.faults)
        noted: list[Row] = []
        for row in (*below, None):
            if row is not None and row.peek("key"):
                noted.append(row)
                continue
            if entry.postings:
                entry.postings[-1].notes |= _metadata(noted)
            noted = []
            if row is not None:
                with self.faults.at(row.line):
                    entry.postings.append(posting_of(row, self.commodities))
                    self.settings.type_of(entry.postings[-1].account)
        if len(self.faults) == faults:
            self.entries.append(entry)

    def _tags_and_links(self, rows: Sequence[Row]) -> dict[str, str]:
        found: dict[str, list[str]] = {"tag": list(self.tags), "link": []}
        for row in rows:
            while token := row.peek("tag", "link"):
                row.at += 1
                found[token.kind].append(token.text[1:])
            row.end()
        return {f"{kind}s": " ".join(dict.fromkeys(words)) for kind, words in found.items()}

    def _settle(self, entry: _Entry, balancing: Balancing) -> None:
        """Balance a transaction and look whether its accounts take it."""
        balanced = balance(entry.postings, balancing)
        entry.lines = balanced.lines
        entry.metadata = merged(balanced.metadata, entry.metadata)
        taken = [(account, code) for account, _, code in balanced.lines]
        taken += [(p.account, self.commodities.of(p.units.commodity).code) for p in entry.postings if p.units]
        self._check_currencies(taken)
        if not balanced.lines:
            self.left_out.append(LeftOut(entry.line, "transaction that moves nothing"))

    def _check_currencies(self, taken: Iterable[tuple[str, str]]) -> None:
        for account, code in taken:
            opened = self.opened.get(account)
            if opened and opened.codes and code not in opened.codes:
                raise BadLine("currency_not_allowed", f"account {account!r} takes {', '.join(opened.codes)} only")

    def _balancing(self) -> Balancing:
        settings, options = self.settings, self.options

        def inferred(postings: Sequence[Posting], commodity: str) -> Fraction | None:
            digits = [p.units.digits for p in postings if p.units and p.units.commodity == commodity and p.units.digits]
            found = [settings.multiplier / 10 ** min(digits)] if digits else []
            if commodity in settings.tolerances:
                found.append(settings.tolerances[commodity])
            return max(found, default=None)

        def tolerance(postings: Sequence[Posting], commodity: str) -> Fraction:
            found = inferred(postings, commodity)
            return found if found is not None else settings.tolerances.get(EVERY, Fraction(0))

        def round_elided(postings: Sequence[Posting], taken: Quantity) -> Fraction:
            return rounded(taken.value, inferred(postings, taken.commodity) or Fraction(0))

        rounding = options.rounding_account or (f"{settings.equity}:{settings.rounding}" if settings.rounding else "")
        conversion = options.conversion_account or f"{settings.equity}:Conversions"
        return Balancing(self.commodities, tolerance, round_elided, conversion, rounding)

    def _check_references(self) -> None:
        """Every account is open on the day on which something names it."""
        for day, line, name in self.closings:
            opened = self.opened.get(name)
            with self.faults.at(line):
                if opened is None:
                    raise BadLine("account_not_open", f"account {name!r} is never opened")
                if opened.closed or day < opened.day:
                    raise BadLine("account_closed", f"account {name!r} is closed twice or before it is opened")
                opened.closed = day
        named = [(entry.day, posting.line, posting.account) for entry in self.entries for posting in entry.postings]
        named += [(pad.day, pad.line, account) for pad in self.pads for account in (pad.account, pad.source)]
        for day, line, name in named:
            opened = self.opened.get(name)
            with self.faults.at(line):
                if opened is None or day < opened.day:
                    raise BadLine("account_not_open", f"account {name!r} is not open on {day}")
                if opened.closed and day > opened.closed:
                    raise BadLine("account_closed", f"account {name!r} is closed since {opened.closed}")
        for assertion in self.assertions:
            if assertion.account not in self.opened:
                self.faults.add(assertion.line, "account_not_open", f"account {assertion.account!r} is never opened")

    def _commands(self, filled: Sequence[tuple[Pad, Lines]], balancing: Balancing) -> JournalCommands:
        prefix = self.options.key_prefix
        moved = {(account, code) for entry in self.entries for account, _, code in entry.lines}
        moved |= {(account, code) for _, lines in filled for account, _, code in lines}
        for name in (balancing.conversion_account, balancing.rounding_account):
            if name and name not in self.opened and name in {account for account, _ in moved}:
                self.opened[name] = _Opened("", 0, name, (), {})
        opens, closes = [], []
        posts: list[tuple[int, Command]] = []
        keyed: list[Command] = []
        taken: dict[str, str] = {}
        for name, opened in sorted(self.opened.items()):
            with self.faults.at(opened.line):
                kind = self.settings.type_of(name)
                other = taken.setdefault(opened.name, name)
                if other != name:
                    raise BadLine("account_twice", f"accounts {other!r} and {name!r} are both {opened.name!r}")
                if opened.name not in self.options.existing_accounts:
                    opens.append(open_account(prefix, opened.name, kind, opened.codes, opened.metadata))
                if opened.closed:
                    closes.append(close_account(prefix, opened.name, opened.closed))
        for entry in self.entries:
            with self.faults.at(entry.line):
                if entry.lines:
                    command = post(entry.day, self._renamed(entry.lines), entry.description, entry.metadata)
                    posts.append((entry.line, command))
        for pad, lines in filled:
            command = post(pad.day, self._renamed(lines), "padding up to the next balance assertion", {"flag": "P"})
            posts.append((pad.line, command))
        with self.faults.at(0):
            keyed = with_keys(prefix, posts)
        ordered = sorted(moved)
        expectations = [self._expectation(assertion, ordered) for assertion in sorted(self.assertions, key=_order)]
        commands: list[Command] = [*opens, *keyed, *closes]
        return JournalCommands(self.options.file, tuple(commands), tuple(expectations), tuple(self.left_out))

    def _renamed(self, lines: Lines) -> Lines:
        return tuple((self.opened[account].name, minor, code) for account, minor, code in lines)

    def _expectation(self, assertion: Assertion, moved: Sequence[tuple[str, str]]) -> Expectation:
        below = [a for a, code in moved if code == assertion.code and under(a, assertion.account)]
        as_of = (date.fromisoformat(assertion.day) - timedelta(days=1)).isoformat()
        names = [self.opened[account].name for account in below or [assertion.account]]
        queries = tuple(balance_query(name, assertion.code, as_of) for name in names)
        text = f"{assertion.account} begins {assertion.day} with {assertion.minor} minor units of {assertion.code}"
        return Expectation(assertion.line, text, queries, ((assertion.low, assertion.high),))


def _order(assertion: Assertion) -> tuple[str, str, str, int]:
    return assertion.day, assertion.account, assertion.code, assertion.minor


def _metadata(rows: Sequence[Row]) -> dict[str, str]:
    """Names and values of metadata lines, the values as text."""
    found: dict[str, str] = {}
    for row in rows:
        name = row.take("key", what="a name and a colon").text[:-1]
        if name in found:
            raise BadLine("metadata_twice", f"metadata {name!r} stands here twice", row.line)
        words = [string_of(token) if token.kind == "string" else token.text for token in row.tokens[row.at :]]
        found[name] = " ".join(words)
    return found
