"""The front door, the only room that sees every other: it puts the house together.

Owns wiring (kiosk.toml -> ledger, devices, face, log), the rehearsal (a utility, its meters and the
customer's hands), the demo, the doctor, and the commands, one file a group of verbs.
"""
