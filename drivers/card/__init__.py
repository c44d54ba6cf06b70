"""Card readers: how plain writes become commands to a chip, and chips become images.

Owns the command sets (one file a card family), the port CardReader on any transport, the real PC/SC
reader (pcsc, monitor, worker, binding, diagnose), and the simulated world of cards, in process and
behind the real service (vpcd). May import kiosk.ports, kiosk.domain, kiosk.errors and kiosk.marks.

Invariants: nothing outside the whitelist of the family is written; the serial is checked before the
first write; every error after it means that the outcome is unknown; a simulated chip has on disk
what it says it has (tests/ports/test_card_reader.py, tests/drivers/card).
"""
