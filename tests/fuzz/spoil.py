"""Hostile input from good input: bytes that were changed, values that were changed."""

from __future__ import annotations

import random
from typing import Any

_NUMBERS = (0, 1, -1, 2**31, 2**63 - 1, -(2**63), 2**64 - 1, 10**15)
_TEXTS = ("", "\0", "\x1b[2J", "\u202e", "a" * 300, "é" * 40, "NaN", "-1", "../../x", "\n")


def spoilt(data: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, put in, cut off or doubled; seldom all nonsense."""
    if chance.random() < 0.02:
        return chance.randbytes(chance.randrange(200))
    for _ in range(chance.randint(1, 3)):
        place, act = chance.randrange(len(data) + 1), chance.random()
        if act < 0.1:
            data = data[:place]
        elif act < 0.2:
            data = data[:place] + chance.randbytes(chance.randint(1, 40)) + data[place:]
        elif act < 0.3:
            data = data[:place] + data[max(0, place - chance.randint(1, 60)) :]
        else:
            data = data[:place] + chance.randbytes(1) + data[place + 1 :]
    return data


def spoilt_value(value: Any, chance: random.Random) -> Any:
    """One place of a tree of lists, tables and plain values is something else."""
    if isinstance(value, list | tuple) and value and chance.random() < 0.9:
        items = list(value)
        place = chance.randrange(len(items))
        act = chance.random()
        if act < 0.1:
            del items[place]
        elif act < 0.2:
            items.append(items[place])
        else:
            items[place] = spoilt_value(items[place], chance)
        return items
    if isinstance(value, dict) and value and chance.random() < 0.9:
        table = dict(value)
        key = chance.choice(list(table))
        if chance.random() < 0.15:
            table[chance.choice(_TEXTS)] = table.pop(key)
        else:
            table[key] = spoilt_value(table[key], chance)
        return table
    return _other(value, chance)


def _other(value: Any, chance: random.Random) -> Any:
    kinds = [
        chance.choice(_NUMBERS), chance.choice(_TEXTS), chance.randbytes(chance.randrange(70)),
        None, True, 1.5, float("nan"), [], {}, [[[[]]]] * 20,
    ]  # fmt: skip
    if isinstance(value, int) and chance.random() < 0.6:
        return chance.choice((*_NUMBERS, value + 1, value - 1, -value))
    if isinstance(value, str) and chance.random() < 0.6:
        return chance.choice((*_TEXTS, value + "x", value[:-1]))
    if isinstance(value, bytes) and chance.random() < 0.6:
        return spoilt(value, chance)
    return chance.choice(kinds)
