"""Card families: one file each, image -> state, and state + purchase -> ordered plain writes.

Knows bytes and rules, no reader and no command set (those are drivers/card). The open layout is
specified in docs/cards.md.
"""
