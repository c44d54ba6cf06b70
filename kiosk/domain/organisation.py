"""Roles and rights: who may call which verb. Levels and leases join this room later."""

from __future__ import annotations

#: One right a verb of the till; the gate of the Desk asks for them by name.
RIGHTS: dict[str, frozenset[str]] = {
    "self_service": frozenset({"quote", "sell", "recover"}),
    "cashier": frozenset({"quote", "sell", "recover", "search", "history", "reprint"}),
    "technician": frozenset({"quote", "recover", "search", "history", "reprint", "maintain"}),
    "supervisor": frozenset(
        {"quote", "sell", "recover", "search", "history", "reprint", "maintain", "operators"}
    ),
}


def may(role: str, right: str) -> bool:
    """Whether `role` has `right`; an unknown role has none."""
    return right in RIGHTS.get(role, frozenset())
