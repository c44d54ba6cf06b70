"""Both ends of one wire: bundles of sealed facts go up, signed acknowledgements come back.

Owns the wire (what travels, byte by byte), the courier (follows a journal from the acknowledged
number), the roads (how bytes get there) and the centre (the upstream server). May import
`kiosk.ledger`, `kiosk.domain`, `kiosk.ports`, `kiosk.config`,
`kiosk.errors` and `kiosk.marks`. Courier and centre share only `sync.wire`.

Invariants, each with its test in tests/sync: an entry is at the centre once, whatever the road,
order or repetition; what is acknowledged is durable; an acknowledgement is kept only when it is
genuine and names our own entry.
"""
