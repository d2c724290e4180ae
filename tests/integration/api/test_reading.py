"""Every read of the API against a real store: what is there, what is not, and that pages add up."""

from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import RAW_BODY, Site

MAIN = "/books/main"


def pages(client: httpx.Client, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(200):
        answer = client.get(MAIN + path, params={**parameters, **cursor})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert len(body["items"]) <= parameters["limit"]
        items += body["items"]
        if body["next_cursor"] is None:
            return items
        cursor = {"cursor": body["next_cursor"]}
    raise AssertionError("the pages never end")


def money(amount: int, currency: str = "USD", exponent: int = 2) -> dict[str, Any]:
    return {"amount": str(amount), "currency": currency, "exponent": exponent}


def test_books(client: httpx.Client) -> None:
    books = client.get("/books").json()["items"]
    assert "main" in {book["book"] for book in books}
    assert all(book["head"] > 0 and book["recorded_at"].endswith("Z") for book in books)


def test_the_balance_of_an_account(client: httpx.Client) -> None:
    body = client.get(f"{MAIN}/balances/1000").json()
    assert (body["account"], body["normal_side"], body["clearing"]) == ("1000", "debit", True)
    by_currency = {row["currency"]: row for row in (balance["balance"] for balance in body["balances"])}
    gross = sum(1000 + number for number in range(1, 29))
    assert by_currency["USD"] == money(gross - 1001 - 1 - 59 - 5000)
    assert by_currency["JPY"] == money(500, "JPY", 0)
    assert by_currency["KWD"] == money(12_345, "KWD", 3)
    usd = next(row for row in body["balances"] if row["balance"]["currency"] == "USD")
    assert usd["debits"] == money(gross)
    assert usd["credits"] == money(1001 + 1 + 59 + 5000)


def test_a_credit_account_stands_on_its_normal_side(client: httpx.Client) -> None:
    body = client.get(f"{MAIN}/balances/7000").json()
    assert body["normal_side"] == "credit"
    assert all(int(row["balance"]["amount"]) > 0 for row in body["balances"])


def test_an_account_of_the_chart_without_postings_has_no_balances(client: httpx.Client) -> None:
    assert client.get(f"{MAIN}/balances/2000").json()["balances"] == []


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_balances_in_pages(client: httpx.Client, limit: int) -> None:
    items = pages(client, "/balances", limit=limit)
    keys = [(row["account"], row["balance"]["currency"]) for row in items]
    assert keys == sorted(set(keys)) and ("1000", "JPY") in keys
    assert {row["account"] for row in pages(client, "/balances", limit=limit, account="1000")} == {"1000"}
    assert {row["balance"]["currency"] for row in pages(client, "/balances", limit=limit, currency="KWD")} == {"KWD"}


def test_the_trial_balance_is_balanced(client: httpx.Client) -> None:
    body = client.get(f"{MAIN}/trial-balance").json()
    assert body["balanced"] is True
    assert {row["currency"] for row in body["currencies"]} == {"USD", "JPY", "KWD"}
    assert all(row["balanced"] and row["debits"] == row["credits"] for row in body["currencies"])


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_postings_of_an_account_in_pages(client: httpx.Client, limit: int) -> None:
    oldest = pages(client, "/accounts/1000/entries", limit=limit, order="oldest")
    newest = pages(client, "/accounts/1000/entries", limit=limit)
    assert newest == oldest[::-1] and len(oldest) > 30
    keys = [(row["position"], row["line"]) for row in oldest]
    assert keys == sorted(set(keys))
    signs = {"debit": 1, "credit": -1}
    total = sum(
        signs[row["side"]] * int(row["amount"]["amount"]) for row in oldest if row["amount"]["currency"] == "USD"
    )
    balances = client.get(f"{MAIN}/balances/1000").json()["balances"]
    assert str(total) == next(row["balance"]["amount"] for row in balances if row["balance"]["currency"] == "USD")
    assert {
        row["amount"]["currency"] for row in pages(client, "/accounts/1000/entries", limit=limit, currency="JPY")
    } == {"JPY"}


def test_pages_neither_repeat_nor_skip_when_entries_arrive(site: Site, client: httpx.Client) -> None:
    from tests.unit.ledger.builders import payment

    site.tell(*(payment(number) for number in range(1, 8)), book="growing")
    path = "/books/growing/accounts/1000/entries"
    first = client.get(path, params={"limit": 3}).json()
    site.tell(payment(99), book="growing")
    rest = client.get(path, params={"limit": 100, "cursor": first["next_cursor"]}).json()
    positions = [row["position"] for row in first["items"] + rest["items"]]
    assert positions == list(range(8, 1, -1))


def test_one_entry(client: httpx.Client) -> None:
    body = client.get(f"{MAIN}/entries/2").json()
    assert (body["position"], body["fact_type"], body["rule"]) == (2, "payment.succeeded", "stripe.payment@1")
    assert [(line["account"], line["side"], line["amount"]) for line in body["lines"]] == [
        ("1000", "debit", money(1001)),
        ("7000", "credit", money(1001)),
    ]


def test_one_payment_with_its_timeline(client: httpx.Client) -> None:
    body = client.get(f"{MAIN}/payments/pi_1").json()
    assert (body["status"], body["amount"], body["refunded"]) == ("refunded", money(1001), money(1001))
    assert [(told["kind"], told["type"]) for told in body["timeline"]] == [
        ("posted", "payment.succeeded"),
        ("posted", "refund.succeeded"),
        ("repeated", "payment.succeeded"),
    ]
    assert body["sightings"] == 3 and "re_1" in body["references"]


def test_payments_by_reference_and_by_status(client: httpx.Client) -> None:
    assert [row["payment"] for row in pages(client, "/payments", limit=10, reference="ch_29")] == ["pi_29"]
    assert [row["payment"] for row in pages(client, "/payments", limit=10, reference="re_2")] == ["pi_2"]
    assert pages(client, "/payments", limit=10, reference="re_2", status="refunded") == []
    assert pages(client, "/payments", limit=10, reference="nobody") == []
    assert [row["payment"] for row in pages(client, "/payments", limit=10, status="partially_refunded")] == ["pi_2"]
    everyone = pages(client, "/payments", limit=4)
    assert len({row["payment"] for row in everyone}) == len(everyone) == 30


def test_reconciliation(client: httpx.Client) -> None:
    items = {row["item"]: row for row in pages(client, "/reconciliation", limit=1)}
    assert items["po_1"]["state"] == "expected"
    broken = pages(client, "/reconciliation", limit=5, state="broken")
    assert [row["reasons"] for row in broken] == [["payout_unknown"]]
    one = client.get(f"{MAIN}/reconciliation/{broken[0]['item']}")
    assert one.json() == broken[0], "a bank line's key has slashes in it and is found all the same"
    assert client.get(f"{MAIN}/reconciliation/po_1").json() == items["po_1"]


def test_the_event_log(client: httpx.Client) -> None:
    seen: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        body = client.get(f"{MAIN}/events", params={"after": after, "limit": 9}).json()
        seen += body["items"]
        after = body["next_after"]
    head = next(book["head"] for book in client.get("/books").json()["items"] if book["book"] == "main")
    assert [event["position"] for event in seen] == list(range(1, head + 1))
    assert {event["type"] for event in seen} >= {"BookOpened", "EntryPosted", "FactRepeated", "FactParked"}
    assert client.get(f"{MAIN}/events/2").json() == seen[1]
    assert client.get(f"{MAIN}/events", params={"after": head}).json() == {"items": [], "next_after": None}


def test_a_raw_record_is_a_download(client: httpx.Client) -> None:
    answer = client.get(f"{MAIN}/events/2/raw")
    assert answer.content == RAW_BODY
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["contraflow-source"] == "stripe"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/books/none/balances", "book_unknown"),
        ("/books/none/balances/1000", "book_unknown"),
        ("/books/none/trial-balance", "book_unknown"),
        ("/books/none/accounts/1000/entries", "book_unknown"),
        ("/books/none/entries/2", "book_unknown"),
        ("/books/none/payments", "book_unknown"),
        ("/books/none/payments/pi_1", "book_unknown"),
        ("/books/none/reconciliation", "book_unknown"),
        ("/books/none/events", "book_unknown"),
        ("/books/none/events/1/raw", "book_unknown"),
        (f"{MAIN}/balances/nobody", "account_unknown"),
        (f"{MAIN}/accounts/nobody/entries", "account_unknown"),
        (f"{MAIN}/entries/1", "entry_unknown"),
        (f"{MAIN}/entries/0", "entry_unknown"),
        (f"{MAIN}/entries/{2**63 - 1}", "entry_unknown"),
        (f"{MAIN}/payments/pi_nobody", "payment_unknown"),
        (f"{MAIN}/reconciliation/po_nobody", "item_unknown"),
        (f"{MAIN}/events/0", "event_unknown"),
        (f"{MAIN}/events/{2**63 - 1}", "event_unknown"),
        (f"{MAIN}/events/{2**63 - 1}/raw", "event_unknown"),
        (f"{MAIN}/events/1/raw", "raw_record_absent"),
        (f"{MAIN}/nothing", "not_found"),
        ("/", "not_found"),
        ("/health/", "not_found"),
        ("/docs/assets/nothing.js", "not_found"),
    ],
)
def test_what_is_not_there_is_a_404(client: httpx.Client, path: str, code: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert answer.headers["content-type"] == "application/problem+json"
    if path.startswith(MAIN) and code != "not_found":
        assert answer.headers["contraflow-position"].startswith("main="), "not there is true at a position, too"
