"""Roles and rights: who may call which verb. Levels and leases join this room later."""

from __future__ import annotations

_OFFICE = frozenset({"quote", "recover", "search", "history", "reprint", "registry"})
_KEYS = frozenset({"maintain", "engineer", "keys"})

#: One right a verb of the till; the gate of the Desk asks for them by name. `engineer` makes tokens
#: that are no sale, `keys` changes what a module or a meter holds, `free` gives energy away and
#: needs a second person. `registry` opens and amends accounts and meters, `registry_file` brings in
#: and takes out whole files of them, `diary` shows what everybody did.
RIGHTS: dict[str, frozenset[str]] = {
    "self_service": frozenset({"quote", "sell", "recover"}),
    "cashier": _OFFICE | {"sell"},
    "technician": _OFFICE | _KEYS,
    "supervisor": _OFFICE | _KEYS | {"sell", "operators", "free", "registry_file", "diary"},
}


def may(role: str, right: str) -> bool:
    """Whether `role` has `right`; an unknown role has none."""
    return right in RIGHTS.get(role, frozenset())
