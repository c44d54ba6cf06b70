"""Vending: how 20 digits are made, and by which security module.

Owns the STS codec (`sts/`), the software security module with its vending keys, the sealed key file
and the credit counter beside it. May import `kiosk.ports`, `kiosk.domain`, `kiosk.errors` and
`kiosk.marks`. Invariants: the same request gives the same digits; a vending key is never in a
`repr`, a message or a log; the counter is on disk before a token is given out. Which identifier a
token may carry is decided in `kiosk.domain.token`, not here.
"""
