"""A book as a few dictionaries: an independent, slow and obvious idea of what every command does.

It knows entries of two lines. A chain is tried on a deep copy, where the real book has its undo log.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

ACCOUNTS = {"1000": "debit", "7000": "credit", "8000": "debit", "9000": "credit"}
CURRENCIES = ("USD", "EUR")
LIMITS = ("none", "debits_must_not_exceed_credits", "credits_must_not_exceed_debits", "overdraft")
START_S = 1_800_000_000
KINDS = ("post", "hold", "capture", "release", "clock", "reverse", "set_limit", "repeat")

Command = dict[str, Any]
Expected = tuple[str, str]


@dataclass
class Model:
    posted: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    held: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    limits: dict[str, tuple[str, int]] = field(default_factory=dict)
    holds: dict[str, dict[str, Any]] = field(default_factory=dict)
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, tuple[Command, str]] = field(default_factory=dict)
    clock_s: int = 0

    def expect(self, chain: Sequence[Command]) -> list[Expected]:
        """Code (or ``accepted``) and amount of each answer; the model moves on."""
        trial = deepcopy(self) if len(chain) > 1 else self
        results: list[Expected] = []
        for number, command in enumerate(chain):
            result = trial.one(command)
            if result[0] != "accepted":
                return self.refused(chain, number, result[0])
            results.append(result)
        self.__dict__.update(trial.__dict__)
        return results

    def refused(self, chain: Sequence[Command], failed: int, code: str) -> list[Expected]:
        results = []
        for number, command in enumerate(chain):
            if number == failed:
                results.append((code, ""))
            elif command["key"] in self.keys:
                first, amount = self.keys[command["key"]]
                results.append(("accepted", amount) if first == command else ("key_reused", ""))
            else:
                results.append(("linked_failed", ""))
        return results

    def one(self, command: Command) -> Expected:
        key = command["key"]
        if key in self.keys:
            first, amount = self.keys[key]
            return ("accepted", amount) if first == command else ("key_reused", "")
        code, amount = getattr(self, command["command"])(command)
        if code == "accepted":
            self.keys[key] = (command, amount)
        return code, amount

    def left(self, account: str, currency: str, side: int, kind: str, overdraft: int) -> int | None:
        """What may still be put on `side` (0 debit, 1 credit) under a limit."""
        limited = {"debits_must_not_exceed_credits": 0, "credits_must_not_exceed_debits": 1, "none": -1}.get(
            kind, 1 if ACCOUNTS[account] == "debit" else 0
        )
        if limited != side:
            return None
        posted = self.posted.get((account, currency), [0, 0])
        held = self.held.get((account, currency), [0, 0])
        return posted[1 - side] + overdraft - posted[side] - held[side]

    def allowed(self, debit: str, credit: str, currency: str, amount: int, holding: bool) -> bool:
        if debit == credit and not holding:
            return True
        for account, side in ((debit, 0), (credit, 1)):
            left = self.left(account, currency, side, *self.limits.get(account, ("none", 0)))
            if left is not None and left < amount:
                return False
        return True

    def lowered(self, command: Command) -> tuple[str, str, str, int]:
        (debit, _, amount, currency), (credit, *_) = command["lines"]
        most = int(amount)
        asked = command.get("at_most", "")
        if asked:
            balancing = {"debit": (0,), "credit": (1,), "both": (0, 1)}.get(asked, ())
            for account, side in ((debit, 0), (credit, 1)):
                lefts = [self.left(account, currency, side, *self.limits.get(account, ("none", 0)))]
                if side in balancing:
                    kind = LIMITS[1 + side]
                    lefts.append(self.left(account, currency, side, kind, 0))
                most = min([most, *(left for left in lefts if left is not None)])
        return debit, credit, currency, most

    def add(self, sums: dict[tuple[str, str], list[int]], debit: str, credit: str, currency: str, amount: int) -> None:
        sums.setdefault((debit, currency), [0, 0])[0] += amount
        sums.setdefault((credit, currency), [0, 0])[1] += amount
        for key in [key for key, both in sums.items() if both == [0, 0]]:
            del sums[key]

    def post(self, command: Command) -> Expected:
        debit, credit, currency, amount = self.lowered(command)
        if amount <= 0 or not self.allowed(debit, credit, currency, amount, False):
            return "limit_exceeded", ""
        self.add(self.posted, debit, credit, currency, amount)
        self.entries[command["key"]] = {"debit": debit, "credit": credit, "currency": currency, "left": amount}
        return "accepted", str(amount)

    def hold(self, command: Command) -> Expected:
        debit, credit, currency, amount = self.lowered(command)
        if amount <= 0 or not self.allowed(debit, credit, currency, amount, True):
            return "limit_exceeded", ""
        seconds = command.get("expires_after_s", 0)
        self.add(self.held, debit, credit, currency, amount)
        self.holds[command["key"]] = {
            "debit": debit,
            "credit": credit,
            "currency": currency,
            "left": amount,
            "expires_s": (self.clock_s or START_S) + seconds if seconds else 0,
            "state": "open",
        }
        return "accepted", str(amount)

    def capture(self, command: Command) -> Expected:
        hold = self.holds.get(command["hold"])
        if hold is None:
            return "hold_unknown", ""
        if hold["state"] != "open":
            return f"hold_{hold['state']}", ""
        amount = int(command.get("amount", hold["left"]))
        if amount > hold["left"]:
            return "capture_exceeds_hold", ""
        legs = hold["debit"], hold["credit"], hold["currency"]
        self.add(self.posted, *legs, amount)
        self.entries[command["key"]] = {"debit": legs[0], "credit": legs[1], "currency": legs[2], "left": amount}
        hold["left"] -= amount
        if command.get("rest") == "keep" and hold["left"]:
            self.add(self.held, *legs, -amount)
        else:
            self.add(self.held, *legs, -amount - hold["left"])
            hold.update(state="captured", left=0)
        return "accepted", str(amount)

    def end(self, hold: dict[str, Any], state: str) -> None:
        self.add(self.held, hold["debit"], hold["credit"], hold["currency"], -hold["left"])
        hold.update(state=state, left=0)

    def release(self, command: Command) -> Expected:
        hold = self.holds.get(command["hold"])
        if hold is None:
            return "hold_unknown", ""
        if hold["state"] != "open":
            return f"hold_{hold['state']}", ""
        self.end(hold, "released")
        return "accepted", ""

    def clock(self, command: Command) -> Expected:
        at_s = command["_at_s"]
        if at_s < self.clock_s:
            return "clock_backwards", ""
        self.clock_s = at_s
        for hold in self.holds.values():
            if hold["state"] == "open" and 0 < hold["expires_s"] <= at_s:
                self.end(hold, "expired")
        return "accepted", ""

    def reverse(self, command: Command) -> Expected:
        entry = self.entries.get(command["entry"])
        if entry is None:
            return "entry_unknown", ""
        if not entry["left"]:
            return "already_reversed", ""
        amount = int(command.get("amount", entry["left"]))
        if amount > entry["left"]:
            return "reversal_exceeds_entry", ""
        debit, credit = entry["credit"], entry["debit"]
        if not self.allowed(debit, credit, entry["currency"], amount, False):
            return "limit_exceeded", ""
        entry["left"] -= amount
        self.add(self.posted, debit, credit, entry["currency"], amount)
        self.entries[command["key"]] = {**entry, "debit": debit, "credit": credit, "left": amount}
        return "accepted", str(amount)

    def set_limit(self, command: Command) -> Expected:
        account, kind = command["account"], command["limit"]
        overdraft = int(command.get("overdraft", 0))
        for currency in CURRENCIES:
            for side in (0, 1):
                left = self.left(account, currency, side, kind, overdraft)
                if left is not None and left < 0:
                    return "limit_exceeded", ""
        self.limits[account] = (kind, overdraft)
        return "accepted", ""


class Commands:
    """Makes commands out of small numbers; `below(n)` gives the next one, from 0 to n - 1."""

    def __init__(self) -> None:
        self.made: list[Command] = []

    def next(self, kind: str, below: Callable[[int], int]) -> Command:
        if kind == "repeat" and self.made:
            told = dict(self.made[-1 - below(min(20, len(self.made)))])
            if told["command"] == "post" and below(3) == 0:
                told["lines"] = self.lines(below)
            return told
        command = {"command": kind if kind != "repeat" else "post", "key": f"k{len(self.made)}"}
        command.update(getattr(self, command["command"])(below))
        self.made.append(command)
        return command

    def key(self, below: Callable[[int], int], *kinds: str) -> str:
        keys = [command["key"] for command in self.made[-60:] if command["command"] in kinds]
        return keys[-1 - below(min(10, len(keys)))] if keys else "nothing"

    @staticmethod
    def lines(below: Callable[[int], int]) -> list[list[str]]:
        debit, credit = list(ACCOUNTS)[below(4)], list(ACCOUNTS)[below(4)]
        amount, currency = str(1 + below(100)), CURRENCIES[below(2)]
        return [[debit, "debit", amount, currency], [credit, "credit", amount, currency]]

    def post(self, below: Callable[[int], int]) -> Command:
        at_most = ("", "", "", "limits", "debit", "credit", "both")[below(7)]
        return {"lines": self.lines(below), **({"at_most": at_most} if at_most else {})}

    def hold(self, below: Callable[[int], int]) -> Command:
        seconds = (0, 1, 5, 50)[below(4)]
        return {**self.post(below), **({"expires_after_s": seconds} if seconds else {})}

    def capture(self, below: Callable[[int], int]) -> Command:
        amount = {"amount": str(1 + below(60))} if below(3) else {}
        return {"hold": self.key(below, "hold", "hold", "post"), **amount, "rest": ("keep", "release")[below(2)]}

    def release(self, below: Callable[[int], int]) -> Command:
        return {"hold": self.key(below, "hold")}

    def clock(self, below: Callable[[int], int]) -> Command:
        known = [command["_at_s"] for command in self.made if command["command"] == "clock"]
        return {"_at_s": max(known, default=START_S) + below(12) - 2}

    def reverse(self, below: Callable[[int], int]) -> Command:
        amount = {"amount": str(1 + below(60))} if below(2) else {}
        return {"entry": self.key(below, "post", "capture", "reverse", "hold"), **amount}

    def set_limit(self, below: Callable[[int], int]) -> Command:
        kind = LIMITS[below(4)]
        overdraft = {"overdraft": str(below(200))} if kind == "overdraft" else {}
        return {"account": list(ACCOUNTS)[below(4)], "limit": kind, **overdraft}
