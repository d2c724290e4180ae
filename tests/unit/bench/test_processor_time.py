"""Processor time as the benches share it out: it moves with work, and a sum is the sum of its parts."""

import os
import sys
import time

import pytest

from contraflow.bench.processor_time import microseconds, spent_s


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the processor time of other processes")
def test_work_is_counted_and_waiting_is_not() -> None:
    before_s = spent_s(os.getpid())
    until_s = time.process_time() + 0.1
    while time.process_time() < until_s:
        pass
    worked_s = spent_s(os.getpid()) - before_s
    time.sleep(0.1)
    assert 0.05 <= worked_s <= spent_s(os.getpid()) - before_s <= worked_s + 0.05


def test_a_process_that_is_gone_has_spent_nothing() -> None:
    assert spent_s(2**31 - 1) == 0.0


def test_time_is_shared_out_by_process_the_dearest_first() -> None:
    shared = microseconds({"a": 1.0, "b": 2.0}, {"a": 1.5, "b": 4.0, "c": 0.25}, 1_000)
    assert list(shared.items()) == [("all", 2750.0), ("b", 2000.0), ("a", 500.0), ("c", 250.0)]
