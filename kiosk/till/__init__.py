"""What may be done: one file a verb, each a function that takes the Desk.

Owns the order of a sale (intention, act, outcome), recovery, and the gate. May import
`kiosk.ledger`, `kiosk.ports`, `kiosk.config`, `kiosk.domain`, `kiosk.words`. Knows no screen, no
driver and no paper layout. Refusals are values; nothing is printed here.
"""
