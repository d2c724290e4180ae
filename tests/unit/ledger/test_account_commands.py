"""Accounts by command: opened, closed, limited, described; each change an event."""

import pytest

from ledger.accounts import load_chart
from tests.unit.ledger.command_desk import Teller, command, post, two


def test_an_account_is_opened_posted_to_closed_and_reopened() -> None:
    teller = Teller()
    opened = command("open_account", "o", account="liabilities:customers:42", type="liability", currencies=["USD"])
    teller.must(opened, post("p", "1000", "liabilities:customers:42"))
    assert teller.figures("liabilities:customers:42")["posted"] == 100
    teller.must(command("close_account", "c", account="liabilities:customers:42"))
    assert teller.one(post("q", "1000", "liabilities:customers:42")).code == "account_closed"
    teller.must(command("reopen_account", "r", account="liabilities:customers:42"))
    teller.must(post("q", "1000", "liabilities:customers:42"))
    assert teller.ledger.book.accounts["liabilities:customers:42"].normal_side == "credit"


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"account": "1000"}, "account_exists", "account"),
        ({"account": ""}, "account_malformed", "account"),
        ({"account": " a"}, "account_malformed", "account"),
        ({"account": "a::b"}, "account_malformed", "account"),
        ({"account": "a:"}, "account_malformed", "account"),
        ({"account": "a\nb"}, "account_malformed", "account"),
        ({"account": "a" * 129}, "account_malformed", "account"),
        ({"currencies": ["usd"]}, "account_malformed", "currencies"),
        ({"limits": {"usd": {"kind": "overdraft"}}}, "account_malformed", "limits"),
        ({"limits": {"*": {"kind": "overdraft", "overdraft": "-1"}}}, "account_malformed", "limits"),
        (
            {"limits": {"*": {"kind": "debits_must_not_exceed_credits", "overdraft": "1"}}},
            "account_malformed",
            "limits",
        ),
        ({"type": "cash"}, "command_malformed", "type"),
    ],
)
def test_what_is_no_account_is_refused(fields: dict, code: str, field: str) -> None:
    teller = Teller()
    state = teller.digest()
    answer = teller.one(command("open_account", "o", **{"account": "a", "type": "asset", **fields}))
    assert (answer.code, answer.field) == (code, field)
    assert teller.digest() == state


@pytest.mark.parametrize("name", ["close_account", "reopen_account", "set_limit", "set_metadata"])
def test_an_account_must_be_there(name: str) -> None:
    more: dict = {"set_limit": {"limit": "none"}, "set_metadata": {"metadata": {}}}.get(name, {})
    answer = Teller().one(command(name, "k", account="nobody", **more))
    assert (answer.code, answer.field, answer.value) == ("account_unknown", "account", "nobody")


def test_closing_twice_and_reopening_what_is_open_are_refused() -> None:
    teller = Teller()
    assert teller.one(command("reopen_account", "r", account="1000")).code == "account_open"
    teller.must(command("close_account", "c", account="1000"))
    assert teller.one(command("close_account", "c2", account="1000")).code == "account_closed"


def test_an_account_with_holds_is_not_closed() -> None:
    teller = Teller()
    teller.must(command("hold", "h", lines=two("1000", "7000", 1)))
    assert teller.one(command("close_account", "c", account="1000")).code == "account_has_holds"
    teller.must(command("release", "r", hold="h"), command("close_account", "c", account="1000"))


def test_only_the_named_currencies_are_taken() -> None:
    teller = Teller()
    teller.must(command("open_account", "o", account="a", type="asset", currencies=["EUR"]))
    answer = teller.one(post("p", "a"))
    assert (answer.code, answer.field, answer.value) == ("currency_not_allowed", "lines[0].currency", "USD")
    teller.must(post("p", "a", currency="EUR"))


def test_a_limit_that_is_broken_already_is_not_set() -> None:
    teller = Teller()
    teller.must(post("p", "7000", "1000", 5))
    for account, kind in (("7000", "debits_must_not_exceed_credits"), ("1000", "credits_must_not_exceed_debits")):
        assert teller.one(command("set_limit", "l", account=account, limit=kind)).code == "limit_exceeded"
    assert teller.one(command("set_limit", "l", account="7000", limit="overdraft", overdraft="4")).decision == "refused"
    teller.must(command("set_limit", "l", account="7000", limit="overdraft", overdraft="5"))


@pytest.mark.parametrize(
    "fields",
    [
        {"limit": "overdraft", "overdraft": "x"},
        {"limit": "overdraft", "overdraft": str(2**128)},
        {"limit": "debits_must_not_exceed_credits", "overdraft": "1"},
        {"limit": "none", "overdraft": "1"},
        {"limit": "overdraft", "currency": "usd"},
    ],
)
def test_what_is_no_limit_is_refused(fields: dict) -> None:
    assert Teller().one(command("set_limit", "l", account="1000", **fields)).code == "limit_malformed"


def test_metadata_is_merged_and_its_history_kept() -> None:
    teller = Teller()
    teller.must(
        command("set_metadata", "m1", account="1000", metadata={"owner": "ann", "tier": "1"}),
        command("set_metadata", "m2", account="1000", metadata={"owner": "bob", "tier": None}),
    )
    assert teller.ledger.book.accounts["1000"].metadata == {"owner": "bob"}
    told = [event.event().command.metadata for event in teller.store.history("main") if event.type == "MetadataSet"]  # type: ignore[union-attr]
    assert told == [{"owner": "ann", "tier": "1"}, {"owner": "bob", "tier": None}]
    many = {str(number): "" for number in range(64)}
    assert teller.one(command("set_metadata", "m3", account="1000", metadata=many)).code == "metadata_too_large"


def test_the_chart_that_ships_is_one_of_open_accounts_without_limits() -> None:
    assert not any(account.restricted for account in load_chart().accounts)
