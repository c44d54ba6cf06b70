"""Roles and rights: who may call which verb. Levels and leases join this room later."""

from __future__ import annotations

_OFFICE = frozenset({"quote", "recover", "search", "history", "reprint", "registry"}) | {
    "card_read",
    "card_reissue",
    "card_cancel",
    "card_stop",
}
#: Customers' money: taking it, moving it, undoing a sale.
_MONEY = frozenset({"accounts", "undo"})
_KEYS = frozenset({"maintain", "engineer", "keys", "backup", "clock", "archive"}) | {
    "card_make",
    "card_mend",
    "card_stock",
}

#: One right a verb of the till; the gate of the Desk asks for them by name. `engineer` makes tokens
#: that are no sale, `keys` changes what a module or a meter holds, `free` gives energy away and
#: needs a second person; so does `tariffs`, which puts prices into force. `accounts` is the
#: counter's work with customers' money, `undo` takes a sale back; `approve` is what the second
#: person needs where value moves without money, and what agrees plans and charges interest.
#: `card_cancel`, `card_mend` and a free reissue need a second person who has `card_mend`. `clock`
#: confirms the time, with a second person; `archive` takes old entries out of the ledger.
#: `registry` opens and amends accounts and meters, `registry_file` brings in and takes out whole
#: files of them, `diary` shows what everybody did.
RIGHTS: dict[str, frozenset[str]] = {
    "self_service": frozenset({"quote", "sell", "recover"}),
    "cashier": _OFFICE | _MONEY | {"sell"},
    "technician": _OFFICE | _KEYS,
    "supervisor": _OFFICE
    | _KEYS
    | _MONEY
    | {"sell", "operators", "free", "tariffs", "approve", "registry_file", "diary"},
}


def may(role: str, right: str) -> bool:
    """Whether `role` has `right`; an unknown role has none."""
    return right in RIGHTS.get(role, frozenset())
