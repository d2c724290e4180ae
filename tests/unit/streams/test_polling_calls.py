"""The HTTP client of polling: where it never goes."""

import httpx
import pytest

from streams.polling_calls import http_client
from streams.polling_clock import BACKOFF_S, backoff_s


def test_stand_ins_on_this_machine_are_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    client = http_client()
    direct = client._transport
    for address in ("http://127.0.0.1:8080/v1", "http://localhost/v1", "http://[::1]:1/v1"):
        assert client._transport_for_url(httpx.URL(address)) is direct
    assert client._transport_for_url(httpx.URL("http://api.example/v1")) is not direct


def test_redirects_are_not_followed() -> None:
    assert not http_client().follow_redirects


@pytest.mark.parametrize("failures", [1, 2, 5, 50])
def test_waiting_doubles_up_to_its_bound_and_half_of_it_is_random(failures: int) -> None:
    base_s = min(BACKOFF_S * 2 ** (failures - 1), 300.0)
    waits = [backoff_s(failures) for _ in range(200)]
    assert all(base_s / 2 <= wait_s <= base_s for wait_s in waits)
    assert len(set(waits)) > 1
