"""Programs: posting rules as straight-line Python, for the facts that nearly all facts are.

A rule is data that the posting path runs for every fact. Where its lines are whole (no split) and a fact gives every
amount in one currency, above zero, the lines and their canonical JSON can be written down by a function made for that
rule alone, with no objects in between (docs/explanation/performance.md has the figures). For everything else the
program answers None, and `rules.RuleSet.post` decides, which is also where every refusal gets its words. Both make the
same entry to the byte (tests/unit/ledger/test_plain_posting.py).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from ledger.facts import Fact
from ledger.money import AMOUNT_MINOR_MAX

QUOTED_TEXTS_MAX: Final = 1 << 17

# Account, whether it is a field of the fact instead of a code, whether the line is a debit, and the amount as (sign,
# name) terms: what `rules` compiles a line into.
CompiledLine = tuple[str, str, bool, tuple[tuple[int, str], ...]]
# The moves as (account, minor units, debits above zero), their currency, and what follows the fact in the event's body.
Plain = tuple[Sequence[tuple[str, int]], str, str]
Program = Callable[[Fact], Plain | None]

_quote: Final = msgspec.json.encode


@lru_cache(QUOTED_TEXTS_MAX)
def quoted(text: str) -> str:
    """A text as canonical JSON."""
    return _quote(text).decode()


def program_of(rule: str, lines: Sequence[CompiledLine]) -> Program:
    """The program of one rule.

    Args:
        rule: name and version, as they stand in the entry.
        lines: all of them whole.
    """
    names = list(dict.fromkeys(name for *_, terms in lines for _, name in terms))
    values = {name: f"minor_{number}" for number, name in enumerate(names)}
    constants: dict[str, Any] = {"quoted": quoted, "MAX": AMOUNT_MINOR_MAX}
    body = ["amounts = fact.amounts"]
    for name, value in values.items():
        body += [f"{value} = amounts.get({name!r})", f"if {value} is None: return None"]
    first, *others = values.values()
    body.append(f"currency = {first}.currency")
    body += [f"if {other}.currency != currency: return None" for other in others]
    body += [f"{value} = int({value}.amount)" for value in values.values()]
    accounts, proof, moves, written = [], [], [], []
    for number, (code, field, debit, terms) in enumerate(lines):
        sum_of = " ".join(f"{'-' if sign < 0 else '+'} {values[name]}" for sign, name in terms)
        body += [f"line_{number} = {sum_of}", f"if not 0 < line_{number} <= MAX: return None"]
        account = f"account_{number}"
        if field:
            head, _, rest = field.partition(".")
            told = f"fact.{head}.get({rest!r})" if rest else f"fact.{head}"
            accounts += [f"{account} = {told}", f"if {account}.__class__ is not str or not {account}: return None"]
        else:
            constants[account] = code
        proof.append(f"{'+' if debit else '-'} line_{number}")
        moves.append(f"({account}, {'' if debit else '-'}line_{number})")
        json_account = f"{{quoted({account})}}" if field else _braced(quoted(code))
        written.append(f'[{json_account},"{"debit" if debit else "credit"}","{{line_{number}}}",{{in_currency}}]')
    # Law 1, asserted for every entry: a rule that does not balance is told why by the longer way.
    body += [f"if {' '.join(proof)}: return None", *accounts, "in_currency = quoted(currency)"]
    tail = f',"lines":[{",".join(written)}],"rule":{_braced(quoted(rule))}}}}}'
    body.append(f"return ({', '.join(moves)}), currency, f{tail!r}")
    source = "def program(fact):\n" + "".join(f"    {line}\n" for line in body)
    exec(compile(source, f"<posting rule {rule}>", "exec"), constants)  # noqa: S102 - every text in it went through repr
    program: Program = constants["program"]
    return program


def _braced(text: str) -> str:
    """A text as it stands in an f-string."""
    return text.replace("{", "{{").replace("}", "}}")
