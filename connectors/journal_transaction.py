"""A transaction of a plain-text journal becomes the lines of one entry (laws 1 and 7).

Every posting has units, which move the account, and a weight, which counts when the transaction is balanced: with a
price or a cost the weight is units times that. A posting without an amount takes what the others leave.

An entry of the book is zero in every currency. Where a price or a cost turns one commodity into another, each of them
is balanced against a conversion account, and the rate stays in the entry's metadata. What a tolerance of the journal
forgives is posted to a rounding account when one is named, and refused otherwise.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from connectors.commodities import Commodities, CommodityUnknown, decimal_text
from connectors.journal_faults import BadLine


@dataclass(frozen=True, slots=True)
class Quantity:
    """A decimal number of a commodity, as a journal has it.

    Attributes:
        digits: decimal digits as written; tolerances follow from them.
    """

    value: Fraction
    commodity: str
    digits: int = 0


@dataclass(slots=True)
class Posting:
    """One posting as it was read.

    Attributes:
        line: where it stands in the file.
        units: None where the amount is left out.
        weight: what it counts in the balance; that of the units unless a price or a cost says otherwise.
        notes: what is kept of it in the entry's metadata: ``price``, ``cost``, ``status``, tags.
    """

    account: str
    line: int
    units: Quantity | None = None
    weight: Quantity | None = None
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def converted(self) -> bool:
        """True when its weight is in another commodity than its units."""
        return bool(self.units and self.weight and self.units.commodity != self.weight.commodity)


@dataclass(frozen=True, slots=True)
class Balanced:
    """The lines of an entry: account, signed minor units (debits above zero), currency; and the postings' notes.

    Attributes:
        metadata: ``line-1-price`` and so on, counted in the order of the lines.
        origins: for each line the line of its posting in the file, 0 for those added here.
    """

    lines: tuple[tuple[str, int, str], ...]
    metadata: dict[str, str]
    origins: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Balancing:
    """How a journal's transactions are balanced.

    Attributes:
        tolerance: for a transaction's postings the greatest sum of weights that passes for zero, by commodity.
        round_elided: how a left-out amount is rounded, given the postings; exact where it returns the same number.
        conversion_account, rounding_account: their names; no rounding account when empty.
    """

    commodities: Commodities
    tolerance: Callable[[Sequence[Posting], str], Fraction]
    round_elided: Callable[[Sequence[Posting], Quantity], Fraction]
    conversion_account: str
    rounding_account: str = ""


def balance(postings: Sequence[Posting], balancing: Balancing) -> Balanced:
    """The lines of a transaction; raises `BadLine` when it does not balance or an amount cannot be found."""
    complete = _with_elided(postings, balancing)
    for commodity, value in sums(p.weight for p in complete if p.weight).items():
        if abs(value) > balancing.tolerance(postings, commodity):
            raise BadLine("entry_unbalanced", f"the postings sum to {decimal_text(value)} {commodity}, not to zero")
    lines, origins, metadata, residual = _lines(complete, balancing)
    turned = {quantity.commodity for p in complete if p.converted for quantity in (p.units, p.weight) if quantity}
    codes = {balancing.commodities.of(commodity).code for commodity in turned}
    for code, minor in sorted(residual.items()):
        if not minor:
            continue
        if code in codes:
            lines.append((balancing.conversion_account, -minor, code))
        elif balancing.rounding_account:
            lines.append((balancing.rounding_account, -minor, code))
        else:
            raise BadLine(
                "entry_not_exact",
                f"the postings are {minor} minor units of {code} off zero, within the journal's tolerance: a book has "
                "none; write the difference out or name a rounding account",
            )
    origins += [0] * (len(lines) - len(origins))
    return Balanced(tuple(lines), metadata, tuple(origins))


def sums(quantities: Iterable[Quantity]) -> dict[str, Fraction]:
    """The sum of quantities by commodity."""
    found: dict[str, Fraction] = {}
    for quantity in quantities:
        found[quantity.commodity] = found.get(quantity.commodity, Fraction(0)) + quantity.value
    return found


def minor_of(quantity: Quantity, commodities: Commodities, line: int) -> int:
    """The minor units of a quantity; raises `BadLine` when it has no whole number of them."""
    try:
        return commodities.minor(quantity.value, quantity.commodity)
    except CommodityUnknown as error:
        raise BadLine(_code_of(quantity, commodities), str(error), line) from error


def _code_of(quantity: Quantity, commodities: Commodities) -> str:
    try:
        commodities.of(quantity.commodity)
    except CommodityUnknown:
        return "commodity_unknown"
    return "amount_not_representable"


def _with_elided(postings: Sequence[Posting], balancing: Balancing) -> list[Posting]:
    """The postings, the one without an amount replaced by one a commodity that takes what is left."""
    elided = [posting for posting in postings if posting.units is None]
    if not elided:
        return list(postings)
    if len(elided) > 1:
        raise BadLine("amounts_missing", "only one posting may leave its amount out", elided[1].line)
    left = sums(p.weight for p in postings if p.weight)
    complete: list[Posting] = []
    for posting in postings:
        if posting.units is not None:
            complete.append(posting)
            continue
        for commodity, value in left.items():
            if value:
                taken = Quantity(-value, commodity)
                taken = Quantity(balancing.round_elided(postings, taken), commodity)
                complete.append(Posting(posting.account, posting.line, taken, taken, posting.notes))
    return complete


def _lines(
    postings: Sequence[Posting], balancing: Balancing
) -> tuple[list[tuple[str, int, str]], list[int], dict[str, str], dict[str, int]]:
    """Lines without those of zero, where they stand, their notes by number, and what they leave in each currency."""
    lines: list[tuple[str, int, str]] = []
    origins: list[int] = []
    metadata: dict[str, str] = {}
    residual: dict[str, int] = {}
    for posting in postings:
        assert posting.units is not None
        if not posting.units.value:
            continue
        minor = minor_of(posting.units, balancing.commodities, posting.line)
        code = balancing.commodities.of(posting.units.commodity).code
        residual[code] = residual.get(code, 0) + minor
        lines.append((posting.account, minor, code))
        origins.append(posting.line)
        for name, value in posting.notes.items():
            metadata[f"line-{len(lines)}-{name}"] = value
    return lines, origins, metadata, residual
