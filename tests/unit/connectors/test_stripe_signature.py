"""Signatures: what Stripe signed passes, nothing else does; the vendor's own SDK is the judge."""

import hmac
import json
import time
from pathlib import Path

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import SignatureError
from connectors.stripe_signature import verify_stripe

SECRET = "whsec_one"
NOW_S = 1_700_000_000
BODY = b'{"id":"evt_1","object":"event","note":"\xc3\xa9"}'
VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "signature_vectors.json"


def sign(body: bytes, at_s: int = NOW_S, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), f"{at_s}.".encode() + body, "sha256").hexdigest()


def refusal(raw: bytes, header: str | None, secrets: list[str], now_s: int = NOW_S) -> str:
    try:
        verify_stripe(raw, header, secrets, now_s)
    except SignatureError as error:
        return error.code
    return ""


@pytest.mark.skipif(not VECTORS.exists(), reason="the folder of samples is not beside the repository")
def test_the_vector_of_the_samples() -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    [vector] = [each for each in vectors["vectors"] if each["system"] == "stripe"]
    verify_stripe(vectors["body_utf8"].encode(), vector["value"], ["whsec_other", vector["secret"]], vector["at"])


@pytest.mark.parametrize(
    ("header", "secrets", "now_s", "expected"),
    [
        (f"t={NOW_S},v1={sign(BODY)}", [SECRET], NOW_S, ""),
        (f"t={NOW_S},v1={sign(BODY)}", ["whsec_new", SECRET], NOW_S, ""),
        (f"t={NOW_S},v1={'0' * 64},v1={sign(BODY)},v0=ab", [SECRET], NOW_S, ""),
        (f"v1={sign(BODY)},t={NOW_S}", [SECRET], NOW_S, ""),
        (f"t={NOW_S},v1={sign(BODY)}", [SECRET], NOW_S + 300, ""),
        (f"t={NOW_S},v1={sign(BODY)}", [SECRET], NOW_S - 300, ""),
        (f"t={NOW_S},v1={sign(BODY)}", [SECRET], NOW_S + 301, "timestamp_out_of_tolerance"),
        (f"t={NOW_S},v1={sign(BODY)}", [SECRET], NOW_S - 301, "timestamp_out_of_tolerance"),
        (f"t={NOW_S},v1={sign(BODY)}", ["whsec_other"], NOW_S, "bad_signature"),
        (f"t={NOW_S},v1={sign(BODY)}", [], NOW_S, "bad_signature"),
        (f"t={NOW_S},v1={sign(BODY, secret='')}", [""], NOW_S, "bad_signature"),  # an empty secret proves nothing
        (f"t={NOW_S},v0={sign(BODY)}", [SECRET], NOW_S, "header_malformed"),
        (f"t={NOW_S + 1},v1={sign(BODY)}", [SECRET], NOW_S, "bad_signature"),
        (f"t={NOW_S},v1={sign(BODY).upper()}", [SECRET], NOW_S, "bad_signature"),
        (f"t={NOW_S},v1=é", [SECRET], NOW_S, "bad_signature"),
        (f"t={NOW_S},v1=\ud800", [SECRET], NOW_S, "bad_signature"),
        (f"t={NOW_S},v1", [SECRET], NOW_S, "bad_signature"),
        (None, [SECRET], NOW_S, "header_missing"),
        ("", [SECRET], NOW_S, "header_missing"),
        ("nonsense", [SECRET], NOW_S, "header_malformed"),
        (f"v1={sign(BODY)}", [SECRET], NOW_S, "header_malformed"),
        (f"t=,v1={sign(BODY)}", [SECRET], NOW_S, "header_malformed"),
        (f"t=-1,v1={sign(BODY)}", [SECRET], NOW_S, "header_malformed"),
        (f"t=0{NOW_S},v1={sign(BODY)}", [SECRET], NOW_S, "header_malformed"),
        (f"t={NOW_S}.5,v1={sign(BODY)}", [SECRET], NOW_S, "header_malformed"),
        (f"t={NOW_S},t={NOW_S},v1={sign(BODY)}", [SECRET], NOW_S, "header_malformed"),
        (f"t={'9' * 5000},v1={sign(BODY)}", [SECRET], NOW_S, "header_malformed"),
        (f"t=१२३,v1={sign(BODY)}", [SECRET], NOW_S, "header_malformed"),
    ],
)
def test_header(header: str | None, secrets: list[str], now_s: int, expected: str) -> None:
    assert refusal(BODY, header, secrets, now_s) == expected


def test_a_refusal_shows_no_secret() -> None:
    with pytest.raises(SignatureError) as refused:
        verify_stripe(BODY, f"t={NOW_S},v1={sign(BODY, secret='whsec_x')}", [SECRET], NOW_S)
    assert SECRET not in str(refused.value) and sign(BODY) not in str(refused.value)


@given(body=st.text(max_size=200).map(str.encode), secret=st.text(min_size=1, max_size=40).map(lambda text: "w" + text))
def test_what_the_sdk_accepts_passes(body: bytes, secret: str) -> None:
    secret = secret.encode("utf-8", "ignore").decode()
    at_s = int(time.time())
    header = f"t={at_s},v1={sign(body, at_s, secret)}"
    assert stripe.WebhookSignature.verify_header(body.decode(), header, secret, 300)
    verify_stripe(body, header, [secret], at_s)


HEADER = f"t={NOW_S},v1={sign(BODY)}"


@settings(max_examples=3000, deadline=None)
@given(data=st.data())
def test_a_mutated_request_never_passes(data: st.DataObject) -> None:
    """One byte of body or header changed, removed or added: refused, unless the header says the same as before."""
    part = data.draw(st.sampled_from(["body", "header"]))
    original = bytearray(BODY if part == "body" else HEADER.encode())
    at = data.draw(st.integers(0, len(original) - 1))
    byte = data.draw(st.integers(0, 255))
    mutated = bytearray(original)
    match data.draw(st.sampled_from(["change", "remove", "add"])):
        case "change":
            mutated[at] = byte
        case "remove":
            del mutated[at]
        case "add":
            mutated.insert(at, byte)
    if mutated == original:
        return
    if part == "body":
        assert refusal(bytes(mutated), HEADER, [SECRET]) == "bad_signature"
        return
    header = mutated.decode("latin-1")
    # An empty part between two commas says nothing and changes nothing.
    same = [each for each in header.split(",") if each] == HEADER.split(",")
    assert bool(refusal(BODY, header, [SECRET])) is not same
