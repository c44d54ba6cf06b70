"""Card families: one file each, image -> state, and state + purchase -> ordered plain writes.

Knows bytes and rules, no reader, no command set and no key (those are drivers/card and the security
module). `families.of(image)` finds the family of an image; the layouts are in docs/cards.md.

Invariants: the byte that makes a purchase count is written last; a purchase is planned only over
one that the meter has taken; nothing outside the family's whitelist is planned (tests/domain/cards,
tests/drivers/card/test_families.py).
"""
