"""The fold of balances: sums of what was posted, whatever the cut."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ledger.entries import Line
from ledger.events import EntryPosted, Recorded, encode_event
from projections.balances import Sums, fold
from projections.bodies import decode_body
from projections.entries import effective_day, postings
from tests.unit.ledger.builders import NOW_US
from tests.unit.projections.stories import cut, history, payment, telling


def merged(parts: list[Sums]) -> Sums:
    total: Sums = {}
    for part in parts:
        for key, (debits, credits, entries, position) in part.items():
            row = total.setdefault(key, [0, 0, 0, 0])
            row[0] += debits
            row[1] += credits
            row[2] += entries
            row[3] = max(row[3], position)
    return total


def entry(position: int, *lines: Line) -> Recorded:
    body = encode_event(EntryPosted(fact=payment(1, "succeeded"), rule="r@1", lines=lines))
    return Recorded("main", position, "EntryPosted", NOW_US, body)


def test_an_entry_with_two_lines_on_one_account_counts_once() -> None:
    lines = (
        Line("1000", "debit", "70", "USD"),
        Line("1000", "debit", "30", "USD"),
        Line("7000", "credit", "100", "USD"),
    )
    assert fold([entry(2, *lines)]) == {("1000", "USD"): [100, 0, 1, 2], ("7000", "USD"): [0, 100, 1, 2]}


def test_amounts_beyond_every_machine_word_stay_exact() -> None:
    huge = str(2**128 - 1)
    events = [entry(n, Line("1", "debit", huge, "USD"), Line("2", "credit", huge, "USD")) for n in (2, 3)]
    assert fold(events)["1", "USD"] == [2 * (2**128 - 1), 0, 2, 3]


@given(telling(), st.lists(st.integers(0, 1000), max_size=6))
def test_the_cut_into_batches_does_not_show(facts, places) -> None:
    events = history(facts)
    assert merged([fold(part) for part in cut(events, places)]) == fold(events)


@given(telling(), st.randoms(use_true_random=False))
def test_any_order_of_telling_gives_the_same_balances_and_they_sum_to_zero(facts, rng) -> None:
    shuffled = list(facts)
    rng.shuffle(shuffled)
    first, second = fold(history(facts)), fold(history(shuffled))
    assert {key: row[:3] for key, row in first.items()} == {key: row[:3] for key, row in second.items()}
    sums: Counter[str] = Counter()
    for (_, currency), (debits, credits, _, _) in first.items():
        sums[currency] += debits - credits
    assert not any(sums.values())


def test_postings_count_lines_from_one_and_fall_back_to_the_recorded_day() -> None:
    rows = list(postings(history([payment(1, "succeeded")])))
    assert [row[:7] for row in rows] == [
        ("main", "2", "1", "1000", "debit", "1000", "USD"),
        ("main", "2", "2", "7000", "credit", "1000", "USD"),
    ]
    assert effective_day("2026-01-05T23:59:59Z", NOW_US) == "2026-01-05"
    assert effective_day("next tuesday", NOW_US) == "2026-01-05"


def test_a_nul_character_is_replaced_and_its_spelling_is_not() -> None:
    import msgspec

    decoder = msgspec.json.Decoder(str)
    assert decode_body(decoder, msgspec.json.encode("a\0b\\u0000\\\0")) == "a\ufffdb\\u0000\\\ufffd"
