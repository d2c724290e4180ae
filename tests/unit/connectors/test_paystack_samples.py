"""Bodies that Paystack published: each translates to what an independent reading of its JSON says, or is refused.

The samples are not part of this repository; they lie in a folder beside it where there is one.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors import CONNECTORS, Telling, TranslationError
from connectors.exchange import Keys, WebhookRequest
from ledger.facts import Fact, check_fact, differing_field

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "samples"
SAMPLES = SHARED / "paystack"
HOOKS = sorted((SAMPLES / "webhooks").glob("*.json"))

pytestmark = pytest.mark.skipif(not HOOKS, reason="the folder of samples is not beside the repository")

PAYSTACK = CONNECTORS["paystack"]
# What tells money by the first word of an event; the rest is observed.
MONEY = {
    ("dispute", "awaiting-merchant-feedback"): "dispute.opened",
    ("dispute", "resolved"): "dispute.lost",
    ("dispute", "archived"): "dispute.closed",
    ("refund", "pending"): "refund.pending",
    ("refund", "processing"): "refund.pending",
    ("refund", "processed"): "refund.succeeded",
    ("refund", "failed"): "refund.failed",
    ("transfer", "success"): "transfer.succeeded",
    ("transfer", "otp"): "transfer.pending",
    ("transfer", "failed"): "transfer.failed",
    ("transfer", "reversed"): "transfer.reversed",
    ("settlement", "success"): "payout.paid",
    ("settlement", "pending"): "payout.initiated",
    ("payment", "success"): "payment.succeeded",
    ("payment", "pending"): "payment.pending",
    ("payment", "failed"): "payment.failed",
    ("preauthorization", "authorized"): "payment.authorized",
    ("preauthorization", "captured"): "payment.succeeded",
    ("preauthorization", "capture_failed"): "payment.failed",
    ("preauthorization", "released"): "payment.canceled",
}
# Answers that tell of no money, by the start of their file's name.
SILENT = (
    *("disputes-evidence", "disputes-export", "disputes-upload", "transactions-export", "transactions-totals"),
    *("transactions-view_timeline", "transfers-export"),
)


def answers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every answer of every API sample."""
    for path in sorted((SAMPLES / "api").glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if "status" in document:
            yield path.stem, document
            continue
        for name, each in document.items():
            yield f"{path.stem}:{name}", each["data"]


def translate(body: Any) -> list[Fact]:
    raw = json.dumps(body).encode()
    assert PAYSTACK.mask(raw) is raw, "no sample holds a card number outside its ids"
    facts = PAYSTACK.translate(raw, Telling("paystack", "acct_1", "digest_1"))
    for fact in facts:
        check_fact(fact)
    return facts


def check_row(kind: str, row: dict[str, Any], facts: list[Fact]) -> None:
    """The last fact of the row's own kind says what the row says."""
    status = row["status"]
    family = {"settlement": "payout", "preauthorization": "payment"}.get(kind, kind)
    told = [fact for fact in facts if fact.type.startswith(f"{family}.")][-1]
    fact_type = MONEY.get((kind, status)) or ("payment.initiated" if kind == "payment" else "")
    assert told.type == fact_type
    assert told.status.partition("/")[0] == status
    transaction = row.get("transaction")
    inner = transaction if isinstance(transaction, dict) else {}
    field = {"dispute": "refund_amount", "settlement": "effective_amount"}.get(kind, "amount")
    amount = row.get("captured_amount") if status == "captured" else row.get(field)
    currency = row.get("currency") or inner.get("currency")
    if amount is not None and currency and told.type != "dispute.closed":
        assert told.amounts["gross"] == (told.amounts["gross"].__class__(str(int(amount)), currency))
    else:
        assert not told.amounts
    match kind:
        case "payment" | "preauthorization":
            assert told.links["payment"] == row["reference"]
        case "dispute":
            assert (told.links["dispute"], told.links["payment"]) == (str(row["id"]), inner["reference"])
        case "transfer":
            assert told.links["transfer"] == row["transfer_code"]
        case "settlement":
            assert told.links["payout"] == str(row["id"])
        case "refund":
            reference = row.get("transaction_reference") or inner.get("reference")
            assert told.links.get("payment") == reference
            assert told.links.get("refund_id") == (str(row["id"]) if "id" in row else None)
    settled = [fact for fact in facts if fact.type == "settlement.recorded"]
    fee = (inner or row).get("fees") if kind in ("payment", "preauthorization") else row.get("fee_charged")
    if (told.type == "payment.succeeded" and fee is not None) or (status == "success" and kind == "transfer" and fee):
        [settlement] = settled
        sign = -1 if kind == "transfer" else 1
        assert {name: money.minor for name, money in settlement.amounts.items()} == {
            "gross": sign * int(amount),
            "fee": fee,
            "net": sign * int(amount) - fee,
        }
    else:
        assert not settled


@pytest.mark.parametrize("path", HOOKS, ids=lambda path: path.stem)
def test_every_webhook_translates(path: Path) -> None:
    body = json.loads(path.read_text(encoding="utf-8"))
    facts = translate(body)
    event, data = body["event"], body["data"]
    kind = "dispute" if event.startswith("charge.dispute.") else event.partition(".")[0]
    if kind in ("dispute", "refund", "transfer", "preauthorization"):
        check_row(kind, data, facts)
        return
    assert facts[0].type == "event.observed" and facts[0].attributes["event"] == event
    paid = isinstance(data, dict) and (data.get("transaction") or {}).get("status") == "success"
    assert [fact.type for fact in facts[1:]] == (["payment.succeeded"] if paid else [])
    if paid:
        assert facts[1].links["payment"] == data["transaction"]["reference"]
        assert facts[1].amounts["gross"].minor == data["transaction"]["amount"]


@pytest.mark.parametrize(("name", "body"), list(answers()), ids=lambda each: each if isinstance(each, str) else "")
def test_every_answer_translates_or_is_refused(name: str, body: dict[str, Any]) -> None:
    if body["status"] is False:
        with pytest.raises(TranslationError) as refused:
            translate(body)
        assert refused.value.code == "answer_failed"
        return
    kind = {"c": "payment", "d": "dispute", "r": "refund", "s": "settlement", "t": "transfer"}[name[0]]
    kind = "payment" if name.startswith(("transactions", "settlements-transactions")) else kind
    rows = body["data"] if isinstance(body["data"], list) else [body["data"]]
    for row in rows:
        facts = translate({**body, "data": row})
        if name.startswith(SILENT) or (kind == "payment" and "reference" not in row):
            assert [fact.type for fact in facts] == ["event.observed"]
        elif "authorization_url" in row:
            assert [(fact.type, fact.links["payment"]) for fact in facts] == [("payment.initiated", row["reference"])]
        else:
            check_row(kind, row, facts)
    if len(rows) > 1:
        assert len(translate(body)) == sum(len(translate({**body, "data": row})) for row in rows)


def test_no_key_has_two_contents_among_the_samples() -> None:
    known: dict[str, Fact] = {}
    bodies = [json.loads(path.read_text(encoding="utf-8")) for path in HOOKS]
    for body in bodies + [body for _, body in answers() if body["status"] is True]:
        for fact in translate(body):
            assert differing_field(known.setdefault(fact.key, fact), fact) == "", fact.key


def test_no_name_of_a_person_is_carried() -> None:
    bodies = [json.loads(path.read_text(encoding="utf-8")) for path in HOOKS]
    told = repr([translate(body) for body in bodies + [body for _, body in answers() if body["status"] is True]])
    for name in ("@", "Lasso", "JON SNOW", "Jekanmo", "Bojack", "0123456789", "9876543210", "AUTH_", "08000000000"):
        assert name not in told


def test_every_vector_of_a_signature_holds() -> None:
    document = json.loads((SHARED / "signature_vectors.json").read_text(encoding="utf-8"))
    vectors = [vector for vector in document["vectors"] if vector["system"] == "paystack"]
    assert vectors and PAYSTACK.verify is not None
    for vector in vectors:
        request = WebhookRequest({vector["header"].lower(): vector["value"]}, document["body_utf8"].encode())
        PAYSTACK.verify(request, Keys((vector["secret"],)), 0)
