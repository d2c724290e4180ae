"""What a library repeats is shown once in a while; what we say is always shown."""

import logging

import pytest

from contraflow import logs


def test_a_library_says_the_same_once_in_a_while(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    try:
        logs.set_up_logs("info", "json")
        for _ in range(50):
            logging.getLogger("aiokafka.conn").error("no broker")
            logging.getLogger("streams.posting").warning("ours")
        said = capsys.readouterr().err
    finally:
        root.handlers[:], level = before
        root.setLevel(level)
    assert said.count("no broker") == 1
    assert said.count("ours") == 50
