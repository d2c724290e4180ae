"""Posting rules: data that says which fact posts which lines.

The first rule whose condition holds makes the entry, and its name and version stand in it. An account is a code, or a
field of the fact in braces (``{metadata.ledger_account}``). A rule's amount is a sum or difference of the fact's named
amounts (``gross``, ``gross - fee``); an amount below zero changes the side, a line of zero is left out. A line may be
split over several accounts (see `splits`). A fact without a rule, or whose lines are all zero, is observed and posts
nothing.

Rules are compiled once, because the posting path runs them for every fact: into tuples, and where a rule splits nothing
also into a program of its own (`rule_program`), which answers for the facts that need nothing unusual.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec

from ledger.allocation import Rounding
from ledger.entries import Line, imbalance
from ledger.errors import PostingError, RulesError
from ledger.fact_holds import Step
from ledger.facts import FACT_TYPES, Fact
from ledger.hold_clause import HoldClause, hold_clause, lines_min
from ledger.money import AMOUNT_MINOR_MAX, Money
from ledger.rule_program import Plain, Program, program_of
from ledger.splits import FACT_FIELD, Split, SplitPart, account_field

_Json = TypeVar("_Json", dict[str, Any], list[Any])

_TERM: Final = re.compile(r"([+-]?)\s*([a-z_]+)\s*")


class _Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    field: str | None = None
    any_of: tuple[str, ...] = ()
    has: str | None = None
    equals: str | None = None
    contains: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()
    in_: tuple[str, ...] = msgspec.field(name="in", default=())


class _When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: str
    source: str | None = None
    where: tuple[_Where, ...] = ()


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: str = ""
    debit: str | None = None
    credit: str | None = None
    split: tuple[SplitPart, ...] = ()
    rounding: Rounding = "largest_remainder"


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    when: _When
    lines: tuple[_Line, ...] = ()
    hold: Step | None = None
    hold_link: str | None = None
    hold_rest: Literal["release", "keep"] | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    rules: tuple[_Rule, ...]


class Posting(msgspec.Struct, frozen=True, gc=False):
    """What a rule makes of a fact.

    Attributes:
        rule: name and version.
        lines: two or more, balanced per currency.
        signed: their amounts in minor units, debits above and credits below zero.
    """

    rule: str
    lines: tuple[Line, ...]
    signed: list[int]


class _Compiled:
    __slots__ = ("hold", "lines", "program", "rule", "source", "splits", "where")

    def __init__(self, rule: _Rule, version: int) -> None:
        self.rule = f"{rule.name}@{version}"
        self.source = rule.when.source
        self.where = rule.when.where
        self.hold = hold_clause(rule.name, version, rule.hold, rule.hold_link, rule.hold_rest)
        self.lines = tuple(_compile_line(line, rule.name) for line in rule.lines)
        # One entry a line, None where the line is whole; empty for a rule that splits nothing, as most do.
        splits = tuple(Split.of(line.split, line.rounding, rule.name) if line.split else None for line in rule.lines)
        self.splits = splits if any(splits) else ()
        unusual = self.splits or self.hold is not None
        self.program: Program = _no_program if unusual else program_of(self.rule, self.lines)


class RuleSet:
    """Posting rules, ready to be applied. `document` is what was read, as it is kept in the book."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Compile the document; raises `RulesError` naming the rule and field at fault."""
        try:
            parsed = msgspec.convert(document, _File)
        except msgspec.ValidationError as error:
            raise RulesError(f"posting rules: {error}") from error
        self.document = dict(document)
        self.version = parsed.version
        self._by_type: dict[str, list[_Compiled]] = {}
        names: set[str] = set()
        for rule in parsed.rules:
            if rule.name in names:
                raise RulesError(f"posting rules: the name {rule.name!r} stands in them twice")
            names.add(rule.name)
            if rule.when.type not in FACT_TYPES:
                raise RulesError(f"rule {rule.name!r}: when.type {rule.when.type!r} is not a known fact type")
            if len(rule.lines) < lines_min(rule.hold) or len(rule.lines) == 1:
                raise RulesError(f"rule {rule.name!r}: an entry needs two or more lines, it has {len(rule.lines)}")
            for where in rule.when.where:
                _check_where(where, rule.name)
            self._by_type.setdefault(rule.when.type, []).append(_Compiled(rule, parsed.version))
        # What rules do to holds, by fact type: nothing in most rule sets, so that most facts are not asked twice.
        self.holding: dict[str, tuple[HoldClause, ...]] = {
            name: tuple(rule.hold for rule in rules if rule.hold is not None)
            for name, rules in self._by_type.items()
            if any(rule.hold is not None for rule in rules)
        }

    @property
    def accounts(self) -> frozenset[str]:
        """Every account code that stands in a rule; not those that facts name."""
        rules = [rule for rules in self._by_type.values() for rule in rules]
        named = {account for rule in rules for account, field, *_ in rule.lines if account and not field}
        parts = [part for rule in rules for split in rule.splits if split for part in split.accounts]
        return frozenset(named | {account for account, field in parts if not field})

    def post(self, fact: Fact) -> Posting | None:
        """The lines of a fact, or None when it posts nothing; raises `PostingError`."""
        rule = self._rule_of(fact)
        return _apply(rule, fact) if rule is not None else None

    def plain(self, fact: Fact) -> Plain | None:
        """The entry of an ordinary fact, the same that `post` makes; None when `post` has to decide."""
        rule = self._rule_of(fact)
        return rule.program(fact) if rule is not None else None

    def _rule_of(self, fact: Fact) -> _Compiled | None:
        for rule in self._by_type.get(fact.type, ()):
            if rule.source is not None and rule.source != fact.source:
                continue
            if rule.where and not all(_holds(where, fact) for where in rule.where):
                continue
            return rule
        return None

    def hold_of(self, fact: Fact) -> HoldClause | None:
        """What the rule of a fact does to a hold; None when it does nothing."""
        if fact.type not in self.holding:
            return None
        rule = self._rule_of(fact)
        return rule.hold if rule is not None else None


def _no_program(_: Fact) -> None:
    return None


def load_rules(path: Path | None = None) -> RuleSet:
    """The rules in `path`, or those that ship with the ledger; raises `RulesError`.

    Args:
        path: a file with version and rules, or a folder whose ``book.json`` names a version and files, each of which
            holds a list of rules. They become one document in the order in which they are named.
    """
    source = path if path is not None else files("ledger").joinpath("posting_rules")
    if not source.is_dir():
        return RuleSet(_document(source, dict))
    book = _document(source.joinpath("book.json"), dict)
    names = book.get("files")
    if not isinstance(names, list) or book.keys() != {"version", "files"}:
        raise RulesError(f"posting rules in {source}: book.json must hold version and files")
    rules = [rule for name in names for rule in _document(source.joinpath(f"{name}.json"), list)]
    return RuleSet({"version": book["version"], "rules": rules})


def _document(source: Traversable, kind: type[_Json]) -> _Json:
    try:
        document = msgspec.json.decode(source.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError, FileNotFoundError) as error:
        raise RulesError(f"posting rules in {source}: {error}") from error
    if not isinstance(document, kind):
        wanted = {"dict": "an object with version and rules", "list": "a list of rules"}[kind.__name__]
        raise RulesError(f"posting rules in {source}: must be {wanted}")
    return document


def _apply(rule: _Compiled, fact: Fact) -> Posting | None:
    """One pass: lines, signed amounts and the proof that they balance (law 1)."""
    if rule.splits:
        return _posting(rule, _split_lines(rule, fact))
    lines: list[Line] = []
    signed: list[int] = []
    sums: dict[str, int] = {}
    for account, field, debit, terms in rule.lines:
        amount_minor, currency = _amount(rule, fact, terms)
        if amount_minor == 0:
            continue
        signed_minor = amount_minor if debit else -amount_minor
        sums[currency] = sums.get(currency, 0) + signed_minor
        signed.append(signed_minor)
        code = _account(rule, fact, field) if field else account
        if signed_minor > 0:
            lines.append(Line(code, "debit", str(signed_minor), currency))
        else:
            lines.append(Line(code, "credit", str(-signed_minor), currency))
    if not lines:
        return None
    if len(lines) < 2 or any(sums.values()):
        off = {currency: off for currency, off in sums.items() if off}
        raise PostingError(
            "entry_unbalanced", "lines", f"rule {rule.rule} makes {len(lines)} lines that are off by {off} minor units"
        )
    return Posting(rule.rule, tuple(lines), signed)


def _split_lines(rule: _Compiled, fact: Fact) -> Iterator[tuple[str, int, str]]:
    """Account, signed amount and currency of every line and of every part of a split one."""
    for (account, field, debit, terms), split in zip(rule.lines, rule.splits, strict=True):
        amount_minor, currency = _amount(rule, fact, terms)
        sign = 1 if debit else -1
        if split is None:
            yield _account(rule, fact, field) if field else account, sign * amount_minor, currency
            continue
        for (code, named), part_minor in zip(split.accounts, split.amounts(amount_minor, rule.rule), strict=True):
            if part_minor:
                yield _account(rule, fact, named) if named else code, sign * part_minor, currency


def _posting(rule: _Compiled, told: Iterable[tuple[str, int, str]]) -> Posting | None:
    made = [each for each in told if each[1]]
    lines = tuple(
        Line(account, "debit" if minor > 0 else "credit", str(abs(minor)), currency)
        for account, minor, currency in made
    )
    if not lines:
        return None
    off = imbalance(lines)
    if len(lines) < 2 or off:
        raise PostingError(
            "entry_unbalanced", "lines", f"rule {rule.rule} makes {len(lines)} lines that are off by {off} minor units"
        )
    return Posting(rule.rule, lines, [minor for _, minor, _ in made])


def _amount(rule: _Compiled, fact: Fact, terms: tuple[tuple[int, str], ...]) -> tuple[int, str]:
    amount_minor = 0
    currency = ""
    for sign, name in terms:
        money = fact.amounts.get(name)
        if money is None:
            raise PostingError(
                "amount_missing", f"amounts.{name}", f"rule {rule.rule} needs amounts.{name}, the fact has none"
            )
        if currency and money.currency != currency:
            raise PostingError(
                "currencies_differ",
                f"amounts.{name}",
                f"rule {rule.rule} adds {money.currency} to {currency} in one line",
            )
        currency = money.currency
        amount_minor += sign * int(money.amount)
    if not -AMOUNT_MINOR_MAX <= amount_minor <= AMOUNT_MINOR_MAX:
        raise PostingError("amount_too_large", f"amounts.{terms[0][1]}", "a line holds at most 2^128-1 minor units")
    return amount_minor, currency


def _account(rule: _Compiled, fact: Fact, field: str) -> str:
    value = _field(fact, field)
    if not isinstance(value, str) or not value:
        raise PostingError("account_missing", field, f"rule {rule.rule} takes the account from {field}, which is empty")
    return value


def _compile_line(line: _Line, rule: str) -> tuple[str, str, bool, tuple[tuple[int, str], ...]]:
    if (line.debit is None) == (line.credit is None):
        raise RulesError(f"rule {rule!r}: line of account {line.account!r} needs either debit or credit")
    text = line.debit if line.debit is not None else line.credit
    assert text is not None
    terms: list[tuple[int, str]] = []
    at = 0
    while at < len(text.strip()):
        match = _TERM.match(text.strip(), at)
        if match is None or (terms and not match[1]):
            raise RulesError(f"rule {rule!r}: amount {text!r} is not a sum of names such as 'gross - fee'")
        terms.append((-1 if match[1] == "-" else 1, match[2]))
        at = match.end()
    if not terms:
        raise RulesError(f"rule {rule!r}: line of account {line.account!r} has an empty amount")
    if bool(line.account) == bool(line.split):
        raise RulesError(f"rule {rule!r}: a line needs either an account or a split")
    return line.account, account_field(line.account, rule), line.debit is not None, tuple(terms)


def _check_where(where: _Where, rule: str) -> None:
    fields = [name for name in (where.field, where.has, *where.any_of) if name is not None]
    for name in fields:
        if not FACT_FIELD.fullmatch(name):
            raise RulesError(f"rule {rule!r}: {name!r} is not a field of a fact")
    if len(fields) == 0 or (where.has is None and not _tests(where)):
        raise RulesError(
            f"rule {rule!r}: a condition needs has, or field/any_of with equals, in, contains, starts_with"
        )


def _tests(where: _Where) -> bool:
    return where.equals is not None or bool(where.in_ or where.contains or where.starts_with)


def _holds(where: _Where, fact: Fact) -> bool:
    if where.has is not None:
        return _field(fact, where.has) is not None
    names = where.any_of or (where.field,)
    return any(_matches(where, _field(fact, name)) for name in names if name is not None)


def _matches(where: _Where, value: str | Money | None) -> bool:
    if not isinstance(value, str):
        return False
    folded = value.casefold()
    return (
        (where.equals is not None and value == where.equals)
        or value in where.in_
        or any(part.casefold() in folded for part in where.contains)
        or any(value.startswith(part) for part in where.starts_with)
    )


def _field(fact: Fact, name: str) -> str | Money | None:
    head, _, rest = name.partition(".")
    if not rest:
        return fact.status if head == "status" else fact.account
    container: Mapping[str, Any] = getattr(fact, head)
    value: str | Money | None = container.get(rest)
    return value
