"""Generated books and journals."""

from datetime import date

from hypothesis import strategies as st

from connectors.account_names import ROOTS
from connectors.commodities import major_text
from connectors.journal_rows import AccountRow, EntryRow
from tests.unit.connectors.journal_book import Balances

part = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters=":"), min_size=1, max_size=6)
word = st.sampled_from(["Bank", "bank", "1000", "Assets", "assets", "a b", "x.y", "(a)", "equity", "conversion"])
codes = st.lists(part | word, min_size=1, max_size=3).map(":".join)
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
plain = st.from_regex(r"[a-z]{2,5}(-[a-z]{1,3})?", fullmatch=True)
fields = st.dictionaries(plain | texts.filter(bool), plain | texts, max_size=4).map(
    lambda found: {name: value for name, value in found.items() if not name.startswith("contraflow-")}
)
currencies = st.lists(st.sampled_from(["USD", "JPY", "KWD", "XHO"]), min_size=1, max_size=2, unique=True)
days = st.dates(min_value=date(1970, 1, 1), max_value=date(2090, 1, 1))


@st.composite
def books(draw: st.DrawFn, largest_minor: int = 2**100) -> tuple[list[AccountRow], list[EntryRow], Balances]:
    """Accounts with any names, entries with any texts, and their balances."""
    names = draw(st.lists(codes, min_size=2, max_size=6, unique=True))
    accounts = [AccountRow(code=name, type=draw(st.sampled_from(list(ROOTS))), metadata=draw(fields)) for name in names]
    entries, balances = [], {}
    for number in range(draw(st.integers(0, 5))):
        lines = []
        for currency in draw(
            st.lists(st.sampled_from(["USD", "JPY", "KWD", "XHO"]), min_size=1, max_size=2, unique=True)
        ):
            debit, credit = draw(st.sampled_from(names)), draw(st.sampled_from(names))
            amount = draw(st.integers(1, 10**9) | st.just(largest_minor))
            lines += [(debit, "debit", str(amount), currency), (credit, "credit", str(amount), currency)]
            for account, minor in ((debit, amount), (credit, -amount)):
                balances[account, currency] = balances.get((account, currency), 0) + minor
        day = draw(days).isoformat()
        entries.append(
            EntryRow(
                effective_at=draw(st.sampled_from([day, f"{day}T10:20:30Z"])),
                lines=tuple(lines),
                description=draw(texts),
                key=f"{draw(texts)}{number}",
                reference=draw(texts),
                metadata=draw(fields),
            )
        )
    return accounts, entries, balances


@st.composite
def beancount_journals(draw: st.DrawFn) -> tuple[list[str], Balances]:
    """Directives of a journal that holds, and the balances that a plain addition gives."""
    accounts = ["Assets:A", "Assets:A:B", "Liabilities:C", "Equity:O"]
    directives = [f"2020-01-01 open {name}" for name in accounts]
    moves: list[tuple[str, str, str, int]] = []
    for number in range(draw(st.integers(1, 6))):
        day = f"2020-02-{draw(st.integers(1, 9)):02d}"
        first, second = draw(st.permutations(accounts))[:2]
        cents = draw(st.integers(-(10**6), 10**6).filter(bool))
        written = major_text(cents, 2)
        kind = draw(st.sampled_from(["elided", "both", "priced"]))
        if kind == "priced":
            rows_ = [f"  {first}  {written} EUR @ 2 USD", f"  {second}"]
            moves += [(day, first, "EUR", cents), (day, second, "USD", -2 * cents)]
            moves += [(day, "Equity:Conversions", "EUR", -cents), (day, "Equity:Conversions", "USD", 2 * cents)]
        else:
            other = (
                f"  {second}  {'' if cents < 0 else '-'}{written.lstrip('-')} USD" if kind == "both" else f"  {second}"
            )
            rows_ = [f"  {first}  {written} USD", other]
            moves += [(day, first, "USD", cents), (day, second, "USD", -cents)]
        directives.append("\n".join([f'{day} * "entry {number % 2}"', *draw(st.permutations(rows_))]))
    for _ in range(draw(st.integers(0, 4))):
        account, day = draw(st.sampled_from(accounts)), f"2020-02-{draw(st.integers(1, 12)):02d}"
        cents = sum(m for when, a, c, m in moves if c == "USD" and when < day and (a + ":").startswith(account + ":"))
        directives.append(
            f"{day} balance {account}  {'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d} USD"
        )
    balances: Balances = {}
    for _, account, code, minor in moves:
        balances[account, code] = balances.get((account, code), 0) + minor
    return directives, {key: minor for key, minor in balances.items() if minor}
