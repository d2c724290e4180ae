"""camt.053: keys, signs, batches, balances, pages; and files that are refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import CONNECTORS, Telling, TranslationError
from connectors.camt053_document import parse
from ledger.facts import Fact, check_fact, differing_field

TELLING = Telling("camt053", "", "digest_1")
ACCOUNT = "DE89370400440532013000"
NAMESPACE = 'xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{:02}"'


def balance(code: str, amount: str, direction: str = "CRDT", currency: str = "EUR", day: str = "2026-11-19") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='{currency}'>{amount}</Amt>"
        f"<CdtDbtInd>{direction}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def entry(
    amount: str = "10.00",
    direction: str = "CRDT",
    *,
    currency: str = "EUR",
    status: str = "<Sts>BOOK</Sts>",
    booked: str = "<Dt>2026-11-19</Dt>",
    valued: str = "<Dt>2026-11-20</Dt>",
    extra: str = "",
    details: str = "",
) -> str:
    return (
        f"<Ntry><Amt Ccy='{currency}'>{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{status}"
        f"<BookgDt>{booked}</BookgDt><ValDt>{valued}</ValDt>{extra}<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def detail(amount: str = "", end_to_end: str = "", text: str = "", extra: str = "") -> str:
    return (
        "<TxDtls>"
        + (f"<Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>" if end_to_end else "")
        + (f"<Amt Ccy='EUR'>{amount}</Amt>" if amount else "")
        + extra
        + (f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>" if text else "")
        + "</TxDtls>"
    )


def statement(
    *parts: str, statement_id: str = "S1", sequence: str = "7", account: str = ACCOUNT, pages: str = ""
) -> str:
    return (
        f"<Stmt><Id>{statement_id}</Id>{pages}<ElctrncSeqNb>{sequence}</ElctrncSeqNb>"
        f"<CreDtTm>2026-11-20T01:00:00Z</CreDtTm><Acct><Id><IBAN>{account}</IBAN></Id></Acct>{''.join(parts)}</Stmt>"
    )


def document(*statements: str, namespace: str = NAMESPACE.format(8), header: str = "") -> bytes:
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><Document {namespace}><BkToCstmrStmt>"
        f"<GrpHdr><MsgId>M1</MsgId>{header}</GrpHdr>{''.join(statements)}</BkToCstmrStmt></Document>"
    ).encode()


def facts(raw: bytes) -> list[Fact]:
    told = CONNECTORS["camt053"].translate(raw, TELLING)
    for fact in told:
        check_fact(fact)
    return told


def lines(*entries: str) -> list[Fact]:
    return facts(document(statement(*entries)))[1:]


def refusal(raw: bytes) -> str:
    with pytest.raises(TranslationError) as refused:
        facts(raw)
    return refused.value.code


def test_a_statement_and_its_line() -> None:
    details = detail(end_to_end="po_1", text="STRIPE PAYOUT", extra="<RltdPties><Dbtr><Nm>Jane</Nm></Dbtr></RltdPties>")
    code = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
    [received, line] = facts(
        document(
            statement(
                balance("OPBD", "100.00"),
                balance("CLBD", "110.00", day="2026-11-20"),
                entry(extra=f"<AcctSvcrRef>R1</AcctSvcrRef>{code}<AddtlNtryInf>Credit</AddtlNtryInf>", details=details),
            )
        )
    )
    assert (received.type, received.key) == ("bank.statement.received", f"camt053/{ACCOUNT}/statement/S1/7")
    assert {name: f"{m.amount} {m.currency}" for name, m in received.amounts.items()} == {
        "opening": "10000 EUR",
        "closing": "11000 EUR",
    }
    assert received.links == {"statement": "S1"}
    assert received.attributes == {
        "opening_date": "2026-11-19",
        "closing_date": "2026-11-20",
        "entries": "1",
        "balance_check": "passed",
    }
    assert (line.type, line.key) == (
        "bank.line.booked",
        f"camt053/{ACCOUNT}/line/R1/2026-11-19/1000EUR/booked",
    )
    assert (line.amounts["gross"].amount, line.effective_at, line.status) == ("1000", "2026-11-20", "BOOK")
    assert (line.source, line.account, line.delivery) == ("camt053", ACCOUNT, "digest_1")
    assert line.attributes == {
        "booking_date": "2026-11-19",
        "value_date": "2026-11-20",
        "statement": "S1",
        "account_servicer_ref": "R1",
        "bank_code": "PMNT-RCDT-ESCT",
        "end_to_end_id": "po_1",
        "text": "STRIPE PAYOUT Credit",
    }


@pytest.mark.parametrize(
    "namespace",
    [*(NAMESPACE.format(version) for version in (2, 3, 4, 6, 8, 13)), "", "xmlns='urn:iso:std:iso:20023:tech:xsd:x'"],
)
def test_any_namespace(namespace: str) -> None:
    assert len(facts(document(statement(entry()), namespace=namespace))) == 2


def test_a_prefixed_namespace() -> None:
    raw = document(statement(entry())).replace(b"<", b"<c:").replace(b"<c:/", b"</c:").replace(b"<c:?", b"<?")
    assert len(facts(raw.replace(b"xmlns=", b"xmlns:c="))) == 2


@pytest.mark.parametrize(
    ("fields", "fact_type", "amount"),
    [
        ({}, "bank.line.booked", "1000"),
        ({"direction": "DBIT"}, "bank.line.booked", "-1000"),
        ({"status": "<Sts><Cd>BOOK</Cd></Sts>"}, "bank.line.booked", "1000"),
        ({"status": ""}, "bank.line.booked", "1000"),
        ({"status": "<Sts>PDNG</Sts>"}, "bank.line.pending", "1000"),
        ({"status": "<Sts><Cd>INFO</Cd></Sts>"}, "event.observed", None),
        ({"status": "<Sts><Cd>FUTR</Cd></Sts>"}, "event.observed", None),
        # the direction is that of the reversal itself: not turned round again
        ({"extra": "<RvslInd>true</RvslInd>"}, "bank.line.booked", "1000"),
        ({"amount": "5442.09000"}, "bank.line.booked", "544209"),
        ({"amount": "10"}, "bank.line.booked", "1000"),
        ({"amount": "10", "currency": "JPY"}, "bank.line.booked", "10"),
        ({"amount": "10.125", "currency": "KWD"}, "bank.line.booked", "10125"),
    ],
)
def test_status_sign_and_amount(fields: dict[str, Any], fact_type: str, amount: str | None) -> None:
    [line] = lines(entry(**fields))
    assert line.type == fact_type
    assert (line.amounts["gross"].amount if amount else line.amounts) == (amount or {})
    assert line.attributes.get("reversal") == ("true" if "RvslInd" in fields.get("extra", "") else None)


@pytest.mark.parametrize(
    ("dates", "effective_at"),
    [
        ({"booked": "<DtTm>2026-11-19T23:30:00-05:00</DtTm>", "valued": ""}, "2026-11-19"),
        ({"booked": "", "valued": "<DtTm>2026-11-21T00:00:00.000000000</DtTm>"}, "2026-11-21"),
        ({"booked": "<Dt>2026-11-19+01:00</Dt>", "valued": ""}, "2026-11-19"),
    ],
)
def test_dates_as_the_bank_wrote_them(dates: dict[str, str], effective_at: str) -> None:
    [line] = lines(entry(**dates))
    assert line.effective_at == effective_at


def test_twins_of_one_day_are_two_lines_and_stay_two_when_told_again() -> None:
    twins = document(statement(entry(), entry()), statement(entry(), statement_id="S2"))
    keys = [fact.key for fact in facts(twins) if fact.type == "bank.line.booked"]
    assert len(set(keys)) == 3
    assert keys == [fact.key for fact in facts(twins) if fact.type == "bank.line.booked"]
    with_reference = lines(*[entry(extra="<AcctSvcrRef>R</AcctSvcrRef>")] * 2)
    assert [line.key.rpartition("1000EUR")[2] for line in with_reference] == ["/booked", "/2/booked"]


def test_a_reference_that_the_bank_uses_twice_loses_no_line() -> None:
    reference = "<AcctSvcrRef>R1</AcctSvcrRef>"
    told = lines(entry("10.00", extra=reference), entry("0.35", "DBIT", extra=reference))
    assert len({line.key for line in told}) == 2


def test_a_line_in_another_statement_is_the_same_line() -> None:
    for extra in ("", "<AcctSvcrRef>R/1</AcctSvcrRef>"):
        first, second = (
            facts(document(statement(entry(extra=extra, details=detail(text="x")), statement_id=name)))[1]
            for name in ("S1", "exported-again")
        )
        assert first.key == second.key
        assert differing_field(first, second) == ""


def test_an_entry_number_counts_within_its_statement_only() -> None:
    first, second = (
        facts(document(statement(entry(extra="<NtryRef>1</NtryRef>"), statement_id=name)))[1] for name in ("S1", "S2")
    )
    assert first.key != second.key


def test_words_for_no_reference_are_no_reference() -> None:
    [line] = lines(entry(extra="<AcctSvcrRef>NONREF</AcctSvcrRef>", details=detail(end_to_end="NOTPROVIDED")))
    assert "/hash/" in line.key
    assert not {"end_to_end_id", "account_servicer_ref"} & line.attributes.keys()


@pytest.mark.parametrize(
    ("details", "amounts"),
    [
        ([detail("4.00", "e1"), detail("6.00", "e2")], ["400", "600"]),
        ([detail("12.00"), detail("2.00", extra="<CdtDbtInd>DBIT</CdtDbtInd>")], ["1200", "-200"]),
        ([detail("4.00"), detail("5.99")], ["1000"]),
        ([detail("4.00"), detail()], ["1000"]),
        ([detail("10.00"), detail("0")], ["1000"]),
        ([detail("10.00", "e1")], ["1000"]),
        (
            [
                detail(extra="<AmtDtls><TxAmt><Amt Ccy='EUR'>3.00</Amt></TxAmt></AmtDtls>"),
                detail(extra="<AmtDtls><TxAmt><Amt Ccy='EUR'>7.00</Amt></TxAmt></AmtDtls>"),
            ],
            ["300", "700"],
        ),
        ([detail("4.00"), detail(extra="<AmtDtls><TxAmt><Amt Ccy='USD'>6.00</Amt></TxAmt></AmtDtls>")], ["1000"]),
    ],
)
def test_a_batch_is_split_only_when_its_parts_explain_it(details: list[str], amounts: list[str]) -> None:
    told = lines(entry(details="".join(details)))
    assert [line.amounts["gross"].amount for line in told] == amounts
    assert len({line.key for line in told}) == len(told)


def test_balances_that_cannot_be_checked_are_not() -> None:
    for parts, check in (
        ((entry(),), "no opening balance"),
        ((balance("OPBD", "1"), entry()), "no closing balance"),
        ((balance("PRCD", "1.00"), balance("CLBD", "11.00"), entry()), "passed"),
        ((balance("OPBD", "1.00"), balance("CLBD", "1.00"), entry(status="<Sts>PDNG</Sts>")), "passed"),
        ((balance("OPBD", "4.00", "DBIT"), balance("CLBD", "6.00"), entry()), "passed"),
        ((balance("OPBD", "0.00"), balance("CLBD", "0.00")), "passed"),
    ):
        assert facts(document(statement(*parts)))[0].attributes["balance_check"] == check


@pytest.mark.parametrize(
    "parts",
    [
        (balance("OPBD", "1.00"), balance("CLBD", "10.99"), entry()),
        (balance("OPBD", "1.00"), balance("CLBD", "11.00", "DBIT"), entry()),
        (balance("OPBD", "1.00"), balance("CLBD", "11.00", currency="USD"), entry()),
        (balance("OPBD", "1.00"), balance("CLBD", "11.00"), entry(currency="USD")),
    ],
)
def test_a_statement_that_does_not_add_up_is_refused_whole(parts: tuple[str, ...]) -> None:
    assert refusal(document(statement(*parts))) == "statement_does_not_add_up"


def test_pages_of_one_statement_do_not_contradict_each_other() -> None:
    def one_page(number: int, last: str, *parts: str) -> list[Fact]:
        pages = f"<StmtPgntn><PgNb>{number}</PgNb><LastPgInd>{last}</LastPgInd></StmtPgntn>"
        return facts(document(statement(*parts, pages=pages)))

    first = one_page(1, "false", balance("OPBD", "0.00"), balance("CLBD", "30.00"), entry())
    second = one_page(2, "true", balance("OPBD", "0.00"), balance("CLBD", "30.00"), entry("20.00"))
    assert first[0].attributes["balance_check"] == second[0].attributes["balance_check"] == "one page of several"
    assert len({fact.key for fact in first + second}) == 4
    whole = "<MsgPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></MsgPgntn>"
    assert "page" not in facts(document(statement(entry()), header=whole))[0].attributes


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "xml_malformed"),
        (b"no xml", "xml_malformed"),
        (document()[:-5], "xml_malformed"),
        (b"<a/>", "not_camt053"),
        (document(), "statement_missing"),
        (document().replace(b"BkToCstmrStmt", b"BkToCstmrDbtCdtNtfctn"), "unsupported_message"),
        (document().replace(b"BkToCstmrStmt", b"BkToCstmrAcctRpt"), "unsupported_message"),
        (document(statement(account="")), "account_missing"),
        (document(statement(entry("12..34"))), "amount_malformed"),
        (document(statement(entry("12,34"))), "amount_malformed"),
        (document(statement(entry("-12.34"))), "amount_malformed"),
        (document(statement(entry("1e3"))), "amount_malformed"),
        (document(statement(entry("10.12300"))), "amount_malformed"),
        (document(statement(entry("10.5", currency="JPY"))), "amount_malformed"),
        (document(statement(entry("9" * 39))), "amount_malformed"),
        (document(statement(entry(currency="EURO"))), "currency_malformed"),
        (document(statement(entry(direction="C"))), "direction_malformed"),
        (document(statement(entry(booked="", valued=""))), "date_missing"),
        (document(statement(entry(booked="<Dt>2026-02-30</Dt>"))), "date_malformed"),
        (document(statement("<Ntry><CdtDbtInd>CRDT</CdtDbtInd></Ntry>")), "amount_missing"),
    ],
)
def test_what_is_no_statement_is_refused(raw: bytes, code: str) -> None:
    assert refusal(raw) == code


def with_dtd(dtd: str, encoding: str = "UTF-8") -> bytes:
    return f'<?xml version="1.0" encoding="{encoding}"?>{dtd}<Document>&x;</Document>'.encode(encoding)


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
@pytest.mark.parametrize(
    "dtd",
    [
        "<!DOCTYPE Document>",
        '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa">'
        + "".join(f'<!ENTITY {name} "{f"&{inner};" * 10}">' for inner, name in zip("abcdefgh", "bcdefghx", strict=True))
        + "]>",
    ],
)
def test_entities_and_document_types_are_refused(dtd: str, encoding: str) -> None:
    assert refusal(with_dtd(dtd, encoding)) in (
        {"dtd_refused"} if encoding == "UTF-8" else {"dtd_refused", "xml_malformed"}
    )


def test_size_and_depth_have_limits() -> None:
    raw = document(statement(entry()))
    with pytest.raises(TranslationError, match="too_large"):
        parse(raw, bytes_max=len(raw) - 1)
    assert refusal(b"<a>" * 2000 + b"</a>" * 2000) == "xml_malformed"


@given(raw=st.binary(max_size=200))
def test_garbage_raises_nothing_else(raw: bytes) -> None:
    refusal(raw)


GOOD = document(
    statement(
        balance("OPBD", "1.00"), balance("CLBD", "11.00"), entry(details=detail("4.00", "e1") + detail("6.00", "e2"))
    )
)


@given(at=st.integers(0, len(GOOD) - 1), cut=st.integers(0, 12), put=st.binary(max_size=8))
def test_a_damaged_statement_raises_nothing_else(at: int, cut: int, put: bytes) -> None:
    try:
        told = facts(GOOD[:at] + put + GOOD[at + cut :])
    except TranslationError:
        return
    assert told
