"""Simulated meters: the other side of the standard, so that a sale can be proved by using it.

Owns a keypad meter for STS tokens, a card meter for the open card layout, and the factory that
gives a keypad meter its decoder key. May import `kiosk.domain` (not token, not cards),
`kiosk.errors`, and nothing that sells: the decoder here and the encoder in drivers/vending share
no line, only the standard (an import contract guards it).

Invariants, each with its test in tests/drivers/meter:
- what a meter answers is on disk before it answers, and a state file is readable at any moment;
- two processes never both credit one token or one purchase;
- an identifier or a purchase number is credited once, whatever is entered in whatever order;
- no typed text and no card makes a meter raise.
"""
