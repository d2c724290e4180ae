"""A file of commands as a rough user writes it: all that the interface has; right, wrong, twice, linked, garbage."""

import json
import random
from collections.abc import Iterator
from typing import Any

Command = dict[str, Any]
CUSTOMERS = [f"liabilities:customers:{number}" for number in range(5)]


def command_lines(seed: int, count: int) -> list[bytes]:
    """The lines of a file: openings, then about `count` commands at random, the same for the same seed."""
    chance = random.Random(seed)
    told = list(_openings())
    lines = [json.dumps(command).encode() for command in told]
    number = 0
    while len(lines) < count:
        number += 1
        match chance.randrange(20):
            case 0:
                lines.append(chance.choice([b"garbage", b"", b'{"command":"post"', b'{"command":"nothing","key":"x"}']))
            case 1:
                lines.append(b'{"command":"post","key":"bytes-\xff"}')
            case 2:
                lines.append(json.dumps(chance.choice(told)).encode())
            case 3:
                changed = {**chance.choice(told), "description": f"changed {number}"}
                lines.append(json.dumps(changed).encode())
            case 4 | 5 | 6:
                chain = [_one(chance, f"{number}-{at}") for at in range(chance.randint(2, 5))]
                for command in chain[:-1]:
                    command["linked"] = True
                told += chain
                lines += [json.dumps(command).encode() for command in chain]
                if chance.random() < 0.2:
                    lines[-2:-1] = [b'{"command":"post","linked":true,"key":"no lines"}']
            case _:
                command = _one(chance, str(number))
                told.append(command)
                lines.append(json.dumps(command).encode())
    return lines


def _openings() -> Iterator[Command]:
    yield {"command": "clock", "key": "clock-0", "at": "2026-03-01T00:00:00Z"}
    for account in CUSTOMERS:
        yield {"command": "open_account", "key": f"open-{account}", "account": account, "type": "liability"}
    for account in CUSTOMERS[1:3]:
        limit = "debits_must_not_exceed_credits"
        yield {"command": "set_limit", "key": f"limit-{account}", "account": account, "limit": limit}


def _one(chance: random.Random, key: str) -> Command:
    debit, credit = chance.sample(CUSTOMERS, 2)
    amount = str(chance.randint(1, 500))
    lines = [[debit, "debit", amount, "EUR"], [credit, "credit", amount, "EUR"]]
    earlier = str(chance.randint(1, max(int(key.partition("-")[0]), 1)))
    day = f"2026-0{chance.randint(1, 4)}-1{chance.randint(0, 9)}"
    kind = chance.randrange(12)
    if kind < 4:
        return {"command": "post", "key": key, "lines": lines, "effective_at": day}
    if kind < 6:
        return {"command": "hold", "key": key, "lines": lines, "effective_at": day, "expires_after_s": 60}
    if kind == 6:
        rest = chance.choice(["release", "keep"])
        return {"command": "capture", "key": key, "hold": earlier, "amount": amount, "rest": rest, "effective_at": day}
    if kind == 7:
        return {"command": "release", "key": key, "hold": earlier}
    if kind == 8:
        return {"command": "reverse", "key": key, "entry": earlier, "effective_at": day}
    if kind == 9:
        return {"command": "clock", "key": key, "at": f"2026-03-01T00:{chance.randint(0, 59):02}:00Z"}
    if kind == 10:
        return {"command": "close_period", "key": key, "through": f"2026-01-1{chance.randint(0, 9)}"}
    query = {"command": chance.choice(["posted", "held", "available", "balance"]), "account": debit, "currency": "EUR"}
    return {**query, "as_of": day} if chance.random() < 0.3 else query
