"""The part of a posting rule that says what its fact does to a hold.

::

    {"name": "gateway.authorized", "when": {"type": "payment.authorized"}, "hold": "place",
     "lines": [{"account": "1000", "debit": "gross"}, {"account": "7000", "credit": "gross"}]}
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from ledger.errors import RulesError
from ledger.fact_holds import Step
from ledger.facts import Fact

LINK_DEFAULT: Final = "links.payment"
_LINK: Final = re.compile(r"(links|attributes|metadata)\.([A-Za-z0-9_.-]+)")


@dataclass(frozen=True, slots=True)
class HoldClause:
    """What the facts of a rule do to a hold.

    Attributes:
        rule: name and version of the rule.
        step: place, capture or release.
        kept: of a capture, that the rest stays held.
        holder, field: where in the fact the hold's name is: ``links`` and ``payment``.
    """

    rule: str
    step: Step
    kept: bool
    holder: Literal["links", "attributes", "metadata"]
    field: str

    def name(self, fact: Fact) -> str:
        """The hold's name; empty when the fact does not say."""
        told: dict[str, str] = getattr(fact, self.holder)
        return told.get(self.field, "")

    @property
    def link(self) -> str:
        """As the rule writes it: ``links.payment``."""
        return f"{self.holder}.{self.field}"


def hold_clause(
    rule: str, version: int, step: Step | None, link: str | None, rest: Literal["release", "keep"] | None
) -> HoldClause | None:
    """The clause of a rule, None when it has none; raises `RulesError`."""
    if step is None:
        given = [name for name, value in (("hold_link", link), ("hold_rest", rest)) if value is not None]
        if given:
            raise RulesError(f"rule {rule!r}: {' and '.join(given)} without hold: say place, capture or release")
        return None
    if rest is not None and step != "capture":
        raise RulesError(f"rule {rule!r}: hold_rest is for a capture, a {step} leaves no rest")
    match = _LINK.fullmatch(LINK_DEFAULT if link is None else link)
    if match is None:
        raise RulesError(
            f"rule {rule!r}: hold_link {link!r} names no hold: it is links.<name>, attributes.<name> or metadata.<name>"
        )
    return HoldClause(f"{rule}@{version}", step, rest == "keep", match[1], match[2])  # type: ignore[arg-type]


def lines_min(step: Step | None) -> int:
    """How many lines a rule needs: an entry two, what is held as well; a release needs none, and never one."""
    return 0 if step == "release" else 2
