"""The tests that every connector gets: signatures, golden files, status words, calls, and polls that are killed.

A connector's test module has a `Case` and one class: ``class TestStripe(ConnectorKit): case = CASE``.
"""

import json
from itertools import count
from typing import ClassVar

import pytest

from connectors import CONNECTORS, SignatureError, Telling
from connectors.exchange import Answer, Call, WebhookRequest
from connectors.manifest import Manifest
from connectors.outcome import Outcome
from ledger.facts import check_fact
from tests.unit.connectors.kit import golden
from tests.unit.connectors.kit.case import AT_S, Case
from tests.unit.connectors.kit.mutation import mutated
from tests.unit.connectors.kit.replay import Killed, Poll

__all__ = ["AT_S", "Case", "ConnectorKit"]


class ConnectorKit:
    """Inherit, set `case`, and pytest runs everything."""

    case: ClassVar[Case]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        manifest = self._manifest()
        if "golden_path" in metafunc.fixturenames:
            paths = sorted(self.case.golden.glob("*.json"))
            metafunc.parametrize("golden_path", paths, ids=[path.stem for path in paths])
        if "kind" in metafunc.fixturenames:
            metafunc.parametrize("kind", sorted(manifest.statuses))
        if "polled" in metafunc.fixturenames:
            metafunc.parametrize("polled", [stream.name for stream in manifest.streams if not stream.by_id])

    @classmethod
    def _manifest(cls) -> Manifest:
        assert cls.case.connector.manifest is not None
        return cls.case.connector.manifest

    def _request(self, at_s: int = AT_S) -> WebhookRequest:
        return self.case.sign(self.case.body, self.case.secret, at_s)

    def _refusal(self, request: WebhookRequest, *secrets: str, now_s: int = AT_S) -> str:
        assert self.case.connector.verify is not None
        try:
            self.case.connector.verify(request, self.case.keys(*(secrets or (self.case.secret,))), now_s)
        except SignatureError as error:
            shown = f"{error!r}{error.detail}"
            assert not any(secret in shown for secret in (self.case.secret, self.case.other_secret))
            return error.code
        return ""

    def test_the_manifest_contradicts_nothing(self) -> None:
        connector, manifest = self.case.connector, self._manifest()
        assert list(manifest.faults()) == []
        assert manifest.name == connector.source and CONNECTORS[connector.source] is connector
        assert ("webhook" in manifest.capabilities) == (connector.verify is not None)
        reads = bool(manifest.capabilities & {"poll", "fetch"})
        assert reads == (connector.page_call is not None) == (connector.read_page is not None)
        untrusted = not all(scheme.proves_body for scheme in manifest.signatures)
        assert not untrusted or connector.wants is not None, "what proves no body has its object fetched"

    def test_good_and_rotated_signatures_pass(self) -> None:
        request = self._request()
        assert self._refusal(request) == ""
        assert self._refusal(request, self.case.other_secret, self.case.secret) == ""
        assert self._refusal(request, self.case.secret, self.case.other_secret) == ""

    def test_a_bad_signature_is_refused(self) -> None:
        request = self._request()
        assert self._refusal(request, self.case.other_secret) == "bad_signature"
        assert self._refusal(request, "") != ""
        for name in self.case.signed_headers:
            headers = {key: value for key, value in request.headers.items() if key != name}
            assert self._refusal(WebhookRequest(headers, request.raw)) == "header_missing"
        for scheme in self._manifest().signatures:
            if scheme.proves_body and scheme.header in request.headers:
                other = self.case.body.replace(b"x", b"y", 1)
                assert other != self.case.body
                assert self._refusal(WebhookRequest(request.headers, other)) == "bad_signature"

    def test_an_old_and_a_future_signature_are_refused(self) -> None:
        header = self._request().headers
        for scheme in self._manifest().signatures:
            if scheme.header not in header or scheme.tolerance_s is None:
                continue
            late_s = scheme.tolerance_s + 1
            assert self._refusal(self._request(), now_s=AT_S + scheme.tolerance_s) == ""
            assert self._refusal(self._request(), now_s=AT_S + late_s) == "timestamp_out_of_tolerance"
            assert self._refusal(self._request(), now_s=AT_S - late_s) == "timestamp_out_of_tolerance"

    def test_no_mutated_request_passes(self) -> None:
        request = self._request()
        proves = all(s.proves_body for s in self._manifest().signatures if s.header in request.headers)
        for changed in mutated(self.case, request, body=proves, seed=7):
            assert self._refusal(changed) != "", changed

    def test_a_golden_body_gives_its_facts(self, golden_path: golden.Path) -> None:
        golden.check(golden_path, self.case.connector, self.case.account)

    def test_there_are_golden_files(self) -> None:
        told = [golden.read(path) for path in self.case.golden.glob("*.json")]
        assert told and any(each.facts for each in told)

    def test_every_status_of_the_vendor_is_mapped(self, kind: str) -> None:
        assert set(self._manifest().statuses) == set(self.case.statuses)
        assert set(self._manifest().statuses[kind]) == self.case.statuses[kind]

    def test_an_unknown_status_is_observed(self, kind: str) -> None:
        body, context = self.case.body_with_status(kind, "word_of_tomorrow")
        telling = Telling(self.case.connector.source, self.case.account, "delivery_1", context)
        facts = self.case.connector.translate(body, telling)
        for fact in facts:
            check_fact(fact)
        assert [fact.type for fact in facts] == ["event.observed"]

    def test_a_body_that_is_not_proved_is_not_believed(self) -> None:
        if all(scheme.proves_body for scheme in self._manifest().signatures):
            pytest.skip("every scheme of this connector proves the body")
        for path in self.case.golden.glob("*.json"):
            each = golden.read(path)
            telling = Telling(self.case.connector.source, self.case.account, "delivery_1")
            if each.context.get("via") or each.refused:
                continue
            facts = self.case.connector.translate(bytes(each.body), telling)
            assert {fact.type for fact in facts} <= {"event.observed"}, path.name

    def test_a_poll_that_is_killed_after_any_page_loses_nothing(self, polled: str) -> None:
        stream = self._manifest().stream(polled)
        whole = Poll(self.case, stream)
        whole.run()
        assert whole.keys, f"serve has no rows for {polled}"
        for kill_after in count():
            poll = Poll(self.case, stream)
            try:
                poll.run(kill_after)
            except Killed:
                poll.run()
                assert poll.keys == whole.keys
            else:
                assert kill_after > 1, f"serve has one page of {polled}: give it more than one"
                return

    def test_calls_are_valid(self, polled: str) -> None:
        manifest = self._manifest()
        poll = Poll(self.case, manifest.stream(polled))
        poll.run()
        for call in poll.calls:
            check_call(manifest, call)

    def test_what_may_follow_an_answer(self) -> None:
        classify = self.case.connector.classify
        read, write = Call("x", "/x"), Call("x", "/x", method="POST")
        assert classify(read, Answer(200, {}, b"{}")) == Outcome("ok")
        assert classify(read, Answer(401, {}, b"")).follow == "credentials_expired"
        slow = classify(read, Answer(429, {"retry-after": "7"}, b""))
        assert (slow.follow, slow.after_s) == ("rate_limited", 7.0)
        for status in (500, 502, 503, 504):
            assert classify(read, Answer(status, {}, b"<html>")).follow == "retry"
            assert classify(write, Answer(status, {}, b"<html>")).follow == "look_up"
        assert classify(read, Answer(404, {}, b"")).follow == "skip"
        assert classify(write, Answer(400, {}, b"")).follow == "rejected"


def check_call(manifest: Manifest, call: Call) -> None:
    """A call that every HTTP client sends as it stands, and that carries no authorization of its own."""
    assert call.method == "GET" and call.path.startswith("/") and "?" not in call.path
    assert call.operation in {stream.name for stream in manifest.streams}
    assert all(isinstance(name, str) and isinstance(value, str) and value for name, value in call.query)
    assert "authorization" not in {name.lower() for name in call.headers}
    json.dumps([call.path, call.query])
