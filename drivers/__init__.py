"""How one device speaks: cards, note acceptors, printers, security modules; and the device itself.

Each folder has its drivers, which are adapters of a port in `kiosk/ports.py`, and the simulated
device at the far end of their wire. May import kiosk.ports, kiosk.domain, kiosk.errors and
kiosk.marks; no ledger, no words, no configuration. Invariants: every wait has a deadline; an answer
that was lost is said, never guessed; every driver of a port passes the suite in tests/ports.
"""
