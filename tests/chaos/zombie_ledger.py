"""A ledger in a process of its own that stops itself in a batch: DSN; prints what became of its batches."""

import sys

import psycopg

from ledger.commands import Command, Malformed
from ledger.errors import StoreError
from ledger.ledger import Ledger
from ledger.store import Store
from tests.chaos.zombie import Zombie
from tests.unit.ledger.command_desk import post

BATCH = 2_000


def batch(number: int) -> list[Command | Malformed]:
    """The commands of a batch; whoever gives it again gives the same keys."""
    return [post(f"batch-{number}-{each}", amount=1 + each) for each in range(BATCH)]


def outcome(ledger: Ledger, number: int) -> str:
    """What the caller of a batch learns."""
    try:
        answers = ledger.apply(batch(number))
    except (StoreError, psycopg.Error) as error:
        return type(error).__name__
    return "answered" if all(answer.decision == "accepted" for answer in answers) else "refused"


if __name__ == "__main__":
    zombie = Zombie()
    with Store.open(sys.argv[1]) as store:
        ledger = Ledger.open(store, "main")
        assert outcome(ledger, 1) == "answered"
        zombie.haunt(store)
        zombie.armed = True
        print(outcome(ledger, 2), outcome(ledger, 3), flush=True)
